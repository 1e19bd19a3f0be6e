//! The image of the Dockerfile, built on a base made on this machine: it runs the demo on the host's hugepages, containers of it are
//! guests of a switch, and its ports work with few rights.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a rig that cannot be built fails the test"
)]

#[path = "../lab/mod.rs"]
mod lab;
#[allow(dead_code, reason = "the demo uses the rest")]
#[path = "../../cli/src/demo/namespaces.rs"]
mod namespaces;
mod unprivileged;

use std::process::{Command, Output, Stdio};

use lab::capture::udp;
use lab::console::Console;
use lab::forwarder::{Forwarder, own_prefix};
use lab::frontend::Frontend;
use lab::neighbours::Neighbours;
use lab::{hugepage_files, hugepages_are_there, lcores, skip, wait_for};
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const BASE: &str = "localhost/pollway-lab-base";
const IMAGE: &str = "localhost/pollway:lab";

/// What a container started with the machine's own limits may not be allowed to raise again.
const LIMITS: [&str; 4] = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];

/// The drivers behind the short device names.
const DRIVERS: [&str; 9] =
    ["af_packet", "af_xdp", "memif", "null", "pcap", "ring", "tap", "vhost", "virtio"];

#[test]
fn image_runs_the_demo_on_hugepages() {
    let engine = match Engine::find() {
        Ok(engine) => engine,
        Err(reason) => return skip("image_runs_the_demo_on_hugepages", reason),
    };
    engine.build_image();

    let find = |folder, name| {
        let found = engine.run(&["--entrypoint", "find"], &[folder, "-name", name, "-type", "f"]);
        String::from_utf8(found.stdout).unwrap()
    };
    let drivers = find("/usr/lib", "librte_net_*");
    for driver in DRIVERS {
        assert!(drivers.contains(&format!("/librte_net_{driver}.so")), "no {driver}:\n{drivers}");
    }
    assert_eq!(find("/usr", "rte_*.h"), "", "the image holds what only a build needs");
    assert_eq!(find("/var/lib/apt/lists", "*"), "", "the image holds apt's lists");

    let demo = engine.run(&["--volume", "/dev/hugepages:/dev/hugepages"], &["demo", "--json"]);
    let said = String::from_utf8_lossy(&demo.stderr);
    assert!(!said.contains("--no-huge"), "the demo did not take the hugepages it has:\n{said}");
    let answer: Value = serde_json::from_slice(&demo.stdout).unwrap();
    let mut runs = Vec::new();
    collect_runs(&answer, &mut runs);
    assert_eq!(runs.len(), 2, "one for each of the two models: {answer:#}");
    assert_ne!(runs[0]["plan"], runs[1]["plan"], "both are of one model");
    runs.into_iter().for_each(check_run);
}

