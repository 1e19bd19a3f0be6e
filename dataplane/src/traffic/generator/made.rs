//! A stream, worked out.

use super::GeneratorError;
use crate::traffic::clock::TscClock;
use crate::traffic::pacing::Pacer;
use crate::traffic::packet::{Checksums, Packets, Recording, Replay, Template};
use crate::traffic::spec::{StreamSpec, Timing};
use std::sync::Arc;

/// A stream, ready to be cloned into a mode.
pub(super) struct Made {
    pub(super) packets: Packets,
    pub(super) pacer: Pacer,
    pub(super) count: u64,
}

impl Made {
    pub(super) fn new(
        stream: usize,
        spec: &StreamSpec,
        clock: TscClock,
    ) -> Result<Self, GeneratorError> {
        let pacing = |error| GeneratorError::Pacing { stream, error };
        let by_rate = |packets: &Packets| {
            Pacer::new(&spec.rate, spec.spacing, packets.volume(), clock.hz).map_err(pacing)
        };
        let asked = spec.count.unwrap_or(u64::MAX);
        let Some(replay) = &spec.replay else {
            let template = Template::new(spec);
            let template = template.map_err(|error| GeneratorError::Build { stream, error })?;
            let packets = Packets::Built(template);
            return Ok(Self { pacer: by_rate(&packets)?, packets, count: asked });
        };
        if !spec.layers.is_empty() {
            return Err(GeneratorError::HeadersAndFile(stream));
        }
        let recording = Recording::open(&replay.file);
        let recording =
            Arc::new(recording.map_err(|error| GeneratorError::Recording { stream, error })?);
        let packets = Packets::Replayed(Replay::new(Arc::clone(&recording)));
        let own = |speed| Pacer::recorded(recording.times(), speed, clock.hz).map_err(pacing);
        let pacer = match replay.timing {
            Timing::Own => own(1.0)?,
            Timing::Scaled(speed) => own(speed)?,
            Timing::Rate => by_rate(&packets)?,
        };
        let all = match replay.loops {
            0 => u64::MAX,
            loops => loops.saturating_mul(recording.packets() as u64),
        };
        Ok(Self { packets, pacer, count: asked.min(all) })
    }

    /// The packets of a stream by its specification, which these were made of, on a port where checksums are filled in so.
    pub(super) fn packets_of(
        &self,
        stream: usize,
        spec: &StreamSpec,
        checksums: Checksums,
    ) -> Result<Packets, GeneratorError> {
        match (&self.packets, checksums) {
            (Packets::Built(_), Checksums::Device) => Template::made(spec, checksums)
                .map(Packets::Built)
                .map_err(|error| GeneratorError::Build { stream, error }),
            (packets, _) => Ok(packets.clone()),
        }
    }
}
