//! What workers switch by: rules, groups and ports at one moment, worked out. It never changes; control makes a new one.

use super::classifier::Classifier;
use super::control::rule::{Cells, Rule};
use super::extract::Reach;
use super::policy::{Mirror, PortPolicy, VlanPolicy};
use super::rules::{Action, Group, GroupKind};
use crate::port::PortId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rules, groups and ports at one moment.
pub(super) struct Snapshot {
    pub(super) classifier: Classifier,
    pub(super) reach: Reach,
    pub(super) rules: Box<[Compiled]>,
    pub(super) groups: Box<[CompiledGroup]>,
    /// Ports that get the copies of mirrors.
    pub(super) targets: Box<[PortId]>,
    ports: Box<[PortView]>,
    /// A port beyond those: as nobody asked anything of it.
    other: PortView,
}

/// A rule: what it does, and where it is counted.
pub(super) struct Compiled {
    pub(super) program: Program,
    pub(super) cells: Cells,
}

/// What a rule does.
pub(super) enum Program {
    /// Nothing.
    Drop,
    /// Only sends by one port, which is not mirrored.
    Output(PortId),
    /// Only switches as a bridge.
    Normal,
    /// Several things in order; the last one sends.
    Steps(Box<[Step]>),
}

/// One thing of several.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Change(Action),
    Output(PortId),
    InPort,
    Flood {
        all: bool,
    },
    Normal,
    /// By its place among the snapshot's.
    Group(usize),
}

/// A group, worked out.
pub(super) struct CompiledGroup {
    pub(super) kind: GroupKind,
    pub(super) buckets: Box<[CompiledBucket]>,
    /// The sum of all weights.
    pub(super) weights: u64,
}

/// A bucket, worked out.
pub(super) struct CompiledBucket {
    /// The sum of the weights up to this one's, itself counted.
    pub(super) up_to: u64,
    pub(super) steps: Box<[Step]>,
}

/// Ports that get the copies of mirrors: a bit for each, by its place in [`Snapshot::targets`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Targets(u32);

impl Targets {
    /// How many there can be.
    pub(super) const MOST: usize = 32;

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds those of `others`; the ones that were not there yet.
    pub(super) fn add(&mut self, others: Self) -> Self {
        let new = others.0 & !self.0;
        self.0 |= new;
        Self(new)
    }

    /// Those of `targets` that are meant.
    pub(super) fn of(self, targets: &[PortId]) -> impl Iterator<Item = PortId> {
        let meant = move |place: usize| self.0 >> place & 1 == 1;
        targets.iter().enumerate().filter(move |(place, _)| meant(*place)).map(|(_, port)| *port)
    }
}

/// A port's policy, as workers ask it.
pub(super) struct PortView {
    pub(super) policy: PortPolicy,
    /// The VLANs that it is in; all if `None`.
    vlans: Option<Box<[u64; 64]>>,
    /// Where copies of its packets go, as they come and as they leave.
    pub(super) copy_received: Targets,
    pub(super) copy_sent: Targets,
    /// Whether it is there for copies only.
    pub(super) for_copies: bool,
    /// Whether it is in all VLANs with their tags, and its packets are not copied: packets leave as they are.
    pub(super) plain: bool,
}

impl Snapshot {
    /// Works out what control has.
    pub(super) fn new<'a>(
        rules: impl Iterator<Item = &'a Rule> + Clone,
        groups: &BTreeMap<u32, Group>,
        ports: &BTreeMap<PortId, PortPolicy>,
        mirrors: &[Mirror],
    ) -> Self {
        let numbered = rules.clone().zip(0..).map(|(rule, number)| (number, &rule.spec));
        let classifier = Classifier::new(numbered);
        let targets = targets(mirrors);
        let mirrored = mirrors.iter().flat_map(|mirror| {
            mirror.received.iter().chain(&mirror.sent).chain(std::iter::once(&mirror.to))
        });
        let most = ports.keys().chain(mirrored).map(|port| usize::from(port.0) + 1).max();
        let view = |port| {
            PortView::new(port, ports.get(&port).cloned().unwrap_or_default(), mirrors, &targets)
        };
        let ports: Box<[PortView]> =
            (0..most.unwrap_or(0)).map(|port| view(PortId(port as u16))).collect();
        let place = |id: u32| groups.keys().position(|group| *group == id);
        let sent_copies: Vec<PortId> =
            mirrors.iter().flat_map(|mirror| mirror.sent.iter().copied()).collect();
        let compiled = |rule: &Rule| Compiled {
            program: program(&rule.spec.actions, &sent_copies, &place),
            cells: Arc::clone(&rule.cells),
        };
        Self {
            reach: Reach::of(&classifier.asked),
            rules: rules.map(compiled).collect(),
            groups: groups.values().map(|group| CompiledGroup::new(group, &place)).collect(),
            ports,
            other: PortView::new(PortId(u16::MAX), PortPolicy::default(), &[], &[]),
            targets,
            classifier,
        }
    }

    /// A port.
    #[inline]
    pub(super) fn port(&self, port: PortId) -> &PortView {
        self.ports.get(usize::from(port.0)).unwrap_or(&self.other)
    }
}

