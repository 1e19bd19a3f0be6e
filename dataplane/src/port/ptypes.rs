//! Packet types: what a device recognises in received packets by itself.

use super::Port;
use super::error::Errno;
use super::info::text;
use serde::Serialize;
use std::ffi::c_char;

/// A layer of packet types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PtypeLayer {
    /// DPDK's word for it.
    pub name: &'static str,
    /// Its bits of a packet type (`RTE_PTYPE_*_MASK`).
    pub mask: u32,
}

/// All bits of packet types (`RTE_PTYPE_ALL_MASK`).
pub const PTYPE_ALL: u32 = dpdk_sys::RTE_PTYPE_ALL_MASK;

/// All layers, from the outside in.
pub const PTYPE_LAYERS: &[PtypeLayer] = &[
    PtypeLayer { name: "L2", mask: dpdk_sys::RTE_PTYPE_L2_MASK },
    PtypeLayer { name: "L3", mask: dpdk_sys::RTE_PTYPE_L3_MASK },
    PtypeLayer { name: "L4", mask: dpdk_sys::RTE_PTYPE_L4_MASK },
    PtypeLayer { name: "Tunnel", mask: dpdk_sys::RTE_PTYPE_TUNNEL_MASK },
    PtypeLayer { name: "Inner L2", mask: dpdk_sys::RTE_PTYPE_INNER_L2_MASK },
    PtypeLayer { name: "Inner L3", mask: dpdk_sys::RTE_PTYPE_INNER_L3_MASK },
    PtypeLayer { name: "Inner L4", mask: dpdk_sys::RTE_PTYPE_INNER_L4_MASK },
];

impl<State> Port<State> {
    /// The packet types of some layers that the device recognises, by DPDK's names; none if it does not say.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_get_supported_ptypes`.
    pub fn ptypes(&self, mask: u32) -> Vec<String> {
        let get = |types: &mut [u32]| {
            let (room, count) = (types.as_mut_ptr(), types.len());
            // SAFETY: the port exists; the call writes `count` types at most and answers how many there are.
            unsafe {
                dpdk_sys::rte_eth_dev_get_supported_ptypes(self.id().0, mask, room, count as i32)
            }
        };
        let mut types = vec![0; usize::try_from(get(&mut [])).unwrap_or(0)];
        let written = usize::try_from(get(&mut types)).unwrap_or(0);
        types.iter().take(written).map(|ptype| name(*ptype)).collect()
    }

    /// Has the device look for the packet types in `mask` alone; answers which of them it will look for.
    ///
    /// # Errors
    /// [`Errno`]: the device recognises no packet types, or always the same.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_set_ptypes`.
    pub fn set_ptypes(&self, mask: u32) -> Result<Vec<String>, Errno> {
        // A place more than there are types: the call ends its list with an unknown one if there is room.
        let mut types = vec![0; self.ptypes(PTYPE_ALL).len() + 1];
        let count = types.len() as u32;
        // SAFETY: the port exists; the call writes `count` types at most.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_set_ptypes(self.id().0, mask, types.as_mut_ptr(), count)
        })?;
        Ok(types.iter().take_while(|ptype| **ptype != 0).map(|ptype| name(*ptype)).collect())
    }
}

/// DPDK's name of a packet type (`rte_mbuf_ptype.h`, `rte_get_ptype_name`).
pub(super) fn name(ptype: u32) -> String {
    let mut name = [0 as c_char; 256];
    // SAFETY: the call writes as much as it is told at most, and terminates it; what it failed to write is all NUL.
    unsafe {
        dpdk_sys::rte_get_ptype_name(ptype, name.as_mut_ptr(), name.len());
        text(name.as_ptr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_cover_all_bits_once() {
        let mask = PTYPE_LAYERS.iter().fold(0, |all, layer| {
            assert_eq!(all & layer.mask, 0, "{}", layer.name);
            all | layer.mask
        });
        assert_eq!(mask, PTYPE_ALL);
    }

    #[test]
    fn names_are_dpdks() {
        assert_eq!(name(0x0000_0211), "L2_ETHER L3_IPV4 L4_UDP ");
    }
}
