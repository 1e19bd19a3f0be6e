//! From the user's flags and the machine's state to the flags that EAL is started with.

use super::EalError;
use crate::hugepages::Unusable;
use crate::machine::Machine;
use crate::prefix::Prefix;

/// What the user asked of EAL and what the plan needs of it.
#[derive(Clone, Debug, Default)]
pub struct EalRequest {
    /// DPDK's own flags, without the program's name and without `--vdev` (see [`crate::port`]).
    pub flags: Vec<String>,
    /// A virtio-user port shares EAL's memory with its peer, which takes few memory regions.
    pub shares_memory: bool,
    /// Ordinary memory is as good where hugepages do not suffice: a demonstration, not a measurement.
    pub ordinary_memory_will_do: bool,
    /// Packet memory the plan needs, in MiB; sizes the heap where there are no hugepages.
    pub memory_mib: u64,
}

/// The flags to start EAL with, and what was added to the user's, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EalFlags {
    /// The final flags.
    pub flags: Vec<String>,
    /// What was added and why, for the user.
    pub notes: Vec<String>,
}

/// Heap beside packet memory in hugepages: what EAL and its devices take at start.
const HUGE_BASE_MIB: u64 = 16;
/// Heap beside packet memory when there are no hugepages: rings, queues, device state.
const NO_HUGE_BASE_MIB: u64 = 256;

/// Adds to the user's flags what this machine and this plan need.
///
/// # Errors
/// [`EalError::PrefixTaken`], [`EalError::PrefixWithSlash`], [`EalError::TooFewHugepages`] and
/// [`EalError::TooLittleMemory`]: what EAL would fail on later and say less clearly.
pub fn prepare(request: &EalRequest, machine: &Machine) -> Result<EalFlags, EalError> {
    let mut flags = request.flags.clone();
    let mut notes = Vec::new();
    let given = |name: &str| value_of(&request.flags, name).is_some();

    let asked_mib = value_of(&request.flags, "-m").and_then(|mib| mib.parse::<u64>().ok());
    let huge_mib = asked_mib.unwrap_or(request.memory_mib + HUGE_BASE_MIB);
    let without = match machine.usable_mib() {
        _ if given("--no-huge") => None,
        Ok(free_mib) if free_mib >= huge_mib => None,
        Err(reason @ (Unusable::NoneReserved | Unusable::NotMounted)) => Some(reason.to_string()),
        few => {
            let free_mib = few.unwrap_or(0);
            let (needed_mib, pages) = (huge_mib, huge_mib.div_ceil(2));
            let error = EalError::TooFewHugepages { needed_mib, free_mib, pages };
            if !request.ordinary_memory_will_do || asked_mib.is_some() {
                return Err(error);
            }
            Some(format!("{needed_mib} MiB of hugepages are needed and {free_mib} MiB are free"))
        }
    };
    if let Some(reason) = without {
        flags.push("--no-huge".to_owned());
        // EAL takes --in-memory as a wish about hugepages; what it means without them is --no-shconf.
        flags
            .iter_mut()
            .filter(|flag| *flag == "--in-memory")
            .for_each(|flag| *flag = "--no-shconf".to_owned());
        notes.push(format!("running with --no-huge: {reason}"));
    }
    if flags.iter().any(|flag| flag == "--no-huge") {
        let needed_mib = asked_mib.unwrap_or(NO_HUGE_BASE_MIB + request.memory_mib);
        if let Some(free_mib) = machine.available_mib().filter(|free_mib| *free_mib < needed_mib) {
            return Err(EalError::TooLittleMemory { needed_mib, free_mib });
        }
        if asked_mib.is_none() {
            flags.extend(["-m".to_owned(), needed_mib.to_string()]);
        }
    }
    if request.shares_memory && !given("--single-file-segments") {
        flags.push("--single-file-segments".to_owned());
        notes.push(
            "running with --single-file-segments: a virtio-user port shares this program's memory"
                .to_owned(),
        );
    }
    if !given("--in-memory") && !given("--no-shconf") {
        choose_prefix(&request.flags, &mut flags, &mut notes)?;
    }
    Ok(EalFlags { flags, notes })
}

