/* SPDX-License-Identifier: MIT */
/*
 * The hand of tests/support/host_hand.h on one device, which a test starts and its teardown stops.
 * Included once per test program.
 */
#ifndef TESTS_DEVICE_ONE_HAND_H
#define TESTS_DEVICE_ONE_HAND_H

#include "tests/support/host_hand.h"

static const struct machine_device modern __attribute__((unused)) = { .type = "rng" };

static struct hand hand;

static inline void start(const struct machine_device *device)
{
	hand_start(&hand, device);
}

static int stop(void **state)
{
	(void)state;
	hand_stop(&hand);
	return 0;
}

/* What these tests do out of order is meant to be. */
static inline void without_manners(void)
{
	host_machine_expect_complaints();
}

static inline uint32_t config(unsigned int offset, unsigned int bytes)
{
	return platform_pci_read(HAND_BDF, offset, bytes);
}

#endif
