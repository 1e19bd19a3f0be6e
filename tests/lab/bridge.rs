//! A kernel's bridge.

use super::kernel::command_in;
use super::{run, tag};
use std::fs;
use std::process::Command;

/// A bridge in a namespace, between the inner ends of veth pairs; the outer ends are for whoever tests it. Gone when dropped.
pub(crate) struct Bridge {
    tag: String,
    sides: usize,
}

impl Bridge {
    /// One with so many ports; `which` tells it from another of this process.
    pub(crate) fn new(which: &str, sides: usize) -> Self {
        let bridge = Self { tag: format!("{}{which}", tag()), sides };
        let namespace = bridge.namespace();
        let ip = |arguments: &[&str]| run(Command::new("ip").args(arguments));
        ip(&["netns", "add", &namespace]);
        // What the kernels say by themselves would be counted as foreign.
        let silence = "for file in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$file; done";
        run(&mut command_in(&namespace, "sh", &["-c", silence]));
        bridge.ip(&["link", "add", "br0", "type", "bridge", "mcast_snooping", "0"]);
        for side in 0..sides {
            let (outer, inner) = (bridge.outer(side), format!("in{side}"));
            let peer = ["link", "add", &outer, "type", "veth", "peer", "name", &inner];
            ip(&[&peer[..], &["netns", &namespace]].concat());
            fs::write(format!("/proc/sys/net/ipv6/conf/{outer}/disable_ipv6"), "1").unwrap();
            ip(&["link", "set", &outer, "up", "promisc", "on"]);
            bridge.ip(&["link", "set", &inner, "master", "br0"]);
            bridge.ip(&["link", "set", &inner, "up"]);
        }
        bridge.ip(&["link", "set", "br0", "up"]);
        bridge
    }

    /// Has `ip` do something in its namespace.
    pub(crate) fn ip(&self, arguments: &[&str]) -> String {
        run(&mut command_in(&self.namespace(), "ip", arguments))
    }

    pub(crate) fn namespace(&self) -> String {
        format!("pwb{}", self.tag)
    }

    /// The outer end of a side's pair.
    pub(crate) fn outer(&self, side: usize) -> String {
        format!("pb{}{side}", self.tag)
    }

    /// The outer ends as devices.
    pub(crate) fn devices(&self) -> Vec<String> {
        (0..self.sides).map(|side| format!("af_packet:{}", self.outer(side))).collect()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // A test that fails has more to say than this. The pairs go with the namespace.
        let _ = Command::new("ip").args(["netns", "delete", &self.namespace()]).status();
    }
}
