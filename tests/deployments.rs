//! The deployments of conf/deployments/, each as its page under docs/deployments/ has it: the switch by its configuration, and what
//! runs in its containers, here beside each other on one machine.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::{fwd, own_prefix, report};
use lab::generator::{Generator, account, stream};
use lab::kernel::{command_in, ping};
use lab::{hugepages_are_there, lacks, lcores, run, skip, wait_for};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

const CONF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../conf/deployments");
const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/deployments");

/// Why a deployment cannot be tried here.
fn missing() -> Option<String> {
    lacks(&["ip", "ethtool", "ping"]).or_else(|| {
        (!hugepages_are_there()).then(|| {
            "no free hugepages on /dev/hugepages, and containers share their memory: scripts/hugepages.sh reserve 512"
                .to_owned()
        })
    })
}

/// A program without a prompt.
struct Program {
    console: Console,
    prefix: String,
}

impl Program {
    /// The switch of a configuration, with a file prefix that no other test has.
    fn switch(name: &str) -> Self {
        let prefix = own_prefix();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
        command.args(["switch", "--no-telemetry", "--json", "--file-prefix", &prefix]);
        command.args(["--lcores", &lcores(1, 1), "-m", "256"]);
        command.arg("--config").arg(format!("{CONF}/{name}.toml"));
        let program = Self { console: Console::start(&mut command), prefix };
        wait_for("the switch", || program.ask(&["show", "config", "cores"]).map(drop));
        program
    }

    /// What runs in a container with these sockets.
    fn container(sockets: &[&str], mode: &str) -> Self {
        let prefix = own_prefix();
        let mut command = fwd(&prefix);
        command.args(["--json", "--lcores", &lcores(1, 0), "-m", "256", "--forward-mode", mode]);
        for socket in sockets {
            wait_for(socket, || Path::new(socket).exists().then_some(()));
            command.args(["--port", &format!("virtio-user:{socket}")]);
        }
        Self { console: Console::start(&mut command), prefix }
    }

    /// What it answers over its control socket.
    fn ask(&self, words: &[&str]) -> Option<Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
        command.args(["ctl", "--json", "--file-prefix", &self.prefix]).args(words);
        let output = command.output().unwrap();
        output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
    }

    fn end(self) -> Value {
        let Self { console, prefix } = self;
        report(console.signal(Signal::INT), &prefix)
    }
}

/// Two kernels, each behind an interface that a configuration names; gone when dropped.
struct Kernels;

const ENDS: [(&str, &str); 2] = [("left", "10.94.0.1"), ("right", "10.94.0.2")];

impl Kernels {
    fn new() -> Self {
        let kernels = Self;
        for (side, address) in ENDS {
            let (namespace, outer) = (format!("pwd-{side}"), format!("pw-{side}"));
            let ip = |words: &[&str]| run(Command::new("ip").args(words));
            ip(&["netns", "add", &namespace]);
            ip(&[
                "link", "add", &outer, "type", "veth", "peer", "name", "eth0", "netns", &namespace,
            ]);
            ip(&["link", "set", &outer, "up", "promisc", "on"]);
            run(&mut command_in(&namespace, "ip", &["link", "set", "eth0", "up"]));
            run(&mut command_in(&namespace, "ethtool", &["-K", "eth0", "tx", "off"]));
            let address = format!("{address}/24");
            run(&mut command_in(&namespace, "ip", &["addr", "add", &address, "dev", "eth0"]));
        }
        kernels
    }
}

impl Drop for Kernels {
    fn drop(&mut self) {
        for (side, _) in ENDS {
            // Not `run`: a panic here would hide the one that failed the test. The pair goes with its inner end.
            let _ = Command::new("ip").args(["link", "del", &format!("pw-{side}")]).output();
            let _ = Command::new("ip").args(["netns", "del", &format!("pwd-{side}")]).output();
        }
    }
}

