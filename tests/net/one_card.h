/* SPDX-License-Identifier: MIT */
/*
 * What the tests of one card share: the card as the host ground has it, and the driver's counters.
 * Included once per test program.
 */
#ifndef TESTS_NET_ONE_CARD_H
#define TESTS_NET_ONE_CARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/host_machine.h"
#include "tests/support/host_net.h"
#include "tests/support/net_card.h"
#include "tests/support/select.h"

#define SECOND 1000000000ull
#define MTU_FRAME (ETH_DATA_LEN + ETH_HLEN)

/* The rings and headers that what is to work everywhere is tried with. */
static const struct machine_device shapes[] __attribute__((unused)) = {
	{ .queue_size = 0 },
	{ .packed = MACHINE_ON },
	{ .event_idx = MACHINE_OFF, .indirect = MACHINE_OFF },
	{ .packed = MACHINE_ON, .event_idx = MACHINE_OFF, .indirect = MACHINE_OFF },
	{ .queue_size = 32 },
	{ .vectors = 2 },
	{ .vectors = MACHINE_NO_VECTORS },
	{ .interface = MACHINE_TRANSITIONAL },
	{ .interface = MACHINE_LEGACY },
};

static inline struct VirtIONet *card(void)
{
	return host_net_card(host_machine_device(0));
}

/* Of the first pair. */
static inline struct net_queue_stats rx_stats(struct net_card *c)
{
	struct net_queue_stats stats;

	virtnet_get_rx_stats(c->dev, 0, &stats);
	return stats;
}

static inline struct net_queue_stats tx_stats(struct net_card *c)
{
	struct net_queue_stats stats;

	virtnet_get_tx_stats(c->dev, 0, &stats);
	return stats;
}

#endif
