//! VLAN tags (IEEE 802.1Q §9.6, 802.1ad): four bytes between the addresses and what the frame carries.

use super::ethernet::EtherType;

/// How many tags are looked behind. Two are the standard's; a third is seen on carriers' links.
pub const MAX_TAGS: usize = 3;

/// Looks behind a frame's VLAN tags: what it carries, and those bytes.
///
/// A cut tag and a tag beyond [`MAX_TAGS`] stay: the result then has a tag's type.
#[inline]
pub fn untagged(mut ethertype: EtherType, mut payload: &[u8]) -> (EtherType, &[u8]) {
    for _ in 0..MAX_TAGS {
        if !is_tag(ethertype) {
            break;
        }
        // Priority and VLAN number, then the type of what follows.
        let Some(([_, _, high, low], rest)) = payload.split_first_chunk() else { break };
        ethertype = EtherType(u16::from_be_bytes([*high, *low]));
        payload = rest;
    }
    (ethertype, payload)
}

/// Whether a frame of this type goes on with a tag.
#[inline]
pub fn is_tag(ethertype: EtherType) -> bool {
    matches!(ethertype, EtherType::VLAN | EtherType::PROVIDER_VLAN | EtherType::OLD_PROVIDER_VLAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::LaxSlicedPacket;
    use proptest::prelude::*;

    fn tagged(types: &[EtherType]) -> Vec<u8> {
        types.iter().flat_map(|next| [[0x20, 0x07], next.0.to_be_bytes()].concat()).collect()
    }

    #[test]
    fn a_stack_is_looked_behind_up_to_its_bound() {
        use EtherType as E;
        let double = [tagged(&[E::VLAN, E::IPV4]), vec![1, 2, 3]].concat();
        assert_eq!(untagged(E::PROVIDER_VLAN, &double), (E::IPV4, &[1, 2, 3][..]));
        assert_eq!(untagged(E::IPV4, &double), (E::IPV4, &double[..]));

        let triple = tagged(&[E::VLAN, E::VLAN, E::IPV6]);
        assert_eq!(untagged(E::OLD_PROVIDER_VLAN, &triple), (E::IPV6, &[][..]));
        let deeper = tagged(&[E::VLAN, E::VLAN, E::VLAN, E::IPV6]);
        assert_eq!(untagged(E::VLAN, &deeper), (E::VLAN, &deeper[12..]));
    }

    #[test]
    fn a_cut_tag_stays() {
        assert_eq!(untagged(EtherType::VLAN, &[0, 7, 8]), (EtherType::VLAN, &[0, 7, 8][..]));
    }

    proptest! {
        #[test]
        fn the_walk_agrees_with_etherparse(
            stack in prop::collection::vec(prop::sample::select(vec![0x8100, 0x88a8, 0x9100, 0x4321]), 1..5),
            payload in prop::collection::vec(any::<u8>(), 0..8),
        ) {
            let types: Vec<EtherType> = stack.into_iter().map(EtherType).collect();
            let bytes = [tagged(&types[1..]), payload].concat();
            let (ethertype, payload) = untagged(types[0], &bytes);

            let oracle = LaxSlicedPacket::from_ether_type(types[0].0.into(), &bytes);
            let (expected, behind) = match (oracle.link_exts.last(), oracle.net) {
                (Some(tag), None) => {
                    let payload = tag.payload().unwrap();
                    (payload.ether_type.0, payload.payload)
                }
                _ => (types[0].0, &bytes[..]),
            };
            prop_assert_eq!((ethertype.0, payload), (expected, behind));
        }
    }
}
