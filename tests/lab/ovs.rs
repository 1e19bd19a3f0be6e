//! Open vSwitch as a peer: a database and a switch of their own in a folder of their own, beside whatever else the machine
//! runs. They end when dropped and leave nothing behind.

use super::console::Console;
use super::forwarder::own_prefix;
use super::run;
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What Debian calls the switch that has DPDK in it.
const WITH_DPDK: &str = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk";

/// A running switch.
pub(crate) struct Ovs {
    // In the order in which they end.
    switch: Console,
    _database: Console,
    folder: TempDir,
    _eal: EalFolder,
    /// Its only bridge.
    bridge: String,
}

/// The folder that EAL makes under its file prefix even where it keeps no files; gone when dropped.
struct EalFolder(Option<String>);

/// Why a test that takes Open vSwitch cannot run here.
pub(crate) fn lacks() -> Option<String> {
    super::lacks_programs(&["ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-ofctl"])
}

/// Why a test that takes Open vSwitch on DPDK cannot run here.
pub(crate) fn lacks_dpdk() -> Option<String> {
    let absent = !Path::new(WITH_DPDK).exists();
    lacks().or_else(|| {
        absent.then(|| "openvswitch-switch-dpdk is not installed: scripts/setup.sh test".to_owned())
    })
}

/// What is copied to a port: what ports receive, and what ports send.
pub(crate) struct Mirror {
    pub(crate) received: Vec<String>,
    pub(crate) sent: Vec<String>,
    pub(crate) to: String,
}

impl Ovs {
    /// A bridge whose ports are no devices: packets are handed to them, and what they send is in files. It takes no rights,
    /// and its clock stands still until it is told otherwise.
    pub(crate) fn dummy() -> Self {
        let ovs = Self::start(Command::new("ovs-vswitchd").arg("--enable-dummy"), None, &[]);
        ovs.with_bridge("dummy")
    }

    /// A bridge on DPDK, whose poll loop runs on `processor`. Its memory has no files, so that none stays behind.
    pub(crate) fn dpdk(processor: usize) -> Self {
        let prefix = own_prefix();
        let extra = format!("--no-pci --in-memory --no-telemetry --file-prefix={prefix}");
        let settings = [
            "other_config:dpdk-init=true",
            "other_config:dpdk-socket-mem=256",
            "other_config:dpdk-lcore-mask=0x1",
            &format!("other_config:pmd-cpu-mask={:#x}", 1 << processor),
            &format!("other_config:dpdk-extra=\"{extra}\""),
        ];
        let ovs = Self::start(&mut Command::new(WITH_DPDK), Some(prefix), &settings);
        ovs.with_bridge("netdev")
    }

    fn start(switch: &mut Command, prefix: Option<String>, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        run(own(&mut Command::new("ovsdb-tool"), folder.path()).args([
            "create",
            &at("conf.db"),
            "/usr/share/openvswitch/vswitch.ovsschema",
        ]));
        let socket = format!("unix:{}", at("db.sock"));
        let mut database = Command::new("ovsdb-server");
        database.args(["--no-chdir", &format!("--remote=p{socket}"), &at("conf.db")]);
        let database = Console::start(own(&mut database, folder.path()));
        super::wait_for("ovsdb-server's socket", || {
            folder.path().join("db.sock").exists().then_some(())
        });
        let mut set = Command::new("ovs-vsctl");
        set.args([&format!("--db={socket}"), "--no-wait", "init"]);
        if !settings.is_empty() {
            set.args(["--", "set", "Open_vSwitch", "."]).args(settings);
        }
        run(own(&mut set, folder.path()));
        switch.args(["--no-chdir", "--disable-system", "--unixctl", &at("ctl"), &socket]);
        let switch = Console::start(own(switch, folder.path()));
        // On DPDK the bridge is an interface of this name too.
        let bridge = format!("pw{}", super::tag());
        Self { switch, _database: database, folder, _eal: EalFolder(prefix), bridge }
    }

    /// Adds the bridge, which has no rule of its own making.
    fn with_bridge(self, datapath: &str) -> Self {
        let (bridge, kind) = (&self.bridge, format!("datapath_type={datapath}"));
        let set = ["--", "set", "bridge", bridge, &kind, "fail-mode=secure"];
        self.vsctl(&[&["add-br", bridge], &set[..]].concat());
        self
    }

