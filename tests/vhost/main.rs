//! vhost-user ports with guests that come, go, are killed and come back: DPDK's own virtio-user in dpdk-testpmd, and guests
//! written by hand where there have to be many.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod going;
#[path = "../lab/mod.rs"]
mod lab;
mod long;

use lab::forwarder::{Forwarder, fwd, own_prefix};
use lab::shell::Shell;
use lab::{hugepages_are_there, lacks_programs, skip, testpmd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use tempfile::TempDir;

/// What the forwarder needs; a guest's memory is the guest's.
const SMALL: [&str; 3] = ["--no-huge", "-m", "256"];

fn folder() -> (TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, move |name: &str| path.join(name).display().to_string())
}

/// Why testpmd cannot be a guest here.
fn no_testpmd() -> Option<String> {
    lacks_programs(&["dpdk-testpmd", "stdbuf"]).or_else(|| {
        let reason =
            "no free hugepages on /dev/hugepages, without which testpmd has no memory to share";
        (!hugepages_are_there()).then(|| reason.to_owned())
    })
}

/// testpmd as a guest at a socket, with options of its virtio-user device.
fn guest(path: &str, options: &str, flags: &[&str]) -> Shell {
    let vdev = format!("net_virtio_user0,path={path}{options}");
    testpmd::start(&["-m", "256", "--single-file-segments", "--vdev", &vdev], flags)
}

/// Has a guest send packets that the forwarder sends back, some rounds of them.
fn bounce(peer: &mut Shell, forwarder: &mut Shell, sent_before: u64) -> u64 {
    lab::wait_for("testpmd's link", || {
        peer.ask("show port info 0").contains("Link status: up").then_some(())
    });
    lab::wait_for("the forwarder's link", || {
        forwarder.ask("show port info 0").contains("Link status: up").then_some(())
    });
    peer.ask("set fwd rxonly");
    for round in 1..=3 {
        peer.ask("start tx_first 2");
        forwarder.wait_for_figure(0, "TX-packets", sent_before + round * 64);
        peer.wait_for_figure(0, "RX-packets", round * 64);
        peer.ask("stop");
    }
    sent_before + 3 * 64
}

#[test]
fn every_ring_format_with_testpmd() {
    if let Some(reason) = no_testpmd() {
        return skip("every_ring_format_with_testpmd", &reason);
    }
    let (_folder, path) = folder();
    let socket = path("sock");
    let device = format!("vhost:{socket}");
    let mut forwarder =
        Forwarder::on(&[&device], &[&SMALL[..], &["--forward-mode=macswap"]].concat());
    let mut sent = 0;
    for (options, format, has, lacks) in [
        (",mrg_rxbuf=0,in_order=0", "split", "version_1", "mrg_rxbuf"),
        (",mrg_rxbuf=1,in_order=1", "split", "mrg_rxbuf", "packed_vq"),
        (",packed_vq=1,mrg_rxbuf=1,in_order=0", "packed", "mrg_rxbuf", "in_order"),
        (",packed_vq=1,mrg_rxbuf=0,in_order=1", "packed", "in_order", "mrg_rxbuf"),
    ] {
        let mut peer = guest(&socket, options, &[]);
        sent = bounce(&mut peer, &mut forwarder.shell, sent);
        let page = forwarder.shell.ask("show vhost 0");
        let line = |name: &str| {
            let found = page.lines().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_else(|| panic!("no {name} in {page}"))
        };
        assert_eq!(line("Ring format: "), format);
        let taken: Vec<&str> = line("Features: ").split(' ').collect();
        assert!(taken.contains(&has) && !taken.contains(&lacks), "{options}: {page}");
        assert!(line("Memory: ").contains(" MiB at 0x"), "{page}");
        // 192 packets of 64 bytes each way, since this guest came.
        for ring in ["Ring 0 (queue 0, to the guest): ", "Ring 1 (queue 0, from the guest): "] {
            let (_, counts) = page.split_once(ring).unwrap();
            let counts: Vec<&str> = counts.lines().take(4).map(str::trim).collect();
            assert!(counts[0].ends_with(" of 256 available"), "{page}");
            for count in ["good_packets: 192", "good_bytes: 12288", "size_64_packets: 192"] {
                assert!(counts.contains(&count), "no {count} in {page}");
            }
        }
        peer.console.close();
    }
    forwarder.stop();
}

