//! The steps from what runs to what a configuration says.

use super::{Address, Shape, Step};
use crate::settings::{FwdSettings, PortSettings};
use dataplane::forward::Forwarding;
use dataplane::lcore::LcoreId;
use dataplane::port::{PortId, QueueId};
use dataplane::switch::{FlowSpec, Group, Switch};
use std::collections::BTreeMap;
use thiserror::Error;

/// What runs.
pub(crate) struct Running<'a> {
    /// The ports, by their numbers.
    pub(crate) ports: Vec<RunningPort>,
    /// Those that forward, in forwarding order.
    pub(crate) forwards: Vec<PortId>,
    /// How forwarding is laid out.
    pub(crate) shape: Shape,
    /// Which lcores poll certain receive queues.
    pub(crate) placed: BTreeMap<(PortId, QueueId), LcoreId>,
    /// How packets are forwarded.
    pub(crate) forwarding: &'a Forwarding,
    /// The switch, if it is one.
    pub(crate) switch: Option<&'a Switch>,
}

/// A port that runs.
pub(crate) struct RunningPort {
    /// Its number.
    pub(crate) id: PortId,
    /// What it is.
    pub(crate) settings: PortSettings,
}

/// Why what runs cannot become what a configuration says. Each says what to do.
#[derive(Debug, Error)]
pub(crate) enum DifferenceError {
    #[error("the configuration is a {wanted}'s, and a {running} runs: end it and start the other")]
    AnotherKind { wanted: &'static str, running: &'static str },
    #[error(
        "{device} would be port {would_be}, and in the configuration it is port {wanted}, which rules and policies name: order \
         the ports of the configuration so, or start anew"
    )]
    Renumbered { device: String, would_be: PortId, wanted: PortId },
}

/// The steps from what runs to what `wanted` says; none if nothing differs.
///
/// # Errors
///
/// [`DifferenceError`].
pub(crate) fn difference(
    running: &Running<'_>,
    wanted: &FwdSettings,
) -> Result<Vec<Step>, DifferenceError> {
    if running.switch.is_some() != wanted.switch.is_some() {
        let kind = |switch| if switch { "switch" } else { "forwarder" };
        return Err(DifferenceError::AnotherKind {
            wanted: kind(wanted.switch.is_some()),
            running: kind(running.switch.is_some()),
        });
    }
    let mut steps = Vec::new();
    let order = ports(running, wanted, &mut steps);
    if let Some(switch) = running.switch {
        for ((id, port), place) in order.iter().zip(&wanted.ports).zip(0..) {
            if *id != PortId(place) {
                return Err(DifferenceError::Renumbered {
                    device: port.device.typed.clone(),
                    would_be: *id,
                    wanted: PortId(place),
                });
            }
        }
        forward(running, wanted, &order, &mut steps);
        switching(switch, wanted, &mut steps);
    } else {
        forward(running, wanted, &order, &mut steps);
        let mode = Forwarding {
            mode: wanted.mode,
            options: wanted.modes.clone(),
            peers: order
                .iter()
                .zip(&wanted.ports)
                .map(|(id, port)| (*id, wanted.peer(*id, Some(port))))
                .collect(),
            ..running.forwarding.clone()
        };
        let now = running.forwarding;
        let same_peers = mode.peers.iter().all(|(id, peer)| now.peer(*id) == *peer);
        if mode.mode.name != now.mode.name || mode.options != now.options || !same_peers {
            steps.push(Step::Mode(Box::new(mode)));
        }
    }
    Ok(steps)
}

/// Which ports go and come; returns the numbers that the wanted ones have in the end, in their order.
fn ports(running: &Running<'_>, wanted: &FwdSettings, steps: &mut Vec<Step>) -> Vec<PortId> {
    let mut left: Vec<&RunningPort> = running.ports.iter().collect();
    let is_same = |port: &RunningPort, asked: &PortSettings| {
        port.settings.device.typed == asked.device.typed && port.settings.config == asked.config
    };
    let kept: Vec<Option<PortId>> = wanted
        .ports
        .iter()
        .map(|asked| {
            let at = left.iter().position(|port| is_same(port, asked))?;
            Some(left.remove(at).id)
        })
        .collect();
    steps.extend(left.iter().map(|port| Step::Remove(port.id, port.settings.clone())));
    // DPDK gives a new port the lowest number that is free.
    let mut taken: Vec<PortId> = kept.iter().flatten().copied().collect();
    let mut order = Vec::new();
    for (kept, asked) in kept.into_iter().zip(&wanted.ports) {
        let id = kept.unwrap_or_else(|| {
            let free = (0..).map(PortId).find(|id| !taken.contains(id));
            // There are more numbers than there can be ports.
            let id = free.unwrap_or(PortId(u16::MAX));
            steps.push(Step::Add(id, asked.clone()));
            taken.push(id);
            id
        });
        order.push(id);
    }
    order
}

