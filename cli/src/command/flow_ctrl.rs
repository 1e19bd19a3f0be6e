//! Commands about flow control between a port and its peer.

use dataplane::port::{FlowControl, PausedQueue, PausingQueue, PortId};

/// Changes how a port pauses its peer and lets itself be paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FlowCtrlCommand {
    /// The port.
    pub(crate) port: PortId,
    /// What becomes of it.
    pub(crate) deed: FlowCtrlDeed,
}

/// What becomes of flow control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowCtrlDeed {
    /// That of the whole link changes.
    Link(FlowCtrlChange),
    /// That of packets of one priority is so from now on.
    Priority(u8, FlowControl),
    /// These queues are paused, and pause.
    Queues(Option<PausedQueue>, Option<PausingQueue>),
}

/// What is changed of [`FlowControl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowCtrlChange {
    /// Everything.
    All(FlowControl),
    /// Whether it lets itself be paused.
    Rx(bool),
    /// Whether it pauses its peer.
    Tx(bool),
    /// At which fill it pauses.
    HighWater(u32),
    /// At which fill it goes on.
    LowWater(u32),
    /// For how long.
    PauseTime(u16),
    /// Whether it says when it goes on.
    SendXon(bool),
    /// Whether it hands on MAC control frames.
    MacCtrlFrameFwd(bool),
    /// Whether autonegotiation decides.
    Autoneg(bool),
}

impl FlowCtrlChange {
    /// What flow control is to be, from what it is.
    pub(crate) fn applied(self, now: FlowControl) -> FlowControl {
        match self {
            Self::All(wanted) => wanted,
            Self::Rx(rx) => FlowControl { rx, ..now },
            Self::Tx(tx) => FlowControl { tx, ..now },
            Self::HighWater(high_water) => FlowControl { high_water, ..now },
            Self::LowWater(low_water) => FlowControl { low_water, ..now },
            Self::PauseTime(pause_time) => FlowControl { pause_time, ..now },
            Self::SendXon(send_xon) => FlowControl { send_xon, ..now },
            Self::MacCtrlFrameFwd(mac_ctrl_frame_fwd) => FlowControl { mac_ctrl_frame_fwd, ..now },
            Self::Autoneg(autoneg) => FlowControl { autoneg, ..now },
        }
    }
}
