//! Which packets a rule is for: values and masks over the key.

use super::super::key::{Field, Key};

/// Which packets a rule is for. Bits that the mask does not have are zero in the value too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Match {
    pub(in super::super) value: Key,
    pub(in super::super) mask: Key,
}

impl Match {
    /// Whether a packet of this key is meant.
    pub(in super::super) fn covers(&self, key: &Key) -> bool {
        key.masked(&self.mask) == self.value
    }

    /// Whether every packet that `self` is for is one that `other` is for too.
    pub(in super::super) fn is_within(&self, other: &Self) -> bool {
        self.mask.masked(&other.mask) == other.mask && other.covers(&self.value)
    }

    /// Asks for a value in the bits of `mask` of a field; `false` if something else was asked for in the same field.
    pub(super) fn ask(&mut self, field: Field, value: u128, mask: u128) -> bool {
        let (old_value, old_mask) = (self.value.get(field), self.mask.get(field));
        let both = old_mask & mask;
        if (old_value ^ value) & both != 0 {
            return false;
        }
        self.value.put(field, value & mask);
        self.mask.put(field, mask);
        true
    }

    /// A field's value and mask; `None` if nothing is asked of it.
    pub(super) fn asked(&self, field: Field) -> Option<(u128, u128)> {
        let mask = self.mask.get(field);
        (mask != 0).then(|| (self.value.get(field), mask))
    }

    /// A field's value where all of it is asked for.
    pub(super) fn exact(&self, field: Field) -> Option<u128> {
        self.asked(field).filter(|(_, mask)| *mask == field.ones()).map(|(value, _)| value)
    }
}
