//! The pages: ports with what their devices have counted, and how fast.

use super::Session;
use crate::r#gen::page::{self, PortView};
use crate::r#gen::pktgen::command::Page;
use dataplane::port::{PortId, PortStats};
use std::collections::BTreeMap;
use std::time::Instant;

impl Session {
    /// A page as it is now.
    pub(super) fn page(&mut self, page: Page) -> String {
        let stats = self.rig.stats();
        let rates = self.rates(&stats);
        let views = self.rig.ports().filter_map(|slot| {
            let (id, port) = (slot.id(), slot.port());
            let zero = self.cleared.get(&id);
            Some(PortView {
                id,
                device: port.name(),
                link: port.link(),
                sending: self.sending.contains(&id),
                stats: stats.get(&id).map(|stats| zero.map_or(*stats, |zero| since(stats, zero))),
                rates: rates.get(&id).copied().unwrap_or_default(),
                extended: port.extended_stats().unwrap_or_default(),
                state: self.pktgen.port(id)?,
            })
        });
        page::text(page, &views.collect::<Vec<_>>(), self.chosen, &self.done)
    }

    /// Packets a second that left and came since the counts were last shown, which they now are.
    fn rates(&mut self, stats: &BTreeMap<PortId, PortStats>) -> BTreeMap<PortId, (f64, f64)> {
        let now = Instant::now();
        let rates = stats.iter().map(|(port, stats)| {
            let before = self.shown.insert(*port, (now, *stats));
            let rate = before.map_or((0.0, 0.0), |(then, before)| {
                let seconds = now.duration_since(then).as_secs_f64().max(f64::MIN_POSITIVE);
                let a_second = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
                (
                    a_second(stats.tx_packets, before.tx_packets),
                    a_second(stats.rx_packets, before.rx_packets),
                )
            });
            (*port, rate)
        });
        rates.collect()
    }
}

/// What a device has counted since.
fn since(now: &PortStats, then: &PortStats) -> PortStats {
    PortStats {
        rx_packets: now.rx_packets.saturating_sub(then.rx_packets),
        tx_packets: now.tx_packets.saturating_sub(then.tx_packets),
        rx_bytes: now.rx_bytes.saturating_sub(then.rx_bytes),
        tx_bytes: now.tx_bytes.saturating_sub(then.tx_bytes),
        rx_missed: now.rx_missed.saturating_sub(then.rx_missed),
        rx_errors: now.rx_errors.saturating_sub(then.rx_errors),
        tx_errors: now.tx_errors.saturating_sub(then.tx_errors),
        rx_nombuf: now.rx_nombuf.saturating_sub(then.rx_nombuf),
    }
}
