//! Virtual functions.

use crate::guest::{self, Guest};
use crate::lab::forwarder::number;
use crate::machine::{IGB, Nic};
use crate::wire::Wire;
use crate::{allow, frames};

tests![
    two_functions_of_one_nic_forward_to_each_other,
    a_functions_vlan_and_mac_are_obeyed,
    a_trusted_functions_address_is_its_own,
    wrong_numbers_of_functions_are_refused,
    settings_that_the_driver_lacks_are_refused_by_name,
    what_the_kernel_counts_is_shown_of_each_function,
];

const PF: &Nic = &IGB[0];
/// Where its first two VFs are: this NIC has one at every second function.
const VFS: [&str; 2] = ["0000:02:10.0", "0000:02:10.2"];
const MACS: [[u8; 6]; 2] = [[2, 0, 0, 0, 2, 0], [2, 0, 0, 0, 2, 1]];

fn text(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// Makes two VFs with [`MACS`] and in these VLANs, on vfio-pci.
fn make_vfs(guest: &Guest, vlans: [u16; 2]) {
    let vf =
        |number: usize| format!("--vf {number},mac={},vlan={}", text(MACS[number]), vlans[number]);
    guest.run(&format!(
        "$pollway dev vfs {} --count 2 --driver vfio-pci {} {}",
        PF.address,
        vf(0),
        vf(1)
    ));
}

/// What mode mac makes of a frame.
fn readdressed(frame: &[u8], to: [u8; 6], from: [u8; 6]) -> Vec<u8> {
    [&to, &from, &frame[12..]].concat()
}

/// Sends frames to one VF and receives them from the other one, on the cable of their PF.
///
/// With `vlans`, each tagged with that of its VF.
fn crosses(wire: &Wire, into: usize, vlans: Option<[u16; 2]>) {
    const FRAMES: u16 = 100;
    let out = 1 - into;
    let on_cable = |frame: &[u8], vf: usize| match vlans {
        Some(vlans) => frames::tagged(frame, vlans[vf]),
        None => frame.to_vec(),
    };
    let frames = frames::udp(MACS[into], 300, FRAMES);
    let sent: Vec<_> = frames.iter().map(|frame| on_cable(frame, into)).collect();
    let wanted: Vec<_> = frames
        .iter()
        .map(|frame| on_cable(&readdressed(frame, frames::HOST, MACS[out]), out))
        .collect();
    wire.wait_for_answer(wire, &sent[0], &wanted[0]);
    wire.exchange(wire, &sent, &wanted);
}

fn two_functions_of_one_nic_forward_to_each_other() {
    let guest = guest::lease();
    make_vfs(&guest, [0, 0]);
    let host = text(frames::HOST);
    // As the Kubernetes device plugin hands them to a container, and as a person counts them.
    let environment = format!("PCIDEVICE_LAB_NIC={},{}", VFS[0], VFS[1]);
    let ports = format!("--port pci:PCIDEVICE_LAB_NIC --port pci:{}/1", PF.address);
    let forwarder = guest.forward(
        &environment,
        &format!("{ports} --forward-mode mac --eth-peer 0,{host} --eth-peer 1,{host}"),
    );
    let wire = guest.wire(PF);
    crosses(wire, 0, None);
    crosses(wire, 1, None);
    let report = forwarder.stop();
    // What a function counts is what the forwarder has seen of it.
    for stream in report["engine"]["workers"][0]["streams"].as_array().unwrap() {
        let [into, out] = ["/plan/source/rx/0", "/plan/sink/tx/0"].map(|path| number(stream, path));
        let counted =
            |port: u64, name: &str| number(&report, &format!("/ports/{port}/stats/{name}"));
        let [received, sent] =
            ["/figures/received", "/figures/sent"].map(|path| number(stream, path));
        assert!(received > 0 && sent > 0);
        assert_eq!([counted(into, "rx_packets"), counted(out, "tx_packets")], [received, sent]);
    }
}

/// The NIC takes a VLAN's tag off what it gives a VF, adds it to what the VF sends, and gives it nothing else.
fn a_functions_vlan_and_mac_are_obeyed() {
    let guest = guest::lease();
    make_vfs(&guest, [100, 200]);
    // They have no interface, and their addresses are shown.
    let shown = guest.run("$pollway dev status");
    for (address, mac) in VFS.iter().zip(MACS) {
        let line = shown.lines().find(|line| line.contains(address)).unwrap();
        assert!(line.contains(&text(mac)), "{shown}");
    }
    let host = text(frames::HOST);
    let mut forwarder = guest.forward(
        "",
        &format!("{} --forward-mode mac --eth-peer 0,{host} --eth-peer 1,{host}", allow(&VFS)),
    );
    let wire = guest.wire(PF);
    crosses(wire, 0, Some([100, 200]));
    crosses(wire, 1, Some([100, 200]));

    let received = |forwarder: &mut guest::Forwarder| {
        [0, 1].map(|port| forwarder.shell.port_figure(port, "RX-packets"))
    };
    let before = received(&mut forwarder);
    let frame = &frames::udp(MACS[0], 300, 1)[0];
    // Of the other's VLAN, of none, and for nobody here.
    wire.send(&frames::tagged(frame, 200));
    wire.send(frame);
    wire.send(&frames::tagged(&frames::udp([2, 0, 0, 0, 2, 9], 300, 1)[0], 100));
    // The NIC takes frames in order: after this one all of them have been judged.
    let answer = frames::tagged(&readdressed(frame, frames::HOST, MACS[1]), 200);
    wire.exchange(wire, &[frames::tagged(frame, 100)], &[answer]);
    let after = received(&mut forwarder);
    assert_eq!([0, 1].map(|port| after[port] - before[port]), [1, 0]);
    forwarder.stop();
}

/// A function that is trusted may take another address than its PF was told, and nothing comes to the old one then.
fn a_trusted_functions_address_is_its_own() {
    const OTHER: [u8; 6] = [2, 0, 0, 0, 2, 9];
    let guest = guest::lease();
    make_vfs(&guest, [0, 0]);
    let trusted = guest.run(&format!("$pollway dev vfs {} --count 2 --vf 0,trust=on", PF.address));
    assert_eq!(trusted, "setting trust=on on VF 0 of 0000:02:00.0 (now trust=off)\n");
    let host = text(frames::HOST);
    let mut forwarder = guest.forward(
        "",
        &format!("{} --forward-mode mac --eth-peer 0,{host} --eth-peer 1,{host}", allow(&VFS)),
    );
    let wire = guest.wire(PF);
    crosses(wire, 0, None);
    forwarder.shell.ask(&format!("mac_addr set 0 {}", text(OTHER)));
    let [old, new] = [MACS[0], OTHER].map(|mac| frames::udp(mac, 300, 1).remove(0));
    let answer = readdressed(&new, frames::HOST, MACS[1]);
    wire.wait_for_answer(wire, &new, &answer);
    let before = forwarder.shell.port_figure(0, "RX-packets");
    wire.send(&old);
    wire.exchange(wire, &[new], &[answer]);
    assert_eq!(forwarder.shell.port_figure(0, "RX-packets") - before, 1);
    forwarder.stop();
}

/// Refused in words, with nothing changed.
fn wrong_numbers_of_functions_are_refused() {
    let guest = guest::lease();
    let count = || guest.run(&format!("cat /sys/bus/pci/devices/{}/sriov_numvfs", PF.address));
    let refused = |count: u16, words: &str| {
        let ended = guest.attempt(&format!("$pollway dev vfs {} --count {count}", PF.address));
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(words), "{ended:?}");
    };
    // The 82576 has seven and one that the PF is.
    refused(8, "can have 7 virtual functions, not 8");
    assert_eq!(count(), "0\n");
    make_vfs(&guest, [0, 0]);
    let forwarder = guest.forward("", &allow(&VFS));
    refused(4, "is in use");
    assert_eq!(count(), "2\n");
    forwarder.stop();
}

