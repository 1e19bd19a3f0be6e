//! A generator's port that goes in the middle of a trial: the others measure on, and what went is accounted for.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

mod common;

use common::on_main_lcore;
use dataplane::engine::plan::{Plan, PortRequest, Request, Topology, Work};
use dataplane::forward::{Forwarding, mode};
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::port::{Port, PortConfig, PortId, QueueId, Stopped, wire_pair};
use dataplane::runtime::{Dataplane, PoolSetup};
use dataplane::traffic::clock::TscClock;
use dataplane::traffic::generator::Generator;
use dataplane::traffic::invalid::Invalid;
use dataplane::traffic::rate::Rate;
use dataplane::traffic::spec::{Load, StreamSpec, TrafficSpec};
use dataplane::traffic::trial::Trial;
use std::num::NonZeroU64;
use std::thread::sleep;
use std::time::Duration;

const COUNT: u64 = 4_000;
const SLOTS: u16 = 1024;

/// A sender and a receiver on each of the generator's ports, and a forwarder that sends back what comes to the others: all on
/// one lcore, so that no packet is lost to a core that is away, and the queues of the port that stays change places.
fn plan(generator: [PortId; 2], forwarder: [PortId; 2]) -> Plan {
    let port = |id| PortRequest { id, rx_queues: 1, tx_queues: 1, socket: SocketId(0) };
    let request = Request {
        topology: Topology::Loop,
        ring_size: SLOTS.into(),
        ..Request::new(forwarder.map(port).to_vec(), vec![LcoreId(1)])
    };
    let mut plan = request.plan().unwrap();
    for (number, id) in (0..).zip(generator) {
        plan.add_traffic_port(&port(id));
        plan.add_sender(LcoreId(1), number, (id, QueueId(0)));
        plan.add_receiver(LcoreId(1), (id, QueueId(0)));
    }
    plan.validate().unwrap();
    plan
}

#[test]
fn a_port_that_goes_leaves_the_others_measuring() {
    on_main_lcore(|eal| {
        let slots = (SLOTS.into(), SLOTS.into());
        let pair = |name| wire_pair(eal, name, 1, slots, SocketId::ANY).unwrap();
        let [(goes, far_goes), (stays, far_stays)] = ["goes", "stays"].map(pair);
        let id = |port: &Port<Stopped>| port.id();
        let ids = [id(&goes), id(&stays)];
        let plan = plan(ids, [id(&far_goes), id(&far_stays)]);
        let rate = Load::Steady(Rate::Pps(NonZeroU64::new(4_000).unwrap()));
        let stream = |port: PortId| StreamSpec {
            port: port.0,
            rate: rate.clone(),
            count: Some(COUNT),
            ..StreamSpec::default()
        };
        let spec = TrafficSpec { stream: ids.map(stream).to_vec(), ..TrafficSpec::default() };
        let mut generator = Generator::new(spec, TscClock::of_machine(true).unwrap()).unwrap();
        let config = PortConfig { rx_desc: SLOTS, tx_desc: 0, ..PortConfig::default() };
        let ports = [goes, far_goes, stays, far_stays].map(|port| (port, config.clone()));
        let setup = PoolSetup { cache: 64, ..PoolSetup::default() };
        let forwarding = Forwarding::of(mode("io").unwrap());
        let mut dataplane =
            Dataplane::bring_up(eal, ports.into(), plan, &setup, &mut |at, ground| match at
                .plan
                .work
            {
                Work::Generate { .. } | Work::Measure => generator.job(at, ground),
                _ => forwarding.job(at, ground),
            })
            .unwrap();

        let trial = Trial::begin(&mut dataplane.engine).unwrap();
        while trial.progress(&dataplane.engine).received < COUNT / 4 {
            sleep(Duration::from_millis(1));
        }
        generator.lose(ids[0]);
        dataplane.give_up(ids[0]).unwrap();
        dataplane.stop_port(ids[0]).unwrap();
        while !trial.is_over(&generator, &dataplane.engine) {
            sleep(Duration::from_millis(1));
        }
        let result = trial.end(&mut dataplane.engine, &mut generator).unwrap();
        assert_eq!(dataplane.take_down().unwrap().missing, 0);

        let [goes, stays] = &result.streams[..] else { panic!("two streams") };
        let account = stays.account.as_ref().unwrap();
        // A pause of a millisecond or more costs departures, which are counted.
        assert_eq!(stays.sending.packets, COUNT);
        assert_eq!((account.received, account.lost, account.reordered), (COUNT, 0, 0));
        let account = goes.account.as_ref().unwrap();
        assert!((1..COUNT).contains(&account.received), "{account:?}");
        assert_eq!(account.sent, account.received + account.lost);
        assert_eq!(account.sent, goes.sending.packets);
        let of_timeline = |stream: &dataplane::traffic::result::StreamResult| {
            stream.timeline.iter().map(|second| second.sent).sum::<u64>()
        };
        assert_eq!([goes, stays].map(of_timeline), [account.sent, COUNT]);
        let gone =
            |why: &&Invalid| matches!(why, Invalid::TakenAway { port, .. } if *port == ids[0]);
        assert_eq!(result.invalid.iter().filter(gone).count(), 1, "{:?}", result.invalid);
        let unfinished = Invalid::Unfinished { stream: 0, sent: account.sent, asked: COUNT };
        assert!(result.invalid.contains(&unfinished), "{:?}", result.invalid);
    });
}
