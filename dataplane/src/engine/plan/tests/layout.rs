//! Whole plans as they print, run-to-completion against testpmd 22.11.

use super::*;

#[test]
fn two_ports_on_one_core_are_as_testpmd_prints_them() {
    let expected = "\
io packet forwarding - ports=2 - cores=1 - streams=2 - NUMA support enabled, MP allocation mode: native
Logical Core 1 (socket 0) forwards packets on 2 streams:
  RX P=0/Q=0 (socket 0) -> TX P=1/Q=0 (socket 0) peer=02:00:00:00:00:01
  RX P=1/Q=0 (socket 0) -> TX P=0/Q=0 (socket 0) peer=02:00:00:00:00:00";
    assert_eq!(described(&run_to_completion(1, 1)), expected);
}

/// dpdk-testpmd 22.11 with two net_null ports, --nb-cores=3 --rxq=2 --txq=2.
#[test]
fn the_last_core_takes_the_stream_that_is_left_over() {
    let expected = "\
io packet forwarding - ports=2 - cores=3 - streams=4 - NUMA support enabled, MP allocation mode: native
Logical Core 1 (socket 0) forwards packets on 1 streams:
  RX P=0/Q=0 (socket 0) -> TX P=1/Q=0 (socket 0) peer=02:00:00:00:00:01
Logical Core 2 (socket 0) forwards packets on 1 streams:
  RX P=1/Q=0 (socket 0) -> TX P=0/Q=0 (socket 0) peer=02:00:00:00:00:00
Logical Core 3 (socket 0) forwards packets on 2 streams:
  RX P=0/Q=1 (socket 0) -> TX P=1/Q=1 (socket 0) peer=02:00:00:00:00:01
  RX P=1/Q=1 (socket 0) -> TX P=0/Q=1 (socket 0) peer=02:00:00:00:00:00";
    assert_eq!(described(&run_to_completion(2, 3)), expected);
}

#[test]
fn a_plan_alone_prints_without_what_it_does_not_know() {
    let expected = "\
Logical Core 1 forwards packets on 2 streams:
  RX P=0/Q=0 (socket 0) -> TX P=1/Q=0 (socket 0)
  RX P=1/Q=0 (socket 0) -> TX P=0/Q=0 (socket 0)";
    assert_eq!(run_to_completion(1, 1).to_string(), expected);
}

#[test]
fn a_pipeline_on_four_cores_fans_out_to_two_workers() {
    let expected = "\
Logical Core 1 forwards packets on 2 streams:
  RX P=0/Q=0 (socket 0) -> RINGS BY FLOW rx-p0-c1-c2 rx-p0-c1-c3
  RX P=1/Q=0 (socket 0) -> RINGS BY FLOW rx-p1-c1-c2 rx-p1-c1-c3
Logical Core 2 forwards packets on 2 streams:
  RING rx-p0-c1-c2 -> RING tx-p1-c2
  RING rx-p1-c1-c2 -> RING tx-p0-c2
Logical Core 3 forwards packets on 2 streams:
  RING rx-p0-c1-c3 -> RING tx-p1-c3
  RING rx-p1-c1-c3 -> RING tx-p0-c3
Logical Core 4 forwards packets on 4 streams:
  RING tx-p0-c2 -> TX P=0/Q=0 (socket 0)
  RING tx-p0-c3 -> TX P=0/Q=0 (socket 0)
  RING tx-p1-c2 -> TX P=1/Q=0 (socket 0)
  RING tx-p1-c3 -> TX P=1/Q=0 (socket 0)";
    assert_eq!(pipeline(1, 4).to_string(), expected);
}

#[test]
fn a_pipeline_on_one_core_runs_its_stages_in_order() {
    let expected = "\
Logical Core 1 forwards packets on 6 streams:
  RX P=0/Q=0 (socket 0) -> RING rx-p0-c1-c1
  RX P=1/Q=0 (socket 0) -> RING rx-p1-c1-c1
  RING rx-p0-c1-c1 -> RING tx-p1-c1
  RING rx-p1-c1-c1 -> RING tx-p0-c1
  RING tx-p0-c1 -> TX P=0/Q=0 (socket 0)
  RING tx-p1-c1 -> TX P=1/Q=0 (socket 0)";
    assert_eq!(pipeline(1, 1).to_string(), expected);
}

#[test]
fn a_pipeline_on_two_cores_gives_the_second_the_work() {
    let expected = "\
Logical Core 1 forwards packets on 4 streams:
  RX P=0/Q=0 (socket 0) -> RING rx-p0-c1-c2
  RX P=1/Q=0 (socket 0) -> RING rx-p1-c1-c2
  RING tx-p0-c2 -> TX P=0/Q=0 (socket 0)
  RING tx-p1-c2 -> TX P=1/Q=0 (socket 0)
Logical Core 2 forwards packets on 2 streams:
  RING rx-p0-c1-c2 -> RING tx-p1-c2
  RING rx-p1-c1-c2 -> RING tx-p0-c2";
    assert_eq!(pipeline(1, 2).to_string(), expected);
}

#[test]
fn a_generator_and_a_forwarder_stand_side_by_side() {
    let plan = demo();
    assert_eq!(plan.validate(), Ok(()));
    let expected = "\
Logical Core 1 forwards packets on 2 streams:
  RX P=1/Q=0 (socket 0) -> TX P=2/Q=0 (socket 0)
  RX P=2/Q=0 (socket 0) -> TX P=1/Q=0 (socket 0)
Logical Core 2 forwards packets on 2 streams:
  GENERATE -> TX P=0/Q=0 (socket 0)
  RX P=3/Q=0 (socket 0) -> MEASURE";
    assert_eq!(plan.to_string(), expected);
}

#[test]
fn a_switch_gives_every_worker_an_exit_to_every_port() {
    let expected = "\
Logical Core 1 forwards packets on 2 streams:
  RX P=0/Q=0 (socket 0) -> EXITS P=0/Q=0 P=2/Q=0 P=1/Q=0
  RING tx-p2-c2 -> TX P=2/Q=0 (socket 0)
Logical Core 2 forwards packets on 2 streams:
  RX P=2/Q=0 (socket 0) -> EXITS P=0/Q=1 tx-p2-c2 P=1/Q=1
  RX P=1/Q=0 (socket 0) -> EXITS P=0/Q=1 tx-p2-c2 P=1/Q=1";
    let ports = vec![port(0, 1, 2), port(2, 1, 1), port(1, 1, 2)];
    let request = Request { ports, ..request(1, 2, ModelRequest::Switch) };
    let plan = request.plan().unwrap();
    assert_eq!((plan.depth(), plan.exits()), (1, 6));
    assert_eq!(plan.to_string(), expected);
}
