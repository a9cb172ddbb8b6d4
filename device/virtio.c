/* SPDX-License-Identifier: MIT */
/*
 * A virtio device between its transport and its model: status, features, config, queues.
 *
 * Mirrors the device part of QEMU's hw/virtio/virtio.c. Stricter than QEMU in three places: bits of
 * the status stay set until the reset, FEATURES_OK is refused for a feature that was not offered,
 * and a queue of a modern device does nothing before DRIVER_OK. Left out on purpose: migration,
 * iothreads, and the back ends of vhost.
 */
#include "virtio.h"

/* ---- life ---- */

static void reset_queue(struct VirtIODevice *vdev, unsigned int index)
{
	struct VirtIOQueue *queue = &vdev->queues[index];

	*queue = (struct VirtIOQueue){
		/* Unusable until virtio_queue_init(). */
		.vq = { .index = (uint16_t)index, .owner = vdev, .broken = true },
		.num_max = queue->num_max,
		.num = queue->num_max,
		/* 4.1.5.1.2.1: nothing is mapped to a vector after a reset. */
		.vector = VIRTIO_NO_VECTOR,
	};
}

static void reset_device(struct VirtIODevice *vdev)
{
	/* The model first: what it does on its way down still finds the queues as they were. */
	if (vdev->class->reset)
		vdev->class->reset(vdev);
	/* 2.4.1: status 0, and no queue is looked at until the driver starts over. */
	vdev->status = 0;
	vdev->broken = false;
	vdev->legacy = false;
	vdev->not_offered = 0;
	vdev->config_vector = VIRTIO_NO_VECTOR;
	__builtin_memset(vdev->guest_features, 0, sizeof(vdev->guest_features));
	for (unsigned int i = 0; i < vdev->num_queues; i++)
		reset_queue(vdev, i);
}

void virtio_init(struct VirtIODevice *vdev)
{
	char *state = (char *)&vdev->bus;

	__builtin_memset(state, 0, sizeof(*vdev) - (size_t)(state - (char *)vdev));
	while (vdev->num_queues < VIRTIO_QUEUE_MAX && vdev->queue_num_max[vdev->num_queues]) {
		vdev->queues[vdev->num_queues].num_max = vdev->queue_num_max[vdev->num_queues];
		vdev->num_queues++;
	}
	vdev->config_vector = VIRTIO_NO_VECTOR;
	for (unsigned int i = 0; i < vdev->num_queues; i++)
		reset_queue(vdev, i);
}

/* ---- status ---- */

/* Keeps the last complaint, cut to what fits. */
static void complain(struct VirtIODevice *vdev, const char *why)
{
	size_t i = 0;

	for (; why[i] && i < sizeof(vdev->complaint) - 1; i++)
		vdev->complaint[i] = why[i];
	vdev->complaint[i] = 0;
}

static bool driver_ok(const struct VirtIODevice *vdev)
{
	return vdev->status & VIRTIO_STATUS_DRIVER_OK;
}

static void config_interrupt(struct VirtIODevice *vdev)
{
	/* 2.1.2, 2.3: nothing is sent before DRIVER_OK. */
	if (driver_ok(vdev) && !vdev->stopped && vdev->bus)
		vdev->bus->notify(vdev->transport, vdev->config_vector, 1);
}

void virtio_device_fail(struct VirtIODevice *vdev, const char *why)
{
	complain(vdev, why);
	vdev->broken = true;
	vdev->status |= VIRTIO_STATUS_NEEDS_RESET;
	config_interrupt(vdev);
}

/* 2.2.2: any consistent part of what was offered will do, and nothing else. */
static bool features_are_good(struct VirtIODevice *vdev)
{
	if (vdev->not_offered)
		return false;
	/* 6.2: a device may insist on VERSION_1. Through these registers there is no other way. */
	if (vdev->host_features[0] >> VIRTIO_F_VERSION_1 & 1 &&
	    !virtio_vdev_has_feature(vdev, VIRTIO_F_VERSION_1))
		return false;
	return !vdev->class->validate_features ||
	       vdev->class->validate_features(vdev, vdev->guest_features);
}

void virtio_set_status(struct VirtIODevice *vdev, uint8_t status)
{
	uint8_t set = status & ~vdev->status & ~VIRTIO_STATUS_NEEDS_RESET;

	if (!status) {
		reset_device(vdev);
		return;
	}
	if (set & VIRTIO_STATUS_FEATURES_OK && !features_are_good(vdev))
		set &= ~VIRTIO_STATUS_FEATURES_OK;
	/* QEMU takes the register as it is written; here a driver cannot take back a step. */
	vdev->status |= set;
	if (set & VIRTIO_STATUS_DRIVER_OK && !vdev->legacy &&
	    !(vdev->status & VIRTIO_STATUS_FEATURES_OK)) {
		virtio_device_fail(vdev, "DRIVER_OK without FEATURES_OK");
		return;
	}
	if (vdev->class->set_status)
		vdev->class->set_status(vdev, vdev->status);
}

/* ---- features ---- */

/* 6.3: bits that mean something to a legacy driver only, and are shown to no other. */
#define LEGACY_FEATURES (1u << 24 | 1u << 27 | 1u << 30)

