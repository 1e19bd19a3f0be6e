//! Processors: what they can do, and whether the workers have theirs to themselves.

use super::finding::{Check, Mend, Problem};
use super::subject::Subject;
use crate::lcores::list;
use std::collections::BTreeSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "cpu.flags",
        about: "the instructions that libdpdk is built for",
        why: "the distributions build libdpdk for them, and EAL ends at once without one",
        look: flags,
    },
    Check {
        name: "cpu.tsc",
        about: "a time stamp counter that never stops or changes its pace",
        why: "round trips and pacing are measured with it",
        look: tsc,
    },
    Check {
        name: "cpu.clocksource",
        about: "the kernel trusts the time stamp counter",
        why: "a kernel that found it unstable had a reason, and latency figures are then wrong too",
        look: clocksource,
    },
    Check {
        name: "cpu.governor",
        about: "the workers' processors keep their frequency",
        why: "a processor that slows down between bursts drops the first packets of the next one",
        look: governor,
    },
    Check {
        name: "cpu.allowed",
        about: "this process may use the workers' processors",
        why: "EAL cannot bind a worker to a processor outside its cpuset, and ends",
        look: allowed,
    },
    Check {
        name: "cpu.isolcpus",
        about: "the scheduler keeps other tasks off the workers' processors",
        why: "a task that runs there for a moment stops the poll loop for milliseconds",
        look: |subject| isolation(subject, "isolcpus", "isolated"),
    },
    Check {
        name: "cpu.nohz_full",
        about: "the timer leaves the workers' processors alone",
        why: "its tick interrupts a poll loop hundreds of times a second",
        look: |subject| isolation(subject, "nohz_full", "nohz_full"),
    },
    Check {
        name: "cpu.rcu_nocbs",
        about: "the kernel's deferred work is done elsewhere",
        why: "RCU's callbacks run in the place of the poll loop",
        look: rcu,
    },
    Check {
        name: "cpu.siblings",
        about: "no two workers share a core",
        why: "two poll loops on one core's threads halve each other",
        look: siblings,
    },
];

/// What Debian and Ubuntu build libdpdk with (`-march=corei7`).
const NEEDED: [&str; 5] = ["ssse3", "sse4_1", "sse4_2", "popcnt", "cx16"];

fn cpu_flags(subject: &Subject) -> Option<BTreeSet<String>> {
    let text = subject.machine.read("proc/cpuinfo")?;
    let line = text.lines().find(|line| line.starts_with("flags"))?;
    Some(line.split_whitespace().skip(2).map(str::to_owned).collect())
}

fn flags(subject: &Subject) -> Vec<Problem> {
    // Only x86 lists them so.
    let Some(present) = cpu_flags(subject) else { return Vec::new() };
    let absent: Vec<&str> = NEEDED.into_iter().filter(|flag| !present.contains(*flag)).collect();
    if absent.is_empty() {
        return Vec::new();
    }
    let what = format!("the processor lacks {}", absent.join(", "));
    let mend =
        "give a virtual machine the host's processor (QEMU: -cpu host), or build DPDK for this one";
    vec![Problem::error(what, Mend::Do(mend.to_owned()))]
}

fn tsc(subject: &Subject) -> Vec<Problem> {
    let Some(present) = cpu_flags(subject) else { return Vec::new() };
    let absent = ["constant_tsc", "nonstop_tsc"].into_iter().find(|flag| !present.contains(*flag));
    let Some(flag) = absent else { return Vec::new() };
    let what =
        format!("the processor does not promise an invariant time stamp counter (no {flag})");
    let mend = "give a virtual machine the host's counter (QEMU: -cpu host,migratable=no,+invtsc)";
    vec![Problem::warning(what, Mend::Do(mend.to_owned()))]
}

fn clocksource(subject: &Subject) -> Vec<Problem> {
    const FOLDER: &str = "sys/devices/system/clocksource/clocksource0";
    let Some(current) = subject.machine.read(format!("{FOLDER}/current_clocksource")) else {
        return Vec::new();
    };
    let available =
        subject.machine.read(format!("{FOLDER}/available_clocksource")).unwrap_or_default();
    if current == "tsc" || !cfg!(target_arch = "x86_64") {
        return Vec::new();
    }
    let mend = if available.split_whitespace().any(|name| name == "tsc") {
        Mend::Run(format!("echo tsc > /{FOLDER}/current_clocksource"))
    } else {
        Mend::Boot("tsc=reliable".to_owned())
    };
    vec![Problem::warning(format!("the kernel's clock is {current}, not tsc"), mend)]
}

