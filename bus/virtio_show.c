// SPDX-License-Identifier: MIT
/*
 * A device as people see it: what Linux shows in /sys/bus/virtio/devices/virtioN, with features and
 * status by name. Mirrors the attributes of drivers/virtio/virtio.c.
 */
#include "virtio.h"

#define LINE_BYTES 96

/* Lines that belong together are one call each; @line gets them without a newline. */
struct printer {
	void (*line)(const char *text, void *arg);
	void *arg;
	char text[LINE_BYTES];
};

#define show(printer, ...)                                            \
	(platform_snprintf((printer)->text, LINE_BYTES, __VA_ARGS__), \
	 (printer)->line((printer)->text, (printer)->arg))

int virtio_modalias(const struct virtio_device *vdev, char *buf, size_t bytes)
{
	return platform_snprintf(buf, bytes, "virtio:d%08Xv%08X", vdev->id.device, vdev->id.vendor);
}

static const char *yes(uint8_t status, uint8_t bit, const char *name)
{
	return status & bit ? name : "";
}

static void show_status(struct printer *p, uint8_t status)
{
	show(p, "status    0x%02x%s%s%s%s%s%s", status,
	     yes(status, VIRTIO_CONFIG_S_ACKNOWLEDGE, " ACKNOWLEDGE"),
	     yes(status, VIRTIO_CONFIG_S_DRIVER, " DRIVER"),
	     yes(status, VIRTIO_CONFIG_S_FEATURES_OK, " FEATURES_OK"),
	     yes(status, VIRTIO_CONFIG_S_DRIVER_OK, " DRIVER_OK"),
	     yes(status, VIRTIO_CONFIG_S_NEEDS_RESET, " NEEDS_RESET"),
	     yes(status, VIRTIO_CONFIG_S_FAILED, " FAILED"));
}

/* Each bit on a line of its own. Sysfs has one row of zeroes and ones, bit 0 first. */
static void show_features(struct printer *p, const struct virtio_device *vdev)
{
	const char *label = "features";

	for (unsigned int bit = 0; bit < VIRTIO_FEATURES_BITS; bit++) {
		const char *name = virtio_feature_name(vdev->id.device, bit);

		if (!virtio_has_feature(vdev, bit))
			continue;
		show(p, "%-9s %3u %s", label, bit, name ? name : "unknown");
		label = "";
	}
	if (*label)
		show(p, "%-9s none", label);
}

static void show_queues(struct printer *p, const struct virtio_device *vdev)
{
	for (unsigned int i = 0; i < vdev->nvqs; i++) {
		struct virtqueue *vq = vdev->vqs[i];

		if (!vq)
			continue;
		show(p, "queue     %3u %s, %u entries, %u free%s", i, vq->name,
		     virtqueue_get_vring_size(vq), vq->num_free,
		     virtqueue_is_broken(vq) ? ", broken" : "");
	}
}

void virtio_device_show(struct virtio_device *vdev, void (*line)(const char *text, void *arg),
			void *arg)
{
	struct printer p = { .line = line, .arg = arg };
	const char *id = virtio_id_name(vdev->id.device);
	char modalias[32];

	virtio_modalias(vdev, modalias, sizeof(modalias));
	show(&p, "virtio%d on %s", vdev->index,
	     vdev->config->bus_name ? vdev->config->bus_name(vdev) : "?");
	show(&p, "device    0x%04x %s", vdev->id.device, id ? id : "unknown");
	show(&p, "vendor    0x%04x", vdev->id.vendor);
	show(&p, "driver    %s", vdev->driver ? vdev->driver->name : "none");
	show_status(&p, vdev->config->get_status(vdev));
	show(&p, "modalias  %s", modalias);
	show_features(&p, vdev);
	show_queues(&p, vdev);
}
