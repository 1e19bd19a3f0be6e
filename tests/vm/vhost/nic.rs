//! A guest's NIC that is at a vhost-user port.

use crate::guest::Guest;
use crate::lab::wait_for;
use crate::machine::VHOST_SLOT;
use serde_json::json;

/// QEMU's name of it.
const NIC: &str = "vhost-nic";

/// Plugs in a NIC that is at the socket, gives it an address, and waits until the port has it.
pub(super) fn plug_in(guest: &Guest, socket: &str, address: &str) {
    // That of a test that failed.
    if guest.has_device(NIC) {
        unplug(guest);
    }
    let (_, host) = address.rsplit_once('.').unwrap();
    let mac = format!("52:54:00:00:08:{:02x}", host.parse::<u8>().unwrap());
    let at = json!({ "type": "unix", "data": { "path": socket } });
    // A port that goes and comes again finds the guest.
    let socket = json!({ "addr": at, "server": false, "reconnect-ms": 200 });
    let backend = json!({ "type": "socket", "data": socket });
    guest.machine("chardev-add", json!({ "id": "vhost-socket", "backend": backend }));
    let net = json!({ "type": "vhost-user", "id": "vhost-net", "chardev": "vhost-socket" });
    guest.machine("netdev_add", net);
    let nic = json!({
        "driver": "virtio-net-pci",
        "id": NIC,
        "netdev": "vhost-net",
        "bus": VHOST_SLOT,
        "mac": mac,
        "disable-legacy": "on",
    });
    guest.machine("device_add", nic);
    guest.run(&format!(
        "until nic=$(grep -l {mac} /sys/class/net/*/address | cut -d / -f 5) && [ -n \"$nic\" ]; do sleep 0.2; done
         ip address add {address}/24 dev $nic
         ip link set $nic up
         until [ \"$(cat /sys/class/net/$nic/carrier)\" = 1 ]; do sleep 0.2; done"
    ));
}

/// Takes it out again.
pub(super) fn unplug(guest: &Guest) {
    guest.machine("device_del", json!({ "id": NIC }));
    wait_for("the NIC to be let go", || (!guest.has_device(NIC)).then_some(()));
    guest.machine("netdev_del", json!({ "id": "vhost-net" }));
}
