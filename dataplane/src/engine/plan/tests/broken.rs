//! Sound plans, each broken in one way.

use super::*;

#[track_caller]
fn finds(plan: Plan, change: impl FnOnce(&mut Plan), expected: PlanError) {
    let mut plan = plan;
    assert_eq!(plan.validate(), Ok(()));
    change(&mut plan);
    assert_eq!(plan.validate(), Err(expected));
}

fn rx(port: u16, queue: u16) -> Source {
    Source::Rx(PortId(port), QueueId(queue))
}

fn tx(port: u16, queue: u16) -> Sink {
    Sink::Tx(PortId(port), QueueId(queue))
}

#[test]
fn limits() {
    finds(pipeline(1, 3), |p| p.burst = 0, PlanError::BadBurst(0));
    finds(pipeline(1, 3), |p| p.rings[3].size = 33, PlanError::RingNotPowerOfTwo(33));
    let small = PlanError::RingTooSmall { size: 32, burst: 32 };
    finds(pipeline(1, 3), |p| p.rings[3].size = 32, small);
}

#[test]
fn ports_and_workers() {
    let plan = || run_to_completion(2, 2);
    finds(plan(), |p| p.ports.push(p.ports[1].clone()), PlanError::PortTwice(PortId(1)));
    let unknown = PlanError::UnknownPeer { port: PortId(0), peer: PortId(7) };
    finds(plan(), |p| p.ports[0].peer = Some(PortId(7)), unknown);
    finds(plan(), |p| p.workers[1].lcore = LcoreId(1), PlanError::LcoreTwice(LcoreId(1)));
    let idle = WorkerPlan { lcore: LcoreId(9), streams: vec![] };
    finds(plan(), |p| p.workers.push(idle), PlanError::IdleWorker(LcoreId(9)));
}

#[test]
fn parts_of_a_stream() {
    let (lcore, direction) = (LcoreId(1), Direction::Receive);
    let port = PortId(9);
    let unknown = PlanError::UnknownPort { lcore, port };
    let first = |p: &mut Plan, source| p.workers[0].streams[0].source = source;
    finds(run_to_completion(1, 1), |p| first(p, rx(9, 0)), unknown);

    let (port, queue, has) = (PortId(0), QueueId(1), 1);
    let missing = PlanError::NoSuchQueue { lcore, direction, port, queue, has };
    finds(run_to_completion(1, 1), |p| first(p, rx(0, 1)), missing);
    let (port, direction) = (PortId(1), Direction::Transmit);
    let missing = PlanError::NoSuchQueue { lcore, direction, port, queue, has };
    finds(run_to_completion(1, 1), |p| p.workers[0].streams[0].sink = tx(1, 1), missing);

    let ring = RingId(4);
    let missing = PlanError::NoSuchRing { lcore, ring };
    finds(pipeline(1, 1), |p| first(p, Source::Ring(ring)), missing.clone());
    let fan_out = Sink::FanOut(vec![RingId(0), ring]);
    finds(pipeline(1, 1), |p| p.workers[0].streams[0].sink = fan_out, missing);
}

#[test]
fn streams_whose_parts_do_not_go_together() {
    let malformed = |lcore, stream| PlanError::MalformedStream { lcore: LcoreId(lcore), stream };
    let spoil = |change: &dyn Fn(&mut StreamPlan), lcore: usize, stream: usize| {
        let change = |p: &mut Plan| change(&mut p.workers[lcore - 1].streams[stream]);
        finds(demo(), change, malformed(lcore as u32, stream));
    };
    spoil(&|s| s.source = Source::Nothing, 1, 1);
    spoil(&|s| s.sink = Sink::Nothing, 1, 0);
    spoil(&|s| s.sink = Sink::FanOut(vec![]), 1, 0);
    spoil(&|s| s.work = Work::Generate { stream: 0 }, 1, 0);
    spoil(&|s| s.source = rx(3, 0), 2, 0);
    spoil(&|s| s.sink = Sink::Nothing, 2, 0);
    spoil(&|s| s.sink = Sink::FanOut(vec![RingId(0)]), 2, 1);
    spoil(&|s| s.source = Source::Nothing, 2, 1);
}

#[test]
fn receive_queues() {
    let (port, queue) = (PortId(1), QueueId(1));
    let plan = || run_to_completion(2, 2);
    finds(
        plan(),
        |p| drop(p.workers[1].streams.pop()),
        PlanError::RxQueueNotPolled { port, queue },
    );
    let twice = |first, second| PlanError::RxQueuePolledTwice { port, queue, first, second };
    let last = plan().workers[1].streams[1].clone();
    let [one, two] = [1, 2].map(LcoreId);
    finds(plan(), |p| p.workers[1].streams.push(last.clone()), twice(two, two));
    finds(plan(), |p| p.workers[0].streams.push(last), twice(one, two));
}

#[test]
fn a_measured_port_is_polled_too() {
    let (port, queue) = (PortId(3), QueueId(0));
    finds(
        demo(),
        |p| drop(p.workers[1].streams.pop()),
        PlanError::RxQueueNotPolled { port, queue },
    );
}

#[test]
fn transmit_queues() {
    let (port, queue) = (PortId(1), QueueId(0));
    let (first, second) = (LcoreId(1), LcoreId(2));
    finds(
        run_to_completion(2, 2),
        |p| p.workers[1].streams[0].sink = tx(1, 0),
        PlanError::TxQueueShared { port, queue, first, second },
    );
}

