//! Hugepages: reserved, enough, on the right node, mounted, and ours to use. What `scripts/hugepages.sh show` prints is read from
//! the same files.

use super::finding::{Check, Mend, Problem, Severity};
use super::subject::Subject;
use dataplane::hugepages::Pool;
use std::collections::BTreeSet;
use std::path::Path;

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
        about: "the nodes of the ports have as many",
        why: "a port's packets on another node's memory cost each packet the way there twice",
        look: node,
    },
    Check {
        name: "hugepages.mount",
        about: "hugetlbfs is mounted for pages of each size that is reserved",
        why: "a program gets hugepages by making files there, and pages of other sizes lie idle",
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

/// Free memory in pages of sizes that hugetlbfs is mounted for: EAL passes over others.
fn free_mib(subject: &Subject, pools: &[Pool]) -> u64 {
    let mounts = subject.machine.hugetlbfs_mounts();
    pools.iter().filter(|pool| pool.is_on_one_of(&mounts)).map(Pool::free_mib).sum()
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
    let (needed, free) = (subject.needs.memory_mib, free_mib(subject, &pools));
    // Pages that lie idle because nothing is mounted for them are another check's matter.
    let with_idle: u64 = pools.iter().map(Pool::free_mib).sum();
    if subject.needs.no_huge || of_total(&pools) == 0 || with_idle >= needed {
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
    // On one node alone it is a matter of enough.
    if subject.needs.no_huge || total == 0 || subject.machine.nodes().len() < 2 {
        return Vec::new();
    }
    let needed = subject.needs.memory_mib;
    let wanted: BTreeSet<u32> = subject.devices().filter_map(|device| device.numa_node).collect();
    let mut problems = Vec::new();
    for node in wanted {
        let own: Vec<Pool> =
            pools.iter().filter(|(of, _)| *of == node).map(|(_, pool)| pool.clone()).collect();
        let free = free_mib(subject, &own);
        let Some(pool) = own.first().filter(|_| free < needed) else { continue };
        let pages = pool.total + ((needed - free) * 1024).div_ceil(pool.page_kib);
        let what = format!(
            "a port is on NUMA node {node}, which has {free} MiB of hugepages free, and {needed} MiB are needed"
        );
        problems.push(Problem::warning(what, reserve(subject, pool.page_kib, Some(node), pages)));
    }
    problems
}

fn mount(subject: &Subject) -> Vec<Problem> {
    let mounts = subject.machine.hugetlbfs_mounts();
    let pools = subject.machine.pools();
    let (served, passed_over): (Vec<&Pool>, Vec<&Pool>) =
        pools.iter().filter(|pool| pool.total > 0).partition(|pool| pool.is_on_one_of(&mounts));
    if subject.needs.no_huge {
        return Vec::new();
    }
    // Pages of one size will do, and others are wasted.
    let severity = if served.is_empty() { severity(subject) } else { Severity::Warning };
    let problem = |pool: &Pool| {
        let size = pool.size();
        let folder = if mounts.is_empty() {
            "/dev/hugepages".to_owned()
        } else {
            format!("/dev/hugepages{size}")
        };
        let what = format!(
            "{} pages of {size} are reserved, and hugetlbfs is not mounted for them",
            pool.total
        );
        let mend = if subject.in_container {
            Mend::Do(format!(
                "start the container with -v {folder}:{folder}, where the host has hugetlbfs mounted for them"
            ))
        } else {
            Mend::Run(format!(
                "mkdir -p {folder} && mount -t hugetlbfs -o pagesize={size} hugetlbfs {folder}"
            ))
        };
        Problem { severity, what, mend }
    };
    passed_over.into_iter().map(problem).collect()
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

/// Source: Linux, `Documentation/admin-guide/cgroup-v2.rst`, "HugeTLB", and `cgroup-v1/hugetlb.rst`. The limit of every group
/// above counts too.
fn cgroup(subject: &Subject) -> Vec<Problem> {
    let machine = &subject.machine;
    let groups = machine.read("proc/self/cgroup").unwrap_or_default();
    let below =
        |start: &str| groups.lines().find_map(|line| line.split_once(start)?.1.strip_prefix('/'));
    let (hierarchy, group, [limit, used]) = match (below(":hugetlb:"), below("0::")) {
        (Some(group), _) => ("sys/fs/cgroup/hugetlb", group, ["limit_in_bytes", "usage_in_bytes"]),
        (None, Some(group)) => ("sys/fs/cgroup", group, ["max", "current"]),
        (None, None) => return Vec::new(),
    };
    let needed = subject.needs.memory_mib;
    let mut problems = Vec::new();
    for pool in machine.pools().iter().filter(|pool| pool.total > 0) {
        for group in Path::new(group).ancestors() {
            let size = format!("{}B", pool.size());
            let at = |file: &str| {
                Path::new(hierarchy).join(group).join(format!("hugetlb.{size}.{file}"))
            };
            // "max" is no number, and no limit.
            let Some(limit_bytes) = machine.value::<u64>(at(limit)) else { continue };
            let free =
                limit_bytes.saturating_sub(machine.value(at(used)).unwrap_or_default()) >> 20;
            if free >= needed {
                continue;
            }
            let what = format!(
                "the control group /{} may have {free} MiB more of hugepages of {}, and {needed} MiB are needed",
                group.display(),
                pool.size()
            );
            let mend = if subject.in_container {
                Mend::Do(format!(
                    "give the container more: limits hugepages-{}i under Kubernetes, with podman --cgroup-conf=hugetlb.{size}.max=max",
                    pool.size()
                ))
            } else {
                let lifted = if hierarchy.ends_with("hugetlb") { "-1" } else { "max" };
                Mend::Decide(format!("echo {lifted} > /{}", at(limit).display()))
            };
            problems.push(Problem::error(what, mend));
        }
    }
    problems
}
