//! The switch from the side of control.

mod flows;
mod macs;
mod mailbox;
mod ports;
pub(super) mod rule;

pub use macs::{Flush, MacEntry, MacFigures};

use mailbox::Mailbox;

use super::cache::Cache;
use super::classifier::NONE;
use super::limits::Limits;
use super::mac_table::MacTable;
use super::mode::{COUNTS, Lane, Shared, Switching};
use super::policy::{PolicyError, SwitchConfig};
use super::rules::{Action, FlowSpec, Group, Match};
use super::snapshot::{Snapshot, Targets};
use crate::batch::MAX_BURST;
use crate::engine::StreamAt;
use crate::engine::plan::{Sink, Work};
use crate::forward::{Ground, Job, ModeError, Tally};
use crate::lcore::LcoreId;
use crate::mempool::Mempool;
use crate::port::PortId;
use rule::Rule;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// A virtual switch. All of its methods may be called while it runs, from any thread.
pub struct Switch {
    lcores: Vec<LcoreId>,
    made: Instant,
    shared: Arc<Shared>,
    state: Mutex<State>,
}

/// Rules in the order in which they are shown: those with the highest priority first. No two are for the same packets with the
/// same priority.
type Rules = BTreeMap<(Reverse<u16>, Match), Rule>;

/// What control keeps.
struct State {
    config: SwitchConfig,
    rules: Rules,
    groups: BTreeMap<u32, Group>,
    snapshot: Arc<Snapshot>,
    /// Snapshots that workers may still have: they are freed here, not there.
    retired: Vec<Arc<Snapshot>>,
    /// The modes that there are.
    stations: Vec<Weak<Station>>,
    moves: macs::Moves,
}

/// Where control and a mode meet.
pub(super) struct Station {
    pub(super) mailbox: Mailbox,
    pub(super) tally: Arc<Tally>,
}

/// What went because its time was up.
#[derive(Clone, Debug, Default)]
pub struct Expired {
    /// Rules, with what they had counted.
    pub rules: Vec<super::RuleFigures>,
    /// How many addresses.
    pub addresses: usize,
}

impl Switch {
    /// A switch whose streams run on some of these lcores.
    ///
    /// # Errors
    /// What cannot be so in `config`.
    pub fn new(lcores: Vec<LcoreId>, config: SwitchConfig) -> Result<Self, PolicyError> {
        config.check()?;
        let now = Instant::now();
        let all = FlowSpec {
            priority: 0,
            cookie: 0,
            idle_timeout: 0,
            hard_timeout: 0,
            matching: Match::default(),
            actions: vec![Action::Normal],
        };
        let normal = Rule::new(all, lcores.len(), now);
        let rules = Rules::from([((Reverse(0), Match::default()), normal)]);
        let snapshot =
            Snapshot::new(rules.values(), &BTreeMap::new(), &config.ports, &config.mirrors);
        let shared = Shared { macs: MacTable::new(config.mac_limit), clock: AtomicU32::new(0) };
        let state = State {
            config,
            rules,
            groups: BTreeMap::new(),
            snapshot: Arc::new(snapshot),
            retired: Vec::new(),
            stations: Vec::new(),
            moves: macs::Moves::new(now),
        };
        Ok(Self { lcores, made: now, shared: Arc::new(shared), state: Mutex::new(state) })
    }

    /// The job of a stream of a switching plan.
    ///
    /// # Errors
    /// [`ModeError::NotOfSwitch`] if the stream's lcore was not given to [`Switch::new`].
    pub fn job(&self, at: StreamAt<'_>, ground: &Ground) -> Result<Job, ModeError> {
        let mut state = self.lock();
        let (ingress, queues) = match (at.plan.work.clone(), &at.plan.sink) {
            (Work::Switch { ingress, queues }, _) => (ingress, queues),
            // Sends what other workers put into the exits of a port with few queues.
            (Work::Pass, Sink::Tx(port, _)) => {
                let policy = state.config.ports.get(port);
                return Ok(Job::new(None, policy.and_then(|policy| policy.retry)));
            }
            _ => return Ok(Job::default()),
        };
        let slot = self.lcores.iter().position(|lcore| *lcore == at.lcore);
        let slot = slot.ok_or(ModeError::NotOfSwitch(at.lcore))?;
        let facts = ground.ports.iter().find(|port| port.id == ingress);
        // A port that does not run has no stream.
        let Some(pool) = facts.and_then(|facts| ground.pools.of(facts.socket)) else {
            return Ok(Job::default());
        };
        Ok(Job::of(Box::new(state.mode(ingress, queues, slot, pool.clone(), &self.shared))))
    }

    /// Ages addresses and rules: to be called about once a second. Tells what went.
    pub fn expire(&self, now: Instant) -> Expired {
        let tenths = now.saturating_duration_since(self.made).as_millis() / 100;
        let tenths = u32::try_from(tenths).unwrap_or(u32::MAX);
        self.shared.clock.store(tenths, Ordering::Relaxed);
        let mut state = self.lock();
        state.note_moves(now);
        let aging = u32::try_from(state.config.aging.as_millis() / 100).unwrap_or(u32::MAX);
        let addresses = self
            .shared
            .macs
            .remove(|found| !found.is_static && tenths.saturating_sub(found.seen) >= aging);
        state.rules.values_mut().for_each(|rule| rule.note_use(now));
        let over: Vec<_> = state
            .rules
            .iter()
            .filter(|(_, rule)| rule.is_over(now))
            .map(|(key, rule)| (*key, rule.figures(now)))
            .collect();
        if !over.is_empty() {
            over.iter().for_each(|(key, _)| drop(state.rules.remove(key)));
            state.publish();
        }
        state.free_retired();
        Expired { rules: over.into_iter().map(|(_, figures)| figures).collect(), addresses }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No method leaves the state half changed where it could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn mode(
        &mut self,
        ingress: PortId,
        queues: u16,
        slot: usize,
        pool: Mempool,
        shared: &Arc<Shared>,
    ) -> Switching {
        let station =
            Arc::new(Station { mailbox: Mailbox::new(), tally: Arc::new(Tally::new(&COUNTS)) });
        self.stations.retain(|station| station.strong_count() > 0);
        self.stations.push(Arc::downgrade(&station));
        let mut lane = Lane {
            ingress,
            queues,
            slot,
            shared: Arc::clone(shared),
            station,
            cache: Cache::default(),
            limits: Limits::default(),
            pool,
            of_port: NONE,
            received_copies: Targets::default(),
            copied: Targets::default(),
            found: Box::new([NONE; MAX_BURST]),
        };
        let snapshot = Arc::clone(&self.snapshot);
        lane.follow(&snapshot);
        Switching { snapshot, lane }
    }

    /// Works out what there is now, and hands it to all workers.
    fn publish(&mut self) {
        let Self { config, rules, groups, .. } = &*self;
        let snapshot = Snapshot::new(rules.values(), groups, &config.ports, &config.mirrors);
        let old = std::mem::replace(&mut self.snapshot, Arc::new(snapshot));
        self.retired.push(old);
        for station in self.stations.iter().filter_map(Weak::upgrade) {
            station.mailbox.put(&self.snapshot);
        }
        self.free_retired();
    }

    /// Frees snapshots that no worker has any more. Only control makes new owners, so one that is alone stays alone.
    fn free_retired(&mut self) {
        self.retired.retain(|snapshot| Arc::strong_count(snapshot) > 1);
    }
}
