//! A memif's peer comes and goes in the middle of bursts, and while its port is closed at the other end.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

mod common;

use common::{on_main_lcore, pool};
use dataplane::batch::Batch;
use dataplane::eal::Eal;
use dataplane::engine::plan::{PortRequest, Request, Topology};
use dataplane::forward::{Forwarding, mode};
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::mempool::Mempool;
use dataplane::port::{Port, PortConfig, Queues, Started, Stopped};
use dataplane::runtime::{Dataplane, PoolSetup};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

const VISITS: usize = 50;
const BURST: usize = 32;

/// One end of the memif at a socket.
fn end(eal: &Eal, number: u32, role: &str, socket: &Path) -> Port<Stopped> {
    let socket = socket.display();
    let devargs = format!("net_memif{number},role={role},socket={socket},socket-abstract=no");
    Port::probe(eal, &devargs).unwrap()
}

/// A forwarder with one worker that sends back what comes over the memif.
fn echo(eal: &Eal, socket: &Path) -> Dataplane {
    let server = end(eal, 0, "server", socket);
    let port = PortRequest { id: server.id(), rx_queues: 1, tx_queues: 1, socket: SocketId(0) };
    let request =
        Request { topology: Topology::Loop, ..Request::new(vec![port], vec![LcoreId(1)]) };
    let setup = PoolSetup::default();
    let forwarding = Forwarding::of(mode("macswap").unwrap());
    let ports = vec![(server, PortConfig::default())];
    let make = &mut |at: dataplane::engine::StreamAt<'_>, ground: &_| forwarding.job(at, ground);
    Dataplane::bring_up(eal, ports, request.plan().unwrap(), &setup, make).unwrap()
}

/// A peer that sends until something came back, and leaves with packets on their way.
fn visit(eal: &Eal, pool: &Mempool, socket: &Path) -> u64 {
    let mut port = end(eal, 1, "client", socket);
    port.configure(&PortConfig::default(), pool).unwrap();
    let (port, mut queues): (Port<Started>, Queues) = port.start().unwrap();
    let (mut batch, mut back) = (Batch::new(), 0);
    let deadline = Instant::now() + Duration::from_secs(20);
    while back < 10 * BURST as u64 {
        assert!(Instant::now() < deadline, "nothing came back");
        assert!(pool.alloc_bulk(&mut batch, BURST));
        batch.iter_mut().for_each(|mbuf| mbuf.resize(60).unwrap().fill(0));
        queues.tx[0].tx_burst(&mut batch);
        batch.clear();
        back += queues.rx[0].rx_burst(&mut batch, BURST as u16) as u64;
        batch.clear();
    }
    drop(port.stop(queues).unwrap());
    back
}

#[test]
fn peers_come_and_go_in_the_middle_of_bursts() {
    on_main_lcore(|eal| {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("memif");
        let mut dataplane = echo(eal, &socket);
        let visitors = pool(eal, "visitors", 4096);
        dataplane.engine.start().unwrap();
        let over = AtomicBool::new(false);
        let came: u64 = scope(|threads| {
            // Others want the processors too, so that threads lose them anywhere.
            for _ in 0..3 {
                threads.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            let came = (0..VISITS).map(|_| visit(eal, &visitors, &socket)).sum();
            over.store(true, Ordering::Relaxed);
            came
        });
        dataplane.engine.health().unwrap();
        dataplane.engine.stop().unwrap();
        let figures = dataplane.engine.figures();
        let forwarded: u64 = figures.streams().map(|stream| stream.figures.sent).sum();
        assert!(forwarded >= came, "{forwarded} sent back, {came} came");
        assert_eq!(visitors.in_use(), 0);
        assert_eq!(dataplane.take_down().unwrap().missing, 0);
    });
}

/// What this process has open.
fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn a_server_that_goes_listens_no_more() {
    on_main_lcore(|eal| {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("memif");
        let guests = pool(eal, "guests", 1024);
        let before = open_files();
        for _ in 0..3 {
            let mut server = end(eal, 0, "server", &socket);
            server.configure(&PortConfig::default(), &guests).unwrap();
            let (server, queues) = server.start().unwrap();
            assert!(open_files() > before);
            drop(server.stop(queues).unwrap());
            assert!(!socket.exists());
        }
        assert_eq!(open_files(), before);
    });
}
