//! What a user typed, taken apart.

use super::short_form::ShortForm;
use super::vhost::{self, VhostSocket};
use super::{Bus, DeviceError, DeviceSpec};
use crate::pci::{PciAddress, PciAddressError};

/// A device as typed.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    /// The text itself.
    pub(super) typed: String,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    /// A PCI address in full, and devargs as they stand.
    Pci { address: String, args: String },
    /// A PCI device by another name than its address, and devargs as they stand.
    PciNamed { name: String, args: String },
    /// A virtual device's name, and devargs as they stand.
    Vdev { name: String, args: String },
    /// A short form.
    Short {
        form: ShortForm,
        operand: String,
        options: Vec<(String, String)>,
        vhost: Option<VhostSocket>,
    },
}

/// A device's name, as far as what was typed says it.
pub(super) enum Name {
    /// All of it.
    Given(String),
    /// The driver's name, which a number makes a device's.
    Numbered(&'static str),
}

impl Typed {
    pub(super) fn parse(typed: &str) -> Result<Self, DeviceError> {
        let (head, args) = typed.split_once(',').unwrap_or((typed, ""));
        let form = if head.is_empty() {
            return Err(DeviceError::Empty);
        } else if let Ok(address) = head.parse::<PciAddress>() {
            Form::Pci { address: address.to_string(), args: args.to_owned() }
        } else if let Some(name) = head.strip_prefix("pci:") {
            if name.is_empty() {
                return Err(DeviceError::MissingOperand { word: "pci", operand: "DEVICE" });
            }
            Form::PciNamed { name: name.to_owned(), args: args.to_owned() }
        } else if head.starts_with("net_") || head.starts_with("eth_") {
            Form::Vdev { name: head.to_owned(), args: args.to_owned() }
        } else {
            Self::short_form(typed)?
        };
        Ok(Self { typed: typed.to_owned(), form })
    }

    fn short_form(typed: &str) -> Result<Form, DeviceError> {
        let looks_like_pci = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
        let (word, rest) = typed.split_once(':').unwrap_or((typed, ""));
        let Some(form) = ShortForm::named(word).filter(|_| typed.contains(':')) else {
            let head = typed.split(',').next().unwrap_or(typed);
            if head.contains(':') && head.chars().all(looks_like_pci) {
                return Err(PciAddressError(typed.to_owned()).into());
            }
            let nearest = ShortForm::nearest(word);
            return Err(DeviceError::Unknown { typed: typed.to_owned(), nearest });
        };
        // A form without an operand has its options from the start.
        let (operand, options) = match form.operand() {
            "" => ("", rest),
            _ => rest.split_once(',').unwrap_or((rest, "")),
        };
        let mut pairs: Vec<(String, String)> = Vec::new();
        for option in options.split(',').filter(|_| !options.is_empty()) {
            match option.split_once('=') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                    pairs.push((form.option(key).to_owned(), value.to_owned()));
                }
                _ => {
                    let (typed, argument) = (typed.to_owned(), option.to_owned());
                    return Err(DeviceError::BadArgument { typed, argument });
                }
            }
        }
        // A capture that only writes has no file to read.
        let writes = form == ShortForm::Pcap && pairs.iter().any(|(key, _)| key == "tx_pcap");
        if operand.is_empty() && !form.operand().is_empty() && !writes {
            let (word, operand) = (form.word(), form.operand());
            return Err(DeviceError::MissingOperand { word, operand });
        }
        let vhost = match form {
            ShortForm::Vhost => {
                let path = operand.to_owned();
                Some(VhostSocket { path, ..vhost::take(typed, &mut pairs)? })
            }
            _ => None,
        };
        Ok(Form::Short { form, operand: operand.to_owned(), options: pairs, vhost })
    }

    /// What DPDK is to call the device.
    pub(super) fn name(&self) -> Name {
        match &self.form {
            Form::Pci { address: name, .. }
            | Form::PciNamed { name, .. }
            | Form::Vdev { name, .. } => Name::Given(name.clone()),
            Form::Short { form: ShortForm::Ring, operand, .. } => {
                Name::Given(format!("{}_{operand}", ShortForm::Ring.driver()))
            }
            Form::Short { form, .. } => Name::Numbered(form.driver()),
        }
    }

    /// What DPDK is told of the device, which it shall call `name`.
    pub(super) fn spec(&self, name: String, queues: u16) -> DeviceSpec {
        let (bus, args, vhost) = match &self.form {
            Form::Pci { args, .. } | Form::PciNamed { args, .. } => (Bus::Pci, args.clone(), None),
            Form::Vdev { args, .. } => (Bus::Vdev, args.clone(), None),
            Form::Short { form, operand, options, vhost } => {
                (Bus::Vdev, merged(form.options(operand, queues), options), vhost.clone())
            }
        };
        DeviceSpec { typed: self.typed.clone(), bus, name, args, vhost }
    }
}

/// Our options and the user's as devargs; where both say something, the user's stands.
fn merged(ours: Vec<(&str, String)>, theirs: &[(String, String)]) -> String {
    let said = |key: &str| theirs.iter().any(|(other, _)| other == key);
    let kept = ours.iter().filter(|(key, _)| !said(key)).map(|(key, value)| (*key, value));
    let added = theirs.iter().map(|(key, value)| (key.as_str(), value));
    let pairs: Vec<String> =
        kept.chain(added).map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}
