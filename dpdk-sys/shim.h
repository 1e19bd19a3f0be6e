/*
 * Static inlines of DPDK that Rust calls, in burst or bulk form, so that crossing costs once a burst.
 * Each is named after the call it stands for, with pw_ in front.
 */
#ifndef POLLWAY_SHIM_H
#define POLLWAY_SHIM_H

#include "compat.h"

#include <rte_dev.h>
#include <rte_mempool.h>
#include <rte_meter.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring_elem.h>

/* rte_errno of this thread (rte_errno.h: a macro over a per-thread variable). */
int pw_errno(void);

/* rte_lcore_id of this thread (rte_lcore.h: a per-thread variable); LCORE_ID_ANY for a thread that is none. */
unsigned int pw_lcore_id(void);

/* Sends DPDK's log to stderr; by itself it goes to stdout, where a program's answer belongs (rte_log.h). */
int pw_log_to_stderr(void);

/* rte_rdtsc (rte_cycles.h): the timestamp counter, whatever the architecture calls it. */
uint64_t pw_rdtsc(void);

/* rte_pktmbuf_alloc_bulk (rte_mbuf.h): 0, or negative with nothing allocated. */
int pw_pktmbuf_alloc_bulk(struct rte_mempool *pool, struct rte_mbuf **mbufs, unsigned int count);

/*
 * What is called each time before a driver gives up an event that it listened for (rte_interrupts.h:
 * rte_intr_callback_unregister), on the thread that does so. See events.c.
 */
void pw_before_unregister(void (*hook)(void));

/* rte_rcu_qsbr_thread_{online,offline}, rte_rcu_qsbr_{quiescent,start,check} (rte_rcu_qsbr.h); the check does not wait. */
void pw_rcu_qsbr_online(struct rte_rcu_qsbr *qsbr, unsigned int thread);
void pw_rcu_qsbr_offline(struct rte_rcu_qsbr *qsbr, unsigned int thread);
void pw_rcu_qsbr_quiescent(struct rte_rcu_qsbr *qsbr, unsigned int thread);
uint64_t pw_rcu_qsbr_start(struct rte_rcu_qsbr *qsbr);
int pw_rcu_qsbr_check(struct rte_rcu_qsbr *qsbr, uint64_t token);

/* rte_mempool_put_bulk (rte_mempool.h). */
void pw_mempool_put_bulk(struct rte_mempool *pool, void *const *objects, unsigned int count);

/* rte_ring_{en,de}queue_{burst,bulk}_elem (rte_ring_elem.h): how many elements moved. */
unsigned int pw_ring_enqueue_burst(struct rte_ring *ring, const void *elems, unsigned int size, unsigned int n);
unsigned int pw_ring_enqueue_bulk(struct rte_ring *ring, const void *elems, unsigned int size, unsigned int n);
unsigned int pw_ring_dequeue_burst(struct rte_ring *ring, void *elems, unsigned int size, unsigned int n);
unsigned int pw_ring_dequeue_bulk(struct rte_ring *ring, void *elems, unsigned int size, unsigned int n);

/* rte_meter_srtcm_color_blind_check (rte_meter.h): 0 green, 1 yellow, 2 red. */
int pw_meter_check(struct rte_meter_srtcm *meter, struct rte_meter_srtcm_profile *profile, uint64_t time, uint32_t len);

/* A link's state in a layout that no release changes (rte_ethdev.h: struct rte_eth_link). */
struct pw_eth_link {
	uint32_t speed_mbps;
	uint8_t up;
	uint8_t full_duplex;
	uint8_t autoneg;
};
int pw_eth_link_get(uint16_t port, struct pw_eth_link *link);

/*
 * rte_eth_rx_queue_count, rte_eth_{rx,tx}_descriptor_status (rte_ethdev.h). The caller has to know that the queue is
 * set up: the inlines look at nothing.
 */
int pw_eth_rx_queue_count(uint16_t port, uint16_t queue);
int pw_eth_rx_descriptor_status(uint16_t port, uint16_t queue, uint16_t desc);
int pw_eth_tx_descriptor_status(uint16_t port, uint16_t queue, uint16_t desc);

/* The name of a pool (rte_mempool.h: a field). */
const char *pw_mempool_name(const struct rte_mempool *pool);

/* The arguments a device was made with, without its name (rte_devargs.h: a field of a union); NULL if it has none. */
const char *pw_dev_args(const struct rte_device *device);

/* Where a memory zone is, and its bytes (rte_memzone.h: fields of a packed structure); NULL if there is none. */
const void *pw_memzone_find(const char *name, size_t *len);

/* What is told of a packet that passes a port: the fields of its mbuf, and its layers as rte_net_get_ptype() finds them. */
struct pw_sight {
	uint64_t ol_flags;
	uint64_t timestamp;
	uint32_t pkt_len;
	uint32_t packet_type;
	uint32_t sw_packet_type;
	uint32_t rss;
	uint32_t fdir_lo;
	uint32_t fdir_hi;
	uint32_t vni_and_rest;
	uint16_t nb_segs;
	uint16_t vlan_tci;
	uint16_t vlan_tci_outer;
	uint16_t ether_type;
	uint16_t l3_len;
	uint16_t inner_l3_len;
	uint16_t tunnel_len;
	uint16_t udp_port;
	uint8_t l2_len;
	uint8_t inner_l2_len;
	uint8_t l4_len;
	uint8_t inner_l4_len;
	uint8_t over_udp;
	uint8_t has_timestamp;
	uint8_t src[RTE_ETHER_ADDR_LEN];
	uint8_t dst[RTE_ETHER_ADDR_LEN];
	char pool[RTE_MEMPOOL_NAMESIZE];
};
/* Looks up where drivers leave timestamps, if one does (rte_mbuf_dyn.h); before the first sight. */
void pw_sight_open(void);
void pw_sight_of(const struct rte_mbuf *mbuf, struct pw_sight *sight);

/*
 * C twins of what Rust reads by itself (the burst calls through rte_eth_fp_ops, the fields of an mbuf): the tests
 * hold the Rust readers against them.
 */
uint16_t pw_eth_rx_burst(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n);
uint16_t pw_eth_tx_burst(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n);

struct pw_mbuf_fields {
	void *data;
	struct rte_mbuf *next;
	uint64_t ol_flags;
	uint32_t pkt_len;
	uint32_t packet_type;
	uint32_t rss;
	uint16_t data_len;
	uint16_t buf_len;
	uint16_t refcnt;
	uint16_t nb_segs;
	uint16_t port;
	uint16_t vlan_tci;
	uint16_t vlan_tci_outer;
	uint16_t headroom;
	uint16_t l2_len;
	uint16_t l3_len;
	uint16_t l4_len;
	uint16_t tso_segsz;
	uint16_t outer_l3_len;
	uint16_t outer_l2_len;
};
void pw_mbuf_fields_get(const struct rte_mbuf *mbuf, struct pw_mbuf_fields *fields);
void pw_mbuf_fields_set(struct rte_mbuf *mbuf, const struct pw_mbuf_fields *fields);

#endif
