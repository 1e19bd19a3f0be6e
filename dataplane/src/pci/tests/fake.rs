//! A kernel made of files: its sysfs behaves as the real one's does, and fails where it is told to.

use crate::machine::Machine;
use crate::pci::PciAddress;
use crate::pci::kernel::{IpPrefix, Kernel, LinkChange, Route};
use crate::pci::statistics::Statistics;
use crate::pci::vf::{VfSetting, VfSettings};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The kernel's driver for virtual functions.
const VF_DRIVER: &str = "igbvf";

/// A device of the fake machine.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) address: &'static str,
    pub(super) driver: Option<&'static str>,
    /// The kernel's own driver for it.
    pub(super) own: &'static str,
    pub(super) group: Option<u32>,
    /// The interface that its own driver makes of it.
    pub(super) interface: Option<&'static str>,
    pub(super) vfs: u16,
}

impl Made {
    pub(super) const fn nic(address: &'static str, group: u32, interface: &'static str) -> Self {
        let (driver, own) = (Some("igb"), "igb");
        Self { address, driver, own, group: Some(group), interface: Some(interface), vfs: 0 }
    }
}

/// Which of the things asked of the kernel fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fails {
    Never,
    /// The one of this number, from 0.
    At(usize),
    /// From that one on, for ever.
    From(usize),
}

pub(super) struct Fake {
    machine: Machine,
    root: tempfile::TempDir,
    devices: BTreeMap<String, Made>,
    pub(super) fails: Fails,
    /// How many things were asked.
    pub(super) asked: usize,
    interfaces: u32,
    addresses: BTreeMap<u32, Vec<IpPrefix>>,
    routes: BTreeMap<u32, Vec<Route>>,
    settings: BTreeMap<(u16, String), VfSetting>,
    /// Drivers that refuse every device.
    pub(super) refuse: Vec<&'static str>,
    /// Modules that modprobe finds.
    pub(super) modules: Vec<&'static str>,
}

impl Fake {
    /// A machine with these devices, and with these drivers besides their own.
    pub(super) fn new(devices: &[Made], drivers: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut fake = Self {
            machine: Machine::at(root.path()),
            root,
            devices: BTreeMap::new(),
            fails: Fails::Never,
            asked: 0,
            interfaces: 0,
            addresses: BTreeMap::new(),
            routes: BTreeMap::new(),
            settings: BTreeMap::new(),
            refuse: vec![],
            modules: vec!["vfio-pci"],
        };
        for driver in drivers {
            fake.driver(driver);
        }
        devices.iter().for_each(|made| fake.add(made));
        fake.asked = 0;
        fake
    }

    fn at(&self, file: &str) -> std::path::PathBuf {
        self.machine.path(file)
    }

    pub(super) fn put(&self, file: &str, text: &str) {
        fs::create_dir_all(self.at(file).parent().unwrap()).unwrap();
        fs::write(self.at(file), format!("{text}\n")).unwrap();
    }

