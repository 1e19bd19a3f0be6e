//! A port in its place: stopped or started, with what it is to be.

use super::RuntimeError;
use super::pools::Pools;
use crate::batch::{Batch, MAX_BURST};
use crate::eal::Poller;
use crate::forward::{PortFacts, QueueOf};
use crate::lcore::SocketId;
use crate::port::{
    Any, Direction, Granted, Port, PortConfig, PortError, PortId, Queues, RxQueue, Started,
    Stopped, TxQueue,
};

/// A port in its place.
pub struct Slot {
    /// What the next start makes of it.
    pub wanted: PortConfig,
    state: State,
    /// What it was configured to be, and what came of that.
    configured: Option<(PortConfig, Granted)>,
    /// The NUMA node of its pool, where it belongs to none.
    home: SocketId,
}

enum State {
    Stopped(Port<Stopped>),
    /// The queues are away while the engine has them, and those of a worker that died for ever.
    Started(Port<Started>, Option<Queues>),
}

/// A slot and what came of changing its state.
pub(super) type Changed<T> = (Slot, Result<T, PortError>);

impl Slot {
    pub(super) fn new(port: Port<Stopped>, wanted: PortConfig, home: SocketId) -> Self {
        Self { wanted, state: State::Stopped(port), configured: None, home }
    }

    /// The port, as far as its state does not matter.
    pub fn port(&self) -> &Port<Any> {
        match &self.state {
            State::Stopped(port) => port.as_any(),
            State::Started(port, _) => port.as_any(),
        }
    }

    /// Its number.
    pub fn id(&self) -> PortId {
        self.port().id()
    }

    /// Whether it runs.
    pub fn is_started(&self) -> bool {
        matches!(self.state, State::Started(..))
    }

    /// What it granted when it was configured last.
    pub fn granted(&self) -> Option<&Granted> {
        self.configured.as_ref().map(|(_, granted)| granted)
    }

    /// Whether the next start configures it, as it has not been yet or is to be something else now.
    pub fn needs_configuring(&self) -> bool {
        self.configured.as_ref().is_none_or(|(was, _)| *was != self.wanted)
    }

    /// The NUMA node of the pool that it receives into.
    pub fn pool_socket(&self) -> SocketId {
        self.wanted.pool_socket.or(self.port().socket()).unwrap_or(self.home)
    }

    /// Whether its device was told that all packets come from one pool.
    pub(super) fn frees_fast(&self) -> bool {
        self.granted().is_some_and(|granted| granted.tx_offloads & PortConfig::FAST_FREE != 0)
    }

    /// Whether the port was started with at least these queues.
    pub(super) fn has_queues(&self, rx: u16, tx: u16) -> bool {
        let config = self.port().config().filter(|_| self.is_started());
        config.is_some_and(|config| config.rx_queues >= rx && config.tx_queues >= tx)
    }

    /// A started port and one of its receive queues, while the engine does not have it.
    pub fn rx_queue(&mut self, queue: u16) -> Option<(&mut Port<Started>, &mut RxQueue)> {
        match &mut self.state {
            State::Started(port, Some(queues)) => {
                Some((port, queues.rx.get_mut(usize::from(queue))?))
            }
            State::Started(_, None) | State::Stopped(_) => None,
        }
    }

    /// A started port and one of its transmit queues, while the engine does not have it.
    pub fn tx_queue(&mut self, queue: u16) -> Option<(&mut Port<Started>, &mut TxQueue)> {
        match &mut self.state {
            State::Started(port, Some(queues)) => {
                Some((port, queues.tx.get_mut(usize::from(queue))?))
            }
            State::Started(_, None) | State::Stopped(_) => None,
        }
    }

    /// Frees what waits in the receive queues, if the port runs and the engine does not have them.
    pub(super) fn flush(&mut self) {
        /// More than any device's queue and the kernel's behind it hold; some devices have packets without end.
        const MOST: usize = 1 << 16;
        let State::Started(_, Some(queues)) = &mut self.state else { return };
        let _poller = Poller::begin();
        let mut batch = Batch::new();
        for queue in queues.rx.iter_mut().filter(|queue| queue.is_running()) {
            let mut freed = 0;
            while freed < MOST && queue.rx_burst(&mut batch, MAX_BURST as u16) > 0 {
                freed += batch.len();
                batch.clear();
            }
        }
    }

    /// The queues that the device does not serve; `None` while the engine has them.
    pub(super) fn stopped_queues(&self) -> Option<Vec<QueueOf>> {
        let (id, queues) = match &self.state {
            State::Started(port, queues) => (port.id(), queues.as_ref()?),
            State::Stopped(_) => return Some(Vec::new()),
        };
        let rx = queues.rx.iter().filter(|queue| !queue.is_running());
        let tx = queues.tx.iter().filter(|queue| !queue.is_running());
        let rx = rx.map(|queue| (id, Direction::Rx, queue.id()));
        Some(rx.chain(tx.map(|queue| (id, Direction::Tx, queue.id()))).collect())
    }

