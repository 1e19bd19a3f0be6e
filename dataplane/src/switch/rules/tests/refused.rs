//! What is refused, each with the word at fault and the mend.

use super::*;

#[track_caller]
fn refused(text: &str, parts: &[&str]) {
    let error = text.parse::<FlowSpec>().expect_err(text).to_string();
    for part in parts {
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn words_that_are_none() {
    refused("in_prot=1,actions=drop", &["'in_prot=1'", "in_port=1"]);
    refused("in_port=1", &["actions=output:PORT"]);
    refused("in_port=1,actions=", &["no actions"]);
    refused("actions=outptu:1", &["'outptu:1'", "output:PORT"]);
    refused("actions=drop,output:1", &["'drop' stands alone"]);
    refused("out_port=1,actions=drop", &["'out_port'"]);
    refused("in_port=1,in_port=2,actions=drop", &["in_port is given twice"]);
    refused("tcp,udp,actions=drop", &["udp is given twice"]);
}

#[test]
fn values_that_cannot_be() {
    refused("in_port=65536,actions=drop", &["in_port=65536", "0 to 65535"]);
    refused("in_port=+1,actions=drop", &["in_port=+1"]);
    refused("in_port,actions=drop", &["in_port="]);
    refused("dl_src=02:00:00:00:00,actions=drop", &["dl_src=02:00:00:00:00", "02:00:00:00:00:01"]);
    refused("ip,nw_src=10.0.0.0/33,actions=drop", &["nw_src=33", "0 to 32"]);
    refused("dl_vlan=4096,actions=drop", &["dl_vlan=4096", "4095", "0xffff"]);
    refused("ip,nw_tos=3,actions=drop", &["nw_tos=3", "multiple of 4"]);
    refused("ip,ip_frag=some,actions=drop", &["ip_frag=some", "not_later"]);
    refused("table=1,actions=drop", &["table=1", "one table"]);
    refused("priority=65536,actions=drop", &["priority=65536"]);
    refused("actions=push_vlan:0x1234", &["push_vlan=0x1234", "0x8100"]);
    refused("actions=mod_vlan_vid:4096", &["mod_vlan_vid=4096", "4095"]);
    refused("actions=output:", &["output="]);
}

#[test]
fn fields_that_not_all_of_these_packets_have() {
    refused("nw_src=10.0.0.1,actions=drop", &["nw_src", "add ip or arp"]);
    refused("ip,tp_dst=80,actions=drop", &["tp_dst", "add tcp or udp"]);
    refused("tcp,icmp_type=8,actions=drop", &["icmp_type", "add icmp"]);
    refused("ip,arp_spa=10.0.0.1,actions=drop", &["arp_spa", "add arp"]);
    refused("ip,ipv6_src=::1,actions=drop", &["ipv6_src", "add ipv6"]);
    refused("nw_proto=6,actions=drop", &["nw_proto", "add ip, ipv6 or arp"]);
    refused("tcp,ip_frag=later,tp_dst=80,actions=drop", &["later fragments have no tp_dst"]);
    refused("icmp_type=8,icmp,ip_frag=later,actions=drop", &["later fragments have no icmp_type"]);
}

#[test]
fn what_ovs_has_and_we_do_not() {
    refused("actions=set_queue:1", &["set_queue", "no queues"]);
    refused("actions=resubmit(,1)", &["resubmit", "one table"]);
    refused("actions=CONTROLLER:65535", &["CONTROLLER", "no controller"]);
    refused("actions=learn(table=0)", &["learn", "rules make no rules"]);
    refused("tun_id=5,actions=drop", &["tun_id", "tunnels"]);
}

#[test]
fn groups_that_cannot_be() {
    for (text, part) in [
        ("type=all,bucket=output:1", "no group_id"),
        ("group_id=1,bucket=output:1", "no type"),
        ("group_id=1,type=ff,bucket=output:1", "watch no ports"),
        ("group_id=1,type=indirect", "exactly one bucket"),
        ("group_id=1,type=select,bucket=weight:0,output:1", "a weight"),
        ("group_id=1,type=all,bucket=group:2", "not to other groups"),
        ("group_id=1,type=all,colour=red,bucket=output:1", "colour=red"),
        ("group_id=1,type=all,bucketoutput:1", "bucketoutput:1"),
    ] {
        let error = text.parse::<Group>().expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}
