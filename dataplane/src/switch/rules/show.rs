//! Rules as `ovs-ofctl dump-flows` prints them.

use super::super::key::{FRAGMENT, Field, LATER, TAGGED};
use super::action::Actions;
use super::fields::{ARP, ICMP, ICMP6, RARP, SHORTHANDS};
use super::parse::DEFAULT_PRIORITY;
use super::{FlowSpec, Match};
use crate::wire::ethernet::MacAddr;
use serde::Serialize;
use std::fmt::{self, Display, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// A rule and what was counted of it.
#[derive(Clone, Debug, Serialize)]
pub struct RuleFigures {
    /// The user's number.
    pub cookie: u64,
    /// How long it has been there, in seconds.
    #[serde(rename = "duration_s", serialize_with = "seconds")]
    pub duration: Duration,
    /// Packets that it was for.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Seconds without a packet after which it goes; 0 for never.
    pub idle_timeout: u16,
    /// Seconds after which it goes; 0 for never.
    pub hard_timeout: u16,
    /// Seconds since its last packet, or since it was added or changed.
    #[serde(rename = "idle_age_s", serialize_with = "seconds")]
    pub idle_age: Duration,
    /// Seconds since it was added or changed, from which its hard timeout counts.
    #[serde(rename = "hard_age_s", serialize_with = "seconds")]
    pub hard_age: Duration,
    /// Of the rules that are for a packet, the one with the highest.
    pub priority: u16,
    /// Which packets it is for.
    #[serde(rename = "match", serialize_with = "text")]
    pub matching: Match,
    /// What it does with them.
    pub actions: String,
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

fn text<S: serde::Serializer>(matching: &Match, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(matching)
}

/// A line of `ovs-ofctl dump-flows`, with the blank that it begins with.
impl Display for RuleFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            " cookie={:#x}, duration={:.3}s, table=0, n_packets={}, n_bytes={}, ",
            self.cookie,
            self.duration.as_secs_f64(),
            self.packets,
            self.bytes
        )?;
        write_timeouts(f, self.idle_timeout, self.hard_timeout, ", ")?;
        write!(f, "idle_age={}, ", self.idle_age.as_secs())?;
        if self.hard_age.as_secs() != self.duration.as_secs() {
            write!(f, "hard_age={}, ", self.hard_age.as_secs())?;
        }
        write_match(f, self.priority, &self.matching)?;
        write!(f, "actions={}", self.actions)
    }
}

/// A rule as `ovs-ofctl --sort dump-flows --no-stats` prints it, and as it can be added again.
impl Display for FlowSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cookie != 0 {
            write!(f, "cookie={:#x}, ", self.cookie)?;
        }
        write_timeouts(f, self.idle_timeout, self.hard_timeout, ", ")?;
        write_match(f, self.priority, &self.matching)?;
        write!(f, "actions={}", Actions(&self.actions))
    }
}

impl FlowSpec {
    /// The actions as they are printed.
    pub(in super::super) fn actions_text(&self) -> String {
        Actions(&self.actions).to_string()
    }
}

fn write_timeouts(f: &mut fmt::Formatter<'_>, idle: u16, hard: u16, end: &str) -> fmt::Result {
    for (name, seconds) in [("idle_timeout", idle), ("hard_timeout", hard)] {
        if seconds > 0 {
            write!(f, "{name}={seconds}{end}")?;
        }
    }
    Ok(())
}

/// Priority and match, and a blank behind them if there is either.
fn write_match(f: &mut fmt::Formatter<'_>, priority: u16, matching: &Match) -> fmt::Result {
    let matching = matching.to_string();
    match (priority, matching.as_str()) {
        (DEFAULT_PRIORITY, "") => Ok(()),
        (DEFAULT_PRIORITY, matching) => write!(f, "{matching} "),
        (priority, "") => write!(f, "priority={priority} "),
        (priority, matching) => write!(f, "priority={priority},{matching} "),
    }
}

/// The fields in OVS's order.
impl Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Words { f, first: true };
        let (dl_type, proto) = (self.exact(Field::DlType), self.exact(Field::NwProto));
        let shorthand = |proto| {
            SHORTHANDS.iter().find(|(_, word, behind)| Some(*word) == dl_type && *behind == proto)
        };
        let arp = matches!(dl_type, Some(ARP | RARP));
        // The longer of the two that fit: `tcp` rather than `ip`.
        let short = proto.and_then(|proto| shorthand(Some(proto))).or_else(|| shorthand(None));
        if let Some((word, ..)) = short {
            words.word(word)?;
        }
        words.number(self, "in_port", Field::InPort)?;
        self.write_vlan(&mut words)?;
        words.mac(self, "dl_src", Field::DlSrc)?;
        words.mac(self, "dl_dst", Field::DlDst)?;
        if let Some(dl_type) = dl_type.filter(|_| short.is_none()) {
            words.pair("dl_type", format_args!("{dl_type:#06x}"))?;
        }
        let (src, dst) = if arp { ("arp_spa", "arp_tpa") } else { ("nw_src", "nw_dst") };
        words.ipv4(self, src, Field::NwSrc)?;
        words.ipv4(self, dst, Field::NwDst)?;
        if !arp {
            words.ipv6(self, "ipv6_src", Field::Ipv6Src)?;
            words.ipv6(self, "ipv6_dst", Field::Ipv6Dst)?;
        }
        if short.is_none_or(|(_, _, behind)| behind.is_none()) {
            words.number(self, if arp { "arp_op" } else { "nw_proto" }, Field::NwProto)?;
        }
        if arp {
            words.mac(self, "arp_sha", Field::ArpSha)?;
            words.mac(self, "arp_tha", Field::ArpTha)?;
        }
        words.number(self, "nw_tos", Field::NwTos)?;
        words.number(self, "nw_ttl", Field::NwTtl)?;
        self.write_fragment(&mut words)?;
        let icmp = matches!(proto, Some(ICMP | ICMP6));
        let (src, dst) = if icmp { ("icmp_type", "icmp_code") } else { ("tp_src", "tp_dst") };
        words.number(self, src, Field::TpSrc)?;
        words.number(self, dst, Field::TpDst)
    }
}

