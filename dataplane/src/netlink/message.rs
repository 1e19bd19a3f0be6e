//! Messages of netlink as bytes: written, and read without trust in any length that they say.
//!
//! Source: `nlmsghdr`, `nlmsgerr` and `nlattr` in Linux's `netlink.h`.

use std::io;

/// Bytes of an `nlmsghdr`.
const HEADER: usize = 16;
/// Bytes before an attribute's value.
const ATTRIBUTE_HEADER: usize = 4;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// `NLMSG_ERROR`, which with error 0 acknowledges.
const ERROR: u16 = 2;
/// `NLMSG_DONE`: the end of a dump.
const DONE: u16 = 3;
/// `NLA_F_NESTED`, which newer messages have beside the number of an attribute that holds others; rtnetlink needs it nowhere.
const NESTED: u16 = 0x8000;

/// An attribute: its number and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its number.
    pub kind: u16,
    /// Its value; attributes where it nests.
    pub value: Vec<u8>,
}

/// A request that is being written.
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn new(kind: u16, flags: u16) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((flags | REQUEST).to_ne_bytes());
        // Sequence and port: one request at a time is under way, and the kernel fills in the port.
        bytes.extend([0; 8]);
        Self(bytes)
    }

    /// Adds bytes of the fixed part.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub(super) fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        push_attribute(&mut self.0, kind, value);
        self
    }

    /// The bytes, their length written into the header.
    pub(super) fn finish(mut self) -> Vec<u8> {
        // A request has some hundred bytes.
        let length = self.0.len() as u32;
        for (place, byte) in self.0.iter_mut().zip(length.to_ne_bytes()) {
            *place = byte;
        }
        self.0
    }
}

/// Appends an attribute, filled up to four bytes.
pub(super) fn push_attribute(to: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = (ATTRIBUTE_HEADER + value.len()) as u16;
    to.extend(length.to_ne_bytes());
    to.extend(kind.to_ne_bytes());
    to.extend(value);
    to.resize(aligned(to.len()), 0);
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// A message of the kernel's, without its header.
pub(super) struct Reply {
    pub(super) kind: u16,
    pub(super) payload: Vec<u8>,
}

/// Takes the messages out of what was received; `true` once the answer is complete.
///
/// # Errors
/// The error that the kernel answered with, or `InvalidData` for what is no message.
pub(super) fn collect(mut bytes: &[u8], replies: &mut Vec<Reply>) -> io::Result<bool> {
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "netlink: a malformed message");
    while !bytes.is_empty() {
        let length = u32_of(bytes).ok_or_else(malformed)? as usize;
        let message = bytes.get(..length).ok_or_else(malformed)?;
        let (header, payload) = message.split_at_checked(HEADER).ok_or_else(malformed)?;
        let kind = header.get(4..).and_then(u16_of).ok_or_else(malformed)?;
        match kind {
            ERROR | DONE => {
                // A dump may end without a word on its success.
                let code = u32_of(payload).unwrap_or_default() as i32;
                let failed = code < 0;
                return if failed {
                    Err(io::Error::from_raw_os_error(code.saturating_neg()))
                } else {
                    Ok(true)
                };
            }
            _ => replies.push(Reply { kind, payload: payload.to_vec() }),
        }
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
    }
    Ok(false)
}

/// The attributes in some bytes; ends at the first that does not fit.
pub(super) struct Attributes<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(u16_of(self.0)?);
        let kind = u16_of(self.0.get(2..)?)?;
        let value = self.0.get(ATTRIBUTE_HEADER..length)?;
        self.0 = self.0.get(aligned(length)..).unwrap_or_default();
        Some((kind & !NESTED, value))
    }
}

/// The number at the start of some bytes, in the machine's order.
pub fn u32_of(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

/// The large number at the start of some bytes, in the machine's order.
pub fn u64_of(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes))
}

/// The number at the start of some bytes, in the wire's order.
pub fn u16_be(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

fn u16_of(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_has_its_length_and_is_filled_up() {
        let bytes = Message::new(19, 4).bytes(&[9; 4]).attribute(1, &[7; 5]).finish();
        assert_eq!(bytes.len(), 16 + 4 + 12);
        assert_eq!(u32_of(&bytes), Some(32));
        assert_eq!(bytes.get(4..8), Some(&[19, 0, 5, 0][..]));
        assert_eq!(bytes.get(20..), Some(&[9, 0, 1, 0, 7, 7, 7, 7, 7, 0, 0, 0][..]));
    }

    #[test]
    fn an_acknowledgement_and_an_error_end_an_answer() {
        let answer = |code: i32| Message::new(ERROR, 0).bytes(&code.to_ne_bytes()).finish();
        assert!(collect(&answer(0), &mut Vec::new()).unwrap());
        let error = collect(&answer(-95), &mut Vec::new()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(95));
    }

    proptest! {
        #[test]
        fn attributes_are_read_as_written(
            written in prop::collection::vec((0u16..0x4000, prop::collection::vec(any::<u8>(), 0..40)), 0..6),
        ) {
            let mut bytes = Vec::new();
            for (kind, value) in &written {
                push_attribute(&mut bytes, *kind, value);
            }
            let read: Vec<_> = Attributes(&bytes).map(|(kind, value)| (kind, value.to_vec())).collect();
            prop_assert_eq!(read, written);
        }

        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut replies = Vec::new();
            let _ = collect(&bytes, &mut replies);
            for reply in replies {
                prop_assert!(Attributes(&reply.payload).count() <= reply.payload.len());
            }
        }
    }
}
