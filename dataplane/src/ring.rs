//! Rings between lcores: `rte_ring` with typed ends.
//!
//! A ring is made as a pair of ends. Its two type parameters say how many lcores may use each end: a [`Single`] end is one
//! value that cannot be cloned, a [`Multi`] end can be cloned and shared. Elements move by value; what is left in a
//! ring when both ends are gone is dropped.
#![allow(unsafe_code)]

use crate::batch::Batch;
use crate::eal::{Eal, errno_text, last_errno};
use crate::lcore::SocketId;
use crate::mbuf::Mbuf;
use dpdk_sys::rte_ring;
use std::ffi::{CString, c_void};
use std::marker::PhantomData;
use std::mem::{MaybeUninit, size_of};
use std::ptr::NonNull;
use std::sync::Arc;

/// Why a ring could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// The size is not a power of two.
    #[error("the ring '{name}' cannot have {size} slots: give a power of two, such as 1024")]
    Size {
        /// The ring's name.
        name: String,
        /// Slots asked for.
        size: u32,
    },
    /// DPDK refused.
    #[error(
        "the ring '{name}' of {size} slots ({} KiB) could not be made: {reason}; give it fewer slots or EAL more \
         memory (-m)",
        u64::from(*size) / 128
    )]
    Create {
        /// The ring's name.
        name: String,
        /// Slots asked for.
        size: u32,
        /// The errno's text.
        reason: String,
    },
}

/// One lcore uses this end.
pub struct Single;
/// Any number of lcores use this end, each with a clone of its own.
pub struct Multi;

/// How many lcores use an end of a ring: [`Single`] or [`Multi`].
pub trait Users: sealed::Sealed {
    /// `rte_ring_create`'s flag if this is the producers' end.
    const PRODUCER: u32;
    /// `rte_ring_create`'s flag if this is the consumers' end.
    const CONSUMER: u32;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Single {}
    impl Sealed for super::Multi {}
}

impl Users for Single {
    const PRODUCER: u32 = dpdk_sys::RING_F_SP_ENQ;
    const CONSUMER: u32 = dpdk_sys::RING_F_SC_DEQ;
}

impl Users for Multi {
    const PRODUCER: u32 = 0;
    const CONSUMER: u32 = 0;
}

/// The end that elements enter.
pub struct Producer<T: Send + 'static, U: Users>(Arc<Slots<T>>, PhantomData<U>);

/// The end that elements leave.
pub struct Consumer<T: Send + 'static, U: Users>(Arc<Slots<T>>, PhantomData<U>);

/// The ring itself, shared by its ends.
pub(crate) struct Slots<T> {
    raw: NonNull<rte_ring>,
    _eal: Eal,
    _elements: PhantomData<T>,
}

// SAFETY: the ends keep DPDK's thread rule (`rte_ring.h`): an end without lock-step for several users is one value that
// cannot be cloned and needs `&mut`. Elements are `Send`.
unsafe impl<T: Send> Send for Slots<T> {}
// SAFETY: as above; nothing but its size is reachable through a shared reference.
unsafe impl<T: Send> Sync for Slots<T> {}

/// Both ends of one ring.
pub type Ends<T, P, C> = (Producer<T, P>, Consumer<T, C>);

/// Makes a ring of `size` slots, of which one stays free, and returns its ends.
///
/// `T` must be a multiple of four bytes long, which the compiler checks.
///
/// # Errors
/// [`RingError`].
///
/// Source: `rte_ring_elem.h`, `rte_ring_create_elem`.
pub fn ring<T: Send + 'static, P: Users, C: Users>(
    eal: &Eal,
    name: &str,
    size: u32,
    socket: SocketId,
) -> Result<Ends<T, P, C>, RingError> {
    let slots = Arc::new(Slots::new(eal, name, size, socket, P::PRODUCER | C::CONSUMER)?);
    Ok((Producer(Arc::clone(&slots), PhantomData), Consumer(slots, PhantomData)))
}

impl<T: Send> Slots<T> {
    const ELEMENT: u32 = {
        assert!(
            size_of::<T>() > 0 && size_of::<T>().is_multiple_of(4),
            "ring elements are multiples of four bytes"
        );
        size_of::<T>() as u32
    };

    pub(crate) fn new(
        eal: &Eal,
        name: &str,
        size: u32,
        socket: SocketId,
        flags: u32,
    ) -> Result<Self, RingError> {
        if !size.is_power_of_two() {
            return Err(RingError::Size { name: name.to_owned(), size });
        }
        let refused = |reason| RingError::Create { name: name.to_owned(), size, reason };
        let c_name =
            CString::new(name).map_err(|_| refused("its name holds a NUL byte".to_owned()))?;
        // SAFETY: EAL runs, and the name is copied by the call.
        let raw = unsafe {
            dpdk_sys::rte_ring_create_elem(c_name.as_ptr(), Self::ELEMENT, size, socket.0, flags)
        };
        let raw = NonNull::new(raw).ok_or_else(|| refused(errno_text(last_errno())))?;
        Ok(Self { raw, _eal: eal.clone(), _elements: PhantomData })
    }

    pub(crate) fn as_raw(&self) -> *mut rte_ring {
        self.raw.as_ptr()
    }

    fn dequeue(&self) -> Option<T> {
        let mut element = MaybeUninit::<T>::uninit();
        // SAFETY: room for one element; it is initialised if one was dequeued, and the ring has forgotten it then.
        unsafe {
            let got = dpdk_sys::pw_ring_dequeue_burst(
                self.as_raw(),
                element.as_mut_ptr().cast::<c_void>(),
                Self::ELEMENT,
                1,
            );
            (got == 1).then(|| element.assume_init())
        }
    }
}

impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        let mut element = MaybeUninit::<T>::uninit();
        // SAFETY: both ends are gone, so this is the ring's only user; each element is taken out and dropped once.
        unsafe {
            let (raw, size) = (self.raw.as_ptr(), size_of::<T>() as u32);
            while dpdk_sys::pw_ring_dequeue_burst(
                raw,
                element.as_mut_ptr().cast::<c_void>(),
                size,
                1,
            ) == 1
            {
                element.assume_init_drop();
            }
            dpdk_sys::rte_ring_free(raw);
        }
    }
}

impl<T: Send, U: Users> Producer<T, U> {
    /// Adds one element, or gives it back if the ring is full.
    ///
    /// # Errors
    /// The element itself.
    #[inline]
    pub fn enqueue(&mut self, element: T) -> Result<(), T> {
        let element = std::mem::ManuallyDrop::new(element);
        // SAFETY: the element is copied into the ring and forgotten here, or not copied and given back.
        let sent = unsafe {
            let from = (&raw const element).cast::<c_void>();
            dpdk_sys::pw_ring_enqueue_burst(self.0.as_raw(), from, Slots::<T>::ELEMENT, 1)
        };
        if sent == 1 { Ok(()) } else { Err(std::mem::ManuallyDrop::into_inner(element)) }
    }

    /// Takes leading elements out of `elements`, as many as fit; returns how many.
    pub fn enqueue_burst(&mut self, elements: &mut Vec<T>) -> usize {
        self.take_from(elements, dpdk_sys::pw_ring_enqueue_burst)
    }

    /// Takes all of `elements`, or none if they do not all fit.
    pub fn enqueue_bulk(&mut self, elements: &mut Vec<T>) -> bool {
        elements.is_empty() || self.take_from(elements, dpdk_sys::pw_ring_enqueue_bulk) > 0
    }

    fn take_from(&mut self, elements: &mut Vec<T>, enqueue: Enqueue) -> usize {
        let count = elements.len();
        // SAFETY: the ring copies leading elements; they leave the vector without being dropped, the rest moves up.
        unsafe {
            let from = elements.as_mut_ptr();
            let sent =
                enqueue(self.0.as_raw(), from.cast::<c_void>(), Slots::<T>::ELEMENT, count as u32)
                    as usize;
            elements.set_len(0);
            std::ptr::copy(from.add(sent), from, count - sent);
            elements.set_len(count - sent);
            sent
        }
    }
}

type Enqueue = unsafe extern "C" fn(*mut rte_ring, *const c_void, u32, u32) -> u32;
type Dequeue = unsafe extern "C" fn(*mut rte_ring, *mut c_void, u32, u32) -> u32;

impl<T: Send, U: Users> Consumer<T, U> {
    /// Takes the oldest element.
    #[inline]
    pub fn dequeue(&mut self) -> Option<T> {
        self.0.dequeue()
    }

    /// Appends up to `limit` elements to `elements`, within its capacity, so without allocation; returns how many.
    pub fn dequeue_burst(&mut self, elements: &mut Vec<T>, limit: usize) -> usize {
        let limit = limit.min(elements.capacity() - elements.len());
        self.append_to(elements, limit, dpdk_sys::pw_ring_dequeue_burst)
    }

    /// Appends exactly `count` elements, or none if there are fewer or the vector's capacity does not hold them.
    pub fn dequeue_bulk(&mut self, elements: &mut Vec<T>, count: usize) -> bool {
        let fits = count <= elements.capacity() - elements.len();
        count == 0 || fits && self.append_to(elements, count, dpdk_sys::pw_ring_dequeue_bulk) > 0
    }

    fn append_to(&mut self, elements: &mut Vec<T>, limit: usize, dequeue: Dequeue) -> usize {
        // SAFETY: the vector has room for `limit` more; those that the ring wrote are initialised and now the vector's.
        unsafe {
            let spare = elements.spare_capacity_mut().as_mut_ptr().cast::<c_void>();
            let got = dequeue(self.0.as_raw(), spare, Slots::<T>::ELEMENT, limit as u32) as usize;
            elements.set_len(elements.len() + got);
            got
        }
    }
}

impl<U: Users> Producer<Mbuf, U> {
    /// Takes leading packets out of `batch`, as many as fit; returns how many.
    #[inline]
    pub fn enqueue_batch(&mut self, batch: &mut Batch) -> usize {
        // SAFETY: the ring owns the packets that it copied; `Mbuf` is a transparent pointer, so the ring's elements are
        // what a batch's slots are.
        unsafe {
            batch.take_with(|mbufs, count| {
                let (raw, size) = (self.0.as_raw(), Slots::<Mbuf>::ELEMENT);
                let from = mbufs.cast::<c_void>();
                let taken = dpdk_sys::pw_ring_enqueue_burst(raw, from, size, u32::from(count));
                (taken as usize, usize::from(count))
            })
        }
    }
}

impl<U: Users> Consumer<Mbuf, U> {
    /// Adds up to `limit` packets to `batch`; returns how many.
    #[inline]
    pub fn dequeue_batch(&mut self, batch: &mut Batch, limit: usize) -> usize {
        // SAFETY: as for `enqueue_batch`, the other way round.
        unsafe {
            batch.fill_with(limit, |mbufs, limit| {
                let (raw, size) = (self.0.as_raw(), Slots::<Mbuf>::ELEMENT);
                dpdk_sys::pw_ring_dequeue_burst(raw, mbufs.cast::<c_void>(), size, u32::from(limit))
                    as usize
            })
        }
    }
}

impl<T: Send> Clone for Producer<T, Multi> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<T: Send> Clone for Consumer<T, Multi> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}
