//! Ports are told their addresses. What a device does not do is said in testpmd's words, which scripts know.

use super::{Session, refused};
use crate::command::{AddressChange, AddressCommand, PortSelection};
use crate::failure::Failure;
use dataplane::port::{Any, Errno, Port, PortConfig, PortId};
use dataplane::wire::ethernet::MacAddr;

impl Session {
    /// Carries out a command that tells ports whose packets are their own; it answers nothing when it is done, as in
    /// testpmd.
    pub(super) fn address(&mut self, command: AddressCommand) -> Result<String, Failure> {
        match command {
            AddressCommand::Change(port, change, address) => {
                self.change_address(port, change, address)
            }
            AddressCommand::Hash(port, address, on) => {
                self.existing(port)?.hash_mac(address, on).map_err(|errno| {
                    let code = errno.raw();
                    refused(format!("bad unicast hash table parameter, return code = {code}"))
                })?;
                Ok(String::new())
            }
            AddressCommand::Promiscuous(ports, on) => {
                let keep = |config: &mut PortConfig| config.promiscuous = on;
                self.tell_each(ports, on, "promiscuous", Port::set_promiscuous, keep)
            }
            AddressCommand::Allmulticast(ports, on) => {
                let keep = |config: &mut PortConfig| config.allmulticast = on;
                self.tell_each(ports, on, "all-multicast", Port::set_allmulticast, keep)
            }
        }
    }

    fn change_address(
        &mut self,
        id: PortId,
        change: AddressChange,
        address: MacAddr,
    ) -> Result<String, Failure> {
        let port = self.existing(id)?;
        match change {
            AddressChange::Add => port.add_mac(address).map_err(mac_error)?,
            AddressChange::Remove => port.remove_mac(address).map_err(mac_error)?,
            AddressChange::Set => {
                port.set_mac(address).map_err(mac_error)?;
                self.note(id, |config| config.mac = Some(address));
            }
            AddressChange::Join => join(port, address)?,
            AddressChange::Leave => leave(port, address)?,
        }
        Ok(String::new())
    }

    /// Switches a mode of several ports on or off, and keeps it for their next start; a port that refuses is named.
    fn tell_each(
        &mut self,
        ports: PortSelection,
        on: bool,
        mode: &str,
        tell: impl Fn(&Port<Any>, bool) -> Result<(), Errno>,
        keep: impl Fn(&mut PortConfig),
    ) -> Result<String, Failure> {
        let doing = if on { "enabling" } else { "disabling" };
        let mut answer = String::new();
        for id in self.selected(ports)? {
            match tell(self.existing(id)?, on) {
                Ok(()) => self.note(id, &keep),
                Err(errno) => {
                    answer += &format!("Error during {doing} {mode} mode for port {id}: {errno}\n");
                }
            }
        }
        Ok(answer)
    }
}

fn mac_error(errno: Errno) -> Failure {
    refused(format!("mac_addr_cmd error: ({errno})"))
}

/// Has a port take packets for a group too.
fn join(port: &Port<Any>, group: MacAddr) -> Result<(), Failure> {
    let group = checked(group)?;
    let mut groups = port.multicast();
    if groups.contains(&group) {
        return Err(refused("multicast address already filtered by port"));
    }
    groups.push(group);
    set(port, groups)
}

/// Has a port take packets for a group no longer.
fn leave(port: &Port<Any>, group: MacAddr) -> Result<(), Failure> {
    let group = checked(group)?;
    let mut groups = port.multicast();
    if !groups.contains(&group) {
        return Err(refused(format!("multicast address not filtered by port {}", port.id())));
    }
    groups.retain(|own| *own != group);
    set(port, groups)
}

/// An address that is a group's (IEEE 802 §8.2: the first bit on the wire).
fn checked(group: MacAddr) -> Result<MacAddr, Failure> {
    if group.0[0] & 1 == 1 {
        Ok(group)
    } else {
        Err(refused(format!("Invalid multicast addr {}", group.to_string().to_uppercase())))
    }
}

fn set(port: &Port<Any>, groups: Vec<MacAddr>) -> Result<(), Failure> {
    let count = groups.len();
    port.set_multicast(groups).map_err(|errno| {
        refused(format!(
            "rte_eth_dev_set_mc_addr_list(port={}, nb={count}) failed. diag={}",
            port.id(),
            errno.raw()
        ))
    })
}
