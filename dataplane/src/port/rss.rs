//! Receive-side scaling: what is hashed, with which key, and which queue a hash leads to.

use super::error::Errno;
use super::{Port, QueueId};
use serde::Serialize;

/// The fields RSS hashes, as DPDK's flags (`RTE_ETH_RSS_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RssTypes(pub u64);

impl RssTypes {
    /// No RSS.
    pub const NONE: Self = Self(0);
    /// IP addresses (testpmd's `--rss-ip`, its default).
    pub const IP: Self = Self(dpdk_sys::PW_ETH_RSS_IP);
    /// UDP ports too (testpmd's `--rss-udp`).
    pub const UDP: Self = Self(dpdk_sys::PW_ETH_RSS_UDP);

    /// In a tunnel, hash the outermost headers.
    pub const OUTERMOST: Self = Self(dpdk_sys::PW_ETH_RSS_LEVEL_OUTERMOST);
    /// In a tunnel, hash the innermost headers.
    pub const INNERMOST: Self = Self(dpdk_sys::PW_ETH_RSS_LEVEL_INNERMOST);

    /// The same fields at another level of a tunnel, or for [`Self::NONE`] at the device's own.
    pub fn at(self, level: Self) -> Self {
        Self(self.0 & !dpdk_sys::PW_ETH_RSS_LEVEL_MASK | level.0)
    }

    /// The types of a name in [`RSS_TYPES`].
    pub fn named(name: &str) -> Option<Self> {
        RSS_TYPES.iter().find(|(known, _)| *known == name).map(|(_, types)| *types)
    }

    /// The names of all groups and types that are in it as a whole, in the order of [`RSS_TYPES`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let within = move |types: Self| types != Self::NONE && self.0 & types.0 == types.0;
        RSS_TYPES.iter().filter(move |(_, types)| within(*types)).map(|(name, _)| *name)
    }

    /// A name for each single type in it; one that testpmd has no name for is called by its bit, as there.
    pub fn single_names(self) -> impl Iterator<Item = String> {
        let bits = (0..u64::BITS).filter(move |bit| self.0 & (1 << bit) != 0);
        bits.map(|bit| {
            let known = RSS_TYPES.iter().find(|(_, types)| types.0 == 1 << bit);
            known.map_or_else(|| format!("user-defined-{bit}"), |(name, _)| (*name).to_owned())
        })
    }
}

