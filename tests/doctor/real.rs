//! Findings that this machine itself can have, without a guest: found, mended as is printed, then gone.

use crate::lab::forwarder::Forwarder;
use crate::lab::{lacks, run, skip};
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The findings of a program run with this in front of it and these arguments.
fn findings(before: &[&str], arguments: &[&str]) -> Vec<Value> {
    examine(&cargo_bin("pollway"), before, arguments)
}

fn examine(program: &Path, before: &[&str], arguments: &[&str]) -> Vec<Value> {
    let output = Command::new("env")
        .args(before)
        .arg(program)
        .args(["doctor", "--json"])
        .args(arguments)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&output.stderr)));
    report["findings"].as_array().unwrap().clone()
}

/// What a finding is and how it is mended.
fn told(finding: &Value) -> [&str; 3] {
    ["check", "what", "mend"].map(|key| finding[key].as_str().unwrap())
}

#[test]
fn a_socket_and_a_prefix_that_a_running_program_has() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("vhost:{}", folder.path().join(name).display());
    let (taken, other) = (at("a.sock"), at("b.sock"));
    let forwarder = Forwarder::on(&[&taken, "null:"], &["--no-huge", "-m", "256"]);
    let prefix = forwarder.prefix().to_owned();
    let look = |prefix: &str, device: &str| {
        let checks = ["sockets.taken", "prefix.free", "--", "fwd"];
        findings(&[], &[&checks[..], &["--file-prefix", prefix, "--port", device]].concat())
    };
    let found = look(&prefix, &taken);
    let path = taken.trim_start_matches("vhost:");
    assert_eq!(
        found.iter().map(told).collect::<Vec<_>>(),
        [
            [
                "sockets.taken",
                &format!("another program has {path}"),
                "stop it, or name another path"
            ],
            [
                "prefix.free",
                &format!("a DPDK program runs with the file prefix '{prefix}'"),
                "give this one a name of its own: eal.file_prefix, --file-prefix=NAME",
            ],
        ]
    );
    assert_eq!(look("another", &other), Vec::<Value>::new());
    forwarder.stop();
    assert_eq!(look(&prefix, &taken), Vec::<Value>::new());
}

#[test]
fn processors_that_this_process_may_not_use() {
    let name = "processors_that_this_process_may_not_use";
    if std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        return skip(name, "there is one processor");
    }
    let look = |before: &[&str], lcores| {
        findings(before, &["cpu.allowed", "--", "fwd", "--lcores", lcores])
    };
    let kept_to_0 = ["taskset", "--cpu-list", "0"];
    let found = look(&kept_to_0, "0@0,1@1");
    assert_eq!(found.len(), 1, "{found:?}");
    let [_, what, mend] = told(&found[0]);
    assert_eq!(what, "this process may run on processors 0, and workers are to run on 1");
    assert!(mend.contains("name other") && mend.ends_with("with eal.lcores"), "{mend}");
    assert_eq!(look(&[], "0@0,1@1"), Vec::<Value>::new());
    assert_eq!(look(&kept_to_0, "0@0,1@0"), Vec::<Value>::new());
}

#[test]
fn a_capability_that_a_service_is_to_have() {
    let name = "a_capability_that_a_service_is_to_have";
    if let Some(reason) = lacks(&["setpriv"]) {
        return skip(name, &reason);
    }
    // Where that user can reach it.
    let folder = tempfile::Builder::new().tempdir_in("/var/tmp").unwrap();
    run(Command::new("chmod").arg("755").arg(folder.path()));
    let program = folder.path().join("pollway");
    std::fs::copy(cargo_bin("pollway"), &program).unwrap();
    let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let look = |rights: &[&str]| {
        let before = [&user, rights].concat();
        examine(&program, &before, &["devices.rights", "--", "fwd", "--port", "tap:doctor0"])
    };
    let found = look(&["--inh-caps=-all"]);
    assert_eq!(found.len(), 1, "{found:?}");
    let [_, what, mend] = told(&found[0]);
    assert_eq!(what, "`tap:doctor0` takes CAP_NET_ADMIN, which user 65534 lacks");
    // To a service or to a container, whichever this is; here it is done as both do it.
    assert!(mend.contains("NET_ADMIN"), "{mend}");
    let given = ["--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin"];
    assert_eq!(look(&given), Vec::<Value>::new());
}

/// The program has its libdpdk in a place of its own, and what the distribution has installed is another release's.
#[test]
fn drivers_of_another_release() {
    let name = "drivers_of_another_release";
    if let Some(reason) = lacks(&["unshare", "mount", "ldd"]) {
        return skip(name, &reason);
    }
    let folders = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let Some(drivers) = folders.map(|at| at.path().join("dpdk")).find(|at| at.is_dir()) else {
        return skip(name, "libdpdk is not a distribution's");
    };
    let own = tempfile::tempdir().unwrap();
    let needed = run(Command::new("ldd").arg(cargo_bin("pollway")));
    let libraries = needed.lines().filter_map(|line| line.split_whitespace().nth(2));
    for library in libraries.filter(|library| library.contains("/librte_")) {
        let library = Path::new(library);
        std::fs::copy(library, own.path().join(library.file_name().unwrap())).unwrap();
    }
    let libraries = format!("LD_LIBRARY_PATH={}", own.path().display());
    let look =
        |before: &[&str]| findings(&[&[libraries.as_str()], before].concat(), &["devices.release"]);
    let mount = format!(
        "mount -t tmpfs drivers {0} && mkdir {0}/pmds-20.0 && exec \"$@\"",
        drivers.display()
    );
    let found = look(&["unshare", "--mount", "sh", "-c", &mount, "sh"]);
    assert_eq!(found.len(), 1, "{found:?}");
    let [_, what, mend] = told(&found[0]);
    assert!(what.contains("/dpdk/pmds-20.0 are for DPDK's binary interface 20"), "{what}");
    assert!(mend.contains("or install the drivers of DPDK "), "{mend}");
    assert_eq!(look(&[]), Vec::<Value>::new());
}
