//! DPDK's environment: started once a process, with DPDK's own flags.
//!
//! [`prepare`] turns the user's flags and the machine's state into the final ones and says in a line each what it
//! added; [`Eal::init`] starts DPDK with them. An [`Eal`] is a handle: DPDK is cleaned up when the last of the handles,
//! which ports, pools and rings hold too, is dropped.
#![allow(unsafe_code)]

mod dump;

pub use dump::{Dump, DumpOne, Heap, StructSizes};

use crate::hugepages::Unusable;
use crate::machine::Machine;
use crate::port::{self, PortId};
use crate::prefix::Prefix;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What can go wrong before DPDK runs.
#[derive(Debug, thiserror::Error)]
pub enum EalError {
    /// EAL was started in this process before.
    #[error("DPDK's EAL can be started only once in a process")]
    AlreadyStarted,
    /// A flag holds a NUL byte.
    #[error("the EAL flag {0:?} holds a NUL byte; remove it")]
    NulByte(String),
    /// The file prefix would lead out of EAL's folders.
    #[error(
        "--file-prefix={0}: a prefix names files and cannot hold a slash; use letters and digits"
    )]
    PrefixWithSlash(String),
    /// The file prefix belongs to a program that runs.
    #[error(
        "another DPDK program runs with the file prefix '{prefix}' (it holds the lock on {}): \
         give this one a name of its own, --file-prefix=NAME, or stop the other",
        lock.display()
    )]
    PrefixTaken {
        /// The prefix that was asked for.
        prefix: String,
        /// The file that the other program holds a lock on.
        lock: PathBuf,
    },
    /// More memory is needed than the machine has hugepages for.
    #[error(
        "{needed_mib} MiB of hugepages are needed and {free_mib} MiB are free: reserve more (scripts/hugepages.sh \
         reserve {pages}), ask for less (-m, --total-num-mbufs, --rxd, --txd), or run with --no-huge"
    )]
    TooFewHugepages {
        /// What `-m` or the plan asks for.
        needed_mib: u64,
        /// What is free.
        free_mib: u64,
        /// How many 2 MiB pages would serve.
        pages: u64,
    },
    /// More memory is needed than the machine has.
    #[error(
        "{needed_mib} MiB of memory are needed and {free_mib} MiB are free: ask for less (-m, --total-num-mbufs, --rxd, \
         --txd)"
    )]
    TooLittleMemory {
        /// What `-m` or the plan asks for.
        needed_mib: u64,
        /// What is free.
        free_mib: u64,
    },
    /// `rte_eal_init` refused.
    #[error("DPDK's EAL did not start: {reason} (flags: {flags}); its own words are above")]
    Init {
        /// The errno's text.
        reason: String,
        /// The flags it was started with.
        flags: String,
    },
}

/// What the user asked of EAL and what the plan needs of it.
#[derive(Clone, Debug, Default)]
pub struct EalRequest {
    /// DPDK's own flags, without the program's name and without `--vdev` (see [`crate::port`]).
    pub flags: Vec<String>,
    /// A virtio-user port shares EAL's memory with its peer, which takes few memory regions.
    pub shares_memory: bool,
    /// Ordinary memory is as good where hugepages do not suffice: a demonstration, not a measurement.
    pub ordinary_memory_will_do: bool,
    /// Packet memory the plan needs, in MiB; sizes the heap where there are no hugepages.
    pub memory_mib: u64,
}

/// The flags to start EAL with, and what was added to the user's, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EalFlags {
    /// The final flags.
    pub flags: Vec<String>,
    /// What was added and why, for the user.
    pub notes: Vec<String>,
}

/// Heap beside packet memory in hugepages: what EAL and its devices take at start.
const HUGE_BASE_MIB: u64 = 16;
/// Heap beside packet memory when there are no hugepages: rings, queues, device state.
const NO_HUGE_BASE_MIB: u64 = 256;

