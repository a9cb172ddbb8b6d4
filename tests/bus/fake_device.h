/* SPDX-License-Identifier: MIT */
/*
 * A device without a transport below it: status, features and config are fields of a struct, and
 * every call of the bus is written down, in order, in words.
 */
#ifndef TESTS_BUS_FAKE_DEVICE_H
#define TESTS_BUS_FAKE_DEVICE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bus/vring_create.h"

#define FAKE_LOG_BYTES 1024

struct fake_device {
	struct virtio_device vdev;
	uint8_t status;
	struct virtio_features offered;
	struct virtio_features told; /* by finalize_features, last */
	uint8_t config[64];
	uint32_t generation;
	unsigned int changes_left; /* reads of the config during which it changes */
	uint8_t refuses;	   /* status bits that do not stick */
	bool gone;		   /* reads are all ones */
	int reset_error;
	bool comes_out_late;	  /* status is 0 although the reset was given up */
	char log[FAKE_LOG_BYTES]; /* "reset ack driver …" */
};

static struct fake_device *to_fake(struct virtio_device *vdev)
{
	return (struct fake_device *)vdev; /* its first member */
}

/* Adds a word to the log. */
static void fake_log(struct fake_device *fake, const char *word)
{
	size_t used = strlen(fake->log);

	snprintf(fake->log + used, sizeof(fake->log) - used, "%s%s", used ? " " : "", word);
}

static uint8_t fake_get_status(struct virtio_device *vdev)
{
	return to_fake(vdev)->gone ? 0xff : to_fake(vdev)->status;
}

static void fake_set_status(struct virtio_device *vdev, uint8_t status)
{
	static const char *const names[] = { "ACK",  "DRIVER", "DRIVER_OK", "FEATURES_OK",
					     "bit4", "bit5",   "bit6",	    "FAILED" };
	struct fake_device *fake = to_fake(vdev);

	if (fake->status & ~status)
		fake_log(fake, "CLEARED");
	for (unsigned int bit = 0; bit < 8; bit++)
		if (status & ~fake->status & 1u << bit)
			fake_log(fake, names[bit]);
	fake->status = status & ~fake->refuses;
}

static int fake_reset(struct virtio_device *vdev)
{
	fake_log(to_fake(vdev), "reset");
	if (!to_fake(vdev)->reset_error || to_fake(vdev)->comes_out_late)
		to_fake(vdev)->status = 0;
	return to_fake(vdev)->reset_error;
}

static struct virtio_features fake_get_features(struct virtio_device *vdev)
{
	fake_log(to_fake(vdev), "get_features");
	return to_fake(vdev)->offered;
}

static int fake_finalize_features(struct virtio_device *vdev)
{
	fake_log(to_fake(vdev), "finalize");
	to_fake(vdev)->told = vdev->features;
	return 0;
}

static void fake_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	struct fake_device *fake = to_fake(vdev);

	/* Half of it is read before the change, half after. */
	memcpy(buf, fake->config + offset, len);
	if (fake->changes_left) {
		fake->changes_left--;
		fake->generation++;
		for (unsigned int i = 0; i < sizeof(fake->config); i++)
			fake->config[i]++;
		memcpy((uint8_t *)buf + len / 2, fake->config + offset + len / 2, len - len / 2);
	}
}

static void fake_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		     unsigned int len)
{
	memcpy(to_fake(vdev)->config + offset, buf, len);
}

static uint32_t fake_generation(struct virtio_device *vdev)
{
	return to_fake(vdev)->generation;
}

static const char *fake_bus_name(struct virtio_device *vdev)
{
	(void)vdev;
	return "fake";
}

static const struct virtio_config_ops fake_ops = {
	.get = fake_get,
	.set = fake_set,
	.generation = fake_generation,
	.get_status = fake_get_status,
	.set_status = fake_set_status,
	.reset = fake_reset,
	.get_features = fake_get_features,
	.finalize_features = fake_finalize_features,
	.bus_name = fake_bus_name,
};

/* A modern device of that kind, with whatever features are in the words. */
static void fake_init(struct fake_device *fake, uint32_t device, uint64_t low, uint64_t high)
{
	*fake = (struct fake_device){ .vdev = { .id = { device, 0x1af4 }, .config = &fake_ops },
				      .status = 0x55, /* whoever was there before */
				      .offered = { { low, high } } };
}

#define VERSION_1 (1ull << VIRTIO_F_VERSION_1)

#endif
