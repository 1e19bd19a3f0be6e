//! Every finding of `pollway doctor`, made true on a machine made of files: it is found and explained, what it prints is done,
//! and it is gone.
//!
//! Commands run in the machine, by chroot, with this machine's shell. What a kernel or a package manager would do, small
//! scripts do to the files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use assert_cmd::cargo::cargo_bin;
use lab::{lacks, run, skip};
use rustix::fs::{FlockOperation, fcntl_lock};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const PF: &str = "sys/bus/pci/devices/0000:01:00.0";
const CPU: &str = "sys/devices/system/cpu";
const PAGES: &str = "sys/devices/system/node/node0/hugepages/hugepages-2048kB";
const ALL_PAGES: &str = "sys/kernel/mm/hugepages/hugepages-2048kB";
const CLOCK: &str = "sys/devices/system/clocksource/clocksource0";
const PMDS: &str = "usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0";
const ALL_RIGHTS: &str = "000001ffffffffff";
/// CAP_NET_ADMIN, for the tap port.
const SOME_RIGHTS: &str = "0000000000001000";

/// What the machine is to be fit for: workers on processors 1 and 2, a NIC, a tap, and a socket for a guest.
const CONFIG: &str = "eal.lcores = '0-2'\neal.file_prefix = 'dr'\n\
    port = [{ device = '0000:01:00.0' }, { device = 'tap:t0' }, { device = 'vhost:/run/pw/a.sock' }]\n";

/// What takes the place of programs that change a machine.
const COMMANDS: [(&str, &str); 8] = [
    (
        "modprobe",
        "mkdir -p /dev/vfio /dev/net /sys/bus/pci/drivers/$1; : >/dev/vfio/vfio; : >/dev/net/tun",
    ),
    ("udevadm", ": >/dev/vfio/7"),
    (
        "mount",
        "for last; do :; done; echo \"none $last hugetlbfs rw,pagesize=2M 0 0\" >>/proc/mounts",
    ),
    ("apt-get", ": >/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0/librte_net_e1000.so"),
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
const POLLWAY: &str = "[ \"$1 $2 $3\" = 'dev bind vfio-pci' ] || exit 2\nshift 3\n\
    for address; do ln -sfn ../../drivers/vfio-pci /sys/bus/pci/devices/$address/driver; done";

/// A machine that lacks nothing.
struct Root(TempDir);

impl Root {
    /// For root, or for a user to whom all that is needed was given.
    fn healthy(uid: u32) -> Self {
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
        root.put("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N");
        root.put("proc/sys/kernel/osrelease", "6.1.0");
        root.put(
            "lib/modules/6.1.0/modules.alias",
            "alias pci:v00008086d000010C9sv*sd*bc*sc*i* igb",
        );
        for pmd in ["e1000", "tap", "vhost"] {
            root.put(&format!("{PMDS}/librte_net_{pmd}.so"), "");
        }
        root.put("config.toml", CONFIG);
        if uid != 0 {
            for file in ["dev/hugepages", "dev/vfio/vfio", "dev/vfio/7", "run/pw"] {
                chown(root.path(file), Some(uid), Some(uid)).unwrap();
            }
        }
        root
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn put(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), format!("{text}\n")).unwrap();
    }

    fn link(&self, file: &str, target: &str) {
        let _ = fs::remove_file(self.path(file));
        symlink(target, self.path(file)).unwrap();
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.path(file)).unwrap();
    }

    fn pages(&self, pool: &str, total: u32, free: u32) {
        self.put(&format!("{pool}/nr_hugepages"), &total.to_string());
        self.put(&format!("{pool}/free_hugepages"), &free.to_string());
    }

    /// A second device, in the NIC's group or not, with a driver of the kernel's.
    fn neighbour(&self, group: u32) {
        for (file, text) in [("class", "0x020000"), ("driver_override", "(null)")] {
            self.put(&format!("sys/bus/pci/devices/0000:02:00.0/{file}"), text);
        }
        self.link("sys/bus/pci/devices/0000:02:00.0/driver", "../../drivers/igb");
        self.link("sys/bus/pci/devices/0000:02:00.0/iommu_group", &format!("../groups/{group}"));
    }

    /// Exit code and findings.
    fn examine(&self) -> (i32, Vec<Value>) {
        let mut command = Command::new(cargo_bin("pollway"));
        command.args(["doctor", "--json", "--sysroot"]).arg(self.0.path());
        let Output { status, stdout, stderr } =
            command.arg("--config").arg(self.path("config.toml")).output().unwrap();
        let report: Value = serde_json::from_slice(&stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stderr)));
        (status.code().unwrap(), report["findings"].as_array().unwrap().clone())
    }

    /// Makes a shell and its commands reachable below the root: this machine's, but for those that would change it.
    fn equip(&self) {
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
    fn shell(&self, command: &str) {
        let inner = "mount --bind /usr \"$0/machine\" && exec chroot \"$0\" /bin/sh -ec \"$1\"";
        run(Command::new("unshare")
            .args(["--mount", "sh", "-ec", inner])
            .arg(self.0.path())
            .arg(format!("export PATH=/commands:/bin; {command}")));
    }
}

