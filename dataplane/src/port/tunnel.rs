//! UDP ports at which a device looks for tunnels in received packets.

use super::Port;
use super::error::Errno;

/// A kind of tunnel that runs over UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tunnel {
    /// VXLAN (RFC 7348).
    Vxlan,
    /// GENEVE (RFC 8926).
    Geneve,
    /// VXLAN with the generic protocol extension.
    VxlanGpe,
    /// eCPRI, between parts of a radio base station.
    Ecpri,
}

impl<State> Port<State> {
    /// Has the device look for a kind of tunnel at a UDP port, or no longer.
    ///
    /// # Errors
    /// [`Errno`]: the device looks at fixed ports or for no such tunnels.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_udp_tunnel_port_add`.
    pub fn look_for_tunnel(&self, tunnel: Tunnel, udp_port: u16, look: bool) -> Result<(), Errno> {
        let kind = match tunnel {
            Tunnel::Vxlan => dpdk_sys::RTE_ETH_TUNNEL_TYPE_VXLAN,
            Tunnel::Geneve => dpdk_sys::RTE_ETH_TUNNEL_TYPE_GENEVE,
            Tunnel::VxlanGpe => dpdk_sys::RTE_ETH_TUNNEL_TYPE_VXLAN_GPE,
            Tunnel::Ecpri => dpdk_sys::RTE_ETH_TUNNEL_TYPE_ECPRI,
        };
        let mut asked = dpdk_sys::rte_eth_udp_tunnel { udp_port, prot_type: kind as u8 };
        // SAFETY: the port exists; `asked` is read.
        Errno::check(unsafe {
            match look {
                true => dpdk_sys::rte_eth_dev_udp_tunnel_port_add(self.id().0, &mut asked),
                false => dpdk_sys::rte_eth_dev_udp_tunnel_port_delete(self.id().0, &mut asked),
            }
        })
    }
}
