//! DPDK's own EAL flags: one table, from which come the command line's flags, the argv of `rte_eal_init` and the
//! meaning of `[eal]` in a configuration file.
//!
//! Names and arities are those of DPDK 22.11 (`lib/eal/common/eal_common_options.c`, `eal_short_options` and
//! `eal_long_options`; help texts as `eal_common_usage` groups them).

use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Nothing; it is given or not.
    Nothing,
    /// A value; a later one replaces an earlier one, as with getopt.
    One(&'static str),
    /// A value, which may be left out.
    Optional(&'static str),
    /// A value, any number of times.
    Many(&'static str),
}

/// One line of the table.
#[derive(Debug)]
struct EalFlag {
    /// Without dashes; a name of one letter is a short flag.
    name: &'static str,
    /// The letter of a flag that has both forms.
    letter: Option<char>,
    takes: Takes,
    help: &'static str,
}

impl EalFlag {
    /// `-a` besides `--allow`.
    const fn or(mut self, letter: char) -> Self {
        self.letter = Some(letter);
        self
    }
}

const fn flag(name: &'static str, takes: Takes, help: &'static str) -> EalFlag {
    EalFlag { name, letter: None, takes, help }
}

use Takes::{Many, Nothing, One, Optional};

/// Every EAL flag, in the order of DPDK's own help.
const FLAGS: &[EalFlag] = &[
    flag("c", One("COREMASK"), "Hexadecimal bitmask of lcores to run on"),
    flag("l", One("CORELIST"), "Lcores to run on: C1[-C2][,C3[-C4]]..."),
    flag("lcores", One("COREMAP"), "Lcores and the processors they run on: LCORES[@CPUS],..."),
    flag("s", One("COREMASK"), "Hexadecimal bitmask of service lcores"),
    flag("S", One("CORELIST"), "List of service lcores"),
    flag("main-lcore", One("ID"), "Lcore that is the main one; it controls and does not forward"),
    flag("mbuf-pool-ops-name", One("NAME"), "Mempool handler of mbuf pools"),
    flag("n", One("CHANNELS"), "Number of memory channels"),
    flag("m", One("MB"), "Memory to allocate, in MiB"),
    flag("r", One("RANKS"), "Number of memory ranks"),
    flag("block", Many("DEVICE"), "Device that DPDK leaves alone: [domain:]bus:devid.func").or('b'),
    flag("allow", Many("DEVICE"), "Device that DPDK takes, and no other: [domain:]bus:devid.func")
        .or('a'),
    flag("vdev", Many("DEVICE"), "Virtual device: DRIVERID[,key=val]... (--port has short forms)"),
    flag("iova-mode", One("pa|va"), "Physical or virtual IO addresses"),
    flag("d", Many("LIB.so|DIR"), "Driver, or directory of drivers, to load"),
    flag("vmware-tsc-map", Nothing, "VMware's TSC map instead of RDTSC"),
    flag("proc-type", One("primary|secondary|auto"), "Kind of process"),
    flag("syslog", One("FACILITY"), "Syslog facility"),
    flag("log-level", Many("[TYPE:]LEVEL"), "DPDK's log level, of one log type or of all"),
    flag("trace", Many("REGEX"), "Trace points to enable"),
    flag("trace-dir", One("DIR"), "Directory of trace output"),
    flag("trace-bufsz", One("SIZE"), "Trace memory of a thread: N[B|K|M]"),
    flag("trace-mode", One("overwrite|discard"), "What a full trace buffer does"),
    flag("v", Nothing, "Show DPDK's version while starting"),
    flag("in-memory", Nothing, "No files shared with other processes"),
    flag("base-virtaddr", One("ADDRESS"), "Base virtual address"),
    flag("telemetry", Nothing, "DPDK's telemetry socket (on unless told otherwise)"),
    flag("no-telemetry", Nothing, "No telemetry socket"),
    flag("force-max-simd-bitwidth", One("BITS"), "Widest SIMD registers that drivers may use"),
    flag("huge-unlink", Optional("existing|always|never"), "When files in hugetlbfs are unlinked"),
    flag("no-huge", Nothing, "Ordinary memory instead of hugepages"),
    flag("no-pci", Nothing, "No PCI devices"),
    flag("no-hpet", Nothing, "No HPET timer"),
    flag("no-shconf", Nothing, "No shared configuration file"),
    flag("socket-mem", One("MB,..."), "Memory to allocate on each NUMA node, in MiB"),
    flag("socket-limit", One("MB,..."), "Most memory on each NUMA node, in MiB"),
    flag("huge-dir", One("DIR"), "Where hugetlbfs is mounted"),
    flag("file-prefix", One("PREFIX"), "Prefix of this process's files, one for each program"),
    flag("create-uio-dev", Nothing, "Create /dev/uioX"),
    flag("vfio-intr", One("legacy|msi|msix"), "Interrupt mode of VFIO"),
    flag("vfio-vf-token", One("UUID"), "VF token shared between a PF and its VFs"),
    flag("legacy-mem", Nothing, "Legacy memory mode: contiguous, nothing added later"),
    flag("single-file-segments", Nothing, "Hugepages in single files (virtio-user needs it)"),
    flag("match-allocations", Nothing, "Free hugepages exactly as allocated"),
    flag("huge-worker-stack", Optional("KB"), "Worker stacks in hugepages"),
];

/// Whether a word of a command line, such as `-l` or `--file-prefix=x`, is one of EAL's flags.
pub(crate) fn is_flag(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word);
    FLAGS.iter().any(|flag| {
        let dashes = if flag.name.len() == 1 { "-" } else { "--" };
        name.strip_prefix(dashes) == Some(flag.name)
    })
}

/// The three ways to say which lcores there are; EAL takes only one of them.
const CORE_FLAGS: [&str; 3] = ["c", "l", "lcores"];

/// The EAL flags that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EalFlags {
    /// Flag and value, in the order given; never `--vdev`.
    given: Vec<(String, Option<String>)>,
    /// What `--vdev` named. These devices are probed one at a time after EAL has started, so that one that cannot be
    /// made is named in the error.
    pub(crate) vdevs: Vec<String>,
}

