//! Which streams, queues and lcores a request leads to.

use super::*;

fn peers(topology: Topology, ports: u16) -> Vec<u16> {
    let mut request = request(1, 1, ModelRequest::RunToCompletion);
    request.ports = (0..ports).map(|id| port(id, 1, 1)).collect();
    request.topology = topology;
    request.plan().unwrap().ports.iter().map(|port| port.peer.unwrap().0).collect()
}

#[test]
fn topologies_pair_chain_and_loop() {
    assert_eq!(peers(Topology::Paired, 4), [1, 0, 3, 2]);
    assert_eq!(peers(Topology::Paired, 3), [1, 0, 2]);
    assert_eq!(peers(Topology::Chained, 3), [1, 2, 0]);
    assert_eq!(peers(Topology::Loop, 3), [0, 1, 2]);
}

#[test]
fn cores_beyond_the_streams_are_left_out() {
    assert_eq!(run_to_completion(1, 7).workers.len(), 2);
}

#[test]
fn nb_cores_takes_the_first_lcores() {
    let mut request = request(2, 4, ModelRequest::RunToCompletion);
    request.nb_cores = Some(2);
    let used: Vec<_> = request.plan().unwrap().workers.iter().map(|w| w.lcore).collect();
    assert_eq!(used, lcores(1..=2));
}

#[test]
fn with_few_transmit_queues_each_core_has_its_own() {
    let mut request = request(4, 2, ModelRequest::RunToCompletion);
    request.ports = vec![port(0, 4, 4), port(1, 4, 2)];
    let expected = "\
Logical Core 1 forwards packets on 4 streams:
  RX P=0/Q=0 (socket 0) -> TX P=1/Q=0 (socket 0)
  RX P=1/Q=0 (socket 0) -> TX P=0/Q=0 (socket 0)
  RX P=0/Q=1 (socket 0) -> TX P=1/Q=0 (socket 0)
  RX P=1/Q=1 (socket 0) -> TX P=0/Q=1 (socket 0)
Logical Core 2 forwards packets on 4 streams:
  RX P=0/Q=2 (socket 0) -> TX P=1/Q=1 (socket 0)
  RX P=1/Q=2 (socket 0) -> TX P=0/Q=2 (socket 0)
  RX P=0/Q=3 (socket 0) -> TX P=1/Q=1 (socket 0)
  RX P=1/Q=3 (socket 0) -> TX P=0/Q=3 (socket 0)";
    assert_eq!(request.plan().unwrap().to_string(), expected);
}

#[test]
fn a_pipeline_on_named_cores_shares_out_queues_and_ports() {
    let model = ModelRequest::PipelineOn {
        receive: lcores(1..=2),
        work: lcores(3..=3),
        transmit: lcores(4..=5),
    };
    let expected = "\
Logical Core 1 forwards packets on 2 streams:
  RX P=0/Q=0 (socket 0) -> RING rx-p0-c1-c3
  RX P=1/Q=0 (socket 0) -> RING rx-p1-c1-c3
Logical Core 2 forwards packets on 2 streams:
  RX P=0/Q=1 (socket 0) -> RING rx-p0-c2-c3
  RX P=1/Q=1 (socket 0) -> RING rx-p1-c2-c3
Logical Core 3 forwards packets on 4 streams:
  RING rx-p0-c1-c3 -> RING tx-p1-c3
  RING rx-p0-c2-c3 -> RING tx-p1-c3
  RING rx-p1-c1-c3 -> RING tx-p0-c3
  RING rx-p1-c2-c3 -> RING tx-p0-c3
Logical Core 4 forwards packets on 1 streams:
  RING tx-p0-c3 -> TX P=0/Q=0 (socket 0)
Logical Core 5 forwards packets on 1 streams:
  RING tx-p1-c3 -> TX P=1/Q=0 (socket 0)";
    assert_eq!(request(2, 5, model).plan().unwrap().to_string(), expected);
}

