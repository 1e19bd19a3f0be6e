//! The words of a syntax: what each may be, which of that can be typed now, and how help writes it.

use super::Vocabulary;
use super::own::Own;
use super::values::{net, number, port_list, ports};
use crate::shell::flow;
use dataplane::port::PortId;
use dataplane::wire::ethernet::MacAddr;
use std::net::IpAddr;

/// A word of a syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Itself.
    Word(&'static str),
    /// `(on|off)`: one of the words between the bars.
    Choice(&'static str),
    /// `PORT`: a port's number.
    Port,
    /// `PORTS`: a port's number, or `all`.
    Ports,
    /// `PORTLIST`: ports' numbers and ranges of them, separated by commas, or `all`.
    PortList,
    /// `RXQ`: a receive queue of the port before it.
    RxQueue,
    /// `TXQ`: a transmit queue of the port before it.
    TxQueue,
    /// `MODE`: a forwarding mode.
    Mode,
    /// `TOPIC`: a section of commands, or `all`.
    Topic,
    /// `BURST:1-512`, `TCI:u16`: a number from the least to the most, decimal, `0x` hexadecimal, `0b` binary or, with a
    /// leading zero, octal.
    Number { name: &'static str, least: u64, most: u64 },
    /// `PEER:mac`: an Ethernet address.
    Mac(&'static str),
    /// `SOURCE:ip`: an IPv4 or IPv6 address.
    Ip(&'static str),
    /// `NETWORK:net`: an IP address, with or without the length of its prefix.
    Net(&'static str),
    /// `QUEUES:list`: numbers and ranges, separated by commas: `0,2-4`.
    List(&'static str),
    /// `FILE:text`: any one word.
    Text(&'static str),
    /// `PATTERN:rest`: all words to the end of the line, at least one.
    Rest(&'static str),
    /// `RULE`: a flow rule, and other grammars of their own, to the end of the line.
    Own(Own),
}

/// The grammars of their own.
const OWN: [&Own; 3] = [&flow::RULE, &flow::RULES, &flow::GROUPS];

/// Where in a line a word stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) known: &'a Vocabulary,
    pub(super) topics: &'a [&'static str],
    /// The port that was named before, whose queues are meant.
    pub(super) port: Option<PortId>,
    /// The words before it that a grammar of its own has read.
    pub(super) own: &'a [&'a str],
}

impl Token {
    /// The token of a word of a syntax.
    pub(super) fn of(text: &'static str) -> Self {
        if let Some(words) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            return Self::Choice(words);
        }
        if let Some(own) = OWN.into_iter().find(|own| own.name == text) {
            return Self::Own(*own);
        }
        match text {
            "PORT" => return Self::Port,
            "PORTS" => return Self::Ports,
            "PORTLIST" => return Self::PortList,
            "RXQ" => return Self::RxQueue,
            "TXQ" => return Self::TxQueue,
            "MODE" => return Self::Mode,
            "TOPIC" => return Self::Topic,
            _ => {}
        }
        let up_to = |name, most| Self::Number { name, least: 0, most };
        match text.split_once(':') {
            Some((name, "u8")) => up_to(name, u64::from(u8::MAX)),
            Some((name, "u16")) => up_to(name, u64::from(u16::MAX)),
            Some((name, "u32")) => up_to(name, u64::from(u32::MAX)),
            Some((name, "u64")) => up_to(name, u64::MAX),
            Some((name, "mac")) => Self::Mac(name),
            Some((name, "ip")) => Self::Ip(name),
            Some((name, "net")) => Self::Net(name),
            Some((name, "list")) => Self::List(name),
            Some((name, "text")) => Self::Text(name),
            Some((name, "rest")) => Self::Rest(name),
            Some((name, range)) => {
                let bounds = range.split_once('-');
                match bounds.and_then(|(least, most)| Some((number(least)?, number(most)?))) {
                    Some((least, most)) => Self::Number { name, least, most },
                    None => Self::Word(text),
                }
            }
            None => Self::Word(text),
        }
    }

    /// The words that can be typed here now; none where they are too many to list.
    pub(super) fn choices(self, place: Place<'_>) -> Vec<String> {
        let all = || "all".to_owned();
        let ports = || place.known.ports.iter().map(|port| port.id.to_string());
        let port = || place.known.ports.iter().find(|port| Some(port.id) == place.port);
        let queues = |count: Option<u16>| (0..count.unwrap_or(0)).map(|q| q.to_string()).collect();
        match self {
            Self::Word(word) => vec![word.to_owned()],
            Self::Choice(words) => words.split('|').map(str::to_owned).collect(),
            Self::Port => ports().collect(),
            Self::Ports | Self::PortList => ports().chain([all()]).collect(),
            Self::RxQueue => queues(port().map(|port| port.rx_queues)),
            Self::TxQueue => queues(port().map(|port| port.tx_queues)),
            Self::Mode => place.known.modes.iter().map(|mode| (*mode).to_owned()).collect(),
            Self::Topic => {
                place.topics.iter().map(|word| (*word).to_owned()).chain([all()]).collect()
            }
            Self::Own(own) => {
                (own.follow)(place.own).choices.into_iter().map(str::to_owned).collect()
            }
            Self::Number { .. }
            | Self::Mac(_)
            | Self::Ip(_)
            | Self::Net(_)
            | Self::List(_)
            | Self::Text(_)
            | Self::Rest(_) => Vec::new(),
        }
    }

    /// What can be typed here, one by one or, where that is too much to list, in words.
    pub(super) fn expected(self, place: Place<'_>) -> Vec<String> {
        let form = match self {
            Self::Number { least, most, .. } => format!("a number from {least} to {most}"),
            Self::Mac(_) => "a MAC address such as 02:00:00:00:00:01".to_owned(),
            Self::Ip(_) => "an IP address such as 192.0.2.1 or 2001:db8::1".to_owned(),
            Self::Net(_) => "an IP address such as 192.0.2.1/24 or 2001:db8::1/64".to_owned(),
            Self::List(name) => format!("{} such as 0,2-4", name.to_lowercase()),
            Self::Text(name) | Self::Rest(name) => format!("({})", name.to_lowercase()),
            Self::Own(own) => {
                let choices = self.choices(place).into_iter();
                return choices.chain((own.follow)(place.own).form).collect();
            }
            Self::Port | Self::Ports | Self::PortList if place.known.ports.is_empty() => {
                "a port's number".into()
            }
            Self::RxQueue | Self::TxQueue if self.choices(place).is_empty() => {
                "a queue's number".into()
            }
            _ => return self.choices(place),
        };
        vec![form]
    }

    /// Whether a word may stand here. Ports and queues that are not there pass: whoever carries the command out says so
    /// in testpmd's words.
    pub(super) fn accepts(self, word: &str, place: Place<'_>) -> bool {
        match self {
            Self::Word(own) => own == word,
            Self::Choice(words) => words.split('|').any(|own| own == word),
            Self::Port | Self::RxQueue | Self::TxQueue => {
                number(word).is_some_and(|number| number <= u64::from(u16::MAX))
            }
            Self::Ports => ports(word).is_some(),
            Self::PortList => port_list(word).is_some(),
            Self::Mode => place.known.modes.contains(&word),
            Self::Topic => word == "all" || place.topics.contains(&word),
            Self::Number { least, most, .. } => {
                number(word).is_some_and(|number| (least..=most).contains(&number))
            }
            Self::Mac(_) => word.parse::<MacAddr>().is_ok(),
            Self::Ip(_) => word.parse::<IpAddr>().is_ok(),
            Self::Net(_) => net(word).is_some(),
            Self::List(_) => super::values::list(word).is_some(),
            Self::Text(_) | Self::Rest(_) => true,
            Self::Own(own) => own.accepts(place.own, word),
        }
    }

    /// As help and hints write it: itself, or in brackets what can be typed now.
    pub(super) fn usage(self, place: Place<'_>) -> String {
        let name = match self {
            Self::Word(word) => return word.to_owned(),
            Self::Choice(word) if !word.contains('|') => return word.to_owned(),
            Self::Number { name, .. }
            | Self::Mac(name)
            | Self::Ip(name)
            | Self::Net(name)
            | Self::List(name)
            | Self::Text(name) => name.to_lowercase(),
            Self::Rest(name) => format!("{}...", name.to_lowercase()),
            Self::Own(own) => format!("{}...", own.name.to_lowercase()),
            _ => self.choices(place).join("|"),
        };
        // What there is none of now has a name still.
        let name = match self {
            Self::Port if name.is_empty() => "port".to_owned(),
            Self::RxQueue | Self::TxQueue if name.is_empty() => "queue".to_owned(),
            _ => name,
        };
        format!("({name})")
    }
}
