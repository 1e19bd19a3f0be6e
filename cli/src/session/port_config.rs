//! What ports and queues are to be is changed. What cannot be is said in testpmd's words, which scripts know.

use super::{Session, refused};
use crate::command::{PortConfigCommand, PortSelection, QueueChange, Setting};
use crate::failure::Failure;
use dataplane::port::{
    Direction, Errno, PortConfig, PortId, QueueId, RetaEntry, RssTypes, fixed_speed, offload_named,
};
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

    fn set_rss(&mut self, name: &str) -> Result<String, Failure> {
        let before = self.settings.found_port.rss;
        let asked = match name {
            "level-default" => Some(before.at(RssTypes::NONE)),
            "level-outer" => Some(before.at(RssTypes::OUTERMOST)),
            "level-inner" => Some(before.at(RssTypes::INNERMOST)),
            "default" => None,
            "none" => Some(RssTypes::NONE),
            name => Some(rss_types(name)?),
        };
        let mut answer = String::new();
        let mut all = true;
        for id in self.selected(PortSelection::All)? {
            let port = self.existing(id)?;
            let supported = port.info().map_err(Failure::running)?.rss_types;
            let wanted = asked.unwrap_or(supported);
            let types = RssTypes(wanted.0 & supported.0);
            if types != wanted {
                answer += &format!(
                    "Port {id} modified RSS hash function based on hardware support,requested:{} configured:{}\n",
                    hexadecimal(wanted.0),
                    hexadecimal(types.0)
                );
            }
            match port.set_rss_hash(types, None) {
                Ok(()) => self.note(id, |port| port.rss = types),
                Err(errno) => {
                    all = false;
                    answer += &format!(
                        "Configuration of RSS hash at ethernet port {id} failed with error ({}): {errno}.\n",
                        -errno.raw()
                    );
                }
            }
        }
        if let Some(asked) = asked.filter(|_| all) {
            self.settings.found_port.rss = asked;
            answer += &format!("rss_hf {}\n", hexadecimal(asked.0));
        }
        Ok(answer)
    }

    fn set_rss_key(&mut self, id: PortId, types: &str, digits: &str) -> Result<(), Failure> {
        let types = rss_types(types)?;
        let port = self.existing(id)?;
        let size = usize::from(port.info().map_err(Failure::running)?.hash_key_size);
        if size == 0 {
            return Err(refused("dev_info did not provide a valid hash key size"));
        }
        if digits.len() != 2 * size {
            return Err(refused(format!(
                "key length: {} invalid - key must be a string of {} hexa-decimal numbers",
                digits.len(),
                2 * size
            )));
        }
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        let key: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
        let key = key.ok_or_else(|| {
            refused("the key has a character that is no hexadecimal digit (0-9, a-f)")
        })?;
        port.set_rss_hash(types, Some(&key)).map_err(|errno| match errno {
            Errno::NOT_SUPPORTED => refused("operation not supported by device"),
            errno => refused(format!("operation failed - diag={} ({errno})", errno.raw())),
        })?;
        self.note(id, |port| (port.rss, port.rss_key) = (types, Some(key.clone())));
        Ok(())
    }

    fn set_reta(&mut self, id: PortId, typed: &str) -> Result<String, Failure> {
        let port = self.existing(id)?;
        let size = port.info().map_err(Failure::running)?.reta_size;
        if size == 0 {
            return Err(refused("Redirection table size is 0 which is invalid for RSS"));
        }
        let entries = reta(typed).filter(|entries| entries.iter().all(|entry| entry.index < size));
        let entries = entries.ok_or_else(|| {
            refused(format!(
                "Invalid RSS Redirection Table config entered: write (hash,queue),… with hashes below {size}"
            ))
        })?;
        port.set_reta(size, &entries).map_err(|errno| {
            refused(format!(
                "The reta size of port {id} is {size}\nBad redirection table parameter, return code = {} ({errno})",
                errno.raw()
            ))
        })?;
        Ok(format!("The reta size of port {id} is {size}\n"))
    }

    fn set_offload(
        &mut self,
        (id, queue): (PortId, Option<QueueId>),
        direction: Direction,
        name: &str,
        on: bool,
    ) -> Result<(), Failure> {
        self.existing(id)?;
        if self.is_started(id) {
            return Err(refused(format!(
                "Error: Can't config offload when Port {id} is not stopped"
            )));
        }
        let offload = offload_named(direction, name)
            .ok_or_else(|| refused(format!("Unknown offload name: {name}")))?;
        if let Some(queue) = queue {
            self.queue_exists(id, direction, queue)?;
        }
        let switch = |offloads: &mut u64| {
            *offloads = if on { *offloads | offload } else { *offloads & !offload };
        };
        self.change(PortSelection::One(id), |port| match (direction, queue) {
            (Direction::Rx, None) => switch(&mut port.rx_offloads),
            (Direction::Tx, None) => switch(&mut port.tx_offloads),
            (Direction::Rx, Some(queue)) => switch(&mut port.rx.entry(queue).or_default().offloads),
            (Direction::Tx, Some(queue)) => switch(&mut port.tx.entry(queue).or_default().offloads),
        })
    }

    fn change_queue(
        &mut self,
        id: PortId,
        direction: Direction,
        queue: QueueId,
        change: QueueChange,
    ) -> Result<(), Failure> {
        self.existing(id)?;
        self.queue_exists(id, direction, queue)?;
        let of_queue = |port: &mut PortConfig,
                        change: &dyn Fn(&mut dataplane::port::QueueConfig)| {
            let queues = match direction {
                Direction::Rx => &mut port.rx,
                Direction::Tx => &mut port.tx,
            };
            change(queues.entry(queue).or_default());
        };
        match change {
            QueueChange::RingSize(desc) => {
                if let Some(slot) = self.dataplane.port_mut(id) {
                    of_queue(&mut slot.wanted, &|queue| queue.desc = Some(desc).filter(|d| *d > 0));
                }
                Ok(())
            }
            QueueChange::Deferred(deferred) => self.change(PortSelection::One(id), |port| {
                of_queue(port, &|queue| queue.deferred = deferred);
            }),
            QueueChange::Run(run) => {
                self.forwarding_is_stopped()?;
                self.on_queue(id, direction, queue, |slot| match direction {
                    Direction::Rx => {
                        slot.rx_queue(queue.0).map(|(port, queue)| port.run_rx(queue, run))
                    }
                    Direction::Tx => {
                        slot.tx_queue(queue.0).map(|(port, queue)| port.run_tx(queue, run))
                    }
                })?
                .map_err(|errno| match errno {
                    Errno::NOT_SUPPORTED => refused("Function not supported in PMD"),
                    errno => {
                        refused(format!("queue {queue} of port {id} could not be changed: {errno}"))
                    }
                })
            }
            QueueChange::SetUp => {
                self.forwarding_is_stopped()?;
                let done = self.on_queue(id, direction, queue, |slot| {
                    let config = slot.wanted.clone();
                    match direction {
                        Direction::Rx => slot
                            .rx_queue(queue.0)
                            .map(|(port, queue)| port.renew_rx(queue, &config)),
                        Direction::Tx => slot
                            .tx_queue(queue.0)
                            .map(|(port, queue)| port.renew_tx(queue, &config)),
                    }
                })?;
                let way = if direction == Direction::Rx { "RX" } else { "TX" };
                done.map_err(|error| refused(format!("Failed to setup {way} queue: {error}")))
            }
        }
    }

    /// Does something to a queue of a port that runs, while the engine does not have it.
    fn on_queue<T>(
        &mut self,
        id: PortId,
        direction: Direction,
        queue: QueueId,
        change: impl FnOnce(&mut Slot) -> Option<T>,
    ) -> Result<T, Failure> {
        self.dataplane.gather().map_err(Failure::running)?;
        let slot = self.dataplane.port_mut(id).filter(|slot| slot.is_started());
        let slot = slot.ok_or_else(|| refused(format!("Please start port {id} first")))?;
        // A port that was given fewer queues than it is to have at its next start.
        change(slot).ok_or_else(|| no_queue(direction, queue, 0))
    }

    fn queue_exists(
        &self,
        id: PortId,
        direction: Direction,
        queue: QueueId,
    ) -> Result<(), Failure> {
        let wanted = self.dataplane.port(id).map(|slot| &slot.wanted);
        let count = wanted.map_or(0, |port| match direction {
            Direction::Rx => port.rx_queues,
            Direction::Tx => port.tx_queues,
        });
        if queue.0 < count { Ok(()) } else { Err(no_queue(direction, queue, count)) }
    }

    /// Notes what a device has been told.
    pub(super) fn note(&mut self, id: PortId, change: impl Fn(&mut PortConfig)) {
        if let Some(slot) = self.dataplane.port_mut(id) {
            slot.note(change);
        }
    }
}

