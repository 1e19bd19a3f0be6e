//! A running system becomes what a configuration says, or stays exactly what it was.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;
#[allow(dead_code, reason = "the demo uses the rest")]
#[path = "../cli/src/demo/namespaces.rs"]
mod namespaces;

use lab::console::Console;
use lab::forwarder::{own_prefix, report};
use lab::kernel::Datagrams;
use lab::neighbours::Neighbours;
use lab::shell::Shell;
use lab::{lacks, lcores, skip, tag};
use namespaces::Namespaces;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use tempfile::TempDir;

/// A program that runs by a configuration, which is applied again in other forms.
struct Rig {
    shell: Shell,
    prefix: String,
    folder: TempDir,
}

impl Rig {
    fn start(subcommand: &str, config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("first.toml");
        fs::write(&file, config).unwrap();
        let prefix = own_prefix();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
        command.args([subcommand, "--no-pci", "--no-telemetry", "--file-prefix", &prefix]);
        command.args(["--lcores", &lcores(2, 1), "-i", "--auto-start", "--json", "--config"]);
        command.arg(&file);
        Self { shell: Shell::of(Console::start(&mut command), "pollway> "), prefix, folder }
    }

    /// Applies a configuration; what is answered.
    fn apply(&mut self, config: &str, more: &str) -> Value {
        let file = self.folder.path().join("next.toml");
        fs::write(&file, config).unwrap();
        self.json(&format!("apply {}{more}", file.display()))
    }

    fn json(&mut self, command: &str) -> Value {
        let answer = self.shell.ask(&format!("{command} --json"));
        serde_json::from_str(&answer).unwrap_or_else(|why| panic!("{why}: {answer}"))
    }

    /// All that a configuration has a say in.
    fn state(&mut self) -> Vec<Value> {
        let pages = ["show port summary all", "show config fwd", "show config rxtx"];
        let mut state: Vec<Value> = pages.map(|page| self.json(page)).to_vec();
        for port in state[0]["ports"].as_array_mut().unwrap() {
            // A device that was made again has another address.
            port.as_object_mut().unwrap().remove("mac");
        }
        let mut rules = self.json("flow dump");
        for rule in rules.as_array_mut().into_iter().flatten() {
            let rule = rule.as_object_mut().unwrap();
            for count in ["duration_s", "idle_age_s", "hard_age_s", "packets", "bytes"] {
                rule.remove(count);
            }
        }
        state.push(rules);
        for page in ["group dump", "show fdb", "show switch ports"] {
            state.push(self.json(page));
        }
        state
    }

    fn end(self) -> Value {
        report(self.shell.console.close(), &self.prefix)
    }
}

#[test]
fn a_forwarder_becomes_what_a_configuration_says_while_kernels_talk() {
    let name = "a_forwarder_becomes_what_a_configuration_says_while_kernels_talk";
    if let Some(reason) = lacks(&["ip", "ethtool"]) {
        return skip(name, &reason);
    }
    let rig = Namespaces::new(&tag()).unwrap();
    let [a, b] = rig.ends();
    let pair = format!(
        "[[port]]\ndevice = \"af_packet:{}\"\n[[port]]\ndevice = \"af_packet:{}\"\n",
        a.outer, b.outer
    );
    let mut forwarder = Rig::start("fwd", &pair);
    let traffic = Datagrams::start(&a.namespace, &b.namespace, &b.address);
    traffic.wait_for(100);
    assert_eq!(forwarder.apply(&pair, ""), json!({ "steps": [], "outcome": "applied" }));

    let more = format!(
        "{}rxq_lcores = [2]\n[[port]]\ndevice = \"null:\"\n[[port]]\ndevice = \"ring:plug\"\n[fwd]\nburst = 16\n",
        pair
    );
    let steps = [
        "add port 2 (null:)",
        "add port 3 (ring:plug)",
        "forward ports 0, 1, 2, 3",
        "lay out: topology paired, cores all, burst 16",
        "place receive queues: 1/0 on lcore 2",
    ];
    let before = forwarder.state();
    let shown = forwarder.apply(&more, " --dry-run");
    assert_eq!(shown, json!({ "steps": steps, "outcome": "shown" }));
    assert_eq!(forwarder.state(), before);
    assert_eq!(forwarder.apply(&more, ""), json!({ "steps": steps, "outcome": "applied" }));
    traffic.wait_for(100);
    assert_eq!(forwarder.apply(&more, "")["steps"], json!([]));

    // A step that fails takes those before it back, whichever it is.
    let before = forwarder.state();
    for (change, step) in [
        (
            "[[port]]\ndevice = \"pcap:/nonexistent/file\"\n",
            "add port 4 (pcap:/nonexistent/file): ",
        ),
        (
            "[[port]]\ndevice = \"ring:more\"\n[[port]]\ndevice = \"pcap:/nonexistent/file\"\n",
            "add port 5 (pcap:/nonexistent/file): ",
        ),
        ("[[port]]\ndevice = \"ring:more\"\nrxq_lcores = [7]\n", "place receive queues: "),
    ] {
        let config = more.replace("[fwd]\nburst = 16\n", change);
        let failed = forwarder.apply(&config, "");
        let words = failed["error"].as_str().unwrap_or_else(|| panic!("{failed}"));
        assert!(words.starts_with(step), "{words}");
        assert!(words.ends_with("; everything is as it was before"), "{words}");
        assert_eq!(forwarder.state(), before, "{change}");
        traffic.wait_for(100);
    }

    // What only a start can change is said, and nothing else changes with it. Flags are above the file, there as here.
    for (section, named) in [
        ("[fwd]\nmbcache = 64\nring_size = 4096\n", "fwd.mbcache, fwd.ring_size cannot change"),
        ("[eal]\nmemory_mb = 64\nfile_prefix = \"x\"\n", "[eal] cannot change"),
        ("[control]\nmode = \"0666\"\n", "[control] cannot change"),
    ] {
        for more in ["", " --dry-run"] {
            let refused = forwarder.apply(&format!("{pair}{section}"), more);
            let words = refused["error"].as_str().unwrap_or_else(|| panic!("{refused}"));
            assert!(words.contains(named), "{words}");
        }
        assert_eq!(forwarder.state(), before, "{section}");
    }
    let flags = format!("{pair}[eal]\nfile_prefix = \"x\"\n");
    assert_eq!(forwarder.apply(&flags, " --dry-run")["outcome"], "shown");

    // And back to what it began with.
    let back = forwarder.apply(&pair, "");
    assert_eq!(back["outcome"], "applied", "{back}");
    traffic.wait_for(100);
    traffic.finish();
    assert_eq!(forwarder.end()["mbufs_missing"], 0);
}

