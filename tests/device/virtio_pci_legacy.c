/* SPDX-License-Identifier: MIT */
/*
 * The legacy structure in its I/O BAR (4.1.4.10), as a legacy driver meets it.
 */
#include "device/pci_regs.h"
#include "platform/host/host.h"
#include "one_hand.h"

static const struct machine_device legacy = { .type = "rng", .interface = MACHINE_LEGACY };
static const struct machine_device transitional = { .type = "rng",
						    .interface = MACHINE_TRANSITIONAL };
static const struct machine_device blk = { .type = "blk",
					   .interface = MACHINE_LEGACY,
					   .disk_bytes = 512 * 0x123 };

static void the_first_32_features_are_all_there_is(void **state)
{
	(void)state;
	hand_start(&hand, &transitional);
	/* INDIRECT_DESC, EVENT_IDX, and ANY_LAYOUT, which 6.3 asks for. */
	assert_int_equal(hand_legacy_read(0, 4), 0x38000000);
	hand_legacy_set_up(&hand);
	assert_int_equal(hand.vdev->guest_features[0], 0x38000000);
	assert_int_equal(hand_legacy_read(4, 4), 0x38000000);
}

static void a_transitional_device_has_VERSION_1_for_modern_drivers_only(void **state)
{
	(void)state;
	hand_start(&hand, &transitional);
	assert_true(hand_offered() & FEATURE(VIRTIO_F_VERSION_1));
	assert_false(hand_offered() & FEATURE(27));
	hand_set_up(&hand);
	hand_expose(&hand);
	hand_kick(&hand);
	assert_int_equal(hand_used(&hand), 1);
}

static void a_queue_is_one_block_that_begins_at_a_page(void **state)
{
	(void)state;
	hand_start(&hand, &legacy);
	hand_legacy_set_up(&hand);
	assert_int_equal(hand_legacy_read(12, 2), 8);
	assert_int_equal(hand_legacy_read(8, 4), hand.dma / 4096);
	hand_expose(&hand);
	hand_legacy_write(16, 2, 0);
	assert_int_equal(le16_read(&hand.vr.used->idx), 1);
}

static void a_queues_place_is_written_once_and_taken_away_by_0(void **state)
{
	(void)state;
	hand_start(&hand, &legacy);
	hand_legacy_set_up(&hand);
	host_machine_expect_complaints();
	hand_expose(&hand);
	hand_legacy_write(16, 2, 0);
	hand_legacy_write(8, 4, (uint32_t)(hand.dma / 4096 + 1));
	assert_int_equal(hand_legacy_read(8, 4), hand.dma / 4096);
	hand_expose(&hand);
	hand_legacy_write(16, 2, 0);
	assert_int_equal(hand_used(&hand), 2);
	hand_legacy_write(8, 4, 0);
	assert_int_equal(hand_legacy_read(8, 4), 0);
}

static void a_queue_that_there_is_not_has_size_0(void **state)
{
	(void)state;
	hand_start(&hand, &legacy);
	hand_legacy_write(14, 2, 1);
	assert_int_equal(hand_legacy_read(12, 2), 0);
	assert_int_equal(hand_legacy_read(8, 4), 0);
}

static void a_queue_may_be_used_before_DRIVER_OK(void **state)
{
	(void)state;
	hand_start(&hand, &legacy);
	hand_legacy_write(18, 1, 0);
	hand_legacy_write(18, 1, ACKNOWLEDGE);
	hand_legacy_write(18, 1, ACKNOWLEDGE | DRIVER);
	hand_legacy_write(14, 2, 0);
	hand.num = (uint16_t)hand_legacy_read(12, 2);
	vring_init(&hand.vr, hand.num, hand.memory, 4096);
	hand_legacy_write(8, 4, (uint32_t)(hand.dma / 4096));
	hand_expose(&hand);
	hand_legacy_write(16, 2, 0);
	assert_int_equal(hand_used(&hand), 1);
}

