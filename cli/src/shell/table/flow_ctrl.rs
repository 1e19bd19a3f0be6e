//! Commands about flow control between a port and its peer.

use crate::command::{Command, FlowCtrlChange, FlowCtrlCommand, FlowCtrlDeed};
use crate::shell::grammar::{Entry, Request, Section, Values};
use dataplane::port::{FlowControl, PausedQueue, PausingQueue};

pub(super) const SECTION: Section<Command> = Section {
    word: "flow_ctrl",
    title: "Flow control:",
    about: "Pause frames between ports and their peers.",
    commands: &[
        Entry {
            syntax: "set flow_ctrl rx (on|off) tx (on|off) HIGH_WATER:u32 LOW_WATER:u32 PAUSE_TIME:u16 SEND_XON:u16 \
                     mac_ctrl_frame_fwd (on|off) autoneg (on|off) PORT",
            about: "Set all flow control parameters of a port.",
            build: |values| {
                let wanted = FlowControl {
                    rx: values.on()?,
                    tx: values.on()?,
                    high_water: values.number()?,
                    low_water: values.number()?,
                    pause_time: values.number()?,
                    send_xon: values.number::<u16>()? != 0,
                    mac_ctrl_frame_fwd: values.on()?,
                    autoneg: values.on()?,
                };
                run(FlowCtrlChange::All(wanted), values)
            },
        },
        Entry {
            syntax: "set flow_ctrl rx (on|off) PORT",
            about: "Set whether a port lets its peer pause it.",
            build: |values| run(FlowCtrlChange::Rx(values.on()?), values),
        },
        Entry {
            syntax: "set flow_ctrl tx (on|off) PORT",
            about: "Set whether a port pauses its peer.",
            build: |values| run(FlowCtrlChange::Tx(values.on()?), values),
        },
        Entry {
            syntax: "set flow_ctrl high_water HIGH_WATER:u32 PORT",
            about: "Set the fill at which a port pauses its peer.",
            build: |values| run(FlowCtrlChange::HighWater(values.number()?), values),
        },
        Entry {
            syntax: "set flow_ctrl low_water LOW_WATER:u32 PORT",
            about: "Set the fill at which a port lets its peer go on.",
            build: |values| run(FlowCtrlChange::LowWater(values.number()?), values),
        },
        Entry {
            syntax: "set flow_ctrl pause_time PAUSE_TIME:u16 PORT",
            about: "Set for how long a port pauses its peer, in times of 512 bits.",
            build: |values| run(FlowCtrlChange::PauseTime(values.number()?), values),
        },
        Entry {
            syntax: "set flow_ctrl send_xon SEND_XON:u16 PORT",
            about: "Set whether a port lets its peer go on before the time is over.",
            build: |values| run(FlowCtrlChange::SendXon(values.number::<u16>()? != 0), values),
        },
        Entry {
            syntax: "set flow_ctrl mac_ctrl_frame_fwd (on|off) PORT",
            about: "Set whether a port hands on MAC control frames.",
            build: |values| run(FlowCtrlChange::MacCtrlFrameFwd(values.on()?), values),
        },
        Entry {
            syntax: "set flow_ctrl autoneg (on|off) PORT",
            about: "Set whether autonegotiation decides.",
            build: |values| run(FlowCtrlChange::Autoneg(values.on()?), values),
        },
        Entry {
            syntax: "set pfc_ctrl rx (on|off) tx (on|off) HIGH_WATER:u32 LOW_WATER:u32 PAUSE_TIME:u16 PRIORITY:u8 PORT",
            about: "Set flow control of the packets of one priority.",
            build: |values| {
                let (rx, tx) = (values.on()?, values.on()?);
                let (high_water, low_water) = (values.number()?, values.number()?);
                let (pause_time, priority) = (values.number()?, values.number()?);
                let wanted = FlowControl {
                    rx,
                    tx,
                    high_water,
                    low_water,
                    pause_time,
                    send_xon: false,
                    mac_ctrl_frame_fwd: false,
                    autoneg: false,
                };
                let (port, deed) = (values.port()?, FlowCtrlDeed::Priority(priority, wanted));
                super::run(Command::FlowCtrl(FlowCtrlCommand { port, deed }))
            },
        },
        Entry {
            syntax: "set pfc_queue_ctrl PORT rx (on|off) TXQ TX_TC:u8 tx (on|off) RXQ RX_TC:u8 PAUSE_TIME:u16",
            about: "Set which transmit queue is paused by a traffic class, and which receive queue pauses one.",
            build: |values| {
                let (port, rx) = (values.port()?, values.on()?);
                let paused = PausedQueue { queue: values.queue()?, class: values.number()? };
                let tx = values.on()?;
                let pausing = PausingQueue {
                    queue: values.queue()?,
                    class: values.number()?,
                    pause_time: values.number()?,
                };
                let deed = FlowCtrlDeed::Queues(rx.then_some(paused), tx.then_some(pausing));
                super::run(Command::FlowCtrl(FlowCtrlCommand { port, deed }))
            },
        },
    ],
};

fn run(change: FlowCtrlChange, values: &mut Values<'_>) -> Option<Request<Command>> {
    let deed = FlowCtrlDeed::Link(change);
    super::run(Command::FlowCtrl(FlowCtrlCommand { port: values.port()?, deed }))
}
