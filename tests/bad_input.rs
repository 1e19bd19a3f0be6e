//! What cannot be done is refused: exit code 2, and a message that says what, on which thing, why, and what to type.
//! Nothing stays behind.
//!
//! What the flags and files alone give away is held in check.rs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::{Console, Ended};
use lab::forwarder::{Forwarder, fwd, own_prefix};
use lab::{hugepage_files, hugepages_are_there, lacks, lcores, skip};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The message that refuses a command line.
///
/// # Panics
/// If it is not refused, or something of it is left.
fn refusal(flags: &[&str]) -> String {
    let prefix = own_prefix();
    let mut command = fwd(&prefix);
    if !flags.iter().any(|flag| ["-l", "--lcores"].contains(flag)) {
        command.args(["--lcores", &lcores(1, 1)]);
    }
    let ended = Console::start(command.args(flags)).wait();
    assert_eq!(hugepage_files(&prefix), [""; 0], "left behind");
    assert!(!Path::new("/var/run/dpdk").join(&prefix).exists(), "left behind");
    refused(&ended)
}

/// The last line of a program that refused.
fn refused(ended: &Ended) -> String {
    let Ended { status, stdout, stderr } = ended;
    assert_eq!(status.code(), Some(2), "{stdout}{stderr}");
    assert_eq!(stdout, "");
    let said = stderr.lines().last().unwrap_or_default();
    // What looks further is a test of its own.
    said.split_once(LOOKS_FURTHER).map_or(said, |(said, _)| said).to_owned()
}

/// Between an error and the name of the checks that look further into it.
const LOOKS_FURTHER: &str = "; `pollway doctor";

#[test]
fn an_error_at_start_names_what_looks_further() {
    for (flags, checks) in [
        (&["--port", "0000:ff:1f.7"][..], " devices.present"),
        (&["--port", "vhost:/no/such.sock"], " sockets.folder"),
        (&["-m", "1000000", "--port", "null:"], " hugepages prefix.leftover"),
        (&["-l", "0-127", "--port", "null:"], " cpu.allowed"),
        (&["--vdev=net_nosuch0"], " devices.pmd devices.release"),
    ] {
        let prefix = own_prefix();
        let mut command = fwd(&prefix);
        if !flags.contains(&"-l") {
            command.args(["--lcores", &lcores(1, 1)]);
        }
        let ended = Console::start(command.args(flags)).wait();
        let command = format!("{LOOKS_FURTHER}{checks} -- fwd --no-pci ");
        assert!(ended.stderr.contains(&command), "{}", ended.stderr);
        assert!(ended.stderr.ends_with("` looks further\n"), "{}", ended.stderr);
        // The checks are ones that there are.
        let listed = Command::new(assert_cmd::cargo::cargo_bin("pollway"))
            .args(["doctor", "--list"])
            .args(checks.split_whitespace())
            .output()
            .unwrap();
        assert!(listed.status.success() && !listed.stdout.is_empty(), "{checks}");
    }
}

#[track_caller]
fn says(flags: &[&str], message: &str) {
    assert_eq!(refusal(flags), format!("pollway: error: {message}"), "{flags:?}");
}

#[test]
fn a_port_that_is_none() {
    let said = refusal(&["--port", "nul:"]);
    assert!(
        said.starts_with(
            "pollway: error: `nul:` is no device (did you mean null:?); give a PCI address"
        ),
        "{said}"
    );
    says(
        &["--port", "0000:ff:1f.7"],
        "`0000:ff:1f.7`: there is no PCI device 0000:ff:1f.7; `lspci -D` lists those there are",
    );
    says(
        &["--port", "null:", "--eth-peer=7,02:00:00:00:00:01"],
        "--eth-peer=7,…: there is no port 7; there are 0",
    );
    let said = refusal(&["--vdev=net_nosuch0"]);
    assert!(
        said.contains("net_nosuch0: no driver is loaded that makes the device 'net_nosuch0': "),
        "{said}"
    );
}

#[test]
fn a_device_that_cannot_isolate_flows_does_not_start_without() {
    let said = refusal(&["--no-huge", "-m", "128", "--port", "null:", "--flow-isolate-all"]);
    assert_eq!(said, "Failed to apply isolated mode on port 0");
}

#[test]
fn an_interface_that_is_not_there() {
    for form in ["af_packet", "af_xdp"] {
        says(
            &["--port", &format!("{form}:pw-nosuch")],
            &format!(
                "`{form}:pw-nosuch`: there is no interface pw-nosuch in this network namespace; \
                 `ip link` lists those there are"
            ),
        );
    }
}

