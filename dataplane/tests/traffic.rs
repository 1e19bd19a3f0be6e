//! The generator on real ports: what it says it sent and got back is what went and came.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

mod common;

use common::on_main_lcore;
use dataplane::batch::Batch;
use dataplane::eal::Eal;
use dataplane::engine::StreamAt;
use dataplane::engine::plan::{Plan, PortRequest};
use dataplane::forward::{Ground, Job, ModeError};
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::port::{Port, PortConfig, QueueId, Queues, Started, wire_pair};
use dataplane::runtime::{Dataplane, PoolSetup};
use dataplane::traffic::capture::WAITING;
use dataplane::traffic::clock::TscClock;
use dataplane::traffic::generator::Generator;
use dataplane::traffic::probe::Probe;
use dataplane::traffic::rate::Rate;
use dataplane::traffic::result::TrialResult;
use dataplane::traffic::spec::{CaptureSpec, HostSpec, Load, StreamSpec, TrafficSpec};
use dataplane::traffic::trial;
use dataplane::wire::ethernet::MacAddr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Where the probe lies behind Ethernet, IPv4 and UDP.
const PROBE_AT: usize = 42;
const SIGNATURE: u16 = 0x5057;

/// A generator on lcore 1 whose port leads to queues that the test holds: the device under test is the test itself.
struct Rig {
    dataplane: Dataplane,
    generator: Generator,
    under_test: (Port<Started>, Queues),
}

/// There are no streams but the generator's.
fn no_job(_: StreamAt<'_>, _: &Ground) -> Result<Job, ModeError> {
    Ok(Job::default())
}

fn pps(pps: u64) -> Load {
    Load::Steady(Rate::Pps(NonZeroU64::new(pps).unwrap()))
}

impl Rig {
    /// Sends the streams, which name port 0 for the generator's.
    fn new(eal: &Eal, name: &str, mut spec: TrafficSpec) -> Self {
        let (port, under_test) = wire_pair(eal, name, 1, (256, 256), SocketId::ANY).unwrap();
        let queue = (port.id(), QueueId(0));
        let request =
            PortRequest { id: port.id(), rx_queues: 1, tx_queues: 1, socket: SocketId(0) };
        let mut plan = Plan::without_forwarding(32);
        plan.add_traffic_port(&request);
        spec.capture.iter_mut().for_each(|capture| capture.port = port.id().0);
        for (number, stream) in (0..).zip(&mut spec.stream) {
            stream.port = port.id().0;
            plan.add_sender(LcoreId(1), number, queue);
        }
        if spec.host.is_empty() {
            plan.add_receiver(LcoreId(1), queue);
        } else {
            plan.add_answering_receiver(LcoreId(1), queue, queue.1, 64);
            spec.host.iter_mut().for_each(|host| host.port = port.id().0);
        }
        plan.validate().unwrap();
        let setup = PoolSetup { held: WAITING, cache: 64, ..PoolSetup::default() };
        let ports = vec![(port, PortConfig::default())];
        let no_jobs = &mut no_job;
        let dataplane = Dataplane::bring_up(eal, ports, plan, &setup, no_jobs).unwrap();
        let mut port = under_test;
        let pool = dataplane.pools().iter().next().unwrap().1;
        port.configure(&PortConfig::default(), pool).unwrap();
        let under_test = port.start().map_err(|refused| refused.error).unwrap();
        let spec = TrafficSpec { signature: Some(SIGNATURE), ..spec };
        let generator = Generator::new(spec, TscClock::of_machine(true).unwrap()).unwrap();
        Self { dataplane, generator, under_test }
    }

    /// Runs the trial while `device` does with each burst what it likes.
    fn run(mut self, device: impl FnMut(&mut Batch) + Send + 'static) -> TrialResult {
        let done = Arc::new(AtomicBool::new(false));
        let (port, queues) = self.under_test;
        let under_test = std::thread::spawn({
            let done = Arc::clone(&done);
            move || forward(queues, device, &done)
        });
        let others = &mut no_job;
        let never = AtomicBool::new(false);
        let result =
            trial::run(&mut self.dataplane, &mut self.generator, others, &never, &mut |_| {});
        done.store(true, Ordering::Relaxed);
        let queues = under_test.join().unwrap();
        port.stop(queues).map_err(|refused| refused.error).unwrap();
        assert_eq!(self.dataplane.take_down().unwrap().missing, 0);
        let result = result.unwrap();
        for stream in &result.streams {
            let account = stream.account.as_ref().unwrap();
            assert_eq!(account.sent, account.received + account.lost);
            assert_eq!(account.sent, stream.sending.packets);
            let seconds = stream.timeline.iter();
            let (sent, received) = seconds.fold((0, 0), |(sent, received), second| {
                (sent + second.sent, received + second.received)
            });
            assert_eq!((sent, received), (account.sent, account.received), "the timeline's sums");
        }
        result
    }
}

