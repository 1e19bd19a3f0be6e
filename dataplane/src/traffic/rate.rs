//! How fast to send, as it is typed and printed: `10M`, `1Gbit/s L1`, `40% of 10Gbit/s`, `flat-out`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// A sending rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub enum Rate {
    /// So many packets a second.
    Pps(NonZeroU64),
    /// So many bits a second of a link: frames with their check sequence, preambles and gaps.
    L1(NonZeroU64),
    /// So many bits a second of frames with their check sequence.
    L2(NonZeroU64),
    /// A share of a line's bits a second.
    Share(Share),
    /// As fast as the port takes them.
    FlatOut,
}

/// A share of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Millionths: 10000 are a percent.
    pub ppm: NonZeroU64,
    /// The line's bits a second.
    pub line: NonZeroU64,
}

/// Why a text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Neither a number with a unit nor `flat-out`.
    #[error(
        "{0:?} is not a rate: write packets a second, as in 1000, 1.5k, 10M or 1G, bits a second, as in 1Gbit/s L1 \
         (with preambles and gaps) or 1Gbit/s L2, a share, as in 40% of 10Gbit/s, or flat-out"
    )]
    Malformed(String),
    /// The number has a fraction of a packet.
    #[error(
        "the rate {0:?} is not a whole number of packets or bits a second (or of ten-thousandths of a percent): \
         leave out the last decimals"
    )]
    Fraction(String),
    /// Nothing would ever be sent.
    #[error("a rate of {0:?} sends nothing: write 1 or more packets a second, or flat-out")]
    Zero(String),
    /// The number does not fit into 64 bits.
    #[error(
        "the rate {0:?} is beyond any link: write flat-out to send as fast as the port takes packets"
    )]
    TooLarge(String),
}

/// How many packets of a stream come to how many bytes: the sizes of one round, where they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Packets.
    pub packets: u32,
    /// Bytes of their frames, the check sequences included.
    pub bytes: u32,
}

const FLAT_OUT: &str = "flat-out";
/// Bits a second, as they are printed and as they may be typed.
const BITS: [&str; 2] = ["bit/s", "bps"];
/// Preamble, start of frame and the gap between frames (IEEE 802.3 §4.4.2).
pub const LINE_OVERHEAD_BYTES: u64 = 20;
/// Millionths of a percent.
const PERCENT_ZEROS: u32 = 4;

/// Units and the number of zeros each stands for, the largest first.
const UNITS: [(char, u32); 3] = [('G', 9), ('M', 6), ('k', 3)];

impl Rate {
    /// The packets a second, as a fraction; `None` flat out.
    ///
    /// The second number is never zero.
    pub fn pps(&self, volume: Volume) -> Option<(u128, u128)> {
        let frames = |bps: u128, overhead: u64| {
            let bytes = u64::from(volume.bytes) + overhead * u64::from(volume.packets);
            (bps * u128::from(volume.packets), u128::from(bytes.max(1)) * 8)
        };
        match self {
            Self::Pps(pps) => Some((pps.get().into(), 1)),
            Self::L1(bps) => Some(frames(bps.get().into(), LINE_OVERHEAD_BYTES)),
            Self::L2(bps) => Some(frames(bps.get().into(), 0)),
            Self::Share(Share { ppm, line }) => {
                let (packets, seconds) = frames(line.get().into(), LINE_OVERHEAD_BYTES);
                Some((packets * u128::from(ppm.get()), seconds * 1_000_000))
            }
            Self::FlatOut => None,
        }
    }

    /// The bits a second on a line, preambles and gaps included; `None` flat out.
    pub fn l1_bps(&self, volume: Volume) -> Option<f64> {
        let (packets, seconds) = self.pps(volume)?;
        let line = u64::from(volume.bytes) + LINE_OVERHEAD_BYTES * u64::from(volume.packets);
        let bits = 8.0 * line as f64 / f64::from(volume.packets.max(1));
        Some(packets as f64 / seconds as f64 * bits)
    }
}

