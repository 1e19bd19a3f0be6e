//! Whatever virtual functions there are and are asked for, and whatever fails.

use super::fake::{Fails, Fake, Made, vf};
use super::*;
use crate::pci::kernel::Kernel;
use crate::pci::sriov::{VfRequest, vfs};
use crate::pci::vf::{VfSetting, VfSettings};
use crate::wire::ethernet::MacAddr;
use proptest::prelude::*;

const PF: &str = "0000:01:00.0";
const TOTAL: u16 = 4;

#[derive(Clone, Debug)]
struct Case {
    driver: Option<&'static str>,
    /// How many there are, and whether they are with vfio-pci.
    now: u16,
    bound: bool,
    /// Who gets the physical function before.
    pf_to: Option<Holder>,
    request: VfRequest,
}

fn case() -> impl Strategy<Value = Case> {
    let holder = prop_oneof![Just(driver("vfio-pci")), Just(Holder::Kernel), Just(Holder::Nobody)];
    let setting = prop_oneof![
        any::<u8>().prop_map(|last| VfSetting::Mac(MacAddr([2, 0, 0, 0, 0, last]))),
        any::<bool>().prop_map(VfSetting::Trust),
    ];
    (
        prop_oneof![3 => Just(Some("igb")), 1 => Just(Some("vfio-pci")), 1 => Just(None)],
        (0..=TOTAL, any::<bool>(), 0..TOTAL + 2),
        prop::option::of(holder.clone()),
        prop::option::of(holder),
        prop::collection::vec((0..TOTAL + 1, setting), 0..4),
    )
        .prop_map(|(driver, (now, bound, count), pf_to, to, settings)| {
            let settings = VfSettings(settings);
            let request =
                VfRequest { pf: address(PF), count, to, no_iommu: false, settings, force: false };
            Case { driver, now, bound, pf_to, request }
        })
}

fn machine(case: &Case) -> Fake {
    let nic = Made { driver: case.driver, vfs: TOTAL, ..Made::nic(PF, 1, "eth1") };
    let mut fake = Fake::new(&[nic], &["vfio-pci"]);
    if case.driver.is_some() {
        let now = case.now.to_string();
        fake.write(&format!("sys/bus/pci/devices/{PF}/sriov_numvfs"), &now).unwrap();
        let vfs: Vec<String> =
            (0..case.now).filter(|_| case.bound).map(|number| vf(PF, number).to_string()).collect();
        let devices: Vec<&str> = vfs.iter().map(String::as_str).collect();
        bind(&mut fake, &request(&devices, driver("vfio-pci"))).unwrap().unwrap();
    }
    fake.asked = 0;
    fake
}

/// Carries a case out as `dev apply` does.
fn carry_out(fake: &mut Fake, case: &Case) -> Result<Result<Vec<String>, Failed>, PciError> {
    let mut outlook = Outlook::of(fake)?;
    let mut steps = match &case.pf_to {
        Some(to) => crate::pci::bind::bind(fake, &outlook, &request(&[PF], to.clone()))?,
        None => Vec::new(),
    };
    outlook.foresee(&steps);
    steps.extend(vfs(fake, &outlook, &case.request)?);
    Ok(perform(fake, &steps))
}

/// Whether a failure says what is not as it was: every device, or that the virtual functions are new ones. Settings are those of
/// the virtual functions, and go with them.
fn honest(failed: &Failed, before: &Fake, after: &Fake) -> Result<(), TestCaseError> {
    let said = failed.left.join("; ");
    let (before, after) = (before.state(), after.state());
    for (what, was) in before.iter().filter(|(what, _)| *what != "settings") {
        if after.get(what) != Some(was) {
            let is_vf = what.contains(":10.");
            let is_said = said.contains(what.as_str()) || is_vf && said.contains(PF);
            prop_assert!(is_said, "{what}: {was}, not in: {said}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// It is refused and nothing happens, or it is done and stays so. Where things fail, what is not as it was is said.
    #[test]
    fn virtual_functions_are_as_asked_or_as_they_were(case in case()) {
        let mut fake = machine(&case);
        let untouched = machine(&case);
        let outcome = carry_out(&mut fake, &case);
        let writes = fake.asked;
        match outcome {
            Err(refused) => {
                prop_assert_eq!(writes, 0, "{}", refused);
                prop_assert_eq!(fake.state(), untouched.state(), "{}", refused);
                return Ok(());
            }
            Ok(done) => prop_assert!(done.is_ok(), "{:?}", done),
        }
        prop_assert_eq!(fake.machine().value(format!("sys/bus/pci/devices/{PF}/sriov_numvfs")), Some(case.request.count));
        if let Some(Holder::Driver(name)) = &case.request.to {
            for number in 0..case.request.count {
                let now = driver_of(&fake, &vf(PF, number).to_string());
                prop_assert_eq!(now.as_ref(), Some(name));
            }
        }
        for place in 0..writes {
            for fails in [Fails::At(place), Fails::From(place)] {
                let mut fake = machine(&case);
                fake.fails = fails;
                if let Err(failed) = carry_out(&mut fake, &case).unwrap() {
                    honest(&failed, &untouched, &fake)?;
                    // With no virtual function to lose, one failure is taken back in full.
                    let lost = case.driver.is_some() && case.now > 0;
                    prop_assert!(matches!(fails, Fails::From(_)) || lost || failed.left.is_empty(), "{}", failed);
                }
            }
        }
    }
}
