//! What modes make of packets, byte for byte as dpdk-testpmd does it; a kernel's pings; counts that a run shows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::capture::{Files, Frame, protocols};
use lab::forwarder::{Forwarder, number};
use lab::kernel::{command_in, ping};
use lab::{lacks, lacks_programs, run, skip, tag, testpmd};
use std::process::Command;

const FLUSH: &str = "--noisy-tx-sw-buffer-flushtime=1";

#[test]
fn what_is_received_becomes_what_testpmd_makes_of_it() {
    let name = "what_is_received_becomes_what_testpmd_makes_of_it";
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip(name, &reason);
    }
    let frames = protocols();
    for (flags, sent) in [
        (&["--forward-mode=5tswap"][..], frames.len()),
        // One is an ARP request, one a ping.
        (&["--forward-mode=icmpecho"], 2),
        (&["--forward-mode=rxonly"], 0),
        (
            &[
                "--forward-mode=noisy",
                "--noisy-lkup-memory=1",
                "--noisy-lkup-num-reads=2",
                "--noisy-lkup-num-writes=2",
                "--noisy-lkup-num-reads-writes=2",
            ],
            frames.len(),
        ),
        // Bursts smaller than the buffer: of larger ones both lose what finds no room.
        (
            &["--forward-mode=noisy", "--noisy-tx-sw-buffer-size=8", FLUSH, "--burst=4"],
            frames.len(),
        ),
    ] {
        let ours = forwarded(&frames, flags, sent);
        assert_eq!(ours.len(), sent, "{flags:?}");
        assert_eq!(ours, forwarded_by_testpmd(&frames, flags, sent), "{flags:?}");
    }
}

#[test]
fn noisy_on_top_of_a_mode_makes_what_testpmd_makes_in_that_mode() {
    let name = "noisy_on_top_of_a_mode_makes_what_testpmd_makes_in_that_mode";
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip(name, &reason);
    }
    let frames = protocols();
    // dpdk-testpmd's own noisy is on top of io alone before DPDK 24.
    for mode in ["io", "mac", "macswap", "5tswap"] {
        let inner = format!("--noisy-forward-mode={mode}");
        let noisy = [
            "--forward-mode=noisy",
            &inner,
            "--noisy-tx-sw-buffer-size=8",
            FLUSH,
            "--burst=4",
            "--noisy-lkup-memory=1",
            "--noisy-lkup-num-writes=1",
        ];
        let ours = forwarded(&frames, &noisy, frames.len());
        assert_eq!(ours.len(), frames.len(), "{mode}");
        let plain = format!("--forward-mode={mode}");
        assert_eq!(ours, forwarded_by_testpmd(&frames, &[&plain], frames.len()), "{mode}");
    }
}

#[test]
fn what_is_made_is_what_testpmd_makes() {
    let name = "what_is_made_is_what_testpmd_makes";
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip(name, &reason);
    }
    // The payload is whatever the buffers held; headers end at the 42nd byte.
    let headers = |frames: Vec<Frame>| -> Vec<(usize, Frame)> {
        frames.iter().take(600).map(|frame| (frame.len(), frame[..42].to_vec())).collect()
    };
    for flags in [
        &["--forward-mode=flowgen", "--flowgen-flows=7"][..],
        &["--forward-mode=flowgen", "--flowgen-flows=9", "--flowgen-clones=2", "--txpkts=128"],
        &["--forward-mode=txonly"],
        &["--forward-mode=txonly", "--txonly-multi-flow", "--tx-udp=7,8"],
        &["--forward-mode=txonly", "--txpkts=20,64,300", "--tx-ip=10.0.0.1,10.0.0.2"],
        &["--forward-mode=txonly", "--txpkts=64,64,64,64", "--txonly-multi-flow", "--burst=200"],
    ] {
        let ours = headers(forwarded(&[], flags, 600));
        assert_eq!(ours.len(), 600, "{flags:?}");
        assert!(ours == headers(forwarded_by_testpmd(&[], flags, 600)), "{flags:?}");
    }
}

#[test]
fn a_kernel_pings_icmpecho() {
    let name = "a_kernel_pings_icmpecho";
    if let Some(reason) = lacks(&["ip", "ping"]) {
        return skip(name, &reason);
    }
    let (namespace, tap) = (format!("pollway-ie{}", tag()), format!("pwi-{}", tag()));
    run(Command::new("ip").args(["netns", "add", &namespace]));
    let forwarder = Forwarder::on(&[&format!("tap:{tap}")], &["--forward-mode=icmpecho"]);
    run(Command::new("ip").args(["link", "set", &tap, "netns", &namespace]));
    for arguments in
        [&["address", "add", "198.18.9.1/24", "dev", &tap][..], &["link", "set", &tap, "up"]]
    {
        run(&mut command_in(&namespace, "ip", arguments));
    }
    // Nobody has this address: the mode answers for every one.
    let answered = ping(&namespace, "198.18.9.77", 10);
    run(Command::new("ip").args(["netns", "del", &namespace]));
    assert_eq!(answered, 10);
    let report = forwarder.stop();
    assert!(number(&report, "/forward_stats/ports/0/tx_packets") >= 11, "{report:#}");
}

