//! Packets, batches and rings: nothing lost, nothing twice, and each Rust reader agrees with its C twin.
#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]
#![allow(unsafe_code, reason = "the C twins are called directly")]

mod common;

use common::{on_main_lcore, pool};
use dataplane::batch::{Batch, MAX_BURST};
use dataplane::lcore::SocketId;
use dataplane::mbuf::{HeaderLengths, Mbuf, RxTimestamp, VlanTags};
use dataplane::mempool::{Mempool, MempoolConfig, MempoolError};
use dataplane::offload;
use dataplane::port::{Errno, Port, PortConfig};
use dataplane::ring::{Consumer, Multi, Producer, RingError, Single, ring};
use pcap_file::pcap::{PcapPacket, PcapWriter};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::VecDeque;
use std::fs::File;
use std::thread;
use std::time::Duration;

/// A packet whose first bytes are its number.
fn numbered(pool: &Mempool, number: u64) -> Mbuf {
    let mut one = Batch::new();
    assert!(pool.alloc_bulk(&mut one, 1));
    let mut mbuf = one.pop().unwrap();
    mbuf.resize(60).unwrap()[..8].copy_from_slice(&number.to_le_bytes());
    mbuf
}

fn number(mbuf: &Mbuf) -> u64 {
    u64::from_le_bytes(mbuf.data()[..8].try_into().unwrap())
}

/// The C twin's view of a packet.
fn twin(mbuf: &Mbuf) -> dpdk_sys::pw_mbuf_fields {
    let mut fields = dpdk_sys::pw_mbuf_fields::default();
    // SAFETY: `Mbuf` is a transparent pointer to a live rte_mbuf; the call only reads.
    unsafe { dpdk_sys::pw_mbuf_fields_get(raw(mbuf), &mut fields) };
    fields
}

fn raw(mbuf: &Mbuf) -> *mut dpdk_sys::rte_mbuf {
    // SAFETY: `Mbuf` is a transparent NonNull<rte_mbuf>.
    unsafe { std::mem::transmute_copy(mbuf) }
}

#[test]
fn every_reader_agrees_with_its_c_twin() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "twins", 63);
        let mut runner = TestRunner::new(Config::with_cases(256));
        let fields = (any::<u64>(), any::<[u32; 2]>(), any::<u16>(), 0..1500_u16);
        runner
            .run(&fields, |(ol_flags, [pkt_len, rss], port, data_len)| {
                let mbuf = numbered(&pool, 0);
                let set = dpdk_sys::pw_mbuf_fields {
                    ol_flags: ol_flags & 0xffff,
                    pkt_len,
                    rss,
                    data_len,
                    port,
                    ..Default::default()
                };
                // SAFETY: the packet is alive and has one owner; the values are data that no call below follows.
                unsafe { dpdk_sys::pw_mbuf_fields_set(raw(&mbuf), &set) };
                let c = twin(&mbuf);
                prop_assert_eq!(mbuf.ol_flags(), set.ol_flags);
                prop_assert_eq!((mbuf.pkt_len(), mbuf.data_len()), (c.pkt_len, c.data_len));
                prop_assert_eq!((mbuf.port(), mbuf.headroom()), (c.port, c.headroom));
                prop_assert_eq!(
                    (mbuf.segments(), mbuf.refcnt(), mbuf.buf_len()),
                    (c.nb_segs, c.refcnt, c.buf_len)
                );
                prop_assert_eq!(mbuf.data().as_ptr().cast_mut().cast(), c.data);
                prop_assert_eq!(mbuf.data().len(), usize::from(data_len));
                let has_rss = set.ol_flags & dpdk_sys::PW_MBUF_F_RX_RSS_HASH != 0;
                prop_assert_eq!(mbuf.rss_hash(), has_rss.then_some(rss));
                prop_assert_eq!(mbuf.chunks().count(), 1);
                // SAFETY: as above; the packet goes back to its pool as DPDK expects it.
                unsafe { dpdk_sys::pw_mbuf_fields_set(raw(&mbuf), &Default::default()) };
                Ok(())
            })
            .unwrap();
        assert_eq!(pool.in_use(), 0);
    });
}