/// Adds to the user's flags what this machine and this plan need.
///
/// # Errors
/// [`EalError::PrefixTaken`], [`EalError::PrefixWithSlash`], [`EalError::TooFewHugepages`] and
/// [`EalError::TooLittleMemory`]: what EAL would fail on later and say less clearly.
pub fn prepare(request: &EalRequest, machine: &Machine) -> Result<EalFlags, EalError> {
    let mut flags = request.flags.clone();
    let mut notes = Vec::new();
    let given = |name: &str| value_of(&request.flags, name).is_some();

    let asked_mib = value_of(&request.flags, "-m").and_then(|mib| mib.parse::<u64>().ok());
    let huge_mib = asked_mib.unwrap_or(request.memory_mib + HUGE_BASE_MIB);
    let without = match machine.usable_mib() {
        _ if given("--no-huge") => None,
        Ok(free_mib) if free_mib >= huge_mib => None,
        Err(reason @ (Unusable::NoneReserved | Unusable::NotMounted)) => Some(reason.to_string()),
        few => {
            let free_mib = few.unwrap_or(0);
            let (needed_mib, pages) = (huge_mib, huge_mib.div_ceil(2));
            let error = EalError::TooFewHugepages { needed_mib, free_mib, pages };
            if !request.ordinary_memory_will_do || asked_mib.is_some() {
                return Err(error);
            }
            Some(format!("{needed_mib} MiB of hugepages are needed and {free_mib} MiB are free"))
        }
    };
    if let Some(reason) = without {
        flags.push("--no-huge".to_owned());
        // EAL takes --in-memory as a wish about hugepages; what it means without them is --no-shconf.
        flags
            .iter_mut()
            .filter(|flag| *flag == "--in-memory")
            .for_each(|flag| *flag = "--no-shconf".to_owned());
        notes.push(format!("running with --no-huge: {reason}"));
    }
    if flags.iter().any(|flag| flag == "--no-huge") {
        let needed_mib = asked_mib.unwrap_or(NO_HUGE_BASE_MIB + request.memory_mib);
        if let Some(free_mib) = machine.available_mib().filter(|free_mib| *free_mib < needed_mib) {
            return Err(EalError::TooLittleMemory { needed_mib, free_mib });
        }
        if asked_mib.is_none() {
            flags.extend(["-m".to_owned(), needed_mib.to_string()]);
        }
    }
    if request.shares_memory && !given("--single-file-segments") {
        flags.push("--single-file-segments".to_owned());
        notes.push(
            "running with --single-file-segments: a virtio-user port shares this program's memory"
                .to_owned(),
        );
    }
    if !given("--in-memory") && !given("--no-shconf") {
        choose_prefix(&request.flags, &mut flags, &mut notes)?;
    }
    Ok(EalFlags { flags, notes })
}

/// Keeps the user's prefix or DPDK's default, unless a running program holds it.
fn choose_prefix(
    given: &[String],
    flags: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> Result<(), EalError> {
    let asked = value_of(given, "--file-prefix");
    if let Some(asked) = asked.filter(|asked| asked.contains('/')) {
        return Err(EalError::PrefixWithSlash(asked.to_owned()));
    }
    let prefix = Prefix::new(asked.unwrap_or(Prefix::DEFAULT));
    if !prefix.is_taken() {
        return Ok(());
    }
    if let Some(asked) = asked {
        return Err(EalError::PrefixTaken { prefix: asked.to_owned(), lock: prefix.lock() });
    }
    let own = format!("pollway-{}", std::process::id());
    notes.push(format!(
        "running with --file-prefix={own}: another DPDK program uses the default one"
    ));
    flags.push(format!("--file-prefix={own}"));
    Ok(())
}

/// The value of a flag given as `--name=value`, `--name value` or `-nvalue`; empty for one without a value.
fn value_of<'a>(flags: &'a [String], name: &str) -> Option<&'a str> {
    let short = !name.starts_with("--");
    flags.iter().enumerate().find_map(|(at, flag)| {
        let rest = flag.strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => Some(flags.get(at + 1).map_or("", String::as_str)),
            None => short.then_some(rest),
        }
    })
}

/// DPDK's environment, running. Clones are handles to the one environment.
#[derive(Clone)]
pub struct Eal(Arc<Environment>);

struct Environment {
    files: Option<Files>,
    /// Ports that have an owner, so that no queue is handed out twice.
    claimed: Mutex<BTreeSet<PortId>>,
}

static STARTED: AtomicBool = AtomicBool::new(false);

