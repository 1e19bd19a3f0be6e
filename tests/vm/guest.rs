//! The guest as tests meet it: booted once, then given commands.

use crate::lab::console::{Console, Ended};
use crate::lab::shell::Shell;
use crate::lab::{wait_for, wait_within};
use crate::machine::{self, Build, Nic, SCRIPTS};
use crate::qmp::Qmp;
use crate::wire::Wire;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::ops::Deref;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// How long a script may take in a guest, and each step of a boot: the emulated processor is slow, and slower yet beside others.
const PATIENCE: Duration = Duration::from_secs(120);

/// The running guest.
pub(crate) struct Guest {
    qmp: RefCell<Qmp>,
    wires: BTreeMap<&'static str, Wire>,
    vm: PathBuf,
    folder: PathBuf,
    port: u16,
    sessions: Cell<u32>,
    /// Ends QEMU when this program ends, however it does: it waits for the end of its input.
    _keeper: Child,
}

/// Guests that are not in use.
static FREE: Mutex<Vec<Guest>> = Mutex::new(Vec::new());

/// A guest for as long as a test takes; then another test's.
pub(crate) struct Lease(Option<Guest>);

impl Deref for Lease {
    type Target = Guest;

    fn deref(&self) -> &Guest {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        FREE.lock().unwrap().extend(self.0.take());
    }
}

/// A guest in the state after its boot. There are as many as tests have run at a time.
pub(crate) fn lease() -> Lease {
    let free = FREE.lock().unwrap().pop();
    let lease = Lease(Some(free.unwrap_or_else(Guest::boot)));
    // A test that failed must not fail the others.
    lease.reset();
    lease
}

/// Where prepare.sh makes the machine.
pub(crate) fn vm() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_pollway")).ancestors().nth(2).unwrap().join("vm")
}

/// Why there can be no guest on this machine.
pub(crate) fn lacks() -> Option<String> {
    static REASON: OnceLock<Option<String>> = OnceLock::new();
    let prepare = || {
        let script = format!("{SCRIPTS}/prepare.sh");
        let prepared = Command::new(&script).arg(vm()).output().unwrap();
        let said = String::from_utf8_lossy(&prepared.stderr);
        match prepared.status.code() {
            Some(0) => None,
            Some(77) => Some(said.lines().last().unwrap_or_default().to_owned()),
            _ => panic!("{script}: {}\n{said}", prepared.status),
        }
    };
    REASON.get_or_init(prepare).clone()
}

impl Guest {
    /// A guest of the caller's own, which may destroy it.
    pub(crate) fn boot() -> Self {
        Self::on(&Build::usual())
    }

    /// One with other hardware than all others.
    pub(crate) fn on(build: &Build) -> Self {
        let vm = vm();
        let folder = tempfile::tempdir().unwrap().keep();
        fs::create_dir(folder.join("share")).unwrap();
        let wires = machine::nics().map(|nic| (nic.name, Wire::new(&folder, nic.name))).collect();
        // Free a moment ago; QEMU takes no number of ours.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let qemu = machine::qemu(&vm, build, &folder, port);
        let keeper = Command::new("sh")
            .args([
                "-c",
                "folder=$1; shift; \"$@\" & cat; kill $!; wait; rm -r \"$folder\"",
                "keeper",
            ])
            .arg(&folder)
            .arg(qemu.get_program())
            .args(qemu.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("qemu.log")).unwrap())
            .spawn()
            .unwrap();

