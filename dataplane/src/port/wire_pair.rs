//! Two in-process ports joined by rings: what one sends, the other receives.

use super::{Port, PortError, PortId, Stopped};
use crate::eal::{Eal, errno_text, last_errno};
use crate::lcore::SocketId;
use crate::mbuf::Mbuf;
use crate::ring::{Single, Slots, Users};
use dpdk_sys::rte_ring;
use std::ffi::CString;
use std::sync::Arc;

/// A ring that DPDK's ring device uses as a queue; both ports that share it keep it, and with it what is left in it.
pub(super) type PortRing = Arc<Slots<Mbuf>>;

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
            .map(|queue| ring(eal, &format!("{name}_{direction}{queue}"), slots, socket))
            .collect()
    };
    let (to_a, to_b) = (rings("a", slots.0)?, rings("b", slots.1)?);
    let port = |end: &str, rx: &[PortRing], tx: &[PortRing]| {
        let c_name =
            CString::new(format!("{name}_{end}")).map_err(|_| refused("a NUL byte".to_owned()))?;
        let raw = |rings: &[PortRing]| -> Vec<*mut rte_ring> {
            rings.iter().map(|ring| ring.as_raw()).collect()
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

/// A ring for one lcore at each end.
fn ring(eal: &Eal, name: &str, slots: u32, socket: SocketId) -> Result<PortRing, PortError> {
    let flags = Single::PRODUCER | Single::CONSUMER;
    let made = Slots::new(eal, name, slots, socket, flags).map(Arc::new);
    made.map_err(|error| PortError::Probe { device: name.to_owned(), reason: error.to_string() })
}
