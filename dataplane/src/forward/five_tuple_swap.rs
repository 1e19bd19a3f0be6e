//! `5tswap`: exchanges source and destination of Ethernet, of IPv4 or IPv6 and of TCP or UDP.
//!
//! ```text
//! before  dst=D src=S … [ip src=A dst=B] [udp src=P dst=Q] …
//! after   dst=S src=D … [ip src=B dst=A] [udp src=Q dst=P] …
//! ```
//!
//! No checksum changes: the sums that they are made of have the same summands. A header that is cut stays as it is.

use super::{Context, DropReason, Fate, Made, Mode, StreamContext};
use crate::batch::Batch;
use crate::wire::ethernet::{EtherType, Frame};

const TAG: usize = 4;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Exchanges what each layer has twice.
struct FiveTupleSwap;

/// A mode for any stream.
pub(super) fn make(_stream: &StreamContext<'_>) -> Made {
    Ok(Some(Box::new(FiveTupleSwap)))
}

impl Mode for FiveTupleSwap {
    #[inline]
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        context.settle(batch, |mbuf| {
            let Some(bytes) = mbuf.data_mut() else { return Fate::Drop(DropReason::Shared) };
            let Some(mut frame) = Frame::new_checked(&mut *bytes) else {
                return Fate::Drop(DropReason::Truncated);
            };
            let ethertype = frame.ethertype();
            frame.swap_addresses();
            if let Some(payload) = bytes.get_mut(14..) {
                swap_layers(ethertype, payload);
            }
            Fate::Send
        });
    }
}

/// Exchanges addresses and ports of what a frame carries, as far as it is known and whole.
#[inline]
fn swap_layers(mut ethertype: EtherType, mut bytes: &mut [u8]) {
    // testpmd looks behind as many tags as there are.
    while matches!(ethertype, EtherType::VLAN | EtherType::PROVIDER_VLAN) {
        let Some(([_, _, high, low], behind)) = bytes.split_first_chunk_mut::<TAG>() else {
            return;
        };
        ethertype = EtherType(u16::from_be_bytes([*high, *low]));
        bytes = behind;
    }
    match ethertype {
        EtherType::IPV4 => swap_ipv4(bytes),
        EtherType::IPV6 => swap_ipv6(bytes),
        _ => {}
    }
}

fn swap_ipv4(bytes: &mut [u8]) {
    let Some((header, _)) = bytes.split_first_chunk_mut::<20>() else { return };
    swap_halves(&mut header[12..20]);
    let (length, protocol) = (usize::from(header[0] & 0xf) * 4, header[9]);
    if length >= 20
        && let Some(behind) = bytes.get_mut(length..)
    {
        swap_ports(protocol, behind);
    }
}

fn swap_ipv6(bytes: &mut [u8]) {
    let Some((header, behind)) = bytes.split_first_chunk_mut::<40>() else { return };
    swap_halves(&mut header[8..40]);
    swap_ports(header[6], behind);
}

fn swap_ports(protocol: u8, bytes: &mut [u8]) {
    if matches!(protocol, TCP | UDP)
        && let Some(ports) = bytes.get_mut(..4)
    {
        swap_halves(ports);
    }
}

fn swap_halves(bytes: &mut [u8]) {
    let (first, second) = bytes.split_at_mut(bytes.len() / 2);
    first.swap_with_slice(second);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_exchanged_without_a_panic_and_twice_is_as_before(
            ethertype in prop::sample::select(vec![0x0800_u16, 0x86dd, 0x8100, 0x88a8, 0x1234]),
            before: Vec<u8>,
        ) {
            let mut bytes = before.clone();
            swap_layers(EtherType(ethertype), &mut bytes);
            swap_layers(EtherType(ethertype), &mut bytes);
            prop_assert_eq!(bytes, before);
        }
    }
}
