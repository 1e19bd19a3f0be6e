//! A range of values: Pktgen's start, least, greatest and increment.

use super::command::{Bound, RangeValue};
use dataplane::traffic::spec::{Counted, Field};

/// The most values of a range that starts elsewhere than at its least: these are written out one by one.
const MOST_LISTED: u64 = 65_536;

/// The values of a field from packet to packet: from `start` in steps of `inc` to `max`, then from `min` again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: RangeValue,
    pub(crate) min: RangeValue,
    pub(crate) max: RangeValue,
    pub(crate) inc: RangeValue,
}

/// Why a range has no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RangeError {
    /// The bounds contradict each other.
    #[error(
        "a range of {name} starts at {start}, outside {min} to {max}: give start a value between min and max"
    )]
    Outside { name: &'static str, start: String, min: String, max: String },
    /// Too many to write out.
    #[error(
        "a range of {name} that starts elsewhere than at its min can have {MOST_LISTED} values, not {values}: set start to \
         min, or make it smaller"
    )]
    TooMany { name: &'static str, values: u64 },
}

impl Range {
    /// The range of one value.
    pub(crate) fn only(value: RangeValue) -> Self {
        Self { start: value, min: value, max: value, inc: 0 }
    }

    /// Changes a bound. One that pushes another with it keeps the range sound while it is typed line by line.
    pub(crate) fn set(&mut self, bound: Bound, value: RangeValue) {
        match bound {
            Bound::Start => self.start = value,
            Bound::Min => self.min = value,
            Bound::Max => self.max = value,
            Bound::Inc => self.inc = value,
        }
        match bound {
            Bound::Start => {
                self.min = self.min.min(value);
                self.max = self.max.max(value);
            }
            Bound::Min => {
                self.start = self.start.max(value);
                self.max = self.max.max(value);
            }
            Bound::Max => {
                self.start = self.start.min(value);
                self.min = self.min.min(value);
            }
            Bound::Inc => {}
        }
    }

    /// The field of these values; `of` makes a value of a number, and `name` is the field's in an error.
    pub(crate) fn field<T: std::fmt::Display>(
        self,
        name: &'static str,
        of: impl Fn(RangeValue) -> T,
    ) -> Result<Field<T>, RangeError> {
        let Self { start, min, max, inc } = self;
        if !(min..=max).contains(&start) {
            let [start, min, max] = [start, min, max].map(|value| of(value).to_string());
            return Err(RangeError::Outside { name, start, min, max });
        }
        let step = i64::try_from(inc).unwrap_or(i64::MAX);
        if inc == 0 || min == max {
            return Ok(Field::Fixed(of(start)));
        }
        let values = (max - min) / inc + 1;
        if start == min {
            let from = of(min);
            return Ok(Field::Counted(Counted { from, step, count: values, every: 1, mask: None }));
        }
        if values > MOST_LISTED {
            return Err(RangeError::TooMany { name, values });
        }
        let up =
            |from: RangeValue| (from..=max).step_by(usize::try_from(inc).unwrap_or(usize::MAX));
        let below = up(min).take_while(|value| *value < start);
        Ok(Field::Listed(up(start).chain(below).map(of).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, min: u64, max: u64, inc: u64) -> Range {
        Range { start, min, max, inc }
    }

    #[test]
    fn a_range_from_its_least_value_is_counted() {
        let counted = Counted { from: 10, step: 5, count: 3, every: 1, mask: None };
        assert_eq!(range(10, 10, 20, 5).field("x", |v| v), Ok(Field::Counted(counted)));
        assert_eq!(range(7, 0, 9, 0).field("x", |v| v), Ok(Field::Fixed(7)));
    }

    #[test]
    fn a_range_from_elsewhere_begins_there_and_comes_round() {
        let listed = Field::Listed(vec![3, 4, 1, 2]);
        assert_eq!(range(3, 1, 4, 1).field("x", |v| v), Ok(listed));
        let error = range(5, 0, 1 << 20, 1).field("x", |v| v).unwrap_err();
        assert!(error.to_string().contains("not 1048577"), "{error}");
        let error = range(9, 0, 8, 1).field("x", |v| v).unwrap_err();
        assert!(error.to_string().contains("starts at 9, outside 0 to 8"), "{error}");
    }

    #[test]
    fn bounds_that_are_typed_one_by_one_stay_sound() {
        let mut range = Range::only(1234);
        range.set(Bound::Max, 2000);
        range.set(Bound::Min, 1500);
        range.set(Bound::Inc, 10);
        assert_eq!(range, super::Range { start: 1500, min: 1500, max: 2000, inc: 10 });
    }
}
