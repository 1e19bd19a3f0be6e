//! Captures in, captures out: what a program sends of given frames.

use super::forwarder::Forwarder;
use super::testpmd;
use etherparse::{PacketBuilder, VlanId};
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapReader, PcapWriter};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

pub(crate) type Frame = Vec<u8>;

/// Addresses of the frames made here.
pub(crate) const SRC: [u8; 6] = [0x02, 0xaa, 0, 0, 0, 1];
pub(crate) const DST: [u8; 6] = [0x02, 0xbb, 0, 0, 0, 2];

/// What a forwarder sends of these frames, and its report.
pub(crate) fn forward(frames: &[Frame], flags: &[&str]) -> (Vec<Frame>, Value) {
    forward_with(frames, flags, &[])
}

/// As [`forward`], after these commands.
pub(crate) fn forward_with(
    frames: &[Frame],
    flags: &[&str],
    commands: &[&str],
) -> (Vec<Frame>, Value) {
    let (sent, report, _) = session(frames, flags, commands);
    (sent, report)
}

/// As [`forward_with`], with all that was printed.
pub(crate) fn session(
    frames: &[Frame],
    flags: &[&str],
    commands: &[&str],
) -> (Vec<Frame>, Value, String) {
    let files = Files::new(frames);
    let device = format!("pcap:{},tx={}", files.input(), files.output());
    let mut forwarder = Forwarder::prepare(&[&device], flags);
    for command in commands {
        forwarder.shell.ask(command);
    }
    forwarder.shell.ask("start");
    forwarder.shell.wait_for_figure(0, "RX-packets", frames.len() as u64);
    // What is under way when it stops is still sent.
    let (report, printed, _) = forwarder.stop_and_read();
    (files.sent(), report, printed)
}

/// What dpdk-testpmd sends of these frames, with these flags and after these commands.
pub(crate) fn testpmd_forward(frames: &[Frame], flags: &[&str], commands: &[&str]) -> Vec<Frame> {
    let files = Files::new(frames);
    let vdev = format!("net_pcap0,rx_pcap={},tx_pcap={}", files.input(), files.output());
    // It would throw away at the start what waits in a receive queue.
    let own = [flags, &["--no-flush-rx"]].concat();
    let mut peer = testpmd::start(&["--vdev", &vdev], &own);
    for command in commands {
        peer.ask(command);
    }
    peer.ask("start");
    peer.wait_for_figure(0, "TX-packets", frames.len() as u64);
    peer.console.close();
    files.sent()
}

/// A folder with a capture to read and one to write.
pub(crate) struct Files(TempDir);

impl Files {
    /// A capture of these frames to read.
    pub(crate) fn new(frames: &[Frame]) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let header = PcapHeader { snaplen: 65535, ..PcapHeader::default() };
        let mut file =
            PcapWriter::with_header(File::create(files.input()).unwrap(), header).unwrap();
        for frame in frames {
            let packet = PcapPacket::new(Duration::ZERO, frame.len() as u32, frame);
            file.write_packet(&packet).unwrap();
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::join(self.0.path(), name)
    }

    /// The capture to read.
    pub(crate) fn input(&self) -> String {
        self.path("in.pcap").display().to_string()
    }

    /// The capture to write.
    pub(crate) fn output(&self) -> String {
        self.path("out.pcap").display().to_string()
    }

    /// The frames that were written.
    pub(crate) fn sent(&self) -> Vec<Frame> {
        let mut file = PcapReader::new(File::open(self.output()).unwrap()).unwrap();
        let mut frames = Vec::new();
        while let Some(packet) = file.next_packet() {
            let packet = packet.unwrap();
            assert_eq!(packet.orig_len as usize, packet.data.len(), "cut short");
            frames.push(packet.data.into_owned());
        }
        frames
    }
}

/// Frames of several protocols, from the shortest header to a full frame.
pub(crate) fn protocols() -> Vec<Frame> {
    let ethernet = || PacketBuilder::ethernet2(SRC, DST);
    let payload: Vec<u8> = (0..1600).map(|place| (place % 251) as u8).collect();
    let built = |write: &dyn Fn(&mut Frame)| {
        let mut frame = Frame::new();
        write(&mut frame);
        frame
    };
    let (v4, v6) = (([192, 0, 2, 1], [198, 51, 100, 2], 64), ([0x20; 16], [0x21; 16], 9));
    let mut frames = vec![
        // A header alone, and one of a type that nobody has.
        [&DST[..], &SRC, &[0x08, 0x00]].concat(),
        [&DST[..], &SRC, &[0xff, 0xfe], &payload[..50]].concat(),
        built(&|frame| {
            let arp = etherparse::ArpPacket::new(
                etherparse::ArpHardwareId::ETHERNET,
                etherparse::EtherType::IPV4,
                etherparse::ArpOperation::REQUEST,
                &SRC,
                &v4.0,
                &[0; 6],
                &v4.1,
            );
            ethernet().arp(arp.unwrap()).write(frame).unwrap();
        }),
        built(&|frame| {
            let tcp = ethernet().ipv4(v4.0, v4.1, v4.2).tcp(443, 50_000, 7, 1024).syn();
            tcp.write(frame, &[]).unwrap();
        }),
        built(&|frame| {
            let ping = ethernet().ipv4(v4.0, v4.1, v4.2).icmpv4_echo_request(1, 2);
            ping.write(frame, &payload[..56]).unwrap();
        }),
        built(&|frame| {
            let udp = ethernet().ipv6(v6.0, v6.1, v6.2).udp(53, 4242);
            udp.write(frame, &payload[..300]).unwrap();
        }),
        built(&|frame| {
            let tagged = ethernet().single_vlan(VlanId::try_new(42).unwrap());
            tagged.ipv4(v4.0, v4.1, v4.2).udp(1, 2).write(frame, &payload[..99]).unwrap();
        }),
        built(&|frame| {
            let [outer, inner] = [7, 4094].map(|id| VlanId::try_new(id).unwrap());
            let tagged = ethernet().double_vlan(outer, inner);
            tagged.ipv6(v6.0, v6.1, v6.2).tcp(1, 2, 3, 4).write(frame, &payload[..99]).unwrap();
        }),
        // Multicast, as a source that no station has.
        [&[0x01, 0x00, 0x5e, 0, 0, 1][..], &[0xff; 6], &[0x08, 0x00], &payload[..46]].concat(),
    ];
    frames.extend([60, 61, 64, 127, 128, 1499, 1500, 1514].map(|length| udp(5, 0, length)));
    frames
}

/// A UDP frame of a flow with a number in it.
pub(crate) fn udp(flow: u32, number: u32, length: usize) -> Frame {
    let [.., low] = flow.to_be_bytes();
    let mut payload = number.to_be_bytes().to_vec();
    payload.resize(length - 42, low);
    let mut frame = Frame::new();
    PacketBuilder::ethernet2(SRC, DST)
        .ipv4([10, 0, 0, low], [10, 0, 1, low], 64)
        .udp(1000 + flow as u16, 2000)
        .write(&mut frame, &payload)
        .unwrap();
    assert_eq!(frame.len(), length);
    frame
}
