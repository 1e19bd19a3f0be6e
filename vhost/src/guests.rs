//! Which guest each port has, as librte_vhost's thread tells.
//!
//! Two locks, so that neither thread waits for the other in a ring. [`LIFE`] is held while a guest is asked about, and taken by
//! librte_vhost's thread before it frees one: no lock of librte_vhost's is held then, so what is asked may take them.
//! [`GUESTS`] is taken by that thread with the locks of all of a guest's rings held, so nothing is asked of librte_vhost under it.

use crate::features::takes_long;
use crate::ffi::memory::{MappedRing, Mapping, WRAP};
use crate::ffi::{calls, events as ffi_events, faults};
use crate::{RingFormat, request};
use dataplane::port::{PortId, TakesLong, forget_bad_descriptors, note_takes_long};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

static LIFE: Mutex<()> = Mutex::new(());
static GUESTS: Mutex<Registry> =
    Mutex::new(Registry { guests: BTreeMap::new(), events: Vec::new() });

/// Events that are kept until somebody asks: more come from a guest that comes and goes all the time.
const KEPT: usize = 256;

struct Registry {
    guests: BTreeMap<PortId, Known>,
    events: Vec<GuestEvent>,
}

/// What is known of a guest without asking.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) vid: i32,
    pub(crate) features: u64,
    pub(crate) memory: Vec<Mapping>,
    /// The request that is being handled, or that was refused.
    request: Option<u32>,
    /// How many there were.
    pub(crate) requests: u64,
    /// The places of the next descriptors in each ring, while they are put away.
    places: Vec<(u16, [u16; 2])>,
    /// Rings in use whose memory is not there any more.
    unmapped: Vec<u16>,
}

/// What a guest has taken away from itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// All of its memory, as its last table of memory was refused.
    Memory,
    /// The memory that this ring lies in.
    Ring(u16),
}

/// What became of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestEvent {
    /// Another one is up at the same socket, and takes the port from it.
    Second(PortId),
    /// Its rings were set up so that they cannot be used.
    BadRing(PortId, u16),
    /// It is no longer there.
    Left(PortId, Departure),
}

/// Why a guest is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Its connection ended, or what it sent was no message.
    Closed,
    /// It stopped its rings, as drivers do when they end or start anew.
    Stopped,
    /// A request of this number was refused.
    Refused(u32),
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("its connection ended"),
            Self::Stopped => f.write_str("it stopped its rings"),
            Self::Refused(number) => match request::name(*number) {
                Some(name) => write!(f, "its request {name} was refused"),
                None => write!(f, "its request {number} was refused, as there is none such"),
            },
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => {
                f.write_str("its request SET_MEM_TABLE was refused, and it goes on without memory")
            }
            Self::Ring(number) => write!(f, "ring {number} is in memory that it has taken away"),
        }
    }
}

/// What counts of a message here; for other requests than those about a ring the latter means nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    pub(crate) request: u32,
    pub(crate) ring: u32,
}

/// Shows that a guest is not freed meanwhile.
pub(crate) struct Alive<'a> {
    _until: Option<MutexGuard<'a, ()>>,
}

impl Alive<'_> {
    /// On librte_vhost's thread, which is the one that frees guests.
    fn on_its_thread() -> Self {
        Self { _until: None }
    }
}

/// Shows that a guest's memory and rings stay where they are meanwhile.
pub(crate) struct Still<'a>(PhantomData<&'a ()>);

/// Hears from now on which guests come and go, and bears what they do to their memory.
pub(crate) fn listen() {
    faults::bear();
    ffi_events::listen();
}

/// Guests that came and went since this was last asked, in their order.
pub fn events() -> Vec<GuestEvent> {
    std::mem::take(&mut registry().events)
}

