//! `pollway dev` as a user runs it, on machines made of files and, where a test only looks, on this one.
//!
//! How drivers really change is tried on a kernel made of files in `dataplane/src/pci/tests`, and on real ones in a virtual
//! machine.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod devbind;
mod files;
#[path = "../lab/mod.rs"]
mod lab;

use files::Files;
use lab::{lacks_programs, run, skip};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

#[test]
fn the_status_is_a_line_a_device() {
    let files = Files::new();
    let (code, shown, _) = files.dev(&["status"]);
    assert_eq!(code, 0);
    let cells: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(cells.len(), 3, "{shown}");
    assert_eq!(
        cells[2],
        [
            "0000:02:00.0",
            "Intel Corporation 82574L Gigabit",
            "igb",
            "1",
            "7 (with 0000:01:00.0, 0000:03:00.0)",
            "eth2",
            "up, 1000 Mbit/s",
            "02:00:00:00:00:08",
            "-",
            "kernel: default route",
        ]
    );
    assert!(shown.contains("0 of 7 VFs"), "{shown}");
    assert_eq!(files.dev(&["status", "--all"]).1.lines().count(), 4);
}

#[test]
fn the_status_as_json_and_as_the_script_prints_it() {
    let files = Files::new();
    let (_, json, _) = files.dev(&["status", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let first = &json["devices"][0];
    assert_eq!(first["address"], "0000:01:00.0");
    assert_eq!(first["device_name"], "82576 Gigabit");
    assert_eq!(first["interfaces"][0]["mac"], "02:00:00:00:00:07");
    assert_eq!(first["sriov"]["physical"]["total"], 7);
    assert_eq!(json["devices"][1]["interfaces"][0]["default_route"], true);

    let (_, compat, _) = files.dev(&["status", "--compat"]);
    let expected = "\nNetwork devices using kernel driver\n===================================\n\
        0000:01:00.0 '82576 Gigabit 10c9' if=eth1 drv=igb unused=vfio-pci \n\
        0000:02:00.0 '82574L Gigabit 10d3' if=eth2 drv=igb unused=vfio-pci *Active*\n\n\
        No 'Baseband' devices detected\n==============================\n";
    assert!(compat.starts_with(expected), "{compat}");
}

/// The interface is gone, and with it the file that has its address.
#[test]
fn a_device_that_a_program_has_is_shown_with_the_address_that_its_interface_had() {
    let files = Files::new();
    let device = "sys/bus/pci/devices/0000:01:00.0";
    fs::remove_dir_all(files.0.path().join(format!("{device}/net"))).unwrap();
    fs::remove_file(files.0.path().join(format!("{device}/driver"))).unwrap();
    files.link(&format!("{device}/driver"), "../../drivers/vfio-pci");
    let mac = || {
        let json: serde_json::Value =
            serde_json::from_str(&files.dev(&["status", "--json"]).1).unwrap();
        let shown = files.dev(&["status"]).1.contains("02:00:00:00:00:07");
        (shown, json["devices"][0]["kept"][0]["mac"].clone())
    };
    assert_eq!(mac(), (false, serde_json::Value::Null));
    files.put(
        "run/pollway/devices.json",
        r#"{"0000:01:00.0": {"holder": {"driver": "igb"}, "driver_override": null, "interfaces": [{"name": "eth1",
            "mac": "02:00:00:00:00:07", "up": true, "addresses": [], "routes": [], "mtu": 1500, "above": []}]}}"#,
    );
    assert_eq!(mac(), (true, "02:00:00:00:00:07".into()));
}

