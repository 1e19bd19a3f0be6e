//! Captures in, captures out: what each mode makes of a frame, byte for byte, in both models, and as dpdk-testpmd does it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::capture::{Frame, forward, protocols, testpmd_forward, udp};
use lab::forwarder::number;
use lab::{lacks_programs, lcores, skip};
use serde_json::Value;
use std::collections::BTreeMap;

const PEER: [u8; 6] = [0x02, 0xcc, 0, 0, 0, 3];
/// What net_pcap calls its first port (`eth_pcap_addr` in DPDK's `pcap_ethdev.c`).
const OWN: [u8; 6] = [0x02, 0x70, 0x63, 0x61, 0x70, 0x00];

#[test]
fn io_passes_every_frame_as_it_is() {
    // A mode that reads no header takes what has none, too, and what fills several mbufs.
    let odd = [vec![0x5a], vec![0x5a; 13], (0..=255).cycle().take(5000).collect()];
    let frames = [protocols(), odd.to_vec()].concat();
    let (sent, report) = forward(&frames, &[]);
    assert_eq!(sent, frames);
    assert_counts(&report, frames.len(), frames.len());
}

#[test]
fn macswap_exchanges_the_addresses() {
    let frames = protocols();
    let (sent, report) = forward(&frames, &["--forward-mode=macswap"]);
    assert_eq!(sent, readdressed(&frames, |dst, src| [src, dst]));
    assert_counts(&report, frames.len(), frames.len());
}

#[test]
fn mac_writes_the_ports_and_the_peers_address() {
    let frames = protocols();
    let peer = eth_peer();
    let (sent, report) = forward(&frames, &["--forward-mode=mac", &peer]);
    assert_eq!(sent, readdressed(&frames, |_, _| [PEER, OWN]));
    assert_counts(&report, frames.len(), frames.len());
}

#[test]
fn a_frame_without_a_header_is_dropped_and_counted() {
    let whole = udp(1, 0, 100);
    let frames = [vec![0x5a; 13], whole.clone(), vec![0x5a]];
    for mode in ["mac", "macswap"] {
        let (sent, report) = forward(&frames, &["--forward-mode", mode]);
        assert_eq!(sent.len(), 1, "{mode}");
        assert_eq!(sent[0][12..], whole[12..], "{mode}");
        let dropped = report.pointer("/engine/workers/0/streams/0/figures/dropped").unwrap();
        assert_eq!(
            *dropped,
            serde_json::json!([{ "reason": "truncated", "packets": 2 }]),
            "{mode}"
        );
    }
}

#[test]
fn a_pipeline_keeps_each_flow_as_run_to_completion_does() {
    let frames: Vec<Frame> =
        (0..4000).map(|number| udp(number % 23, number, 64 + number as usize % 900)).collect();
    let wanted = by_flow(&readdressed(&frames, |dst, src| [src, dst]));
    assert_eq!(wanted.len(), 23);
    let mode = "--forward-mode=macswap";
    let (completed, report) = forward(&frames, &[mode]);
    assert_counts(&report, frames.len(), frames.len());
    assert!(by_flow(&completed) == wanted, "a flow changed on its way");

    // A capture is read faster than anything can be sent: the rings have room for all of it.
    let pipeline = [mode, "--model=pipeline", "--ring-size=4096", "--lcores", &lcores(4, 1)];
    let (piped, report) = forward(&frames, &pipeline);
    assert_counts(&report, frames.len(), frames.len());
    assert!(by_flow(&piped) == wanted, "a flow changed on its way");
    assert_eq!(report["plan"]["model"], "pipeline");
    // Two workers had a share each, else the order would prove nothing.
    let streams = report["engine"]["workers"].as_array().unwrap().iter();
    let streams = streams.flat_map(|worker| worker["streams"].as_array().unwrap());
    let works = streams.filter(|stream| stream["plan"]["work"]["forward"].is_object());
    let shares: Vec<u64> = works.map(|stream| number(stream, "/figures/received")).collect();
    assert_eq!(shares.iter().sum::<u64>(), 4000);
    assert!(shares.len() > 1 && shares.iter().all(|share| *share > 0), "{shares:?}");
}

#[test]
fn testpmd_makes_the_same_of_every_frame() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip("testpmd_makes_the_same_of_every_frame", &reason);
    }
    let frames = protocols();
    for mode in ["io", "mac", "macswap"] {
        let (mode_flag, peer_flag) = (format!("--forward-mode={mode}"), eth_peer());
        let flags = [mode_flag.as_str(), &peer_flag];
        let (ours, _) = forward(&frames, &flags);
        assert_eq!(ours, testpmd_forward(&frames, &flags, &[]), "{mode}");
    }
}

fn eth_peer() -> String {
    let peer = PEER.map(|byte| format!("{byte:02x}")).join(":");
    format!("--eth-peer=0,{peer}")
}

fn assert_counts(report: &Value, received: usize, sent: usize) {
    let figure = |path| number(report, path) as usize;
    assert_eq!(figure("/forward_stats/ports/0/rx_packets"), received, "{report:#}");
    assert_eq!(figure("/forward_stats/ports/0/tx_packets"), sent, "{report:#}");
    assert_eq!(figure("/forward_stats/ports/0/tx_dropped"), received - sent, "{report:#}");
    assert_eq!(figure("/ports/0/stats/rx_packets"), received, "{report:#}");
    assert_eq!(figure("/ports/0/stats/tx_packets"), sent, "{report:#}");
}

/// The frames with other addresses: of destination and source, to destination and source.
fn readdressed(frames: &[Frame], new: fn([u8; 6], [u8; 6]) -> [[u8; 6]; 2]) -> Vec<Frame> {
    let readdress = |frame: &Frame| {
        let [dst, src] = [0, 6].map(|at| <[u8; 6]>::try_from(&frame[at..at + 6]).unwrap());
        [new(dst, src).as_flattened(), &frame[12..]].concat()
    };
    frames.iter().map(readdress).collect()
}

/// The frames of each flow in their order; a flow is what IPv4 addresses and UDP ports say.
fn by_flow(frames: &[Frame]) -> BTreeMap<Vec<u8>, Vec<Frame>> {
    let mut flows: BTreeMap<Vec<u8>, Vec<Frame>> = BTreeMap::new();
    for frame in frames {
        flows.entry(frame[26..38].to_vec()).or_default().push(frame.clone());
    }
    flows
}
