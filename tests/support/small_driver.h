/* SPDX-License-Identifier: MIT */
/*
 * One driver for four types of device, just large enough to have each do its work once.
 *
 * For the suites about buses and transports: a ring that was set up wrongly, or an interrupt that
 * goes astray, shows when data does not come back. The drivers that people read are in blk/ and
 * net/.
 */
#ifndef TESTS_SUPPORT_SMALL_DRIVER_H
#define TESTS_SUPPORT_SMALL_DRIVER_H

#include <stdbool.h>

#include "bus/virtio.h"

#define SMALL_QUEUES 8

/* A device with this driver bound to it: vdev->priv. */
struct small {
	struct virtio_device *vdev;
	unsigned int num_queues;
	struct virtqueue *vqs[SMALL_QUEUES];
	unsigned int callbacks[SMALL_QUEUES]; /* calls, since the queue was last waited for */
	unsigned int config_changes;

	/* One page for all that goes over the ring. */
	uint8_t *page;
	uint64_t page_dma;

	/* What a witness should have seen. */
	unsigned long added, doorbells, reaped, interrupts;
};

static inline struct small *small_of(const struct virtio_device *vdev)
{
	return vdev->priv;
}

/* The drivers for rng, blk, net and scsi. */
void small_register(void);
void small_unregister(void);

/**
 * small_work - have the device do its work, once on every queue that has any
 *
 * rng fills a buffer; blk reads the sectors of machine_disk(); net sends a frame and receives one;
 * scsi answers INQUIRY. Each waits for its interrupt. Fails the test if anything is not as it
 * should be. The device is the N-th of the machine, for virtioN.
 */
void small_work(struct virtio_device *vdev);

/* Gives the device a buffer that it may keep: the first of its work, and no wait. */
void small_leave_a_buffer(struct virtio_device *vdev);

#endif
