//! Pages of one queue. What its driver does not say is answered in testpmd's words, which scripts know.

use crate::answer::Answer;
use crate::command::QueuePage;
use crate::failure::Failure;
use crate::render::descriptor::{DescriptorPage, DescriptorStatusPage, UsedPage};
use crate::render::queue_info::{RxQueuePage, TxQueuePage};
use crate::session::refused;
use dataplane::port::{
    Any, DescriptorError, Direction, Errno, Port, QueueId, RxDescriptor, TxDescriptor,
};

type Page = Result<Answer, Failure>;

/// A page of a queue.
pub(super) fn page(port: &Port<Any>, queue: QueueId, page: QueuePage) -> Page {
    match page {
        QueuePage::Info(direction) => info(port, queue, direction),
        QueuePage::DescriptorStatus(direction, desc) => status(port, queue, direction, desc),
        QueuePage::Descriptor(direction, desc) => descriptor(port, queue, direction, desc),
        QueuePage::Used => match port.rx_used(queue) {
            Ok(used) => Ok(Answer::page(UsedPage { used })),
            Err(_) => Err(refused(format!("Invalid queueid = {queue}"))),
        },
    }
}

fn info(port: &Port<Any>, queue: QueueId, direction: Direction) -> Page {
    let id = port.id();
    let unknown = |way: &str, errno: Errno| {
        refused(format!(
            "Failed to retrieve information for port: {id}, {way} queue: {queue}\nerror desc: {errno}({})",
            errno.raw()
        ))
    };
    match direction {
        Direction::Rx => {
            let info = port.rx_queue_info(queue).map_err(|errno| unknown("RX", errno))?;
            Ok(Answer::page(RxQueuePage { port: id, queue, info }))
        }
        Direction::Tx => {
            let info = port.tx_queue_info(queue).map_err(|errno| unknown("TX", errno))?;
            Ok(Answer::page(TxQueuePage { port: id, queue, info }))
        }
    }
}

fn status(port: &Port<Any>, queue: QueueId, direction: Direction, desc: u16) -> Page {
    let word = match direction {
        Direction::Rx => port.rx_descriptor(queue, desc).map(|status| match status {
            RxDescriptor::Available => "AVAILABLE",
            RxDescriptor::Done => "DONE",
            RxDescriptor::Unavailable => "UNAVAILABLE",
        }),
        Direction::Tx => port.tx_descriptor(queue, desc).map(|status| match status {
            TxDescriptor::Full => "FULL",
            TxDescriptor::Done => "DONE",
            TxDescriptor::Unavailable => "UNAVAILABLE",
        }),
    };
    match word {
        Ok(status) => Ok(Answer::page(DescriptorStatusPage { status })),
        Err(_) => Err(refused(format!("Invalid input: queue id = {queue}, desc id = {desc}"))),
    }
}

/// The words of a descriptor: of 16 bytes, as most devices have them, or of 32 where i40e receives.
fn descriptor(port: &Port<Any>, queue: QueueId, direction: Direction, desc: u16) -> Page {
    let info = port.info().map_err(Failure::running)?;
    let (way, nb, queues, ring) = match direction {
        Direction::Rx => ("RX", "nb_rxq", info.rx_queues, "rx_ring"),
        Direction::Tx => ("TX", "nb_txq", info.tx_queues, "tx_ring"),
    };
    if queue.0 >= queues {
        return Err(refused(format!("Invalid {way} queue {queue} (must be < {nb}={queues})")));
    }
    let descriptors = ring_size(port, queue, direction);
    if desc >= descriptors {
        return Err(refused(format!(
            "Invalid {way} descriptor {desc} (must be < ring_size={descriptors})"
        )));
    }
    let size = match direction {
        Direction::Rx if info.driver.contains("i40e") => 32,
        Direction::Rx | Direction::Tx => 16,
    };
    let bytes = port.descriptor(direction, queue, desc, size).map_err(|error| match error {
        DescriptorError::NoRing(zone) => refused(format!(
            "{ring} ring memory zoneof (port {}, queue {queue}) not found (zone name = {zone}",
            port.id()
        )),
        DescriptorError::Beyond => {
            refused(format!("Invalid {way} descriptor {desc}: the ring ends before it"))
        }
    })?;
    Ok(Answer::page(DescriptorPage { direction, bytes }))
}

/// Descriptors of a queue: the driver's own count, or what was asked of it.
fn ring_size(port: &Port<Any>, queue: QueueId, direction: Direction) -> u16 {
    let asked = |of: fn(&dataplane::port::PortConfig) -> u16| port.config().map_or(0, of);
    match direction {
        Direction::Rx => port
            .rx_queue_info(queue)
            .map_or_else(|_| asked(|config| config.rx_desc), |info| info.descriptors),
        Direction::Tx => port
            .tx_queue_info(queue)
            .map_or_else(|_| asked(|config| config.tx_desc), |info| info.descriptors),
    }
}
