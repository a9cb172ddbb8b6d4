/* SPDX-License-Identifier: MIT */
/*
 * The legacy interface: one structure in an I/O BAR (4.1.4.10), rings in one block (2.7.2).
 *
 * Mirrors virtio_ioport_read() and _write() of QEMU's hw/virtio/virtio-pci.c. The guest's byte
 * order is little-endian on all our grounds, so device config needs no swapping.
 */
#include "virtio_pci_internal.h"

enum {
	HOST_FEATURES = 0,
	GUEST_FEATURES = 4,
	QUEUE_PFN = 8,
	QUEUE_NUM = 12,
	QUEUE_SEL = 14,
	QUEUE_NOTIFY = 16,
	STATUS = 18,
	ISR = 19,
	CONFIG_VECTOR = 20, /* these two only while MSI-X is on */
	QUEUE_VECTOR = 22,
};

#define QUEUE_ALIGN 4096 /* bytes; also the unit of QUEUE_PFN */

static const uint8_t width[] = {
	[HOST_FEATURES] = 4, [GUEST_FEATURES] = 4, [QUEUE_PFN] = 4,	   [QUEUE_NUM] = 2,
	[QUEUE_SEL] = 2,     [QUEUE_NOTIFY] = 2,   [STATUS] = 1,	   [ISR] = 1,
	[CONFIG_VECTOR] = 2, [QUEUE_VECTOR] = 2,   [QUEUE_VECTOR + 1] = 0,
};

uint32_t virtio_pci_legacy_header(const struct VirtIOPCIProxy *proxy)
{
	return msix_enabled(&proxy->pci) ? 24 : 20;
}

static uint32_t read_config(struct VirtIODevice *vdev, uint32_t offset, unsigned int bytes)
{
	uint8_t buf[4] = { 0 };

	/* 4.1.4.10: any width gives the same bytes. */
	virtio_config_read(vdev, offset, buf, bytes);
	return pci_get_long(buf);
}

static void write_config(struct VirtIODevice *vdev, uint32_t offset, uint32_t value,
			 unsigned int bytes)
{
	uint8_t buf[4];

	pci_set_long(buf, value);
	virtio_config_write(vdev, offset, buf, bytes);
}

uint32_t virtio_pci_legacy_read(struct VirtIOPCIProxy *proxy, uint32_t offset, unsigned int bytes)
{
	struct VirtIODevice *vdev = proxy->vdev;
	const struct VirtIOQueue *queue = virtio_pci_selected(proxy);
	uint32_t header = virtio_pci_legacy_header(proxy);

	if (offset >= header)
		return read_config(vdev, offset - header, bytes);
	if (width[offset] != bytes)
		return 0;
	switch (offset) {
	case HOST_FEATURES:
		vdev->legacy = true;
		return virtio_get_host_features(vdev, 0);
	case GUEST_FEATURES:
		return (uint32_t)vdev->guest_features[0];
	case QUEUE_PFN:
		return queue && queue->enabled ? (uint32_t)(queue->desc / QUEUE_ALIGN) : 0;
	case QUEUE_NUM:
		/* The driver has to take this size, so it must be one that a split ring has. */
		return queue && !(queue->num_max & (queue->num_max - 1)) ? queue->num_max : 0;
	case QUEUE_SEL:
		return proxy->queue_sel;
	case STATUS:
		return virtio_pci_read_status(proxy);
	case ISR:
		return virtio_pci_read_isr(proxy);
	case CONFIG_VECTOR:
		return vdev->config_vector;
	case QUEUE_VECTOR:
		return queue ? queue->vector : VIRTIO_NO_VECTOR;
	}
	return 0;
}

/* One block, and so one number: where it begins, in pages. 0 takes it away. */
static void write_pfn(struct VirtIOPCIProxy *proxy, uint32_t pfn)
{
	struct VirtIODevice *vdev = proxy->vdev;
	struct VirtIOQueue *queue = virtio_pci_selected(proxy);
	uint16_t vector;

	if (!queue)
		return;
	if (!pfn) {
		vector = queue->vector;
		virtio_queue_reset(vdev, proxy->queue_sel);
		queue->vector = vector;
		return;
	}
	if (queue->enabled)
		return;
	queue->desc = (uint64_t)pfn * QUEUE_ALIGN;
	queue->driver = queue->desc + vring_desc_bytes(queue->num);
	queue->device = (queue->driver + vring_avail_bytes(queue->num) + QUEUE_ALIGN - 1) &
			~(uint64_t)(QUEUE_ALIGN - 1);
	virtio_queue_enable(vdev, proxy->queue_sel);
}

void virtio_pci_legacy_write(struct VirtIOPCIProxy *proxy, uint32_t offset, uint32_t value,
			     unsigned int bytes)
{
	struct VirtIODevice *vdev = proxy->vdev;
	struct VirtIOQueue *queue = virtio_pci_selected(proxy);
	uint32_t header = virtio_pci_legacy_header(proxy);

	/* 2.2.3: whoever writes here is a legacy driver, from now until the reset. */
	if (offset != STATUS)
		vdev->legacy = true;
	if (offset >= header) {
		write_config(vdev, offset - header, value, bytes);
		return;
	}
	if (width[offset] != bytes)
		return;
	switch (offset) {
	case GUEST_FEATURES:
		virtio_set_guest_features(vdev, 0, value);
		break;
	case QUEUE_PFN:
		write_pfn(proxy, value);
		break;
	case QUEUE_SEL:
		proxy->queue_sel = (uint16_t)value;
		break;
	case QUEUE_NOTIFY:
		proxy->kicks++;
		virtio_queue_notify(vdev, value);
		break;
	case STATUS:
		if (value)
			vdev->legacy = true;
		virtio_pci_write_status(proxy, (uint8_t)value);
		break;
	case CONFIG_VECTOR:
		vdev->config_vector = virtio_pci_map_vector(proxy, value);
		break;
	case QUEUE_VECTOR:
		if (queue)
			queue->vector = virtio_pci_map_vector(proxy, value);
		break;
	}
}
