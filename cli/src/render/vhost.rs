//! A vhost-user port: `show vhost`.

use dataplane::forward::DropReason;
use dataplane::port::{Refusal, Unsent};
use pollway_vhost::{Figures, GuestFigures, RingFigures, Statistic};
use serde::Serialize;
use std::fmt;

/// A vhost-user port.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct VhostPage(pub(crate) Figures);

impl fmt::Display for VhostPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { port, path, offered, guest, unsent } = &self.0;
        writeln!(f, "\n********************* vhost-user port {port:<2} *********************")?;
        writeln!(f, "Socket: {path}")?;
        writeln!(f, "Offered: {}", offered.join(" "))?;
        match guest {
            Some(guest) => show_guest(f, guest)?,
            None => writeln!(f, "Guest: none")?,
        }
        unsent.iter().enumerate().try_for_each(|(queue, unsent)| show_unsent(f, 2 * queue, unsent))
    }
}

fn show_guest(f: &mut fmt::Formatter<'_>, guest: &GuestFigures) -> fmt::Result {
    let GuestFigures { vid, ring_format, features, protocol_features, mtu, memory, rings } = guest;
    writeln!(f, "Guest: {vid}")?;
    writeln!(f, "Ring format: {ring_format}")?;
    writeln!(f, "Features: {}", features.join(" "))?;
    writeln!(f, "Protocol features: {}", protocol_features.join(" "))?;
    match mtu {
        Some(mtu) => writeln!(f, "MTU: {mtu}")?,
        None => writeln!(f, "MTU: not told to the guest")?,
    }
    for region in memory {
        let mib = region.size_bytes.div_ceil(1 << 20);
        writeln!(f, "Memory: {mib} MiB at {:#x}", region.guest_address)?;
    }
    rings.iter().try_for_each(|ring| show_ring(f, ring))
}

fn show_ring(f: &mut fmt::Formatter<'_>, ring: &RingFigures) -> fmt::Result {
    let RingFigures { number, to_guest, size, available, statistics } = ring;
    let way = if *to_guest { "to" } else { "from" };
    write!(f, "Ring {number} (queue {}, {way} the guest): ", number / 2)?;
    match (size, available) {
        (Some(size), Some(available)) => writeln!(f, "{available} of {size} available")?,
        _ => writeln!(f, "not set up")?,
    }
    let mut counted = statistics.iter().filter(|statistic| statistic.value > 0);
    counted.try_for_each(|Statistic { name, value }| writeln!(f, "  {name}: {value}"))
}

/// What did not get into a ring, by the reasons' names in other accounts.
fn show_unsent(f: &mut fmt::Formatter<'_>, ring: usize, unsent: &Unsent) -> fmt::Result {
    let counts = Refusal::ALL.map(|reason| (DropReason::from(reason), unsent.of(reason)));
    let mut counted = counts.iter().filter(|(_, packets)| *packets > 0);
    counted.try_for_each(|(reason, packets)| {
        writeln!(f, "Dropped before ring {ring} ({}): {packets}", reason.name())
    })
}
