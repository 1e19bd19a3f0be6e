//! From headers to a packet's image.
//!
//! A file a layer of the network's; `next` is what a header says of the one behind it.

mod link;
mod network;
mod next;
mod transport;
mod tunnel;

use super::error::BuildError;
use super::field::{Place, Value, put, put_fixed};
use super::image::{Image, Length};
use super::offload::Offload;
use crate::traffic::spec::{Field, Gre, Layer};
use crate::wire::{ethernet, ipv6};
use network::Ip;

/// A header's bytes.
pub(super) fn header_bytes(layer: &Layer) -> usize {
    match layer {
        Layer::Ethernet(_) => ethernet::HEADER_LEN,
        Layer::Vlan(_) | Layer::Qinq(_) | Layer::Mpls(_) => 4,
        Layer::Arp(_) => 28,
        Layer::Ipv4(_) | Layer::Tcp(_) => 20,
        Layer::Ipv6(_) => ipv6::HEADER_LEN,
        Layer::Udp(_) | Layer::Icmp(_) | Layer::Vxlan(_) | Layer::Gtpu(_) => 8,
        Layer::Gre(Gre { key, .. }) => 4 + 4 * usize::from(key.is_some()),
    }
}

/// Writes the headers into an image of `bytes`; checksums that a device can be asked for are left to it if there is an `offload`.
pub(super) fn build(
    layers: &[Layer],
    bytes: usize,
    offload: Option<Offload>,
) -> Result<Image, BuildError> {
    let image = Image::new(bytes, offload);
    let mut stack = Stack { image, at: 0, ip: None, layer: "", next: None };
    let first = layers.first();
    if !matches!(first, Some(Layer::Ethernet(_))) {
        return Err(BuildError::Order {
            before: "the wire",
            layer: first.map_or("nothing", Layer::name),
            mend: "begin with ethernet",
        });
    }
    for (place, layer) in layers.iter().enumerate() {
        stack.layer = layer.name();
        stack.next = layers.get(place + 1);
        stack.put_layer(layer)?;
        stack.at += header_bytes(layer);
    }
    Ok(stack.image)
}

/// The image and how far it is.
struct Stack<'a> {
    image: Image,
    /// Where the header that is being written begins.
    at: usize,
    /// The IP header before it.
    ip: Option<Ip>,
    /// The header's name.
    layer: &'static str,
    /// The header behind it.
    next: Option<&'a Layer>,
}

impl Stack<'_> {
    fn put_layer(&mut self, layer: &Layer) -> Result<(), BuildError> {
        match layer {
            Layer::Ethernet(ethernet) => self.ethernet(ethernet),
            Layer::Vlan(tag) | Layer::Qinq(tag) => self.tag(tag),
            Layer::Mpls(mpls) => self.mpls(mpls),
            Layer::Arp(arp) => self.arp(arp),
            Layer::Ipv4(ipv4) => self.ipv4(ipv4),
            Layer::Ipv6(ipv6) => self.ipv6(ipv6),
            Layer::Udp(udp) => self.udp(udp),
            Layer::Tcp(tcp) => self.tcp(tcp),
            Layer::Icmp(icmp) => self.icmp(icmp),
            Layer::Gre(gre) => self.gre(gre),
            Layer::Vxlan(vxlan) => self.vxlan(vxlan),
            Layer::Gtpu(gtpu) => self.gtpu(gtpu),
        }
    }

    /// Writes a field at a bit of this header.
    fn put<T: Value>(
        &mut self,
        field: &'static str,
        bit: usize,
        bits: u32,
        values: &Field<T>,
        sums: [usize; 2],
    ) -> Result<(), BuildError> {
        let place = Place { layer: self.layer, field, bit: self.at * 8 + bit, bits };
        put(&mut self.image, place, values, sums)
    }

    fn fixed(
        &mut self,
        field: &'static str,
        bit: usize,
        bits: u32,
        number: u128,
    ) -> Result<(), BuildError> {
        let place = Place { layer: self.layer, field, bit: self.at * 8 + bit, bits };
        put_fixed(&mut self.image, place, number)
    }

    /// Has a length kept: the bytes from `from` to the packet's end.
    fn length(&mut self, at: Option<usize>, from: usize, sums: [usize; 2]) {
        // A stack of headers is far shorter than 64 KiB, or no frame would hold it.
        let minus = from as u16;
        self.image.lengths.push(Length { at, minus, sums });
    }
}
