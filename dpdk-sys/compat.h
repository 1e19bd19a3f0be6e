/*
 * What differs between DPDK releases, from 22.11 to the newest LTS, stands in this file alone.
 *
 * - Markers and anonymous unions of struct rte_mbuf moved in 24.07 and 24.11: Rust therefore reads an mbuf through
 *   the offsets below and never through generated field names.
 * - struct rte_eth_link became a union in 24.11: pw_eth_link_get() copies it into a structure of our own.
 * - RTE_ETH_* flags are function-like macros, which bindgen cannot evaluate: they become constants here.
 */
#ifndef POLLWAY_COMPAT_H
#define POLLWAY_COMPAT_H

#include <stddef.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_gro.h>
#include <rte_mbuf.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "Pollway needs DPDK 22.11 or newer"
#endif

enum {
	PW_MBUF_SIZE = sizeof(struct rte_mbuf),
	PW_MBUF_BUF_ADDR = offsetof(struct rte_mbuf, buf_addr),
	PW_MBUF_DATA_OFF = offsetof(struct rte_mbuf, data_off),
	PW_MBUF_REFCNT = offsetof(struct rte_mbuf, refcnt),
	PW_MBUF_NB_SEGS = offsetof(struct rte_mbuf, nb_segs),
	PW_MBUF_PORT = offsetof(struct rte_mbuf, port),
	PW_MBUF_OL_FLAGS = offsetof(struct rte_mbuf, ol_flags),
	PW_MBUF_PACKET_TYPE = offsetof(struct rte_mbuf, packet_type),
	PW_MBUF_PKT_LEN = offsetof(struct rte_mbuf, pkt_len),
	PW_MBUF_DATA_LEN = offsetof(struct rte_mbuf, data_len),
	PW_MBUF_VLAN_TCI = offsetof(struct rte_mbuf, vlan_tci),
	PW_MBUF_VLAN_TCI_OUTER = offsetof(struct rte_mbuf, vlan_tci_outer),
	PW_MBUF_HASH_RSS = offsetof(struct rte_mbuf, hash.rss),
	PW_MBUF_BUF_LEN = offsetof(struct rte_mbuf, buf_len),
	PW_MBUF_NEXT = offsetof(struct rte_mbuf, next),
	PW_MBUF_POOL = offsetof(struct rte_mbuf, pool),
	PW_MBUF_TX_OFFLOAD = offsetof(struct rte_mbuf, tx_offload),
};

/* Where the bit fields of an mbuf's tx_offload begin: each is as wide as DPDK's enumeration says. */
enum {
	PW_MBUF_L2_LEN_SHIFT = RTE_MBUF_L2_LEN_OFS,
	PW_MBUF_L3_LEN_SHIFT = RTE_MBUF_L3_LEN_OFS,
	PW_MBUF_L4_LEN_SHIFT = RTE_MBUF_L4_LEN_OFS,
	PW_MBUF_TSO_SEGSZ_SHIFT = RTE_MBUF_TSO_SEGSZ_OFS,
	PW_MBUF_OUTER_L3_LEN_SHIFT = RTE_MBUF_OUTL3_LEN_OFS,
	PW_MBUF_OUTER_L2_LEN_SHIFT = RTE_MBUF_OUTL2_LEN_OFS,
	PW_MBUF_L2_LEN_BITS = RTE_MBUF_L2_LEN_BITS,
	PW_MBUF_L3_LEN_BITS = RTE_MBUF_L3_LEN_BITS,
	PW_MBUF_L4_LEN_BITS = RTE_MBUF_L4_LEN_BITS,
	PW_MBUF_TSO_SEGSZ_BITS = RTE_MBUF_TSO_SEGSZ_BITS,
	PW_MBUF_OUTER_L3_LEN_BITS = RTE_MBUF_OUTL3_LEN_BITS,
	PW_MBUF_OUTER_L2_LEN_BITS = RTE_MBUF_OUTL2_LEN_BITS,
};

