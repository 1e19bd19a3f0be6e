//! The command line: subcommands and their flags, each defined once.

pub(crate) mod app;
pub(crate) mod eal;
pub(crate) mod modes;
pub(crate) mod ports;
pub(crate) mod records;
pub(crate) mod testpmd;

use crate::ctl::CtlFlags;
use crate::dev::DevFlags;
use crate::doctor::DoctorFlags;
use crate::r#gen::flags::{GenAppFlags, GenFlags};
use app::AppFlags;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use dataplane::traffic::rate::Rate;
use eal::EalFlags;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A userspace packet-forwarding dataplane on DPDK, and an instrument that measures it.
#[derive(Debug, Parser)]
#[command(name = "pollway", version, infer_long_args = true, args_override_self = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) subcommand: Sub,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Sub {
    /// Forward packets between ports: pollway fwd EAL-FLAGS -- FLAGS, or pollway fwd --config FILE
    Fwd(Box<FwdFlags>),
    /// Switch packets between ports, as a learning bridge or by rules: pollway switch EAL-FLAGS -- FLAGS, or pollway switch --config FILE
    #[command(
        override_usage = "pollway switch [EAL FLAGS] [--] [FLAGS]\n       pollway switch --config FILE [FLAGS]"
    )]
    Switch(Box<FwdFlags>),
    /// Steer a forwarder or a switch that runs: pollway ctl show port stats all
    Ctl(CtlFlags),
    /// Generate traffic and measure what comes back: pollway gen EAL-FLAGS -- -m 1.0 < COMMANDS, or pollway gen --config FILE
    Gen(Box<GenFlags>),
    /// Show it working: generator and forwarder in one process, then two kernels (needs no NIC, no hugepages, no root)
    Demo(DemoFlags),
    /// Validate a configuration file and print the plan, starting nothing
    Check(CheckFlags),
    /// Print the JSON schema of a configuration file
    Schema(SchemaFlags),
    /// Show PCI devices, bind them to drivers, make virtual functions
    Dev(DevFlags),
    /// Look at what keeps DPDK from starting or from being fast, and say what mends it
    Doctor(DoctorFlags),
}

/// `pollway fwd`.
#[derive(Clone, Debug, Default, Args)]
#[command(
    infer_long_args = true,
    args_override_self = true,
    override_usage = "pollway fwd [EAL FLAGS] [--] [FLAGS]\n       pollway fwd --config FILE [FLAGS]"
)]
pub(crate) struct FwdFlags {
    #[command(flatten)]
    pub(crate) eal: EalFlags,
    #[command(flatten)]
    pub(crate) app: AppFlags,
    /// Whether ports are joined by the virtual switch (pollway switch).
    #[arg(skip)]
    pub(crate) switch: bool,
}

/// `pollway demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoFlags {
    /// Seconds of each of the two runs
    #[arg(long, default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) duration: f64,
    /// Packets a second (1000, 1.5k, 10M) or flat-out; a quarter of what the machine carries unless given
    #[arg(long, value_name = "RATE")]
    pub(crate) rate: Option<Rate>,
    /// Bytes of a frame on the wire, its check sequence included
    #[arg(long, default_value = "64", value_name = "BYTES", value_parser = clap::value_parser!(u16).range(64..=1518))]
    pub(crate) frame_size: u16,
    /// How packets are changed on their way
    #[arg(long, default_value = "macswap", value_name = "MODE")]
    pub(crate) forward_mode: String,
    /// Print one JSON object instead of tables
    #[arg(long)]
    pub(crate) json: bool,
}

/// A time that a run can take.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.1..=86400.0).contains(&seconds) => Ok(seconds),
        _ => Err("give seconds from 0.1 to 86400".to_owned()),
    }
}

/// `pollway check`.
#[derive(Debug, Args)]
pub(crate) struct CheckFlags {
    /// The configuration file
    pub(crate) file: PathBuf,
    /// Print the plan as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `pollway schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaFlags {
    /// Whose configuration
    #[arg(value_enum, default_value = "fwd")]
    pub(crate) of: SchemaOf,
}

/// Whose configuration a schema is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The forwarder's.
    Fwd,
    /// The generator's.
    Gen,
}

/// The program's name decides what it is: a symlink named `dpdk-testpmd` is `pollway fwd` with testpmd's prompt.
pub(crate) fn is_testpmd(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name == "dpdk-testpmd")
}

/// A symlink named as DPDK's script is `pollway dev` with that script's flags.
fn is_devbind(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name == "dpdk-devbind" || name == "dpdk-devbind.py")
}

