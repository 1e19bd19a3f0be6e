//! Ports that stop, start, change, come and go one by one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::capture::{Files, protocols};
use lab::forwarder::{Forwarder, number};
use lab::lcores;
use lab::shell::Shell;
use serde_json::Value;

/// Asks each line, and holds the answer against what it must contain.
fn ask_all(forwarder: &mut Forwarder, lines: &[(&str, &str)]) {
    for (line, expected) in lines {
        let answer = forwarder.shell.ask(line);
        assert!(answer.contains(expected), "{line}: {answer}");
    }
}

/// The packets that the ports received, by the end's account.
fn received(report: &Value, port: usize) -> u64 {
    number(report, &format!("/forward_stats/ports/{port}/rx_packets"))
}

#[test]
fn ports_stop_and_start_one_by_one_and_lose_no_packet() {
    let mut forwarder = Forwarder::on(&["null:", "ring:a", "null:"], &[]);
    ask_all(
        &mut forwarder,
        &[
            ("port stop 0", "Please remove port 0 from forwarding configuration.\n"),
            ("port config all rxq 2", "Please stop all ports first"),
            ("set portlist 0", "Please stop forwarding first"),
            ("stop", "Done."),
            ("port stop 1", "Stopping ports...\nChecking link statuses...\nDone\n"),
            ("start", "Not all ports were started"),
            ("port start all", "Port 0 is now not stopped\nPort 2 is now not stopped\nPort 1: "),
            ("port start 1", "Port 1 is now not stopped\nPlease stop the ports first\nDone\n"),
            ("port close 2", "Cannot close started device (port 2)"),
            ("port detach 2", "Port not stopped"),
            ("port stop 7", "Invalid port 7"),
            // More queues and descriptors than the pool was made for: it is replaced.
            ("port stop all", "Done"),
            ("port config all rxq 4", ""),
            ("port config all txq 4", ""),
            ("port config all rxd 4096", ""),
            (
                "port config all rxq 60000",
                "Fail: input rxq (60000) can't be greater than max_rx_queues",
            ),
            ("port config 0 rxq 9 ring_size 64", "Invalid RX queue 9 (must be < nb_rxq=4)"),
            ("port start all", "Configuring Port 0 (socket 0)"),
            ("port attach null:", "Port 3 is attached. Now total ports is 4\nDone\n"),
            ("start", "Not all ports were started"),
            ("port start 3", "Configuring Port 3 (socket 0)"),
            ("start tx_first 3", "ports=4 - cores=1 - streams=16"),
        ],
    );
    forwarder.shell.wait_for_figure(3, "RX-packets", 1);
    ask_all(
        &mut forwarder,
        &[
            ("stop", "Forward statistics for port 3"),
            ("set nbport 2", "Number of forwarding ports set to 2\n"),
            ("port stop 3", "Done"),
            ("port detach 3", "Device is detached\nNow total ports is 3\n"),
            ("port close 9", "Invalid port 9"),
            ("start", "ports=2 - cores=1 - streams=8"),
            // A port that does not forward stops while others do.
            ("port stop 2", "Checking link statuses...\nDone\n"),
            ("port close 2", "Port 2 is closed\nDone\n"),
            ("clear fwd stats all", ""),
            ("show config fwd", "RX P=1/Q=3 (socket 0) -> TX P=0/Q=3"),
        ],
    );
    let report = forwarder.stop();
    assert!(received(&report, 0) > 0, "{report}");
    assert_eq!(number(&report, "/mbufs_missing"), 0);
}

