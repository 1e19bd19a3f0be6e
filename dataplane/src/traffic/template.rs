//! The packet of a stream, built once and stamped for each departure.

use super::probe::{PROBE_BYTES, Probe};
use crate::wire::ethernet::MacAddr;
use etherparse::{EtherType, Ethernet2Header, IpNumber, Ipv4Header, UdpHeader};
use std::net::Ipv4Addr;
use std::num::NonZeroU16;
use std::ops::{Range, RangeInclusive};

/// The frame check sequence, which a port adds behind the bytes of a packet. Testers count it in a frame's size.
const FCS_BYTES: u16 = 4;
/// Frame sizes from Ethernet's smallest to a jumbo frame, the frame check sequence included.
const FRAME_SIZES: RangeInclusive<u16> = 64..=9600;

const UDP_OFFSET: usize = Ethernet2Header::LEN + Ipv4Header::MIN_LEN;
/// UDP's first field.
const SRC_PORT: Range<usize> = UDP_OFFSET..UDP_OFFSET + 2;
const PROBE: Range<usize> = UDP_OFFSET + UdpHeader::LEN..UDP_OFFSET + UdpHeader::LEN + PROBE_BYTES;

/// What a stream's packets look like: UDP in IPv4 in Ethernet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketSpec {
    /// The stream's number, which its probes carry. Packets left over from an earlier run are taken for this one's if
    /// both have the same.
    pub stream: u16,
    /// Source MAC address.
    pub src_mac: MacAddr,
    /// Destination MAC address.
    pub dst_mac: MacAddr,
    /// Source IP address.
    pub src_ip: Ipv4Addr,
    /// Destination IP address.
    pub dst_ip: Ipv4Addr,
    /// Source UDP port of the first flow.
    pub src_port: u16,
    /// Destination UDP port.
    pub dst_port: u16,
    /// How many flows: packets take the source ports from `src_port` on in turn.
    pub flows: NonZeroU16,
    /// The size on the wire, with the 4 bytes of the frame check sequence, as testers count (RFC 2544 §9).
    pub frame_bytes: u16,
}

/// Benchmarking addresses and source port (RFC 2544, appendix C), locally administered MAC addresses, one flow to the
/// discard port, in the smallest frames.
impl Default for PacketSpec {
    fn default() -> Self {
        Self {
            stream: 0,
            src_mac: MacAddr([0x02, 0, 0, 0, 0, 0x01]),
            dst_mac: MacAddr([0x02, 0, 0, 0, 0, 0x02]),
            src_ip: Ipv4Addr::new(198, 18, 0, 1),
            dst_ip: Ipv4Addr::new(198, 19, 0, 1),
            src_port: 0xc020,
            dst_port: 9,
            flows: NonZeroU16::MIN,
            frame_bytes: *FRAME_SIZES.start(),
        }
    }
}

/// Why no packet can be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The frame is smaller than Ethernet's smallest or larger than a jumbo frame.
    #[error(
        "a frame of {0} bytes cannot be sent: give a frame size from {start} to {end} bytes, \
         the 4 bytes of the frame check sequence included",
        start = FRAME_SIZES.start(),
        end = FRAME_SIZES.end()
    )]
    FrameSize(u16),
    /// The flows run past the last port.
    #[error(
        "{flows} flows from source port {src_port} on run past port 65535: \
         give at most {most} flows, or a source port of at most {last}",
        most = u32::from(u16::MAX) + 1 - u32::from(*src_port),
        last = u16::MAX - (flows.get() - 1)
    )]
    Flows {
        /// The flows asked for.
        flows: NonZeroU16,
        /// The first one's source port.
        src_port: u16,
    },
}

/// A stream's packet, ready to be copied.
#[derive(Clone, Debug)]
pub struct Template {
    bytes: Box<[u8]>,
    stream: u16,
    src_port: u16,
    flows: NonZeroU16,
}

impl Template {
    /// Where a probe lies in the packet.
    pub const PROBE_OFFSET: usize = PROBE.start;

    /// Builds the packet.
    ///
    /// Its UDP checksum is 0, "none" (RFC 768), because the probe is another in each packet.
    ///
    /// # Errors
    /// [`TemplateError`] if the frame has no possible size or the flows have no ports.
    pub fn new(spec: &PacketSpec) -> Result<Self, TemplateError> {
        if !FRAME_SIZES.contains(&spec.frame_bytes) {
            return Err(TemplateError::FrameSize(spec.frame_bytes));
        }
        if spec.src_port.checked_add(spec.flows.get() - 1).is_none() {
            return Err(TemplateError::Flows { flows: spec.flows, src_port: spec.src_port });
        }
        let ethernet = Ethernet2Header {
            source: spec.src_mac.0,
            destination: spec.dst_mac.0,
            ether_type: EtherType::IPV4,
        };
        let total_len = spec.frame_bytes - FCS_BYTES - Ethernet2Header::LEN as u16;
        let mut ipv4 = Ipv4Header {
            total_len,
            time_to_live: 64,
            protocol: IpNumber::UDP,
            source: spec.src_ip.octets(),
            destination: spec.dst_ip.octets(),
            ..Ipv4Header::default()
        };
        ipv4.header_checksum = ipv4.calc_header_checksum();
        let udp = UdpHeader {
            source_port: spec.src_port,
            destination_port: spec.dst_port,
            length: total_len - Ipv4Header::MIN_LEN as u16,
            checksum: 0,
        };
        let mut bytes = [&ethernet.to_bytes()[..], &ipv4.to_bytes(), &udp.to_bytes()].concat();
        bytes.resize(usize::from(spec.frame_bytes - FCS_BYTES), 0);
        Ok(Self {
            bytes: bytes.into(),
            stream: spec.stream,
            src_port: spec.src_port,
            flows: spec.flows,
        })
    }

