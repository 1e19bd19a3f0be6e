//! Findings of `pollway doctor` that a real kernel makes: found, mended by the printed command, then gone.

pub(crate) mod hardware;

use crate::guest::{self, Guest};
use crate::machine::{BARE, IGB, SHARED, SPARE};
use crate::{allow, crosses_both_ways};
use serde_json::Value;

tests![
    findings_of_a_real_kernel_are_mended_by_what_is_printed,
    devices_that_no_iommu_watches_are_told_from_those_that_one_does,
    a_start_that_fails_is_mended_by_what_its_error_leads_to,
];

/// A finding of a check, as somebody with a configuration of one device meets it.
struct Case {
    check: &'static str,
    device: &'static str,
    breaks: &'static str,
    /// What comes before the doctor's name: whose findings they are.
    examined_by: &'static str,
}

const ROOT: &str = "";
const USER: &str = "setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all";
const IN_BOX: &str = "sh -c 'echo $$ >/sys/fs/cgroup/box/cgroup.procs && exec \"$@\"' sh";

const fn case(check: &'static str, device: &'static str, breaks: &'static str) -> Case {
    Case { check, device, breaks, examined_by: ROOT }
}

const NIC: &str = IGB[0].address;

const CASES: [Case; 19] = [
    case("devices.driver", NIC, ""),
    case("devices.present", SPARE.address, "echo 1 >/sys/bus/pci/devices/$device/remove"),
    case(
        "devices.pmd",
        NIC,
        "sh $scripts/uninstall.sh /usr/lib/*/dpdk/pmds-*/librte_net_e1000.so.*.* >/dev/null 2>&1",
    ),
    case("devices.tun", "tap:t0", ""),
    case("vfio.module", NIC, "modprobe vfio-pci && busybox rmmod vfio_pci"),
    case("vfio.file", NIC, "$pollway dev bind vfio-pci $device && rm /dev/vfio/$(group)"),
    case(
        "vfio.file",
        NIC,
        "modprobe vfio-pci && rm /dev/vfio/vfio && $pollway dev bind vfio-pci $device",
    ),
    // The file that was made by hand is still there when another group has got its number.
    case(
        "vfio.file",
        NIC,
        "$pollway dev bind vfio-pci $device && number=$(tr : ' ' </sys/class/vfio/$(group)/dev) && \
         rm /dev/vfio/$(group) && mknod /dev/vfio/$(group) c $number && $pollway dev restore && \
         $pollway dev bind vfio-pci 0000:03:00.0 $device",
    ),
    Case {
        check: "vfio.permission",
        device: NIC,
        breaks: "$pollway dev bind vfio-pci $device",
        examined_by: USER,
    },
    case("vfio.noiommu", BARE[0].address, "$pollway dev bind --noiommu-mode vfio-pci $device"),
    case(
        "iommu.passthrough",
        NIC,
        "$pollway dev unbind $device && echo DMA >/sys/bus/pci/devices/$device/iommu_group/type && \
         $pollway dev bind igb_uio $device",
    ),
    case(
        "iommu.group",
        SHARED[0],
        "$pollway dev unbind $device 0000:06:02.0 && $pollway dev bind vfio-pci $device && \
         $pollway dev bind kernel 0000:06:02.0",
    ),
    case("hugepages.reserved", NIC, "echo 0 >/proc/sys/vm/nr_hugepages"),
    case("hugepages.enough", NIC, "echo 2 >/proc/sys/vm/nr_hugepages"),
    case("hugepages.mount", NIC, "umount /dev/hugepages"),
    Case { check: "hugepages.permission", device: NIC, breaks: "", examined_by: USER },
    Case {
        check: "hugepages.cgroup",
        device: NIC,
        breaks: "cd /sys/fs/cgroup && mkdir box && echo +hugetlb >cgroup.subtree_control && echo 2M >box/hugetlb.2MB.max",
        examined_by: IN_BOX,
    },
    case("prefix.leftover", NIC, "touch /dev/hugepages/deadmap_0"),
    case(
        "cpu.clocksource",
        NIC,
        "echo acpi_pm >/sys/devices/system/clocksource/clocksource0/current_clocksource",
    ),
];

/// How the cases' scripts name the IOMMU group of the case's device.
const GROUP: &str = "group() { basename $(readlink /sys/bus/pci/devices/$device/iommu_group); }";

