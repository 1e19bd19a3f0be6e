//! testpmd's look at the links after ports have started or stopped.

use super::Session;
use crate::render::link;
use dataplane::port::{Link, PortId};
use dataplane::runtime::Slot;
use std::thread;
use std::time::Duration;

/// How often links that are down are looked at again, and how long is waited in between (`app/test-pmd/testpmd.c`:
/// `MAX_CHECK_TIME`, `CHECK_INTERVAL`).
const LOOKS: u32 = 90;
const BETWEEN: Duration = Duration::from_millis(100);

impl Session {
    /// testpmd's words about links. Where devices are not asked to tell of changes (`--no-lsc-interrupt`), waits until the links
    /// of all ports that run are up, nine seconds at most, and says how they are.
    pub(super) fn links_checked(&self) -> String {
        let run = &self.settings.run;
        if !run.link_check {
            return String::new();
        }
        let checking = "Checking link statuses...\n".to_owned();
        if self.settings.found_port.link_interrupt {
            return checking;
        }
        for _ in 0..LOOKS {
            if self.links().iter().all(|(_, link)| link.up) {
                break;
            }
            thread::sleep(BETWEEN);
        }
        let lines = self.links().into_iter();
        checking
            + &lines.map(|(id, is)| format!("Port {id} {}\n", link::words(is))).collect::<String>()
    }

    /// The links of ports that run, as far as their devices know.
    fn links(&self) -> Vec<(PortId, Link)> {
        let running = self.dataplane.ports().filter(|slot| slot.is_started());
        running.filter_map(|slot: &Slot| Some((slot.id(), slot.port().link()?))).collect()
    }
}
