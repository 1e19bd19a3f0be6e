//! Devices as a configuration declares them.

use crate::guest::{self, Guest};
use crate::machine::IGB;

tests![
    functions_of_a_physical_one_on_vfio_open_to_who_knows_its_token,
    declared_functions_have_their_settings,
];

const DONE: &str = "nothing to do: all is so already\n";

/// Makes devices what a configuration says: planned, done in one run, and then nothing is left to do.
fn apply(guest: &Guest, config: &str) {
    let apply = |flags: &str| {
        guest.run(&format!(
            "cat >/run/devices.toml <<'END'\n{config}\nEND\n$pollway dev apply /run/devices.toml {flags}"
        ))
    };
    let planned = apply("--dry-run");
    let done = apply("");
    assert_eq!(planned.replace("not done: ", ""), done);
    assert_ne!(done, DONE);
    assert_eq!(apply(""), DONE);
}

/// The PF's program names the token first; then it opens the VFs.
fn functions_of_a_physical_one_on_vfio_open_to_who_knows_its_token() {
    const TOKEN: &str = "--vfio-vf-token=14d63f20-8445-11ea-8900-1f9ce7d5650d";
    let guest = guest::lease();
    let [pf, other] = IGB.each_ref().map(|nic| nic.address);
    apply(
        &guest,
        &format!(
            "[[device]]\nname = '{pf}'\ndriver = 'vfio-pci'\nvfs = 1\nvf_driver = 'vfio-pci'\n\
             [[device]]\nname = '{other}'\ndriver = 'vfio-pci'"
        ),
    );
    let vf = "0000:02:10.0";
    let mut forwarder = guest
        .forward("", &format!("{TOKEN} --port {other} --port {pf} --port {vf} --portlist 0,2"));
    let page = forwarder.shell.ask("show port info 2");
    assert!(page.contains(vf), "{page}");
    forwarder.stop();
}

fn declared_functions_have_their_settings() {
    let guest = guest::lease();
    let pf = IGB[0].address;
    apply(
        &guest,
        &format!(
            "[[device]]\nname = '{pf}'\nvfs = 2\nvf_driver = 'vfio-pci'\n\
             vf = [{{ mac = '02:00:00:00:02:00', vlan = 100, qos = 3, trust = true }}, {{ spoofchk = false }}]"
        ),
    );
    let told = guest.run(&format!("ip link show dev $(ls /sys/bus/pci/devices/{pf}/net)"));
    let of_vf = |number: u16| {
        let start = format!("vf {number} ");
        told.lines().find(|line| line.trim().starts_with(&start)).unwrap_or_default()
    };
    for part in ["02:00:00:00:02:00", "vlan 100", "qos 3", "trust on"] {
        assert!(of_vf(0).contains(part), "no {part} in {told}");
    }
    assert!(of_vf(1).contains("spoof checking off"), "{told}");
}
