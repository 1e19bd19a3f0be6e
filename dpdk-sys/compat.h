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
	PW_MBUF_HASH_RSS = offsetof(struct rte_mbuf, hash.rss),
	PW_MBUF_BUF_LEN = offsetof(struct rte_mbuf, buf_len),
	PW_MBUF_NEXT = offsetof(struct rte_mbuf, next),
};

static const uint64_t PW_MBUF_F_RX_RSS_HASH = RTE_MBUF_F_RX_RSS_HASH;
static const uint64_t PW_ETH_RSS_IP = RTE_ETH_RSS_IP;
static const uint64_t PW_ETH_RSS_UDP = RTE_ETH_RSS_UDP;
static const uint64_t PW_ETH_RX_OFFLOAD_RSS_HASH = RTE_ETH_RX_OFFLOAD_RSS_HASH;
static const uint64_t PW_ETH_TX_OFFLOAD_MBUF_FAST_FREE = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
static const uint32_t PW_ETH_MQ_RX_RSS = RTE_ETH_MQ_RX_RSS;
static const uint32_t PW_ETH_SPEED_NUM_UNKNOWN = RTE_ETH_SPEED_NUM_UNKNOWN;

#endif
