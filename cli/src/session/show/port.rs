//! Pages of one port. What its device lacks is said in testpmd's words, which scripts know.

use crate::answer::Answer;
use crate::command::PortPage;
use crate::failure::Failure;
use crate::render::fec::FecPage;
use crate::render::flow_ctrl::FlowControlPage;
use crate::render::hexdump::EepromPage;
use crate::render::macs::MacsPage;
use crate::render::offloads::{OffloadCapabilities, OffloadConfiguration};
use crate::render::ptypes::PtypesPage;
use crate::render::register::RegisterPage;
use crate::render::rss::{RetaPage, RssHashPage};
use crate::session::{NOT_IMPLEMENTED, refused};
use dataplane::port::{
    Any, Direction, Errno, PTYPE_LAYERS, Port, PortInfo, QueueId, RETA_GROUP, offload_names,
};

type Page = Result<Answer, Failure>;

/// The longest RSS key that is shown, bytes (testpmd's `RSS_HASH_KEY_LENGTH`).
const LONGEST_KEY: u8 = 64;

/// The largest redirection table that is shown (`RTE_ETH_RSS_RETA_SIZE_512`).
const LARGEST_RETA: u16 = 512;

/// A page of a port.
pub(super) fn page(port: &Port<Any>, page: &PortPage) -> Page {
    let id = port.id();
    match page {
        PortPage::OffloadCapabilities(direction) => offload_capabilities(port, *direction),
        PortPage::OffloadConfiguration(direction) => offload_configuration(port, *direction),
        PortPage::RssHash { with_key } => rss_hash(port, *with_key).map(Answer::page),
        PortPage::Reta { size, masks } => reta(port, *size, masks),
        PortPage::FlowControl => match port.flow_control() {
            Ok(flow_control) => Ok(Answer::page(FlowControlPage { port: id, flow_control })),
            Err(errno) => Err(refused(format!(
                "Failed to get current flow ctrl information: err = {}",
                errno.raw()
            ))),
        },
        PortPage::Macs => {
            let macs = port.macs(info(port)?.max_mac_addrs).map_err(|errno| {
                refused(format!("Failed to get the MAC addresses of port {id}: {errno}"))
            })?;
            Ok(Answer::page(MacsPage::Unicast(macs)))
        }
        PortPage::MulticastMacs => Ok(Answer::page(MacsPage::Multicast(port.multicast()))),
        PortPage::Ptypes => {
            let layers = PTYPE_LAYERS.iter().map(|layer| (layer.name, port.ptypes(layer.mask)));
            Ok(Answer::page(PtypesPage { layers: layers.collect() }))
        }
        PortPage::Eeprom => eeprom(port, false),
        PortPage::ModuleEeprom => eeprom(port, true),
        PortPage::Fec => match port.fec() {
            Ok(modes) => Ok(Answer::page(FecPage::Mode(modes.names().collect()))),
            Err(Errno::NOT_SUPPORTED) => Err(refused(NOT_IMPLEMENTED)),
            Err(errno) => Err(refused(format!("Get FEC mode failed: {errno}"))),
        },
        PortPage::FecCapabilities => match port.fec_capabilities() {
            Ok(speeds) => Ok(Answer::page(FecPage::capabilities(&speeds))),
            Err(Errno::NOT_SUPPORTED) => Err(refused(NOT_IMPLEMENTED)),
            Err(errno) => Err(refused(format!("Get FEC capability failed: {}", errno.raw()))),
        },
        PortPage::TransferProxy => match port.transfer_proxy() {
            Ok(proxy) => Ok(format!("\nTransfer proxy port ID: {proxy}\n\n").into()),
            Err(error) => {
                Err(refused(format!("\nFailed to pick transfer proxy: {}", error.reason())))
            }
        },
        PortPage::Register(offset) => register(port, *offset),
    }
}

fn info(port: &Port<Any>) -> Result<PortInfo, Failure> {
    port.info().map_err(Failure::running)
}

/// DPDK's names of a direction's offloads.
fn names(direction: Direction, offloads: u64) -> Vec<String> {
    match direction {
        Direction::Rx => offload_names(offloads, 0).0,
        Direction::Tx => offload_names(0, offloads).1,
    }
}

fn offload_capabilities(port: &Port<Any>, direction: Direction) -> Page {
    let info = info(port)?;
    let (all, of_queues) = match direction {
        Direction::Rx => (info.rx_offloads, info.rx_queue_offloads),
        Direction::Tx => (info.tx_offloads, info.tx_queue_offloads),
    };
    let page = OffloadCapabilities {
        port: port.id(),
        direction,
        per_queue: names(direction, of_queues),
        per_port: names(direction, all & !of_queues),
    };
    Ok(Answer::page(page))
}