/// How the wanted ports forward.
fn forward(running: &Running<'_>, wanted: &FwdSettings, order: &[PortId], steps: &mut Vec<Step>) {
    let changes_ports = !steps.is_empty();
    let shape = Shape { topology: wanted.topology, nb_cores: wanted.nb_cores, burst: wanted.burst };
    if changes_ports || order != running.forwards {
        steps.push(Step::Forward(order.to_vec()));
    }
    if shape != running.shape {
        steps.push(Step::LayOut(shape));
    }
    let placed = order.iter().zip(&wanted.ports).flat_map(|(id, port)| port.placed(*id));
    let placed: BTreeMap<_, _> = placed.collect();
    if placed != running.placed {
        steps.push(Step::Place(placed));
    }
}

/// What the switch lacks: groups before the rules that name them, and the other way round where they go.
fn switching(running: &Switch, wanted: &FwdSettings, steps: &mut Vec<Step>) {
    // Settings were refused if they could not be built.
    let Some(Ok(wanted)) = wanted.switch.as_ref().map(|switch| switch.build(Vec::new())) else {
        return;
    };
    let (now, then) = (running.config(), wanted.config());
    let ports: std::collections::BTreeSet<PortId> =
        now.ports.keys().chain(then.ports.keys()).copied().collect();
    for port in ports {
        let policy = wanted.port_policy(port);
        if policy != running.port_policy(port) {
            steps.push(Step::Policy(port, Box::new(policy)));
        }
    }
    if now.mirrors != then.mirrors {
        steps.push(Step::Mirrors(then.mirrors));
    }
    if now.aging != then.aging {
        steps.push(Step::Aging(then.aging));
    }
    let (old, new) = (running.groups(), wanted.groups());
    let with = |groups: &[Group], id: u32| groups.iter().find(|group| group.id == id).cloned();
    for group in &new {
        match with(&old, group.id) {
            None => steps.push(Step::AddGroup(group.to_string())),
            Some(other) if other != *group => steps.push(Step::ModGroup(group.to_string())),
            Some(_) => {}
        }
    }
    let (old_rules, new_rules) = (running.flows(), wanted.flows());
    let same = |one: &FlowSpec, other: &FlowSpec| {
        one.priority == other.priority && one.matching == other.matching
    };
    for rule in old_rules.iter().filter(|old| !new_rules.iter().any(|new| same(old, new))) {
        steps.push(Step::DelFlow(rule.to_string()));
    }
    let missing = new_rules.iter().filter(|rule| !old_rules.contains(rule));
    steps.extend(missing.map(|rule| Step::AddFlow(rule.to_string())));
    for group in old.iter().filter(|group| with(&new, group.id).is_none()) {
        steps.push(Step::DelGroup(group.id, group.to_string()));
    }
    let (old, new) = (addresses(running), addresses(&wanted));
    steps.extend(old.iter().filter(|at| !new.contains(at)).copied().map(Step::ForgetAddress));
    steps.extend(new.iter().filter(|at| !old.contains(at)).copied().map(Step::SetAddress));
}

