//! Merged: GRO.

use super::frames::{is_sound, payload, tagged, tcp, tcp6, udp, without_tcp_checksum};
use super::lab::capture::{Files, Frame};
use super::lab::forwarder::Forwarder;
use super::lab::shell::Shell;
use super::lab::{lacks, run, skip, tag, testpmd};
use super::sent_of;
use std::process::Command;

/// Two flows of which packets are next to each other, and what is not merged: tags, another protocol, a gap, a flag.
fn mergeable() -> Vec<Frame> {
    let mut pushed = tcp(80, 3000, 1000);
    // PSH: the sender wants it delivered.
    pushed[14 + 20 + 13] |= 0x08;
    let flows = [(443, 0), (80, 0), (443, 1000), (80, 1000), (443, 2000), (80, 2000)];
    let merged = flows.map(|(port, at)| tcp(port, at, 1000));
    let whole =
        [udp(700), tagged(1000), tagged(1000), tcp(9, 0, 50), tcp(9, 51, 50), tcp6(90), pushed];
    [&merged[..], &whole].concat()
}

#[test]
fn packets_of_a_flow_are_merged_with_sound_checksums() {
    let frames = mergeable();
    for flush in ["set gro flush 1", "set gro flush 4"] {
        let sent = sent_of(&frames, &[flush, "set port 0 gro on"], 9);
        let mut lengths: Vec<usize> = sent.iter().map(Vec::len).collect();
        lengths.sort_unstable();
        // Two of three thousand bytes; all others as they were.
        assert_eq!(lengths[7..], [3054, 3054], "{flush} {lengths:?}");
        assert_eq!(lengths.len(), 9, "{flush}");
        assert!(sent.iter().all(is_sound), "{flush}");
        let flow = sent.iter().find(|frame| frame.len() == 3054).unwrap();
        assert_eq!(flow[54..], [payload(1000), payload(1000), payload(1000)].concat());
    }
}

#[test]
fn padding_is_no_payload() {
    let padded = |at| [tcp(443, at, 2), vec![0xee; 4]].concat();
    let sent = sent_of(&[padded(0), padded(2)], &["set port 0 gro on"], 1);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0][54..], [payload(2), payload(2)].concat());
}

#[test]
fn testpmd_merges_the_same_of_what_a_kernel_sends() {
    let name = "testpmd_merges_the_same_of_what_a_kernel_sends";
    if let Some(reason) = lacks(&["dpdk-testpmd", "stdbuf", "ip"]) {
        return skip(name, &reason);
    }
    let frames = mergeable();
    // net_tap says what a packet is, which testpmd needs to know before it merges.
    let tap = format!("pwg-{}", tag());
    let files = Files::new(&[]);
    let commands = ["set port 0 gro on"];

    let devices = [format!("tap:{tap}"), format!("pcap:,tx={}", files.output())];
    let mut forwarder =
        Forwarder::prepare(&[&devices[0], &devices[1]], &["--forward-mode=csum", "--no-flush-rx"]);
    inject(&tap, &frames);
    forward_merged(&mut forwarder.shell, &commands);
    forwarder.stop();
    let ours = of_ipv4(files.sent());

    let vdevs = [format!("net_tap0,iface={tap}"), format!("net_pcap0,tx_pcap={}", files.output())];
    let own = ["--forward-mode=csum", "--no-flush-rx", "--total-num-mbufs=8192"];
    let mut peer = testpmd::start(&["--vdev", &vdevs[0], "--vdev", &vdevs[1]], &own);
    inject(&tap, &frames);
    forward_merged(&mut peer, &commands);
    peer.console.close();
    let theirs = of_ipv4(files.sent());

    assert_eq!(theirs.iter().filter(|frame| frame.len() == 3054).count(), 2);
    assert_eq!(ours, theirs);
}

/// Has a kernel send frames into an interface, all of which wait there.
fn inject(tap: &str, frames: &[Frame]) {
    run(Command::new("ip").args(["link", "set", tap, "up"]));
    let files = Files::new(frames);
    let devices = [format!("pcap:{}", files.input()), format!("af_packet:{tap}")];
    let mut injector = Forwarder::on(&[&devices[0], &devices[1]], &["--no-flush-rx"]);
    injector.shell.wait_for_figure(1, "TX-packets", frames.len() as u64);
    injector.stop();
}

fn forward_merged(shell: &mut Shell, commands: &[&str]) {
    for command in commands {
        shell.ask(command);
    }
    shell.ask("start");
    shell.wait_for_figure(1, "TX-packets", 9);
    shell.ask("stop");
}

/// Those of IPv4, which a kernel says nothing in by itself, without the checksums that testpmd leaves wrong.
fn of_ipv4(frames: Vec<Frame>) -> Vec<Frame> {
    let of_ipv4 = |frame: &&Frame| frame[12..14] == [0x08, 0x00];
    frames.iter().filter(of_ipv4).map(without_tcp_checksum).collect()
}
