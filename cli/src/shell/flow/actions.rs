//! Reads a rule's actions: `mark id 7 / rss queues 0 1 end / end`.

use super::reader::{Reader, Stopped};
use crate::shell::grammar::number;
use dataplane::port::{Action, QueueId, RSS_TYPES, RssAction, RssFunction, RssTypes};

/// What an action's name begins.
#[derive(Clone, Copy)]
enum Kind {
    End,
    Void,
    Passthru,
    Jump,
    Mark,
    Queue,
    Drop,
    Count,
    Rss,
    PortId,
}

const KINDS: [(&str, Kind); 10] = [
    ("end", Kind::End),
    ("void", Kind::Void),
    ("passthru", Kind::Passthru),
    ("jump", Kind::Jump),
    ("mark", Kind::Mark),
    ("queue", Kind::Queue),
    ("drop", Kind::Drop),
    ("count", Kind::Count),
    ("rss", Kind::Rss),
    ("port_id", Kind::PortId),
];

/// The most bytes of an RSS key and entries of its queue list, as in testpmd (`RSS_HASH_KEY_LENGTH`, `ACTION_RSS_QUEUE_NUM`).
const RSS_KEY_BYTES: usize = 64;
const RSS_QUEUES: usize = 128;

/// Reads actions up to `end`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Vec<Action>, Stopped> {
    let mut actions = Vec::new();
    loop {
        let action = match reader.word(KINDS.into_iter())? {
            Kind::End => return Ok(actions),
            Kind::Void => bare(reader, Action::Void)?,
            Kind::Passthru => bare(reader, Action::Passthru)?,
            Kind::Drop => bare(reader, Action::Drop)?,
            Kind::Jump => Action::Jump(only(reader, "group", u32::MAX)?),
            Kind::Mark => Action::Mark(only(reader, "id", u32::MAX)?),
            Kind::Count => Action::Count(only(reader, "identifier", u32::MAX)?),
            Kind::Queue => Action::Queue(QueueId(only(reader, "index", u16::MAX.into())? as u16)),
            Kind::PortId => port_id(reader)?,
            Kind::Rss => Action::Rss(rss(reader)?),
        };
        actions.push(action);
    }
}

/// An action without parameters: the slash after it.
fn bare(reader: &mut Reader<'_>, action: Action) -> Result<Action, Stopped> {
    reader.word([("/", ())].into_iter())?;
    Ok(action)
}

/// The one parameter of an action, 0 if it is not given; the last counts.
fn only(reader: &mut Reader<'_>, name: &'static str, most: u32) -> Result<u32, Stopped> {
    let mut value = 0;
    while reader.word([(name, true), ("/", false)].into_iter())? {
        value = up_to(reader, most)?;
    }
    Ok(value)
}

fn up_to(reader: &mut Reader<'_>, most: u32) -> Result<u32, Stopped> {
    reader.value(&format!("a number from 0 to {most}"), |word| {
        u32::try_from(number(word)?).ok().filter(|number| *number <= most)
    })
}

fn port_id(reader: &mut Reader<'_>) -> Result<Action, Stopped> {
    let (mut id, mut original) = (0, false);
    while let Some(is_id) =
        reader.word([("original", Some(false)), ("id", Some(true)), ("/", None)].into_iter())?
    {
        if is_id {
            id = up_to(reader, u32::MAX)?;
        } else {
            original = reader
                .word([("on", true), ("off", false), ("1", true), ("0", false)].into_iter())?;
        }
    }
    Ok(Action::PortId { id, original })
}

/// What an RSS action's parameter begins.
#[derive(Clone, Copy)]
enum Parameter {
    Function,
    Level,
    Types,
    Key,
    KeyLength,
    Queues,
    End,
}

const PARAMETERS: [(&str, Parameter); 7] = [
    ("func", Parameter::Function),
    ("level", Parameter::Level),
    ("types", Parameter::Types),
    ("key", Parameter::Key),
    ("key_len", Parameter::KeyLength),
    ("queues", Parameter::Queues),
    ("/", Parameter::End),
];

const FUNCTIONS: [(&str, RssFunction); 4] = [
    ("default", RssFunction::Default),
    ("toeplitz", RssFunction::Toeplitz),
    ("simple_xor", RssFunction::SimpleXor),
    ("symmetric_toeplitz", RssFunction::SymmetricToeplitz),
];

fn rss(reader: &mut Reader<'_>) -> Result<RssAction, Stopped> {
    let mut rss = RssAction::default();
    loop {
        match reader.word(PARAMETERS.into_iter())? {
            Parameter::End => return Ok(rss),
            Parameter::Function => rss.function = reader.word(FUNCTIONS.into_iter())?,
            Parameter::Level => rss.level = up_to(reader, u32::MAX)?,
            Parameter::Types => rss.types = Some(types(reader)?),
            Parameter::Key => {
                rss.key = reader.value("a key of 1 to 64 bytes in hexadecimal", key)?
            }
            Parameter::KeyLength => {
                let len = up_to(reader, RSS_KEY_BYTES as u32)?;
                rss.key.resize(len as usize, 0);
            }
            Parameter::Queues => rss.queues = Some(queues(reader)?),
        }
    }
}

/// Types up to `end`, all together.
fn types(reader: &mut Reader<'_>) -> Result<RssTypes, Stopped> {
    let mut all = RssTypes::NONE;
    let known = || RSS_TYPES.iter().map(|(name, types)| (*name, Some(*types)));
    while let Some(types) = reader.word(known().chain([("end", None)]))? {
        all.0 |= types.0;
    }
    Ok(all)
}

/// Queues up to `end`.
fn queues(reader: &mut Reader<'_>) -> Result<Vec<u16>, Stopped> {
    let mut queues = Vec::new();
    let form = format!("a queue's number, of {RSS_QUEUES} at most, or end");
    loop {
        let queue = reader.value(&form, |word| match word {
            "end" => Some(None),
            word if queues.len() < RSS_QUEUES => Some(Some(u16::try_from(number(word)?).ok()?)),
            _ => None,
        })?;
        match queue {
            Some(queue) => queues.push(queue),
            None => return Ok(queues),
        }
    }
}

fn key(word: &str) -> Option<Vec<u8>> {
    let whole = word.is_ascii() && word.len().is_multiple_of(2) && !word.is_empty();
    if !whole || word.len() / 2 > RSS_KEY_BYTES {
        return None;
    }
    (0..word.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(word.get(at..at + 2)?, 16).ok())
        .collect()
}
