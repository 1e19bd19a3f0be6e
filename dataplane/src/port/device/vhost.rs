//! What is said of a vhost-user port beyond its driver's own options: whose the socket is, and what guests are not offered.

use super::DeviceError;
use serde::Serialize;
use std::ops::RangeInclusive;

/// A vhost-user port's socket and what guests are offered there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VhostSocket {
    /// Its path.
    pub path: String,
    /// Whether the guest listens there, rather than this program.
    pub client: bool,
    /// The user that the socket file is given to: a name or a number.
    pub owner: Option<String>,
    /// The group that the socket file is given to: a name or a number.
    pub group: Option<String>,
    /// The socket file's permissions.
    pub mode: Option<u32>,
    /// Virtio features that guests are not offered, a bit each.
    pub withheld: u64,
}

/// An option that withholds features when it is 0, and their bits: those of the specification's own that it names, and
/// those that may not be offered without them.
///
/// Source: the virtio specification 1.2, 5.1.3 and 6.
const FEATURES: [(&str, &[u32]); 9] = [
    ("packed_vq", &[34]),
    ("in_order", &[35]),
    ("mrg_rxbuf", &[15]),
    ("indirect_desc", &[28]),
    ("event_idx", &[29]),
    ("csum", &[0, 11, 12, 13, 14]),
    ("guest_csum", &[1, 7, 8, 9, 10]),
    ("guest_tso", &[7, 8, 9]),
    ("mtu", &[3]),
];

/// Features that guests are not offered with TSO: that they leave UDP to be cut into fragments, and TCP with a congestion mark that
/// only the first segment may have. A packet does not say so any more once librte_vhost has received it.
const BESIDE_TSO: u64 = 1 << 13 | 1 << 14;

/// How many queue pairs librte_vhost takes (`VHOST_MAX_QUEUE_PAIRS`).
const QUEUE_PAIRS: RangeInclusive<u16> = 1..=128;

/// Takes the options that are Pollway's own out of a `vhost:` port's.
///
/// # Errors
/// [`DeviceError::BadValue`], or one for a socket file that the other end makes.
pub(super) fn take(
    typed: &str,
    options: &mut Vec<(String, String)>,
) -> Result<VhostSocket, DeviceError> {
    let client = options.iter().any(|(key, value)| key == "client" && value != "0");
    let mut socket = VhostSocket { client, ..VhostSocket::default() };
    if options.iter().any(|(key, value)| key == "tso" && value == "1") {
        socket.withheld = BESIDE_TSO;
    }
    let (mut rest, mut wrong) = (Vec::new(), None);
    for (key, value) in options.drain(..) {
        let bad = |takes: &'static str| DeviceError::BadValue {
            typed: typed.to_owned(),
            option: format!("{key}={value}"),
            takes,
        };
        match key.as_str() {
            "owner" | "group" | "mode" if client => {
                let typed = typed.to_owned();
                wrong = wrong.or(Some(DeviceError::SocketOfAnother { typed, option: key }));
            }
            "queues" if !value.parse().is_ok_and(|pairs: u16| QUEUE_PAIRS.contains(&pairs)) => {
                wrong = wrong.or(Some(bad("1 to 128 queue pairs")));
            }
            "owner" => socket.owner = Some(value),
            "group" => socket.group = Some(value),
            "mode" => match u32::from_str_radix(&value, 8) {
                Ok(mode) if mode <= 0o777 => socket.mode = Some(mode),
                _ => wrong = wrong.or(Some(bad("permissions in octal, such as 0660"))),
            },
            _ => match FEATURES.iter().find(|(name, _)| *name == key) {
                Some((_, bits)) => match value.as_str() {
                    "0" => socket.withheld |= bits.iter().fold(0, |all, bit| all | 1 << bit),
                    "1" => {}
                    _ => wrong = wrong.or(Some(bad("0 or 1"))),
                },
                None => rest.push((key, value)),
            },
        }
    }
    *options = rest;
    wrong.map_or(Ok(socket), Err)
}