static const uint64_t PW_MBUF_F_RX_RSS_HASH = RTE_MBUF_F_RX_RSS_HASH;
static const uint64_t PW_ETH_RX_OFFLOAD_RSS_HASH = RTE_ETH_RX_OFFLOAD_RSS_HASH;
static const uint64_t PW_ETH_TX_OFFLOAD_MBUF_FAST_FREE = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
static const uint64_t PW_ETH_TX_OFFLOAD_MULTI_SEGS = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
static const uint64_t PW_ETH_RX_OFFLOAD_SCATTER = RTE_ETH_RX_OFFLOAD_SCATTER;
static const uint64_t PW_ETH_RX_OFFLOAD_TIMESTAMP = RTE_ETH_RX_OFFLOAD_TIMESTAMP;
static const uint64_t PW_ETH_RX_OFFLOAD_TCP_LRO = RTE_ETH_RX_OFFLOAD_TCP_LRO;
static const uint32_t PW_ETH_DEV_INTR_LSC = RTE_ETH_DEV_INTR_LSC;
static const uint32_t PW_ETH_DEV_INTR_RMV = RTE_ETH_DEV_INTR_RMV;
static const uint32_t PW_ETH_MQ_RX_RSS = RTE_ETH_MQ_RX_RSS;
static const uint32_t PW_ETH_LINK_SPEED_FIXED = RTE_ETH_LINK_SPEED_FIXED;
static const uint32_t PW_ETH_SPEED_NUM_UNKNOWN = RTE_ETH_SPEED_NUM_UNKNOWN;
static const uint64_t PW_ETH_BURST_FLAG_PER_QUEUE = RTE_ETH_BURST_FLAG_PER_QUEUE;
static const uint64_t PW_ETH_DEV_CAPA_RXQ_SHARE = RTE_ETH_DEV_CAPA_RXQ_SHARE;

static const uint64_t PW_ETH_RX_OFFLOAD_VLAN_STRIP = RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
static const uint64_t PW_ETH_RX_OFFLOAD_VLAN_FILTER = RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
static const uint64_t PW_ETH_RX_OFFLOAD_VLAN_EXTEND = RTE_ETH_RX_OFFLOAD_VLAN_EXTEND;
static const uint64_t PW_ETH_RX_OFFLOAD_QINQ_STRIP = RTE_ETH_RX_OFFLOAD_QINQ_STRIP;

/* The one kind of packet that is merged here (rte_gro.h: a shifted one). */
static const uint64_t PW_GRO_TCP_IPV4 = RTE_GRO_TCP_IPV4;

/* What RSS hashes. */
#define PW_RSS(type) static const uint64_t PW_ETH_RSS_##type = RTE_ETH_RSS_##type
PW_RSS(IP);
PW_RSS(TCP);
PW_RSS(UDP);
PW_RSS(SCTP);
PW_RSS(TUNNEL);
PW_RSS(VLAN);
PW_RSS(IPV4);
PW_RSS(FRAG_IPV4);
PW_RSS(NONFRAG_IPV4_TCP);
PW_RSS(NONFRAG_IPV4_UDP);
PW_RSS(NONFRAG_IPV4_SCTP);
PW_RSS(NONFRAG_IPV4_OTHER);
PW_RSS(IPV6);
PW_RSS(FRAG_IPV6);
PW_RSS(NONFRAG_IPV6_TCP);
PW_RSS(NONFRAG_IPV6_UDP);
PW_RSS(NONFRAG_IPV6_SCTP);
PW_RSS(NONFRAG_IPV6_OTHER);
PW_RSS(L2_PAYLOAD);
PW_RSS(IPV6_EX);
PW_RSS(IPV6_TCP_EX);
PW_RSS(IPV6_UDP_EX);
PW_RSS(PORT);
PW_RSS(VXLAN);
PW_RSS(GENEVE);
PW_RSS(NVGRE);
PW_RSS(GTPU);
PW_RSS(ETH);
PW_RSS(S_VLAN);
PW_RSS(C_VLAN);
PW_RSS(ESP);
PW_RSS(AH);
PW_RSS(L2TPV3);
PW_RSS(PFCP);
PW_RSS(PPPOE);
PW_RSS(ECPRI);
PW_RSS(MPLS);
PW_RSS(IPV4_CHKSUM);
PW_RSS(L4_CHKSUM);
PW_RSS(L2TPV2);
PW_RSS(L3_PRE96);
PW_RSS(L3_PRE64);
PW_RSS(L3_PRE56);
PW_RSS(L3_PRE48);
PW_RSS(L3_PRE40);
PW_RSS(L3_PRE32);
PW_RSS(L2_DST_ONLY);
PW_RSS(L2_SRC_ONLY);
PW_RSS(L4_DST_ONLY);
PW_RSS(L4_SRC_ONLY);
PW_RSS(L3_DST_ONLY);
PW_RSS(L3_SRC_ONLY);
PW_RSS(LEVEL_PMD_DEFAULT);
PW_RSS(LEVEL_OUTERMOST);
PW_RSS(LEVEL_INNERMOST);
PW_RSS(LEVEL_MASK);
#undef PW_RSS