        let log = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        let qmp = wait_for("QEMU", || {
            assert_eq!(log("qemu.log"), "", "QEMU says");
            UnixStream::connect(folder.join("qmp")).ok()
        });
        let boots = |until: &dyn Fn(&str) -> bool| {
            wait_within(PATIENCE, "the guest's start", || {
                let log = log("console.log");
                assert!(!log.contains("Kernel panic"), "{log}");
                until(&log).then_some(())
            });
        };
        // In two steps, as each has its time on a busy machine.
        boots(&|log| log.contains("Run /init"));
        boots(&|_| folder.join("share/ready").exists());
        let qmp = RefCell::new(Qmp::on(qmp));
        Self { qmp, wires, vm, folder, port, sessions: Cell::new(0), _keeper: keeper }
    }

    /// Makes it what it was after its boot.
    pub(crate) fn reset(&self) {
        self.run("sh $scripts/reset.sh");
    }

    /// The host's end of a NIC's cable.
    pub(crate) fn wire(&self, nic: &Nic) -> &Wire {
        &self.wires[nic.name]
    }

    /// Kills QEMU in the middle of whatever it does.
    pub(crate) fn kill(self) {
        let pid = fs::read_to_string(self.folder.join("pid")).unwrap().trim().parse().unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }

    /// Has QEMU carry out a command.
    pub(crate) fn machine(&self, command: &str, arguments: Value) -> Value {
        self.qmp.borrow_mut().ask(command, arguments)
    }

    /// Whether the machine has the device of this name, still: the kernel keeps it until nobody uses it.
    pub(crate) fn has_device(&self, name: &str) -> bool {
        let devices = self.machine("qom-list", json!({ "path": "/machine/peripheral" }));
        devices.as_array().unwrap().iter().any(|device| device["name"] == name)
    }

    /// Runs a shell script to its end.
    pub(crate) fn attempt(&self, script: &str) -> Ended {
        self.start(script).0.wait_within(PATIENCE)
    }

    /// Runs a shell script that has to succeed, and returns what it printed.
    pub(crate) fn run(&self, script: &str) -> String {
        let ended = self.attempt(script);
        assert!(ended.status.success(), "{script}\n{ended:?}");
        ended.stdout
    }

    /// Starts a script on a session of its own; returns it and its folder ([`has_said`]).
    pub(crate) fn start(&self, script: &str) -> (Console, PathBuf) {
        let session = self.sessions.get() + 1;
        self.sessions.set(session);
        let folder = self.folder.join("share").join(session.to_string());
        fs::create_dir(&folder).unwrap();
        let pollway = env!("CARGO_BIN_EXE_pollway");
        fs::write(folder.join("command"), format!("pollway={pollway}\n{script}\n")).unwrap();
        let mut command = Command::new(format!("{SCRIPTS}/enter.sh"));
        command.arg(self.vm.join("busybox")).arg(self.port.to_string()).arg(&folder);
        let mut console = Console::start(&mut command);
        console.type_line(&session.to_string());
        (console, folder)
    }

    /// Starts `pollway fwd` with these flags, and returns when it forwards. `before` comes before the program's name.
    pub(crate) fn forward(&self, before: &str, flags: &str) -> Forwarder {
        let script =
            format!("{before} $pollway fwd -l 0-1 --no-telemetry {flags} -i --auto-start --json");
        let (console, folder) = self.start(&script);
        // In two steps, as each has its time on a busy machine.
        wait_for("DPDK's first words", || {
            fs::metadata(folder.join("stderr")).is_ok_and(|file| file.len() > 0).then_some(())
        });
        Forwarder { shell: Shell::of(console, "pollway> "), folder }
    }

    /// Gives devices to another driver.
    pub(crate) fn bind(&self, driver: &str, addresses: &[&str]) {
        self.run(&format!("$pollway dev bind {driver} {}", addresses.join(" ")));
    }
}

/// Whether the script of a session's folder has said this on stderr.
pub(crate) fn has_said(folder: &Path, text: &str) -> bool {
    fs::read_to_string(folder.join("stderr")).is_ok_and(|said| said.contains(text))
}

/// A forwarder in the guest.
pub(crate) struct Forwarder {
    pub(crate) shell: Shell,
    folder: PathBuf,
}

impl Forwarder {
    /// Whether it has said this on stderr.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        has_said(&self.folder, text)
    }

    /// Waits until it has said this on stderr.
    pub(crate) fn wait_for_remark(&self, text: &str) {
        wait_for(&format!("{text:?}"), || self.has_said(text).then_some(()));
    }

    /// Ends it, and returns its report.
    ///
    /// # Panics
    /// If it did not end in order, with every packet back.
    pub(crate) fn stop(mut self) -> Value {
        self.shell.console.type_line("quit");
        let ended = self.shell.console.wait();
        assert!(ended.status.success(), "{ended:?}");
        let last = ended.stdout.lines().last().unwrap_or_default();
        let report: Value =
            serde_json::from_str(last).unwrap_or_else(|why| panic!("{why}: {last}"));
        assert_eq!(report["mbufs_missing"], 0, "{report:#}");
        report
    }
}
