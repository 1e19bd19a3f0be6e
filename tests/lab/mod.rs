//! What whole-program tests share: programs driven through pipes, the skip that scripts/test.sh sums up, and what this
//! machine has.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

pub(crate) mod bridge;
pub(crate) mod capture;
pub(crate) mod checksums;
pub(crate) mod console;
pub(crate) mod forwarder;
pub(crate) mod frontend;
pub(crate) mod generator;
pub(crate) mod kernel;
pub(crate) mod labels;
pub(crate) mod neighbours;
pub(crate) mod ovs;
pub(crate) mod shell;
pub(crate) mod testpmd;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything gets that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Says that a test cannot run here, where scripts/test.sh sums up too.
pub(crate) fn skip(name: &str, reason: &str) {
    eprintln!("SKIPPED {name}: {reason}");
    if let Some(path) = std::env::var_os("POLLWAY_SKIPPED") {
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        writeln!(file, "{name}: {reason}").unwrap();
    }
}

/// Why a test that takes root and these programs cannot run here.
pub(crate) fn lacks(programs: &[&str]) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("takes root".to_owned());
    }
    lacks_programs(programs)
}

/// Why a test that takes these programs cannot run here.
pub(crate) fn lacks_programs(programs: &[&str]) -> Option<String> {
    let absent = programs.iter().find(|program| !installed(program))?;
    Some(format!("{absent} is not installed: scripts/setup.sh test"))
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

/// Whether there are free hugepages on /dev/hugepages.
pub(crate) fn hugepages_are_there() -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let memory = fs::read_to_string("/proc/meminfo").unwrap();
    let free = memory.lines().find_map(|line| line.strip_prefix("HugePages_Free:"));
    mounts.contains(" /dev/hugepages hugetlbfs ") && free.is_some_and(|free| free.trim() != "0")
}

/// A value of `--lcores`: the main lcore, which sleeps, and `workers` that share a processor. Poll loops get a processor
/// of their own if there are two; `processor` says which, so that two programs need not share one.
pub(crate) fn lcores(workers: usize, processor: usize) -> String {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!("0@0,(1-{workers})@{}", processor % processors)
}

/// Six letters at most that tell this thread's interfaces and namespaces from another's, in this process and in others.
pub(crate) fn tag() -> String {
    format!("{:x}", rustix::thread::gettid().as_raw_nonzero().get() & 0xff_ffff)
}

/// Looks until `found` has an answer.
///
/// # Panics
/// After [`PATIENCE`], with what was waited for.
pub(crate) fn wait_for<T>(what: &str, found: impl FnMut() -> Option<T>) -> T {
    wait_within(PATIENCE, what, found)
}

/// Looks for so long until `found` has an answer.
///
/// # Panics
/// After that, with what was waited for.
pub(crate) fn wait_within<T>(
    time: Duration,
    what: &str,
    mut found: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + time;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(Duration::from_millis(20));
    }
}

/// Runs a command that has to succeed and returns what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    stdout.into_owned()
}

/// EAL's files in /dev/hugepages under a file prefix.
pub(crate) fn hugepage_files(prefix: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(Path::new("/dev/hugepages")) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(&format!("{prefix}map_"))).collect()
}
