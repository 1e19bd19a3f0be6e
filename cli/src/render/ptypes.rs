//! What a device recognises in packets: `show port N ptypes` (testpmd's `cmd_show_port_supported_ptypes_parsed`,
//! `app/test-pmd/cmdline.c`).

use serde::Serialize;
use std::fmt;

/// The packet types that a device recognises.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PtypesPage {
    /// The layers, from the outside in, and DPDK's names of the types of each.
    pub(crate) layers: Vec<(&'static str, Vec<String>)>,
}

impl fmt::Display for PtypesPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (layer, types) in &self.layers {
            if types.is_empty() {
                writeln!(f, "{layer} ptypes unsupported")?;
            } else {
                writeln!(f, "Supported {layer} ptypes:")?;
            }
            types.iter().try_for_each(|name| writeln!(f, "{name}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_without_types_says_so() {
        let layers = vec![("L2", vec!["L2_ETHER ".to_owned()]), ("L3", Vec::new())];
        assert_eq!(
            PtypesPage { layers }.to_string(),
            "Supported L2 ptypes:\nL2_ETHER \nL3 ptypes unsupported\n"
        );
    }
}
