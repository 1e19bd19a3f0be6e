//! What a worker must not do, and the burst calls against their C twins.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]
#![allow(unsafe_code, reason = "the counting allocator and the C twins")]

mod common;

use common::{LCORES, on_main_lcore, pool};
use dataplane::batch::Batch;
use dataplane::engine::plan::{ModelRequest, PortRequest, Request};
use dataplane::forward::{Forwarding, MODES};
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::port::{Port, PortConfig, wire_pair};
use dataplane::runtime::{Dataplane, PoolSetup};
use dataplane::wire::ethernet::MacAddr;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts what threads other than EAL's main lcore and the test's own allocate and free.
struct Counting;

static ON_WORKERS: AtomicU64 = AtomicU64::new(0);

/// EAL names its lcore threads `lcore-worker-N` (22.11) or `dpdk-workerN` (since 23.07).
fn on_worker() -> bool {
    let mut name = [0_u8; 16];
    // SAFETY: PR_GET_NAME writes at most 16 bytes.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name.windows(6).any(|window| window == b"worker")
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ON_WORKERS.fetch_add(u64::from(on_worker()), Ordering::Relaxed);
        // SAFETY: the caller's promise is System's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ON_WORKERS.fetch_add(u64::from(on_worker()), Ordering::Relaxed);
        // SAFETY: the caller's promise is System's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counting_allocator_sees_workers() {
    on_main_lcore(|eal| {
        let before = ON_WORKERS.load(Ordering::Relaxed);
        eal.launch(LcoreId(1), || drop(std::hint::black_box(Box::new([7_u8; 100]))))
            .unwrap()
            .join()
            .unwrap();
        assert!(ON_WORKERS.load(Ordering::Relaxed) >= before + 2);
    });
}

#[test]
fn a_running_worker_neither_allocates_nor_frees() {
    on_main_lcore(|eal| {
        for (at, model) in
            [ModelRequest::RunToCompletion, ModelRequest::Pipeline].into_iter().enumerate()
        {
            let devices: Vec<String> = (0..2).map(|port| format!("net_null{at}{port}")).collect();
            let ports: Vec<_> = devices
                .iter()
                .map(|device| (Port::probe(eal, device).unwrap(), PortConfig::default()))
                .collect();
            let request = Request {
                model,
                ..Request::new(
                    ports
                        .iter()
                        .map(|(port, _)| PortRequest {
                            id: port.id(),
                            rx_queues: 1,
                            tx_queues: 1,
                            socket: SocketId(0),
                        })
                        .collect(),
                    (1..LCORES).map(LcoreId).collect(),
                )
            };
            let setup = PoolSetup { held: 4096, cache: 64, ..PoolSetup::default() };
            let mut forwarding = Forwarding::of(&MODES[0]);
            let mut dataplane = Dataplane::bring_up(
                eal,
                ports,
                request.plan().unwrap(),
                &setup,
                &mut |stream, ground| forwarding.job(stream, ground),
            )
            .unwrap();
            dataplane.engine.start().unwrap();
            // Launching takes the closure, and the first packets fill caches.
            std::thread::sleep(Duration::from_millis(100));
            let before = ON_WORKERS.load(Ordering::Relaxed);
            // Null devices take no timestamps.
            for mode in MODES.iter().filter(|mode| mode.name != "ieee1588") {
                forwarding.mode = mode;
                dataplane.set_jobs(&mut |stream, ground| forwarding.job(stream, ground)).unwrap();
                std::thread::sleep(Duration::from_millis(100));
            }
            assert_eq!(
                ON_WORKERS.load(Ordering::Relaxed),
                before,
                "allocations and frees on workers"
            );
            let sent: u64 =
                dataplane.engine.figures().streams().map(|stream| stream.figures.sent).sum();
            assert!(sent > 1000, "{sent} packets are no load");
            assert_eq!(dataplane.take_down().unwrap().missing, 0);
        }
    });
}

