//! Features of virtio and of the vhost-user protocol, by their names.

use dataplane::port::TakesLong;
use serde::Serialize;
use std::fmt;

/// Virtio features that librte_vhost or its guests know, by their bits, in the specification's words without
/// `VIRTIO_NET_F_`, `VIRTIO_F_` and `VIRTIO_RING_F_`.
///
/// Source: the virtio specification 1.2, 5.1.3 and 6; `rte_vhost.h`, `linux/vhost_types.h`.
const FEATURES: [(u32, &str); 31] = [
    (0, "csum"),
    (1, "guest_csum"),
    (3, "mtu"),
    (5, "mac"),
    (6, "gso"),
    (7, "guest_tso4"),
    (8, "guest_tso6"),
    (9, "guest_ecn"),
    (10, "guest_ufo"),
    (11, "host_tso4"),
    (12, "host_tso6"),
    (13, "host_ecn"),
    (14, "host_ufo"),
    (15, "mrg_rxbuf"),
    (16, "status"),
    (17, "ctrl_vq"),
    (18, "ctrl_rx"),
    (19, "ctrl_vlan"),
    (21, "guest_announce"),
    (22, "mq"),
    (26, "log_all"),
    (27, "any_layout"),
    (28, "indirect_desc"),
    (29, "event_idx"),
    (30, "protocol_features"),
    (32, "version_1"),
    (33, "access_platform"),
    (34, "packed_vq"),
    (35, "in_order"),
    (36, "order_platform"),
    (38, "notification_data"),
];

/// Features of the vhost-user protocol, by their bits, without `VHOST_USER_PROTOCOL_F_`.
///
/// Source: QEMU, `docs/interop/vhost-user.rst`, "Protocol features".
const PROTOCOL_FEATURES: [(u32, &str); 17] = [
    (0, "mq"),
    (1, "log_shmfd"),
    (2, "rarp"),
    (3, "reply_ack"),
    (4, "mtu"),
    (5, "backend_req"),
    (6, "cross_endian"),
    (7, "crypto_session"),
    (8, "pagefault"),
    (9, "config"),
    (10, "backend_send_fd"),
    (11, "host_notifier"),
    (12, "inflight_shmfd"),
    (13, "reset_device"),
    (14, "inband_notifications"),
    (15, "configure_mem_slots"),
    (16, "status"),
];

/// The names of the virtio features whose bits are set.
pub fn feature_names(bits: u64) -> Vec<String> {
    names(&FEATURES, bits)
}

/// The names of the protocol's features whose bits are set.
pub fn protocol_feature_names(bits: u64) -> Vec<String> {
    names(&PROTOCOL_FEATURES, bits)
}

fn names(known: &[(u32, &str)], bits: u64) -> Vec<String> {
    let name = |bit: u32| match known.iter().find(|(known, _)| *known == bit) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("bit {bit}"),
    };
    (0..u64::BITS).filter(|bit| has(bits, *bit)).map(name).collect()
}

fn has(bits: u64, bit: u32) -> bool {
    bits & 1 << bit != 0
}

/// How the rings of a guest are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RingFormat {
    /// Descriptors, and two rings of their numbers.
    Split,
    /// One ring of descriptors.
    Packed,
}

impl RingFormat {
    /// The format of those who have negotiated these features.
    pub fn of(features: u64) -> Self {
        if has(features, 34) { Self::Packed } else { Self::Split }
    }
}

impl fmt::Display for RingFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Split => "split",
            Self::Packed => "packed",
        })
    }
}

/// Which TCP packets longer than a segment a guest takes that has negotiated these features.
pub(crate) fn takes_long(features: u64) -> TakesLong {
    TakesLong { ipv4: has(features, 7), ipv6: has(features, 8) }
}

/// Whether the guest's addresses are translated by an IOMMU of its own.
pub(crate) fn has_iommu(features: u64) -> bool {
    has(features, 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_have_the_specifications_names() {
        assert_eq!(
            feature_names(1 | 1 << 15 | 1 << 34 | 1 << 63),
            ["csum", "mrg_rxbuf", "packed_vq", "bit 63"]
        );
        assert_eq!(protocol_feature_names(1 << 3 | 1 << 4), ["reply_ack", "mtu"]);
        assert_eq!(feature_names(0), [""; 0]);
        assert_eq!(RingFormat::of(1 << 34), RingFormat::Packed);
        assert_eq!(RingFormat::of(!(1 << 34)), RingFormat::Split);
    }
}
