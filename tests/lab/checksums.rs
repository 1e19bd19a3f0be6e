//! tshark's verdicts on checksums.

use super::capture::{Files, Frame};
use super::run;
use std::process::Command;

/// The fields in which tshark says what it thinks of a checksum, and what it says of a wrong one.
pub(crate) const CHECKSUMS: [&str; 4] = ["ip", "tcp", "udp", "sctp"];
pub(crate) const BAD: &str = "0";

/// What tshark thinks of the checksums of each frame: by [`CHECKSUMS`], the verdicts of all headers of the kind.
pub(crate) fn verdicts(frames: &[Frame]) -> Vec<[String; 4]> {
    let files = Files::new(frames);
    let mut tshark = Command::new("tshark");
    tshark.args(["-r", &files.input(), "-T", "fields", "-E", "separator=|"]);
    for option in ["ip.check_checksum", "tcp.check_checksum", "udp.check_checksum"] {
        tshark.args(["-o", &format!("{option}:TRUE")]);
    }
    tshark.args(["-o", "sctp.checksum:CRC 32c"]);
    for protocol in CHECKSUMS {
        tshark.args(["-e", &format!("{protocol}.checksum.status")]);
    }
    let lines = run(&mut tshark);
    let verdicts: Vec<[String; 4]> = lines
        .lines()
        .map(|line| {
            let values: Vec<String> = line.split('|').map(str::to_owned).collect();
            values.try_into().unwrap_or_else(|values| panic!("{values:?}"))
        })
        .collect();
    assert_eq!(verdicts.len(), frames.len());
    verdicts
}