/// The addresses that were set by hand.
fn addresses(switch: &Switch) -> Vec<Address> {
    let by_hand = switch.mac_table().into_iter().filter(|entry| entry.age_s.is_none());
    by_hand.map(|entry| Address { mac: entry.mac, vlan: entry.vlan, port: entry.port }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::flags::FwdFlags;

    fn settings(text: &str) -> FwdSettings {
        let config: config::Config = config::parse("a.toml", text).unwrap();
        let flags = FwdFlags { switch: config.switch.is_some(), ..FwdFlags::default() };
        FwdSettings::resolve(flags, config, "a.toml").unwrap()
    }

    /// The steps from one configuration to another.
    fn steps(from: &str, to: &str) -> Result<Vec<String>, String> {
        let (from, to) = (settings(from), settings(to));
        let switch = from.switch.as_ref().map(|switch| switch.build(Vec::new()).unwrap());
        let ports: Vec<RunningPort> = (0..)
            .map(PortId)
            .zip(&from.ports)
            .map(|(id, settings)| RunningPort { id, settings: settings.clone() })
            .collect();
        let mut forwarding =
            Forwarding { options: from.modes.clone(), ..Forwarding::of(from.mode) };
        forwarding.peers =
            ports.iter().map(|port| (port.id, from.peer(port.id, Some(&port.settings)))).collect();
        let running = Running {
            forwards: ports.iter().map(|port| port.id).collect(),
            placed: ports.iter().flat_map(|port| port.settings.placed(port.id)).collect(),
            ports,
            shape: Shape { topology: from.topology, nb_cores: from.nb_cores, burst: from.burst },
            forwarding: &forwarding,
            switch: switch.as_ref(),
        };
        let steps = difference(&running, &to).map_err(|error| error.to_string())?;
        Ok(steps.iter().map(Step::to_string).collect())
    }

    fn devices(names: &[&str]) -> String {
        let ports: Vec<String> =
            names.iter().map(|name| format!("{{ device = \"{name}\" }}")).collect();
        format!("port = [{}]\n", ports.join(", "))
    }

    #[test]
    fn what_does_not_differ_takes_no_step() {
        let text = devices(&["null:", "ring:a"]) + "[fwd]\nmode = \"mac\"\n";
        assert_eq!(steps(&text, &text), Ok(vec![]));
        let text = devices(&["null:", "ring:a"])
            + "[switch]\nflows = [\"ip, priority=7 actions=drop\"]\ngroups = [\"group_id=1,type=all\"]\n";
        assert_eq!(steps(&text, &text), Ok(vec![]));
    }

    #[test]
    fn ports_go_before_others_come_and_all_forward_at_the_end() {
        assert_eq!(
            steps(
                &devices(&["null:", "ring:a", "ring:b"]),
                &devices(&["ring:b", "ring:c", "null:"])
            ),
            Ok(vec![
                "remove port 1 (ring:a)".to_owned(),
                "add port 1 (ring:c)".to_owned(),
                "forward ports 2, 1, 0".to_owned(),
            ])
        );
        // One whose queues change is made anew.
        let more =
            "port = [{ device = \"null:\", rxq = 2, rxq_lcores = [1] }, { device = \"ring:a\" }]\n";
        assert_eq!(
            steps(&devices(&["null:", "ring:a"]), more),
            Ok(vec![
                "remove port 0 (null:)".to_owned(),
                "add port 0 (null:)".to_owned(),
                "forward ports 0, 1".to_owned(),
                "place receive queues: 0/0 on lcore 1".to_owned(),
            ])
        );
    }

    #[test]
    fn modes_and_layouts_change_where_they_are() {
        let two = devices(&["null:", "null:"]);
        assert_eq!(
            steps(
                &two,
                &(two.clone() + "[fwd]\nmode = \"macswap\"\ntopology = \"chained\"\nburst = 8\n")
            ),
            Ok(vec![
                "lay out: topology chained, cores all, burst 8".to_owned(),
                "forward in mode macswap".to_owned()
            ])
        );
        let peer = "port = [{ device = \"null:\", eth_peer = \"02:00:00:00:00:99\" }, { device = \"null:\" }]\n";
        assert_eq!(steps(&two, peer), Ok(vec!["forward in mode io".to_owned()]));
    }

    #[test]
    fn rules_go_and_come_and_groups_outlive_them() {
        let two = devices(&["null:", "null:"]);
        let old = two.clone()
            + "[switch]\ngroups = [\"group_id=1,type=all\", \"group_id=2,type=all\"]\nflows = [\"in_port=0,actions=group:1\", \"in_port=1,actions=drop\"]\nmac = [{ mac = \"02:00:00:00:00:01\", port = 0 }]\n";
        let new = two
            + "[switch]\naging = 9\ngroups = [\"group_id=2,type=indirect,bucket=output:1\", \"group_id=3,type=all\"]\nflows = [\"in_port=1,actions=group:3\"]\n";
        assert_eq!(
            steps(&old, &new),
            Ok([
                "forget addresses after 9 s",
                "change group group_id=2,type=indirect,bucket=actions=output:1",
                "add group group_id=3,type=all",
                "delete rule in_port=0 actions=group:1",
                "add rule in_port=1 actions=group:3",
                "delete group 1",
                "forget 02:00:00:00:00:01 of VLAN 0",
            ]
            .map(str::to_owned)
            .to_vec())
        );
    }

    #[test]
    fn what_would_mean_other_ports_is_refused() {
        let switch = |names: &[&str]| devices(names) + "[switch]\n";
        let error = steps(&switch(&["null:", "ring:a", "ring:b"]), &switch(&["null:", "ring:b"]));
        assert!(error.unwrap_err().starts_with("ring:b would be port 2, and in the configuration"));
        let error = steps(&devices(&["null:"]), &switch(&["null:"]));
        assert!(error.unwrap_err().contains("is a switch's, and a forwarder runs"));
    }
}
