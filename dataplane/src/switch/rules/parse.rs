//! From text to rules: `priority=10,tcp,tp_dst=80,actions=mod_dl_dst:02:00:00:00:00:09,output:2`.

use super::values::{Given, number};
use super::{Action, Match, RuleError};
use crate::port::PortId;
use crate::wire::ethernet::EtherType;
use std::str::FromStr;

/// The priority of a rule that names none (`OFP_DEFAULT_PRIORITY`).
pub(super) const DEFAULT_PRIORITY: u16 = 32768;

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSpec {
    /// Of the rules that are for a packet, the one with the highest.
    pub priority: u16,
    /// A number of the user's own.
    pub cookie: u64,
    /// Seconds without a packet after which it goes; 0 for never.
    pub idle_timeout: u16,
    /// Seconds after which it goes; 0 for never.
    pub hard_timeout: u16,
    /// Which packets it is for.
    pub matching: Match,
    /// What it does with them, in order; nothing drops them.
    pub actions: Vec<Action>,
}

/// Which of the rules are meant, to delete, change or show them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowSelect {
    /// Rules for these packets, or for some of them.
    pub matching: Match,
    /// Only rules with these bits of their cookie: value and mask.
    pub cookie: Option<(u64, u64)>,
    /// Only rules that send by this port.
    pub out_port: Option<PortId>,
    /// Only the rule with exactly this match and this priority (`--strict`).
    pub strict: Option<u16>,
}

/// What text says, before it is known what for.
#[derive(Default)]
struct Read {
    matching: Match,
    priority: Option<u16>,
    cookie: Option<Cookie>,
    idle_timeout: u16,
    hard_timeout: u16,
    out_port: Option<PortId>,
}

impl FromStr for FlowSpec {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (matches, actions) = split_actions(text).ok_or(RuleError::NoActions)?;
        let read = Read::of(matches)?;
        if read.out_port.is_some() {
            return Err(RuleError::UnknownField("out_port".to_owned()));
        }
        Ok(Self {
            priority: read.priority.unwrap_or(DEFAULT_PRIORITY),
            cookie: read.cookie.map_or(0, |cookie| cookie.value),
            idle_timeout: read.idle_timeout,
            hard_timeout: read.hard_timeout,
            matching: read.matching,
            actions: parse_actions(actions)?,
        })
    }
}

impl FlowSelect {
    /// What `text` selects, without actions; everything if it is empty. If `strict`, exactly one rule, by its priority too.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn parse(text: &str, strict: bool) -> Result<Self, RuleError> {
        let read = Read::of(text)?;
        let strict = strict.then(|| read.priority.unwrap_or(DEFAULT_PRIORITY));
        let Read { matching, cookie, out_port, .. } = read;
        let cookie = cookie.map(|cookie| (cookie.value, cookie.mask.unwrap_or(u64::MAX)));
        Ok(Self { matching, cookie, out_port, strict })
    }

    /// What a rule's text selects to be given its actions. A cookie without a mask is the new one and selects nothing.
    pub(in super::super) fn to_change(text: &str, strict: bool) -> Result<Self, RuleError> {
        let (matches, _) = split_actions(text).ok_or(RuleError::NoActions)?;
        let masked = Read::of(matches)?.cookie.is_some_and(|cookie| cookie.mask.is_some());
        let select = Self::parse(matches, strict)?;
        Ok(Self { cookie: select.cookie.filter(|_| masked), ..select })
    }

    /// Whether a rule is meant.
    pub(in super::super) fn selects(&self, rule: &FlowSpec) -> bool {
        let matching = match self.strict {
            Some(priority) => rule.priority == priority && rule.matching == self.matching,
            None => rule.matching.is_within(&self.matching),
        };
        let cookie = self.cookie.is_none_or(|(value, mask)| (rule.cookie ^ value) & mask == 0);
        let sends = |port| rule.actions.contains(&Action::Output(port));
        matching && cookie && self.out_port.is_none_or(sends)
    }
}

impl Read {
    fn of(text: &str) -> Result<Self, RuleError> {
        let mut read = Self::default();
        let mut fields = Vec::new();
        for word in words(text) {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            let given = Given { field: name, value: value.unwrap_or_default() };
            match name {
                "table" => match number(given.value) {
                    Some(0) => {}
                    _ => return Err(given.bad("there is one table, 0")),
                },
                "priority" => read.priority = Some(given.as_number(65535)?),
                "cookie" => read.cookie = Some(cookie(given)?),
                "idle_timeout" => read.idle_timeout = given.as_number(65535)?,
                "hard_timeout" => read.hard_timeout = given.as_number(65535)?,
                "out_port" => read.out_port = Some(PortId(given.as_number(65535)?)),
                _ if read.matching.ask_named(name, value)? => fields.push(name),
                _ => return Err(RuleError::UnknownField(word.to_owned())),
            }
        }
        fields.iter().try_for_each(|name| read.matching.check_prerequisite(name))?;
        Ok(read)
    }
}

/// A cookie, perhaps with a mask.
#[derive(Clone, Copy)]
struct Cookie {
    value: u64,
    mask: Option<u64>,
}