uint32_t virtio_get_host_features(const struct VirtIODevice *vdev, unsigned int word32)
{
	uint32_t offered;

	if (word32 >= 2 * VIRTIO_FEATURE_WORDS)
		return 0;
	offered = (uint32_t)(vdev->host_features[word32 / 2] >> word32 % 2 * 32);
	if (vdev->legacy)
		return word32 ? 0 : offered;
	return word32 ? offered : offered & ~LEGACY_FEATURES;
}

void virtio_set_guest_features(struct VirtIODevice *vdev, unsigned int word32, uint32_t value)
{
	uint32_t offered = virtio_get_host_features(vdev, word32);
	uint32_t bit = 1u << (word32 < 31 ? word32 : 31);
	unsigned int shift = word32 % 2 * 32;

	if (vdev->status & VIRTIO_STATUS_FEATURES_OK)
		return;
	/* A driver that asks for more is not to believe that it has got it: see FEATURES_OK. */
	vdev->not_offered = value & ~offered ? vdev->not_offered | bit : vdev->not_offered & ~bit;
	if (word32 >= 2 * VIRTIO_FEATURE_WORDS)
		return;
	vdev->guest_features[word32 / 2] &= ~(0xffffffffull << shift);
	vdev->guest_features[word32 / 2] |= (uint64_t)(value & offered) << shift;
}

/* ---- config ---- */

/* How much of @len bytes from @offset on is there. */
static uint32_t config_part(const struct VirtIODevice *vdev, uint32_t offset, uint32_t len)
{
	uint32_t size = vdev->class->config_size;

	if (offset >= size)
		return 0;
	return len < size - offset ? len : size - offset;
}

void virtio_config_read(struct VirtIODevice *vdev, uint32_t offset, void *buf, uint32_t len)
{
	uint32_t there = config_part(vdev, offset, len);

	__builtin_memset(buf, 0, len);
	if (!there)
		return;
	/* 2.5.2: before FEATURES_OK as well. */
	if (vdev->class->get_config)
		vdev->class->get_config(vdev, vdev->config);
	__builtin_memcpy(buf, vdev->config + offset, there);
}

void virtio_config_write(struct VirtIODevice *vdev, uint32_t offset, const void *buf, uint32_t len)
{
	uint32_t there = config_part(vdev, offset, len);

	/* What is to be written as a whole and is not all there is written not at all. */
	if (!there || there != len || !vdev->class->set_config)
		return;
	__builtin_memcpy(vdev->config + offset, buf, len);
	vdev->class->set_config(vdev, vdev->config, offset, len);
}

void virtio_notify_config(struct VirtIODevice *vdev)
{
	vdev->generation++;
	config_interrupt(vdev);
}

/* ---- queues ---- */

struct VirtQueue *virtio_get_queue(struct VirtIODevice *vdev, unsigned int index)
{
	struct VirtIOQueue *queue;

	if (index >= vdev->num_queues || vdev->broken || vdev->stopped)
		return NULL;
	/* 2.1.2: no buffer is consumed before DRIVER_OK; 3.1.2: a legacy driver may want that. */
	if (!driver_ok(vdev) && !vdev->legacy)
		return NULL;
	queue = &vdev->queues[index];
	return queue->enabled && !queue->vq.broken ? &queue->vq : NULL;
}

bool virtio_queue_enable(struct VirtIODevice *vdev, unsigned int index)
{
	struct VirtIOQueue *queue;
	struct VirtQueueConfig config;

	if (index >= vdev->num_queues || !vdev->queues[index].num_max)
		return false;
	queue = &vdev->queues[index];
	config = (struct VirtQueueConfig){
		.memory = vdev->memory,
		.features = vdev->guest_features[0],
		.desc = queue->desc,
		.driver = queue->driver,
		.device = queue->device,
		.num = queue->num,
		.index = (uint16_t)index,
		.owner = vdev,
	};
	/* Complains through virtio_error(). */
	queue->enabled = virtio_queue_init(&queue->vq, &config);
	return queue->enabled;
}

void virtio_queue_reset(struct VirtIODevice *vdev, unsigned int index)
{
	if (index >= vdev->num_queues)
		return;
	if (vdev->class->queue_reset)
		vdev->class->queue_reset(vdev, index);
	reset_queue(vdev, index);
}

static void handle_kick(struct VirtIODevice *vdev, unsigned int index)
{
	if (virtio_get_queue(vdev, index))
		vdev->class->handle_output(vdev, index);
}

void virtio_queue_notify(struct VirtIODevice *vdev, unsigned int index)
{
	if (!virtio_get_queue(vdev, index))
		return;
	if (vdev->deferred)
		vdev->queues[index].kicked = true;
	else
		handle_kick(vdev, index);
}

unsigned int virtio_device_run(struct VirtIODevice *vdev)
{
	unsigned int looked_at = 0;

	for (unsigned int i = 0; i < vdev->num_queues; i++) {
		if (!vdev->queues[i].kicked || vdev->stopped)
			continue;
		vdev->queues[i].kicked = false;
		handle_kick(vdev, i);
		looked_at++;
	}
	return looked_at;
}
