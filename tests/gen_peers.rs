//! `pollway gen` against other people's programs: a kernel's bridge as device under test, and tshark, which reads what was
//! sent.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::bridge::Bridge;
use lab::console::Console;
use lab::generator::{Generator, account, stream};
use lab::kernel::command_in;
use lab::{lacks, lacks_programs, run, skip};
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapReader, PcapWriter};
use pcap_file::{DataLink, TsResolution};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LAYERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../conf/gen/layers.toml");

/// Sends what a file describes into a capture file.
fn captured(config: &str, folder: &Path) -> std::path::PathBuf {
    let out = folder.join("sent.pcap");
    let text = std::fs::read_to_string(config).unwrap();
    // The sample's port hears itself; this one writes.
    let text = text.replace("ring:layers", &format!("pcap:,tx={}", out.display()));
    let file = folder.join("wire.toml");
    std::fs::write(&file, text).unwrap();
    Generator::of_file().with(&["--config", &file.display().to_string()]).run();
    out
}

/// What tshark reads of a capture file: the fields of each packet, checksums checked.
fn dissected(file: &Path, fields: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-T", "fields", "-E", "separator=;"]);
    for check in ["ip.check_checksum", "udp.check_checksum", "tcp.check_checksum"] {
        command.args(["-o", &format!("{check}:TRUE")]);
    }
    fields.iter().for_each(|field| {
        command.args(["-e", field]);
    });
    let said = run(&mut command);
    said.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect()
}

