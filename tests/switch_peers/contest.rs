//! Two switches, given the same rules and packets.

use crate::lab::capture::Frame;
use std::collections::BTreeMap;

/// A packet, and the port by which it left.
pub(crate) type Sent = (u16, Frame);

/// A switch that takes part.
pub(crate) trait Contender {
    /// Whether packets of several flows that come together leave by a port in the order in which they came.
    const KEEPS_ORDER: bool = true;

    /// Has it receive packets by a port, one behind the other; returns all that it sends.
    fn feed(&mut self, port: u16, frames: &[Frame]) -> Vec<Sent>;
}

/// One that has rules.
pub(crate) trait Ruled {
    /// Deletes all rules.
    fn clear(&mut self);

    /// Adds a rule.
    fn add_rule(&mut self, rule: &str);

    /// Adds a group.
    fn add_group(&mut self, group: &str);

    /// Its rules, as `ovs-ofctl dump-flows` prints them.
    fn rules(&mut self) -> String;
}

/// One that takes `ovs-ofctl`'s commands.
pub(crate) trait Commanded: Ruled {
    /// Carries out `mod-flows` or `del-flows`, perhaps `--strict`.
    fn command(&mut self, command: &str, strict: bool, text: &str);
}

/// Ours, whether as the library or as the program.
pub(crate) trait Switch: Contender + Ruled {}

impl<T: Contender + Ruled> Switch for T {}

/// Gives both the packets, and compares what they send.
///
/// # Panics
/// If that is not the same, with the first packet that makes the difference alone, if one does.
pub(crate) fn compare<T: Contender>(
    ours: &mut impl Switch,
    theirs: &mut T,
    port: u16,
    frames: &[Frame],
) {
    let alone = frames.iter().map(std::slice::from_ref);
    let difference = difference(ours, theirs, port, frames);
    let first = |alone| self::difference(ours, theirs, port, alone);
    if let Some(all) = difference {
        panic!("{}", alone.filter_map(first).next().unwrap_or(all));
    }
}

/// How what both send of these packets differs, if it does.
fn difference<T: Contender>(
    ours: &mut impl Switch,
    theirs: &mut T,
    port: u16,
    frames: &[Frame],
) -> Option<String> {
    let before = ours.rules();
    let mut sent = [by_port(ours.feed(port, frames)), by_port(theirs.feed(port, frames))];
    if !T::KEEPS_ORDER {
        sent.iter_mut().flat_map(BTreeMap::values_mut).for_each(|frames| frames.sort());
    }
    if sent[0] == sent[1] {
        return None;
    }
    let of_port = |(port, frames): (&u16, &Vec<Frame>)| {
        frames.iter().map(|frame| format!("  {port}: {}\n", hex(frame))).collect::<String>()
    };
    let [ours_sent, theirs_sent] = sent.map(|sent| sent.iter().map(of_port).collect::<String>());
    let fed: String = frames.iter().map(|frame| format!("  {port}: {}\n", hex(frame))).collect();
    let (before, after) = (timeless(&before), timeless(&ours.rules()));
    let used: Vec<&String> = after.iter().filter(|rule| !before.contains(rule)).collect();
    Some(format!("received\n{fed}ours sends\n{ours_sent}theirs sends\n{theirs_sent}by {used:#?}"))
}

/// What left by each port, in order.
fn by_port(sent: Vec<Sent>) -> BTreeMap<u16, Vec<Frame>> {
    let mut ports: BTreeMap<u16, Vec<Frame>> = BTreeMap::new();
    for (port, frame) in sent {
        ports.entry(port).or_default().push(frame);
    }
    ports
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares the rules of both as they are shown, with what they counted of each or without.
///
/// # Panics
/// If they are not the same, with those that are not.
pub(crate) fn compare_rules(ours: &mut impl Ruled, theirs: &mut impl Ruled, counts: Counts) {
    let shown = |side: &mut dyn Ruled| match counts {
        Counts::Shown => timeless(&side.rules()),
        Counts::LeftOut => without(timeless(&side.rules()), &["n_packets=", "n_bytes="]),
    };
    let (ours, theirs) = (shown(ours), shown(theirs));
    let beside = |some: &[String], others: &[String]| -> Vec<String> {
        some.iter().filter(|line| !others.contains(line)).cloned().collect()
    };
    let (only_ours, only_theirs) = (beside(&ours, &theirs), beside(&theirs, &ours));
    assert!(ours == theirs, "only ours: {only_ours:#?}\nonly theirs: {only_theirs:#?}");
}

/// Whether counts are compared too.
#[derive(Clone, Copy)]
pub(crate) enum Counts {
    Shown,
    LeftOut,
}

/// A list of rules without the digits that depend on the time, sorted.
fn timeless(rules: &str) -> Vec<String> {
    let lines = rules.lines().filter(|line| line.contains("cookie="));
    let timeless = |word: &str| match word.split_once('=') {
        Some(("duration" | "idle_age" | "hard_age", _)) => {
            word.replace(|c: char| c.is_ascii_digit() || c == '.', "")
        }
        _ => word.to_owned(),
    };
    let line = |line: &str| {
        // OpenFlow 1.0, in which `ovs-ofctl` asks, has no word for it.
        let line = line.replace("push_vlan:0x8100,", "");
        line.split(' ').map(timeless).collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> = lines.map(line).collect();
    lines.sort();
    lines
}

/// The lines without the words that begin so, sorted by what is left.
fn without(lines: Vec<String>, beginnings: &[&str]) -> Vec<String> {
    let stays = |word: &&str| !beginnings.iter().any(|beginning| word.starts_with(beginning));
    let line = |line: &String| line.split(' ').filter(stays).collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> = lines.iter().map(line).collect();
    lines.sort();
    lines
}
