//! The offloads of a packet and of a port that are named here (`rte_mbuf_core.h`, `rte_ethdev.h`).

/// What a device says of a packet that it received (`RTE_MBUF_F_RX_*`).
pub mod rx {
    /// Both bits of the IP header's verdict; bad is one of four values.
    pub const IP_CHECKSUM: u64 = dpdk_sys::PW_MBUF_F_RX_IP_CKSUM_MASK;
    /// The IP header's checksum is wrong.
    pub const IP_CHECKSUM_BAD: u64 = dpdk_sys::PW_MBUF_F_RX_IP_CKSUM_BAD;
    /// Both bits of the transport's verdict; bad is one of four values.
    pub const L4_CHECKSUM: u64 = dpdk_sys::PW_MBUF_F_RX_L4_CKSUM_MASK;
    /// The transport's checksum is wrong.
    pub const L4_CHECKSUM_BAD: u64 = dpdk_sys::PW_MBUF_F_RX_L4_CKSUM_BAD;
    /// It is longer than a segment of its connection: the device merged several, or its sender leaves it to others to cut it.
    pub const LRO: u64 = dpdk_sys::PW_MBUF_F_RX_LRO;
    /// The time when it came is in a register of the device.
    pub const TIMESTAMPED: u64 = dpdk_sys::PW_MBUF_F_RX_IEEE1588_TMST;
    /// The outer IP header's checksum is wrong.
    pub const OUTER_IP_CHECKSUM_BAD: u64 = dpdk_sys::PW_MBUF_F_RX_OUTER_IP_CKSUM_BAD;
    /// The outer transport's checksum is wrong, if its other bit is not set.
    pub const OUTER_L4_CHECKSUM_BAD: u64 = dpdk_sys::PW_MBUF_F_RX_OUTER_L4_CKSUM_BAD;
}

/// What a device is to do to a packet before it sends it (`RTE_MBUF_F_TX_*`).
pub mod tx {
    use crate::wire::transport::Transport;
    use crate::wire::tunnel::Tunnel;

    /// Put a VLAN tag in front.
    pub const VLAN: u64 = dpdk_sys::PW_MBUF_F_TX_VLAN;
    /// Put an outer VLAN tag in front of that.
    pub const QINQ: u64 = dpdk_sys::PW_MBUF_F_TX_QINQ;
    /// It is IPv4.
    pub const IPV4: u64 = dpdk_sys::PW_MBUF_F_TX_IPV4;
    /// It is IPv6.
    pub const IPV6: u64 = dpdk_sys::PW_MBUF_F_TX_IPV6;
    /// Fill in the IPv4 header's checksum.
    pub const IP_CHECKSUM: u64 = dpdk_sys::PW_MBUF_F_TX_IP_CKSUM;
    /// Keep the time when it leaves in a register.
    pub const TIMESTAMP: u64 = dpdk_sys::PW_MBUF_F_TX_IEEE1588_TMST;
    /// Cut it into TCP segments.
    pub const TCP_SEGMENT: u64 = dpdk_sys::PW_MBUF_F_TX_TCP_SEG;
    /// Cut it into UDP fragments.
    pub const UDP_SEGMENT: u64 = dpdk_sys::PW_MBUF_F_TX_UDP_SEG;
    /// The tunnel's packet is IPv4.
    pub const OUTER_IPV4: u64 = dpdk_sys::PW_MBUF_F_TX_OUTER_IPV4;
    /// The tunnel's packet is IPv6.
    pub const OUTER_IPV6: u64 = dpdk_sys::PW_MBUF_F_TX_OUTER_IPV6;
    /// Fill in the outer IPv4 header's checksum.
    pub const OUTER_IP_CHECKSUM: u64 = dpdk_sys::PW_MBUF_F_TX_OUTER_IP_CKSUM;
    /// Fill in the outer UDP checksum.
    pub const OUTER_UDP_CHECKSUM: u64 = dpdk_sys::PW_MBUF_F_TX_OUTER_UDP_CKSUM;
    /// Not of the device's concern, but of the packet's memory: its bytes are elsewhere, in another packet's buffer or none
    /// of DPDK's (`RTE_MBUF_F_INDIRECT`, `RTE_MBUF_F_EXTERNAL`). They stay whatever is asked of the device.
    pub const MEMORY: u64 = dpdk_sys::PW_MBUF_F_INDIRECT | dpdk_sys::PW_MBUF_F_EXTERNAL;

    /// Any of those that have the transport's checksum filled in: its field holds the pseudo header's sum until then.
    pub const L4_MASK: u64 = checksum(Transport::Tcp)
        | checksum(Transport::Udp)
        | checksum(Transport::Sctp)
        | TCP_SEGMENT
        | UDP_SEGMENT;

