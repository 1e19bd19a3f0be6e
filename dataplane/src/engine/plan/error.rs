//! What can be wrong with a request or a plan.

use super::RingId;
use crate::batch::MAX_BURST;
use crate::lcore::LcoreId;
use crate::port::{PortId, QueueId};
use std::fmt;

/// Why there is no plan, or why one is unsound.
///
/// The first group is what a user asked for and cannot have; the second is what a plan cannot be, whoever built it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The request names no port.
    #[error(
        "there is no port to forward on; give one with --port DEVICE (--port null: makes one of nothing), --vdev or -a PCI-ADDRESS"
    )]
    NoPorts,
    /// The request names no lcore.
    #[error(
        "there is no lcore to forward on, as the main lcore only takes commands; give one more, as in -l 0-1"
    )]
    NoLcores,
    /// `--nb-cores=0`.
    #[error("--nb-cores=0 leaves no lcore to forward on; use --nb-cores=1 or more")]
    ZeroCores,
    /// `--nb-cores` is larger than the number of lcores.
    #[error(
        "--nb-cores={asked} asks for {asked} forwarding lcores, but -l gives {available} besides the main lcore; \
         name {} lcores with -l, or use --nb-cores={available}", asked + 1
    )]
    TooFewLcores {
        /// What `--nb-cores` says.
        asked: usize,
        /// How many lcores may forward.
        available: usize,
    },
    /// `--nb-cores` contradicts the lcores named for a pipeline's stages.
    #[error(
        "--nb-cores={asked} contradicts the pipeline's stages, which name {named} lcores; leave --nb-cores out"
    )]
    CoresContradict {
        /// What `--nb-cores` says.
        asked: usize,
        /// How many lcores the stages name.
        named: usize,
    },
    /// A queue was given to an lcore that does not poll any.
    #[error(
        "queue {queue} of port {port} cannot be polled by lcore {lcore}, which does not forward; name one that does \
         (show config cores), and in a pipeline the receive lcores (fwd.pipeline)"
    )]
    PlacedElsewhere {
        /// The port.
        port: PortId,
        /// Its receive queue.
        queue: QueueId,
        /// The lcore.
        lcore: LcoreId,
    },
    /// A forwarding port has no queue in one direction.
    #[error("port {port} has no {direction} queue; give it one with --{}=1", direction.flag())]
    ZeroQueues {
        /// The port.
        port: PortId,
        /// Receive or transmit.
        direction: Direction,
    },
    /// An lcore is named in two stages, or twice in one.
    #[error("core used twice: lcore {lcore} is named for {first} and for {second}; name it once")]
    StagesShareLcore {
        /// The lcore.
        lcore: LcoreId,
        /// The stage that named it first.
        first: Stage,
        /// The stage that named it again.
        second: Stage,
    },
    /// A stage names an lcore that does not forward.
    #[error(
        "lcore {lcore} is named for {stage}, but is not a forwarding lcore; add it with -l, and not as the main lcore"
    )]
    UnknownLcore {
        /// The lcore.
        lcore: LcoreId,
        /// The stage that names it.
        stage: Stage,
    },
    /// A stage names no lcore.
    #[error("no lcore is named for {0}; name one, or leave out the stages to have them placed")]
    EmptyStage(Stage),
    /// A stage names more lcores than it has queues or rings to share out.
    #[error(
        "{named} lcores are named for {stage}, but there is something to do for {useful} only; \
         name {useful}, or give the ports more queues with --rxq and --txq"
    )]
    IdleLcores {
        /// The stage.
        stage: Stage,
        /// How many lcores it names.
        named: usize,
        /// How many of them would have a stream.
        useful: usize,
    },
    /// More lcores send to a port than it has transmit queues.
    #[error(
        "port {port} has {has} transmit queue(s), but {need} lcores send to it and each needs its own; \
         use --txq={need}, or fewer lcores"
    )]
    TooFewTxQueues {
        /// The port.
        port: PortId,
        /// How many transmit queues it has.
        has: u16,
        /// How many lcores send to it.
        need: usize,
    },

    /// The burst is zero or too large.
    #[error("a burst of {0} packets is not possible; use --burst=1 to --burst={MAX_BURST}")]
    BadBurst(u16),
    /// A ring's size is no power of two.
    #[error(
        "a ring of {0} slots is not possible: the number must be a power of two; use 1024, for example"
    )]
    RingNotPowerOfTwo(u32),
    /// A ring does not hold a burst.
    #[error(
        "a ring of {size} slots holds {} packets, less than a burst of {burst}; use a larger ring or a smaller --burst",
        size.saturating_sub(1)
    )]
    RingTooSmall {
        /// The ring's slots.
        size: u32,
        /// The plan's burst.
        burst: u16,
    },
    /// A port is listed twice.
    #[error("port {0} is listed twice; list it once")]
    PortTwice(PortId),
    /// An lcore is listed twice, or has two workers.
    #[error("core used twice: lcore {0} is listed twice; list it once")]
    LcoreTwice(LcoreId),
    /// A worker has no stream.
    #[error("lcore {0} has nothing to do; use fewer cores")]
    IdleWorker(LcoreId),
    /// A port forwards to a port outside the plan.
    #[error("port {port} forwards to port {peer}, which is not in the plan")]
    UnknownPeer {
        /// The port.
        port: PortId,
        /// Where its packets should leave.
        peer: PortId,
    },
    /// A stream names a port outside the plan.
    #[error("a stream of lcore {lcore} uses port {port}, which is not in the plan")]
    UnknownPort {
        /// The stream's lcore.
        lcore: LcoreId,
        /// The port.
        port: PortId,
    },
    /// A stream names a queue that its port does not have.
    #[error(
        "a stream of lcore {lcore} uses {direction} queue {queue} of port {port}, which has {has}"
    )]
    NoSuchQueue {
        /// The stream's lcore.
        lcore: LcoreId,
        /// Receive or transmit.
        direction: Direction,
        /// The port.
        port: PortId,
        /// The queue.
        queue: QueueId,
        /// How many queues the port has in this direction.
        has: u16,
    },
    /// A stream names a ring outside the plan.
    #[error("a stream of lcore {lcore} uses ring number {}, which is not in the plan", ring.0)]
    NoSuchRing {
        /// The stream's lcore.
        lcore: LcoreId,
        /// The ring.
        ring: RingId,
    },
    /// A source, a work and a sink that do not go together, such as a generator with a source.
    #[error(
        "stream {stream} of lcore {lcore} joins a source, a work and a sink that do not go together"
    )]
    MalformedStream {
        /// The stream's lcore.
        lcore: LcoreId,
        /// Which of its streams, counted from 0.
        stream: usize,
    },
    /// No stream polls a receive queue.
    #[error("nobody polls receive queue {queue} of port {port}, so what arrives there is lost")]
    RxQueueNotPolled {
        /// The port.
        port: PortId,
        /// The queue.
        queue: QueueId,
    },
    /// Two streams poll a receive queue.
    #[error("receive queue {queue} of port {port} is polled twice, by lcores {first} and {second}")]
    RxQueuePolledTwice {
        /// The port.
        port: PortId,
        /// The queue.
        queue: QueueId,
        /// The lcore of the one stream.
        first: LcoreId,
        /// The lcore of the other, which may be the same.
        second: LcoreId,
    },
    /// Two lcores send to a transmit queue.
    #[error("transmit queue {queue} of port {port} is used by two lcores, {first} and {second}")]
    TxQueueShared {
        /// The port.
        port: PortId,
        /// The queue.
        queue: QueueId,
        /// The one lcore.
        first: LcoreId,
        /// The other.
        second: LcoreId,
    },
    /// Two rings have one name.
    #[error("two rings are called {0}")]
    RingNameTwice(String),
    /// No stream reads a ring.
    #[error("nobody reads ring {0}")]
    RingWithoutReader(String),
    /// No stream writes a ring.
    #[error("nobody writes ring {0}")]
    RingWithoutWriter(String),
    /// Two streams read a ring.
    #[error("ring {0} is read by two streams")]
    RingReadTwice(String),
    /// Two lcores write a ring.
    #[error("ring {ring} is written by two lcores, {first} and {second}")]
    RingWrittenByTwo {
        /// The ring's name.
        ring: String,
        /// The one lcore.
        first: LcoreId,
        /// The other.
        second: LcoreId,
    },
    /// Rings lead back to themselves.
    #[error("the rings form a cycle, so packets would never leave")]
    RingCycle,
    /// The switching streams of an lcore have different exits.
    #[error("stream {stream} of lcore {lcore} has other exits than the streams before it")]
    OtherExits {
        /// The stream's lcore.
        lcore: LcoreId,
        /// Which of its streams, counted from 0.
        stream: usize,
    },
    /// A stream has two exits to one port.
    #[error("stream {stream} of lcore {lcore} has two exits to port {port}")]
    ExitTwice {
        /// The stream's lcore.
        lcore: LcoreId,
        /// Which of its streams, counted from 0.
        stream: usize,
        /// The port.
        port: PortId,
    },
    /// A stream works on packets of another port than it says, or on packets that were worked on before.
    #[error(
        "stream {stream} of lcore {lcore} cannot work on what reaches it, packets that entered port {entered}"
    )]
    WrongIngress {
        /// The stream's lcore.
        lcore: LcoreId,
        /// Which of its streams, counted from 0.
        stream: usize,
        /// The port where the packets entered.
        entered: PortId,
    },
    /// A stream sends packets to another port than the plan says.
    #[error(
        "stream {stream} of lcore {lcore} sends packets that entered port {entered} where the plan does not"
    )]
    WrongEgress {
        /// The stream's lcore.
        lcore: LcoreId,
        /// Which of its streams, counted from 0.
        stream: usize,
        /// The port where the packets entered.
        entered: PortId,
    },
}

/// Which way packets go through a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the wire.
    Receive,
    /// To the wire.
    Transmit,
}

impl Direction {
    /// The flag that sets how many queues a port has.
    fn flag(self) -> &'static str {
        match self {
            Self::Receive => "rxq",
            Self::Transmit => "txq",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receive => "receive",
            Self::Transmit => "transmit",
        })
    }
}

/// A stage of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Polls receive queues.
    Receive,
    /// Runs the forwarding mode.
    Work,
    /// Feeds transmit queues.
    Transmit,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receive => "the receive stage",
            Self::Work => "the work stage",
            Self::Transmit => "the transmit stage",
        })
    }
}
