//! What two kernels do to each other, each in a network namespace.

use super::{PATIENCE, run, tag};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Runs `work` on a thread of its own whose network is a namespace's.
pub(crate) fn inside<T: Send + 'static>(
    namespace: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let file = File::open(format!("/run/netns/{namespace}")).unwrap();
    thread::spawn(move || {
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        work()
    })
}

/// A command that runs in a namespace.
pub(crate) fn command_in(namespace: &str, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, program]).args(arguments);
    command
}

/// Sends echo requests from a namespace to an address, 20 ms apart, and returns how many were answered.
pub(crate) fn ping(namespace: &str, address: &str, count: u64) -> u64 {
    let count = count.to_string();
    let arguments = ["-c", &count, "-i", "0.02", "-W", "2", address];
    let said = run(&mut command_in(namespace, "ping", &arguments));
    let received = said.lines().find_map(|line| {
        let (_, rest) = line.split_once("packets transmitted, ")?;
        rest.split(' ').next()?.parse().ok()
    });
    received.unwrap_or_else(|| panic!("ping said {said}"))
}

/// Sends a file from one namespace over TCP to another namespace's address, and stores what arrives.
pub(crate) fn send_file(file: &Path, from: &str, to: &str, address: &str, arrived: &Path) {
    let listener = inside(to, || TcpListener::bind("0.0.0.0:0").unwrap()).join().unwrap();
    let target = format!("{address}:{}", listener.local_addr().unwrap().port());
    let (file, arrived) = (file.to_owned(), arrived.to_owned());
    let receiver = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        std::io::copy(&mut stream, &mut File::create(arrived).unwrap()).unwrap()
    });
    let sender = inside(from, move || {
        let mut stream = TcpStream::connect(target).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        std::io::copy(&mut File::open(file).unwrap(), &mut stream).unwrap()
    });
    // In this order: without a sender nobody connects, and accepting would wait for ever.
    let sent = sender.join().unwrap();
    assert_eq!(receiver.join().unwrap(), sent);
}

/// A namespace, deleted when dropped.
pub(crate) struct Namespace {
    pub(crate) name: String,
}

impl Namespace {
    pub(crate) fn new(name: String) -> Self {
        run(Command::new("ip").args(["netns", "add", &name]));
        Self { name }
    }

    /// Takes an interface over and gives it an address.
    pub(crate) fn take(&self, interface: &str, address: &str) {
        run(Command::new("ip").args(["link", "set", interface, "netns", &self.name]));
        // An interface without IPv6 says nothing by itself, so that every packet is one of the test's.
        let no_v6 = format!("net.ipv6.conf.{interface}.disable_ipv6=1");
        run(&mut command_in(&self.name, "sysctl", &["-q", "-w", &no_v6]));
        let ip = |arguments: &[&str]| run(&mut command_in(&self.name, "ip", arguments));
        ip(&["address", "add", address, "dev", interface]);
        ip(&["link", "set", interface, "up"]);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A test that fails has more to say than this.
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).output();
    }
}

/// What an interface has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packets {
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl Packets {
    /// Those of an interface in a namespace.
    pub(crate) fn of(namespace: &str, interface: &str) -> Self {
        let arguments = ["-json", "-stats", "link", "show", "dev", interface];
        let links = run(&mut command_in(namespace, "ip", &arguments));
        let links: serde_json::Value = serde_json::from_str(&links).unwrap();
        let figure = |way: &str| links[0]["stats64"][way]["packets"].as_u64().unwrap();
        Self { sent: figure("tx"), received: figure("rx") }
    }

    /// Those that came since.
    pub(crate) fn since(self, before: Self) -> Self {
        Self { sent: self.sent - before.sent, received: self.received - before.received }
    }
}

/// Two interfaces that are wired to each other, on which the kernel says nothing by itself; gone when dropped.
pub(crate) struct VethPair {
    pub(crate) one: String,
    pub(crate) other: String,
}

impl VethPair {
    pub(crate) fn new() -> Self {
        let pair = Self { one: format!("va{}", tag()), other: format!("vb{}", tag()) };
        let Self { one, other } = &pair;
        run(Command::new("ip").args(["link", "add", one, "type", "veth", "peer", "name", other]));
        for end in [one, other] {
            // Neighbour discovery would speak as soon as the interface is up.
            let silence = format!("/proc/sys/net/ipv6/conf/{end}/disable_ipv6");
            if Path::new(&silence).exists() {
                fs::write(silence, "1").unwrap();
            }
            run(Command::new("ip").args(["link", "set", end, "up"]));
        }
        pair
    }
}

impl Drop for VethPair {
    fn drop(&mut self) {
        // A test that fails has more to say than this.
        let _ = Command::new("ip").args(["link", "delete", &self.one]).status();
    }
}

/// Datagrams on their way from one namespace to another. No more of them are under way than fit any queue, so that none is
/// lost because somebody was slow.
pub(crate) struct Datagrams {
    received: Arc<AtomicU64>,
    enough: Arc<AtomicBool>,
    sender: JoinHandle<u64>,
}

/// How many datagrams are under way at most.
const WINDOW: u64 = 128;

impl Datagrams {
    pub(crate) fn start(from: &str, to: &str, address: &str) -> Self {
        let socket = inside(to, || UdpSocket::bind("0.0.0.0:0").unwrap()).join().unwrap();
        let target = format!("{address}:{}", socket.local_addr().unwrap().port());
        let (received, enough) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let count = Arc::clone(&received);
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        // Ends when nothing has come for long.
        thread::spawn(move || {
            while socket.recv(&mut [0; 64]).is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (count, end) = (Arc::clone(&received), Arc::clone(&enough));
        let sender = inside(from, move || {
            let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
            let mut sent: u64 = 0;
            while !end.load(Ordering::Relaxed) {
                if sent - count.load(Ordering::Relaxed) < WINDOW {
                    socket.send_to(&sent.to_be_bytes(), &target).unwrap();
                    sent += 1;
                } else {
                    thread::sleep(Duration::from_micros(200));
                }
            }
            sent
        });
        Self { received, enough, sender }
    }

    /// Waits until `more` others have arrived.
    pub(crate) fn wait_for(&self, more: u64) {
        let received = || self.received.load(Ordering::Relaxed);
        let least = received() + more;
        super::wait_for(&format!("{least} datagrams"), || (received() >= least).then_some(()));
    }

    /// Sends no more and waits until all have arrived; returns how many.
    ///
    /// # Panics
    /// If one was lost.
    pub(crate) fn finish(self) -> u64 {
        self.enough.store(true, Ordering::Relaxed);
        let sent = self.sender.join().unwrap();
        let all = || (self.received.load(Ordering::Relaxed) == sent).then_some(sent);
        super::wait_for(&format!("all of {sent} datagrams"), all)
    }
}
