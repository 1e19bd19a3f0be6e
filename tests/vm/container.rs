//! NICs in a container that has no privileges, as docs/container.md says.

use crate::guest;
use crate::lab::lacks_programs;
use crate::machine::IGB;
use crate::{allow, crosses_both_ways};
use serde_json::Value;

tests![
    a_container_without_privileges_forwards_with_what_the_doctor_asks_for
        unless lacks_programs(&["podman", "runc"]),
];

/// A root for containers, of the guest's own programs.
const PREPARE: &str = "mkdir -p /run/box && cd /run/box && mkdir dev etc proc run sys tmp usr var
    for folder in bin lib lib64 sbin; do ln -s usr/$folder $folder; done
    ln -s ../run var/run && mount --bind /usr usr";

/// The engine, with what this guest makes necessary, and what a container without privileges gets in any case. Its flags follow.
const ENGINE: &str = "podman --root /run/podman/root --runroot /run/podman/run --storage-driver vfs --runtime runc \
    --cgroup-manager=cgroupfs run --rm --interactive --network=none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
    --volume $pollway:$pollway:ro --cap-drop=all --volume /dev/hugepages:/dev/hugepages";

fn a_container_without_privileges_forwards_with_what_the_doctor_asks_for() {
    let guest = guest::lease();
    let addresses = IGB.each_ref().map(|nic| nic.address);
    guest.bind("vfio-pci", &addresses);
    guest.run(PREPARE);
    let inside = |flags: &str| format!("{ENGINE} {flags} --rootfs /run/box");
    let examine = |flags: &str| -> Vec<Value> {
        let ended = guest.attempt(&format!(
            "{} $pollway doctor devices vfio iommu hugepages prefix --json -- fwd -l 0-1 {}",
            inside(flags),
            allow(&addresses)
        ));
        let report: Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|why| panic!("{why}: {ended:?}"));
        report["findings"].as_array().unwrap().clone()
    };
    let findings = examine("--ulimit memlock=65536:65536");
    let found: Vec<&str> =
        findings.iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    assert_eq!(found, ["vfio.file", "vfio.memlock"], "{findings:?}");
    let flags = findings.iter().map(|finding| {
        let mend = finding["mend"].as_str().unwrap();
        mend.strip_prefix("start the container with ").unwrap_or_else(|| panic!("{mend}"))
    });
    let flags = flags.collect::<Vec<_>>().join(" ");
    assert_eq!(examine(&flags), Vec::<Value>::new(), "with {flags}");

    let rights = guest.run(&format!("{} grep CapEff /proc/self/status", inside(&flags)));
    assert_eq!(rights.trim(), "CapEff:\t0000000000000000");
    let mut forwarder = guest.forward(&inside(&flags), &allow(&addresses));
    crosses_both_ways(&guest, &mut forwarder, &IGB);
    forwarder.stop();
}