/// The device under test's poll loop, until told to end.
fn forward(mut queues: Queues, mut device: impl FnMut(&mut Batch), done: &AtomicBool) -> Queues {
    let (rx, tx) = (&mut queues.rx[0], &mut queues.tx[0]);
    let (mut batch, mut out) = (Batch::new(), Batch::new());
    while !done.load(Ordering::Relaxed) {
        rx.rx_burst(&mut batch, 32);
        device(&mut batch);
        batch.drain_each(|mbuf| out.push(mbuf).unwrap());
        while !out.is_empty() && !done.load(Ordering::Relaxed) {
            tx.tx_burst(&mut out);
        }
        std::thread::yield_now();
    }
    queues
}

fn stream(rate: Load, count: u64) -> StreamSpec {
    StreamSpec { rate, count: Some(count), ..StreamSpec::default() }
}

fn one(stream: StreamSpec) -> TrafficSpec {
    TrafficSpec { stream: vec![stream], ..TrafficSpec::default() }
}

fn sequence(frame: &[u8]) -> u64 {
    Probe::read(&frame[PROBE_AT..], SIGNATURE).unwrap().sequence.into()
}

/// The first packet is due at once; those after it would be, if they were not more than were to be sent.
#[test]
fn a_stream_that_has_sent_all_gives_nothing_up() {
    on_main_lcore(|eal| {
        let result = Rig::new(eal, "all", one(stream(pps(100_000), 1))).run(|_| {});
        let sending = &result.streams[0].sending;
        assert_eq!((sending.packets, sending.skipped), (1, 0));
    });
}

#[test]
fn an_echo_returns_everything_once_and_in_order() {
    on_main_lcore(|eal| {
        let spec = TrafficSpec {
            stream: vec![stream(Load::default(), 50_000), stream(pps(20_000), 4_000)],
            ..TrafficSpec::default()
        };
        let result = Rig::new(eal, "echo", spec).run(|_| {});
        assert_eq!(result.foreign, 0);
        for (stream, count) in result.streams.iter().zip([50_000, 4_000]) {
            let account = stream.account.as_ref().unwrap();
            assert_eq!((account.sent, account.received, account.lost), (count, count, 0));
            assert_eq!((account.duplicated, account.reordered, account.corrupted), (0, 0, 0));
            let delay = stream.delay.actual_ns.as_ref().unwrap();
            assert_eq!(delay.count(), count);
            let summary = delay.summary().unwrap();
            assert!(summary.min > 0 && summary.min <= summary.p50 && summary.p99 <= summary.max);
            assert_eq!(stream.delay.ipdv_ns.as_ref().unwrap().count, count - 1);
            assert_eq!(stream.delay.pdv_ns.as_ref().unwrap().quantile(0.0), 0);
        }
        let [flat_out, paced] = &result.streams[..] else { panic!("two streams") };
        assert!(
            flat_out.sending.departure_error_ns.is_none() && flat_out.delay.intended_ns.is_none()
        );
        let lateness = paced.sending.departure_error_ns.as_ref().unwrap();
        assert_eq!(lateness.count(), 4_000);
        let steady = paced.sending.steady_departure_error_ns.as_ref().unwrap();
        assert!(steady.count() <= lateness.count());
        assert!(steady.quantile(1.0) <= lateness.quantile(1.0));
        let mean = |delays: &dataplane::traffic::distribution::Distribution| {
            delays.summary().unwrap().mean
        };
        let intended = mean(paced.delay.intended_ns.as_ref().unwrap());
        let actual = mean(paced.delay.actual_ns.as_ref().unwrap()) + mean(lateness);
        assert!(
            (intended / actual - 1.0).abs() < 0.01,
            "{intended} from the intended departures, {actual}"
        );
        assert_eq!(paced.sending.bytes, 4_000 * 64);
    });
}