/// Frames from one station to another through two containers, each of which forwards between two ports of a switch; and between
/// two stations that have nothing to do with them.
#[test]
fn a_chain_of_containers_on_one_switch() {
    let engine = match Engine::find() {
        Ok(engine) => engine,
        Err(reason) => return skip("a_chain_of_containers_on_one_switch", reason),
    };
    engine.build_image();
    let folder = tempfile::tempdir().unwrap();
    let socket = |name: &str| folder.path().join(name).display().to_string();
    let names = ["in", "1a", "1b", "2a", "2b", "out", "x", "y"];
    let devices = names.map(|name| format!("vhost:{}", socket(name)));
    let devices = devices.each_ref().map(String::as_str);
    let mut switch = Forwarder::switch(&devices, &["--no-huge", "-m", "256"]);
    for way in [(0, 1), (2, 3), (4, 5), (6, 7)] {
        let rule = format!("flow add in_port={},actions=output:{}", way.0, way.1);
        assert_eq!(switch.shell.ask(&rule), "");
    }
    let mut ends = ["in", "out"].map(|name| Frontend::up(&socket(name), 0));
    let start = |name: &str| {
        let sockets = ["a", "b"].map(|side| format!("{name}{side}"));
        Container::start(&engine, folder.path().to_str().unwrap(), &sockets)
    };
    let _first = start("1");
    let second = start("2");
    for port in 0..6 {
        wait_for_link(&switch, port, "link up", 1);
    }
    let neighbours =
        Neighbours::start(&switch.shell.console, [(6, &socket("x")), (7, &socket("y"))]);
    pass_on(&mut ends, 0);

    second.kill();
    for port in [3, 4] {
        wait_for_link(&switch, port, "the guest left: its connection ended", 1);
    }
    neighbours.are_served();
    let _second = start("2");
    for port in [3, 4] {
        wait_for_link(&switch, port, "link up", 2);
    }
    pass_on(&mut ends, 3);
    neighbours.are_served();
    let others = u64::from(neighbours.finish());

    let stats = switch.shell.ask("show switch stats --json");
    let stats: Value = serde_json::from_str(&stats).unwrap();
    // What the containers were sent, they sent back, and nobody else got it.
    for port in 0..8 {
        let figures = &stats["ports"][port];
        let (received, sent) = match port {
            0 => (2 * FRAMES, 0),
            5 => (0, 2 * FRAMES),
            6 => (others, 0),
            7 => (0, others),
            1 | 3 => (0, 2 * FRAMES),
            _ => (2 * FRAMES, 0),
        };
        let counted = (figures["received"].as_u64(), figures["sent"].as_u64());
        assert_eq!(counted, (Some(received), Some(sent)), "port {port}: {stats}");
    }
    switch.stop();
}

/// Frames that are sent at a time.
const FRAMES: u64 = 40;

/// The second station receives what the first sends, frame by frame.
fn pass_on(stations: &mut [Frontend; 2], round: u32) {
    for number in 0..FRAMES as u32 {
        let frame = udp(round, number, 100);
        stations[0].send_frame(&frame);
        let came = wait_for("a frame on the other side", || stations[1].receive_frame());
        assert_eq!(came, frame);
    }
}

/// Waits until something was said of a port so often.
fn wait_for_link(switch: &Forwarder, port: u32, what: &str, times: usize) {
    let line = format!("pollway: port {port} (net_vhost{port}): {what}\n");
    wait_for(&line, || {
        (switch.shell.console.stderr().matches(&line).count() >= times).then_some(())
    });
}

/// A container that forwards between virtio-user ports; gone when dropped.
struct Container<'a> {
    engine: &'a Engine,
    name: String,
    _program: Console,
}

impl<'a> Container<'a> {
    /// One whose ports are at two sockets of a folder.
    fn start(engine: &'a Engine, folder: &str, sockets: &[String; 2]) -> Self {
        let name = own_prefix();
        let mut command = engine.command();
        command.args(["run", "--rm", "--interactive", "--name", &name, "--privileged"]);
        command.args(["--network=none", "--volume", "/dev/hugepages:/dev/hugepages"]);
        command.args(["--volume", &format!("{folder}:/run/pw")]).args(LIMITS).arg(IMAGE);
        command.args(["fwd", "--no-pci", "--file-prefix", &name, "-m", "128"]);
        command.args(["--lcores", &lcores(1, 0)]);
        for socket in sockets {
            command.args(["--port", &format!("virtio-user:/run/pw/{socket}")]);
        }
        Self { engine, name, _program: Console::start(&mut command) }
    }

    fn kill(self) {
        done(self.engine.command().args(["kill", "--signal", "KILL", &self.name]));
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // Not `done`: a panic here would hide the one that failed the test.
        let _ = self.engine.command().args(["rm", "--force", "--time=0", &self.name]).output();
        // A program that was killed leaves its files.
        for file in hugepage_files(&self.name) {
            let _ = std::fs::remove_file(format!("/dev/hugepages/{file}"));
        }
    }
}

