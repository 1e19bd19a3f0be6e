//! `pollway switch` as a user has it: rules, addresses and ports from its configuration, its shell and its control socket.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::capture::{DST, Files, Frame, SRC, udp};
use lab::console::{Console, Ended};
use lab::forwarder::{own_prefix, report};
use lab::lcores;
use lab::shell::Shell;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A switch that runs, with what it sends by its ports.
struct Switch {
    shell: Shell,
    prefix: String,
    /// Of each port what comes and what leaves.
    files: Vec<Files>,
}

impl Switch {
    /// One whose ports receive these frames, one set after the other, when forwarding starts.
    fn of(received: &[&[Frame]], config: &str) -> Self {
        let files: Vec<Files> = received.iter().map(|frames| Files::new(frames)).collect();
        let ports = files.iter().map(|files| {
            format!("[[port]]\ndevice = \"pcap:{},tx={}\"\n", files.input(), files.output())
        });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("switch.toml");
        // What a port is to the switch stands behind the port: `{0}` is its place.
        let mut text = config.to_owned();
        for (number, port) in ports.enumerate() {
            let place = format!("#{number}#\n");
            assert!(text.contains(&place), "no {place}");
            text = text.replace(&place, &port);
        }
        fs::write(&file, text).unwrap();
        let prefix = own_prefix();
        let mut command = pollway(&["switch", "--no-pci", "--no-telemetry", "--file-prefix"]);
        command.args([&prefix, "--lcores", &lcores(1, 1), "-i", "--json", "--config"]).arg(&file);
        Self { shell: Shell::of(Console::start(&mut command), "pollway> "), prefix, files }
    }

    fn json(&mut self, command: &str) -> Value {
        let answer = self.shell.ask(&format!("{command} --json"));
        serde_json::from_str(&answer).unwrap_or_else(|why| panic!("{why}: {answer}"))
    }

    /// Ends it; returns what left by each port, and the report.
    fn end(self) -> (Vec<Vec<Frame>>, Value) {
        let ended: Ended = self.shell.console.close();
        let report = report(ended, &self.prefix);
        (self.files.iter().map(Files::sent).collect(), report)
    }
}

fn pollway(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
    command.args(arguments);
    command
}

#[test]
fn rules_of_the_configuration_and_of_the_shell_join_ports() {
    let frames: Vec<Frame> = (0..300).map(|number| udp(1, number, 80)).collect();
    let config = "#0#\n#1#\n#2#\n[switch]\nflows = [\"in_port=0,actions=output:1\", \"priority=0,actions=drop\"]\n";
    let mut switch = Switch::of(&[&frames, &frames, &[]], config);
    for (line, expected) in [
        ("flow add in_port=1,udp,tp_dst=2000,actions=output:2", ""),
        ("add-flow br0 in_port=2,actions=NORMAL", ""),
        ("flow add in_port=1,actions=outptu:2", "outptu"),
        ("flow add in_port=1,udp,actions=group:7", "7"),
        ("group add group_id=7,type=all,bucket=output:0,bucket=output:2", ""),
        ("group dump", " group_id=7,type=all,bucket=actions=output:0,bucket=actions=output:2\n"),
        ("flow mod in_port=2,actions=drop", "1 rules changed\n"),
        ("flow del in_port=2", "1 rules deleted\n"),
        ("set fwd mac", "a switch forwards by its rules"),
        ("start tx_first", "a switch makes no packets of its own"),
    ] {
        let answer = switch.shell.ask(line);
        assert!(
            answer.contains(expected) && (!expected.is_empty() || answer.is_empty()),
            "{line}: {answer}"
        );
    }
    assert!(switch.shell.ask("start").starts_with("switch packet forwarding - ports=3"));
    switch.shell.wait_for_figure(0, "RX-packets", 300);
    switch.shell.wait_for_figure(1, "RX-packets", 300);
    lab::wait_for("the rules' counts", || {
        let rules = switch.json("dump-flows br0");
        let packets = |at: usize| rules[at]["packets"].as_u64();
        (packets(0) == Some(300) && packets(1) == Some(300)).then_some(())
    });
    let dump = switch.shell.ask("flow dump in_port=0");
    assert!(dump.contains("n_packets=300, n_bytes=24000,"), "{dump}");
    assert!(dump.ends_with(" in_port=0 actions=output:1\n"), "{dump}");
    let stats = switch.json("show switch stats");
    assert_eq!(
        stats["ports"][2],
        json!({ "port": 2, "received": 0, "sent": 300, "full": 0, "no_link": 0, "bad_descriptor": 0 })
    );
    let (sent, report) = switch.end();
    assert_eq!(sent, [vec![], frames.clone(), frames]);
    assert_eq!(report["forward_mode"], "switch");
    assert_eq!(report["forward_stats"]["ports"][1]["tx_packets"], 300);
    assert_eq!(report["mbufs_missing"], 0);
}

