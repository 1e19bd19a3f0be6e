//! Findings of `pollway doctor` that a real kernel makes: found, mended by the printed command, then gone.

use crate::guest::{self, Guest};
use crate::machine::{BARE, IGB, SHARED};
use serde_json::Value;

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

const CASES: [Case; 9] = [
    Case { check: "devices.driver", device: IGB[0].address, breaks: "", examined_by: ROOT },
    Case {
        check: "vfio.module",
        device: IGB[0].address,
        breaks: "modprobe vfio-pci && busybox rmmod vfio_pci",
        examined_by: ROOT,
    },
    Case {
        check: "iommu.passthrough",
        device: IGB[0].address,
        breaks: "$pollway dev unbind $device && echo DMA >/sys/bus/pci/devices/$device/iommu_group/type && \
                 $pollway dev bind igb_uio $device",
        examined_by: ROOT,
    },
    Case {
        check: "iommu.group",
        device: SHARED[0],
        breaks: "$pollway dev unbind $device 0000:06:02.0 && $pollway dev bind vfio-pci $device && \
                 $pollway dev bind kernel 0000:06:02.0",
        examined_by: ROOT,
    },
    Case {
        check: "vfio.noiommu",
        device: BARE[0].address,
        breaks: "$pollway dev bind --noiommu-mode vfio-pci $device",
        examined_by: ROOT,
    },
    Case {
        check: "vfio.permission",
        device: IGB[0].address,
        breaks: "$pollway dev bind vfio-pci $device",
        examined_by: USER,
    },
    Case { check: "hugepages.permission", device: IGB[0].address, breaks: "", examined_by: USER },
    Case {
        check: "hugepages.mount",
        device: IGB[0].address,
        breaks: "umount /dev/hugepages",
        examined_by: ROOT,
    },
    Case {
        check: "prefix.leftover",
        device: IGB[0].address,
        breaks: "touch /dev/hugepages/deadmap_0",
        examined_by: ROOT,
    },
];

impl Case {
    /// Its findings.
    fn examine(&self, guest: &Guest) -> Vec<Value> {
        let ended = guest.attempt(&format!(
            "printf '%s\\n' \"port = [{{ device = '{}' }}]\" >/run/doctor.toml; \
             {} $pollway doctor {} --config /run/doctor.toml --json",
            self.device, self.examined_by, self.check
        ));
        let report: Value = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|why| panic!("{}: {why}: {ended:?}", self.check));
        report["findings"].as_array().unwrap().clone()
    }
}

#[test]
fn findings_of_a_real_kernel_are_mended_by_what_is_printed() {
    let name = "findings_of_a_real_kernel_are_mended_by_what_is_printed";
    for case in CASES {
        let Some(guest) = guest::or_skip(name) else { return };
        guest.run(&format!("device={}; {}", case.device, case.breaks));
        let findings = case.examine(&guest);
        assert_eq!(findings.len(), 1, "{}: {findings:?}", case.check);
        assert_eq!(findings[0]["check"], case.check);
        let mend = findings[0]["mend"].as_str().unwrap();
        // The program is not in the guest's path.
        guest.run(&mend.replace("pollway ", "$pollway "));
        assert_eq!(case.examine(&guest), Vec::<Value>::new(), "{}: after {mend}", case.check);
    }
}
