/* SPDX-License-Identifier: MIT */
/*
 * Linux's drivers/virtio/virtio_ring.c in the benchmark: not a line of it is here, it is linked
 * from where fetch-linux-ring put it, unmodified, on the user-space ground of its own tools/virtio.
 *
 * kmalloc() is malloc() there: an indirect buffer pays for the C library's allocator, not for the
 * kernel's. Two traps: that kmalloc() forgets __GFP_ZERO, so the rings are cleared here; and
 * without CONFIG_PHYS_ADDR_T_64BIT the addresses of the rings are cut to 32 bits.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

/* Exported by virtio_ring.c and declared in include/linux/virtio.h, which tools/virtio replaces. */
bool virtqueue_kick_prepare(struct virtqueue *vq);
const struct vring *virtqueue_get_vring(struct virtqueue *vq);
dma_addr_t virtqueue_get_desc_addr(struct virtqueue *vq);
dma_addr_t virtqueue_get_avail_addr(struct virtqueue *vq);
dma_addr_t virtqueue_get_used_addr(struct virtqueue *vq);

/* tools/virtio/linux/kernel.h wants these. */
void *__kmalloc_fake, *__kfree_ignore_start, *__kfree_ignore_end;

static int add(struct virtqueue *vq, struct scatterlist *sgs[], unsigned int out, unsigned int in,
	       void *token)
{
	return virtqueue_add_sgs(vq, sgs, out, in, token, GFP_ATOMIC);
}

static void set_sg(struct scatterlist *sg, void *address, unsigned int length)
{
	sg_init_one(sg, address, length);
}

#include "tests/bench/driver_loop.h"

#define RING_ALIGN 64

static bool notify(struct virtqueue *vq)
{
	(void)vq;
	return true;
}

static void callback(struct virtqueue *vq)
{
	(void)vq;
}

static void clear(dma_addr_t area, size_t bytes)
{
	memset((void *)(uintptr_t)area, 0, bytes);
}

/* A split ring can be brought along; Linux allocates the packed one. */
static struct virtqueue *new_split(const struct bench_shape *shape, struct virtio_device *vdev,
				   struct bench_areas *areas)
{
	void *pages = bench_alloc(vring_size(shape->num, RING_ALIGN));
	struct virtqueue *vq = vring_new_virtqueue(0, shape->num, RING_ALIGN, vdev, true, false,
						   pages, notify, callback, "bench");

	if (!vq)
		return NULL;
	vq->priv = pages;
	*areas = (struct bench_areas){
		.desc = (uintptr_t)virtqueue_get_vring(vq)->desc,
		.driver = (uintptr_t)virtqueue_get_vring(vq)->avail,
		.device = (uintptr_t)virtqueue_get_vring(vq)->used,
	};
	return vq;
}

static struct virtqueue *new_packed(const struct bench_shape *shape, struct virtio_device *vdev,
				    struct bench_areas *areas)
{
	struct virtqueue *vq = vring_create_virtqueue(0, shape->num, RING_ALIGN, vdev, true, false,
						      false, notify, callback, "bench");

	if (!vq)
		return NULL;
	vq->priv = NULL;
	*areas = (struct bench_areas){
		.desc = virtqueue_get_desc_addr(vq),
		.driver = virtqueue_get_avail_addr(vq),
		.device = virtqueue_get_used_addr(vq),
	};
	clear(areas->desc, sizeof(struct vring_packed_desc) * shape->num);
	clear(areas->driver, sizeof(struct vring_packed_desc_event));
	clear(areas->device, sizeof(struct vring_packed_desc_event));
	return vq;
}

static struct bench_queue *make(const struct bench_shape *shape, uint64_t features,
				struct bench_areas *areas)
{
	struct driver_queue *q = new_queue(shape);
	struct virtio_device *vdev = bench_alloc(sizeof(*vdev));

	vdev->features = features;
	INIT_LIST_HEAD(&vdev->vqs);
	spin_lock_init(&vdev->vqs_list_lock);
	q->vq = shape->packed ? new_packed(shape, vdev, areas) : new_split(shape, vdev, areas);
	if (!q->vq)
		bench_fail("Linux makes no queue of %u entries", shape->num);
	ask_for_interrupts(q->vq);
	return &q->bench;
}

static void destroy(struct bench_queue *queue)
{
	struct driver_queue *q = (struct driver_queue *)queue;
	struct virtio_device *vdev = q->vq->vdev;
	void *pages = q->vq->priv;

	vring_del_virtqueue(q->vq);
	free(pages);
	free(vdev);
	free(q);
}

const struct bench_driver linux_driver = {
	.name = "Linux",
	.make = make,
	.destroy = destroy,
	.submit = submit,
	.reap = reap,
	.cycle = cycle,
	.stream = stream,
};
