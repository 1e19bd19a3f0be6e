//! The probe: the 18 bytes by which a packet is known when it comes back.
//!
//! ```text
//! 0           2       4        6          10                   16         18
//! ├─signature─┼─check─┼─stream─┼─sequence─┼─departure, TSC─────┼─lateness─┤    big-endian
//! ```
//!
//! Eighteen bytes are what the smallest Ethernet frame leaves after Ethernet, IPv4 and UDP headers. The order is the
//! network's, so that a capture reads the same on any machine.
//!
//! The signature is the trial's: what an earlier one left in a device is foreign. The check makes the ones' complement sum of the
//! probe zero (all ones, RFC 1071). A flipped bit always shows, and of other damage all but one case in 65535. And what sums
//! up to nothing changes no checksum over it: a packet's transport checksum is right whatever its probe says.
//!
//! Of the departure there are the low 48 bits, a day at any speed a processor has. The lateness is by how many cycles the
//! packet missed the time when it was to depart, to three digits: eleven bits, and five for how many bits they are short.

/// The size of a probe.
pub const PROBE_BYTES: usize = 18;

const DEPARTURE_BITS: u32 = 48;
const DEPARTURE: u64 = (1 << DEPARTURE_BITS) - 1;
const LATENESS_BITS: u32 = 11;
/// The longest lateness, some minutes; a longer one is taken for it.
const LATEST: u64 = ((1 << LATENESS_BITS) - 1) << 31;

/// What a packet carries through the device under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The stream that the packet belongs to.
    pub stream: u16,
    /// The low 32 bits of its sequence number.
    pub sequence: u32,
    /// When it was sent: the low 48 bits of the TSC.
    pub departure: u64,
    /// By how many cycles it was late, as it travels.
    lateness: u16,
}

/// Why bytes are not a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAProbe {
    /// They never were one of this trial: too few, or another signature.
    Foreign,
    /// They were one, but changed on the way.
    Corrupt,
}

impl Probe {
    /// Where the stream's number lies in a probe.
    pub(super) const STREAM_AT: usize = 4;

    /// The probe of a packet that was to depart at `intended_tsc` and departs at `departure_tsc`, not before.
    #[inline]
    pub fn new(stream: u16, sequence: u64, intended_tsc: u64, departure_tsc: u64) -> Self {
        let late = departure_tsc.saturating_sub(intended_tsc);
        // Most packets are hardly late.
        let lateness = if late < 1 << LATENESS_BITS { late as u16 } else { shortened(late) };
        Self { stream, sequence: sequence as u32, departure: departure_tsc & DEPARTURE, lateness }
    }

    /// By how many cycles the packet departed later than it was to.
    #[inline]
    pub fn late(&self) -> u64 {
        u64::from(self.lateness & ((1 << LATENESS_BITS) - 1)) << (self.lateness >> LATENESS_BITS)
    }

    /// The cycles from the departure to `arrival_tsc`. None, if the counters of two sockets make the arrival the earlier.
    #[inline]
    pub fn delay(&self, arrival_tsc: u64) -> u64 {
        const UNUSED: u32 = u64::BITS - DEPARTURE_BITS;
        let signed = (arrival_tsc.wrapping_sub(self.departure) << UNUSED) as i64 >> UNUSED;
        signed.max(0) as u64
    }

    /// Writes the probe as it travels.
    #[inline]
    pub fn write(&self, bytes: &mut [u8; PROBE_BYTES], signature: u16) {
        self.words(signature).write(bytes);
    }

    /// The probe as it travels.
    #[inline]
    pub(super) fn words(&self, signature: u16) -> Words {
        let Self { stream, sequence, departure, lateness } = *self;
        let shared = u32::from(signature) + u32::from(stream) + u32::from(folded(departure));
        let check = !folded(u64::from(
            shared + (sequence >> 16) + (sequence & 0xffff) + u32::from(lateness),
        ));
        let head = u64::from(signature) << 48 | u64::from(stream) << 16;
        let head = head | u64::from(check) << 32 | u64::from(sequence >> 16);
        Words { head, tail: departure | u64::from(sequence) << 48, lateness }
    }