/// What igb takes none of; the kernel has few words for it. The settings stay those that were.
fn settings_that_the_driver_lacks_are_refused_by_name() {
    let guest = guest::lease();
    make_vfs(&guest, [0, 0]);
    // The functions' lines alone: the PF's link may come up meanwhile.
    let settings = || {
        let shown =
            guest.run(&format!("ip link show $(ls /sys/bus/pci/devices/{}/net)", PF.address));
        let functions = shown.lines().filter(|line| line.trim_start().starts_with("vf "));
        functions.collect::<Vec<_>>().join("\n")
    };
    let before = settings();
    for (setting, said) in [
        ("min-rate=100", "(the driver takes no such min-rate; many take none)"),
        ("vlan=5,proto=802.1ad", "(the driver lacks this setting)"),
        ("link=disable", "(the driver lacks this setting)"),
    ] {
        // The first one's is taken back.
        let ended = guest.attempt(&format!(
            "$pollway dev vfs {} --count 2 --vf 0,trust=on --vf 1,{setting}",
            PF.address
        ));
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(&format!("{said}; all is as it was")), "{ended:?}");
        assert_eq!(settings(), before);
    }
    guest.run(&format!("$pollway dev vfs {} --count 2 --vf 1,max-rate=100", PF.address));
    assert!(settings().contains("max_tx_rate 100Mbps"), "{}", settings());
}

/// The kernel has the physical function still, and its driver says nothing of what it counts for others: zeros.
fn what_the_kernel_counts_is_shown_of_each_function() {
    let guest = guest::lease();
    make_vfs(&guest, [0, 0]);
    let counters = || {
        let shown =
            guest.run(&format!("$pollway dev stats --json {} {}", PF.address, VFS.join(" ")));
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        shown["counters"].as_array().unwrap().clone()
    };
    let before = counters();
    let addresses: Vec<_> = before.iter().map(|row| row["address"].clone()).collect();
    assert_eq!(addresses, [PF.address, VFS[0], VFS[1]]);
    assert_eq!([&before[1]["vf"], &before[2]["vf"]], [0, 1]);
    crate::lab::wait_for("the kernel to count what it receives", || {
        // Those that come before the link is up are nobody's.
        frames::udp(frames::ANYBODY, 100, 50).iter().for_each(|frame| guest.wire(PF).send(frame));
        let received = |rows: &[serde_json::Value]| rows[0]["rx_packets"].as_u64().unwrap();
        (received(&counters()) >= received(&before) + 50).then_some(())
    });
}
