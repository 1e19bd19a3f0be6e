//! What a trial came to.

use super::account::TrafficAccount;
use super::capture::CaptureResult;
use super::distribution::{Distribution, SignedSummary, Summary};
use super::invalid::Invalid;
use super::packet::Checksums;
use super::rate::Rate;
use crate::port::PortId;
use serde::Serialize;

/// What a trial came to. Final once the sending has ended and the packets on their way were waited for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialResult {
    /// Every stream's, in the order of their numbers.
    pub streams: Vec<StreamResult>,
    /// Seconds from the first departure due to the end of the sending.
    pub seconds: f64,
    /// Packets received that were no stream's of this trial.
    pub foreign: u64,
    /// Questions that were answered (ARP, neighbour discovery, ping); they are not among the foreign packets.
    pub answered: u64,
    /// What was captured, by port.
    pub captured: Vec<CaptureResult>,
    /// Why the figures are not what was asked for; a valid trial has none.
    pub invalid: Vec<Invalid>,
    /// How steadily the generator itself ran.
    pub polling: Vec<Polling>,
    /// The clock of all times, but for those that devices take.
    pub clock: Clock,
    /// The clocks by which packets were received, by port; none where nobody asked for devices' clocks.
    pub receive_clocks: Vec<ReceiveClock>,
    /// What the generator adds to every delay, if it was measured.
    pub calibration: Option<Calibration>,
}

/// What a stream came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StreamResult {
    /// Its number.
    pub stream: u16,
    /// Its name.
    pub name: String,
    /// What was sent, and how exactly.
    pub sending: Sending,
    /// What became of its packets; `None` for a replayed file, whose packets carry no probe.
    pub account: Option<TrafficAccount>,
    /// How its packets overtook one another.
    pub reordering: Reordering,
    /// How long its packets took.
    pub delay: Delay,
    /// What happened in each second that something did.
    pub timeline: Vec<Second>,
}

/// What was sent, and how exactly.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sending {
    /// The rate asked for, in words; that of the first phase if there are several.
    pub asked: Rate,
    /// The packets a second that it means; `None` flat out.
    pub asked_pps: Option<f64>,
    /// Packets that left.
    pub packets: u64,
    /// Bytes of their frames, the check sequences included.
    pub bytes: u64,
    /// Packets a second from the first departure to the last.
    pub pps: f64,
    /// Bits a second on a link, preambles and gaps included.
    pub l1_bps: f64,
    /// Bits a second of frames.
    pub l2_bps: f64,
    /// Departures given up because the sender came a millisecond late or later.
    pub skipped: u64,
    /// Departures given up because the pool had no packets.
    pub starved: u64,
    /// Packets that the transmit queue did not take at once; they left later, or are among those skipped.
    pub refused: u64,
    /// Who filled in the packets' checksums; `None` where they are those of a file.
    pub checksums: Option<Checksums>,
    /// How late packets left, in nanoseconds; `None` flat out.
    pub departure_error_ns: Option<Distribution>,
    /// The same of those that were due while the sender's loop polled: without those due in a stall, or behind one.
    pub steady_departure_error_ns: Option<Distribution>,
}

/// How packets overtook one another (RFC 4737).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reordering {
    /// Packets received after a newer one, of all received (§4.1).
    pub ratio: f64,
    /// How many packets came between the first newer one and it, itself counted (§4.2): of all reordered packets.
    pub extent: Option<Summary>,
    /// How many packets came with each extent: its upper bound, and the packets.
    pub density: Vec<(u64, u64)>,
    /// Reordered packets whose extent is not known, because what they belong behind lies too far back.
    pub extent_unknown: u64,
}

/// How long a stream's packets took: a round trip if they came back to the port that sent them, otherwise the way from the
/// one port to the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Delay {
    /// From where to where.
    pub path: Path,
    /// Where the packets were expected.
    pub receive_port: PortId,
    /// From the departure to the arrival.
    pub actual_ns: Option<Distribution>,
    /// From the departure to the arrival at the device, by the device's clock; of those packets that it took the time of.
    pub hardware_ns: Option<Distribution>,
    /// From departure to arrival without what the generator itself adds, if that was measured.
    pub corrected_ns: Option<Distribution>,
    /// From the time when the packet was to depart, so that a sender that stalls does not hide what waits behind it.
    pub intended_ns: Option<Distribution>,
    /// From one packet's delay to the next one's (RFC 3393).
    pub ipdv_ns: Option<SignedSummary>,
    /// Beyond the shortest delay (RFC 5481 §4.2).
    pub pdv_ns: Option<Distribution>,
}

/// From where to where a delay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// Back to the port that sent the packet.
    RoundTrip,
    /// To another port of this machine, by the same clock.
    OneWay,
}

/// What happened in a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Second {
    /// Which one, from the trial's beginning.
    pub second: u32,
    /// Packets that left.
    pub sent: u64,
    /// Different packets that came.
    pub received: u64,
    /// Arrivals of packets that had come already.
    pub duplicated: u64,
    /// Packets that came after a newer one.
    pub reordered: u64,
    /// The delays of those received.
    pub delay_ns: Option<Summary>,
    /// The delays in bars, eight to a doubling, for a heat map: the longest of each in nanoseconds, and the packets.
    pub bars: Vec<(u64, u64)>,
}

/// How steadily an lcore of the generator ran.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Polling {
    /// The lcore.
    pub lcore: u32,
    /// The longest time between two polls, in nanoseconds.
    pub longest_gap_ns: u64,
    /// How many gaps were as long as a stall.
    pub stalls: u64,
    /// Packets received in the first poll after a stall: their delays may be too long by as much.
    pub samples_touched: u64,
}

/// By which clock a port's packets were received.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReceiveClock {
    /// The port.
    pub port: PortId,
    /// Which clock.
    #[serde(flatten)]
    pub ticking: Ticking,
}

/// A clock of receive times.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "clock", rename_all = "kebab-case")]
pub enum Ticking {
    /// The timestamp counter, read after the receive call.
    Software {
        /// Why there is no other.
        why: String,
    },
    /// The device's, beside the timestamp counter.
    Hardware {
        /// Its speed, in ticks a second of the timestamp counter.
        hz: f64,
        /// How far it was off what it was reckoned to be, at most, at the moments when it was read; how inexact reading it is,
        /// included.
        error_ns: u64,
        /// How often it was read in the trial.
        readings: u64,
    },
}

/// The clock of all times, but for those that devices take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Clock {
    /// Cycles a second as DPDK found them, which all times are reckoned with.
    pub tsc_hz: u64,
    /// Whether the processor says that the counter runs at the same speed whatever it does.
    pub invariant: bool,
    /// By how much the counter ran faster than the system's clock during the trial, in millionths.
    pub drift_ppm: f64,
}

/// What the generator adds to every delay: its own over an in-process loop at the same burst and rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// The median: what is taken off for the corrected delays.
    pub bias_ns: u64,
    /// From the first to the 99th percentile: what is not known about any one packet.
    pub spread_ns: u64,
    /// All of it.
    pub delay_ns: Distribution,
}
