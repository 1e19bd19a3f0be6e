//! Tests of what is typed against what DPDK is told.

use super::*;
use proptest::prelude::*;
use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;

/// What DPDK is told of these devices, each with `queues` queues each way.
fn expanded(typed: &[&str], queues: u16) -> Result<Vec<DeviceSpec>, DeviceError> {
    let mut list = DeviceList::default();
    for typed in typed {
        list.add(typed, queues)?;
    }
    list.expand()
}

fn one(typed: &str) -> DeviceSpec {
    expanded(&[typed], 1).unwrap().remove(0)
}

#[track_caller]
fn refused(typed: &str, message: &str) {
    assert_eq!(expanded(&[typed], 1).unwrap_err().to_string(), message);
}

#[test]
fn every_form_expands_to_its_devargs() {
    let expansions = [
        ("net_null0", "net_null0"),
        ("net_tap3,iface=tap0,mac=02:00:00:00:00:01", "net_tap3,iface=tap0,mac=02:00:00:00:00:01"),
        (" eth_pcap0,rx_pcap=a,rx_pcap=b ", "eth_pcap0,rx_pcap=a,rx_pcap=b"),
        ("ring:lo", "net_ring_lo"),
        ("null:", "net_null0"),
        ("null:size=1500,copy=1", "net_null0,size=1500,copy=1"),
        ("tap:pw0", "net_tap0,iface=pw0"),
        ("tap:pw0,", "net_tap0,iface=pw0"),
        ("tap:pw0,mac=fixed", "net_tap0,iface=pw0,mac=fixed"),
        (
            "af_packet:eth0",
            "net_af_packet0,iface=eth0,qpairs=2,blocksz=4096,framesz=2048,framecnt=2048",
        ),
        (
            "af_packet:eth0,framecnt=512,qdisc_bypass=1",
            "net_af_packet0,iface=eth0,qpairs=2,blocksz=4096,framesz=2048,framecnt=512,qdisc_bypass=1",
        ),
        ("af_xdp:eth0", "net_af_xdp0,iface=eth0,start_queue=0,queue_count=2"),
        ("af_xdp:eth0,start_queue=4", "net_af_xdp0,iface=eth0,queue_count=2,start_queue=4"),
        ("pcap:in.pcap", "net_pcap0,rx_pcap=in.pcap"),
        ("pcap:in.pcap,tx=out.pcap", "net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap"),
        ("pcap:,tx=out.pcap", "net_pcap0,tx_pcap=out.pcap"),
        ("pcap:a:b.pcap,infinite_rx=1", "net_pcap0,rx_pcap=a:b.pcap,infinite_rx=1"),
        ("memif:/run/m", "net_memif0,socket=/run/m,socket-abstract=no,role=client"),
        (
            "memif:/run/m,role=server,id=1",
            "net_memif0,socket=/run/m,socket-abstract=no,role=server,id=1",
        ),
        ("vhost:/run/v", "net_vhost0,iface=/run/v,queues=2"),
        ("vhost:/run/v,client=1", "net_vhost0,iface=/run/v,queues=2,client=1"),
        ("virtio-user:/run/v", "net_virtio_user0,path=/run/v,queues=2,packed_vq=1"),
        (
            "virtio-user:/run/v,queues=1,server=1",
            "net_virtio_user0,path=/run/v,packed_vq=1,queues=1,server=1",
        ),
    ];
    for (typed, devargs) in expansions {
        let spec = expanded(&[typed], 2).unwrap().remove(0);
        assert_eq!(spec.to_string(), devargs, "{typed}");
        assert_eq!((spec.bus, spec.typed.as_str()), (Bus::Vdev, typed.trim()));
    }
}

#[test]
fn pci_addresses_are_completed() {
    let expansions = [
        ("0000:01:00.0", "0000:01:00.0"),
        ("01:00.0", "0000:01:00.0"),
        ("0000:AF:1F.7", "0000:af:1f.7"),
        ("10000:01:00.0", "10000:01:00.0"),
        ("01:00.1,representor=[0,2-3],a=b", "0000:01:00.1,representor=[0,2-3],a=b"),
    ];
    for (typed, devargs) in expansions {
        let spec = one(typed);
        assert_eq!((spec.bus, spec.to_string().as_str()), (Bus::Pci, devargs), "{typed}");
    }
}

