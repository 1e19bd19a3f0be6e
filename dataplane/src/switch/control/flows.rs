//! Rules and groups: added, changed, deleted and shown (OpenFlow 1.0 §4.6).

use super::rule::Rule;
use super::{State, Switch};
use crate::switch::rules::{Action, FlowSelect, FlowSpec, Group, RuleError, RuleFigures};
use std::cmp::Reverse;
use std::time::Instant;

impl Switch {
    /// Adds a rule. One for the same packets with the same priority goes, with its counts.
    ///
    /// # Errors
    /// [`RuleError`]; nothing has changed then.
    pub fn add_flow(&self, text: &str) -> Result<(), RuleError> {
        self.add_flows([text])
    }

    /// As [`Self::add_flow`], for several rules at once: all, or none of them.
    ///
    /// # Errors
    /// The first that cannot be had.
    pub fn add_flows<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Result<(), RuleError> {
        let specs: Vec<FlowSpec> = texts.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        let mut state = self.lock();
        specs.iter().try_for_each(|spec| state.check_groups(&spec.actions))?;
        for spec in specs {
            self.put(&mut state, spec);
        }
        state.publish();
        Ok(())
    }

    /// Gives the rules that `text` selects its actions, and its cookie if it has one without a mask; their counts go on. If it
    /// selects none, it is added. Returns how many were changed.
    ///
    /// # Errors
    /// [`RuleError`]; nothing has changed then.
    pub fn mod_flows(&self, text: &str, strict: bool) -> Result<usize, RuleError> {
        let spec: FlowSpec = text.parse()?;
        let select = FlowSelect::to_change(text, strict)?;
        let (mut state, now) = (self.lock(), Instant::now());
        state.check_groups(&spec.actions)?;
        let mut changed = 0;
        for rule in state.rules.values_mut().filter(|rule| select.selects(&rule.spec)) {
            rule.spec.actions.clone_from(&spec.actions);
            if select.cookie.is_none() && spec.cookie != 0 {
                rule.spec.cookie = spec.cookie;
            }
            rule.touch(now);
            changed += 1;
        }
        if changed == 0 && select.cookie.is_none() {
            self.put(&mut state, spec);
        }
        state.publish();
        Ok(changed)
    }

    /// Deletes the rules that are selected; returns how many.
    pub fn del_flows(&self, select: &FlowSelect) -> usize {
        let mut state = self.lock();
        let before = state.rules.len();
        state.rules.retain(|_, rule| !select.selects(&rule.spec));
        let deleted = before - state.rules.len();
        if deleted > 0 {
            state.publish();
        }
        deleted
    }

    /// The rules that are selected, those with the highest priority first.
    pub fn dump_flows(&self, select: &FlowSelect) -> Vec<RuleFigures> {
        let now = Instant::now();
        let mut state = self.lock();
        let rules = state.rules.values_mut().filter(|rule| select.selects(&rule.spec));
        rules
            .map(|rule| {
                rule.note_use(now);
                rule.figures(now)
            })
            .collect()
    }

    /// The rules without their counts, as they can be added again.
    pub fn flows(&self) -> Vec<FlowSpec> {
        self.lock().rules.values().map(|rule| rule.spec.clone()).collect()
    }

    /// Adds a group.
    ///
    /// # Errors
    /// [`RuleError`]; nothing has changed then.
    pub fn add_group(&self, text: &str) -> Result<(), RuleError> {
        let group: Group = text.parse()?;
        let mut state = self.lock();
        if state.groups.contains_key(&group.id) {
            return Err(RuleError::GroupExists(group.id));
        }
        state.groups.insert(group.id, group);
        state.publish();
        Ok(())
    }

    /// Changes a group.
    ///
    /// # Errors
    /// [`RuleError`]; nothing has changed then.
    pub fn mod_group(&self, text: &str) -> Result<(), RuleError> {
        let group: Group = text.parse()?;
        let mut state = self.lock();
        let there = state.groups.get_mut(&group.id).ok_or(RuleError::NoGroup(group.id))?;
        *there = group;
        state.publish();
        Ok(())
    }

    /// Deletes a group, or all, and the rules that name it (OpenFlow 1.3 §6.7); returns how many groups and rules those were.
    ///
    /// # Errors
    /// [`RuleError::NoGroup`].
    pub fn del_groups(&self, id: Option<u32>) -> Result<(usize, usize), RuleError> {
        let mut state = self.lock();
        if let Some(id) = id.filter(|id| !state.groups.contains_key(id)) {
            return Err(RuleError::NoGroup(id));
        }
        let (groups, rules) = (state.groups.len(), state.rules.len());
        let meant = |group: u32| id.is_none_or(|id| id == group);
        state.groups.retain(|group, _| !meant(*group));
        state.rules.retain(|_, rule| !groups_of(&rule.spec.actions).any(meant));
        let gone = (groups - state.groups.len(), rules - state.rules.len());
        state.publish();
        Ok(gone)
    }

    /// All groups, by number.
    pub fn groups(&self) -> Vec<Group> {
        self.lock().groups.values().cloned().collect()
    }

    fn put(&self, state: &mut State, spec: FlowSpec) {
        let key = (Reverse(spec.priority), spec.matching);
        state.rules.insert(key, Rule::new(spec, self.lcores.len(), Instant::now()));
    }
}

impl State {
    /// Refuses actions that name a group that is not there.
    fn check_groups(&self, actions: &[Action]) -> Result<(), RuleError> {
        let missing = groups_of(actions).find(|group| !self.groups.contains_key(group));
        missing.map_or(Ok(()), |group| Err(RuleError::NoGroup(group)))
    }
}

/// The groups that actions name.
fn groups_of(actions: &[Action]) -> impl Iterator<Item = u32> {
    actions.iter().filter_map(|action| match action {
        Action::Group(group) => Some(*group),
        _ => None,
    })
}