impl Case {
    /// Its findings.
    fn examine(&self, guest: &Guest) -> Vec<Value> {
        let config = format!("port = [{{ device = '{}' }}]", self.device);
        findings(guest, self.examined_by, self.check, &config)
    }
}

/// What a check finds for a configuration; `before` comes before the doctor's name.
fn findings(guest: &Guest, before: &str, check: &str, config: &str) -> Vec<Value> {
    let ended = guest.attempt(&format!(
        "cat >/run/doctor.toml <<'END'\n{config}\nEND\n\
         {before} $pollway doctor {check} --config /run/doctor.toml --json"
    ));
    let report: Value = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|why| panic!("{check}: {why}: {ended:?}"));
    report["findings"].as_array().unwrap().clone()
}

/// The command in what mends a finding: where words come before it, it stands behind their colon.
fn command_of(mend: &str) -> &str {
    mend.rsplit(": ").next().unwrap_or(mend)
}

fn findings_of_a_real_kernel_are_mended_by_what_is_printed() {
    let guest = guest::lease();
    for case in CASES {
        guest.reset();
        guest.run(&format!("device={}; {GROUP}; {}", case.device, case.breaks));
        let findings = case.examine(&guest);
        assert_eq!(findings.len(), 1, "{}: {findings:?}", case.check);
        assert_eq!(findings[0]["check"], case.check);
        let mend = findings[0]["mend"].as_str().unwrap();
        // The program is not in the guest's path.
        guest.run(&command_of(mend).replace("pollway ", "$pollway "));
        assert_eq!(case.examine(&guest), Vec::<Value>::new(), "{}: after {mend}", case.check);
    }
}

/// The parameters that are printed are those that this guest's kernel was started with, and they reach all devices but those on
/// the bus that the IOMMU leaves out.
fn devices_that_no_iommu_watches_are_told_from_those_that_one_does() {
    let guest = guest::lease();
    let examine = |device| case("iommu.on", device, "").examine(&guest);
    assert_eq!(examine(NIC), Vec::<Value>::new());
    let findings = examine(BARE[0].address);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0]["mend"].as_str().unwrap().contains("intel_iommu=on iommu=pt"));
    assert!(guest.run("cat /proc/cmdline").contains("intel_iommu=on iommu=pt"));
    // With the mode that does without, the device has a group, and a file of another name.
    guest.bind("--noiommu-mode vfio-pci", &[BARE[0].address]);
    assert_eq!(examine(BARE[0].address), Vec::<Value>::new());
    assert_eq!(case("vfio.file", BARE[0].address, "").examine(&guest), Vec::<Value>::new());
}

/// Follows a start that fails in a shell: the error's command for the doctor, what the doctor prints, and the same start again.
///
/// What the shell is run by says what it lacks.
fn follow(guest: &Guest, run_by: &str, checks: &[&str]) {
    let start = format!(
        "$pollway fwd -l 0-1 --no-telemetry --port {} --port {} --duration 1 --json",
        IGB[0].address, IGB[1].address
    );
    let script = format!(
        "sudo() {{ \"$@\"; }}\n\
         {start} 2>first && exit 9\n\
         typed=$(sed -n 's/.*; `pollway \\(doctor .*\\)` looks further$/\\1/p' first)\n\
         eval \"$pollway $typed\" >found\n\
         sed -n 's/^ *mend: //; t found; d; :found; s/ (--fix does it)$//; s/pollway /$pollway /; p' found >mend\n\
         cat first found >&2\n\
         . ./mend\n\
         {start}\n"
    );
    let ended = guest.attempt(&format!(
        "cat >start.sh <<'SCRIPT'\n{script}SCRIPT\nexport pollway; {run_by} sh start.sh"
    ));
    assert!(ended.status.success(), "{ended:?}");
    for check in checks {
        assert!(ended.stderr.contains(&format!("  {check}: ")), "no {check} in {ended:?}");
    }
    let report: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(report["ports"].as_array().unwrap().len(), 2, "{report:#}");
}

fn a_start_that_fails_is_mended_by_what_its_error_leads_to() {
    let guest = guest::lease();
    follow(&guest, "", &["devices.driver"]);
    // They are bound now. Without the capability the limit on locked memory holds.
    let limited = "prlimit --memlock=65536 setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock";
    follow(&guest, limited, &["vfio.memlock"]);
    let addresses = IGB.each_ref().map(|nic| nic.address);
    let mut forwarder = guest.forward("", &allow(&addresses));
    crosses_both_ways(&guest, &mut forwarder, &IGB);
    forwarder.stop();
}
