//! Captures in, captures out: what a program sends of given frames.

use super::forwarder::Forwarder;
use super::testpmd;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapReader, PcapWriter};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

pub(crate) type Frame = Vec<u8>;

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
