//! The findings: how each comes about, and how it is mended.

use crate::root::*;
use std::fs;
use std::os::unix::fs::chown;

/// How a machine gets well again.
pub(crate) enum Mended {
    /// By the command that is printed.
    ByCommand,
    /// By hand, as is printed with these words.
    ByHand(&'static str, fn(&Root)),
}

/// A finding: whose machine it is, and how it comes about.
pub(crate) struct Case {
    pub(crate) check: &'static str,
    pub(crate) uid: u32,
    pub(crate) breaks: fn(&Root),
    pub(crate) mended: Mended,
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

pub(crate) fn status(root: &Root, from: &str, to: &str) {
    let text = fs::read_to_string(root.path("proc/self/status")).unwrap();
    assert!(text.contains(from), "{text}");
    root.put("proc/self/status", &text.replace(from, to));
}

const GOOD_CPU: &str = "flags\t\t: ssse3 sse4_1 sse4_2 popcnt cx16 constant_tsc nonstop_tsc";

/// Drivers of a release long gone.
const OTHER_PMDS: &str = "usr/lib/x86_64-linux-gnu/dpdk/pmds-20.0";
const GIGABYTES: &str = "sys/kernel/mm/hugepages/hugepages-1048576kB";
const FAR_PAGES: &str = "sys/devices/system/node/node1/hugepages/hugepages-2048kB";

/// All of them but `prefix.free`, which takes a lock.
pub(crate) const CASES: &[Case] = &[
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
        root.put("proc/cmdline", "rcu_nocbs=1 quiet");
        root.put("etc/default/grub", "GRUB_CMDLINE_LINUX=\"rcu_nocbs=1 quiet\"");
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
    // Some are free, and too few; the kernel counts new ones as free.
    Case {
        check: "hugepages.node",
        uid: 0,
        breaks: |root| {
            root.pages(PAGES, 8, 4);
            root.pages(FAR_PAGES, 512, 512);
        },
        mended: Mended::ByHand("/sys/devices/system/node/node0/hugepages/", |root| {
            root.pages(PAGES, 512, 508);
        }),
    },
    // 2 MiB pages are mounted; those of 1 GiB have another place.
    case("hugepages.mount", |root| root.pages(GIGABYTES, 2, 2)),
    case("hugepages.mount", |root| root.put("proc/mounts", "proc /proc proc rw 0 0")),
    for_user("hugepages.permission", |root| {
        chown(root.path("dev/hugepages"), Some(0), Some(0)).unwrap()
    }),
    case("hugepages.cgroup", |root| {
        root.put("proc/self/cgroup", "0::/box");
        root.put("sys/fs/cgroup/box/hugetlb.2MB.max", "2097152");
    }),
    // What the group above may have, others have taken.
    case("hugepages.cgroup", |root| {
        root.put("proc/self/cgroup", "0::/pod/box");
        root.put("sys/fs/cgroup/pod/hugetlb.2MB.max", "1073741824");
        root.put("sys/fs/cgroup/pod/hugetlb.2MB.current", "1073741824");
    }),
    case("hugepages.cgroup", |root| {
        root.put("proc/self/cgroup", "5:hugetlb:/box\n0::/");
        root.put("sys/fs/cgroup/hugetlb/box/hugetlb.2MB.limit_in_bytes", "2097152");
    }),
    case("iommu.on", |root| root.remove(&format!("{PF}/iommu_group"))),
    case("iommu.group", |root| root.neighbour(7)),
    case("iommu.passthrough", |root| root.link(&format!("{PF}/driver"), "../../drivers/igb_uio")),
    case("vfio.file", |root| root.remove("dev/vfio/7")),
    case("vfio.file", |root| root.remove("dev/vfio/vfio")),
    // Of a group without an IOMMU, whose file has a name of its own.
    case("vfio.file", |root| {
        root.put("sys/kernel/iommu_groups/7/name", "vfio-noiommu");
        root.put("sys/class/vfio/noiommu-7/dev", "243:1");
    }),
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
    case("devices.pmd", |root| root.remove(&format!("{}/librte_net_e1000.so", pmds()))),
    by_hand(
        "devices.release",
        |root| fs::rename(root.path(&pmds()), root.path(OTHER_PMDS)).unwrap(),
        "install the drivers of DPDK ",
        |root| fs::rename(root.path(OTHER_PMDS), root.path(&pmds())).unwrap(),
    ),
    by_hand(
        "devices.node",
        |root| {
            root.put("sys/devices/system/node/node1/cpulist", "4-7");
            root.pages(FAR_PAGES, 512, 512);
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
    Case {
        check: "sockets.taken",
        uid: 0,
        breaks: |root| {
            root.put("run/pw/a.sock", "");
            root.put("proc/net/unix", "0: 2 0 10000 1 1 9 /run/pw/a.sock\n");
        },
        mended: Mended::ByHand("stop it, or name another path", |root| {
            root.put("proc/net/unix", "");
        }),
    },
    case("prefix.leftover", |root| {
        root.put("dev/hugepages/deadmap_0", "");
        root.put("dev/hugepages/deadmap_1", "");
    }),
];
