//! What is known of a vhost-user port: its socket, its guest, and what passed through each ring.

use crate::features::{feature_names, protocol_feature_names};
use crate::ffi::calls;
use crate::guests::{Alive, Known, while_alive, while_still};
use crate::{RingFormat, ring};
use dataplane::port::{Port, PortId, Unsent};
use serde::Serialize;

/// A vhost-user port.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Its number.
    pub port: PortId,
    /// Its socket's path.
    pub path: String,
    /// The virtio features that guests are offered, by name.
    pub offered: Vec<String>,
    /// The guest that is there.
    pub guest: Option<GuestFigures>,
    /// What did not get into its rings to the guest since the port was started, by queue: ring 0, ring 2 and so on.
    pub unsent: Vec<Unsent>,
}

/// A guest.
#[derive(Clone, Debug, Serialize)]
pub struct GuestFigures {
    /// librte_vhost's number of it, which its log lines have.
    pub vid: i32,
    /// How its rings are laid out.
    pub ring_format: RingFormat,
    /// The virtio features that it has taken, by name.
    pub features: Vec<String>,
    /// The protocol's features that it has taken, by name.
    pub protocol_features: Vec<String>,
    /// The MTU that it has; `None` if it is told none.
    pub mtu: Option<u16>,
    /// Its memory.
    pub memory: Vec<Region>,
    /// Its rings: two a queue, of which the guest receives by the first.
    pub rings: Vec<RingFigures>,
}

/// A region of a guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// Its address in the guest.
    pub guest_address: u64,
    /// Its bytes.
    pub size_bytes: u64,
}

/// A ring.
#[derive(Clone, Debug, Serialize)]
pub struct RingFigures {
    /// Its number among the guest's.
    pub number: u16,
    /// Whether the guest receives by it, rather than sends.
    pub to_guest: bool,
    /// How many descriptors it has; `None` if it is not set up.
    pub size: Option<u16>,
    /// How many of them the guest has made available: filled by it, or room for what it is to receive. `None` if it is not set
    /// up, or is changed just now.
    pub available: Option<u16>,
    /// What librte_vhost counts, since the guest came.
    pub statistics: Vec<Statistic>,
}

/// A count by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statistic {
    /// DPDK's name of it, such as `good_packets`.
    pub name: String,
    /// The count.
    pub value: u64,
}

impl Figures {
    /// What is known now of a port with a socket at `path`.
    pub fn of<State>(port: &Port<State>, path: &str) -> Self {
        let (port, unsent) = (port.id(), port.unsent());
        let offered = calls::offered(path).map_or_else(Vec::new, feature_names);
        let guest = while_alive(port, GuestFigures::of).map(|mut guest| {
            for figures in &mut guest.rings {
                figures.look(port);
            }
            guest
        });
        Self { port, path: path.to_owned(), offered, guest, unsent }
    }
}

impl GuestFigures {
    fn of(known: &Known, alive: &Alive<'_>) -> Self {
        let vid = known.vid;
        let (features, protocol) = calls::features(vid, alive);
        let ring = |number: u16| {
            let to_guest = number.is_multiple_of(2);
            // Which ring it is stands before each name.
            let ring = format!("{}_q{}_", if to_guest { "tx" } else { "rx" }, number / 2);
            let statistic = |(name, value): (String, u64)| Statistic {
                name: name.strip_prefix(&ring).unwrap_or(&name).to_owned(),
                value,
            };
            let statistics = calls::statistics(vid, number, alive).into_iter().map(statistic);
            let statistics = statistics.collect();
            RingFigures { number, to_guest, size: None, available: None, statistics }
        };
        Self {
            vid,
            ring_format: RingFormat::of(features),
            features: feature_names(features),
            protocol_features: protocol_feature_names(protocol),
            mtu: calls::mtu(vid, alive),
            memory: known
                .memory
                .iter()
                .map(|region| Region { guest_address: region.guest, size_bytes: region.size })
                .collect(),
            rings: (0..calls::ring_count(vid, alive)).map(ring).collect(),
        }
    }
}

impl RingFigures {
    fn look(&mut self, port: PortId) {
        while_still(port, |known, still| {
            let is_packed = RingFormat::of(known.features) == RingFormat::Packed;
            if let Some(ring) = calls::ring(known.vid, self.number, is_packed, still) {
                self.size = Some(ring.size);
                self.available = Some(ring::available(&ring));
            }
        });
    }
}
