//! A request off the socket: one line, of whatever bytes a client sends.

use std::io::{self, BufRead};

/// The longest line, its end included: longer than any command that a person or a script writes.
pub(crate) const LONGEST: usize = 64 * 1024;

/// What a client sent next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A line, without its end.
    Line(String),
    /// A line that no command can be; why.
    Unreadable(&'static str),
    /// More than a line can be: where the next begins is not known, so this is the end.
    TooLong,
    /// Nothing more.
    End,
}

/// Reads the next line; the last one of a connection needs no end.
///
/// # Errors
///
/// The connection's.
pub(crate) fn receive(input: &mut impl BufRead) -> io::Result<Received> {
    let mut bytes = Vec::new();
    // The room is a byte more than a line may have, so that one that is too long shows.
    let length = io::Read::take(&mut *input, LONGEST as u64 + 1).read_until(b'\n', &mut bytes)?;
    if length == 0 {
        return Ok(Received::End);
    }
    if length > LONGEST {
        return Ok(Received::TooLong);
    }
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    if bytes.contains(&0) {
        return Ok(Received::Unreadable("a command has no zero bytes"));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(line) => Received::Line(line),
        Err(_) => Received::Unreadable("a command is text in UTF-8"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(mut bytes: &[u8]) -> Vec<Received> {
        let mut received = Vec::new();
        loop {
            let next = receive(&mut bytes).unwrap();
            let over = matches!(next, Received::End | Received::TooLong);
            received.push(next);
            if over {
                return received;
            }
        }
    }

    #[test]
    fn lines_end_as_they_do_anywhere_and_the_last_need_not() {
        let line = |text: &str| Received::Line(text.to_owned());
        assert_eq!(
            all(b"start\r\n\nshow config fwd"),
            [line("start"), line(""), line("show config fwd"), Received::End]
        );
    }

    #[test]
    fn what_is_no_line_of_text_is_refused() {
        let long = vec![b'x'; LONGEST + 1];
        assert_eq!(all(&long), [Received::TooLong]);
        let just = [&long[2..], b"\n"].concat();
        assert!(matches!(&all(&just)[..], [Received::Line(_), Received::End]));
        assert!(matches!(
            &all(b"\xff\n\0\nstop\n")[..],
            [Received::Unreadable(_), Received::Unreadable(_), Received::Line(_), Received::End]
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_as_many_lines_as_they_have_ends(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
            let rest = usize::from(bytes.last().is_some_and(|byte| *byte != b'\n'));
            prop_assert_eq!(all(&bytes).len(), ends + rest + 1);
        }
    }
}