/// Looks at a port's guest while it lives; `None` if there is none.
pub(crate) fn while_alive<T>(
    port: PortId,
    look: impl FnOnce(&Known, &Alive<'_>) -> T,
) -> Option<T> {
    let alive = Alive { _until: Some(life()) };
    let known = registry().guests.get(&port).cloned()?;
    Some(look(&known, &alive))
}

/// Looks at a guest's memory and rings; `None` if it is not there, or changes them just now. Whoever looks may ask librte_vhost
/// for nothing that takes a ring's lock.
pub(crate) fn while_still<T>(
    port: PortId,
    look: impl FnOnce(&Known, &Still<'_>) -> T,
) -> Option<T> {
    let _alive = life();
    let registry = registry();
    let known = registry.guests.get(&port).filter(|known| known.request.is_none())?;
    Some(look(known, &Still(PhantomData)))
}

/// A port's link has changed.
pub(crate) fn link_changed(port: PortId, memory: impl FnOnce(i32, &Alive<'_>) -> Vec<Mapping>) {
    let alive = Alive::on_its_thread();
    let Some(vid) = calls::vid(port) else { return left(port) };
    let (features, _) = calls::features(vid, &alive);
    note_takes_long(port, takes_long(features));
    let known = Known {
        vid,
        features,
        memory: memory(vid, &alive),
        request: None,
        requests: 0,
        places: Vec::new(),
        unmapped: Vec::new(),
    };
    let bad_ring = known.mend_places(&alive);
    ffi_events::hear_messages(vid, &alive);
    let mut registry = registry();
    let before = registry.guests.insert(port, known);
    if before.is_some_and(|other| other.vid != vid) {
        registry.say(GuestEvent::Second(port));
    }
    if let Some(ring) = bad_ring {
        registry.say(GuestEvent::BadRing(port, ring));
    }
}

fn left(port: PortId) {
    // Until nobody looks at it.
    let _alive = life();
    let mut registry = registry();
    let Some(known) = registry.guests.remove(&port) else { return };
    note_takes_long(port, TakesLong::default());
    forget_bad_descriptors(port);
    let why = match known.request {
        None => Departure::Closed,
        Some(number) if request::STOPPING.contains(&number) => Departure::Stopped,
        Some(number) => Departure::Refused(number),
    };
    registry.say(GuestEvent::Left(port, why));
}

/// A guest's request is about to be handled; `false` refuses it.
pub(crate) fn before_message(vid: i32, message: Message) -> bool {
    let alive = Alive::on_its_thread();
    let mut registry = registry();
    // One that is not up, or no longer, has no ring that a worker uses.
    let Some(known) = registry.of(vid) else { return true };
    known.request = Some(message.request);
    known.requests += 1;
    match message.request {
        // librte_vhost takes any number of descriptors, and any place, for a ring that is in use, and goes on past its end.
        request::SET_VRING_NUM | request::SET_VRING_BASE => {
            !u16::try_from(message.ring).is_ok_and(|ring| known.uses(ring))
        }
        // It unmaps the memory, and leaves the rings in use where they were if the new memory is refused. So nothing is to be
        // found in them meanwhile.
        request::SET_MEM_TABLE => {
            known.put_away(&alive);
            true
        }
        _ => true,
    }
}

/// A guest's request was handled.
pub(crate) fn after_message(vid: i32, memory: impl FnOnce(&Alive<'_>) -> Vec<Mapping>) {
    let alive = Alive::on_its_thread();
    let mut registry = registry();
    if let Some(known) = registry.of(vid) {
        // After a table that was refused librte_vhost has no memory to tell of, until it takes another.
        if known.request.take() == Some(request::SET_MEM_TABLE) {
            known.memory = memory(&alive);
            known.take_out(&alive);
        }
        let unmapped = std::mem::take(&mut known.unmapped);
        known.unmapped = unmapped.into_iter().filter(|ring| !known.uses(*ring)).collect();
        known.features = calls::features(vid, &alive).0;
    }
}

impl Known {
    fn format(&self) -> RingFormat {
        RingFormat::of(self.features)
    }

    /// A ring that is mapped. On librte_vhost's thread, where nothing else changes it.
    fn ring<'a>(&self, number: u16, still: &'a Still<'_>) -> Option<MappedRing<'a>> {
        calls::ring(self.vid, number, self.format() == RingFormat::Packed, still)
    }

    fn uses(&self, ring: u16) -> bool {
        self.ring(ring, &Still(PhantomData)).is_some()
    }

    /// Puts the next descriptors of all rings where none is available in memory that holds zeros.
    fn put_away(&mut self, alive: &Alive<'_>) {
        let still = Still(PhantomData);
        let rings = 0..calls::ring_count(self.vid, alive);
        let places = rings.filter_map(|number| Some((number, self.ring(number, &still)?.places)));
        // What is put away already was there before another table that was refused.
        if self.places.is_empty() {
            self.places = places.collect();
        }
        for (ring, [_, used]) in &self.places {
            calls::set_places(self.vid, *ring, self.start(), *used, alive);
        }
    }

    /// Takes the rings out again that were put away; not all of their memory may be there still.
    fn take_out(&mut self, alive: &Alive<'_>) {
        for (number, [next, used]) in std::mem::take(&mut self.places) {
            calls::set_places(self.vid, number, next, used, alive);
            self.unmapped.push(number);
        }
    }

    /// The place of a ring's first descriptor, as the specification has it at the start.
    fn start(&self) -> u16 {
        match self.format() {
            RingFormat::Split => 0,
            RingFormat::Packed => WRAP,
        }
    }

    /// Sets the places of a packed ring to its start that are past its end, which librte_vhost takes as they are; the number
    /// of a ring where there was one.
    fn mend_places(&self, alive: &Alive<'_>) -> Option<u16> {
        if self.format() == RingFormat::Split {
            return None;
        }
        let still = Still(PhantomData);
        let is_past = |number: &u16| {
            let ring = self.ring(*number, &still);
            ring.is_some_and(|ring| ring.places.iter().any(|place| place & !WRAP >= ring.size))
        };
        let bad = (0..calls::ring_count(self.vid, alive)).filter(is_past).collect::<Vec<_>>();
        for ring in &bad {
            calls::set_places(self.vid, *ring, self.start(), self.start(), alive);
        }
        bad.first().copied()
    }

    /// What is no longer there of its memory, if it has not got it back since.
    pub(crate) fn lost(&self) -> Option<Lost> {
        match self.request {
            Some(request::SET_MEM_TABLE) => Some(Lost::Memory),
            _ => self.unmapped.first().copied().map(Lost::Ring),
        }
    }
}

impl Registry {
    fn of(&mut self, vid: i32) -> Option<&mut Known> {
        self.guests.values_mut().find(|known| known.vid == vid)
    }

    fn say(&mut self, event: GuestEvent) {
        if self.events.len() < KEPT {
            self.events.push(event);
        }
    }
}

fn life() -> MutexGuard<'static, ()> {
    LIFE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn registry() -> MutexGuard<'static, Registry> {
    GUESTS.lock().unwrap_or_else(PoisonError::into_inner)
}
