//! A generator: from a specification to the jobs of a plan's streams, and from their modes to a result.

mod error;
mod made;

pub use error::GeneratorError;

use super::arrival::ArrivalClocks;
use super::capture::{Capture, CaptureError};
use super::clock::{Reading, TscClock};
use super::measure::{Measure, MeasureParts};
use super::packet::Checksums;
use super::polling::PollClock;
use super::receiver::Receiver;
use super::responder::Responder;
use super::result::{Calibration, TrialResult};
use super::sender::{SenderParts, Stamp};
use super::spec::{StreamSpec, TrafficSpec};
use super::tally::{self, Basis};
use super::timeline::{Ticker, Timelines};
use crate::eal::Eal;
use crate::engine::plan::{Sink, Source, Work};
use crate::engine::{Engine, StreamAt};
use crate::forward::{Ground, Job, ModeError};
use crate::lcore::cycles;
use crate::mempool::Mempool;
use crate::port::PortId;
use crate::runtime::Slot;
use made::Made;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest wait for a packet, in milliseconds: what its histograms reach.
const LONGEST_WAIT_MS: u32 = 10_000;

/// What is to be sent, worked out; it makes the modes of each trial and reads their figures.
pub struct Generator {
    spec: TrafficSpec,
    clock: TscClock,
    signature: u16,
    streams: Vec<Made>,
    halt: Arc<AtomicBool>,
    timelines: Timelines,
    calibration: Option<Calibration>,
    captures: Vec<Capture>,
    arrivals: ArrivalClocks,
    begun: Reading,
    /// When the sending ended.
    ended: Option<Reading>,
    /// The ports that were taken away, and after how many seconds.
    lost: Vec<(PortId, f64)>,
}

impl Generator {
    /// Works out a specification. Its ports are the plan's.
    ///
    /// # Errors
    /// [`GeneratorError`] says what cannot be, on which stream, and what to change.
    pub fn new(spec: TrafficSpec, clock: TscClock) -> Result<Self, GeneratorError> {
        if spec.stream.is_empty() {
            return Err(GeneratorError::NoStream);
        }
        if spec.stream.len() > usize::from(u16::MAX) + 1 {
            return Err(GeneratorError::Streams(spec.stream.len()));
        }
        if spec.wait_ms > LONGEST_WAIT_MS {
            return Err(GeneratorError::Wait(spec.wait_ms));
        }
        let starts = spec.stream.iter().map(|stream| ("a start", stream.start));
        for (what, seconds) in starts.chain(spec.duration.map(|seconds| ("a duration", seconds))) {
            if !(seconds >= 0.0 && seconds.is_finite()) {
                return Err(GeneratorError::Seconds { what, seconds });
            }
        }
        let streams: Result<Vec<Made>, GeneratorError> = spec
            .stream
            .iter()
            .enumerate()
            .map(|(stream, spec)| Made::new(stream, spec, clock))
            .collect();
        // Any number will do that is another one next time.
        let signature = spec.signature.unwrap_or((cycles() >> 8) as u16);
        Ok(Self {
            streams: streams?,
            signature,
            spec,
            clock,
            halt: Arc::default(),
            timelines: Timelines::new(),
            calibration: None,
            captures: Vec::new(),
            arrivals: ArrivalClocks::default(),
            begun: Reading::take(),
            ended: None,
            lost: Vec::new(),
        })
    }

    /// What is sent.
    pub fn spec(&self) -> &TrafficSpec {
        &self.spec
    }

    /// Bytes behind the headroom that a pool's packets must have.
    pub fn room(&self) -> usize {
        self.streams.iter().map(|stream| stream.packets.room()).max().unwrap_or_default()
    }

    /// Bits a second on a line, preambles and gaps included, that all streams of a port together ask for at their fastest.
    pub fn asked_bps(&self, port: PortId) -> f64 {
        let streams = self.spec.stream.iter().zip(&self.streams);
        let ours = streams.filter(|(spec, _)| PortId(spec.port) == port);
        ours.map(|(spec, made)| spec.rate.fastest_bps(made.packets.volume())).sum()
    }

