//! Guests that break the protocol are let go of, so that one of them harms no other.
//!
//! librte_vhost refuses messages that are wrong, and closes the connection. What it does not do is said here: it leaves a ring
//! alone whose next descriptors it cannot take, for ever, and it does not look whether a guest's memory is still there.

use crate::features::has_iommu;
use crate::ffi::{calls, connections, faults};
use crate::guests::{Known, Lost, while_alive, while_still};
use crate::{RingFormat, ring};
use dataplane::port::{PortId, QueueId, note_bad_descriptor};
use std::collections::BTreeMap;

/// Looks at guests from time to time.
#[derive(Debug, Default)]
pub struct Guard {
    /// Where a bad descriptor was next in a ring when it was last looked at.
    places: BTreeMap<(PortId, u16), u16>,
    /// What guests had taken away from themselves when they were last looked at, and how many requests they had sent.
    lost: BTreeMap<PortId, (Lost, u64)>,
}

impl Guard {
    /// Looks at a port's guest; lets go of it and says why if it breaks the protocol.
    ///
    /// A ring is only judged when it has stood still at a bad descriptor from one look to the next, as a worker that takes from
    /// it meanwhile leaves descriptors which mean nothing any more.
    pub fn look(&mut self, port: PortId, path: &str) -> Option<String> {
        let (rings, lost) = while_alive(port, |known, alive| {
            let lost = known.lost().map(|lost| (lost, known.requests));
            (calls::ring_count(known.vid, alive), lost)
        })?;
        let before = match lost {
            Some(lost) => self.lost.insert(port, lost),
            None => self.lost.remove(&port),
        };
        let wrong = match lost.filter(|_| before == lost) {
            Some((lost, _)) => lost.to_string(),
            None => (0..rings).find_map(|number| self.judge(port, number))?,
        };
        Some(self.let_go(port, path, wrong))
    }

    /// The guest whose memory is gone under an access, if there was one: the ports are those with a guest.
    pub fn memory_gone(&mut self, ports: &[(PortId, &str)]) -> Option<(PortId, String)> {
        let address = faults::gone()?;
        let is_in = |known: &Known| {
            known.memory.iter().any(|region| {
                address.checked_sub(region.mapped).is_some_and(|at| at < region.mapped_size)
            })
        };
        let why = |known: &Known| {
            is_in(known).then(|| match known.lost() {
                Some(lost) => lost.to_string(),
                None => {
                    "its memory is gone, as it made the file smaller that it lies in".to_owned()
                }
            })
        };
        let (port, path, why) = ports.iter().find_map(|(port, path)| {
            Some((*port, *path, while_alive(*port, |known, _| why(known))??))
        })?;
        Some((port, self.let_go(port, path, why)))
    }

    /// Lets go of whoever is at a socket.
    pub fn let_go(&mut self, port: PortId, path: &str, why: String) -> String {
        self.places.retain(|(of, _), _| *of != port);
        self.lost.remove(&port);
        connections::shut_down(path);
        why
    }

    /// Why a ring's next descriptors can never be taken.
    fn judge(&mut self, port: PortId, number: u16) -> Option<String> {
        let place = while_still(port, |known, still| {
            let is_packed = RingFormat::of(known.features) == RingFormat::Packed;
            // An IOMMU's addresses are not the memory's.
            let ring = calls::ring(known.vid, number, is_packed, still)
                .filter(|_| !has_iommu(known.features))?;
            let wrong = ring::check(&ring, &known.memory).err();
            // It may have been taken from while it was looked at.
            let after = calls::ring(known.vid, number, is_packed, still)?.next();
            Some((ring.next(), wrong.filter(|_| ring.next() == after)))
        })??;
        let (place, wrong) = place;
        // Even rings are those that the port sends to.
        if number.is_multiple_of(2) {
            note_bad_descriptor(port, QueueId(number / 2), wrong.is_some());
        }
        let ring = (port, number);
        let before = match wrong {
            Some(_) => self.places.insert(ring, place),
            None => self.places.remove(&ring),
        };
        let wrong = wrong.filter(|_| before == Some(place))?;
        Some(format!("ring {number}: {wrong}"))
    }
}
