//! What ports do about VLANs is changed. What a device does not do is said in testpmd's words, which scripts know.

use super::{Session, refused};
use crate::command::{VlanChange, VlanCommand};
use crate::failure::Failure;
use dataplane::mbuf::VlanTags;
use dataplane::offload::port::{QINQ_INSERT, VLAN_INSERT};
use dataplane::port::{Any, Port, PortId, VlanOffload};

/// VLANs are numbered below this (IEEE 802.1Q §9.6).
const VLANS: u16 = 4096;

impl Session {
    /// Carries out a command about VLANs; it answers nothing when it is done, as in testpmd.
    pub(super) fn vlan(&mut self, command: VlanCommand) -> Result<String, Failure> {
        let port = self.existing(command.port)?;
        let id = port.id();
        match command.change {
            VlanChange::Offload(offload, on) => {
                port.set_vlan_offload(offload, on).map_err(|errno| {
                    let (call, on, diag) = (call(offload), u8::from(on), errno.raw());
                    refused(format!("{call}(port_pi={id}, on={on}) failed diag={diag}"))
                })?;
                self.note(id, |config| {
                    let others = config.rx_offloads & !offload.rx_offload();
                    config.rx_offloads = others | if on { offload.rx_offload() } else { 0 };
                });
            }
            VlanChange::StripQueue(queue, on) => {
                let queue = queue.ok_or_else(|| refused("must specify (port,queue_id)"))?;
                port.set_vlan_strip_on_queue(queue, on).map_err(|errno| {
                    let (on, diag) = (u8::from(on), errno.raw());
                    refused(format!(
                        "rx_vlan_strip_set_on_queue(port_pi={id}, queue_id={queue}, on={on}) failed diag={diag}"
                    ))
                })?;
            }
            VlanChange::Tpid(tag, tpid) => {
                port.set_vlan_tpid(tag, tpid).map_err(|errno| {
                    let (kind, diag) = (tag.number(), errno.raw());
                    refused(format!(
                        "tx_vlan_tpid_set(port_pi={id}, vlan_type={kind}, tpid={tpid}) failed diag={diag}"
                    ))
                })?;
            }
            VlanChange::Filter(vlan, on) => filter(port, vlan, on)?,
            VlanChange::FilterAll(on) => (0..VLANS).try_for_each(|vlan| filter(port, vlan, on))?,
            VlanChange::Insert(tags) => self.set_tx_vlan(id, tags)?,
            VlanChange::Pvid(vlan, on) => {
                port.set_vlan_pvid(checked(vlan)?, on).map_err(|errno| {
                    let (on, diag) = (u8::from(on), errno.raw());
                    refused(format!(
                        "rte_eth_dev_set_vlan_pvid(port_pi={id}, vlan_id={vlan}, on={on}) failed diag={diag}"
                    ))
                })?;
            }
        }
        Ok(String::new())
    }

    /// Has a port's device tag what is forwarded to it, from its next start on.
    fn set_tx_vlan(&mut self, id: PortId, tags: Option<VlanTags>) -> Result<(), Failure> {
        if self.is_started(id) {
            return Err(refused(format!("Please stop port {id} first")));
        }
        let can = self.existing(id)?.info().map_err(Failure::running)?.tx_offloads;
        let Some(slot) = self.dataplane.port_mut(id) else { return Ok(()) };
        let others = slot.wanted.tx_offloads & !(VLAN_INSERT | QINQ_INSERT);
        let Some(tags) = tags else {
            slot.wanted.tx_offloads = others;
            self.forwarding.tx_vlans.remove(&id);
            return Ok(());
        };
        checked(tags.inner)?;
        let needed = match tags.outer {
            Some(outer) => {
                checked(outer)?;
                if can & QINQ_INSERT == 0 {
                    return Err(refused(format!("Error: qinq insert not supported by port {id}")));
                }
                VLAN_INSERT | QINQ_INSERT
            }
            None if slot.wanted.tx_offloads & QINQ_INSERT != 0 => {
                return Err(refused("Error, as QinQ has been enabled."));
            }
            None if can & VLAN_INSERT == 0 => {
                return Err(refused(format!("Error: vlan insert is not supported by port {id}")));
            }
            None => VLAN_INSERT,
        };
        slot.wanted.tx_offloads = others | needed;
        self.forwarding.tx_vlans.insert(id, tags);
        Ok(())
    }
}

/// testpmd's name of the function that switches an offload, which it says when it fails.
fn call(offload: VlanOffload) -> &'static str {
    match offload {
        VlanOffload::Strip => "rx_vlan_strip_set",
        VlanOffload::Filter => "rx_vlan_filter_set",
        VlanOffload::Extend => "rx_vlan_extend_set",
        VlanOffload::QinqStrip => "rx_vlan_qinq_strip_set",
    }
}

fn filter(port: &Port<Any>, vlan: u16, on: bool) -> Result<(), Failure> {
    port.set_vlan_filter(checked(vlan)?, on).map_err(|errno| {
        refused(format!(
            "rte_eth_dev_vlan_filter(port_pi={}, vlan_id={vlan}, on={}) failed diag={}",
            port.id(),
            u8::from(on),
            errno.raw()
        ))
    })
}

/// A number that a VLAN can have.
fn checked(vlan: u16) -> Result<u16, Failure> {
    if vlan < VLANS {
        Ok(vlan)
    } else {
        Err(refused(format!("Invalid vlan_id {vlan} (must be < {VLANS})")))
    }
}