impl EalFlags {
    /// The flags as the arguments of `rte_eal_init` (without the program's name), `--vdev` left out.
    pub(crate) fn to_argv(&self) -> Vec<String> {
        let mut argv = Vec::new();
        for (name, value) in &self.given {
            match (name.len() == 1, value) {
                (true, None) => argv.push(format!("-{name}")),
                (true, Some(value)) => argv.extend([format!("-{name}"), value.clone()]),
                (false, None) => argv.push(format!("--{name}")),
                (false, Some(value)) => argv.push(format!("--{name}={value}")),
            }
        }
        argv
    }

    /// The value of a flag (`"file-prefix"`, `"l"`), the last one if it was repeated.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(given, _)| given == name)?.1.as_deref()
    }

    /// All values of a flag that may be repeated, in order.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.given.iter().filter(move |(given, _)| given == name).filter_map(|(_, v)| v.as_deref())
    }

    /// Whether a flag was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// Adds a flag, as if it had been given last.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        if name == "vdev" {
            self.vdevs.extend(value.map(str::to_owned));
        } else {
            self.given.push((name.to_owned(), value.map(str::to_owned)));
        }
    }

    /// These flags over `lower` ones: what is given here hides the same flag there, and any core list there.
    pub(crate) fn over(self, lower: Self) -> Self {
        let names_cores = CORE_FLAGS.iter().any(|name| self.has(name));
        let mut given = lower.given;
        given.retain(|(name, _)| {
            let hidden = names_cores && CORE_FLAGS.contains(&name.as_str());
            !hidden && !self.has(name)
        });
        given.extend(self.given);
        let vdevs = if self.vdevs.is_empty() { lower.vdevs } else { self.vdevs };
        Self { given, vdevs }
    }

    /// Reads flags in DPDK's spelling, as a configuration file's `eal.args` holds them.
    ///
    /// # Errors
    ///
    /// clap's, for a flag that EAL does not have or a value that is missing.
    pub(crate) fn parse(args: &[String]) -> Result<Self, clap::Error> {
        let command = <Self as clap::Args>::augment_args(Command::new("eal.args"))
            .no_binary_name(true)
            .disable_help_flag(true)
            .args_override_self(true);
        Ok(Self::collect(&command.try_get_matches_from(args)?))
    }

    fn collect(matches: &ArgMatches) -> Self {
        // clap groups by flag; the position restores the order in which they were typed, which matters to EAL for
        // --log-level.
        let mut found: Vec<(usize, &EalFlag, Option<String>)> = Vec::new();
        for flag in FLAGS {
            let id = flag.name;
            if flag.takes == Nothing {
                if matches.get_flag(id) {
                    found.push((matches.index_of(id).unwrap_or(0), flag, None));
                }
            } else if let (Some(values), Some(indices)) =
                (matches.get_many::<String>(id), matches.indices_of(id))
            {
                for (value, index) in values.zip(indices) {
                    let value = Some(value.clone()).filter(|value| !value.is_empty());
                    found.push((index, flag, value));
                }
            }
        }
        found.sort_by_key(|(index, ..)| *index);
        let mut flags = Self::default();
        for (_, flag, value) in found {
            flags.set(flag.name, value.as_deref());
        }
        flags
    }
}

