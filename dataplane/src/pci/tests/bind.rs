use super::fake::{Fails, Fake, Made};
use super::*;
use crate::pci::kernel::{Kernel, LinkChange, Route};
use std::fs;
use std::os::unix::fs::symlink;

const A: &str = "0000:01:00.0";
const B: &str = "0000:02:00.0";

fn two_nics() -> Fake {
    Fake::new(&[Made::nic(A, 1, "eth1"), Made::nic(B, 2, "eth2")], &["vfio-pci", "uio_pci_generic"])
}

#[test]
fn a_device_goes_to_vfio_and_comes_back_with_its_addresses() {
    let mut fake = two_nics();
    let index = fake.index("eth1");
    fake.set_up(index);
    fake.add_address(index, "10.0.0.1/24".parse().unwrap()).unwrap();
    fake.add_route(index, &route("10.0.0.0/8", Some("10.0.0.254"))).unwrap();
    fake.change_link(index, &LinkChange::Mtu(9000)).unwrap();
    let before = fake.state();

    let said = refusal(&mut fake, &request(&[A], driver("vfio-pci")));
    assert_eq!(
        said,
        "0000:01:00.0 is eth1, which is up and has the address 10.0.0.1/24: taking it away cuts whoever comes that way; \
         set it down first (`ip link set eth1 down`), or say --force"
    );
    let forced = BindRequest { force: true, ..request(&[A, B], driver("vfio-pci")) };
    bind(&mut fake, &forced).unwrap().unwrap();
    assert_eq!(driver_of(&fake, A).as_deref(), Some("vfio-pci"));
    assert!(Scan::of(&fake).with_interface("eth1").is_none());

    assert_eq!(restore(&mut fake).unwrap().unwrap(), [""; 0]);
    // The interface is a new one, with a new number.
    assert_eq!(fake.state(), before);
}

/// A route through an interface.
fn route(to: &str, via: Option<&str>) -> Route {
    Route {
        to: to.parse().unwrap(),
        via: via.map(|via| via.parse().unwrap()),
        source: None,
        metric: None,
        table: 254,
        protocol: 4,
        scope: 0,
        on_link: false,
        is_plain: true,
    }
}

#[test]
fn a_renamed_interface_gets_its_name_back_unless_another_has_it() {
    let mut fake = two_nics();
    let rename = |fake: &mut Fake, from: &str, to: &str| {
        let index = fake.index(from);
        fake.change_link(index, &LinkChange::Name(to.to_owned())).unwrap();
    };
    rename(&mut fake, "eth1", "wan0");
    for other_took_it in [false, true] {
        bind(&mut fake, &request(&[A], driver("vfio-pci"))).unwrap().unwrap();
        if other_took_it {
            rename(&mut fake, "eth2", "wan0");
        }
        let missing = restore(&mut fake).unwrap().unwrap();
        if other_took_it {
            let said = "the interface wan0 is called eth1 now (File exists (os error 17))";
            assert_eq!(missing, [said]);
        } else {
            assert_eq!(missing, [""; 0]);
            fake.index("wan0");
        }
    }
    assert_eq!(driver_of(&fake, A).as_deref(), Some("igb"));
}

#[test]
fn what_does_not_come_back_with_an_interface_is_said() {
    let mut fake = two_nics();
    let index = fake.index("eth1");
    fake.put("sys/bus/pci/devices/0000:01:00.0/net/eth1/upper_br0", "");
    fake.add_route(index, &Route { is_plain: false, ..route("10.0.0.0/8", None) }).unwrap();
    // Its router is reached by an address that is taken away before the interface is.
    fake.add_address(index, "192.0.2.1/24".parse().unwrap()).unwrap();
    fake.add_route(index, &route("0.0.0.0/0", Some("192.0.2.254"))).unwrap();
    fake.take_addresses(index);
    bind(&mut fake, &request(&[A], driver("vfio-pci"))).unwrap().unwrap();
    assert_eq!(
        restore(&mut fake).unwrap().unwrap(),
        [
            "eth1 has no route to 10.0.0.0/8 any more (there is more to it than is remembered)",
            "eth1 has no route to 0.0.0.0/0 via 192.0.2.254 any more (Network is unreachable (os error 101))",
            "br0 does not stand on eth1 any more",
        ]
    );
}

#[test]
fn what_is_so_already_takes_no_step() {
    let mut fake = two_nics();
    for to in [driver("vfio-pci"), Holder::Kernel, Holder::Nobody] {
        bind(&mut fake, &request(&[A], to.clone())).unwrap().unwrap();
        let asked = fake.asked;
        bind(&mut fake, &request(&[A], to)).unwrap().unwrap();
        assert_eq!(fake.asked, asked);
    }
    assert_eq!(driver_of(&fake, A), None);
}

#[test]
fn a_missing_module_is_loaded() {
    let mut fake = Fake::new(&[Made::nic(A, 1, "eth1")], &[]);
    bind(&mut fake, &request(&[A], driver("vfio-pci"))).unwrap().unwrap();
    assert_eq!(driver_of(&fake, A).as_deref(), Some("vfio-pci"));

    let failed = bind(&mut fake, &request(&[A], driver("igb_uio"))).unwrap().unwrap_err();
    assert_eq!(
        failed.to_string(),
        "loading the module igb_uio failed: FATAL: Module igb_uio not found; all is as it was"
    );
}

