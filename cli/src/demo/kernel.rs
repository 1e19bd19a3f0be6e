//! The demo's second half: two kernels that ping each other and run iperf3 through `pollway fwd`.

use super::namespaces::{self, Namespaces};
use serde::Serialize;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What the kernels measured, or why there is nothing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kernel {
    /// What they measured.
    Measured(Figures),
    /// Why they were not asked.
    Skipped {
        /// In a sentence.
        reason: String,
    },
    /// What went wrong when they were.
    Failed {
        /// In a sentence.
        reason: String,
    },
}

/// Ping's and iperf3's own figures.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    /// Echo requests sent.
    pub(super) ping_sent: u64,
    /// Echo replies received.
    pub(super) ping_received: u64,
    /// Round trip in milliseconds.
    pub(super) ping_rtt_ms: PingRtt,
    /// TCP throughput of one iperf3 stream in Mbit/s.
    pub(super) tcp_mbps: f64,
}

/// The last line of ping's summary.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct PingRtt {
    pub(super) min: f64,
    pub(super) avg: f64,
    pub(super) max: f64,
}

const PINGS: u64 = 20;
const INTERRUPTED: &str = "interrupted";
/// What `pollway fwd` prints once it forwards.
const PROMPT: &[u8] = b"pollway> ";
/// How long it gets to be ready, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

impl Kernel {
    /// Lets two kernels talk through a forwarder.
    pub(super) fn measure(processors: &[usize], stop: &AtomicBool) -> Self {
        let absent =
            ["ip", "ethtool", "ping", "iperf3"].into_iter().find(|program| !installed(program));
        let reason = if !rustix::process::geteuid().is_root() {
            "needs root, for network namespaces and packet sockets".to_owned()
        } else if let Some(program) = absent {
            format!("needs the program {program} (scripts/setup.sh demo installs it)")
        } else if stop.load(Ordering::Relaxed) {
            INTERRUPTED.to_owned()
        } else {
            match measure(processors, stop) {
                Ok(figures) => return Self::Measured(figures),
                // Ctrl-C reaches ping and iperf3 too, which then have no figures.
                Err(_) if stop.load(Ordering::Relaxed) => INTERRUPTED.to_owned(),
                Err(error) => return Self::Failed { reason: error.to_string() },
            }
        };
        Self::Skipped { reason }
    }
}

fn installed(program: &str) -> bool {
    std::env::split_paths(&namespaces::search_path()).any(|folder| folder.join(program).exists())
}

fn measure(processors: &[usize], stop: &AtomicBool) -> io::Result<Figures> {
    let namespaces = Namespaces::new(&format!("{:x}", std::process::id() & 0xf_ffff))?;
    let [a, b] = namespaces.ends();
    let _forwarder = Forwarder::start(processors, &[&a.outer, &b.outer])?;
    interrupted(stop)?;

    let count = PINGS.to_string();
    let ping = a.exec("ping", &["-c", &count, "-i", "0.05", "-W", "2", &b.address])?;
    let (ping_received, ping_rtt_ms) = read_ping(&String::from_utf8_lossy(&ping.stdout))
        .ok_or_else(|| io::Error::other("ping printed a summary of another form than expected"))?;
    interrupted(stop)?;

    let _server = Ended(b.spawn("iperf3", &["--server", "--one-off"])?);
    let tcp_mbps = retry(|| {
        let client = a.exec("iperf3", &["--client", &b.address, "--time", "3", "--json"])?;
        read_iperf3(&client.stdout)
    })?;
    Ok(Figures { ping_sent: PINGS, ping_received, ping_rtt_ms, tcp_mbps })
}

fn interrupted(stop: &AtomicBool) -> io::Result<()> {
    if stop.load(Ordering::Relaxed) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
}

/// Tries until it works or patience ends: a server that was just started takes a moment to listen.
fn retry<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match attempt() {
            Err(_) if Instant::now() < deadline => sleep(Duration::from_millis(100)),
            outcome => return outcome,
        }
    }
}

