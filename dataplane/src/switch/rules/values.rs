//! Values of fields and actions: numbers, addresses, and both with masks.

use super::RuleError;
use crate::wire::ethernet::MacAddr;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A word and its value, for what is said where it is wrong.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) field: &'a str,
    pub(super) value: &'a str,
}

impl Given<'_> {
    /// The value is not possible.
    pub(super) fn bad(&self, expected: impl Into<String>) -> RuleError {
        let (field, value) = (self.field.to_owned(), self.value.to_owned());
        RuleError::BadValue { field, value, expected: expected.into() }
    }

    /// A number up to `most`, decimal or with 0x in front.
    pub(super) fn number(&self, most: u64) -> Result<u64, RuleError> {
        number(self.value)
            .filter(|number| *number <= most)
            .ok_or_else(|| self.bad(format!("give a number from 0 to {most}")))
    }

    /// A number that fits into `T`.
    pub(super) fn as_number<T: TryFrom<u64>>(&self, most: u64) -> Result<T, RuleError> {
        let number = self.number(most)?;
        T::try_from(number).map_err(|_| self.bad(format!("give a number from 0 to {most}")))
    }

    /// A MAC address.
    pub(super) fn mac(&self) -> Result<MacAddr, RuleError> {
        self.value.parse().map_err(|_| self.bad("give an address as 02:00:00:00:00:01"))
    }

    /// An IPv4 address.
    pub(super) fn ipv4(&self) -> Result<Ipv4Addr, RuleError> {
        self.value.parse().map_err(|_| self.bad("give an address as 10.0.0.1"))
    }

    /// A number of `ones`, perhaps with a mask behind a slash.
    pub(super) fn masked_number(&self, ones: u128) -> Result<(u128, u128), RuleError> {
        let most = ones as u64;
        let (value, mask) = self.split();
        Ok((
            value.number(most)?.into(),
            mask.map_or(Ok(ones), |mask| mask.number(most).map(u128::from))?,
        ))
    }

    /// A MAC address, perhaps with a mask.
    pub(super) fn masked_mac(&self) -> Result<(u128, u128), RuleError> {
        let (value, mask) = self.split();
        let bits = |given: Given<'_>| given.mac().map(|mac| u128::from(mac.to_bits()));
        Ok((bits(value)?, mask.map_or(Ok((1 << 48) - 1), bits)?))
    }

    /// An IPv4 address, perhaps with a mask or the length of a prefix.
    pub(super) fn masked_ipv4(&self) -> Result<(u128, u128), RuleError> {
        let (value, mask) = self.split();
        let address = |given: Given<'_>| given.ipv4().map(|ip| u128::from(ip.to_bits()));
        let mask = match mask {
            None => u128::from(u32::MAX),
            Some(mask) if mask.value.contains('.') => address(mask)?,
            Some(length) => prefix(length.number(32)?, 32),
        };
        Ok((address(value)?, mask))
    }

    /// An IPv6 address, perhaps with a mask or the length of a prefix.
    pub(super) fn masked_ipv6(&self) -> Result<(u128, u128), RuleError> {
        let (value, mask) = self.split();
        let address = |given: Given<'_>| {
            let parsed = given.value.parse::<Ipv6Addr>().map(Ipv6Addr::to_bits);
            parsed.map_err(|_| given.bad("give an address as 2001:db8::1"))
        };
        let mask = match mask {
            None => u128::MAX,
            Some(mask) if mask.value.contains(':') => address(mask)?,
            Some(length) => prefix(length.number(128)?, 128),
        };
        Ok((address(value)?, mask))
    }

    /// What stands before a slash, and what behind it.
    fn split(&self) -> (Self, Option<Self>) {
        let part = |value| Given { field: self.field, value };
        match self.value.split_once('/') {
            Some((value, mask)) => (Self { ..part(value) }, Some(part(mask))),
            None => (*self, None),
        }
    }
}

/// A number, decimal or with 0x in front. A sign is none, which `from_str_radix` alone would take.
pub(super) fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// The mask of a prefix of `length` of `bits`.
fn prefix(length: u64, bits: u32) -> u128 {
    let ones = u128::MAX >> (128 - bits);
    let host = bits - length as u32;
    if host == 128 { 0 } else { ones & (u128::MAX << host) }
}
