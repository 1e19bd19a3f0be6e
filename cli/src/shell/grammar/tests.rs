use super::token::Token;
use super::*;
use crate::command::{
    ClearCommand, Command, ConfigCommand, ControlCommand, PortSelection, PortsPage, ShowCommand,
};
use crate::shell::table::{SWITCH_TABLE, TABLE};
use proptest::prelude::*;

pub(crate) fn known() -> Vocabulary {
    let port = |id| PortWords { id: PortId(id), rx_queues: 2, tx_queues: 1 };
    Vocabulary { ports: vec![port(0), port(1)], modes: vec!["io", "mac", "macswap"] }
}

fn answer(line: &str) -> String {
    Grammar::new(TABLE, &known()).parse(line).unwrap_err().to_string()
}

/// Every kind of word, so that this module's tests do not depend on which commands there are.
static KINDS: Table<Vec<String>> = &[Section {
    word: "kinds",
    title: "Kinds:",
    about: "Every kind of word.",
    commands: &[
        Entry { syntax: "port PORT rxq RXQ (start|stop)", about: "", build: typed },
        Entry { syntax: "port PORT txq TXQ", about: "", build: typed },
        Entry { syntax: "burst BURST:1-512", about: "", build: typed },
        Entry { syntax: "peer PORT ADDRESS:mac", about: "", build: typed },
        Entry { syntax: "from SOURCE:ip", about: "", build: typed },
        Entry { syntax: "list PORTS:list", about: "", build: typed },
        Entry { syntax: "load FILE:text", about: "", build: typed },
        Entry { syntax: "flow PORT PATTERN:rest", about: "", build: typed },
        Entry { syntax: "start [tx_first [COUNT:u32]]", about: "", build: typed },
    ],
}];

/// The values as they were typed.
fn typed(values: &mut Values<'_>) -> Option<Request<Vec<String>>> {
    Some(Request::Run(values.rest().into_iter().map(str::to_owned).collect()))
}

