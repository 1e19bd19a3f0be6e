use super::fake::{Fails, Fake, Made, vf};
use super::*;
use crate::pci::kernel::Kernel;
use crate::pci::sriov::{VfRequest, vfs};
use crate::pci::vf::{VfSetting, VfSettings};
use crate::wire::ethernet::MacAddr;
use std::os::unix::fs::symlink;

const PF: &str = "0000:01:00.0";

fn machine() -> Fake {
    Fake::new(&[Made { vfs: 7, ..Made::nic(PF, 1, "eth1") }], &["vfio-pci"])
}

fn two_vfs() -> VfRequest {
    let settings = VfSettings(vec![
        (0, VfSetting::Mac(MacAddr([2, 0, 0, 0, 0, 1]))),
        (1, VfSetting::Trust(true)),
    ]);
    let (pf, to) = (address(PF), Some(driver("vfio-pci")));
    VfRequest { pf, count: 2, to, no_iommu: false, settings, force: false }
}

fn make(fake: &mut Fake, request: &VfRequest) -> Result<Result<Vec<String>, Failed>, PciError> {
    let steps = vfs(fake, &Outlook::of(fake)?, request)?;
    Ok(perform(fake, &steps))
}

#[test]
fn virtual_functions_are_made_set_and_bound_and_then_nothing_is_left_to_do() {
    let mut fake = machine();
    make(&mut fake, &two_vfs()).unwrap().unwrap();
    let scan = Scan::of(&fake);
    for number in 0..2 {
        let device = scan.get(vf(PF, number)).unwrap();
        assert_eq!(device.driver.as_deref(), Some("vfio-pci"));
        assert_eq!(device.sriov, crate::pci::Relation::Virtual { pf: address(PF), number });
    }
    assert!(scan.with_interface("eth1").unwrap().interfaces[0].up);
    assert_eq!(fake.vf_settings(1).unwrap(), two_vfs().settings);
    let outlook = Outlook::of(&fake).unwrap();
    assert_eq!(vfs(&fake, &outlook, &two_vfs()).unwrap(), []);

    // One setting more is one step.
    let mut more = two_vfs();
    more.settings.0.push((0, VfSetting::Trust(true)));
    let steps = vfs(&fake, &outlook, &more).unwrap();
    let said: Vec<String> = steps.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["setting trust=on on VF 0 of 0000:01:00.0"]);
}

#[test]
fn a_failure_anywhere_takes_all_back() {
    let mut fake = machine();
    make(&mut fake, &two_vfs()).unwrap().unwrap();
    let writes = fake.asked;
    for place in 0..writes {
        let mut fake = machine();
        let before = fake.state();
        fake.fails = Fails::At(place);
        let failed = make(&mut fake, &two_vfs()).unwrap().unwrap_err();
        assert_eq!(failed.left, [""; 0], "{failed}");
        let mut after = fake.state();
        // Settings of a virtual function go with it; the fake keeps them.
        after.insert("settings".to_owned(), before["settings"].clone());
        assert_eq!(after, before, "{failed}");
    }
}

#[test]
fn what_speaks_against_virtual_functions() {
    let mut fake = machine();
    let error = |fake: &mut Fake, request: &VfRequest| {
        let before = fake.state();
        let said = make(fake, request).unwrap_err().to_string();
        assert_eq!(fake.state(), before);
        said
    };
    let many = VfRequest { count: 8, ..two_vfs() };
    assert_eq!(
        error(&mut fake, &many),
        "0000:01:00.0 can have 7 virtual functions, not 8; ask for 7 or fewer"
    );
    let mut beyond = two_vfs();
    beyond.settings.0.push((2, VfSetting::Trust(true)));
    assert!(error(&mut fake, &beyond).contains("none is 2"));

    make(&mut fake, &two_vfs()).unwrap().unwrap();
    let of_vf = VfRequest { pf: vf(PF, 0), ..two_vfs() };
    assert!(error(&mut fake, &of_vf).contains("cannot have virtual functions: no SR-IOV"));

    fake.put("proc/77/comm", "testpmd");
    std::fs::create_dir_all(fake.machine().path("proc/77/fd")).unwrap();
    symlink("/dev/vfio/9", fake.machine().path("proc/77/fd/3")).unwrap();
    let other_count = VfRequest { count: 3, force: true, ..two_vfs() };
    let said = error(&mut fake, &other_count);
    assert!(said.contains("0000:01:10.0 is in use (testpmd (77))"), "{said}");
    let said = refusal(&mut fake, &request(&[PF], driver("vfio-pci")));
    assert!(said.starts_with("0000:01:10.0 is in use by testpmd (77)"), "{said}");
}