impl Match {
    fn write_vlan(&self, words: &mut Words<'_, '_>) -> fmt::Result {
        let Some((tci, mask)) = self.asked(Field::VlanTci) else { return Ok(()) };
        // Both parts of a tag as a whole or not at all, and that there is one.
        let whole = |part| mask & part == part || mask & part == 0;
        let tagged = mask & tci & u128::from(TAGGED) != 0 && mask != u128::from(TAGGED);
        if tagged && whole(0x0fff) && whole(0xe000) {
            if mask & 0xfff != 0 {
                words.pair("dl_vlan", tci & 0xfff)?;
            }
            if mask & 0xe000 != 0 {
                words.pair("dl_vlan_pcp", tci >> 13)?;
            }
            return Ok(());
        }
        if mask == Field::VlanTci.ones() {
            return words.pair("vlan_tci", format_args!("{tci:#06x}"));
        }
        words.pair("vlan_tci", format_args!("{tci:#06x}/{mask:#06x}"))
    }

    fn write_fragment(&self, words: &mut Words<'_, '_>) -> fmt::Result {
        let Some((value, mask)) = self.asked(Field::IpFrag) else { return Ok(()) };
        const ANY: u8 = FRAGMENT;
        const BOTH: u8 = FRAGMENT | LATER;
        let name = match (value as u8, mask as u8) {
            (0, ANY | BOTH) => "no",
            (ANY, ANY) => "yes",
            (ANY, BOTH) => "first",
            (0, LATER) => "not_later",
            _ => "later",
        };
        words.pair("nw_frag", name)
    }
}

/// Words with commas between them.
struct Words<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    first: bool,
}

impl Words<'_, '_> {
    fn word(&mut self, word: impl Display) -> fmt::Result {
        if !std::mem::take(&mut self.first) {
            self.f.write_char(',')?;
        }
        write!(self.f, "{word}")
    }

    fn pair(&mut self, name: &str, value: impl Display) -> fmt::Result {
        self.word(format_args!("{name}={value}"))
    }

    fn number(&mut self, matching: &Match, name: &str, field: Field) -> fmt::Result {
        match matching.asked(field) {
            None => Ok(()),
            // OpenFlow's type of service has no congestion bits, so it is asked for as a whole with these.
            Some((value, mask)) if mask == field.ones() || field == Field::NwTos => {
                self.pair(name, value)
            }
            Some((value, mask)) => self.pair(name, format_args!("{value:#x}/{mask:#x}")),
        }
    }

    fn mac(&mut self, matching: &Match, name: &str, field: Field) -> fmt::Result {
        let mac = |bits: u128| {
            let [_, _, a, b, c, d, e, f] = (bits as u64).to_be_bytes();
            MacAddr([a, b, c, d, e, f])
        };
        match matching.asked(field) {
            None => Ok(()),
            Some((value, mask)) if mask == field.ones() => self.pair(name, mac(value)),
            Some((value, mask)) => self.pair(name, format_args!("{}/{}", mac(value), mac(mask))),
        }
    }

    fn ipv4(&mut self, matching: &Match, name: &str, field: Field) -> fmt::Result {
        let address = |bits: u128| Ipv4Addr::from_bits(bits as u32);
        match matching.asked(field) {
            None => Ok(()),
            Some((value, mask)) if mask == field.ones() => self.pair(name, address(value)),
            Some((value, mask)) => match (mask as u32).leading_ones() {
                ones if ones == mask.count_ones() => {
                    self.pair(name, format_args!("{}/{ones}", address(value)))
                }
                _ => self.pair(name, format_args!("{}/{}", address(value), address(mask))),
            },
        }
    }

    fn ipv6(&mut self, matching: &Match, name: &str, field: Field) -> fmt::Result {
        let address = Ipv6Addr::from_bits;
        match matching.asked(field) {
            None => Ok(()),
            Some((value, u128::MAX)) => self.pair(name, address(value)),
            Some((value, mask)) if mask.leading_ones() == mask.count_ones() => {
                self.pair(name, format_args!("{}/{}", address(value), mask.leading_ones()))
            }
            Some((value, mask)) => {
                self.pair(name, format_args!("{}/{}", address(value), address(mask)))
            }
        }
    }
}
