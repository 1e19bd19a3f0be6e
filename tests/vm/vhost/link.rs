//! A guest's link, which is its connection.

use super::nic::{plug_in, unplug};
use super::{ADDRESS, SMALL};
use crate::guest;
use crate::lab::forwarder::Forwarder;

tests![a_kernel_sees_its_port_go_and_come];

fn a_kernel_sees_its_port_go_and_come() {
    let guest = guest::lease();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sock").display().to_string();
    let device = format!("vhost:{socket}");
    let mut switch = Forwarder::switch(&[&device, "ring:one", "ring:other"], &SMALL);
    plug_in(&guest, &socket, ADDRESS);
    let carrier = |up: u8| {
        guest.run(&format!(
            "nic=$(ip -o address show to {ADDRESS} | cut -d ' ' -f 2)
             until [ \"$(cat /sys/class/net/$nic/carrier)\" = {up} ]; do sleep 0.2; done"
        ));
    };
    for _ in 0..2 {
        let removed = switch.shell.ask("port remove 0");
        assert!(removed.starts_with("Port 0 is removed"), "{removed}");
        carrier(0);
        let added = switch.shell.ask(&format!("port add {device}"));
        assert!(added.starts_with("Port 0 is added"), "{added}");
        carrier(1);
    }
    unplug(&guest);
    switch.stop();
}
