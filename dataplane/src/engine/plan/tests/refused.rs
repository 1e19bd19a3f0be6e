//! Requests that cannot be had, each with its message.

use super::*;

/// What becomes of a good request that `change` spoils, with the message it gives.
#[track_caller]
fn refuses(model: ModelRequest, change: impl FnOnce(&mut Request), message: &str) {
    let mut request = request(2, 3, model);
    assert_eq!(request.plan().and_then(|plan| plan.validate()), Ok(()));
    change(&mut request);
    assert_eq!(request.plan().unwrap_err().to_string(), message);
}

#[test]
fn requests_that_make_no_sense() {
    use ModelRequest::{Pipeline, RunToCompletion};
    let each = |change: &dyn Fn(&mut Request), message: &str| {
        refuses(RunToCompletion, change, message);
        refuses(Pipeline, change, message);
    };
    each(
        &|r| r.ports.clear(),
        "there is no port to forward on; give one with --port DEVICE (--port null: makes one of nothing), --vdev or -a PCI-ADDRESS",
    );
    each(
        &|r| r.lcores.clear(),
        "there is no lcore to forward on, as the main lcore only takes commands; give one more, as in -l 0-1",
    );
    each(
        &|r| r.nb_cores = Some(0),
        "--nb-cores=0 leaves no lcore to forward on; use --nb-cores=1 or more",
    );
    each(
        &|r| r.nb_cores = Some(5),
        "--nb-cores=5 asks for 5 forwarding lcores, but -l gives 3 besides the main lcore; \
         name 6 lcores with -l, or use --nb-cores=3",
    );
    each(&|r| r.ports[1].rx_queues = 0, "port 1 has no receive queue; give it one with --rxq=1");
    each(&|r| r.ports[0].tx_queues = 0, "port 0 has no transmit queue; give it one with --txq=1");
    each(&|r| r.ports[1].id = PortId(0), "port 0 is listed twice; list it once");
    each(&|r| r.lcores[2] = LcoreId(1), "core used twice: lcore 1 is listed twice; list it once");
    each(&|r| r.burst = 0, "a burst of 0 packets is not possible; use --burst=1 to --burst=512");
    each(
        &|r| r.burst = 513,
        "a burst of 513 packets is not possible; use --burst=1 to --burst=512",
    );
    each(
        &|r| r.ring_size = 1000,
        "a ring of 1000 slots is not possible: the number must be a power of two; use 1024, for example",
    );
    each(
        &|r| r.ring_size = 0,
        "a ring of 0 slots is not possible: the number must be a power of two; use 1024, for example",
    );
    each(
        &|r| r.ring_size = 32,
        "a ring of 32 slots holds 31 packets, less than a burst of 32; use a larger ring or a smaller --burst",
    );
}

#[test]
fn more_senders_than_transmit_queues() {
    let spoil = |r: &mut Request| {
        r.ports = vec![port(0, 6, 6), port(1, 6, 2)];
    };
    refuses(
        ModelRequest::RunToCompletion,
        spoil,
        "port 1 has 2 transmit queue(s), but 3 lcores send to it and each needs its own; \
         use --txq=3, or fewer lcores",
    );
}

#[test]
fn stages_named_wrongly() {
    type Lcores<'a> = &'a mut Vec<LcoreId>;
    let refuses = |change: &dyn Fn(Lcores, Lcores, Lcores), message: &str| {
        let [mut receive, mut work, mut transmit] = [1, 2, 3].map(|core| lcores(core..=core));
        let model = ModelRequest::PipelineOn {
            receive: receive.clone(),
            work: work.clone(),
            transmit: transmit.clone(),
        };
        change(&mut receive, &mut work, &mut transmit);
        let spoiled = ModelRequest::PipelineOn { receive, work, transmit };
        refuses(model, |r| r.model = spoiled, message);
    };
    refuses(
        &|receive, work, _| work[0] = receive[0],
        "core used twice: lcore 1 is named for the receive stage and for the work stage; name it once",
    );
    refuses(
        &|_, _, transmit| transmit.push(LcoreId(3)),
        "core used twice: lcore 3 is named for the transmit stage and for the transmit stage; name it once",
    );
    refuses(
        &|_, _, transmit| transmit[0] = LcoreId(9),
        "lcore 9 is named for the transmit stage, but is not a forwarding lcore; \
         add it with -l, and not as the main lcore",
    );
    refuses(
        &|receive, _, _| receive.clear(),
        "no lcore is named for the receive stage; name one, or leave out the stages to have them placed",
    );
}

#[test]
fn stages_with_more_cores_than_there_is_to_do() {
    let on = |receive, transmit| ModelRequest::PipelineOn {
        receive: lcores(receive),
        work: lcores(4..=4),
        transmit: lcores(transmit),
    };
    let idle = |receive, transmit| request(1, 9, on(receive, transmit)).plan();
    let error = |stage| PlanError::IdleLcores { stage, named: 3, useful: 2 };
    assert_eq!(idle(1..=3, 5..=5), Err(error(Stage::Receive)));
    assert_eq!(idle(1..=1, 5..=7), Err(error(Stage::Transmit)));
    assert!(idle(1..=2, 5..=6).is_ok());
}

#[test]
fn nb_cores_that_contradicts_the_stages() {
    let [receive, work, transmit] = [1, 2, 3].map(|core| lcores(core..=core));
    refuses(
        ModelRequest::PipelineOn { receive, work, transmit },
        |r| r.nb_cores = Some(2),
        "--nb-cores=2 contradicts the pipeline's stages, which name 3 lcores; leave --nb-cores out",
    );
}
