//! What outlives the handles of pools and of EAL.

use super::common::{flags, pool};
use super::{number, numbered};
use dataplane::eal::Eal;
use dataplane::lcore::SocketId;
use dataplane::port::wire_pair;
use std::env;
use std::process::Command;

/// Runs `test` in a process of its own, as it ends EAL: the test runs itself again, and the second time does the work.
fn alone(name: &str, test: impl FnOnce()) {
    if env::var_os("POLLWAY_TEST_ALONE").is_some() {
        return test();
    }
    let mut again = Command::new(env::current_exe().unwrap());
    let run = again.args([name, "--exact"]).env("POLLWAY_TEST_ALONE", "1").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success() && said.contains("1 passed"), "{:?}\n{said}", run.status);
}

#[test]
fn a_packet_outlives_every_handle() {
    alone("handles::a_packet_outlives_every_handle", || {
        let eal = Eal::init(&flags()).unwrap();
        let pool = pool(&eal, "late", 63);
        let mbuf = numbered(&pool, 42);
        drop(pool);
        drop(eal);
        assert_eq!(number(&mbuf), 42);
    });
}

#[test]
fn in_process_ports_outlive_every_other_handle() {
    alone("handles::in_process_ports_outlive_every_other_handle", || {
        let eal = Eal::init(&flags()).unwrap();
        let (a, b) = wire_pair(&eal, "last", 1, (64, 64), SocketId::ANY).unwrap();
        drop(eal);
        assert_eq!(a.name(), "net_ring_last_a");
        drop(a);
        drop(b);
    });
}