/// The throughput in Mbit/s of iperf3's report. What failed stands in the report: with --json iperf3 ends with 0.
fn read_iperf3(json: &[u8]) -> io::Result<f64> {
    let report: serde_json::Value = serde_json::from_slice(json)?;
    if let Some(error) = report["error"].as_str() {
        return Err(io::Error::other(format!("iperf3: {error}")));
    }
    let bits = report["end"]["sum_received"]["bits_per_second"].as_f64();
    Ok(bits.ok_or_else(|| io::Error::other("iperf3 reported no throughput"))? / 1e6)
}

/// The replies and the round trip of ping's summary.
fn read_ping(text: &str) -> Option<(u64, PingRtt)> {
    let summary = text.lines().find(|line| line.contains("packets transmitted"))?;
    let received = summary.split(", ").nth(1)?.split(' ').next()?.parse().ok()?;
    let times = text.lines().find_map(|line| line.strip_prefix("rtt min/avg/max/mdev = "))?;
    let mut times = times.split('/').map(|time| time.parse().ok());
    Some((received, PingRtt { min: times.next()??, avg: times.next()??, max: times.next()?? }))
}

/// A `pollway fwd` of our own on two interfaces; dropping it stops it in order.
struct Forwarder(Child);

impl Forwarder {
    fn start(processors: &[usize], interfaces: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["fwd", "--no-pci", "--no-telemetry", "--no-huge", "--log-level=error"]);
        // The child inherits this thread's one processor, so it is told of the others: the last one forwards, the kernels
        // and their programs have the rest.
        let (first, last) = (processors.first(), processors.last());
        if let Some((first, last)) = first.zip(last) {
            command.arg(format!("--lcores=0@{first},1@{last}"));
        }
        command.arg(format!("--file-prefix=pollway-demo-{}", std::process::id()));
        command.args(interfaces.iter().map(|interface| format!("--port=af_packet:{interface}")));
        // In a pipe the shell prints its prompt once forwarding has started, and its closed input ends it.
        command.args(["-i", "--auto-start"]);
        // What it complains of is for the user to read.
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut forwarder = Self(spawned);
        forwarder.wait_for_prompt()?;
        Ok(forwarder)
    }

    fn wait_for_prompt(&mut self) -> io::Result<()> {
        let (ready, prompted) = mpsc::channel();
        if let Some(stdout) = self.0.stdout.take() {
            std::thread::spawn(move || {
                let mut stdout = BufReader::new(stdout);
                let mut seen = Vec::new();
                while !seen.ends_with(PROMPT) && stdout.read_until(b' ', &mut seen)? > 0 {}
                // Nobody waits any more if it took too long.
                let _ = ready.send(seen.ends_with(PROMPT));
                // The rest is read and thrown away, so that the forwarder never waits for a full pipe.
                io::copy(&mut stdout, &mut io::sink())
            });
        }
        match prompted.recv_timeout(PATIENCE) {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(io::Error::other("pollway fwd did not start (its own words are above)"))
            }
            Err(_) => Err(io::Error::other(format!(
                "pollway fwd was not ready after {} s",
                PATIENCE.as_secs()
            ))),
        }
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        // The end of its input is its order to quit.
        drop(self.0.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.0.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.0.kill();
            }
            sleep(Duration::from_millis(20));
        }
    }
}

/// A program that is ended when this is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iperf3s_throughput_is_read_or_what_it_says_instead() {
        let report = br#"{"end": {"sum_received": {"bits_per_second": 583.2e6}}}"#;
        assert_eq!(read_iperf3(report).unwrap(), 583.2);
        let report = br#"{"end": {}, "error": "unable to connect to server: Connection refused"}"#;
        assert_eq!(
            read_iperf3(report).unwrap_err().to_string(),
            "iperf3: unable to connect to server: Connection refused"
        );
    }

    #[test]
    fn pings_summary_is_read() {
        let text = "PING 198.18.7.2 (198.18.7.2) 56(84) bytes of data.\n\
                    20 packets transmitted, 19 received, 5% packet loss, time 968ms\n\
                    rtt min/avg/max/mdev = 0.045/0.071/0.164/0.027 ms\n";
        assert_eq!(read_ping(text), Some((19, PingRtt { min: 0.045, avg: 0.071, max: 0.164 })));
        assert_eq!(read_ping("ping: unknown host"), None);
    }
}
