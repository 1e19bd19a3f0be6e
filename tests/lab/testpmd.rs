//! DPDK's own dpdk-testpmd as a peer.

use super::console::Console;
use super::forwarder::own_prefix;
use super::lcores;
use super::shell::Shell;
use std::process::Command;

/// Starts one with these EAL flags and these of its own. Its worker runs on processor 0, so that it need not share
/// with a forwarder's. It ends with its input, or when dropped.
pub(crate) fn start(eal: &[&str], own: &[&str]) -> Shell {
    // Its stdout into a pipe is buffered and would say nothing until the end.
    let mut command = Command::new("stdbuf");
    command.args(["-o0", "dpdk-testpmd", "--no-pci", "--no-telemetry"]);
    command.args(["--lcores", &lcores(1, 0), "--file-prefix", &own_prefix()]);
    command.args(eal).args(["--", "-i"]).args(own);
    Shell::of(Console::start(&mut command), "testpmd> ")
}
