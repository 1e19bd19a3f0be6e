//! How links correct errors (testpmd's `show_fec_capability`, `app/test-pmd/config.c`).

use super::link;
use dataplane::port::FecModes;
use serde::Serialize;
use std::fmt;

/// How a link corrects errors, or can.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FecPage {
    /// How it does, in testpmd's words.
    Mode(Vec<&'static str>),
    /// How it can at each speed.
    Capabilities(Vec<SpeedFec>),
}

/// How a link can correct errors at a speed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SpeedFec {
    speed_mbps: u32,
    modes: Vec<&'static str>,
}

impl FecPage {
    /// How a link can, by its speed in Mbit/s.
    pub(crate) fn capabilities(speeds: &[(u32, FecModes)]) -> Self {
        let of = |(speed_mbps, modes): &(u32, FecModes)| SpeedFec {
            speed_mbps: *speed_mbps,
            modes: modes.names().collect(),
        };
        Self::Capabilities(speeds.iter().map(of).collect())
    }
}

impl fmt::Display for FecPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode(modes) => writeln!(f, "{}", modes.join(" ")),
            Self::Capabilities(speeds) => {
                writeln!(f, "FEC capabilities:")?;
                speeds.iter().try_for_each(|SpeedFec { speed_mbps, modes }| {
                    write!(f, "{} : ", link::speed(Some(*speed_mbps)))?;
                    modes.iter().try_for_each(|mode| write!(f, "{mode} "))?;
                    writeln!(f)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataplane::port::FEC_MODES;

    #[test]
    fn capabilities_are_listed_by_speed() {
        let [off, _, _, rs] = FEC_MODES.map(|(_, mode)| mode);
        assert_eq!(
            FecPage::capabilities(&[(25_000, rs), (100, off)]).to_string(),
            "FEC capabilities:\n25 Gbps : rs \n100 Mbps : off \n"
        );
        assert_eq!(FecPage::Mode(vec!["auto"]).to_string(), "auto\n");
    }
}
