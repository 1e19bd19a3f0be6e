//! The kernel's drivers that give a NIC to a program in userspace.

use crate::guest::{self, Guest};
use crate::machine::{BARE, IGB, Nic, VIRTIO};
use crate::{allow, crosses_both_ways};

tests![
    a_physical_function_forwards_on_vfio,
    virtio_net_forwards_on_vfio,
    vfio_forwards_without_an_iommu,
    igb_uio_forwards,
    uio_pci_generic_forwards,
    an_ordinary_user_forwards_on_vfio,
];

/// Binds two NICs and forwards between them.
fn forwards_with(guest: &Guest, driver: &str, nics: &[Nic; 2]) {
    let addresses = nics.each_ref().map(|nic| nic.address);
    guest.bind(driver, &addresses);
    let mut forwarder = guest.forward("", &allow(&addresses));
    crosses_both_ways(guest, &mut forwarder, nics);
    forwarder.stop();
}

fn a_physical_function_forwards_on_vfio() {
    let guest = guest::lease();
    forwards_with(&guest, "vfio-pci", &IGB);
}

fn virtio_net_forwards_on_vfio() {
    let guest = guest::lease();
    forwards_with(&guest, "vfio-pci", &VIRTIO);
}

fn vfio_forwards_without_an_iommu() {
    let guest = guest::lease();
    forwards_with(&guest, "--noiommu-mode vfio-pci", &BARE);
}

fn igb_uio_forwards() {
    let guest = guest::lease();
    forwards_with(&guest, "igb_uio", &BARE);
}

fn uio_pci_generic_forwards() {
    let guest = guest::lease();
    forwards_with(&guest, "uio_pci_generic", &BARE);
}

/// With the groups' files, hugepages, a folder of its own and memory that may be locked; without any capability.
fn an_ordinary_user_forwards_on_vfio() {
    let guest = guest::lease();
    let addresses = IGB.each_ref().map(|nic| nic.address);
    guest.bind("vfio-pci", &addresses);
    for address in addresses {
        guest.run(&format!(
            "chown 1000 /dev/vfio/$(basename $(readlink /sys/bus/pci/devices/{address}/iommu_group))"
        ));
    }
    guest.run("chown 1000 /dev/hugepages && mkdir -p /run/user/1000 && chown 1000 /run/user/1000");
    let as_user = "ulimit -l unlimited; export XDG_RUNTIME_DIR=/run/user/1000 HOME=/run/user/1000; \
                   setpriv --reuid 1000 --regid 1000 --clear-groups --bounding-set=-all --inh-caps=-all";
    let mut forwarder = guest.forward(as_user, &allow(&addresses));
    let status = guest.run("cat /proc/$(busybox pidof pollway)/status");
    for line in ["Uid:\t1000\t1000\t1000\t1000", "CapPrm:\t0000000000000000"] {
        assert!(status.contains(line), "no {line:?} in {status}");
    }
    crosses_both_ways(&guest, &mut forwarder, &IGB);
    forwarder.stop();
}
