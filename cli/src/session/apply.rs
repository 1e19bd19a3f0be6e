//! A running system becomes what a configuration says, or stays what it was.

use super::Session;
use super::layout::Layout;
use crate::answer::Answer;
use crate::apply::{Address, ApplyPage, Outcome, Running, RunningPort, Shape, Step, difference};
use crate::failure::Failure;
use crate::out::note;
use crate::settings::{FwdSettings, PortSettings};
use dataplane::port::PortId;
use dataplane::port::device::DeviceSpec;
use dataplane::runtime::Slot;
use dataplane::switch::{FlowSelect, Flush, Switch};
use std::path::Path;
use std::sync::Arc;

impl Session {
    /// Takes the steps from what runs to what a file says, or only shows them. Where one fails, those before are taken back.
    pub(super) fn apply(&mut self, file: &Path, dry_run: bool) -> Result<Answer, Failure> {
        let mut wanted = FwdSettings::from_file(file)?;
        if let Some(slot) = self.dataplane.ports().find(|it| !self.devices.contains_key(&it.id())) {
            return Err(Failure::input(anyhow::anyhow!(
                "port {} ({}) was found by EAL and not named: name it (--port, [[port]]), so that it can be told from others",
                slot.id(),
                slot.port().name()
            )));
        }
        for (id, port) in (0..).map(PortId).zip(&mut wanted.ports) {
            self.settings.numa.apply(id, &mut port.config);
        }
        let steps = difference(&self.running(), &wanted).map_err(Failure::input)?;
        let only_by_a_start = self.settings.only_by_a_start(file)?;
        if !only_by_a_start.is_empty() {
            return Err(Failure::input(anyhow::anyhow!(
                "{}: {} cannot change while it runs; start anew with this configuration, or have it say what runs",
                file.display(),
                only_by_a_start.join(", ")
            )));
        }
        if dry_run {
            return Ok(Answer::page(ApplyPage::new(&steps, Outcome::Shown)));
        }
        let (forwarded, layout) = (self.is_forwarding(), self.layout.clone());
        let mut back = Vec::new();
        for step in &steps {
            match self.take(step.clone(), forwarded) {
                Ok(undo) => back.push(undo),
                Err(failure) => {
                    let words =
                        format!("{step}: {failure}; {}", self.take_back(back, layout, forwarded));
                    return Err(match failure {
                        Failure::Input(_) => Failure::input(anyhow::Error::msg(words)),
                        Failure::Running(_) => Failure::running(anyhow::Error::msg(words)),
                    });
                }
            }
        }
        Ok(Answer::page(ApplyPage::new(&steps, Outcome::Applied)))
    }

