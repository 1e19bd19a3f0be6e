//! The kinds of items: which structure each has, and where its fields lie.

use super::{Field, Form, ItemKind};

/// A number that fills so many bytes.
const fn whole(name: &'static str, at: usize, bytes: usize) -> Field {
    bits(name, at, bytes, u32::MAX >> (32 - 8 * bytes))
}

/// A number in some bits of so many bytes.
const fn bits(name: &'static str, at: usize, bytes: usize, mask: u32) -> Field {
    Field { name, at, form: Form::Bits { bytes, mask } }
}

const fn field(name: &'static str, at: usize, form: Form) -> Field {
    Field { name, at, form }
}

/// The kinds of items, with testpmd's names for their fields.
///
/// Source: `rte_flow.h`, `struct rte_flow_item_*`; the headers in them are those of `rte_ether.h`, `rte_ip.h`, `rte_tcp.h` and
/// so on. The one-bit fields are C bit-fields, which x86 and Arm lay out from the lowest bit.
pub const ITEM_KINDS: &[ItemKind] = {
    use dpdk_sys::*;
    &[
        ItemKind { name: "void", code: RTE_FLOW_ITEM_TYPE_VOID, bytes: 0, fields: &[] },
        ItemKind {
            name: "any",
            code: RTE_FLOW_ITEM_TYPE_ANY,
            bytes: size_of::<rte_flow_item_any>(),
            fields: &[field("num", 0, Form::Native)],
        },
        ItemKind {
            name: "eth",
            code: RTE_FLOW_ITEM_TYPE_ETH,
            bytes: size_of::<rte_flow_item_eth>(),
            fields: &[
                field("dst", 0, Form::Mac),
                field("src", 6, Form::Mac),
                whole("type", 12, 2),
                bits("has_vlan", 16, 1, 0x01),
            ],
        },
        ItemKind {
            name: "vlan",
            code: RTE_FLOW_ITEM_TYPE_VLAN,
            bytes: size_of::<rte_flow_item_vlan>(),
            fields: &[
                whole("tci", 0, 2),
                bits("pcp", 0, 2, 0xe000),
                bits("dei", 0, 2, 0x1000),
                bits("vid", 0, 2, 0x0fff),
                whole("inner_type", 2, 2),
                bits("has_more_vlan", 4, 1, 0x01),
            ],
        },
        ItemKind {
            name: "ipv4",
            code: RTE_FLOW_ITEM_TYPE_IPV4,
            bytes: size_of::<rte_flow_item_ipv4>(),
            fields: &[
                whole("version_ihl", 0, 1),
                whole("tos", 1, 1),
                whole("packet_id", 4, 2),
                whole("fragment_offset", 6, 2),
                whole("ttl", 8, 1),
                whole("proto", 9, 1),
                field("src", 12, Form::Ipv4),
                field("dst", 16, Form::Ipv4),
            ],
        },
        ItemKind {
            name: "ipv6",
            code: RTE_FLOW_ITEM_TYPE_IPV6,
            bytes: size_of::<rte_flow_item_ipv6>(),
            fields: &[
                bits("tc", 0, 4, 0x0ff0_0000),
                bits("flow", 0, 4, 0x000f_ffff),
                whole("proto", 6, 1),
                whole("hop", 7, 1),
                field("src", 8, Form::Ipv6),
                field("dst", 24, Form::Ipv6),
                bits("has_frag_ext", 40, 1, 0x04),
            ],
        },
        ItemKind {
            name: "icmp",
            code: RTE_FLOW_ITEM_TYPE_ICMP,
            bytes: size_of::<rte_flow_item_icmp>(),
            fields: &[
                whole("type", 0, 1),
                whole("code", 1, 1),
                whole("ident", 4, 2),
                whole("seq", 6, 2),
            ],
        },
        ItemKind {
            name: "udp",
            code: RTE_FLOW_ITEM_TYPE_UDP,
            bytes: size_of::<rte_flow_item_udp>(),
            fields: &[whole("src", 0, 2), whole("dst", 2, 2)],
        },
        ItemKind {
            name: "tcp",
            code: RTE_FLOW_ITEM_TYPE_TCP,
            bytes: size_of::<rte_flow_item_tcp>(),
            fields: &[whole("src", 0, 2), whole("dst", 2, 2), whole("flags", 13, 1)],
        },
        ItemKind {
            name: "sctp",
            code: RTE_FLOW_ITEM_TYPE_SCTP,
            bytes: size_of::<rte_flow_item_sctp>(),
            fields: &[
                whole("src", 0, 2),
                whole("dst", 2, 2),
                whole("tag", 4, 4),
                whole("cksum", 8, 4),
            ],
        },
        ItemKind {
            name: "vxlan",
            code: RTE_FLOW_ITEM_TYPE_VXLAN,
            bytes: size_of::<rte_flow_item_vxlan>(),
            fields: &[whole("vni", 4, 3), whole("last_rsvd", 7, 1)],
        },
        ItemKind {
            name: "gre",
            code: RTE_FLOW_ITEM_TYPE_GRE,
            bytes: size_of::<rte_flow_item_gre>(),
            fields: &[
                whole("protocol", 2, 2),
                whole("c_rsvd0_ver", 0, 2),
                bits("c_bit", 0, 2, 0x8000),
                bits("k_bit", 0, 2, 0x2000),
                bits("s_bit", 0, 2, 0x1000),
            ],
        },
    ]
};
