//! Findings that take other hardware, or another start of the kernel.

use super::{command_of, findings};
use crate::guest::{Guest, vm};
use crate::machine::{BARE, Build, IGB};
use serde_json::Value;

tests![findings_of_hardware_and_of_the_kernels_start_are_mended_by_what_is_printed];

/// What is mended by another machine, and by other words for the kernel, at once.
const OF_THE_START: [&str; 5] =
    ["cpu.flags", "iommu.on", "cpu.isolcpus", "cpu.nohz_full", "cpu.rcu_nocbs"];

/// What is mended by a command; how it comes about, if it has not yet. The last one takes a processor away.
const OF_THE_MACHINE: [(&str, &str); 3] = [
    (
        "hugepages.node",
        "echo 0 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages",
    ),
    ("cpu.governor", "modprobe acpi-cpufreq"),
    ("cpu.siblings", ""),
];

/// What the kernel was started with: an IOMMU that is there and off, and one processor where two are meant.
const PARAMETERS: &str = "intel_iommu=off rcu_nocbs=3";

/// A configuration of a port and of workers on two processors.
fn config(device: &str, processors: [&str; 2]) -> String {
    let [one, other] = processors;
    format!("eal.lcores = '0@0,1@{one},2@{other}'\nport = [{{ device = '{device}' }}]")
}

/// The one finding of a check; how it is mended.
fn mend(guest: &Guest, check: &str, config: &str) -> String {
    let findings = findings(guest, "", check, config);
    assert_eq!(findings.len(), 1, "{check}: {findings:?}");
    assert_eq!(findings[0]["check"], check);
    findings[0]["mend"].as_str().unwrap().to_owned()
}

fn findings_of_hardware_and_of_the_kernels_start_are_mended_by_what_is_printed() {
    // A kind that has what DPDK takes, and popcnt is left out. Without SSE 4.2 libdpdk ends each program as it is loaded.
    let guest = Guest::on(&Build::of_two_sockets(&vm(), "Nehalem,-popcnt", PARAMETERS));
    let near = config(BARE[0].address, ["2", "3"]);
    let is_gone = |guest: &Guest, check: &str, config: &str| {
        assert_eq!(findings(guest, "", check, config), Vec::<Value>::new(), "{check}");
    };
    let said = mend(&guest, "devices.node", &config(BARE[0].address, ["0", "1"]));
    let processors = said.strip_prefix("name processors of that node: ").unwrap();
    let [one, other] = processors.split_once('-').unwrap().into();
    is_gone(&guest, "devices.node", &config(BARE[0].address, [one, other]));

    for (check, breaks) in OF_THE_MACHINE {
        guest.run(breaks);
        guest.run(command_of(&mend(&guest, check, &near)));
        is_gone(&guest, check, &near);
    }

    let watched = config(IGB[0].address, ["2", "3"]);
    // What becomes of the words that are printed, when the machine starts again.
    guest.run(&format!(
        "mkdir -p /etc/default && echo 'GRUB_CMDLINE_LINUX=\"{PARAMETERS}\"' >/etc/default/grub
         for command in update-grub reboot; do ln -s /bin/true /run/bin/$command; done"
    ));
    for check in OF_THE_START {
        let said = mend(&guest, check, &watched);
        if check == "cpu.flags" {
            assert!(said.contains("QEMU: -cpu host"), "{said}");
        } else {
            guest.run(&said);
        }
    }
    let parameters = guest.run(". /etc/default/grub; echo $GRUB_CMDLINE_LINUX");
    drop(guest);
    let guest = Guest::on(&Build::of_two_sockets(&vm(), "Nehalem", parameters.trim()));
    for check in OF_THE_START {
        is_gone(&guest, check, &watched);
    }
}