    /// Fill in the transport's checksum.
    #[inline]
    pub const fn checksum(transport: Transport) -> u64 {
        match transport {
            Transport::Tcp => dpdk_sys::PW_MBUF_F_TX_TCP_CKSUM,
            Transport::Udp => dpdk_sys::PW_MBUF_F_TX_UDP_CKSUM,
            Transport::Sctp => dpdk_sys::PW_MBUF_F_TX_SCTP_CKSUM,
        }
    }

    /// It is in such a tunnel.
    #[inline]
    pub const fn tunnel(tunnel: Tunnel) -> u64 {
        match tunnel {
            Tunnel::Gtp => dpdk_sys::PW_MBUF_F_TX_TUNNEL_GTP,
            Tunnel::VxlanGpe => dpdk_sys::PW_MBUF_F_TX_TUNNEL_VXLAN_GPE,
            Tunnel::Vxlan => dpdk_sys::PW_MBUF_F_TX_TUNNEL_VXLAN,
            Tunnel::Geneve => dpdk_sys::PW_MBUF_F_TX_TUNNEL_GENEVE,
            Tunnel::Gre => dpdk_sys::PW_MBUF_F_TX_TUNNEL_GRE,
            Tunnel::Ipip => dpdk_sys::PW_MBUF_F_TX_TUNNEL_IPIP,
        }
    }
}

/// What a port does to packets that it sends, once it is asked to (`RTE_ETH_TX_OFFLOAD_*`).
pub mod port {
    use crate::wire::transport::Transport;

    /// A VLAN tag in front.
    pub const VLAN_INSERT: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_VLAN_INSERT;
    /// Two VLAN tags in front.
    pub const QINQ_INSERT: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_QINQ_INSERT;
    /// The IPv4 header's checksum.
    pub const IPV4_CHECKSUM: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_IPV4_CKSUM;
    /// The outer IPv4 header's checksum.
    pub const OUTER_IPV4_CHECKSUM: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_OUTER_IPV4_CKSUM;
    /// The outer UDP checksum.
    pub const OUTER_UDP_CHECKSUM: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_OUTER_UDP_CKSUM;
    /// Segments of TCP.
    pub const TCP_SEGMENTS: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_TCP_TSO;
    /// Fragments of UDP.
    pub const UDP_SEGMENTS: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_UDP_TSO;
    /// Segments of TCP within VXLAN.
    pub const VXLAN_SEGMENTS: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_VXLAN_TNL_TSO;
    /// Segments of TCP within GRE.
    pub const GRE_SEGMENTS: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_GRE_TNL_TSO;
    /// Segments of TCP within IP in IP.
    pub const IPIP_SEGMENTS: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_IPIP_TNL_TSO;
    /// Segments of TCP within GENEVE.
    pub const GENEVE_SEGMENTS: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_GENEVE_TNL_TSO;
    /// Segments of TCP within any tunnel over IP.
    pub const IP_TUNNEL_SEGMENTS: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_IP_TNL_TSO;
    /// Segments of TCP within any tunnel over UDP.
    pub const UDP_TUNNEL_SEGMENTS: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_UDP_TNL_TSO;
    /// Segments of TCP within some tunnel.
    pub const TUNNEL_SEGMENTS: u64 = VXLAN_SEGMENTS
        | GRE_SEGMENTS
        | IPIP_SEGMENTS
        | GENEVE_SEGMENTS
        | IP_TUNNEL_SEGMENTS
        | UDP_TUNNEL_SEGMENTS;

    /// Those for which a driver may have to prepare packets before it takes them (`rte_eth_tx_prepare`).
    pub const PREPARED: u64 = IPV4_CHECKSUM
        | OUTER_IPV4_CHECKSUM
        | OUTER_UDP_CHECKSUM
        | TCP_SEGMENTS
        | UDP_SEGMENTS
        | TUNNEL_SEGMENTS
        | checksum(Transport::Tcp)
        | checksum(Transport::Udp)
        | checksum(Transport::Sctp);

    /// The transport's checksum.
    #[inline]
    pub const fn checksum(transport: Transport) -> u64 {
        match transport {
            Transport::Tcp => dpdk_sys::PW_ETH_TX_OFFLOAD_TCP_CKSUM,
            Transport::Udp => dpdk_sys::PW_ETH_TX_OFFLOAD_UDP_CKSUM,
            Transport::Sctp => dpdk_sys::PW_ETH_TX_OFFLOAD_SCTP_CKSUM,
        }
    }
}