#[test]
fn two_transmit_cores_of_one_port_have_a_queue_each() {
    let model = ModelRequest::PipelineOn {
        receive: lcores(1..=1),
        work: lcores(2..=3),
        transmit: lcores(4..=5),
    };
    let mut request = request(2, 5, model);
    request.ports = vec![port(0, 1, 2)];
    let plan = request.plan().unwrap();
    assert_eq!(plan.workers[3].streams[0].sink, Sink::Tx(PortId(0), QueueId(0)));
    assert_eq!(plan.workers[4].streams[0].sink, Sink::Tx(PortId(0), QueueId(1)));
    request.ports = vec![port(0, 1, 1)];
    let too_few = PlanError::TooFewTxQueues { port: PortId(0), has: 1, need: 2 };
    assert_eq!(request.plan(), Err(too_few));
}

#[test]
fn depth_is_the_longest_chain_of_rings() {
    assert_eq!(run_to_completion(2, 2).depth(), 0);
    assert_eq!(demo().depth(), 0);
    assert_eq!((1..6).map(|cores| pipeline(2, cores).depth()).collect::<Vec<_>>(), [2; 5]);
    let mut plan = pipeline(1, 3);
    let more = RingId(plan.rings.len());
    plan.rings.push(RingPlan { name: "more".into(), ..plan.rings[0].clone() });
    let sender = &mut plan.workers[2].streams;
    let sink = std::mem::replace(&mut sender[0].sink, Sink::Ring(more));
    // Read before it is written, so that one pass over the streams does not find the whole chain.
    sender.insert(0, StreamPlan { source: Source::Ring(more), work: Work::Pass, sink });
    plan.workers.reverse();
    assert_eq!(plan.validate(), Ok(()));
    assert_eq!(plan.depth(), 3);
}

#[test]
fn a_generator_needs_no_forwarder() {
    let mut plan = Plan::without_forwarding(32);
    plan.add_traffic_port(&port(5, 1, 1));
    let queue = (PortId(5), QueueId(0));
    plan.add_sender(LcoreId(3), 0, queue);
    plan.add_sender(LcoreId(3), 1, queue);
    plan.add_receiver(LcoreId(3), queue);
    assert_eq!(plan.validate(), Ok(()));
    let work: Vec<&Work> = plan.workers[0].streams.iter().map(|stream| &stream.work).collect();
    assert_eq!(
        work,
        [&Work::Generate { stream: 0 }, &Work::Generate { stream: 1 }, &Work::Measure]
    );
    // A queue has one lcore that feeds it.
    plan.add_sender(LcoreId(4), 2, queue);
    assert!(plan.validate().is_err());
}

#[test]
fn answers_leave_where_questions_came_from() {
    let queue = (PortId(5), QueueId(0));
    for (receiver, rings) in [(LcoreId(3), 0), (LcoreId(4), 1)] {
        let mut plan = Plan::without_forwarding(32);
        plan.add_traffic_port(&port(5, 1, 1));
        plan.add_sender(LcoreId(3), 0, queue);
        plan.add_answering_receiver(receiver, queue, QueueId(0), 64);
        assert_eq!(plan.validate(), Ok(()));
        assert_eq!((plan.rings.len(), plan.depth()), (rings, rings));
    }
    let mut plan = Plan::without_forwarding(32);
    plan.add_traffic_port(&port(5, 1, 0));
    plan.add_traffic_port(&port(6, 0, 1));
    plan.add_receiver(LcoreId(3), queue);
    plan.workers[0].streams[0].sink = Sink::Tx(PortId(6), QueueId(0));
    assert!(plan.validate().is_err(), "an answer leaves by another port");
}

#[test]
fn a_generator_joins_the_streams_of_a_forwarding_core() {
    let mut plan = demo();
    plan.workers.pop();
    plan.add_sender(LcoreId(1), 0, (PortId(0), QueueId(0)));
    plan.add_receiver(LcoreId(1), (PortId(3), QueueId(0)));
    assert_eq!(plan.validate(), Ok(()));
    assert_eq!(plan.workers.len(), 1);
    assert_eq!(plan.workers[0].streams.len(), 4);
}