#[test]
fn drops_doubles_swaps_and_damage_are_found_exactly() {
    on_main_lcore(|eal| {
        let rig = Rig::new(eal, "faults", one(stream(pps(50_000), 20_000)));
        let pool = rig.dataplane.pools().iter().next().unwrap().1.clone();
        let swapped = Arc::new(AtomicU64::new(0));
        let swaps = Arc::clone(&swapped);
        let result = rig.run(move |batch| {
            // A packet changes places with its neighbour where neither is touched below.
            if batch.len() >= 2
                && batch[..2].iter().all(|mbuf| !sequence(mbuf.data()).is_multiple_of(10))
            {
                batch.swap(0, 1);
                swaps.fetch_add(1, Ordering::Relaxed);
            }
            // One in 1000 is dropped, one in 1000 damaged beyond recognition or in its probe, one in 500 doubled.
            batch.retain(|mbuf| sequence(mbuf.data()) % 1000 != 10);
            let mut doubles = Batch::new();
            for mbuf in batch.iter_mut() {
                match sequence(mbuf.data()) % 2000 {
                    20 => mbuf.data_mut().unwrap()[PROBE_AT + 9] ^= 1,
                    1020 => mbuf.data_mut().unwrap()[PROBE_AT] ^= 0xff,
                    30 | 530 | 1030 | 1530 => {
                        assert!(pool.alloc_bulk(&mut doubles, 1));
                        let double = doubles.last_mut().unwrap();
                        double.resize(mbuf.data_len()).unwrap().copy_from_slice(mbuf.data());
                    }
                    _ => {}
                }
            }
            doubles.drain_each(|mbuf| batch.push(mbuf).unwrap());
        });
        let account = result.streams[0].account.as_ref().unwrap();
        assert_eq!((account.sent, account.received, account.lost), (20_000, 20_000 - 40, 40));
        assert_eq!((result.foreign, account.corrupted, account.duplicated), (10, 10, 40));
        let swapped = swapped.load(Ordering::Relaxed);
        assert_eq!(account.reordered, swapped);
        assert!(swapped > 0, "no burst had two packets to swap");
        let reordering = &result.streams[0].reordering;
        assert_eq!(reordering.density, [(1, swapped)], "each came one packet late");
        assert_eq!(reordering.extent_unknown, 0);
    });
}

#[test]
fn a_device_that_takes_nothing_makes_the_trial_invalid() {
    on_main_lcore(|eal| {
        let mut rig = Rig::new(
            eal,
            "deaf",
            TrafficSpec {
                duration: Some(0.3),
                wait_ms: 10,
                ..one(stream(pps(1_000_000), 1_000_000))
            },
        );
        let others = &mut no_job;
        let never = AtomicBool::new(false);
        let result =
            trial::run(&mut rig.dataplane, &mut rig.generator, others, &never, &mut |_| {})
                .unwrap();
        let stream = &result.streams[0];
        let account = stream.account.as_ref().unwrap();
        // The wire holds 255; what was kept for the next try is not counted as sent.
        assert_eq!((account.sent, account.received, account.lost), (255, 0, 255));
        assert!(stream.sending.skipped > 100_000, "{} skipped", stream.sending.skipped);
        assert!(stream.sending.refused > 0 && stream.delay.actual_ns.is_none());
        let reasons: Vec<String> = result.invalid.iter().map(ToString::to_string).collect();
        assert!(reasons.iter().any(|reason| reason.starts_with("stream 0 gave up")), "{reasons:?}");
        let nobody = reasons.iter().find(|reason| reason.contains("came back"));
        let silence = format!(
            "stream 0 sent 255 packets and none came back to port {}",
            rig.generator.spec().stream[0].port
        );
        assert!(nobody.is_some_and(|reason| reason.starts_with(&silence)), "{reasons:?}");
        assert!(reasons.contains(
            &"stream 0 sent 255 of 1000000 packets before the trial was ended".to_owned()
        ));
        let (port, queues) = rig.under_test;
        let (port, drained) = port.stop(queues).map_err(|refused| refused.error).unwrap();
        assert_eq!(drained, 255);
        drop(port);
        assert_eq!(rig.dataplane.take_down().unwrap().missing, 0);
    });
}