#[test]
fn a_socket_named_twice() {
    says(
        &["--port", "vhost:a.sock", "--port", "vhost:a.sock"],
        "`vhost:a.sock` and `vhost:a.sock` would both make a.sock; give each one of its own",
    );
}

#[test]
fn a_file_of_commands_that_is_not_there() {
    says(
        &["--port", "null:", "--cmdline-file=/no/such"],
        "--cmdline-file=/no/such: No such file or directory (os error 2); name a file that can be read",
    );
}

#[test]
fn a_file_or_a_socket_that_is_not_there() {
    says(
        &["--port", "pcap:/no/such.pcap"],
        "`pcap:/no/such.pcap`: there is no file /no/such.pcap to read packets from; \
         check the path with `ls /no/such.pcap`",
    );
    says(
        &["--port", "virtio-user:/no/such.sock"],
        "`virtio-user:/no/such.sock`: nobody listens at /no/such.sock; start the program at the other end first, \
         or listen here with the option server=1",
    );
    says(
        &["--port", "vhost:/no/such.sock"],
        "`vhost:/no/such.sock`: /no/such.sock cannot be made, as there is no folder /no; make it with `mkdir -p /no`",
    );
}

#[test]
fn a_core_that_is_not_there() {
    let said = refusal(&["-l", "0-127", "--port", "null:"]);
    let online = fs::read_to_string("/sys/devices/system/cpu/online").unwrap();
    let mend = format!(
        " on this machine, which has {}; name others, or let lcores share one, as in --lcores '0@0,(1-3)@1'",
        online.trim()
    );
    assert!(said.starts_with("pollway: error: there is no processor "), "{said}");
    assert!(said.ends_with(&mend), "{said}");
    says(
        &["--lcores", &lcores(1, 1), "--nb-cores=5", "--port", "null:"],
        "--nb-cores=5 asks for 5 forwarding lcores, but -l gives 1 besides the main lcore; \
         name 6 lcores with -l, or use --nb-cores=1",
    );
}

#[test]
fn a_core_used_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    fs::write(&file, "[fwd.pipeline]\nreceive = [1]\nwork = [2, 3]\ntransmit = [2]\n").unwrap();
    says(
        &["--lcores", &lcores(3, 1), "--port", "null:", "--config", file.to_str().unwrap()],
        "core used twice: lcore 2 is named for the work stage and for the transmit stage; name it once",
    );
}

#[test]
fn queues_that_cannot_be() {
    says(&["--port", "null:", "--rxq=0"], "--rxq=0: too small; write 1 or more");
    says(&["--port", "null:", "--txq=0"], "--txq=0: too small; write 1 or more");
    says(&["--port", "null:", "--rxq=1025"], "--rxq=1025: too large; write 1024 or less");
    says(
        &["--port", "ring:a", "--rxq=17", "--txq=17"],
        "port 0 (net_ring_a) has at most 16 receive queues, 17 were asked for: use --rxq=16 or less",
    );
    says(
        &["--port", "ring:a", "--txq=17"],
        "port 0 (net_ring_a) has at most 16 transmit queues, 17 were asked for: use --txq=16 or less",
    );
}

#[test]
fn a_file_that_is_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    let path = file.to_str().unwrap();
    for (text, said) in [
        ("[fwd]\nburst = = 3\n", "2:9: extra `=`, expected nothing"),
        ("[fwd]\nbrust = 3\n", "2:1: unknown key `brust`; did you mean `burst`?"),
    ] {
        fs::write(&file, text).unwrap();
        says(&["--config", path], &format!("{path}:{said}"));
    }
}

