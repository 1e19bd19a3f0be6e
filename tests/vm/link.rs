//! Cables that are pulled out.

use crate::guest::{self, Forwarder};
use crate::lab::wait_for;
use crate::machine::{IGB, VIRTIO};
use crate::{allow, crosses_both_ways};
use serde_json::json;

/// Waits until the shell's page of a port says this of its link.
fn wait_for_link(forwarder: &mut Forwarder, port: usize, status: &str) {
    wait_for(&format!("the link of port {port} to be {status}"), || {
        let page = forwarder.0.ask(&format!("show port info {port}"));
        page.contains(&format!("Link status: {status}\n")).then_some(())
    });
}

#[test]
fn a_link_that_went_down_and_up_carries_again() {
    let Some(mut guest) = guest::or_skip("a_link_that_went_down_and_up_carries_again") else {
        return;
    };
    for nics in [&IGB, &VIRTIO] {
        let addresses = nics.each_ref().map(|nic| nic.address);
        guest.bind("vfio-pci", &addresses);
        let mut forwarder = guest.forward("", &allow(&addresses));
        crosses_both_ways(&guest, &mut forwarder, nics);
        for (up, status) in [(false, "down"), (true, "up")] {
            guest.qmp.ask("set_link", json!({ "name": nics[1].name, "up": up }));
            wait_for_link(&mut forwarder, 1, status);
            wait_for_link(&mut forwarder, 0, "up");
        }
        crosses_both_ways(&guest, &mut forwarder, nics);
        forwarder.stop();
    }
}
