//! Cables and NICs that are pulled out.

use crate::guest::{self, Forwarder, Guest, has_said};
use crate::lab::generator::{account, stream};
use crate::lab::wait_for;
use crate::machine::{IGB, Model, Nic, SPARE, VIRTIO};
use crate::{allow, crosses_both_ways, frames};
use serde_json::{Value, json};

tests![
    a_link_that_went_down_and_up_carries_again,
    the_others_forward_on_when_a_nic_is_unplugged_until_another_takes_its_place,
    the_generator_measures_on_when_a_nic_is_unplugged,
];

/// Waits until the shell's page of a port says this of its link.
fn wait_for_link(forwarder: &mut Forwarder, port: usize, status: &str) {
    wait_for(&format!("the link of port {port} to be {status}"), || {
        let page = forwarder.shell.ask(&format!("show port info {port}"));
        page.contains(&format!("Link status: {status}\n")).then_some(())
    });
}

fn a_link_that_went_down_and_up_carries_again() {
    let guest = guest::lease();
    for nics in [&IGB, &VIRTIO] {
        let addresses = nics.each_ref().map(|nic| nic.address);
        guest.bind("vfio-pci", &addresses);
        let mut forwarder = guest.forward("", &allow(&addresses));
        crosses_both_ways(&guest, &mut forwarder, nics);
        for (up, status) in [(false, "down"), (true, "up")] {
            guest.machine("set_link", json!({ "name": nics[1].name, "up": up }));
            wait_for_link(&mut forwarder, 1, status);
            wait_for_link(&mut forwarder, 0, "up");
            let line = format!("port 1 ({}): link {status}", addresses[1]);
            forwarder.wait_for_remark(&line);
        }
        crosses_both_ways(&guest, &mut forwarder, nics);
        forwarder.stop();
    }
}

/// Plugs in a NIC where one of this name was, and waits until the kernel drives it.
fn plug_in(guest: &Guest, Nic { name, mac, address, model, .. }: &Nic) {
    let mut device = match model {
        Model::Igb => json!({ "driver": "igb" }),
        Model::Virtio => json!({ "driver": "virtio-net-pci", "disable-legacy": "on",
            "iommu_platform": true, "ats": true }),
    };
    let own = json!({ "id": name, "netdev": format!("{name}-cable"), "bus": format!("{name}-slot"), "mac": mac });
    device.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    guest.machine("device_add", device);
    wait_for("the kernel to drive the new NIC", || {
        guest
            .attempt(&format!(
                "ls /sys/bus/pci/devices/{address} | grep -qx -e net -e 'virtio[0-9]*'"
            ))
            .status
            .success()
            .then_some(())
    });
}

/// Unplugs the first NIC on this driver under traffic, and plugs in another. The second is its partner, the others forward on.
fn the_others_forward_on_with(guest: &Guest, driver: &str, nics: [&Nic; 4]) {
    let addresses = nics.map(|nic| nic.address);
    // EAL numbers them by their addresses.
    let port = addresses.iter().filter(|address| **address < addresses[0]).count();
    guest.bind(driver, &addresses);
    let mut forwarder = guest.forward("", &allow(&addresses));
    let [spare, partner, left, right] = nics.map(|nic| guest.wire(nic));
    let frames = frames::udp(frames::ANYBODY, 200, 64);
    for [from, to] in [[spare, partner], [left, right]] {
        from.wait_for_path(to, &frames[0]);
        from.carry(to, &frames);
    }

    let address = nics[0].address;
    guest.machine("device_del", json!({ "id": nics[0].name }));
    wait_for("the NIC to be let go", || {
        left.carry(right, &frames);
        (!guest.has_device(nics[0].name)).then_some(())
    });
    let line = format!(
        "port {port} ({address}) was taken away; port {}, which it was paired with, no longer forwards",
        port + 1
    );
    wait_for("its port to be let go of", || {
        left.carry(right, &frames);
        forwarder.has_said(&line).then_some(())
    });
    left.carry(right, &frames);
    right.carry(left, &frames);
    let page = forwarder.shell.ask(&format!("show port info {port}"));
    assert!(page.contains(&format!("Invalid port {port}")), "{page}");

    plug_in(guest, nics[0]);
    guest.bind(driver, &[address]);
    let attached = forwarder.shell.ask(&format!("port attach {address}"));
    let said = format!("Port {port} is attached. Now total ports is 4");
    assert!(attached.contains(&said), "{attached}");
    let start = format!("port start {port}");
    for command in ["stop", &start, "set portlist 0,1,2,3", "start"] {
        forwarder.shell.ask(command);
    }
    for [from, to] in [[spare, partner], [left, right]] {
        from.wait_for_path(to, &frames[0]);
        from.carry(to, &frames);
    }
    forwarder.stop();
}

