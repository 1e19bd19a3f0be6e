//! Commands of the `csum` mode.

use crate::command::{By, Checksum, Command, CsumCommand};
use crate::shell::grammar::{Entry, Request, Section};

pub(super) const SECTION: Section<Command> = Section {
    word: "csum",
    title: "Checksums (mode csum):",
    about: "What mode csum does to the packets that a port sends.",
    commands: &[
        Entry {
            syntax: "csum show PORT",
            about: "Display who computes which checksum of packets that a port sends.",
            build: |values| run(CsumCommand::Show(values.port()?)),
        },
        Entry {
            syntax: "csum set (ip|udp|tcp|sctp|outer-ip|outer-udp) (hw|sw) PORT",
            about: "Have the device compute a checksum of what a stopped port will send, or do it here.",
            build: |values| {
                let checksum = match values.word()? {
                    "ip" => Checksum::Ip,
                    "udp" => Checksum::Udp,
                    "tcp" => Checksum::Tcp,
                    "sctp" => Checksum::Sctp,
                    "outer-ip" => Checksum::OuterIp,
                    _ => Checksum::OuterUdp,
                };
                let by = if values.word()? == "hw" { By::Hardware } else { By::Software };
                run(CsumCommand::Set(checksum, by, values.port()?))
            },
        },
        Entry {
            syntax: "csum parse-tunnel (on|off) PORT",
            about: "Look into tunnels, or take what they carry for payload.",
            build: |values| {
                let on = values.on()?;
                run(CsumCommand::ParseTunnel(values.port()?, on))
            },
        },
        Entry {
            syntax: "csum mac-swap (on|off) PORT",
            about: "Write the port's and its peer's addresses into each frame, or leave those that it has.",
            build: |values| {
                let on = values.on()?;
                run(CsumCommand::MacSwap(values.port()?, on))
            },
        },
    ],
};

fn run(command: CsumCommand) -> Option<Request<Command>> {
    super::run(Command::Csum(command))
}
