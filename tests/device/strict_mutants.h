/* SPDX-License-Identifier: MIT */
/*
 * Drivers that do all right but one thing, as scripts of register accesses. strict.c says what each
 * is to be caught for.
 */
#ifndef TESTS_DEVICE_STRICT_MUTANTS_H
#define TESTS_DEVICE_STRICT_MUTANTS_H

#include "tests/support/host_hand.h"

/* ---- how far a driver may get before it goes wrong ---- */

static void up_to_driver(void)
{
	hand_reset();
	hand_status(ACKNOWLEDGE);
	hand_status(DRIVER);
}

static void up_to_features_ok(struct hand *hand)
{
	up_to_driver();
	hand_accept(hand, hand_offered());
	assert_true(hand_features_ok());
}

static void up_to_areas(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_vectors(hand);
	hand_queue_areas(hand);
}

static void set_up_and_kick(struct hand *hand)
{
	hand_set_up(hand);
	hand_expose(hand);
	hand_kick(hand);
}

/* ---- status and the order of initialization ---- */

static void status_is_set_without_a_reset(struct hand *hand)
{
	(void)hand;
	hand_status(ACKNOWLEDGE);
}

static void the_reset_is_not_awaited(struct hand *hand)
{
	(void)hand;
	hand_write(FIELD(device_status), 1, 0);
	hand_write(FIELD(device_status), 1, ACKNOWLEDGE);
}

static void config_is_read_before_the_reset_is_over(struct hand *hand)
{
	hand->proxy->faults.reset_reads = 3;
	hand_write(FIELD(device_status), 1, 0);
	assert_int_not_equal(hand_read(FIELD(device_status), 1), 0);
	platform_mmio_read32(HAND_MODERN + VIRTIO_PCI_DEVICE_OFFSET);
}

static void a_status_bit_is_cleared(struct hand *hand)
{
	(void)hand;
	up_to_driver();
	hand_write(FIELD(device_status), 1, ACKNOWLEDGE);
}

static void driver_is_set_without_acknowledge(struct hand *hand)
{
	(void)hand;
	hand_reset();
	hand_status(DRIVER);
}

static void failed_is_followed_by_another_try(struct hand *hand)
{
	(void)hand;
	hand_reset();
	hand_status(ACKNOWLEDGE);
	hand_status(FAILED);
	hand_status(DRIVER);
}

static void features_follow_failed(struct hand *hand)
{
	up_to_driver();
	hand_status(FAILED);
	hand_accept(hand, hand_offered());
}

static void driver_ok_is_set_without_features_ok(struct hand *hand)
{
	host_machine_expect_complaints();
	up_to_driver();
	hand_accept(hand, hand_offered());
	hand_driver_ok();
}

static void the_driver_does_not_see_that_it_was_refused(struct hand *hand)
{
	host_machine_expect_complaints();
	hand->proxy->faults.refuse_features = true;
	up_to_driver();
	hand_accept(hand, hand_offered());
	assert_false(hand_features_ok());
	hand_driver_ok();
}

