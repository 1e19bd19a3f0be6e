//! `pollway dev status`: all that can be said of network devices, as a table or as JSON.

use super::flags::StatusFlags;
use crate::failure::Failure;
use crate::out;
use dataplane::pci::binding::Kept;
use dataplane::pci::kernel::{Kernel, Linux};
use dataplane::pci::memory::Memory;
use dataplane::pci::names::PciNames;
use dataplane::pci::vf::VfSetting;
use dataplane::pci::{Interface, PciDevice, Relation, Scan};
use dataplane::wire::ethernet::MacAddr;
use serde::Serialize;

/// A device as `--json` prints it.
#[derive(Serialize)]
struct Named<'a> {
    vendor_name: Option<&'a str>,
    device_name: Option<&'a str>,
    /// The others of its IOMMU group.
    group_members: Vec<String>,
    /// What a virtual function was told by its physical one.
    vf_settings: Vec<VfSetting>,
    /// Of a device that is bound for programs: the interfaces that it had, and gets back.
    kept: &'a [Kept],
    #[serde(flatten)]
    device: &'a PciDevice,
}

/// Shows network devices, or all.
///
/// # Errors
///
/// Standard output's.
pub(super) fn show(kernel: &Linux, flags: &StatusFlags) -> Result<(), Failure> {
    let scan = Scan::of(kernel);
    let names = PciNames::of(kernel.machine());
    // A damaged memory is for those to complain of that would change it.
    let memory = Memory::load(kernel.machine()).unwrap_or_default();
    let devices: Vec<Named<'_>> = scan
        .devices()
        .filter(|device| flags.all || device.is_network())
        .map(|device| {
            let (vendor_name, device_name) = names.find(device.vendor, device.device);
            let group_members = neighbours(&scan, device);
            let vf_settings = vf_settings(kernel, &scan, device);
            let kept = memory.kept(device);
            Named { vendor_name, device_name, group_members, vf_settings, kept, device }
        })
        .collect();
    if flags.json {
        let devices = serde_json::json!({ "devices": devices });
        return Ok(out::print(&format!("{devices}\n"))?);
    }
    if devices.is_empty() {
        return Ok(out::print("there is no PCI network device (pollway dev status --all)\n")?);
    }
    Ok(out::print(&format!("{}\n", table(&devices)))?)
}

/// The others of a device's IOMMU group.
fn neighbours(scan: &Scan, device: &PciDevice) -> Vec<String> {
    let Some(group) = device.iommu_group else { return Vec::new() };
    let others = scan.group(group).filter(|other| other.address != device.address);
    others.map(|other| other.address.to_string()).collect()
}

/// What the interface of its physical function says of a virtual one, whoever that is bound to.
fn vf_settings(kernel: &Linux, scan: &Scan, device: &PciDevice) -> Vec<VfSetting> {
    let Relation::Virtual { pf, number } = device.sriov else { return Vec::new() };
    let interface = scan.get(pf).and_then(|pf| pf.interfaces.first());
    let all = interface.and_then(|interface| kernel.vf_settings(interface.index).ok());
    let own = all.into_iter().flat_map(|all| all.0).filter(|(vf, _)| *vf == number);
    own.map(|(_, setting)| setting).collect()
}

fn table(devices: &[Named<'_>]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "ADDRESS",
        "DEVICE",
        "DRIVER",
        "NODE",
        "GROUP",
        "INTERFACE",
        "LINK",
        "MAC",
        "SR-IOV",
        "IN USE",
    ]);
    for named in devices {
        table.add_row(row(named));
    }
    table
}

fn row(named: &Named<'_>) -> [String; 10] {
    let device = named.device;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let group = device.iommu_group.map(|group| match named.group_members.len() {
        0 => group.to_string(),
        _ => format!("{group} (with {})", named.group_members.join(", ")),
    });
    [
        device.address.to_string(),
        name(named),
        or_dash(device.driver.clone()),
        or_dash(device.numa_node.map(|node| node.to_string())),
        or_dash(group),
        each(device, |interface| interface.name.clone()),
        each(device, link),
        mac(named),
        sriov(device),
        used(device),
    ]
}

fn name(named: &Named<'_>) -> String {
    let PciDevice { vendor, device, .. } = named.device;
    match (named.vendor_name, named.device_name) {
        (Some(vendor), Some(device)) => format!("{vendor} {device}"),
        (Some(vendor), None) => format!("{vendor} {device:04x}"),
        _ => format!("{vendor:04x}:{device:04x}"),
    }
}

/// A line for each interface.
fn each(device: &PciDevice, text: impl Fn(&Interface) -> String) -> String {
    let lines: Vec<String> = device.interfaces.iter().map(text).collect();
    if lines.is_empty() { "-".to_owned() } else { lines.join("\n") }
}

/// The addresses of its interfaces. Where it has none, that which a virtual function was given, or of those that it had.
fn mac(named: &Named<'_>) -> String {
    let or_dash = |mac: Option<MacAddr>| mac.map_or_else(|| "-".to_owned(), |mac| mac.to_string());
    if !named.device.interfaces.is_empty() {
        return each(named.device, |interface| or_dash(interface.mac));
    }
    let given = named.vf_settings.iter().find_map(|setting| match setting {
        VfSetting::Mac(mac) if *mac != MacAddr([0; 6]) => Some(*mac),
        _ => None,
    });
    or_dash(given.or_else(|| named.kept.iter().find_map(|kept| kept.mac)))
}

fn link(interface: &Interface) -> String {
    match (interface.up, interface.carrier, interface.speed_mbps) {
        (false, ..) => "set down".to_owned(),
        (true, Some(true), Some(speed)) => format!("up, {speed} Mbit/s"),
        (true, Some(true), None) => "up".to_owned(),
        (true, ..) => "down".to_owned(),
    }
}

fn sriov(device: &PciDevice) -> String {
    match &device.sriov {
        Relation::None => "-".to_owned(),
        Relation::Physical { total, vfs } => format!("{} of {total} VFs", vfs.len()),
        Relation::Virtual { pf, number } => format!("VF {number} of {pf}"),
    }
}

/// Who uses a device: programs that have it open, or the kernel.
fn used(device: &PciDevice) -> String {
    let programs = device.users.iter().map(ToString::to_string);
    let kernel = device.interfaces.iter().filter_map(|interface| {
        if interface.default_route {
            return Some("kernel: default route".to_owned());
        }
        let address = interface.addresses.first()?;
        Some(format!("kernel: {address}"))
    });
    let lines: Vec<String> = programs.chain(kernel).collect();
    if lines.is_empty() { "-".to_owned() } else { lines.join("\n") }
}
