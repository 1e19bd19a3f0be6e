//! Whatever a client sends to the control socket is as many requests as it has lines, and none is longer than allowed.
#![no_main]

#[path = "../../cli/src/ctl/request.rs"]
mod request;

use libfuzzer_sys::fuzz_target;
use request::{LONGEST, Received, receive};

fuzz_target!(|bytes: &[u8]| {
    let mut input = bytes;
    let mut lines = 0;
    loop {
        match receive(&mut input) {
            Ok(Received::Line(line)) => {
                assert!(line.len() <= LONGEST && !line.contains(['\0', '\n']));
                lines += 1;
            }
            Ok(Received::Unreadable(why)) => {
                assert!(!why.is_empty());
                lines += 1;
            }
            Ok(Received::TooLong) => return,
            Ok(Received::End) => break,
            Err(error) => panic!("a slice cannot fail: {error}"),
        }
    }
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    assert!(lines == ends || lines == ends + 1);
});
