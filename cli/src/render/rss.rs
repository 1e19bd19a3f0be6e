//! How received packets are spread over queues: `show port N rss-hash` and `show port N rss reta` (testpmd's
//! `port_rss_hash_conf_show` and `port_rss_reta_info`, `app/test-pmd/config.c`).

use super::names::in_lines;
use dataplane::port::{PortId, RetaEntry, RssHash, RssTypes};
use serde::Serialize;
use std::fmt;

/// What RSS hashes, and with which key.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RssHashPage {
    /// What the port says.
    pub(crate) hash: RssHash,
    /// Whether the key is shown.
    pub(crate) with_key: bool,
}

impl fmt::Display for RssHashPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RssHash { types, key } = &self.hash;
        if *types == RssTypes::NONE {
            return writeln!(f, "RSS disabled");
        }
        write!(f, "RSS functions:\n{}", in_lines(types.names(), 64))?;
        if self.with_key {
            writeln!(f, "RSS key:")?;
            key.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

/// What RSS hashes on a port, or why that is not known.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortRssPage {
    /// The port's number.
    pub(crate) port: PortId,
    /// What it hashes.
    #[serde(flatten)]
    pub(crate) rss: Known,
}

/// What a port says, or why it does not.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Known {
    /// What RSS hashes, and with which key.
    Hash(RssHashPage),
    /// Its words where it does not.
    Nothing {
        /// Why.
        error: String,
    },
}

impl fmt::Display for PortRssPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "port {}:", self.port)?;
        match &self.rss {
            Known::Hash(hash) => hash.fmt(f),
            Known::Nothing { error } => writeln!(f, "{error}"),
        }
    }
}

/// Entries of a redirection table.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct RetaPage(pub(crate) Vec<RetaEntry>);

impl fmt::Display for RetaPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|RetaEntry { index, queue }| {
            writeln!(f, "RSS RETA configuration: hash index={index}, queue={queue}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataplane::port::QueueId;

    #[test]
    fn the_key_is_shown_on_request() {
        let hash = RssHash { types: RssTypes::IP, key: vec![0x6d, 0x05] };
        let page = RssHashPage { hash, with_key: false };
        let functions = "RSS functions:
  ip  ipv4  ipv4-frag  ipv4-other  ipv6  ipv6-frag  ipv6-other
  ipv6-ex
";
        assert_eq!(page.to_string(), functions);
        let page = RssHashPage { with_key: true, ..page };
        assert_eq!(page.to_string(), format!("{functions}RSS key:\n6D05\n"));
    }

    #[test]
    fn no_type_is_no_rss() {
        let hash = RssHash { types: RssTypes::NONE, key: Vec::new() };
        assert_eq!(RssHashPage { hash, with_key: true }.to_string(), "RSS disabled\n");
    }

    #[test]
    fn a_table_has_a_line_for_each_entry() {
        let entry = RetaEntry { index: 64, queue: QueueId(1) };
        assert_eq!(
            RetaPage(vec![entry]).to_string(),
            "RSS RETA configuration: hash index=64, queue=1\n"
        );
    }
}
