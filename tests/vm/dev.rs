//! `pollway dev` on the kernel's own files and sockets.

use crate::guest::{self, Guest};
use crate::machine::{CONTROL, IGB, SHARED};
use crate::{allow, crosses_both_ways};
use serde_json::Value;

tests![
    restore_brings_an_interface_back_with_its_name_address_and_route,
    what_cannot_be_bound_is_refused_and_nothing_changed,
];

/// What `pollway dev status` says of a device.
fn status(guest: &Guest, address: &str) -> Value {
    let status: Value = serde_json::from_str(&guest.run("$pollway dev status --json")).unwrap();
    let devices = status["devices"].as_array().unwrap();
    let device = devices.iter().find(|device| device["address"] == address);
    device.unwrap_or_else(|| panic!("no {address} in {status:#}")).clone()
}

/// A command of `pollway dev` is refused in these words, and the devices stay with their drivers.
fn refused(guest: &Guest, command: &str, words: &[&str]) {
    // Not whether links carry: that comes and goes by itself.
    let drivers = || {
        guest.run(
            "ls -d /sys/bus/pci/drivers/*/0000:*; ip -o address; \
             grep . /sys/class/net/*/flags /sys/class/net/*/address",
        )
    };
    let before = drivers();
    let ended = guest.attempt(command);
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "no {word:?} in {}", ended.stderr);
    }
    assert_eq!(drivers(), before);
}

fn restore_brings_an_interface_back_with_its_name_address_and_route() {
    let guest = guest::lease();
    let addresses = IGB.each_ref().map(|nic| nic.address);
    let both = addresses.join(" ");
    let old = guest.run(&format!("ls /sys/bus/pci/devices/{}/net", addresses[0]));
    let (old, name) = (old.trim(), "wan0");
    guest.run(&format!(
        "ip link set {old} name {name} mtu 1400 && ip link set {name} up && \
         ip address add 192.0.2.1/24 dev {name} && ip route add 198.51.100.0/24 via 192.0.2.254 metric 7"
    ));
    let routes = || {
        let shown = guest.run(&format!("ip route show dev {name} 198.51.100.0/24"));
        shown.replace("linkdown", "").trim().to_owned()
    };
    let route = routes();
    let mac = guest.run(&format!("cat /sys/class/net/{name}/address"));

    refused(&guest, &format!("$pollway dev bind vfio-pci {both}"), &[name, "--force"]);
    guest.run(&format!("$pollway dev bind --force vfio-pci {both}"));
    let bound = status(&guest, addresses[0]);
    assert_eq!([&bound["driver"], &bound["kept"][0]["mac"]], ["vfio-pci", mac.trim()]);
    let mut forwarder = guest.forward("", &allow(&addresses));
    crosses_both_ways(&guest, &mut forwarder, &IGB);
    refused(&guest, "$pollway dev restore", &[addresses[0], "is in use by"]);
    forwarder.stop();

    guest.run("$pollway dev restore");
    assert_eq!(status(&guest, addresses[0])["driver"], "igb");
    assert_eq!(status(&guest, addresses[0])["interfaces"][0]["mtu"], 1400);
    assert_eq!((routes(), route.contains("via 192.0.2.254 metric 7")), (route.clone(), true));
    assert_eq!(guest.run(&format!("cat /sys/class/net/{name}/address")), mac);
    // The link takes its time.
    crate::lab::wait_for("the interface to be up", || {
        let line = guest.run(&format!("ip -brief address show {name}"));
        let words: Vec<_> = line.split_whitespace().collect();
        (words == [name, "UP", "192.0.2.1/24"]).then_some(())
    });
    guest.run(&format!("ip address flush dev {name}; ip link set {name} down; ip link set {name} mtu 1500 name {old}"));
}

fn what_cannot_be_bound_is_refused_and_nothing_changed() {
    let guest = guest::lease();
    let bind = |devices: &str| format!("$pollway dev bind vfio-pci {devices}");
    let [first, second] = IGB.each_ref().map(|nic| nic.address);
    refused(&guest, &bind(CONTROL), &[CONTROL, "default route"]);
    refused(&guest, &bind(&format!("{first} 0000:09:00.0")), &["0000:09:00.0"]);
    refused(&guest, &format!("$pollway dev bind nosuch {first} {second}"), &["nosuch"]);
    // A NIC that no IOMMU translates for.
    refused(&guest, &bind("0000:81:00.0"), &["0000:81:00.0", "IOMMU"]);
    // The other device of its group is with the kernel.
    refused(&guest, &bind(SHARED[0]), &[SHARED[0], SHARED[1], "e1000"]);
    guest.run(&bind(&SHARED.join(" ")));
    assert_eq!(status(&guest, SHARED[1])["driver"], "vfio-pci");
    guest.run("$pollway dev restore");
    assert_eq!(status(&guest, SHARED[1])["driver"], "e1000");
    let as_user = "setpriv --reuid 1000 --regid 1000 --clear-groups";
    refused(&guest, &format!("{as_user} {}", bind(first)), &[first, "root"]);
}
