//! What made a result: versions, processors, memory, devices and the command. A figure of latency means nothing without.

use dataplane::eal::{self, Eal};
use dataplane::hugepages::Pool;
use dataplane::lcore::LcoreId;
use dataplane::machine::Machine;
use dataplane::port::{Link, PortId};
use dataplane::runtime::Slot;
use dataplane::traffic::clock::TscClock;
use dataplane::wire::ethernet::MacAddr;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The environment of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Environment {
    /// This program's version.
    pub(crate) pollway: String,
    /// DPDK's.
    pub(crate) dpdk: String,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// The command line.
    pub(crate) command: Vec<String>,
    /// When it began, in seconds since 1970.
    pub(crate) started: u64,
    /// The machine's processors.
    pub(crate) processors: Processors,
    /// The timestamp counter, which all times are read from.
    pub(crate) tsc: Tsc,
    /// The lcores, and which is the main one.
    pub(crate) lcores: Lcores,
    /// The packets' memory.
    pub(crate) memory: Memory,
    /// The ports.
    pub(crate) devices: Vec<Device>,
}

/// The machine's processors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Processors {
    /// What the processor calls itself.
    pub(crate) model: Option<String>,
    /// Those that are online, as the kernel writes them: `0-7`.
    pub(crate) online: Option<String>,
    /// Those that the kernel schedules nothing on by itself (`isolcpus=`).
    pub(crate) isolated: Option<String>,
    /// Those that this process may run on.
    pub(crate) allowed: Vec<usize>,
    /// The frequency governor of the first one.
    pub(crate) governor: Option<String>,
}

/// The timestamp counter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Tsc {
    /// Its frequency.
    pub(crate) hz: u64,
    /// Whether the processor says that it runs at one speed always.
    pub(crate) invariant: bool,
}

/// EAL's lcores.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Lcores {
    /// The one that controls.
    pub(crate) main: LcoreId,
    /// The others.
    pub(crate) workers: Vec<LcoreId>,
}

/// The packets' memory.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Memory {
    /// Whether packets lie in hugepages.
    pub(crate) hugepages: bool,
    /// The machine's hugepages.
    pub(crate) pools: Vec<Pool>,
}

/// A port.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Device {
    /// Its number.
    pub(crate) port: PortId,
    /// Its device.
    pub(crate) device: String,
    /// The device's driver.
    pub(crate) driver: Option<String>,
    /// Its address.
    pub(crate) mac: Option<MacAddr>,
    /// Its link; `None` if the device does not say.
    pub(crate) link: Option<Link>,
}

impl Environment {
    /// Looks at this process and its machine. `allowed` are the processors that the process could run on before EAL bound its
    /// main thread to one.
    pub(crate) fn look<'a>(
        eal: &Eal,
        allowed: &[usize],
        clock: TscClock,
        ports: impl Iterator<Item = &'a Slot>,
    ) -> Self {
        let machine = Root(PathBuf::from("/"));
        Self {
            pollway: env!("CARGO_PKG_VERSION").to_owned(),
            dpdk: eal::version(),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            command: std::env::args().collect(),
            started: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            processors: machine.processors(allowed),
            tsc: Tsc { hz: clock.hz.get(), invariant: clock.invariant },
            lcores: Lcores { main: eal.main_lcore(), workers: eal.worker_lcores() },
            memory: Memory { hugepages: eal.has_hugepages(), pools: Machine::default().pools() },
            devices: ports.map(Device::of).collect(),
        }
    }
}

impl Device {
    fn of(slot: &Slot) -> Self {
        let port = slot.port();
        Self {
            port: port.id(),
            device: port.name().to_owned(),
            driver: port.info().ok().map(|info| info.driver),
            mac: port.mac().ok(),
            link: port.link(),
        }
    }
}

/// A machine's file system, another one in tests.
struct Root(PathBuf);

impl Root {
    fn processors(&self, allowed: &[usize]) -> Processors {
        let cpu = Path::new("sys/devices/system/cpu");
        Processors {
            model: self.cpuinfo("model name"),
            online: self.line(&cpu.join("online")),
            isolated: self.line(&cpu.join("isolated")),
            allowed: allowed.to_vec(),
            governor: self.line(&cpu.join("cpu0/cpufreq/scaling_governor")),
        }
    }

    /// A line's value in the first processor's part of `/proc/cpuinfo`.
    fn cpuinfo(&self, key: &str) -> Option<String> {
        let text = fs::read_to_string(self.0.join("proc/cpuinfo")).ok()?;
        let values = text.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = values.into_iter().find(|(name, _)| name.trim() == key)?;
        Some(value.trim().to_owned())
    }

    /// A file of one line; `None` if there is none or it is empty.
    fn line(&self, path: &Path) -> Option<String> {
        let text = fs::read_to_string(self.0.join(path)).ok()?;
        Some(text.trim().to_owned()).filter(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_read_from_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let cpu = folder.path().join("sys/devices/system/cpu");
        fs::create_dir_all(&cpu).unwrap();
        fs::create_dir_all(folder.path().join("proc")).unwrap();
        fs::write(cpu.join("online"), "0-3\n").unwrap();
        fs::write(cpu.join("isolated"), "\n").unwrap();
        let cpuinfo =
            "processor\t: 0\nmodel name\t: Fast 9000\n\nprocessor\t: 1\nmodel name\t: Slow 1\n";
        fs::write(folder.path().join("proc/cpuinfo"), cpuinfo).unwrap();
        let root = Root(folder.path().to_owned());
        let processors = root.processors(&[0]);
        assert_eq!(processors.model.as_deref(), Some("Fast 9000"));
        assert_eq!((processors.online.as_deref(), processors.isolated), (Some("0-3"), None));
    }
}