    /// Reads a probe from the beginning of `bytes`.
    ///
    /// # Errors
    /// [`NotAProbe`] says whether the packet is somebody else's or a damaged one of ours.
    #[inline]
    pub fn read(bytes: &[u8], signature: u16) -> Result<Self, NotAProbe> {
        Words::read(bytes).ok_or(NotAProbe::Foreign)?.probe(signature)
    }
}

/// A probe's bytes, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words {
    head: u64,
    tail: u64,
    lateness: u16,
}

impl Words {
    /// Those at the beginning of `bytes`, if there are as many.
    #[inline]
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, d, e, f, g, h, ref rest @ ..] = bytes.first_chunk::<PROBE_BYTES>()?;
        let &[i, j, k, l, m, n, o, p, q, r] = rest;
        Some(Self {
            head: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            tail: u64::from_be_bytes([i, j, k, l, m, n, o, p]),
            lateness: u16::from_be_bytes([q, r]),
        })
    }

    #[inline]
    pub(super) fn write(&self, bytes: &mut [u8; PROBE_BYTES]) {
        bytes[0..8].copy_from_slice(&self.head.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.tail.to_be_bytes());
        bytes[16..18].copy_from_slice(&self.lateness.to_be_bytes());
    }

    /// What they say.
    #[inline]
    pub(super) fn probe(&self, signature: u16) -> Result<Probe, NotAProbe> {
        let Self { head, tail, lateness } = *self;
        if (head >> 48) as u16 != signature {
            return Err(NotAProbe::Foreign);
        }
        if sum(head, tail, lateness) != u16::MAX {
            return Err(NotAProbe::Corrupt);
        }
        Ok(Probe {
            stream: (head >> 16) as u16,
            sequence: (head as u32) << 16 | (tail >> 48) as u32,
            departure: tail & DEPARTURE,
            lateness,
        })
    }

    /// How often [`Self::following`] can be asked for: as long as neither word carries.
    #[inline]
    pub(super) fn followers(&self) -> u16 {
        let (check, number) = ((self.head >> 32) as u16, (self.tail >> 48) as u16);
        check.min(!number)
    }

    /// The same probe with the next number: that goes up by one, and the check down, so the sum stays what it is.
    #[inline]
    pub(super) fn following(&self) -> Self {
        let head = self.head.wrapping_sub(1 << 32);
        Self { head, tail: self.tail.wrapping_add(1 << 48), ..*self }
    }
}

/// A lateness that has more bits than are kept of it.
#[inline]
fn shortened(late: u64) -> u16 {
    let late = late.min(LATEST);
    let short = (u64::BITS - late.leading_zeros()).saturating_sub(LATENESS_BITS);
    (short as u16) << LATENESS_BITS | (late >> short) as u16
}

/// The ones' complement sum of the probe's nine words. A number of several words is worth their sum.
#[inline]
fn sum(head: u64, tail: u64, lateness: u16) -> u16 {
    folded(around(around(head, tail), u64::from(lateness)))
}

/// Adds, and carries around (RFC 1071 §2).
#[inline]
fn around(one: u64, other: u64) -> u64 {
    let (sum, carry) = one.overflowing_add(other);
    // What carried is not all ones.
    sum.wrapping_add(u64::from(carry))
}

