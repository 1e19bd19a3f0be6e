//! A start that fails, followed to its mend: the error names the doctor's check, the doctor prints a command, and then it
//! starts.

use crate::lab::console::{Console, Ended};
use crate::lab::forwarder::own_prefix;
use crate::lab::{lcores, run};
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Starts a program that finds the end of its input, and waits for its end.
fn started(arguments: &[&str]) -> Ended {
    Console::start(Command::new(cargo_bin("pollway")).args(arguments)).wait()
}

/// What an error has the user type, without the program's name.
fn named(said: &str) -> &str {
    let named =
        said.split_once("; `pollway ").and_then(|(_, rest)| rest.split_once("` looks further"));
    named.unwrap_or_else(|| panic!("no doctor in {said}")).0
}

/// The findings of what the user types.
fn examined(typed: &str) -> Vec<Value> {
    let typed = typed.replacen("doctor", "\"$0\" doctor --json", 1);
    let output =
        Command::new("sh").args(["-c", &typed]).arg(cargo_bin("pollway")).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&output.stderr)));
    report["findings"].as_array().unwrap().clone()
}

/// Follows a start that lacks the folder of its socket.
fn follow(arguments: &[&str], folder: &Path) {
    let ended = started(arguments);
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    let typed = named(&ended.stderr);
    let findings = examined(typed);
    assert_eq!(findings.len(), 1, "{typed}: {findings:?}");
    assert_eq!(findings[0]["check"], "sockets.folder");
    run(Command::new("sh").args(["-c", findings[0]["mend"].as_str().unwrap()]));
    assert_eq!(examined(typed), Vec::<Value>::new(), "{typed}");
    let ended = started(arguments);
    assert!(ended.status.success(), "{ended:?}");
    fs::remove_dir(folder).unwrap();
}

#[test]
fn a_start_that_fails_is_mended_by_what_its_error_leads_to() {
    let place = tempfile::tempdir().unwrap();
    // Nothing of it may be taken for something else by a shell.
    let folder = place.path().join("it's; a folder");
    let device = format!("vhost:{}/a.sock", folder.display());
    let (prefix, cores) = (own_prefix(), lcores(1, 1));
    let eal = ["--no-pci", "--no-telemetry", "--no-huge", "-m", "256"];
    let eal = [&eal[..], &["--file-prefix", &prefix, "--lcores", &cores, "--"]].concat();
    let ports = ["--port", &device, "--port", "null:"];
    for (program, own) in [
        ("fwd", &["--duration", "0.1"][..]),
        ("switch", &["--duration", "0.1"]),
        ("gen", &["-m", "1.0,1.1", "--tx-port", "1", "--size", "64", "--count", "5"]),
    ] {
        follow(&[&[program], &eal[..], &ports, own].concat(), &folder);
    }
}

/// EAL passes over a device that it was to take, and starts.
#[test]
fn a_device_that_dpdk_made_no_port_of_is_named_to_the_doctor() {
    let (prefix, cores) = (own_prefix(), lcores(1, 1));
    let eal = ["--no-telemetry", "--no-huge", "-m", "64", "--file-prefix", &prefix];
    let absent = ["--lcores", &cores, "-a", "0000:ff:1f.7"];
    let ended = started(&[&["fwd"], &eal[..], &absent].concat());
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.stderr.contains("DPDK made no port of 0000:ff:1f.7: "), "{ended:?}");
    let findings = examined(named(&ended.stderr));
    assert_eq!(findings[0]["check"], "devices.present", "{findings:?}");
}

#[test]
fn a_configuration_that_does_not_start_is_named_to_the_doctor() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("sockets");
    let (prefix, cores) = (own_prefix(), lcores(1, 1));
    let eal = format!(
        "eal = {{ no_pci = true, no_huge = true, lcores = '{cores}', file_prefix = '{prefix}' }}\n\
         port = [{{ device = 'vhost:{}/a.sock' }}, {{ device = 'null:' }}]\n",
        folder.display()
    );
    for (program, own) in [
        ("fwd", "fwd.duration = 0.1\n"),
        ("switch", "fwd.duration = 0.1\nswitch = {}\n"),
        ("gen", "traffic.stream = [{ port = 1, size = 64, count = 5 }]\n"),
    ] {
        let file = place.path().join("a.toml");
        fs::write(&file, format!("{own}{eal}")).unwrap();
        follow(&[program, "--config", file.to_str().unwrap()], &folder);
    }
}

#[test]
fn what_starts_nothing_is_no_command_line_for_the_doctor() {
    for (command, said) in [
        (&["check", "a.toml"][..], "has no ports; write one of fwd, switch or gen, with its flags"),
        (&["fwd", "--nosuch"], "unexpected argument '--nosuch' found"),
        (&["fwd", "--port", "nul:"], "`nul:` is no device"),
    ] {
        let ended = started(&[&["doctor", "--"], command].concat());
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(said), "{command:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}