#[test]
fn tshark_reads_every_layer_as_it_was_asked_for() {
    let name = "tshark_reads_every_layer_as_it_was_asked_for";
    if let Some(reason) = lacks_programs(&["tshark"]) {
        return skip(name, &reason);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = captured(LAYERS, folder.path());
    let fields = [
        "frame.protocols",
        "frame.len",
        "ieee8021ad.id",
        "vlan.id",
        "vlan.priority",
        "mpls.label",
        "ip.dsfield.dscp",
        "ip.ttl",
        "tcp.dstport",
        "tcp.flags.syn",
        "gre.key",
        "vxlan.vni",
        "gtp.teid",
        "ipv6.dst",
        "arp.opcode",
        "ip.checksum.status",
        "udp.checksum.status",
        "tcp.checksum.status",
        "icmpv6.checksum.status",
        "_ws.malformed",
    ];
    let packets = dissected(&file, &fields);
    assert_eq!(packets.len(), 8 * 500);
    let place = |name: &str| fields.iter().position(|field| *field == name).unwrap();
    let mut kinds: BTreeMap<&str, Vec<&Vec<String>>> = BTreeMap::new();
    for packet in &packets {
        // Good, or left out: `1` and `2`. Outer and inner ones are joined by commas.
        for sum in ["ip", "udp", "tcp", "icmpv6"].map(|it| place(&format!("{it}.checksum.status")))
        {
            let statuses = packet[sum].split(',').filter(|status| !status.is_empty());
            assert!(statuses.clone().all(|status| ["1", "3"].contains(&status)), "{packet:?}");
        }
        assert_eq!(packet[place("_ws.malformed")], "", "{packet:?}");
        let protocols = packet[0].trim_end_matches(":data");
        kinds.entry(protocols).or_default().push(packet);
    }
    let of = |protocols: &str| {
        let kind = kinds.get(protocols);
        let kind = kind.unwrap_or_else(|| panic!("no {protocols} in {:?}", kinds.keys()));
        assert_eq!(kind.len(), 500, "{protocols}");
        kind
    };
    let values = |protocols: &str, field: &str| -> Vec<&str> {
        of(protocols).iter().map(|packet| packet[place(field)].as_str()).collect()
    };
    let all = |protocols: &str, field: &str, value: &str| {
        assert!(values(protocols, field).iter().all(|it| *it == value), "{protocols} {field}");
    };
    let vlan = "eth:ethertype:vlan:ethertype:ip:udp";
    assert_eq!(values(vlan, "vlan.id")[..6], ["5", "6", "7", "5", "6", "7"]);
    all(vlan, "vlan.priority", "3");
    all(vlan, "frame.len", "124");
    let qinq = kinds.keys().find(|kind| kind.ends_with("ip:tcp") && kind.contains("vlan"));
    let qinq = *qinq.unwrap_or_else(|| panic!("no QinQ in {:?}", kinds.keys()));
    all(qinq, "ieee8021ad.id", "100");
    all(qinq, "vlan.id", "5");
    all(qinq, "ip.dsfield.dscp", "46");
    all(qinq, "ip.ttl", "9");
    all(qinq, "tcp.flags.syn", "1");
    assert_eq!(values(qinq, "tcp.dstport")[..6], ["8000", "8010", "8020", "8030", "8040", "8000"]);
    all("eth:ethertype:mpls:ip:udp", "mpls.label", "1000");
    all("eth:ethertype:ipv6:icmpv6", "ipv6.dst", "2001:2::9");
    all("eth:ethertype:ip:gre:ip:udp", "gre.key", "0x00000007");
    let vxlan = "eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:tcp";
    all(vxlan, "vxlan.vni", "42");
    all(vxlan, "frame.len", "252");
    let gtp = "eth:ethertype:ip:udp:gtp:ip:udp";
    assert_eq!(
        values(gtp, "gtp.teid")[..5],
        ["0x00000001", "0x00000002", "0x00000003", "0x00000004", "0x00000001"]
    );
    all("eth:ethertype:arp", "arp.opcode", "1");
    all("eth:ethertype:arp", "frame.len", "60");
}

#[test]
fn a_device_fills_in_checksums_where_it_offers_to() {
    const COUNT: usize = 200;
    let name = "a_device_fills_in_checksums_where_it_offers_to";
    if let Some(reason) = lacks(&["ip", "tcpdump", "tshark"]) {
        return skip(name, &reason);
    }
    let folder = tempfile::tempdir().unwrap();
    let (tap, file) = (format!("pwc-{}", lab::tag()), folder.path().join("sent.pcap"));
    let mut running = Generator::on(&[&format!("tap:{tap}")]).start();
    let interface = Path::new("/sys/class/net").join(&tap);
    lab::wait_for("the tap", || interface.exists().then_some(()));
    run(Command::new("ip").args(["link", "set", &tap, "up"]));
    let kinds = ["proto udp", "proto tcp", "type ipv6", "proto udp"];
    let all = (kinds.len() * COUNT).to_string();
    let mut capture = Command::new("tcpdump");
    // What came from the device, not what the kernel says to it; room for all of it, should tcpdump wait for its processor.
    capture.args(["-i", &tap, "-Q", "in", "-c", &all, "-s", "256", "-B", "8192", "-U", "-w"]);
    capture.arg(&file);
    let mut capture = Console::start(&mut capture);
    lab::wait_for("tcpdump", || capture.stderr().contains("listening on").then_some(()));
    let setup = format!("set 0 size 128; set 0 rate 2k; set 0 count {COUNT}; enable 0 random");
    running.console.type_line(&setup);
    for kind in kinds {
        running.console.type_line(&format!("set 0 {kind}; start 0"));
        // The last line of the trial's table.
        running.console.wait_for("valid ");
    }
    assert_eq!(capture.wait().status.code(), Some(0));
    let result = running.end();
    for trial in result["trials"].as_array().unwrap() {
        let sending = &trial["result"]["streams"][0]["sending"];
        assert_eq!((&sending["checksums"], &sending["packets"]), (&"device".into(), &COUNT.into()));
    }
    let fields = [
        "ip.version",
        "ipv6.version",
        "ip.checksum.status",
        "udp.checksum.status",
        "tcp.checksum.status",
    ];
    let mut kinds: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for packet in dissected(&file, &fields) {
        *kinds.entry(packet).or_default() += 1;
    }
    // 1 is good; the fields of what a packet has not are empty.
    let kind = |fields: &str| (fields.split(';').map(str::to_owned).collect::<Vec<_>>(), COUNT);
    let right = ["4;;1;1;", "4;;1;;1", "6;6;;1;", "6;6;;;1"].map(kind);
    assert_eq!(kinds, right.into_iter().collect());
}

#[test]
fn a_capture_file_arrives_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("in.pcap"), folder.path().join("out.pcap"));
    let header = PcapHeader {
        datalink: DataLink::ETHERNET,
        ts_resolution: TsResolution::NanoSecond,
        ..PcapHeader::default()
    };
    let mut writer = PcapWriter::with_header(File::create(&file).unwrap(), header).unwrap();
    let packets: Vec<Vec<u8>> = (0..400_u32)
        .map(|number| (0..60 + number % 1400).map(|at| (at * 7 + number) as u8).collect())
        .collect();
    for (number, packet) in (0u64..).zip(&packets) {
        let at = Duration::from_micros(number * 50);
        let bytes = packet.len() as u32;
        writer.write_packet(&PcapPacket::new(at, bytes, packet)).unwrap();
    }
    drop(writer);
    let config = folder.path().join("replay.toml");
    let text = format!(
        "[eal]\nlcores = '0-1'\n[[port]]\ndevice = 'pcap:,tx={}'\n[gen]\nmap = '1.0'\n[[traffic.stream]]\n\
         replay = {{ file = '{}', loops = 2 }}\n",
        out.display(),
        file.display()
    );
    std::fs::write(&config, text).unwrap();
    let result = Generator::of_file().with(&["--config", &config.display().to_string()]).run();
    assert_eq!(stream(&result, 0)["sending"]["packets"], 800);
    assert!(stream(&result, 0)["account"].is_null());
    let mut reader = PcapReader::new(File::open(out).unwrap()).unwrap();
    let mut sent: Vec<Vec<u8>> = Vec::new();
    while let Some(packet) = reader.next_packet() {
        sent.push(packet.unwrap().data.into_owned());
    }
    assert_eq!(sent, [packets.clone(), packets].concat());
}

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
    let mut running = on(&bridge).start();
    running.console.type_line(
        "set 0 src ip 198.18.0.1/24; set 0 dst ip 198.18.0.9; set 0 rate 100; enable 0 icmp; start 0",
    );
    lab::wait_for("the sending", || running.console.stderr().contains("sending").then_some(()));
    assert_eq!(lab::kernel::ping(&bridge.namespace(), "198.18.0.1", 5), 5);
    let result = running.interrupt();
    // Five pings, and before them the question where the address is.
    let answered = &result["trials"][0]["result"]["answered"];
    assert!(answered.as_u64().unwrap() >= 6, "{answered}");
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
