//! What is asked of forwarding modes: the meaning of each option's text, for flags, file and shell alike.

use super::SettingsError;
use super::given::{Fault, Layers};
use crate::config::Fwd;
use crate::flags::modes::ModeFlags;
use crate::nearest;
use dataplane::forward::{ModeOptions, NoisyInner, Pick, Split};
use std::num::{NonZeroU32, NonZeroU64};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// The most segments of a packet (`RTE_MAX_SEGS_PER_PKT`, `app/test-pmd/testpmd.h`).
const MAX_SEGMENTS: usize = 255;
/// The longest times: an hour.
const MAX_US: f64 = 3.6e9;
/// The most packets to hold: as many as a ring has slots at most.
const MAX_HELD: u32 = super::MAX_RING_SIZE;

/// What flags say of each mode, else the file, else testpmd's defaults.
pub(super) fn options(
    layers: &Layers<'_>,
    flags: &ModeFlags,
    file: &Fwd,
) -> Result<ModeOptions, SettingsError> {
    let mut options = ModeOptions::default();
    let tables = [
        file.txonly.given(),
        file.csum.given(),
        file.flowgen.given(),
        file.noisy.given(),
        file.delay.given(),
        file.impair.given(),
    ];
    for (name, key, value) in tables.concat() {
        layers.key(key, value).try_map(|text| set(&mut options, name, &text))?;
    }
    for (name, value) in flags.given() {
        layers.flag(&format!("--{name}"), value).try_map(|text| set(&mut options, name, text))?;
    }
    Ok(options)
}

/// Sets the option that a flag of this name sets.
pub(crate) fn set(options: &mut ModeOptions, name: &str, text: &str) -> Result<(), Fault> {
    let (tx, noisy, impair) = (&mut options.tx, &mut options.noisy, &mut options.impair);
    match name {
        "txpkts" => tx.segments = segments(text)?,
        "txsplit" => {
            tx.split =
                one_of(text, &[("off", Split::Off), ("on", Split::On), ("rand", Split::Random)])?;
        }
        "txonly-multi-flow" => tx.multi_flow = one_of(text, &[("off", false), ("on", true)])?,
        "tx-ip" => (tx.ip_src, tx.ip_dst) = pair(text, "198.18.0.1,198.18.0.2")?,
        "tx-udp" => {
            (tx.udp_src, tx.udp_dst) = match text.parse() {
                Ok(port) => (port, port),
                Err(_) => pair(text, "9,9")?,
            };
        }
        "vxlan-gpe-port" => options.csum.tunnel_ports.vxlan_gpe = within(text, 0..=u16::MAX)?,
        "geneve-parsed-port" => options.csum.tunnel_ports.geneve = within(text, 0..=u16::MAX)?,
        "flowgen-flows" => {
            // testpmd counts them in an int.
            let flows = within(text, 1..=i32::MAX as u32)?;
            options.flowgen.flows = NonZeroU32::new(flows).unwrap_or(NonZeroU32::MIN);
        }
        "flowgen-clones" => options.flowgen.clones = within(text, 0..=512)?,
        "noisy-tx-sw-buffer-size" => noisy.buffer = buffer(text)?,
        "noisy-tx-sw-buffer-flushtime" => {
            noisy.flush = Duration::from_millis(within(text, 0..=u64::from(u32::MAX))?);
        }
        "noisy-lkup-memory" => noisy.memory_mib = within(text, 0..=1 << 20)?,
        "noisy-lkup-num-writes" => noisy.writes = within(text, 0..=1 << 20)?,
        "noisy-lkup-num-reads" => noisy.reads = within(text, 0..=1 << 20)?,
        "noisy-lkup-num-reads-writes" => noisy.reads_writes = within(text, 0..=1 << 20)?,
        "noisy-forward-mode" => noisy.inner = one_of(text, &NoisyInner::ALL)?,
        "delay-us" => options.delay.time = micros(text)?,
        "delay-packets" => options.delay.packets = within(text, 1..=MAX_HELD)?,
        "impair-drop" => impair.drop = pick(text)?,
        "impair-duplicate" => impair.duplicate = pick(text)?,
        "impair-swap" => impair.swap = pick(text)?,
        "impair-corrupt" => impair.corrupt = pick(text)?,
        "impair-delay" => impair.delay = pick(text)?,
        "impair-delay-us" => impair.delay_time = micros(text)?,
        "impair-seed" => impair.seed = within(text, 0..=u64::MAX)?,
        _ => {
            let why = format!("no mode has an option '{name}'");
            return Err(Fault { why, mend: "'help modes' lists them".into() });
        }
    }
    Ok(())
}

fn fault(why: &str, mend: String) -> Fault {
    Fault { why: why.to_owned(), mend }
}

fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    let names = || choices.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    found.ok_or_else(|| fault("there is no such choice", nearest::mend(text, &names())))
}

fn within<T: FromStr + PartialOrd + std::fmt::Display>(
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, Fault> {
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let mend = format!("write a number from {} to {}", range.start(), range.end());
        fault("not such a number", mend)
    })
}

fn pair<T: FromStr>(text: &str, example: &str) -> Result<(T, T), Fault> {
    let parts = text.split_once(',');
    parts.and_then(|(src, dst)| Some((src.parse().ok()?, dst.parse().ok()?))).ok_or_else(|| {
        fault("not a source, a comma and a destination", format!("write for example {example}"))
    })
}

fn segments(text: &str) -> Result<Vec<u16>, Fault> {
    let lengths: Option<Vec<u16>> =
        text.split(',').map(|length| length.parse().ok().filter(|length| *length > 0)).collect();
    lengths.filter(|lengths| lengths.len() <= MAX_SEGMENTS).ok_or_else(|| {
        let mend = format!("write at most {MAX_SEGMENTS} numbers of bytes, for example 64,128");
        fault("not lengths of segments", mend)
    })
}

fn buffer(text: &str) -> Result<u32, Fault> {
    let slots: u32 = within(text, 0..=MAX_HELD)?;
    if slots == 0 || slots.is_power_of_two() {
        return Ok(slots);
    }
    let mend = format!("write a power of two such as {}", slots.next_power_of_two());
    Err(fault("not a power of two", mend))
}

fn micros(text: &str) -> Result<Duration, Fault> {
    let micros: f64 = within(text, 0.0..=MAX_US)?;
    Ok(Duration::from_nanos((micros * 1000.0) as u64))
}

/// Which packets: `1/N`, `P%` or `0`.
fn pick(text: &str) -> Result<Pick, Fault> {
    let share = |share: &str| {
        let percent: Option<f64> = share.parse().ok();
        percent.filter(|percent| (0.0..=100.0).contains(percent))
    };
    let picked = match (text.strip_prefix("1/"), text.strip_suffix('%')) {
        (Some(nth), _) => nth.parse::<NonZeroU64>().ok().map(Pick::Every),
        (None, Some(percent)) => share(percent).map(|percent| Pick::Share(percent / 100.0)),
        (None, None) => (text == "0").then_some(Pick::None),
    };
    picked.ok_or_else(|| {
        let mend = "write 1/1000 for every 1000th, 0.1% for a share, or 0 for none".to_owned();
        fault("not a choice of packets", mend)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(name: &str, text: &str) -> Result<ModeOptions, String> {
        let mut options = ModeOptions::default();
        set(&mut options, name, text).map(|()| options).map_err(|fault| fault.why)
    }

    #[test]
    fn each_option_is_the_one_that_it_is_named_after() {
        let nth = |nth| Pick::Every(NonZeroU64::new(nth).unwrap());
        assert_eq!(after("txpkts", "64,128").unwrap().tx.segments, [64, 128]);
        assert_eq!(after("txsplit", "rand").unwrap().tx.split, Split::Random);
        assert_eq!(after("tx-udp", "7").unwrap().tx.udp_dst, 7);
        assert_eq!(after("tx-udp", "7,8").unwrap().tx.udp_dst, 8);
        assert_eq!(after("delay-us", "0.5").unwrap().delay.time, Duration::from_nanos(500));
        assert_eq!(after("impair-drop", "1/1000").unwrap().impair.drop, nth(1000));
        assert_eq!(after("impair-swap", "0.1%").unwrap().impair.swap, Pick::Share(0.001));
        assert_eq!(after("impair-swap", "0").unwrap().impair.swap, Pick::None);
        assert_eq!(
            after("noisy-forward-mode", "5tswap").unwrap().noisy.inner,
            NoisyInner::FiveTupleSwap
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (name, text) in [
            ("txpkts", ""),
            ("txpkts", "64,"),
            ("txpkts", "0"),
            ("tx-ip", "1.2.3.4"),
            ("flowgen-flows", "0"),
            ("noisy-tx-sw-buffer-size", "3"),
            ("delay-us", "-1"),
            ("delay-us", "nan"),
            ("impair-drop", "1/0"),
            ("impair-drop", "101%"),
            ("impair-drop", "5"),
            ("no-such", "1"),
        ] {
            assert!(after(name, text).is_err(), "{name} {text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(at in 0_usize..ModeFlags::default().given().len(), text in "\\PC{0,12}|[0-9.,/%]{0,6}") {
            let (name, _) = ModeFlags::default().given()[at];
            let fault = after(name, &text);
            prop_assert!(fault.is_ok() || !fault.unwrap_err().is_empty());
        }
    }
}