fn the_others_forward_on_when_a_nic_is_unplugged_until_another_takes_its_place() {
    // VFIO keeps a NIC until its program lets go; a UIO driver's is gone at once. A virtio NIC's driver does not mind then, while
    // igb's waits for each of its registers: minutes in this guest.
    let igb_leaves = [&SPARE, &IGB[0], &VIRTIO[0], &VIRTIO[1]];
    let virtio_leaves = [&VIRTIO[0], &VIRTIO[1], &IGB[0], &IGB[1]];
    let guest = guest::lease();
    for (driver, nics) in
        [("vfio-pci", igb_leaves), ("igb_uio", virtio_leaves), ("uio_pci_generic", virtio_leaves)]
    {
        guest.reset();
        the_others_forward_on_with(&guest, driver, nics);
    }
}

/// Two streams, each between two NICs. The one that loses its sender's NIC has come to its end, the other goes on to its own.
fn the_generator_measures_on_when_a_nic_is_unplugged() {
    const COUNT: u64 = 500;
    let guest = guest::lease();
    let nics = [&SPARE, &IGB[0], &VIRTIO[0], &VIRTIO[1]];
    let addresses = nics.map(|nic| nic.address);
    guest.bind("vfio-pci", &addresses);
    let streams = format!(
        "[[traffic.stream]]\nport = 0\nexpect = 1\nrate = '100'\ncount = 1_000_000\n\
         [[traffic.stream]]\nport = 2\nexpect = 3\nrate = '100'\ncount = {COUNT}\n"
    );
    let [spare, partner, left, right] = nics.map(|nic| guest.wire(nic));
    let ended = spare.joined(partner, || {
        left.joined(right, || {
            let (mut running, folder) = guest.start(&format!(
                "printf '%s' \"{streams}\" >gen.toml; $pollway gen --lcores 0@1,1@0 --no-telemetry -m 256 --force-tsc {} \
                 -- -m '1.[0-3]' --config gen.toml --json",
                allow(&addresses)
            ));
            let says = |text: &str| wait_for(text, || has_said(&folder, text).then_some(()));
            says("sending");
            guest.machine("device_del", json!({ "id": SPARE.name }));
            says(&format!("port 0 ({}) was taken away", SPARE.address));
            running.wait()
        })
    });
    let result: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    plug_in(&guest, &SPARE);

    let whole = stream(&result, 1);
    assert_eq!((account(whole, "sent"), account(whole, "received")), (COUNT, COUNT), "{whole:#}");
    let cut = stream(&result, 0);
    let [sent, received, lost] = ["sent", "received", "lost"].map(|figure| account(cut, figure));
    assert!(0 < received && sent == received + lost && sent < 1_000_000, "{cut:#}");
    let invalid = &result["trials"][0]["result"]["invalid"];
    let says = |text: &str| {
        invalid.as_array().unwrap().iter().any(|why| why.as_str().unwrap().starts_with(text))
    };
    assert!(says("port 0 was taken away after "), "{invalid:#}");
    assert!(says(&format!("stream 0 sent {sent} of 1000000 packets before")), "{invalid:#}");
}
