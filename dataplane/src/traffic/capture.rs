//! Received packets in a file: receiving modes hand them over instead of freeing them, and the control thread writes them down.

use super::clock::TscClock;
use crate::batch::Batch;
use crate::eal::Eal;
use crate::lcore::{SocketId, cycles};
use crate::mbuf::Mbuf;
use crate::port::PortId;
use crate::ring::{Consumer, Multi, Producer, RingError, Single, ring};
use pcap_file::TsResolution;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use serde::Serialize;
use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Packets on their way to the file, which the pool must have to spare beside all others: a tenth of a second at 80 000 a second, as
/// often as the control thread looks.
pub const WAITING: u32 = 8192;

/// Why packets cannot be captured.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The ring to the control thread could not be made.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The file cannot be written.
    #[error(
        "{file} cannot be written: {reason}; check the path, its permissions and the room on the disk"
    )]
    File {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
}

/// What was captured on a port.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaptureResult {
    /// The port.
    pub port: u16,
    /// The file.
    pub file: PathBuf,
    /// Packets in it.
    pub written: u64,
    /// Packets that found no room on their way to it.
    pub missed: u64,
    /// Why writing ended early, if it did.
    pub error: Option<String>,
}

impl Display for CaptureResult {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { port, file, written, missed, error } = self;
        write!(f, "port {port}: {written} packets are in {}", file.display())?;
        if *missed > 0 {
            write!(
                f,
                "; {missed} found no room on their way to it: they came faster than they could be written"
            )?;
        }
        error.as_ref().map_or(Ok(()), |error| write!(f, "; writing ended early: {error}"))
    }
}

/// A packet and when it came.
pub(super) struct Captured {
    mbuf: Mbuf,
    arrival_tsc: u64,
}

/// A receiving mode's end: gives packets away.
pub(super) struct CaptureTap {
    to: Producer<Captured, Multi>,
    missed: u64,
}

/// The control thread's end: a port's packets go to its file.
pub(super) struct Capture {
    port: PortId,
    path: PathBuf,
    to: Producer<Captured, Multi>,
    from: Consumer<Captured, Single>,
    file: PcapWriter<BufWriter<File>>,
    clock: TscClock,
    /// A moment by both clocks.
    moment: (u64, Duration),
    written: u64,
    error: Option<String>,
    /// A packet in one piece.
    bytes: Vec<u8>,
}

impl CaptureTap {
    /// Takes all packets but the first `kept` ones out of the batch.
    pub(super) fn take(&mut self, batch: &mut Batch, kept: usize, arrival_tsc: u64) {
        let mut rest = Batch::new();
        let mut at = 0;
        batch.drain_each(|mbuf| {
            if at < kept {
                // There were no more in a batch as large.
                let _ = rest.push(mbuf);
            } else if self.to.enqueue(Captured { mbuf, arrival_tsc }).is_err() {
                self.missed += 1;
            }
            at += 1;
        });
        std::mem::swap(batch, &mut rest);
    }

    pub(super) fn missed(&self) -> u64 {
        self.missed
    }
}

impl Capture {
    /// Begins a file, with nanoseconds.
    pub(super) fn new(
        eal: &Eal,
        port: PortId,
        path: &Path,
        clock: TscClock,
    ) -> Result<Self, CaptureError> {
        let refused =
            |reason: String| CaptureError::File { file: path.display().to_string(), reason };
        let (to, from) = ring(eal, &format!("capture-p{port}"), WAITING, SocketId::ANY)?;
        let header =
            PcapHeader { ts_resolution: TsResolution::NanoSecond, ..PcapHeader::default() };
        let file = File::create(path).map_err(|error| refused(error.to_string()))?;
        let file = PcapWriter::with_header(BufWriter::new(file), header);
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            port,
            path: path.to_owned(),
            to,
            from,
            file: file.map_err(|error| refused(error.to_string()))?,
            clock,
            moment: (cycles(), since_epoch),
            written: 0,
            error: None,
            bytes: Vec::new(),
        })
    }

    pub(super) fn port(&self) -> PortId {
        self.port
    }

    /// An end for one of the port's receiving modes.
    pub(super) fn tap(&self) -> CaptureTap {
        CaptureTap { to: self.to.clone(), missed: 0 }
    }

    /// Writes what has come. After an error packets are only taken out of the ring.
    pub(super) fn gather(&mut self) {
        while let Some(captured) = self.from.dequeue() {
            if self.error.is_none() {
                match self.write(&captured) {
                    Ok(()) => self.written += 1,
                    Err(error) => self.error = Some(error.to_string()),
                }
            }
        }
    }

    fn write(&mut self, captured: &Captured) -> Result<(), pcap_file::PcapError> {
        self.bytes.clear();
        captured.mbuf.chunks().for_each(|chunk| self.bytes.extend_from_slice(chunk));
        let (tsc, time) = self.moment;
        let since = captured.arrival_tsc.saturating_sub(tsc);
        let time = time + Duration::from_nanos(super::histogram::nanoseconds(since, self.clock.hz));
        let packet = PcapPacket::new(time, self.bytes.len() as u32, &self.bytes);
        self.file.write_packet(&packet).map(|_| ())
    }

    /// Writes the rest to the disk and ends the file; `missed` is what the modes say.
    pub(super) fn finish(mut self, missed: u64) -> CaptureResult {
        self.gather();
        let flushed = self.file.into_writer().into_inner();
        let error = self.error.or(flushed.err().map(|error| error.to_string()));
        let Self { port, path, written, .. } = self;
        CaptureResult { port: port.0, file: path, written, missed, error }
    }
}