    /// Takes steps back, the last first; says what came of it.
    fn take_back(&mut self, steps: Vec<Step>, layout: Layout, forwarded: bool) -> &'static str {
        let mut all = true;
        for step in steps.into_iter().rev() {
            let words = step.to_string();
            if let Err(failure) = self.take(step, forwarded) {
                note(&format!("could not be taken back ({words}): {failure}"));
                all = false;
            }
        }
        // Steps that add ports leave it open whether they forward.
        self.layout = layout;
        let dataplane = &self.dataplane;
        self.layout.ports.retain(|id| dataplane.port(*id).is_some());
        if let Err(failure) = self.go_on(forwarded) {
            note(&format!("could not be laid out as before: {failure}"));
            all = false;
        }
        match all {
            true => "everything is as it was before",
            false => "not all of what was done before could be taken back, see standard error",
        }
    }

    /// What runs.
    fn running(&self) -> Running<'_> {
        let port = |slot: &Slot| {
            let device = self.devices.get(&slot.id())?.clone();
            Some(RunningPort { id: slot.id(), settings: self.port_settings(slot, device) })
        };
        let asked = &self.layout.asked;
        Running {
            ports: self.dataplane.ports().filter_map(port).collect(),
            forwards: self.layout.forwarding().to_vec(),
            shape: Shape { topology: asked.topology, nb_cores: asked.nb_cores, burst: asked.burst },
            placed: asked.placed.clone(),
            forwarding: &self.forwarding,
            switch: self.switching.as_ref().map(|switching| &*switching.switch),
        }
    }

    /// A port as it could be made again.
    fn port_settings(&self, slot: &Slot, device: DeviceSpec) -> PortSettings {
        let id = slot.id();
        let placed = self.layout.asked.placed.iter().filter(|((port, _), _)| *port == id);
        PortSettings {
            device,
            config: slot.wanted.clone(),
            peer: self.forwarding.peers.get(&id).copied(),
            lcores: placed.map(|(_, lcore)| *lcore).collect(),
        }
    }

    /// Takes a step; returns the one that takes it back.
    fn take(&mut self, step: Step, forwarded: bool) -> Result<Step, Failure> {
        match step {
            Step::Remove(id, settings) => {
                let before = self.layout.clone();
                self.layout.lose(id);
                // Between the last port that goes and the first that comes nothing forwards.
                let moved_on = match self.layout.forwarding() {
                    [] if self.is_forwarding() => self.stop(),
                    _ => self.forward_on().map(drop),
                };
                if let Err(failure) = moved_on {
                    self.layout = before;
                    return Err(failure);
                }
                self.leave(id)?;
                Ok(Step::Add(id, settings))
            }
            Step::Add(id, settings) => self.add_as(id, settings),
            Step::Forward(ports) => {
                let before = self.layout.forwarding().to_vec();
                self.layout.ports.retain(|id| !ports.contains(id));
                let others = std::mem::replace(&mut self.layout.ports, ports.clone());
                self.layout.ports.extend(others);
                self.layout.nb_ports = ports.len();
                self.go_on(forwarded).map(|()| Step::Forward(before))
            }
            Step::LayOut(shape) => {
                let asked = &mut self.layout.asked;
                let before = Shape {
                    topology: asked.topology,
                    nb_cores: asked.nb_cores,
                    burst: asked.burst,
                };
                (asked.topology, asked.nb_cores, asked.burst) =
                    (shape.topology, shape.nb_cores, shape.burst);
                self.go_on(forwarded).map(|()| Step::LayOut(before))
            }
            Step::Place(placed) => {
                let before = std::mem::replace(&mut self.layout.asked.placed, placed);
                match self.go_on(forwarded) {
                    Ok(()) => Ok(Step::Place(before)),
                    Err(failure) => {
                        self.layout.asked.placed = before;
                        Err(failure)
                    }
                }
            }
            Step::Mode(forwarding) => {
                let before = self.forwarding.clone();
                self.forward_as(*forwarding).map(|()| Step::Mode(Box::new(before)))
            }
            step => self.take_of_switch(step),
        }
    }

    /// Makes a device and starts its port, which is to have a certain number.
    fn add_as(&mut self, id: PortId, settings: PortSettings) -> Result<Step, Failure> {
        let forwards = self.layout.nb_ports;
        let made = self.probe(&settings.device.typed, settings.config.clone())?;
        // It forwards when all ports are there.
        self.layout.nb_ports = forwards;
        let ready = match made == id {
            true => self.make_ready(id),
            false => Err(Failure::running(anyhow::anyhow!("DPDK gave it the number {made}"))),
        };
        match ready {
            Ok(()) => Ok(Step::Remove(id, settings)),
            Err(failure) => {
                self.leave(made)?;
                Err(failure)
            }
        }
    }

    /// Forwards as the layout has it now, if packets were forwarded before.
    fn go_on(&mut self, forwarded: bool) -> Result<(), Failure> {
        match forwarded && !self.is_forwarding() {
            true => self.start(0),
            // Whether it can be is said now, also where nothing forwards.
            false => self.plan().and_then(|_| self.forward_on()).map(drop),
        }
    }

    /// Takes a step of the switch.
    fn take_of_switch(&mut self, step: Step) -> Result<Step, Failure> {
        let Some(switching) = &self.switching else {
            return Err(Failure::input(anyhow::anyhow!("this program has no switch")));
        };
        let switch: &Arc<Switch> = &switching.switch;
        match step {
            Step::Policy(port, policy) => {
                let before = switch.port_policy(port);
                switch.set_port_policy(port, *policy).map_err(Failure::input)?;
                Ok(Step::Policy(port, Box::new(before)))
            }
            Step::Mirrors(mirrors) => {
                let before = switch.config().mirrors;
                switch.set_mirrors(mirrors).map_err(Failure::input)?;
                Ok(Step::Mirrors(before))
            }
            Step::Aging(time) => {
                let before = switch.config().aging;
                switch.set_aging(time).map_err(Failure::input)?;
                Ok(Step::Aging(before))
            }
            Step::AddGroup(group) => {
                switch.add_group(&group).map_err(Failure::input)?;
                let id = switch.groups().iter().find(|it| it.to_string() == group).map(|it| it.id);
                Ok(Step::DelGroup(id.unwrap_or_default(), group))
            }
            Step::ModGroup(group) => {
                let before = switch.groups();
                switch.mod_group(&group).map_err(Failure::input)?;
                let after = switch.groups();
                let changed = before.into_iter().find(|old| !after.contains(old));
                Ok(Step::ModGroup(changed.map_or(group, |group| group.to_string())))
            }
            Step::DelGroup(id, group) => {
                switch.del_groups(Some(id)).map_err(Failure::input)?;
                Ok(Step::AddGroup(group))
            }
            Step::AddFlow(rule) => {
                let before = switch.flows();
                switch.add_flow(&rule).map_err(Failure::input)?;
                let after = switch.flows();
                let replaced = before.into_iter().find(|old| !after.contains(old));
                Ok(replaced.map_or(Step::DelFlow(rule), |old| Step::AddFlow(old.to_string())))
            }
            Step::DelFlow(rule) => {
                let matching =
                    rule.rsplit_once("actions=").map_or(&*rule, |(matching, _)| matching);
                let select = FlowSelect::parse(matching, true).map_err(Failure::input)?;
                switch.del_flows(&select);
                Ok(Step::AddFlow(rule))
            }
            Step::SetAddress(address) => {
                let Address { mac, vlan, port } = address;
                switch.add_static(mac, vlan, port).map_err(Failure::input)?;
                Ok(Step::ForgetAddress(address))
            }
            Step::ForgetAddress(address) => {
                let (vlan, mac) = (Some(address.vlan), Some(address.mac));
                switch.flush(&Flush { vlan, mac, port: None, with_static: true });
                Ok(Step::SetAddress(address))
            }
            // `take` has seen to the others.
            step => Ok(step),
        }
    }
}
