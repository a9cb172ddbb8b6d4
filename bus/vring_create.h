/* SPDX-License-Identifier: MIT */
/*
 * Memory for a virtqueue: for transports, which are told by the device how large it is to be.
 *
 * Linux allocates in virtio_ring.c. There the ring knows about pages and DMA; here it is given what
 * it needs, and this is who gives it.
 */
#ifndef BUS_VRING_CREATE_H
#define BUS_VRING_CREATE_H

#include "virtio.h"

/* A queue and its memory; where the three areas are is what the transport tells the device. */
struct vring_memory {
	struct virtqueue *vq;
	unsigned int num;     /* entries */
	unsigned int num_max; /* the most it may be resized to */
	uint64_t desc_addr;   /* device addresses of the three areas */
	uint64_t driver_addr;
	uint64_t device_addr;

	/* Private. */
	size_t align;		   /* of the used ring in the legacy layout; 0: not that layout */
	unsigned int indirect_max; /* as asked for */
	void *ring;		   /* shared: all three areas, in the order of the legacy layout */
	size_t ring_bytes;
	void *indirect; /* shared: tables, or NULL */
	size_t indirect_bytes;
	void *state; /* private to the driver */
	struct vring_config config;
};

/**
 * vring_create_virtqueue - allocate what a queue needs, and make it
 * @memory: filled in; the transport's, not to be moved while the queue lives
 * @index: the queue's number
 * @num: entries
 * @align: alignment of the used ring in bytes, 0 unless the layout is the legacy one (2.7.2)
 * @info: name, callback and tables; the name is kept, not copied
 * @notify: rings the doorbell of the queue
 *
 * Layout and notification follow vdev->features. @vdev->vqs and the queue's vq->priv are left to
 * the transport; vq->priv starts as @memory.
 *
 * Return: 0; -ENOMEM; -EINVAL for a size that no queue has.
 */
int vring_create_virtqueue(struct vring_memory *memory, struct virtio_device *vdev,
			   unsigned int index, unsigned int num, size_t align,
			   const struct virtqueue_info *info, bool (*notify)(struct virtqueue *vq));

/* The device is reset, or will never look at this queue again. Zeroed memory is allowed. */
void vring_del_virtqueue(struct vring_memory *memory);

/**
 * vring_transport_features - drop the ring features that our rings do not know
 *
 * For a transport's finalize_features. Of the bits that are not a driver's own to choose it leaves
 * those that ring/ implements; the transport then adds back the ones it implements itself.
 */
void vring_transport_features(struct virtio_device *vdev);

/* The queue's memory, from the queue: transports need it to tell the device. */
static inline struct vring_memory *virtqueue_memory(const struct virtqueue *vq)
{
	return vq->priv;
}

/**
 * vring_resize - other memory for the same queue, empty
 * @num: entries; the present number makes it anew in the same memory
 *
 * The queue is reset and holds no buffers. The struct virtqueue keeps its address.
 *
 * Return: 0; -ENOMEM, -EINVAL with the queue as it was.
 */
int vring_resize(struct vring_memory *memory, unsigned int num);

#endif
