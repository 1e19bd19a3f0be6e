//! What drivers tell of their ports is printed as dpdk-testpmd prints it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::own_prefix;
use lab::frontend::Frontend;
use lab::shell::Shell;
use lab::{lacks_programs, lcores, skip};
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const LINK: &str = "Port 0: link state change event";
const QUEUES: &str = "Port 0: queue state event";
const PROBED: &str = "Port 1: device probed event";
const RELEASED: &str = "Port 1: device released event";

#[test]
fn events_are_those_of_testpmd() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip("events_are_those_of_testpmd", &reason);
    }
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("dpdk-testpmd");
    symlink(env!("CARGO_BIN_EXE_pollway"), &ours).unwrap();
    let socket = folder.path().join("sock").display().to_string();
    for (flags, expected) in [
        (&[][..], &[LINK, QUEUES][..]),
        (&["--print-event=all"], &[LINK, QUEUES, PROBED, RELEASED]),
        (&["--mask-event=all", "--print-event=dev_probed"], &[PROBED]),
        (&["--print-event=all", "--mask-event=queue_state"], &[LINK, PROBED, RELEASED]),
    ] {
        let expected: BTreeSet<String> = expected.iter().copied().map(str::to_owned).collect();
        assert_eq!(
            events(Path::new("dpdk-testpmd"), &socket, flags),
            expected,
            "testpmd {flags:?}"
        );
        assert_eq!(events(&ours, &socket, flags), expected, "{flags:?}");
    }
}

/// The events that a program prints while a guest comes to a vhost-user port and goes, and so does a device.
fn events(program: &Path, socket: &str, flags: &[&str]) -> BTreeSet<String> {
    let mut command = Command::new("sh");
    command.args(["-c", "exec stdbuf -o0 \"$@\" 2>&1", "sh"]).arg(program);
    command.args(["--no-pci", "--no-telemetry", "--no-huge", "-m", "128"]);
    command.args(["--lcores", &lcores(1, 0), "--file-prefix", &own_prefix()]);
    command.args(["--vdev", &format!("net_vhost0,iface={socket}")]);
    command.args(["--", "-i", "--total-num-mbufs=4096", "--disable-link-check"]).args(flags);
    let mut shell = Shell::of(Console::start(&mut command), "testpmd> ");
    let guest = Frontend::up(socket, 0);
    let mut said = link_is(&mut shell, "up");
    drop(guest);
    said += &link_is(&mut shell, "down");
    for line in ["port attach net_null9", "port detach 1", "show port summary all"] {
        said += &shell.ask(line);
    }
    assert_eq!(shell.console.close().status.code(), Some(0), "{program:?}");
    let is_event = |line: &&str| line.ends_with(" event");
    said.lines().map(str::trim_end).filter(is_event).map(str::to_owned).collect()
}

/// What a program prints until the link of its vhost-user port is up, or down.
fn link_is(shell: &mut Shell, state: &str) -> String {
    let mut said = String::new();
    lab::wait_for("the guest's link", || {
        let page = shell.ask("show port info 0");
        said += &page;
        page.contains(&format!("Link status: {state}")).then(|| said.clone())
    })
}
