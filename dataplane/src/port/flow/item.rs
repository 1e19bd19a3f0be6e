//! Pattern items: which headers a rule is about, and what their fields are to be.
//!
//! An item's three parts (the values, the ends of ranges, the bits that matter) are kept as DPDK reads them: as the
//! bytes of the item's C structure, most of which is the header as it travels.

use crate::wire::ethernet::MacAddr;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The bytes of the largest item's structure (`rte_flow_item_ipv6`, 44), rounded up.
const PART_BYTES: usize = 48;

/// A kind of item: a header, or a placeholder for one.
#[derive(Debug, PartialEq, Eq)]
pub struct ItemKind {
    /// testpmd's word for it.
    pub name: &'static str,
    /// DPDK's number for it (`RTE_FLOW_ITEM_TYPE_*`).
    pub(super) code: u32,
    /// The size of its structure.
    pub(super) bytes: usize,
    /// What can be matched of it.
    pub fields: &'static [Field],
}

/// A field of an item.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// testpmd's word for it.
    pub name: &'static str,
    /// Where it begins in the item's structure.
    pub(super) at: usize,
    /// What stands there.
    pub form: Form,
}

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A number in these bits of so many bytes in network order.
    Bits {
        /// The bytes.
        bytes: usize,
        /// The bits of them.
        mask: u32,
    },
    /// A number of four bytes in the host's order.
    Native,
    /// A MAC address.
    Mac,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
}

/// What a field is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A number.
    Number(u32),
    /// A MAC address.
    Mac(MacAddr),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
}

/// A value that a field cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit;

impl Form {
    /// How many bits the field has.
    pub fn bits(self) -> u32 {
        match self {
            Self::Bits { mask, .. } => mask.count_ones(),
            Self::Native | Self::Ipv4 => 32,
            Self::Mac => 48,
            Self::Ipv6 => 128,
        }
    }

    /// The bytes of a value, at the end of the array and as many as come second.
    fn encode(self, value: FieldValue) -> Result<([u8; 16], usize), Misfit> {
        let mut end = [0; 16];
        let mut put = |bytes: &[u8]| {
            end[16 - bytes.len()..].copy_from_slice(bytes);
            bytes.len()
        };
        let len = match (self, value) {
            (Self::Bits { bytes, mask }, FieldValue::Number(number)) => {
                let shifted = u64::from(number) << mask.trailing_zeros();
                if shifted & !u64::from(mask) != 0 {
                    return Err(Misfit);
                }
                put(&(shifted as u32).to_be_bytes());
                bytes
            }
            (Self::Native, FieldValue::Number(number)) => put(&number.to_ne_bytes()),
            (Self::Mac, FieldValue::Mac(mac)) => put(&mac.0),
            (Self::Ipv4, FieldValue::Ipv4(ip)) => put(&ip.octets()),
            (Self::Ipv6, FieldValue::Ipv6(ip)) => put(&ip.octets()),
            _ => return Err(Misfit),
        };
        Ok((end, len))
    }

    /// The value whose first `prefix` bits are ones.
    fn ones(self, prefix: u32) -> Result<FieldValue, Misfit> {
        if prefix > self.bits() {
            return Err(Misfit);
        }
        let ones = u128::MAX.checked_shl(128 - prefix).unwrap_or(0) >> (128 - self.bits());
        Ok(match self {
            Self::Bits { .. } | Self::Native => FieldValue::Number(ones as u32),
            Self::Mac => {
                let [_, _, mac @ ..] = (ones as u64).to_be_bytes();
                FieldValue::Mac(MacAddr(mac))
            }
            Self::Ipv4 => FieldValue::Ipv4(Ipv4Addr::from(ones as u32)),
            Self::Ipv6 => FieldValue::Ipv6(Ipv6Addr::from(ones)),
        })
    }
}

/// One of the three structures of an item, as DPDK reads it.
///
/// Aligned as any of them wants to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(align(8))]
pub(super) struct Part(pub(super) [u8; PART_BYTES]);

/// Which of an item's three structures is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartOf {
    /// What fields are to be.
    Spec,
    /// The ends of the ranges that begin with them.
    Last,
    /// The bits that matter.
    Mask,
}

/// An item of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which.
    pub kind: &'static ItemKind,
    pub(super) spec: Option<Box<Part>>,
    pub(super) last: Option<Box<Part>>,
    pub(super) mask: Option<Box<Part>>,
}

impl Item {
    /// An item that any packet with this header fits.
    pub fn any(kind: &'static ItemKind) -> Self {
        Self { kind, spec: None, last: None, mask: None }
    }