#[test]
fn bursts_in_rust_and_in_c_move_the_same_packets() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "twins", 1023);
        let (a, b) = wire_pair(eal, "twins", 2, (64, 64), SocketId::ANY).unwrap();
        let config = PortConfig { rx_queues: 2, tx_queues: 2, ..PortConfig::default() };
        let start = |mut port: Port<_>| {
            port.configure(&config, &pool).unwrap();
            port.start().map_err(|refused| refused.error).unwrap()
        };
        let ((a, mut a_queues), (b, mut b_queues)) = (start(a), start(b));
        for queue in [0_u16, 1] {
            for (count, taken) in [(1, 1), (32, 32), (100, 63)] {
                // Out by Rust, in by C.
                let mut batch = Batch::new();
                assert!(pool.alloc_bulk(&mut batch, count));
                assert_eq!(a_queues.tx[usize::from(queue)].tx_burst(&mut batch), taken);
                assert_eq!(batch.len(), count - taken);
                let mut mbufs = [std::ptr::null_mut(); 128];
                // SAFETY: the port is started, and this thread alone uses its queues.
                let got =
                    unsafe { dpdk_sys::pw_eth_rx_burst(b.id().0, queue, mbufs.as_mut_ptr(), 128) };
                assert_eq!(usize::from(got), taken);
                // Back by C, in by Rust, in the same order.
                // SAFETY: as above; the packets are this thread's.
                let sent =
                    unsafe { dpdk_sys::pw_eth_tx_burst(b.id().0, queue, mbufs.as_mut_ptr(), got) };
                assert_eq!(sent, got);
                let mut back = Batch::new();
                assert_eq!(a_queues.rx[usize::from(queue)].rx_burst(&mut back, 512), taken);
                let pointers: Vec<*const u8> =
                    back.iter().map(|mbuf| mbuf.data().as_ptr()).collect();
                // SAFETY: the packets are alive in `back`.
                let expected = mbufs[..taken].iter().map(|mbuf| unsafe {
                    let mut fields = dpdk_sys::pw_mbuf_fields::default();
                    dpdk_sys::pw_mbuf_fields_get(*mbuf, &mut fields);
                    fields.data.cast::<u8>().cast_const()
                });
                assert_eq!(pointers, expected.collect::<Vec<_>>());
                // A smaller limit takes fewer.
                assert_eq!(a_queues.tx[usize::from(queue)].tx_burst(&mut back), taken);
                let mut few = Batch::new();
                assert_eq!(b_queues.rx[usize::from(queue)].rx_burst(&mut few, 5), taken.min(5));
                few.clear();
                assert_eq!(
                    b_queues.rx[usize::from(queue)].rx_burst(&mut few, 512),
                    taken - taken.min(5)
                );
            }
        }
        a.stop(a_queues).map_err(|refused| refused.error).unwrap();
        b.stop(b_queues).map_err(|refused| refused.error).unwrap();
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn a_port_stops_only_with_all_its_queues() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "queues", 255);
        let (mut a, _b) = wire_pair(eal, "queues", 1, (64, 64), SocketId::ANY).unwrap();
        a.configure(&PortConfig::default(), &pool).unwrap();
        let (a, mut queues) = a.start().map_err(|refused| refused.error).unwrap();
        let kept = queues.rx.pop().unwrap();
        let refused = a.stop(queues).err().unwrap();
        assert!(refused.error.to_string().contains("all of its queues"));
        let (a, mut queues) = refused.given_back;
        queues.rx.push(kept);
        a.stop(queues).map_err(|refused| refused.error).unwrap();
    });
}

#[test]
fn more_queues_than_the_device_has_are_refused_with_the_number() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "many", 255);
        let (mut port, _other) = wire_pair(eal, "many", 2, (64, 64), SocketId::ANY).unwrap();
        let config = PortConfig { rx_queues: 3, ..PortConfig::default() };
        let error = port.configure(&config, &pool).unwrap_err().to_string();
        assert!(
            error.contains("at most 2 receive queues, 3 were asked for: use --rxq=2"),
            "{error}"
        );
        // The port is as it was and takes a configuration that fits.
        port.configure(&PortConfig { rx_queues: 2, ..config }, &pool).unwrap();
    });
}

#[test]
fn a_name_is_free_again_once_its_port_is_closed() {
    on_main_lcore(|eal| {
        for _ in 0..3 {
            drop(Port::probe(eal, "net_null99").unwrap());
            drop(wire_pair(eal, "again", 1, (64, 64), SocketId::ANY).unwrap());
        }
        let first = Port::probe(eal, "net_null99").unwrap();
        assert!(Port::probe(eal, "net_null99").is_err(), "one name, one device");
        assert_eq!(first.name(), "net_null99");
    });
}

#[test]
fn a_port_takes_the_address_it_is_given() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "address", 255);
        let mut port = Port::probe(eal, "net_null98").unwrap();
        let mac = MacAddr([2, 0xaa, 0, 0, 0, 1]);
        let config = PortConfig { mac: Some(mac), promiscuous: false, ..PortConfig::default() };
        port.configure(&config, &pool).unwrap();
        assert_eq!(port.mac().unwrap(), mac);
    });
}

#[test]
fn a_device_that_cannot_be_made_is_named() {
    on_main_lcore(|eal| {
        let error = Port::probe(eal, "net_nosuchdriver0").unwrap_err().to_string();
        assert!(error.contains("net_nosuchdriver0"), "{error}");
    });
}