fn governor(subject: &Subject) -> Vec<Problem> {
    let file = |cpu: &u32| format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor");
    let slow: Vec<u32> = subject
        .needs
        .processors
        .iter()
        .copied()
        // Without the file the firmware or a hypervisor decides.
        .filter(|cpu| subject.machine.read(file(cpu)).is_some_and(|set| set != "performance"))
        .collect();
    if slow.is_empty() {
        return Vec::new();
    }
    let what = format!("the frequency of processors {} follows the load", list(slow.iter()));
    let files: Vec<String> = slow.iter().map(|cpu| format!("/{}", file(cpu))).collect();
    let command = format!("echo performance | tee {}", files.join(" "));
    vec![Problem::warning(what, Mend::Run(command))]
}

fn allowed(subject: &Subject) -> Vec<Problem> {
    let allowed = parse_list(&subject.user.processors);
    let outside: Vec<&u32> = subject.needs.processors.difference(&allowed).collect();
    if outside.is_empty() || allowed.is_empty() {
        return Vec::new();
    }
    let what = format!(
        "this process may run on processors {}, and workers are to run on {}",
        subject.user.processors,
        list(outside.iter())
    );
    let mend = if subject.in_container {
        "start the container with --cpuset-cpus that name them, or name others with eal.lcores"
    } else {
        "start it without taskset or a cpuset of a service, or name other processors with eal.lcores"
    };
    vec![Problem::error(what, Mend::Do(mend.to_owned()))]
}

/// Workers' processors that are not in one of the kernel's lists.
fn isolation(subject: &Subject, parameter: &str, file: &str) -> Vec<Problem> {
    let set = subject.machine.read(format!("sys/devices/system/cpu/{file}")).unwrap_or_default();
    missing(subject, parameter, &parse_list(&set))
}

/// RCU has no list to read but what the kernel was started with; `nohz_full` includes it.
fn rcu(subject: &Subject) -> Vec<Problem> {
    let line = subject.machine.read("proc/cmdline").unwrap_or_default();
    let value = |name: &str| line.split_whitespace().find_map(|word| word.strip_prefix(name));
    let mut set = parse_list(value("rcu_nocbs=").unwrap_or_default());
    set.extend(parse_list(value("nohz_full=").unwrap_or_default()));
    missing(subject, "rcu_nocbs", &set)
}

fn missing(subject: &Subject, parameter: &str, set: &BTreeSet<u32>) -> Vec<Problem> {
    let missing: Vec<&u32> = subject.needs.processors.difference(set).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let all: Vec<u32> = subject.needs.processors.union(set).copied().collect();
    let what = format!("processors {} are not in {parameter}", list(missing.iter()));
    let flags = if parameter == "isolcpus" { "managed_irq,domain," } else { "" };
    let all: Vec<String> = all.iter().map(u32::to_string).collect();
    vec![Problem::warning(what, Mend::Boot(format!("{parameter}={flags}{}", all.join(","))))]
}

fn siblings(subject: &Subject) -> Vec<Problem> {
    let workers = &subject.needs.processors;
    let shared = workers.iter().find_map(|cpu| {
        let file = format!("sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
        let threads = parse_list(&subject.machine.read(file)?);
        threads
            .into_iter()
            .find(|other| other > cpu && workers.contains(other))
            .map(|other| (*cpu, other))
    });
    let Some((cpu, other)) = shared else { return Vec::new() };
    let what =
        format!("processors {cpu} and {other} are threads of one core, and both have a worker");
    // Whoever needs the threads for something else names other processors instead.
    let command = "echo off > /sys/devices/system/cpu/smt/control".to_owned();
    vec![Problem::warning(what, Mend::Decide(command))]
}

/// The kernel's way to write processors: `0-3,8`.
pub(super) fn parse_list(text: &str) -> BTreeSet<u32> {
    let range = |part: &str| -> Option<std::ops::RangeInclusive<u32>> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    text.split(',').filter_map(range).flat_map(|range| range.take(MOST)).collect()
}

/// More processors than machines have, so that no text makes a list without end.
const MOST: usize = 8192;

#[cfg(test)]
mod tests {
    use super::parse_list;

    #[test]
    fn lists_of_processors() {
        let list = |text: &str| parse_list(text).into_iter().collect::<Vec<u32>>();
        assert_eq!(list("0-2,7"), [0, 1, 2, 7]);
        assert_eq!(list(""), [0; 0]);
        assert_eq!(list("(null)"), [0; 0]);
        assert!(list("0-4294967295").len() <= super::MOST);
    }
}