    /// What it prints of itself.
    pub(crate) fn log(&self) -> String {
        self.switch.stderr()
    }

    /// A place in its folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Has `ovs-vsctl` change its configuration, and waits until it is so.
    pub(crate) fn vsctl(&self, arguments: &[&str]) -> String {
        let database = format!("--db=unix:{}", self.at("db.sock").display());
        let timeout = format!("--timeout={}", super::PATIENCE.as_secs());
        let mut command = Command::new("ovs-vsctl");
        command.args([database, timeout]).args(arguments);
        run(own(&mut command, self.folder.path()))
    }

    /// Has `ovs-ofctl` do something to the bridge.
    pub(crate) fn ofctl(&self, command: &str, arguments: &[&str]) -> String {
        let mut ofctl = Command::new("ovs-ofctl");
        ofctl.args([command, &self.bridge]).args(arguments);
        run(own(&mut ofctl, self.folder.path()))
    }

    /// Adds a port of a type, under a number of OpenFlow's, with further settings of its interface.
    pub(crate) fn add_port(&self, name: &str, number: u16, kind: &str, settings: &[&str]) {
        let (kind, number) = (format!("type={kind}"), format!("ofport_request={number}"));
        let interface =
            ["add-port", &self.bridge, name, "--", "set", "interface", name, &kind, &number];
        self.vsctl(&[&interface, settings].concat());
    }

    /// Copies what these ports receive and send to others, mirror by mirror, and nothing else any more.
    pub(crate) fn mirrors(&self, mirrors: &[Mirror]) {
        let mut words = Vec::new();
        let mut names = Vec::new();
        let mut port = |words: &mut Vec<String>, name: &String| {
            let id = format!("@{name}");
            if !names.contains(name) {
                words.extend(["--".to_owned(), format!("--id={id}")]);
                words.extend(["get", "port", name].map(str::to_owned));
                names.push(name.clone());
            }
            id
        };
        let mut all = Vec::new();
        for (number, Mirror { received, sent, to }) in mirrors.iter().enumerate() {
            let to = port(&mut words, to);
            let [received, sent] = [received, sent].map(|of| {
                of.iter().map(|name| port(&mut words, name)).collect::<Vec<_>>().join(",")
            });
            words.extend(["--".to_owned(), format!("--id=@mirror{number}")]);
            words.extend(["create", "mirror"].map(str::to_owned));
            words.extend([format!("name=m{number}"), format!("output-port={to}")]);
            for (column, ports) in [("select-src-port", received), ("select-dst-port", sent)] {
                words.extend((!ports.is_empty()).then(|| format!("{column}={ports}")));
            }
            all.push(format!("@mirror{number}"));
        }
        words.extend(["--", "set", "bridge", &self.bridge].map(str::to_owned));
        words.push(format!("mirrors={}", all.join(",")));
        self.vsctl(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Copies nothing any more.
    pub(crate) fn no_mirror(&self) {
        self.vsctl(&["clear", "bridge", &self.bridge, "mirrors"]);
    }

    /// What the switch itself answers to a command, as `ovs-appctl` would print it.
    ///
    /// # Panics
    /// If it refuses.
    pub(crate) fn appctl(&self, command: &str, arguments: &[&str]) -> String {
        let request = serde_json::json!({ "id": 0, "method": command, "params": arguments });
        let mut socket = UnixStream::connect(self.at("ctl")).unwrap();
        socket.set_read_timeout(Some(super::PATIENCE)).unwrap();
        socket.write_all(request.to_string().as_bytes()).unwrap();
        // It answers with one value and leaves the connection open.
        let mut answer = serde_json::Deserializer::from_reader(socket).into_iter();
        let answer: serde_json::Value = answer.next().unwrap().unwrap();
        assert!(answer["error"].is_null(), "{command} {arguments:?}: {answer}");
        answer["result"].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for EalFolder {
    fn drop(&mut self) {
        if let Some(prefix) = &self.0 {
            // Absent if EAL did not come so far.
            let _ = fs::remove_dir_all(Path::new("/run/dpdk").join(prefix));
        }
    }
}

/// The command with all of Open vSwitch's folders in one.
fn own<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    for variable in ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"] {
        command.env(variable, folder);
    }
    command
}
