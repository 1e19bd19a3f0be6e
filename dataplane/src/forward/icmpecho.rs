//! `icmpecho`: answers ARP requests and ICMP echo requests, and ends everything else.
//!
//! ```text
//! before  dst=D src=S [ip src=A dst=B] icmp type=8 …     dst=D src=S arp request A asks for B
//! after   dst=S src=D [ip src=B dst=A] icmp type=0 …     dst=S src=the egress port's arp reply, B is at it
//! ```
//!
//! Any address that is asked for is answered. One VLAN tag is looked behind and stays.

use super::{Context, DropReason, Fate, Made, Mode, StreamContext};
use crate::batch::Batch;
use crate::wire::arp::ArpRequest;
use crate::wire::checksum::Sum;
use crate::wire::ethernet::{EtherType, Frame, HEADER_LEN, MacAddr};
use crate::wire::icmp;

const TAG: usize = 4;
const IPV4: usize = 20;
const ICMP: u8 = 1;

/// Answers for every address.
struct Icmpecho {
    own: MacAddr,
}

/// A mode that answers ARP requests with the egress port's address.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    Ok(Some(Box::new(Icmpecho { own: stream.egress.mac })))
}

impl Mode for Icmpecho {
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        context.settle(batch, |mbuf| match mbuf.data_mut() {
            Some(bytes) => match answer(bytes, self.own) {
                Some(()) => Fate::Send,
                None => Fate::Done,
            },
            None => Fate::Drop(DropReason::Shared),
        });
    }
}

/// Makes a request its answer; `None` for what is none, and is left as it was.
fn answer(bytes: &mut [u8], own: MacAddr) -> Option<()> {
    let frame = Frame::new_checked(&*bytes)?;
    let (mut ethertype, mut payload) = (frame.ethertype(), HEADER_LEN);
    if ethertype == EtherType::VLAN {
        let [_, _, high, low] = *bytes.get(HEADER_LEN..)?.first_chunk::<TAG>()?;
        ethertype = EtherType(u16::from_be_bytes([high, low]));
        payload += TAG;
    }
    let (ethernet, packet) = bytes.split_at_mut_checked(payload)?;
    let mut frame = Frame::new_checked(ethernet)?;
    match ethertype {
        EtherType::ARP => {
            ArpRequest::new_checked(packet)?.answer(own);
            let mut addresses = [0; 12];
            addresses[..6].copy_from_slice(&frame.src().0);
            addresses[6..].copy_from_slice(&own.0);
            frame.set_addresses(addresses);
        }
        EtherType::IPV4 => {
            answer_echo(packet)?;
            frame.swap_addresses();
        }
        _ => return None,
    }
    Some(())
}

/// Options of the IPv4 header are not looked for, as in testpmd: with some, the packet is no request.
fn answer_echo(packet: &mut [u8]) -> Option<()> {
    let (ip, echo) = packet.split_first_chunk_mut::<IPV4>()?;
    let (echo, _) = echo.split_first_chunk_mut::<8>()?;
    if ip[9] != ICMP || echo[..2] != [icmp::ECHO, 0] {
        return None;
    }
    let (src, dst) = ip[12..20].split_at_mut(4);
    src.swap_with_slice(dst);
    // A group does not answer; its members do, and one of the sender's network stands for them, as in testpmd.
    if src[0] == 0xe0 {
        src.copy_from_slice(dst);
        src[3] = (src[3] & !3) | if src[3] & 3 == 1 { 2 } else { 1 };
        ip[10..12].fill(0);
        let sum = Sum::new().bytes(ip).checksum();
        ip[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    icmp::turn(echo.first_chunk_mut()?, icmp::ECHO_REPLY);
    Some(())
}