static void features_ok_is_not_read_back(struct hand *hand)
{
	up_to_driver();
	hand_accept(hand, hand_offered());
	hand_write(FIELD(device_status), 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	hand_queue(hand);
}

static void config_is_written_before_features_ok(struct hand *hand)
{
	(void)hand;
	up_to_driver();
	platform_mmio_write8(HAND_MODERN + VIRTIO_PCI_DEVICE_OFFSET, 1);
}

static void bus_mastering_is_forgotten(struct hand *hand)
{
	platform_pci_write(HAND_BDF, 4, 2, 3);
	hand_set_up(hand);
}

/* ---- features ---- */

static void a_feature_is_accepted_that_was_not_offered(struct hand *hand)
{
	up_to_driver();
	hand_accept(hand, hand_offered() | FEATURE(VIRTIO_F_ACCESS_PLATFORM));
}

static bool bit_1_needs_bit_0(struct VirtIODevice *vdev, const uint64_t *features)
{
	(void)vdev;
	return !(features[0] & 2) || features[0] & 1;
}

static void a_feature_is_accepted_without_its_base(struct hand *hand)
{
	static struct VirtioDeviceClass class;

	class = *hand->vdev->class;
	class.validate_features = bit_1_needs_bit_0;
	hand->vdev->class = &class;
	hand->vdev->host_features[0] |= 3;
	up_to_driver();
	hand_accept(hand, hand_offered() & ~1ull);
	assert_false(hand_features_ok());
}

static void a_reserved_feature_is_accepted(struct hand *hand)
{
	hand->vdev->host_features[0] |= FEATURE(45); /* a device of the future, or a broken one */
	up_to_driver();
	hand_accept(hand, hand_offered());
}

static void features_are_written_before_driver(struct hand *hand)
{
	hand_reset();
	hand_status(ACKNOWLEDGE);
	hand_offered();
	hand_write(FIELD(driver_feature_select), 4, 1);
	hand_write(FIELD(driver_feature), 4, 1);
	(void)hand;
}

static void features_are_accepted_unseen(struct hand *hand)
{
	up_to_driver();
	hand_accept(hand, FEATURE(VIRTIO_F_VERSION_1));
}

static void features_are_written_after_features_ok(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_write(FIELD(driver_feature), 4, 1);
}

static void version_1_is_not_accepted(struct hand *hand)
{
	up_to_driver();
	hand_accept(hand, hand_offered() & ~FEATURE(VIRTIO_F_VERSION_1));
	assert_false(hand_features_ok());
}

static void sr_iov_is_accepted_from_a_function_without_it(struct hand *hand)
{
	hand->vdev->host_features[0] |= FEATURE(37);
	up_to_features_ok(hand);
}

/* NumVFs, then VF Enable. */
static void enable_vfs(struct hand *hand)
{
	unsigned int cap = hand->proxy->pci.sriov_cap;

	platform_pci_write(HAND_BDF, cap + 0x10, 2, 2);
	platform_pci_write(HAND_BDF, cap + 0x08, 2, 1);
}

static void virtual_functions_come_before_features(struct hand *hand)
{
	up_to_driver();
	enable_vfs(hand);
}

/* ---- the common configuration structure ---- */

static void a_field_is_read_in_part(struct hand *hand)
{
	(void)hand;
	hand_reset();
	hand_read(FIELD(num_queues), 1);
}

static void two_fields_are_written_at_once(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_write(FIELD(queue_enable), 4, 1);
}

static void num_queues_is_written(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_write(FIELD(num_queues), 2, 1);
}

static void a_queue_is_set_up_that_there_is_not(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_write(FIELD(queue_select), 2, 1);
	assert_int_equal(hand_read(FIELD(queue_size), 2), 0);
	hand_write(FIELD(queue_desc_lo), 4, 0x1000);
}

static void queue_size_is_written_0(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_write(FIELD(queue_size), 2, 0);
}

static void a_split_queue_is_to_have_6_entries(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_write(FIELD(queue_size), 2, 6);
}

static void a_queue_is_to_be_larger_than_offered(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_write(FIELD(queue_size), 2, 16);
}

static void a_queue_is_enabled_before_features_ok(struct hand *hand)
{
	up_to_driver();
	hand_accept(hand, hand_offered());
	hand_queue(hand);
}

static void a_queue_is_enabled_after_driver_ok(struct hand *hand)
{
	up_to_areas(hand);
	hand_driver_ok();
	hand_write(FIELD(queue_enable), 2, 1);
}

static void a_queue_is_enabled_without_an_address(struct hand *hand)
{
	host_machine_expect_complaints();
	up_to_features_ok(hand);
	hand_write(FIELD(queue_desc_lo), 4, (uint32_t)hand->dma);
	hand_write(FIELD(queue_driver_lo), 4, (uint32_t)hand->dma + 4096);
	hand_write(FIELD(queue_enable), 2, 1);
}

static void the_used_ring_is_misaligned(struct hand *hand)
{
	host_machine_expect_complaints();
	up_to_areas(hand);
	hand_write(FIELD(queue_device_lo), 4, (uint32_t)hand->dma + 2 * 4096 + 2);
	hand_write(FIELD(queue_enable), 2, 1);
}

static void a_live_queue_is_moved(struct hand *hand)
{
	hand_set_up(hand);
	hand_write(FIELD(queue_desc_lo), 4, (uint32_t)hand->dma);
}

static void a_queue_is_enabled_twice(struct hand *hand)
{
	hand_set_up(hand);
	hand->strict->queues[0].was_reset = true; /* which is not what this is about */
	hand_write(FIELD(queue_enable), 2, 1);
}

static void queue_enable_is_written_0(struct hand *hand)
{
	hand_set_up(hand);
	hand_write(FIELD(queue_enable), 2, 0);
}

static void a_new_used_ring_has_flags(struct hand *hand)
{
	up_to_areas(hand);
	le16_write(&hand->vr.used->flags, 1);
	hand_write(FIELD(queue_enable), 2, 1);
}

static void a_queue_is_reset_without_ring_reset(struct hand *hand)
{
	hand_set_up(hand);
	hand_write(FIELD(queue_reset), 2, 1);
}

static void a_queues_reset_is_not_awaited(struct hand *hand)
{
	hand_set_up(hand);
	hand_write(FIELD(queue_reset), 2, 1);
	hand_write(FIELD(queue_size), 2, 4);
}

/* ---- interrupts ---- */

static void a_vector_is_named_that_the_table_has_not(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_write(FIELD(config_msix_vector), 2, 2);
	assert_int_equal(hand_read(FIELD(config_msix_vector), 2), VIRTIO_NO_VECTOR);
}

static void a_queues_vector_is_not_read_back(struct hand *hand)
{
	up_to_features_ok(hand);
	hand_write(FIELD(queue_msix_vector), 2, 1);
	hand_queue(hand);
}

static void the_configs_vector_is_not_read_back(struct hand *hand)
{
	up_to_areas(hand);
	hand_write(FIELD(config_msix_vector), 2, 1);
	hand_write(FIELD(queue_enable), 2, 1);
	hand_driver_ok();
}

static void enable_msix(struct hand *hand)
{
	unsigned int flags = hand->proxy->pci.msix_cap + 2;

	platform_pci_write(HAND_BDF, flags, 2, platform_pci_read(HAND_BDF, flags, 2) | 0x8000);
}

static void the_isr_is_read_while_msix_is_on(struct hand *hand)
{
	enable_msix(hand);
	set_up_and_kick(hand);
	platform_mmio_read8(HAND_MODERN + VIRTIO_PCI_ISR_OFFSET);
}

/* ---- doorbells ---- */

static void the_doorbell_rings_before_driver_ok(struct hand *hand)
{
	up_to_areas(hand);
	hand_write(FIELD(queue_enable), 2, 1);
	hand_expose(hand);
	hand_kick(hand);
	assert_int_equal(hand_used(hand), 0); /* 2.1.2: it does not listen yet */
}

static void the_doorbell_of_a_disabled_queue_rings(struct hand *hand)
{
	up_to_areas(hand);
	hand_driver_ok();
	hand_kick(hand);
}

static void the_doorbell_of_no_queue_rings(struct hand *hand)
{
	hand_set_up(hand);
	platform_mmio_write16(HAND_MODERN + VIRTIO_PCI_NOTIFY_OFFSET, 3);
}

static void a_doorbell_has_32_bits(struct hand *hand)
{
	hand_set_up(hand);
	platform_mmio_write32(HAND_MODERN + VIRTIO_PCI_NOTIFY_OFFSET, 0);
}

static void a_doorbell_has_16_bits(struct hand *hand)
{
	hand_set_up(hand);
	platform_mmio_write16(HAND_MODERN + VIRTIO_PCI_NOTIFY_OFFSET, 0);
}

static void a_doorbell_says_1_for_queue_0(struct hand *hand)
{
	hand_set_up(hand);
	platform_mmio_write16(HAND_MODERN + VIRTIO_PCI_NOTIFY_OFFSET, 1);
}

static void a_doorbell_says_the_index_not_the_config_data(struct hand *hand)
{
	hand_set_up(hand);
	platform_mmio_write16(HAND_MODERN + VIRTIO_PCI_NOTIFY_OFFSET, 0);
}

static void a_doorbell_says_the_last_buffer_not_the_next(struct hand *hand)
{
	hand_set_up(hand);
	hand_expose(hand);
	platform_mmio_write32(HAND_MODERN + VIRTIO_PCI_NOTIFY_OFFSET, 0u << 16);
}

static void a_packed_doorbell_says_the_last_buffer(struct hand *hand)
{
	hand_set_up(hand);
	hand_expose(hand);
	platform_mmio_write32(HAND_MODERN + VIRTIO_PCI_NOTIFY_OFFSET, 0x80000000);
}

/* ---- memory ---- */

static void avail_flags_are_2(struct hand *hand)
{
	hand_set_up(hand);
	le16_write(&hand->vr.avail->flags, 2);
	hand_kick(hand);
}

static void avail_flags_are_1_with_event_idx(struct hand *hand)
{
	hand_set_up(hand);
	le16_write(&hand->vr.avail->flags, 1);
	hand_kick(hand);
}

static void packed_event_flags_are_3(struct hand *hand)
{
	hand_set_up(hand);
	le16_write(&hand->driver_event->flags, 3);
	hand_kick(hand);
}

static void an_exposed_buffer_becomes_longer(struct hand *hand)
{
	set_up_and_kick(hand);
	le32_write(&hand->vr.desc[0].len, 32);
	hand_expose(hand);
	hand_kick(hand);
}

static void a_live_rings_memory_is_freed(struct hand *hand)
{
	uint64_t other;

	hand_set_up(hand);
	platform_dma_free(hand->memory + 4096, 4096);
	/* Taken again, so that the end finds it as it expects it. */
	assert_ptr_equal(platform_dma_alloc(4096, &other), hand->memory + 4096);
}

static void an_exposed_buffers_memory_is_freed(struct hand *hand)
{
	uint64_t other;

	set_up_and_kick(hand);
	platform_dma_free(hand->memory + 3 * 4096, 4096);
	assert_ptr_equal(platform_dma_alloc(4096, &other), hand->memory + 3 * 4096);
}

/* ---- config space ---- */

/* The first virtio capability of type @type. */
static unsigned int find_cap(unsigned int type)
{
	unsigned int at = platform_pci_read(HAND_BDF, 0x34, 1);

	while (at && (platform_pci_read(HAND_BDF, at, 1) != 9 ||
		      platform_pci_read(HAND_BDF, at + 3, 1) != type))
		at = platform_pci_read(HAND_BDF, at + 1, 1);
	assert_int_not_equal(at, 0);
	return at;
}

static void a_capability_is_written(struct hand *hand)
{
	(void)hand;
	platform_pci_write(HAND_BDF, find_cap(VIRTIO_PCI_CAP_NOTIFY_CFG) + 8, 4, 0);
}

static void look_through_window(uint32_t offset, uint32_t length)
{
	unsigned int cap = find_cap(VIRTIO_PCI_CAP_PCI_CFG);

	platform_pci_write(HAND_BDF, cap + 4, 1, VIRTIO_PCI_BAR_MODERN);
	platform_pci_write(HAND_BDF, cap + 8, 4, offset);
	platform_pci_write(HAND_BDF, cap + 12, 4, length);
	platform_pci_read(HAND_BDF, cap + 16, 4);
}

static void the_window_is_misaligned(struct hand *hand)
{
	(void)hand;
	look_through_window(FIELD(num_queues), 4);
}

static void the_window_looks_at_nothing(struct hand *hand)
{
	(void)hand;
	look_through_window(VIRTIO_PCI_ISR_OFFSET + 4, 4);
}

/* ---- the legacy interface ---- */

static void both_interfaces_are_used(struct hand *hand)
{
	(void)hand;
	up_to_driver();
	hand_legacy_write(14, 2, 0);
}

static void a_legacy_driver_sets_features_ok(struct hand *hand)
{
	(void)hand;
	hand_legacy_write(18, 1, 0);
	hand_legacy_write(18, 1, ACKNOWLEDGE | DRIVER);
	hand_legacy_write(18, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
}

static void a_legacy_driver_accepts_bit_30(struct hand *hand)
{
	hand->vdev->host_features[0] |= FEATURE(30);
	hand_legacy_write(18, 1, 0);
	hand_legacy_write(18, 1, ACKNOWLEDGE | DRIVER);
	hand_legacy_write(4, 4, 1u << 30);
}

static void a_legacy_queue_is_placed_twice(struct hand *hand)
{
	hand_legacy_set_up(hand);
	hand_legacy_write(8, 4, (uint32_t)(hand->dma / 4096));
}

static void a_legacy_doorbell_of_no_queue_rings(struct hand *hand)
{
	hand_legacy_set_up(hand);
	hand_legacy_write(16, 2, 1);
}

#endif
