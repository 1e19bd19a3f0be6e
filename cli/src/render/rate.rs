//! Rates as people read them.

/// A rate of packets in the unit that suits it: `1.5 Mpps`.
pub(crate) fn packets_a_second(pps: f64) -> String {
    with_prefix(pps, "pps")
}

/// A rate of bits in the unit that suits it: `9.87 Gb/s`.
pub(crate) fn bits_a_second(bps: f64) -> String {
    with_prefix(bps, "b/s")
}

fn with_prefix(rate: f64, unit: &str) -> String {
    let units = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    let (one, prefix) = units.into_iter().find(|(one, _)| rate >= *one).unwrap_or((1.0, ""));
    // Four digits are more than any of these is known to.
    let decimals = match rate / one {
        100.0.. => 1,
        10.0.. => 2,
        _ => 3,
    };
    let text = format!("{:.decimals$}", rate / one);
    let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {prefix}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_units_that_suit_them() {
        let rates = [0.0, 10.0, 999.0, 14_880_952.0, 1e9].map(packets_a_second);
        assert_eq!(rates, ["0 pps", "10 pps", "999 pps", "14.88 Mpps", "1 Gpps"]);
    }
}