/// How a machine gets well again.
enum Mended {
    /// By the command that is printed.
    ByCommand,
    /// By hand, as is printed with these words.
    ByHand(&'static str, fn(&Root)),
}

/// A finding: whose machine it is, and how it comes about.
struct Case {
    check: &'static str,
    uid: u32,
    breaks: fn(&Root),
    mended: Mended,
}

const fn case(check: &'static str, breaks: fn(&Root)) -> Case {
    Case { check, uid: 0, breaks, mended: Mended::ByCommand }
}

const fn by_hand(
    check: &'static str,
    breaks: fn(&Root),
    says: &'static str,
    mend: fn(&Root),
) -> Case {
    Case { check, uid: 0, breaks, mended: Mended::ByHand(says, mend) }
}

const fn for_user(check: &'static str, breaks: fn(&Root)) -> Case {
    Case { check, uid: 1000, breaks, mended: Mended::ByCommand }
}

fn cpuinfo(root: &Root, without: &str) {
    let text = fs::read_to_string(root.path("proc/cpuinfo")).unwrap();
    root.put("proc/cpuinfo", &text.replace(without, ""));
}

fn status(root: &Root, from: &str, to: &str) {
    let text = fs::read_to_string(root.path("proc/self/status")).unwrap();
    assert!(text.contains(from), "{text}");
    root.put("proc/self/status", &text.replace(from, to));
}

const GOOD_CPU: &str = "flags\t\t: ssse3 sse4_1 sse4_2 popcnt cx16 constant_tsc nonstop_tsc";

/// All of them but `prefix.free`, which takes a lock.
const CASES: &[Case] = &[
    by_hand(
        "cpu.flags",
        |root| cpuinfo(root, "sse4_2"),
        "-cpu host",
        |root| root.put("proc/cpuinfo", GOOD_CPU),
    ),
    by_hand(
        "cpu.tsc",
        |root| cpuinfo(root, "nonstop_tsc"),
        "+invtsc",
        |root| root.put("proc/cpuinfo", GOOD_CPU),
    ),
    case("cpu.clocksource", |root| root.put(&format!("{CLOCK}/current_clocksource"), "hpet")),
    case("cpu.clocksource", |root| {
        root.put(&format!("{CLOCK}/current_clocksource"), "hpet");
        root.put(&format!("{CLOCK}/available_clocksource"), "hpet");
    }),
    case("cpu.governor", |root| {
        root.put(&format!("{CPU}/cpu2/cpufreq/scaling_governor"), "powersave")
    }),
    by_hand(
        "cpu.allowed",
        |root| status(root, "0-3", "0-1"),
        "eal.lcores",
        |root| status(root, "0-1", "0-3"),
    ),
    case("cpu.isolcpus", |root| root.put(&format!("{CPU}/isolated"), "2")),
    case("cpu.nohz_full", |root| root.put(&format!("{CPU}/nohz_full"), "(null)")),
    case("cpu.rcu_nocbs", |root| {
        root.put("proc/cmdline", "quiet");
        root.put("etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet\"");
    }),
    Case {
        check: "cpu.siblings",
        uid: 0,
        breaks: |root| {
            root.put(&format!("{CPU}/cpu1/topology/thread_siblings_list"), "1-2");
            root.put(&format!("{CPU}/cpu2/topology/thread_siblings_list"), "1-2");
        },
        // What the kernel does where the switch is thrown.
        mended: Mended::ByHand("echo off > /sys/devices/system/cpu/smt/control", |root| {
            root.put(&format!("{CPU}/cpu1/topology/thread_siblings_list"), "1");
        }),
    },
    case("hugepages.reserved", |root| {
        root.pages(ALL_PAGES, 0, 512);
        root.remove(&format!("{PAGES}/nr_hugepages"));
    }),
    Case {
        check: "hugepages.enough",
        uid: 0,
        breaks: |root| root.pages(ALL_PAGES, 512, 2),
        // The kernel counts the new ones as free.
        mended: Mended::ByHand("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", |root| {
            root.pages(ALL_PAGES, 1024, 514);
        }),
    },
    case("hugepages.node", |root| {
        root.pages(PAGES, 0, 0);
        root.pages("sys/devices/system/node/node1/hugepages/hugepages-2048kB", 512, 512);
    }),
    case("hugepages.mount", |root| root.put("proc/mounts", "proc /proc proc rw 0 0")),
    for_user("hugepages.permission", |root| {
        chown(root.path("dev/hugepages"), Some(0), Some(0)).unwrap()
    }),
    case("hugepages.cgroup", |root| {
        root.put("proc/self/cgroup", "0::/box");
        root.put("sys/fs/cgroup/box/hugetlb.2MB.max", "2097152");
    }),
    case("iommu.on", |root| root.remove(&format!("{PF}/iommu_group"))),
    case("iommu.group", |root| root.neighbour(7)),
    case("iommu.passthrough", |root| root.link(&format!("{PF}/driver"), "../../drivers/igb_uio")),
    case("vfio.file", |root| root.remove("dev/vfio/7")),
    for_user("vfio.permission", |root| chown(root.path("dev/vfio/7"), Some(0), Some(0)).unwrap()),
    for_user("vfio.memlock", |root| {
        root.put(
            "proc/self/limits",
            "Max locked memory         65536                65536                bytes",
        );
    }),
    case("vfio.noiommu", |root| {
        root.put("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y");
    }),
    by_hand(
        "devices.present",
        |root| root.put("config.toml", &CONFIG.replace("01:00.0", "09:00.0")),
        "pollway dev status --all",
        |root| root.put("config.toml", CONFIG),
    ),
    case("devices.driver", |root| root.link(&format!("{PF}/driver"), "../../drivers/igb")),
    case("devices.pmd", |root| root.remove(&format!("{PMDS}/librte_net_e1000.so"))),
    by_hand(
        "devices.node",
        |root| {
            root.put("sys/devices/system/node/node1/cpulist", "4-7");
            root.pages("sys/devices/system/node/node1/hugepages/hugepages-2048kB", 8, 8);
            root.put(&format!("{PF}/numa_node"), "1");
        },
        "name processors of that node: 4-7",
        |root| root.put(&format!("{PF}/numa_node"), "0"),
    ),
    Case {
        check: "devices.rights",
        uid: 1000,
        breaks: |root| status(root, SOME_RIGHTS, "0000000000000000"),
        mended: Mended::ByHand("AmbientCapabilities=CAP_NET_ADMIN", |root| {
            status(root, "0000000000000000", SOME_RIGHTS);
        }),
    },
    case("devices.tun", |root| root.remove("dev/net/tun")),
    case("sockets.folder", |root| fs::remove_dir_all(root.path("run/pw")).unwrap()),
    for_user("sockets.folder", |root| chown(root.path("run/pw"), Some(0), Some(0)).unwrap()),
    case("sockets.stale", |root| root.put("run/pw/a.sock", "")),
    case("prefix.leftover", |root| {
        root.put("dev/hugepages/deadmap_0", "");
        root.put("dev/hugepages/deadmap_1", "");
    }),
];

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
    root.put("run/pw/a.sock", "");
    root.put(&format!("{CPU}/isolated"), "");
    fs::copy(cargo_bin("pollway"), root.path("commands/doctor")).unwrap();
    // With nobody to answer, nothing is done; then all that is safe.
    root.shell("doctor doctor --config /config.toml --fix </dev/null >/report || true");
    assert!(root.path("run/pw/a.sock").exists());
    root.shell("doctor doctor --config /config.toml --fix --yes >/report || test $? = 1");
    assert!(!root.path("run/pw/a.sock").exists());
    assert!(!root.path("dev/hugepages/deadmap_0").exists());
    let report = fs::read_to_string(root.path("report")).unwrap();
    assert!(
        report.starts_with("WARNING  cpu.isolcpus: processors 1, 2 are not in isolcpus"),
        "{report}"
    );
    assert!(report.ends_with("33 checks: 0 errors, 1 warnings, 0 notes\n"), "{report}");
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
