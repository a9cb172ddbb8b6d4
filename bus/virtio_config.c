// SPDX-License-Identifier: MIT
/*
 * Device config, field by field. Mirrors the virtio_cread() family of
 * include/linux/virtio_config.h, which are macros there.
 */
#include <string.h>

#include "ring/byteorder.h"
#include "virtio.h"

/*
 * A device that changes its config faster than it can be read would hold us for ever; the change it
 * announces last will have it read again.
 */
#define MAX_TRIES 100

/* 2.5.4: a legacy device has no generation; a field that reads the same twice will do. */
static void read_until_stable(struct virtio_device *vdev, unsigned int offset, void *buf,
			      unsigned int len)
{
	uint8_t again[8];

	vdev->config->get(vdev, offset, buf, len);
	for (int tries = 0; len <= sizeof(again) && tries < MAX_TRIES; tries++) {
		vdev->config->get(vdev, offset, again, len);
		if (!memcmp(buf, again, len))
			return;
		memcpy(buf, again, len);
	}
}

/*
 * 2.5.1: nothing wider than 32 bits is read in one go, nor several fields together. A generation
 * that is the same before and after says that all of it belongs together.
 */
void virtio_cread_bytes(struct virtio_device *vdev, unsigned int offset, void *buf,
			unsigned int len)
{
	const struct virtio_config_ops *config = vdev->config;
	uint32_t before, after;
	int tries = 0;

	if (!config->generation) {
		read_until_stable(vdev, offset, buf, len);
		return;
	}
	after = config->generation(vdev);
	do {
		before = after;
		config->get(vdev, offset, buf, len);
		after = config->generation(vdev);
	} while (before != after && ++tries < MAX_TRIES);
}

uint8_t virtio_cread8(struct virtio_device *vdev, unsigned int offset)
{
	uint8_t value;

	virtio_cread_bytes(vdev, offset, &value, sizeof(value));
	return value;
}

uint16_t virtio_cread16(struct virtio_device *vdev, unsigned int offset)
{
	le16 value;

	virtio_cread_bytes(vdev, offset, &value, sizeof(value));
	return le16_read(&value);
}

uint32_t virtio_cread32(struct virtio_device *vdev, unsigned int offset)
{
	le32 value;

	virtio_cread_bytes(vdev, offset, &value, sizeof(value));
	return le32_read(&value);
}

uint64_t virtio_cread64(struct virtio_device *vdev, unsigned int offset)
{
	le64 value;

	virtio_cread_bytes(vdev, offset, &value, sizeof(value));
	return le64_read(&value);
}

void virtio_cwrite8(struct virtio_device *vdev, unsigned int offset, uint8_t value)
{
	vdev->config->set(vdev, offset, &value, sizeof(value));
}

void virtio_cwrite16(struct virtio_device *vdev, unsigned int offset, uint16_t value)
{
	le16 wire;

	le16_write(&wire, value);
	vdev->config->set(vdev, offset, &wire, sizeof(wire));
}

void virtio_cwrite32(struct virtio_device *vdev, unsigned int offset, uint32_t value)
{
	le32 wire;

	le32_write(&wire, value);
	vdev->config->set(vdev, offset, &wire, sizeof(wire));
}
