//! The grammar of flow rules, as testpmd has it.
//!
//! A rule's next word depends on all before it, so it is read word by word; where reading stops says what can be typed
//! there, which is what completion and error messages show.

mod actions;
mod pattern;
mod reader;
#[cfg(test)]
mod tests;

use crate::shell::grammar::{Own, number};
use dataplane::port::{FlowAttributes, FlowRule};
use reader::{Reader, Stopped};

/// A whole rule: attributes, `pattern` items, `actions`.
pub(crate) static RULE: Own = Own { name: "RULE", follow: |words| follow(words, read_rule) };

/// `rule 0 rule 3`.
pub(crate) static RULES: Own =
    Own { name: "RULES", follow: |words| follow(words, |reader| numbers(reader, "rule")) };

/// `group 0 group 3`.
pub(crate) static GROUPS: Own =
    Own { name: "GROUPS", follow: |words| follow(words, |reader| numbers(reader, "group")) };

/// The rule that words are.
pub(crate) fn rule(words: &[&str]) -> Option<FlowRule> {
    whole(words, read_rule)
}

/// The numbers of `rule N rule N …`, or of groups.
pub(crate) fn numbered(words: &[&str], name: &'static str) -> Option<Vec<u32>> {
    whole(words, |reader| numbers(reader, name))
}

type Read<T> = Result<T, Stopped>;

fn follow<T>(
    words: &[&str],
    read: impl Fn(&mut Reader<'_>) -> Read<T>,
) -> crate::shell::grammar::Followed {
    let mut reader = Reader::new(words);
    let read = read(&mut reader);
    reader.followed(&read)
}

fn whole<T>(words: &[&str], read: impl Fn(&mut Reader<'_>) -> Read<T>) -> Option<T> {
    let mut reader = Reader::new(words);
    read(&mut reader).ok().filter(|_| reader.is_at_end())
}

/// An attribute, or the pattern that follows them.
#[derive(Clone, Copy)]
enum Attribute {
    Group,
    Priority,
    Ingress,
    Egress,
    Transfer,
    Pattern,
}

const ATTRIBUTES: [(&str, Attribute); 6] = [
    ("group", Attribute::Group),
    ("priority", Attribute::Priority),
    ("ingress", Attribute::Ingress),
    ("egress", Attribute::Egress),
    ("transfer", Attribute::Transfer),
    ("pattern", Attribute::Pattern),
];

fn read_rule(reader: &mut Reader<'_>) -> Read<FlowRule> {
    let attributes = attributes(reader)?;
    let pattern = pattern::read(reader)?;
    reader.word([("actions", ())].into_iter())?;
    Ok(FlowRule { attributes, pattern, actions: actions::read(reader)? })
}

fn attributes(reader: &mut Reader<'_>) -> Read<FlowAttributes> {
    let mut attributes = FlowAttributes::default();
    loop {
        match reader.word(ATTRIBUTES.into_iter())? {
            Attribute::Group => attributes.group = any_number(reader)?,
            Attribute::Priority => attributes.priority = any_number(reader)?,
            Attribute::Ingress => attributes.ingress = true,
            Attribute::Egress => attributes.egress = true,
            Attribute::Transfer => attributes.transfer = true,
            Attribute::Pattern => return Ok(attributes),
        }
    }
}

/// At least one number, each after its name.
fn numbers(reader: &mut Reader<'_>, name: &'static str) -> Read<Vec<u32>> {
    let mut numbers = Vec::new();
    loop {
        reader.word([(name, ())].into_iter())?;
        numbers.push(any_number(reader)?);
        if reader.is_at_end() {
            return Ok(numbers);
        }
    }
}

fn any_number(reader: &mut Reader<'_>) -> Read<u32> {
    reader.value("a number from 0 to 4294967295", |word| u32::try_from(number(word)?).ok())
}
