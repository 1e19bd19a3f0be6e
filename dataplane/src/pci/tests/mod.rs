//! Binding and SR-IOV on a kernel made of files.

mod bind;
mod fake;
mod names;
mod properties;
mod sriov;
mod sriov_properties;

use super::PciAddress;
use super::bind::BindRequest;
use super::binding::Holder;
use super::device::Scan;
use super::error::PciError;
use super::memory::Memory;
use super::outlook::Outlook;
use super::step::{Failed, perform};
use fake::Fake;

fn address(text: &str) -> PciAddress {
    text.parse().unwrap()
}

fn driver(name: &str) -> Holder {
    Holder::Driver(name.to_owned())
}

fn request(devices: &[&str], to: Holder) -> BindRequest {
    let devices = devices.iter().map(|text| address(text)).collect();
    BindRequest { devices, to, force: false, no_iommu: false }
}

/// Carries a request out.
fn bind(fake: &mut Fake, request: &BindRequest) -> Result<Result<Vec<String>, Failed>, PciError> {
    let steps = super::bind::bind(fake, &Outlook::of(fake)?, request)?;
    Ok(perform(fake, &steps))
}

/// Gives all that is remembered back.
fn restore(fake: &mut Fake) -> Result<Result<Vec<String>, Failed>, PciError> {
    let outlook = Outlook::of(fake)?;
    let devices: Vec<PciAddress> = outlook.memory.0.keys().copied().collect();
    let steps = super::bind::restore(fake, &outlook, &devices)?;
    Ok(perform(fake, &steps))
}

/// The sentence that refuses a request.
fn refusal(fake: &mut Fake, request: &BindRequest) -> String {
    let before = fake.state();
    let said = bind(fake, request).unwrap_err().to_string();
    assert_eq!(fake.state(), before, "{said}");
    said
}

fn driver_of(fake: &Fake, device: &str) -> Option<String> {
    Scan::of(fake).get(address(device)).unwrap().driver.clone()
}