#[test]
fn flags_that_cannot_be() {
    let modes: Vec<&str> = dataplane::forward::MODES.iter().map(|mode| mode.name).collect();
    says(
        &["--port", "null:", "--forward-mode=macswp"],
        &format!(
            "--forward-mode=macswp: there is no such forwarding mode; did you mean macswap? (there are {})",
            modes.join(", ")
        ),
    );
    says(&["--port", "null:", "--burst=0"], "--burst=0: too small; write 1 or more");
    says(&["--port", "null:", "--burst=513"], "--burst=513: too large; write 512 or less");
    says(
        &["--port", "null:", "--eth-peer=0,02:00"],
        "--eth-peer=0,02:00: not a MAC address; write six octets, for example 02:00:00:00:00:01",
    );
    says(
        &[],
        "no port to forward on: neither --vdev, --port nor [[port]] names a device and --no-pci hides the others; \
         name one, for example --port null:",
    );
    let ended = Console::start(fwd(&own_prefix()).arg("--no-such")).wait();
    refused(&ended);
    assert!(
        ended.stderr.starts_with("pollway: error: unexpected argument '--no-such' found"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_user_who_may_not() {
    if let Some(reason) = lacks(&[]) {
        return skip("a_user_who_may_not", &reason);
    }
    // Nobody can see the folder of the build, perhaps.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("pollway");
    fs::copy(env!("CARGO_BIN_EXE_pollway"), &program).unwrap();
    let folder = folder.path();
    lab::run(Command::new("chmod").args(["-R", "a+rx"]).arg(folder));

    const NOBODY: u32 = 65534;
    let mut command = Command::new(program);
    command.uid(NOBODY).gid(NOBODY).env("XDG_RUNTIME_DIR", "/tmp");
    command.args(["fwd", "--no-pci", "--no-telemetry", "--file-prefix", &own_prefix()]);
    command.args(["--lcores", &lcores(1, 1), "--port", "af_packet:lo"]);
    let ended = Console::start(&mut command).wait();
    assert_eq!(
        refused(&ended),
        "pollway: error: af_packet:lo: the device 'net_af_packet0' could not be made, and this process is not root: \
         run it as root, or with the capabilities that the device takes (CAP_NET_RAW for packet sockets, CAP_NET_ADMIN \
         for tap and XDP); DPDK's own words are above"
    );
}

#[test]
fn more_memory_than_there_is() {
    if !hugepages_are_there() {
        return skip("more_memory_than_there_is", "no free hugepages on /dev/hugepages");
    }
    let said = refusal(&["-m", "1000000", "--port", "null:"]);
    let mend = |pages: &str| {
        format!(
            " MiB are free: reserve more (scripts/hugepages.sh reserve {pages}), ask for less (-m, --total-num-mbufs, \
             --rxd, --txd), or run with --no-huge"
        )
    };
    assert!(said.starts_with("pollway: error: 1000000 MiB of hugepages are needed and "), "{said}");
    assert!(said.ends_with(&mend("500000")), "{said}");
    let said = refusal(&["--port", "null:", "--total-num-mbufs=100000000"]);
    assert!(said.starts_with("pollway: error: 231950 MiB of hugepages are needed and "), "{said}");
    assert!(said.ends_with(&mend("115975")), "{said}");
    let said = refusal(&["--no-huge", "--port", "null:", "--total-num-mbufs=100000000"]);
    assert!(said.starts_with("pollway: error: 232190 MiB of memory are needed and "), "{said}");
    // One that passes this and does not fit all the same: DPDK has memory for the half of it.
    let said = refusal(&["--no-huge", "-m", "128", "--port", "null:", "--total-num-mbufs=100000"]);
    // Whether the memory ends with the pool's last piece or within it decides between two of DPDK's reasons.
    assert!(
        ["Cannot allocate memory", "No buffer space available"].iter().any(|reason| {
            said == format!(
                "pollway: error: a pool of 100000 packets of 2176 bytes (232 MiB on NUMA node 0) could not be made: {reason}; \
                 give EAL more memory (-m 488) or ask for fewer packets (--total-num-mbufs, --rxd, --txd)"
            )
        }),
        "{said}"
    );
}

#[test]
fn a_file_prefix_that_is_taken() {
    let forwarder = Forwarder::on(&["null:"], &[]);
    let prefix = forwarder.prefix().to_owned();
    let mut second = fwd(&prefix);
    let ended = Console::start(second.args(["--lcores", &lcores(1, 0), "--port", "null:"])).wait();
    let said = refused(&ended);
    assert!(
        said.starts_with(&format!(
            "pollway: error: another DPDK program runs with the file prefix '{prefix}' ("
        )),
        "{said}"
    );
    assert!(
        said.ends_with(&format!(
            "/dpdk/{prefix}/config): give this one a name of its own, --file-prefix=NAME, or stop the other"
        )),
        "{said}"
    );
    // The first is none the worse for it.
    let report = forwarder.stop();
    assert!(lab::forwarder::number(&report, "/ports/0/stats/rx_packets") > 0);
}

#[test]
fn a_file_prefix_that_is_a_path() {
    let said = refusal(&["--file-prefix=a/b", "--port", "null:"]);
    assert_eq!(
        said,
        "pollway: error: --file-prefix=a/b: a prefix names files and cannot hold a slash; use letters and digits"
    );
}
