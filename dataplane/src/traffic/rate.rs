//! How fast to send, as it is typed and printed: `10M`, `1.5k`, `flat-out`.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// A sending rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// So many packets a second.
    Pps(NonZeroU64),
    /// As fast as the port takes them.
    FlatOut,
}

/// Why a text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Neither a number with a unit nor `flat-out`.
    #[error(
        "{0:?} is not a rate: write packets a second, as in 1000, 1.5k, 10M or 1G, or flat-out"
    )]
    Malformed(String),
    /// The number has a fraction of a packet.
    #[error(
        "the rate {0:?} is not a whole number of packets a second: leave out the last decimals"
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

const FLAT_OUT: &str = "flat-out";

/// Units and the number of zeros each stands for, the largest first.
const UNITS: [(char, u32); 3] = [('G', 9), ('M', 6), ('k', 3)];

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == FLAT_OUT {
            return Ok(Self::FlatOut);
        }
        let unit = UNITS.iter().find(|(unit, _)| {
            text.ends_with([unit.to_ascii_lowercase(), unit.to_ascii_uppercase()])
        });
        let (number, zeros) = match unit {
            Some((_, zeros)) => (&text[..text.len() - 1], *zeros),
            None => (text, 0),
        };
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
        if !digits(whole) || !digits(decimals) {
            return Err(RateError::Malformed(text.to_owned()));
        }
        let decimals = decimals.trim_end_matches('0');
        let zeros = zeros
            .checked_sub(u32::try_from(decimals.len()).unwrap_or(u32::MAX))
            .ok_or_else(|| RateError::Fraction(text.to_owned()))?;
        let pps = format!("{whole}{decimals}")
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(10u64.pow(zeros)))
            .ok_or_else(|| RateError::TooLarge(text.to_owned()))?;
        NonZeroU64::new(pps).map(Self::Pps).ok_or_else(|| RateError::Zero(text.to_owned()))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Pps(pps) = self else { return f.pad(FLAT_OUT) };
        let text = match UNITS.iter().find(|(_, zeros)| pps.get() >= 10u64.pow(*zeros)) {
            None => pps.to_string(),
            Some((unit, zeros)) => {
                let one = 10u64.pow(*zeros);
                let decimals = format!("{:0width$}", pps.get() % one, width = *zeros as usize);
                let number = format!("{}.{decimals}", pps.get() / one);
                format!("{}{unit}", number.trim_end_matches('0').trim_end_matches('.'))
            }
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pps(number: u64) -> Rate {
        Rate::Pps(NonZeroU64::new(number).unwrap())
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
            ("flat-out", Rate::FlatOut),
        ] {
            assert_eq!(text.parse(), Ok(rate), "{text}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_with_its_reason() {
        type Reason = fn(String) -> RateError;
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
            (Rate::FlatOut, "flat-out"),
        ] {
            assert_eq!(rate.to_string(), text);
        }
        assert_eq!(format!("{:>6}|{:<9}|", pps(1500), Rate::FlatOut), "  1.5k|flat-out |");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(bits in 0u32..64, number: u64) {
            let rate = pps((number >> bits).max(1));
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC*") {
            if let Ok(rate) = text.parse::<Rate>() {
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            }
        }
    }
}
