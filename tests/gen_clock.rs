//! `pollway gen` and clocks: those of devices that say when packets came, and the system's. No device of this kind is here:
//! `lab/device_clock.c` lays such a clock under in-process ports, so that all but the driver is what a NIC would meet.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::generator::{Generator, account, stream};
use lab::{lacks_programs, lcores, run, skip, wait_for};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const LAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/lab");

/// What is preloaded into a generator.
struct Preloaded {
    folder: TempDir,
}

impl Preloaded {
    /// Builds it of a source in `lab/`; `None`, and the test is skipped, where nothing can be built.
    fn of(source: &str, name: &str) -> Option<Self> {
        if let Some(reason) = lacks_programs(&["cc", "pkg-config"]) {
            skip(name, &reason);
            return None;
        }
        let built = Self { folder: tempfile::tempdir().unwrap() };
        let flags = run(Command::new("pkg-config").args(["--cflags", "libdpdk"]));
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror"])
            .args(flags.split_whitespace());
        run(compiler.arg(format!("{LAB}/{source}")).arg("-o").arg(built.library()));
        Some(built)
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("preloaded.so")
    }
}

/// A trial of `seconds` on ports with such a clock; its packets are held for 100 µs before they come back.
fn trial(preloaded: &Preloaded, clock: &str, seconds: &str) -> Value {
    let generator = Generator::of_file()
        .eal(&["--lcores", &lcores(1, 1)])
        .env("LD_PRELOAD", preloaded.library())
        .env("POLLWAY_TEST_CLOCK", clock)
        .with(&["--forwarder", "delay", "-m", "1.0", "--rate", "20k", "--duration", seconds]);
    generator.run()
}

fn receive_clock(result: &Value) -> &Value {
    &result["trials"][0]["result"]["receive_clocks"][0]
}

/// A packet leaves the generator, is held, comes to the device, waits there for a poll: whatever the machine does meanwhile, the
/// device's time lies in between, and misses that by no more than the result says.
#[test]
fn the_devices_times_lie_between_departure_and_poll() {
    /// How long `delay` holds a packet, unless told otherwise.
    const HELD_NS: u64 = 100_000;
    let name = "the_devices_times_lie_between_departure_and_poll";
    let Some(preloaded) = Preloaded::of("device_clock.c", name) else { return };
    let result = trial(&preloaded, "runs", "3");
    let clock = receive_clock(&result);
    assert_eq!((&clock["port"], &clock["clock"]), (&0.into(), &"hardware".into()));
    assert!(clock["readings"].as_u64().unwrap() > 0, "{clock:#}");
    // The clock is 40 millionths fast, which is found; in three seconds it would be 120 µs off.
    let hz = clock["hz"].as_f64().unwrap();
    assert!((hz / 156_256_250.0 - 1.0).abs() < 20e-6, "{hz}");
    let error = clock["error_ns"].as_u64().unwrap();

    let stream = stream(&result, 0);
    let [software, hardware] = ["actual_ns", "hardware_ns"].map(|name| &stream["delay"][name]);
    assert!(account(stream, "received") > 0);
    assert_eq!(hardware["count"], account(stream, "received"), "each packet has a time");
    // Of long times three digits are kept.
    let kept = |ns: u64| ns + ns / 1000 + error;
    let figure = |times: &Value, name: &str| times[name].as_u64().unwrap();
    assert!(kept(figure(hardware, "min")) >= HELD_NS, "{stream:#}");
    for name in ["min", "p50", "p90", "p99", "p999", "max"] {
        assert!(figure(hardware, name) <= kept(figure(software, name)), "{name}: {stream:#}");
    }
    let drawn = &result["trials"][0]["drawn"][0];
    assert_eq!(drawn["hardware_error_ns"], error);
    assert_eq!(drawn["hardware"]["count"], account(stream, "received"));
}

#[test]
fn a_clock_that_is_set_meanwhile_marks_the_trial() {
    let name = "a_clock_that_is_set_meanwhile_marks_the_trial";
    let Some(preloaded) = Preloaded::of("device_clock.c", name) else { return };
    let result = trial(&preloaded, "steps", "4");
    let invalid = result["trials"][0]["result"]["invalid"].to_string();
    assert!(invalid.contains("the clock of port 0's device stepped 1 times"), "{invalid}");
    assert!(receive_clock(&result)["error_ns"].as_u64().unwrap() >= 4_900_000);
}

#[test]
fn a_clock_that_is_none_is_said_and_not_used() {
    let name = "a_clock_that_is_none_is_said_and_not_used";
    let Some(preloaded) = Preloaded::of("device_clock.c", name) else { return };
    for (clock, why) in [
        ("stands", "the device takes timestamps, but its clock stands still"),
        (
            "unreadable",
            "the device takes timestamps, but its clock cannot be read: Operation not supported",
        ),
    ] {
        let result = trial(&preloaded, clock, "0.2");
        let expected = serde_json::json!({ "port": 0, "clock": "software", "why": why });
        assert_eq!(*receive_clock(&result), expected);
        let stream = stream(&result, 0);
        assert!(account(stream, "received") > 0);
        assert_eq!(stream["delay"]["hardware_ns"], Value::Null);
    }
}

#[test]
fn most_devices_take_no_timestamps() {
    let generator = Generator::on(&["ring:x"]).with(&["--rate", "10k", "--count", "100"]);
    let result = generator.run();
    let expected = serde_json::json!({
        "port": 0, "clock": "software", "why": "the device takes no timestamps",
    });
    assert_eq!(*receive_clock(&result), expected);
}

#[test]
fn a_systems_clock_that_steps_marks_the_trial() {
    let name = "a_systems_clock_that_steps_marks_the_trial";
    let Some(preloaded) = Preloaded::of("stepping_clock.c", name) else { return };
    let step = preloaded.folder.path().join("step");
    let running = Generator::on(&["ring:x"])
        .env("LD_PRELOAD", preloaded.library())
        .env("POLLWAY_TEST_STEP", &step)
        .with(&["--rate", "10k", "--duration", "600"])
        .start();
    wait_for("the sending", || running.console.stderr().contains("sending").then_some(()));
    fs::write(step, "").unwrap();
    let result = running.interrupt();
    let invalid = result["trials"][0]["result"]["invalid"].to_string();
    assert!(invalid.contains("millionths faster than the system's clock"), "{invalid}");
    // It is the other one that leapt ahead.
    assert!(invalid.contains("the timestamp counter ran -"), "{invalid}");
}
