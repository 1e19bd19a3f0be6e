//! Header views over bytes, checksums, and the flow hash.
//!
//! A view is made by `new_checked`, which looks at the length once; no accessor can panic afterwards, whatever the
//! bytes. Each file's `field` module says where the fields lie. Only what a mode, the generator or the flow hash reads
//! has an accessor.

pub mod arp;
pub mod checksum;
pub mod ethernet;
pub mod flow;
pub mod icmp;
pub mod ipv4;
pub mod ipv6;
pub mod segmentation;
pub mod transport;
pub mod tunnel;
pub mod vlan;

use std::ops::Range;

/// Copies a field out; its range is as long as the array and lies within what `new_checked` measured.
fn read<const N: usize>(bytes: &[u8], field: Range<usize>) -> [u8; N] {
    let mut value = [0; N];
    value.copy_from_slice(&bytes[field]);
    value
}
