//! Frames that the host sends into the guest.

use etherparse::PacketBuilder;

/// For whoever hears it.
pub(crate) const ANYBODY: [u8; 6] = [0xff; 6];
/// The host's end of every cable.
pub(crate) const HOST: [u8; 6] = [2, 0, 0, 0, 1, 0];

/// So many UDP frames of a length, without check sequence, each of another flow and content.
pub(crate) fn udp(to: [u8; 6], length: usize, count: u16) -> Vec<Vec<u8>> {
    (0..count).map(|number| frame(to, length, number)).collect()
}

/// So many frames, each a little longer than the one before, from the shortest to almost the longest.
pub(crate) fn of_all_lengths(count: u16) -> Vec<Vec<u8>> {
    let length = |number: u16| 60 + usize::from(number) * 1454 / usize::from(count);
    (0..count).map(|number| frame(ANYBODY, length(number), number)).collect()
}

/// A frame with an 802.1Q tag.
pub(crate) fn tagged(frame: &[u8], vlan: u16) -> Vec<u8> {
    let [high, low] = vlan.to_be_bytes();
    [&frame[..12], &[0x81, 0, high, low], &frame[12..]].concat()
}

/// A frame of ours with other checksums of IPv4 and UDP.
pub(crate) fn with_wrong_checksums(frame: &[u8]) -> Vec<u8> {
    let mut frame = frame.to_vec();
    for at in [24, 40] {
        frame[at] ^= 0x55;
    }
    frame
}

fn frame(to: [u8; 6], length: usize, number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let builder = PacketBuilder::ethernet2(HOST, to)
        .ipv4([10, 1, high, low], [10, 2, low, high], 64)
        .udp(1024 + number, 9);
    let payload = (0..length - builder.size(0)).map(|at| (at * 31 + usize::from(number)) as u8);
    let mut frame = Vec::with_capacity(length);
    builder.write(&mut frame, &payload.collect::<Vec<_>>()).unwrap();
    frame
}
