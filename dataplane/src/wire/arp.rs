//! ARP between Ethernet and IPv4 (RFC 826).

use super::ethernet::MacAddr;
use std::net::Ipv4Addr;

/// The size of a packet: what it is, then hardware and protocol address of the sender, and of the target.
const PACKET_BYTES: usize = 28;
/// Ethernet, IPv4, six and four octets, and "request".
const REQUEST: [u8; 8] = [0, 1, 8, 0, 6, 4, 0, 1];
const REPLY: u8 = 2;

/// A request for the hardware address of a protocol address.
pub struct ArpRequest<'a>(&'a mut [u8; PACKET_BYTES]);

impl<'a> ArpRequest<'a> {
    /// The request that `packet`, what follows the Ethernet header, begins with; `None` if it is none.
    pub fn new_checked(packet: &'a mut [u8]) -> Option<Self> {
        let (packet, _) = packet.split_first_chunk_mut()?;
        packet.starts_with(&REQUEST).then_some(Self(packet))
    }

    /// The address that is looked for.
    pub fn target(&self) -> Ipv4Addr {
        let [.., a, b, c, d] = *self.0;
        Ipv4Addr::new(a, b, c, d)
    }

    /// Makes it its reply: who was looked for is at `mac`.
    pub fn answer(self, mac: MacAddr) {
        self.0[7] = REPLY;
        // Sender and target change places.
        self.0[8..].rotate_left(10);
        self.0[8..14].copy_from_slice(&mac.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request() -> Vec<u8> {
        [&REQUEST[..], &[2, 0, 0, 0, 0, 1, 10, 0, 0, 1], &[0; 6], &[10, 0, 0, 2], &[9; 18]].concat()
    }

    #[test]
    fn a_request_becomes_its_reply() {
        let mut packet = request();
        let asked = ArpRequest::new_checked(&mut packet).unwrap();
        assert_eq!(asked.target(), Ipv4Addr::new(10, 0, 0, 2));
        asked.answer(MacAddr([2, 0, 0, 0, 0, 9]));
        let reply = [
            &[0, 1, 8, 0, 6, 4, 0, 2][..],
            &[2, 0, 0, 0, 0, 9, 10, 0, 0, 2],
            &[2, 0, 0, 0, 0, 1, 10, 0, 0, 1],
            &[9; 18],
        ];
        assert_eq!(packet, reply.concat());
        assert!(ArpRequest::new_checked(&mut packet).is_none(), "a reply is no request");
        assert!(ArpRequest::new_checked(&mut request()[..27]).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(mut bytes: Vec<u8>) {
            if let Some(asked) = ArpRequest::new_checked(&mut bytes) {
                asked.answer(MacAddr([0; 6]));
            }
        }
    }
}
