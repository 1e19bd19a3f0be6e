//! The words that stand for placeholders, and what they mean.

use crate::command::PortSelection;
use crate::shell::help::Topic;
use dataplane::forward::{self, ModeEntry};
use dataplane::port::{PortId, QueueId};
use dataplane::wire::ethernet::MacAddr;
use std::net::IpAddr;

/// The most numbers that a list may have, so that a range cannot fill the memory.
const MOST_OF_A_LIST: u64 = 4096;

/// Ports by their numbers, or all that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortList {
    /// These.
    These(Vec<PortId>),
    /// Every port.
    All,
}

/// The words that stand for placeholders, in order. An optional one that was not typed is `None`, as is every one
/// after it.
pub(crate) struct Values<'a> {
    words: std::slice::Iter<'a, &'a str>,
}

impl<'a> Values<'a> {
    pub(super) fn new(words: &'a [&'a str]) -> Self {
        Self { words: words.iter() }
    }

    /// A word as it was typed: one of several, a file's name.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        self.words.next().copied()
    }

    /// The words to the end of the line.
    pub(crate) fn rest(&mut self) -> Vec<&'a str> {
        self.words.by_ref().copied().collect()
    }

    /// `on` or `off`.
    pub(crate) fn on(&mut self) -> Option<bool> {
        self.word().map(|word| word == "on")
    }

    pub(crate) fn port(&mut self) -> Option<PortId> {
        self.number().map(PortId)
    }

    pub(crate) fn ports(&mut self) -> Option<PortSelection> {
        ports(self.word()?)
    }

    pub(crate) fn port_list(&mut self) -> Option<PortList> {
        port_list(self.word()?)
    }

    pub(crate) fn queue(&mut self) -> Option<QueueId> {
        self.number().map(QueueId)
    }

    pub(crate) fn mode(&mut self) -> Option<&'static ModeEntry> {
        forward::mode(self.word()?)
    }

    pub(crate) fn topic(&mut self) -> Option<Topic> {
        self.word().map(Topic::of)
    }

    pub(crate) fn number<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(number(self.word()?)?).ok()
    }

    pub(crate) fn mac(&mut self) -> Option<MacAddr> {
        self.word()?.parse().ok()
    }

    pub(crate) fn ip(&mut self) -> Option<IpAddr> {
        self.word()?.parse().ok()
    }

    /// An IP address and the length of its prefix, if it has one.
    pub(crate) fn net(&mut self) -> Option<(IpAddr, Option<u8>)> {
        net(self.word()?)
    }

    pub(crate) fn list<T: TryFrom<u64>>(&mut self) -> Option<Vec<T>> {
        list(self.word()?)?.into_iter().map(|number| T::try_from(number).ok()).collect()
    }
}

/// A number as DPDK's command lines take it.
///
/// Source: `cmdline_parse_num.c`, `cmdline_parse_num`.
pub(crate) fn number(word: &str) -> Option<u64> {
    let lower = word.to_ascii_lowercase();
    let (digits, radix) = match (lower.strip_prefix("0x"), lower.strip_prefix("0b")) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) => (digits, 2),
        (None, None) if lower.len() > 1 && lower.starts_with('0') => (&lower[1..], 8),
        (None, None) => (&lower[..], 10),
    };
    // from_str_radix takes a sign, DPDK does not.
    let plain = digits.bytes().all(|digit| digit.is_ascii_alphanumeric());
    if plain { u64::from_str_radix(digits, radix).ok() } else { None }
}

/// A port's number, or `all`.
pub(super) fn ports(word: &str) -> Option<PortSelection> {
    match word {
        "all" => Some(PortSelection::All),
        word => Some(PortSelection::One(PortId(u16::try_from(number(word)?).ok()?))),
    }
}

/// Ports' numbers and ranges of them, or `all`.
pub(super) fn port_list(word: &str) -> Option<PortList> {
    if word == "all" {
        return Some(PortList::All);
    }
    let port = |number: u64| u16::try_from(number).ok().map(PortId);
    list(word)?.into_iter().map(port).collect::<Option<_>>().map(PortList::These)
}

/// An IP address, with or without `/` and the length of its prefix.
pub(super) fn net(word: &str) -> Option<(IpAddr, Option<u8>)> {
    let Some((address, prefix)) = word.split_once('/') else {
        return Some((word.parse().ok()?, None));
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = u8::try_from(number(prefix)?).ok().filter(|prefix| *prefix <= longest)?;
    Some((address, Some(prefix)))
}

/// Numbers and ranges separated by commas.
pub(super) fn list(word: &str) -> Option<Vec<u64>> {
    let mut numbers = Vec::new();
    for part in word.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        let room = MOST_OF_A_LIST - numbers.len() as u64;
        if last.checked_sub(first)? >= room {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dpdks() {
        for (word, value) in [
            ("0", Some(0)),
            ("010", Some(8)),
            ("0x1F", Some(31)),
            ("0b101", Some(5)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("+1", None),
            ("-1", None),
            ("0x", None),
            ("08", None),
            ("", None),
            ("1e3", None),
            ("\u{663}", None),
        ] {
            assert_eq!(number(word), value, "{word}");
        }
    }

    #[test]
    fn a_list_is_as_long_as_it_looks_and_no_longer_than_memory_allows() {
        assert_eq!(list("0,2-4,7"), Some(vec![0, 2, 3, 4, 7]));
        for wrong in ["", ",", "1,", "4-2", "0-18446744073709551615", "0-4095,1", "1--2"] {
            assert_eq!(list(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_list_of_ports_may_be_all_of_them() {
        assert_eq!(port_list("all"), Some(PortList::All));
        let ports = [0, 2, 3].map(PortId).to_vec();
        assert_eq!(port_list("0,2-3"), Some(PortList::These(ports)));
        assert_eq!(port_list("65536"), None);
    }

    #[test]
    fn a_prefix_is_no_longer_than_its_address() {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(net("192.0.2.1"), Some((address, None)));
        assert_eq!(net("192.0.2.1/32"), Some((address, Some(32))));
        assert!(net("2001:db8::1/128").is_some());
        for wrong in ["192.0.2.1/33", "192.0.2.1/", "192.0.2/24", "2001:db8::1/129", "/24"] {
            assert_eq!(net(wrong), None, "{wrong}");
        }
    }
}