#[test]
fn impair_shows_what_it_did_and_delay_how_late_it_was() {
    let frames = vec![protocols()[3].clone(); 1000];
    let (sent, report) = lab::capture::forward(
        &frames,
        &["--forward-mode=impair", "--impair-drop=1/10", "--impair-duplicate=1/7"],
    );
    // Of every 70, one is picked for both, and dropped.
    assert_eq!(sent.len(), 1000 - 100 + 142 - 14);
    let counts = report.pointer("/forward_stats/ports/0/mode_counts/0").unwrap();
    assert_eq!(number(counts, "/0/count"), 100);
    assert_eq!(number(counts, "/1/count"), 128);
    let dropped = report.pointer("/engine/workers/0/streams/0/figures/dropped").unwrap();
    assert_eq!(*dropped, serde_json::json!([{ "reason": "impaired", "packets": 100 }]));

    let files = Files::new(&frames);
    let device = format!("pcap:{},tx={}", files.input(), files.output());
    let mut forwarder = Forwarder::on(&[&device], &["--forward-mode=delay", "--delay-us=2000"]);
    forwarder.shell.wait_for_figure(0, "TX-packets", 1000);
    let table = forwarder.shell.ask("show fwd stats all");
    assert!(table.contains("  held: 1000  late_ns_p50: "), "{table}");
    let (_, _, said) = forwarder.stop_and_read();
    assert!(said.contains(" packets in each stream, 2000 us each: up to "), "{said}");
    assert_eq!(files.sent(), frames);
}

#[test]
fn options_change_in_the_shell_as_in_testpmd() {
    let mut forwarder = Forwarder::on(&["null:", "null:"], &["--forward-mode=txonly"]);
    let shell = &mut forwarder.shell;
    assert_eq!(shell.ask("set txpkts 64,128"), "");
    assert_eq!(shell.ask("set txsplit rand"), "");
    assert_eq!(
        shell.ask("show config txpkts"),
        "Number of segments: 2\nSegment sizes: 64,128\nSplit packet: rand\n"
    );
    assert!(shell.ask("show config rxtx").contains("\n  packet len=192 - nb packet segments=2\n"));
    assert_eq!(shell.ask("set txpkts 20"), "total packet length=20 < 42 - give up\n");
    assert_eq!(shell.ask("set txpkts 64,3000"), "length[1]=3000 > mbuf_data_size=2176 - give up\n");
    assert!(shell.ask("set fwd ieee1588").contains("hardware timestamps"));
    assert!(shell.ask("set impair drop 5").contains("write 1/1000 for every 1000th"));
    let before = shell.port_figure(0, "TX-packets");
    shell.wait_for_figure(0, "TX-packets", before + 1);
    forwarder.stop();
}

/// What we send of these frames, or by ourselves, until `sent` are sent.
fn forwarded(frames: &[Frame], flags: &[&str], sent: usize) -> Vec<Frame> {
    let files = Files::new(frames);
    let device = format!("pcap:{},tx={}", files.input(), files.output());
    let mut forwarder = Forwarder::on(&[&device], flags);
    if frames.is_empty() {
        forwarder.shell.wait_for_figure(0, "TX-packets", sent as u64);
    } else {
        forwarder.shell.wait_for_figure(0, "RX-packets", frames.len() as u64);
        forwarder.shell.wait_for_figure(0, "TX-packets", sent as u64);
    }
    forwarder.stop();
    files.sent()
}

/// What dpdk-testpmd does.
fn forwarded_by_testpmd(frames: &[Frame], flags: &[&str], sent: usize) -> Vec<Frame> {
    let files = Files::new(frames);
    let vdev = format!("net_pcap0,rx_pcap={},tx_pcap={}", files.input(), files.output());
    // It would throw away at the start what waits in a receive queue.
    let own = [flags, &["--no-flush-rx", "--total-num-mbufs=8192"]].concat();
    let mut peer = testpmd::start(&["--vdev", &vdev], &own);
    peer.ask("start");
    peer.wait_for_figure(0, "RX-packets", frames.len() as u64);
    peer.wait_for_figure(0, "TX-packets", sent as u64);
    peer.ask("stop");
    peer.console.close();
    files.sent()
}
