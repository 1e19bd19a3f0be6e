//! The status as dpdk-devbind.py prints it, for scripts that read that.

use super::flags::Kind;
use dataplane::machine::Machine;
use dataplane::pci::kernel::Kernel;
use dataplane::pci::names::PciNames;
use dataplane::pci::{PciDevice, Scan, is_user_driver};

/// The script's drivers for programs, in its order.
const DPDK_DRIVERS: [&str; 3] = ["igb_uio", "vfio-pci", "uio_pci_generic"];

/// The devices of some kinds, as `dpdk-devbind.py --status` and `--status-dev` print them.
pub(super) fn screen(kernel: &dyn Kernel, scan: &Scan, kinds: &[Kind]) -> String {
    let names = PciNames::of(kernel.machine());
    let loaded: Vec<&str> =
        DPDK_DRIVERS.into_iter().filter(|driver| is_loaded(kernel.machine(), driver)).collect();
    let line = Line { names: &names, loaded: &loaded };
    kinds.iter().map(|kind| section(*kind, scan, &line)).collect()
}

/// What the lines of all devices need.
struct Line<'a> {
    names: &'a PciNames,
    loaded: &'a [&'a str],
}

fn section(kind: Kind, scan: &Scan, line: &Line<'_>) -> String {
    let of_kind: Vec<&PciDevice> = scan.devices().filter(|device| kind.has(device)).collect();
    let title = kind.title();
    if of_kind.is_empty() {
        return heading(&format!("No '{title}' devices detected"));
    }
    let with = |heading_text: String,
                wanted: &dyn Fn(&PciDevice) -> bool,
                text: &dyn Fn(&PciDevice) -> String| {
        let mut lines: Vec<String> =
            of_kind.iter().filter(|device| wanted(device)).map(|device| text(device)).collect();
        if lines.is_empty() {
            return String::new();
        }
        lines.sort();
        format!("{}{}\n", heading(&heading_text), lines.join("\n"))
    };
    let is_dpdk = |device: &PciDevice| device.driver.as_deref().is_some_and(is_user_driver);
    let is_kernel = |device: &PciDevice| device.driver.is_some() && !is_dpdk(device);
    with(format!("{title} devices using DPDK-compatible driver"), &is_dpdk, &|device| {
        format!("{} {} {}", line.start(device), line.driver(device), line.unused(device))
    }) + &with(format!("{title} devices using kernel driver"), &is_kernel, &|device| {
        let interfaces: Vec<&str> =
            device.interfaces.iter().map(|interface| interface.name.as_str()).collect();
        let interfaces = match kind {
            Kind::Net => format!("if={} ", interfaces.join(",")),
            _ => String::new(),
        };
        let active = device.interfaces.iter().any(|interface| interface.routed);
        let active = if active && kind == Kind::Net { "*Active*" } else { "" };
        let (driver, unused) = (line.driver(device), line.unused(device));
        format!("{} {interfaces}{driver} {unused} {active}", line.start(device))
    }) + &with(format!("Other {title} devices"), &|device| device.driver.is_none(), &|device| {
        format!("{} {}", line.start(device), line.unused(device))
    })
}

impl Line<'_> {
    fn start(&self, device: &PciDevice) -> String {
        let (_, name) = self.names.find(device.vendor, device.device);
        format!("{} '{} {:04x}'", device.address, name.unwrap_or("Device"), device.device)
    }

    fn driver(&self, device: &PciDevice) -> String {
        format!("drv={}", device.driver.as_deref().unwrap_or_default())
    }

    /// Drivers that could have the device and do not.
    fn unused(&self, device: &PciDevice) -> String {
        let own = device.modules.iter().map(String::as_str);
        let others = self.loaded.iter().copied();
        let unused: Vec<&str> =
            own.chain(others).filter(|driver| Some(*driver) != device.driver.as_deref()).collect();
        format!("unused={}", unused.join(","))
    }
}

fn heading(text: &str) -> String {
    format!("\n{text}\n{}\n", "=".repeat(text.len()))
}

/// Whether a driver's module is loaded, or built in.
fn is_loaded(machine: &Machine, driver: &str) -> bool {
    let file = format!("{driver}.ko");
    let release = machine.read("proc/sys/kernel/osrelease").unwrap_or_default();
    let builtin = machine.read(format!("lib/modules/{release}/modules.builtin"));
    machine.has(format!("sys/module/{}", driver.replace('-', "_")))
        || builtin.is_some_and(|list| list.lines().any(|path| path.ends_with(&file)))
}
