/* SPDX-License-Identifier: MIT */
/*
 * A hand on the registers of one entropy device.
 */
#include "host_hand.h"
#include "platform/host/host.h"

#define PAGE 4096

static void place_bar(unsigned int bar, uint32_t address)
{
	platform_pci_write(HAND_BDF, 0x10 + 4 * bar, 4, address);
}

void hand_start(struct hand *hand, const struct machine_device *device)
{
	struct machine machine = { .devices = { *device } };

	machine_start(&machine);
	*hand = (struct hand){ .proxy = host_machine_proxy(0),
			       .vdev = host_machine_device(0),
			       .strict = host_machine_strict(0) };
	if (device->interface != MACHINE_MODERN)
		place_bar(VIRTIO_PCI_BAR_LEGACY, HAND_LEGACY);
	place_bar(VIRTIO_PCI_BAR_MSIX, HAND_MSIX);
	place_bar(VIRTIO_PCI_BAR_SHM, HAND_SHM);
	place_bar(VIRTIO_PCI_BAR_MODERN, HAND_MODERN);
	platform_pci_write(HAND_BDF, 4, 2, 7);
	hand->memory = platform_dma_alloc(4 * PAGE, &hand->dma);
	hand->packed = (void *)hand->memory;
	hand->driver_event = (void *)(hand->memory + PAGE);
}

void hand_stop(struct hand *hand)
{
	if (hand->proxy->conf.interface == VIRTIO_PCI_LEGACY)
		hand_legacy_write(18, 1, 0);
	else
		hand_write(FIELD(device_status), 1, 0);
	platform_dma_free(hand->memory, 4 * PAGE);
	machine_stop();
}

uint32_t hand_read(unsigned int field, unsigned int bytes)
{
	uint64_t address = HAND_MODERN + VIRTIO_PCI_COMMON_OFFSET + field;

	if (bytes == 4)
		return platform_mmio_read32(address);
	return bytes == 2 ? platform_mmio_read16(address) : platform_mmio_read8(address);
}

void hand_write(unsigned int field, unsigned int bytes, uint32_t value)
{
	uint64_t address = HAND_MODERN + VIRTIO_PCI_COMMON_OFFSET + field;

	if (bytes == 4)
		platform_mmio_write32(address, value);
	else if (bytes == 2)
		platform_mmio_write16(address, (uint16_t)value);
	else
		platform_mmio_write8(address, (uint8_t)value);
}

void hand_reset(void)
{
	hand_write(FIELD(device_status), 1, 0);
	while (hand_read(FIELD(device_status), 1))
		platform_relax();
}

void hand_status(uint8_t add)
{
	hand_write(FIELD(device_status), 1, hand_read(FIELD(device_status), 1) | add);
}

uint64_t hand_offered(void)
{
	uint64_t offered;

	hand_write(FIELD(device_feature_select), 4, 0);
	offered = hand_read(FIELD(device_feature), 4);
	hand_write(FIELD(device_feature_select), 4, 1);
	return offered | (uint64_t)hand_read(FIELD(device_feature), 4) << 32;
}

void hand_accept(struct hand *hand, uint64_t features)
{
	hand->features = features;
	hand_write(FIELD(driver_feature_select), 4, 0);
	hand_write(FIELD(driver_feature), 4, (uint32_t)features);
	hand_write(FIELD(driver_feature_select), 4, 1);
	hand_write(FIELD(driver_feature), 4, (uint32_t)(features >> 32));
}

bool hand_features_ok(void)
{
	hand_status(FEATURES_OK);
	return hand_read(FIELD(device_status), 1) & FEATURES_OK;
}

void hand_vectors(struct hand *hand)
{
	bool any = hand->proxy->pci.msix_entries;

	hand_write(FIELD(config_msix_vector), 2, any ? 0 : VIRTIO_NO_VECTOR);
	hand_read(FIELD(config_msix_vector), 2);
	hand_write(FIELD(queue_select), 2, 0);
	hand_write(FIELD(queue_msix_vector), 2, any ? 1 : VIRTIO_NO_VECTOR);
	hand_read(FIELD(queue_msix_vector), 2);
}

void hand_queue_areas(struct hand *hand)
{
	hand->num = (uint16_t)hand_read(FIELD(queue_size), 2);
	hand->vr = (struct vring){ .num = hand->num,
				   .desc = (void *)hand->memory,
				   .avail = (void *)(hand->memory + PAGE),
				   .used = (void *)(hand->memory + 2 * PAGE) };
	hand_write(FIELD(queue_desc_lo), 4, (uint32_t)hand->dma);
	hand_write(FIELD(queue_desc_hi), 4, (uint32_t)(hand->dma >> 32));
	hand_write(FIELD(queue_driver_lo), 4, (uint32_t)hand->dma + PAGE);
	hand_write(FIELD(queue_driver_hi), 4, (uint32_t)(hand->dma >> 32));
	hand_write(FIELD(queue_device_lo), 4, (uint32_t)hand->dma + 2 * PAGE);
	hand_write(FIELD(queue_device_hi), 4, (uint32_t)(hand->dma >> 32));
}

