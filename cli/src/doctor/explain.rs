//! Which of the doctor's checks look further into an error at start.
//!
//! The matches name every error of what is outside of the program, so that a new one has its checks, or says all by itself.

use super::program;
use super::word::quoted;
use crate::failure::Failure;
use crate::lcores::LcoreError;
use dataplane::eal::EalError;
use dataplane::mempool::MempoolError;
use dataplane::port::PortError;
use dataplane::port::device::DeviceError;
use dataplane::runtime::RuntimeError;
use dataplane::traffic::clock::ClockError;
use std::ffi::OsString;

/// Adds to an error at start what looks further into it.
pub(crate) fn explained(failure: Failure) -> Failure {
    explained_for(failure, &program::own_command())
}

/// The same for a program with this command line.
fn explained_for(failure: Failure, command: &[OsString]) -> Failure {
    let explain = |error: anyhow::Error| match checks_for(&error) {
        Some(checks) => {
            let checks = checks.iter().map(quoted);
            let command = std::iter::once("--".to_owned()).chain(command.iter().map(quoted));
            let words: String = checks.chain(command).map(|word| format!(" {word}")).collect();
            anyhow::anyhow!("{error:#}; `pollway doctor{words}` looks further")
        }
        None => error,
    };
    match failure {
        Failure::Input(error) => Failure::Input(explain(error)),
        Failure::Running(error) => Failure::Running(explain(error)),
    }
}

/// Names of checks; all of them where there is none.
type Checks = &'static [&'static str];

/// The checks that can explain an error; `None` where the error says all.
fn checks_for(error: &anyhow::Error) -> Option<Checks> {
    error.chain().find_map(|cause| {
        None.or_else(|| cause.downcast_ref().and_then(of_eal))
            .or_else(|| cause.downcast_ref().and_then(of_device))
            .or_else(|| cause.downcast_ref().and_then(of_lcore))
            .or_else(|| cause.downcast_ref().and_then(of_port))
            .or_else(|| cause.downcast_ref().and_then(of_runtime))
            .or_else(|| cause.downcast_ref().and_then(of_clock))
    })
}

fn of_eal(error: &EalError) -> Option<Checks> {
    match error {
        EalError::PrefixTaken { .. } => Some(&["prefix.free"]),
        EalError::TooFewHugepages { .. } => Some(&["hugepages", "prefix.leftover"]),
        EalError::TooLittleMemory { .. } => Some(&["hugepages.reserved", "hugepages.mount"]),
        // EAL says little of why: it may be anything.
        EalError::Init { .. } => Some(&[]),
        EalError::AlreadyStarted
        | EalError::NulByte(_)
        | EalError::PrefixWithSlash(_)
        | EalError::NoDeviceEvents { .. } => None,
    }
}

fn of_device(error: &DeviceError) -> Option<Checks> {
    match error {
        DeviceError::NoPciDevice { .. } | DeviceError::NotFound { .. } => {
            Some(&["devices.present"])
        }
        DeviceError::NoFolder { .. } | DeviceError::StaleSocket { .. } => Some(&["sockets.folder"]),
        DeviceError::SocketTaken { .. } => Some(&["sockets.taken"]),
        DeviceError::Empty
        | DeviceError::Unknown { .. }
        | DeviceError::BadPciAddress(_)
        | DeviceError::MissingOperand { .. }
        | DeviceError::BadArgument { .. }
        | DeviceError::NameTwice { .. }
        | DeviceError::MadeTwice { .. }
        | DeviceError::NameTooLong { .. }
        | DeviceError::SocketPathTooLong { .. }
        | DeviceError::BadInterfaceName { .. }
        | DeviceError::NoInterface { .. }
        | DeviceError::NoFile { .. }
        | DeviceError::BadValue { .. }
        | DeviceError::NotASocket { .. }
        | DeviceError::SocketOfAnother { .. }
        | DeviceError::NoSocket { .. } => None,
    }
}

fn of_lcore(error: &LcoreError) -> Option<Checks> {
    match error {
        LcoreError::NoProcessor { .. } => Some(&["cpu.allowed"]),
        LcoreError::TwoLists { .. }
        | LcoreError::Syntax { .. }
        | LcoreError::TooHigh { .. }
        | LcoreError::MainNotListed { .. } => None,
    }
}