/// The shell's prompt, by the program's name.
pub(crate) fn prompt(program: &Path) -> &'static str {
    if is_testpmd(program) { "testpmd> " } else { "pollway> " }
}

/// Reads the command line, `argv[0]` included.
///
/// # Errors
///
/// clap's: what is wrong with which argument; also its answers to `--help` and `--version`.
pub(crate) fn parse(argv: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut argv: Vec<OsString> = argv.into_iter().collect();
    if argv.first().is_some_and(|program| is_testpmd(Path::new(program))) {
        // testpmd forwards on one lcore unless told otherwise.
        argv.splice(1..1, ["fwd".into(), "--nb-cores=1".into()]);
    }
    if argv.first().is_some_and(|program| is_devbind(Path::new(program))) {
        argv.splice(1..1, ["dev".into(), "devbind".into()]);
    }
    if argv.get(1).is_some_and(|sub| sub == "fwd" || sub == "switch") {
        argv.retain(|arg| !arg.to_str().is_some_and(testpmd::is_always_so));
        if let Some(why) = argv.iter().find_map(|arg| testpmd::refusal(arg.to_str()?)) {
            return Err(command().error(ErrorKind::UnknownArgument, why));
        }
        argv = join_split(argv, forwarders)?;
    } else if argv.get(1).is_some_and(|sub| sub == "gen") {
        argv = join_split(argv, generators)?;
    }
    let mut matches = command().try_get_matches_from(argv)?;
    let mut cli = Cli::from_arg_matches_mut(&mut matches)?;
    if let Sub::Switch(flags) = &mut cli.subcommand {
        flags.switch = true;
    }
    Ok(cli)
}

/// The whole command line. Before a `--`, `-a` is EAL's `--allow` and `-m` its memory, so there the application's have
/// only their long forms.
fn command() -> clap::Command {
    let long_only = |sub: clap::Command, flag| {
        sub.mut_arg(flag, |arg| arg.short(None)).mut_args(negative_is_a_value)
    };
    Cli::command()
        .mut_subcommand("fwd", |fwd| long_only(fwd, "auto_start"))
        .mut_subcommand("switch", |switch| long_only(switch, "auto_start"))
        .mut_subcommand("gen", |generator| long_only(generator, "map"))
}

/// `--rxq -1` is a value that is wrong, and no flag that there is not.
fn negative_is_a_value(arg: Arg) -> Arg {
    let takes_values = arg.get_action().takes_values();
    arg.allow_negative_numbers(takes_values)
}

/// Turns `EAL-FLAGS -- FLAGS` into one list; `spell` spells what stands after `--` as the whole command line has it.
fn join_split(
    mut argv: Vec<OsString>,
    spell: fn(Vec<OsString>) -> Result<Vec<OsString>, clap::Error>,
) -> Result<Vec<OsString>, clap::Error> {
    let Some(split) = argv.iter().position(|arg| arg == "--") else { return Ok(argv) };
    let after = argv.split_off(split + 1);
    argv.pop();
    argv.extend(spell(after)?);
    Ok(argv)
}

/// Reads the flags after `--` on their own, so that an EAL flag there is refused as DPDK's programs refuse it.
fn read_after<Flags: Args>(
    name: &'static str,
    after: &[OsString],
) -> Result<ArgMatches, clap::Error> {
    Flags::augment_args(clap::Command::new(name))
        .no_binary_name(true)
        .infer_long_args(true)
        .args_override_self(true)
        .mut_args(negative_is_a_value)
        .try_get_matches_from(after)
        .map_err(|error| match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(word))
                if error.kind() == ErrorKind::UnknownArgument && eal::is_flag(word) =>
            {
                let why = format!(
                    "{word} is a flag of DPDK's EAL; these stand before the --: write it there"
                );
                command().error(ErrorKind::UnknownArgument, why)
            }
            _ => error,
        })
}

/// The forwarder's flags: only `-a` is spelled differently; a cluster such as `-ia` is taken apart for it.
fn forwarders(after: Vec<OsString>) -> Result<Vec<OsString>, clap::Error> {
    let matches = read_after::<AppFlags>("pollway fwd --", &after)?;
    let mut spelled: Vec<OsString> = Vec::new();
    if matches.get_flag("auto_start") {
        spelled.push("--auto-start".into());
    }
    spelled.extend(after.into_iter().filter_map(|arg| match arg.to_str() {
        Some(cluster) if is_cluster(cluster) => cluster.contains('i').then(|| "-i".into()),
        _ => Some(arg),
    }));
    Ok(spelled)
}

