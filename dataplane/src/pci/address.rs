//! Where a PCI device is.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Domain, bus, device and function of a PCI device, in the order of the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PciAddress {
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

/// Why a text is no PCI address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no PCI address; write it as in 0000:01:00.0 (lspci -D lists them)")]
pub struct PciAddressError(pub String);

impl FromStr for PciAddress {
    type Err = PciAddressError;

    /// Reads an address with or without its domain, in large or small letters.
    fn from_str(text: &str) -> Result<Self, PciAddressError> {
        Self::parse(text).ok_or_else(|| PciAddressError(text.to_owned()))
    }
}

impl PciAddress {
    fn parse(text: &str) -> Option<Self> {
        let hex = |digits: &str, length: RangeInclusive<usize>| {
            let fits =
                length.contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit());
            fits.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
        };
        let (rest, function) = text.rsplit_once('.')?;
        let (rest, device) = rest.rsplit_once(':')?;
        let (domain, bus) = rest.split_once(':').unwrap_or(("0000", rest));
        let (domain, bus) = (hex(domain, 4..=8)?, hex(bus, 2..=2)?);
        let (device, function) = (hex(device, 2..=2)?, hex(function, 1..=1)?);
        (device < 32 && function < 8).then_some(Self {
            domain,
            bus: u8::try_from(bus).ok()?,
            device: u8::try_from(device).ok()?,
            function: u8::try_from(function).ok()?,
        })
    }
}

/// The address in full and in small letters, as sysfs and DPDK write it.
impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { domain, bus, device, function } = self;
        write!(f, "{domain:04x}:{bus:02x}:{device:02x}.{function}")
    }
}

impl From<PciAddress> for String {
    fn from(address: PciAddress) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for PciAddress {
    type Error = PciAddressError;

    fn try_from(text: String) -> Result<Self, PciAddressError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_domain_may_be_left_out() {
        let in_full = |text: &str| text.parse::<PciAddress>().map(|address| address.to_string());
        assert_eq!(in_full("01:00.0").as_deref(), Ok("0000:01:00.0"));
        assert_eq!(in_full("0001:AF:1F.7").as_deref(), Ok("0001:af:1f.7"));
        assert_eq!(in_full("10000:00:02.1").as_deref(), Ok("10000:00:02.1"));
        for text in ["", "01:20.0", "01:00.8", "1:00.0", "0000:01:00", "+1:00.0", "01:00.0 "] {
            assert_eq!(in_full(text), Err(PciAddressError(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(domain: u32, bus: u8, device in 0u8..32, function in 0u8..8) {
            let address = PciAddress { domain, bus, device, function };
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,16}") {
            if let Ok(address) = text.parse::<PciAddress>() {
                prop_assert!(address.to_string().ends_with(&text.to_lowercase()));
            }
        }
    }
}
