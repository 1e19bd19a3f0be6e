//! The kinds of devices that dpdk-devbind.py tells apart, and by what.
//!
//! Source: the tables at the top of DPDK 22.11's `usertools/dpdk-devbind.py`.

use super::flags::Kind;
use dataplane::pci::PciDevice;

/// Devices of a class, of all vendors or of some numbers of one.
struct Match {
    /// The class's first part.
    class: u32,
    vendor: Option<u16>,
    /// The vendor's numbers; all where there are none.
    devices: &'static [u16],
}

const fn class(class: u32) -> Match {
    Match { class, vendor: None, devices: &[] }
}

const fn of(class: u32, vendor: u16, devices: &'static [u16]) -> Match {
    Match { class, vendor: Some(vendor), devices }
}

const CAVIUM: u16 = 0x177d;
const INTEL: u16 = 0x8086;
const HISILICON: u16 = 0x19e5;
const REDHAT: u16 = 0x1af4;

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::Net,
        Self::Baseband,
        Self::Crypto,
        Self::Dma,
        Self::Event,
        Self::Mempool,
        Self::Compress,
        Self::Misc,
        Self::Regex,
    ];

    /// The kind's name in headings.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Net => "Network",
            Self::Baseband => "Baseband",
            Self::Crypto => "Crypto",
            Self::Dma => "DMA",
            Self::Event => "Eventdev",
            Self::Mempool => "Mempool",
            Self::Compress => "Compress",
            Self::Misc => "Misc (rawdev)",
            Self::Regex => "Regex",
        }
    }

    fn matches(self) -> &'static [Match] {
        match self {
            Self::Net => {
                const {
                    &[
                        class(0x02),
                        of(0x08, CAVIUM, &[0xa0dd, 0xa049]),
                        of(0x05, REDHAT, &[0x1110]),
                        of(0x12, INTEL, &[0x0b30]),
                    ]
                }
            }
            Self::Baseband => const { &[class(0x12)] },
            Self::Crypto => const { &[class(0x10), of(0x0b, INTEL, &[])] },
            Self::Dma => {
                const {
                    &[
                        of(0x08, CAVIUM, &[0xa081]),
                        of(0x08, HISILICON, &[0xa122]),
                        of(0x08, INTEL, &[0x0b25, 0x2021, 0x0b00]),
                        of(
                            0x08,
                            INTEL,
                            &[
                                0x6f20, 0x6f21, 0x6f22, 0x6f23, 0x6f24, 0x6f25, 0x6f26, 0x6f27,
                                0x6f2e, 0x6f2f,
                            ],
                        ),
                    ]
                }
            }
            Self::Event => {
                const {
                    &[
                        of(0x08, CAVIUM, &[0xa04b, 0xa04d, 0xa0f9, 0xa0fa]),
                        of(0x0b, INTEL, &[0x270b, 0x2710, 0x2714]),
                    ]
                }
            }
            Self::Mempool => const { &[of(0x08, CAVIUM, &[0xa053, 0xa0fb, 0xa0fc])] },
            Self::Compress => const { &[of(0x12, CAVIUM, &[0xa037])] },
            Self::Misc => {
                const {
                    &[
                        of(0x08, CAVIUM, &[0xa089, 0xa059, 0xa060, 0xa0f0, 0xa0f1]),
                        of(0x06, INTEL, &[0x201c, 0x347e]),
                        of(0x01, REDHAT, &[0x1001, 0x1042]),
                    ]
                }
            }
            Self::Regex => const { &[of(0x08, CAVIUM, &[0xa0f4])] },
        }
    }

    /// Whether a device is of the kind.
    pub(super) fn has(self, device: &PciDevice) -> bool {
        self.matches().iter().any(|one| {
            one.class == device.class >> 16
                && one.vendor.is_none_or(|vendor| vendor == device.vendor)
                && (one.devices.is_empty() || one.devices.contains(&device.device))
        })
    }
}
