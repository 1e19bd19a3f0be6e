//! Rings.

use super::common::{on_main_lcore, pool};
use super::{number, numbered};
use dataplane::batch::Batch;
use dataplane::lcore::SocketId;
use dataplane::mbuf::Mbuf;
use dataplane::ring::{Consumer, Multi, Producer, RingError, Single, Users, ring};
use std::thread;

/// Sends `count` values through a ring in bursts of changing size and returns what came out, in order.
fn through<P: Users + Send + 'static, C: Users>(
    mut producer: Producer<u64, P>,
    consumer: &mut Consumer<u64, C>,
    values: Vec<u64>,
) -> Vec<u64> {
    let count = values.len();
    let sender = thread::spawn(move || {
        let mut rest = values;
        let mut burst = Vec::with_capacity(32);
        while !rest.is_empty() || !burst.is_empty() {
            let take = rest.len().min(1 + count % 32);
            burst.extend(rest.drain(..take.min(32 - burst.len())));
            producer.enqueue_burst(&mut burst);
            thread::yield_now();
        }
    });
    let mut seen = Vec::with_capacity(count);
    while seen.len() < count {
        consumer.dequeue_burst(&mut seen, 17);
        thread::yield_now();
    }
    sender.join().unwrap();
    seen
}

#[test]
fn a_ring_between_threads_loses_nothing_and_keeps_the_order() {
    on_main_lcore(|eal| {
        let (producer, mut consumer) =
            ring::<u64, Single, Single>(eal, "spsc", 64, SocketId::ANY).unwrap();
        let sent: Vec<u64> = (0..20_000).collect();
        assert_eq!(through(producer, &mut consumer, sent.clone()), sent);
        assert_eq!(consumer.dequeue(), None);
    });
}

#[test]
fn a_ring_with_many_producers_loses_nothing_and_doubles_nothing() {
    on_main_lcore(|eal| {
        let (producer, mut consumer) =
            ring::<u64, Multi, Multi>(eal, "mpmc", 64, SocketId::ANY).unwrap();
        let senders: Vec<_> = (0..4_u64)
            .map(|sender| {
                let mut producer = producer.clone();
                thread::spawn(move || {
                    for value in (0..2_000).map(|n| n * 4 + sender) {
                        while producer.enqueue(value).is_err() {
                            thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        let mut other = consumer.clone();
        let receiver = thread::spawn(move || {
            let mut seen = Vec::new();
            let mut empty = 0;
            while empty < 10_000 {
                match other.dequeue() {
                    Some(value) => {
                        seen.push(value);
                        empty = 0;
                    }
                    None => {
                        empty += 1;
                        thread::yield_now();
                    }
                }
            }
            seen
        });
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        let mut seen = receiver.join().unwrap();
        seen.extend(std::iter::from_fn(|| consumer.dequeue()));
        seen.sort_unstable();
        assert_eq!(seen, (0..8_000).collect::<Vec<_>>());
    });
}

#[test]
fn bulk_calls_move_all_or_nothing() {
    on_main_lcore(|eal| {
        let (mut producer, mut consumer) =
            ring::<u32, Single, Single>(eal, "bulk", 8, SocketId::ANY).unwrap();
        // One of eight slots stays free.
        let mut eight = (0..8).collect::<Vec<u32>>();
        assert!(!producer.enqueue_bulk(&mut eight));
        assert_eq!(eight.len(), 8);
        eight.pop();
        assert!(producer.enqueue_bulk(&mut eight));
        assert!(eight.is_empty());
        let mut out = Vec::with_capacity(8);
        assert!(!consumer.dequeue_bulk(&mut out, 8));
        assert!(out.is_empty());
        assert!(consumer.dequeue_bulk(&mut out, 7));
        assert_eq!(out, (0..7).collect::<Vec<_>>());
        // Without capacity nothing is taken, and nothing is lost.
        producer.enqueue(9).unwrap();
        assert!(!consumer.dequeue_bulk(&mut Vec::new(), 1));
        assert_eq!(consumer.dequeue(), Some(9));
    });
}

#[test]
fn a_ring_of_packets_frees_what_is_left_in_it() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "ringed", 255);
        let (mut producer, mut consumer) =
            ring::<Mbuf, Single, Single>(eal, "ringed", 64, SocketId::ANY).unwrap();
        let mut batch = Batch::new();
        (0..100).for_each(|n| batch.push(numbered(&pool, n)).unwrap());
        assert_eq!(producer.enqueue_batch(&mut batch), 63);
        assert_eq!(batch.iter().map(number).collect::<Vec<_>>(), (63..100).collect::<Vec<_>>());
        let mut out = Batch::new();
        assert_eq!(consumer.dequeue_batch(&mut out, 10), 10);
        assert_eq!(out.iter().map(number).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
        drop((batch, out));
        assert_eq!(pool.in_use(), 53);
        drop((producer, consumer));
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn a_ring_of_a_wrong_size_is_refused() {
    on_main_lcore(|eal| {
        let refused = ring::<u32, Single, Single>(eal, "odd", 100, SocketId::ANY).err();
        assert!(matches!(refused, Some(RingError::Size { size: 100, .. })));
    });
}
