/* SPDX-License-Identifier: MIT */
/*
 * The common configuration structure (4.1.4.3), register by register.
 *
 * Mirrors virtio_pci_common_read() and _write() of QEMU's hw/virtio/virtio-pci.c. Where QEMU takes
 * any width, here a field is accessed as a whole or, if it has 64 bits, by halves; other reads find
 * 0, other writes do nothing.
 */
#include "virtio_pci_internal.h"

#define AT(field) offsetof(struct virtio_pci_common_cfg, field)
#define FIELD(name, bytes, writable, of_queue)             \
	{                                                  \
		AT(name), bytes, writable, of_queue, #name \
	}

static const struct virtio_pci_field fields[] = {
	FIELD(device_feature_select, 4, true, false),
	FIELD(device_feature, 4, false, false),
	FIELD(driver_feature_select, 4, true, false),
	FIELD(driver_feature, 4, true, false),
	FIELD(config_msix_vector, 2, true, false),
	FIELD(num_queues, 2, false, false),
	FIELD(device_status, 1, true, false),
	FIELD(config_generation, 1, false, false),
	FIELD(queue_select, 2, true, false),
	FIELD(queue_size, 2, true, true),
	FIELD(queue_msix_vector, 2, true, true),
	FIELD(queue_enable, 2, true, true),
	FIELD(queue_notify_off, 2, false, true),
	FIELD(queue_desc_lo, 4, true, true),
	FIELD(queue_desc_hi, 4, true, true),
	FIELD(queue_driver_lo, 4, true, true),
	FIELD(queue_driver_hi, 4, true, true),
	FIELD(queue_device_lo, 4, true, true),
	FIELD(queue_device_hi, 4, true, true),
	FIELD(queue_notif_config_data, 2, false, true),
	FIELD(queue_reset, 2, true, true),
	FIELD(admin_queue_index, 2, false, false),
	FIELD(admin_queue_num, 2, false, false),
};

const struct virtio_pci_field *virtio_pci_common_field(uint32_t offset)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (fields[i].offset == offset)
			return &fields[i];
	return NULL;
}

struct VirtIOQueue *virtio_pci_selected(struct VirtIOPCIProxy *proxy)
{
	struct VirtIODevice *vdev = proxy->vdev;

	if (proxy->queue_sel >= vdev->num_queues || !vdev->queues[proxy->queue_sel].num_max)
		return NULL;
	return &vdev->queues[proxy->queue_sel];
}

uint16_t virtio_pci_map_vector(struct VirtIOPCIProxy *proxy, uint32_t vector)
{
	/* 4.1.5.1.2.1: a mapping that fails reads NO_VECTOR. */
	if (vector >= proxy->pci.msix_entries)
		return VIRTIO_NO_VECTOR;
	if (proxy->faults.refuse_vectors) {
		proxy->faults.refuse_vectors--;
		return VIRTIO_NO_VECTOR;
	}
	return (uint16_t)vector;
}

/* ---- reading ---- */

static bool packed(const struct VirtIODevice *vdev)
{
	return virtio_vdev_has_feature(vdev, VIRTIO_F_RING_PACKED);
}

/* 4.1.4.3.1: a power of two unless rings are packed. */
static uint16_t presented_size(const struct VirtIODevice *vdev, const struct VirtIOQueue *queue)
{
	uint32_t num = queue->num;

	while (!packed(vdev) && num & (num - 1))
		num &= num - 1;
	return (uint16_t)num;
}

/* Is the selected queue's reset still going on? Reads count towards its end. */
static bool in_queue_reset(struct VirtIOPCIProxy *proxy, bool counts)
{
	if (!proxy->queue_reset_left || proxy->queue_in_reset != proxy->queue_sel)
		return false;
	if (counts && proxy->queue_reset_left != VIRTIO_PCI_FOREVER)
		proxy->queue_reset_left--;
	return true;
}

static uint32_t half(uint64_t address, bool high)
{
	return (uint32_t)(high ? address >> 32 : address);
}

static uint32_t read_queue(struct VirtIOPCIProxy *proxy, uint32_t offset)
{
	const struct VirtIODevice *vdev = proxy->vdev;
	const struct VirtIOQueue *queue = virtio_pci_selected(proxy);

	/* 4.1.4.3.1: queue_size 0 says that there is no such queue. */
	if (!queue)
		return offset == AT(queue_msix_vector) ? VIRTIO_NO_VECTOR : 0;
	switch (offset) {
	case AT(queue_size):
		return presented_size(vdev, queue);
	case AT(queue_msix_vector):
		return queue->vector;
	case AT(queue_enable):
		return queue->enabled || in_queue_reset(proxy, false);
	case AT(queue_notify_off):
		return proxy->queue_sel;
	case AT(queue_desc_lo):
	case AT(queue_desc_hi):
		return half(queue->desc, offset == AT(queue_desc_hi));
	case AT(queue_driver_lo):
	case AT(queue_driver_hi):
		return half(queue->driver, offset == AT(queue_driver_hi));
	case AT(queue_device_lo):
	case AT(queue_device_hi):
		return half(queue->device, offset == AT(queue_device_hi));
	case AT(queue_notif_config_data):
		if (!(vdev->host_features[0] >> VIRTIO_F_NOTIF_CONFIG_DATA & 1))
			return 0;
		return virtio_pci_notif_config_data(proxy->queue_sel);
	case AT(queue_reset):
		return in_queue_reset(proxy, true);
	}
	return 0;
}