static void writing_0_to_the_status_resets(void **state)
{
	(void)state;
	hand_start(&hand, &legacy);
	hand_legacy_set_up(&hand);
	assert_int_equal(hand_legacy_read(18, 1), ACKNOWLEDGE | DRIVER | DRIVER_OK);
	hand_legacy_write(18, 1, 0);
	assert_int_equal(hand_legacy_read(18, 1), 0);
	assert_int_equal(hand_legacy_read(4, 4), 0);
	assert_int_equal(hand_legacy_read(8, 4), 0);
	assert_false(hand.vdev->legacy);
}

static void reading_the_isr_takes_the_interrupt_back(void **state)
{
	(void)state;
	hand_start(&hand, &legacy);
	hand_legacy_set_up(&hand);
	hand_expose(&hand);
	hand_legacy_write(16, 2, 0);
	assert_true(platform_pci_read(HAND_BDF, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	assert_int_equal(hand_legacy_read(19, 1), 1);
	assert_int_equal(hand_legacy_read(19, 1), 0);
	assert_false(platform_pci_read(HAND_BDF, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
}

static void device_config_comes_after_the_header_in_any_width(void **state)
{
	static const unsigned int header[] = { 20, 24 };
	uint32_t by_bytes;

	(void)state;
	hand_start(&hand, &blk);
	for (int msix = 0; msix < 2; msix++) {
		/* 4.1.4.10: two vectors more while MSI-X is on. */
		platform_pci_write(HAND_BDF, hand.proxy->pci.msix_cap + PCI_MSIX_FLAGS, 2,
				   msix ? PCI_MSIX_FLAGS_ENABLE : 0);
		by_bytes = 0;
		for (unsigned int i = 0; i < 4; i++)
			by_bytes |= hand_legacy_read(header[msix] + i, 1) << 8 * i;
		assert_int_equal(by_bytes, 0x123); /* capacity, low half */
		assert_int_equal(hand_legacy_read(header[msix], 4), 0x123);
		assert_int_equal(hand_legacy_read(header[msix], 2), 0x123);
	}
}

static void vectors_are_there_while_msix_is_on(void **state)
{
	(void)state;
	hand_start(&hand, &legacy);
	hand_legacy_write(18, 1, 0);
	platform_pci_write(HAND_BDF, hand.proxy->pci.msix_cap + PCI_MSIX_FLAGS, 2,
			   PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(hand_legacy_read(20, 2), VIRTIO_NO_VECTOR);
	hand_legacy_write(20, 2, 1);
	assert_int_equal(hand_legacy_read(20, 2), 1);
	hand_legacy_write(22, 2, 0);
	assert_int_equal(hand_legacy_read(22, 2), 0);
	assert_int_equal(hand.vdev->queues[0].vector, 0);
	/* It stays when the queue is taken away, as long as there is no reset. */
	hand_legacy_write(8, 4, 0);
	assert_int_equal(hand_legacy_read(22, 2), 0);
	host_machine_expect_complaints();
	hand_legacy_write(22, 2, 7); /* there are two */
	assert_int_equal(hand_legacy_read(22, 2), VIRTIO_NO_VECTOR);
}

#define LEGACY_TEST(name) cmocka_unit_test_teardown(name, stop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LEGACY_TEST(the_first_32_features_are_all_there_is),
		LEGACY_TEST(a_transitional_device_has_VERSION_1_for_modern_drivers_only),
		LEGACY_TEST(a_queue_is_one_block_that_begins_at_a_page),
		LEGACY_TEST(a_queues_place_is_written_once_and_taken_away_by_0),
		LEGACY_TEST(a_queue_that_there_is_not_has_size_0),
		LEGACY_TEST(a_queue_may_be_used_before_DRIVER_OK),
		LEGACY_TEST(writing_0_to_the_status_resets),
		LEGACY_TEST(reading_the_isr_takes_the_interrupt_back),
		LEGACY_TEST(device_config_comes_after_the_header_in_any_width),
		LEGACY_TEST(vectors_are_there_while_msix_is_on),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
