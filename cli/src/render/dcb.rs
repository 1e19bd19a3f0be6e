//! Traffic classes: `show port dcb_tc` (testpmd's `port_dcb_info_display`, `app/test-pmd/config.c`).

use dataplane::port::{Dcb, PortId};
use serde::Serialize;
use std::fmt;

/// A port's traffic classes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DcbPage {
    /// The port's number.
    pub(crate) port: PortId,
    /// Its classes.
    pub(crate) dcb: Dcb,
}

impl fmt::Display for DcbPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, dcb: Dcb { of_priority, classes } } = self;
        let border = "=".repeat(16);
        writeln!(f, "\n  {border} DCB infos for port {port:<2}  {border}")?;
        writeln!(f, "  TC NUMBER: {}\n", classes.len())?;
        let mut line = |name: &str, figures: &mut dyn Iterator<Item = String>| {
            let figures: String = figures.map(|figure| format!("\t{figure}")).collect();
            writeln!(f, "  {name}{figures}")
        };
        let number = |number: u16| format!("{number:4}");
        line("TC :        ", &mut (0..classes.len()).map(|class| format!("{class:4}")))?;
        line("Prio2TC :  ", &mut of_priority.iter().map(|class| number((*class).into())))?;
        line("BW percent :", &mut classes.iter().map(|tc| format!("{:4}%", tc.bandwidth_percent)))?;
        line("RXQ base :  ", &mut classes.iter().map(|tc| number(tc.rx.base)))?;
        line("RXQ number :", &mut classes.iter().map(|tc| number(tc.rx.count)))?;
        line("TXQ base :  ", &mut classes.iter().map(|tc| number(tc.tx.base)))?;
        line("TXQ number :", &mut classes.iter().map(|tc| number(tc.tx.count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataplane::port::{QueueRange, TrafficClass};

    #[test]
    fn the_lines_are_testpmds() {
        let class = |number: u16| TrafficClass {
            bandwidth_percent: 50,
            rx: QueueRange { base: 8 * number, count: 8 },
            tx: QueueRange { base: 4 * number, count: 4 },
        };
        let dcb = Dcb { of_priority: vec![0, 0, 1], classes: vec![class(0), class(1)] };
        assert_eq!(
            DcbPage { port: PortId(0), dcb }.to_string(),
            "
  ================ DCB infos for port 0   ================
  TC NUMBER: 2

  TC :        \t   0\t   1
  Prio2TC :  \t   0\t   0\t   1
  BW percent :\t  50%\t  50%
  RXQ base :  \t   0\t   8
  RXQ number :\t   8\t   8
  TXQ base :  \t   0\t   4
  TXQ number :\t   4\t   4
"
        );
    }
}