/// Makes of a text the error that says what is wrong with it.
type Reason = fn(String) -> RateError;

/// Reads a number with decimals and a unit, times ten to the `zeros`.
fn number(text: &str, zeros: u32) -> Result<NonZeroU64, Reason> {
    let unit = UNITS
        .iter()
        .find(|(unit, _)| text.ends_with([unit.to_ascii_lowercase(), unit.to_ascii_uppercase()]));
    let (number, zeros) = match unit {
        Some((_, more)) => (&text[..text.len() - 1], zeros + more),
        None => (text, zeros),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    if !digits(whole) || !digits(decimals) {
        return Err(RateError::Malformed);
    }
    let decimals = decimals.trim_end_matches('0');
    let zeros = zeros
        .checked_sub(u32::try_from(decimals.len()).unwrap_or(u32::MAX))
        .ok_or(RateError::Fraction as Reason)?;
    let number = format!("{whole}{decimals}")
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(10u64.pow(zeros)))
        .ok_or(RateError::TooLarge as Reason)?;
    NonZeroU64::new(number).ok_or(RateError::Zero)
}

/// A number of bits a second.
fn bits(text: &str) -> Result<NonZeroU64, Reason> {
    let number_of = BITS.iter().find_map(|unit| text.strip_suffix(unit));
    let text = number_of.ok_or(RateError::Malformed as Reason)?;
    number(text.trim_end(), 0)
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rate = if text == FLAT_OUT {
            Ok(Self::FlatOut)
        } else if let Some(text) = text.strip_suffix(" L1") {
            bits(text).map(Self::L1)
        } else if let Some(text) = text.strip_suffix(" L2") {
            bits(text).map(Self::L2)
        } else if let Some((percent, line)) = text.split_once("% of ") {
            number(percent, PERCENT_ZEROS)
                .and_then(|ppm| bits(line).map(|line| Self::Share(Share { ppm, line })))
        } else {
            number(text.strip_suffix("pps").unwrap_or(text), 0).map(Self::Pps)
        };
        rate.map_err(|reason| reason(text.to_owned()))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = BITS[0];
        f.pad(&match self {
            Self::FlatOut => FLAT_OUT.to_owned(),
            Self::Pps(pps) => short(pps.get()),
            Self::L1(bps) => format!("{}{bits} L1", short(bps.get())),
            Self::L2(bps) => format!("{}{bits} L2", short(bps.get())),
            Self::Share(Share { ppm, line }) => {
                format!("{}% of {}{bits}", decimal(ppm.get(), PERCENT_ZEROS), short(line.get()))
            }
        })
    }
}

/// A number with the largest unit that leaves something before the point.
fn short(number: u64) -> String {
    match UNITS.iter().find(|(_, zeros)| number >= 10u64.pow(*zeros)) {
        None => number.to_string(),
        Some((unit, zeros)) => format!("{}{unit}", decimal(number, *zeros)),
    }
}