fn offload_configuration(port: &Port<Any>, direction: Direction) -> Page {
    let (rx, tx) = port.offloads().map_err(|errno| {
        refused(format!("Error during getting device configuration (port {}): {errno}", port.id()))
    })?;
    let info = info(port)?;
    let (of_port, queues) = match direction {
        Direction::Rx => (rx, info.rx_queues),
        Direction::Tx => (tx, info.tx_queues),
    };
    // A driver that does not say has no offloads of single queues.
    let of_queue = |queue| match direction {
        Direction::Rx => port.rx_queue_info(QueueId(queue)).map_or(of_port, |info| info.offloads),
        Direction::Tx => port.tx_queue_info(QueueId(queue)).map_or(of_port, |info| info.offloads),
    };
    let page = OffloadConfiguration {
        port: port.id(),
        direction,
        of_port: names(direction, of_port),
        of_queues: (0..queues).map(|queue| names(direction, of_queue(queue))).collect(),
    };
    Ok(Answer::page(page))
}

/// What RSS hashes.
pub(super) fn rss_hash(port: &Port<Any>, with_key: bool) -> Result<RssHashPage, Failure> {
    let key_len = info(port)?.hash_key_size;
    if !(1..=LONGEST_KEY).contains(&key_len) {
        return Err(refused("dev_info did not provide a valid hash key size"));
    }
    let hash = port.rss_hash(key_len).map_err(|errno| match errno {
        Errno::NOT_SUPPORTED => refused("operation not supported by device"),
        errno => refused(format!("operation failed - diag={}", errno.raw())),
    })?;
    Ok(RssHashPage { hash, with_key })
}

fn reta(port: &Port<Any>, size: u16, masks: &str) -> Page {
    let largest = info(port)?.reta_size.min(LARGEST_RETA);
    if !(1..=largest).contains(&size) {
        return Err(refused(format!("Invalid redirection table size: {size} (1-{largest})")));
    }
    let words = size.div_ceil(RETA_GROUP);
    let entries = match reta_masks(masks) {
        Some(masks) if masks.len() == usize::from(words) => port.reta(size, &masks),
        Some(_) => {
            return Err(refused(format!(
                "The bits of masks do not match the number of reta entries: {words}\n\
                 Invalid string: {masks} for reta masks"
            )));
        }
        None => return Err(refused(format!("Invalid string: {masks} for reta masks"))),
    };
    let entries = entries.map_err(|errno| {
        refused(format!("Failed to get RSS RETA info, return code = {}", errno.raw()))
    })?;
    Ok(Answer::page(RetaPage(entries)))
}

/// The masks of `(0xf,0x1)`.
fn reta_masks(text: &str) -> Option<Vec<u64>> {
    let masks = text.strip_prefix('(')?.strip_suffix(')')?.split(',');
    masks
        .map(|mask| match mask.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => mask.parse().ok(),
        })
        .collect()
}

fn eeprom(port: &Port<Any>, module: bool) -> Page {
    let bytes = if module { port.module_eeprom() } else { port.eeprom() };
    let bytes = bytes.map_err(|errno| match errno {
        Errno::NOT_SUPPORTED => refused("operation not supported by device"),
        Errno::REMOVED => refused("device is removed"),
        errno => {
            let module = if module { "module " } else { "" };
            refused(format!("Unable to get {module}EEPROM: {}", errno.raw()))
        }
    })?;
    Ok(Answer::page(EepromPage { port: port.id(), module, bytes }))
}

fn register(port: &Port<Any>, offset: u32) -> Page {
    let registers = port.registers().map_err(|errno| match errno {
        Errno::NOT_SUPPORTED => refused("operation not supported by device"),
        errno => refused(format!("Unable to get registers: {}", errno.raw())),
    })?;
    let start = offset as usize;
    let value = registers.bytes.get(start..start.saturating_add(registers.width));
    match value.filter(|_| start.is_multiple_of(registers.width)) {
        Some(bytes) => {
            // Registers are in the order of this machine's bytes, as the driver read them.
            let value = bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
            Ok(Answer::page(RegisterPage { port: port.id(), offset, value }))
        }
        None => Err(refused(format!(
            "Invalid register offset {offset:#X} (must be a multiple of {} below {:#X})",
            registers.width,
            registers.bytes.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_stand_in_brackets() {
        assert_eq!(reta_masks("(0xf,1)"), Some(vec![15, 1]));
        assert_eq!(reta_masks("(0xffffffffffffffff)"), Some(vec![u64::MAX]));
        for wrong in ["", "0xf", "(", "()", "(0xg)", "(1,)", "(0x1ffffffffffffffff)"] {
            assert_eq!(reta_masks(wrong), None, "{wrong}");
        }
    }
}
