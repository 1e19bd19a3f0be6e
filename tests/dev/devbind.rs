//! dpdk-devbind.py's flags, any of them, on machines of files where any write may fail.
//!
//! The files take what is written and do nothing, as a kernel that refuses without a word: whatever is asked is refused, was so
//! already, or is tried and taken back.

use crate::files::Files;
use assert_cmd::cargo::cargo_bin;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

const ADDRESSES: [&str; 3] = ["0000:01:00.0", "0000:02:00.0", "0000:03:00.0"];
const DRIVERS: [&str; 4] = ["vfio-pci", "igb_uio", "igb", "none"];
/// What is written to on the way; a folder in a file's place fails any write.
const WRITTEN: [&str; 9] = [
    "sys/bus/pci/drivers/igb/unbind",
    "sys/bus/pci/drivers/igb/bind",
    "sys/bus/pci/drivers/vfio-pci/bind",
    "sys/bus/pci/drivers/vfio-pci/unbind",
    "sys/bus/pci/drivers_probe",
    "sys/bus/pci/devices/0000:01:00.0/driver_override",
    "sys/bus/pci/devices/0000:02:00.0/driver_override",
    "sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
    "run/pollway/devices.new",
];

/// A machine and what is typed on it.
#[derive(Clone, Debug)]
struct Case {
    /// The driver of each device, and whether it is in an IOMMU group of its own.
    devices: Vec<(Option<&'static str>, bool)>,
    broken: Vec<&'static str>,
    flags: Vec<String>,
}

fn case() -> impl Strategy<Value = Case> {
    let driver = prop_oneof![Just(Some("igb")), Just(Some("vfio-pci")), Just(None)];
    let order = prop_oneof![
        4 => proptest::sample::select(&DRIVERS).prop_map(|driver| vec![format!("--bind={driver}")]),
        1 => Just(vec!["-u".to_owned()]),
        1 => Just(vec![]),
    ];
    let further = proptest::sample::subsequence(
        vec!["--force", "--noiommu-mode", "-s", "--status-dev=net"],
        0..=4,
    );
    let named = proptest::sample::subsequence(ADDRESSES.to_vec(), 0..=3);
    (
        prop::collection::vec((driver, any::<bool>()), 3),
        proptest::sample::subsequence(WRITTEN.to_vec(), 0..3),
        (order, further, named),
    )
        .prop_map(|(devices, broken, (order, further, named))| {
            let further = further.into_iter().chain(named).map(str::to_owned);
            Case { devices, broken, flags: order.into_iter().chain(further).collect() }
        })
}

fn machine(case: &Case) -> Files {
    let files = Files::new();
    files.put("sys/bus/pci/drivers_probe", "");
    files.put("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N");
    for ((driver, has_group), (address, group)) in
        case.devices.iter().zip(ADDRESSES.iter().zip(1..))
    {
        let at = |file: &str| files.0.path().join(format!("sys/bus/pci/devices/{address}/{file}"));
        for link in ["driver", "iommu_group"] {
            let _ = fs::remove_file(at(link));
        }
        if let Some(driver) = driver {
            symlink(format!("../../drivers/{driver}"), at("driver")).unwrap();
        }
        if *has_group {
            symlink(format!("../groups/{group}"), at("iommu_group")).unwrap();
        }
    }
    for file in &case.broken {
        let path = files.0.path().join(file);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path).unwrap();
    }
    files
}

/// What a change could have left, by the device or the thing that it would be of.
fn state(files: &Files) -> BTreeMap<String, String> {
    let read = |file: &str| {
        let text = fs::read_to_string(files.0.path().join(file)).unwrap_or_default();
        // An override that was taken back is an empty one.
        text.trim().replace("(null)", "")
    };
    let of = |address: &&str| {
        let folder = format!("sys/bus/pci/devices/{address}");
        let driver = fs::read_link(files.0.path().join(format!("{folder}/driver"))).ok();
        (
            (*address).to_owned(),
            format!("{driver:?} {}", read(&format!("{folder}/driver_override"))),
        )
    };
    let kept = read("run/pollway/devices.json");
    let rest = [
        ("remembering", if kept == "{}" { String::new() } else { kept }),
        ("IOMMU", read("sys/module/vfio/parameters/enable_unsafe_noiommu_mode")),
    ];
    ADDRESSES.iter().map(of).chain(rest.map(|(what, now)| (what.to_owned(), now))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_is_asked_is_refused_or_taken_back_or_what_is_left_is_said(case in case()) {
        let files = machine(&case);
        let alias = files.0.path().join("dpdk-devbind.py");
        symlink(cargo_bin("pollway"), &alias).unwrap();
        let before = state(&files);
        let output = Command::new(alias)
            .args(&case.flags)
            .arg(format!("--sysroot={}", files.0.path().display()))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let after = state(&files);
        match output.status.code() {
            Some(0 | 2) => prop_assert_eq!(&after, &before, "{}", said),
            Some(1) => for (what, now) in &after {
                prop_assert!(before[what] == *now || said.contains(what), "{what}: {now} is not in: {said}");
            },
            code => prop_assert!(false, "{code:?}: {said}"),
        }
        // What was done in full was so already: this kernel does nothing.
        let to = case.flags.iter().find_map(|flag| match flag.as_str() {
            "-u" => Some("none"),
            flag => flag.strip_prefix("--bind="),
        });
        let wanted = to.filter(|_| output.status.success()).map(|to| (to != "none").then_some(to));
        if let Some(wanted) = wanted {
            for (address, (driver, _)) in ADDRESSES.iter().zip(&case.devices) {
                let is_named = case.flags.iter().any(|flag| flag == address);
                prop_assert!(!is_named || *driver == wanted, "{address}: {said}");
            }
        }
    }
}