#[test]
fn numbers_pass_over_names_given_in_full() {
    let specs =
        expanded(&["null:", "net_null1", "null:", "tap:a", "null:", "net_null0", "tap:b"], 1);
    let names: Vec<_> = specs.unwrap().into_iter().map(|spec| spec.name).collect();
    let expected =
        ["net_null2", "net_null1", "net_null3", "net_tap0", "net_null4", "net_null0", "net_tap1"];
    assert_eq!(names, expected);
}

#[test]
fn a_device_named_twice() {
    let twice = |first: &str, second: &str, name: &str| {
        let (typed, first, second) = ([first, second], first.to_owned(), second.to_owned());
        let error = DeviceError::NameTwice { name: name.to_owned(), first, second };
        assert_eq!(expanded(&typed, 1), Err(error));
    };
    twice("net_null0", "net_null0,size=64", "net_null0");
    twice("01:00.0", "0000:01:00.0", "0000:01:00.0");
    twice("ring:a", "net_ring_a", "net_ring_a");
    assert_eq!(
        expanded(&["ring:a", "ring:a"], 1).unwrap_err().to_string(),
        "`ring:a` and `ring:a` are both called net_ring_a by DPDK; name each device once"
    );
}

#[test]
fn queue_pairs_that_librte_vhost_takes() {
    for pairs in ["1", "128"] {
        assert!(expanded(&[&format!("vhost:/run/v,queues={pairs}")], 1).is_ok(), "{pairs}");
    }
    for pairs in ["0", "129", "x"] {
        let typed = format!("vhost:/run/v,queues={pairs}");
        assert_eq!(
            expanded(&[&typed], 1).unwrap_err().to_string(),
            format!("`queues={pairs}` in `{typed}` takes 1 to 128 queue pairs")
        );
    }
}

#[test]
fn two_devices_that_would_make_the_same() {
    let twice = |first: &str, second: &str| expanded(&[first, second], 1).unwrap_err().to_string();
    assert_eq!(
        twice("vhost:/run/v", "vhost:/run/v,mode=0660"),
        "`vhost:/run/v` and `vhost:/run/v,mode=0660` would both make /run/v; give each one of its own"
    );
    assert_eq!(
        twice("tap:a", "net_tap7,iface=a"),
        "`tap:a` and `net_tap7,iface=a` would both make a; give each one of its own"
    );
    // Both only connect, and the kernel hands out copies.
    for (first, second) in [
        ("vhost:/run/v,client=1", "vhost:/run/v,client=1"),
        ("vhost:/run/v", "virtio-user:/run/v"),
        ("af_packet:a", "af_packet:a"),
    ] {
        assert!(expanded(&[first, second], 1).is_ok(), "{first} {second}");
    }
}

#[test]
fn only_virtio_user_needs_single_file_segments() {
    assert!(one("virtio-user:/run/v").needs_single_file_segments());
    assert!(one("net_virtio_user3,path=/run/v").needs_single_file_segments());
    assert!(!one("vhost:/run/v").needs_single_file_segments());
    assert!(!one("01:00.0").needs_single_file_segments());
}

#[test]
fn only_a_virtio_user_port_connects_and_asks_for_packed_rings() {
    let asks =
        |typed: &str| one(typed).connects_to().map(|(path, packed)| (path.to_owned(), packed));
    assert_eq!(asks("virtio-user:/run/v"), Some(("/run/v".to_owned(), true)));
    assert_eq!(asks("virtio-user:/run/v,packed_vq=0"), Some(("/run/v".to_owned(), false)));
    assert_eq!(asks("net_virtio_user0,path=/run/v"), Some(("/run/v".to_owned(), false)));
    assert_eq!(asks("virtio-user:/run/v,server=1"), None);
    assert_eq!(asks("vhost:/run/v,client=1"), None);
}

