//! Packets merged and cut in mode `csum`: as dpdk-testpmd does it, to the byte but for the checksums that it leaves wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod cut;
mod frames;
#[path = "../lab/mod.rs"]
mod lab;
mod merge;

use lab::capture::{Files, Frame};
use lab::forwarder::Forwarder;
use lab::shell::Shell;
use lab::testpmd;

/// What a program sends of what is in a capture, once it has sent so many; its shell is told these commands before.
fn sent_of(frames: &[Frame], commands: &[&str], sent: u64) -> Vec<Frame> {
    let files = Files::new(frames);
    let device = format!("pcap:{},tx={}", files.input(), files.output());
    let mut forwarder = Forwarder::prepare(&[&device], &["--forward-mode=csum"]);
    tell(&mut forwarder.shell, commands, sent);
    forwarder.stop();
    files.sent()
}

fn sent_by_testpmd(frames: &[Frame], commands: &[&str], sent: u64) -> Vec<Frame> {
    let files = Files::new(frames);
    let vdev = format!("net_pcap0,rx_pcap={},tx_pcap={}", files.input(), files.output());
    let own = ["--forward-mode=csum", "--no-flush-rx", "--total-num-mbufs=8192"];
    let mut peer = testpmd::start(&["--vdev", &vdev], &own);
    tell(&mut peer, commands, sent);
    peer.console.close();
    files.sent()
}

fn tell(shell: &mut Shell, commands: &[&str], sent: u64) {
    for command in commands {
        shell.ask(command);
    }
    shell.ask("start");
    shell.wait_for_figure(0, "TX-packets", sent);
    shell.ask("stop");
}

#[test]
fn what_cannot_be_is_refused_in_testpmds_words() {
    let mut forwarder = Forwarder::prepare(&["null:"], &["--forward-mode=csum"]);
    let mut ask = |line: &str| forwarder.shell.ask(line);
    assert_eq!(ask("show port 0 gro"), "Port 0 doesn't enable GRO.\n");
    assert_eq!(ask("set port 0 gro off"), "Port 0 has disabled GRO\n");
    assert_eq!(ask("set port 0 gro on"), "");
    assert_eq!(
        ask("show port 0 gro"),
        "GRO type: TCP/IPv4\nMax number of packets to perform GRO: 128\nFlushing cycles: 1\n"
    );
    assert_eq!(ask("set port 0 gro on"), "Port 0 has enabled GRO. Please disable GRO first\n");
    ask("set gro flush 4");
    assert!(ask("show port 0 gro").contains("GRO: 2048\nFlushing cycles: 4\n"));
    let range = "The flushing cycle be in the range of 1 to 4. Revert to the default value 1.\n";
    assert_eq!(ask("set gro flush 9"), range);
    assert_eq!(ask("show port 0 gso"), "GSO is not enabled on Port 0\n");
    ask("set port 0 gso on");
    assert!(
        ask("show port 0 gso").starts_with("Max GSO'd packet size: 1514B\nSupported GSO types: ")
    );
    let legal = "gso_size should be larger than 55. Please input a legal value\n";
    assert_eq!(ask("set gso segsz 54"), legal);
    ask("start");
    for (command, refusal) in [
        ("set port 0 gro off", "Before enable/disable GRO, please stop forwarding first\n"),
        (
            "set gro flush 2",
            "Before change flush interval for GRO, please stop forwarding first.\n",
        ),
        ("set port 0 gso on", "before enabling GSO, please stop forwarding first\n"),
        ("set port 0 gso off", "before disabling GSO, please stop forwarding first\n"),
        ("set gso segsz 100", "Before setting GSO segsz, please first stop forwarding\n"),
        ("tunnel_tso set 800 0", "Please stop port 0 first (port stop 0)\n"),
    ] {
        assert_eq!(ask(command), refusal);
    }
    ask("stop");
    ask("port stop 0");
    let refused = ask("tunnel_tso set 800 0");
    assert!(refused.contains("Error: port=0 don't support tunnel TSO offloads."), "{refused}");
    assert_eq!(ask("tunnel_tso set 0 0"), "TSO for tunneled packets is disabled\n");
    assert_eq!(ask("tunnel_tso show 0"), "TSO for tunneled packets is disabled\n");
    forwarder.stop();
}