    /// Sets a field of one part.
    ///
    /// # Errors
    /// [`Misfit`] if the field cannot have the value.
    pub fn set(&mut self, part: PartOf, field: &Field, value: FieldValue) -> Result<(), Misfit> {
        let (bytes, len) = field.form.encode(value)?;
        // What other fields have of the same bytes stays.
        let (own, _) = field.form.encode(field.form.ones(field.form.bits())?)?;
        let part = match part {
            PartOf::Spec => &mut self.spec,
            PartOf::Last => &mut self.last,
            PartOf::Mask => &mut self.mask,
        };
        let part = part.get_or_insert_with(|| Box::new(Part([0; PART_BYTES])));
        let place = part.0.iter_mut().skip(field.at).take(len);
        for ((byte, new), own) in place.zip(&bytes[16 - len..]).zip(&own[16 - len..]) {
            *byte = (*byte & !own) | new;
        }
        Ok(())
    }

    /// Sets what a field is to be, and that all of its bits matter (testpmd's `is`).
    ///
    /// # Errors
    /// [`Misfit`] if the field cannot have the value.
    pub fn set_exactly(&mut self, field: &Field, value: FieldValue) -> Result<(), Misfit> {
        self.set(PartOf::Spec, field, value)?;
        self.set_prefix(field, field.form.bits())
    }

    /// Sets how many of a field's first bits matter (testpmd's `prefix`).
    ///
    /// # Errors
    /// [`Misfit`] if the field has fewer bits.
    pub fn set_prefix(&mut self, field: &Field, prefix: u32) -> Result<(), Misfit> {
        self.set(PartOf::Mask, field, field.form.ones(prefix)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ITEM_KINDS;
    use super::*;
    use proptest::prelude::*;

    fn kind(name: &str) -> &'static ItemKind {
        ITEM_KINDS.iter().find(|kind| kind.name == name).unwrap()
    }

    fn field_of(kind: &'static ItemKind, name: &str) -> &'static Field {
        kind.fields.iter().find(|field| field.name == name).unwrap()
    }

    fn bytes(part: &Option<Box<Part>>, len: usize) -> Vec<u8> {
        part.as_ref().unwrap().0[..len].to_vec()
    }

    #[test]
    fn every_field_lies_in_its_structure_and_every_structure_in_a_part() {
        for kind in ITEM_KINDS {
            assert!(kind.bytes <= PART_BYTES, "{}", kind.name);
            for field in kind.fields {
                let (_, len) = field.form.encode(field.form.ones(1).unwrap()).unwrap();
                assert!(field.at + len <= kind.bytes, "{} {}", kind.name, field.name);
            }
        }
    }

    #[test]
    fn fields_that_share_bytes_leave_each_other_alone() {
        let vlan = kind("vlan");
        let mut item = Item::any(vlan);
        item.set_exactly(field_of(vlan, "vid"), FieldValue::Number(0x123)).unwrap();
        item.set(PartOf::Spec, field_of(vlan, "pcp"), FieldValue::Number(5)).unwrap();
        assert_eq!(bytes(&item.spec, 4), [0xa1, 0x23, 0, 0]);
        assert_eq!(bytes(&item.mask, 4), [0x0f, 0xff, 0, 0]);
        assert_eq!(item.last, None);
    }

    #[test]
    fn a_prefix_marks_the_first_bits() {
        let ipv4 = kind("ipv4");
        let mut item = Item::any(ipv4);
        item.set_prefix(field_of(ipv4, "src"), 12).unwrap();
        assert_eq!(bytes(&item.mask, 20)[12..16], [0xff, 0xf0, 0, 0]);
        assert_eq!(item.set_prefix(field_of(ipv4, "src"), 33), Err(Misfit));
        let mut vxlan = Item::any(kind("vxlan"));
        vxlan.set_prefix(field_of(kind("vxlan"), "vni"), 4).unwrap();
        assert_eq!(bytes(&vxlan.mask, 8), [0, 0, 0, 0, 0xf0, 0, 0, 0]);
    }

    #[test]
    fn a_value_of_another_form_or_size_is_refused() {
        let vlan = kind("vlan");
        let mut item = Item::any(vlan);
        let vid = field_of(vlan, "vid");
        assert_eq!(item.set(PartOf::Spec, vid, FieldValue::Number(4096)), Err(Misfit));
        let ip = FieldValue::Ipv4(Ipv4Addr::LOCALHOST);
        assert_eq!(item.set(PartOf::Spec, vid, ip), Err(Misfit));
        assert_eq!(item, Item::any(vlan), "what is refused leaves nothing behind");
    }

    proptest! {
        #[test]
        fn any_number_is_set_as_it_is_or_refused(
            which in 0..ITEM_KINDS.len(),
            at: proptest::sample::Index,
            number: u32,
        ) {
            let kind = &ITEM_KINDS[which];
            prop_assume!(!kind.fields.is_empty());
            let field = &kind.fields[at.index(kind.fields.len())];
            let mut item = Item::any(kind);
            let fits = matches!(field.form, Form::Bits { .. } | Form::Native)
                && u64::from(number) < 1 << field.form.bits().min(33);
            prop_assert_eq!(item.set(PartOf::Spec, field, FieldValue::Number(number)).is_ok(), fits);
            if fits {
                let spec = item.spec.unwrap();
                prop_assert_eq!(spec.0.iter().map(|byte| byte.count_ones()).sum::<u32>(), number.count_ones());
            }
        }
    }
}