fn kinds(line: &str) -> Result<String, String> {
    match Grammar::new(KINDS, &known()).parse(line) {
        Ok(Some(Request::Run(values))) => Ok(values.join(" ")),
        Ok(other) => panic!("{line}: {other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn lines_become_commands() {
    let one = PortSelection::One(PortId(1));
    let mode = dataplane::forward::mode("macswap").unwrap();
    let known = known();
    let grammar = Grammar::new(TABLE, &known);
    for (line, expected) in [
        ("start", Command::Control(ControlCommand::Start { tx_first: 0 })),
        ("  stop # now", Command::Control(ControlCommand::Stop)),
        ("show port stats 1", Command::Show(ShowCommand::Ports(PortsPage::Stats, one))),
        (
            "show\tport  info all",
            Command::Show(ShowCommand::Ports(PortsPage::Info, PortSelection::All)),
        ),
        ("clear port stats all", Command::Clear(ClearCommand::PortStats(PortSelection::All))),
        ("set fwd macswap", Command::Config(ConfigCommand::Fwd { mode, retry: false })),
        ("quit", Command::Control(ControlCommand::Quit)),
    ] {
        assert_eq!(grammar.parse(line), Ok(Some(Request::Run(expected))), "{line}");
    }
    assert_eq!(grammar.parse("help"), Ok(Some(Request::Help(Topic::Sections))));
    assert_eq!(grammar.parse("help all"), Ok(Some(Request::Help(Topic::All))));
    assert_eq!(grammar.parse(" # nothing"), Ok(None));
}

#[test]
fn every_kind_of_word_is_taken_as_it_is() {
    for (line, values) in [
        ("port 7 rxq 0x10 stop", "7 0x10 stop"),
        ("burst 512", "512"),
        ("peer 0 02:00:00:00:00:01", "0 02:00:00:00:00:01"),
        ("from 2001:db8::1", "2001:db8::1"),
        ("list 0,2-4", "0,2-4"),
        ("load /a/b.txt", "/a/b.txt"),
        ("flow 0 eth / ipv4 / end", "0 eth / ipv4 / end"),
        ("start", ""),
        ("start tx_first", ""),
        ("start tx_first 3", "3"),
    ] {
        assert_eq!(kinds(line).as_deref(), Ok(values), "{line}");
    }
}

#[test]
fn what_is_no_command_is_answered_with_what_would_be() {
    for (line, expected) in [
        ("strat", "Command not found: strat; did you mean start? (help all lists what there is)"),
        ("xyzzy", "Command not found: xyzzy; help all lists what there is"),
        (
            "set fwd blah",
            "Bad arguments: blah cannot follow set fwd; choose one of io, mac, macswap",
        ),
        (
            "clear port stats x",
            "Bad arguments: x cannot follow clear port stats; choose one of 0, 1, all",
        ),
    ] {
        assert_eq!(answer(line), expected);
    }
    for (line, expected) in [
        ("burst 513", "Bad arguments: 513 cannot follow burst; write a number from 1 to 512"),
        ("burst", "Bad arguments: burst needs more; write a number from 1 to 512"),
        ("burst 1 2", "Bad arguments: 2 is too much, burst 1 is complete; leave it out"),
        (
            "peer 0 02",
            "Bad arguments: 02 cannot follow peer 0; write a MAC address such as 02:00:00:00:00:01",
        ),
        (
            "port 0 rxq 0 strt",
            "Bad arguments: strt cannot follow port 0 rxq 0; did you mean start? (there are start, stop)",
        ),
        ("start first", "Bad arguments: first cannot follow start; did you mean tx_first?"),
        ("flow 0", "Bad arguments: flow 0 needs more; write (pattern)"),
    ] {
        assert_eq!(kinds(line).unwrap_err(), expected);
    }
}

#[test]
fn a_line_that_ends_with_json_is_answered_so() {
    let known = known();
    let read = |line| {
        let Asked { request, form } = Grammar::new(KINDS, &known).read(line);
        (request.map(|request| request.is_some()), form)
    };
    assert_eq!(read("burst 512 --json # all of it"), (Ok(true), Form::Json));
    assert_eq!(read("burst 512"), (Ok(true), Form::Text));
    assert_eq!(read("--json"), (Ok(false), Form::Json));
    assert!(matches!(read("burst --json --json"), (Err(_), Form::Json)));
}

#[test]
fn completion_knows_what_there_is_now() {
    let known = known();
    let complete = |line| Grammar::new(KINDS, &known).complete(line);
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(complete("p"), (0, words(&["peer", "port"])));
    assert_eq!(complete("port "), (5, words(&["0", "1"])));
    assert_eq!(complete("port 1 rxq "), (11, words(&["0", "1"])));
    assert_eq!(complete("port 1 txq "), (11, words(&["0"])));
    assert_eq!(complete("port 9 rxq "), (11, vec![]));
    assert_eq!(complete("port 1 rxq 0 st"), (13, words(&["start", "stop"])));
    assert_eq!(complete("start t"), (6, words(&["tx_first"])));
    assert_eq!(complete("load /"), (5, vec![]));
    let commands = |line| Grammar::new(TABLE, &known).complete(line);
    assert_eq!(commands("watch set fwd macs"), (14, words(&["macswap"])));
    assert_eq!(commands("show config fwd -"), (16, words(&["--json"])));
    assert_eq!(commands("set fwd io -"), (11, vec![]));
    assert_eq!(commands("set fwd mac"), (8, words(&["mac", "macswap"])));
    assert_eq!(commands("clear port stats "), (17, words(&["0", "1", "all"])));
}

#[test]
fn a_hint_shows_the_rest_of_the_only_command_left() {
    let known = known();
    let hint = |line| Grammar::new(KINDS, &known).hint(line);
    assert_eq!(hint("port 0 r").as_deref(), Some("xq (0|1) (start|stop)"));
    assert_eq!(hint("bu").as_deref(), Some("rst (burst)"));
    assert_eq!(hint("burst ").as_deref(), Some("(burst)"));
    assert_eq!(hint("burst 1"), None);
    assert_eq!(hint("sta").as_deref(), Some("rt [tx_first [(count)]]"));
    assert_eq!(hint("start tx").as_deref(), Some("_first [(count)]"));
    assert_eq!(hint("p"), None);
    assert_eq!(hint(""), None);
}

#[test]
fn a_flow_rule_is_completed_and_corrected_word_by_word() {
    let known = known();
    let grammar = Grammar::new(TABLE, &known);
    let line = "flow create 0 ingress pattern eth s";
    assert_eq!(grammar.complete(line), (line.len() - 1, vec!["src".to_owned()]));
    let error = |line| grammar.parse(line).unwrap_err().to_string();
    assert_eq!(
        error("flow create 0 pattern ipv4 src is 10.0.0 / end"),
        "Bad arguments: 10.0.0 cannot follow flow create 0 pattern ipv4 src is; write an IPv4 address such as 192.0.2.1"
    );
    assert_eq!(
        error("flow create 0 pattern end actions drop / end end"),
        "Bad arguments: end is too much, flow create 0 pattern end actions drop / end is complete; leave it out"
    );
}

/// A line that a syntax accepts.
pub(crate) fn example(syntax: &'static str) -> String {
    let known = known();
    let place =
        token::Place { known: &known, topics: &["config"], port: Some(PortId(0)), own: &[] };
    let example = |word: &'static str| {
        let token = Token::of(word.trim_start_matches('[').trim_end_matches(']'));
        if let Token::Word(word) = token {
            assert_eq!(word, word.to_lowercase(), "{syntax}: an unknown placeholder");
        }
        let open = match token {
            Token::Number { least, .. } => Some(least.to_string()),
            Token::Mac(_) => Some("02:00:00:00:00:01".to_owned()),
            Token::Ip(_) => Some("192.0.2.1".to_owned()),
            Token::List(_) => Some("0,1".to_owned()),
            Token::Text(_) | Token::Rest(_) => Some("x".to_owned()),
            Token::Own(own) if own.name == "RULE" => {
                Some("pattern end actions drop / end".to_owned())
            }
            Token::Own(own) => Some(format!("{} 0", own.name.to_lowercase().trim_end_matches('s'))),
            _ => None,
        };
        open.unwrap_or_else(|| token.choices(place)[0].clone())
    };
    syntax.split(' ').map(example).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_line_of_the_table_builds_its_request_and_no_two_lines_are_one() {
    let known = known();
    let grammar = Grammar::new(SWITCH_TABLE, &known);
    for (entry, _) in grammar.entries() {
        let example = example(entry.syntax);
        assert!(matches!(grammar.parse(&example), Ok(Some(_))), "{}", entry.syntax);
        let typed = words(&example);
        let line = grammar.line(&typed);
        let accepting = grammar.entries().filter(|(_, syntax)| syntax.values(&line).is_some());
        let accepting: Vec<&str> = accepting.map(|(entry, _)| entry.syntax).collect();
        assert_eq!(accepting, [entry.syntax], "{example} means more than one command");
    }
}

proptest! {
    #[test]
    fn any_line_is_answered(line in "\\PC{0,40}|((show|port|stats|set|fwd|mac|help|all|0|9|#|\u{3000}) ?){0,6}") {
        let known = known();
        let grammar = Grammar::new(TABLE, &known);
        if let Err(error) = grammar.parse(&line) {
            prop_assert!(!error.to_string().is_empty());
        }
        let (start, choices) = grammar.complete(&line);
        for choice in choices {
            prop_assert!(choice.starts_with(&line[start..]));
        }
        grammar.hint(&line);
    }

    /// Commands cut short, with a word too many or another one in the place of theirs.
    #[test]
    fn a_broken_command_is_answered(at in any::<prop::sample::Index>(), cut in 0usize..8, word in "\\PC{0,6}|[0-9,x-]{1,6}") {
        let known = known();
        for table in [SWITCH_TABLE] {
            let grammar = Grammar::new(table, &known);
            let entries: Vec<_> = grammar.entries().map(|(entry, _)| entry.syntax).collect();
            let example = example(entries[at.index(entries.len())]);
            let kept = words(&example).into_iter().take(cut).collect::<Vec<_>>().join(" ");
            for line in [kept.clone(), format!("{kept} {word}"), format!("{example} {word}")] {
                if let Err(error) = grammar.parse(&line) {
                    let text = error.to_string();
                    prop_assert!(text.starts_with("Bad arguments: ") || text.starts_with("Command not found: "));
                }
                grammar.complete(&line);
                grammar.hint(&line);
            }
        }
    }
}
