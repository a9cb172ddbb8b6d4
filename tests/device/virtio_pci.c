/* SPDX-License-Identifier: MIT */
/*
 * The registers of the PCI transport (4.1), each held against its sentence. The device behind them
 * is the entropy device; the driver is a hand.
 */
#include "device/pci_regs.h"
#include "platform/host/host.h"
#include "one_hand.h"

static const struct machine_device no_vectors = { .type = "rng", .vectors = MACHINE_NO_VECTORS };

#define ISR (HAND_MODERN + VIRTIO_PCI_ISR_OFFSET)
#define DOORBELLS (HAND_MODERN + VIRTIO_PCI_NOTIFY_OFFSET)

static void enable_msix(bool on)
{
	platform_pci_write(HAND_BDF, hand.proxy->pci.msix_cap + PCI_MSIX_FLAGS, 2,
			   on ? PCI_MSIX_FLAGS_ENABLE : 0);
}

/* ---- features and status ---- */

static void device_feature_shows_any_word(void **state)
{
	(void)state;
	start(&modern);
	hand.vdev->host_features[1] = 1ull << 63 | 1; /* bits 64 and 127 */
	for (unsigned int word = 0; word < 6; word++) {
		static const uint32_t shown[] = { 0x30000000, 0x101, 1, 0x80000000, 0, 0 };

		hand_write(FIELD(device_feature_select), 4, word);
		assert_int_equal(hand_read(FIELD(device_feature), 4), shown[word]);
	}
	hand_write(FIELD(device_feature_select), 4, 0xffffffff);
	assert_int_equal(hand_read(FIELD(device_feature), 4), 0);
}

static void driver_feature_shows_what_was_accepted(void **state)
{
	(void)state;
	start(&modern);
	without_manners();
	hand.vdev->host_features[1] = 6;
	for (unsigned int word = 0; word < 4; word++) {
		hand_write(FIELD(driver_feature_select), 4, word);
		hand_write(FIELD(driver_feature), 4, 0xffffffff);
	}
	assert_int_equal(hand_read(FIELD(driver_feature), 4), 0);
	hand_write(FIELD(driver_feature_select), 4, 2);
	assert_int_equal(hand_read(FIELD(driver_feature), 4), 6);
	hand_write(FIELD(driver_feature_select), 4, 1);
	assert_int_equal(hand_read(FIELD(driver_feature), 4), 0x101);
}

static void a_reset_clears_all_that_a_driver_has_set(void **state)
{
	(void)state;
	start(&modern);
	hand_set_up(&hand);
	assert_int_equal(hand_read(FIELD(device_status), 1), 15);
	hand_reset();
	assert_int_equal(hand_read(FIELD(queue_enable), 2), 0);
	assert_int_equal(hand_read(FIELD(queue_reset), 2), 0);
	assert_int_equal(hand_read(FIELD(queue_desc_lo), 4), 0);
	assert_int_equal(hand_read(FIELD(queue_msix_vector), 2), VIRTIO_NO_VECTOR);
	assert_int_equal(hand_read(FIELD(config_msix_vector), 2), VIRTIO_NO_VECTOR);
	assert_int_equal(hand_read(FIELD(driver_feature), 4), 0);
}

static void a_slow_reset_ends_when_status_reads_0(void **state)
{
	(void)state;
	start(&modern);
	without_manners();
	hand_set_up(&hand);
	hand.proxy->faults.reset_reads = 2;
	hand_write(FIELD(device_status), 1, 0);
	assert_int_not_equal(hand_read(FIELD(device_status), 1), 0);
	hand_write(FIELD(device_status), 1, ACKNOWLEDGE); /* not heard */
	assert_int_not_equal(hand_read(FIELD(device_status), 1), 0);
	assert_int_equal(hand_read(FIELD(device_status), 1), 0);
}

