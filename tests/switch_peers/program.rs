//! Our side as a user has it: `pollway switch`, with a guest on every port.

use crate::contest::{Commanded, Contender, Ruled, Sent};
use crate::lab::capture::Frame;
use crate::lab::forwarder::Forwarder;
use crate::lab::frontend::Frontend;
use crate::lab::wait_for;
use tempfile::TempDir;

/// A switch of which port 0 has nobody: Open vSwitch has no port of that number.
pub(crate) struct Program {
    pub(crate) switch: Forwarder,
    pub(crate) ports: Vec<u16>,
    /// Of port 1 and those behind it.
    guests: Vec<Frontend>,
    _folder: TempDir,
}

impl Program {
    /// One with guests at so many ports, which does as a bridge until it is given other rules.
    pub(crate) fn new(guests: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = |port: u16| folder.path().join(port.to_string()).display().to_string();
        let devices: Vec<String> =
            (0..=guests).map(|port| format!("vhost:{}", socket(port))).collect();
        let devices: Vec<&str> = devices.iter().map(String::as_str).collect();
        let switch = Forwarder::switch(&devices, &["--no-huge", "-m", "256"]);
        let ports: Vec<u16> = (1..=guests).collect();
        let guests = ports.iter().map(|port| Frontend::up(&socket(*port), 0)).collect();
        for port in &ports {
            let up = format!("port {port} (net_vhost{port}): link up");
            wait_for(&up, || switch.shell.console.stderr().contains(&up).then_some(()));
        }
        Self { switch, ports, guests, _folder: folder }
    }

    /// Has it carry out a command that has nothing to say.
    pub(crate) fn tell(&mut self, command: &str) {
        assert_eq!(self.switch.shell.ask(command), "", "{command}");
    }

    /// Ends it in order, with every packet back.
    pub(crate) fn end(self) {
        drop(self.guests);
        self.switch.stop();
    }
}

impl Ruled for Program {
    fn clear(&mut self) {
        self.switch.shell.ask("del-flows br0");
    }

    fn add_rule(&mut self, rule: &str) {
        self.tell(&format!("add-flow br0 {rule}"));
    }

    fn add_group(&mut self, group: &str) {
        self.tell(&format!("group add {group}"));
    }

    fn rules(&mut self) -> String {
        self.switch.shell.ask("dump-flows br0")
    }
}

impl Commanded for Program {
    fn command(&mut self, command: &str, strict: bool, text: &str) {
        let strictly = if strict { "--strict " } else { "" };
        let answer = self.switch.shell.ask(&format!("{command} {strictly}br0 {text}"));
        assert!(answer.contains(" rules "), "{command} {text}: {answer}");
    }
}

impl Contender for Program {
    fn feed(&mut self, port: u16, frames: &[Frame]) -> Vec<Sent> {
        let shell = &mut self.switch.shell;
        let before = shell.port_figure(port.into(), "RX-packets");
        let sender = &mut self.guests[usize::from(port) - 1];
        frames.iter().for_each(|frame| sender.send_frame(frame));
        shell.wait_for_figure(port.into(), "RX-packets", before + frames.len() as u64);
        // All that has come has left when it stands still.
        shell.ask("stop");
        let mut sent = Vec::new();
        for (port, guest) in self.ports.iter().zip(&mut self.guests) {
            sent.extend(std::iter::from_fn(|| guest.receive_frame()).map(|frame| (*port, frame)));
        }
        shell.ask("start");
        sent
    }
}
