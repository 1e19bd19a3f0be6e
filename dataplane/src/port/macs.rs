//! The addresses a port takes packets for, and whether it takes all.

use super::Port;
use super::error::Errno;
use crate::wire::ethernet::MacAddr;
use dpdk_sys::rte_ether_addr;

fn dpdk(MacAddr(addr_bytes): MacAddr) -> rte_ether_addr {
    rte_ether_addr { addr_bytes }
}

impl<State> Port<State> {
    /// All its unicast addresses, the default one first; `max` is the device's limit
    /// ([`max_mac_addrs`](super::PortInfo::max_mac_addrs)).
    ///
    /// # Errors
    /// [`Errno`]: the device does not say.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_macaddrs_get`.
    pub fn macs(&self, max: u32) -> Result<Vec<MacAddr>, Errno> {
        let mut addresses = vec![rte_ether_addr::default(); max as usize];
        // SAFETY: the port exists; there is room for `max` addresses.
        let count = Errno::count(unsafe {
            dpdk_sys::rte_eth_macaddrs_get(self.id().0, addresses.as_mut_ptr(), max)
        })?;
        // An address of zeros is a place that is free.
        let used = addresses.iter().take(count as usize).map(|address| MacAddr(address.addr_bytes));
        Ok(used.filter(|address| *address != MacAddr([0; 6])).collect())
    }

    /// Adds a unicast address.
    ///
    /// # Errors
    /// [`Errno`]: the device takes no second address, or no more.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_mac_addr_add`.
    pub fn add_mac(&self, address: MacAddr) -> Result<(), Errno> {
        // SAFETY: the port exists; the address is copied. Pool 0 is the one of a device without VMDq.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_mac_addr_add(self.id().0, &mut dpdk(address), 0)
        })
    }

    /// Takes a unicast address away; not the default one.
    ///
    /// # Errors
    /// [`Errno`]: the device cannot, or the address is the default one.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_mac_addr_remove`.
    pub fn remove_mac(&self, address: MacAddr) -> Result<(), Errno> {
        // SAFETY: as in `add_mac`.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_mac_addr_remove(self.id().0, &mut dpdk(address))
        })
    }

    /// Has the device let packets for a unicast address in by its hash, or no longer; for every address if `None`.
    ///
    /// # Errors
    /// [`Errno`]: the device has no such table, or no room in it.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_uc_hash_table_set`, `rte_eth_dev_uc_all_hash_table_set`.
    pub fn hash_mac(&self, address: Option<MacAddr>, on: bool) -> Result<(), Errno> {
        let on = u8::from(on);
        // SAFETY: as in `add_mac`.
        Errno::check(unsafe {
            match address.map(dpdk) {
                Some(mut address) => {
                    dpdk_sys::rte_eth_dev_uc_hash_table_set(self.id().0, &mut address, on)
                }
                None => dpdk_sys::rte_eth_dev_uc_all_hash_table_set(self.id().0, on),
            }
        })
    }

    /// Changes the default address.
    ///
    /// # Errors
    /// [`Errno`]: the device keeps its own, or the address is a multicast one.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_default_mac_addr_set`.
    pub fn set_mac(&self, address: MacAddr) -> Result<(), Errno> {
        // SAFETY: as in `add_mac`.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_default_mac_addr_set(self.id().0, &mut dpdk(address))
        })
    }

    /// The multicast addresses that [`set_multicast`](Self::set_multicast) gave it.
    pub fn multicast(&self) -> Vec<MacAddr> {
        self.device.multicast.borrow().clone()
    }

    /// Gives the device the multicast addresses it takes packets for; it keeps those it had if it refuses.
    ///
    /// # Errors
    /// [`Errno`]: the device has no such filter, or room for fewer.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_set_mc_addr_list`.
    pub fn set_multicast(&self, addresses: Vec<MacAddr>) -> Result<(), Errno> {
        let mut list: Vec<rte_ether_addr> = addresses.iter().copied().map(dpdk).collect();
        let count = u32::try_from(list.len()).map_err(|_| Errno::INVALID)?;
        // SAFETY: the port exists; the list has `count` addresses and is copied.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_set_mc_addr_list(self.id().0, list.as_mut_ptr(), count)
        })?;
        self.device.multicast.replace(addresses);
        Ok(())
    }

    /// Has the port take all packets, or those for its addresses alone.
    ///
    /// # Errors
    /// [`Errno`]: the device cannot.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_promiscuous_enable`.
    pub fn set_promiscuous(&self, on: bool) -> Result<(), Errno> {
        // SAFETY: the port exists.
        Errno::check(unsafe {
            match on {
                true => dpdk_sys::rte_eth_promiscuous_enable(self.id().0),
                false => dpdk_sys::rte_eth_promiscuous_disable(self.id().0),
            }
        })
    }

    /// Has the port take all multicast packets, or those for its multicast addresses alone.
    ///
    /// # Errors
    /// [`Errno`]: the device cannot.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_allmulticast_enable`.
    pub fn set_allmulticast(&self, on: bool) -> Result<(), Errno> {
        // SAFETY: the port exists.
        Errno::check(unsafe {
            match on {
                true => dpdk_sys::rte_eth_allmulticast_enable(self.id().0),
                false => dpdk_sys::rte_eth_allmulticast_disable(self.id().0),
            }
        })
    }
}
