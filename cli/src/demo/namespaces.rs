//! Two kernels in network namespaces, each behind a veth pair whose outer end is a forwarder's port.
//!
//! ```text
//!  namespace A            this namespace              namespace B
//!  10.x.0.1 ── veth ── outer A ◄─ forwarder ─► outer B ── veth ── 10.x.0.2
//! ```

use std::ffi::OsString;
use std::io;
use std::process::{Child, Command, Output, Stdio};

/// Two namespaces, their veth pairs and addresses; dropping it removes them all.
#[derive(Debug)]
pub(crate) struct Namespaces {
    ends: [End; 2],
}

/// One namespace.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// The namespace's name.
    pub(crate) namespace: String,
    /// The veth end in this namespace: the forwarder's port.
    pub(crate) outer: String,
    /// The veth end in the other namespace.
    pub(crate) inner: String,
    /// The address of the inner end.
    pub(crate) address: String,
}

/// The length of both networks' prefix: RFC 2544's range for tests of interconnect devices.
const PREFIX: u8 = 24;

impl Namespaces {
    /// Makes the namespaces; `tag` keeps several pairs apart (at most 6 letters and digits).
    ///
    /// # Errors
    /// What `ip` or `ethtool` said. What was made until then is removed.
    pub(crate) fn new(tag: &str) -> io::Result<Self> {
        let end = |side: char, host: u8| End {
            namespace: format!("pollway-{tag}{side}"),
            outer: format!("pw-{tag}{side}"),
            inner: format!("pwi-{tag}{side}"),
            address: format!("198.18.7.{host}"),
        };
        let pair = Self { ends: [end('a', 1), end('b', 2)] };
        pair.remove();
        for end in &pair.ends {
            end.make()?;
        }
        Ok(pair)
    }

    /// Both ends.
    pub(crate) fn ends(&self) -> &[End; 2] {
        &self.ends
    }

    fn remove(&self) {
        for end in &self.ends {
            // Absent ones are the usual case at the start, and nothing is left to do about one that stays at the end.
            let _ = quiet("ip", &["link", "del", &end.outer]);
            let _ = quiet("ip", &["netns", "del", &end.namespace]);
        }
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        self.remove();
    }
}

impl End {
    fn make(&self) -> io::Result<()> {
        let address = format!("{}/{PREFIX}", self.address);
        run("ip", &["netns", "add", &self.namespace])?;
        run(
            "ip",
            &[
                "link",
                "add",
                &self.outer,
                "type",
                "veth",
                "peer",
                "name",
                &self.inner,
                "netns",
                &self.namespace,
            ],
        )?;
        // A kernel without IPv6 has nothing to switch off; its absence costs nothing.
        let quiet_v6 = format!("net.ipv6.conf.{}.disable_ipv6=1", self.outer);
        let _ = quiet("sysctl", &["-q", "-w", &quiet_v6]);
        run("ip", &["link", "set", &self.outer, "up", "promisc", "on"])?;
        let quiet_v6 = format!("net.ipv6.conf.{}.disable_ipv6=1", self.inner);
        let _ = self.exec("sysctl", &["-q", "-w", &quiet_v6]);
        self.exec("ip", &["addr", "add", &address, "dev", &self.inner])?;
        self.exec("ip", &["link", "set", &self.inner, "up"])?;
        self.exec("ip", &["link", "set", "lo", "up"])?;
        // The kernel leaves checksums to the "hardware" of the veth, which is our port: it must fill them in itself.
        self.exec("ethtool", &["-K", &self.inner, "tx", "off"])?;
        Ok(())
    }

    /// Runs a program in the namespace and returns what it printed.
    ///
    /// # Errors
    /// If it could not be run or failed, with its own words.
    pub(crate) fn exec(&self, program: &str, arguments: &[&str]) -> io::Result<Output> {
        let inside = ["netns", "exec", &self.namespace, program];
        run("ip", &[&inside, arguments].concat())
    }

    /// Starts a program in the namespace.
    ///
    /// # Errors
    /// If it could not be started.
    pub(crate) fn spawn(&self, program: &str, arguments: &[&str]) -> io::Result<Child> {
        Command::new("ip")
            .env("PATH", search_path())
            .args(["netns", "exec", &self.namespace, program])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

/// Where programs are looked for: a user's PATH often lacks the system's folders, where ip and ethtool are.
pub(crate) fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

fn quiet(program: &str, arguments: &[&str]) -> io::Result<Output> {
    Command::new(program).env("PATH", search_path()).args(arguments).stdin(Stdio::null()).output()
}

fn run(program: &str, arguments: &[&str]) -> io::Result<Output> {
    let output = quiet(program, arguments)
        .map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = [&*output.stderr, &*output.stdout].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Err(io::Error::other(format!("`{program} {}` failed: {said}", arguments.join(" "))))
}
