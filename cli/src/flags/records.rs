//! The flags of `pollway fwd` that say what is shown and measured beside the packets, testpmd's.

use clap::builder::{StyledStr, ValueParser};
use clap::error::Result;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

/// What is shown and measured.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Figures and events (testpmd's)")]
pub(crate) struct RecordFlags {
    /// Extended statistics shown with a port's others, by name: NAME,NAME…
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) display_xstats: Vec<String>,
    /// Measure bit rates of ports; the main lcore does, whichever is named
    #[arg(long, value_name = "LCORE")]
    pub(crate) bitrate_stats: Option<u32>,
    /// Measure how long packets stay; the main lcore collects that, whichever is named
    #[arg(long, value_name = "LCORE")]
    pub(crate) latencystats: Option<u32>,
    #[command(flatten)]
    pub(crate) events: EventFlags,
}

/// Which events of ports are printed: each choice is a kind, or `all`, and whether it is. The last one about a kind counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventFlags(pub(crate) Vec<(String, bool)>);

/// The flags, by the names of their arguments, what they do, and whether they have events printed.
const EVENT_FLAGS: [(&str, &str, bool); 2] = [
    (
        "print-event",
        "Print events of this kind as they happen to ports: intr_lsc, queue_state, …, all",
        true,
    ),
    ("mask-event", "Do not print events of this kind", false),
];

// By hand, as the order among the two flags counts.
impl FromArgMatches for EventFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self> {
        let mut choices = Vec::new();
        for (name, _, prints) in EVENT_FLAGS {
            let kinds = matches.get_many::<String>(name).into_iter().flatten();
            let places = matches.indices_of(name).into_iter().flatten();
            choices.extend(places.zip(kinds).map(|(at, kind)| (at, kind.clone(), prints)));
        }
        choices.sort_by_key(|(at, ..)| *at);
        Ok(Self(choices.into_iter().map(|(_, kind, prints)| (kind, prints)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<()> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for EventFlags {
    fn augment_args(command: Command) -> Command {
        let flag = |(name, help, _): (&'static str, &'static str, bool)| {
            Arg::new(name)
                .long(name)
                .value_name("EVENT")
                .value_parser(ValueParser::string())
                .action(ArgAction::Append)
                .help(StyledStr::from(help))
        };
        command.args(EVENT_FLAGS.map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