    /// Has results corrected by what the generator itself adds.
    pub fn calibrate(&mut self, calibration: Calibration) {
        self.calibration = Some(calibration);
    }

    /// Begins the files of the specification's captures, for the next trial. The pool must have
    /// [`WAITING`](super::capture::WAITING) packets to spare for each.
    ///
    /// # Errors
    /// [`CaptureError`] if a file or the ring to the control thread cannot be made.
    pub fn begin_captures(&mut self, eal: &Eal) -> Result<(), CaptureError> {
        let captures = self.spec.capture.iter();
        self.captures = captures
            .map(|capture| Capture::new(eal, PortId(capture.port), &capture.file, self.clock))
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Looks for the clocks of the devices that receive, which are to say when packets came. Where there is one, that takes a tenth
    /// of a second.
    pub fn read_clocks<'a>(&mut self, eal: &Eal, ports: impl Iterator<Item = &'a Slot>) {
        let ours =
            |slot: &&Slot| self.spec.stream.iter().any(|spec| expected_on(spec) == slot.id());
        self.arrivals = ArrivalClocks::open(eal, ports.filter(ours), self.clock);
    }

    /// Begins a new trial: the jobs made from now on send from the beginning, and nothing is recorded yet.
    pub fn rewind(&mut self) {
        self.halt.store(false, Ordering::Relaxed);
        self.timelines = Timelines::new();
        self.arrivals.rewind();
        self.begun = Reading::take();
        self.ended = None;
        self.lost.clear();
    }

    /// Notes that a port was taken away in the middle of the trial: the streams that it sends have come to their end.
    pub fn lose(&mut self, port: PortId) {
        self.lost.push((port, Reading::take().seconds_since(&self.begun)));
    }

    /// Ends the sending; what is on its way is still measured.
    pub fn halt(&mut self) {
        self.halt.store(true, Ordering::Relaxed);
        self.ended.get_or_insert_with(Reading::take);
    }

    /// The job of one of the plan's streams that send or measure; that of others passes packets on.
    ///
    /// # Errors
    /// [`ModeError::Generator`] if the pool's packets are too small.
    pub fn job(&self, at: StreamAt<'_>, ground: &Ground) -> Result<Job, ModeError> {
        match (&at.plan.work, &at.plan.source, &at.plan.sink) {
            (Work::Generate { stream }, _, Sink::Tx(port, _)) => {
                let egress = ground.ports.iter().find(|facts| facts.id == *port);
                let pool = egress.and_then(|facts| ground.pools.of(facts.socket));
                let checksums =
                    egress.map_or(Checksums::Software, |facts| Checksums::on(facts.tx_offloads));
                match pool {
                    Some(pool) => self.sender(*stream, checksums, pool, ground.burst),
                    None => Ok(Job::default()),
                }
            }
            (Work::Measure, Source::Rx(port, _), sink) => {
                let answers = *sink != Sink::Nothing;
                let responder = answers.then(|| self.responder(*port, ground));
                Ok(Job::of(Box::new(self.measure(*port, responder))))
            }
            _ => Ok(Job::default()),
        }
    }

    fn sender(
        &self,
        stream: u16,
        checksums: Checksums,
        pool: &Mempool,
        burst: u16,
    ) -> Result<Job, ModeError> {
        let place = usize::from(stream);
        let Some((spec, made)) = self.spec.stream.get(place).zip(self.streams.get(place)) else {
            return Ok(Job::default());
        };
        let (room, has) = (made.packets.room(), pool.data_room());
        if room > usize::from(has) {
            return Err(Box::new(GeneratorError::FrameTooLong { stream, room, has }).into());
        }
        let packets = made.packets_of(place, spec, checksums).map_err(Box::new)?;
        let parts = SenderParts {
            stream,
            signature: self.signature,
            packets,
            pacer: made.pacer.clone(),
            count: made.count,
            start: self.clock.cycles((spec.start * 1e9) as u64),
            latest: made.pacer.is_timed().then(|| self.wait()),
            polls: self.polls(),
            ticker: Ticker::new(self.clock.hz),
            lines: self.timelines.sender(),
            halt: Arc::clone(&self.halt),
        };
        Ok(Job::of(Box::new(Stamp::new(parts, pool.clone(), burst))))
    }