/// The one driver that says when packets came without a NIC: it reads them from a file, with the file's times.
#[test]
fn the_time_when_a_packet_came_is_where_c_looks_for_it() {
    on_main_lcore(|eal| {
        const MICROSECONDS: [u64; 3] = [1, 1_700_000_000_000_001, 2_147_483_647_999_999];
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("times.pcap");
        let mut writer = PcapWriter::new(File::create(&file).unwrap()).unwrap();
        for time in MICROSECONDS.map(Duration::from_micros) {
            writer.write_packet(&PcapPacket::new(time, 60, &[0; 60])).unwrap();
        }
        drop(writer);
        let pool = pool(eal, "times", 511);
        let device = format!("net_pcap_times,rx_pcap={}", file.display());
        let mut port = Port::probe(eal, &device).unwrap();
        port.configure(&PortConfig::default(), &pool).unwrap();
        let (port, mut queues) = port.start().map_err(|refused| refused.error).unwrap();
        let mut batch = Batch::new();
        assert_eq!(queues.rx[0].rx_burst(&mut batch, 32), MICROSECONDS.len());

        let place = RxTimestamp::register(eal).unwrap();
        // SAFETY: EAL runs.
        unsafe { dpdk_sys::pw_sight_open() };
        for (mbuf, microseconds) in batch.iter().zip(MICROSECONDS) {
            let mut sight = dpdk_sys::pw_sight::default();
            // SAFETY: the packet is alive; the call only reads it.
            unsafe { dpdk_sys::pw_sight_of(raw(mbuf), &mut sight) };
            assert_eq!((sight.has_timestamp, sight.timestamp), (1, microseconds));
            assert_eq!(place.of(mbuf), Some(microseconds));
        }
        batch.clear();
        assert_eq!(place.of(&numbered(&pool, 0)), None, "nobody said when this one came");
        assert_eq!(port.clock().err(), Some(Errno::NOT_SUPPORTED), "a file's clock cannot be read");
        drop(port.stop(queues));
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn vlan_tags_are_where_c_looks_for_them() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "tags", 63);
        let mut mbuf = numbered(&pool, 0);
        mbuf.insert_vlan(VlanTags { inner: 5, outer: None });
        let c = twin(&mbuf);
        assert_eq!((c.ol_flags, c.vlan_tci), (dpdk_sys::PW_MBUF_F_TX_VLAN, 5));
        mbuf.insert_vlan(VlanTags { inner: 6, outer: Some(7) });
        let c = twin(&mbuf);
        let both = dpdk_sys::PW_MBUF_F_TX_VLAN | dpdk_sys::PW_MBUF_F_TX_QINQ;
        assert_eq!((c.ol_flags, c.vlan_tci, c.vlan_tci_outer), (both, 6, 7));
    });
}

#[test]
fn offloads_are_where_c_looks_for_them() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "offloads", 63);
        let mut runner = TestRunner::new(Config::with_cases(256));
        runner
            .run(
                &(any::<u64>(), any::<u32>(), any::<[u16; 6]>()),
                |(flags, packet_type, [l2, l3, l4, segment, outer_l3, outer_l2])| {
                    let mut mbuf = numbered(&pool, 0);
                    let lengths = HeaderLengths { l2, l3, l4, segment, outer_l3, outer_l2 };
                    mbuf.set_tx_offload(flags, lengths);
                    mbuf.set_packet_type(packet_type);
                    let c = twin(&mbuf);
                    prop_assert_eq!(c.packet_type, packet_type);
                    // The widths are those of `rte_mbuf_core.h`: 7, 9, 8, 16, 9 and 7 bits.
                    prop_assert_eq!(
                        (c.l2_len, c.l3_len, c.l4_len),
                        (l2 & 0x7f, l3 & 0x1ff, l4 & 0xff)
                    );
                    prop_assert_eq!((c.tso_segsz, mbuf.segment()), (segment, segment));
                    prop_assert_eq!(
                        (c.outer_l3_len, c.outer_l2_len),
                        (outer_l3 & 0x1ff, outer_l2 & 0x7f)
                    );
                    // A packet that owns its memory does not come to share it by a flag.
                    prop_assert_eq!(mbuf.ol_flags(), flags & !offload::tx::MEMORY);
                    Ok(())
                },
            )
            .unwrap();
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn a_packet_takes_the_length_that_fits() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "lengths", 63);
        let mut mbuf = numbered(&pool, 7);
        let room = mbuf.buf_len() - mbuf.headroom();
        assert_eq!(mbuf.resize(room).map(|data| data.len()), Some(usize::from(room)));
        assert_eq!((mbuf.data_len(), mbuf.pkt_len()), (room, u32::from(room)));
        assert!(mbuf.resize(room + 1).is_none());
        assert_eq!(mbuf.data_len(), room);
    });
}

/// What a test does to a batch.
#[derive(Clone, Debug)]
enum Step {
    Push,
    Pop,
    Clear,
    Retain(u64),
    DrainEach,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Push),
        2 => Just(Step::Pop),
        1 => Just(Step::Clear),
        3 => (1..5_u64).prop_map(Step::Retain),
        1 => Just(Step::DrainEach),
    ]
}

