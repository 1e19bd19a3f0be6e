//! The generator on real drivers.

use crate::allow;
use crate::guest;
use crate::lab::checksums::verdicts;
use crate::lab::generator::{account, stream};
use crate::lab::lacks_programs;
use crate::machine::{IGB, VIRTIO};
use serde_json::Value;

tests![
    the_generator_measures_the_round_trip_through_the_forwarder,
    a_rate_above_the_links_is_refused,
    igb_fills_in_the_checksums unless lacks_programs(&["tshark"]),
];

/// Both programs in the guest; this test is the cables between their NICs.
fn the_generator_measures_the_round_trip_through_the_forwarder() {
    const COUNT: u64 = 500;
    let guest = guest::lease();
    let measured = IGB.each_ref().map(|nic| nic.address);
    let through = VIRTIO.each_ref().map(|nic| nic.address);
    guest.bind("vfio-pci", &measured);
    guest.bind("vfio-pci", &through);
    let forwarder = guest.forward("", &format!("{} -m 128", allow(&through)));
    let [there, back] = [0, 1].map(|end| (guest.wire(&IGB[end]), guest.wire(&VIRTIO[end])));
    there.1.wait_for_path(back.1, &crate::frames::udp(crate::frames::ANYBODY, 60, 1)[0]);

    let result = there.0.joined(there.1, || {
        back.0.joined(back.1, || {
            guest.run(&format!(
                "$pollway gen --lcores '0@1,1@0' --file-prefix gen --no-telemetry -m 128 --force-tsc {} -- -m '1.[0-1]' \
                 --tx-port 0 --rx-port 1 --rate 100 --size 128 --count {COUNT} --json",
                allow(&measured)
            ))
        })
    });
    let result: Value = serde_json::from_str(result.lines().last().unwrap()).unwrap();
    let stream = stream(&result, 0);
    assert_eq!(account(stream, "sent"), COUNT, "{stream:#}");
    assert_eq!(account(stream, "received"), COUNT, "{stream:#}");
    assert_eq!(account(stream, "corrupted"), 0, "{stream:#}");
    let delay = &stream["delay"]["actual_ns"];
    assert_eq!(delay["count"], COUNT);
    // QEMU's processor does not promise its time stamp counter's pace, so the times are no measurement; yet each is there.
    // Two programs, four NICs and a test are on the way: no round trip is shorter than a poll loop's turn.
    assert!(delay["min"].as_u64().unwrap() > 1000, "{delay:#}");
    forwarder.stop();
}

fn a_rate_above_the_links_is_refused() {
    let guest = guest::lease();
    let nic = &IGB[0];
    guest.bind("vfio-pci", &[nic.address]);
    let said = guest.run(&format!(
        "$pollway gen --lcores '0@1,1@0' --file-prefix gen --no-telemetry -m 128 --force-tsc {} -- -m 1.0 --rate '2Gbit/s L1' \
         --duration 1 2>&1 || echo ended with $?",
        allow(&[nic.address])
    ));
    let refusal = format!(
        "port 0 ({}) would have to send 2.000 Gbit/s, preambles and gaps included, and its link has 1.000 Gbit/s",
        nic.address
    );
    assert!(said.contains(&refusal), "{said}");
    assert!(said.ends_with("ended with 2\n"), "{said}");
}

fn igb_fills_in_the_checksums() {
    const COUNT: usize = 40;
    let guest = guest::lease();
    let nic = &IGB[0];
    guest.bind("vfio-pci", &[nic.address]);
    let wire = guest.wire(nic);
    wire.drain();
    let (result, frames) = wire.heard(|| {
        guest.run(&format!(
            "$pollway gen --lcores '0@1,1@0' --file-prefix gen --no-telemetry -m 128 --force-tsc {} -- -m 1.0 --rate 50 --size 128 \
             --flows 9 --count {COUNT} --json",
            allow(&[nic.address])
        ))
    });
    let result: Value = serde_json::from_str(result.lines().last().unwrap()).unwrap();
    assert_eq!(stream(&result, 0)["sending"]["checksums"], "device");
    let ours = frames.into_iter().filter(|frame| frame.len() == 124 && frame[12..14] == [8, 0]);
    let ours: Vec<Vec<u8>> = ours.collect();
    assert_eq!(ours.len(), COUNT);
    // tshark's 1 is good, in IP's column and in UDP's; there are no others.
    assert!(verdicts(&ours).iter().all(|verdict| *verdict == ["1", "", "1", ""]));
}
