//! DPDK's environment: started once a process, with DPDK's own flags.
//!
//! [`prepare`] turns the user's flags and the machine's state into the final ones and says in a line each what it
//! added; [`Eal::init`] starts DPDK with them. An [`Eal`] is a handle: DPDK is cleaned up when the last of the handles,
//! which ports, pools and rings hold too, is dropped.
#![allow(unsafe_code)]

mod dump;
mod error;
mod files;
mod flags;
mod grace;

pub use dump::{Dump, DumpOne, Heap, StructSizes};
pub use error::EalError;
pub use flags::{EalFlags, EalRequest, prepare};
pub(crate) use grace::Poller;

use crate::port::{self, PortId};
use files::Files;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

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
        grace::begin();
        port::listen_for_leaving(&eal);
        port::listen_for_links(&eal);
        Ok(eal)
    }

    /// Hears from now on what the kernel tells of devices that are taken away ([`Port::is_leaving`](crate::port::Port::is_leaving)),
    /// also where their drivers tell nothing, and survives that a driver reaches for one that is gone.
    ///
    /// # Errors
    /// [`EalError::NoDeviceEvents`].
    ///
    /// Source: `rte_dev.h`, `rte_dev_hotplug_handle_enable`, `rte_dev_event_monitor_start`.
    pub fn watch_devices(&self) -> Result<(), EalError> {
        let heard = |what, rc| match rc {
            0 => Ok(()),
            rc => Err(EalError::NoDeviceEvents { what, reason: errno_text(rc) }),
        };
        // SAFETY: EAL runs; the first installs a handler of SIGBUS, the second a reader on EAL's own thread.
        unsafe {
            heard("enable hotplug handling", dpdk_sys::rte_dev_hotplug_handle_enable())?;
            heard("start device event monitoring", dpdk_sys::rte_dev_event_monitor_start())
        }
    }

    /// Whether packet memory is in hugepages.
    pub fn has_hugepages(&self) -> bool {
        // SAFETY: reads EAL's configuration, which is there since `init`.
        unsafe { dpdk_sys::rte_eal_has_hugepages() != 0 }
    }

    /// The folder of its file prefix, where other processes find this one.
    ///
    /// Source: `rte_eal.h`, `rte_eal_get_runtime_dir`.
    pub fn runtime_dir(&self) -> PathBuf {
        // SAFETY: EAL settled the folder's name in `init`, and keeps it for the life of the process.
        let name = unsafe { CStr::from_ptr(dpdk_sys::rte_eal_get_runtime_dir()) };
        PathBuf::from(OsStr::from_bytes(name.to_bytes()))
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

/// The linked DPDK's version, e.g. `DPDK 22.11.11`.
pub fn version() -> String {
    // SAFETY: returns a static string.
    unsafe { CStr::from_ptr(dpdk_sys::rte_version()) }.to_string_lossy().into_owned()
}

/// The number of the linked DPDK's binary interface, which names its files and packages: 23 for 22.11.
///
/// Source: DPDK's `doc/guides/contributing/abi_policy.rst`: a November's release begins the interface of the year after.
pub fn abi() -> u32 {
    abi_of(&version()).unwrap_or_default()
}

fn abi_of(version: &str) -> Option<u32> {
    let mut numbers = version.split_whitespace().next_back()?.split(['.', '-']);
    let [year, month] = [numbers.next()?, numbers.next()?].map(str::parse::<u32>);
    Some(year.ok()? + u32::from(month.ok()? >= 11))
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