#[test]
fn two_queues_with_testpmd() {
    if let Some(reason) = no_testpmd() {
        return skip("two_queues_with_testpmd", &reason);
    }
    let (_folder, path) = folder();
    let socket = path("sock");
    let flags = ["--forward-mode=macswap", "--rxq=2", "--txq=2"];
    let mut forwarder =
        Forwarder::on(&[&format!("vhost:{socket}")], &[&SMALL[..], &flags].concat());
    let mut peer = guest(&socket, ",queues=2,packed_vq=1", &["--rxq=2", "--txq=2"]);
    lab::wait_for("four rings", || {
        let page = forwarder.shell.ask("show vhost 0");
        (page.matches(" of 256 available").count() == 4).then_some(())
    });
    bounce(&mut peer, &mut forwarder.shell, 0);
    let page = forwarder.shell.ask("show vhost 0");
    assert!(page.contains("Features: ") && page.contains(" mq "), "{page}");
    peer.console.close();
    forwarder.stop();
}

#[test]
fn what_is_withheld_is_not_taken() {
    if let Some(reason) = no_testpmd() {
        return skip("what_is_withheld_is_not_taken", &reason);
    }
    let (_folder, path) = folder();
    let socket = path("sock");
    let device = format!("vhost:{socket},packed_vq=0,csum=0,mode=0600");
    let mut forwarder =
        Forwarder::on(&[&device], &[&SMALL[..], &["--forward-mode=macswap"]].concat());
    let page = forwarder.shell.ask("show vhost all");
    let offered = page.lines().find_map(|line| line.strip_prefix("Offered: ")).unwrap();
    let offered: Vec<&str> = offered.split(' ').collect();
    for (feature, is_offered) in
        [("packed_vq", false), ("csum", false), ("host_ufo", false), ("guest_csum", true)]
    {
        assert_eq!(offered.contains(&feature), is_offered, "{feature}: {page}");
    }
    assert!(page.ends_with("Guest: none\n"), "{page}");
    // A guest that wants packed rings falls back on split ones.
    let mut peer = guest(&socket, ",packed_vq=1", &[]);
    bounce(&mut peer, &mut forwarder.shell, 0);
    assert!(forwarder.shell.ask("show vhost 0").contains("Ring format: split\n"));
    peer.console.close();
    assert!(forwarder.shell.ask("show vhost 7").starts_with("Invalid port 7"));
    forwarder.stop();
}

#[test]
fn a_socket_is_made_as_it_is_asked_for() {
    let (_folder, path) = folder();
    let socket = path("sock");
    drop(UnixListener::bind(&socket).unwrap());
    let device = format!("vhost:{socket},mode=0620,group=65534");
    let forwarder = Forwarder::prepare(&[&device], &SMALL);
    let said = forwarder.shell.console.stderr();
    let removed = format!("pollway: {socket}: removed the socket of a program that is gone\n");
    assert!(said.contains(&removed), "{said}");
    let facts = std::fs::metadata(&socket).unwrap();
    assert_eq!(facts.permissions().mode() & 0o777, 0o620);
    if rustix::process::geteuid().is_root() {
        assert_eq!(facts.gid(), 65534);
    }
    // Another program is told who has it.
    let taken = refused(&format!("vhost:{socket}"));
    let pid = forwarder.shell.console.pid();
    let has = format!(
        "pollway (process {pid}) listens at {socket} already; stop it, or name another path"
    );
    assert!(taken.contains(&has), "{taken}");
    forwarder.stop();
    assert!(!Path::new(&socket).exists());
    let unknown = refused(&format!("vhost:{socket},owner=nobody-here"));
    assert!(
        unknown.contains(&format!("{socket}: there is no user 'nobody-here' for the socket")),
        "{unknown}"
    );
}

/// What a forwarder says of a device that it refuses.
fn refused(device: &str) -> String {
    let output = fwd(&own_prefix()).args(SMALL).args(["--port", device]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{device}");
    String::from_utf8(output.stderr).unwrap()
}
