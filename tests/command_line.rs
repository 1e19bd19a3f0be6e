//! The program by testpmd's name takes its command line, and says its lines.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::own_prefix;
use lab::lcores;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// The program by testpmd's name, on two null ports.
fn testpmd(folder: &Path, flags: &[&str]) -> Console {
    let link = folder.join("dpdk-testpmd");
    if !link.exists() {
        symlink(env!("CARGO_BIN_EXE_pollway"), &link).unwrap();
    }
    let mut command = Command::new(link);
    let prefix = own_prefix();
    command.args(["--lcores", &lcores(1, 1), "--no-pci", "--no-telemetry", "--file-prefix"]);
    command.args([&prefix, "--vdev=net_null0", "--vdev=net_null1", "--"]);
    Console::start(command.args(flags))
}

#[test]
fn testpmds_command_line_takes_effect_and_its_lines_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let (commands, peers) = (folder.path().join("commands"), folder.path().join("peers"));
    std::fs::write(&commands, "show config cores\n").unwrap();
    std::fs::write(&peers, "02:00:00:00:00:0A\n02:00:00:00:00:0B\n").unwrap();
    let (commands, peers) = (
        format!("--cmdline-file={}", commands.display()),
        format!("--eth-peers-configfile={}", peers.display()),
    );
    let mut console = testpmd(
        folder.path(),
        &[
            "-i",
            &commands,
            &peers,
            "--portlist=1,0",
            "--nb-ports=1",
            "--rxq=2",
            "--txq=2",
            "--rxfreet=16",
            "--numa",
            "--no-lsc-interrupt",
            "--enable-drop-en",
            "--rss-level-inner",
            "--coremask=0x2",
            "--no-flush-rx",
            "--port-numa-config=(0,0),(1,0)",
            "--total-num-mbufs=4096",
            "--disable-link-check",
        ],
    );
    let opened = console.wait_for("testpmd> ");
    for expected in [
        "Interactive-mode selected\n",
        "create a new mbuf pool <mb_pool_0>: n=4096, size=2176, socket=0\n",
        "Configuring Port 0 (socket 0)\nPort 0: ",
        "\nDone\n",
        "List of forwarding lcores:  1\n",
        "Read CLI commands from ",
    ] {
        assert!(opened.contains(expected), "{expected}: {opened}");
    }
    assert!(!opened.contains("Checking link"), "{opened}");
    console.type_line("show config fwd");
    let config = console.wait_for("testpmd> ");
    assert!(config.contains("ports=1 - cores=1 - streams=2"), "{config}");
    assert!(
        config.contains("RX P=1/Q=1 (socket 0) -> TX P=1/Q=1 (socket 0) peer=02:00:00:00:00:0B"),
        "{config}"
    );
    console.type_line("quit");
    let ended = console.wait();
    assert!(
        ended
            .stdout
            .contains("Shutting down port 1...\nClosing ports...\nPort 1 is closed\nDone\n"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.ends_with("\nBye...\n"), "{}", ended.stdout);
    assert_eq!(ended.status.code(), Some(0));
}

#[test]
fn a_flag_of_testpmds_that_there_is_not_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, expected) in [
        ("--hairpinq=1", "--hairpinq is testpmd's and not Pollway's"),
        ("--portlist=x", "--portlist=x: not a list of ports"),
        ("--portmask=0", "--portmask: Invalid NULL mask of ports"),
        ("--portlist=5", "--portlist: Invalid port 5"),
        ("--ring-numa-config=(0,4,0)", "--ring-numa-config=(0,4,0)"),
        ("--eth-link-speed=7", "--eth-link-speed=7: there is no such speed"),
    ] {
        let ended = testpmd(folder.path(), &["-i", flag]).wait();
        assert_eq!(ended.status.code(), Some(2), "{flag}: {}", ended.stderr);
        assert!(ended.stderr.contains(expected), "{flag}: {}", ended.stderr);
    }
}