static void a_field_is_accessed_as_a_whole_or_not_at_all(void **state)
{
	(void)state;
	start(&modern);
	without_manners();
	hand_write(FIELD(queue_size), 2, 4);
	assert_int_equal(hand_read(FIELD(queue_size), 2), 4);
	hand_write(FIELD(queue_size), 1, 2);
	hand_write(FIELD(queue_size), 4, 2); /* and the vector after it */
	hand_write(FIELD(num_queues), 2, 7);
	hand_write(FIELD(queue_desc_lo), 2, 0x1000);
	assert_int_equal(hand_read(FIELD(queue_size), 2), 4);
	assert_int_equal(hand_read(FIELD(queue_size), 4), 0);
	assert_int_equal(hand_read(FIELD(queue_size), 1), 0);
	assert_int_equal(hand_read(FIELD(queue_size) + 1, 1), 0);
	assert_int_equal(hand_read(FIELD(num_queues), 2), 1);
	assert_int_equal(hand_read(FIELD(queue_desc_lo), 4), 0);
	/* Beyond the structure there is nothing. */
	hand_write(sizeof(struct virtio_pci_common_cfg), 4, 1);
	assert_int_equal(hand_read(sizeof(struct virtio_pci_common_cfg), 4), 0);
}

/* ---- queues ---- */

static void a_queue_that_there_is_not_has_size_0(void **state)
{
	(void)state;
	start(&modern);
	without_manners();
	assert_int_equal(hand_read(FIELD(num_queues), 2), 1);
	assert_int_equal(hand_read(FIELD(queue_size), 2), 8);
	hand_write(FIELD(queue_select), 2, 1);
	assert_int_equal(hand_read(FIELD(queue_size), 2), 0);
	hand_write(FIELD(queue_select), 2, 0xffff);
	assert_int_equal(hand_read(FIELD(queue_size), 2), 0);
	hand_write(FIELD(queue_enable), 2, 1);
	assert_int_equal(hand_read(FIELD(queue_enable), 2), 0);
}

static void a_split_queues_size_is_shown_as_a_power_of_two(void **state)
{
	struct machine_device device = { .type = "rng", .queue_size = 6, .packed = MACHINE_ON };

	(void)state;
	start(&device);
	assert_int_equal(hand_read(FIELD(queue_size), 2), 4);
	hand_reset();
	hand_status(ACKNOWLEDGE);
	hand_status(DRIVER);
	hand_accept(&hand, hand_offered());
	assert_int_equal(hand_read(FIELD(queue_size), 2), 6);
}

static void a_size_that_cannot_be_is_not_taken(void **state)
{
	(void)state;
	start(&modern);
	without_manners();
	for (unsigned int size = 0; size < 20; size++) {
		static const unsigned int good[] = { 1, 2, 4, 8 };
		bool taken = false;

		hand_write(FIELD(queue_size), 2, 8);
		hand_write(FIELD(queue_size), 2, size);
		for (int i = 0; i < 4; i++)
			taken |= size == good[i];
		assert_int_equal(hand_read(FIELD(queue_size), 2), taken ? size : 8);
	}
}

static void an_enabled_queue_stays_as_it_is(void **state)
{
	(void)state;
	start(&modern);
	without_manners();
	hand_set_up(&hand);
	hand_write(FIELD(queue_size), 2, 4);
	hand_write(FIELD(queue_desc_lo), 4, 0);
	hand_write(FIELD(queue_enable), 2, 0);
	assert_int_equal(hand_read(FIELD(queue_size), 2), 8);
	assert_int_equal(hand_read(FIELD(queue_desc_lo), 4), (uint32_t)hand.dma);
	assert_int_equal(hand_read(FIELD(queue_enable), 2), 1);
}

static void a_queues_reset_goes_on_until_queue_reset_reads_0(void **state)
{
	(void)state;
	start(&modern);
	hand_set_up(&hand);
	hand.proxy->faults.queue_reset_reads = 2;
	hand_write(FIELD(queue_reset), 2, 1);
	assert_int_equal(hand_read(FIELD(queue_reset), 2), 1);
	assert_int_equal(hand_read(FIELD(queue_enable), 2), 1);
	assert_int_equal(hand_read(FIELD(queue_reset), 2), 1);
	assert_int_equal(hand_read(FIELD(queue_reset), 2), 0);
	assert_int_equal(hand_read(FIELD(queue_enable), 2), 0);
	/* Enabled again, it reads 0 too. */
	hand_queue(&hand);
	assert_int_equal(hand_read(FIELD(queue_enable), 2), 1);
	assert_int_equal(hand_read(FIELD(queue_reset), 2), 0);
}

