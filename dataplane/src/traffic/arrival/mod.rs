//! When packets come by the clocks of the devices that receive them.
//!
//! A device that takes the time of each packet does so as it comes in, before it waits for a poll. Its clock is another one than
//! the timestamp counter, at another speed. The control thread reads both side by side all through a trial and lays a line
//! through what they say (`fit`); receiving modes turn ticks into cycles by the newest line (`published`).

mod fit;
mod published;

use super::clock::{Beside, TscClock};
use super::histogram::nanoseconds;
use super::invalid::Invalid;
use super::result::{ReceiveClock, Ticking};
use crate::eal::Eal;
use crate::mbuf::{Mbuf, RxTimestamp};
use crate::port::{DeviceClock, Errno, Port, PortId};
use crate::runtime::Slot;
use fit::{Fit, Follower, Tested};
use published::{Publisher, Reader};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a clock is read.
const EVERY: Duration = Duration::from_millis(100);
/// How often before a trial, and how long between.
const FIRST_MOMENTS: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(10);
/// What a clock that only runs cannot be off its line by, in nanoseconds.
const STEP_NS: u64 = 100_000;

/// The receive offloads to ask a port for that offers `offered`: timestamps, if they can be made sense of.
pub fn offloads<State>(port: &Port<State>, offered: u64) -> u64 {
    match (offered & RxTimestamp::OFFLOAD, port.clock()) {
        (_, Err(Errno::NOT_SUPPORTED)) => 0,
        // Another error may be over when the port has started.
        (timestamps, _) => timestamps,
    }
}

/// Why a port's packets have no times but the timestamp counter's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoArrivalClock {
    /// Most devices.
    #[error("the device takes no timestamps")]
    NotOffered,
    /// Its times have no meaning without.
    #[error("the device takes timestamps, but its clock cannot be read: {0}")]
    Unread(Errno),
    /// It was read several times, and did not go on.
    #[error("the device takes timestamps, but its clock stands still")]
    Still,
    /// Other libraries have it.
    #[error("the device takes timestamps, but packets have no room for them: {0}")]
    NoRoom(Errno),
}

/// A receive port's clock, as the control thread follows it.
pub(super) struct ArrivalClock {
    clock: DeviceClock,
    place: RxTimestamp,
    follower: Follower,
    publisher: Publisher,
    read: Instant,
}

/// What a receiving mode has of it.
pub(super) struct ArrivalReader {
    place: RxTimestamp,
    reader: Reader,
}

/// The same, for a burst.
#[derive(Clone, Copy)]
pub(super) struct Arrivals {
    place: RxTimestamp,
    fit: Fit,
}

impl ArrivalClock {
    /// The clock of a started port that was asked for [`offloads`], if its device has one. It is read for a tenth of a second.
    fn open(eal: &Eal, slot: &Slot, clock: TscClock) -> Result<Self, NoArrivalClock> {
        let offered =
            slot.port().info().is_ok_and(|info| info.rx_offloads & RxTimestamp::OFFLOAD != 0);
        if !offered {
            return Err(NoArrivalClock::NotOffered);
        }
        let device = slot.port().clock().map_err(NoArrivalClock::Unread)?;
        let mut opened = Self {
            clock: device,
            place: RxTimestamp::register(eal).map_err(NoArrivalClock::NoRoom)?,
            follower: Follower::new(clock.cycles(STEP_NS)),
            publisher: Publisher::default(),
            read: Instant::now(),
        };
        for _ in 0..FIRST_MOMENTS {
            opened.look();
            sleep(BETWEEN);
        }
        opened.follower.fit().map(|_| opened).ok_or(NoArrivalClock::Still)
    }

    /// Reads the clock, if it is time to.
    fn follow(&mut self) {
        if self.read.elapsed() >= EVERY {
            self.look();
        }
    }

    fn look(&mut self) {
        self.read = Instant::now();
        // A device that is taken away has no clock any more, and sends no more packets either.
        let Beside { read: Ok(ticks), tsc, within } = Beside::read(|| self.clock.ticks()) else {
            return;
        };
        if let Some(fit) = self.follower.follow(Beside { read: ticks, tsc, within }) {
            self.publisher.publish(fit);
        }
    }

    fn reader(&self) -> ArrivalReader {
        let fit = self.follower.fit().unwrap_or_default();
        ArrivalReader { place: self.place, reader: self.publisher.reader(fit) }
    }

    fn ticking(&self, clock: TscClock) -> Ticking {
        let Tested { moments, error, .. } = self.follower.tested();
        let fit = self.follower.fit().unwrap_or_default();
        Ticking::Hardware {
            hz: clock.hz.get() as f64 / fit.cycles_a_tick,
            error_ns: nanoseconds(error, clock.hz),
            readings: moments,
        }
    }
}

impl ArrivalReader {
    /// By the newest line.
    #[inline]
    pub(super) fn now(&mut self) -> Arrivals {
        Arrivals { place: self.place, fit: self.reader.fit() }
    }
}

impl Arrivals {
    /// The timestamp counter when the packet came, if its device said when that was.
    // Out of the way of ports without such a clock, which share the loop.
    #[inline(never)]
    pub(super) fn tsc(&self, packet: &Mbuf) -> Option<u64> {
        self.place.of(packet).map(|ticks| self.fit.tsc(ticks))
    }
}

/// The clocks of a trial's receive ports.
#[derive(Default)]
pub(super) struct ArrivalClocks(Vec<(PortId, Result<ArrivalClock, NoArrivalClock>)>);

impl ArrivalClocks {
    /// Those of these ports.
    pub(super) fn open<'a>(
        eal: &Eal,
        ports: impl Iterator<Item = &'a Slot>,
        clock: TscClock,
    ) -> Self {
        Self(ports.map(|slot| (slot.id(), ArrivalClock::open(eal, slot, clock))).collect())
    }

    /// Reads those for which it is time.
    pub(super) fn follow(&mut self) {
        self.all().for_each(ArrivalClock::follow);
    }

    /// Begins to test the lines anew, for a new trial.
    pub(super) fn rewind(&mut self) {
        self.all().for_each(|clock| clock.follower.forget());
    }

    fn all(&mut self) -> impl Iterator<Item = &mut ArrivalClock> {
        self.0.iter_mut().filter_map(|(_, clock)| clock.as_mut().ok())
    }

    /// What a receiving mode of a port needs; `None` if the port's packets have no times of their own.
    pub(super) fn reader(&self, port: PortId) -> Option<ArrivalReader> {
        let ours = self.0.iter().find(|(id, _)| *id == port);
        ours.and_then(|(_, clock)| clock.as_ref().ok()).map(ArrivalClock::reader)
    }

    /// What the clocks came to.
    pub(super) fn results(&self, clock: TscClock) -> Vec<ReceiveClock> {
        let result = |(port, arrival): &(PortId, Result<ArrivalClock, NoArrivalClock>)| {
            let ticking = match arrival {
                Ok(arrival) => arrival.ticking(clock),
                Err(why) => Ticking::Software { why: why.to_string() },
            };
            ReceiveClock { port: *port, ticking }
        };
        self.0.iter().map(result).collect()
    }

    /// Those that cannot be believed.
    pub(super) fn faults(&self) -> impl Iterator<Item = Invalid> {
        let stepped = |(port, clock): &(PortId, Result<ArrivalClock, NoArrivalClock>)| {
            let Tested { steps, .. } = clock.as_ref().ok()?.follower.tested();
            (steps > 0).then_some(Invalid::DeviceClock { port: *port, steps })
        };
        self.0.iter().filter_map(stepped)
    }
}
