//! Every finding of `pollway doctor`, made true on a machine made of files: it is found and explained, what it prints is done,
//! and it is gone.
//!
//! Commands run in the machine, by chroot, with this machine's shell. What a kernel or a package manager would do, small
//! scripts do to the files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod cases;
#[path = "../lab/mod.rs"]
mod lab;
mod real;
mod root;
mod start;

use assert_cmd::cargo::cargo_bin;
use cases::{CASES, Mended, status};
use lab::{lacks, run, skip};
use root::{ALL_PAGES, CPU, PF, Root};
use rustix::fs::{FlockOperation, fcntl_lock};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

#[test]
fn every_finding_is_found_explained_mended_and_gone() {
    let name = "every_finding_is_found_explained_mended_and_gone";
    if let Some(reason) = lacks(&["unshare", "chroot"]) {
        return skip(name, &reason);
    }
    for case in CASES {
        let check = case.check;
        let root = Root::healthy(case.uid);
        let (code, findings) = root.examine();
        assert_eq!((code, findings), (0, vec![]), "{check}: before");

        (case.breaks)(&root);
        let (code, findings) = root.examine();
        let names: Vec<&str> =
            findings.iter().map(|finding| finding["check"].as_str().unwrap()).collect();
        assert_eq!(names, [check], "{findings:?}");
        let worst = if findings[0]["severity"] == "error" { 2 } else { 1 };
        assert_eq!(code, worst, "{findings:?}");
        for said in ["what", "why", "mend"] {
            assert!(findings[0][said].as_str().unwrap().len() > 10, "{findings:?}");
        }

        let mend = findings[0]["mend"].as_str().unwrap();
        root.equip();
        match case.mended {
            Mended::ByCommand => root.shell(mend),
            Mended::ByHand(words, by_hand) => {
                assert!(mend.contains(words), "{mend}");
                by_hand(&root);
            }
        }
        let (code, findings) = root.examine();
        assert_eq!((code, findings), (0, vec![]), "{check}: after {mend}");
    }
}

/// A device that waits for a driver that is not there is two findings, and one command after the other mends them.
#[test]
fn a_driver_that_is_not_loaded() {
    let name = "a_driver_that_is_not_loaded";
    if let Some(reason) = lacks(&["unshare", "chroot"]) {
        return skip(name, &reason);
    }
    let root = Root::healthy(0);
    root.link(&format!("{PF}/driver"), "../../drivers/igb");
    fs::remove_dir_all(root.path("sys/bus/pci/drivers/vfio-pci")).unwrap();
    root.equip();
    for check in ["vfio.module", "devices.driver"] {
        let (code, findings) = root.examine();
        assert_eq!((code, &findings[0]["check"]), (2, &Value::from(check)));
        root.shell(findings[0]["mend"].as_str().unwrap());
    }
    assert_eq!(root.examine(), (0, vec![]));
}

#[test]
fn a_prefix_that_another_program_has() {
    let root = Root::healthy(0);
    let folder = root.path("var/run/dpdk/dr");
    if !rustix::process::geteuid().is_root() {
        return skip("a_prefix_that_another_program_has", "takes root");
    }
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("config")).unwrap();
    fcntl_lock(&lock, FlockOperation::LockExclusive).unwrap();
    let (code, findings) = root.examine();
    assert_eq!((code, &findings[0]["check"]), (2, &Value::from("prefix.free")), "{findings:?}");
    assert!(findings[0]["mend"].as_str().unwrap().contains("--file-prefix=NAME"));
    drop(lock);
    assert_eq!(root.examine(), (0, vec![]));
}

#[test]
fn every_check_has_a_case_here_and_a_line_in_the_page() {
    let listed = run(Command::new(cargo_bin("pollway")).args(["doctor", "--list", "--json"]));
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let names: BTreeSet<&str> =
        listed.iter().map(|check| check["name"].as_str().unwrap()).collect();
    let own = ["vfio.module", "prefix.free"];
    let tried: BTreeSet<&str> = CASES.iter().map(|case| case.check).chain(own).collect();
    assert_eq!(names, tried);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/doctor.md");
    let page = fs::read_to_string(page).unwrap();
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not in docs/doctor.md");
    }
}