#[test]
fn ends_of_rings() {
    let plan = || pipeline(1, 4);
    let unused = RingPlan { name: "unused".into(), size: 64, socket: SocketId(0) };
    let reader = StreamPlan { source: Source::Ring(RingId(8)), work: Work::Pass, sink: tx(0, 0) };
    finds(plan(), |p| p.rings.push(unused.clone()), PlanError::RingWithoutReader("unused".into()));
    finds(
        plan(),
        |p| {
            p.rings.push(unused);
            p.workers[3].streams.push(reader);
        },
        PlanError::RingWithoutWriter("unused".into()),
    );
    finds(
        plan(),
        |p| p.rings[7].name = "rx-p0-c1-c2".into(),
        PlanError::RingNameTwice("rx-p0-c1-c2".into()),
    );
    finds(
        plan(),
        |p| p.workers[3].streams.extend_from_within(..1),
        PlanError::RingReadTwice("tx-p0-c2".into()),
    );
    finds(
        plan(),
        |p| p.workers[2].streams[0].sink = p.workers[1].streams[0].sink.clone(),
        PlanError::RingWrittenByTwo {
            ring: "tx-p1-c2".into(),
            first: LcoreId(2),
            second: LcoreId(3),
        },
    );
}

#[test]
fn a_cycle_of_rings() {
    let ring = |name: &str| RingPlan { name: name.into(), size: 64, socket: SocketId(0) };
    let pass = |from, to| StreamPlan {
        source: Source::Ring(RingId(from)),
        work: Work::Pass,
        sink: Sink::Ring(RingId(to)),
    };
    let mut plan = run_to_completion(1, 1);
    plan.rings = vec![ring("there"), ring("back")];
    plan.workers[0].streams.extend([pass(0, 1), pass(1, 0)]);
    assert_eq!(plan.validate(), Err(PlanError::RingCycle));
    assert_eq!(plan.depth(), 2);
}

#[test]
fn packets_on_the_wrong_way() {
    let (lcore, stream, entered) = (LcoreId(1), 0, PortId(0));
    let (wrong_ingress, wrong_egress) = (
        PlanError::WrongIngress { lcore, stream, entered },
        PlanError::WrongEgress { lcore, stream, entered },
    );
    let set_work = |work| move |p: &mut Plan| p.workers[0].streams[0].work = work;
    let forward =
        |ingress, egress| Work::Forward { ingress: PortId(ingress), egress: PortId(egress) };
    let one_core = || run_to_completion(1, 1);
    finds(one_core(), set_work(forward(1, 0)), wrong_ingress.clone());
    finds(one_core(), set_work(forward(0, 0)), wrong_egress.clone());
    finds(one_core(), set_work(Work::Pass), wrong_egress.clone());
    finds(one_core(), |p| p.workers[0].streams[0].sink = tx(0, 0), wrong_egress);
    finds(
        one_core(),
        |p| {
            p.workers[0].streams[0].work = Work::Measure;
            p.workers[0].streams[0].sink = Sink::Nothing;
        },
        wrong_ingress,
    );
    // Through rings: worked on by both the receive and the work stage, or by none.
    let (lcore, stream) = (LcoreId(2), 0);
    finds(
        pipeline(1, 3),
        set_work(forward(0, 1)),
        PlanError::WrongIngress { lcore, stream, entered },
    );
    let (lcore, stream) = (LcoreId(3), 1);
    finds(
        pipeline(1, 3),
        |p| p.workers[1].streams[0].work = Work::Pass,
        PlanError::WrongEgress { lcore, stream, entered },
    );
    // What is measured is not forwarded.
    let (lcore, stream, entered) = (LcoreId(1), 1, PortId(2));
    finds(demo(), |p| p.ports[1].peer = None, PlanError::WrongEgress { lcore, stream, entered });
}

#[test]
fn exits_of_a_switch() {
    let switch = || request(1, 1, ModelRequest::Switch).plan().unwrap();
    let (lcore, stream) = (LcoreId(1), 1);
    let other = |p: &mut Plan| p.workers[0].streams[1].sink = Sink::Exits(vec![exit(0, 0)]);
    finds(switch(), other, PlanError::OtherExits { lcore, stream });
    let twice = |p: &mut Plan| {
        for stream in &mut p.workers[0].streams {
            stream.sink = Sink::Exits(vec![exit(0, 0), exit(0, 0)]);
        }
    };
    finds(switch(), twice, PlanError::ExitTwice { lcore, stream: 0, port: PortId(0) });
    let none = |p: &mut Plan| p.workers[0].streams[1].sink = Sink::Exits(Vec::new());
    finds(switch(), none, PlanError::MalformedStream { lcore, stream });
    let (port, queue, has, direction) = (PortId(0), QueueId(1), 1, Direction::Transmit);
    let missing = PlanError::NoSuchQueue { lcore, direction, port, queue, has };
    finds(switch(), |p| p.workers[0].streams[0].sink = Sink::Exits(vec![exit(0, 1)]), missing);
    // A ring that leads to another port than its exit says.
    let mut scarce = request(1, 2, ModelRequest::Switch);
    scarce.ports.iter_mut().for_each(|port| port.tx_queues = 1);
    let astray = |p: &mut Plan| p.workers[0].streams[1].sink = tx(1, 0);
    let wrong = PlanError::WrongEgress { lcore, stream: 1, entered: PortId(1) };
    finds(scarce.plan().unwrap(), astray, wrong);
}

fn exit(port: u16, queue: u16) -> Exit {
    Exit { port: PortId(port), way: Way::Tx(QueueId(queue)) }
}
