//! `impair`: forwards packets as they are, but some it drops, sends twice, swaps with the next, damages or holds up.
//!
//! ```text
//! before  1 2 3 4 5 6 7 8
//! after   1 2   3 3 5 4 6* 7 … 8 later     dropped, doubled, swapped, damaged, delayed
//! ```
//!
//! Our own, as a device whose faults are known: the generator is checked against it. What is done is chosen for each packet
//! and each fault by itself, every Nth or a seeded share, and counted when it is done. A packet that is dropped is spared
//! the rest.

use super::draw::Draw;
use super::hold::Hold;
use super::{Context, Counts, DropReason, Feed, Made, Mode, ModeError, StreamContext, Tally};
use crate::batch::Batch;
use crate::lcore::cycles;
use crate::mbuf::Mbuf;
use crate::mempool::Mempool;
use crate::wire::ethernet::HEADER_LEN;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

/// How long a packet that is to be swapped waits for the next one; then it is sent as it is.
const SWAP_PATIENCE: Duration = Duration::from_millis(100);

/// What is asked of `impair`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImpairOptions {
    /// Packets not sent.
    pub drop: Pick,
    /// Packets sent twice.
    pub duplicate: Pick,
    /// Packets sent after the one that followed them.
    pub swap: Pick,
    /// Packets of which one byte is inverted.
    pub corrupt: Pick,
    /// Packets sent later.
    pub delay: Pick,
    /// How much later.
    pub delay_time: Duration,
    /// What shares and damaged bytes are drawn from.
    pub seed: u64,
}

impl Default for ImpairOptions {
    fn default() -> Self {
        Self {
            drop: Pick::None,
            duplicate: Pick::None,
            swap: Pick::None,
            corrupt: Pick::None,
            delay: Pick::None,
            delay_time: Duration::from_micros(100),
            seed: 1,
        }
    }
}

/// Which packets something is done to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pick {
    /// None.
    #[default]
    None,
    /// Every Nth of a stream.
    Every(NonZeroU64),
    /// A share of them, from 0 to 1, drawn packet by packet.
    Share(f64),
}

/// A [`Pick`] at work.
struct Picker {
    pick: Pick,
    /// Packets until the next of every Nth.
    left: u64,
    /// A number drawn below this one picks.
    below: u64,
}

impl Picker {
    fn new(pick: Pick) -> Self {
        let (left, below) = match pick {
            Pick::None => (0, 0),
            Pick::Every(nth) => (nth.get(), 0),
            // A share of 1 saturates: of 2^64 numbers one is not below.
            Pick::Share(share) => (0, (share * 2_f64.powi(64)) as u64),
        };
        Self { pick, left, below }
    }

    #[inline]
    fn picks(&mut self, draw: &mut Draw) -> bool {
        match self.pick {
            Pick::None => false,
            Pick::Every(nth) => {
                self.left -= 1;
                let picked = self.left == 0;
                if picked {
                    self.left = nth.get();
                }
                picked
            }
            Pick::Share(_) => draw.next() < self.below,
        }
    }
}

/// The mode's counts, in the order of [`NAMES`].
#[derive(Clone, Copy)]
enum Did {
    Dropped,
    Duplicated,
    Swapped,
    Corrupted,
    Delayed,
}

const NAMES: &[&str] = &["dropped", "duplicated", "swapped", "corrupted", "delayed"];

/// Does to packets what was asked for.
struct Impair {
    drop: Picker,
    duplicate: Picker,
    swap: Picker,
    corrupt: Picker,
    delay: Picker,
    delay_cycles: u64,
    patience_cycles: u64,
    draw: Draw,
    pool: Mempool,
    /// A packet that waits for the next one, and since when.
    swapping: Option<(Mbuf, u64)>,
    hold: Hold,
    /// Where packets are put in their new order.
    out: Batch,
    tally: Arc<Tally>,
}

/// A mode that does what the options say.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    let options = &stream.options.impair;
    let holds = options.delay != Pick::None;
    if holds && stream.spare == 0 {
        return Err(ModeError::NoSpare { mode: "impair", pool: stream.pool.size() });
    }
    Ok(Some(Box::new(Impair {
        drop: Picker::new(options.drop),
        duplicate: Picker::new(options.duplicate),
        swap: Picker::new(options.swap),
        corrupt: Picker::new(options.corrupt),
        delay: Picker::new(options.delay),
        delay_cycles: stream.cycles_in(options.delay_time),
        patience_cycles: stream.cycles_in(SWAP_PATIENCE),
        draw: Draw::new(options.seed, stream.number),
        pool: stream.pool.clone(),
        swapping: None,
        hold: Hold::new(if holds { stream.spare } else { 0 }),
        out: Batch::new(),
        tally: Arc::new(Tally::new(NAMES)),
    })))
}

