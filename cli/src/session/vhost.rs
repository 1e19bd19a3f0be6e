//! vhost-user ports: their guests as they come and go, and what is known of them.

use super::{Session, refused};
use crate::answer::Answer;
use crate::command::VhostCommand;
use crate::failure::Failure;
use crate::out::note;
use crate::render::vhost::VhostPage;
use dataplane::port::PortId;
use dataplane::port::device::DeviceSpec;
use pollway_vhost::{Figures, GuestEvent, RingFormat, ring_format, socket_path};

/// Says which rings a virtio-user port will have, where it is the one that connects.
pub(super) fn say_ring_format(device: &DeviceSpec) {
    let Some((path, wants_packed)) = device.connects_to() else { return };
    match ring_format(path, wants_packed) {
        Ok(RingFormat::Split) if wants_packed => {
            note(&format!("{}: split rings, as the other end has no packed ones", device.typed));
        }
        Ok(format) => note(&format!("{}: {format} rings", device.typed)),
        // DPDK will say what is wrong with the other end.
        Err(_) => {}
    }
}

impl Session {
    /// Carries out a command about vhost-user ports.
    pub(super) fn vhost(&self, command: VhostCommand) -> Result<Answer, Failure> {
        let VhostCommand::Show(selection) = command;
        let ports = self.selected(selection)?;
        let pages: Vec<_> = self
            .vhost_sockets()
            .filter(|(port, _)| ports.contains(port))
            .filter_map(|(port, path)| Some(VhostPage(Figures::of(self.port(port)?, &path))))
            .map(|page| Ok(Answer::page(page)))
            .collect();
        match ports.as_slice() {
            _ if !pages.is_empty() => Ok(Answer::Pages(pages)),
            [port] => Err(refused(format!("Port {port} is no vhost-user port"))),
            _ => Err(refused("There is no vhost-user port")),
        }
    }

    /// The started vhost-user ports, and the paths of their sockets.
    fn vhost_sockets(&self) -> impl Iterator<Item = (PortId, String)> + '_ {
        self.dataplane.ports().filter(|slot| slot.is_started()).filter_map(|slot| {
            let info = slot.port().info().ok()?;
            Some((slot.id(), socket_path(&info)?.to_owned()))
        })
    }

    /// Says which guests came and went and why, and lets go of those that break the protocol.
    pub(super) fn look_at_guests(&mut self) {
        let sockets: Vec<(PortId, String)> = self.vhost_sockets().collect();
        for event in pollway_vhost::events() {
            self.say(&event, &sockets);
        }
        let mut dropped = Vec::new();
        let guard = &mut self.guard;
        let borrowed: Vec<_> = sockets.iter().map(|(port, path)| (*port, path.as_str())).collect();
        dropped.extend(guard.memory_gone(&borrowed));
        for (port, path) in borrowed {
            dropped.extend(guard.look(port, path).map(|why| (port, why)));
        }
        for (port, why) in dropped {
            self.say_of(port, &format!("dropped the guest: {why}"));
        }
    }

    fn say(&mut self, event: &GuestEvent, sockets: &[(PortId, String)]) {
        let (port, why) = match event {
            GuestEvent::Left(port, why) => {
                return self.say_of(*port, &format!("the guest left: {why}"));
            }
            GuestEvent::Second(port) => (
                *port,
                "a second one came to the same socket, so both have to come again".to_owned(),
            ),
            GuestEvent::BadRing(port, ring) => {
                (*port, format!("ring {ring}: its next descriptor is past the ring's end"))
            }
        };
        if let Some((_, path)) = sockets.iter().find(|(of, _)| *of == port) {
            let why = self.guard.let_go(port, path, why);
            self.say_of(port, &format!("dropped the guest: {why}"));
        }
    }

    fn say_of(&self, port: PortId, what: &str) {
        let name = self.port(port).map_or("", |port| port.name());
        note(&format!("port {port} ({name}): {what}"));
    }
}
