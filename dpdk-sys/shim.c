#include "shim.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_devargs.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_mbuf_dyn.h>
#include <rte_memzone.h>
#include <rte_net.h>
#include <rte_vxlan.h>

int pw_errno(void)
{
	return rte_errno;
}

unsigned int pw_lcore_id(void)
{
	return rte_lcore_id();
}

int pw_log_to_stderr(void)
{
	return rte_openlog_stream(stderr);
}

uint64_t pw_rdtsc(void)
{
	return rte_rdtsc();
}

void pw_rcu_qsbr_online(struct rte_rcu_qsbr *qsbr, unsigned int thread)
{
	rte_rcu_qsbr_thread_online(qsbr, thread);
}

void pw_rcu_qsbr_offline(struct rte_rcu_qsbr *qsbr, unsigned int thread)
{
	rte_rcu_qsbr_thread_offline(qsbr, thread);
}

void pw_rcu_qsbr_quiescent(struct rte_rcu_qsbr *qsbr, unsigned int thread)
{
	rte_rcu_qsbr_quiescent(qsbr, thread);
}

uint64_t pw_rcu_qsbr_start(struct rte_rcu_qsbr *qsbr)
{
	return rte_rcu_qsbr_start(qsbr);
}

int pw_rcu_qsbr_check(struct rte_rcu_qsbr *qsbr, uint64_t token)
{
	return rte_rcu_qsbr_check(qsbr, token, false);
}

int pw_meter_check(struct rte_meter_srtcm *meter, struct rte_meter_srtcm_profile *profile, uint64_t time, uint32_t len)
{
	return (int)rte_meter_srtcm_color_blind_check(meter, profile, time, len);
}

int pw_pktmbuf_alloc_bulk(struct rte_mempool *pool, struct rte_mbuf **mbufs, unsigned int count)
{
	return rte_pktmbuf_alloc_bulk(pool, mbufs, count);
}

void pw_mempool_put_bulk(struct rte_mempool *pool, void *const *objects, unsigned int count)
{
	rte_mempool_put_bulk(pool, objects, count);
}

unsigned int pw_ring_enqueue_burst(struct rte_ring *ring, const void *elems, unsigned int size, unsigned int n)
{
	return rte_ring_enqueue_burst_elem(ring, elems, size, n, NULL);
}

unsigned int pw_ring_enqueue_bulk(struct rte_ring *ring, const void *elems, unsigned int size, unsigned int n)
{
	return rte_ring_enqueue_bulk_elem(ring, elems, size, n, NULL);
}

unsigned int pw_ring_dequeue_burst(struct rte_ring *ring, void *elems, unsigned int size, unsigned int n)
{
	return rte_ring_dequeue_burst_elem(ring, elems, size, n, NULL);
}

unsigned int pw_ring_dequeue_bulk(struct rte_ring *ring, void *elems, unsigned int size, unsigned int n)
{
	return rte_ring_dequeue_bulk_elem(ring, elems, size, n, NULL);
}

int pw_eth_link_get(uint16_t port, struct pw_eth_link *link)
{
	struct rte_eth_link dpdk;
	int rc = rte_eth_link_get_nowait(port, &dpdk);

	if (rc != 0)
		return rc;
	link->speed_mbps = dpdk.link_speed;
	link->up = dpdk.link_status == RTE_ETH_LINK_UP;
	link->full_duplex = dpdk.link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
	link->autoneg = dpdk.link_autoneg == RTE_ETH_LINK_AUTONEG;
	return 0;
}

int pw_eth_rx_queue_count(uint16_t port, uint16_t queue)
{
	return rte_eth_rx_queue_count(port, queue);
}

int pw_eth_rx_descriptor_status(uint16_t port, uint16_t queue, uint16_t desc)
{
	return rte_eth_rx_descriptor_status(port, queue, desc);
}

int pw_eth_tx_descriptor_status(uint16_t port, uint16_t queue, uint16_t desc)
{
	return rte_eth_tx_descriptor_status(port, queue, desc);
}

const char *pw_mempool_name(const struct rte_mempool *pool)
{
	return pool->name;
}

const char *pw_dev_args(const struct rte_device *device)
{
	const struct rte_devargs *devargs = rte_dev_devargs(device);

	return devargs == NULL ? NULL : devargs->args;
}

const void *pw_memzone_find(const char *name, size_t *len)
{
	const struct rte_memzone *zone = rte_memzone_lookup(name);

	if (zone == NULL)
		return NULL;
	*len = zone->len;
	return zone->addr;
}

uint16_t pw_eth_rx_burst(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n)
{
	return rte_eth_rx_burst(port, queue, mbufs, n);
}

uint16_t pw_eth_tx_burst(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n)
{
	return rte_eth_tx_burst(port, queue, mbufs, n);
}