/* What a device says of a packet, and what it is asked to do to one. */
#define PW_FLAG(flag) static const uint64_t PW_MBUF_F_##flag = RTE_MBUF_F_##flag
PW_FLAG(RX_IEEE1588_TMST);
PW_FLAG(TX_IEEE1588_TMST);
PW_FLAG(RX_VLAN);
PW_FLAG(RX_QINQ);
PW_FLAG(RX_LRO);
PW_FLAG(RX_FDIR);
PW_FLAG(RX_FDIR_ID);
PW_FLAG(RX_FDIR_FLX);
PW_FLAG(TX_VLAN);
PW_FLAG(TX_QINQ);
PW_FLAG(RX_IP_CKSUM_MASK);
PW_FLAG(RX_IP_CKSUM_BAD);
PW_FLAG(RX_L4_CKSUM_MASK);
PW_FLAG(RX_L4_CKSUM_BAD);
PW_FLAG(RX_OUTER_IP_CKSUM_BAD);
PW_FLAG(RX_OUTER_L4_CKSUM_BAD);
PW_FLAG(TX_IPV4);
PW_FLAG(TX_IPV6);
PW_FLAG(TX_IP_CKSUM);
PW_FLAG(TX_TCP_CKSUM);
PW_FLAG(TX_UDP_CKSUM);
PW_FLAG(TX_SCTP_CKSUM);
PW_FLAG(TX_TCP_SEG);
PW_FLAG(TX_UDP_SEG);
PW_FLAG(TX_OUTER_IPV4);
PW_FLAG(TX_OUTER_IPV6);
PW_FLAG(TX_OUTER_IP_CKSUM);
PW_FLAG(TX_OUTER_UDP_CKSUM);
PW_FLAG(TX_TUNNEL_GTP);
PW_FLAG(TX_TUNNEL_VXLAN_GPE);
PW_FLAG(TX_TUNNEL_VXLAN);
PW_FLAG(TX_TUNNEL_GENEVE);
PW_FLAG(TX_TUNNEL_GRE);
PW_FLAG(TX_TUNNEL_IPIP);
PW_FLAG(INDIRECT);
PW_FLAG(EXTERNAL);
#undef PW_FLAG

/* What a port is asked to do to packets that it sends. */
#define PW_TX(offload) static const uint64_t PW_ETH_TX_OFFLOAD_##offload = RTE_ETH_TX_OFFLOAD_##offload
PW_TX(VLAN_INSERT);
PW_TX(QINQ_INSERT);
PW_TX(IPV4_CKSUM);
PW_TX(UDP_CKSUM);
PW_TX(TCP_CKSUM);
PW_TX(SCTP_CKSUM);
PW_TX(OUTER_IPV4_CKSUM);
PW_TX(OUTER_UDP_CKSUM);
PW_TX(TCP_TSO);
PW_TX(UDP_TSO);
PW_TX(VXLAN_TNL_TSO);
PW_TX(GRE_TNL_TSO);
PW_TX(IPIP_TNL_TSO);
PW_TX(GENEVE_TNL_TSO);
PW_TX(IP_TNL_TSO);
PW_TX(UDP_TNL_TSO);
#undef PW_TX

#endif