#[test]
fn a_driver_that_refuses_leaves_all_as_it_was() {
    let mut fake = two_nics();
    let before = fake.state();
    fake.refuse = vec!["uio_pci_generic"];
    let failed =
        bind(&mut fake, &request(&[A, B], driver("uio_pci_generic"))).unwrap().unwrap_err();
    assert_eq!(
        failed.to_string(),
        "binding 0000:01:00.0 to uio_pci_generic (now igb) failed: \
         /sys/bus/pci/drivers/uio_pci_generic/bind: Invalid argument (os error 22) \
         (uio_pci_generic needs a device with a legacy interrupt, which no VF has: take vfio-pci); all is as it was"
    );
    assert_eq!(fake.state(), before);
}

#[test]
fn what_cannot_be_taken_back_is_said() {
    let mut fake = two_nics();
    // Remembering, the override, the unbinding; then nothing works any more.
    fake.fails = Fails::From(3);
    let failed = bind(&mut fake, &request(&[A], driver("vfio-pci"))).unwrap().unwrap_err();
    assert_eq!(driver_of(&fake, A), None);
    let said = failed.to_string();
    assert!(
        said.contains("what could not be taken back: 0000:01:00.0 has no driver now and had igb"),
        "{said}"
    );
    assert!(said.contains("remembering what the devices are now may still be so"), "{said}");
}

#[test]
fn what_speaks_against_binding() {
    let mut fake = Fake::new(
        &[
            Made::nic(A, 1, "eth1"),
            Made::nic(B, 1, "eth2"),
            Made { group: None, ..Made::nic("0000:03:00.0", 0, "eth3") },
            Made {
                driver: Some("mlx5_core"),
                own: "mlx5_core",
                ..Made::nic("0000:04:00.0", 4, "eth4")
            },
            Made::nic("0000:05:00.0", 5, "eth5"),
        ],
        &["vfio-pci"],
    );
    let vfio = |device: &str| request(&[device], driver("vfio-pci"));
    assert_eq!(
        refusal(&mut fake, &vfio("0000:09:00.0")),
        "there is no PCI device 0000:09:00.0; `pollway dev status --all` lists those there are"
    );
    assert_eq!(
        refusal(&mut fake, &vfio(A)),
        "0000:01:00.0 shares IOMMU group 1 with 0000:02:00.0, which igb has, and VFIO hands out whole groups; \
         bind both at once: `pollway dev bind vfio-pci 0000:01:00.0 0000:02:00.0`"
    );
    assert!(refusal(&mut fake, &vfio("0000:03:00.0")).contains("has no IOMMU group"));
    assert!(refusal(&mut fake, &vfio("0000:04:00.0")).contains("is on mlx5_core, with which"));

    fake.put("sys/bus/pci/devices/0000:05:00.0/class", "0x010601");
    assert!(refusal(&mut fake, &vfio("0000:05:00.0")).contains("is a disk or its controller"));
    fake.put("sys/bus/pci/devices/0000:05:00.0/class", "0x020000");
    for (folder, file) in [("proc/77/fd", "3"), ("proc/77", "comm")] {
        fs::create_dir_all(fake.machine().path(folder)).unwrap();
        if file == "comm" {
            fake.put("proc/77/comm", "testpmd");
        } else {
            symlink("/dev/vfio/5", fake.machine().path(format!("{folder}/{file}"))).unwrap();
        }
    }
    let forced = BindRequest { force: true, ..vfio("0000:05:00.0") };
    assert_eq!(
        refusal(&mut fake, &forced),
        "0000:05:00.0 is in use by testpmd (77), and the kernel would wait for its end; stop it first, `kill 77`"
    );
    // Both of a group at once, and one without an IOMMU where that is asked for.
    bind(&mut fake, &request(&[A, B], driver("vfio-pci"))).unwrap().unwrap();
    fake.put("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N");
    let bare = BindRequest { no_iommu: true, ..vfio("0000:03:00.0") };
    bind(&mut fake, &bare).unwrap().unwrap();
    let set = fake.machine().read("sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
    assert_eq!(set.as_deref(), Some("Y"));
}

#[test]
fn the_default_route_is_not_cut() {
    let mut fake = two_nics();
    fake.put("proc/net/route", "Iface\neth2\t00000000\t0\t0\t0\t0\t0\t00000000\t0\t0\t0");
    let said = refusal(&mut fake, &request(&[A, B], driver("vfio-pci")));
    assert!(
        said.starts_with("0000:02:00.0 is eth2, over which the default route leads: "),
        "{said}"
    );
}

#[test]
fn what_is_not_remembered_is_said() {
    let fake = two_nics();
    let outlook = Outlook::of(&fake).unwrap();
    let error = crate::pci::bind::restore(&fake, &outlook, &[address(A)]).unwrap_err();
    assert!(error.to_string().contains("`pollway dev bind kernel 0000:01:00.0`"), "{error}");
    fake.put("run/pollway/devices.json", "{");
    let error = Memory::load(fake.machine()).unwrap_err().to_string();
    assert!(error.starts_with("/run/pollway/devices.json is damaged (EOF"), "{error}");
}

/// Devices that go to two drivers in one plan are two requests.
#[test]
fn what_two_requests_of_a_plan_remember_is_kept() {
    let mut fake = two_nics();
    let before = fake.state();
    let mut outlook = Outlook::of(&fake).unwrap();
    let mut steps = Vec::new();
    for (device, to) in [(A, "vfio-pci"), (B, "uio_pci_generic")] {
        let own = crate::pci::bind::bind(&fake, &outlook, &request(&[device], driver(to))).unwrap();
        outlook.foresee(&own);
        steps.extend(own);
    }
    perform(&mut fake, &steps).unwrap();
    restore(&mut fake).unwrap().unwrap();
    assert_eq!(fake.state(), before);
}
