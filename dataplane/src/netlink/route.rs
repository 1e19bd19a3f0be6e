//! Routes: what leads through an interface, and is gone with it.
//!
//! Source: rtnetlink(7); `rtmsg`, `rtattr_type_t` and `rtnexthop` in Linux's `rtnetlink.h`.

use super::message::{Attributes, Message, Reply, u32_of};
use super::{IpPrefix, Netlink, family_of, ip_of, octets_of};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;
/// `NLM_F_CREATE`, `NLM_F_EXCL` and `NLM_F_ACK`: never in the place of another one.
const CREATE: u16 = 0x604;
const DUMP: u16 = 0x300;

/// Bytes of an `rtmsg`.
const HEADER: usize = 12;
/// Bytes of an `rtnexthop`.
const NEXT_HOP: usize = 8;
/// `RTN_UNICAST`.
const UNICAST: u8 = 1;
/// `RTNH_F_ONLINK`, `RTM_F_CLONED`.
const ON_LINK: u32 = 4;
const CLONED: u32 = 0x200;
/// `RTPROT_REDIRECT`, `RTPROT_KERNEL` and `RTPROT_RA`: those that come back by themselves, with an address or a router's word.
const BY_THEMSELVES: [u8; 3] = [1, 2, 9];

/// `RTA_*`.
mod attribute {
    pub(super) const TO: u16 = 1;
    pub(super) const INTERFACE: u16 = 4;
    pub(super) const GATEWAY: u16 = 5;
    pub(super) const PRIORITY: u16 = 6;
    pub(super) const SOURCE: u16 = 7;
    pub(super) const SEVERAL: u16 = 9;
    pub(super) const CACHE_INFO: u16 = 12;
    pub(super) const TABLE: u16 = 15;
    pub(super) const PREFERENCE: u16 = 20;
    /// Those that a [`Route`](super::Route) has, or that say nothing of its way.
    pub(super) const PLAIN: [u16; 8] =
        [TO, INTERFACE, GATEWAY, PRIORITY, SOURCE, CACHE_INFO, TABLE, PREFERENCE];
}

/// A route through an interface that somebody has set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Where to.
    pub to: IpPrefix,
    /// The router on the way.
    pub via: Option<IpAddr>,
    /// The address that packets are sent from.
    pub source: Option<IpAddr>,
    /// The less, the more preferred.
    pub metric: Option<u32>,
    /// The routing table; the main one is 254.
    pub table: u32,
    /// Who set it (`RTPROT_*`).
    pub protocol: u8,
    /// How far it leads (`RT_SCOPE_*`).
    pub scope: u8,
    /// Whether the router is reached although no address of ours is near it.
    pub on_link: bool,
    /// Whether that is all: no several ways, encapsulation or metrics of TCP's. Only such a route can be set again.
    pub is_plain: bool,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to.fmt(f)?;
        self.via.map_or(Ok(()), |via| write!(f, " via {via}"))?;
        self.metric.map_or(Ok(()), |metric| write!(f, " metric {metric}"))
    }
}

impl Netlink {
    /// The routes that somebody has set, each with its interface's number; those that the kernel makes are left out.
    ///
    /// # Errors
    /// The kernel's.
    pub fn routes(&self) -> io::Result<Vec<(u32, Route)>> {
        let replies = self.ask(Message::new(GET_ROUTE, DUMP).bytes(&[0; HEADER]))?;
        Ok(replies.iter().filter_map(routes_of).flatten().collect())
    }

    /// Sets a route through an interface, unless there is one like it.
    ///
    /// # Errors
    /// The kernel's: its router may be out of reach.
    pub fn add_route(&self, interface: u32, route: &Route) -> io::Result<()> {
        let Route { to, via, source, metric, table, protocol, scope, on_link, .. } = route;
        let flags = if *on_link { ON_LINK } else { 0 };
        // A greater number stands in its attribute alone.
        let short_table = u8::try_from(*table).unwrap_or_default();
        let mut message = Message::new(NEW_ROUTE, CREATE)
            .bytes(&[family_of(to.ip), to.length, 0, 0, short_table, *protocol, *scope, UNICAST])
            .bytes(&flags.to_ne_bytes())
            .attribute(attribute::INTERFACE, &interface.to_ne_bytes())
            .attribute(attribute::TABLE, &table.to_ne_bytes());
        if to.length > 0 {
            message = message.attribute(attribute::TO, &octets_of(to.ip));
        }
        for (kind, ip) in [(attribute::GATEWAY, via), (attribute::SOURCE, source)] {
            if let Some(ip) = ip {
                message = message.attribute(kind, &octets_of(*ip));
            }
        }
        if let Some(metric) = metric {
            message = message.attribute(attribute::PRIORITY, &metric.to_ne_bytes());
        }
        self.ask(message).map(drop)
    }
}

