//! The classifier: which rule is for a packet. A table a mask, those with the highest priorities first (tuple space search).
//!
//! It never changes once it is made. A lookup ends at the first table whose rules all have a lower priority than what was found.

use super::key::{Key, hash, same};
use super::rules::{FlowSpec, Match};
use std::collections::BTreeMap;
use std::ops::Range;

/// No rule.
pub(super) const NONE: u32 = u32::MAX;

/// Rules by what they ask for.
#[derive(Default)]
pub(super) struct Classifier {
    tables: Vec<Table>,
    /// Every bit that any rule asks for.
    pub(super) asked: Key,
}

/// The rules of one mask.
struct Table {
    mask: Key,
    /// The words that the mask leaves something of.
    words: Range<usize>,
    /// The highest priority in it.
    best: u16,
    /// Slots by hash, a power of two, at most half of them used.
    slots: Box<[Slot]>,
}

#[derive(Clone, Copy)]
struct Slot {
    value: Key,
    rule: u32,
    priority: u16,
}

const EMPTY: Slot = Slot { value: Key([0; Key::WORDS]), rule: NONE, priority: 0 };

impl Classifier {
    /// A classifier of rules, each with its number.
    pub(super) fn new<'a>(rules: impl Iterator<Item = (u32, &'a FlowSpec)>) -> Self {
        // Of rules for the same packets only the one with the highest priority is ever found.
        let mut masks: BTreeMap<Key, BTreeMap<Key, (u16, u32)>> = BTreeMap::new();
        for (number, rule) in rules {
            let Match { value, mask } = rule.matching;
            let best =
                masks.entry(mask).or_default().entry(value).or_insert((rule.priority, number));
            if best.0 < rule.priority {
                *best = (rule.priority, number);
            }
        }
        let mut asked = Key::default();
        masks.keys().for_each(|mask| asked.widen(mask));
        let mut tables: Vec<Table> =
            masks.into_iter().map(|(mask, rules)| Table::new(mask, &rules)).collect();
        tables.sort_by_key(|table| std::cmp::Reverse(table.best));
        Self { tables, asked }
    }

    /// The number of the rule for a packet, or [`NONE`].
    pub(super) fn find(&self, key: &Key) -> u32 {
        let (mut found, mut priority) = (NONE, 0);
        for table in &self.tables {
            if found != NONE && table.best <= priority {
                break;
            }
            if let Some(slot) = table.find(key)
                && (found == NONE || slot.priority > priority)
            {
                (found, priority) = (slot.rule, slot.priority);
            }
        }
        found
    }
}

impl Table {
    fn new(mask: Key, rules: &BTreeMap<Key, (u16, u32)>) -> Self {
        let words = mask.span();
        let best = rules.values().map(|(priority, _)| *priority).max().unwrap_or(0);
        let mut slots = vec![EMPTY; (rules.len() * 2).next_power_of_two()].into_boxed_slice();
        for (value, (priority, rule)) in rules {
            let mut at = hash(&value.0[words.clone()]) as usize & (slots.len() - 1);
            while slots[at].rule != NONE {
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = Slot { value: *value, rule: *rule, priority: *priority };
        }
        Self { mask, words, best, slots }
    }

    #[inline]
    fn find(&self, key: &Key) -> Option<&Slot> {
        let masked = key.masked(&self.mask);
        let value = &masked.0[self.words.clone()];
        let last = self.slots.len() - 1;
        let mut at = hash(value) as usize & last;
        loop {
            let slot = &self.slots[at];
            if slot.rule == NONE {
                return None;
            }
            if same(&slot.value.0[self.words.clone()], value) {
                return Some(slot);
            }
            at = (at + 1) & last;
        }
    }
}
