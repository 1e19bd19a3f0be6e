//! `pollway gen` as a child, and its result file.

use super::console::{Console, Ended};
use super::forwarder::own_prefix;
use super::{hugepage_files, lcores};
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A generator to be started: EAL flags first, then its own.
pub(crate) struct Generator {
    prefix: String,
    folder: TempDir,
    eal: Vec<String>,
    own: Vec<String>,
    environment: Vec<(String, OsString)>,
    /// The folder that it runs in, if it matters.
    within: Option<PathBuf>,
}

impl Generator {
    /// One on these devices, whose only lcore sends and receives on all of them, on processor 1.
    pub(crate) fn on(devices: &[&str]) -> Self {
        let generator = Self::of_file();
        let ports: Vec<String> = (0..devices.len()).map(|port| format!("1.{port}")).collect();
        let own = devices.iter().flat_map(|device| ["--port", device]).map(str::to_owned);
        let own = own.chain(["-m".to_owned(), ports.join(",")]).collect();
        Self { eal: vec!["--lcores".to_owned(), lcores(1, 1)], own, ..generator }
    }

    /// One whose devices and lcores a file names.
    pub(crate) fn of_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            prefix: own_prefix(),
            folder,
            eal: Vec::new(),
            own: Vec::new(),
            environment: Vec::new(),
            within: None,
        }
    }

    /// With flags of EAL's.
    pub(crate) fn eal(mut self, flags: &[&str]) -> Self {
        self.eal.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// With flags of its own.
    pub(crate) fn with(mut self, flags: &[&str]) -> Self {
        self.own.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// With a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// In a folder, where it leaves what it names itself.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.within = Some(folder.to_owned());
        self
    }

    /// Where the result is written.
    fn file(&self) -> PathBuf {
        self.folder.path().join("result.json")
    }

    /// Starts it.
    pub(crate) fn start(self) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
        command.args(["gen", "--no-pci", "--no-telemetry", "--file-prefix", &self.prefix]);
        command.args(&self.eal).arg("--").args(&self.own).arg("--json").arg(self.file());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.within.iter().for_each(|folder| {
            command.current_dir(folder);
        });
        Running { console: Console::start(&mut command), of: self }
    }

    /// Starts it, waits for its end, and returns its result.
    pub(crate) fn run(self) -> Value {
        self.start().ended()
    }

    /// Has it carry out commands and end; returns its result.
    pub(crate) fn obey(self, commands: &str) -> Value {
        let mut running = self.start();
        running.console.type_line(commands);
        running.end()
    }

    /// The result of a run that has ended.
    ///
    /// # Panics
    /// If it did not end in order, with every account closed and no file left.
    fn result(&self, ended: &Ended) -> Value {
        assert_eq!(ended.status.code(), Some(0), "{}\n{}", ended.stdout, ended.stderr);
        assert_eq!(hugepage_files(&self.prefix), [""; 0], "left behind");
        let result = read(&self.file());
        for trial in result["trials"].as_array().unwrap() {
            for stream in trial["result"]["streams"].as_array().unwrap() {
                closes(stream);
            }
        }
        result
    }
}

/// A generator that runs; killed when dropped.
pub(crate) struct Running {
    pub(crate) console: Console,
    of: Generator,
}

impl Running {
    /// Waits for its end, and returns its result.
    pub(crate) fn ended(mut self) -> Value {
        let ended = self.console.wait();
        self.of.result(&ended)
    }

    /// Closes its input, waits for its end, and returns its result.
    pub(crate) fn end(self) -> Value {
        let ended = self.console.close();
        self.of.result(&ended)
    }

    /// Interrupts it as Ctrl-C does, and returns its result.
    pub(crate) fn interrupt(self) -> Value {
        let ended = self.console.signal(rustix::process::Signal::INT);
        self.of.result(&ended)
    }
}

/// A result file.
pub(crate) fn read(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"))
}

/// A stream of the first trial.
pub(crate) fn stream(result: &Value, number: usize) -> &Value {
    &result["trials"][0]["result"]["streams"][number]
}

/// A figure of a stream's account.
pub(crate) fn account(stream: &Value, figure: &str) -> u64 {
    stream["account"][figure].as_u64().unwrap_or_else(|| panic!("no {figure} in {stream:#}"))
}

/// Whether what was sent is what was received and lost.
fn closes(stream: &Value) {
    if stream["account"].is_null() {
        return;
    }
    let [sent, received, lost] = ["sent", "received", "lost"].map(|name| account(stream, name));
    assert_eq!(sent, received + lost, "{stream:#}");
    assert_eq!(stream["sending"]["packets"], sent, "{stream:#}");
}
