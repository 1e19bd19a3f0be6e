//! The virtual switch is steered and shown.

use super::Session;
use crate::answer::Answer;
use crate::command::{PolicyChange, StormKind, SwitchCommand};
use crate::failure::Failure;
use crate::render::switch::{
    AddressFiguresPage, AddressesPage, FlowsPage, GroupsPage, PoliciesPage, PolicyLine,
    SwitchStatsPage, SwitchedPort,
};
use crate::settings::SwitchSettings;
use dataplane::engine::plan::{Plan, Sink, Source, Way};
use dataplane::engine::{Figures, StreamReport, WorkerReport};
use dataplane::lcore::LcoreId;
use dataplane::port::{PortId, Unsent};
use dataplane::runtime::Slot;
use dataplane::switch::{
    FlowSelect, Flush, PolicyError, PortPolicy, RuleError, Switch, VlanPolicy,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often addresses and rules age.
const AGE: Duration = Duration::from_secs(1);

/// A switch, and when it last aged.
pub(super) struct Switching {
    pub(super) switch: Arc<Switch>,
    aged: Instant,
}

impl Switching {
    /// A switch as the settings have it, on these lcores.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] for a rule, a group or an address that cannot be.
    pub(super) fn new(settings: &SwitchSettings, lcores: Vec<LcoreId>) -> Result<Self, Failure> {
        let switch = settings.build(lcores)?;
        Ok(Self { switch: Arc::new(switch), aged: Instant::now() })
    }

    /// Ages addresses and rules if it is time.
    pub(super) fn age(&mut self) {
        if self.aged.elapsed() >= AGE {
            self.aged = Instant::now();
            self.switch.expire(self.aged);
        }
    }

    /// A port is gone; its number may be another's next.
    pub(super) fn forget(&self, port: PortId) {
        self.switch.flush(&Flush { port: Some(port), with_static: true, ..Flush::default() });
        // What a port is by default can be.
        let _ = self.switch.set_port_policy(port, PortPolicy::default());
    }
}

impl Session {
    /// Carries out a command of the switch.
    pub(super) fn switch(&mut self, command: SwitchCommand) -> Result<Answer, Failure> {
        let Some(Switching { switch, .. }) = &self.switching else {
            return Err(Failure::input(anyhow::anyhow!(
                "this program forwards between pairs of ports and has no switch: pollway switch is one"
            )));
        };
        let rule = |error: RuleError| Failure::input(error);
        let nothing = |()| Answer::from(String::new());
        match command {
            SwitchCommand::AddFlow(text) => switch.add_flow(&text).map(nothing).map_err(rule),
            SwitchCommand::ModFlows { text, strict } => {
                let changed = switch.mod_flows(&text, strict).map_err(rule)?;
                Ok(format!("{changed} rules changed\n").into())
            }
            SwitchCommand::DelFlows { text, strict } => {
                let select = FlowSelect::parse(&text, strict).map_err(rule)?;
                Ok(format!("{} rules deleted\n", switch.del_flows(&select)).into())
            }
            SwitchCommand::DumpFlows(text) => {
                let select = FlowSelect::parse(&text, false).map_err(rule)?;
                Ok(Answer::page(FlowsPage(switch.dump_flows(&select))))
            }
            SwitchCommand::AddGroup(text) => switch.add_group(&text).map(nothing).map_err(rule),
            SwitchCommand::ModGroup(text) => switch.mod_group(&text).map(nothing).map_err(rule),
            SwitchCommand::DelGroups(id) => {
                let (groups, rules) = switch.del_groups(id).map_err(rule)?;
                Ok(format!("{groups} groups and {rules} rules deleted\n").into())
            }
            SwitchCommand::DumpGroups => Ok(Answer::page(GroupsPage::new(&switch.groups()))),
            SwitchCommand::Addresses => Ok(Answer::page(AddressesPage(switch.mac_table()))),
            SwitchCommand::AddressFigures => {
                Ok(Answer::page(AddressFiguresPage(switch.mac_figures())))
            }
            SwitchCommand::AddAddress { mac, port, vlan } => {
                self.existing(port)?;
                switch.add_static(mac, vlan, port).map(nothing).map_err(Failure::input)
            }
            SwitchCommand::Flush(flush) => {
                Ok(format!("{} addresses forgotten\n", switch.flush(&flush)).into())
            }
            SwitchCommand::Ports => {
                let line = |slot: &Slot| PolicyLine::of(slot.id(), &switch.port_policy(slot.id()));
                Ok(Answer::page(PoliciesPage(self.dataplane.ports().map(line).collect())))
            }
            SwitchCommand::Policy(port, change) => {
                self.existing(port)?;
                let mut policy = switch.port_policy(port);
                change.apply(&mut policy);
                switch.set_port_policy(port, policy).map(nothing).map_err(Failure::input)
            }
            SwitchCommand::AddMirror(mirror) => {
                for port in mirror.received.iter().chain(&mirror.sent).chain([&mirror.to]) {
                    self.existing(*port)?;
                }
                let mut mirrors = switch.config().mirrors;
                mirrors.push(mirror);
                switch.set_mirrors(mirrors).map(nothing).map_err(Failure::input)
            }
            SwitchCommand::ClearMirrors => {
                switch.set_mirrors(Vec::new()).map(nothing).map_err(Failure::input)
            }
            SwitchCommand::Aging(time) => switch
                .set_aging(time)
                .map(nothing)
                .map_err(|error: PolicyError| Failure::input(error)),
            SwitchCommand::Stats => {
                let account = self.account();
                let mut page = self.earlier.switched.clone();
                page.add(stats(&account.figures, &account.plan));
                Ok(Answer::page(page))
            }
        }
    }
}

impl PolicyChange {
    fn apply(self, policy: &mut PortPolicy) {
        match self {
            Self::Access(vlan) => policy.vlan = VlanPolicy::Access(vlan),
            Self::Trunk(vlans) => {
                let native = match policy.vlan {
                    VlanPolicy::Trunk { native, .. } => native,
                    VlanPolicy::Access(_) => None,
                };
                let vlans = vlans.map(|vlans| vlans.into_iter().collect());
                policy.vlan = VlanPolicy::Trunk { vlans, native };
            }
            Self::Native(native) => {
                let vlans = match &mut policy.vlan {
                    VlanPolicy::Trunk { vlans, .. } => vlans.take(),
                    VlanPolicy::Access(_) => None,
                };
                policy.vlan = VlanPolicy::Trunk { vlans, native: Some(native) };
            }
            Self::Isolated(on) => policy.isolated = on,
            Self::Learning(on) => policy.learning = on,
            Self::MacLimit(limit) => policy.mac_limit = limit,
            Self::UnknownUnicast(on) => policy.unknown_unicast = on,
            Self::Flood(on) => policy.flood = on,
            Self::Storm(StormKind::Broadcast, limit) => policy.storm.broadcast = limit,
            Self::Storm(StormKind::Multicast, limit) => policy.storm.multicast = limit,
            Self::Storm(StormKind::Unknown, limit) => policy.storm.unknown = limit,
            Self::Rate(limit) => policy.rate = limit,
            Self::Retry(retry) => policy.retry = retry,
        }
    }
}

/// What a plan's workers switched.
pub(super) fn stats(figures: &Figures, plan: &Plan) -> SwitchStatsPage {
    let mut page = SwitchStatsPage::default();
    for port in plan.ports.iter().map(|port| port.id) {
        let from =
            |report: &&StreamReport| matches!(report.plan.source, Source::Rx(at, _) if at == port);
        let received = figures.streams().filter(from);
        // What other workers put into rings for it.
        let fed = || {
            let to =
                |report: &&StreamReport| matches!(report.plan.sink, Sink::Tx(to, _) if to == port);
            figures.streams().filter(to).map(|report| &report.figures)
        };
        let by_exits = figures.workers.iter().map(|worker| sent_by_exits(worker, port));
        let unsent = Unsent::counted(|refusal| {
            let exits = figures.workers.iter().flat_map(|worker| &worker.exits);
            let by_exits = exits.filter(|exit| exit.port == port);
            let dropped = fed().flat_map(|figures| &figures.dropped);
            let by_ring = dropped.filter(|dropped| dropped.reason == refusal.into());
            by_exits.map(|exit| exit.unsent.of(refusal)).sum::<u64>()
                + by_ring.map(|dropped| dropped.packets).sum::<u64>()
        });
        page.ports.push(SwitchedPort {
            port,
            received: received.map(|report| report.figures.received).sum(),
            sent: by_exits.chain(fed().map(|figures| figures.sent)).sum(),
            unsent,
        });
    }
    for dropped in figures.streams().flat_map(|report| &report.figures.dropped) {
        page.count(*dropped);
    }
    page
}

/// Packets that a worker's exits sent by a port's transmit queue: those that went by a ring are counted where they leave it.
pub(super) fn sent_by_exits(worker: &WorkerReport, port: PortId) -> u64 {
    let by_queue = worker.streams.iter().any(|report| match &report.plan.sink {
        Sink::Exits(exits) => {
            exits.iter().any(|exit| exit.port == port && matches!(exit.way, Way::Tx(_)))
        }
        _ => false,
    });
    let exits = worker.exits.iter().filter(|exit| by_queue && exit.port == port);
    exits.map(|exit| exit.sent).sum()
}