#[test]
fn it_learns_and_keeps_to_what_ports_are() {
    let frames = [udp(1, 0, 80)];
    let answers = [[&SRC[..], &DST, &frames[0][12..]].concat()];
    let config = "
#0#
switch = { access = 7 }
#1#
switch = { trunk = [7, 9] }
#2#
switch = { access = 9, rate = { bytes_per_second = 1000000, burst = 2000 } }
[switch]
aging = 60
mac = [{ mac = \"02:00:00:00:00:09\", port = 2, vlan = 9 }]
";
    let mut switch = Switch::of(&[&frames, &[], &answers], config);
    let ports = switch.shell.ask("show switch ports");
    assert_eq!(
        ports,
        "Port 0: access 7\nPort 1: trunk 7,9\n\
         Port 2: access 9, burst_bytes=2000, rate_bytes_per_second=1000000\n"
    );
    switch.shell.ask("start");
    lab::wait_for("both addresses", || {
        (switch.json("show fdb").as_array().unwrap().len() == 3).then_some(())
    });
    let known: Vec<Value> = switch.json("show fdb").as_array().unwrap().clone();
    let places = known.iter().map(|entry| json!([entry["port"], entry["vlan"], entry["mac"]]));
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            json!([0, 7, "02:aa:00:00:00:01"]),
            json!([2, 9, "02:00:00:00:00:09"]),
            json!([2, 9, "02:bb:00:00:00:02"])
        ]
    );
    for (line, expected) in [
        ("fdb flush vlan 9", "1 addresses forgotten\n"),
        ("fdb add 02:00:00:00:00:05 0 7", ""),
        ("fdb add 03:00:00:00:00:05 0 7", "is the address of a group"),
        ("fdb add 02:00:00:00:00:05 9", "Invalid port 9"),
        ("set switch port 1 isolated on", ""),
        ("set switch port 1 storm broadcast 100", ""),
        ("set switch port 1 retry 3 delay 5", ""),
        ("set switch port 1 retry 3000000 delay 5", "give fewer tries or a shorter delay"),
        ("set switch mirror both 0 to 1", ""),
        ("set switch mirror both 0 to 0", "cannot be mirrored to itself"),
        ("set switch port 0 rate 5 burst 5", "never lets a full frame pass"),
        ("show fdb stats", "Addresses: 1 learned of 8192 at most, 2 set by hand\n"),
    ] {
        let answer = switch.shell.ask(line);
        assert!(
            answer.contains(expected) && (!expected.is_empty() || answer.is_empty()),
            "{line}: {answer}"
        );
    }
    let ports = switch.json("show switch ports");
    assert_eq!(
        (&ports[1]["isolated"], &ports[1]["limits"]),
        (&json!(true), &json!({ "broadcast_pps": 100, "retry_delay_us": 5, "retry_times": 3 }))
    );
    // Flooded in the VLAN: by the trunk with its tag, by the other access port not.
    let (sent, _) = switch.end();
    let tagged =
        |frame: &Frame, vlan: u8| [&frame[..12], &[0x81, 0, 0, vlan], &frame[12..]].concat();
    assert_eq!(sent[1].len(), 2);
    assert!(sent[1].contains(&tagged(&frames[0], 7)) && sent[1].contains(&tagged(&answers[0], 9)));
    assert_eq!((&sent[0], &sent[2]), (&vec![], &vec![]));
}

