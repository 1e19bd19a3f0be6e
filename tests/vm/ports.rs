//! Ports on NICs: which devices become one, how they start again, and what their hardware fills in.

use crate::guest::{self, Forwarder};
use crate::machine::{IGB, VIRTIO};
use crate::{allow, crosses_both_ways, frames};

tests![
    named_devices_are_the_ports_in_their_order,
    a_port_that_was_stopped_or_reset_forwards_again,
    the_nic_fills_in_checksums,
];

/// Which device a port is.
fn device_of(forwarder: &mut Forwarder, port: usize) -> String {
    let page = forwarder.shell.ask(&format!("show port info {port}"));
    let name = page.lines().find_map(|line| line.strip_prefix("Device name: "));
    name.unwrap_or_else(|| panic!("no name in {page}")).to_owned()
}

/// Others that are bound for programs stay for other programs.
fn named_devices_are_the_ports_in_their_order() {
    let guest = guest::lease();
    let addresses = IGB.each_ref().map(|nic| nic.address);
    let [first, second] = addresses;
    let interface = guest.run(&format!("ls /sys/bus/pci/devices/{second}/net"));
    guest.bind("vfio-pci", &addresses);
    guest.bind("vfio-pci", &VIRTIO.each_ref().map(|nic| nic.address));
    // The interface that it had, and its address.
    let ports = format!("--port pci:{} --port pci:{}", interface.trim(), IGB[0].mac);
    let forwarder = guest.forward("", &ports);
    let names = |mut forwarder: Forwarder| {
        let names = [0, 1].map(|port| device_of(&mut forwarder, port));
        let third = forwarder.shell.ask("show port info 2");
        assert!(third.contains("Invalid port 2"), "{third}");
        forwarder.stop();
        names
    };
    assert_eq!(names(forwarder), [second, first]);
    // One that EAL's own scan has taken already.
    let forwarder = guest.forward("", &format!("{} --port {first}", allow(&addresses)));
    assert_eq!(names(forwarder), [first, second]);
}

fn a_port_that_was_stopped_or_reset_forwards_again() {
    let guest = guest::lease();
    let addresses = IGB.each_ref().map(|nic| nic.address);
    guest.bind("vfio-pci", &addresses);
    let mut forwarder = guest.forward("", &allow(&addresses));
    crosses_both_ways(&guest, &mut forwarder, &IGB);
    for between in [None, Some("port reset all")] {
        let commands = ["stop", "port stop all"].into_iter().chain(between);
        for command in commands.chain(["port start all", "start"]) {
            let answer = forwarder.shell.ask(command);
            assert!(!answer.to_lowercase().contains("fail"), "{command}: {answer}");
        }
        crosses_both_ways(&guest, &mut forwarder, &IGB);
    }
    forwarder.stop();
}

/// Wrong ones go in; what comes out is what the sender had computed, and the NIC did it.
fn the_nic_fills_in_checksums() {
    let guest = guest::lease();
    let addresses = IGB.each_ref().map(|nic| nic.address);
    guest.bind("vfio-pci", &addresses);
    let mut forwarder = guest.forward("", &format!("{} --forward-mode csum", allow(&addresses)));
    for command in [
        "stop",
        "port stop all",
        "csum set ip hw 1",
        "csum set udp hw 1",
        "csum mac-swap off 1",
        "port start all",
        "start",
    ] {
        forwarder.shell.ask(command);
    }
    let page = forwarder.shell.ask("csum show 1");
    for part in ["IP checksum offload is hw", "UDP checksum offload is hw"] {
        assert!(page.contains(part), "{page}");
    }
    let [from, to] = IGB.each_ref().map(|nic| guest.wire(nic));
    let whole = frames::udp(frames::ANYBODY, 300, 64);
    let wrong: Vec<_> = whole.iter().map(|frame| frames::with_wrong_checksums(frame)).collect();
    from.wait_for_answer(to, &wrong[0], &whole[0]);
    from.exchange(to, &wrong, &whole);
    forwarder.stop();
}
