//! The scripts of scripts/, on made-up machines: what they change, what they say and how they exit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a rig that cannot be built fails the test"
)]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use tempfile::TempDir;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn script(name: &str, arguments: &str) -> Command {
    let mut command = Command::new(format!("{ROOT}/scripts/{name}"));
    command.args(arguments.split_whitespace());
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A sysfs tree of two NUMA nodes, each with pages of both sizes: on node N, 8 + N of 2 MiB.
struct Sysfs(TempDir);

impl Sysfs {
    fn new() -> Self {
        let sysfs = Self(tempfile::tempdir().unwrap());
        sysfs.pool("kernel/mm", 2048, 17);
        for node in 0..2 {
            sysfs.pool(&format!("devices/system/node/node{node}"), 2048, 8 + node);
            sysfs.pool(&format!("devices/system/node/node{node}"), 1_048_576, 0);
        }
        sysfs
    }

    fn pool(&self, at: &str, kib: u32, total: u32) {
        let folder = self.0.path().join(format!("{at}/hugepages/hugepages-{kib}kB"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("nr_hugepages"), format!("{total}\n")).unwrap();
        fs::write(folder.join("free_hugepages"), "3\n").unwrap();
    }

    fn total(&self, at: &str) -> PathBuf {
        self.0.path().join(at).join("nr_hugepages")
    }

    fn run(&self, arguments: &str) -> Output {
        script("hugepages.sh", arguments).env("SYSFS_ROOT", self.0.path()).output().unwrap()
    }
}

const NODE1_2M: &str = "devices/system/node/node1/hugepages/hugepages-2048kB";
const NODE0_1G: &str = "devices/system/node/node0/hugepages/hugepages-1048576kB";
const ALL_2M: &str = "kernel/mm/hugepages/hugepages-2048kB";

#[test]
fn hugepages_shows_every_node_and_size() {
    let shown = stdout(&Sysfs::new().run("show"));
    let rows: Vec<Vec<&str>> =
        shown.lines().take(5).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows,
        [
            ["node", "size", "total", "free"],
            ["0", "2M", "8", "3"],
            ["0", "1G", "0", "3"],
            ["1", "2M", "9", "3"],
            ["1", "1G", "0", "3"],
        ]
    );
    assert!(shown.lines().last().unwrap().starts_with("mounted: "), "{shown}");
}

#[test]
fn hugepages_reserves_where_it_is_told_and_takes_none_away() {
    let sysfs = Sysfs::new();
    let total = |at| fs::read_to_string(sysfs.total(at)).unwrap();

    assert!(sysfs.run("reserve 64 --node 1").status.success());
    assert_eq!(total(NODE1_2M), "64\n");
    assert!(sysfs.run("reserve 2 --size 1G --node 0").status.success());
    assert_eq!(total(NODE0_1G), "2\n");
    assert_eq!(total(ALL_2M), "17\n");
    assert!(sysfs.run("reserve 512").status.success());
    assert_eq!(total(ALL_2M), "512\n");

    let fewer = sysfs.run("reserve 100");
    assert!(fewer.status.success());
    assert!(stdout(&fewer).contains("512 pages of 2M are reserved already"), "{fewer:?}");
    assert_eq!(total(ALL_2M), "512\n");

    assert!(sysfs.run("release").status.success());
    assert_eq!(total(ALL_2M), "0\n");
    assert_eq!(total(NODE1_2M), "64\n");
}

/// A pipe stands in for the kernel's file: it says 0, is asked for 512 and then says 300.
#[test]
fn hugepages_says_when_the_kernel_grants_fewer() {
    let sysfs = Sysfs::new();
    let pipe = sysfs.total(ALL_2M);
    fs::remove_file(&pipe).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let kernel = thread::spawn(move || {
        let mut asked = String::new();
        File::create(&pipe).unwrap().write_all(b"0\n").unwrap();
        File::open(&pipe).unwrap().read_to_string(&mut asked).unwrap();
        File::create(&pipe).unwrap().write_all(b"300\n").unwrap();
        asked
    });
    let reserved = sysfs.run("reserve 512");
    assert_eq!(kernel.join().unwrap(), "512\n");
    assert_eq!(reserved.status.code(), Some(1));
    let said = stderr(&reserved);
    assert!(said.contains("granted 300 of 512 pages of 2M"), "{said}");
    assert!(said.contains("hugepages.sh cmdline 512 --size 2M"), "{said}");
}

#[test]
fn hugepages_prints_the_kernel_command_line() {
    let printed = script("hugepages.sh", "cmdline 4 --size 1G").output().unwrap();
    assert_eq!(stdout(&printed), "default_hugepagesz=1G hugepagesz=1G hugepages=4\n");
}

#[test]
fn hugepages_refuses_wrong_input() {
    let sysfs = Sysfs::new();
    for (arguments, word) in [
        ("", "say what to do"),
        ("grow 4", "what is 'grow'"),
        ("reserve", "needs a count"),
        ("reserve 0", "not '0'"),
        ("reserve many", "not 'many'"),
        ("reserve 4 5", "what is '5'"),
        ("reserve 4 --size 4K", "not '4K'"),
        ("reserve 4 --size", "--size needs a value"),
        ("reserve 4 --node one", "not 'one'"),
        ("reserve 4 --node 2", "no NUMA node 2"),
        ("reserve 4 --size 1G", "no pages of 1G"),
        ("cmdline 4 --node 1", "cmdline takes no --node"),
        ("show --all", "what is '--all'"),
    ] {
        let refused = sysfs.run(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments}: {refused:?}");
        assert!(stderr(&refused).contains(word), "{arguments}: {refused:?}");
    }
}

/// A folder of commands that say what another machine's would say.
struct Machine(TempDir);

impl Machine {
    /// Nothing is installed; apt offers DPDK in the version given, and all else but rustup.
    fn offering_dpdk(version: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.command("dpkg-query", "exit 1");
        machine.command("pkg-config", "exit 1");
        machine.command("apt-get", "echo apt-get \"$@\"");
        machine.command("sudo", "[ \"$1\" = -n ] && shift\nexec \"$@\"");
        machine.command("systemctl", "echo systemctl \"$@\"");
        machine.command(
            "apt-cache",
            &format!(
                "case $2 in dpdk*|libdpdk*) v={version} ;; rustup) v='(none)' ;; *) v=1 ;; esac\n\
                 echo \"  Candidate: $v\""
            ),
        );
        machine
    }

    fn command(&self, name: &str, body: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a script with this machine's commands before those of the real one.
    fn run(&self, name: &str, arguments: &str) -> Output {
        let path = std::env::join_paths([self.0.path(), Path::new("/usr/bin"), Path::new("/bin")]);
        script(name, arguments)
            .env("PATH", path.unwrap())
            .env("HOME", self.0.path())
            .output()
            .unwrap()
    }
}

#[test]
fn setup_names_what_is_missing() {
    let machine = Machine::offering_dpdk("22.11.7-1");
    machine.command("cargo", "echo cargo 1.85.0");
    let missing = machine.run("setup.sh", "demo");
    let said = stdout(&missing);
    assert_eq!(missing.status.code(), Some(1), "{said}");
    assert!(said.contains("MISSING: gcc libc6-dev libclang-dev libdpdk-dev pkg-config;"), "{said}");
    assert!(said.contains("missing: ethtool iperf3 iproute2 iputils-ping;"), "{said}");
    assert!(said.contains("MISSING: cargo 1.88 or newer (here: 1.85.0)"), "{said}");
    assert!(said.contains("sh.rustup.rs"), "{said}");
}

#[test]
fn setup_refuses_a_dpdk_that_is_too_old() {
    let machine = Machine::offering_dpdk("21.11.9-0ubuntu0.22.04.1");
    let refused = machine.run("setup.sh", "test");
    let said = stdout(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("MISSING: DPDK 22.11 or newer (here: 21.11.9-0ubuntu0.22.04.1)"),
        "{said}"
    );
    let installing = said.lines().filter(|line| line.starts_with("apt-get"));
    let words = installing.flat_map(str::split_whitespace).collect::<Vec<_>>();
    for package in ["dpdk", "dpdk-dev", "libdpdk-dev"] {
        assert!(!words.contains(&package), "{said}");
    }
}

#[test]
fn setup_stops_what_a_package_starts() {
    let machine = Machine::offering_dpdk("22.11.7-1");
    let said = stdout(&machine.run("setup.sh", "test"));
    let install = said.find(" openvswitch-switch-dpdk ").unwrap_or_else(|| panic!("{said}"));
    let stop = said.find("\nsystemctl disable --now").unwrap_or_else(|| panic!("{said}"));
    assert!(install < stop, "{said}");

    // Services of a package that was there before are left alone.
    machine.command("dpkg-query", "shift 3\nfor p; do echo installed $p; done");
    let said = stdout(&machine.run("setup.sh", "test"));
    assert!(!said.contains("systemctl"), "{said}");
}

#[test]
fn setup_takes_a_dpdk_of_ones_own() {
    let machine = Machine::offering_dpdk("21.11.9-0ubuntu0.22.04.1");
    machine.command("pkg-config", "exit 0");
    let said = stdout(&machine.run("setup.sh", "test"));
    assert!(!said.contains("DPDK"), "{said}");
    assert!(!said.contains("libdpdk-dev"), "{said}");
}

#[test]
fn setup_is_quiet_where_nothing_is_missing() {
    let machine = Machine::offering_dpdk("22.11.7-1");
    machine.command("dpkg-query", "shift 3\nfor p; do echo installed $p; done");
    machine.command("pkg-config", "exit 0");
    machine.command("cargo", "echo cargo 1.88.0");
    let done = machine.run("setup.sh", "build");
    assert!(done.status.success(), "{done:?}");
    assert_eq!(stdout(&done), "setup: all 5 packages of 'build' are installed\n");
}

#[test]
fn setup_refuses_an_unknown_group() {
    let refused = script("setup.sh", "everything").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("what is 'everything'"), "{refused:?}");
}

/// What measures says what is wrong with its options before it looks at the machine.
#[test]
fn measuring_refuses_wrong_input() {
    for (name, arguments, word) in [
        ("bench.sh", "--modes io,fast", "bench: --modes are of io,mac,macswap,5tswap"),
        ("bench.sh", "--devices nul", "--devices are of null,udp,vhost, not 'nul'"),
        ("bench.sh", "--runs none", "--runs is a number from 1 on, not 'none'"),
        ("bench-gen.sh", "--rows send-64,send", "bench-gen: --rows are of send-64,send-96,"),
        ("bench-switch.sh", "--cases mac,flood", "--cases are of io,rules,mac,masks, not 'flood'"),
        ("bench-switch.sh", "--rings", "bench-switch: --rings needs a value"),
        ("instructions.sh", "--function", "instructions: what is '--function'?"),
        ("latency.sh", "--size 64 10M", "latency: what is '10M'?"),
        ("accuracy.sh", "--rate", "accuracy: --rate needs a value"),
        ("latency.sh", "--", "what is '--'?"),
    ] {
        let refused = script(name, arguments).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{name} {arguments}: {refused:?}");
        assert!(stderr(&refused).contains(word), "{name} {arguments}: {refused:?}");
    }
}

/// Runs test.sh with a cargo that prints `body` and a setup that has nothing to do.
fn sum_up(cargo: &str) -> Output {
    let machine = Machine::offering_dpdk("22.11.7-1");
    machine.command("dpkg-query", "shift 3\nfor p; do echo installed $p; done");
    machine.command("pkg-config", "exit 0");
    machine.command(
        "cargo",
        &format!("if [ \"$1\" = --version ]; then echo cargo 1.88.0; exit; fi\n{cargo}"),
    );
    machine.run("test.sh", "")
}

#[test]
fn test_sums_up_over_all_programs() {
    let all = sum_up(
        "echo 'test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out'\n\
         echo 'test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out'\n\
         echo 'over_tap: no /dev/net/tun' >> $POLLWAY_SKIPPED",
    );
    assert!(all.status.success(), "{all:?}");
    let said = stdout(&all);
    assert!(said.contains("\nSKIPPED over_tap: no /dev/net/tun\n"), "{said}");
    assert!(said.ends_with("\n16 passed, 0 failed, 2 skipped\n"), "{said}");
}

#[test]
fn test_fails_with_a_test_a_build_or_none_at_all() {
    for (cargo, sum) in [
        (
            "echo 'test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured'; exit 101",
            "5 passed, 2 failed, 0 skipped",
        ),
        ("echo 'error: could not compile'; exit 101", "0 passed, 1 failed, 0 skipped"),
        ("echo 'test result: ok. 0 passed; 0 failed; 0 ignored'", "0 passed, 0 failed, 0 skipped"),
    ] {
        let output = sum_up(cargo);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(stdout(&output).lines().last(), Some(sum), "{output:?}");
    }
}
