use super::fake::{Fails, Fake, Made};
use super::*;
use crate::pci::kernel::Kernel;
use proptest::prelude::*;
use std::collections::BTreeMap;

type State = BTreeMap<String, String>;

const ADDRESSES: [&str; 4] = ["0000:01:00.0", "0000:02:00.0", "0000:03:00.0", "0000:04:00.0"];
const INTERFACES: [&str; 4] = ["eth1", "eth2", "eth3", "eth4"];
const DRIVERS: [&str; 3] = ["vfio-pci", "igb_uio", "uio_pci_generic"];

#[derive(Clone, Debug)]
struct Case {
    devices: Vec<Made>,
    /// Interfaces that are up and have an address.
    used: Vec<bool>,
    request: BindRequest,
    refuses: Option<&'static str>,
}

fn case() -> impl Strategy<Value = Case> {
    let held = prop_oneof![
        Just(Some("igb")),
        Just(None),
        proptest::sample::select(&DRIVERS).prop_map(Some)
    ];
    let device = (held, prop::option::weighted(0.8, 0u32..3), any::<bool>());
    let to = prop_oneof![
        3 => proptest::sample::select(&DRIVERS).prop_map(driver),
        1 => Just(Holder::Kernel),
        1 => Just(Holder::Nobody),
        1 => Just(driver("igb")),
    ];
    let asked = prop::collection::vec(any::<bool>(), 4);
    let refuses = prop::option::of(proptest::sample::select(&DRIVERS));
    (prop::collection::vec(device, 1..5), to, asked, any::<(bool, bool)>(), refuses).prop_map(
        |(devices, to, asked, (force, no_iommu), refuses)| {
            let used = devices.iter().map(|(_, _, used)| *used).collect();
            let names = ADDRESSES.iter().zip(INTERFACES);
            let devices: Vec<Made> = devices
                .into_iter()
                .zip(names)
                .map(|((driver, group, _), (address, interface))| Made {
                    // What refuses every device has none.
                    driver: driver.filter(|driver| Some(*driver) != refuses),
                    group,
                    ..Made::nic(address, 0, interface)
                })
                .collect();
            let chosen = devices.iter().zip(asked).filter(|(_, asked)| *asked);
            let chosen = chosen.map(|(made, _)| address(made.address)).collect();
            let request = BindRequest { devices: chosen, to, force, no_iommu };
            Case { devices, used, request, refuses }
        },
    )
}

fn machine(case: &Case) -> Fake {
    let mut fake = Fake::new(&case.devices, &["vfio-pci", "igb_uio"]);
    fake.modules = vec!["uio_pci_generic"];
    fake.put("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N");
    for (made, used) in case.devices.iter().zip(&case.used) {
        if let Some(name) = made.interface.filter(|_| *used && made.driver == Some("igb")) {
            let index = fake.index(name);
            fake.set_up(index);
            fake.add_address(index, "10.0.0.1/24".parse().unwrap()).unwrap();
        }
    }
    fake.asked = 0;
    fake.refuse = case.refuses.into_iter().collect();
    fake
}

/// Whether a failure names all that is not as it was.
fn honest(failed: &Failed, before: &State, after: &State) -> Result<(), TestCaseError> {
    let said = failed.left.join("; ");
    for (what, now) in after {
        if before.get(what) != Some(now) {
            prop_assert!(said.contains(what), "{what}: {now} is not in: {said}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever there is and whatever is asked: it is refused and nothing happens, or it is done in full.
    /// Where one thing fails, all is as it was. Where nothing works any more, every device that is not as it was is named.
    #[test]
    fn a_device_is_never_half_bound_without_a_word(case in case()) {
        let mut fake = machine(&case);
        let before = fake.state();
        let outcome = bind(&mut fake, &case.request);
        let writes = fake.asked;
        match outcome {
            Err(refused) => {
                prop_assert_eq!(writes, 0, "{}", refused);
                prop_assert_eq!(&fake.state(), &before, "{}", refused);
                return Ok(());
            }
            Ok(Err(failed)) => {
                prop_assert!(failed.left.is_empty(), "{}", failed);
                prop_assert_eq!(&fake.state(), &before, "{}", failed);
            }
            Ok(Ok(_)) => {
                for device in &case.request.devices {
                    let now = driver_of(&fake, &device.to_string());
                    match &case.request.to {
                        Holder::Nobody => prop_assert_eq!(now, None),
                        Holder::Kernel => prop_assert_eq!(now.as_deref(), Some("igb")),
                        Holder::Driver(name) => prop_assert_eq!(now.as_ref(), Some(name)),
                    }
                }
            }
        }
        for place in 0..writes {
            let mut fake = machine(&case);
            fake.fails = Fails::At(place);
            if let Err(failed) = bind(&mut fake, &case.request).unwrap() {
                honest(&failed, &before, &fake.state())?;
                // A driver that refuses is a second failure, and the one here may hit what takes the first one back.
                prop_assert!(failed.left.is_empty() || case.refuses.is_some(), "{}", failed);
            }

            let mut fake = machine(&case);
            fake.fails = Fails::From(place);
            let failed = bind(&mut fake, &case.request).unwrap().unwrap_err();
            honest(&failed, &before, &fake.state())?;
        }
    }

    /// What was given to programs is given back as it was.
    #[test]
    fn what_was_bound_is_restored(case in case()) {
        let mut fake = machine(&case);
        fake.refuse = vec![];
        let before = fake.state();
        if !matches!(bind(&mut fake, &case.request), Ok(Ok(_))) {
            return Ok(());
        }
        let memory = Memory::load(fake.machine()).unwrap();
        let remembered: Vec<PciAddress> = memory.0.keys().copied().collect();
        restore(&mut fake).unwrap().unwrap();
        let after = fake.state();
        for address in remembered {
            let name = address.to_string();
            prop_assert_eq!(after.get(&name), before.get(&name));
        }
        prop_assert_eq!(after.get("remembering"), before.get("remembering"));
    }
}