impl clap::Args for EalFlags {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command.next_help_heading("EAL flags (DPDK's own)"), |command, flag| {
            let arg = Arg::new(flag.name).help(flag.help);
            let arg = match flag.name.as_bytes() {
                [letter] => arg.short(char::from(*letter)),
                _ => arg.long(flag.name).short(flag.letter),
            };
            command.arg(match flag.takes {
                Nothing => arg.action(ArgAction::SetTrue),
                One(value) => arg
                    .value_name(value)
                    .action(ArgAction::Set)
                    .num_args(1)
                    .value_parser(NonEmptyStringValueParser::new()),
                Many(value) => arg
                    .value_name(value)
                    .action(ArgAction::Append)
                    .num_args(1)
                    .value_parser(NonEmptyStringValueParser::new()),
                Optional(value) => arg
                    .value_name(value)
                    .action(ArgAction::Set)
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value(""),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for EalFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self::collect(matches))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::collect(matches).over(std::mem::take(self));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> EalFlags {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        EalFlags::parse(&args).unwrap()
    }

    #[test]
    fn a_flag_that_takes_a_value_takes_no_empty_one() {
        for empty in [["--file-prefix", ""], ["-l", ""], ["--allow", ""]] {
            let args = empty.map(str::to_owned);
            let why = EalFlags::parse(&args).unwrap_err().to_string();
            assert!(why.contains("a value is required for") && why.contains(empty[0]), "{why}");
        }
    }

    #[test]
    fn argv_keeps_order_and_repeats_and_takes_out_vdevs() {
        let flags = parse(
            "--log-level=lib.eal:debug -l 0-1 -a 0000:01:00.0 --vdev net_null0 --allow=0000:02:00.0 -m 64 \
             --vdev=net_tap0,iface=t0 --no-huge --log-level 3 --huge-unlink -d a.so -d b.so",
        );
        assert_eq!(
            flags.to_argv(),
            [
                "--log-level=lib.eal:debug",
                "-l",
                "0-1",
                "--allow=0000:01:00.0",
                "--allow=0000:02:00.0",
                "-m",
                "64",
                "--no-huge",
                "--log-level=3",
                "--huge-unlink",
                "-d",
                "a.so",
                "-d",
                "b.so"
            ]
        );
        assert_eq!(flags.vdevs, ["net_null0", "net_tap0,iface=t0"]);
    }

    #[test]
    fn an_optional_value_needs_its_equals_sign() {
        assert_eq!(
            parse("--huge-unlink=never --huge-worker-stack -v").to_argv(),
            ["--huge-unlink=never", "--huge-worker-stack", "-v"]
        );
    }

    #[test]
    fn the_last_of_a_single_flag_counts() {
        let flags = parse("--file-prefix=a --file-prefix=b");
        assert_eq!(flags.value("file-prefix"), Some("b"));
    }

    #[test]
    fn flags_hide_the_same_flag_and_any_core_list_below() {
        let lower = parse("--lcores=0-3 --file-prefix=low --no-pci --vdev=net_null0");
        let merged = parse("-l 0-1 --file-prefix=high").over(lower);
        assert_eq!(merged.to_argv(), ["--no-pci", "-l", "0-1", "--file-prefix=high"]);
        assert_eq!(merged.vdevs, ["net_null0"]);
    }
}
