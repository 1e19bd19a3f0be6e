//! `pollway dev stats`: what the kernel counts of interfaces and virtual functions, as a table or as JSON.

use super::change::finder;
use super::flags::StatsFlags;
use crate::failure::Failure;
use crate::out;
use dataplane::pci::kernel::{Kernel, Linux};
use dataplane::pci::outlook::Outlook;
use dataplane::pci::statistics::Statistics;
use dataplane::pci::{Interface, PciAddress, PciDevice, PciError, Relation};
use serde::Serialize;

/// An interface, or a virtual function as its physical one counts it.
#[derive(Serialize)]
struct Counted {
    /// The device's; the virtual function's own.
    address: PciAddress,
    /// The interface; the physical function's.
    interface: String,
    /// The virtual function's number.
    vf: Option<u16>,
    #[serde(flatten)]
    statistics: Statistics,
}

/// Shows what is counted of all devices, or of some.
///
/// # Errors
///
/// A device that there is not; standard output's.
pub(super) fn show(kernel: &Linux, flags: &StatsFlags) -> Result<(), Failure> {
    let outlook = Outlook::of(kernel).map_err(PciError::from)?;
    let named = flags.devices.iter().map(|typed| finder(kernel, &outlook).find(typed));
    let named: Vec<&PciDevice> = named.collect::<Result<_, _>>()?;
    let all = outlook.scan.devices().flat_map(|device| counted(kernel, device));
    let is_wanted = |row: &Counted| {
        named.is_empty() || named.iter().any(|device| device.address == row.address)
    };
    let rows: Vec<Counted> = all.filter(is_wanted).collect();
    for device in named {
        if !rows.iter().any(|row| row.address == device.address) {
            out::note(&format!(
                "{} has no interface, so the kernel counts nothing: its program does (`show port stats all`)",
                device.address
            ));
        }
    }
    if flags.json {
        let object = serde_json::json!({ "counters": rows });
        return Ok(out::print(&format!("{object}\n"))?);
    }
    Ok(out::print(&format!("{}\n", table(&rows)))?)
}

/// What is counted of a device: its interfaces, and its virtual functions where it is a physical one.
fn counted(kernel: &Linux, device: &PciDevice) -> Vec<Counted> {
    let vfs: &[PciAddress] = match &device.sriov {
        Relation::Physical { vfs, .. } => vfs,
        _ => &[],
    };
    let of = |interface: &Interface| {
        let name = &interface.name;
        let own = Statistics::of_interface(kernel.machine(), name).map(|statistics| Counted {
            address: device.address,
            interface: name.clone(),
            vf: None,
            statistics,
        });
        let told = match vfs {
            [] => Vec::new(),
            _ => kernel.vf_statistics(interface.index).unwrap_or_default(),
        };
        let told = told.into_iter().filter_map(|(number, statistics)| {
            let (address, interface) = (*vfs.get(usize::from(number))?, name.clone());
            Some(Counted { address, interface, vf: Some(number), statistics })
        });
        own.into_iter().chain(told).collect::<Vec<_>>()
    };
    device.interfaces.iter().flat_map(of).collect()
}

fn table(rows: &[Counted]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "ADDRESS",
        "INTERFACE",
        "RX-PACKETS",
        "RX-BYTES",
        "RX-ERRORS",
        "RX-DROPPED",
        "TX-PACKETS",
        "TX-BYTES",
        "TX-ERRORS",
        "TX-DROPPED",
    ]);
    for row in rows {
        table.add_row(cells(row));
    }
    table
}

fn cells(row: &Counted) -> [String; 10] {
    let Statistics {
        rx_packets,
        rx_bytes,
        rx_errors,
        rx_dropped,
        tx_packets,
        tx_bytes,
        tx_errors,
        tx_dropped,
    } = row.statistics;
    let name = match row.vf {
        Some(number) => format!("VF {number} of {}", row.interface),
        None => row.interface.clone(),
    };
    let or_dash = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
    [
        row.address.to_string(),
        name,
        rx_packets.to_string(),
        rx_bytes.to_string(),
        or_dash(rx_errors),
        rx_dropped.to_string(),
        tx_packets.to_string(),
        tx_bytes.to_string(),
        or_dash(tx_errors),
        tx_dropped.to_string(),
    ]
}