void hand_queue(struct hand *hand)
{
	hand_write(FIELD(queue_select), 2, 0);
	hand_queue_areas(hand);
	hand_write(FIELD(queue_enable), 2, 1);
}

void hand_driver_ok(void)
{
	hand_status(DRIVER_OK);
}

void hand_set_up(struct hand *hand)
{
	hand_reset();
	hand_status(ACKNOWLEDGE);
	hand_status(DRIVER);
	hand_accept(hand, hand_offered());
	assert_true(hand_features_ok());
	hand_vectors(hand);
	hand_queue(hand);
	hand_driver_ok();
}

/* ---- buffers ---- */

void hand_expose(struct hand *hand)
{
	uint16_t slot = hand->next % hand->num;
	uint64_t buffer = hand->dma + 3 * PAGE + 16 * slot;

	if (virtio_feature(hand->features, VIRTIO_F_RING_PACKED)) {
		le64_write(&hand->packed[slot].addr, buffer);
		le32_write(&hand->packed[slot].len, 16);
		le16_write(&hand->packed[slot].id, slot);
		/* The first lap: the wrap counter is 1. */
		le16_write(&hand->packed[slot].flags,
			   VRING_DESC_F_WRITE | VRING_PACKED_DESC_F_AVAIL);
		hand->next++;
		return;
	}
	le64_write(&hand->vr.desc[slot].addr, buffer);
	le32_write(&hand->vr.desc[slot].len, 16);
	le16_write(&hand->vr.desc[slot].flags, VRING_DESC_F_WRITE);
	le16_write(&hand->vr.avail->ring[slot], slot);
	le16_write(&hand->vr.avail->idx, ++hand->next);
}

void hand_kick(struct hand *hand)
{
	uint64_t doorbell = HAND_MODERN + VIRTIO_PCI_NOTIFY_OFFSET;
	uint32_t value = 0, next = hand->next;

	if (virtio_feature(hand->features, VIRTIO_F_NOTIF_CONFIG_DATA))
		value = virtio_pci_notif_config_data(0);
	if (virtio_feature(hand->features, VIRTIO_F_RING_PACKED))
		next |= 1u << 15;
	if (virtio_feature(hand->features, VIRTIO_F_NOTIFICATION_DATA))
		platform_mmio_write32(doorbell, value | next << 16);
	else
		platform_mmio_write16(doorbell, (uint16_t)value);
}

unsigned int hand_used(const struct hand *hand)
{
	unsigned int n = 0;

	if (!virtio_feature(hand->features, VIRTIO_F_RING_PACKED))
		return le16_read(&hand->vr.used->idx);
	while (n < hand->num && le16_read(&hand->packed[n].flags) & VRING_PACKED_DESC_F_USED)
		n++;
	return n;
}

/* ---- the legacy interface ---- */

uint32_t hand_legacy_read(unsigned int offset, unsigned int bytes)
{
	uint16_t port = (uint16_t)(HAND_LEGACY + offset);

	if (bytes == 4)
		return platform_io_read32(port);
	return bytes == 2 ? platform_io_read16(port) : platform_io_read8(port);
}

void hand_legacy_write(unsigned int offset, unsigned int bytes, uint32_t value)
{
	uint16_t port = (uint16_t)(HAND_LEGACY + offset);

	if (bytes == 4)
		platform_io_write32(port, value);
	else if (bytes == 2)
		platform_io_write16(port, (uint16_t)value);
	else
		platform_io_write8(port, (uint8_t)value);
}

void hand_legacy_set_up(struct hand *hand)
{
	hand_legacy_write(18, 1, 0);
	hand_legacy_write(18, 1, ACKNOWLEDGE);
	hand_legacy_write(18, 1, ACKNOWLEDGE | DRIVER);
	hand->features = hand_legacy_read(0, 4);
	hand_legacy_write(4, 4, (uint32_t)hand->features);
	hand_legacy_write(14, 2, 0);
	hand->num = (uint16_t)hand_legacy_read(12, 2);
	vring_init(&hand->vr, hand->num, hand->memory, PAGE);
	hand_legacy_write(8, 4, (uint32_t)(hand->dma / PAGE));
	hand_legacy_write(18, 1, ACKNOWLEDGE | DRIVER | DRIVER_OK);
}
