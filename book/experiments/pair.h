/* SPDX-License-Identifier: MIT */
/*
 * Both halves of one ring, for the programs that chapters run. Included once by each.
 */
#ifndef BOOK_EXPERIMENTS_PAIR_H
#define BOOK_EXPERIMENTS_PAIR_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/virtqueue.h"
#include "platform/host/host.h"
#include "platform/platform.h"
#include "ring/virtqueue.h"
#include "ring/vring_draw.h"

struct pair {
	struct virtqueue *driver;
	struct VirtQueue device;
	uint64_t data; /* device address of a page to point at */
};

void virtio_error(const struct VirtQueue *vq, const char *field, uint64_t value, const char *why)
{
	printf("device: queue %u is broken: %s is %llu: %s\n", vq->index, field,
	       (unsigned long long)value, why);
}

void vring_violation(const struct virtqueue *vq, const char *field, uint32_t value,
		     const char *rule)
{
	printf("driver: %s is broken: %s is %u, not %s\n", vq->name, field, value, rule);
}

/*
 * A queue of @num entries with VERSION_1 and @features, from index @first on; the device waits for
 * a kick. @notify and @callback get @priv as vq->priv.
 */
static inline void pair_start(struct pair *pair, unsigned int num, uint64_t features,
			      uint16_t first, bool (*notify)(struct virtqueue *vq),
			      void (*callback)(struct virtqueue *vq), void *priv)
{
	size_t bytes = vring_state_bytes(num);
	uint64_t dma;
	char *ring = platform_dma_alloc(3 * 4096, &dma);
	struct vring_config config = { .name = "ring",
				       .num = num,
				       .features = features | 1ull << VIRTIO_F_VERSION_1,
				       .desc = ring,
				       .driver = ring + 4096,
				       .device = ring + 8192,
				       .notify = notify,
				       .callback = callback,
				       .priv = priv,
				       .first = first };
	struct VirtQueueConfig device = { .memory = platform_host_memory(),
					  .features = config.features,
					  .desc = dma,
					  .driver = dma + 4096,
					  .device = dma + 8192,
					  .num = num };
	void *state = aligned_alloc(VRING_STATE_ALIGN, (bytes + 63) & ~63ul);

	if (!ring || !state || vring_new_virtqueue(&config, state, bytes, &pair->driver) ||
	    !virtio_queue_init(&pair->device, &device))
		abort();
	/* A packed ring's position is a slot, and the wrap counter that starts at 1. */
	if (features >> VIRTIO_F_RING_PACKED & 1)
		first = first % num | !(first / num & 1) << VRING_PACKED_EVENT_F_WRAP_CTR;
	virtio_queue_set_last_avail_idx(&pair->device, first);
	virtio_queue_set_notification(&pair->device, true);
	platform_dma_alloc(4096, &pair->data);
}

static inline void pair_draw(const struct pair *pair, const char *caption)
{
	static char text[8192];
	struct vring_snapshot snapshot;

	virtqueue_snapshot(pair->driver, &snapshot);
	vring_draw(&snapshot, text, sizeof(text));
	printf("-- %s\n%s", caption, text);
}

#endif