/// The ports that get copies, each once.
pub(super) fn targets(mirrors: &[Mirror]) -> Box<[PortId]> {
    mirrors.iter().map(|mirror| mirror.to).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What a list of actions comes to. `mirrored` are the ports whose packets are copied as they leave.
fn program(
    actions: &[Action],
    mirrored: &[PortId],
    place: &dyn Fn(u32) -> Option<usize>,
) -> Program {
    match *steps(actions, place) {
        [] => Program::Drop,
        [Step::Output(port)] if !mirrored.contains(&port) => Program::Output(port),
        [Step::Normal] => Program::Normal,
        ref steps => Program::Steps(steps.into()),
    }
}

/// Actions up to the last that sends: changes behind it nobody sees.
fn steps(actions: &[Action], place: &dyn Fn(u32) -> Option<usize>) -> Box<[Step]> {
    let sending = actions.iter().rposition(Action::sends).map_or(0, |last| last + 1);
    let step = |action: &Action| match *action {
        Action::Output(port) => Some(Step::Output(port)),
        Action::InPort => Some(Step::InPort),
        Action::Flood => Some(Step::Flood { all: false }),
        Action::All => Some(Step::Flood { all: true }),
        Action::Normal => Some(Step::Normal),
        // A rule's groups are there as long as it is.
        Action::Group(id) => place(id).map(Step::Group),
        change => Some(Step::Change(change)),
    };
    actions[..sending].iter().filter_map(step).collect()
}

impl CompiledGroup {
    fn new(group: &Group, place: &dyn Fn(u32) -> Option<usize>) -> Self {
        let mut weights = 0;
        let compiled = group.buckets.iter().map(|bucket| {
            weights += u64::from(bucket.weight);
            CompiledBucket { up_to: weights, steps: steps(&bucket.actions, place) }
        });
        let buckets = compiled.collect();
        Self { kind: group.kind, buckets, weights }
    }

    /// The bucket of a flow, by its hash.
    pub(super) fn select(&self, hash: u32) -> Option<&CompiledBucket> {
        // By the high bits: the low ones of a hash chose a queue or a worker before.
        let share = (u64::from(hash) * self.weights) >> 32;
        self.buckets.iter().find(|bucket| bucket.up_to > share)
    }
}

impl PortView {
    fn new(port: PortId, policy: PortPolicy, mirrors: &[Mirror], targets: &[PortId]) -> Self {
        let set = |numbers: &mut dyn Iterator<Item = u16>| {
            let mut bits = Box::new([0; 64]);
            numbers.for_each(|vlan| bits[usize::from(vlan >> 6) & 63] |= 1 << (vlan & 63));
            bits
        };
        let vlans = match &policy.vlan {
            VlanPolicy::Access(vlan) => Some(set(&mut std::iter::once(*vlan))),
            VlanPolicy::Trunk { vlans: None, native: None } => None,
            VlanPolicy::Trunk { vlans, native } => Some(set(&mut (0..4096).filter(|vlan| {
                let listed = vlans.as_ref().is_none_or(|vlans| vlans.contains(vlan));
                // Without a tag a packet would be taken for one of the native VLAN.
                native.map_or(listed, |native| native.vlan == *vlan || (listed && *vlan != 0))
            }))),
        };
        let copies = |of: fn(&Mirror) -> &BTreeSet<PortId>| {
            let meant = mirrors.iter().filter(|mirror| of(mirror).contains(&port));
            let place = |mirror: &Mirror| targets.iter().position(|target| *target == mirror.to);
            Targets(meant.filter_map(place).fold(0, |all, place| all | 1 << place))
        };
        let copy_sent = copies(|mirror| &mirror.sent);
        Self {
            plain: policy.vlan == VlanPolicy::default() && copy_sent.is_empty(),
            vlans,
            policy,
            copy_received: copies(|mirror| &mirror.received),
            copy_sent,
            for_copies: targets.contains(&port),
        }
    }

    /// The VLAN of a packet that came with this tag, 0 standing for none; `None` if the port is not in it.
    #[inline]
    pub(super) fn vlan_of(&self, tci: u16) -> Option<u16> {
        let tagged = tci & 0xfff;
        let vlan = match (&self.policy.vlan, tagged) {
            (VlanPolicy::Access(vlan), 0) => return Some(*vlan),
            (VlanPolicy::Access(_), _) => return None,
            (VlanPolicy::Trunk { native: Some(native), .. }, 0) => native.vlan,
            (VlanPolicy::Trunk { .. }, tagged) => tagged,
        };
        self.is_in(vlan).then_some(vlan)
    }

    /// Whether the port is in a VLAN.
    #[inline]
    pub(super) fn is_in(&self, vlan: u16) -> bool {
        self.vlans
            .as_ref()
            .is_none_or(|bits| bits[usize::from(vlan >> 6) & 63] >> (vlan & 63) & 1 == 1)
    }

    /// The number in the tag that a packet of a VLAN leaves with; 0 for none.
    #[inline]
    pub(super) fn tag_of(&self, vlan: u16) -> u16 {
        match &self.policy.vlan {
            VlanPolicy::Access(_) => 0,
            VlanPolicy::Trunk { native: Some(native), .. }
                if native.vlan == vlan && !native.tagged =>
            {
                0
            }
            VlanPolicy::Trunk { .. } => vlan,
        }
    }
}