#[test]
fn what_forwards_is_set_while_it_is_stopped() {
    let mut forwarder = Forwarder::on(&["null:", "null:"], &[]);
    ask_all(
        &mut forwarder,
        &[
            ("stop", "Done."),
            (
                "set portlist 1",
                "previous number of forwarding ports 2 - changed to number of configured ports 1",
            ),
            ("show config fwd", "ports=1 - cores=1 - streams=1"),
            ("set portmask 0x3", "changed to number of configured ports 2"),
            ("set portmask 0", "Invalid NULL mask of ports"),
            ("set portlist 0,0", "port 0 is listed twice; list it once"),
            ("set nbport 3", "nb fwd ports 3 > 2 (number of configured ports) - ignored"),
            ("set nbcore 9", "(max. number of configured lcores) - ignored"),
            ("set corelist 0", "lcore 0 cannot be masked on"),
            ("set corelist 63", "lcore 63 not enabled"),
            ("set burst 16", "Number of packets per burst set to 16"),
            ("set burst 513", "nb pkt per burst: 513 > 512 (maximum packet per burst)  ignored"),
            ("set eth-peer 0 02:00:00:00:00:42", ""),
            ("show config fwd", "peer=02:00:00:00:00:42"),
            ("set fwd mac retry", "Set mac packet forwarding mode with retry"),
            ("show config fwd", "mac packet forwarding with retry - ports=2"),
            ("show config fwd", "\nTX retry num: 64, delay between TX retries: 1us\n"),
            ("set burst tx delay 20 retry 9", ""),
            ("show config fwd", "\nTX retry num: 9, delay between TX retries: 20us\n"),
            ("set burst tx delay 1000000 retry 2", "give a shorter delay or fewer tries"),
            ("show config rxtx", "packets/burst=16"),
            ("set log [ 3", "Unable to set log level"),
            ("load /nonexistent", "Failed to open file /nonexistent"),
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("commands");
    std::fs::write(&script, "set burst 8\n# a comment\nstart\nnonsense\n").unwrap();
    let answer = forwarder.shell.ask(&format!("load {}", script.display()));
    for expected in
        ["set to 8\n", "mac packet forwarding", "Command not found: nonsense", "Read CLI commands"]
    {
        assert!(answer.contains(expected), "{answer}");
    }
    forwarder.shell.wait_for_figure(0, "RX-packets", 1);
    let report = forwarder.stop();
    let bursts = report["forward_stats"]["ports"][0]["bursts"]["rx"].as_array().unwrap();
    assert!(bursts.iter().all(|burst| number(burst, "/size") <= 8), "{bursts:?}");
}

#[test]
fn what_waits_at_the_start_is_freed_unless_told_otherwise() {
    // What a port of this kind sends, it receives.
    let mut forwarder = Forwarder::prepare(&["ring:loop"], &[]);
    let shell = &mut forwarder.shell;
    let fill = |shell: &mut Shell| {
        let sent = shell.port_figure(0, "TX-packets");
        for line in ["set fwd txonly", "start"] {
            shell.ask(line);
        }
        shell.wait_for_figure(0, "TX-packets", sent + 32);
        for line in ["stop", "set fwd rxonly"] {
            shell.ask(line);
        }
    };
    fill(shell);
    shell.ask("start");
    assert!(shell.ask("stop").contains("RX-packets: 0 "));

    fill(shell);
    shell.ask("set flush_rx off");
    let received = shell.port_figure(0, "RX-packets");
    shell.ask("start");
    shell.wait_for_figure(0, "RX-packets", received + 32);
    assert!(!shell.ask("stop").contains("RX-packets: 0 "));
    forwarder.stop();
}

#[test]
fn a_stopped_queue_is_left_alone() {
    let frames = protocols();
    let [first, second] = [Files::new(&frames), Files::new(&frames)];
    let devices =
        [&first, &second].map(|files| format!("pcap:{},tx={}", files.input(), files.output()));
    let mut forwarder = Forwarder::prepare(&[&devices[0], &devices[1]], &[]);
    let shell = &mut forwarder.shell;
    let all = frames.len() as u64;
    shell.ask("port 0 rxq 0 stop");
    shell.ask("start");
    shell.wait_for_figure(0, "TX-packets", all);
    assert_eq!(shell.port_figure(0, "RX-packets"), 0);
    // It stays so when another mode takes over.
    shell.ask("set fwd macswap");
    shell.ask("stop");
    assert_eq!(shell.port_figure(0, "RX-packets"), 0);
    shell.ask("port 0 rxq 0 start");
    shell.ask("port 1 txq 0 stop");
    shell.ask("start");
    shell.ask("stop");
    assert_eq!(shell.port_figure(0, "RX-packets"), 0);
    shell.ask("port 1 txq 0 start");
    shell.ask("start");
    shell.wait_for_figure(1, "TX-packets", all);
    forwarder.stop();
}

#[test]
fn what_a_pipeline_has_for_a_stopped_queue_is_counted() {
    let frames = protocols();
    let [first, second] = [Files::new(&frames), Files::new(&frames)];
    let devices =
        [&first, &second].map(|files| format!("pcap:{},tx={}", files.input(), files.output()));
    let flags = ["--model=pipeline", "--lcores", &lcores(4, 1), "--no-flush-rx"];
    let mut forwarder = Forwarder::prepare(&[&devices[0], &devices[1]], &flags);
    let shell = &mut forwarder.shell;
    let all = frames.len() as u64;
    shell.ask("port 1 txq 0 stop");
    shell.ask("start");
    shell.wait_for_figure(0, "TX-packets", all);
    shell.wait_for_figure(0, "RX-packets", all);
    shell.ask("stop");
    assert_eq!(shell.port_figure(1, "TX-packets"), 0);
    let report = forwarder.stop();
    assert_eq!(number(&report, "/forward_stats/ports/1/tx_dropped"), all);
    assert_eq!(second.sent(), [[0u8; 0]; 0]);
}

#[test]
fn links_are_waited_for_where_devices_do_not_tell_of_them() {
    let started = |flags: &[&str]| {
        let mut forwarder = Forwarder::prepare(&["null:", "ring:link"], flags);
        forwarder.shell.ask("port stop 0");
        let started = forwarder.shell.ask("port start 0");
        forwarder.stop();
        started
    };
    assert!(started(&[]).ends_with("Checking link statuses...\nDone\n"));
    let waited = started(&["--no-lsc-interrupt"]);
    let links = "Port 0 Link up at 10 Gbps FDX Fixed\nPort 1 Link up at 10 Gbps FDX Fixed\n";
    assert!(waited.ends_with(&format!("Checking link statuses...\n{links}Done\n")), "{waited}");
    let unchecked = started(&["--no-lsc-interrupt", "--disable-link-check"]);
    assert!(!unchecked.contains("ink"), "{unchecked}");
}
