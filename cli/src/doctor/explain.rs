//! Which of the doctor's checks look further into an error at start.

use crate::failure::Failure;
use crate::lcores::LcoreError;
use dataplane::eal::EalError;
use dataplane::port::PortError;
use dataplane::port::device::DeviceError;
use dataplane::runtime::RuntimeError;

/// Adds to an error at start what looks further into it.
pub(crate) fn explained(failure: Failure) -> Failure {
    let explain = |error: anyhow::Error| match family(&error) {
        Some(family) => anyhow::anyhow!("{error:#}; `pollway doctor{family}` looks further"),
        None => error,
    };
    match failure {
        Failure::Input(error) => Failure::Input(explain(error)),
        Failure::Running(error) => Failure::Running(explain(error)),
    }
}

/// The checks that can explain an error, as they are typed; `None` where the error says all.
fn family(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<EalError>() {
            return of_eal(error);
        }
        if let Some(error) = cause.downcast_ref::<DeviceError>() {
            return of_device(error);
        }
        if let Some(LcoreError::NoProcessor { .. }) = cause.downcast_ref() {
            return Some(" cpu.allowed");
        }
        if cause.is::<PortError>() {
            return Some(" devices vfio iommu");
        }
        matches!(cause.downcast_ref(), Some(RuntimeError::Mempool(_))).then_some(" hugepages")
    })
}

fn of_eal(error: &EalError) -> Option<&'static str> {
    match error {
        EalError::PrefixTaken { .. } => Some(" prefix"),
        EalError::TooFewHugepages { .. } | EalError::TooLittleMemory { .. } => {
            Some(" hugepages prefix")
        }
        // EAL says little of why: it may be anything.
        EalError::Init { .. } => Some(""),
        EalError::AlreadyStarted | EalError::NulByte(_) | EalError::PrefixWithSlash(_) => None,
    }
}

fn of_device(error: &DeviceError) -> Option<&'static str> {
    match error {
        DeviceError::NoPciDevice { .. } | DeviceError::NotFound { .. } => Some(" devices"),
        DeviceError::NoFolder { .. } | DeviceError::SocketTaken { .. } => Some(" sockets"),
        _ => None,
    }
}