/// The generator's flags: only `-m` is spelled differently.
fn generators(after: Vec<OsString>) -> Result<Vec<OsString>, clap::Error> {
    read_after::<GenAppFlags>("pollway gen --", &after)?;
    let spelled = after.into_iter().map(|arg| match arg.to_str() {
        Some("-m") => "--map".into(),
        Some(joined) if joined.starts_with("-m") => {
            format!("--map={}", joined[2..].trim_start_matches('=')).into()
        }
        _ => arg,
    });
    Ok(spelled.collect())
}

/// Whether an argument is `-a`, `-i` or both together.
fn is_cluster(arg: &str) -> bool {
    arg.strip_prefix('-').is_some_and(|letters| {
        !letters.is_empty() && letters.chars().all(|letter| matches!(letter, 'a' | 'i'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fwd(line: &str) -> FwdFlags {
        match parse(line.split_whitespace().map(OsString::from)).unwrap().subcommand {
            Sub::Fwd(flags) => *flags,
            other => panic!("not fwd: {other:?}"),
        }
    }

    fn refusal(line: &str) -> String {
        parse(line.split_whitespace().map(OsString::from)).unwrap_err().to_string()
    }

    #[test]
    fn clap_finds_no_conflict_in_the_definition() {
        command().debug_assert();
    }

    #[test]
    fn a_means_allow_before_the_split_and_auto_start_after_it() {
        let flags = fwd("pollway fwd -a 0000:01:00.0 -- -i -a --rxq=2");
        assert_eq!(flags.eal.to_argv(), ["--allow=0000:01:00.0"]);
        assert!(flags.app.interactive && flags.app.auto_start);
        assert_eq!(flags.app.rxq, Some(2));
        assert!(fwd("pollway fwd -- -ia").app.auto_start);
    }

    #[test]
    fn without_a_split_both_kinds_of_flags_mix() {
        let flags = fwd("pollway fwd -l 0-1 --vdev=net_null0 --burst 64 -i --auto-start");
        assert_eq!(flags.eal.value("l"), Some("0-1"));
        assert_eq!(flags.eal.vdevs, ["net_null0"]);
        assert_eq!(flags.app.burst, Some(64));
        assert!(flags.app.interactive && flags.app.auto_start);
    }

    #[test]
    fn application_flags_may_stand_on_both_sides() {
        let flags = fwd("pollway fwd --config a.toml -l 0-1 -- --config=b.toml --burst=4");
        assert_eq!(flags.app.config.as_deref(), Some(Path::new("b.toml")));
        assert_eq!(flags.app.burst, Some(4));
    }

    #[test]
    fn long_flags_may_be_shortened_as_getopt_allows() {
        let flags = fwd("pollway fwd --file-pre=x -- --forward=mac");
        assert_eq!(flags.eal.value("file-prefix"), Some("x"));
        assert_eq!(flags.app.forward_mode.as_deref(), Some("mac"));
    }

    #[test]
    fn an_eal_flag_after_the_split_is_refused() {
        for (line, flag) in [
            ("pollway fwd -- --no-huge", "--no-huge"),
            ("pollway fwd -- -l 0-1", "-l"),
            ("pollway gen -- --log-level=error", "--log-level"),
        ] {
            let why = format!("{flag} is a flag of DPDK's EAL; these stand before the --");
            assert!(refusal(line).contains(&why), "{}", refusal(line));
        }
        assert!(!refusal("pollway fwd -- --nonsense").contains("EAL;"));
    }

    #[test]
    fn a_negative_number_is_a_value() {
        assert!(refusal("pollway fwd --rxq -1").contains("-1 is not in 0..=65535"));
        assert!(refusal("pollway fwd -- --rxq -1").contains("-1 is not in 0..=65535"));
        assert!(refusal("pollway gen -- --rate -5").contains("\"-5\" is not a rate"));
    }

    #[test]
    fn the_name_dpdk_testpmd_means_fwd() {
        let flags = fwd("/usr/local/bin/dpdk-testpmd -l 0-1 -- -i --nb-cores=1");
        assert_eq!(flags.app.nb_cores, Some(1));
        assert_eq!(prompt(Path::new("./dpdk-testpmd")), "testpmd> ");
        assert_eq!(prompt(Path::new("/usr/bin/pollway")), "pollway> ");
    }

    proptest! {
        #[test]
        fn any_command_line_is_answered(
            words in proptest::collection::vec("fwd|check|--|-[a-zS]{1,3}|--(vdev|rxq|lcores|config)(=\\PC{0,4})?|\\PC{0,6}", 0..8),
        ) {
            let argv = ["pollway".to_owned()].into_iter().chain(words).map(OsString::from);
            if let Err(fault) = parse(argv) {
                prop_assert!(!fault.to_string().is_empty());
            }
        }
    }
}
