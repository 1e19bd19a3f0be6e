/*
 * Gives in-process ports (net_ring) a clock of their own, for a program that this is preloaded into (LD_PRELOAD): they offer
 * the receive offload for timestamps, and put the time into each packet when the other end sends it. So a packet waits in the
 * ring after its time was taken, as it does in a device's memory.
 *
 * POLLWAY_TEST_CLOCK says what the clock does: `runs`, `steps` (once, when it has been read for a while), `stands`, or cannot
 * be `unreadable`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf_dyn.h>

/* A clock of 156.25 MHz that is 40 millionths fast, about to pass the largest signed number. */
#define HZ 156256250ULL
#define BEGINNING 0x7fffffffff000000ULL
/* A step of five milliseconds at this reading: a trial has at least as many. */
#define STEP_AT 200
#define STEP (HZ / 200)

static uint64_t place, flag, first, readings;

static int is(const char *what)
{
	const char *clock = getenv("POLLWAY_TEST_CLOCK");

	return clock != NULL && strcmp(clock, what) == 0;
}

static uint64_t ticks(void)
{
	uint64_t tsc = rte_rdtsc(), ticks;

	if (first == 0)
		first = tsc;
	ticks = BEGINNING + (uint64_t)((unsigned __int128)(tsc - first) * HZ / rte_get_tsc_hz());
	if (is("stands"))
		return BEGINNING;
	return is("steps") && readings > STEP_AT ? ticks + STEP : ticks;
}

static uint16_t take_time(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n, void *data)
{
	(void)port, (void)queue, (void)data;
	for (uint16_t at = 0; at < n; at++) {
		*RTE_MBUF_DYNFIELD(mbufs[at], place, rte_mbuf_timestamp_t *) = ticks();
		mbufs[at]->ol_flags |= flag;
	}
	return n;
}

static int is_ring(uint16_t port)
{
	int (*next)(uint16_t, struct rte_eth_dev_info *) = dlsym(RTLD_NEXT, "rte_eth_dev_info_get");
	struct rte_eth_dev_info info;

	return next(port, &info) == 0 && strcmp(info.driver_name, "net_ring") == 0;
}

int rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
	int (*next)(uint16_t, struct rte_eth_dev_info *) = dlsym(RTLD_NEXT, "rte_eth_dev_info_get");
	int rc = next(port, info);

	if (rc == 0 && is_ring(port))
		info->rx_offload_capa |= RTE_ETH_RX_OFFLOAD_TIMESTAMP;
	return rc;
}

int rte_eth_read_clock(uint16_t port, uint64_t *clock)
{
	if (!is_ring(port) || is("unreadable"))
		return -ENOTSUP;
	readings++;
	*clock = ticks();
	return 0;
}

/* The driver itself knows nothing of the offload. */
int rte_eth_dev_configure(uint16_t port, uint16_t rx, uint16_t tx, const struct rte_eth_conf *asked)
{
	int (*next)(uint16_t, uint16_t, uint16_t, const struct rte_eth_conf *) = dlsym(RTLD_NEXT, "rte_eth_dev_configure");
	struct rte_eth_conf conf = *asked;
	int offset;

	if (is_ring(port) && conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TIMESTAMP) {
		if (rte_mbuf_dyn_rx_timestamp_register(&offset, &flag) != 0)
			return -ENOMEM;
		place = offset;
		conf.rxmode.offloads &= ~RTE_ETH_RX_OFFLOAD_TIMESTAMP;
	}
	return next(port, rx, tx, &conf);
}

int rte_eth_dev_start(uint16_t port)
{
	int (*next)(uint16_t) = dlsym(RTLD_NEXT, "rte_eth_dev_start");
	int rc = next(port);

	if (rc == 0 && flag != 0 && is_ring(port) && rte_eth_add_tx_callback(port, 0, take_time, NULL) == NULL)
		return -ENOMEM;
	return rc;
}
