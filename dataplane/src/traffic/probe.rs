//! The probe: the 18 bytes by which a packet is known when it comes back.
//!
//! ```text
//! 0       2       4        6          10                      18
//! ├─magic─┼─check─┼─stream─┼─sequence─┼─departure, TSC cycles─┤    big-endian
//! ```
//!
//! Eighteen bytes are what the smallest Ethernet frame leaves after Ethernet, IPv4 and UDP headers. The order is the
//! network's, so that a capture reads the same on any machine.
//!
//! The check is the 14 bytes behind it, as one number, modulo 65521. That is the largest prime below 2^16: a flipped
//! bit always shows, and of other damage all but one case in 65521.

/// The size of a probe.
pub const PROBE_BYTES: usize = 18;

/// "PW": tells probes from other payloads.
const MAGIC: u16 = 0x5057;

const PRIME: u64 = 65521;
/// What 2^64, the weight of the fields before the departure, leaves modulo [`PRIME`].
const DEPARTURE_WEIGHT: u64 = ((1 << 64) % PRIME as u128) as u64;

/// What a packet carries through the device under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The stream that the packet belongs to.
    pub stream: u16,
    /// The low 32 bits of its sequence number.
    pub sequence: u32,
    /// When it was sent, in TSC cycles.
    pub departure_tsc: u64,
}

/// Why bytes are not a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAProbe {
    /// They never were one: too few, or another magic.
    Foreign,
    /// They were one, but changed on the way.
    Corrupt,
}

impl Probe {
    /// The probe as it travels.
    #[inline]
    pub fn to_bytes(&self) -> [u8; PROBE_BYTES] {
        let mut bytes = [0; PROBE_BYTES];
        bytes[0..2].copy_from_slice(&MAGIC.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.check().to_be_bytes());
        bytes[4..6].copy_from_slice(&self.stream.to_be_bytes());
        bytes[6..10].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[10..18].copy_from_slice(&self.departure_tsc.to_be_bytes());
        bytes
    }

    /// Reads a probe from the beginning of `bytes`.
    ///
    /// # Errors
    /// [`NotAProbe`] says whether the packet is somebody else's or a damaged one of ours.
    #[inline]
    pub fn read(bytes: &[u8]) -> Result<Self, NotAProbe> {
        let Some(&[m0, m1, c0, c1, t0, t1, s0, s1, s2, s3, ref departure @ ..]) =
            bytes.first_chunk::<PROBE_BYTES>()
        else {
            return Err(NotAProbe::Foreign);
        };
        if u16::from_be_bytes([m0, m1]) != MAGIC {
            return Err(NotAProbe::Foreign);
        }
        let probe = Self {
            stream: u16::from_be_bytes([t0, t1]),
            sequence: u32::from_be_bytes([s0, s1, s2, s3]),
            departure_tsc: u64::from_be_bytes(*departure),
        };
        if probe.check() == u16::from_be_bytes([c0, c1]) {
            Ok(probe)
        } else {
            Err(NotAProbe::Corrupt)
        }
    }

    fn check(&self) -> u16 {
        let number = u64::from(self.stream) << 32 | u64::from(self.sequence);
        ((number % PRIME * DEPARTURE_WEIGHT + self.departure_tsc % PRIME) % PRIME) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn probes()(stream: u16, sequence: u32, departure_tsc: u64) -> Probe {
            Probe { stream, sequence, departure_tsc }
        }
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let probe =
            Probe { stream: 0x0102, sequence: 0x0304_0506, departure_tsc: 0x0708_090a_0b0c_0d0e };
        let number = 0x0102_0304_0506_0708_090a_0b0c_0d0e_u128;
        let [high, low] = ((number % 65521) as u16).to_be_bytes();
        assert_eq!(
            probe.to_bytes(),
            [b'P', b'W', high, low, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
        );
    }

    #[test]
    fn the_modulus_is_the_prime_that_is_documented() {
        let is_prime = |n: u64| (2..n).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
        assert_eq!((0..1 << 16).rev().find(|n| is_prime(*n)), Some(PRIME));
    }

    proptest! {
        #[test]
        fn a_probe_is_read_as_it_was_written(probe in probes(), behind: Vec<u8>) {
            prop_assert_eq!(Probe::read(&[&probe.to_bytes()[..], &behind].concat()), Ok(probe));
        }

        #[test]
        fn a_flipped_bit_never_passes(probe in probes(), bit in 0usize..PROBE_BYTES * 8) {
            let mut bytes = probe.to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 16 { NotAProbe::Foreign } else { NotAProbe::Corrupt };
            prop_assert_eq!(Probe::read(&bytes), Err(expected));
        }

        #[test]
        fn a_cut_probe_is_foreign(probe in probes(), len in 0..PROBE_BYTES) {
            prop_assert_eq!(Probe::read(&probe.to_bytes()[..len]), Err(NotAProbe::Foreign));
        }
    }
}