    fn driver(&self, name: &str) {
        let folder = self.at(&format!("sys/bus/pci/drivers/{name}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(self.at("sys/bus/pci/drivers_probe"), "").unwrap();
        for file in ["bind", "unbind"] {
            fs::write(folder.join(file), "").unwrap();
        }
        let may_make_vfs = "sys/module/vfio_pci/parameters/enable_sriov";
        if name == "vfio-pci" && !self.at(may_make_vfs).exists() {
            self.put(may_make_vfs, "N");
        }
    }

    fn add(&mut self, made: &Made) {
        let folder = format!("sys/bus/pci/devices/{}", made.address);
        for (file, text) in [
            ("class", "0x020000"),
            ("vendor", "0x8086"),
            ("device", "0x10c9"),
            ("driver_override", "(null)"),
            ("modalias", ""),
        ] {
            self.put(&format!("{folder}/{file}"), text);
        }
        if let Some(group) = made.group {
            fs::create_dir_all(self.at(&format!("sys/kernel/iommu_groups/{group}"))).unwrap();
            let link = self.at(&format!("{folder}/iommu_group"));
            symlink(format!("../../../kernel/iommu_groups/{group}"), link).unwrap();
        }
        if made.vfs > 0 {
            self.put(&format!("{folder}/sriov_totalvfs"), &made.vfs.to_string());
            self.put(&format!("{folder}/sriov_numvfs"), "0");
            self.put(&format!("{folder}/sriov_drivers_autoprobe"), "1");
        }
        self.driver(made.own);
        self.devices.insert(made.address.to_owned(), made.clone());
        if let Some(driver) = made.driver {
            self.driver(driver);
            self.bound(made.address, driver);
        }
    }

    /// The driver has the device now; the kernel's own makes an interface of it.
    fn bound(&mut self, address: &str, driver: &str) {
        let folder = format!("sys/bus/pci/devices/{address}");
        let link = self.at(&format!("{folder}/driver"));
        symlink(format!("../../../../bus/pci/drivers/{driver}"), link).unwrap();
        let Some(made) = self.devices.get(address) else { return };
        if let Some(name) = made.interface.filter(|_| made.own == driver) {
            self.interfaces += 1;
            let (folder, index) = (format!("{folder}/net/{name}"), self.interfaces);
            self.put(&format!("{folder}/ifindex"), &index.to_string());
            self.put(&format!("{folder}/flags"), "0x1002");
            self.put(&format!("{folder}/mtu"), "1500");
            self.put(&format!("{folder}/address"), &format!("02:00:00:00:00:{}", &address[5..7]));
            self.addresses.insert(index, vec![]);
        }
    }

    /// The folders of all interfaces.
    fn interfaces(&self) -> Vec<String> {
        let of = |made: &Made| {
            let folder = format!("sys/bus/pci/devices/{}/net", made.address);
            let names = self.machine.entries(&folder).into_iter();
            names.map(move |name| format!("{folder}/{name}")).collect::<Vec<_>>()
        };
        self.devices.values().flat_map(of).collect()
    }

    /// The folder of an interface.
    fn interface(&self, index: u32) -> String {
        let is = |folder: &String| self.machine.value(format!("{folder}/ifindex")) == Some(index);
        self.interfaces().into_iter().find(is).unwrap()
    }

    pub(super) fn take_addresses(&mut self, index: u32) {
        self.addresses.remove(&index);
    }

    pub(super) fn set_up(&mut self, index: u32) {
        self.change_link(index, &LinkChange::Up(true)).unwrap();
    }

    pub(super) fn index(&self, name: &str) -> u32 {
        let folders = self.interfaces();
        let folder = folders.iter().find(|folder| folder.ends_with(&format!("/{name}"))).unwrap();
        self.machine.value(format!("{folder}/ifindex")).unwrap()
    }

    /// Counts a thing that is asked, and fails if it is to.
    fn ask(&mut self) -> io::Result<()> {
        self.asked += 1;
        let fails = match self.fails {
            Fails::Never => false,
            Fails::At(place) => self.asked == place + 1,
            Fails::From(place) => self.asked > place,
        };
        if fails { Err(io::Error::from_raw_os_error(libc::EIO)) } else { Ok(()) }
    }

    fn bind(&mut self, address: &str, driver: &str) -> io::Result<()> {
        let folder = format!("sys/bus/pci/devices/{address}");
        let set = self.machine.read(format!("{folder}/driver_override")).unwrap_or_default();
        let own = self.devices.get(address).map_or(VF_DRIVER, |made| made.own);
        let fits = if set == "(null)" { own == driver } else { set == driver };
        if !fits || self.machine.link(format!("{folder}/driver")).is_some() {
            return Err(io::Error::from_raw_os_error(libc::ENODEV));
        }
        if self.refuse.contains(&driver) {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        self.bound(address, driver);
        Ok(())
    }

    fn unbind(&mut self, address: &str, driver: &str) -> io::Result<()> {
        let link = format!("sys/bus/pci/devices/{address}/driver");
        if self.machine.link(&link).as_deref() != Some(driver) {
            return Err(io::Error::from_raw_os_error(libc::ENODEV));
        }
        // A driver takes its virtual functions along.
        if self.machine.has(format!("sys/bus/pci/devices/{address}/sriov_numvfs")) {
            self.set_vfs(address, 0)?;
        }
        fs::remove_file(self.at(&link)).unwrap();
        let _ = fs::remove_dir_all(self.at(&format!("sys/bus/pci/devices/{address}/net")));
        Ok(())
    }

    fn set_vfs(&mut self, pf: &str, count: u16) -> io::Result<()> {
        let folder = format!("sys/bus/pci/devices/{pf}");
        let now: u16 = self.machine.value(format!("{folder}/sriov_numvfs")).unwrap();
        if now != 0 && count != 0 {
            return Err(io::Error::from_raw_os_error(libc::EBUSY));
        }
        for number in 0..now {
            fs::remove_file(self.at(&format!("{folder}/virtfn{number}"))).unwrap();
            fs::remove_dir_all(self.at(&format!("sys/bus/pci/devices/{}", vf(pf, number))))
                .unwrap();
        }
        self.driver(VF_DRIVER);
        for number in 0..count {
            let address = vf(pf, number);
            let of = format!("sys/bus/pci/devices/{address}");
            for (file, text) in
                [("class", "0x020000"), ("driver_override", "(null)"), ("vendor", "0x8086")]
            {
                self.put(&format!("{of}/{file}"), text);
            }
            symlink("../g/9", self.at(&format!("{of}/iommu_group"))).unwrap();
            symlink(format!("../{pf}"), self.at(&format!("{of}/physfn"))).unwrap();
            symlink(format!("../{address}"), self.at(&format!("{folder}/virtfn{number}"))).unwrap();
        }
        self.put(&format!("{folder}/sriov_numvfs"), &count.to_string());
        Ok(())
    }

    /// All that a change could have changed, in words.
    pub(super) fn state(&self) -> BTreeMap<String, String> {
        let mut state = BTreeMap::new();
        for address in self.machine.entries("sys/bus/pci/devices") {
            let at = |file: &str| format!("sys/bus/pci/devices/{address}/{file}");
            let text = |file: &str| self.machine.read(at(file)).unwrap_or_default();
            let interfaces: Vec<String> = self
                .machine
                .entries(at("net"))
                .iter()
                .map(|name| {
                    let index: u32 =
                        self.machine.value(at(&format!("net/{name}/ifindex"))).unwrap();
                    let flags = text(&format!("net/{name}/flags"));
                    let mtu = text(&format!("net/{name}/mtu"));
                    let (addresses, routes) = (self.addresses.get(&index), self.routes.get(&index));
                    format!("{name} {flags} {mtu} {addresses:?} {routes:?}")
                })
                .collect();
            let said = format!(
                "{:?} {} {interfaces:?} {} {}",
                self.machine.link(at("driver")),
                text("driver_override"),
                text("sriov_numvfs"),
                text("sriov_drivers_autoprobe"),
            );
            state.insert(address.clone(), said);
        }
        let memory = self.machine.read(crate::pci::memory::FILE).filter(|text| text != "{}");
        state.insert("remembering".to_owned(), memory.unwrap_or_default());
        state.insert("settings".to_owned(), format!("{:?}", self.settings));
        state
    }
}

/// The address of a virtual function, in the manner of igb.
pub(super) fn vf(pf: &str, number: u16) -> PciAddress {
    format!("{}:10.{number}", &pf[..7]).parse().unwrap()
}

impl Kernel for Fake {
    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn write(&mut self, file: &str, text: &str) -> io::Result<()> {
        self.ask()?;
        assert!(self.at(file).exists(), "a write to {file}, which is not there");
        let parts: Vec<&str> = Path::new(file).iter().map(|part| part.to_str().unwrap()).collect();
        match parts[..] {
            [.., "drivers", driver, "bind"] => self.bind(text, driver),
            [.., "drivers", driver, "unbind"] => self.unbind(text, driver),
            [.., "drivers_probe"] => {
                let set = format!("sys/bus/pci/devices/{text}/driver_override");
                let set = self.machine.read(set).unwrap();
                let own = self.devices.get(text).map_or(VF_DRIVER, |made| made.own).to_owned();
                let driver = if set == "(null)" { own } else { set };
                self.bind(text, &driver)
            }
            [.., pf, "sriov_numvfs"] => self.set_vfs(pf, text.parse().unwrap()),
            [.., "driver_override"] if text.trim().is_empty() => {
                self.put(file, "(null)");
                Ok(())
            }
            _ => {
                self.put(file, text.trim());
                Ok(())
            }
        }
    }

    fn save(&mut self, file: &str, text: &str) -> io::Result<()> {
        self.ask()?;
        self.put(file, text);
        Ok(())
    }

    fn load_module(&mut self, name: &str) -> io::Result<()> {
        self.ask()?;
        if !self.modules.contains(&name) {
            return Err(io::Error::other(format!("FATAL: Module {name} not found")));
        }
        self.driver(name);
        Ok(())
    }

    fn addresses(&self) -> io::Result<Vec<(u32, IpPrefix)>> {
        let of = |(index, all): (&u32, &Vec<IpPrefix>)| {
            all.iter().map(|address| (*index, *address)).collect::<Vec<_>>()
        };
        Ok(self.addresses.iter().flat_map(of).collect())
    }

    fn add_address(&mut self, interface: u32, address: IpPrefix) -> io::Result<()> {
        self.ask()?;
        self.addresses.entry(interface).or_default().push(address);
        Ok(())
    }

    fn routes(&self) -> io::Result<Vec<(u32, Route)>> {
        let of = |(index, all): (&u32, &Vec<Route>)| {
            all.iter().map(|route| (*index, route.clone())).collect::<Vec<_>>()
        };
        Ok(self.routes.iter().flat_map(of).collect())
    }

    fn add_route(&mut self, interface: u32, route: &Route) -> io::Result<()> {
        self.ask()?;
        let near = self.addresses.get(&interface).is_some_and(|all| !all.is_empty());
        if route.via.is_some() && !near {
            return Err(io::Error::from_raw_os_error(libc::ENETUNREACH));
        }
        self.routes.entry(interface).or_default().push(route.clone());
        Ok(())
    }

    fn change_link(&mut self, interface: u32, change: &LinkChange) -> io::Result<()> {
        self.ask()?;
        let folder = self.interface(interface);
        match change {
            LinkChange::Up(up) => {
                self.put(&format!("{folder}/flags"), if *up { "0x1003" } else { "0x1002" });
            }
            LinkChange::Mtu(mtu) => self.put(&format!("{folder}/mtu"), &mtu.to_string()),
            LinkChange::Name(name) => {
                let is_taken = |folder: &String| folder.ends_with(&format!("/{name}"));
                if self.interfaces().iter().any(is_taken) {
                    return Err(io::Error::from_raw_os_error(libc::EEXIST));
                }
                let new = Path::new(&folder).with_file_name(name);
                fs::rename(self.at(&folder), self.at(new.to_str().unwrap())).unwrap();
            }
        }
        Ok(())
    }

    fn vf_settings(&self, _: u32) -> io::Result<VfSettings> {
        let of = |((number, _), setting): (&(u16, String), &VfSetting)| (*number, *setting);
        Ok(VfSettings(self.settings.iter().map(of).collect()))
    }

    fn vf_statistics(&self, _: u32) -> io::Result<Vec<(u16, Statistics)>> {
        Ok(Vec::new())
    }

    fn set_vf(&mut self, _: u32, vf: u16, setting: VfSetting) -> io::Result<()> {
        self.ask()?;
        let kind = setting.to_string().split('=').next().unwrap_or_default().to_owned();
        self.settings.insert((vf, kind), setting);
        Ok(())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        assert!(self.root.path().exists(), "the machine was removed under the test");
    }
}