#[test]
fn what_is_no_device_is_told_what_is() {
    let usage = "give a PCI address (0000:01:00.0), a DPDK vdev (net_null0), or one of pci:DEVICE, ring:NAME, null:, tap:IF, \
                 af_packet:IF, af_xdp:IF, pcap:FILE, memif:PATH, vhost:PATH, virtio-user:PATH";
    refused("", &format!("the device has no name; {usage}"));
    refused(",iface=a", &format!("the device has no name; {usage}"));
    refused("eth0", &format!("`eth0` is no device; {usage}"));
    let nearest = |typed: &str, word: &str| {
        refused(typed, &format!("`{typed}` is no device (did you mean {word}:?); {usage}"));
    };
    nearest("afpacket:eth0", "af_packet");
    nearest("virtio_user:/run/v", "virtio-user");
    nearest("vhsot:/run/v", "vhost");
    nearest("null", "null");
    refused("quantum:/run/v", &format!("`quantum:/run/v` is no device; {usage}"));
}

#[test]
fn a_pci_device_by_another_name_is_looked_for_on_the_machine() {
    let root = tempfile::tempdir().unwrap();
    let machine = crate::machine::Machine::at(root.path());
    let put = |file: &str, text: &str| {
        let path = machine.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (address, interface) in [("0000:01:00.0", "eth1"), ("0000:01:10.0", "eth2")] {
        put(&format!("sys/bus/pci/devices/{address}/net/{interface}/address"), "02:00:00:00:00:01");
    }
    put("sys/bus/pci/devices/0000:01:00.0/sriov_totalvfs", "7");
    let link = machine.path("sys/bus/pci/devices/0000:01:00.0/virtfn0");
    std::os::unix::fs::symlink("../0000:01:10.0", link).unwrap();

    for (typed, told) in [
        ("pci:eth2,a=b", "0000:01:10.0,a=b"),
        ("pci:eth1/0", "0000:01:10.0"),
        ("pci:02:00:00:00:00:01", "0000:01:00.0"),
        ("pci:01:00.0", "0000:01:00.0"),
        ("01:00.0", "0000:01:00.0"),
    ] {
        assert_eq!(one(typed).located(&machine).unwrap().to_string(), told, "{typed}");
    }
    assert_eq!(one("null:").located(&machine), Ok(one("null:")));
    let absent = one("pci:eth1/3").located(&machine).unwrap_err().to_string();
    assert!(absent.starts_with("`pci:eth1/3`: 0000:01:00.0 has 1 virtual functions"), "{absent}");
    refused("pci:", "`pci:` lacks its DEVICE; write pci:DEVICE");
}

#[test]
fn addresses_that_are_none() {
    for typed in ["0000:01:00", "01:20.0", "01:00.8", "1:00.0", "000:01:00.0", "01:20.0,a=b"] {
        let message = format!(
            "`{typed}` is no PCI address; write it as in 0000:01:00.0 (lspci -D lists them)"
        );
        refused(typed, &message);
    }
}

#[test]
fn parts_that_are_missing_or_wrong() {
    refused("vhost:", "`vhost:` lacks its PATH; write vhost:PATH");
    refused("pcap:,infinite_rx=1", "`pcap:` lacks its FILE; write pcap:FILE");
    refused("vhost:,tx_pcap=out", "`vhost:` lacks its PATH; write vhost:PATH");
    refused("ring:", "`ring:` lacks its NAME; write ring:NAME");
    for (typed, argument) in [
        ("null:64", "64"),
        ("vhost:/a,b/c,client=1", "b/c"),
        ("tap:a,=x", "=x"),
        ("tap:a,,b=c", ""),
    ] {
        let message = format!(
            "`{argument}` in `{typed}` is no option; write options as KEY=VALUE, and no comma in a path"
        );
        refused(typed, &message);
    }
}

#[test]
fn names_and_paths_as_long_as_may_be_and_longer() {
    let path = |length: usize| format!("/{}", "p".repeat(length - 1));
    for form in ["vhost", "virtio-user", "memif"] {
        assert!(expanded(&[&format!("{form}:{}", path(107))], 1).is_ok());
        let typed = format!("{form}:{}", path(108));
        let message = format!(
            "`{typed}`: the socket path has 108 bytes and the kernel takes 107; use a shorter one, as in /tmp/pw.sock"
        );
        refused(&typed, &message);
    }
    let in_full = format!("net_vhost0,iface={}", path(108));
    assert_eq!(
        expanded(&[&in_full], 1),
        Err(DeviceError::SocketPathTooLong { typed: in_full, length: 108 })
    );

    for form in ["tap", "af_packet", "af_xdp"] {
        assert!(expanded(&[&format!("{form}:abcdefghijklmno")], 1).is_ok());
        let typed = format!("{form}:abcdefghijklmnop");
        refused(
            &typed,
            &format!(
                "`{typed}`: `abcdefghijklmnop` cannot be an interface's name, which has 1 to 15 bytes and no slash, \
                 colon or space; `ip link` lists the interfaces"
            ),
        );
    }
    for interface in ["a/b", "a b", "..", "a:b"] {
        let typed = format!("tap:{interface}");
        let interface = interface.to_owned();
        let error = DeviceError::BadInterfaceName { typed: typed.clone(), interface };
        assert_eq!(expanded(&[&typed], 1), Err(error));
    }

    assert!(expanded(&["ring:12345678"], 1).is_ok());
    refused(
        "ring:123456789",
        "`ring:123456789`: DPDK's name for it, net_ring_123456789, has 18 bytes and may have 17; use a shorter name",
    );
    let long = format!("net_null{}", "0".repeat(56));
    refused(
        &long,
        &format!(
            "`{long}`: DPDK's name for it, {long}, has 64 bytes and may have 63; use a shorter name"
        ),
    );
}

#[test]
fn a_machine_that_lacks_nothing_passes() {
    let machine = tempfile::tempdir().unwrap();
    let sysfs = machine.path();
    fs::create_dir_all(sysfs.join("class/net/eth0")).unwrap();
    fs::create_dir_all(sysfs.join("bus/pci/devices/0000:01:00.0")).unwrap();
    fs::write(sysfs.join("in.pcap"), "").unwrap();
    fs::write(sysfs.join("sock"), "").unwrap();
    let at = |name: &str| sysfs.join(name).display().to_string();
    for typed in [
        "01:00.0".to_owned(),
        "af_packet:eth0".to_owned(),
        "net_af_xdp7,iface=eth0".to_owned(),
        "tap:new0".to_owned(),
        format!("pcap:{},tx={}", at("in.pcap"), at("out.pcap")),
        "pcap:,tx=out.pcap".to_owned(),
        format!("vhost:{}", at("new")),
        format!("vhost:{},client=1", at("later")),
        format!("vhost:{},client=1", at("sock")),
        format!("virtio-user:{}", at("sock")),
        format!("virtio-user:{},server=1", at("new")),
        format!("memif:{}", at("sock")),
        format!("memif:{},role=server", at("sock")),
        "net_memif0,socket=/none/abstract".to_owned(),
        "null:".to_owned(),
        "net_bonding0,mode=1".to_owned(),
    ] {
        assert_eq!(one(&typed).check(sysfs), Ok(()), "{typed}");
    }
}

#[test]
fn what_a_machine_lacks_is_named() {
    let machine = tempfile::tempdir().unwrap();
    let here = machine.path().display().to_string();
    fs::write(machine.path().join("file"), "").unwrap();
    let lacks = |typed: &str, message: &str| {
        let typed = typed.replace("HERE", &here);
        let error = one(&typed).check(machine.path()).unwrap_err();
        assert_eq!(error.to_string(), format!("`{typed}`: {}", message.replace("HERE", &here)));
    };
    let no_interface =
        "there is no interface eth9 in this network namespace; `ip link` lists those there are";
    lacks("af_packet:eth9", no_interface);
    lacks("af_xdp:eth9", no_interface);
    lacks("eth_af_packet0,qpairs=1,iface=eth9", no_interface);
    lacks("02:00.0", "there is no PCI device 0000:02:00.0; `lspci -D` lists those there are");
    lacks(
        "pcap:HERE/in.pcap",
        "there is no file HERE/in.pcap to read packets from; check the path with `ls HERE/in.pcap`",
    );
    let no_folder = |name: &str| {
        format!(
            "HERE/no/{name} cannot be made, as there is no folder HERE/no; make it with `mkdir -p HERE/no`"
        )
    };
    lacks("pcap:,tx=HERE/no/out.pcap", &no_folder("out.pcap"));
    lacks("vhost:HERE/no/sock", &no_folder("sock"));
    let no_socket = "HERE/file is there already and is no socket; name another path, or remove it with `rm HERE/file`";
    lacks("vhost:HERE/file", no_socket);
    lacks("virtio-user:HERE/file,server=1", no_socket);
    let nobody = |option: &str| {
        format!(
            "nobody listens at HERE/none; start the program at the other end first, \
             or listen here with the option {option}"
        )
    };
    lacks("virtio-user:HERE/none", &nobody("server=1"));
    lacks("memif:HERE/none", &nobody("role=server"));
}

#[test]
fn a_socket_is_removed_when_nobody_listens_there_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock").display().to_string();
    let port = one(&format!("vhost:{path}"));
    assert_eq!(port.remove_stale_socket(), Ok(None));
    let listener = UnixListener::bind(&path).unwrap();
    let taken = port.remove_stale_socket().unwrap_err().to_string();
    let pid = std::process::id();
    assert!(
        taken.ends_with(&format!(
            " (process {pid}) listens at {path} already; stop it, or name another path"
        )),
        "{taken}"
    );
    assert_eq!(port.check(folder.path()).unwrap_err().to_string(), taken);
    drop(listener);
    assert_eq!(port.check(folder.path()), Ok(()));
    // A client connects, and never takes away what is there.
    assert_eq!(one(&format!("vhost:{path},client=1")).remove_stale_socket(), Ok(None));
    assert_eq!(port.remove_stale_socket(), Ok(Some(path.as_str())));
    assert!(!Path::new(&path).exists());
}