#[test]
fn a_switch_becomes_what_a_configuration_says_or_stays_what_it_was() {
    let first = "
[[port]]
device = \"ring:a\"
[[port]]
device = \"ring:b\"
[switch]
groups = [\"group_id=1,type=all,bucket=output:1\"]
flows = [\"in_port=0,actions=group:1\", \"in_port=1,actions=output:0\"]
mac = [{ mac = \"02:00:00:00:00:01\", port = 0 }]
";
    let next = "
[[port]]
device = \"ring:a\"
switch = { access = 5 }
[[port]]
device = \"ring:b\"
[[port]]
device = \"ring:c\"
[switch]
aging = 60
groups = [\"group_id=2,type=all,bucket=output:2\"]
flows = [\"in_port=0,actions=group:2\", \"in_port=2,priority=9,actions=normal\"]
mirror = [{ received = [0], to = 1 }]
";
    let mut switch = Rig::start("switch", first);
    assert_eq!(switch.apply(first, "")["steps"], json!([]));
    let before = switch.state();
    let taken = switch.apply(next, "");
    assert_eq!(taken["outcome"], "applied", "{taken}");
    assert_eq!(switch.apply(next, "")["steps"], json!([]));
    assert!(switch.shell.ask("show switch ports").starts_with("Port 0: access 5\n"));
    let back = switch.apply(first, "");
    assert_eq!(back["outcome"], "applied", "{back}");
    assert_eq!(switch.state(), before);

    // What is wrong in itself is no step at all; what the system refuses is taken back.
    let wrong = switch.apply(&first.replace("group:1", "group:9"), "");
    assert!(wrong["error"].as_str().unwrap().contains("switch.flows[0]"), "{wrong}");
    let failing = next.replace("device = \"ring:c\"", "device = \"pcap:/nonexistent/file\"");
    let failed = switch.apply(&failing, "");
    assert!(
        failed["error"].as_str().unwrap().ends_with("everything is as it was before"),
        "{failed}"
    );
    assert_eq!(switch.state(), before);
    let kind = switch.apply("[[port]]\ndevice = \"ring:a\"\n", "");
    assert!(
        kind["error"].as_str().unwrap().contains("is a forwarder's, and a switch runs"),
        "{kind}"
    );
    switch.end();
}

#[test]
fn a_switch_becomes_other_switches_while_guests_talk() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name).display().to_string());
    let ports = format!("[[port]]\ndevice = \"vhost:{a}\"\n[[port]]\ndevice = \"vhost:{b}\"\n");
    let first = format!("{ports}[switch]\nflows = [\"in_port=0,actions=output:1\"]\n");
    // Another port receives without end and floods, one gets copies, and a queue changes its lcore.
    let next = format!(
        "{ports}rxq_lcores = [2]
[[port]]
device = \"null:\"
[[port]]
device = \"ring:copies\"
[switch]
aging = 60
groups = [\"group_id=1,type=all,bucket=output:1\"]
flows = [\"in_port=0,actions=group:1\", \"priority=7,in_port=2,actions=output:3\"]
mirror = [{{ received = [1], sent = [0], to = 3 }}]
"
    );
    let failing = next.replace("ring:copies", "pcap:/nonexistent/file");
    let mut switch = Rig::start("switch", &first);
    let neighbours = Neighbours::start(&switch.shell.console, [(0, &a), (1, &b)]);
    for _ in 0..3 {
        for (config, outcome) in [(&next, "applied"), (&first, "applied"), (&failing, "failed")] {
            let answer = switch.apply(config, "");
            let failed = answer["error"].as_str();
            assert_eq!(failed.map_or("applied", |_| "failed"), outcome, "{answer}");
            neighbours.are_served();
        }
    }
    neighbours.finish();
    switch.end();
}
