//! Pages of ports, queues and devices, and what is set on them, word for word against dpdk-testpmd on the same devices.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::own_prefix;
use lab::kernel::VethPair;
use lab::shell::Shell;
use lab::{lacks, lacks_programs, lcores, skip, tag};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// What is typed, in this order: later commands show what earlier ones set.
const COMMANDS: &[&str] = &[
    "show port info 0",
    "show port info all",
    "show port summary all",
    "show port summary 0",
    "show port stats 0",
    "show port xstats 0",
    "show port dcb_tc all",
    "show port 0 rx_offload capabilities",
    "show port 0 tx_offload capabilities",
    "show port 0 rx_offload configuration",
    "show port 0 tx_offload configuration",
    "show port 0 rss-hash",
    "show port 0 rss-hash key",
    "show port 0 rss reta 128 (0xf,0x1)",
    "show port 0 rss reta 128 (0xf)",
    "show port 0 rss reta 512 (0xf)",
    "show port 0 flow_ctrl",
    "show port 0 macs",
    "show port 0 mcast_macs",
    "show port 0 ptypes",
    "show port 0 eeprom",
    "show port 0 module_eeprom",
    "show rxq info 0 0",
    "show txq info 0 0",
    "show rxq info 0 5",
    "show port 0 rxq 0 desc 0 status",
    "show port 0 txq 0 desc 0 status",
    "show port 0 rxq 0 desc used count",
    "read rxd 0 0 0",
    "read txd 0 0 0",
    "show config rxtx",
    "show config cores",
    "show device info all",
    "dump_struct_sizes",
    "dump_devargs",
    "dump_ring nothing",
    "dump_mempool nothing",
    "mac_addr add 0 02:00:00:00:00:11",
    "mac_addr set 0 02:00:00:00:00:12",
    "mac_addr set 0 01:00:00:00:00:12",
    "mac_addr remove 0 02:00:00:00:00:11",
    "show port 0 macs",
    "mcast_addr add 0 01:00:5e:00:00:01",
    "mcast_addr add 0 01:00:5e:00:00:02",
    "mcast_addr add 0 01:00:5e:00:00:01",
    "mcast_addr add 0 02:00:5e:00:00:01",
    "show port 0 mcast_macs",
    "mcast_addr remove 0 01:00:5e:00:00:01",
    "mcast_addr remove 0 01:00:5e:00:00:01",
    "show port 0 mcast_macs",
    "vlan set strip on 0",
    "vlan set filter on 0",
    "vlan set extend on 0",
    "vlan set qinq_strip on 0",
    "vlan set stripq on 0,0",
    "vlan set stripq on 0",
    "vlan set inner tpid 0x8100 0",
    "vlan set outer tpid 0x88a8 0",
    "tx_vlan set 0 5",
    "tx_vlan set 0 5 6",
    "tx_vlan reset 0",
    "rx_vlan add 5 0",
    "rx_vlan add all 0",
    "rx_vlan rm 5 0",
    "rx_vlan add 5000 0",
    "show port info 0",
    "set flow_ctrl rx on tx on 1 2 3 1 mac_ctrl_frame_fwd on autoneg on 0",
    "set flow_ctrl rx off 0",
    "set flow_ctrl high_water 5 0",
    "show port 0 flow_ctrl",
    "set port 0 ptype_mask 0",
    "set stat_qmap rx 0 0 1",
    "set stat_qmap tx 0 0 16",
    "set stat_qmap tx 0 9 1",
    "set port 0 queue 0 rate 10",
    "set promisc 0 off",
    "set promisc all on",
    "set allmulti 0 on",
    "set allmulti all off",
    "set link-down port 0",
    "set link-up port 0",
    "show port info 0",
    "set xstats-hide-zero on",
    "show port xstats 0",
    "set record-core-cycles on",
    "set record-burst-stats off",
    "port stop 0",
    "tx_vlan set 0 5000",
    "tx_vlan set 0 5 6",
    "tx_vlan set 0 5",
    "port start 0",
    "show port 0 rx_offload configuration",
];

