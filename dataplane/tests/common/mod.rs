//! One EAL a test program, on a thread of its own: the tests hand it closures and it runs them one by one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a rig that cannot be built fails the test"
)]
#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod station;
pub(crate) mod switchboard;

use dataplane::eal::Eal;
use dataplane::forward::{ModeOptions, PortFacts, StreamContext};
use dataplane::lcore::{LcoreId, SocketId, cycles_hz};
use dataplane::mempool::{DEFAULT_MBUF_SIZE, Mempool, MempoolConfig};
use dataplane::port::PortId;
use dataplane::wire::ethernet::MacAddr;
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// How long anything gets that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The address of the port where a mode's packets leave, and of the station behind it.
pub(crate) const EGRESS: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);
pub(crate) const PEER: MacAddr = MacAddr([2, 0, 0, 0, 0, 8]);

type Task = Box<dyn FnOnce(&Eal) + Send>;

/// Worker lcores of the test programs: 1, 2 and 3, spread over the processors there are.
pub(crate) const LCORES: u32 = 4;

/// Runs `test` on EAL's main lcore.
pub(crate) fn on_main_lcore(test: impl FnOnce(&Eal) + Send + 'static) {
    static TASKS: OnceLock<Mutex<Sender<Task>>> = OnceLock::new();
    let tasks = TASKS.get_or_init(|| {
        let (sender, tasks) = channel::<Task>();
        std::thread::spawn(move || {
            let eal =
                Eal::init(&flags()).expect("EAL starts without hugepages, devices and rights");
            tasks.into_iter().for_each(|task| task(&eal));
        });
        Mutex::new(sender)
    });
    let (done, outcome) = channel();
    let task: Task = Box::new(move |eal| {
        let _ = done.send(catch_unwind(AssertUnwindSafe(|| test(eal))));
    });
    tasks.lock().unwrap().send(task).unwrap();
    if let Err(panic) = outcome.recv().expect("EAL's thread runs") {
        resume_unwind(panic);
    }
}

/// EAL without hugepages and devices, its lcores dealt over this process's processors.
pub(crate) fn flags() -> Vec<String> {
    let allowed = rustix::thread::sched_getaffinity(None).unwrap();
    let processors: Vec<usize> = (0..1024).filter(|cpu| allowed.is_set(*cpu)).collect();
    let place = |lcore: u32| format!("{lcore}@{}", processors[lcore as usize % processors.len()]);
    let lcores: Vec<String> = (0..LCORES).map(place).collect();
    let flags =
        ["--no-huge", "-m", "512", "--no-shconf", "--no-pci", "--no-telemetry", "--log-level", "4"];
    flags.into_iter().map(str::to_owned).chain(["--lcores".to_owned(), lcores.join(",")]).collect()
}

/// A pool of `mbufs` packets with small caches.
pub(crate) fn pool(eal: &Eal, name: &str, mbufs: u32) -> Mempool {
    let config = MempoolConfig {
        name: name.to_owned(),
        mbufs,
        cache: 32,
        mbuf_size: DEFAULT_MBUF_SIZE,
        socket: SocketId::ANY,
    };
    Mempool::new(eal, &config).unwrap()
}

/// What a mode is told of a stream whose packets come from `pool`, of which it may hold half.
pub(crate) fn context<'a>(pool: &'a Mempool, options: &'a ModeOptions) -> StreamContext<'a> {
    let port = |id, mac| PortFacts {
        id: PortId(id),
        mac,
        socket: SocketId::ANY,
        tx_offloads: 0,
        brings_long: false,
    };
    StreamContext {
        number: 0,
        lcore: LcoreId(1),
        ingress: port(0, MacAddr([2, 0, 0, 0, 0, 7])),
        egress: port(1, EGRESS),
        peer_mac: PEER,
        pool,
        spare: pool.size() / 2,
        burst: 32,
        tsc_hz: NonZeroU64::new(cycles_hz()).unwrap(),
        options,
    }
}
