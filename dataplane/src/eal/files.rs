//! The files of a DPDK process that are its own to remove.

use super::flags::value_of;
use crate::machine::Machine;
use crate::prefix::Prefix;

/// Files that are this process's to remove.
pub(super) struct Files {
    pub(super) prefix: Prefix,
    huge_dir: Option<String>,
}

impl Files {
    /// Those of a process started with these flags: none of a secondary one, as they are the primary's, and none where
    /// they are to stay for the next run.
    pub(super) fn of(flags: &[String]) -> Option<Self> {
        let value = |name| value_of(flags, name);
        let is_primary = value("--proc-type").is_none_or(|kind| kind == "primary");
        if !is_primary || value("--in-memory").is_some() || value("--huge-unlink") == Some("never")
        {
            return None;
        }
        let prefix = Prefix::new(value("--file-prefix").unwrap_or(Prefix::DEFAULT));
        Some(Self { prefix, huge_dir: value("--huge-dir").map(str::to_owned) })
    }

    pub(super) fn remove(&self) {
        self.prefix.remove_files(&Machine::default(), self.huge_dir.as_deref());
    }
}