fn no_queue(direction: Direction, queue: QueueId, count: u16) -> Failure {
    let (way, name) = match direction {
        Direction::Rx => ("RX", "nb_rxq"),
        Direction::Tx => ("TX", "nb_txq"),
    };
    refused(format!("Invalid {way} queue {queue} (must be < {name}={count})"))
}

/// RSS types by testpmd's name, or by the number of their bit.
fn rss_types(name: &str) -> Result<RssTypes, Failure> {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        let bit = name.parse().ok().filter(|bit| (1..64).contains(bit));
        return bit
            .map(|bit: u32| RssTypes(1 << bit))
            .ok_or_else(|| refused("flowtype_id should be greater than 0 and less than 64."));
    }
    RssTypes::named(name)
        .filter(|types| *types != RssTypes::NONE)
        .ok_or_else(|| refused(format!("Unknown parameter {name}: there is no such RSS type")))
}

/// `(0,1),(1,0)`.
fn reta(text: &str) -> Option<Vec<RetaEntry>> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let entry = |pair: &str| {
        let (index, queue) = pair.split_once(',')?;
        Some(RetaEntry { index: index.parse().ok()?, queue: QueueId(queue.parse().ok()?) })
    };
    inner.split("),(").map(entry).collect()
}

/// As C's `%#lx` has it.
fn hexadecimal(number: u64) -> String {
    if number == 0 { "0".to_owned() } else { format!("{number:#x}") }
}
