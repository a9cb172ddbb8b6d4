/* SPDX-License-Identifier: MIT */
/*
 * The interrupt of a queue that belongs to a VirtIODevice. A program that runs queues without such
 * a device has a virtio_irq() of its own, and this file is not linked to it.
 */
#include "virtio.h"

void virtio_irq(struct VirtQueue *vq)
{
	struct VirtIODevice *vdev = vq->owner;

	/* A device whose messages go nowhere does not send them. */
	if (!vdev->stopped)
		vdev->bus->notify(vdev->transport, vdev->queues[vq->index].vector, 0);
}