#[test]
fn a_vhost_port_says_whose_its_socket_is_and_what_guests_are_not_offered() {
    let port = one("vhost:/run/v,owner=64055,mode=0660,packed_vq=0,tso=1,in_order=1,group=kvm");
    assert_eq!(port.to_string(), "net_vhost0,iface=/run/v,queues=1,tso=1");
    let socket = VhostSocket {
        path: "/run/v".to_owned(),
        client: false,
        owner: Some("64055".to_owned()),
        group: Some("kvm".to_owned()),
        mode: Some(0o660),
        withheld: 1 << 34 | 1 << 13 | 1 << 14,
    };
    assert_eq!(port.vhost, Some(socket));
    let without_checksums = one("vhost:/run/v,guest_csum=0").vhost.unwrap();
    assert_eq!(without_checksums.withheld, 0x782, "TSO and UFO rest on checksums");
    assert_eq!(one("net_vhost0,iface=/run/v").vhost, None);
    for (options, message) in [
        ("mode=0860", "`mode=0860` in `TYPED` takes permissions in octal, such as 0660"),
        ("mode=01777", "`mode=01777` in `TYPED` takes permissions in octal, such as 0660"),
        ("packed_vq=off", "`packed_vq=off` in `TYPED` takes 0 or 1"),
        (
            "client=1,owner=root",
            "`owner` in `TYPED` is about the socket file, which the other end makes with client=1; leave it out",
        ),
    ] {
        let typed = format!("vhost:/run/v,{options}");
        refused(&typed, &message.replace("TYPED", &typed));
    }
}

proptest! {
    /// Whatever is typed, there is an answer, and a device's name is never empty or shared.
    #[test]
    fn any_text_is_a_device_or_an_error(
        typed in prop::collection::vec(
            prop_oneof![
                "(ring|null|tap|af_packet|pcap|vhost|virtio-user|net_null|net_ring|[0-9a-f]{2}):?[a-z0-9:.,=/ ]{0,12}",
                "\\PC{0,12}",
            ],
            1..6,
        )
    ) {
        let mut list = DeviceList::default();
        let accepted: Vec<_> = typed.iter().filter(|typed| list.add(typed, 1).is_ok()).collect();
        if let Ok(specs) = list.expand() {
            prop_assert_eq!(specs.len(), accepted.len());
            let mut names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            prop_assert_eq!(names.len(), specs.len());
            prop_assert!(names.iter().all(|name| !name.is_empty() && name.len() <= 63));
            for spec in &specs {
                // Whether it passes depends on this machine; that there is an answer does not.
                let _ = spec.check(Path::new("/sys"));
            }
        }
    }
}
