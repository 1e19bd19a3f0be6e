//! Keeps what a driver takes down by itself apart from polls and from control calls.
//!
//! A driver hears on EAL's interrupt thread that a peer has gone. net_memif unmaps there what it shared with the peer, while a
//! worker may be in the middle of a burst from it, or the control thread in the middle of closing the port. So:
//!
//! - Whoever polls says so ([`Poller`]). A driver that gives up a peer's events is made to wait until everyone who polls has
//!   been between two bursts since (`dpdk-sys/events.c`); later bursts find the peer gone.
//! - Such a driver's ports are closed on the interrupt thread ([`Eal::between_events`]), between two events.

use super::Eal;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::yield_now;

/// Who polls, by lcore; there from EAL's start to the end of the process.
static POLLERS: AtomicPtr<dpdk_sys::rte_rcu_qsbr> = AtomicPtr::new(ptr::null_mut());

/// A part of that variable, as aligned as a cache line of any processor that DPDK runs on (`RTE_CACHE_LINE_SIZE`).
#[derive(Clone, Copy)]
#[repr(align(128))]
struct Line(#[expect(dead_code, reason = "DPDK's")] [u8; 128]);

/// From now on drivers wait for those who poll. EAL calls it once, before there are ports.
///
/// Source: `rte_rcu_qsbr.h`.
pub(super) fn begin() {
    // SAFETY: computes a size.
    let size = unsafe { dpdk_sys::rte_rcu_qsbr_get_memsize(dpdk_sys::RTE_MAX_LCORE) };
    let lines = vec![Line([0; 128]); size.div_ceil(size_of::<Line>())].leak();
    let memory = lines.as_mut_ptr().cast::<dpdk_sys::rte_rcu_qsbr>();
    // SAFETY: the memory is as large and as aligned as DPDK asks for as many threads, and is never freed.
    unsafe { dpdk_sys::rte_rcu_qsbr_init(memory, dpdk_sys::RTE_MAX_LCORE) };
    POLLERS.store(memory, Ordering::Release);
    // SAFETY: the function can be called on any thread at any time.
    unsafe { dpdk_sys::pw_before_unregister(Some(wait_for_pollers)) };
}

/// Waits until everyone who polls now has been between two bursts.
extern "C" fn wait_for_pollers() {
    let pollers = POLLERS.load(Ordering::Acquire);
    // SAFETY: `begin` made the variable before it named this function, and it stays for ever.
    let token = unsafe { dpdk_sys::pw_rcu_qsbr_start(pollers) };
    // SAFETY: as above. Whoever polls may need this very processor to come to the end of a burst.
    while unsafe { dpdk_sys::pw_rcu_qsbr_check(pollers, token) } == 0 {
        yield_now();
    }
}

/// The calling lcore polls ports until this is dropped there.
pub(crate) struct Poller {
    pollers: *mut dpdk_sys::rte_rcu_qsbr,
    lcore: u32,
}

impl Poller {
    /// From now on; `None` on a thread that is no lcore, which nobody can wait for.
    pub(crate) fn begin() -> Option<Self> {
        // SAFETY: reads a variable of this thread.
        let lcore = unsafe { dpdk_sys::pw_lcore_id() };
        let pollers = POLLERS.load(Ordering::Acquire);
        if pollers.is_null() || lcore >= dpdk_sys::RTE_MAX_LCORE {
            return None;
        }
        // SAFETY: the variable stays for ever and has room for every lcore; each lcore speaks for itself alone.
        unsafe {
            dpdk_sys::rte_rcu_qsbr_thread_register(pollers, lcore);
            dpdk_sys::pw_rcu_qsbr_online(pollers, lcore);
        }
        Some(Self { pollers, lcore })
    }

    /// Says that no burst is under way. Neither a lock nor a system call.
    #[inline]
    pub(crate) fn between_bursts(&self) {
        // SAFETY: this lcore is registered and online, by `begin`.
        unsafe { dpdk_sys::pw_rcu_qsbr_quiescent(self.pollers, self.lcore) };
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        // SAFETY: this lcore is registered and online, by `begin`; the pointer kept the value on its thread.
        unsafe {
            dpdk_sys::pw_rcu_qsbr_offline(self.pollers, self.lcore);
            dpdk_sys::rte_rcu_qsbr_thread_unregister(self.pollers, self.lcore);
        }
    }
}

/// Work for another thread, and where it says that it is done.
struct Errand<'a> {
    work: &'a mut (dyn FnMut() + Send),
    done: Sender<()>,
}

impl Eal {
    /// Does `work` on EAL's interrupt thread while this thread waits: in the meantime no driver hears of an event.
    ///
    /// Source: `rte_alarm.h`, `rte_eal_alarm_set`.
    pub(crate) fn between_events(&self, work: &mut (dyn FnMut() + Send)) {
        let (done, is_done) = channel();
        let mut errand = Errand { work, done };
        let argument = ptr::from_mut(&mut errand).cast::<c_void>();
        // SAFETY: the errand stays in its place until it is done, and nobody else touches it before.
        if unsafe { dpdk_sys::rte_eal_alarm_set(1, Some(run), argument) } == 0 {
            let _ = is_done.recv();
        } else {
            // EAL has no memory for an alarm.
            (errand.work)();
        }
    }
}

/// What the interrupt thread calls.
unsafe extern "C" fn run(errand: *mut c_void) {
    // SAFETY: `between_events` passed its errand, and lets go of it only once it is done.
    let errand = unsafe { &mut *errand.cast::<Errand<'_>>() };
    let done = errand.done.clone();
    (errand.work)();
    let _ = done.send(());
}