    /// Notes what the device was told while it ran: it is to be so at the next start too, and needs no configuring for it.
    pub fn note(&mut self, change: impl Fn(&mut PortConfig)) {
        change(&mut self.wanted);
        if let Some((configured, _)) = &mut self.configured {
            change(configured);
        }
    }

    /// The next start configures the port, whatever it is.
    pub(super) fn forget_configuration(&mut self) {
        self.configured = None;
    }

    /// Configures the port if it needs that, and starts it.
    pub(super) fn start(self, pools: &Pools) -> Changed<()> {
        let socket = self.pool_socket();
        let Self { wanted, state, mut configured, home } = self;
        let slot = |state, configured| Self { wanted: wanted.clone(), state, configured, home };
        let State::Stopped(mut port) = state else {
            let started = slot(state, configured);
            let error = PortError::NotStopped(started.id());
            return (started, Err(error));
        };
        if configured.as_ref().is_none_or(|(was, _)| *was != wanted) {
            match configure(&mut port, wanted.clone(), socket, pools) {
                Ok(granted) => configured = Some((wanted.clone(), granted)),
                Err(error) => return (slot(State::Stopped(port), None), Err(error)),
            }
        }
        match port.start() {
            Ok((port, queues)) => (slot(State::Started(port, Some(queues)), configured), Ok(())),
            Err(refused) => {
                (slot(State::Stopped(refused.given_back), configured), Err(refused.error))
            }
        }
    }

    /// Stops the port; returns how many packets waited in it.
    pub(super) fn stop(self) -> Changed<u64> {
        let Self { wanted, state, configured, home } = self;
        let slot = |state| Self { wanted, state, configured, home };
        match state {
            State::Started(port, Some(queues)) => match port.stop(queues) {
                Ok((port, drained)) => (slot(State::Stopped(port)), Ok(drained)),
                Err(refused) => {
                    let (port, queues) = refused.given_back;
                    (slot(State::Started(port, Some(queues))), Err(refused.error))
                }
            },
            State::Started(port, None) => {
                let error = PortError::QueuesMissing(port.id());
                (slot(State::Started(port, None)), Err(error))
            }
            State::Stopped(port) => (slot(State::Stopped(port)), Ok(0)),
        }
    }

    /// Puts the device back to what it was when it was made.
    pub(super) fn reset(&mut self) -> Result<(), RuntimeError> {
        let State::Stopped(port) = &mut self.state else {
            return Err(PortError::NotStopped(self.id()).into());
        };
        self.configured = None;
        port.reset().map_err(|error| RuntimeError::Reset { port: port.id(), error })
    }

    /// The port, if it is stopped.
    pub(super) fn into_stopped(self) -> Result<Port<Stopped>, Box<Self>> {
        match self.state {
            State::Stopped(port) => Ok(port),
            state @ State::Started(..) => Err(Box::new(Self { state, ..self })),
        }
    }

    /// Lends the queues, if the port runs.
    pub(super) fn lend_queues(&mut self) -> Option<Queues> {
        match &mut self.state {
            State::Started(_, queues) => queues.take(),
            State::Stopped(_) => None,
        }
    }

    /// Takes the queues back.
    pub(super) fn take_queues(&mut self, returned: Queues) {
        if let State::Started(_, queues) = &mut self.state {
            *queues = Some(returned);
        }
    }

    /// What modes may know of it.
    pub(super) fn facts(&self) -> Result<PortFacts, PortError> {
        Ok(PortFacts {
            id: self.id(),
            mac: self.port().mac()?,
            socket: self.pool_socket(),
            tx_offloads: self.granted().map_or(0, |granted| granted.tx_offloads),
            brings_long: self.brings_long(),
        })
    }

    /// Whether TCP packets longer than a segment may come by it that are to be cut.
    pub(super) fn brings_long(&self) -> bool {
        self.port().info().is_ok_and(|info| info.brings_long(self.wanted.rx_offloads))
    }
}

fn configure(
    port: &mut Port<Stopped>,
    mut config: PortConfig,
    socket: SocketId,
    pools: &Pools,
) -> Result<Granted, PortError> {
    let pool = pools.of(socket).ok_or(PortError::NoPool { port: port.id(), socket })?;
    if pools.are_one() {
        // Every packet comes from the one pool and has one owner, which is what lets a driver free without looking.
        config.tx_offloads |= port.info()?.tx_offloads & PortConfig::FAST_FREE;
    }
    port.configure(&config, pool)
}