    /// The bytes of a packet as a port is given them: the frame without its check sequence.
    pub fn packet_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Writes the packet of a sequence number that departs at `departure_tsc`.
    ///
    /// # Panics
    /// If `frame` is not of [`Self::packet_bytes`] bytes.
    #[inline]
    pub fn stamp(&self, frame: &mut [u8], sequence: u64, departure_tsc: u64) {
        frame.copy_from_slice(&self.bytes);
        let flow = (sequence % u64::from(self.flows.get())) as u16;
        frame[SRC_PORT].copy_from_slice(&(self.src_port + flow).to_be_bytes());
        let probe = Probe { stream: self.stream, sequence: sequence as u32, departure_tsc };
        frame[PROBE].copy_from_slice(&probe.to_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};
    use proptest::prelude::*;

    fn stamped(spec: &PacketSpec, sequence: u64, departure_tsc: u64) -> Vec<u8> {
        let template = Template::new(spec).unwrap();
        let mut frame = vec![0xaa; template.packet_bytes()];
        template.stamp(&mut frame, sequence, departure_tsc);
        frame
    }

    prop_compose! {
        fn specs()(
            stream: u16, src_mac: [u8; 6], dst_mac: [u8; 6], src_ip: [u8; 4], dst_ip: [u8; 4],
            dst_port: u16, (src_port, flows) in (0u16..60_000, 1u16..5_000), frame_bytes in FRAME_SIZES,
        ) -> PacketSpec {
            PacketSpec {
                stream,
                src_mac: MacAddr(src_mac),
                dst_mac: MacAddr(dst_mac),
                src_ip: src_ip.into(),
                dst_ip: dst_ip.into(),
                src_port,
                dst_port,
                flows: NonZeroU16::new(flows).unwrap(),
                frame_bytes,
            }
        }
    }

    #[test]
    fn the_smallest_frame_is_headers_and_probe() {
        let spec = PacketSpec::default();
        let frame = stamped(&spec, 7, 8);
        assert_eq!((frame.len(), Template::PROBE_OFFSET), (60, 42));
        assert_eq!(
            Probe::read(&frame[42..]),
            Ok(Probe { stream: 0, sequence: 7, departure_tsc: 8 })
        );
        assert_eq!(stamped(&PacketSpec { frame_bytes: 9600, ..spec }, 7, 8).len(), 9596);
    }

    #[test]
    fn a_frame_size_out_of_bounds_is_refused() {
        for frame_bytes in [0, 63, 9601, u16::MAX] {
            let error =
                Template::new(&PacketSpec { frame_bytes, ..PacketSpec::default() }).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "a frame of {frame_bytes} bytes cannot be sent: give a frame size from 64 to 9600 bytes, \
                     the 4 bytes of the frame check sequence included"
                )
            );
        }
    }

    #[test]
    fn flows_beyond_the_last_port_are_refused() {
        let spec = |flows| PacketSpec {
            src_port: 65_000,
            flows: NonZeroU16::new(flows).unwrap(),
            ..PacketSpec::default()
        };
        assert!(Template::new(&spec(536)).is_ok());
        assert_eq!(
            Template::new(&spec(537)).unwrap_err().to_string(),
            "537 flows from source port 65000 on run past port 65535: \
             give at most 536 flows, or a source port of at most 64999"
        );
    }

    proptest! {
        #[test]
        fn every_packet_is_sound_and_carries_its_probe(spec in specs(), sequence: u64, departure_tsc: u64) {
            let frame = stamped(&spec, sequence, departure_tsc);
            prop_assert_eq!(frame.len(), usize::from(spec.frame_bytes) - 4);

            let packet = SlicedPacket::from_ethernet(&frame).unwrap();
            let ethernet = packet.link.unwrap().to_header().unwrap().ethernet2().unwrap();
            prop_assert_eq!((ethernet.source, ethernet.destination), (spec.src_mac.0, spec.dst_mac.0));
            let Some(NetSlice::Ipv4(ipv4)) = packet.net else { panic!("no IPv4") };
            let header = ipv4.header().to_header();
            prop_assert_eq!(header.header_checksum, header.calc_header_checksum());
            prop_assert_eq!((header.source, header.destination), (spec.src_ip.octets(), spec.dst_ip.octets()));
            prop_assert_eq!(usize::from(header.total_len), frame.len() - 14);
            let Some(TransportSlice::Udp(udp)) = packet.transport else { panic!("no UDP") };
            let flow = sequence % u64::from(spec.flows.get());
            prop_assert_eq!(u64::from(udp.source_port()), u64::from(spec.src_port) + flow);
            prop_assert_eq!((udp.destination_port(), udp.checksum()), (spec.dst_port, 0));
            prop_assert_eq!(usize::from(udp.length()), frame.len() - 34);

            let probe = Probe { stream: spec.stream, sequence: sequence as u32, departure_tsc };
            prop_assert_eq!(Probe::read(&frame[Template::PROBE_OFFSET..]), Ok(probe));
            prop_assert!(frame[PROBE.end..].iter().all(|octet| *octet == 0));
        }
    }
}
