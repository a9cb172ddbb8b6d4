// SPDX-License-Identifier: MIT
/*
 * One queue's reset while the device goes on (2.6.1). Mirrors virtqueue_reset() and
 * virtqueue_resize() of drivers/virtio/virtio_ring.c; they are up here because ring/ knows no
 * transport.
 */
#include "vring_create.h"

/* The device forgets the queue; then what it never used is the driver's again (2.6.1.1.2). */
static int disable_and_recycle(struct virtqueue *vq,
			       void (*recycle)(struct virtqueue *vq, void *buf),
			       void (*recycle_done)(struct virtqueue *vq))
{
	const struct virtio_config_ops *config = vq->vdev->config;
	void *buf;
	int err;

	if (!config->disable_vq_and_reset || !config->enable_vq_after_reset)
		return -ENOENT;
	err = config->disable_vq_and_reset(vq);
	if (err)
		return err;
	while ((buf = virtqueue_detach_unused_buf(vq)))
		recycle(vq, buf);
	if (recycle_done)
		recycle_done(vq);
	return 0;
}

/* 2.6.1.2.2: set up like a new queue, and enabled last. */
static int enable(struct virtqueue *vq)
{
	int err = vq->vdev->config->enable_vq_after_reset(vq);

	if (err)
		virtqueue_break(vq);
	return err;
}

int virtqueue_reset(struct virtqueue *vq, void (*recycle)(struct virtqueue *vq, void *buf),
		    void (*recycle_done)(struct virtqueue *vq))
{
	struct vring_memory *memory = virtqueue_memory(vq);
	int err = disable_and_recycle(vq, recycle, recycle_done);

	if (err)
		return err;
	err = vring_resize(memory, memory->num);
	if (err) {
		virtqueue_break(vq);
		return err;
	}
	return enable(vq);
}

int virtqueue_resize(struct virtqueue *vq, unsigned int num,
		     void (*recycle)(struct virtqueue *vq, void *buf),
		     void (*recycle_done)(struct virtqueue *vq))
{
	struct vring_memory *memory = virtqueue_memory(vq);
	bool packed = virtio_has_feature(vq->vdev, VIRTIO_F_RING_PACKED);
	int err, enabled;

	if (num > memory->num_max)
		return -E2BIG;
	if (num == 0 || (!packed && num & (num - 1)))
		return -EINVAL;
	if (num == memory->num)
		return 0;

	err = disable_and_recycle(vq, recycle, recycle_done);
	if (err)
		return err;
	err = vring_resize(memory, num);
	if (err && vring_resize(memory, memory->num)) {
		virtqueue_break(vq);
		return err;
	}
	enabled = enable(vq);
	return err ? err : enabled;
}