/// Pings from the left kernel to the right one until that works, and then counts.
fn ping_through() {
    wait_for("an answer through the containers", || {
        let once = ["-c", "1", "-W", "1", ENDS[1].1];
        let answered = command_in("pwd-left", "ping", &once).output().unwrap();
        answered.status.success().then_some(())
    });
    assert_eq!(ping("pwd-left", ENDS[1].1, 20), 20);
}

#[test]
fn each_deployment_has_a_page_and_a_sound_configuration() {
    let names = |folder: &str, ending: &str| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries
            .map(|name| name.into_string().unwrap().strip_suffix(ending).unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let configurations = names(CONF, ".toml");
    assert_eq!(configurations, ["chain", "figure9", "guest", "two-containers"]);
    assert_eq!(names(PAGES, ".md"), configurations);
    for name in configurations {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
        let checked = run(command.args(["check", "--json"]).arg(format!("{CONF}/{name}.toml")));
        let checked: Value = serde_json::from_str(&checked).unwrap();
        assert_eq!(checked["mode"], "switch", "{name}");
    }
}

#[test]
fn figure9() {
    if let Some(reason) = missing() {
        return skip("figure9", &reason);
    }
    let _kernels = Kernels::new();
    let switch = Program::switch("figure9");
    let sockets = ["/run/pollway-figure9-0.sock", "/run/pollway-figure9-1.sock"];
    let container = Program::container(&sockets, "io");
    ping_through();
    let inside = container.end();
    for port in 0..2 {
        let forwarded = &inside["forward_stats"]["ports"][port];
        assert!(forwarded["rx_packets"].as_u64() >= Some(20), "{forwarded}");
    }

    // A container that comes back finds the switch as it was.
    let container = Program::container(&sockets, "io");
    ping_through();
    container.end();
    let stats = switch.ask(&["show", "switch", "stats"]).unwrap();
    let ports = stats["ports"].as_array().unwrap();
    assert!(ports.iter().all(|port| port["received"].as_u64() >= Some(40)), "{stats}");
    assert_eq!(switch.end()["mbufs_missing"], 0);
    assert!(sockets.iter().all(|socket| !Path::new(socket).exists()));
}

#[test]
fn chain() {
    if let Some(reason) = missing() {
        return skip("chain", &reason);
    }
    let _kernels = Kernels::new();
    let switch = Program::switch("chain");
    let containers: Vec<Program> = (0..3)
        .map(|container| {
            let sockets =
                ["a", "b"].map(|side| format!("/run/pollway-chain-{container}{side}.sock"));
            Program::container(&sockets.each_ref().map(String::as_str), "io")
        })
        .collect();
    ping_through();
    containers.into_iter().for_each(|container| assert_eq!(container.end()["mbufs_missing"], 0));
    let stats = switch.ask(&["show", "switch", "stats"]).unwrap();
    let ports = stats["ports"].as_array().unwrap();
    assert!(ports.iter().all(|port| port["received"].as_u64() >= Some(20)), "{stats}");
    assert_eq!(switch.end()["mbufs_missing"], 0);
}

#[test]
fn two_containers() {
    if let Some(reason) = missing() {
        return skip("two_containers", &reason);
    }
    let switch = Program::switch("two-containers");
    let answering = Program::container(&["/run/pollway-two-0.sock"], "macswap");
    let asking = Generator::on(&["virtio-user:/run/pollway-two-1.sock"]).eal(&["-m", "256"]);
    let result = asking.obey("enable 0 latency; set 0 rate 1k; set 0 count 500; start 0");
    let counted = ["sent", "received"].map(|figure| account(stream(&result, 0), figure));
    assert_eq!(counted, [500, 500], "{result}");
    let known = switch.ask(&["show", "fdb"]).unwrap();
    let mut behind: Vec<&Value> =
        known.as_array().unwrap().iter().map(|entry| &entry["port"]).collect();
    behind.sort_by_key(|port| port.as_u64());
    assert_eq!(behind, [&json!(0), &json!(1)], "{known}");
    answering.end();
    assert_eq!(switch.end()["mbufs_missing"], 0);
}
