//! What vendors call their devices: the list that `lspci` reads too, as the system has it.
//!
//! Read from the system's file rather than built in: `update-pciids` keeps that one current.

use crate::machine::Machine;

/// Where distributions put the list (Debian; Fedora and others; some have both).
const LISTS: [&str; 2] = ["usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids"];

/// The list of names; empty where the machine has none.
///
/// Source: pci.ids(5). A line at the margin is a vendor's, one behind a tab a device's of that vendor; classes follow,
/// each behind a `C`.
#[derive(Clone, Debug, Default)]
pub struct PciNames {
    text: String,
}

impl PciNames {
    /// The machine's list.
    pub fn of(machine: &Machine) -> Self {
        let text = LISTS.iter().find_map(|list| machine.read(list)).unwrap_or_default();
        Self { text }
    }

    /// What a vendor calls itself, and what it calls a device.
    pub fn find(&self, vendor: u16, device: u16) -> (Option<&str>, Option<&str>) {
        let vendor = format!("{vendor:04x}  ");
        let device = format!("\t{device:04x}  ");
        let mut lines = self.text.lines().skip_while(|line| !line.starts_with(&vendor));
        let vendor = lines.next().and_then(|line| line.strip_prefix(&vendor));
        let mut devices = lines.take_while(|line| line.starts_with('\t') || line.starts_with('#'));
        (vendor, devices.find_map(|line| line.strip_prefix(&device)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_are_found_by_number() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("usr/share/hwdata")).unwrap();
        let list = "# a list\n8086  Intel Corporation\n\t10c9  82576 Gigabit Network Connection\n# said\n\
                    \t\t8086 a03c  A subsystem\n\t10ca  82576 Virtual Function\n\
                    1af4  Red Hat, Inc.\n\t1041  Virtio 1.0 network device\nC 02  Network controller\n";
        fs::write(root.path().join("usr/share/hwdata/pci.ids"), list).unwrap();
        let names = PciNames::of(&Machine::at(root.path()));
        let intel = Some("Intel Corporation");
        assert_eq!(names.find(0x8086, 0x10ca), (intel, Some("82576 Virtual Function")));
        assert_eq!(names.find(0x8086, 0x1041), (intel, None));
        assert_eq!(names.find(0x1af4, 0x1041).1, Some("Virtio 1.0 network device"));
        assert_eq!(names.find(0x1234, 0x10ca), (None, None));
        assert_eq!(PciNames::default().find(0x8086, 0x10ca), (None, None));
    }
}
