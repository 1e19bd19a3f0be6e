//! Times as people read them.

/// A time in the unit that suits it.
pub(crate) fn nanoseconds(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{:.2} µs", ns as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", ns as f64 / 1e6),
        _ => format!("{:.2} s", ns as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_that_suit_them() {
        let times = [0, 999, 1_000, 15_340, 2_500_000, 3_000_000_000].map(nanoseconds);
        assert_eq!(times, ["0 ns", "999 ns", "1.00 µs", "15.34 µs", "2.50 ms", "3.00 s"]);
    }
}