static void a_queue_that_was_reset_gives_nothing_back(void **state)
{
	struct machine_device device = { .type = "rng", .options = "deferred=on" };

	(void)state;
	start(&device);
	hand_set_up(&hand);
	hand_expose(&hand);
	hand_kick(&hand);
	hand_write(FIELD(queue_reset), 2, 1);
	assert_false(platform_host_run());
	assert_int_equal(hand_used(&hand), 0);
	assert_int_equal(hand_read(FIELD(queue_reset), 2), 0);
}

static void a_ring_out_of_memory_asks_for_a_reset(void **state)
{
	(void)state;
	start(&no_vectors);
	without_manners();
	hand_set_up(&hand);
	le16_write(&hand.vr.avail->idx, 100); /* more buffers than there are entries */
	hand_kick(&hand);
	assert_true(hand_read(FIELD(device_status), 1) & VIRTIO_STATUS_NEEDS_RESET);
	assert_string_equal(hand.vdev->complaint,
			    "avail.idx is 0x64: more buffers than the ring holds");
	/* 2.1.2: and the driver is told, as of a change of config. */
	assert_int_equal(platform_mmio_read8(ISR), 2);
	hand_reset();
	assert_int_equal(hand_read(FIELD(device_status), 1), 0);
}

static void addresses_outside_memory_are_refused(void **state)
{
	(void)state;
	start(&modern);
	without_manners();
	hand_reset();
	hand_status(ACKNOWLEDGE);
	hand_status(DRIVER);
	hand_accept(&hand, hand_offered());
	assert_true(hand_features_ok());
	hand_queue_areas(&hand);
	hand_write(FIELD(queue_desc_hi), 4, 0xffffffff);
	hand_write(FIELD(queue_enable), 2, 1);
	assert_int_equal(hand_read(FIELD(queue_enable), 2), 0);
	assert_true(hand_read(FIELD(device_status), 1) & VIRTIO_STATUS_NEEDS_RESET);
}

/* ---- doorbells ---- */

static void doorbells_are_apart_by_the_multiplier(void **state)
{
	static const uint32_t multipliers[] = { 0, 2, 4, 4096 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		char options[64];
		struct machine_device device = { .type = "rng", .options = options };

		snprintf(options, sizeof(options), "notify_off_multiplier=%u", multipliers[i]);
		start(&device);
		hand_set_up(&hand);
		assert_int_equal(hand_read(FIELD(queue_notify_off), 2), 0);
		hand_expose(&hand);
		hand_kick(&hand);
		assert_int_equal(hand_used(&hand), 1);
		if (i < 3)
			hand_stop(&hand);
	}
}

static void a_doorbell_of_another_width_is_not_heard(void **state)
{
	struct machine_device data = { .type = "rng", .options = "notification_data=on" };

	(void)state;
	start(&modern);
	without_manners();
	hand_set_up(&hand);
	hand_expose(&hand);
	platform_mmio_write32(DOORBELLS, 0);
	platform_mmio_write8(DOORBELLS, 0);
	assert_int_equal(hand.proxy->kicks, 0);
	hand_stop(&hand);

	start(&data);
	without_manners();
	hand_set_up(&hand);
	platform_mmio_write16(DOORBELLS, 0);
	assert_int_equal(hand.proxy->kicks, 0);
	hand_expose(&hand);
	hand_kick(&hand);
	assert_int_equal(hand_used(&hand), 1);
}