uint32_t virtio_pci_common_read(struct VirtIOPCIProxy *proxy, uint32_t offset, unsigned int bytes)
{
	const struct virtio_pci_field *field = virtio_pci_common_field(offset);
	struct VirtIODevice *vdev = proxy->vdev;
	uint32_t word = proxy->gfselect;

	if (!field || field->bytes != bytes)
		return 0;
	if (field->of_queue)
		return read_queue(proxy, offset);
	switch (offset) {
	case AT(device_feature_select):
		return proxy->dfselect;
	case AT(device_feature):
		/* 4.1.4.3.1: any selector is allowed; beyond what there is, 0 is read. */
		return virtio_get_host_features(vdev, proxy->dfselect);
	case AT(driver_feature_select):
		return proxy->gfselect;
	case AT(driver_feature):
		if (word >= 2 * VIRTIO_FEATURE_WORDS)
			return 0;
		return half(vdev->guest_features[word / 2], word % 2);
	case AT(config_msix_vector):
		return vdev->config_vector;
	case AT(num_queues):
		return vdev->num_queues;
	case AT(device_status):
		return virtio_pci_read_status(proxy);
	case AT(config_generation):
		return vdev->generation;
	case AT(queue_select):
		return proxy->queue_sel;
	}
	return 0; /* the administration queue's, which is not here */
}

/* ---- writing ---- */

static void set_half(uint64_t *address, uint32_t value, bool high)
{
	unsigned int shift = high ? 32 : 0;

	*address = (*address & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

static void write_size(struct VirtIODevice *vdev, struct VirtIOQueue *queue, uint32_t size)
{
	/* A size that the queue cannot have leaves the old one to be read back. */
	if (!size || size > queue->num_max || (!packed(vdev) && size & (size - 1)))
		return;
	queue->num = size;
}

static void reset_queue(struct VirtIOPCIProxy *proxy)
{
	if (!virtio_vdev_has_feature(proxy->vdev, VIRTIO_F_RING_RESET))
		return;
	virtio_queue_reset(proxy->vdev, proxy->queue_sel);
	proxy->queue_in_reset = proxy->queue_sel;
	proxy->queue_reset_left = proxy->faults.queue_reset_reads;
}

static void write_queue(struct VirtIOPCIProxy *proxy, uint32_t offset, uint32_t value)
{
	struct VirtIODevice *vdev = proxy->vdev;
	struct VirtIOQueue *queue = virtio_pci_selected(proxy);

	if (!queue)
		return;
	if (offset == AT(queue_reset)) {
		if (value == 1)
			reset_queue(proxy);
		return;
	}
	if (offset == AT(queue_msix_vector)) {
		queue->vector = virtio_pci_map_vector(proxy, value);
		return;
	}
	/* Once a queue is enabled it stays as it is, until a reset. */
	if (queue->enabled || in_queue_reset(proxy, false))
		return;
	switch (offset) {
	case AT(queue_size):
		write_size(vdev, queue, value);
		break;
	case AT(queue_enable):
		if (value == 1) {
			queue->num = presented_size(vdev, queue);
			virtio_queue_enable(vdev, proxy->queue_sel);
		}
		break;
	case AT(queue_desc_lo):
	case AT(queue_desc_hi):
		set_half(&queue->desc, value, offset == AT(queue_desc_hi));
		break;
	case AT(queue_driver_lo):
	case AT(queue_driver_hi):
		set_half(&queue->driver, value, offset == AT(queue_driver_hi));
		break;
	case AT(queue_device_lo):
	case AT(queue_device_hi):
		set_half(&queue->device, value, offset == AT(queue_device_hi));
		break;
	}
}

void virtio_pci_common_write(struct VirtIOPCIProxy *proxy, uint32_t offset, uint32_t value,
			     unsigned int bytes)
{
	const struct virtio_pci_field *field = virtio_pci_common_field(offset);
	struct VirtIODevice *vdev = proxy->vdev;

	if (!field || field->bytes != bytes || !field->writable)
		return;
	/* Until a reset is over, the device hears of nothing but another one. */
	if (proxy->reset_left && offset != AT(device_status))
		return;
	if (field->of_queue) {
		write_queue(proxy, offset, value);
		return;
	}
	switch (offset) {
	case AT(device_feature_select):
		proxy->dfselect = value;
		break;
	case AT(driver_feature_select):
		proxy->gfselect = value;
		break;
	case AT(driver_feature):
		virtio_set_guest_features(vdev, proxy->gfselect, value);
		break;
	case AT(config_msix_vector):
		vdev->config_vector = virtio_pci_map_vector(proxy, value);
		break;
	case AT(device_status):
		virtio_pci_write_status(proxy, (uint8_t)value);
		break;
	case AT(queue_select):
		proxy->queue_sel = (uint16_t)value;
		break;
	}
}
