//! Hugepages: reserved, enough, on the right node, mounted, and ours to use. What `scripts/hugepages.sh show` prints is read from
//! the same files.

use super::finding::{Check, Mend, Problem, Severity};
use super::subject::Subject;
use dataplane::hugepages::Pool;
use std::collections::BTreeSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "hugepages.reserved",
        about: "hugepages are reserved",
        why: "packets in ordinary memory miss the TLB, and a NIC's driver cannot use it",
        look: reserved,
    },
    Check {
        name: "hugepages.enough",
        about: "as many are free as are needed",
        why: "EAL ends where its memory does not fit",
        look: enough,
    },
    Check {
        name: "hugepages.node",
        about: "the nodes of the ports have some",
        why: "a port's packets on another node's memory cost each packet the way there twice",
        look: node,
    },
    Check {
        name: "hugepages.mount",
        about: "hugetlbfs is mounted for pages of a size that is reserved",
        why: "a program gets hugepages by making files there",
        look: mount,
    },
    Check {
        name: "hugepages.permission",
        about: "this user may make files where hugetlbfs is mounted",
        why: "a program gets hugepages by making files there",
        look: permission,
    },
    Check {
        name: "hugepages.cgroup",
        about: "the control group lets this process have them",
        why: "beyond its limit the kernel kills the program at its first touch (SIGBUS)",
        look: cgroup,
    },
];

/// Whether it matters enough to end: devices cannot do without, and virtual ones can.
fn severity(subject: &Subject) -> Severity {
    if subject.needs.pci.is_empty() { Severity::Warning } else { Severity::Error }
}

fn of_total(pools: &[Pool]) -> u64 {
    pools.iter().map(|pool| pool.total).sum()
}

fn free_mib(pools: &[Pool]) -> u64 {
    pools.iter().map(|pool| pool.free * pool.page_kib / 1024).sum()
}

/// The command that makes a pool have so many pages.
fn reserve(subject: &Subject, page_kib: u64, node: Option<u32>, pages: u64) -> Mend {
    let at = match node {
        Some(node) => format!("devices/system/node/node{node}"),
        None => "kernel/mm".to_owned(),
    };
    let command = format!("echo {pages} > /sys/{at}/hugepages/hugepages-{page_kib}kB/nr_hugepages");
    if subject.in_container {
        return Mend::Do(format!("a container cannot reserve any: on the host, {command}"));
    }
    Mend::Run(command)
}

fn reserved(subject: &Subject) -> Vec<Problem> {
    let pools = subject.machine.pools();
    if subject.needs.no_huge || of_total(&pools) > 0 {
        return Vec::new();
    }
    let Some(smallest) = pools.first() else {
        let mend =
            Mend::Do("boot a kernel with CONFIG_HUGETLBFS, or run with --no-huge".to_owned());
        let severity = severity(subject);
        return vec![Problem { severity, what: "this kernel has no hugepages".to_owned(), mend }];
    };
    // Room for a few programs.
    let pages = (subject.needs.memory_mib.max(1024) * 1024).div_ceil(smallest.page_kib);
    let mend = reserve(subject, smallest.page_kib, None, pages);
    vec![Problem {
        severity: severity(subject),
        what: "no hugepages are reserved".to_owned(),
        mend,
    }]
}

fn enough(subject: &Subject) -> Vec<Problem> {
    let pools = subject.machine.pools();
    let (needed, free) = (subject.needs.memory_mib, free_mib(&pools));
    if subject.needs.no_huge || of_total(&pools) == 0 || free >= needed {
        return Vec::new();
    }
    let used = pools.iter().find(|pool| pool.total > 0);
    let Some(pool) = used else { return Vec::new() };
    let more = ((needed - free) * 1024).div_ceil(pool.page_kib);
    let what = format!("{needed} MiB of hugepages are needed and {free} MiB are free");
    vec![Problem::error(what, reserve(subject, pool.page_kib, None, pool.total + more))]
}

