//! Trials on a generator's ports: what is to be sent becomes a plan, the plan runs, and comes to a result.

use super::{Rig, WIRE_SLOTS, no_worker};
use crate::failure::Failure;
use crate::r#gen::{calibrate, lines, named};
use crate::out::note;
use dataplane::engine::plan::{Plan, PortRequest, Request, Topology, Work};
use dataplane::engine::{StreamAt, StreamReport};
use dataplane::forward::{Ground, Job, ModeError, TallyFigure};
use dataplane::port::{PortId, QueueId};
use dataplane::runtime::Slot;
use dataplane::traffic::generator::Generator;
use dataplane::traffic::result::{Calibration, TrialResult};
use dataplane::traffic::spec::TrafficSpec;
use dataplane::traffic::trial::Trial;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

impl Rig {
    /// Starts a trial; `burst` is how many packets a burst has at most, if commands said so.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] for what cannot be sent.
    pub(in super::super) fn start(
        &mut self,
        traffic: &TrafficSpec,
        burst: Option<u16>,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        let ports: Vec<PortId> = self.ports().map(Slot::id).collect();
        named::in_traffic(traffic, &ports, &self.map)?;
        let mut generator = Generator::new(traffic.clone(), self.clock).map_err(Failure::input)?;
        // A link has a speed when it is up.
        lines::wait(self.ports(), traffic, stop);
        lines::judge(self.ports(), &generator)?;
        generator.begin_captures(&self.eal).map_err(Failure::input)?;
        let burst = burst.unwrap_or(self.burst);
        if let Some(calibration) = self.calibration(traffic, burst)? {
            generator.calibrate(calibration);
        }
        generator.read_clocks(&self.eal, self.ports());
        generator.rewind();
        let plan = self.plan(traffic, burst)?;
        let forwarder = self.forwarder.as_ref();
        let others = |at: StreamAt<'_>, ground: &Ground| -> Result<Job, ModeError> {
            forwarder.map_or(Ok(Job::default()), |inside| inside.forwarding.job(at, ground))
        };
        self.dataplane
            .lay_out(plan, &mut |at, ground| match at.plan.work {
                Work::Generate { .. } | Work::Measure => generator.job(at, ground),
                Work::Pass | Work::Forward { .. } | Work::Switch { .. } => others(at, ground),
            })
            .map_err(Failure::input)?;
        let trial = Trial::begin(&mut self.dataplane.engine).map_err(Failure::running)?;
        note("sending");
        self.running = Some((generator, trial));
        Ok(())
    }

    /// What the generator itself adds at the load of a trial's first stream that carries probes, if that is asked for.
    fn calibration(
        &self,
        traffic: &TrafficSpec,
        burst: u16,
    ) -> Result<Option<Calibration>, Failure> {
        let first = traffic.stream.iter().find(|stream| stream.replay.is_none());
        let Some(stream) = first.filter(|_| self.calibrates) else { return Ok(None) };
        let cores = self.map.of(PortId(stream.port));
        let lcore = cores.and_then(|it| it.transmit.get(usize::from(stream.queue)));
        let lcore = lcore.copied().ok_or_else(no_worker)?;
        calibrate::before_trial(&self.eal, lcore, stream, burst, self.clock).map(Some)
    }

    /// The plan of a trial: a sender a stream, a receiver a queue.
    pub(super) fn plan(&self, traffic: &TrafficSpec, burst: u16) -> Result<Plan, Failure> {
        let request = |slot: &Slot| PortRequest {
            id: slot.id(),
            rx_queues: slot.wanted.rx_queues,
            tx_queues: slot.wanted.tx_queues,
            socket: slot.pool_socket(),
        };
        let mut plan = match &self.forwarder {
            None => Plan::without_forwarding(burst),
            Some(inside) => {
                let port = self.dataplane.port(inside.port);
                let request = Request {
                    topology: Topology::Loop,
                    burst,
                    ring_size: WIRE_SLOTS.into(),
                    ..Request::new(port.map(request).into_iter().collect(), vec![inside.lcore])
                };
                request.plan().map_err(Failure::input)?
            }
        };
        self.ports().for_each(|slot| plan.add_traffic_port(&request(slot)));
        for (number, stream) in (0..).zip(&traffic.stream) {
            let port = PortId(stream.port);
            let cores = self.map.of(port);
            if let Some(lcore) = cores.and_then(|it| it.transmit.get(usize::from(stream.queue))) {
                plan.add_sender(*lcore, number, (port, QueueId(stream.queue)));
            }
        }
        let hosts: BTreeSet<PortId> = traffic.host.iter().map(|host| PortId(host.port)).collect();
        for (port, cores) in &self.map.0 {
            for (queue, lcore) in (0..).zip(&cores.receive) {
                let rx = (*port, QueueId(queue));
                if hosts.contains(port) {
                    plan.add_answering_receiver(*lcore, rx, QueueId(0), WIRE_SLOTS.into());
                } else {
                    plan.add_receiver(*lcore, rx);
                }
            }
        }
        plan.validate().map_err(Failure::input)?;
        Ok(plan)
    }

    /// Whether everything has been sent that was to be sent.
    pub(in super::super) fn has_sent_all(&self) -> bool {
        let over = |(generator, trial): &(Generator, Trial)| {
            trial.is_over(generator, &self.dataplane.engine)
        };
        self.running.as_ref().is_some_and(over)
    }

    /// Takes in what workers say; called more often than once a second.
    pub(in super::super) fn watch(&mut self) {
        if let Some((generator, _)) = &mut self.running {
            generator.gather();
        }
    }

    /// Ends the sending, waits for what is on its way, and returns what the trial came to; `None` if none runs.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if a worker died.
    pub(in super::super) fn finish(&mut self) -> Result<Option<TrialResult>, Failure> {
        let Some((mut generator, trial)) = self.running.take() else { return Ok(None) };
        let result = trial.end(&mut self.dataplane.engine, &mut generator);
        result.map(Some).map_err(Failure::running)
    }

    /// What the mode of the forwarder in this process counted in the last trial, if there is one and it counts.
    pub(in super::super) fn forwarder_counts(&self) -> Vec<TallyFigure> {
        let figures = self.dataplane.engine.figures();
        let forwards = |stream: &&StreamReport| matches!(stream.plan.work, Work::Forward { .. });
        figures.streams().find(forwards).map_or_else(Vec::new, |stream| stream.mode.clone())
    }
}
