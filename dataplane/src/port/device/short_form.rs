//! The short forms of virtual devices and the options that they stand for.

/// A word before a colon that stands for a virtual device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShortForm {
    Ring,
    Null,
    Tap,
    AfPacket,
    AfXdp,
    Pcap,
    Memif,
    Vhost,
    VirtioUser,
}

impl ShortForm {
    pub(super) const ALL: [Self; 9] = [
        Self::Ring,
        Self::Null,
        Self::Tap,
        Self::AfPacket,
        Self::AfXdp,
        Self::Pcap,
        Self::Memif,
        Self::Vhost,
        Self::VirtioUser,
    ];

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.word() == word)
    }

    /// The word that looks most like `word`, if one does.
    pub(super) fn nearest(word: &str) -> Option<&'static str> {
        let distance = |form: &Self| strsim::damerau_levenshtein(form.word(), word);
        let nearest = Self::ALL.into_iter().min_by_key(distance)?;
        (distance(&nearest) <= nearest.word().len() / 2).then(|| nearest.word())
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Null => "null",
            Self::Tap => "tap",
            Self::AfPacket => "af_packet",
            Self::AfXdp => "af_xdp",
            Self::Pcap => "pcap",
            Self::Memif => "memif",
            Self::Vhost => "vhost",
            Self::VirtioUser => "virtio-user",
        }
    }

    /// What follows the colon; empty where nothing need follow.
    pub(super) fn operand(self) -> &'static str {
        match self {
            Self::Ring => "NAME",
            Self::Null => "",
            Self::Tap | Self::AfPacket | Self::AfXdp => "IF",
            Self::Pcap => "FILE",
            Self::Memif | Self::Vhost | Self::VirtioUser => "PATH",
        }
    }

    /// The driver, whose name starts the device's.
    pub(super) fn driver(self) -> &'static str {
        match self {
            Self::Ring => "net_ring",
            Self::Null => "net_null",
            Self::Tap => "net_tap",
            Self::AfPacket => "net_af_packet",
            Self::AfXdp => "net_af_xdp",
            Self::Pcap => "net_pcap",
            Self::Memif => "net_memif",
            Self::Vhost => "net_vhost",
            Self::VirtioUser => "net_virtio_user",
        }
    }

    /// The driver's option of that name; ours are shorter where DPDK's repeats the driver.
    pub(super) fn option(self, typed: &str) -> &str {
        match (self, typed) {
            (Self::Pcap, "tx") => "tx_pcap",
            _ => typed,
        }
    }

    /// The options for `operand` and a port of `queues` queues each way, before the user's own.
    ///
    /// Sources: the drivers' parameters in DPDK 22.11 (`RTE_PMD_REGISTER_PARAM_STRING`) and `doc/guides/nics/`.
    pub(super) fn options(self, operand: &str, queues: u16) -> Vec<(&'static str, String)> {
        let operand = operand.to_owned();
        let queues = queues.to_string();
        match self {
            Self::Ring | Self::Null => vec![],
            // A tap has as many queues as are configured.
            Self::Tap => vec![("iface", operand)],
            // The kernel's rings hold 512 frames by default: 2.5 ms at 200 kpps, less than a scheduler's quantum where
            // the poll loop has no processor of its own. A frame fits the standard MTU and an mbuf.
            Self::AfPacket => vec![
                ("iface", operand),
                ("qpairs", queues),
                ("blocksz", "4096".into()),
                ("framesz", "2048".into()),
                ("framecnt", "2048".into()),
            ],
            Self::AfXdp => {
                vec![("iface", operand), ("start_queue", "0".into()), ("queue_count", queues)]
            }
            // Each file is a queue; no file is written that nobody named.
            Self::Pcap if operand.is_empty() => vec![],
            Self::Pcap => vec![("rx_pcap", operand)],
            // An abstract socket, the driver's default, is seen neither in the file system nor from a container.
            Self::Memif => vec![
                ("socket", operand),
                ("socket-abstract", "no".into()),
                ("role", "client".into()),
            ],
            Self::Vhost => vec![("iface", operand), ("queues", queues)],
            // Packed rings are the quicker ones. The driver falls back on split ones where the other end lacks them.
            Self::VirtioUser => {
                vec![("path", operand), ("queues", queues), ("packed_vq", "1".into())]
            }
        }
    }
}
