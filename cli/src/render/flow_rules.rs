//! Flow rules: `flow list`, `flow query` and what a device says of a rule (testpmd's `port_flow_list`, `port_flow_query` and
//! `port_flow_complain`, `app/test-pmd/config.c`).

use dataplane::port::{FlowCount, FlowError, FlowId, FlowRule};
use serde::Serialize;
use std::fmt;

/// The rules of a port.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct FlowListPage(Vec<FlowLine>);

/// A rule, its headers and actions by name only.
#[derive(Clone, Debug, Serialize)]
struct FlowLine {
    id: u32,
    group: u32,
    priority: u32,
    ingress: bool,
    egress: bool,
    transfer: bool,
    pattern: Vec<String>,
    actions: Vec<String>,
}

impl FlowListPage {
    /// The rules of some groups, or of all if none is named, by group, rank and number.
    pub(crate) fn new(rules: Vec<(FlowId, FlowRule)>, groups: &[u32]) -> Self {
        let asked = |line: &FlowLine| groups.is_empty() || groups.contains(&line.group);
        let mut lines: Vec<FlowLine> = rules.iter().map(line).filter(asked).collect();
        lines.sort_by_key(|line| (line.group, line.priority, line.id));
        Self(lines)
    }
}

fn line((id, rule): &(FlowId, FlowRule)) -> FlowLine {
    let shown = |name: &&str| *name != "void";
    let items = rule.pattern.iter().map(|item| item.kind.name).filter(shown);
    let actions = rule.actions.iter().map(|action| action.name()).filter(shown);
    FlowLine {
        id: id.0,
        group: rule.attributes.group,
        priority: rule.attributes.priority,
        ingress: rule.attributes.ingress,
        egress: rule.attributes.egress,
        transfer: rule.attributes.transfer,
        pattern: items.map(str::to_uppercase).collect(),
        actions: actions.map(str::to_uppercase).collect(),
    }
}

impl fmt::Display for FlowListPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        writeln!(f, "ID\tGroup\tPrio\tAttr\tRule")?;
        for line in &self.0 {
            let mark = |set, letter| if set { letter } else { '-' };
            write!(f, "{}\t{}\t{}\t", line.id, line.group, line.priority)?;
            write!(f, "{}{}", mark(line.ingress, 'i'), mark(line.egress, 'e'))?;
            write!(f, "{}\t", mark(line.transfer, 't'))?;
            line.pattern.iter().try_for_each(|name| write!(f, "{name} "))?;
            write!(f, "=>")?;
            line.actions.iter().try_for_each(|name| write!(f, " {name}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

/// What a rule counted.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct FlowCountPage {
    hits_set: bool,
    bytes_set: bool,
    hits: u64,
    bytes: u64,
}

impl From<FlowCount> for FlowCountPage {
    fn from(count: FlowCount) -> Self {
        Self {
            hits_set: count.packets.is_some(),
            bytes_set: count.bytes.is_some(),
            hits: count.packets.unwrap_or(0),
            bytes: count.bytes.unwrap_or(0),
        }
    }
}

impl fmt::Display for FlowCountPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hits_set, bytes_set, hits, bytes } = self;
        writeln!(f, "COUNT:\n hits_set: {}", u8::from(*hits_set))?;
        writeln!(f, " bytes_set: {}\n hits: {hits}\n bytes: {bytes}", u8::from(*bytes_set))
    }
}

/// What a device says of a rule that it does not take.
pub(crate) fn complaint(error: &FlowError) -> String {
    let FlowError { kind, message, .. } = error;
    let (part, reason) = (error.part(), error.reason());
    format!("port_flow_complain(): Caught PMD error type {kind} ({part}): {message}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::flow;

    fn rule(line: &str) -> FlowRule {
        flow::rule(&line.split(' ').collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn rules_are_listed_by_group_and_rank() {
        let rules = vec![
            (FlowId(0), rule("group 1 egress pattern eth / end actions drop / end")),
            (
                FlowId(1),
                rule(
                    "priority 2 ingress pattern eth / void / ipv4 / end actions mark id 1 / queue / end",
                ),
            ),
            (FlowId(2), rule("ingress transfer pattern end actions end")),
        ];
        assert_eq!(
            FlowListPage::new(rules.clone(), &[]).to_string(),
            "ID\tGroup\tPrio\tAttr\tRule\n2\t0\t0\ti-t\t=>\n1\t0\t2\ti--\tETH IPV4 => MARK QUEUE\n0\t1\t0\t-e-\tETH => DROP\n"
        );
        let first = "ID\tGroup\tPrio\tAttr\tRule\n0\t1\t0\t-e-\tETH => DROP\n";
        assert_eq!(FlowListPage::new(rules, &[1]).to_string(), first);
        assert_eq!(FlowListPage::new(Vec::new(), &[]).to_string(), "");
    }

    #[test]
    fn a_count_tells_what_was_not_counted() {
        let page = FlowCountPage::from(FlowCount { packets: Some(7), bytes: None });
        assert_eq!(page.to_string(), "COUNT:\n hits_set: 1\n bytes_set: 0\n hits: 7\n bytes: 0\n");
    }
}