/// A number divided by ten to the `zeros`, exactly.
fn decimal(number: u64, zeros: u32) -> String {
    let one = 10u64.pow(zeros);
    let text = format!("{}.{:0width$}", number / one, number % one, width = zeros as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl TryFrom<String> for Rate {
    type Error = RateError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pps(number: u64) -> Rate {
        Rate::Pps(NonZeroU64::new(number).unwrap())
    }

    fn share(ppm: u64, line: u64) -> Rate {
        let (ppm, line) = (NonZeroU64::new(ppm).unwrap(), NonZeroU64::new(line).unwrap());
        Rate::Share(Share { ppm, line })
    }

    #[test]
    fn bits_become_packets_with_what_a_link_adds() {
        let smallest = Volume { packets: 1, bytes: 64 };
        for (rate, volume, expected) in [
            ("14880952", smallest, 14_880_952),
            ("10Gbit/s L1", smallest, 14_880_952),
            ("100% of 10Gbit/s", smallest, 14_880_952),
            ("1% of 10Gbit/s", smallest, 148_809),
            ("512Mbit/s L2", smallest, 1_000_000),
            // 64 and 192 bytes in turn: 128 on average, and 148 on the line.
            ("1184Mbit/s L1", Volume { packets: 2, bytes: 256 }, 1_000_000),
        ] {
            let (packets, seconds) = rate.parse::<Rate>().unwrap().pps(volume).unwrap();
            assert_eq!(packets / seconds, expected, "{rate}");
        }
        assert_eq!(Rate::FlatOut.pps(smallest), None);
    }

    #[test]
    fn rates_are_read_as_people_type_them() {
        for (text, rate) in [
            ("1", pps(1)),
            ("1000", pps(1000)),
            ("1.5k", pps(1500)),
            ("1.5K", pps(1500)),
            ("10M", pps(10_000_000)),
            ("14.88m", pps(14_880_000)),
            ("2.000000001G", pps(2_000_000_001)),
            ("0.5k", pps(500)),
            ("7.0", pps(7)),
            ("10Mpps", pps(10_000_000)),
            ("2.5Gbit/s L1", Rate::L1(NonZeroU64::new(2_500_000_000).unwrap())),
            ("100 bps L2", Rate::L2(NonZeroU64::new(100).unwrap())),
            ("0.5% of 10Gbps", share(5_000, 10_000_000_000)),
            ("flat-out", Rate::FlatOut),
        ] {
            assert_eq!(text.parse(), Ok(rate), "{text}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", RateError::Malformed as Reason),
            ("k", RateError::Malformed),
            ("fast", RateError::Malformed),
            ("-1", RateError::Malformed),
            ("+1", RateError::Malformed),
            ("1.k", RateError::Malformed),
            (".5k", RateError::Malformed),
            ("1e6", RateError::Malformed),
            ("10 M", RateError::Malformed),
            ("1µ", RateError::Malformed),
            ("0.5", RateError::Fraction),
            ("1.2345k", RateError::Fraction),
            ("0", RateError::Zero),
            ("0.0M", RateError::Zero),
            ("18446744074G", RateError::TooLarge),
            ("99999999999999999999", RateError::TooLarge),
            ("1G L1", RateError::Malformed),
            ("1Gbit/s", RateError::Malformed),
            ("40%", RateError::Malformed),
            ("40% of 10G", RateError::Malformed),
            ("0.00001% of 10Gbit/s", RateError::Fraction),
            ("0% of 10Gbit/s", RateError::Zero),
            ("1.5bit/s L2", RateError::Fraction),
        ] {
            assert_eq!(text.parse::<Rate>(), Err(reason(text.to_owned())));
        }
    }

    #[test]
    fn rates_are_printed_short() {
        for (rate, text) in [
            (pps(999), "999"),
            (pps(1500), "1.5k"),
            (pps(10_000_000), "10M"),
            (pps(1_234_567), "1.234567M"),
            (pps(1_000_000_001), "1.000000001G"),
            (Rate::L1(NonZeroU64::new(1_500_000).unwrap()), "1.5Mbit/s L1"),
            (Rate::L2(NonZeroU64::new(999).unwrap()), "999bit/s L2"),
            (share(123_456, 10_000_000_000), "12.3456% of 10Gbit/s"),
            (Rate::FlatOut, "flat-out"),
        ] {
            assert_eq!(rate.to_string(), text);
        }
        assert_eq!(format!("{:>6}|{:<9}|", pps(1500), Rate::FlatOut), "  1.5k|flat-out |");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(bits in 0u32..64, number: u64) {
            let number = (number >> bits).max(1);
            let bits = NonZeroU64::new(number).unwrap();
            for rate in [pps(number), Rate::L1(bits), Rate::L2(bits), share(number, number)] {
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            }
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC*") {
            if let Ok(rate) = text.parse::<Rate>() {
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            }
        }
    }
}
