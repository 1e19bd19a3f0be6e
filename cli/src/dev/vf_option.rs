//! `--vf N,mac=…,vlan=…`: settings of virtual functions as they are typed.

use dataplane::pci::vf::{VfLink, VfSetting, VfVlan};
use std::fmt::Display;
use std::str::FromStr;

/// Settings of one virtual function, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VfOption {
    /// Which; `None` for all.
    number: Option<u16>,
    settings: Vec<VfSetting>,
}

/// The settings of a virtual function, each where it is given; typed, or keys of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct VfKeys {
    pub(super) mac: Option<String>,
    pub(super) vlan: Option<u16>,
    pub(super) qos: Option<u8>,
    pub(super) proto: Option<String>,
    pub(super) trust: Option<bool>,
    pub(super) spoofchk: Option<bool>,
    pub(super) link: Option<String>,
    pub(super) min_rate: Option<u32>,
    pub(super) max_rate: Option<u32>,
}

/// The names of the settings.
const KEYS: &str = "mac, vlan, qos, proto, trust, spoofchk, link, min-rate, max-rate";

impl VfKeys {
    /// The settings that they come to.
    ///
    /// # Errors
    ///
    /// The first that cannot be, and what to write instead.
    pub(super) fn settings(&self) -> Result<Vec<VfSetting>, String> {
        let mut settings = Vec::new();
        if let Some(mac) = &self.mac {
            let mac = mac.parse().map_err(|error| format!("mac: {error}"))?;
            settings.push(VfSetting::Mac(mac));
        }
        settings.extend(self.tag()?.map(VfSetting::Vlan));
        settings.extend(self.trust.map(VfSetting::Trust));
        settings.extend(self.spoofchk.map(VfSetting::SpoofCheck));
        settings.extend(self.link.as_deref().map(link).transpose()?.map(VfSetting::Link));
        if self.min_rate.or(self.max_rate).is_some() {
            let (min, max) = (self.min_rate.unwrap_or(0), self.max_rate.unwrap_or(0));
            if max != 0 && min > max {
                return Err(format!("min-rate={min} is above max-rate={max}; swap them"));
            }
            settings.push(VfSetting::Rate { min, max });
        }
        Ok(settings)
    }

    fn tag(&self) -> Result<Option<VfVlan>, String> {
        let is_provider = match self.proto.as_deref() {
            None | Some("802.1q") => false,
            Some("802.1ad") => true,
            Some(other) => return Err(format!("proto={other}: write 802.1q or 802.1ad")),
        };
        let qos = self.qos.unwrap_or(0);
        match self.vlan {
            Some(4095..) => Err("vlan: write 1 to 4094, or 0 for none".to_owned()),
            _ if qos > 7 => Err("qos: write 0 to 7".to_owned()),
            Some(id) => Ok(Some(VfVlan { id, qos, is_provider })),
            None if self.qos.is_some() || self.proto.is_some() => {
                Err("qos and proto belong to a vlan; give vlan= too".to_owned())
            }
            None => Ok(None),
        }
    }
}

impl VfOption {
    /// The settings for a physical function of `count` virtual ones; those of one VF stand over those of all.
    pub(super) fn spread(options: &[Self], count: u16) -> Vec<(u16, VfSetting)> {
        let mut settings: Vec<(u16, VfSetting)> = Vec::new();
        let own = options.iter().filter(|option| option.number.is_some());
        for option in own.chain(options.iter().filter(|option| option.number.is_none())) {
            let numbers = option.number.map_or(0..count, |number| number..number.saturating_add(1));
            for number in numbers {
                for setting in &option.settings {
                    let kind = std::mem::discriminant(setting);
                    let said = |(of, other): &(u16, VfSetting)| {
                        *of == number && std::mem::discriminant(other) == kind
                    };
                    if !settings.iter().any(said) {
                        settings.push((number, *setting));
                    }
                }
            }
        }
        settings.sort_by_key(|(number, _)| *number);
        settings
    }
}

