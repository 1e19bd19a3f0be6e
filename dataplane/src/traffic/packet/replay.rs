//! Packets of a capture file, sent as they are.

use super::size::{FCS_BYTES, SizeRound};
use crate::traffic::rate::Volume;
use crate::traffic::spec::FRAME_SIZES;
use pcap_file::pcap::PcapReader;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A capture file's packets and times, in memory.
#[derive(Debug)]
pub struct Recording {
    bytes: Vec<u8>,
    /// Where each packet ends in `bytes`.
    ends: Vec<usize>,
    /// When each was captured, since the first. A time before its predecessor's counts as that.
    times: Vec<Duration>,
}

/// Why a capture file cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It cannot be opened.
    #[error("{file} cannot be opened: {error}; check its path and its permissions")]
    Open {
        /// The file.
        file: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is no capture file, or ends in the middle of a packet.
    #[error(
        "{file} cannot be read behind its packet {packets}: {error}; give a whole file in pcap's classic format (editcap -F pcap \
         converts others)"
    )]
    Broken {
        /// The file.
        file: String,
        /// Packets that were read.
        packets: usize,
        /// What is wrong.
        error: pcap_file::PcapError,
    },
    /// It has nothing to send.
    #[error("{file} has no packets: give a file with one or more")]
    Empty {
        /// The file.
        file: String,
    },
    /// A packet was not captured whole.
    #[error(
        "packet {packet} of {file} has {captured} of its {bytes} bytes: capture whole packets (tcpdump -s 0)"
    )]
    Cut {
        /// The file.
        file: String,
        /// The packet, from 1.
        packet: usize,
        /// Bytes in the file.
        captured: usize,
        /// Bytes that it had.
        bytes: u32,
    },
    /// A packet is not one that Ethernet carries.
    #[error("packet {packet} of {file} has {bytes} bytes: packets of 14 to {} are sent", FRAME_SIZES.end() - FCS_BYTES)]
    Size {
        /// The file.
        file: String,
        /// The packet, from 1.
        packet: usize,
        /// Its bytes.
        bytes: usize,
    },
}

impl Recording {
    /// Reads a capture file.
    ///
    /// # Errors
    /// [`RecordingError`] names the file, the packet, and what to change.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(opened) => Self::read(BufReader::new(opened), file),
            Err(error) => Err(RecordingError::Open { file, error }),
        }
    }

    /// Reads packets in pcap's classic format; `file` is what errors call them.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(source: impl Read, file: String) -> Result<Self, RecordingError> {
        let mut recording = Self { bytes: Vec::new(), ends: Vec::new(), times: Vec::new() };
        let mut reader = match PcapReader::new(source) {
            Ok(reader) => reader,
            Err(error) => return Err(RecordingError::Broken { file, packets: 0, error }),
        };
        let mut first = None;
        while let Some(read) = reader.next_packet() {
            let packets = recording.ends.len();
            let packet = match read {
                Ok(packet) => packet,
                Err(error) => return Err(RecordingError::Broken { file, packets, error }),
            };
            let captured = packet.data.len();
            if captured < packet.orig_len as usize {
                return Err(RecordingError::Cut {
                    file,
                    packet: packets + 1,
                    captured,
                    bytes: packet.orig_len,
                });
            }
            if !(14..=usize::from(FRAME_SIZES.end() - FCS_BYTES)).contains(&captured) {
                return Err(RecordingError::Size { file, packet: packets + 1, bytes: captured });
            }
            let first = *first.get_or_insert(packet.timestamp);
            let before = recording.times.last().copied().unwrap_or_default();
            recording.times.push(packet.timestamp.saturating_sub(first).max(before));
            recording.bytes.extend_from_slice(&packet.data);
            recording.ends.push(recording.bytes.len());
        }
        if recording.ends.is_empty() { Err(RecordingError::Empty { file }) } else { Ok(recording) }
    }

    /// How many packets there are.
    pub fn packets(&self) -> usize {
        self.ends.len()
    }

    /// When each was captured, since the first.
    pub fn times(&self) -> &[Duration] {
        &self.times
    }

    fn packet(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(number).copied().unwrap_or_default();
        self.bytes.get(start.unwrap_or_default()..end).unwrap_or_default()
    }
}