fn node(subject: &Subject) -> Vec<Problem> {
    let pools = subject.machine.node_pools();
    let total: u64 = pools.iter().map(|(_, pool)| pool.total).sum();
    if subject.needs.no_huge || total == 0 {
        return Vec::new();
    }
    let wanted: BTreeSet<u32> = subject.devices().filter_map(|device| device.numa_node).collect();
    let mut problems = Vec::new();
    for node in wanted {
        let own: Vec<&Pool> =
            pools.iter().filter(|(of, _)| *of == node).map(|(_, pool)| pool).collect();
        let Some(pool) = own.first().filter(|_| own.iter().all(|pool| pool.total == 0)) else {
            continue;
        };
        let pages = (subject.needs.memory_mib * 1024).div_ceil(pool.page_kib);
        let what = format!("a port is on NUMA node {node}, which has no hugepages");
        problems.push(Problem::warning(what, reserve(subject, pool.page_kib, Some(node), pages)));
    }
    problems
}

fn mount(subject: &Subject) -> Vec<Problem> {
    let pools = subject.machine.pools();
    let mounts = subject.machine.hugetlbfs_mounts();
    let reserved: Vec<&Pool> = pools.iter().filter(|pool| pool.total > 0).collect();
    let fits = |pool: &&Pool| {
        mounts.iter().any(|mount| mount.page_kib.is_none_or(|size| size == pool.page_kib))
    };
    if subject.needs.no_huge || reserved.iter().any(fits) {
        return Vec::new();
    }
    let Some(pool) = reserved.first() else { return Vec::new() };
    let what = format!("hugetlbfs is not mounted for pages of {} KiB", pool.page_kib);
    let mend = if subject.in_container {
        Mend::Do("start the container with -v /dev/hugepages:/dev/hugepages".to_owned())
    } else {
        let size = pool.page_kib;
        Mend::Run(format!(
            "mkdir -p /dev/hugepages && mount -t hugetlbfs -o pagesize={size}K hugetlbfs /dev/hugepages"
        ))
    };
    vec![Problem { severity: severity(subject), what, mend }]
}

fn permission(subject: &Subject) -> Vec<Problem> {
    let mounts = subject.machine.hugetlbfs_mounts();
    if subject.needs.no_huge || mounts.iter().any(|mount| subject.user.may_write(&mount.path)) {
        return Vec::new();
    }
    let Some(first) = mounts.first() else { return Vec::new() };
    let (path, uid) = (subject.shown(&first.path), subject.user.uid);
    let what = format!("user {uid} may not make files in {path}");
    // Root may still make files there. A mount of the user's own takes --huge-dir, as EAL looks at the first one only.
    let mend = Mend::Decide(format!("chown {uid} {path}"));
    vec![Problem { severity: severity(subject), what, mend }]
}

/// Source: Linux, `Documentation/admin-guide/cgroup-v2.rst`, "HugeTLB".
fn cgroup(subject: &Subject) -> Vec<Problem> {
    let groups = subject.machine.read("proc/self/cgroup").unwrap_or_default();
    let Some(group) = groups.lines().find_map(|line| line.strip_prefix("0::/")) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for pool in subject.machine.pools().iter().filter(|pool| pool.total > 0) {
        let size = match pool.page_kib {
            kib if kib >= 1 << 20 => format!("{}GB", kib >> 20),
            kib => format!("{}MB", kib >> 10),
        };
        let file = format!("sys/fs/cgroup/{group}/hugetlb.{size}.max").replace("//", "/");
        // "max" is no number, and no limit.
        let Some(limit) = subject.machine.value::<u64>(&file) else { continue };
        let needed = subject.needs.memory_mib << 20;
        if limit < needed {
            let what = format!(
                "the control group /{group} may have {} MiB of hugepages, and {} are needed",
                limit >> 20,
                subject.needs.memory_mib
            );
            problems.push(Problem::error(what, Mend::Decide(format!("echo max > /{file}"))));
        }
    }
    problems
}