impl Eal {
    /// Starts EAL with final flags (see [`prepare`]); the calling thread becomes the main lcore.
    ///
    /// # Errors
    /// [`EalError`]. After a failure EAL cannot be started again in this process.
    ///
    /// Source: `rte_eal.h`, `rte_eal_init`.
    pub fn init(flags: &[String]) -> Result<Self, EalError> {
        let argv = std::iter::once("pollway".to_owned()).chain(flags.iter().cloned());
        let argv: Vec<CString> = argv
            .map(|flag| CString::new(flag.clone()).map_err(|_| EalError::NulByte(flag)))
            .collect::<Result<_, _>>()?;
        if STARTED.swap(true, Ordering::AcqRel) {
            return Err(EalError::AlreadyStarted);
        }
        // EAL permutes argv and keeps pointers into it, so the strings live as long as the process.
        let mut pointers: Vec<*mut c_char> = argv.into_iter().map(CString::into_raw).collect();
        let count = pointers.len() as i32;
        pointers.push(std::ptr::null_mut());
        let pointers = pointers.leak();
        // SAFETY: `pointers` is a NULL-terminated argv of `count` writable strings that are never freed, and STARTED
        // makes this the only call of the process.
        let rc = unsafe {
            dpdk_sys::pw_log_to_stderr();
            dpdk_sys::rte_eal_init(count, pointers.as_mut_ptr())
        };
        let files = Files::of(flags);
        if rc < 0 {
            // A program that was quicker to take the prefix keeps its files.
            if let Some(files) = files.filter(|files| !files.prefix.is_taken()) {
                files.remove();
            }
            return Err(EalError::Init {
                reason: errno_text(last_errno()),
                flags: flags.join(" "),
            });
        }
        let eal = Self(Arc::new(Environment { files, claimed: Mutex::default() }));
        port::listen_for_leaving(&eal);
        Ok(eal)
    }

    /// Whether packet memory is in hugepages.
    pub fn has_hugepages(&self) -> bool {
        // SAFETY: reads EAL's configuration, which is there since `init`.
        unsafe { dpdk_sys::rte_eal_has_hugepages() != 0 }
    }

    /// Removes the files that EAL shares with other processes and keeps its memory in, as its end does: for a program that
    /// is at its end while something, such as a driver that keeps packets, holds EAL for ever.
    pub fn remove_files(&self) {
        if let Some(files) = &self.0.files {
            files.remove();
        }
    }

    /// Sets DPDK's log level, of all log types or of those that a regular expression matches; `false` if that is none.
    ///
    /// Source: `rte_log.h`, `rte_log_set_global_level`, `rte_log_set_level_regexp`.
    pub fn set_log_level(&self, types: Option<&str>, level: u32) -> bool {
        let Some(types) = types else {
            // SAFETY: sets a variable of EAL.
            unsafe { dpdk_sys::rte_log_set_global_level(level) };
            return true;
        };
        let Ok(types) = CString::new(types) else { return false };
        // SAFETY: the expression is NUL-terminated and copied by the call.
        unsafe { dpdk_sys::rte_log_set_level_regexp(types.as_ptr(), level) == 0 }
    }

    /// Takes `port` for one owner; `false` if it has one.
    pub(crate) fn claim(&self, port: PortId) -> bool {
        self.0.claimed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(port)
    }

    /// Gives `port` back.
    pub(crate) fn release(&self, port: PortId) {
        self.0.claimed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).remove(&port);
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // SAFETY: every port, pool and ring holds a handle, so this is the last user of EAL.
        unsafe { dpdk_sys::rte_eal_cleanup() };
        if let Some(files) = &self.files {
            files.remove();
        }
    }
}

/// Files that are this process's to remove.
struct Files {
    prefix: Prefix,
    huge_dir: Option<String>,
}

impl Files {
    /// Those of a process started with these flags: none of a secondary one, as they are the primary's, and none where
    /// they are to stay for the next run.
    fn of(flags: &[String]) -> Option<Self> {
        let value = |name| value_of(flags, name);
        let is_primary = value("--proc-type").is_none_or(|kind| kind == "primary");
        if !is_primary || value("--in-memory").is_some() || value("--huge-unlink") == Some("never")
        {
            return None;
        }
        let prefix = Prefix::new(value("--file-prefix").unwrap_or(Prefix::DEFAULT));
        Some(Self { prefix, huge_dir: value("--huge-dir").map(str::to_owned) })
    }

    fn remove(&self) {
        self.prefix.remove_files(&Machine::default(), self.huge_dir.as_deref());
    }
}

/// The linked DPDK's version, e.g. `DPDK 22.11.11`.
pub fn version() -> String {
    // SAFETY: returns a static string.
    unsafe { CStr::from_ptr(dpdk_sys::rte_version()) }.to_string_lossy().into_owned()
}

/// `rte_errno` of this thread, positive.
pub(crate) fn last_errno() -> i32 {
    // SAFETY: reads a variable of this thread.
    unsafe { dpdk_sys::pw_errno() }
}