/// In a container commands of the host's do not help: what is to be said to the engine is said.
#[test]
fn a_container_is_told_what_its_host_is_to_do() {
    for (break_it, check, says) in [
        (
            (|root| root.put("proc/mounts", "")) as fn(&Root),
            "hugepages.mount",
            "-v /dev/hugepages:/dev/hugepages",
        ),
        (|root| root.remove("dev/net/tun"), "devices.tun", "--device /dev/net/tun"),
        (
            |root| root.remove("dev/vfio/7"),
            "vfio.file",
            "--device /dev/vfio/vfio --device /dev/vfio/7",
        ),
        (|root| root.pages(ALL_PAGES, 512, 2), "hugepages.enough", "on the host, echo "),
        (
            |root| {
                root.put("proc/self/cgroup", "0::/");
                root.put("sys/fs/cgroup/hugetlb.2MB.max", "2097152");
            },
            "hugepages.cgroup",
            "--cgroup-conf=hugetlb.2MB.max=max",
        ),
        (|root| status(root, "0-3", "0"), "cpu.allowed", "--cpuset-cpus"),
    ] {
        if !rustix::process::geteuid().is_root() {
            return skip("a_container_is_told_what_its_host_is_to_do", "takes root");
        }
        let root = Root::healthy(0);
        root.put("run/.containerenv", "");
        break_it(&root);
        let (_, findings) = root.examine();
        assert_eq!(findings[0]["check"], check);
        let mend = findings[0]["mend"].as_str().unwrap();
        assert!(mend.contains(says), "{mend}");
        assert_eq!(findings[0]["fixable"], false);
    }
}

#[test]
fn fix_does_what_takes_nothing_from_anybody() {
    let name = "fix_does_what_takes_nothing_from_anybody";
    if let Some(reason) = lacks(&["unshare", "chroot"]) {
        return skip(name, &reason);
    }
    let root = Root::healthy(0);
    root.equip();
    root.put("dev/hugepages/deadmap_0", "");
    root.put(&format!("{CPU}/isolated"), "");
    fs::copy(cargo_bin("pollway"), root.path("commands/doctor")).unwrap();
    // With nobody to answer, or a no, nothing is done; then all that is safe.
    for (answer, is_left) in [(":", true), ("echo n", true), ("echo y", false)] {
        let fix =
            format!("({answer}) | doctor doctor --config /config.toml --fix >/report || true");
        root.shell(&fix);
        assert_eq!(root.path("dev/hugepages/deadmap_0").exists(), is_left, "{answer}");
    }
    root.put("dev/hugepages/deadmap_0", "");
    root.shell("doctor doctor --config /config.toml --fix --yes >/report || test $? = 1");
    assert!(!root.path("dev/hugepages/deadmap_0").exists());
    let report = fs::read_to_string(root.path("report")).unwrap();
    assert!(
        report.starts_with("WARNING  cpu.isolcpus: processors 1, 2 are not in isolcpus"),
        "{report}"
    );
    assert!(report.ends_with("34 checks: 0 errors, 1 warnings, 0 notes\n"), "{report}");
}

/// The script that reserves hugepages and the doctor read the same files.
#[test]
fn the_script_counts_the_same_hugepages() {
    let root = Root::healthy(0);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/hugepages.sh");
    let in_script = |arguments: &[&str]| {
        run(Command::new(script).env("SYSFS_ROOT", root.path("sys")).args(arguments))
    };
    assert!(
        in_script(&["show"]).contains("0     2M         512      512"),
        "{}",
        in_script(&["show"])
    );
    root.pages(ALL_PAGES, 0, 0);
    let (_, findings) = root.examine();
    assert_eq!(findings[0]["check"], "hugepages.reserved");
    in_script(&["reserve", "512"]);
    root.put(&format!("{ALL_PAGES}/free_hugepages"), "512");
    let names: Vec<Value> = root.examine().1;
    assert!(names.iter().all(|finding| finding["check"] != "hugepages.reserved"), "{names:?}");
}

#[test]
fn a_check_that_is_none_is_refused() {
    let asked = Command::new(cargo_bin("pollway")).args(["doctor", "vifo"]).output().unwrap();
    assert_eq!(asked.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(asked.stderr).unwrap(),
        "pollway: error: there is no check vifo; did you mean vfio? `pollway doctor --list` lists them\n"
    );
}
