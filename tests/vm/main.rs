//! Pollway on real drivers: a guest with emulated NICs behind an IOMMU, whose other ends this test holds. Which hardware it
//! has says `machine`; `prepare.sh` makes it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

#[macro_use]
mod test;

mod apply;
mod container;
mod dev;
mod doctor;
mod drivers;
mod frames;
mod generator;
mod guest;
#[path = "../lab/mod.rs"]
mod lab;
mod link;
mod machine;
#[allow(dead_code, reason = "the demo uses the rest")]
#[path = "../../cli/src/demo/namespaces.rs"]
mod namespaces;
mod ports;
mod qmp;
mod queues;
mod vfs;
mod vhost;
mod wire;

use guest::{Forwarder, Guest};
use machine::Nic;
use std::process::ExitCode;

fn main() -> ExitCode {
    let modules = [
        apply::TESTS,
        container::TESTS,
        dev::TESTS,
        doctor::TESTS,
        doctor::hardware::TESTS,
        drivers::TESTS,
        generator::TESTS,
        link::TESTS,
        ports::TESTS,
        queues::TESTS,
        // It takes a guest more, as two of the last do.
        vhost::routing::TESTS,
        vfs::TESTS,
        vhost::link::TESTS,
        vhost::TESTS,
    ];
    test::run(modules.into_iter().flatten()).exit_code()
}

/// What a forwarder is told in order to take these devices, and no others.
fn allow(addresses: &[&str]) -> String {
    addresses.iter().map(|address| format!("--allow {address} ")).collect()
}

/// Carries frames of many lengths through a forwarder, both ways; each arrives unchanged, and the ports count them.
fn crosses_both_ways(guest: &Guest, forwarder: &mut Forwarder, nics: &[Nic; 2]) {
    const FRAMES: u16 = 300;
    for ports in [[0, 1], [1, 0]] {
        let [from, to] = ports.map(|port: usize| guest.wire(&nics[port]));
        from.wait_for_path(to, &frames::udp(frames::ANYBODY, 60, 1)[0]);
        let figures = |forwarder: &mut Forwarder| {
            [(ports[0], "RX-packets"), (ports[1], "TX-packets")]
                .map(|(port, name)| forwarder.shell.port_figure(port, name))
        };
        let before = figures(forwarder);
        from.carry(to, &frames::of_all_lengths(FRAMES));
        let after = figures(forwarder);
        assert_eq!([0, 1].map(|at| after[at] - before[at]), [u64::from(FRAMES); 2]);
    }
}
