//! What becomes of the output where nobody reads it, as behind `| head`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a rig that cannot be built fails the test"
)]

use std::process::{Command, Output, Stdio};

/// Runs the program with a standard output that nobody reads.
fn unread(args: &[&str]) -> Output {
    let program = assert_cmd::cargo::cargo_bin!("pollway");
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    child.wait_with_output().unwrap()
}

/// Ended in order and without a word, as the reader had seen enough.
fn check(args: &[&str]) {
    let output = unread(args);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    assert_eq!(output.status.code(), Some(0), "{args:?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    check(&["schema"]);
    check(&["check", concat!(env!("CARGO_MANIFEST_DIR"), "/../conf/pipeline.toml")]);
    let forward = [
        "fwd",
        "--lcores=0@0,1@0",
        "--no-huge",
        "--no-shconf",
        "--no-pci",
        "--no-telemetry",
        "--log-level=error",
        "--port=null:",
        "--duration=0.2",
    ];
    check(&forward);
    check(&[&forward[..], &["--json"]].concat());
    check(&[&forward[..], &["-i"]].concat());
}