fn of_port(error: &PortError) -> Option<Checks> {
    match error {
        PortError::Probe { .. } | PortError::DriverRefused { .. } => {
            Some(&["devices", "vfio", "iommu", "sockets"])
        }
        PortError::NotTaken { .. } => Some(&["devices", "vfio", "iommu"]),
        PortError::NotRoot { .. } => Some(&["devices.rights", "vfio.permission", "vfio.memlock"]),
        PortError::NoDriver { .. } => Some(&["devices.pmd", "devices.release"]),
        PortError::NoPool { .. } => Some(&["hugepages.node"]),
        PortError::Refused { .. } => Some(&["devices", "vfio", "hugepages"]),
        PortError::NoRoom { .. }
        | PortError::Taken(_)
        | PortError::TooManyQueues { .. }
        | PortError::Mtu { .. }
        | PortError::NotStopped(_)
        | PortError::QueuesMissing(_) => None,
    }
}

fn of_runtime(error: &RuntimeError) -> Option<Checks> {
    match error {
        RuntimeError::Mempool(MempoolError::Create { .. }) => {
            Some(&["hugepages", "prefix.leftover"])
        }
        RuntimeError::Port(error) => of_port(error),
        // What is left is said of this program's own parts, not of the machine.
        _ => None,
    }
}

fn of_clock(error: &ClockError) -> Option<Checks> {
    match error {
        ClockError::Frequency | ClockError::Varying => Some(&["cpu.tsc", "cpu.clocksource"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataplane::port::PortId;
    use std::path::PathBuf;

    /// What is added to an error's own words.
    fn added(error: impl std::error::Error + Send + Sync + 'static) -> String {
        let own = error.to_string();
        // As where a device's error is said with what was typed.
        let error = anyhow::Error::new(error).context("tap:x");
        let command = ["fwd", "--port", "tap:x y"].map(OsString::from);
        let Failure::Input(error) = explained_for(Failure::Input(error), &command) else {
            return "another kind of failure".to_owned();
        };
        let said = format!("{error:#}");
        said.strip_prefix(&format!("tap:x: {own}")).unwrap_or(&said).to_owned()
    }

    #[test]
    fn an_error_names_the_checks_that_look_further() {
        let text = || "x".to_owned();
        let device = text;
        let cases = [
            (added(EalError::PrefixTaken { prefix: text(), lock: PathBuf::new() }), " prefix.free"),
            (
                added(EalError::TooFewHugepages { needed_mib: 2, free_mib: 1, pages: 1 }),
                " hugepages prefix.leftover",
            ),
            (
                added(EalError::TooLittleMemory { needed_mib: 2, free_mib: 1 }),
                " hugepages.reserved hugepages.mount",
            ),
            (added(EalError::Init { reason: text(), flags: text() }), ""),
            (
                added(DeviceError::NoPciDevice { typed: text(), address: text() }),
                " devices.present",
            ),
            (added(DeviceError::NotFound { typed: text(), why: text() }), " devices.present"),
            (
                added(DeviceError::NoFolder { typed: text(), path: text(), folder: text() }),
                " sockets.folder",
            ),
            (
                added(DeviceError::StaleSocket { typed: text(), path: text(), why: text() }),
                " sockets.folder",
            ),
            (added(LcoreError::NoProcessor { absent: 9, present: text() }), " cpu.allowed"),
            (
                added(PortError::Probe { device: device(), reason: text() }),
                " devices vfio iommu sockets",
            ),
            (added(PortError::DriverRefused { device: device() }), " devices vfio iommu sockets"),
            (added(PortError::NotTaken { devices: text() }), " devices vfio iommu"),
            (
                added(PortError::NotRoot { device: device() }),
                " devices.rights vfio.permission vfio.memlock",
            ),
            (added(PortError::NoDriver { device: device() }), " devices.pmd devices.release"),
            (
                added(RuntimeError::Port(PortError::NoDriver { device: device() })),
                " devices.pmd devices.release",
            ),
            (added(ClockError::Varying), " cpu.tsc cpu.clocksource"),
        ];
        for (added, names) in cases {
            let all = format!("; `pollway doctor{names} -- fwd --port 'tap:x y'` looks further");
            assert_eq!(added, all);
            let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
            assert!(super::super::chosen(&names).is_ok(), "{names:?}");
        }
    }

    #[test]
    fn an_error_that_says_all_stays_as_it_is() {
        assert_eq!(added(EalError::AlreadyStarted), "");
        assert_eq!(added(DeviceError::Empty), "");
        assert_eq!(added(RuntimeError::Forwarding(PortId(0))), "");
    }
}
