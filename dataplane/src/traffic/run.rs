//! Packets that left together, one behind the other: their probes are alike but for their numbers, which follow one another.
//!
//! What is known of the first is known of all. So the others are read by comparing them with what has to follow, and all are
//! counted and timed at once.

use super::probe::{NotAProbe, Probe, Words};

/// Such packets, as far as they were read.
pub(super) struct Run {
    probe: Probe,
    packets: u64,
    last: Words,
}

impl Run {
    /// The packet whose probe begins `bytes`.
    ///
    /// # Errors
    /// As [`Probe::read`].
    #[inline]
    pub(super) fn read(bytes: &[u8], signature: u16) -> Result<Self, NotAProbe> {
        let last = Words::read(bytes).ok_or(NotAProbe::Foreign)?;
        Ok(Self { probe: last.probe(signature)?, packets: 1, last })
    }

    /// Takes in those of the next packets that follow; `probes` are the bytes from their probes on.
    #[inline]
    pub(super) fn go_on<'a>(&mut self, probes: impl Iterator<Item = &'a [u8]>) {
        for bytes in probes.take(self.last.followers().into()) {
            let next = self.last.following();
            if Words::read(bytes) != Some(next) {
                return;
            }
            self.last = next;
            self.packets += 1;
        }
    }

    /// The first packet's probe. In the others nothing differs but the number.
    #[inline]
    pub(super) fn probe(&self) -> &Probe {
        &self.probe
    }

    /// How many packets there are.
    #[inline]
    pub(super) fn packets(&self) -> u64 {
        self.packets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::probe::PROBE_BYTES;
    use proptest::prelude::*;

    const SIGNATURE: u16 = 0x5057;

    fn written(stream: u16, sequence: u64, departure: u64) -> [u8; PROBE_BYTES] {
        let mut bytes = [0; PROBE_BYTES];
        Probe::new(stream, sequence, departure, departure).write(&mut bytes, SIGNATURE);
        bytes
    }

    fn run(probes: &[[u8; PROBE_BYTES]]) -> Run {
        let mut run = Run::read(&probes[0], SIGNATURE).unwrap();
        run.go_on(probes[1..].iter().map(<[u8; PROBE_BYTES]>::as_slice));
        run
    }

    #[test]
    fn a_run_ends_where_another_stream_number_or_time_begins() {
        let after = |other| run(&[written(1, 7, 9), written(1, 8, 9), other, written(1, 9, 9)]);
        for other in [written(2, 9, 9), written(1, 10, 9), written(1, 8, 9), written(1, 9, 10)] {
            assert_eq!(after(other).packets(), 2);
        }
        assert_eq!(after(written(1, 9, 9)).packets(), 3);
        assert!(Run::read(&[0; PROBE_BYTES], SIGNATURE).is_err());
    }

    proptest! {
        /// Whatever has changed on the way: what a run takes in, the probe itself takes for sound too, and for the next one.
        #[test]
        fn what_a_run_takes_in_is_the_next_packets_probe(
            first in (1u64 << 32) - 80..1 << 33, departure in 0u64..1 << 48, damage in prop::option::of((0usize..64, 0usize..144)),
        ) {
            let mut probes: Vec<_> = (first..first + 64).map(|sequence| written(1, sequence, departure)).collect();
            if let Some((at, bit)) = damage {
                probes[at][bit / 8] ^= 1 << (bit % 8);
            }
            let mut rest = &probes[..];
            while let Some(bytes) = rest.first() {
                let Ok(probe) = Probe::read(bytes, SIGNATURE) else {
                    rest = &rest[1..];
                    continue;
                };
                let run = run(rest);
                let (taken, behind) = rest.split_at(run.packets() as usize);
                for (bytes, sequence) in taken.iter().zip(probe.sequence..) {
                    let read = Probe::read(bytes, SIGNATURE).unwrap();
                    prop_assert_eq!((read.sequence, read.departure), (sequence, probe.departure));
                    prop_assert_eq!((read.stream, read.late()), (probe.stream, probe.late()));
                }
                rest = behind;
            }
        }
    }
}
