//! Reads a rule's pattern: `eth / ipv4 src is 192.0.2.1 / end`.

use super::reader::{Reader, Stopped};
use crate::shell::grammar::number;
use dataplane::port::{Field, FieldValue, Form, ITEM_KINDS, Item, ItemKind, PartOf};

/// What follows a field's name.
#[derive(Clone, Copy)]
enum Comparison {
    Is,
    Part(PartOf),
    Prefix,
}

const COMPARISONS: [(&str, Comparison); 5] = [
    ("is", Comparison::Is),
    ("spec", Comparison::Part(PartOf::Spec)),
    ("last", Comparison::Part(PartOf::Last)),
    ("mask", Comparison::Part(PartOf::Mask)),
    ("prefix", Comparison::Prefix),
];

/// Reads items up to `end`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Vec<Item>, Stopped> {
    let kinds = || ITEM_KINDS.iter().map(|kind| (kind.name, Some(kind)));
    let mut items = Vec::new();
    while let Some(kind) = reader.word(kinds().chain([("end", None)]))? {
        items.push(item(reader, kind)?);
    }
    Ok(items)
}

/// Reads an item's fields up to the slash.
fn item(reader: &mut Reader<'_>, kind: &'static ItemKind) -> Result<Item, Stopped> {
    let fields = || kind.fields.iter().map(|field| (field.name, Some(field)));
    let mut item = Item::any(kind);
    while let Some(field) = reader.word(fields().chain([("/", None)]))? {
        let comparison = reader.word(COMPARISONS.into_iter())?;
        compare(reader, &mut item, field, comparison)?;
    }
    Ok(item)
}

/// Reads what a field is compared with.
fn compare(
    reader: &mut Reader<'_>,
    item: &mut Item,
    field: &'static Field,
    comparison: Comparison,
) -> Result<(), Stopped> {
    let bits = field.form.bits();
    if matches!(comparison, Comparison::Prefix) {
        return reader.value(&format!("a number of bits from 0 to {bits}"), |word| {
            item.set_prefix(field, u32::try_from(number(word)?).ok()?).ok()
        });
    }
    let form = match field.form {
        Form::Bits { .. } | Form::Native => {
            format!("a number from 0 to {}", u64::MAX >> (64 - bits))
        }
        Form::Mac => "a MAC address such as 02:00:00:00:00:01".to_owned(),
        Form::Ipv4 => "an IPv4 address such as 192.0.2.1".to_owned(),
        Form::Ipv6 => "an IPv6 address such as 2001:db8::1".to_owned(),
    };
    reader.value(&form, |word| {
        let value = value(field.form, word)?;
        let set = match comparison {
            Comparison::Part(part) => item.set(part, field, value),
            _ => item.set_exactly(field, value),
        };
        set.ok()
    })
}

/// A value as it is typed.
fn value(form: Form, word: &str) -> Option<FieldValue> {
    Some(match form {
        Form::Bits { .. } | Form::Native => FieldValue::Number(number(word)?.try_into().ok()?),
        Form::Mac => FieldValue::Mac(word.parse().ok()?),
        Form::Ipv4 => FieldValue::Ipv4(word.parse().ok()?),
        Form::Ipv6 => FieldValue::Ipv6(word.parse().ok()?),
    })
}
