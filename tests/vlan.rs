//! VLAN tags that a device inserts, on the wire: packets of a capture leave by a packet socket with tags and come back by
//! another one, byte for byte as with dpdk-testpmd.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use etherparse::PacketBuilder;
use lab::capture::{Files, Frame};
use lab::forwarder::Forwarder;
use lab::kernel::VethPair;
use lab::shell::Shell;
use lab::{lacks, skip, testpmd};

const FRAMES: usize = 40;
const TAGGED: &[&str] = &["port stop 1", "tx_vlan set 1 1234", "port start 1"];
const RESET: &[&str] = &["port stop 1", "tx_vlan reset 1", "port start 1"];

#[test]
fn a_device_tags_what_is_forwarded_to_it() {
    if let Some(reason) = lacks(&["dpdk-testpmd", "stdbuf", "ip"]) {
        return skip("a_device_tags_what_is_forwarded_to_it", &reason);
    }
    let frames: Vec<Frame> = (0..FRAMES).map(frame).collect();
    let tagged = sent(&frames, TAGGED, ours);
    assert_eq!(tagged.len(), FRAMES);
    for (before, after) in frames.iter().zip(&tagged) {
        let swapped = [&before[6..12], &before[..6]].concat();
        assert_eq!(after[..12], swapped, "macswap");
        assert_eq!(after[12..16], [0x81, 0x00, 0x04, 0xd2], "tag 1234");
        assert_eq!(after[16..], before[12..], "the rest");
    }
    assert_eq!(sent(&frames, TAGGED, theirs), tagged, "testpmd's");
    let reset: Vec<&str> = TAGGED.iter().chain(RESET).copied().collect();
    let plain = sent(&frames, &reset, ours);
    assert_eq!(plain.iter().map(Vec::len).collect::<Vec<_>>(), vec![frames[0].len(); FRAMES]);
}

/// What leaves port 1 after these commands: `capture → 0 → 1 → veth → 2 → 3 → capture`.
fn sent(frames: &[Frame], commands: &[&str], start: fn(&[String]) -> Program) -> Vec<Frame> {
    let (files, back) = (Files::new(frames), Files::new(&[]));
    let wire = VethPair::new();
    let devices = [
        format!("net_pcap0,rx_pcap={},tx_pcap={}", files.input(), back.output()),
        format!("net_af_packet0,iface={}", wire.one),
        format!("net_af_packet1,iface={}", wire.other),
        format!("net_pcap1,rx_pcap={},tx_pcap={}", back.input(), files.output()),
    ];
    let mut program = start(&devices);
    for command in commands.iter().chain(&["set fwd macswap", "start"]) {
        program.shell().ask(command);
    }
    program.shell().wait_for_figure(3, "TX-packets", frames.len() as u64);
    program.end();
    // Swapped twice, the addresses are as they were; what was on the wire has them once swapped.
    let swapped = |frame: Frame| [&frame[6..12], &frame[..6], &frame[12..]].concat();
    files.sent().into_iter().map(swapped).collect()
}

enum Program {
    Ours(Forwarder),
    Theirs(Shell),
}

fn ours(devices: &[String]) -> Program {
    let devices: Vec<&str> = devices.iter().map(String::as_str).collect();
    Program::Ours(Forwarder::prepare(&devices, &[]))
}

fn theirs(devices: &[String]) -> Program {
    let eal: Vec<&str> = devices.iter().flat_map(|device| ["--vdev", device]).collect();
    // Flushing would throw away at the start what waits in the capture.
    Program::Theirs(testpmd::start(&eal, &["--no-flush-rx"]))
}

impl Program {
    fn shell(&mut self) -> &mut Shell {
        match self {
            Self::Ours(forwarder) => &mut forwarder.shell,
            Self::Theirs(shell) => shell,
        }
    }

    fn end(self) {
        match self {
            Self::Ours(forwarder) => drop(forwarder.stop()),
            Self::Theirs(shell) => drop(shell.console.close()),
        }
    }
}

fn frame(number: usize) -> Frame {
    let builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .udp(1000, 2000);
    let payload = [number as u8; 64];
    let mut frame = Vec::new();
    builder.write(&mut frame, &payload).unwrap();
    frame
}
