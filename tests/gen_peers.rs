//! `pollway gen` against other people's programs: dpdk-testpmd and a kernel's bridge as devices under test, and a kernel that asks it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::bridge::Bridge;
use lab::generator::{Generator, account, stream};
use lab::kernel::command_in;
use lab::{lacks, lacks_programs, run, skip};

#[test]
fn testpmd_is_a_device_under_test_over_memif() {
    let name = "testpmd_is_a_device_under_test_over_memif";
    if let Some(reason) = lacks_programs(&["dpdk-testpmd"]) {
        return skip(name, &reason);
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = |side: usize| folder.path().join(format!("memif{side}")).display().to_string();
    // A memif's server is connected before its client knows of it, and a client drops what it is to send until it knows. So
    // testpmd, which forwards whatever comes, is the server: when the generator has its links, the way is open to the end.
    let vdev = "role=server,socket-abstract=no";
    let vdevs = [0, 1].map(|side| format!("--vdev=net_memif{side},{vdev},socket={}", socket(side)));
    let vdevs = vdevs.each_ref().map(String::as_str);
    let eal = [&["--no-huge", "-m", "256"][..], &vdevs].concat();
    let mut testpmd = lab::testpmd::start(&eal, &["--total-num-mbufs=8191"]);
    testpmd.ask("start");
    // The rings hold all packets, and each is waited for as long as can be: none is lost while a program waits for its processor.
    let ports =
        [0, 1].map(|side| format!("[[port]]\ndevice = 'memif:{},rsize=14'\n", socket(side)));
    let config = folder.path().join("gen.toml");
    let text = format!(
        "{}[gen]\nmap = '1.[0-1]'\n[traffic]\nwait_ms = 10_000\n[[traffic.stream]]\nexpect = 1\nrate = '10k'\ncount = 10_000\n\
         size = 128\n",
        ports.concat()
    );
    std::fs::write(&config, text).unwrap();
    let generator = Generator::of_file().eal(&["--lcores", &lab::lcores(1, 1)]);
    let result = generator.with(&["--config", &config.display().to_string()]).run();
    let stream = stream(&result, 0);
    assert_eq!(account(stream, "received"), 10_000, "{stream:#}");
    assert_eq!(account(stream, "duplicated") + account(stream, "corrupted"), 0, "{stream:#}");
}

/// A generator on both ends of a bridge.
fn on(bridge: &Bridge) -> Generator {
    Generator::on(&bridge.devices().iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_kernels_bridge_is_measured_one_way() {
    if let Some(reason) = lacks(&["ip"]) {
        return skip("a_kernels_bridge_is_measured_one_way", &reason);
    }
    let bridge = Bridge::new("b", 2);
    let result = on(&bridge)
        .with(&["--rx-port", "1", "--rate", "2k", "--count", "4000", "--size", "256"])
        .run();
    let stream = stream(&result, 0);
    assert_eq!(stream["delay"]["path"], "one-way");
    assert_eq!(account(stream, "received"), 4000, "{stream:#}");
    assert_eq!(account(stream, "reordered"), 0, "{stream:#}");
    // A kernel takes longer for a packet than a microsecond.
    assert!(stream["delay"]["actual_ns"]["min"].as_u64().unwrap() > 1000, "{stream:#}");
}

#[test]
fn a_kernel_finds_the_generators_address_and_hears_its_ping() {
    let name = "a_kernel_finds_the_generators_address_and_hears_its_ping";
    if let Some(reason) = lacks(&["ip", "ping"]) {
        return skip(name, &reason);
    }
    let bridge = Bridge::new("a", 1);
    bridge.ip(&["address", "add", "198.18.0.2/24", "dev", "br0"]);
    let namespace = bridge.namespace();
    let sixth = "/proc/sys/net/ipv6/conf/br0/disable_ipv6";
    run(&mut command_in(&namespace, "sh", &["-c", &format!("echo 0 >{sixth}")]));
    bridge.ip(&["address", "add", "2001:2::2/64", "dev", "br0", "nodad"]);
    let mut running = on(&bridge).start();
    running.console.type_line(
        "set 0 src ip 198.18.0.1/24; set 0 src ip 2001:2::1/64; set 0 dst ip 198.18.0.9; set 0 rate 100; enable 0 icmp; start 0",
    );
    lab::wait_for("the sending", || running.console.stderr().contains("sending").then_some(()));
    for address in ["198.18.0.1", "2001:2::1"] {
        assert_eq!(lab::kernel::ping(&namespace, address, 5), 5, "{address}");
    }
    let result = running.interrupt();
    // Five pings each, and before them the question where the address is.
    let answered = &result["trials"][0]["result"]["answered"];
    assert!(answered.as_u64().unwrap() >= 12, "{answered}");
}

#[test]
fn netems_delay_is_found() {
    let name = "netems_delay_is_found";
    if let Some(reason) = lacks(&["ip", "tc"]) {
        return skip(name, &reason);
    }
    let bridge = Bridge::new("n", 2);
    let qdisc = ["qdisc", "add", "dev", "in1", "root", "netem", "delay", "5ms"];
    let added = command_in(&bridge.namespace(), "tc", &qdisc).output().unwrap();
    if !added.status.success() {
        return skip(name, "this kernel has no netem (CONFIG_NET_SCH_NETEM)");
    }
    let result = on(&bridge).with(&["--rx-port", "1", "--rate", "500", "--count", "500"]).run();
    let stream = stream(&result, 0);
    assert_eq!(account(stream, "received"), 500, "{stream:#}");
    assert!(stream["delay"]["actual_ns"]["min"].as_u64().unwrap() >= 5_000_000, "{stream:#}");
}

#[test]
fn a_link_that_goes_down_loses_packets_and_the_account_closes() {
    if let Some(reason) = lacks(&["ip"]) {
        return skip("a_link_that_goes_down_loses_packets_and_the_account_closes", &reason);
    }
    let bridge = Bridge::new("d", 2);
    let running =
        on(&bridge).with(&["--rx-port", "1", "--rate", "2k", "--duration", "600"]).start();
    let namespace = bridge.namespace();
    let received = || lab::kernel::Packets::of(&namespace, "in1").sent;
    lab::wait_for("packets through the bridge", || (received() > 500).then_some(()));
    run(&mut command_in(&namespace, "ip", &["link", "set", "in1", "down"]));
    let sent = || lab::kernel::Packets::of(&namespace, "in0").received;
    let before = sent();
    lab::wait_for("packets into the dead link", || (sent() > before + 500).then_some(()));
    let result = running.interrupt();
    let stream = stream(&result, 0);
    // The kernel's own packets are among those that were waited for.
    assert!(account(stream, "received") >= 400, "{stream:#}");
    assert!(account(stream, "lost") >= 400, "{stream:#}");
}
