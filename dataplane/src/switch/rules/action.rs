//! What a rule does with a packet.

use crate::port::PortId;
use crate::wire::ethernet::MacAddr;
use std::fmt;
use std::net::Ipv4Addr;

/// One thing that a rule does with a packet, in order. Changes of a header that the packet does not have change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends it by a port; not by the one where it came.
    Output(PortId),
    /// Sends it back by the port where it came.
    InPort,
    /// Sends it by every other port that takes floods.
    Flood,
    /// Sends it by every other port.
    All,
    /// Switches it as a learning bridge does.
    Normal,
    /// Hands it to a group.
    Group(u32),
    /// Sets the source address of Ethernet.
    SetDlSrc(MacAddr),
    /// Sets its destination address.
    SetDlDst(MacAddr),
    /// Sets IPv4's source address.
    SetNwSrc(Ipv4Addr),
    /// Sets its destination address.
    SetNwDst(Ipv4Addr),
    /// Sets the upper six bits of IP's type of service.
    SetNwTos(u8),
    /// Sets IP's time to live.
    SetNwTtl(u8),
    /// Takes one off the time to live; a packet whose last it was goes no further.
    DecTtl,
    /// Sets the source port of TCP, UDP or SCTP.
    SetTpSrc(u16),
    /// Sets the destination port.
    SetTpDst(u16),
    /// Takes the outer VLAN tag off.
    StripVlan,
    /// Puts a VLAN tag of this type in front.
    PushVlan(u16),
    /// Sets the number of the outer VLAN tag, which is made if there is none.
    SetVlanVid(u16),
    /// Sets its priority; the tag is made likewise.
    SetVlanPcp(u8),
}

impl Action {
    /// Whether packets leave by it; the others change them.
    pub(in super::super) fn sends(&self) -> bool {
        matches!(
            self,
            Self::Output(_)
                | Self::InPort
                | Self::Flood
                | Self::All
                | Self::Normal
                | Self::Group(_)
        )
    }
}

/// As `ovs-ofctl` prints it.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(port) => write!(f, "output:{port}"),
            Self::InPort => f.write_str("IN_PORT"),
            Self::Flood => f.write_str("FLOOD"),
            Self::All => f.write_str("ALL"),
            Self::Normal => f.write_str("NORMAL"),
            Self::Group(group) => write!(f, "group:{group}"),
            Self::SetDlSrc(mac) => write!(f, "mod_dl_src:{mac}"),
            Self::SetDlDst(mac) => write!(f, "mod_dl_dst:{mac}"),
            Self::SetNwSrc(ip) => write!(f, "mod_nw_src:{ip}"),
            Self::SetNwDst(ip) => write!(f, "mod_nw_dst:{ip}"),
            Self::SetNwTos(tos) => write!(f, "mod_nw_tos:{tos}"),
            Self::SetNwTtl(ttl) => write!(f, "mod_nw_ttl:{ttl}"),
            Self::DecTtl => f.write_str("dec_ttl"),
            Self::SetTpSrc(port) => write!(f, "mod_tp_src:{port}"),
            Self::SetTpDst(port) => write!(f, "mod_tp_dst:{port}"),
            Self::StripVlan => f.write_str("strip_vlan"),
            Self::PushVlan(tpid) => write!(f, "push_vlan:{tpid:#06x}"),
            Self::SetVlanVid(vid) => write!(f, "mod_vlan_vid:{vid}"),
            Self::SetVlanPcp(pcp) => write!(f, "mod_vlan_pcp:{pcp}"),
        }
    }
}

/// Actions as `ovs-ofctl` prints them after `actions=`.
pub(super) struct Actions<'a>(pub(super) &'a [Action]);

impl fmt::Display for Actions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0 else { return f.write_str("drop") };
        write!(f, "{first}")?;
        rest.iter().try_for_each(|action| write!(f, ",{action}"))
    }
}
