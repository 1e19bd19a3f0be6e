//! A machine made of files that lacks nothing, and what takes the place of programs that change one.

use crate::lab::run;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

pub(crate) const PF: &str = "sys/bus/pci/devices/0000:01:00.0";
pub(crate) const CPU: &str = "sys/devices/system/cpu";
pub(crate) const PAGES: &str = "sys/devices/system/node/node0/hugepages/hugepages-2048kB";
pub(crate) const ALL_PAGES: &str = "sys/kernel/mm/hugepages/hugepages-2048kB";
pub(crate) const CLOCK: &str = "sys/devices/system/clocksource/clocksource0";
pub(crate) const ALL_RIGHTS: &str = "000001ffffffffff";
/// CAP_NET_ADMIN, for the tap port.
pub(crate) const SOME_RIGHTS: &str = "0000000000001000";

/// What the machine is to be fit for: workers on processors 1 and 2, a NIC, a tap, and a socket for a guest.
pub(crate) const CONFIG: &str = "eal.lcores = '0-2'\neal.file_prefix = 'dr'\n\
    port = [{ device = '0000:01:00.0' }, { device = 'tap:t0' }, { device = 'vhost:/run/pw/a.sock' }]\n";

/// The folder of DPDK's drivers that this program can load.
pub(crate) fn pmds() -> String {
    format!("usr/lib/x86_64-linux-gnu/dpdk/pmds-{}.0", dataplane::eal::abi())
}

/// What takes the place of programs that change a machine.
const COMMANDS: [(&str, &str); 8] = [
    (
        "modprobe",
        "mkdir -p /dev/vfio /dev/net /sys/bus/pci/drivers/$1; : >/dev/vfio/vfio; : >/dev/net/tun",
    ),
    ("mknod", ": >$3"),
    (
        "mount",
        "for last; do case $last in pagesize=*) size=$last ;; esac; done; echo \"none $last hugetlbfs rw,$size 0 0\" >>/proc/mounts",
    ),
    (
        "apt-get",
        "for folder in /usr/lib/x86_64-linux-gnu/dpdk/pmds-*; do : >$folder/librte_net_e1000.so; done",
    ),
    ("sudo", "exec \"$@\""),
    ("prlimit", "echo 'Max locked memory unlimited unlimited bytes' >/proc/self/limits"),
    // Whatever the command line asks of the kernel.
    (
        "update-grub",
        "sed -n 's/^GRUB_CMDLINE_LINUX=\"\\(.*\\)\"/\\1/p' /etc/default/grub >/proc/cmdline",
    ),
    (
        "reboot",
        "cpu=/sys/devices/system/cpu; device=/sys/bus/pci/devices/0000:01:00.0\n\
         for word in $(cat /proc/cmdline); do case $word in\n\
         isolcpus=*) echo \"${word##*domain,}\" >$cpu/isolated ;;\n\
         nohz_full=*) echo \"${word#*=}\" >$cpu/nohz_full ;;\n\
         tsc=reliable) echo tsc >/sys/devices/system/clocksource/clocksource0/current_clocksource ;;\n\
         intel_iommu=on) ln -s ../groups/7 $device/iommu_group ;;\n\
         esac; done",
    ),
];

/// Binds devices, as far as files show it.
const POLLWAY: &str = "case \"$*\" in 'dev unbind '*) exit ;; 'dev bind --noiommu-mode vfio-pci '*) shift 4 ;; \
    'dev bind vfio-pci '*) shift 3 ;; *) exit 2 ;; esac\n\
    for group in /sys/class/vfio/*; do : >/dev/vfio/${group##*/}; done\n\
    for address; do ln -sfn ../../drivers/vfio-pci /sys/bus/pci/devices/$address/driver; done";

/// A machine that lacks nothing.
pub(crate) struct Root(TempDir);

