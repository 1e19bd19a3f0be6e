//! Bytes with their offsets and letters (`rte_hexdump`, `lib/eal/common/eal_common_hexdump.c`).

use serde::Serialize;
use std::fmt;

/// A memory of a device, as `show port N eeprom` shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EepromPage {
    /// The port's number.
    pub(crate) port: dataplane::port::PortId,
    /// Whether it is the transceiver's and not the device's own.
    pub(crate) module: bool,
    /// All of it.
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Display for EepromPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, module, bytes } = self;
        // DPDK shows the address of its buffer; ours says at which offset of the memory the bytes begin.
        writeln!(f, "hexdump at [0x0], len={}", bytes.len())?;
        for (line, bytes) in bytes.chunks(16).enumerate() {
            let hex: String = bytes.iter().map(|byte| format!(" {byte:02X}")).collect();
            let letter = |byte: &u8| match byte {
                b' '..=b'~' => char::from(*byte),
                _ => '.',
            };
            let letters: String = bytes.iter().map(letter).collect();
            writeln!(f, "{:08X}:{hex:<48} | {letters}", line * 16)?;
        }
        let module = if *module { "MODULE " } else { "" };
        writeln!(f, "Finish -- Port: {port} {module}EEPROM length: {} bytes", bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataplane::port::PortId;

    #[test]
    fn bytes_stand_beside_their_letters() {
        let bytes = b"Pollway\0\xff 0123456x".to_vec();
        assert_eq!(
            EepromPage { port: PortId(1), module: true, bytes }.to_string(),
            "hexdump at [0x0], len=18
00000000: 50 6F 6C 6C 77 61 79 00 FF 20 30 31 32 33 34 35 | Pollway.. 012345
00000010: 36 78                                           | 6x
Finish -- Port: 1 MODULE EEPROM length: 18 bytes
"
        );
    }
}
