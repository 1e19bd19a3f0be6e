//! What happens when memory is not there that librte_vhost reaches for on a guest's word.
//!
//! A guest may shrink the file that its memory lies in, and librte_vhost may be left with rings whose memory it has unmapped,
//! or with a place past a ring's end (`guests` has these cases). The access is then a fault, which would end the whole process
//! for the deed of one guest. Instead, empty memory takes the place of what is not there: the access is repeated, reads zeros,
//! in which no descriptor is available, and the guest is let go of by the control thread.

use std::ffi::{c_int, c_void};
use std::fs;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// Sizes of pages that memory can be mapped in, from small to large: in place of a large page there can only be one.
const PAGES: [usize; 3] = [1 << 12, 1 << 21, 1 << 30];
/// Below this is where null pointers point; nothing is ever mapped there.
const LOWEST: usize = 1 << 16;

/// Where the last access to memory was that is not there; 0 if there was none since it was asked.
static GONE: AtomicU64 = AtomicU64::new(0);
/// Where librte_vhost's code is, which reaches for guests' memory.
static CODE: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];
/// The faults, and what was to happen of them before.
static FAULTS: [(c_int, AtomicPtr<libc::sigaction>); 2] = [
    (libc::SIGBUS, AtomicPtr::new(ptr::null_mut())),
    (libc::SIGSEGV, AtomicPtr::new(ptr::null_mut())),
];

/// Bears from now on what a guest does to its memory.
///
/// Source: sigaction(2); mmap(2), "SIGBUS".
pub(crate) fn bear() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some((start, end)) = code_of("librte_vhost.so") else { return };
        CODE[0].store(start, Ordering::Relaxed);
        CODE[1].store(end, Ordering::Relaxed);
        for (signal, before) in &FAULTS {
            let room = Box::leak(Box::new(MaybeUninit::<libc::sigaction>::zeroed())).as_mut_ptr();
            before.store(room, Ordering::Release);
            // SAFETY: an all-zero sigaction is a valid one; the handler is of the signature that SA_SIGINFO asks for, and
            // calls nothing but what a signal handler may.
            unsafe {
                let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
                action.sa_sigaction = fault as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER | libc::SA_ONSTACK;
                libc::sigaction(*signal, &action, room);
            }
        }
    });
}

/// Where an access was to memory that is not there, since this was last asked.
pub(crate) fn gone() -> Option<u64> {
    let address = GONE.swap(0, Ordering::AcqRel);
    (address != 0).then_some(address)
}

/// From where to where a library's code is mapped.
///
/// Source: proc(5), `/proc/pid/maps`.
fn code_of(library: &str) -> Option<(u64, u64)> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.contains(library) && line.contains(" r-xp "))?;
    let (start, end) = line.split(' ').next()?.split_once('-')?;
    Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
}

unsafe extern "C" fn fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel hands over a siginfo of a fault, which has an address, and the context that it was in.
    let (code, address, at) =
        unsafe { ((*info).si_code, (*info).si_addr() as usize, instruction(context.cast())) };
    let in_library =
        (CODE[0].load(Ordering::Relaxed)..CODE[1].load(Ordering::Relaxed)).contains(&at);
    // A file that has become smaller, or nothing at all: what is there and may not be touched is another matter. The control
    // thread reads rings too, and finds smaller files as well.
    let is_borne = match signal {
        libc::SIGBUS => code == libc::BUS_ADRERR,
        _ => code == SEGV_MAPERR && in_library && address >= LOWEST,
    };
    // Memory of DPDK's own is never replaced: packets are in it.
    // SAFETY: the call only compares the address with those of DPDK's memory.
    let is_ours =
        || unsafe { !dpdk_sys::rte_mem_virt2memseg_list(address as *const c_void).is_null() };
    if is_borne && !is_ours() && replace(address, signal == libc::SIGBUS) {
        GONE.store(address as u64, Ordering::Release);
        return;
    }
    // Anything else is what it was: the access is repeated and finds the action that was there before.
    for (of, before) in &FAULTS {
        if *of == signal {
            // SAFETY: the action was written when this handler was installed and is never freed.
            unsafe {
                libc::sigaction(signal, before.load(Ordering::Acquire), ptr::null_mut());
            }
        }
    }
}

/// The kernel's reason for a fault at an address where nothing is mapped (`asm-generic/siginfo.h`).
const SEGV_MAPERR: c_int = 1;

/// The address of the instruction that was carried out.
///
/// # Safety
/// It is the context that a signal handler was given.
unsafe fn instruction(context: *const libc::ucontext_t) -> u64 {
    // SAFETY: the caller's.
    let machine = unsafe { &(*context).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    return machine.gregs[libc::REG_RIP as usize] as u64;
    #[cfg(target_arch = "aarch64")]
    return machine.pc;
}

/// Puts empty memory in place of a page; `is_mapped` says whether something is mapped there that is not readable.
fn replace(address: usize, is_mapped: bool) -> bool {
    let placed = if is_mapped { libc::MAP_FIXED } else { libc::MAP_FIXED_NOREPLACE };
    PAGES.iter().any(|page| {
        let start = address & !(page - 1);
        // SAFETY: either nothing is mapped there, or the page's file has no such part any more: nothing of this process is in
        // it. Where the page is a larger one, the call fails and changes nothing.
        let at = unsafe {
            libc::mmap(
                start as *mut c_void,
                *page,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | placed,
                -1,
                0,
            )
        };
        at != libc::MAP_FAILED
    })
}
