//! Ports start, stop, come and go.

use super::open::take_over_socket;
use super::vhost::say_ring_format;
use super::{Session, refused};
use crate::command::{PortSelection, PortsCommand};
use crate::failure::Failure;
use dataplane::engine::plan::Plan;
use dataplane::machine::Machine;
use dataplane::port::device::{DeviceList, DeviceSpec};
use dataplane::port::{Port, PortConfig, PortError, PortId};
use dataplane::runtime::{RuntimeError, Slot};
use std::fmt::Write;
use std::path::Path;

impl Session {
    /// Carries out a command that starts, stops, adds or removes ports. testpmd goes on with the next port where one
    /// refuses, so what was refused stands in the answer.
    pub(super) fn ports(&mut self, command: PortsCommand) -> Result<String, Failure> {
        match command {
            PortsCommand::Start(ports) => self.start_ports(ports),
            PortsCommand::Stop(ports) => self.stop_ports(ports),
            PortsCommand::Close(ports) => self.close_ports(ports),
            PortsCommand::Reset(ports) => self.reset_ports(ports),
            PortsCommand::Attach(device) => self.attach(&device),
            PortsCommand::Detach(port) => self.detach(port),
            PortsCommand::DetachDevice(device) => self.detach_device(&device),
            PortsCommand::Add(device) => self.add_port(&device),
            PortsCommand::Remove(port) => self.remove_port(port),
            PortsCommand::Place(port, queue, lcore) => self.place_queue(port, queue, lcore),
        }
    }

    fn start_ports(&mut self, ports: PortSelection) -> Result<String, Failure> {
        let ids = self.selected(ports)?;
        let stopped: Vec<PortId> = ids.iter().copied().filter(|id| !self.is_started(*id)).collect();
        let mut answer: String = ids
            .iter()
            .filter(|id| !stopped.contains(id))
            .map(|id| format!("Port {id} is now not stopped\n"))
            .collect();
        if stopped.is_empty() {
            answer += "Please stop the ports first\n";
        } else {
            // Without a plan there are still descriptors to fill.
            let plan = self.plan().unwrap_or_else(|_| Plan::default());
            self.dataplane.provide(&plan).map_err(Failure::running)?;
        }
        let mut started = false;
        for id in stopped {
            match self.start_port(id, &mut answer) {
                Ok(()) => started = true,
                Err(error) => put(&mut answer, format_args!("Fail to start port {id}: {error}")),
            }
        }
        if started {
            answer += &self.links_checked();
        }
        Ok(answer + "Done\n")
    }

    fn stop_ports(&mut self, ports: PortSelection) -> Result<String, Failure> {
        let mut answer = "Stopping ports...\n".to_owned();
        let mut stopped = false;
        for id in self.selected(ports)? {
            if self.dataplane.is_forwarding(id) {
                answer += &forwarding(id);
            } else if self.is_started(id) {
                match self.dataplane.stop_port(id) {
                    Ok(_) => stopped = true,
                    Err(error) => put(&mut answer, format_args!("{error}")),
                }
            }
        }
        if stopped {
            answer += &self.links_checked();
        }
        Ok(answer + "Done\n")
    }

    fn close_ports(&mut self, ports: PortSelection) -> Result<String, Failure> {
        let mut answer = "Closing ports...\n".to_owned();
        for id in self.selected(ports)? {
            match self.dataplane.remove_port(id) {
                Ok(port) => {
                    drop(port);
                    self.forget(id);
                    put(&mut answer, format_args!("Port {id} is closed"));
                }
                Err(_) if self.dataplane.is_forwarding(id) => answer += &forwarding(id),
                Err(_) => put(&mut answer, format_args!("Cannot close started device (port {id})")),
            }
        }
        Ok(answer + "Done\n")
    }

    fn reset_ports(&mut self, ports: PortSelection) -> Result<String, Failure> {
        let ids = self.selected(ports)?;
        if ids.iter().any(|id| self.is_started(*id)) {
            return Err(Failure::input(anyhow::anyhow!(
                "Can not reset port(s), please stop port(s) first."
            )));
        }
        let mut answer = "Resetting ports...\n".to_owned();
        for id in ids {
            match self.dataplane.reset_port(id) {
                Ok(()) => {}
                Err(RuntimeError::Reset { error, .. }) => {
                    let diag = error.raw();
                    put(
                        &mut answer,
                        format_args!("Failed to reset port {id}. diag={diag} ({error})"),
                    );
                }
                Err(error) => put(&mut answer, format_args!("{error}")),
            }
        }
        Ok(answer + "Done\n")
    }