#[test]
fn what_the_kernel_counts_is_shown_and_what_it_does_not_is_said() {
    let files = Files::new();
    for (name, value) in [
        ("rx_packets", "7"),
        ("rx_bytes", "420"),
        ("rx_errors", "1"),
        ("rx_dropped", "2"),
        ("tx_packets", "18446744073709551615"),
        ("tx_bytes", "60"),
        ("tx_errors", "3"),
        ("tx_dropped", "4"),
    ] {
        files.put(&format!("sys/class/net/eth2/statistics/{name}"), value);
    }
    let (code, shown, _) = files.dev(&["stats"]);
    let cells: Vec<&str> = shown.lines().last().unwrap().split_whitespace().collect();
    let counters = ["7", "420", "1", "2", "18446744073709551615", "60", "3", "4"];
    assert_eq!((code, &cells[..2]), (0, &["0000:02:00.0", "eth2"][..]), "{shown}");
    assert_eq!(cells[2..], counters);
    let (_, json, _) = files.dev(&["stats", "--json", "eth2"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["counters"][0]["tx_packets"], u64::MAX);
    assert_eq!(json["counters"].as_array().unwrap().len(), 1);

    let (code, _, said) = files.dev(&["stats", "03:00.0"]);
    assert_eq!(code, 0);
    assert!(said.contains("0000:03:00.0 has no interface, so the kernel counts nothing"), "{said}");
    assert!(files.refusal(&["stats", "09:00.0"]).starts_with("there is no PCI device 09:00.0; "));
}

#[test]
fn this_machine_is_shown_as_the_script_shows_it() {
    let name = "this_machine_is_shown_as_the_script_shows_it";
    if let Some(reason) = lacks_programs(&["dpdk-devbind.py", "lspci", "ip"]) {
        return skip(name, &reason);
    }
    let theirs = run(std::process::Command::new("dpdk-devbind.py").arg("--status"));
    let folder = tempfile::tempdir().unwrap();
    let alias = folder.path().join("dpdk-devbind");
    symlink(assert_cmd::cargo::cargo_bin("pollway"), &alias).unwrap();
    assert_eq!(run(std::process::Command::new(alias).arg("-s")), theirs);
}

#[test]
fn what_cannot_be_bound_is_left_alone() {
    let files = Files::new();
    for (arguments, said) in [
        (
            &["bind", "vfio-pci", "09:00.0"][..],
            "there is no PCI device 09:00.0; `pollway dev status --all` lists those there are",
        ),
        (&["bind", "vfio-pci", "eth9"], "there is no PCI device eth9; "),
        (&["bind", "eth1", "eth2"], "`eth1` is no driver's name: say the driver first"),
        (
            &["bind", "vfio-pci", "eth2"],
            "0000:02:00.0 is eth2, over which the default route leads: ",
        ),
        (
            &["bind", "vfio-pci", "03:00.0"],
            "0000:03:00.0 is a disk or its controller, and no port: ",
        ),
        (
            &["bind", "vfio-pci", "eth1"],
            "0000:01:00.0 shares IOMMU group 7 with 0000:02:00.0, which igb has, ",
        ),
        (&["restore", "eth1"], "what 0000:01:00.0 was before is not remembered; "),
        (&["vfs", "eth2", "--count", "1"], "0000:02:00.0 cannot have virtual functions: "),
        (&["vfs", "eth1", "--count", "8"], "0000:01:00.0 can have 7 virtual functions, not 8; "),
        (
            &["vfs", "eth1", "--count", "1", "--vf", "1,trust=on"],
            "0000:01:00.0 has 1 virtual functions, numbered from 0, and none is 1; ",
        ),
    ] {
        let refusal = files.refusal(arguments);
        assert!(refusal.starts_with(said), "{arguments:?}: {refusal}");
    }
    assert_eq!(files.read("sys/bus/pci/devices/0000:01:00.0/driver_override"), "(null)\n");
    assert!(!files.0.path().join("run").exists());
}

/// Files take what is written and do nothing, as a kernel would that refuses without a word.
#[test]
fn a_kernel_that_does_nothing_is_noticed_and_all_is_taken_back() {
    let files = Files::new();
    let (code, stdout, stderr) = files.dev(&["bind", "--force", "vfio-pci", "eth1", "eth2"]);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    assert!(stderr.contains("binding 0000:01:00.0 to vfio-pci (now igb) failed: the kernel said nothing, and it has igb now"), "{stderr}");
    assert!(stderr.ends_with("all is as it was\n"), "{stderr}");
    assert_eq!(files.read("sys/bus/pci/devices/0000:01:00.0/driver_override").trim(), "");
    assert_eq!(files.read("run/pollway/devices.json"), "{}");
}

#[test]
fn a_configuration_is_planned_and_nothing_is_done() {
    let files = Files::new();
    let file = files.0.path().join("a.toml");
    fs::write(
        &file,
        "[[device]]\nname = 'eth1'\nvfs = 2\nvf_driver = 'vfio-pci'\n\
         vf = [{ mac = '02:00:00:00:00:01', vlan = 10 }, { trust = true }]\n",
    )
    .unwrap();
    let (code, said, stderr) = files.dev(&["apply", file.to_str().unwrap(), "--dry-run"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(
        said,
        "not done: keeping the kernel's driver from new VFs of 0000:01:00.0\n\
         not done: making 2 VFs of 0000:01:00.0 (now 0)\n\
         not done: setting mac=02:00:00:00:00:01 on VF 0 of 0000:01:00.0\n\
         not done: setting vlan=10 on VF 0 of 0000:01:00.0\n\
         not done: setting trust=on on VF 1 of 0000:01:00.0\n\
         not done: binding VF 0 of 0000:01:00.0 to vfio-pci (now no driver)\n\
         not done: binding VF 1 of 0000:01:00.0 to vfio-pci (now no driver)\n"
    );
    assert_eq!(files.read("sys/bus/pci/devices/0000:01:00.0/sriov_numvfs"), "0\n");

    fs::write(&file, "[[device]]\nname = 'eth1'\nvfs = 1\nvf = [{ vlan = 5000 }]\n").unwrap();
    let refusal = files.refusal(&["apply", file.to_str().unwrap()]);
    assert!(
        refusal.ends_with("a.toml: device[0].vf[0]: vlan: write 1 to 4094, or 0 for none"),
        "{refusal}"
    );
}

#[test]
fn without_rights_nothing_is_changed() {
    let name = "without_rights_nothing_is_changed";
    if let Some(reason) = lab::lacks(&["setpriv"]) {
        return skip(name, &reason);
    }
    let Some(address) = fs::read_dir("/sys/bus/pci/devices").ok().and_then(|mut all| all.next())
    else {
        return skip(name, "this machine has no PCI device");
    };
    let address = address.unwrap().file_name().into_string().unwrap();
    let program = assert_cmd::cargo::cargo_bin("pollway");
    // A user other than root may not look into root's folders.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("pollway");
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let refused = std::process::Command::new("setpriv")
        .args(["--reuid=1000", "--regid=1000", "--clear-groups"])
        .arg(Path::new(&copy))
        .args(["dev", "bind", "--force", "uio_pci_generic", &address])
        .output()
        .unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&format!("{address} cannot be changed by this user: it takes root")),
        "{said}"
    );
}
