/* SPDX-License-Identifier: MIT */
/*
 * One split ring of 8 entries with EVENT_IDX in the host ground's memory, and both halves on it.
 * For tests of what crosses a ring; the ring's own tests choose size, layout and features
 * themselves.
 */
#ifndef TESTS_SUPPORT_TWO_HALVES_H
#define TESTS_SUPPORT_TWO_HALVES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "device/virtqueue.h"
#include "platform/host/host.h"
#include "platform/platform.h"
#include "ring/virtqueue.h"

#define TWO_HALVES_NUM 8
#define TWO_HALVES_START 0xfffe /* the wrap of the indices is two entries away */

struct two_halves {
	struct virtqueue *driver;
	struct VirtQueue device;
	void *ring; /* the three areas, a page each */
	void *state;
	unsigned int doorbells;
	unsigned int callbacks;
};

static bool two_halves_notify(struct virtqueue *vq)
{
	((struct two_halves *)vq->priv)->doorbells++;
	return true;
}

static void two_halves_callback(struct virtqueue *vq)
{
	((struct two_halves *)vq->priv)->callbacks++;
}

/* Neither half has anything to complain of in these tests. */
void vring_violation(const struct virtqueue *vq, const char *field, uint32_t value,
		     const char *rule)
{
	fail_msg("%s: %s is %u, not %s", vq->name, field, value, rule);
}

void virtio_error(const struct VirtQueue *vq, const char *field, uint64_t value, const char *why)
{
	fail_msg("queue %u: %s is %llu: %s", vq->index, field, (unsigned long long)value, why);
}

static int two_halves_setup(void **state)
{
	struct two_halves *halves = calloc(1, sizeof(*halves));
	size_t state_bytes = vring_state_bytes(TWO_HALVES_NUM);
	uint64_t features = 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX;
	struct vring_config config = { .name = "both",
				       .num = TWO_HALVES_NUM,
				       .features = features,
				       .notify = two_halves_notify,
				       .callback = two_halves_callback,
				       .priv = halves,
				       .first = TWO_HALVES_START };
	struct VirtQueueConfig device = { .memory = platform_host_memory(),
					  .features = features,
					  .num = TWO_HALVES_NUM };
	uint64_t dma;

	assert_non_null(halves);
	halves->ring = platform_dma_alloc(3 * 4096, &dma);
	halves->state = aligned_alloc(64, (state_bytes + 63) & ~63ul);
	config.desc = halves->ring;
	config.driver = (char *)halves->ring + 4096;
	config.device = (char *)halves->ring + 2 * 4096;
	assert_int_equal(vring_new_virtqueue(&config, halves->state, state_bytes, &halves->driver),
			 0);
	device.desc = dma;
	device.driver = dma + 4096;
	device.device = dma + 2 * 4096;
	assert_true(virtio_queue_init(&halves->device, &device));
	virtio_queue_set_last_avail_idx(&halves->device, TWO_HALVES_START);
	/* As a device that waits does: kicks wanted, from the next buffer on. */
	virtio_queue_set_notification(&halves->device, true);
	*state = halves;
	return 0;
}

static int two_halves_teardown(void **state)
{
	struct two_halves *halves = *state;

	platform_dma_free(halves->ring, 3 * 4096);
	free(halves->state);
	free(halves);
	return 0;
}

#endif
