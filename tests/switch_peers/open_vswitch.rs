//! Open vSwitch: on ports that are no devices, or on others.

use crate::contest::{Commanded, Contender, Ruled, Sent};
use crate::lab::capture::Frame;
use crate::lab::ovs::Ovs;
use crate::lab::wait_for;
use std::fs::File;
use std::io::Read;

/// Bytes of a capture's header, and of the header of each packet.
const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;

/// Has `ovs-ofctl` speak a newer OpenFlow than 1.0.
const NEWER: &[&str] = &["-O", "OpenFlow13"];

/// A bridge of Open vSwitch, and what is at its ports.
pub(crate) struct OpenVSwitch<Ends = Dummies> {
    pub(crate) ovs: Ovs,
    pub(crate) ends: Ends,
}

/// What is at a bridge's ports.
pub(crate) trait Ends {
    /// A rule of its own, which is always there and no part of what is compared: what it matches, and its actions.
    const RULE: Option<[&str; 2]>;
}

/// The files of what dummies send.
pub(crate) struct Dummies(Vec<Port>);

impl Ends for Dummies {
    const RULE: Option<[&str; 2]> = None;
}

struct Port {
    number: u16,
    sent: File,
    /// What was read of it and holds no whole packet yet.
    read: Vec<u8>,
}

impl OpenVSwitch {
    /// One with ports of these numbers.
    pub(crate) fn new(numbers: &[u16]) -> Self {
        let ovs = Ovs::dummy();
        let ports = numbers.iter().map(|number| {
            let file = ovs.at(&format!("{number}.pcap"));
            let capture = format!("options:tx_pcap={}", file.display());
            ovs.add_port(&name(*number), *number, "dummy", &[&capture]);
            let sent = wait_for("a port's capture", || File::open(&file).ok());
            Port { number: *number, sent, read: Vec::new() }
        });
        let mut ports: Vec<Port> = ports.collect();
        for port in &mut ports {
            wait_for("a capture's header", || {
                port.sent.read_to_end(&mut port.read).unwrap();
                (port.read.len() >= FILE_HEADER).then_some(())
            });
            port.read.drain(..FILE_HEADER);
        }
        Self { ovs, ends: Dummies(ports) }
    }
}

/// A port's name.
pub(crate) fn name(number: u16) -> String {
    format!("p{number}")
}

impl<E: Ends> Ruled for OpenVSwitch<E> {
    fn clear(&mut self) {
        self.ovs.ofctl("del-flows", &[]);
        if let Some([matches, actions]) = E::RULE {
            self.add_rule(&format!("{matches},actions={actions}"));
        }
    }

    fn add_rule(&mut self, rule: &str) {
        // OpenFlow 1.0 knows neither groups nor tags in front of tags.
        let newer = rule.contains("group") || rule.contains("push_vlan");
        self.ovs.ofctl("add-flow", &[if newer { NEWER } else { &[] }, &[rule]].concat());
    }

    fn add_group(&mut self, group: &str) {
        self.ovs.ofctl("add-group", &[NEWER, &[group]].concat());
    }

    fn rules(&mut self) -> String {
        let rules = self.ovs.ofctl("dump-flows", &[]);
        let is_own = |rule: &&str| E::RULE.is_some_and(|[matches, _]| rule.contains(matches));
        rules.lines().filter(|rule| !is_own(rule)).collect::<Vec<_>>().join("\n")
    }
}

impl Commanded for OpenVSwitch {
    fn command(&mut self, command: &str, strict: bool, text: &str) {
        let strictly: &[&str] = if strict { &["--strict"] } else { &[] };
        self.ovs.ofctl(command, &[strictly, &[text]].concat());
    }
}

impl Contender for OpenVSwitch {
    fn feed(&mut self, port: u16, frames: &[Frame]) -> Vec<Sent> {
        for frame in frames {
            let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
            self.ovs.appctl("netdev-dummy/receive", &[&name(port), &hex]);
        }
        // It is done with a packet before it looks at the next command. With this one it forgets what it remembers of rules
        // and addresses, which would be a few milliseconds old, and has counted all.
        self.ovs.appctl("revalidator/purge", &[]);
        let mut sent = Vec::new();
        for port in &mut self.ends.0 {
            port.sent.read_to_end(&mut port.read).unwrap();
            while let Some(frame) = port.next() {
                sent.push((port.number, frame));
            }
        }
        sent
    }
}

impl Port {
    /// The next packet of what was read.
    fn next(&mut self) -> Option<Frame> {
        let length = self.read.get(8..12)?;
        let end = PACKET_HEADER + u32::from_le_bytes(length.try_into().unwrap()) as usize;
        if self.read.len() < end {
            return None;
        }
        Some(self.read.drain(..end).skip(PACKET_HEADER).collect())
    }
}
