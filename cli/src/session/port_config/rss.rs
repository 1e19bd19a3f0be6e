//! How packets are dealt over queues: hash types, key and redirection table.

use crate::command::PortSelection;
use crate::failure::Failure;
use crate::session::{Session, refused};
use dataplane::port::{Errno, PortId, QueueId, RetaEntry, RssTypes};

impl Session {
    pub(super) fn set_rss(&mut self, name: &str) -> Result<String, Failure> {
        let before = self.settings.found_port.rss;
        let asked = match name {
            "level-default" => Some(before.at(RssTypes::NONE)),
            "level-outer" => Some(before.at(RssTypes::OUTERMOST)),
            "level-inner" => Some(before.at(RssTypes::INNERMOST)),
            "default" => None,
            "none" => Some(RssTypes::NONE),
            name => Some(rss_types(name)?),
        };
        let mut answer = String::new();
        let mut all = true;
        for id in self.selected(PortSelection::All)? {
            let port = self.existing(id)?;
            let supported = port.info().map_err(Failure::running)?.rss_types;
            let wanted = asked.unwrap_or(supported);
            let types = RssTypes(wanted.0 & supported.0);
            if types != wanted {
                answer += &format!(
                    "Port {id} modified RSS hash function based on hardware support,requested:{} configured:{}\n",
                    hexadecimal(wanted.0),
                    hexadecimal(types.0)
                );
            }
            match port.set_rss_hash(types, None) {
                Ok(()) => self.note(id, |port| port.rss = types),
                Err(errno) => {
                    all = false;
                    answer += &format!(
                        "Configuration of RSS hash at ethernet port {id} failed with error ({}): {errno}.\n",
                        -errno.raw()
                    );
                }
            }
        }
        if let Some(asked) = asked.filter(|_| all) {
            self.settings.found_port.rss = asked;
            answer += &format!("rss_hf {}\n", hexadecimal(asked.0));
        }
        Ok(answer)
    }

    pub(super) fn set_rss_key(
        &mut self,
        id: PortId,
        types: &str,
        digits: &str,
    ) -> Result<(), Failure> {
        let types = rss_types(types)?;
        let port = self.existing(id)?;
        let size = usize::from(port.info().map_err(Failure::running)?.hash_key_size);
        if size == 0 {
            return Err(refused("dev_info did not provide a valid hash key size"));
        }
        if digits.len() != 2 * size {
            return Err(refused(format!(
                "key length: {} invalid - key must be a string of {} hexa-decimal numbers",
                digits.len(),
                2 * size
            )));
        }
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        let key: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
        let key = key.ok_or_else(|| {
            refused("the key has a character that is no hexadecimal digit (0-9, a-f)")
        })?;
        port.set_rss_hash(types, Some(&key)).map_err(|errno| match errno {
            Errno::NOT_SUPPORTED => refused("operation not supported by device"),
            errno => refused(format!("operation failed - diag={} ({errno})", errno.raw())),
        })?;
        self.note(id, |port| (port.rss, port.rss_key) = (types, Some(key.clone())));
        Ok(())
    }

    pub(super) fn set_reta(&mut self, id: PortId, typed: &str) -> Result<String, Failure> {
        let port = self.existing(id)?;
        let size = port.info().map_err(Failure::running)?.reta_size;
        if size == 0 {
            return Err(refused("Redirection table size is 0 which is invalid for RSS"));
        }
        let entries = reta(typed).filter(|entries| entries.iter().all(|entry| entry.index < size));
        let entries = entries.ok_or_else(|| {
            refused(format!(
                "Invalid RSS Redirection Table config entered: write (hash,queue),… with hashes below {size}"
            ))
        })?;
        port.set_reta(size, &entries).map_err(|errno| {
            refused(format!(
                "The reta size of port {id} is {size}\nBad redirection table parameter, return code = {} ({errno})",
                errno.raw()
            ))
        })?;
        Ok(format!("The reta size of port {id} is {size}\n"))
    }
}

/// RSS types by testpmd's name, or by the number of their bit.
fn rss_types(name: &str) -> Result<RssTypes, Failure> {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        let bit = name.parse().ok().filter(|bit| (1..64).contains(bit));
        return bit
            .map(|bit: u32| RssTypes(1 << bit))
            .ok_or_else(|| refused("flowtype_id should be greater than 0 and less than 64."));
    }
    RssTypes::named(name)
        .filter(|types| *types != RssTypes::NONE)
        .ok_or_else(|| refused(format!("Unknown parameter {name}: there is no such RSS type")))
}

/// `(0,1),(1,0)`.
fn reta(text: &str) -> Option<Vec<RetaEntry>> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let entry = |pair: &str| {
        let (index, queue) = pair.split_once(',')?;
        Some(RetaEntry { index: index.parse().ok()?, queue: QueueId(queue.parse().ok()?) })
    };
    inner.split("),(").map(entry).collect()
}

/// As C's `%#lx` has it.
fn hexadecimal(number: u64) -> String {
    if number == 0 { "0".to_owned() } else { format!("{number:#x}") }
}