impl Root {
    /// For root, or for a user to whom all that is needed was given.
    pub(crate) fn healthy(uid: u32) -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        fs::set_permissions(root.0.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let rights = if uid == 0 { ALL_RIGHTS } else { SOME_RIGHTS };
        root.put(
            "proc/self/status",
            &format!(
                "Uid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{uid}\t{uid}\t{uid}\t{uid}\nGroups:\t\n\
                 CapEff:\t{rights}\nCpus_allowed_list:\t0-3"
            ),
        );
        for (file, text) in [
            (
                "proc/self/limits",
                "Max locked memory         unlimited            unlimited            bytes",
            ),
            ("proc/self/cgroup", "0::/"),
            (
                "proc/cpuinfo",
                "flags\t\t: fpu ssse3 sse4_1 sse4_2 popcnt cx16 constant_tsc nonstop_tsc",
            ),
            ("proc/cmdline", "quiet rcu_nocbs=1-2"),
            ("proc/mounts", "none /dev/hugepages hugetlbfs rw,pagesize=2M 0 0"),
            ("proc/net/unix", "Num RefCount Protocol Flags Type St Inode Path"),
            ("etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet rcu_nocbs=1-2\""),
            ("dev/null", ""),
            ("dev/net/tun", ""),
            ("dev/vfio/vfio", ""),
            ("dev/vfio/7", ""),
            ("run/pw/keep", ""),
            ("var/run/keep", ""),
            ("dev/hugepages/keep", ""),
        ] {
            root.put(file, text);
        }
        for (file, text) in [("isolated", "1-2"), ("nohz_full", "1-2"), ("smt/control", "on")] {
            root.put(&format!("{CPU}/{file}"), text);
        }
        for cpu in 0..4 {
            let at = |file: &str| format!("{CPU}/cpu{cpu}/{file}");
            root.put(&at("cpufreq/scaling_governor"), "performance");
            root.put(&at("topology/thread_siblings_list"), &cpu.to_string());
            root.put(&format!("sys/devices/system/node/node0/cpu{cpu}/online"), "1");
        }
        root.put("sys/devices/system/node/node0/cpulist", "0-3");
        root.put(&format!("{CLOCK}/current_clocksource"), "tsc");
        root.put(&format!("{CLOCK}/available_clocksource"), "tsc hpet");
        for pool in [PAGES, ALL_PAGES] {
            root.pages(pool, 512, 512);
        }
        for (file, text) in [
            ("class", "0x020000"),
            ("vendor", "0x8086"),
            ("device", "0x10c9"),
            ("driver_override", "vfio-pci"),
            ("numa_node", "0"),
            ("modalias", "pci:v00008086d000010C9sv0sd0bc02sc00i00"),
        ] {
            root.put(&format!("{PF}/{file}"), text);
        }
        root.link(&format!("{PF}/driver"), "../../drivers/vfio-pci");
        root.link(&format!("{PF}/iommu_group"), "../groups/7");
        root.put("sys/bus/pci/drivers/vfio-pci/bind", "");
        root.put("sys/kernel/iommu_groups/7/type", "DMA-FQ");
        root.put("sys/class/vfio/7/dev", "243:0");
        root.put("sys/class/misc/vfio/dev", "10:196");
        root.put("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N");
        root.put("proc/sys/kernel/osrelease", "6.1.0");
        root.put(
            "lib/modules/6.1.0/modules.alias",
            "alias pci:v00008086d000010C9sv*sd*bc*sc*i* igb",
        );
        for pmd in ["e1000", "tap", "vhost"] {
            root.put(&format!("{}/librte_net_{pmd}.so", pmds()), "");
        }
        root.put("config.toml", CONFIG);
        if uid != 0 {
            for file in ["dev/hugepages", "dev/vfio/vfio", "dev/vfio/7", "run/pw"] {
                chown(root.path(file), Some(uid), Some(uid)).unwrap();
            }
        }
        root
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub(crate) fn put(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), format!("{text}\n")).unwrap();
    }

    pub(crate) fn link(&self, file: &str, target: &str) {
        let _ = fs::remove_file(self.path(file));
        symlink(target, self.path(file)).unwrap();
    }

    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.path(file)).unwrap();
    }

    pub(crate) fn pages(&self, pool: &str, total: u32, free: u32) {
        self.put(&format!("{pool}/nr_hugepages"), &total.to_string());
        self.put(&format!("{pool}/free_hugepages"), &free.to_string());
    }

    /// A second device, in the NIC's group or not, with a driver of the kernel's.
    pub(crate) fn neighbour(&self, group: u32) {
        for (file, text) in [("class", "0x020000"), ("driver_override", "(null)")] {
            self.put(&format!("sys/bus/pci/devices/0000:02:00.0/{file}"), text);
        }
        self.link("sys/bus/pci/devices/0000:02:00.0/driver", "../../drivers/igb");
        self.link("sys/bus/pci/devices/0000:02:00.0/iommu_group", &format!("../groups/{group}"));
    }

    /// Exit code and findings.
    pub(crate) fn examine(&self) -> (i32, Vec<Value>) {
        let mut command = Command::new(cargo_bin("pollway"));
        command.args(["doctor", "--json", "--sysroot"]).arg(self.0.path());
        let Output { status, stdout, stderr } =
            command.arg("--config").arg(self.path("config.toml")).output().unwrap();
        let report: Value = serde_json::from_slice(&stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stderr)));
        (status.code().unwrap(), report["findings"].as_array().unwrap().clone())
    }

    /// Makes a shell and its commands reachable below the root: this machine's, but for those that would change it.
    pub(crate) fn equip(&self) {
        fs::create_dir_all(self.path("machine")).unwrap();
        for (name, target) in [("bin", "machine/bin"), ("lib64", "machine/lib64")] {
            self.link(name, target);
        }
        // The machine has files of its own in lib, so only the folders of libraries are this machine's.
        for triple in fs::read_dir("/usr/lib").unwrap() {
            let triple = triple.unwrap().file_name().into_string().unwrap();
            if triple.contains("-linux-gnu") {
                self.link(&format!("lib/{triple}"), &format!("../machine/lib/{triple}"));
            }
        }
        for (name, body) in COMMANDS.into_iter().chain([("pollway", POLLWAY)]) {
            self.put(&format!("commands/{name}"), &format!("#!/bin/sh\n{body}"));
            let path = self.path(&format!("commands/{name}"));
            fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        }
    }

    /// Runs a command in the machine.
    pub(crate) fn shell(&self, command: &str) {
        let inner = "mount --bind /usr \"$0/machine\" && exec chroot \"$0\" /bin/sh -ec \"$1\"";
        run(Command::new("unshare")
            .args(["--mount", "sh", "-ec", inner])
            .arg(self.0.path())
            .arg(format!("export PATH=/commands:/bin; {command}")));
    }
}
