//! Tests of the plan, and the plans that they share.

mod broken;
mod build;
mod layout;
mod properties;
mod refused;

use super::*;
use std::collections::BTreeMap;

fn port(id: u16, rx_queues: u16, tx_queues: u16) -> PortRequest {
    PortRequest { id: PortId(id), rx_queues, tx_queues, socket: SocketId(0) }
}

fn lcores(range: std::ops::RangeInclusive<u32>) -> Vec<LcoreId> {
    range.map(LcoreId).collect()
}

/// Two ports of `queues` queues each way, lcores 1 to `cores`.
fn request(queues: u16, cores: u32, model: ModelRequest) -> Request {
    Request {
        model,
        ..Request::new(vec![port(0, queues, queues), port(1, queues, queues)], lcores(1..=cores))
    }
}

fn run_to_completion(queues: u16, cores: u32) -> Plan {
    request(queues, cores, ModelRequest::RunToCompletion).plan().unwrap()
}

fn pipeline(queues: u16, cores: u32) -> Plan {
    request(queues, cores, ModelRequest::Pipeline).plan().unwrap()
}

/// The generator sends on port 0 and measures on port 3, the forwarder joins 1 and 2.
fn demo() -> Plan {
    let mut request = request(1, 1, ModelRequest::RunToCompletion);
    request.ports = vec![port(1, 1, 1), port(2, 1, 1)];
    let mut plan = request.plan().unwrap();
    plan.add_traffic_port(&port(0, 0, 1));
    plan.add_traffic_port(&port(3, 1, 1));
    plan.add_sender(LcoreId(2), 0, (PortId(0), QueueId(0)));
    plan.add_receiver(LcoreId(2), (PortId(3), QueueId(0)));
    plan
}

/// The plan as `show config fwd` prints it on a machine of one NUMA node, with testpmd's default peers.
fn described(plan: &Plan) -> String {
    let surroundings = Surroundings {
        mode: "io",
        retry: None,
        socket: &|_| SocketId(0),
        peer: &|port| format!("02:00:00:00:00:{:02X}", port.0),
    };
    plan.describe(&surroundings).to_string()
}
