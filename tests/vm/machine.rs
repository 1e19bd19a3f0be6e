//! The guest's hardware: which NICs it has, where, and QEMU's command line.

use crate::wire::Wire;
use std::path::Path;
use std::process::Command;

/// Where the shell scripts of both sides are.
pub(crate) const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vm");

/// What QEMU emulates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    /// Intel's 82576, which has SR-IOV.
    Igb,
    Virtio,
}

/// A NIC and the cable to the host that it is on.
pub(crate) struct Nic {
    /// QEMU's name of the device; its cable has the same one.
    pub(crate) name: &'static str,
    pub(crate) address: &'static str,
    pub(crate) mac: &'static str,
    pub(crate) model: Model,
    /// Whether it is behind the IOMMU.
    pub(crate) iommu: bool,
}

const fn nic(
    name: &'static str,
    address: &'static str,
    mac: &'static str,
    model: Model,
    iommu: bool,
) -> Nic {
    Nic { name, address, mac, model, iommu }
}

/// One that is unplugged; the first, so that what comes behind it moves up.
pub(crate) const SPARE: Nic = nic("spare", "0000:01:00.0", "52:54:00:00:00:01", Model::Igb, true);
pub(crate) const IGB: [Nic; 2] = [
    nic("igb0", "0000:02:00.0", "52:54:00:00:00:02", Model::Igb, true),
    nic("igb1", "0000:03:00.0", "52:54:00:00:00:03", Model::Igb, true),
];
pub(crate) const VIRTIO: [Nic; 2] = [
    nic("virtio0", "0000:04:00.0", "52:54:00:00:00:04", Model::Virtio, true),
    nic("virtio1", "0000:05:00.0", "52:54:00:00:00:05", Model::Virtio, true),
];
/// Two on a bus that no IOMMU translates for.
pub(crate) const BARE: [Nic; 2] = [
    nic("bare0", "0000:81:00.0", "52:54:00:00:00:06", Model::Igb, false),
    nic("bare1", "0000:82:00.0", "52:54:00:00:00:07", Model::Igb, false),
];

/// Two that share an IOMMU group, as devices on an old bus do. They have no cable.
pub(crate) const SHARED: [&str; 2] = ["0000:06:01.0", "0000:06:02.0"];
/// Where a NIC is plugged in that is at a vhost-user port; the last one, so that no other moves up.
pub(crate) const VHOST_SLOT: &str = "vhost-slot";
/// The way in, which has the default route.
pub(crate) const CONTROL: &str = "0000:00:03.0";

/// All NICs that have a cable, in the order of their addresses.
pub(crate) fn nics() -> impl Iterator<Item = &'static Nic> {
    [&SPARE].into_iter().chain(&IGB).chain(&VIRTIO).chain(&BARE)
}

/// What machines differ in.
pub(crate) struct Build {
    /// QEMU's words for processors and memory.
    hardware: Vec<String>,
    /// What the kernel is told beyond that which it needs to start.
    parameters: String,
}

impl Build {
    fn new(hardware: &str, parameters: &str) -> Self {
        let hardware = hardware.split_whitespace().map(str::to_owned).collect();
        Self { hardware, parameters: parameters.to_owned() }
    }

    /// All that QEMU's processor emulation has, and an IOMMU that is on.
    pub(crate) fn usual() -> Self {
        // A vhost-user port maps the guest's memory.
        Self::new(
            "-cpu max -smp 2 -object memory-backend-memfd,id=memory,size=2G,share=on \
             -machine memory-backend=memory",
            "intel_iommu=on iommu=pt",
        )
    }

