//! Cables and NICs that are pulled out.

use crate::guest::{self, Forwarder, Guest};
use crate::lab::wait_for;
use crate::machine::{IGB, Nic, SPARE, VIRTIO};
use crate::{allow, crosses_both_ways, frames};
use serde_json::json;

/// Waits until the shell's page of a port says this of its link.
fn wait_for_link(forwarder: &mut Forwarder, port: usize, status: &str) {
    wait_for(&format!("the link of port {port} to be {status}"), || {
        let page = forwarder.shell.ask(&format!("show port info {port}"));
        page.contains(&format!("Link status: {status}\n")).then_some(())
    });
}

#[test]
fn a_link_that_went_down_and_up_carries_again() {
    let Some(guest) = guest::or_skip("a_link_that_went_down_and_up_carries_again") else {
        return;
    };
    for nics in [&IGB, &VIRTIO] {
        let addresses = nics.each_ref().map(|nic| nic.address);
        guest.bind("vfio-pci", &addresses);
        let mut forwarder = guest.forward("", &allow(&addresses));
        crosses_both_ways(&guest, &mut forwarder, nics);
        for (up, status) in [(false, "down"), (true, "up")] {
            guest.machine("set_link", json!({ "name": nics[1].name, "up": up }));
            wait_for_link(&mut forwarder, 1, status);
            wait_for_link(&mut forwarder, 0, "up");
            let line = format!("port 1 ({}): link {status}", addresses[1]);
            forwarder.wait_for_remark(&line);
        }
        crosses_both_ways(&guest, &mut forwarder, nics);
        forwarder.stop();
    }
}

/// Whether the machine has a NIC still: the kernel keeps it until the program has let go of it.
fn is_plugged_in(guest: &Guest, nic: &Nic) -> bool {
    let devices = guest.machine("qom-list", json!({ "path": "/machine/peripheral" }));
    devices.as_array().unwrap().iter().any(|device| device["name"] == nic.name)
}

/// Unplugs a NIC on this driver under traffic, and plugs in another.
fn the_others_forward_on_with(guest: &Guest, driver: &str) {
    let nics = [&SPARE, &IGB[0], &VIRTIO[0], &VIRTIO[1]];
    let addresses = nics.map(|nic| nic.address);
    guest.bind(driver, &addresses);
    let mut forwarder = guest.forward("", &allow(&addresses));
    let [spare, partner, left, right] = nics.map(|nic| guest.wire(nic));
    let frames = frames::udp(frames::ANYBODY, 200, 64);
    for [from, to] in [[spare, partner], [left, right]] {
        from.wait_for_path(to, &frames[0]);
        from.carry(to, &frames);
    }

    guest.machine("device_del", json!({ "id": SPARE.name }));
    wait_for("the NIC to be let go", || {
        left.carry(right, &frames);
        (!is_plugged_in(guest, &SPARE)).then_some(())
    });
    let line = format!(
        "port 0 ({}) was taken away; port 1, which it was paired with, no longer forwards",
        SPARE.address
    );
    // Closing a port whose registers are gone takes its driver half a minute in this guest, which waits for each of them.
    let mut rounds = 0;
    while !forwarder.has_said(&line) {
        left.carry(right, &frames);
        rounds += 1;
        assert!(rounds < 1000, "port 0 is not let go of while the others forward on");
    }
    left.carry(right, &frames);
    right.carry(left, &frames);
    let page = forwarder.shell.ask("show port info 0");
    assert!(page.contains("Invalid port 0"), "{page}");

    let Nic { name, mac, address, .. } = SPARE;
    let device = json!({ "driver": "igb", "id": name, "netdev": format!("{name}-cable"),
        "bus": format!("{name}-slot"), "mac": mac });
    guest.machine("device_add", device);
    wait_for("the kernel to drive the new NIC", || {
        guest
            .attempt(&format!("ls /sys/bus/pci/devices/{address}/net/*"))
            .status
            .success()
            .then_some(())
    });
    guest.bind(driver, &[address]);
    let attached = forwarder.shell.ask(&format!("port attach {address}"));
    assert!(attached.contains("Port 0 is attached. Now total ports is 4"), "{attached}");
    for command in ["stop", "port start 0", "set portlist 0,1,2,3", "start"] {
        forwarder.shell.ask(command);
    }
    for [from, to] in [[spare, partner], [left, right]] {
        from.wait_for_path(to, &frames[0]);
        from.carry(to, &frames);
    }
    forwarder.stop();
}

#[test]
fn the_others_forward_on_when_a_nic_is_unplugged_until_another_takes_its_place() {
    let name = "the_others_forward_on_when_a_nic_is_unplugged_until_another_takes_its_place";
    // VFIO keeps a NIC until its program lets go; a UIO driver's is gone at once.
    for driver in ["vfio-pci", "igb_uio", "uio_pci_generic"] {
        let Some(guest) = guest::or_skip(name) else { return };
        the_others_forward_on_with(&guest, driver);
    }
}
