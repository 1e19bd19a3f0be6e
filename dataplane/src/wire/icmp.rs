//! ICMP echo (RFC 792, RFC 4443 §4).

use super::checksum::updated;

/// Echo request and reply of ICMP.
pub const ECHO: u8 = 8;
/// See [`ECHO`].
pub const ECHO_REPLY: u8 = 0;
/// Echo request and reply of ICMPv6.
pub const ECHO_V6: u8 = 128;
/// See [`ECHO_V6`].
pub const ECHO_V6_REPLY: u8 = 129;

/// Makes a request, of which these are type, code and checksum, what `reply` says.
pub fn turn(icmp: &mut [u8; 4], reply: u8) {
    let [request, code, high, low] = *icmp;
    let word = |kind| u16::from_be_bytes([kind, code]);
    let [high, low] =
        updated(u16::from_be_bytes([high, low]), word(request), word(reply)).to_be_bytes();
    *icmp = [reply, code, high, low];
}
