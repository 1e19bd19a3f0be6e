//! Forward error correction of links (IEEE 802.3 clauses 74 and 91).

use super::Port;
use super::error::Errno;
use dpdk_sys::rte_eth_fec_capa;

/// Ways of correcting errors, a bit each (`RTE_ETH_FEC_MODE_TO_CAPA`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FecModes(u32);

/// The ways by testpmd's names, in the order of their bits.
pub const FEC_MODES: [(&str, FecModes); 4] = [
    ("off", FecModes(1 << dpdk_sys::RTE_ETH_FEC_NOFEC)),
    ("auto", FecModes(1 << dpdk_sys::RTE_ETH_FEC_AUTO)),
    ("baser", FecModes(1 << dpdk_sys::RTE_ETH_FEC_BASER)),
    ("rs", FecModes(1 << dpdk_sys::RTE_ETH_FEC_RS)),
];

impl FecModes {
    /// The names of these.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        FEC_MODES.into_iter().filter(move |(_, mode)| self.0 & mode.0 != 0).map(|(name, _)| name)
    }
}

impl<State> Port<State> {
    /// How the link corrects errors.
    ///
    /// # Errors
    /// [`Errno`]: the device has no such call, or no link.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_fec_get`.
    pub fn fec(&self) -> Result<FecModes, Errno> {
        let mut modes = 0;
        // SAFETY: the port exists; `modes` is written.
        Errno::check(unsafe { dpdk_sys::rte_eth_fec_get(self.id().0, &mut modes) })?;
        Ok(FecModes(modes))
    }

    /// Sets how the link corrects errors.
    ///
    /// # Errors
    /// [`Errno`]: the device has no such call, or not this way.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_fec_set`.
    pub fn set_fec(&self, modes: FecModes) -> Result<(), Errno> {
        // SAFETY: the port exists.
        Errno::check(unsafe { dpdk_sys::rte_eth_fec_set(self.id().0, modes.0) })
    }

    /// The ways that the link can correct errors in, by its speed in Mbit/s.
    ///
    /// # Errors
    /// [`Errno`]: the device has no such call.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_fec_get_capability`.
    pub fn fec_capabilities(&self) -> Result<Vec<(u32, FecModes)>, Errno> {
        let id = self.id().0;
        // SAFETY: the port exists; without an array the call tells the count.
        let count = Errno::count(unsafe {
            dpdk_sys::rte_eth_fec_get_capability(id, std::ptr::null_mut(), 0)
        })?;
        let room = count as u32;
        let mut known = vec![rte_eth_fec_capa::default(); room as usize];
        // SAFETY: there is room for as many as the call is told.
        let got = Errno::count(unsafe {
            dpdk_sys::rte_eth_fec_get_capability(id, known.as_mut_ptr(), room)
        })?;
        known.truncate(got as usize);
        Ok(known.iter().map(|of| (of.speed, FecModes(of.capa))).collect())
    }
}
