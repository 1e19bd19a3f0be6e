//! TCP packets longer than a segment, as guests send them that leave the cutting to others: they go on as they are where the port
//! takes them so, and are cut here where it does not.
//!
//! Segments are copies, of one buffer each: any device sends those, and their checksums are computed while the bytes are at hand.

use super::counters::StreamCounters;
use super::exits::ExitCounters;
use super::send::send;
use crate::batch::Batch;
use crate::forward::{DropReason, Retry};
use crate::mbuf::{HeaderLengths, Mbuf};
use crate::mempool::Mempool;
use crate::offload::{rx, tx};
use crate::port::{Taker, TxQueue};
use crate::wire::segmentation::Segmentation;

/// Makes bursts such as a transmit queue takes.
pub(crate) struct Segmenter {
    pool: Mempool,
    ready: Batch,
}

/// A burst on its way.
struct Passage<'a> {
    pool: &'a Mempool,
    ready: &'a mut Batch,
    queue: &'a mut TxQueue,
    way: Way<'a>,
}

/// How a stream sends, and where that is counted.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) retry: Option<Retry>,
    pub(super) counters: &'a StreamCounters,
    /// The exit that the burst is in, if it is in one.
    pub(super) exit: Option<&'a ExitCounters>,
}

impl Segmenter {
    /// One that makes segments of a pool's packets.
    pub(crate) fn new(pool: &Mempool) -> Self {
        Self { pool: pool.clone(), ready: Batch::new() }
    }

    /// Has all packets of a burst be such as the queue takes. More than a burst holds are sent ahead.
    ///
    /// Not inlined: most streams have none of these.
    #[inline(never)]
    pub(super) fn adapt(&mut self, queue: &mut TxQueue, batch: &mut Batch, way: Way<'_>) {
        if !batch.iter().any(is_long) {
            return;
        }
        let Self { pool, ready } = self;
        let mut passage = Passage { pool, ready, queue, way };
        batch.drain_each(|mbuf| passage.pass(mbuf));
        batch.append(ready);
    }
}

fn is_long(mbuf: &Mbuf) -> bool {
    mbuf.ol_flags() & rx::LRO != 0
}

impl Passage<'_> {
    fn pass(&mut self, mut mbuf: Mbuf) {
        if !is_long(&mbuf) {
            return self.push(mbuf);
        }
        match Segmentation::of(mbuf.data(), mbuf.pkt_len() as usize, mbuf.segment()) {
            None => self.drop_one(DropReason::Offload),
            Some(whole) => match self.queue.taker(whole.six) {
                Some(Taker::Device) => {
                    ask_for_segments(&mut mbuf, &whole);
                    self.push(mbuf);
                }
                Some(Taker::OtherEnd) => match self.seeded(mbuf, &whole) {
                    Ok(mbuf) => self.push(mbuf),
                    Err(reason) => self.drop_one(reason),
                },
                None => {
                    if let Err(reason) = self.cut(&mbuf, &whole) {
                        self.drop_one(reason);
                    }
                }
            },
        }
    }

    fn drop_one(&self, reason: DropReason) {
        self.way.counters.dropped(reason, 1);
    }

    /// The packet as the other end is to have it: with the sum of all of the pseudo header in place of TCP's checksum. Who sends
    /// it on and cuts it takes the length off that.
    ///
    /// librte_vhost puts the sum without the length there, which is for devices, unless the headers are in several buffers
    /// (`rte_net.h`, `rte_net_intel_cksum_flags_prepare`). So TCP's header gets into another than those before it.
    fn seeded(&mut self, mut mbuf: Mbuf, whole: &Segmentation) -> Result<Mbuf, DropReason> {
        let front = mbuf.data().get(..whole.transport()).ok_or(DropReason::Truncated)?;
        let mut head = self.pool.make(front).ok_or(DropReason::NoBuffer)?;
        head.set_tx_offload_of(&mbuf);
        ask_for_segments(&mut head, whole);
        mbuf.trim_front(whole.transport() as u16).ok_or(DropReason::Shared)?;
        let ip = head.data().get(whole.network()..).unwrap_or_default();
        whole.seed(ip, mbuf.data_mut().ok_or(DropReason::Shared)?);
        head.chain(mbuf).map_err(|_| DropReason::Offload)?;
        Ok(head)
    }

    fn push(&mut self, mbuf: Mbuf) {
        self.make_room();
        // There is room now.
        let _ = self.ready.push(mbuf);
    }

    /// Sends what is ready, if that is as much as a burst holds.
    fn make_room(&mut self) {
        if self.ready.room() > 0 {
            return;
        }
        let Way { retry, counters, exit } = self.way;
        let sent = send(self.queue, self.ready, || retry, counters);
        counters.sent(sent);
        exit.inspect(|exit| exit.sent(sent));
        if !self.ready.is_empty() {
            let packets = self.ready.len();
            let why = self.queue.refuse(packets);
            counters.dropped(why.into(), packets);
            exit.inspect(|exit| exit.refused(why, packets));
            self.ready.clear();
        }
    }

    /// Adds a packet's segments.
    fn cut(&mut self, mbuf: &Mbuf, whole: &Segmentation) -> Result<(), DropReason> {
        let room = whole.longest();
        if room > usize::from(self.pool.data_room()) {
            return Err(DropReason::Offload);
        }
        // All headers are in the first buffer.
        let headers = mbuf.data().get(..whole.headers()).ok_or(DropReason::Truncated)?;
        let mut payload = mbuf.bytes_from(whole.headers());
        let mut number = 0;
        while number < whole.count() {
            self.make_room();
            let before = self.ready.len();
            let count = self.ready.room().min(whole.count() - number);
            let made = self.pool.make_bulk(self.ready, count, room, |buffer| {
                let length = headers.len() + whole.payload(number).len();
                let segment = &mut buffer[..length];
                let (start, rest) = segment.split_at_mut(headers.len());
                start.copy_from_slice(headers);
                payload.read(rest);
                whole.finish(number, segment);
                number += 1;
                length as u16
            });
            if !made {
                return Err(DropReason::NoBuffer);
            }
            if mbuf.ol_flags() & TAGS != 0 {
                for segment in &mut self.ready[before..] {
                    segment.set_tx_offload_of(mbuf);
                    segment.set_tx_offload(mbuf.ol_flags() & TAGS, HeaderLengths::default());
                }
            }
        }
        Ok(())
    }
}

/// What may be asked of the device beside the segments.
const TAGS: u64 = tx::VLAN | tx::QINQ;

/// Has the device, or the other end, cut a packet.
fn ask_for_segments(mbuf: &mut Mbuf, whole: &Segmentation) {
    let network = if whole.six { tx::IPV6 } else { tx::IPV4 | tx::IP_CHECKSUM };
    let tags = mbuf.ol_flags() & TAGS;
    let [l2, l3, l4] = whole.header_lengths();
    let lengths = HeaderLengths { l2, l3, l4, segment: mbuf.segment(), ..HeaderLengths::default() };
    mbuf.set_tx_offload(network | tx::TCP_SEGMENT | tags, lengths);
}
