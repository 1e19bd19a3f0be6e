//! What the `csum` mode found of received checksums, as testpmd shows it in the forward statistics.

use dataplane::forward::{BAD_CHECKSUMS, TallyFigure};
use serde::Serialize;

/// Packets whose checksum the device that received them found to be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct BadChecksums {
    /// The IP header's.
    ip: u64,
    /// The transport's.
    l4: u64,
    /// The transport's around a tunnel.
    outer_l4: u64,
    /// The IP header's around a tunnel.
    outer_ip: u64,
}

impl BadChecksums {
    /// The sum over the counts of several modes; `None` if none of them looks at checksums.
    pub(crate) fn of<'a>(figures: impl IntoIterator<Item = &'a TallyFigure>) -> Option<Self> {
        let mut sum = None;
        for figure in figures {
            let Some(at) = BAD_CHECKSUMS.iter().position(|name| *name == figure.name) else {
                continue;
            };
            let Self { ip, l4, outer_l4, outer_ip } = sum.get_or_insert_default();
            if let Some(count) = [ip, l4, outer_l4, outer_ip].into_iter().nth(at) {
                *count += figure.count;
            }
        }
        sum
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            ip: self.ip + other.ip,
            l4: self.l4 + other.l4,
            outer_l4: self.outer_l4 + other.outer_l4,
            outer_ip: self.outer_ip + other.outer_ip,
        }
    }

    /// The lines of a port.
    pub(crate) fn port_lines(self) -> String {
        let Self { ip, l4, outer_l4, outer_ip } = self;
        let [ip_name, l4_name, outer_l4_name, outer_ip_name] = BAD_CHECKSUMS;
        format!(
            "  {ip_name}: {ip:<14} {l4_name}: {l4:<14}{outer_l4_name}: {outer_l4:<14}\n  {outer_ip_name}: {outer_ip:<14}\n"
        )
    }

    /// What follows the packets of a stream.
    pub(crate) fn stream_words(self) -> String {
        let Self { ip, l4, outer_l4, outer_ip } = self;
        format!(
            "  RX- bad IP checksum: {ip:<14}  Rx- bad L4 checksum: {l4:<14} Rx- bad outer L4 checksum: {outer_l4:<14}\n \
             RX- bad outer IP checksum: {outer_ip:<14}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_testpmds() {
        let figure = |at: usize, count| TallyFigure { name: BAD_CHECKSUMS[at], count };
        let figures = [figure(0, 1), figure(1, 2), figure(2, 3), figure(3, 4), figure(1, 20)];
        let bad = BadChecksums::of(&figures).unwrap();
        assert_eq!(
            bad.port_lines(),
            "  Bad-ipcsum: 1              Bad-l4csum: 22            Bad-outer-l4csum: 3             \n  \
             Bad-outer-ipcsum: 4             \n"
        );
        assert_eq!(
            bad.stream_words(),
            "  RX- bad IP checksum: 1               Rx- bad L4 checksum: 22             \
             Rx- bad outer L4 checksum: 3             \n RX- bad outer IP checksum: 4             "
        );
    }

    #[test]
    fn other_modes_have_no_such_lines() {
        assert_eq!(BadChecksums::of(&[TallyFigure { name: "dropped", count: 1 }]), None);
    }
}
