//! Which of the kernel's modules are for a device.

use crate::machine::Machine;

/// The kernel's list of modules and of the devices they are for.
///
/// Source: modules.alias in depmod(8); a line is `alias PATTERN MODULE`.
#[derive(Debug, Default)]
pub(super) struct Modules {
    aliases: Vec<(String, String)>,
}

impl Modules {
    /// The list of the running kernel; empty where it has no modules.
    pub(super) fn of(machine: &Machine) -> Self {
        let release = machine.read("proc/sys/kernel/osrelease").unwrap_or_default();
        let list = machine.read(format!("lib/modules/{release}/modules.alias")).unwrap_or_default();
        let alias = |line: &str| {
            let mut words = line.strip_prefix("alias pci:")?.split(' ');
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        };
        Self { aliases: list.lines().filter_map(alias).collect() }
    }

    /// The modules whose pattern fits what the device says of itself.
    pub(super) fn fitting(&self, modalias: &str) -> Vec<String> {
        let Some(device) = modalias.strip_prefix("pci:") else { return Vec::new() };
        let fitting = self.aliases.iter().filter(|(pattern, _)| fits(pattern, device));
        let mut modules: Vec<String> = fitting.map(|(_, module)| module.clone()).collect();
        modules.sort();
        modules.dedup();
        modules
    }
}

/// Whether a text fits a pattern in which `*` stands for any number of characters.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else {
        return false;
    };
    let Some(end) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The first place is as good as any: what follows it holds what follows a later one.
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn patterns() {
        assert!(fits(
            "v00008086d000010C9sv*sd*bc*sc*i*",
            "v00008086d000010C9sv00001AF4sd00001100bc02sc00i00"
        ));
        assert!(fits("*", "") && fits("a", "a") && fits("a*", "a") && fits("*b*b", "abab"));
        assert!(!fits("a", "ab") && !fits("a*b", "ac") && !fits("", "a") && !fits("ab*b", "ab"));
    }

    #[test]
    fn the_running_kernels_modules_are_found() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::at(root.path());
        for folder in ["proc/sys/kernel", "lib/modules/6.1.0"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        fs::write(machine.path("proc/sys/kernel/osrelease"), "6.1.0\n").unwrap();
        let list = "# Aliases\nalias pci:v00008086d000010C9sv*sd*bc*sc*i* igb\nalias usb:v1 uas\n\
                    alias pci:v*d*sv*sd*bc02sc*i* anynet\n";
        fs::write(machine.path("lib/modules/6.1.0/modules.alias"), list).unwrap();
        let modules = Modules::of(&machine);
        assert_eq!(modules.fitting("pci:v00008086d000010C9sv1sd2bc02sc00i00"), ["anynet", "igb"]);
        assert_eq!(modules.fitting("pci:v00008086d000010CAsv1sd2bc03sc00i00"), [""; 0]);
    }
}
