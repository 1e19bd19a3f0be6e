//! A port that goes while the others run on: a worker without the port's queues, and all else as it was.

use super::worker::{SinkEnd, SourceEnd, Worker};
use crate::port::{PortId, Queues};
use std::mem::{replace, take};

impl Worker {
    /// Ends the streams that poll a port or make packets for it, and returns the port's queues; what others send there has
    /// nowhere to go from now on. All that was counted stays. Only while the worker does not run.
    pub(super) fn give_up(&mut self, port: PortId) -> Queues {
        let (mut rx, mut tx) = (Vec::new(), Vec::new());
        let (mut places, mut kept) = (Vec::new(), Vec::new());
        for queue in self.sinks.outlets.tx.drain(..) {
            let is_kept = queue.port() != port;
            places.push(is_kept.then_some(kept.len()));
            if is_kept { kept.push(queue) } else { tx.push(queue) }
        }
        self.sinks.outlets.tx = kept;
        self.sinks.exits.relocate(&places);
        for stream in &mut self.streams {
            let mut is_over = false;
            if let SinkEnd::Tx(at) = stream.sink {
                stream.sink = places[at].map_or(SinkEnd::Nothing, SinkEnd::Tx);
                is_over = places[at].is_none() && matches!(stream.source, SourceEnd::Nothing);
            }
            stream.source = match replace(&mut stream.source, SourceEnd::Nothing) {
                SourceEnd::Rx(queue) | SourceEnd::Resting(queue) if queue.port() == port => {
                    rx.push(queue);
                    is_over = true;
                    SourceEnd::Nothing
                }
                source => source,
            };
            if is_over {
                stream.let_go();
                self.retired.push(take(&mut stream.job));
            }
        }
        Queues { rx, tx }
    }
}