    /// The receiver of the streams that are expected on a port.
    fn measure(&self, port: PortId, responder: Option<Responder>) -> Measure {
        let arrivals = self.arrivals.reader(port);
        let mut places = Vec::new();
        let receivers = self.spec.stream.iter().zip(&self.streams).map(|(spec, made)| {
            let place = made.packets.probe_at()?;
            if expected_on(spec) != port {
                return None;
            }
            if !places.contains(&place) {
                places.push(place);
            }
            Some(Receiver::new(self.wait(), made.pacer.is_timed(), arrivals.is_some()))
        });
        let receivers = receivers.collect();
        Measure::new(MeasureParts {
            port,
            signature: self.signature,
            places,
            receivers,
            arrivals,
            polls: self.polls(),
            ticker: Ticker::new(self.clock.hz),
            lines: self.timelines.sender(),
            responder,
            capture: self.captures.iter().find(|capture| capture.port() == port).map(Capture::tap),
        })
    }

    /// Who answers for the hosts on a port. A host without an address of its own has the port's.
    fn responder(&self, port: PortId, ground: &Ground) -> Responder {
        let own = ground.ports.iter().find(|facts| facts.id == port).map(|facts| facts.mac);
        let hosts = self.spec.host.iter().filter(|host| PortId(host.port) == port);
        Responder::new(hosts.filter_map(|host| Some((host.ip, host.mac.or(own)?))).collect())
    }

    /// How long a packet is waited for, in cycles.
    fn wait(&self) -> u64 {
        self.clock.cycles(u64::from(self.spec.wait_ms) * 1_000_000)
    }

    fn polls(&self) -> PollClock {
        PollClock::new(self.clock.cycles(self.spec.stall_ns))
    }

    /// Takes in what workers say about each second, and the packets captured, and reads the devices' clocks; called several
    /// times a second.
    pub fn gather(&mut self) {
        self.arrivals.follow();
        self.timelines.gather();
        self.captures.iter_mut().for_each(Capture::gather);
    }

    /// Whether every stream has sent what it was to send: its count, or the last of its phases. One that has lost its port sends
    /// no more.
    pub(super) fn has_sent(&self, engine: &Engine, seconds: f64) -> bool {
        let streams = self.spec.stream.iter().zip(&self.streams);
        (0..).zip(streams).all(|(stream, (spec, made))| {
            let is_lost = self.lost.iter().any(|(port, _)| *port == PortId(spec.port));
            let ends = made.pacer.seconds(self.clock.hz).map(|phases| spec.start + phases);
            is_lost
                || tally::sent(engine, stream) >= made.count
                || ends.is_some_and(|end| seconds > end)
        })
    }

    /// What a trial came to; the engine is stopped.
    pub fn result(&mut self, engine: &Engine, interrupted: bool) -> TrialResult {
        self.gather();
        let counts: Vec<u64> = self.streams.iter().map(|stream| stream.count).collect();
        let captured = std::mem::take(&mut self.captures).into_iter().map(|capture| {
            let mut missed = 0;
            engine.visit(|_, measure: &Measure| {
                if measure.port() == capture.port() {
                    missed += measure.missed();
                }
            });
            capture.finish(missed)
        });
        let captured = captured.collect();
        let result = tally::result(
            engine,
            &mut self.timelines,
            &Basis {
                spec: &self.spec,
                clock: self.clock,
                begun: self.begun,
                ended: self.ended.unwrap_or_else(Reading::take),
                interrupted,
                counts: &counts,
                lost: &self.lost,
                calibration: self.calibration.as_ref(),
                arrivals: &self.arrivals,
            },
        );
        TrialResult { captured, ..result }
    }
}

/// Where a stream's packets are expected.
pub(super) fn expected_on(spec: &StreamSpec) -> PortId {
    PortId(spec.expect.unwrap_or(spec.port))
}
