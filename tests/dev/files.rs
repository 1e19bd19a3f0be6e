//! A machine of files, and `pollway dev` on it.

use assert_cmd::Command;
use std::fs;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

/// A machine of files: two NICs with interfaces in one IOMMU group, one of which can have VFs, and a disk.
pub(crate) struct Files(pub(crate) TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        for (address, class, device, interface) in [
            ("0000:01:00.0", "0x020000", "0x10c9", Some(("eth1", 7))),
            ("0000:02:00.0", "0x020000", "0x10d3", Some(("eth2", 8))),
            ("0000:03:00.0", "0x010601", "0x2922", None),
        ] {
            let at = |file: &str| format!("sys/bus/pci/devices/{address}/{file}");
            for (file, text) in [
                ("class", class),
                ("vendor", "0x8086"),
                ("device", device),
                ("driver_override", "(null)"),
                ("numa_node", "1"),
                ("modalias", "pci:none"),
            ] {
                files.put(&at(file), text);
            }
            files.link(&at("iommu_group"), "../groups/7");
            if let Some((name, index)) = interface {
                files.link(&at("driver"), "../../drivers/igb");
                for (file, text) in [
                    ("ifindex", index.to_string().as_str()),
                    ("address", &format!("02:00:00:00:00:0{index}")),
                    ("flags", "0x1003"),
                    ("carrier", "1"),
                    ("speed", "1000"),
                ] {
                    files.put(&at(&format!("net/{name}/{file}")), text);
                }
            }
        }
        files.put("sys/bus/pci/devices/0000:01:00.0/sriov_totalvfs", "7");
        files.put("sys/bus/pci/devices/0000:01:00.0/sriov_numvfs", "0");
        files.put("sys/bus/pci/devices/0000:01:00.0/sriov_drivers_autoprobe", "1");
        for driver in ["igb", "vfio-pci"] {
            for file in ["bind", "unbind"] {
                files.put(&format!("sys/bus/pci/drivers/{driver}/{file}"), "");
            }
        }
        files.put("sys/module/vfio_pci/refcnt", "0");
        files.put(
            "usr/share/misc/pci.ids",
            "8086  Intel Corporation\n\t10c9  82576 Gigabit\n\t10d3  82574L Gigabit",
        );
        files.put("proc/net/route", "Iface\neth2 00000000 0 0 0 0 0 00000000 0 0 0");
        files
    }

    pub(crate) fn put(&self, file: &str, text: &str) {
        let path = self.0.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }

    pub(crate) fn link(&self, file: &str, target: &str) {
        symlink(target, self.0.path().join(file)).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.path().join(file)).unwrap()
    }

    /// Exit code, stdout and stderr of `pollway dev` on it.
    pub(crate) fn dev(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::cargo_bin("pollway").unwrap();
        command.args(["dev", "--sysroot"]).arg(self.0.path()).args(arguments);
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// What is said where nothing is done.
    pub(crate) fn refusal(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.dev(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        stderr.strip_prefix("pollway: error: ").unwrap().trim_end().to_owned()
    }
}