/// An errno (either sign) in words.
pub(crate) fn errno_text(errno: i32) -> String {
    // SAFETY: rte_strerror returns a string of this thread that is valid until its next call; it is copied at once.
    unsafe { CStr::from_ptr(dpdk_sys::rte_strerror(errno.abs())) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(flags: &[&str]) -> EalRequest {
        EalRequest {
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ..EalRequest::default()
        }
    }

    #[test]
    fn a_machine_without_hugepages_gets_no_huge_and_a_line_about_it() {
        let empty = tempfile::tempdir().unwrap();
        let prepared = prepare(
            &EalRequest { memory_mib: 44, ..request(&["--in-memory"]) },
            &Machine::at(empty.path()),
        )
        .unwrap();
        assert_eq!(prepared.flags, ["--no-shconf", "--no-huge", "-m", "300"]);
        assert_eq!(prepared.notes.len(), 1);
        assert!(prepared.notes[0].contains("no hugepages are reserved"), "{:?}", prepared.notes);
    }

    #[test]
    fn too_few_hugepages_for_the_plan_are_named() {
        let (_root, machine) = crate::hugepages::tests::machine(20, 10, true);
        let asked = |memory_mib, flags| EalRequest { memory_mib, ..request(flags) };
        let fits = prepare(&asked(4, &["--in-memory"]), &machine).unwrap();
        assert_eq!(fits.flags, ["--in-memory"]);
        let refused = prepare(&asked(128, &["--in-memory"]), &machine).unwrap_err().to_string();
        assert!(
            refused.starts_with("144 MiB of hugepages are needed and 20 MiB are free"),
            "{refused}"
        );
        let refused =
            prepare(&asked(1, &["--in-memory", "-m", "64"]), &machine).unwrap_err().to_string();
        assert!(
            refused.starts_with("64 MiB of hugepages are needed and 20 MiB are free"),
            "{refused}"
        );
        // A demonstration goes on without.
        let demo = EalRequest { ordinary_memory_will_do: true, ..asked(128, &["--in-memory"]) };
        let prepared = prepare(&demo, &machine).unwrap();
        assert_eq!(prepared.flags, ["--no-shconf", "--no-huge", "-m", "384"]);
        assert!(prepared.notes[0].contains("144 MiB of hugepages are needed and 20 MiB are free"));
    }

    #[test]
    fn more_than_the_machine_has_is_refused() {
        let (root, machine) = crate::hugepages::tests::machine(0, 0, true);
        std::fs::write(root.path().join("proc/meminfo"), "MemAvailable:    1048576 kB\n").unwrap();
        let asked = |memory_mib| EalRequest { memory_mib, ..request(&["--in-memory"]) };
        assert!(prepare(&asked(768), &machine).is_ok());
        let refused = prepare(&asked(769), &machine).unwrap_err().to_string();
        assert!(
            refused.starts_with("1025 MiB of memory are needed and 1024 MiB are free"),
            "{refused}"
        );
    }

    #[test]
    fn the_users_own_choice_stands() {
        let empty = tempfile::tempdir().unwrap();
        let prepared =
            prepare(&request(&["--in-memory", "--no-huge", "-m512"]), &Machine::at(empty.path()))
                .unwrap();
        assert_eq!(prepared.flags, ["--in-memory", "--no-huge", "-m512"]);
        assert!(prepared.notes.is_empty());
    }

    #[test]
    fn a_virtio_user_port_gets_one_memory_file() {
        let empty = tempfile::tempdir().unwrap();
        let asked = EalRequest {
            shares_memory: true,
            ..request(&["--in-memory", "--no-huge", "-m", "64"])
        };
        let prepared = prepare(&asked, &Machine::at(empty.path())).unwrap();
        assert!(prepared.flags.contains(&"--single-file-segments".to_owned()));
        assert_eq!(prepared.notes.len(), 1);
    }

    #[test]
    fn flags_are_found_in_each_way_of_writing_them() {
        let flags: Vec<String> =
            ["-m512", "--file-prefix=a", "--lcores", "0-1"].map(str::to_owned).to_vec();
        assert_eq!(value_of(&flags, "-m"), Some("512"));
        assert_eq!(value_of(&flags, "--file-prefix"), Some("a"));
        assert_eq!(value_of(&flags, "--lcores"), Some("0-1"));
        assert_eq!(value_of(&flags, "--file"), None);
    }
}
