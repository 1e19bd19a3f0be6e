//! The lines of a trial's ports: whether they are fast enough, and whether they are there.

use crate::failure::Failure;
use crate::out::note;
use dataplane::pci::address::PciAddress;
use dataplane::port::PortId;
use dataplane::runtime::Slot;
use dataplane::traffic::generator::Generator;
use dataplane::traffic::spec::TrafficSpec;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a trial waits for the links of its ports, and how often it looks.
const WAIT: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// Whether the lines of ports carry what is asked of them. What a virtual device says of its speed is an invention.
///
/// # Errors
///
/// [`Failure::Input`] for a rate above the link's.
pub(super) fn judge<'a>(
    ports: impl Iterator<Item = &'a Slot>,
    generator: &Generator,
) -> Result<(), Failure> {
    for slot in ports.filter(|slot| slot.port().name().parse::<PciAddress>().is_ok()) {
        let link = slot.port().link().filter(|link| link.up);
        let Some(mbps) = link.and_then(|link| link.speed_mbps) else { continue };
        let (asked, has) = (generator.asked_bps(slot.id()), f64::from(mbps) * 1e6);
        if asked > has {
            return Err(Failure::input(anyhow::anyhow!(
                "port {} ({}) would have to send {:.3} Gbit/s, preambles and gaps included, and its link has {:.3} Gbit/s: ask for \
                 less, or write flat-out",
                slot.id(),
                slot.port().name(),
                asked / 1e9,
                has / 1e9
            )));
        }
    }
    Ok(())
}

/// Waits until the ports of a trial have their links, as those of memif or vhost-user have only when their other end has come.
/// After ten seconds the trial starts all the same, and that is said.
pub(super) fn wait<'a>(
    ports: impl Iterator<Item = &'a Slot> + Clone,
    traffic: &TrafficSpec,
    stop: &AtomicBool,
) {
    let used = traffic.stream.iter().flat_map(|stream| [Some(stream.port), stream.expect]);
    let used: BTreeSet<PortId> = used.flatten().map(PortId).collect();
    let without = || {
        let is_down = |slot: &&Slot| slot.port().link().is_some_and(|link| !link.up);
        let down = ports.clone().filter(|slot| used.contains(&slot.id())).filter(is_down);
        let names = down.map(|slot| format!("{} ({})", slot.id(), slot.port().name()));
        names.collect::<Vec<String>>().join(", ")
    };
    let (start, first) = (Instant::now(), without());
    if !first.is_empty() {
        note(&format!("waiting for the link of port {first}"));
    }
    let mut missing = first;
    while !missing.is_empty() && !stop.load(Ordering::Relaxed) {
        if start.elapsed() >= WAIT {
            let seconds = WAIT.as_secs();
            note(&format!(
                "after {seconds} seconds there is no link on port {missing}: the trial starts without it"
            ));
            return;
        }
        sleep(LOOK);
        missing = without();
    }
}
