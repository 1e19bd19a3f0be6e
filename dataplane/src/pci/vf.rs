//! What a physical function is told of one of its virtual functions.

use crate::netlink::{Attribute, u16_be, u32_of};
use crate::wire::ethernet::{EtherType, MacAddr};
use serde::Serialize;
use std::fmt;

/// `IFLA_VF_*` and the attributes around them, in Linux's `if_link.h`.
pub(super) mod kind {
    pub(in crate::pci) const LIST: u16 = 22;
    pub(in crate::pci) const INFO: u16 = 1;
    pub(in crate::pci) const MAC: u16 = 1;
    pub(super) const VLAN: u16 = 2;
    pub(super) const SPOOF_CHECK: u16 = 4;
    pub(super) const LINK_STATE: u16 = 5;
    pub(super) const RATE: u16 = 6;
    pub(super) const TRUST: u16 = 9;
    pub(super) const VLAN_LIST: u16 = 12;
    pub(super) const VLAN_INFO: u16 = 1;
}

/// What an interface's attributes say of virtual functions: an attribute for each of them.
pub(super) fn infos(attributes: &[Attribute]) -> impl Iterator<Item = Attribute> {
    let lists = attributes.iter().filter(|attribute| attribute.kind == kind::LIST);
    lists.flat_map(Attribute::inner).filter(|info| info.kind == kind::INFO)
}

/// Bytes of a MAC address in `ifla_vf_mac` (`MAX_ADDR_LEN`).
const MAC_ROOM: usize = 32;

/// The VLAN of a virtual function: its frames are tagged on their way out, and the tag is taken off on their way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VfVlan {
    /// VLAN, 1 to 4094; 0 for none.
    pub id: u16,
    /// Priority in the tag, 0 to 7.
    pub qos: u8,
    /// 802.1Q, or 802.1ad (a provider's tag).
    pub is_provider: bool,
}

/// What the PF does when the VF asks for its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VfLink {
    /// The VF's link is the PF's.
    Auto,
    /// Always up: VFs reach each other without a wire.
    Enable,
    /// Always down.
    Disable,
}

/// One setting of a virtual function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VfSetting {
    /// Its address.
    Mac(MacAddr),
    /// The VLAN that it is in.
    Vlan(VfVlan),
    /// Whether it may do more: receive all frames, change its address.
    Trust(bool),
    /// Whether frames with a source address that is not its own are dropped.
    SpoofCheck(bool),
    /// What it sees of the link.
    Link(VfLink),
    /// Least and greatest rate of what it sends, in Mbit/s; 0 for none.
    Rate {
        /// Guaranteed.
        min: u32,
        /// Not exceeded.
        max: u32,
    },
}

impl VfSetting {
    /// Whether it is about the same thing as another.
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The setting as netlink takes it for VF `vf`.
    pub(super) fn attribute(&self, vf: u16) -> Attribute {
        let words = |words: &[u32]| -> Vec<u8> {
            let all = std::iter::once(&u32::from(vf)).chain(words).copied().collect::<Vec<u32>>();
            all.iter().flat_map(|word| word.to_ne_bytes()).collect()
        };
        let inner = match self {
            Self::Mac(mac) => {
                let mut value = words(&[]);
                value.extend(mac.0);
                value.resize(4 + MAC_ROOM, 0);
                Attribute::new(kind::MAC, &value)
            }
            Self::Vlan(VfVlan { id, qos, is_provider }) => {
                let tag = [u32::from(*id), u32::from(*qos)];
                if *is_provider {
                    let mut value = words(&tag);
                    value.extend(EtherType::PROVIDER_VLAN.0.to_be_bytes());
                    // The structure ends at a multiple of its largest field.
                    value.extend([0; 2]);
                    Attribute::nest(kind::VLAN_LIST, &[Attribute::new(kind::VLAN_INFO, &value)])
                } else {
                    Attribute::new(kind::VLAN, &words(&tag))
                }
            }
            Self::Trust(on) => Attribute::new(kind::TRUST, &words(&[u32::from(*on)])),
            Self::SpoofCheck(on) => Attribute::new(kind::SPOOF_CHECK, &words(&[u32::from(*on)])),
            Self::Link(link) => Attribute::new(kind::LINK_STATE, &words(&[*link as u32])),
            Self::Rate { min, max } => Attribute::new(kind::RATE, &words(&[*min, *max])),
        };
        Attribute::nest(kind::LIST, &[Attribute::nest(kind::INFO, &[inner])])
    }

    /// The setting that an attribute of `IFLA_VF_INFO` tells of, and whose it is.
    fn read(attribute: &Attribute) -> Option<(u16, Self)> {
        let (vf, value) = attribute.value.split_at_checked(4)?;
        let word = |at: usize| u32_of(value.get(4 * at..)?);
        let on = || Some(word(0)? != 0);
        let setting = match attribute.kind {
            kind::MAC => Self::Mac(MacAddr(*value.first_chunk()?)),
            kind::VLAN_LIST => {
                let info = attribute.inner().find(|info| info.kind == kind::VLAN_INFO)?;
                let word = |at: usize| u32_of(info.value.get(4 * at..)?);
                let protocol = u16_be(info.value.get(12..)?)?;
                let vlan = VfVlan {
                    id: u16::try_from(word(1)?).ok()?,
                    qos: u8::try_from(word(2)?).ok()?,
                    is_provider: protocol == EtherType::PROVIDER_VLAN.0,
                };
                return Some((u16::try_from(word(0)?).ok()?, Self::Vlan(vlan)));
            }
            kind::TRUST => Self::Trust(on()?),
            kind::SPOOF_CHECK => Self::SpoofCheck(on()?),
            kind::LINK_STATE => Self::Link(match word(0)? {
                0 => VfLink::Auto,
                1 => VfLink::Enable,
                _ => VfLink::Disable,
            }),
            kind::RATE => Self::Rate { min: word(0)?, max: word(1)? },
            _ => return None,
        };
        Some((u16::try_from(u32_of(vf)?).ok()?, setting))
    }
}

