//! Which lcores send and receive on which port: Pktgen-DPDK's `-m` in its own notation.
//!
//! ```text
//! map   := item { "," item }              1.0, 2.1
//! item  := cores "." ports
//! cores := list | "[" list [ ":" list ] "]"    [1:2]: 1 receives, 2 sends; 1: it does both
//! ports := list | "[" list "]"
//! list  := range { "/" range }            1/4-5
//! range := number [ "-" number ]
//! ```

use crate::lcores::MAX_LCORES;
use dataplane::lcore::LcoreId;
use dataplane::port::PortId;
use std::collections::BTreeMap;
use std::str::FromStr;

/// The lcores of each port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CoreMap(pub(crate) BTreeMap<PortId, PortCores>);

/// The lcores of a port: a queue each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortCores {
    /// Those that poll its receive queues.
    pub(crate) receive: Vec<LcoreId>,
    /// Those that fill its transmit queues.
    pub(crate) transmit: Vec<LcoreId>,
}

/// Why a text is no map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "-m {text}: {why}; write LCORE.PORT, as in -m 1.0, or [RECEIVING:SENDING].PORT, as in -m [1:2].0"
)]
pub(crate) struct CoreMapError {
    text: String,
    why: String,
}

impl FromStr for CoreMap {
    type Err = CoreMapError;

    fn from_str(text: &str) -> Result<Self, CoreMapError> {
        let mut map = Self::default();
        for item in text.split(',') {
            item_into(item.trim(), &mut map)
                .map_err(|why| CoreMapError { text: text.to_owned(), why })?;
        }
        Ok(map)
    }
}

impl CoreMap {
    /// The lcores of a port, none if the map does not name it.
    pub(crate) fn of(&self, port: PortId) -> Option<&PortCores> {
        self.0.get(&port)
    }

    /// Every lcore that the map names.
    pub(crate) fn lcores(&self) -> impl Iterator<Item = LcoreId> {
        self.0.values().flat_map(|cores| cores.receive.iter().chain(&cores.transmit).copied())
    }
}

fn item_into(item: &str, map: &mut CoreMap) -> Result<(), String> {
    let (cores, ports) =
        item.split_once('.').ok_or_else(|| format!("`{item}` has no dot before its port"))?;
    let (receive, transmit) = match bracketed(cores)? {
        Some(inner) => match inner.split_once(':') {
            Some((receive, transmit)) => (list(receive)?, list(transmit)?),
            None => (list(inner)?, list(inner)?),
        },
        None => (list(cores)?, list(cores)?),
    };
    if let Some(high) = receive.iter().chain(&transmit).find(|id| **id as usize >= MAX_LCORES) {
        return Err(format!("lcore {high} is too high, this DPDK numbers lcores from 0 to 127"));
    }
    let lcores = |ids: &[u32]| ids.iter().copied().map(LcoreId).collect::<Vec<_>>();
    for port in list(bracketed(ports)?.unwrap_or(ports))? {
        let port = u16::try_from(port).map_err(|_| format!("there is no port {port}"))?;
        let cores = map.0.entry(PortId(port)).or_default();
        for (mine, more) in
            [(&mut cores.receive, lcores(&receive)), (&mut cores.transmit, lcores(&transmit))]
        {
            if let Some(twice) = more.iter().find(|lcore| mine.contains(lcore)) {
                return Err(format!("lcore {twice} is named twice for port {port}"));
            }
            mine.extend(more);
        }
    }
    Ok(())
}

/// What stands in brackets; `None` if there are none.
fn bracketed(text: &str) -> Result<Option<&str>, String> {
    match text.strip_prefix('[') {
        None => Ok(None),
        Some(rest) => match rest.strip_suffix(']') {
            Some(inner) => Ok(Some(inner)),
            None => Err(format!("`{text}` has no closing bracket")),
        },
    }
}

fn list(text: &str) -> Result<Vec<u32>, String> {
    let number = |text: &str| {
        let digits = text.trim();
        let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let number = plain.then(|| digits.parse::<u32>().ok()).flatten();
        // No list is longer than the ports that there can be.
        number
            .filter(|number| *number <= u32::from(u16::MAX))
            .ok_or_else(|| format!("`{digits}` is no number of an lcore or a port"))
    };
    let mut numbers = Vec::new();
    for range in text.split('/') {
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(range)?, number(range)?),
        };
        if first > last {
            return Err(format!("`{range}` runs backwards"));
        }
        numbers.extend(first..=last);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Port, receiving lcores and sending lcores.
    type Written = (u16, Vec<u32>, Vec<u32>);

    fn map(text: &str) -> Vec<Written> {
        let ids = |lcores: Vec<LcoreId>| lcores.into_iter().map(|lcore| lcore.0).collect();
        let map: CoreMap = text.parse().unwrap();
        map.0.into_iter().map(|(port, c)| (port.0, ids(c.receive), ids(c.transmit))).collect()
    }

    #[test]
    fn pktgens_examples_mean_what_they_mean_there() {
        assert_eq!(map("1.0, 2.1"), [(0, vec![1], vec![1]), (1, vec![2], vec![2])]);
        assert_eq!(map("[1:2].0"), [(0, vec![1], vec![2])]);
        assert_eq!(
            map("[1:2-3].0,[4/6:5].1"),
            [(0, vec![1], vec![2, 3]), (1, vec![4, 6], vec![5])]
        );
        assert_eq!(map("1.[0-1]"), [(0, vec![1], vec![1]), (1, vec![1], vec![1])]);
        assert_eq!(map("[1-2].0"), [(0, vec![1, 2], vec![1, 2])]);
    }

    #[test]
    fn what_is_no_map_says_why() {
        for (text, why) in [
            ("1", "`1` has no dot before its port"),
            ("[1:2.0", "`[1:2` has no closing bracket"),
            ("x.0", "`x` is no number of an lcore or a port"),
            ("1.", "`` is no number of an lcore or a port"),
            ("3-1.0", "`3-1` runs backwards"),
            ("128.0", "lcore 128 is too high, this DPDK numbers lcores from 0 to 127"),
            ("1.0,1.0", "lcore 1 is named twice for port 0"),
        ] {
            let error = text.parse::<CoreMap>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "-m {text}: {why}; write LCORE.PORT, as in -m 1.0, or [RECEIVING:SENDING].PORT, as in -m [1:2].0"
                )
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "[0-9.:,/ \\[\\]-]{0,16}|\\PC{0,8}") {
            let _ = text.parse::<CoreMap>();
        }
    }
}
