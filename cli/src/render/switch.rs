//! The virtual switch: rules as `ovs-ofctl dump-flows` has them, addresses as `ovs-appctl fdb/show` has them, and pages of its
//! own.

use dataplane::engine::counters::Dropped;
use dataplane::forward::Retry;
use dataplane::port::{PortId, Refusal, Unsent};
use dataplane::switch::{Group, MacEntry, MacFigures, PortPolicy, RuleFigures, VlanPolicy};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Rules.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct FlowsPage(pub(crate) Vec<RuleFigures>);

impl fmt::Display for FlowsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|rule| writeln!(f, "{rule}"))
    }
}

/// Groups, as they can be added again.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct GroupsPage(Vec<String>);

impl GroupsPage {
    pub(crate) fn new(groups: &[Group]) -> Self {
        Self(groups.iter().map(Group::to_string).collect())
    }
}

impl fmt::Display for GroupsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|group| writeln!(f, " {group}"))
    }
}

/// Addresses.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct AddressesPage(pub(crate) Vec<MacEntry>);

impl fmt::Display for AddressesPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, " port  VLAN  MAC                Age")?;
        self.0.iter().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

/// The table of addresses in numbers.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct AddressFiguresPage(pub(crate) MacFigures);

impl fmt::Display for AddressFiguresPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MacFigures { learned, set, limit, learnings, moves, moves_per_second, refused } =
            &self.0;
        writeln!(f, "Addresses: {learned} learned of {limit} at most, {set} set by hand")?;
        writeln!(f, "Learned since the start: {learnings}")?;
        writeln!(f, "Moved since the start: {moves}, in the last second: {moves_per_second}")?;
        writeln!(f, "Found no room since the start: {refused}")
    }
}

/// What ports are to the switch.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct PoliciesPage(pub(crate) Vec<PolicyLine>);

/// What a port is to the switch. A limit that there is not is left out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PolicyLine {
    port: PortId,
    vlan: String,
    isolated: bool,
    learning: bool,
    unknown_unicast: bool,
    flood: bool,
    limits: BTreeMap<&'static str, u64>,
}

impl PolicyLine {
    pub(crate) fn of(port: PortId, policy: &PortPolicy) -> Self {
        let storm = policy.storm;
        let (rate, burst) = policy.rate.map(|rate| (rate.bytes_per_second, rate.burst)).unzip();
        let (tries, delay) = policy
            .retry
            .map(|Retry { delay, times }| (times.into(), delay.as_micros() as u64))
            .unzip();
        let limits = [
            ("addresses", policy.mac_limit.map(u64::from)),
            ("broadcast_pps", storm.broadcast.map(u64::from)),
            ("multicast_pps", storm.multicast.map(u64::from)),
            ("unknown_pps", storm.unknown.map(u64::from)),
            ("rate_bytes_per_second", rate),
            ("burst_bytes", burst),
            ("retry_times", tries),
            ("retry_delay_us", delay),
        ];
        Self {
            port,
            vlan: vlan(&policy.vlan),
            isolated: policy.isolated,
            learning: policy.learning,
            unknown_unicast: policy.unknown_unicast,
            flood: policy.flood,
            limits: limits.into_iter().filter_map(|(name, limit)| Some((name, limit?))).collect(),
        }
    }
}

fn vlan(policy: &VlanPolicy) -> String {
    match policy {
        VlanPolicy::Access(vlan) => format!("access {vlan}"),
        VlanPolicy::Trunk { vlans, native } => {
            let vlans = match vlans {
                None => "all".to_owned(),
                Some(vlans) => vlans.iter().map(u16::to_string).collect::<Vec<_>>().join(","),
            };
            let native = native.map_or_else(String::new, |native| {
                let tagged = if native.tagged { " tagged" } else { "" };
                format!(", native {}{tagged}", native.vlan)
            });
            format!("trunk {vlans}{native}")
        }
    }
}

impl fmt::Display for PoliciesPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.0 {
            write!(f, "Port {}: {}", line.port, line.vlan)?;
            for (is, word) in [
                (line.isolated, "isolated"),
                (!line.learning, "no learning"),
                (!line.unknown_unicast, "no unknown unicast"),
                (!line.flood, "no flooding"),
            ] {
                if is {
                    write!(f, ", {word}")?;
                }
            }
            for (name, limit) in &line.limits {
                write!(f, ", {name}={limit}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// What was switched and what was not.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct SwitchStatsPage {
    /// By port.
    pub(crate) ports: Vec<SwitchedPort>,
    /// Packets that went nowhere, by reason.
    pub(crate) dropped: Vec<Dropped>,
}

/// What came and left by a port.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SwitchedPort {
    /// The port's number.
    pub(crate) port: PortId,
    /// Packets that came.
    pub(crate) received: u64,
    /// Packets that left.
    pub(crate) sent: u64,
    /// Packets that were to leave, and that its queue or the ring before it did not take.
    #[serde(flatten)]
    pub(crate) unsent: Unsent,
}

impl SwitchStatsPage {
    /// Takes in what was switched at another time.
    pub(crate) fn add(&mut self, other: Self) {
        for port in other.ports {
            match self.ports.iter_mut().find(|own| own.port == port.port) {
                Some(own) => {
                    own.received += port.received;
                    own.sent += port.sent;
                    own.unsent =
                        Unsent::counted(|reason| own.unsent.of(reason) + port.unsent.of(reason));
                }
                None => self.ports.push(port),
            }
        }
        other.dropped.into_iter().for_each(|dropped| self.count(dropped));
    }

    /// Counts packets that went nowhere.
    pub(crate) fn count(&mut self, Dropped { reason, packets }: Dropped) {
        match self.dropped.iter_mut().find(|dropped| dropped.reason == reason) {
            Some(dropped) => dropped.packets += packets,
            None => self.dropped.push(Dropped { reason, packets }),
        }
    }
}

impl fmt::Display for SwitchStatsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["Port", "Received", "Sent", "Full", "No-link", "Bad-descriptor"];
        let mut line = |[port, received, sent, full, no_link, bad]: [String; 6]| {
            writeln!(f, "{port:<5}{received:>20}{sent:>20}{full:>16}{no_link:>16}{bad:>16}")
        };
        line(head.map(str::to_owned))?;
        for SwitchedPort { port, received, sent, unsent } in &self.ports {
            let [received, sent] = [received, sent].map(u64::to_string);
            let [full, no_link, bad] = Refusal::ALL.map(|reason| unsent.of(reason).to_string());
            line([port.to_string(), received, sent, full, no_link, bad])?;
        }
        for Dropped { reason, packets } in &self.dropped {
            // By the name that it has in JSON too.
            let reason = serde_json::to_value(reason).unwrap_or_default();
            writeln!(f, "Dropped ({}): {packets}", reason.as_str().unwrap_or_default())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataplane::switch::Native;

    #[test]
    fn a_port_is_told_in_a_line() {
        let native = Some(Native { vlan: 5, tagged: true });
        let policy = PortPolicy {
            vlan: VlanPolicy::Trunk { vlans: Some([7, 9].into()), native },
            isolated: true,
            mac_limit: Some(10),
            flood: false,
            ..PortPolicy::default()
        };
        assert_eq!(
            PoliciesPage(vec![PolicyLine::of(PortId(2), &policy)]).to_string(),
            "Port 2: trunk 7,9, native 5 tagged, isolated, no flooding, addresses=10\n"
        );
        let line = PolicyLine::of(PortId(0), &PortPolicy::default());
        assert_eq!(PoliciesPage(vec![line]).to_string(), "Port 0: trunk all\n");
    }
}