#[test]
fn ports_join_and_leave_a_switch_that_runs() {
    let mut switch = Switch::of(&[&[], &[]], "#0#\n#1#\n[switch]\n");
    switch.shell.ask("start");
    assert!(switch.shell.ask("port add null:").starts_with("Port 2 is added; the others rested"));
    switch.shell.ask("flow add in_port=2,actions=drop");
    switch.shell.wait_for_figure(2, "RX-packets", 1000);
    assert!(switch.shell.ask("set switch port 2 access 5").is_empty());
    // What was counted before a change counts on after it.
    let received = |stats: Value| stats["ports"][2]["received"].as_u64().unwrap();
    let before = received(switch.json("show switch stats"));
    assert!(before > 0);
    assert!(switch.shell.ask("port add ring:other").starts_with("Port 3 is added"));
    assert!(received(switch.json("show switch stats")) > before);
    assert!(switch.shell.ask("port remove 3").starts_with("Port 3 is removed"));
    assert!(switch.shell.ask("port remove 2").starts_with("Port 2 is removed; the others rested"));
    assert_eq!(switch.json("show switch ports").as_array().unwrap().len(), 2);
    assert!(switch.shell.ask("port add ring:again").starts_with("Port 2 is added"));
    // What port 2 was before is forgotten.
    assert_eq!(switch.json("show switch ports")[2]["vlan"], "trunk all");
    let (_, report) = switch.end();
    assert_eq!(report["mbufs_missing"], 0);
}

#[test]
fn what_cannot_be_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("switch.toml");
    let run = |subcommand: &str, more: &[&str], text: &str| {
        fs::write(&file, text).unwrap();
        let mut command = pollway(&[subcommand]);
        if subcommand == "check" {
            command.arg(&file);
        } else {
            command.arg("--config").arg(&file);
        }
        let output = command.args(more).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let ports = "port = [{ device = \"null:\" }, { device = \"null:\" }]\neal = { lcores = \"0-1\", no_pci = true }\n";
    for (text, expected) in [
        ("[switch]\nflows = [\"in_port=0,actions=resubmit(,1)\"]\n", "switch.flows[0] = in_port=0"),
        ("[switch]\nflows = [\"actions=group:3\"]\n", "switch.flows[0] = actions=group:3: "),
        ("[switch]\naging = 0\n", "an aging time below a second"),
        (
            "[switch]\nmac = [{ mac = \"02:00\", port = 0 }]\n",
            "switch.mac[0].mac = 02:00: not a MAC address",
        ),
        ("[switch]\n[fwd]\nmode = \"mac\"\n", "fwd.mode: a switch has neither modes nor pairs"),
    ] {
        let (code, stderr) = run("check", &[], &format!("{ports}{text}"));
        assert_eq!(code, 2, "{text}: {stderr}");
        assert!(stderr.contains(expected), "{text}: {stderr}");
    }
    let (code, stderr) = run("fwd", &[], &format!("{ports}[switch]\n"));
    assert_eq!(code, 2);
    assert!(stderr.contains("is a switch's configuration: pollway switch --config"), "{stderr}");
    let (code, stderr) = run("switch", &["--forward-mode=io"], ports);
    assert_eq!(code, 2);
    assert!(stderr.contains("--forward-mode: a switch has neither modes"), "{stderr}");
    let checked = pollway(&["check", "--json"]).arg(&file).output().unwrap();
    assert!(Path::new(&file).exists() && checked.status.success());
    fs::write(&file, format!("{ports}[switch]\n")).unwrap();
    let checked = pollway(&["check", "--json"]).arg(&file).output().unwrap();
    let plan: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((&plan["mode"], &plan["plan"]["model"]), (&json!("switch"), &json!("switch")));
}
