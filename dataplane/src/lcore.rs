//! Logical cores: their numbers, their clock, and work launched on them.
#![allow(unsafe_code)]

use crate::eal::{Eal, errno_text};
use serde::Serialize;
use std::ffi::{c_int, c_void};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// A logical core as EAL numbers them (`-l 0-3`, `--lcores`), not a processor number of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LcoreId(pub u32);

/// A NUMA node as DPDK numbers them; `ANY` where a device belongs to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SocketId(pub i32);

impl SocketId {
    /// `SOCKET_ID_ANY` (`rte_memory.h`).
    pub const ANY: Self = Self(-1);
}

impl fmt::Display for LcoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why work could not run on an lcore.
#[derive(Debug, thiserror::Error)]
pub enum LcoreError {
    /// EAL has no such worker lcore.
    #[error(
        "lcore {0} is not a worker of this program: name it with -l or --lcores (the main lcore does not forward)"
    )]
    Unknown(LcoreId),
    /// Only the main lcore launches.
    #[error("lcore {0} can be launched only by the main lcore's thread, the one that started EAL")]
    NotMain(LcoreId),
    /// It is running something else, or could not be woken.
    #[error("lcore {lcore} cannot be launched: {reason}")]
    Busy {
        /// The lcore.
        lcore: LcoreId,
        /// The errno's text.
        reason: String,
    },
    /// The work panicked.
    #[error("the work on lcore {lcore} panicked: {message}")]
    Panicked {
        /// The lcore.
        lcore: LcoreId,
        /// The panic's message.
        message: String,
    },
}

impl Eal {
    /// The lcore of the thread that started EAL: control, not forwarding.
    pub fn main_lcore(&self) -> LcoreId {
        // SAFETY: reads EAL's configuration.
        LcoreId(unsafe { dpdk_sys::rte_get_main_lcore() })
    }

    /// The lcores that can run workers, in ascending order.
    pub fn worker_lcores(&self) -> Vec<LcoreId> {
        let next = |lcore: u32| {
            // SAFETY: reads EAL's configuration; any starting number is allowed (`rte_lcore.h`).
            unsafe { dpdk_sys::rte_get_next_lcore(lcore, 1, 0) }
        };
        std::iter::successors(Some(next(u32::MAX)), |lcore| Some(next(*lcore)))
            .take_while(|lcore| *lcore < dpdk_sys::RTE_MAX_LCORE)
            .map(LcoreId)
            .collect()
    }

    /// The NUMA node of an lcore.
    pub fn socket_of(&self, lcore: LcoreId) -> SocketId {
        // SAFETY: the call checks the range (`rte_lcore.h`: rte_lcore_to_socket_id reads a table of RTE_MAX_LCORE).
        SocketId(unsafe {
            dpdk_sys::rte_lcore_to_socket_id(lcore.0.min(dpdk_sys::RTE_MAX_LCORE - 1))
        } as i32)
    }

    /// Whether this thread is the one that started EAL.
    fn on_main_lcore(&self) -> bool {
        // SAFETY: reads a variable of this thread.
        LcoreId(unsafe { dpdk_sys::pw_lcore_id() }) == self.main_lcore()
    }

    /// Whether no lcore works and this thread is the main one: then nobody else is in the middle of a DPDK call.
    pub(crate) fn is_quiet(&self) -> bool {
        let waits = |lcore: &LcoreId| {
            // SAFETY: reads the state of an lcore that there is.
            unsafe { dpdk_sys::rte_eal_get_lcore_state(lcore.0) == dpdk_sys::WAIT }
        };
        self.on_main_lcore() && self.worker_lcores().iter().all(waits)
    }

    /// Runs `work` on a worker lcore, on the thread that EAL pinned there.
    ///
    /// # Errors
    /// [`LcoreError::Unknown`] or [`LcoreError::Busy`]; `work` is dropped then.
    ///
    /// Source: `rte_launch.h`, `rte_eal_remote_launch`.
    pub fn launch<F, T>(&self, lcore: LcoreId, work: F) -> Result<Running<T>, LcoreError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if !self.worker_lcores().contains(&lcore) {
            return Err(LcoreError::Unknown(lcore));
        }
        if !self.on_main_lcore() {
            return Err(LcoreError::NotMain(lcore));
        }
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let job: Job = Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(work));
            *slot.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(outcome);
        });
        let job = Box::into_raw(Box::new(job));
        // SAFETY: `job` comes from Box::into_raw and `run` takes it back exactly once; this is the main lcore, as
        // `rte_launch.h` asks.
        let rc =
            unsafe { dpdk_sys::rte_eal_remote_launch(Some(run), job.cast::<c_void>(), lcore.0) };
        if rc != 0 {
            // SAFETY: the launch was refused, so nobody else has the pointer.
            drop(unsafe { Box::from_raw(job) });
            return Err(LcoreError::Busy { lcore, reason: errno_text(rc) });
        }
        Ok(Running { lcore, result, _eal: self.clone() })
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// What the lcore's thread calls: takes the job and runs it.
unsafe extern "C" fn run(job: *mut c_void) -> c_int {
    // SAFETY: `Eal::launch` passed a pointer from Box::into_raw of this very type, once.
    let job = unsafe { Box::from_raw(job.cast::<Job>()) };
    job();
    0
}

/// Work that runs on an lcore. Dropping this waits for its end.
pub struct Running<T> {
    lcore: LcoreId,
    /// The lcore's thread is EAL's: EAL stays while it runs.
    _eal: Eal,
    result: Arc<Mutex<Option<std::thread::Result<T>>>>,
}

impl<T> Running<T> {
    /// The lcore it runs on.
    pub fn lcore(&self) -> LcoreId {
        self.lcore
    }

    /// Whether the work has ended.
    pub fn has_ended(&self) -> bool {
        self.result.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).is_some()
    }

    /// Waits until the work has ended and returns what it returned.
    ///
    /// # Errors
    /// [`LcoreError::Panicked`].
    pub fn join(self) -> Result<T, LcoreError> {
        self.wait();
        let outcome = self.result.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        match outcome {
            Some(Ok(value)) => Ok(value),
            Some(Err(panic)) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let message =
                    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                Err(LcoreError::Panicked { lcore: self.lcore, message })
            }
            None => Err(LcoreError::Panicked {
                lcore: self.lcore,
                message: "it left no result".to_owned(),
            }),
        }
    }
}

impl<T> Running<T> {
    fn wait(&self) {
        // SAFETY: waits for an lcore that `Eal::launch` found to be a worker.
        unsafe { dpdk_sys::rte_eal_wait_lcore(self.lcore.0) };
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.wait();
    }
}

/// The timestamp counter now, in cycles of [`cycles_hz`].
#[inline]
pub fn cycles() -> u64 {
    // SAFETY: reads a counter.
    unsafe { dpdk_sys::pw_rdtsc() }
}

/// The timestamp counter's frequency as EAL measured it; zero before EAL's start.
pub fn cycles_hz() -> u64 {
    // SAFETY: reads a variable of EAL.
    unsafe { dpdk_sys::rte_get_tsc_hz() }
}
