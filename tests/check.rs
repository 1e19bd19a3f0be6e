//! `pollway check` and `pollway schema` as a user runs them, and what bad input comes to.
#![allow(clippy::unwrap_used, reason = "a program that does not run fails the test")]

use assert_cmd::Command;
use std::path::{Path, PathBuf};

/// Exit code, stdout and stderr.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("pollway").unwrap().args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What is said on stderr about input that is refused.
fn refusal(args: &[&str]) -> String {
    let (code, stdout, stderr) = run(args);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    stderr
}

/// What is said about a configuration file, the file's folder left out.
fn check(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    std::fs::write(&file, text).unwrap();
    let said = refusal(&["check", file.to_str().unwrap()]);
    said.replace(&format!("{}/", folder.path().display()), "")
}

fn conf() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conf")
}

#[test]
fn a_plan_is_shown_as_testpmd_shows_it() {
    let file = conf().join("null.toml");
    let (code, stdout, stderr) = run(&["check", file.to_str().unwrap()]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    // A device belongs to no node (-1) until DPDK has made it.
    assert_eq!(
        stdout,
        "Port 0: null:\n\
         Port 1: null:\n\
         io packet forwarding - ports=2 - cores=1 - streams=2 - NUMA support enabled, MP allocation mode: native\n\
         Logical Core 1 (socket -1) forwards packets on 2 streams:\n  \
         RX P=0/Q=0 (socket -1) -> TX P=1/Q=0 (socket -1) peer=02:00:00:00:00:01\n  \
         RX P=1/Q=0 (socket -1) -> TX P=0/Q=0 (socket -1) peer=02:00:00:00:00:00\n"
    );
}

#[test]
fn a_plan_as_json_is_one_object() {
    let file = conf().join("pipeline.toml");
    let (code, stdout, _) = run(&["check", "--json", file.to_str().unwrap()]);
    assert_eq!(code, 0);
    let checked: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(checked["mode"], "macswap");
    assert_eq!(checked["devices"], serde_json::json!(["null:", "null:"]));
    assert_eq!(checked["plan"]["model"], "pipeline");
    let lcores: Vec<u64> = checked["plan"]["workers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|worker| worker["lcore"].as_u64().unwrap())
        .collect();
    assert_eq!(lcores, [1, 2, 3, 4]);
}

#[test]
fn every_sample_configuration_has_a_plan() {
    let mut checked = 0;
    for entry in std::fs::read_dir(conf()).unwrap() {
        let file = entry.unwrap().path();
        // What is not a configuration is in folders, with tests of its own.
        if file.is_dir() {
            continue;
        }
        let (code, stdout, stderr) = run(&["check", file.to_str().unwrap()]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{}", file.display());
        assert!(stdout.contains("Logical Core 1 "), "{stdout}");
        checked += 1;
    }
    assert!(checked >= 5, "only {checked} samples");
}

#[test]
fn the_schema_describes_what_the_parser_takes() {
    let (code, stdout, _) = run(&["schema"]);
    assert_eq!(code, 0);
    let schema: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(schema["title"], "Config");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["Port"]["required"], serde_json::json!(["device"]));
    assert_eq!(
        schema["$defs"]["Fwd"]["properties"]["burst"]["description"],
        "Packets that a receive call asks for (1 to 512)."
    );
}

#[test]
fn faults_of_a_file_are_named_with_their_place() {
    let modes: Vec<&str> = dataplane::forward::MODES.iter().map(|mode| mode.name).collect();
    for (text, said) in [
        ("[fwd]\nburst = = 3\n", "a.toml:2:9: extra `=`, expected nothing"),
        ("[fwd]\nbrust = 3\n", "a.toml:2:1: unknown key `brust`; did you mean `burst`?"),
        (
            "port = [{ device = 'null:', rxq = 0 }]",
            "a.toml: port[0].rxq = 0: too small; write 1 or more",
        ),
        (
            "port = [{ device = 'null:' }]\nfwd.mode = 'macswp'",
            &format!(
                "a.toml: fwd.mode = macswp: there is no such forwarding mode; did you mean macswap? (there are {})",
                modes.join(", ")
            ),
        ),
        (
            "port = [{ device = 'null:' }]\neal.lcores = '0-2'\n\
             fwd.pipeline = { receive = [1], work = [2], transmit = [1] }",
            "a.toml: core used twice: lcore 1 is named for the receive stage and for the transmit stage; name it once",
        ),
        (
            "eal.lcores = '0-1'",
            "a.toml: there is no port to forward on; give one with --port DEVICE (--port null: makes one of nothing), --vdev or -a PCI-ADDRESS",
        ),
    ] {
        assert_eq!(check(text), format!("pollway: error: {said}\n"), "{text}");
    }
}

#[test]
fn a_missing_file_is_named() {
    assert_eq!(
        refusal(&["check", "no-such.toml"]),
        "pollway: error: cannot read the configuration no-such.toml: No such file or directory (os error 2); \
         check the path and its permissions\n"
    );
}

#[test]
fn faults_of_flags_are_refused_before_anything_starts() {
    for (args, said) in [
        (&["fwd", "--vdev=net_null0", "--rxq=0"][..], "--rxq=0: too small; write 1 or more"),
        (
            &["fwd", "-l", "0-x", "--vdev=net_null0"],
            "-l 0-x: expected a number, found `x`; write -l 0-1 or -l 0,2,4-7",
        ),
        (
            &["fwd", "-l", "0", "--vdev=net_null0"],
            "there is no lcore to forward on, as the main lcore only takes commands; give one more, as in -l 0-1",
        ),
    ] {
        assert_eq!(refusal(args), format!("pollway: error: {said}\n"));
    }
    for (args, said) in [
        (&["fwd", "--no-such"][..], "pollway: error: unexpected argument '--no-such' found"),
        (
            &["fwd", "--", "-l", "0-1"],
            "pollway: error: -l is a flag of DPDK's EAL; these stand before the --: write it there",
        ),
    ] {
        assert_eq!(refusal(args).lines().next(), Some(said));
    }
}

#[test]
fn the_version_is_printed() {
    let (code, stdout, _) = run(&["--version"]);
    assert_eq!((code, stdout.as_str()), (0, concat!("pollway ", env!("CARGO_PKG_VERSION"), "\n")));
}