static void with_one_doorbell_the_value_says_which_queue(void **state)
{
	struct machine_device device = { .type = "rng",
					 .options =
						 "notify_off_multiplier=0,notif_config_data=on" };

	(void)state;
	start(&device);
	without_manners();
	hand_set_up(&hand);
	assert_int_equal(hand_read(FIELD(queue_notif_config_data), 2),
			 virtio_pci_notif_config_data(0));
	hand_expose(&hand);
	platform_mmio_write16(DOORBELLS, 0); /* the index, which is not asked for */
	assert_int_equal(hand_used(&hand), 0);
	hand_kick(&hand);
	assert_int_equal(hand_used(&hand), 1);
}

/* ---- interrupts ---- */

static void reading_the_isr_takes_the_interrupt_back(void **state)
{
	(void)state;
	start(&no_vectors);
	hand_set_up(&hand);
	hand_expose(&hand);
	hand_kick(&hand);
	assert_true(config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	assert_int_equal(platform_mmio_read8(ISR), 1);
	assert_false(config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	assert_int_equal(platform_mmio_read8(ISR), 0);
}

static void the_isr_tells_config_from_queues(void **state)
{
	(void)state;
	start(&no_vectors);
	hand_set_up(&hand);
	virtio_notify_config(hand.vdev);
	hand_expose(&hand);
	hand_kick(&hand);
	assert_int_equal(platform_mmio_read8(ISR), 3);
}

static void with_msix_the_isr_knows_of_config_only(void **state)
{
	(void)state;
	start(&modern);
	enable_msix(true);
	hand_set_up(&hand);
	hand_expose(&hand);
	hand_kick(&hand);
	virtio_notify_config(hand.vdev);
	assert_int_equal(platform_mmio_read8(ISR), 2);
	/* Both waited as messages, masked: nobody has unmasked the table. */
	assert_int_equal(platform_mmio_read8(HAND_MSIX + 2048), 3);
}

static void without_a_vector_nothing_is_sent(void **state)
{
	(void)state;
	start(&modern);
	enable_msix(true);
	hand_set_up(&hand);
	hand.vdev->queues[0].vector = VIRTIO_NO_VECTOR;
	hand.vdev->config_vector = VIRTIO_NO_VECTOR;
	hand_expose(&hand);
	hand_kick(&hand);
	virtio_notify_config(hand.vdev);
	assert_int_equal(hand.proxy->interrupts, 0);
	assert_int_equal(platform_mmio_read8(HAND_MSIX + 2048), 0);
	assert_int_equal(platform_mmio_read8(ISR), 2); /* the ISR knows all the same */
}

static void a_vector_outside_the_table_reads_as_none(void **state)
{
	static const unsigned int fields[] = { FIELD(config_msix_vector),
					       FIELD(queue_msix_vector) };

	(void)state;
	start(&modern);
	without_manners();
	for (int i = 0; i < 2; i++) {
		hand_write(fields[i], 2, 1);
		assert_int_equal(hand_read(fields[i], 2), 1);
		hand_write(fields[i], 2, 2);
		assert_int_equal(hand_read(fields[i], 2), VIRTIO_NO_VECTOR);
		hand_write(fields[i], 2, 0);
		hand_write(fields[i], 2, VIRTIO_NO_VECTOR);
		assert_int_equal(hand_read(fields[i], 2), VIRTIO_NO_VECTOR);
	}
	hand.proxy->faults.refuse_vectors = 1;
	hand_write(fields[0], 2, 1);
	assert_int_equal(hand_read(fields[0], 2), VIRTIO_NO_VECTOR);
	hand_write(fields[0], 2, 1);
	assert_int_equal(hand_read(fields[0], 2), 1);
}

static void an_interrupt_can_be_lost_on_command(void **state)
{
	(void)state;
	start(&no_vectors);
	hand_set_up(&hand);
	hand.proxy->faults.lose_interrupts = 1;
	hand_expose(&hand);
	hand_kick(&hand);
	assert_int_equal(hand_used(&hand), 1);
	assert_int_equal(platform_mmio_read8(ISR), 0);
	/* Only one: and the next buffer is far enough for EVENT_IDX to want another. */
	virtio_notify_config(hand.vdev);
	assert_int_equal(platform_mmio_read8(ISR), 2);
}

static void a_device_that_may_not_master_stands_still(void **state)
{
	(void)state;
	start(&modern);
	hand_set_up(&hand);
	hand_expose(&hand);
	platform_pci_write(HAND_BDF, PCI_COMMAND, 2, 3);
	hand_kick(&hand);
	assert_int_equal(hand_used(&hand), 0);
	platform_pci_write(HAND_BDF, PCI_COMMAND, 2, 7);
	hand_kick(&hand);
	assert_int_equal(hand_used(&hand), 1);
}

static void pulled_out_it_touches_no_memory_any_more(void **state)
{
	struct machine_device device = { .type = "rng", .options = "deferred=on" };

	(void)state;
	start(&device);
	hand_set_up(&hand);
	hand_expose(&hand);
	hand_kick(&hand);
	machine_remove_suddenly(0);
	platform_host_run();
	assert_int_equal(hand_used(&hand), 0);
	assert_int_equal(hand_read(FIELD(device_status), 1), 0xff);
}

/* ---- power ---- */

static void waking_from_D3hot_is_a_reset(void **state)
{
	struct machine_device device = { .type = "rng", .options = "pm=on" };
	unsigned int control;

	(void)state;
	start(&device);
	without_manners();
	hand_set_up(&hand);
	control = hand.proxy->pci.pm_cap + PCI_PM_CTRL;
	platform_pci_write(HAND_BDF, control, 2, 3);
	assert_int_equal(hand_read(FIELD(device_status), 1), 0xff);
	assert_true(hand.vdev->stopped);
	platform_pci_write(HAND_BDF, control, 2, 0);
	assert_int_equal(hand.vdev->status, 0);
	assert_int_equal(hand.vdev->queues[0].enabled, false);
	platform_pci_write(HAND_BDF, 0x20, 4, HAND_MODERN);
	platform_pci_write(HAND_BDF, PCI_COMMAND, 2, 7);
}

#define REGISTER_TEST(name) cmocka_unit_test_teardown(name, stop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		REGISTER_TEST(device_feature_shows_any_word),
		REGISTER_TEST(driver_feature_shows_what_was_accepted),
		REGISTER_TEST(a_reset_clears_all_that_a_driver_has_set),
		REGISTER_TEST(a_slow_reset_ends_when_status_reads_0),
		REGISTER_TEST(a_field_is_accessed_as_a_whole_or_not_at_all),
		REGISTER_TEST(a_queue_that_there_is_not_has_size_0),
		REGISTER_TEST(a_split_queues_size_is_shown_as_a_power_of_two),
		REGISTER_TEST(a_size_that_cannot_be_is_not_taken),
		REGISTER_TEST(an_enabled_queue_stays_as_it_is),
		REGISTER_TEST(a_queues_reset_goes_on_until_queue_reset_reads_0),
		REGISTER_TEST(a_queue_that_was_reset_gives_nothing_back),
		REGISTER_TEST(a_ring_out_of_memory_asks_for_a_reset),
		REGISTER_TEST(addresses_outside_memory_are_refused),
		REGISTER_TEST(doorbells_are_apart_by_the_multiplier),
		REGISTER_TEST(a_doorbell_of_another_width_is_not_heard),
		REGISTER_TEST(with_one_doorbell_the_value_says_which_queue),
		REGISTER_TEST(reading_the_isr_takes_the_interrupt_back),
		REGISTER_TEST(the_isr_tells_config_from_queues),
		REGISTER_TEST(with_msix_the_isr_knows_of_config_only),
		REGISTER_TEST(without_a_vector_nothing_is_sent),
		REGISTER_TEST(a_vector_outside_the_table_reads_as_none),
		REGISTER_TEST(an_interrupt_can_be_lost_on_command),
		REGISTER_TEST(a_device_that_may_not_master_stands_still),
		REGISTER_TEST(pulled_out_it_touches_no_memory_any_more),
		REGISTER_TEST(waking_from_D3hot_is_a_reset),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