/// The routes that an `rtmsg` tells of: one, or one for each of several ways.
fn routes_of(reply: &Reply) -> Option<Vec<(u32, Route)>> {
    let (header, rest) = reply.payload.split_first_chunk::<HEADER>()?;
    let [family, length, _, service, table, protocol, scope, kind, flags @ ..] = *header;
    let flags = u32::from_ne_bytes(flags);
    let is_ours = kind == UNICAST && flags & CLONED == 0 && !BY_THEMSELVES.contains(&protocol);
    let anywhere = match family {
        2 => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        10 => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        _ => return None,
    };
    if reply.kind != NEW_ROUTE || !is_ours {
        return None;
    }
    let find = |wanted| Attributes(rest).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    let number = |wanted| find(wanted).and_then(u32_of);
    let ip = |wanted| find(wanted).and_then(ip_of);
    let is_plain = |kind: &u16| attribute::PLAIN.contains(kind);
    let route = Route {
        to: IpPrefix { ip: ip(attribute::TO).unwrap_or(anywhere), length },
        via: ip(attribute::GATEWAY),
        source: ip(attribute::SOURCE),
        metric: number(attribute::PRIORITY),
        table: number(attribute::TABLE).unwrap_or(u32::from(table)),
        protocol,
        scope,
        on_link: flags & ON_LINK != 0,
        is_plain: service == 0 && Attributes(rest).all(|(kind, _)| is_plain(&kind)),
    };
    let several = find(attribute::SEVERAL).map(interfaces_of).unwrap_or_default();
    let interfaces = number(attribute::INTERFACE).into_iter().chain(several);
    Some(interfaces.map(|interface| (interface, route.clone())).collect())
}

/// The interfaces of several ways: each has a length, two bytes of flags and weight, and its interface.
fn interfaces_of(mut ways: &[u8]) -> Vec<u32> {
    let mut interfaces = Vec::new();
    while let Some((way, _)) = ways.split_first_chunk::<NEXT_HOP>() {
        let [low, high, _, _, interface @ ..] = *way;
        interfaces.push(u32::from_ne_bytes(interface));
        let length = usize::from(u16::from_ne_bytes([low, high])).next_multiple_of(4);
        ways = ways.get(length.max(NEXT_HOP)..).unwrap_or_default();
    }
    interfaces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(header: [u8; HEADER], attributes: &[(u16, &[u8])]) -> Reply {
        let message = Message::new(NEW_ROUTE, 0).bytes(&header);
        let message = attributes
            .iter()
            .fold(message, |message, (kind, value)| message.attribute(*kind, value));
        Reply { kind: NEW_ROUTE, payload: message.finish().split_off(16) }
    }

    const STATIC: [u8; HEADER] = [2, 8, 0, 0, 254, 4, 0, UNICAST, 0, 0, 0, 0];

    #[test]
    fn a_route_is_read() {
        let interface = 7u32.to_ne_bytes();
        let plain = [
            (attribute::TO, &[10, 0, 0, 0][..]),
            (attribute::GATEWAY, &[192, 0, 2, 254]),
            (attribute::PRIORITY, &100u32.to_ne_bytes()),
            (attribute::INTERFACE, &interface),
        ];
        let routes = routes_of(&reply(STATIC, &plain)).unwrap();
        let (number, route) = &routes[0];
        assert_eq!(
            (*number, route.to_string().as_str()),
            (7, "10.0.0.0/8 via 192.0.2.254 metric 100")
        );
        assert!(route.is_plain && route.table == 254, "{route:?}");
        // An encapsulation (RTA_ENCAP_TYPE) is more than is kept.
        let more = [&plain[..], &[(21, &[1, 0])]].concat();
        assert!(!routes_of(&reply(STATIC, &more)).unwrap()[0].1.is_plain);
    }

    #[test]
    fn a_route_of_several_ways_is_each_interfaces() {
        let way = |interface: u8| [8, 0, 0, 0, interface, 0, 0, 0];
        let ways = [way(3), way(4)].concat();
        let routes = routes_of(&reply(STATIC, &[(attribute::SEVERAL, &ways)])).unwrap();
        let interfaces: Vec<u32> = routes.iter().map(|(interface, _)| *interface).collect();
        assert_eq!(interfaces, [3, 4]);
        assert!(routes.iter().all(|(_, route)| !route.is_plain));
    }

    #[test]
    fn what_the_kernel_makes_by_itself_is_left_out() {
        let interface: &[(u16, &[u8])] = &[(attribute::INTERFACE, &[7, 0, 0, 0])];
        for (at, value) in [(5, 2), (5, 9), (7, 2), (0, 28)] {
            let mut header = STATIC;
            header[at] = value;
            assert!(routes_of(&reply(header, interface)).is_none(), "{header:?}");
        }
    }

    #[test]
    fn this_machines_routes_are_read() {
        let routes = Netlink::open().unwrap().routes().unwrap();
        assert!(routes.iter().all(|(interface, _)| *interface > 0), "{routes:?}");
    }
}
