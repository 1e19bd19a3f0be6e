//! What holds for every request.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Named cores of a stage; sometimes none or too many, sometimes the same as another stage's.
fn some_lcores() -> impl Strategy<Value = Vec<LcoreId>> {
    prop::collection::vec((1u32..=8).prop_map(LcoreId), 0..4)
}

fn models() -> impl Strategy<Value = ModelRequest> {
    let disjoint = (1u32..=2, 1u32..=3, 1u32..=2).prop_map(|(receive, work, transmit)| {
        ModelRequest::PipelineOn {
            receive: lcores(1..=receive),
            work: lcores(receive + 1..=receive + work),
            transmit: lcores(receive + work + 1..=receive + work + transmit),
        }
    });
    let any = (some_lcores(), some_lcores(), some_lcores())
        .prop_map(|(receive, work, transmit)| ModelRequest::PipelineOn { receive, work, transmit });
    prop_oneof![
        3 => Just(ModelRequest::RunToCompletion),
        3 => Just(ModelRequest::Pipeline),
        3 => Just(ModelRequest::Switch),
        3 => disjoint,
        1 => any,
    ]
}

fn requests() -> impl Strategy<Value = Request> {
    let ports = prop::collection::vec((1u16..=5, 1u16..=5, 0i32..2), 1..=6).prop_map(|ports| {
        let port = |(id, (rx_queues, tx_queues, socket))| PortRequest {
            id: PortId(id),
            rx_queues,
            tx_queues,
            socket: SocketId(socket),
        };
        (0..).zip(ports).map(port).collect::<Vec<_>>()
    });
    let topologies =
        prop_oneof![Just(Topology::Paired), Just(Topology::Chained), Just(Topology::Loop)];
    let cores = (1u32..=7, prop::option::weighted(0.2, 0usize..9));
    (ports, cores, topologies, models()).prop_map(|(ports, (cores, nb_cores), topology, model)| {
        Request {
            ports,
            lcores: lcores(1..=cores),
            placed: BTreeMap::new(),
            nb_cores,
            topology,
            model,
            burst: 32,
            ring_size: 256,
        }
    })
}

/// What a request for 1 to 7 cores and 1 to 5 queues may be refused for; anything else is a builder's error.
fn is_the_users(error: &PlanError) -> bool {
    matches!(
        error,
        PlanError::ZeroCores
            | PlanError::TooFewLcores { .. }
            | PlanError::CoresContradict { .. }
            | PlanError::StagesShareLcore { .. }
            | PlanError::UnknownLcore { .. }
            | PlanError::EmptyStage(_)
            | PlanError::IdleLcores { .. }
            | PlanError::TooFewTxQueues { .. }
    )
}

/// With a transmit queue for every core, placement by number of cores has nothing to refuse.
fn must_have_a_plan(request: &Request) -> bool {
    let placed = !matches!(request.model, ModelRequest::PipelineOn { .. });
    let enough_queues =
        request.ports.iter().all(|port| usize::from(port.tx_queues) >= request.lcores.len());
    placed && enough_queues && request.nb_cores.is_none()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_request_has_a_sound_plan_or_a_reason(request in requests()) {
        let plan = match request.plan() {
            Ok(plan) => plan,
            Err(error) => {
                prop_assert!(is_the_users(&error), "{error}");
                prop_assert!(!must_have_a_plan(&request), "{error}");
                return Ok(());
            }
        };
        // Said again here in other words than `validate`'s, so that neither covers for the other.
        let cores: Vec<_> = plan.workers.iter().map(|worker| worker.lcore).collect();
        prop_assert_eq!(cores.iter().collect::<BTreeSet<_>>().len(), cores.len());
        prop_assert!(cores.iter().all(|core| request.lcores.contains(core)));

        let streams: Vec<_> = plan.workers.iter()
            .flat_map(|worker| worker.streams.iter().map(move |stream| (worker.lcore, stream)))
            .collect();
        for port in &request.ports {
            for queue in (0..port.rx_queues).map(QueueId) {
                let source = Source::Rx(port.id, queue);
                prop_assert_eq!(streams.iter().filter(|(_, s)| s.source == source).count(), 1);
            }
            for queue in (0..port.tx_queues).map(QueueId) {
                let feeds = |s: &StreamPlan| s.sink.queues().any(|fed| fed == (port.id, queue));
                let users: BTreeSet<_> =
                    streams.iter().filter(|(_, s)| feeds(s)).map(|(core, _)| core).collect();
                prop_assert!(users.len() <= 1);
            }
        }
        for ring in (0..plan.rings.len()).map(RingId) {
            let source = Source::Ring(ring);
            prop_assert_eq!(streams.iter().filter(|(_, s)| s.source == source).count(), 1);
            let writers: BTreeSet<_> = streams.iter()
                .filter(|(_, s)| s.sink.rings().any(|r| r == ring)).map(|(core, _)| core).collect();
            prop_assert_eq!(writers.len(), 1);
            prop_assert!(plan.rings[ring.0].name.len() <= 28, "longer than rte_ring allows");
        }
        let depth = match plan.model {
            Model::Pipeline => 2,
            Model::Switch => usize::from(!plan.rings.is_empty()),
            Model::RunToCompletion => 0,
        };
        prop_assert_eq!(plan.depth(), depth);
        if plan.model == Model::Switch {
            // Every worker that receives reaches every port, and has a queue of its own where there are enough.
            let ports: Vec<_> = request.ports.iter().map(|port| port.id).collect();
            for (_, stream) in streams.iter().filter(|(_, s)| matches!(s.source, Source::Rx(..))) {
                let Sink::Exits(exits) = &stream.sink else { panic!("{stream:?}") };
                prop_assert_eq!(exits.iter().map(|exit| exit.port).collect::<Vec<_>>(), ports.clone());
            }
            let scarce = request.ports.iter().any(|p| usize::from(p.tx_queues) < plan.workers.len());
            prop_assert_eq!(plan.rings.is_empty(), !scarce);
        }
    }

    /// No stream of a plan is superfluous, and none may be there twice.
    #[test]
    fn a_stream_less_or_twice_is_found(request in requests(), which in any::<prop::sample::Index>()) {
        let Ok(plan) = request.plan() else { return Ok(()) };
        let places: Vec<_> = plan.workers.iter().enumerate()
            .flat_map(|(worker, w)| (0..w.streams.len()).map(move |stream| (worker, stream)))
            .collect();
        let &(worker, stream) = which.get(&places);

        let mut without = plan.clone();
        let removed = without.workers[worker].streams.remove(stream);
        let found = without.validate();
        let expected = match &removed.source {
            _ if without.workers[worker].streams.is_empty() => {
                matches!(found, Err(PlanError::IdleWorker(_)))
            }
            Source::Rx(..) => matches!(found, Err(PlanError::RxQueueNotPolled { .. })),
            _ => matches!(
                found,
                Err(PlanError::RingWithoutReader(_) | PlanError::RingWithoutWriter(_))
            ),
        };
        prop_assert!(expected, "{removed:?} removed: {found:?}");

        let mut twice = plan;
        twice.workers[worker].streams.push(removed.clone());
        let found = twice.validate();
        let expected = match &removed.source {
            Source::Rx(..) => matches!(found, Err(PlanError::RxQueuePolledTwice { .. })),
            _ => matches!(found, Err(PlanError::RingReadTwice(_))),
        };
        prop_assert!(expected, "{removed:?} repeated: {found:?}");
    }
}
