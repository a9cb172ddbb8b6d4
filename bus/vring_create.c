// SPDX-License-Identifier: MIT
/*
 * Memory for a virtqueue, and which ring features there are. Mirrors the allocating half of
 * drivers/virtio/virtio_ring.c: vring_create_virtqueue(), vring_del_virtqueue(),
 * vring_transport_features().
 */
#include "vring_create.h"

/* Driver's and device's areas do not share a cache line: both are written all the time. */
#define AREA_ALIGN 64

static size_t align_up(size_t bytes, size_t align)
{
	return (bytes + align - 1) & ~(align - 1);
}

/* Where in one block the three areas lie; the legacy layout is the one PCI's PFN stands for. */
struct layout {
	size_t driver;
	size_t device;
	size_t bytes;
};

static struct layout layout_of(uint64_t features, unsigned int num, size_t align)
{
	struct layout at;

	at.driver = vring_desc_bytes(num); /* both layouts: 16 bytes per entry */
	at.device =
		align_up(at.driver + vring_driver_bytes(features, num), align ? align : AREA_ALIGN);
	at.bytes = at.device + vring_device_bytes(features, num);
	return at;
}

/* Allocates for @num entries and has @config point there. @memory->config says the rest. */
static int memory_alloc(struct vring_memory *memory, unsigned int num, size_t align,
			unsigned int indirect_max)
{
	struct vring_config *config = &memory->config;
	struct layout at = layout_of(config->features, num, align);

	/* Until there are others: @memory may begin as a copy of one whose tables are in use. */
	memory->indirect = NULL;
	memory->num = config->num = num;
	memory->align = align;
	memory->ring_bytes = at.bytes;
	memory->ring = platform_dma_alloc(at.bytes, &memory->desc_addr);
	if (!memory->ring)
		return -ENOMEM;
	memory->driver_addr = memory->desc_addr + at.driver;
	memory->device_addr = memory->desc_addr + at.device;
	config->desc = memory->ring;
	config->driver = (char *)memory->ring + at.driver;
	config->device = (char *)memory->ring + at.device;

	/*
	 * Tables are a convenience: without the memory for them buffers are direct. For one element
	 * a table would save nothing.
	 */
	config->indirect_max = 0;
	if (indirect_max > 1 && virtio_feature(config->features, VIRTIO_RING_F_INDIRECT_DESC)) {
		memory->indirect_bytes = vring_indirect_bytes(num, indirect_max);
		memory->indirect =
			platform_dma_alloc(memory->indirect_bytes, &config->indirect_dma);
		if (memory->indirect)
			config->indirect_max = indirect_max;
	}
	config->indirect = memory->indirect;
	return 0;
}

static void memory_free(struct vring_memory *memory)
{
	if (memory->indirect)
		platform_dma_free(memory->indirect, memory->indirect_bytes);
	if (memory->ring)
		platform_dma_free(memory->ring, memory->ring_bytes);
	memory->indirect = memory->ring = NULL;
}

int vring_create_virtqueue(struct vring_memory *memory, struct virtio_device *vdev,
			   unsigned int index, unsigned int num, size_t align,
			   const struct virtqueue_info *info, bool (*notify)(struct virtqueue *vq))
{
	size_t state_bytes;
	int err;

	/* The device's word for how many; no size above is one that a queue can have (2.7, 2.8). */
	if (num == 0 || num > VRING_MAX_SIZE)
		return -EINVAL;
	*memory = (struct vring_memory){
		.num_max = num,
		.indirect_max = info->indirect_max,
		.config = {
			.name = info->name,
			.index = index,
			.features = vdev->features.word[0],
			.notify = notify,
			.callback = info->callback,
			.vdev = vdev,
			.priv = memory,
			.device_number = vdev->index,
		},
	};

	state_bytes = vring_state_bytes(num);
	memory->state = platform_zalloc(state_bytes);
	if (!memory->state)
		return -ENOMEM;
	err = memory_alloc(memory, num, align, info->indirect_max);
	if (!err)
		err = vring_new_virtqueue(&memory->config, memory->state, state_bytes, &memory->vq);
	if (err)
		vring_del_virtqueue(memory);
	return err;
}

void vring_del_virtqueue(struct vring_memory *memory)
{
	memory_free(memory);
	platform_free(memory->state);
	memory->state = NULL;
	memory->vq = NULL;
}

int vring_resize(struct vring_memory *memory, unsigned int num)
{
	struct vring_memory old = *memory;
	int err;

	if (num == old.num)
		return vring_reinit(memory->vq, &memory->config);

	err = memory_alloc(memory, num, old.align, old.indirect_max);
	if (!err)
		err = vring_reinit(memory->vq, &memory->config);
	if (err) {
		memory_free(memory);
		*memory = old;
		return err;
	}
	memory_free(&old);
	return 0;
}

void vring_transport_features(struct virtio_device *vdev)
{
	static const unsigned int known[] = {
		VIRTIO_RING_F_INDIRECT_DESC,
		VIRTIO_RING_F_EVENT_IDX,
		VIRTIO_F_VERSION_1,
		VIRTIO_F_ACCESS_PLATFORM,
		VIRTIO_F_RING_PACKED,
		VIRTIO_F_IN_ORDER,
		VIRTIO_F_NOTIFICATION_DATA,
#ifdef __x86_64__
		/* Our barriers are those between CPUs. Here they order what a device sees as well.
		 */
		VIRTIO_F_ORDER_PLATFORM,
#endif
	};
	struct virtio_features keep = { { 0 } };

	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		virtio_features_set(&keep, known[i]);
	for (unsigned int bit = VIRTIO_TRANSPORT_F_START; bit < VIRTIO_TRANSPORT_F_END; bit++)
		/* 2.2.1: a bit without VERSION_1 below it is none that a legacy device can mean. */
		if (!virtio_features_test(&keep, bit) ||
		    (bit > 31 && !virtio_has_feature(vdev, VIRTIO_F_VERSION_1)))
			virtio_clear_feature(vdev, bit);
}