/* The UDP port and the VNI of what the device took for a packet in a tunnel, without regard to VLAN tags and IPv4 options. */
static void sight_of_tunnel(const struct rte_mbuf *mbuf, struct pw_sight *sight)
{
	const int v4 = RTE_ETH_IS_IPV4_HDR(mbuf->packet_type) != 0;
	const uint32_t l3 = sizeof(struct rte_ether_hdr);
	const uint32_t l4 = l3 + (v4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr));
	const uint8_t *proto;
	const struct rte_udp_hdr *udp;
	const struct rte_vxlan_hdr *vxlan;
	uint8_t copy[sizeof(*udp) + sizeof(*vxlan)];
	uint8_t proto_copy;

	proto = rte_pktmbuf_read(mbuf, l3 + (v4 ? offsetof(struct rte_ipv4_hdr, next_proto_id)
			: offsetof(struct rte_ipv6_hdr, proto)), 1, &proto_copy);
	udp = rte_pktmbuf_read(mbuf, l4, sizeof(copy), copy);
	if (proto == NULL || udp == NULL || *proto != IPPROTO_UDP)
		return;
	vxlan = (const struct rte_vxlan_hdr *)(udp + 1);
	sight->over_udp = 1;
	sight->udp_port = rte_be_to_cpu_16(udp->dst_port);
	sight->vni_and_rest = rte_be_to_cpu_32(vxlan->vx_vni);
}

/* Where the timestamp is and which flag says that it is there; no flag while no driver has registered them. */
static uint64_t timestamp_flag;
static int timestamp_offset;

void pw_sight_open(void)
{
	int bit = rte_mbuf_dynflag_lookup(RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, NULL);

	timestamp_offset = rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
	timestamp_flag = bit < 0 || timestamp_offset < 0 ? 0 : RTE_BIT64(bit);
}

void pw_sight_of(const struct rte_mbuf *mbuf, struct pw_sight *sight)
{
	struct rte_net_hdr_lens lens = { 0 };
	struct rte_ether_hdr copy = { 0 };
	const struct rte_ether_hdr *ether = rte_pktmbuf_read(mbuf, 0, sizeof(copy), &copy);

	memset(sight, 0, sizeof(*sight));
	if (ether != NULL) {
		memcpy(sight->src, &ether->src_addr, sizeof(sight->src));
		memcpy(sight->dst, &ether->dst_addr, sizeof(sight->dst));
		sight->ether_type = rte_be_to_cpu_16(ether->ether_type);
	}
	sight->ol_flags = mbuf->ol_flags;
	sight->pkt_len = mbuf->pkt_len;
	sight->packet_type = mbuf->packet_type;
	sight->rss = mbuf->hash.rss;
	sight->fdir_lo = mbuf->hash.fdir.lo;
	sight->fdir_hi = mbuf->hash.fdir.hi;
	sight->nb_segs = mbuf->nb_segs;
	sight->vlan_tci = mbuf->vlan_tci;
	sight->vlan_tci_outer = mbuf->vlan_tci_outer;
	memcpy(sight->pool, mbuf->pool->name, sizeof(sight->pool));

	if (mbuf->ol_flags & timestamp_flag) {
		sight->has_timestamp = 1;
		sight->timestamp = *RTE_MBUF_DYNFIELD(mbuf, timestamp_offset, const rte_mbuf_timestamp_t *);
	}

	sight->sw_packet_type = rte_net_get_ptype(mbuf, &lens, RTE_PTYPE_ALL_MASK);
	sight->l2_len = lens.l2_len;
	sight->l3_len = lens.l3_len;
	sight->l4_len = lens.l4_len;
	sight->tunnel_len = lens.tunnel_len;
	sight->inner_l2_len = lens.inner_l2_len;
	sight->inner_l3_len = lens.inner_l3_len;
	sight->inner_l4_len = lens.inner_l4_len;
	if (RTE_ETH_IS_TUNNEL_PKT(mbuf->packet_type))
		sight_of_tunnel(mbuf, sight);
}

void pw_mbuf_fields_get(const struct rte_mbuf *mbuf, struct pw_mbuf_fields *fields)
{
	fields->data = rte_pktmbuf_mtod(mbuf, void *);
	fields->next = mbuf->next;
	fields->ol_flags = mbuf->ol_flags;
	fields->pkt_len = rte_pktmbuf_pkt_len(mbuf);
	fields->packet_type = mbuf->packet_type;
	fields->rss = mbuf->hash.rss;
	fields->data_len = rte_pktmbuf_data_len(mbuf);
	fields->buf_len = mbuf->buf_len;
	fields->refcnt = rte_mbuf_refcnt_read(mbuf);
	fields->nb_segs = mbuf->nb_segs;
	fields->port = mbuf->port;
	fields->vlan_tci = mbuf->vlan_tci;
	fields->vlan_tci_outer = mbuf->vlan_tci_outer;
	fields->headroom = rte_pktmbuf_headroom(mbuf);
	fields->l2_len = mbuf->l2_len;
	fields->l3_len = mbuf->l3_len;
	fields->l4_len = mbuf->l4_len;
	fields->tso_segsz = mbuf->tso_segsz;
	fields->outer_l3_len = mbuf->outer_l3_len;
	fields->outer_l2_len = mbuf->outer_l2_len;
}

void pw_mbuf_fields_set(struct rte_mbuf *mbuf, const struct pw_mbuf_fields *fields)
{
	mbuf->ol_flags = fields->ol_flags;
	mbuf->pkt_len = fields->pkt_len;
	mbuf->hash.rss = fields->rss;
	mbuf->data_len = fields->data_len;
	mbuf->port = fields->port;
}