    /// Two sockets with memory of their own, each with the two threads of a core of this model, whose frequency follows the
    /// load; [`BARE`] is at the second. The kernel is told no more than this.
    pub(crate) fn of_two_sockets(vm: &Path, processor: &str, parameters: &str) -> Self {
        let mut build = Self::new(
            &format!(
                "-cpu {processor} -smp 4,sockets=2,cores=1,threads=2 \
                 -object memory-backend-ram,id=memory0,size=1G -numa node,cpus=0-1,memdev=memory0 \
                 -object memory-backend-ram,id=memory1,size=1G -numa node,cpus=2-3,memdev=memory1 \
                 -global pxb-pcie.numa_node=1"
            ),
            parameters,
        );
        let table = format!("file={}", vm.join("cpufreq.aml").display());
        build.hardware.extend(["-acpitable".to_owned(), table]);
        build
    }
}

/// QEMU's command line for a guest made by prepare.sh, with its sockets, its log and its share in `folder`, which hears
/// sessions on `port` of this host.
pub(crate) fn qemu(vm: &Path, build: &Build, folder: &Path, port: u16) -> Command {
    let mut command = Command::new(vm.join("qemu"));
    command.args(&build.hardware);
    let path = |name: &str| folder.join(name).display().to_string();
    let mut say = |words: &[&str]| {
        command.args(words);
    };
    // The processors take turns on one thread of the host's: QEMU's threads have crashed it, rarely.
    say(&["-accel", "tcg,thread=single", "-m", "2G"]);
    say(&["-machine", "q35,kernel-irqchip=split", "-nodefaults", "-display", "none", "-no-reboot"]);
    say(&["-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on,aw-bits=48"]);
    say(&["-kernel", &vm.join("vmlinux").display().to_string()]);
    say(&["-initrd", &vm.join("initrd").display().to_string()]);
    say(&[
        "-append",
        &format!(
            "console=ttyS0 panic=-1 ipv6.disable=1 tsc=reliable no_timer_check mitigations=off hugepages=384 {} \
             scripts={SCRIPTS} vm={}",
            build.parameters,
            vm.display()
        ),
    ]);
    say(&["-pidfile", &path("pid")]);
    say(&["-serial", &format!("file:{}", path("console.log"))]);
    say(&["-qmp", &format!("unix:{},server=on,wait=off", path("qmp"))]);
    say(&[
        "-virtfs",
        "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
    ]);
    say(&["-virtfs", &format!("local,path={},mount_tag=lab,security_model=none", path("share"))]);
    say(&["-netdev", &format!("user,id=control,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:7")]);
    say(&["-device", "virtio-net-pci,netdev=control,mac=52:54:00:00:00:ff"]);
    say(&["-device", "pxb-pcie,id=bare,bus=pcie.0,bus_nr=0x80,bypass_iommu=on"]);
    for (slot, nic) in nics().enumerate() {
        let Nic { name, mac, .. } = nic;
        let [host, guest] = Wire::paths(folder, name).map(|path| path.display().to_string());
        say(&[
            "-netdev",
            &format!(
                "dgram,id={name}-cable,local.type=unix,local.path={guest},remote.type=unix,remote.path={host}"
            ),
        ]);
        let bus = if nic.iommu { "pcie.0" } else { "bare" };
        say(&[
            "-device",
            &format!("pcie-root-port,id={name}-slot,bus={bus},chassis={slot},slot={slot}"),
        ]);
        let model = match nic.model {
            Model::Igb => "igb",
            Model::Virtio => "virtio-net-pci,disable-legacy=on,iommu_platform=on,ats=on",
        };
        say(&[
            "-device",
            &format!("{model},id={name},netdev={name}-cable,bus={name}-slot,mac={mac}"),
        ]);
    }
    say(&["-device", "pcie-pci-bridge,id=shared,bus=pcie.0"]);
    for slot in ["1", "2"] {
        say(&["-netdev", &format!("hubport,id=shared{slot}-cable,hubid={slot}")]);
        say(&["-device", &format!("e1000,netdev=shared{slot}-cable,bus=shared,addr={slot}")]);
    }
    let slot = nics().count();
    let port = format!("pcie-root-port,id={VHOST_SLOT},bus=pcie.0,chassis={slot},slot={slot}");
    say(&["-device", &port]);
    command
}
