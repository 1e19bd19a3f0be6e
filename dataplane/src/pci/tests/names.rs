use super::fake::{Fake, Made, vf};
use super::*;
use crate::pci::kernel::Kernel;
use crate::pci::place::Finder;
use crate::pci::vf::VfSetting;
use crate::wire::ethernet::MacAddr;

const PF: &str = "0000:01:00.0";

/// What a name finds, or why it finds nothing.
fn find(fake: &Fake, typed: &str) -> Result<String, String> {
    let (scan, memory) = (Scan::of(fake), Memory::load(fake.machine()).unwrap());
    let environment = |name: &str| {
        (name == "PCIDEVICE_ACME_NET").then(|| "0000:02:00.0,0000:01:10.1,0000:0f:00.0".to_owned())
    };
    let finder = Finder { kernel: fake, scan: &scan, memory: &memory, environment };
    let found = finder.find(typed).map(|device| device.address.to_string());
    found.map_err(|error| error.to_string())
}

#[test]
fn a_device_has_many_names() {
    let mut fake = Fake::new(
        &[Made { vfs: 4, ..Made::nic(PF, 1, "eth1") }, Made::nic("0000:02:00.0", 2, "eth2")],
        &["vfio-pci"],
    );
    fake.write("sys/bus/pci/devices/0000:01:00.0/sriov_numvfs", "2").unwrap();
    fake.set_vf(1, 1, VfSetting::Mac(MacAddr([2, 0, 0, 0, 0xaa, 1]))).unwrap();
    let second = vf(PF, 1).to_string();
    for (typed, address) in [
        ("01:00.0", PF),
        ("0000:02:00.0", "0000:02:00.0"),
        ("eth2", "0000:02:00.0"),
        ("02:00:00:00:00:01", PF),
        ("eth1/1", &second),
        ("01:00.0/1", &second),
        ("02:00:00:00:aa:01", &second),
        ("PCIDEVICE_ACME_NET", "0000:02:00.0"),
        ("PCIDEVICE_ACME_NET/1", &second),
    ] {
        assert_eq!(find(&fake, typed).as_deref(), Ok(address), "{typed}");
    }
    for (typed, said) in [
        ("eth9", "there is no PCI device eth9; "),
        ("eth1/x", "there is no PCI device eth1/x; "),
        ("eth1/2", "0000:01:00.0 has 2 virtual functions, numbered from 0, and none is 2; "),
        ("eth2/0", "0000:02:00.0 cannot have virtual functions"),
        ("PCIDEVICE_ACME_NET/2", "there is no PCI device 0000:0f:00.0 (from PCIDEVICE_ACME_NET)"),
        ("PCIDEVICE_OTHER", "PCIDEVICE_OTHER/0: the environment names no such device"),
    ] {
        let error = find(&fake, typed).unwrap_err();
        assert!(error.starts_with(said), "{typed}: {error}");
    }
    // A program's device keeps the names that it had.
    bind(&mut fake, &request(&["0000:02:00.0"], driver("vfio-pci"))).unwrap().unwrap();
    assert_eq!(find(&fake, "eth2").as_deref(), Ok("0000:02:00.0"));
    assert_eq!(find(&fake, "02:00:00:00:00:02").as_deref(), Ok("0000:02:00.0"));
}