/// A mask of -1 is all of it.
fn cookie(given: Given<'_>) -> Result<Cookie, RuleError> {
    let part = |value| Given { field: given.field, value }.number(u64::MAX);
    let (value, mask) = match given.value.split_once('/') {
        Some((value, "-1")) => (value, Some(u64::MAX)),
        Some((value, mask)) => (value, Some(part(mask)?)),
        None => (given.value, None),
    };
    Ok(Cookie { value: part(value)?, mask })
}

/// Words between commas and blanks.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty())
}

/// What stands before `actions=`, and what behind it.
pub(super) fn split_actions(text: &str) -> Option<(&str, &str)> {
    ["actions=", "action="].into_iter().find_map(|word| text.split_once(word))
}

/// Actions as they stand behind `actions=`.
pub(super) fn parse_actions(text: &str) -> Result<Vec<Action>, RuleError> {
    let mut actions = Vec::new();
    let mut alone = None;
    for word in words(text) {
        match parse_action(word)? {
            Some(action) => actions.push(action),
            None => alone = Some("drop"),
        }
    }
    match alone {
        Some(word) if !actions.is_empty() => Err(RuleError::Alone(word)),
        None if actions.is_empty() => Err(RuleError::NoActions),
        _ => Ok(actions),
    }
}

/// Actions of OVS that there are not, and why.
const REFUSED: [(&str, &str); 14] = [
    (
        "set_queue",
        "ports have no queues to choose from; limit what a port may receive with its rate",
    ),
    ("enqueue", "ports have no queues to choose from; limit what a port may receive with its rate"),
    ("pop_queue", "ports have no queues to choose from"),
    ("resubmit", "there is one table, and a packet is looked up once"),
    ("goto_table", "there is one table, and a packet is looked up once"),
    ("controller", "there is no controller: rules are the user's"),
    ("learn", "rules make no rules; addresses are learned by normal"),
    ("local", "the switch has no port of its own: give it a port of the device tap:"),
    ("set_field", "use mod_dl_src, mod_nw_dst, mod_tp_dst and the like"),
    ("load", "there are no registers: use mod_dl_src, mod_nw_dst and the like"),
    ("move", "there are no registers: use mod_dl_src, mod_nw_dst and the like"),
    ("ct", "connections are not tracked"),
    ("conjunction", "write one rule for each combination"),
    ("meter", "limit what a port may receive with its rate"),
];

/// One action; `None` for `drop`.
fn parse_action(word: &str) -> Result<Option<Action>, RuleError> {
    let (name, value) = match word.find([':', '=', '(']) {
        Some(at) => (&word[..at], word[at + 1..].trim_end_matches(')')),
        None => (word, ""),
    };
    let given = Given { field: name, value };
    let lower = name.to_ascii_lowercase();
    Ok(Some(match lower.as_str() {
        "drop" if value.is_empty() => return Ok(None),
        "output" => match value.to_ascii_lowercase().as_str() {
            "in_port" => Action::InPort,
            _ => Action::Output(PortId(given.as_number(65535)?)),
        },
        "in_port" if value.is_empty() => Action::InPort,
        "flood" if value.is_empty() => Action::Flood,
        "all" if value.is_empty() => Action::All,
        "normal" if value.is_empty() => Action::Normal,
        "group" => Action::Group(given.as_number(u64::from(u32::MAX))?),
        "mod_dl_src" => Action::SetDlSrc(given.mac()?),
        "mod_dl_dst" => Action::SetDlDst(given.mac()?),
        "mod_nw_src" => Action::SetNwSrc(given.ipv4()?),
        "mod_nw_dst" => Action::SetNwDst(given.ipv4()?),
        "mod_nw_tos" => match given.number(255)? {
            tos if tos & 3 == 0 => Action::SetNwTos(tos as u8),
            _ => return Err(given.bad("give a multiple of 4 up to 252")),
        },
        "mod_nw_ttl" => Action::SetNwTtl(given.as_number(255)?),
        "dec_ttl" if value.is_empty() => Action::DecTtl,
        "mod_tp_src" => Action::SetTpSrc(given.as_number(65535)?),
        "mod_tp_dst" => Action::SetTpDst(given.as_number(65535)?),
        "strip_vlan" | "pop_vlan" if value.is_empty() => Action::StripVlan,
        "push_vlan" => match EtherType(given.as_number(65535)?) {
            EtherType(tpid) if matches!(tpid, 0x8100 | 0x88a8) => Action::PushVlan(tpid),
            _ => return Err(given.bad("give 0x8100, or 0x88a8 for a provider's tag")),
        },
        "mod_vlan_vid" => Action::SetVlanVid(given.as_number(4095)?),
        "mod_vlan_pcp" => Action::SetVlanPcp(given.as_number(7)?),
        _ if value.is_empty() && number(name).is_some_and(|port| port <= 65535) => {
            Action::Output(PortId(Given { field: "output", value: name }.as_number(65535)?))
        }
        _ => {
            let refused = REFUSED.iter().find(|(word, _)| *word == lower);
            return Err(match refused {
                Some((_, why)) => RuleError::Refused { word: name.to_owned(), why },
                None => RuleError::UnknownAction(word.to_owned()),
            });
        }
    }))
}
