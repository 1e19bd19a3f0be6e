//! QEMU's machine protocol: one JSON object a line, each way.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

/// A connection on which commands are taken.
pub(crate) struct Qmp {
    lines: BufReader<UnixStream>,
}

impl Qmp {
    /// Greets.
    pub(crate) fn on(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(crate::lab::PATIENCE)).unwrap();
        let mut qmp = Self { lines: BufReader::new(stream) };
        let greeting = qmp.line();
        assert!(greeting.get("QMP").is_some(), "{greeting}");
        qmp.ask("qmp_capabilities", json!({}));
        qmp
    }

    /// Has a command carried out.
    ///
    /// # Panics
    /// If QEMU refuses it.
    pub(crate) fn ask(&mut self, command: &str, arguments: Value) -> Value {
        let order = json!({ "execute": command, "arguments": arguments });
        writeln!(self.lines.get_mut(), "{order}").unwrap();
        loop {
            let mut line = self.line();
            // What has happened meanwhile nobody waits for.
            if line.get("event").is_some() {
                continue;
            }
            assert!(line.get("return").is_some(), "{order}: {line}");
            return line["return"].take();
        }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "QEMU has ended");
        serde_json::from_str(&line).unwrap()
    }
}
