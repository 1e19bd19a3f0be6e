//! Whether the ports, queues and lcores that are named are there.

use super::cores::CoreMap;
use crate::failure::Failure;
use crate::lcores;
use dataplane::lcore::LcoreId;
use dataplane::port::PortId;
use dataplane::traffic::spec::TrafficSpec;

/// Whether the lcores and ports of a map are there.
///
/// # Errors
///
/// [`Failure::Input`] naming the first that is not.
pub(super) fn in_map(map: &CoreMap, workers: &[LcoreId], ports: &[PortId]) -> Result<(), Failure> {
    if let Some(absent) = map.lcores().find(|lcore| !workers.contains(lcore)) {
        return Err(Failure::input(anyhow::anyhow!(
            "-m names lcore {absent}, which is no worker of this run; there are {}: name one of them, or more with -l",
            lcores::list(workers.iter())
        )));
    }
    if let Some(absent) = map.0.keys().find(|port| !ports.contains(port)) {
        return Err(Failure::input(anyhow::anyhow!(
            "-m names port {absent}, which is not there; there are {}",
            lcores::list(ports.iter())
        )));
    }
    if let Some(absent) = ports.iter().find(|port| map.of(**port).is_none()) {
        return Err(Failure::input(anyhow::anyhow!(
            "-m names no lcore for port {absent}; add one, as in -m {}.{absent}",
            workers.first().copied().unwrap_or(LcoreId(1))
        )));
    }
    Ok(())
}

/// Whether the ports and queues of a trial are there.
///
/// # Errors
///
/// [`Failure::Input`] naming the first that is not.
pub(super) fn in_traffic(
    traffic: &TrafficSpec,
    ports: &[PortId],
    map: &CoreMap,
) -> Result<(), Failure> {
    let there = |who: &str, port: u16| match ports.contains(&PortId(port)) {
        true => Ok(()),
        false => Err(Failure::input(anyhow::anyhow!(
            "{who}: there is no port {port}; there are {}",
            lcores::list(ports.iter())
        ))),
    };
    for (number, stream) in traffic.stream.iter().enumerate() {
        let who = format!("stream {number}");
        there(&who, stream.port)?;
        stream.expect.map_or(Ok(()), |port| there(&who, port))?;
        let queues = map.of(PortId(stream.port)).map_or(0, |cores| cores.transmit.len());
        if usize::from(stream.queue) >= queues {
            return Err(Failure::input(anyhow::anyhow!(
                "{who}: port {} has no transmit queue {}; it has {queues}, one for each lcore that sends on it (-m)",
                stream.port,
                stream.queue
            )));
        }
    }
    for host in &traffic.host {
        there(&format!("host {}", host.ip), host.port)?;
    }
    for (place, capture) in traffic.capture.iter().enumerate() {
        let who = format!("capture {}", capture.file.display());
        there(&who, capture.port)?;
        let mut before = traffic.capture.iter().take(place);
        if before.any(|other| other.port == capture.port) {
            return Err(Failure::input(anyhow::anyhow!(
                "{who}: port {} is captured already; name it once",
                capture.port
            )));
        }
    }
    Ok(())
}
