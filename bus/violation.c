// SPDX-License-Identifier: MIT
/*
 * What becomes of a device that breaks a rule of the ring: one line in the log. The queue is broken
 * already. In a file of its own, so that a program may supply another vring_violation().
 */
#include "virtio.h"

void vring_violation(const struct virtqueue *vq, const char *field, uint32_t value,
		     const char *rule)
{
	platform_log(PLATFORM_ERROR, "virtio%d: %s: %s is %u, not %s; the queue is broken",
		     vq->vdev ? vq->vdev->index : -1, vq->name, field, value, rule);
}
