//! Ports in containers that have no rights but those which docs/container.md names for them.

use crate::lab::console::Console;
use crate::lab::forwarder::own_prefix;
use crate::lab::kernel::ping;
use crate::lab::shell::Shell;
use crate::lab::{hugepage_files, lacks, lcores, skip, tag, wait_for};
use crate::namespaces::Namespaces;
use crate::{Engine, IMAGE, LIMITS};

/// A forwarder in a container that has no rights but those given.
struct Unprivileged {
    shell: Shell,
    prefix: String,
}

impl Unprivileged {
    fn start(engine: &Engine, rights: &[&str], processor: usize, devices: &[&str]) -> Self {
        let prefix = own_prefix();
        let mut command = engine.command();
        command.args(["run", "--rm", "-i", "--cap-drop=all"]).args(LIMITS).args(rights);
        command.args(["--volume", "/dev/hugepages:/dev/hugepages", IMAGE, "fwd", "--no-pci"]);
        command.args(["-m", "256", "--file-prefix", &prefix, "--lcores", &lcores(1, processor)]);
        command.args(devices.iter().flat_map(|device| ["--port", device]));
        command.args(["-i", "--auto-start"]);
        let shell = Shell::of(Console::start(&mut command), "pollway> ");
        Self { shell, prefix }
    }

    fn stop(mut self) {
        self.shell.console.type_line("quit");
        let ended = self.shell.console.wait();
        assert!(ended.status.success(), "{ended:?}");
        assert_eq!(hugepage_files(&self.prefix), [""; 0], "left behind");
    }
}

/// A guest's port and a switch's, each in a container of its own, which share a folder and hugepages and have no capability.
#[test]
fn containers_without_a_capability_reach_each_other_by_a_socket() {
    let name = "containers_without_a_capability_reach_each_other_by_a_socket";
    let engine = match Engine::find() {
        Ok(engine) => engine,
        Err(reason) => return skip(name, reason),
    };
    engine.build_image();
    let folder = tempfile::tempdir().unwrap();
    let volume = format!("{}:/sockets", folder.path().display());
    let rights = ["--network=none", "--volume", &volume];
    let ports = ["vhost:/sockets/a.sock", "null:"];
    let mut switch = Unprivileged::start(&engine, &rights, 0, &ports);
    wait_for("the socket", || folder.path().join("a.sock").exists().then_some(()));
    let ports = ["virtio-user:/sockets/a.sock", "ring:back"];
    let mut guest = Unprivileged::start(&engine, &rights, 1, &ports);
    // What the switch's other port makes goes to the guest, and what the guest's other port returns comes back.
    guest.shell.wait_for_figure(0, "RX-packets", 1000);
    guest.shell.wait_for_figure(0, "TX-packets", 1000);
    switch.shell.wait_for_figure(0, "RX-packets", 1000);
    guest.stop();
    switch.stop();
}

#[test]
fn a_container_with_two_capabilities_forwards_between_kernels() {
    let name = "a_container_with_two_capabilities_forwards_between_kernels";
    let engine = match Engine::find() {
        Ok(engine) => engine,
        Err(reason) => return skip(name, reason),
    };
    if let Some(reason) = lacks(&["ip", "ethtool", "ping"]) {
        return skip(name, &reason);
    }
    engine.build_image();
    let rig = Namespaces::new(&tag()).unwrap();
    let [a, b] = rig.ends();
    let rights = ["--network=host", "--cap-add=NET_RAW", "--cap-add=NET_ADMIN"];
    let devices = [a, b].map(|end| format!("af_packet:{}", end.outer));
    let forwarder =
        Unprivileged::start(&engine, &rights, 1, &devices.each_ref().map(String::as_str));
    assert_eq!(ping(&a.namespace, &b.address, 10), 10);
    forwarder.stop();
}