impl Impair {
    fn did(&self, what: Did) {
        self.tally.add(what as usize, 1);
    }

    /// Takes a packet that came; what is to be sent now is put out.
    fn take(&mut self, mut mbuf: Mbuf, now: u64, context: &mut Context<'_>) {
        // All are asked for every packet, so that what one picks does not depend on the others.
        let draw = &mut self.draw;
        let drop = self.drop.picks(draw);
        let duplicate = self.duplicate.picks(draw);
        let swap = self.swap.picks(draw);
        let corrupt = self.corrupt.picks(draw);
        let delay = self.delay.picks(draw);
        if drop {
            self.did(Did::Dropped);
            context.dropped(DropReason::Impaired, 1);
            return;
        }
        if corrupt && self.damage(&mut mbuf) {
            self.did(Did::Corrupted);
        }
        if duplicate && let Some(copy) = self.pool.copy(&mbuf) {
            self.did(Did::Duplicated);
            self.send(copy, context);
        }
        if delay {
            match self.hold.push(mbuf, now.saturating_add(self.delay_cycles)) {
                Ok(()) => self.did(Did::Delayed),
                Err(_) => context.dropped(DropReason::HoldFull, 1),
            }
        } else if swap && self.swapping.is_none() {
            self.swapping = Some((mbuf, now));
        } else {
            self.send(mbuf, context);
            if let Some((earlier, _)) = self.swapping.take() {
                self.did(Did::Swapped);
                self.send(earlier, context);
            }
        }
    }

    /// Inverts a byte behind the Ethernet header, as with another address the packet would not arrive at all; `false`
    /// if there is none, or another packet shares it.
    fn damage(&mut self, mbuf: &mut Mbuf) -> bool {
        let Some(bytes) = mbuf.data_mut().and_then(|bytes| bytes.get_mut(HEADER_LEN..)) else {
            return false;
        };
        if bytes.is_empty() {
            return false;
        }
        let at = self.draw.below(bytes.len() as u64) as usize;
        bytes[at] = !bytes[at];
        true
    }

    /// Puts a packet out; where bursts are so large that doubles find no room, it is dropped.
    fn send(&mut self, mbuf: Mbuf, context: &mut Context<'_>) {
        if self.out.push(mbuf).is_err() {
            context.dropped(DropReason::HoldFull, 1);
        }
    }
}

impl Mode for Impair {
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        if batch.is_empty() && self.hold.is_empty() && self.swapping.is_none() {
            return;
        }
        let now = cycles();
        batch.drain_each(|mbuf| self.take(mbuf, now, context));
        if let Some((_, since)) = &self.swapping
            && now.saturating_sub(*since) > self.patience_cycles
            && let Some((mbuf, _)) = self.swapping.take()
        {
            self.send(mbuf, context);
        }
        self.hold.let_go(now, &mut self.out, |_| ());
        self.out.drain_each(|mbuf| {
            // A batch takes as many as the other had.
            let _ = batch.push(mbuf);
        });
    }

    fn feed(&self) -> Feed {
        Feed::Polls
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        Some(self.tally.clone())
    }

    fn release(&mut self) -> usize {
        self.hold.clear() + usize::from(self.swapping.take().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(pick: Pick, packets: usize) -> usize {
        let (mut picker, mut draw) = (Picker::new(pick), Draw::new(7, 0));
        (0..packets).filter(|_| picker.picks(&mut draw)).count()
    }

    #[test]
    fn every_nth_is_the_nth() {
        let mut picker = Picker::new(Pick::Every(NonZeroU64::new(3).unwrap()));
        let mut draw = Draw::new(0, 0);
        let picks: Vec<bool> = (0..7).map(|_| picker.picks(&mut draw)).collect();
        assert_eq!(picks, [false, false, true, false, false, true, false]);
    }

    #[test]
    fn a_share_is_about_that_many_and_the_same_again() {
        assert_eq!((picked(Pick::None, 1000), picked(Pick::Share(0.0), 1000)), (0, 0));
        assert_eq!(picked(Pick::Share(1.0), 1000), 1000);
        let tenth = picked(Pick::Share(0.1), 100_000);
        assert!((9_500..10_500).contains(&tenth), "{tenth}");
        assert_eq!(picked(Pick::Share(0.1), 100_000), tenth);
    }
}