/// As the options of `pollway dev vfs` are written.
impl fmt::Display for VfSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let switch = |on: &bool| if *on { "on" } else { "off" };
        match self {
            Self::Mac(mac) => write!(f, "mac={mac}"),
            Self::Vlan(VfVlan { id, qos, is_provider }) => {
                write!(f, "vlan={id}")?;
                if *qos > 0 {
                    write!(f, ",qos={qos}")?;
                }
                if *is_provider { f.write_str(",proto=802.1ad") } else { Ok(()) }
            }
            Self::Trust(on) => write!(f, "trust={}", switch(on)),
            Self::SpoofCheck(on) => write!(f, "spoofchk={}", switch(on)),
            Self::Link(VfLink::Auto) => f.write_str("link=auto"),
            Self::Link(VfLink::Enable) => f.write_str("link=enable"),
            Self::Link(VfLink::Disable) => f.write_str("link=disable"),
            Self::Rate { min, max } => write!(f, "min-rate={min},max-rate={max}"),
        }
    }
}

/// The settings of virtual functions: those of a PF as it tells them, or those that are to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VfSettings(pub Vec<(u16, VfSetting)>);

impl VfSettings {
    /// Those among an interface's attributes.
    pub(super) fn read(attributes: &[Attribute]) -> Self {
        let settings = infos(attributes).flat_map(|info| info.inner().collect::<Vec<_>>());
        Self(settings.filter_map(|setting| VfSetting::read(&setting)).collect())
    }

    /// What a VF has now in place of a setting.
    pub(super) fn now(&self, vf: u16, setting: &VfSetting) -> Option<VfSetting> {
        let same = |(of, now): &&(u16, VfSetting)| *of == vf && now.is_like(setting);
        self.0.iter().find(same).map(|(_, now)| *now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn setting() -> impl Strategy<Value = VfSetting> {
        let link = prop_oneof![Just(VfLink::Auto), Just(VfLink::Enable), Just(VfLink::Disable)];
        prop_oneof![
            any::<[u8; 6]>().prop_map(|mac| VfSetting::Mac(MacAddr(mac))),
            (0u16..4095, 0u8..8).prop_map(|(id, qos)| VfSetting::Vlan(VfVlan {
                id,
                qos,
                is_provider: true
            })),
            any::<bool>().prop_map(VfSetting::Trust),
            any::<bool>().prop_map(VfSetting::SpoofCheck),
            link.prop_map(VfSetting::Link),
            any::<(u32, u32)>().prop_map(|(min, max)| VfSetting::Rate { min, max }),
        ]
    }

    proptest! {
        // The kernel tells a setting in the form in which it takes it.
        #[test]
        fn a_setting_is_read_as_written(vf in 0u16..256, setting in setting()) {
            let read = VfSettings::read(&[setting.attribute(vf)]);
            prop_assert_eq!(read, VfSettings(vec![(vf, setting)]));
        }

        #[test]
        fn any_attribute_is_answered(kind in 0u16..14, value in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = VfSetting::read(&Attribute::new(kind, &value));
        }
    }

    #[test]
    fn a_plain_vlan_goes_in_the_older_attribute_and_comes_back_in_the_newer() {
        let vlan = VfSetting::Vlan(VfVlan { id: 10, qos: 3, is_provider: false });
        let list = vlan.attribute(2);
        let sent = list.inner().next().unwrap().inner().next().unwrap();
        let words = [2u32, 10, 3].map(u32::to_ne_bytes).concat();
        assert_eq!((sent.kind, sent.value), (kind::VLAN, words.clone()));

        let told = [words, vec![0x81, 0x00, 0, 0]].concat();
        let told = Attribute::nest(kind::VLAN_LIST, &[Attribute::new(kind::VLAN_INFO, &told)]);
        let told = Attribute::nest(kind::LIST, &[Attribute::nest(kind::INFO, &[told])]);
        assert_eq!(VfSettings::read(&[told]).now(2, &vlan), Some(vlan));
    }

    #[test]
    fn settings_are_printed_as_they_are_typed() {
        let vlan = |qos, is_provider| VfSetting::Vlan(VfVlan { id: 10, qos, is_provider });
        for (setting, text) in [
            (VfSetting::Mac(MacAddr([2, 0, 0, 0, 0, 1])), "mac=02:00:00:00:00:01"),
            (vlan(0, false), "vlan=10"),
            (vlan(5, true), "vlan=10,qos=5,proto=802.1ad"),
            (VfSetting::SpoofCheck(false), "spoofchk=off"),
            (VfSetting::Link(VfLink::Enable), "link=enable"),
            (VfSetting::Rate { min: 0, max: 100 }, "min-rate=0,max-rate=100"),
        ] {
            assert_eq!(setting.to_string(), text);
        }
    }
}