/// testpmd's names of RSS types: the groups first, then the single types, in its order.
pub const RSS_TYPES: &[(&str, RssTypes)] = {
    use dpdk_sys::*;
    const ALL: u64 = PW_ETH_RSS_ETH
        | PW_ETH_RSS_VLAN
        | PW_ETH_RSS_IP
        | PW_ETH_RSS_TCP
        | PW_ETH_RSS_UDP
        | PW_ETH_RSS_SCTP
        | PW_ETH_RSS_L2_PAYLOAD
        | PW_ETH_RSS_L2TPV3
        | PW_ETH_RSS_ESP
        | PW_ETH_RSS_AH
        | PW_ETH_RSS_PFCP
        | PW_ETH_RSS_GTPU
        | PW_ETH_RSS_ECPRI
        | PW_ETH_RSS_MPLS
        | PW_ETH_RSS_L2TPV2;
    &[
        ("all", RssTypes(ALL)),
        ("none", RssTypes::NONE),
        ("ip", RssTypes::IP),
        ("udp", RssTypes::UDP),
        ("tcp", RssTypes(PW_ETH_RSS_TCP)),
        ("sctp", RssTypes(PW_ETH_RSS_SCTP)),
        ("tunnel", RssTypes(PW_ETH_RSS_TUNNEL)),
        ("vlan", RssTypes(PW_ETH_RSS_VLAN)),
        ("ipv4", RssTypes(PW_ETH_RSS_IPV4)),
        ("ipv4-frag", RssTypes(PW_ETH_RSS_FRAG_IPV4)),
        ("ipv4-tcp", RssTypes(PW_ETH_RSS_NONFRAG_IPV4_TCP)),
        ("ipv4-udp", RssTypes(PW_ETH_RSS_NONFRAG_IPV4_UDP)),
        ("ipv4-sctp", RssTypes(PW_ETH_RSS_NONFRAG_IPV4_SCTP)),
        ("ipv4-other", RssTypes(PW_ETH_RSS_NONFRAG_IPV4_OTHER)),
        ("ipv6", RssTypes(PW_ETH_RSS_IPV6)),
        ("ipv6-frag", RssTypes(PW_ETH_RSS_FRAG_IPV6)),
        ("ipv6-tcp", RssTypes(PW_ETH_RSS_NONFRAG_IPV6_TCP)),
        ("ipv6-udp", RssTypes(PW_ETH_RSS_NONFRAG_IPV6_UDP)),
        ("ipv6-sctp", RssTypes(PW_ETH_RSS_NONFRAG_IPV6_SCTP)),
        ("ipv6-other", RssTypes(PW_ETH_RSS_NONFRAG_IPV6_OTHER)),
        ("l2-payload", RssTypes(PW_ETH_RSS_L2_PAYLOAD)),
        ("ipv6-ex", RssTypes(PW_ETH_RSS_IPV6_EX)),
        ("ipv6-tcp-ex", RssTypes(PW_ETH_RSS_IPV6_TCP_EX)),
        ("ipv6-udp-ex", RssTypes(PW_ETH_RSS_IPV6_UDP_EX)),
        ("port", RssTypes(PW_ETH_RSS_PORT)),
        ("vxlan", RssTypes(PW_ETH_RSS_VXLAN)),
        ("geneve", RssTypes(PW_ETH_RSS_GENEVE)),
        ("nvgre", RssTypes(PW_ETH_RSS_NVGRE)),
        ("gtpu", RssTypes(PW_ETH_RSS_GTPU)),
        ("eth", RssTypes(PW_ETH_RSS_ETH)),
        ("s-vlan", RssTypes(PW_ETH_RSS_S_VLAN)),
        ("c-vlan", RssTypes(PW_ETH_RSS_C_VLAN)),
        ("esp", RssTypes(PW_ETH_RSS_ESP)),
        ("ah", RssTypes(PW_ETH_RSS_AH)),
        ("l2tpv3", RssTypes(PW_ETH_RSS_L2TPV3)),
        ("pfcp", RssTypes(PW_ETH_RSS_PFCP)),
        ("pppoe", RssTypes(PW_ETH_RSS_PPPOE)),
        ("ecpri", RssTypes(PW_ETH_RSS_ECPRI)),
        ("mpls", RssTypes(PW_ETH_RSS_MPLS)),
        ("ipv4-chksum", RssTypes(PW_ETH_RSS_IPV4_CHKSUM)),
        ("l4-chksum", RssTypes(PW_ETH_RSS_L4_CHKSUM)),
        ("l2tpv2", RssTypes(PW_ETH_RSS_L2TPV2)),
        ("l3-pre96", RssTypes(PW_ETH_RSS_L3_PRE96)),
        ("l3-pre64", RssTypes(PW_ETH_RSS_L3_PRE64)),
        ("l3-pre56", RssTypes(PW_ETH_RSS_L3_PRE56)),
        ("l3-pre48", RssTypes(PW_ETH_RSS_L3_PRE48)),
        ("l3-pre40", RssTypes(PW_ETH_RSS_L3_PRE40)),
        ("l3-pre32", RssTypes(PW_ETH_RSS_L3_PRE32)),
        ("l2-dst-only", RssTypes(PW_ETH_RSS_L2_DST_ONLY)),
        ("l2-src-only", RssTypes(PW_ETH_RSS_L2_SRC_ONLY)),
        ("l4-dst-only", RssTypes(PW_ETH_RSS_L4_DST_ONLY)),
        ("l4-src-only", RssTypes(PW_ETH_RSS_L4_SRC_ONLY)),
        ("l3-dst-only", RssTypes(PW_ETH_RSS_L3_DST_ONLY)),
        ("l3-src-only", RssTypes(PW_ETH_RSS_L3_SRC_ONLY)),
    ]
};

/// What a port hashes now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RssHash {
    /// The fields.
    pub types: RssTypes,
    /// The key, as long as the device's keys are.
    pub key: Vec<u8>,
}

/// An entry of a redirection table: packets whose hash ends in this index go to this queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RetaEntry {
    /// The hash's low bits.
    pub index: u16,
    /// The receive queue.
    pub queue: QueueId,
}

/// Entries that one word of a redirection table's mask stands for (`RTE_ETH_RETA_GROUP_SIZE`).
pub const RETA_GROUP: u16 = dpdk_sys::RTE_ETH_RETA_GROUP_SIZE as u16;