    fn attach(&mut self, typed: &str) -> Result<String, Failure> {
        let id = self.probe(typed, self.settings.found_port.clone())?;
        let total = self.dataplane.ports().count();
        Ok(format!(
            "Attaching a new port...\nPort {id} is attached. Now total ports is {total}\nDone\n"
        ))
    }

    /// Makes a device and takes its port in, stopped.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] if there is no such device, or it cannot be made.
    pub(super) fn probe(&mut self, typed: &str, wanted: PortConfig) -> Result<PortId, Failure> {
        let failed = |error: anyhow::Error| {
            Failure::input(error.context(format!("Failed to attach port {typed}")))
        };
        let spec = self.device(typed, wanted.rx_queues.max(wanted.tx_queues)).map_err(failed)?;
        let port = Port::probe(&self.eal, &spec.to_string())
            .map_err(|error: PortError| failed(error.into()))?;
        let id = port.id();
        self.dataplane.add(port, wanted);
        self.layout.add(id);
        self.devices.insert(id, spec);
        Ok(id)
    }

    /// What a user typed, as DPDK is told; a short form gets a name that no port has.
    fn device(&self, typed: &str, queues: u16) -> anyhow::Result<DeviceSpec> {
        let mut devices = DeviceList::default();
        for slot in self.dataplane.ports() {
            devices.add(slot.port().name(), 1)?;
        }
        devices.add(typed, queues)?;
        let spec = devices.expand()?.pop();
        let spec = spec.ok_or_else(|| anyhow::anyhow!("no device is named"))?;
        let spec = spec.located(&Machine::default())?;
        spec.check(Path::new("/sys"))?;
        take_over_socket(&spec)?;
        say_ring_format(&spec);
        if spec.needs_single_file_segments() && !self.shares_memory {
            anyhow::bail!(
                "a virtio-user port shares this program's memory: start it with --single-file-segments"
            );
        }
        Ok(spec)
    }

    fn detach(&mut self, id: PortId) -> Result<String, Failure> {
        self.selected(PortSelection::One(id))?;
        let Ok(port) = self.dataplane.remove_port(id) else {
            return Err(Failure::input(anyhow::anyhow!(
                "Port not stopped; port stop {id} stops it"
            )));
        };
        port.detach();
        self.forget(id);
        let total = self.dataplane.ports().count();
        Ok(format!(
            "Removing a device...\nPort {id} is closed\nDevice is detached\nNow total ports is {total}\nDone\n"
        ))
    }

    /// testpmd's words (`detach_devargs`, `app/test-pmd/testpmd.c`).
    fn detach_device(&mut self, device: &str) -> Result<String, Failure> {
        let of_it = |slot: &&Slot| slot.port().info().is_ok_and(|info| info.device == device);
        let ids: Vec<PortId> = self.dataplane.ports().filter(of_it).map(Slot::id).collect();
        if ids.is_empty() {
            return Err(refused(format!(
                "Failed to detach device {device}: no port is of this device"
            )));
        }
        if let Some(id) = ids.iter().find(|id| self.is_started(**id)) {
            return Err(refused(format!("Port {id} not stopped; port stop {id} stops it")));
        }
        for id in ids {
            let port = self.dataplane.remove_port(id).map_err(Failure::running)?;
            port.detach();
            self.forget(id);
        }
        let total = self.dataplane.ports().count();
        Ok(format!(
            "Removing a device...\nDevice {device} is detached\nNow total ports is {total}\nDone\n"
        ))
    }

    /// Whether a port runs.
    pub(super) fn is_started(&self, id: PortId) -> bool {
        self.dataplane.port(id).is_some_and(Slot::is_started)
    }

    /// A port is gone.
    pub(super) fn forget(&mut self, id: PortId) {
        self.layout.remove(id);
        self.devices.remove(&id);
        self.shown.remove(&id);
        self.baseline.forget(id);
        self.earlier.forget(id);
        if let Some(switching) = &self.switching {
            switching.forget(id);
        }
    }
}

/// testpmd's words for a port that cannot be stopped now.
fn forwarding(id: PortId) -> String {
    format!("Please remove port {id} from forwarding configuration.\n")
}

/// Adds a line.
fn put(answer: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(answer, "{line}");
}
