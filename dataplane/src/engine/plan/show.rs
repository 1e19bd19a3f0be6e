//! A plan as people read it, in the layout of testpmd's `show config fwd`.

use super::{Plan, Sink, Source, Way};
use crate::forward::Retry;
use crate::lcore::{LcoreId, SocketId};
use crate::port::{PortId, QueueId};
use std::fmt;

/// What a plan does not know and `show config fwd` says.
pub struct Surroundings<'a> {
    /// The forwarding mode's name.
    pub mode: &'a str,
    /// How a full transmit queue is tried again, if it is.
    pub retry: Option<Retry>,
    /// The NUMA node of an lcore.
    pub socket: &'a dyn Fn(LcoreId) -> SocketId,
    /// The Ethernet address of the station behind a port (`--eth-peer`).
    pub peer: &'a dyn Fn(PortId) -> String,
}

impl Plan {
    /// The plan as testpmd's `show config fwd` prints it, with the streams of a pipeline in the same manner.
    pub fn describe<'a>(&'a self, surroundings: &'a Surroundings<'a>) -> impl fmt::Display + 'a {
        Described { plan: self, surroundings }
    }

    /// The lines of each lcore, without a line end after the last.
    fn write_workers(
        &self,
        f: &mut fmt::Formatter<'_>,
        surroundings: Option<&Surroundings<'_>>,
    ) -> fmt::Result {
        for (place, worker) in self.workers.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            write!(f, "Logical Core {}", worker.lcore)?;
            if let Some(known) = surroundings {
                write!(f, " (socket {})", (known.socket)(worker.lcore))?;
            }
            write!(f, " forwards packets on {} streams:", worker.streams.len())?;
            for stream in &worker.streams {
                f.write_str("\n  ")?;
                self.write_source(f, &stream.source)?;
                f.write_str(" -> ")?;
                self.write_sink(f, &stream.sink)?;
                if let (Some(known), Sink::Tx(port, _)) = (surroundings, &stream.sink) {
                    write!(f, " peer={}", (known.peer)(*port))?;
                }
            }
        }
        Ok(())
    }

    fn write_source(&self, f: &mut fmt::Formatter<'_>, source: &Source) -> fmt::Result {
        match source {
            Source::Rx(port, queue) => self.write_queue(f, "RX", *port, *queue),
            Source::Ring(ring) => write!(f, "RING {}", self.ring_name(*ring)),
            Source::Nothing => f.write_str("GENERATE"),
        }
    }

    fn write_sink(&self, f: &mut fmt::Formatter<'_>, sink: &Sink) -> fmt::Result {
        match sink {
            Sink::Tx(port, queue) => self.write_queue(f, "TX", *port, *queue),
            Sink::Ring(ring) => write!(f, "RING {}", self.ring_name(*ring)),
            Sink::FanOut(rings) => {
                f.write_str("RINGS BY FLOW")?;
                rings.iter().try_for_each(|ring| write!(f, " {}", self.ring_name(*ring)))
            }
            Sink::Exits(exits) => {
                f.write_str("EXITS")?;
                exits.iter().try_for_each(|exit| match exit.way {
                    Way::Tx(queue) => write!(f, " P={}/Q={queue}", exit.port),
                    Way::Ring(ring) => write!(f, " {}", self.ring_name(ring)),
                })
            }
            Sink::Nothing => f.write_str("MEASURE"),
        }
    }

    fn write_queue(
        &self,
        f: &mut fmt::Formatter<'_>,
        direction: &str,
        port: PortId,
        queue: QueueId,
    ) -> fmt::Result {
        let socket = self.port(port).map_or(SocketId::ANY, |port| port.socket);
        write!(f, "{direction} P={port}/Q={queue} (socket {socket})")
    }

    fn ring_name(&self, ring: super::RingId) -> &str {
        self.rings.get(ring.0).map_or("?", |ring| &ring.name)
    }
}

/// The lines of each lcore, without what a plan does not know.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_workers(f, None)
    }
}

struct Described<'a> {
    plan: &'a Plan,
    surroundings: &'a Surroundings<'a>,
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { ports, workers, .. } = self.plan;
        let streams: usize = workers.iter().map(|worker| worker.streams.len()).sum();
        // Pools are per NUMA node and filled from DPDK's own memory, always: what testpmd calls these two.
        writeln!(
            f,
            "{} packet forwarding{} - ports={} - cores={} - streams={streams} - \
             NUMA support enabled, MP allocation mode: native",
            self.surroundings.mode,
            if self.surroundings.retry.is_some() { " with retry" } else { "" },
            ports.len(),
            workers.len(),
        )?;
        if let Some(Retry { delay, times }) = self.surroundings.retry {
            let delay = delay.as_micros();
            writeln!(f, "TX retry num: {times}, delay between TX retries: {delay}us")?;
        }
        self.plan.write_workers(f, Some(self.surroundings))
    }
}
