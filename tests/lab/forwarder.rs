//! `pollway fwd` or `pollway switch` as a child: started, asked through its shell, stopped, and its report read.

use super::console::{Console, Ended};
use super::shell::Shell;
use super::{hugepage_files, lcores};
use serde_json::Value;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file prefix that no other program has.
pub(crate) fn own_prefix() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("pollway-test-{}-{number}", std::process::id())
}

/// `pollway fwd` without PCI devices, under a file prefix.
pub(crate) fn fwd(prefix: &str) -> Command {
    program("fwd", prefix)
}

fn program(subcommand: &str, prefix: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
    command.args([subcommand, "--no-pci", "--no-telemetry", "--file-prefix", prefix]);
    command
}

/// A forwarder that runs; killed when dropped.
pub(crate) struct Forwarder {
    pub(crate) shell: Shell,
    prefix: String,
}

impl Forwarder {
    /// Starts one with these flags, and returns when it forwards. It has one worker, on processor 1, unless the flags
    /// name lcores.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::open("fwd", &[flags, &["--auto-start"]].concat())
    }

    /// Opens the shell of one with these flags, and returns when it is there.
    fn open(subcommand: &str, flags: &[&str]) -> Self {
        let prefix = own_prefix();
        let mut command = program(subcommand, &prefix);
        if !flags.contains(&"--lcores") {
            command.args(["--lcores", &lcores(1, 1)]);
        }
        command.args(flags).args(["-i", "--json"]);
        Self { shell: Shell::of(Console::start(&mut command), "pollway> "), prefix }
    }

    /// Starts one whose devices are these.
    pub(crate) fn on(devices: &[&str], flags: &[&str]) -> Self {
        Self::prepare(devices, &[flags, &["--auto-start"]].concat())
    }

    /// As [`Self::on`], but it does not forward yet.
    pub(crate) fn prepare(devices: &[&str], flags: &[&str]) -> Self {
        Self::open("fwd", &with_ports(devices, flags))
    }

    /// Starts a switch between these devices.
    pub(crate) fn switch(devices: &[&str], flags: &[&str]) -> Self {
        Self::open("switch", &with_ports(devices, &[flags, &["--auto-start"]].concat()))
    }

    /// Its file prefix.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Ends it by the end of its input, and returns its report.
    ///
    /// # Panics
    /// If it did not end in order, with every packet back and no file left.
    pub(crate) fn stop(self) -> Value {
        self.stop_and_read().0
    }

    /// As [`Self::stop`], with all that it wrote to stdout and stderr.
    pub(crate) fn stop_and_read(self) -> (Value, String, String) {
        let ended = self.shell.console.close();
        let (stdout, stderr) = (ended.stdout.clone(), ended.stderr.clone());
        (report(ended, &self.prefix), stdout, stderr)
    }
}

fn with_ports<'a>(devices: &[&'a str], flags: &[&'a str]) -> Vec<&'a str> {
    let ports = devices.iter().flat_map(|device| ["--port", *device]);
    ports.chain(flags.iter().copied()).collect()
}

/// The report of a run with `--json` that ended.
///
/// # Panics
/// If it did not end in order, with every packet back and no file left.
pub(crate) fn report(ended: Ended, prefix: &str) -> Value {
    assert_eq!(ended.status.code(), Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let last = ended.stdout.lines().last().unwrap();
    let report: Value = serde_json::from_str(last).unwrap_or_else(|why| panic!("{why}: {last}"));
    assert_eq!(report["mbufs_missing"], 0, "{report:#}");
    assert_eq!(hugepage_files(prefix), [""; 0], "left behind");
    report
}

/// A number in a report by its path, such as `/ports/0/stats/rx_packets`.
pub(crate) fn number(report: &Value, path: &str) -> u64 {
    let value = report.pointer(path).unwrap_or_else(|| panic!("no {path} in {report:#}"));
    value.as_u64().unwrap_or_else(|| panic!("{path} is {value}"))
}