/// The ones' complement sum of a number's words: each half added to the other, twice, in the upper half, where the lower one's
/// carry arrives by itself.
#[inline]
pub(super) fn folded(number: u64) -> u16 {
    let sum = (number.wrapping_add(number.rotate_left(32)) >> 32) as u32;
    (sum.wrapping_add(sum.rotate_left(16)) >> 16) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::checksum::Sum;
    use proptest::prelude::*;

    fn written(probe: &Probe, signature: u16) -> [u8; PROBE_BYTES] {
        let mut bytes = [0xaa; PROBE_BYTES];
        probe.write(&mut bytes, signature);
        bytes
    }

    prop_compose! {
        fn probes()(stream: u16, sequence: u64, departure in 1u64 << 50.., late in 0u64..1 << 40) -> Probe {
            Probe::new(stream, sequence, departure - late, departure)
        }
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        // 0x1003 cycles late: one bit more than eleven and one.
        let probe = Probe::new(0x0102, 0x0304_0506, 0x0708_090a_0b0c, 0x0708_090a_1b0f);
        let bytes = written(&probe, 0x5057);
        assert_eq!(bytes[4..], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x1b, 0x0f, 0b10_100, 0]);
        assert_eq!(bytes[..2], [0x50, 0x57]);
        assert_eq!(probe.late(), 0x1000);
    }

    #[test]
    fn a_delay_survives_the_wrap_of_the_departure_and_is_never_negative() {
        let probe = |departure| Probe::new(0, 0, departure, departure);
        assert_eq!(probe((1 << 48) - 5).delay((1 << 48) + 5), 10);
        assert_eq!(probe((7 << 48) + 5).delay((7 << 48) + 9), 4);
        assert_eq!(probe(100).delay(90), 0);
    }

    #[test]
    fn a_lateness_beyond_all_is_the_longest() {
        let probe = Probe::new(0, 0, 0, u64::MAX);
        assert_eq!(probe.late(), LATEST);
        assert_eq!(Probe::new(0, 0, 5, 0).late(), 0);
    }

    proptest! {
        #[test]
        fn a_probe_is_read_as_it_was_written(probe in probes(), signature: u16, behind: Vec<u8>) {
            let bytes = [&written(&probe, signature)[..], &behind].concat();
            prop_assert_eq!(Probe::read(&bytes, signature), Ok(probe));
            prop_assert_eq!(Probe::read(&bytes, !signature), Err(NotAProbe::Foreign));
        }

        #[test]
        fn the_probe_of_the_next_number_follows(probe in probes(), signature: u16, steps: u16) {
            let mut words = probe.words(signature);
            let steps = steps.min(words.followers());
            (0..steps).for_each(|_| words = words.following());
            let sequence = probe.sequence + u32::from(steps);
            prop_assert_eq!(words, Probe { sequence, ..probe }.words(signature));
        }

        #[test]
        fn a_number_is_worth_the_sum_of_its_words(number: u64, zeros in 0u32..64) {
            let number = number >> zeros;
            prop_assert_eq!(folded(number), Sum::new().bytes(&number.to_be_bytes()).folded());
        }

        #[test]
        fn a_probe_changes_no_checksum_over_it(probe in probes(), signature: u16, around: Vec<u16>) {
            let around: Vec<u8> = around.iter().flat_map(|word| word.to_be_bytes()).collect();
            let with = [&around[..], &written(&probe, signature)].concat();
            let (without, with) = (Sum::new().bytes(&around).folded(), Sum::new().bytes(&with).folded());
            prop_assert_eq!(u32::from(without) % 0xffff, u32::from(with) % 0xffff);
        }

        #[test]
        fn a_flipped_bit_never_passes(probe in probes(), signature: u16, bit in 0usize..PROBE_BYTES * 8) {
            let mut bytes = written(&probe, signature);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 16 { NotAProbe::Foreign } else { NotAProbe::Corrupt };
            prop_assert_eq!(Probe::read(&bytes, signature), Err(expected));
        }

        #[test]
        fn a_lateness_keeps_three_digits(late in 0u64..1 << 42) {
            let kept = Probe::new(0, 0, 0, late.min(LATEST)).late();
            prop_assert!(kept.abs_diff(late) <= late / 1024, "{} for {}", kept, late);
        }

        #[test]
        fn a_cut_probe_is_foreign(probe in probes(), len in 0..PROBE_BYTES) {
            prop_assert_eq!(Probe::read(&written(&probe, 1)[..len], 1), Err(NotAProbe::Foreign));
        }
    }
}
