//! The table of testpmd's commands that are refused by name.

use super::Refused;

const fn refused(begins: &'static str, instead: &'static str) -> Refused {
    Refused { begins, instead }
}

const SPLIT: &str =
    "packets are not split when received; --mbuf-size sets the size of their first mbuf";
const VFS: &str = "pollway dev vfs sets addresses, VLANs, trust, rates and links of VFs where the kernel has the PF";
const BOND: &str = "make the bond as a port: --vdev net_bonding0,mode=1,slave=DEVICE,slave=DEVICE";
const TM: &str =
    "there is no traffic manager; set port N queue Q rate MBPS limits a transmit queue";
const METER: &str = "there are no meters; set port N queue Q rate MBPS limits a transmit queue";
const TUNNEL: &str =
    "flow rules neither put headers on nor take them off; they steer, count, mark and drop";
const RULES: &str = "flow create and flow destroy make and end single rules, at once";
const I40E: &str = "it is of Intel's i40e alone; flow create matches headers on every NIC that can";
const BYPASS: &str =
    "it is of Intel's bypass adapters alone; set link-down port N takes a link down";
const MLX5: &str =
    "it is of NVIDIA's mlx5 alone; -a DEVICE,KEY=VALUE gives a driver what it has of its own";
const DCB: &str = "there are no traffic classes to set; show port dcb_tc shows them";

/// All of them.
pub(super) const REFUSED: &[Refused] = &[
    refused("set rxoffs", SPLIT),
    refused("set rxpkts", SPLIT),
    refused("set rxhdrs", SPLIT),
    refused("set txtimes", "pollway gen sends packets at times of its own, on any device"),
    refused("set port setup on", "port attach takes the port at once; there is nothing to choose"),
    refused("show port fdir", "flow create makes rules of all kinds, and flow query counts them"),
    refused("clear port fdir", "flow create makes rules of all kinds, and flow query counts them"),
    refused(
        "clear port summary",
        "a summary counts nothing; clear port stats and clear port xstats do",
    ),
    refused(
        "clear port dcb_tc",
        "classes count nothing; clear port stats and clear port xstats do",
    ),
    refused("flow_director_filter", "flow create makes rules of all kinds"),
    refused("help traffic_management", "there is no traffic manager; help lists the sections"),
    refused("help drivers", "there are no commands for single drivers; help lists the sections"),
    refused("port config N dcb", DCB),
    refused(
        "show port info N representor",
        "-a DEVICE,representor=N makes them ports, which show port info shows",
    ),
    refused("mac_addr add port", VFS),
    refused("rx_vlan add N port", VFS),
    refused("rx_vlan rm N port", VFS),
    refused("set vf", VFS),
    refused("set port N vf", VFS),
    refused("show vf stats", "ip -s link show PF shows the VFs' where the kernel has the PF"),
    refused("clear vf stats", VFS),
    refused(
        "set tx loopback",
        "port config N loopback MODE sets a port's loopback, while it is stopped",
    ),
    refused(
        "set all queues drop",
        "port config all drop-en on has ports drop what finds its queue full",
    ),
    refused(
        "set port N rxq N avail_thresh",
        "show port N rxq Q desc used count says how full a queue is",
    ),
    refused(
        "port config N tx_metadata",
        "packets carry no metadata to flow rules; egress rules match their headers",
    ),
    refused(
        "show port N tx_metadata",
        "packets carry no metadata to flow rules; egress rules match their headers",
    ),
    refused(
        "port config N dynf",
        "packets carry no flags of users' own; flow rules mark those that are received",
    ),
    refused("bpf-load", "packets are changed by forwarding modes alone: set fwd MODE"),
    refused("bpf-unload", "packets are changed by forwarding modes alone: set fwd MODE"),
    refused("set bonding", BOND),
    refused("show bonding", BOND),
    refused("add bonding", BOND),
    refused("remove bonding", BOND),
    refused("create bonded", BOND),
    refused("show port tm", TM),
    refused("add port tm", TM),
    refused("del port tm", TM),
    refused("set port tm", TM),
    refused("suspend port tm", TM),
    refused("resume port tm", TM),
    refused("port tm", TM),
    refused("show port meter", METER),
    refused("add port meter", METER),
    refused("del port meter", METER),
    refused("set port meter", METER),
    refused("get port meter", METER),
    refused("create port meter", METER),
    refused("enable port meter", METER),
    refused("disable port meter", METER),
    refused("set vxlan", TUNNEL),
    refused("set vxlan-tos-ttl", TUNNEL),
    refused("set vxlan-with-vlan", TUNNEL),
    refused("set nvgre", TUNNEL),
    refused("set nvgre-with-vlan", TUNNEL),
    refused("set l2_encap", TUNNEL),
    refused("set l2_encap-with-vlan", TUNNEL),
    refused("set l2_decap", TUNNEL),
    refused("set l2_decap-with-vlan", TUNNEL),
    refused("set mplsogre_encap", TUNNEL),
    refused("set mplsogre_encap-with-vlan", TUNNEL),
    refused("set mplsogre_decap", TUNNEL),
    refused("set mplsogre_decap-with-vlan", TUNNEL),
    refused("set mplsoudp_encap", TUNNEL),
    refused("set mplsoudp_encap-with-vlan", TUNNEL),
    refused("set mplsoudp_decap", TUNNEL),
    refused("set mplsoudp_decap-with-vlan", TUNNEL),
    refused("set raw_encap", TUNNEL),
    refused("set raw_decap", TUNNEL),
    refused("show raw_encap", TUNNEL),
    refused("show raw_decap", TUNNEL),
    refused("set sample_actions", "set verbose shows packets as they pass"),
    refused("set conntrack", "flow rules keep no connections; they match headers"),
    refused(
        "set flex_pattern",
        "flow rules match the items that help flow lists; spec and mask take any value of theirs",
    ),
    refused("flow dump", "flow list lists the rules of a port"),
    refused("flow aged", "rules do not age; flow destroy ends one"),
    refused("flow tunnel", TUNNEL),
    refused("flow flex_item", "flow rules match the items that help flow lists"),
    refused("flow indirect_action", RULES),
    refused("flow info", RULES),
    refused("flow configure", RULES),
    refused("flow pattern_template", RULES),
    refused("flow actions_template", RULES),
    refused("flow template_table", RULES),
    refused("flow queue", RULES),
    refused("flow push", RULES),
    refused("flow pull", RULES),
    refused("set port N queue-region", "port config N rss reta spreads flows over queues"),
    refused("show port N queue-region", "show port N rss reta shows which queues flows go to"),
    refused("set tx strict-link-priority", DCB),
    refused("set tc tx min-bandwidth", DCB),
    refused(
        "set macsec",
        "frames are not encrypted; have the kernel do it: ip link add … type macsec",
    ),
    refused("set bypass", BYPASS),
    refused("show bypass", BYPASS),
    refused("port config bypass", BYPASS),
    refused("ddp", I40E),
    refused("ptype mapping", I40E),
    refused("port config N pctype", I40E),
    refused("show port N pctype", I40E),
    refused("mlx5", MLX5),
];