/// The objects in `answer` that report a run: those with a round trip.
fn collect_runs<'a>(answer: &'a Value, runs: &mut Vec<&'a Value>) {
    match answer {
        Value::Object(fields) if fields.contains_key("rtt_ns") => runs.push(answer),
        Value::Object(fields) => fields.values().for_each(|value| collect_runs(value, runs)),
        Value::Array(items) => items.iter().for_each(|value| collect_runs(value, runs)),
        _ => {}
    }
}

/// Holds a run's figures against one another.
fn check_run(run: &Value) {
    let number = |value: &Value, name: &str| {
        value[name].as_f64().unwrap_or_else(|| panic!("no number '{name}' in {run:#}"))
    };
    let field = |name| number(run, name);
    assert!(run["forward_mode"].is_string(), "{run:#}");
    assert!(field("received") > 0.0, "{run:#}");
    assert_eq!(field("lost"), field("sent") - field("received"), "{run:#}");
    assert_eq!(field("duplicated"), 0.0, "{run:#}");
    assert_eq!(field("reordered"), 0.0, "{run:#}");
    let mpps = field("received") / field("duration_s") / 1e6;
    assert!((field("mpps") / mpps - 1.0).abs() < 0.1, "{mpps} Mpps by count and time: {run:#}");

    let rtt = ["min", "p50", "p90", "p99", "p999", "max"].map(|name| number(&run["rtt_ns"], name));
    assert!(rtt[0] > 0.0 && rtt.is_sorted(), "{run:#}");
}

/// A container engine that works here: its command and the flags before the subcommand.
struct Engine(Vec<&'static str>);

impl Engine {
    /// Finds podman, or docker with a running daemon; else says why the test cannot run here.
    fn find() -> Result<Self, &'static str> {
        if !rustix::process::geteuid().is_root() {
            return Err("a privileged container on a base made here takes root");
        }
        if !hugepages_are_there() {
            return Err("no free hugepages on /dev/hugepages: scripts/hugepages.sh reserve 512 \
                        && scripts/hugepages.sh mount");
        }
        if !works(&["debootstrap", "--version"]) {
            return Err("debootstrap is not installed: scripts/setup.sh test");
        }
        if works(&["podman", "info"]) {
            let mut command = vec!["podman", "--cgroup-manager=cgroupfs"];
            // crun refuses a host whose control groups are half v1 and half v2; runc takes any.
            if works(&["runc", "--version"]) {
                command.extend(["--runtime", "runc"]);
            }
            return Ok(Self(command));
        }
        if works(&["docker", "info"]) {
            return Ok(Self(vec!["docker"]));
        }
        Err("neither podman nor docker works here: scripts/setup.sh test")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.0[0]);
        command.args(&self.0[1..]);
        command
    }

    /// Builds the image around the program under test. The base takes a minute and stays in the
    /// engine's store for the next time.
    fn build_image(&self) {
        let script = |path| {
            let mut command = Command::new(path);
            command.current_dir(ROOT).env("CONTAINER_ENGINE", self.0.join(" "));
            command
        };
        let base = self.command().args(["image", "inspect", BASE]).output().unwrap();
        if !base.status.success() {
            done(script("tests/lab/base.sh").arg(BASE));
        }
        done(
            script("scripts/image.sh")
                .args(["--binary", env!("CARGO_BIN_EXE_pollway"), "--base", BASE, "--tag", IMAGE])
                .args(["--", "--network=host"])
                .args(LIMITS),
        );
    }

    /// Runs the image to its end.
    fn run(&self, flags: &[&str], arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.args(["run", "--rm", "--privileged", "--network=none"]).args(LIMITS);
        done(command.args(flags).arg(IMAGE).args(arguments))
    }
}

/// Runs a command that has to succeed.
fn done(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn works(command: &[&str]) -> bool {
    Command::new(command[0])
        .args(&command[1..])
        .output()
        .is_ok_and(|output| output.status.success())
}
