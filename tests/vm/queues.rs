//! Several receive queues, and frames longer than a packet buffer.

use crate::lab::forwarder::number;
use crate::machine::{IGB, VIRTIO};
use crate::{allow, frames, guest};

tests![
    rss_spreads_flows_over_two_queues,
    frames_of_6000_bytes_cross_in_several_buffers,
    the_nic_takes_vlan_tags_off,
];

fn rss_spreads_flows_over_two_queues() {
    const FRAMES: u16 = 256;
    let guest = guest::lease();
    let addresses = IGB.each_ref().map(|nic| nic.address);
    guest.bind("vfio-pci", &addresses);
    let mut forwarder =
        guest.forward("", &format!("{} --rxq 2 --txq 2 --rss-udp", allow(&addresses)));
    let [from, to] = IGB.each_ref().map(|nic| guest.wire(nic));
    // All copies of the probe are of one flow, and take one queue.
    from.wait_for_path(to, &frames::udp(frames::ANYBODY, 60, 1)[0]);
    let probes = forwarder.shell.port_figure(0, "RX-packets");
    from.carry(to, &frames::udp(frames::ANYBODY, 200, FRAMES));
    let report = forwarder.stop();

    let streams = report["engine"]["workers"][0]["streams"].as_array().unwrap();
    let by_queue: Vec<u64> = streams
        .iter()
        .filter(|stream| stream["plan"]["source"]["rx"][0] == 0)
        .map(|stream| number(stream, "/figures/received"))
        .collect();
    assert_eq!(by_queue.len(), 2, "{report:#}");
    assert_eq!(by_queue.iter().sum::<u64>(), probes + u64::from(FRAMES));
    // An even spread gives each half; a quarter is far out of the reach of chance.
    assert!(by_queue.iter().all(|received| *received > u64::from(FRAMES) / 4), "{by_queue:?}");
}

fn frames_of_6000_bytes_cross_in_several_buffers() {
    let guest = guest::lease();
    for nics in [&IGB, &VIRTIO] {
        let addresses = nics.each_ref().map(|nic| nic.address);
        guest.bind("vfio-pci", &addresses);
        let forwarder = guest.forward("", &format!("{} --max-pkt-len 6004", allow(&addresses)));
        let [from, to] = nics.each_ref().map(|nic| guest.wire(nic));
        from.wait_for_path(to, &frames::udp(frames::ANYBODY, 60, 1)[0]);
        from.carry(to, &frames::udp(frames::ANYBODY, 6000, 64));
        forwarder.stop();
    }
}

/// RTE_ETH_RX_OFFLOAD_VLAN_STRIP.
fn the_nic_takes_vlan_tags_off() {
    let guest = guest::lease();
    let addresses = IGB.each_ref().map(|nic| nic.address);
    guest.bind("vfio-pci", &addresses);
    let forwarder = guest.forward("", &format!("{} --rx-offloads 0x1", allow(&addresses)));
    let [from, to] = IGB.each_ref().map(|nic| guest.wire(nic));
    let bare = frames::udp(frames::ANYBODY, 200, 64);
    let tagged: Vec<_> = bare.iter().map(|frame| frames::tagged(frame, 100)).collect();
    from.wait_for_answer(to, &tagged[0], &bare[0]);
    from.exchange(to, &tagged, &bare);
    forwarder.stop();
}
