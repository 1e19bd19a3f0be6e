//! Two in-process ports joined by rings: what one sends, the other receives.

use super::{Port, PortError, PortId, Stopped};
use crate::eal::{Eal, errno_text, last_errno};
use crate::lcore::SocketId;
use dpdk_sys::{rte_mbuf, rte_ring};
use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::Arc;

/// A ring that DPDK's ring device uses as a queue; freed when both ports that share it are gone.
#[derive(Clone)]
pub(super) struct PortRing(Arc<Raw>);

struct Raw(NonNull<rte_ring>);

// SAFETY: only the device touches the ring while its ports live; the last handle frees it.
unsafe impl Send for Raw {}
// SAFETY: as above.
unsafe impl Sync for Raw {}

impl Drop for Raw {
    fn drop(&mut self) {
        let mut mbuf: *mut rte_mbuf = std::ptr::null_mut();
        // SAFETY: both ports are closed; packets still in the ring are this handle's to free, then the ring itself.
        unsafe {
            let (ring, size) = (self.0.as_ptr(), size_of::<*mut rte_mbuf>() as u32);
            while dpdk_sys::pw_ring_dequeue_burst(ring, (&raw mut mbuf).cast(), size, 1) == 1 {
                dpdk_sys::rte_pktmbuf_free_bulk(&mut mbuf, 1);
            }
            dpdk_sys::rte_ring_free(ring);
        }
    }
}

/// Makes two ports named `net_ring_NAME_a` and `net_ring_NAME_b` with `queues` queues each; queue N of one leads to queue N of the
/// other through a ring.
///
/// `slots` are those of the rings to the first and to the second port, powers of two.
///
/// The rings are single-producer, single-consumer: as with any port, one lcore uses a queue.
///
/// # Errors
/// [`PortError::Probe`].
///
/// Source: `rte_eth_ring.h`, `rte_eth_from_rings`.
pub fn wire_pair(
    eal: &Eal,
    name: &str,
    queues: u16,
    slots: (u32, u32),
    socket: SocketId,
) -> Result<(Port<Stopped>, Port<Stopped>), PortError> {
    let refused = |reason: String| PortError::Probe { device: name.to_owned(), reason };
    let rings = |direction: &str, slots: u32| -> Result<Vec<PortRing>, PortError> {
        (0..queues)
            .map(|queue| {
                ring(&format!("{name}_{direction}{queue}"), slots, socket).map_err(refused)
            })
            .collect()
    };
    let (to_a, to_b) = (rings("a", slots.0)?, rings("b", slots.1)?);
    let port = |end: &str, rx: &[PortRing], tx: &[PortRing]| {
        let c_name =
            CString::new(format!("{name}_{end}")).map_err(|_| refused("a NUL byte".to_owned()))?;
        let raw = |rings: &[PortRing]| -> Vec<*mut rte_ring> {
            rings.iter().map(|ring| ring.0.0.as_ptr()).collect()
        };
        let (rx_raw, tx_raw) = (raw(rx), raw(tx));
        let (count, node) = (u32::from(queues), socket.0.max(0) as u32);
        // SAFETY: both arrays have `count` rings, which live as long as the port because it keeps handles to them.
        let id = unsafe {
            dpdk_sys::rte_eth_from_rings(
                c_name.as_ptr(),
                rx_raw.as_ptr(),
                count,
                tx_raw.as_ptr(),
                count,
                node,
            )
        };
        let id = u16::try_from(id).map_err(|_| refused(errno_text(last_errno())))?;
        Port::claim(eal, PortId(id), true, [rx, tx].concat())
    };
    Ok((port("a", &to_a, &to_b)?, port("b", &to_b, &to_a)?))
}

fn ring(name: &str, slots: u32, socket: SocketId) -> Result<PortRing, String> {
    let name = CString::new(name).map_err(|_| "its name holds a NUL byte".to_owned())?;
    let flags = dpdk_sys::RING_F_SP_ENQ | dpdk_sys::RING_F_SC_DEQ;
    // SAFETY: EAL runs (the caller holds a handle); the name is copied by the call.
    let raw = unsafe {
        let size = size_of::<*mut rte_mbuf>() as u32;
        dpdk_sys::rte_ring_create_elem(name.as_ptr(), size, slots, socket.0, flags)
    };
    NonNull::new(raw)
        .map(|raw| PortRing(Arc::new(Raw(raw))))
        .ok_or_else(|| errno_text(last_errno()))
}