/// A recording that is being sent, again and again.
#[derive(Clone, Debug)]
pub struct Replay {
    recording: Arc<Recording>,
    sizes: SizeRound,
    at: usize,
}

impl Replay {
    /// Begins with the first packet.
    pub fn new(recording: Arc<Recording>) -> Self {
        // `read` refused larger ones.
        let bytes = (0..recording.packets()).map(|number| recording.packet(number).len() as u16);
        let sizes = SizeRound::of_packets(bytes);
        Self { recording, sizes, at: 0 }
    }

    pub(super) fn room(&self) -> usize {
        usize::from(self.sizes.largest())
    }

    pub(super) fn volume(&self) -> Volume {
        self.sizes.volume()
    }

    pub(super) fn frame_bytes(&self, packets: u64) -> u64 {
        self.sizes.frame_bytes(packets)
    }

    /// Makes the next packet in a buffer of [`Self::room`] bytes; returns how many it has.
    #[inline]
    pub(super) fn make(&mut self, buffer: &mut [u8]) -> u16 {
        let packet = self.recording.packet(self.at);
        if let Some(place) = buffer.get_mut(..packet.len()) {
            place.copy_from_slice(packet);
        }
        self.at = if self.at + 1 < self.recording.packets() { self.at + 1 } else { 0 };
        // `read` refused larger ones.
        packet.len() as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_file::pcap::{PcapPacket, PcapWriter};

    fn file(packets: &[(u64, &[u8], u32)]) -> Vec<u8> {
        let mut writer = PcapWriter::new(Vec::new()).unwrap();
        for (us, bytes, orig_len) in packets {
            writer
                .write_packet(&PcapPacket::new(Duration::from_micros(*us), *orig_len, bytes))
                .unwrap();
        }
        writer.into_writer()
    }

    fn read(bytes: &[u8]) -> Result<Recording, RecordingError> {
        Recording::read(bytes, "a.pcap".to_owned())
    }

    #[test]
    fn packets_are_sent_as_they_are_and_again() {
        let (one, two) = ([1; 20], [2; 90]);
        let recording =
            read(&file(&[(1_000, &one, 20), (1_500, &two, 90), (1_400, &one, 20)])).unwrap();
        let times = [0, 500, 500].map(Duration::from_micros);
        assert_eq!(recording.times(), times, "time does not run backwards");
        let mut replay = Replay::new(Arc::new(recording));
        let mut buffer = [0; 96];
        let mut sent = Vec::new();
        for _ in 0..4 {
            let bytes = usize::from(replay.make(&mut buffer));
            sent.push(buffer[..bytes].to_vec());
        }
        assert_eq!(sent, [&one[..], &two, &one, &one]);
        assert_eq!((replay.room(), replay.frame_bytes(4)), (90, 24 * 3 + 94));
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_what_to_change() {
        let whole = file(&[(0, &[0; 60], 60)]);
        for (bytes, message) in [
            (file(&[]), "a.pcap has no packets: give a file with one or more"),
            (
                file(&[(0, &[0; 60], 61)]),
                "packet 1 of a.pcap has 60 of its 61 bytes: capture whole packets (tcpdump -s 0)",
            ),
            (
                file(&[(0, &[0; 13], 13)]),
                "packet 1 of a.pcap has 13 bytes: packets of 14 to 9596 are sent",
            ),
            (whole[..whole.len() - 1].to_vec(), "a.pcap cannot be read behind its packet 0: "),
            (b"GIF89a".to_vec(), "a.pcap cannot be read behind its packet 0: "),
        ] {
            let error = read(&bytes).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        let error = Recording::open(Path::new("/nowhere/a.pcap")).unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/a.pcap cannot be opened: No such file"), "{error}");
    }
}