impl<State> Port<State> {
    /// What RSS hashes now, with a key of `key_len` bytes, which is [`hash_key_size`](super::PortInfo::hash_key_size).
    ///
    /// # Errors
    /// [`Errno`]: the device has no RSS, or does not tell.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_rss_hash_conf_get`.
    pub fn rss_hash(&self, key_len: u8) -> Result<RssHash, Errno> {
        let mut key = vec![0; usize::from(key_len)];
        let mut conf = dpdk_sys::rte_eth_rss_conf {
            rss_key: key.as_mut_ptr(),
            rss_key_len: key_len,
            ..Default::default()
        };
        // SAFETY: the port exists; the key has the length that the call is told.
        let rc = unsafe { dpdk_sys::rte_eth_dev_rss_hash_conf_get(self.id().0, &mut conf) };
        Errno::check(rc)?;
        Ok(RssHash { types: RssTypes(conf.rss_hf), key })
    }

    /// Has RSS hash other fields, or with another key; the device keeps its key if `key` is `None`.
    ///
    /// # Errors
    /// [`Errno`]: the device has no RSS, lacks a type, or has keys of another length.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_rss_hash_update`.
    pub fn set_rss_hash(&self, types: RssTypes, key: Option<&[u8]>) -> Result<(), Errno> {
        let mut key = key.map(<[u8]>::to_vec);
        let mut conf = dpdk_sys::rte_eth_rss_conf { rss_hf: types.0, ..Default::default() };
        if let Some(key) = &mut key {
            conf.rss_key_len = u8::try_from(key.len()).map_err(|_| Errno::INVALID)?;
            conf.rss_key = key.as_mut_ptr();
        }
        // SAFETY: the port exists; the key, if there is one, has the length that the call is told, and is copied.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_rss_hash_update(self.id().0, &mut conf) })
    }

    /// The entries of a redirection table of `size` entries whose bits are set in `masks`, a word for each
    /// [`RETA_GROUP`].
    ///
    /// # Errors
    /// [`Errno`]: the device has no such table, or it has another size.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_rss_reta_query`.
    pub fn reta(&self, size: u16, masks: &[u64]) -> Result<Vec<RetaEntry>, Errno> {
        let mut groups = vec![dpdk_sys::rte_eth_rss_reta_entry64::default(); groups(size)];
        groups.iter_mut().zip(masks).for_each(|(group, mask)| group.mask = *mask);
        // SAFETY: the port exists; there are groups for `size` entries.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_rss_reta_query(self.id().0, groups.as_mut_ptr(), size)
        })?;
        let numbered = groups.iter().zip(0..).flat_map(|(group, number)| {
            let entries = group.reta.iter().zip(0..RETA_GROUP);
            entries.filter(|(_, bit)| group.mask & (1 << bit) != 0).map(move |(queue, bit)| {
                RetaEntry { index: number * RETA_GROUP + bit, queue: QueueId(*queue) }
            })
        });
        Ok(numbered.filter(|entry| entry.index < size).collect())
    }

    /// Changes entries of the redirection table, which has `size` entries; those beyond it are left out.
    ///
    /// # Errors
    /// [`Errno`]: the device has no such table, it has another size, or a queue is none of the port's.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_rss_reta_update`.
    pub fn set_reta(&self, size: u16, entries: &[RetaEntry]) -> Result<(), Errno> {
        let mut groups = vec![dpdk_sys::rte_eth_rss_reta_entry64::default(); groups(size)];
        for entry in entries {
            let (group, bit) = (entry.index / RETA_GROUP, usize::from(entry.index % RETA_GROUP));
            if let Some(group) = groups.get_mut(usize::from(group)) {
                group.mask |= 1 << bit;
                group.reta[bit] = entry.queue.0;
            }
        }
        // SAFETY: as in `reta`.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_rss_reta_update(self.id().0, groups.as_mut_ptr(), size)
        })
    }
}

/// Groups of a table of `size` entries.
fn groups(size: u16) -> usize {
    usize::from(size.div_ceil(RETA_GROUP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_types_and_back() {
        for (name, types) in RSS_TYPES {
            assert_eq!(RssTypes::named(name), Some(*types), "{name}");
            assert_eq!(types.names().any(|known| known == *name), *types != RssTypes::NONE);
        }
        assert_eq!(RssTypes::named("ipv5"), None);
    }

    #[test]
    fn a_group_has_the_names_of_its_types() {
        assert_eq!(
            RssTypes::UDP.names().collect::<Vec<_>>(),
            ["udp", "ipv4-udp", "ipv6-udp", "ipv6-udp-ex"]
        );
    }

    #[test]
    fn single_names_stand_for_one_bit_each() {
        let types = RssTypes(RssTypes::named("ipv4").unwrap().0 | 1 << 49);
        assert_eq!(types.single_names().collect::<Vec<_>>(), ["ipv4", "user-defined-49"]);
    }
}
