//! The image of the Dockerfile, built on a base made on this machine, runs the demo on the host's hugepages.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a rig that cannot be built fails the test"
)]

mod lab;

use std::process::{Command, Output, Stdio};

use lab::{hugepages_are_there, skip};
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