/// Keeps the user's prefix or DPDK's default, unless a running program holds it.
fn choose_prefix(
    given: &[String],
    flags: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> Result<(), EalError> {
    let asked = value_of(given, "--file-prefix");
    if let Some(asked) = asked.filter(|asked| asked.contains('/')) {
        return Err(EalError::PrefixWithSlash(asked.to_owned()));
    }
    let prefix = Prefix::new(asked.unwrap_or(Prefix::DEFAULT));
    if !prefix.is_taken() {
        return Ok(());
    }
    if let Some(asked) = asked {
        return Err(EalError::PrefixTaken { prefix: asked.to_owned(), lock: prefix.lock() });
    }
    let own = format!("pollway-{}", std::process::id());
    notes.push(format!(
        "running with --file-prefix={own}: another DPDK program uses the default one"
    ));
    flags.push(format!("--file-prefix={own}"));
    Ok(())
}

/// The value of a flag given as `--name=value`, `--name value` or `-nvalue`; empty for one without a value.
pub(super) fn value_of<'a>(flags: &'a [String], name: &str) -> Option<&'a str> {
    let short = !name.starts_with("--");
    flags.iter().enumerate().find_map(|(at, flag)| {
        let rest = flag.strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => Some(flags.get(at + 1).map_or("", String::as_str)),
            None => short.then_some(rest),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(flags: &[&str]) -> EalRequest {
        EalRequest {
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ..EalRequest::default()
        }
    }

    #[test]
    fn a_machine_without_hugepages_gets_no_huge_and_a_line_about_it() {
        let empty = tempfile::tempdir().unwrap();
        let prepared = prepare(
            &EalRequest { memory_mib: 44, ..request(&["--in-memory"]) },
            &Machine::at(empty.path()),
        )
        .unwrap();
        assert_eq!(prepared.flags, ["--no-shconf", "--no-huge", "-m", "300"]);
        assert_eq!(prepared.notes.len(), 1);
        assert!(prepared.notes[0].contains("no hugepages are reserved"), "{:?}", prepared.notes);
    }

    #[test]
    fn too_few_hugepages_for_the_plan_are_named() {
        let (_root, machine) = crate::hugepages::tests::machine(20, 10, true);
        let asked = |memory_mib, flags| EalRequest { memory_mib, ..request(flags) };
        let fits = prepare(&asked(4, &["--in-memory"]), &machine).unwrap();
        assert_eq!(fits.flags, ["--in-memory"]);
        let refused = prepare(&asked(128, &["--in-memory"]), &machine).unwrap_err().to_string();
        assert!(
            refused.starts_with("144 MiB of hugepages are needed and 20 MiB are free"),
            "{refused}"
        );
        let refused =
            prepare(&asked(1, &["--in-memory", "-m", "64"]), &machine).unwrap_err().to_string();
        assert!(
            refused.starts_with("64 MiB of hugepages are needed and 20 MiB are free"),
            "{refused}"
        );
        // A demonstration goes on without.
        let demo = EalRequest { ordinary_memory_will_do: true, ..asked(128, &["--in-memory"]) };
        let prepared = prepare(&demo, &machine).unwrap();
        assert_eq!(prepared.flags, ["--no-shconf", "--no-huge", "-m", "384"]);
        assert!(prepared.notes[0].contains("144 MiB of hugepages are needed and 20 MiB are free"));
    }

    #[test]
    fn more_than_the_machine_has_is_refused() {
        let (root, machine) = crate::hugepages::tests::machine(0, 0, true);
        std::fs::write(root.path().join("proc/meminfo"), "MemAvailable:    1048576 kB\n").unwrap();
        let asked = |memory_mib| EalRequest { memory_mib, ..request(&["--in-memory"]) };
        assert!(prepare(&asked(768), &machine).is_ok());
        let refused = prepare(&asked(769), &machine).unwrap_err().to_string();
        assert!(
            refused.starts_with("1025 MiB of memory are needed and 1024 MiB are free"),
            "{refused}"
        );
    }

    #[test]
    fn the_users_own_choice_stands() {
        let empty = tempfile::tempdir().unwrap();
        let prepared =
            prepare(&request(&["--in-memory", "--no-huge", "-m512"]), &Machine::at(empty.path()))
                .unwrap();
        assert_eq!(prepared.flags, ["--in-memory", "--no-huge", "-m512"]);
        assert!(prepared.notes.is_empty());
    }

    #[test]
    fn a_virtio_user_port_gets_one_memory_file() {
        let empty = tempfile::tempdir().unwrap();
        let asked = EalRequest {
            shares_memory: true,
            ..request(&["--in-memory", "--no-huge", "-m", "64"])
        };
        let prepared = prepare(&asked, &Machine::at(empty.path())).unwrap();
        assert!(prepared.flags.contains(&"--single-file-segments".to_owned()));
        assert_eq!(prepared.notes.len(), 1);
    }

    #[test]
    fn flags_are_found_in_each_way_of_writing_them() {
        let flags: Vec<String> =
            ["-m512", "--file-prefix=a", "--lcores", "0-1"].map(str::to_owned).to_vec();
        assert_eq!(value_of(&flags, "-m"), Some("512"));
        assert_eq!(value_of(&flags, "--file-prefix"), Some("a"));
        assert_eq!(value_of(&flags, "--lcores"), Some("0-1"));
        assert_eq!(value_of(&flags, "--file"), None);
    }
}