#[test]
fn a_batch_loses_nothing_and_doubles_nothing() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "batches", 2047);
        let mut runner = TestRunner::new(Config::with_cases(200));
        runner
            .run(&prop::collection::vec(step(), 0..200), |steps| {
                let (mut batch, mut model, mut next) = (Batch::new(), VecDeque::new(), 0_u64);
                for step in steps {
                    match step {
                        Step::Push => {
                            batch.push(numbered(&pool, next)).unwrap();
                            model.push_back(next);
                            next += 1;
                        }
                        Step::Pop => {
                            prop_assert_eq!(batch.pop().as_ref().map(number), model.pop_back())
                        }
                        Step::Clear => {
                            batch.clear();
                            model.clear();
                        }
                        Step::Retain(nth) => {
                            let freed = batch.retain(|mbuf| !number(mbuf).is_multiple_of(nth));
                            let before = model.len();
                            model.retain(|number| !number.is_multiple_of(nth));
                            prop_assert_eq!(freed, before - model.len());
                        }
                        Step::DrainEach => {
                            let mut seen = Vec::new();
                            batch.drain_each(|mbuf| seen.push(number(&mbuf)));
                            prop_assert_eq!(seen, model.drain(..).collect::<Vec<_>>());
                        }
                    }
                    prop_assert_eq!(
                        batch.iter().map(number).collect::<Vec<_>>(),
                        Vec::from(model.clone())
                    );
                    prop_assert_eq!(pool.in_use() as usize, batch.len());
                }
                drop(batch);
                prop_assert_eq!(pool.in_use(), 0);
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn a_full_batch_gives_the_packet_back() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "full", 2047);
        let mut batch = Batch::new();
        assert!(pool.alloc_bulk(&mut batch, MAX_BURST));
        assert_eq!(batch.push(numbered(&pool, 99)).map_err(|mbuf| number(&mbuf)), Err(99));
        assert!(!pool.alloc_bulk(&mut batch, 1));
        drop(batch);
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn an_empty_pool_allocates_all_or_nothing() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "dry", 63);
        let mut batch = Batch::new();
        assert!(!pool.alloc_bulk(&mut batch, 64));
        assert!(batch.is_empty());
        assert!(pool.alloc_bulk(&mut batch, 63));
        assert_eq!((batch.len(), pool.in_use()), (63, 63));
    });
}

#[test]
fn a_pool_that_does_not_fit_says_what_it_would_take() {
    on_main_lcore(|eal| {
        let config = MempoolConfig {
            name: "huge".to_owned(),
            mbufs: (1 << 22) - 1,
            cache: 256,
            mbuf_size: 2176,
            socket: SocketId::ANY,
        };
        let error = Mempool::new(eal, &config).err().unwrap();
        assert!(
            matches!(error, MempoolError::Create { mbufs, mib, .. } if mbufs == config.mbufs && mib > 8192)
        );
        assert!(error.to_string().contains("-m "), "{error}");
    });
}

/// Sends `count` values through a ring in bursts of changing size and returns what came out, in order.
fn through<P: dataplane::ring::Users + Send + 'static, C: dataplane::ring::Users>(
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
        assert_eq!(producer.capacity(), 7);
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
fn packets_of_several_pools_go_back_each_to_its_own() {
    on_main_lcore(|eal| {
        let pools = ["one", "two"].map(|name| pool(eal, name, 63));
        for runs in [[40, 0], [0, 40], [1, 1], [20, 40], [40, 20]] {
            let mut batch = Batch::new();
            for (pool, count) in pools.iter().zip(runs) {
                assert!(pool.alloc_bulk(&mut batch, count));
            }
            assert_eq!([0, 1].map(|at: usize| pools[at].in_use() as usize), runs);
            batch.clear();
            assert_eq!([0, 1].map(|at: usize| pools[at].in_use()), [0, 0]);
        }
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

/// Runs `test` in a process of its own, as it ends EAL: the test runs itself again, and the second time does the work.
fn alone(name: &str, test: impl FnOnce()) {
    if std::env::var_os("POLLWAY_TEST_ALONE").is_some() {
        return test();
    }
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let run = again.args([name, "--exact"]).env("POLLWAY_TEST_ALONE", "1").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success() && said.contains("1 passed"), "{:?}\n{said}", run.status);
}

#[test]
fn a_packet_outlives_every_handle() {
    alone("a_packet_outlives_every_handle", || {
        let eal = dataplane::eal::Eal::init(&common::flags()).unwrap();
        let pool = pool(&eal, "late", 63);
        let mbuf = numbered(&pool, 42);
        drop(pool);
        drop(eal);
        assert_eq!(number(&mbuf), 42);
    });
}

#[test]
fn in_process_ports_outlive_every_other_handle() {
    alone("in_process_ports_outlive_every_other_handle", || {
        let eal = dataplane::eal::Eal::init(&common::flags()).unwrap();
        let (a, b) = dataplane::port::wire_pair(&eal, "last", 1, (64, 64), SocketId::ANY).unwrap();
        drop(eal);
        assert_eq!(a.name(), "net_ring_last_a");
        drop(a);
        drop(b);
    });
}