#[test]
fn questions_are_answered_while_packets_are_measured() {
    /// Who has 198.18.0.9, asks 02:00:00:00:00:07 with 198.18.0.7.
    const WHO_HAS: [u8; 60] = {
        let mut frame = [0; 60];
        let head = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 7, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2,
            0, 0, 0, 0, 7, 198, 18, 0, 7, 0, 0, 0, 0, 0, 0, 198, 18, 0, 9,
        ];
        let mut at = 0;
        while at < head.len() {
            frame[at] = head[at];
            at += 1;
        }
        frame
    };
    on_main_lcore(|eal| {
        let host = HostSpec {
            port: 0,
            ip: "198.18.0.9".parse().unwrap(),
            mac: Some(MacAddr([2, 0, 0, 0, 0, 9])),
        };
        let spec = TrafficSpec { host: vec![host], ..one(stream(pps(5_000), 2_000)) };
        let rig = Rig::new(eal, "asks", spec);
        let pool = rig.dataplane.pools().iter().next().unwrap().1.clone();
        let answers = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&answers);
        let result = rig.run(move |batch| {
            // Packets of the stream go back, answers end here; behind every hundredth packet goes a question.
            let asks = batch.iter().filter(|mbuf| mbuf.data()[12..14] == [8, 0]);
            let asks = asks.filter(|mbuf| sequence(mbuf.data()).is_multiple_of(100)).count();
            batch.retain(|mbuf| {
                let is_answer = mbuf.data()[12..22] == [8, 6, 0, 1, 8, 0, 6, 4, 0, 2];
                if is_answer {
                    assert_eq!(mbuf.data()[22..32], [2, 0, 0, 0, 0, 9, 198, 18, 0, 9]);
                    seen.fetch_add(1, Ordering::Relaxed);
                }
                !is_answer
            });
            let mut questions = Batch::new();
            assert!(pool.alloc_bulk(&mut questions, asks));
            questions.drain_each(|mut mbuf| {
                mbuf.resize(60).unwrap().copy_from_slice(&WHO_HAS);
                batch.push(mbuf).unwrap();
            });
        });
        let account = result.streams[0].account.as_ref().unwrap();
        assert_eq!((account.received, account.lost), (2_000, 0));
        assert_eq!((result.answered, result.foreign), (20, 0));
        // The last answers may be on their way when the trial ends.
        assert!(answers.load(Ordering::Relaxed) >= 15);
    });
}

#[test]
fn what_comes_back_is_captured_with_nanoseconds() {
    on_main_lcore(|eal| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("back.pcap");
        let capture = vec![CaptureSpec { port: 0, file: file.clone() }];
        let spec = TrafficSpec { capture, ..one(stream(pps(20_000), 1_000)) };
        let mut rig = Rig::new(eal, "capture", spec);
        rig.generator.begin_captures(eal).unwrap();
        let result = rig.run(|_| {});
        let [captured] = &result.captured[..] else { panic!("one port is captured") };
        assert_eq!((captured.written, captured.missed, &captured.error), (1_000, 0, &None));

        let reader = std::fs::File::open(&file).unwrap();
        let mut reader = pcap_file::pcap::PcapReader::new(reader).unwrap();
        assert_eq!(reader.header().ts_resolution, pcap_file::TsResolution::NanoSecond);
        let mut before = Duration::ZERO;
        for number in 0..1_000 {
            let packet = reader.next_packet().unwrap().unwrap();
            assert_eq!((packet.data.len(), sequence(&packet.data)), (60, number));
            assert!(packet.timestamp >= before);
            before = packet.timestamp;
        }
        assert!(reader.next_packet().is_none());
        let refused = rig_error(eal, &folder.path().join("nowhere/a.pcap"));
        assert!(refused.contains("nowhere/a.pcap cannot be written: No such file"), "{refused}");
    });
}

/// What is said of a file that cannot be captured to.
fn rig_error(eal: &Eal, file: &std::path::Path) -> String {
    let capture = vec![CaptureSpec { port: 99, file: file.to_owned() }];
    let spec = TrafficSpec { capture, ..one(StreamSpec::default()) };
    let mut generator = Generator::new(spec, TscClock::of_machine(true).unwrap()).unwrap();
    generator.begin_captures(eal).unwrap_err().to_string()
}

#[test]
fn what_comes_after_the_wait_is_late() {
    on_main_lcore(|eal| {
        let spec = TrafficSpec { wait_ms: 500, ..one(stream(pps(500), 500)) };
        let result = Rig::new(eal, "late", spec).run({
            let mut held = Batch::new();
            move |batch| {
                // The first packet goes on with the last one, a second later.
                if held.is_empty() && batch.first().is_some_and(|mbuf| sequence(mbuf.data()) == 0) {
                    let mut rest = Batch::new();
                    batch.drain_each(|mbuf| match held.is_empty() {
                        true => held.push(mbuf).unwrap(),
                        false => rest.push(mbuf).unwrap(),
                    });
                    std::mem::swap(batch, &mut rest);
                }
                if batch.last().is_some_and(|mbuf| sequence(mbuf.data()) == 499) {
                    held.drain_each(|mbuf| batch.push(mbuf).unwrap());
                }
            }
        });
        let account = result.streams[0].account.as_ref().unwrap();
        // On a machine that is busy others may be late too.
        assert!(account.late >= 1 && account.lost >= account.late, "{account:?}");
        assert_eq!((account.sent, account.duplicated, account.reordered), (500, 0, 0));
    });
}
