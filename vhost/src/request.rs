//! Requests of the vhost-user protocol, by their numbers and names.
//!
//! Source: QEMU, `docs/interop/vhost-user.rst`, "Front-end message types".

/// It tells the guest's memory.
pub(crate) const SET_MEM_TABLE: u32 = 5;
/// It tells how many descriptors a ring has.
pub(crate) const SET_VRING_NUM: u32 = 8;
/// It tells which descriptor of a ring is next.
pub(crate) const SET_VRING_BASE: u32 = 10;

/// Requests that end a guest's use of its rings.
pub(crate) const STOPPING: [u32; 2] = [4, 11];

/// From 1.
const NAMES: [&str; 24] = [
    "GET_FEATURES",
    "SET_FEATURES",
    "SET_OWNER",
    "RESET_OWNER",
    "SET_MEM_TABLE",
    "SET_LOG_BASE",
    "SET_LOG_FD",
    "SET_VRING_NUM",
    "SET_VRING_ADDR",
    "SET_VRING_BASE",
    "GET_VRING_BASE",
    "SET_VRING_KICK",
    "SET_VRING_CALL",
    "SET_VRING_ERR",
    "GET_PROTOCOL_FEATURES",
    "SET_PROTOCOL_FEATURES",
    "GET_QUEUE_NUM",
    "SET_VRING_ENABLE",
    "SEND_RARP",
    "NET_SET_MTU",
    "SET_BACKEND_REQ_FD",
    "IOTLB_MSG",
    "SET_VRING_ENDIAN",
    "GET_CONFIG",
];

/// A request's name, if it is a known one.
pub(crate) fn name(request: u32) -> Option<&'static str> {
    NAMES.get(usize::try_from(request).ok()?.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_their_numbers() {
        let named = [SET_MEM_TABLE, SET_VRING_NUM, SET_VRING_BASE, 11, 18].map(name);
        let names = [
            "SET_MEM_TABLE",
            "SET_VRING_NUM",
            "SET_VRING_BASE",
            "GET_VRING_BASE",
            "SET_VRING_ENABLE",
        ];
        assert_eq!(named, names.map(Some));
        assert_eq!([0, 25, u32::MAX].map(name), [None; 3]);
    }
}