impl FromStr for VfOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, rest) = text.split_once(',').unwrap_or((text, ""));
        let number = match number {
            "all" => None,
            number => Some(value::<u16>("the VF", number, "its number from 0, or all")?),
        };
        let mut keys = VfKeys::default();
        for option in rest.split(',') {
            let (key, value) = option
                .split_once('=')
                .ok_or_else(|| format!("`{option}` is no setting; write KEY=VALUE, with {KEYS}"))?;
            keys.set(key, value)?;
        }
        Ok(Self { number, settings: keys.settings()? })
    }
}

impl VfKeys {
    fn set(&mut self, key: &str, text: &str) -> Result<(), String> {
        match key {
            "mac" => self.mac = Some(text.to_owned()),
            "vlan" => self.vlan = Some(value(key, text, "a number")?),
            "qos" => self.qos = Some(value(key, text, "0 to 7")?),
            "proto" => self.proto = Some(text.to_owned()),
            "trust" => self.trust = Some(switch(key, text)?),
            "spoofchk" => self.spoofchk = Some(switch(key, text)?),
            "link" => self.link = Some(text.to_owned()),
            "min-rate" => self.min_rate = Some(value(key, text, "Mbit/s")?),
            "max-rate" => self.max_rate = Some(value(key, text, "Mbit/s")?),
            _ => return Err(format!("there is no setting `{key}`; there are {KEYS}")),
        }
        Ok(())
    }
}

fn value<T: FromStr>(key: &str, text: &str, what: impl Display) -> Result<T, String> {
    text.parse().map_err(|_| format!("{key}: `{text}` will not do; write {what}"))
}

fn switch(key: &str, text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{key}={text}: write on or off")),
    }
}

fn link(text: &str) -> Result<VfLink, String> {
    match text {
        "auto" => Ok(VfLink::Auto),
        "enable" => Ok(VfLink::Enable),
        "disable" => Ok(VfLink::Disable),
        _ => Err(format!("link={text}: write auto, enable or disable")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of three virtual functions, as they are printed.
    fn spread(options: &[&str]) -> Vec<String> {
        let options: Vec<VfOption> = options.iter().map(|text| text.parse().unwrap()).collect();
        let settings = VfOption::spread(&options, 3);
        settings.iter().map(|(number, setting)| format!("{number} {setting}")).collect()
    }

    #[test]
    fn settings_of_one_stand_over_those_of_all() {
        assert_eq!(
            spread(&[
                "all,trust=on,vlan=10",
                "1,vlan=20,qos=3,proto=802.1ad,mac=02:00:00:00:00:01"
            ]),
            [
                "0 vlan=10",
                "0 trust=on",
                "1 mac=02:00:00:00:00:01",
                "1 vlan=20,qos=3,proto=802.1ad",
                "1 trust=on",
                "2 vlan=10",
                "2 trust=on",
            ]
        );
        assert_eq!(spread(&["0,link=enable,spoofchk=off,max-rate=100"]).len(), 3);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (text, said) in [
            ("0", "`` is no setting; write KEY=VALUE"),
            ("x,trust=on", "the VF: `x` will not do"),
            ("0,trust=yes", "trust=yes: write on or off"),
            ("0,speed=1", "there is no setting `speed`"),
            ("0,vlan=4095", "vlan: write 1 to 4094"),
            ("0,vlan=1,qos=8", "qos: write 0 to 7"),
            ("0,qos=1", "qos and proto belong to a vlan"),
            ("0,proto=802.1x", "proto=802.1x: write 802.1q"),
            ("0,link=up", "link=up: write auto"),
            ("0,min-rate=9,max-rate=3", "min-rate=9 is above"),
            ("0,mac=1", "mac: \"1\" is not a MAC address"),
        ] {
            let error = text.parse::<VfOption>().unwrap_err();
            assert!(error.starts_with(said), "{text}: {error}");
        }
    }
}
