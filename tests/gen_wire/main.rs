//! What `pollway gen` sends, as other people's programs read it: tshark field by field, and the bytes of a capture.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod fields;
#[path = "../lab/mod.rs"]
mod lab;

use lab::console::Console;
use lab::generator::{Generator, stream};
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