#[test]
fn on_null_and_ring_ports() {
    compare("on_null_and_ring_ports", &["net_null0,size=128", "net_ring0"]);
}

#[test]
fn on_a_tap() {
    if let Some(reason) = lacks(&["ip"]) {
        return skip("pages on_a_tap", &reason);
    }
    compare("on_a_tap", &[&format!("net_tap0,iface=pg{}", tag())]);
}

#[test]
fn on_a_packet_socket() {
    if let Some(reason) = lacks(&["ip"]) {
        return skip("pages on_a_packet_socket", &reason);
    }
    let pair = VethPair::new();
    compare("on_a_packet_socket", &[&format!("net_af_packet0,iface={}", pair.one)]);
}

#[test]
fn on_files_and_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // An empty capture: a classic header of version 2.4 and no packet.
    let header =
        [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];
    fs::write(path("in.pcap"), header).unwrap();
    for device in [
        format!("net_pcap0,rx_pcap={},tx_pcap={}", path("in.pcap"), path("out.pcap")),
        format!("net_memif0,role=server,socket-abstract=no,socket={}", path("memif")),
        format!("net_vhost0,iface={}", path("vhost")),
    ] {
        compare("on_files_and_sockets", &[&device]);
    }
}

/// Has both programs answer all commands on the same devices, one program after the other.
fn compare(test: &str, devices: &[&str]) {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip(&format!("pages {test}"), &reason);
    }
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("dpdk-testpmd");
    symlink(env!("CARGO_BIN_EXE_pollway"), &ours).unwrap();
    let theirs = answers(Path::new("dpdk-testpmd"), devices, &["--disable-link-check"]);
    let ours = answers(&ours, devices, &[]);
    for ((command, ours), theirs) in COMMANDS.iter().zip(&ours).zip(&theirs) {
        assert_eq!(
            ours, theirs,
            "{command} on {devices:?}: ours is the first, testpmd's the second"
        );
    }
}

/// What a program answers on stdout and stderr together, with the figures masked that differ from start to start.
fn answers(program: &Path, devices: &[&str], own: &[&str]) -> Vec<String> {
    let mut command = Command::new("sh");
    command.args(["-c", "exec stdbuf -o0 \"$@\" 2>&1", "sh"]).arg(program);
    command.args(["--no-pci", "--no-telemetry", "--no-huge", "-m", "256"]);
    command.args(["--lcores", &lcores(1, 0), "--file-prefix", &own_prefix()]);
    command.args(devices.iter().flat_map(|device| ["--vdev", device]));
    command.args(["--", "-i", "--total-num-mbufs=4096"]).args(own);
    let mut shell = Shell::of(Console::start(&mut command), "testpmd> ");
    let answers = COMMANDS.iter().map(|command| masked(&shell.ask(command))).collect();
    // The other program takes the same sockets and interfaces.
    assert_eq!(shell.console.close().status.code(), Some(0), "{program:?}");
    answers
}

fn masked(answer: &str) -> String {
    let word = |word: &str| {
        let is_mac =
            word.len() == 17 && word.split(':').all(|byte| u8::from_str_radix(byte, 16).is_ok());
        if is_mac {
            "MAC".to_owned()
        } else if word.starts_with("desc=") {
            // Ours says what was asked of a driver that does not say what it has; testpmd's asks for no number.
            "desc=N".to_owned()
        } else {
            word.to_owned()
        }
    };
    let line =
        |line: &str| line.trim_end_matches('\r').split(' ').map(word).collect::<Vec<_>>().join(" ");
    // DPDK's own log may come before a page's title or after it; testpmd is told not to wait for links, and configures a
    // port again also when what was asked of it was refused.
    let aside = ["VHOST_CONFIG: ", "Checking link statuses...", "Configuring Port "];
    let shown = |line: &&str| !aside.iter().any(|beginning| line.starts_with(beginning));
    let lines = answer.lines().filter(shown);
    lines.map(line).collect::<Vec<_>>().join("\n")
}