#[test]
fn a_physical_function_on_vfio_makes_them_where_it_may() {
    let mut fake = machine();
    bind(&mut fake, &request(&[PF], driver("vfio-pci"))).unwrap().unwrap();
    let bare = VfRequest { settings: VfSettings::default(), ..two_vfs() };
    let said = make(&mut fake, &two_vfs()).unwrap_err().to_string();
    assert!(said.contains("no interface of the kernel's to tell settings"), "{said}");
    make(&mut fake, &bare).unwrap().unwrap();
    let may = fake.machine().read("sys/module/vfio_pci/parameters/enable_sriov");
    assert_eq!(may.as_deref(), Some("Y"));
    assert_eq!(Scan::of(&fake).get(vf(PF, 1)).unwrap().driver.as_deref(), Some("vfio-pci"));
}

/// Binds the physical function and makes virtual ones, planned before anything is done.
fn rebind_and_make(
    fake: &mut Fake,
    to: Holder,
    request: &VfRequest,
) -> Result<Vec<String>, Failed> {
    let mut outlook = Outlook::of(fake).unwrap();
    let bound = BindRequest { force: true, ..super::request(&[PF], to) };
    let mut steps = crate::pci::bind::bind(fake, &outlook, &bound).unwrap();
    outlook.foresee(&steps);
    steps.extend(vfs(fake, &outlook, request).unwrap());
    perform(fake, &steps)
}

#[test]
fn virtual_functions_are_planned_on_the_driver_that_the_physical_one_will_have() {
    // The module is loaded only by the plan, and the virtual functions that there are go with their driver.
    let mut fake = Fake::new(&[Made { vfs: 7, ..Made::nic(PF, 1, "eth1") }], &[]);
    fake.write("sys/bus/pci/devices/0000:01:00.0/sriov_numvfs", "2").unwrap();
    let bare = VfRequest { settings: VfSettings::default(), ..two_vfs() };
    rebind_and_make(&mut fake, driver("vfio-pci"), &bare).unwrap();
    for device in [address(PF), vf(PF, 0), vf(PF, 1)] {
        assert_eq!(driver_of(&fake, &device.to_string()).as_deref(), Some("vfio-pci"));
    }

    // Back again, where the interface is not there yet when it is to be set up.
    rebind_and_make(&mut fake, Holder::Kernel, &two_vfs()).unwrap();
    assert_eq!(driver_of(&fake, PF).as_deref(), Some("igb"));
    let scan = Scan::of(&fake);
    assert!(scan.with_interface("eth1").unwrap().interfaces[0].up);
    assert_eq!(fake.vf_settings(1).unwrap(), two_vfs().settings);
    assert_eq!(vfs(&fake, &Outlook::of(&fake).unwrap(), &two_vfs()).unwrap(), []);
}

#[test]
fn a_failure_anywhere_takes_the_physical_function_back_too() {
    let mut fake = machine();
    let bare = VfRequest { settings: VfSettings::default(), ..two_vfs() };
    rebind_and_make(&mut fake, driver("vfio-pci"), &bare).unwrap();
    for place in 0..fake.asked {
        let mut fake = machine();
        let before = fake.state();
        fake.fails = Fails::At(place);
        let failed = rebind_and_make(&mut fake, driver("vfio-pci"), &bare).unwrap_err();
        assert_eq!(failed.left, [""; 0], "{failed}");
        assert_eq!(fake.state(), before, "{failed}");
    }
}
