//! What forwarding modes do is changed and shown.

use super::Session;
use crate::answer::Answer;
use crate::command::ModesCommand;
use crate::failure::Failure;
use crate::out::note;
use crate::render::txpkts::TxPktsPage;
use crate::settings::modes::set;
use dataplane::forward::{Forwarding, Split};
use std::time::Duration;

/// Headers of a packet that is made: Ethernet, IPv4 and UDP.
const HEADERS: u32 = 42;

impl Session {
    /// Carries out a command of the forwarding modes.
    pub(super) fn modes(&mut self, command: ModesCommand) -> Result<Answer, Failure> {
        match command {
            ModesCommand::Set(name, value) => {
                let mut forwarding = self.forwarding.clone();
                set(&mut forwarding.options, &name, &value).map_err(|fault| {
                    Failure::input(anyhow::anyhow!("{value}: {}; {}", fault.why, fault.mend))
                })?;
                self.forward_as(forwarding).map(|()| String::new().into())
            }
            ModesCommand::TxPkts(segments) => self.set_txpkts(segments).map(Answer::from),
            ModesCommand::ShowTxPkts => Ok(Answer::page(self.txpkts())),
        }
    }

    /// Says what rate `delay` can hold with the packets there are, as whoever exceeds it loses some.
    pub(super) fn note_delay(&self) {
        if self.forwarding.mode.name == "delay" && self.is_forwarding() {
            note(&capacity(self.dataplane.spare(), self.forwarding.options.delay.time));
        }
    }

    /// testpmd's conditions and its words for them (`set_tx_pkt_segments`, `app/test-pmd/config.c`).
    fn set_txpkts(&mut self, segments: Vec<u16>) -> Result<String, Failure> {
        let most = self.settings.pool.mbuf_size;
        if let Some((at, length)) = segments.iter().enumerate().find(|(_, length)| **length > most)
        {
            return Ok(format!("length[{at}]={length} > mbuf_data_size={most} - give up\n"));
        }
        let total: u32 = segments.iter().map(|length| u32::from(*length)).sum();
        if total < HEADERS {
            return Ok(format!("total packet length={total} < {HEADERS} - give up\n"));
        }
        let mut forwarding: Forwarding = self.forwarding.clone();
        forwarding.options.tx.segments = segments;
        self.forward_as(forwarding).map(|()| String::new())
    }

    fn txpkts(&self) -> TxPktsPage {
        let tx = &self.forwarding.options.tx;
        let split = match tx.split {
            Split::Off => "off",
            Split::On => "on",
            Split::Random => "rand",
        };
        TxPktsPage { segments: tx.segments.clone(), split }
    }
}

/// What a stream of `delay` can hold: `room` packets, each for `time`.
fn capacity(room: u32, time: Duration) -> String {
    let rate = if time.is_zero() {
        "any rate".to_owned()
    } else {
        format!("up to {:.3} Mpps", f64::from(room) / time.as_secs_f64() / 1e6)
    };
    format!(
        "delay holds {room} packets in each stream, {} us each: {rate}; what comes beyond that is dropped (hold_full)",
        time.as_micros()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_that_can_be_held_is_said() {
        assert_eq!(
            capacity(32_768, Duration::from_micros(100)),
            "delay holds 32768 packets in each stream, 100 us each: up to 327.680 Mpps; what comes beyond that is dropped \
             (hold_full)"
        );
        assert!(capacity(7, Duration::ZERO).contains(": any rate;"));
    }
}
