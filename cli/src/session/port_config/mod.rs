//! What ports and queues are to be is changed. What cannot be is said in testpmd's words, which scripts know.

mod queues;
mod rss;

use super::{Session, refused};
use crate::command::{PortConfigCommand, PortSelection, Setting};
use crate::failure::Failure;
use dataplane::port::{PortConfig, PortId, fixed_speed};
use dataplane::runtime::Slot;

impl Session {
    /// Carries out a command that changes what ports and queues are to be.
    pub(super) fn port_config(&mut self, command: PortConfigCommand) -> Result<String, Failure> {
        match command {
            PortConfigCommand::All(setting, value) => self.set_all(setting, value)?,
            // As testpmd, without the words of `set burst`.
            PortConfigCommand::Burst(burst) => {
                self.set_burst(burst)?;
            }
            PortConfigCommand::DropEn(on) => self.change_all(|port| port.rx_drop = on)?,
            PortConfigCommand::Rss(name) => return self.set_rss(&name),
            PortConfigCommand::Mtu(port, mtu) => self.set_mtu(port, mtu)?,
            PortConfigCommand::Reta(port, entries) => return self.set_reta(port, &entries),
            PortConfigCommand::RssKey { port, types, key } => {
                self.set_rss_key(port, &types, &key)?;
            }
            PortConfigCommand::Speed { ports, mbps, full_duplex } => {
                let speed = match mbps {
                    Some(mbps) => fixed_speed(mbps, full_duplex),
                    None => Some(0),
                };
                let speed = speed.ok_or_else(|| refused("Invalid speed/duplex parameters"))?;
                self.change(ports, |port| port.link_speeds = speed)?;
            }
            PortConfigCommand::Loopback(ports, mode) => {
                self.change(ports, |port| port.loopback = mode)?;
            }
            PortConfigCommand::Offload { port, queue, direction, name, on } => {
                self.set_offload((port, queue), direction, &name, on)?;
            }
            PortConfigCommand::Queue(port, direction, queue, change) => {
                self.change_queue(port, direction, queue, change)?;
            }
        }
        Ok(String::new())
    }

    /// Changes what stopped ports are to be; also those that are attached later, if all are meant.
    fn change(
        &mut self,
        ports: PortSelection,
        change: impl Fn(&mut PortConfig),
    ) -> Result<(), Failure> {
        let ids = self.selected(ports)?;
        if let Some(id) = ids.iter().find(|id| self.is_started(**id)) {
            return Err(refused(match ports {
                PortSelection::All => "Please stop all ports first; port stop all does".to_owned(),
                PortSelection::One(_) => format!("Please stop port {id} first"),
            }));
        }
        for id in ids {
            if let Some(slot) = self.dataplane.port_mut(id) {
                change(&mut slot.wanted);
            }
        }
        if ports == PortSelection::All {
            change(&mut self.settings.found_port);
        }
        Ok(())
    }

    fn change_all(&mut self, change: impl Fn(&mut PortConfig)) -> Result<(), Failure> {
        self.change(PortSelection::All, change)
    }

    fn set_all(&mut self, setting: &Setting, value: u32) -> Result<(), Failure> {
        let name = setting.name;
        if value > setting.most {
            return Err(refused(format!(
                "Fail: input {name} ({value}) can't be greater than {}",
                setting.most
            )));
        }
        for slot in self.dataplane.ports() {
            let info = slot.port().info().map_err(Failure::running)?;
            let (least, most, what) = match name {
                "rxq" => (1, info.max_rx_queues, "rx_queues"),
                "txq" => (1, info.max_tx_queues, "tx_queues"),
                "rxd" => (info.rx_desc.min, info.rx_desc.max, "rxds"),
                "txd" => (info.tx_desc.min, info.tx_desc.max, "txds"),
                _ => continue,
            };
            let (id, least, most) = (slot.id(), u32::from(least), u32::from(most));
            if value > most {
                return Err(refused(format!(
                    "Fail: input {name} ({value}) can't be greater than max_{what} ({most}) of port {id}"
                )));
            }
            if value < least {
                return Err(refused(format!(
                    "Fail: input {name} ({value}) can't be less than min_{what} ({least}) of port {id}"
                )));
            }
        }
        self.change_all(|port| (setting.set)(port, value))
    }

    fn set_mtu(&mut self, id: PortId, mtu: u16) -> Result<(), Failure> {
        let port = self.existing(id)?;
        if self.dataplane.port(id).is_some_and(Slot::needs_configuring) {
            return self.change(PortSelection::One(id), |port| port.mtu = Some(mtu));
        }
        port.set_mtu(mtu)
            .map_err(|errno| refused(format!("Set MTU failed. diag={} ({errno})", errno.raw())))?;
        self.note(id, |port| port.mtu = Some(mtu));
        Ok(())
    }

    /// Notes what a device has been told.
    pub(super) fn note(&mut self, id: PortId, change: impl Fn(&mut PortConfig)) {
        if let Some(slot) = self.dataplane.port_mut(id) {
            slot.note(change);
        }
    }
}
