/* SPDX-License-Identifier: MIT */
/*
 * The strict mode, check by check: a driver that does all right but one thing is caught for that
 * thing and for nothing else, and one that does all right is not caught at all.
 */
#include "device/virtio_strict.h"
#include "platform/host/host.h"
#include "tests/support/host_hand.h"
#include "strict_mutants.h"

static const struct machine_device modern = { .type = "rng" };
static const struct machine_device packed = { .type = "rng", .packed = MACHINE_ON };
static const struct machine_device no_event = { .type = "rng", .event_idx = MACHINE_OFF };
static const struct machine_device slow = { .type = "rng", .options = "deferred=on" };
static const struct machine_device no_reset = { .type = "rng", .options = "queue_reset=off" };
static const struct machine_device data = { .type = "rng", .options = "notification_data=on" };
static const struct machine_device packed_data = { .type = "rng",
						   .packed = MACHINE_ON,
						   .options = "notification_data=on" };
static const struct machine_device config_data = { .type = "rng",
						   .options = "notif_config_data=on" };
static const struct machine_device one_doorbell = { .type = "rng",
						    .options = "notify_off_multiplier=0" };
static const struct machine_device transitional = { .type = "rng",
						    .interface = MACHINE_TRANSITIONAL };
static const struct machine_device legacy = { .type = "rng", .interface = MACHINE_LEGACY };
static const struct machine_device virtual_functions = { .type = "rng", .options = "total_vfs=2" };

/* ---- who is caught for what ---- */

#define MUTANTS(M)                                                                                 \
	M(status_is_set_without_a_reset, STRICT_NO_RESET_FIRST, modern)                            \
	M(the_reset_is_not_awaited, STRICT_RESET_NOT_AWAITED, modern)                              \
	M(config_is_read_before_the_reset_is_over, STRICT_RESET_NOT_AWAITED, modern)               \
	M(a_status_bit_is_cleared, STRICT_STATUS_BIT_CLEARED, modern)                              \
	M(driver_is_set_without_acknowledge, STRICT_STEP_SKIPPED, modern)                          \
	M(failed_is_followed_by_another_try, STRICT_STATUS_AFTER_FAILED, modern)                   \
	M(features_follow_failed, STRICT_GOES_ON_AFTER_FAILED, modern)                             \
	M(driver_ok_is_set_without_features_ok, STRICT_DRIVER_OK_TOO_EARLY, modern)                \
	M(the_driver_does_not_see_that_it_was_refused, STRICT_DRIVER_OK_TOO_EARLY, modern)         \
	M(features_ok_is_not_read_back, STRICT_FEATURES_OK_NOT_READ, modern)                       \
	M(config_is_written_before_features_ok, STRICT_CONFIG_WRITTEN_TOO_EARLY, modern)           \
	M(bus_mastering_is_forgotten, STRICT_BUS_MASTERING_OFF, modern)                            \
	M(a_feature_is_accepted_that_was_not_offered, STRICT_FEATURE_NOT_OFFERED, modern)          \
	M(a_feature_is_accepted_without_its_base, STRICT_FEATURE_WITHOUT_BASE, modern)             \
	M(a_reserved_feature_is_accepted, STRICT_FEATURE_RESERVED, modern)                         \
	M(features_are_written_before_driver, STRICT_FEATURES_TOO_EARLY, modern)                   \
	M(features_are_accepted_unseen, STRICT_FEATURES_NOT_LOOKED_AT, modern)                     \
	M(features_are_written_after_features_ok, STRICT_FEATURES_TOO_LATE, modern)                \
	M(version_1_is_not_accepted, STRICT_VERSION_1_REFUSED, modern)                             \
	M(sr_iov_is_accepted_from_a_function_without_it, STRICT_SR_IOV_WITHOUT_CAPABILITY, modern) \
	M(virtual_functions_come_before_features, STRICT_VFS_BEFORE_FEATURES, virtual_functions)   \
	M(a_field_is_read_in_part, STRICT_ACCESS_WIDTH, modern)                                    \
	M(two_fields_are_written_at_once, STRICT_ACCESS_WIDTH, modern)                             \
	M(num_queues_is_written, STRICT_READ_ONLY_WRITTEN, modern)                                 \
	M(a_queue_is_set_up_that_there_is_not, STRICT_QUEUE_NOT_THERE, modern)                     \
	M(queue_size_is_written_0, STRICT_QUEUE_SIZE_ZERO, packed)                                 \
	M(a_split_queue_is_to_have_6_entries, STRICT_QUEUE_SIZE_UNEVEN, modern)                    \
	M(a_queue_is_to_be_larger_than_offered, STRICT_QUEUE_SIZE_TOO_LARGE, modern)               \
	M(a_queue_is_enabled_before_features_ok, STRICT_QUEUE_TOO_EARLY, modern)                   \
	M(a_queue_is_enabled_after_driver_ok, STRICT_QUEUE_TOO_LATE, modern)                       \
	M(a_queue_is_enabled_without_an_address, STRICT_QUEUE_INCOMPLETE, modern)                  \
	M(the_used_ring_is_misaligned, STRICT_QUEUE_MISALIGNED, modern)                            \
	M(a_live_queue_is_moved, STRICT_QUEUE_CHANGED_LIVE, modern)                                \
	M(a_queue_is_enabled_twice, STRICT_QUEUE_CHANGED_LIVE, modern)                             \
	M(queue_enable_is_written_0, STRICT_QUEUE_ENABLE_ZERO, modern)                             \
	M(a_new_used_ring_has_flags, STRICT_USED_FLAGS_NOT_ZERO, modern)                           \
	M(a_queue_is_reset_without_ring_reset, STRICT_QUEUE_RESET_UNKNOWN, no_reset)               \
	M(a_queues_reset_is_not_awaited, STRICT_QUEUE_RESET_NOT_AWAITED, modern)                   \
	M(a_vector_is_named_that_the_table_has_not, STRICT_VECTOR_OUTSIDE_TABLE, modern)           \
	M(a_queues_vector_is_not_read_back, STRICT_VECTOR_NOT_READ, modern)                        \
	M(the_configs_vector_is_not_read_back, STRICT_VECTOR_NOT_READ, modern)                     \
	M(the_isr_is_read_while_msix_is_on, STRICT_ISR_READ_WITH_MSIX, modern)                     \
	M(the_doorbell_rings_before_driver_ok, STRICT_KICK_TOO_EARLY, modern)                      \
	M(the_doorbell_of_a_disabled_queue_rings, STRICT_KICK_NO_QUEUE, modern)                    \
	M(the_doorbell_of_no_queue_rings, STRICT_KICK_NO_QUEUE, one_doorbell)                      \
	M(a_doorbell_has_32_bits, STRICT_KICK_NOT_16_BITS, modern)                                 \
	M(a_doorbell_has_16_bits, STRICT_KICK_NOT_32_BITS, data)                                   \
	M(a_doorbell_says_1_for_queue_0, STRICT_KICK_NOT_INDEX, modern)                            \
	M(a_doorbell_says_the_index_not_the_config_data, STRICT_KICK_NOT_CONFIG_DATA, config_data) \
	M(a_doorbell_says_the_last_buffer_not_the_next, STRICT_KICK_NEXT_OFF, data)                \
	M(a_packed_doorbell_says_the_last_buffer, STRICT_KICK_NEXT_OFF, packed_data)               \
	M(avail_flags_are_2, STRICT_AVAIL_FLAGS, no_event)                                         \
	M(avail_flags_are_1_with_event_idx, STRICT_AVAIL_FLAGS, modern)                            \
	M(packed_event_flags_are_3, STRICT_AVAIL_FLAGS, packed)                                    \
	M(an_exposed_buffer_becomes_longer, STRICT_ENTRY_ALTERED, slow)                            \
	M(a_live_rings_memory_is_freed, STRICT_RING_FREED, modern)                                 \
	M(an_exposed_buffers_memory_is_freed, STRICT_BUFFER_FREED, slow)                           \
	M(a_capability_is_written, STRICT_CAPABILITY_WRITTEN, modern)                              \
	M(the_window_is_misaligned, STRICT_WINDOW_MISALIGNED, modern)                              \
	M(the_window_looks_at_nothing, STRICT_WINDOW_OUTSIDE, modern)                              \
	M(both_interfaces_are_used, STRICT_INTERFACES_MIXED, transitional)                         \
	M(a_legacy_driver_sets_features_ok, STRICT_LEGACY_FEATURES_OK, legacy)                     \
	M(a_legacy_driver_accepts_bit_30, STRICT_LEGACY_BIT_30, legacy)                            \
	M(a_legacy_queue_is_placed_twice, STRICT_QUEUE_CHANGED_LIVE, legacy)                       \
	M(a_legacy_doorbell_of_no_queue_rings, STRICT_KICK_NO_QUEUE, legacy)

struct mutant {
	void (*drive)(struct hand *hand);
	enum virtio_strict_check check;
	const struct machine_device *device;
};

#define MUTANT(name, check, device) static const struct mutant m_##name = { name, check, &device };
MUTANTS(MUTANT)

static void is_caught(void **state)
{
	const struct mutant *mutant = *state;
	struct hand hand;

	hand_start(&hand, mutant->device);
	mutant->drive(&hand);
	for (int i = 0; i < STRICT_CHECKS; i++)
		if (i != (int)mutant->check && hand.strict->counts[i])
			fail_msg("caught for %s", virtio_strict_rules[i].name);
	assert_true(hand.strict->counts[mutant->check] > 0);
	assert_int_equal(hand.strict->kept[0].check, mutant->check);
	host_machine_expect_complaints();
	hand_stop(&hand);
}

static void every_check_has_a_driver_that_it_catches(void **state)
{

	bool caught[STRICT_CHECKS] = { 0 };
	const enum virtio_strict_check checks[] = {
#define CHECK_OF(name, check, device) check,
		MUTANTS(CHECK_OF)
	};

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		caught[checks[i]] = true;
	for (int i = 0; i < STRICT_CHECKS; i++) {
		if (!caught[i])
			fail_msg("nobody is caught for %s", virtio_strict_rules[i].name);
		assert_non_null(virtio_strict_rules[i].clause);
		assert_non_null(virtio_strict_rules[i].sentence);
	}
}

/* ---- a driver without fault ---- */

static void works_without_complaint(const struct machine_device *device)
{
	struct hand hand;

	hand_start(&hand, device);
	set_up_and_kick(&hand);
	hand_expose(&hand);
	hand_kick(&hand);
	platform_host_run();
	assert_int_equal(hand_used(&hand), 2);
	/* And once more, from the beginning. */
	hand_reset();
	memset(hand.memory, 0, 4 * 4096);
	hand.next = 0;
	set_up_and_kick(&hand);
	platform_host_run();
	assert_int_equal(hand_used(&hand), 1);
	assert_int_equal(hand.strict->total, 0);
	hand_stop(&hand);
}

static void a_driver_without_fault_is_not_caught(void **state)
{
	const struct machine_device *devices[] = { &modern,	 &packed,      &no_event,
						   &slow,	 &no_reset,    &data,
						   &packed_data, &config_data, &one_doorbell,
						   &transitional };

	(void)state;
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		works_without_complaint(devices[i]);
}

static void a_legacy_driver_without_fault_is_not_caught(void **state)
{
	const struct machine_device *devices[] = { &legacy, &transitional };
	struct hand hand;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		hand_start(&hand, devices[i]);
		hand_legacy_set_up(&hand);
		hand_expose(&hand);
		hand_legacy_write(16, 2, 0);
		assert_int_equal(hand_used(&hand), 1);
		assert_int_equal(hand_legacy_read(19, 1), 1);
		hand_legacy_write(18, 1, 0);
		assert_int_equal(hand.strict->total, 0);
		hand_stop(&hand);
	}
}

static void a_queue_that_is_reset_may_be_set_up_anew(void **state)
{
	struct hand hand;

	(void)state;
	hand_start(&hand, &modern);
	set_up_and_kick(&hand);
	hand_write(FIELD(queue_reset), 2, 1);
	assert_int_equal(hand_read(FIELD(queue_reset), 2), 0);
	hand_write(FIELD(queue_size), 2, 4);
	memset(hand.memory, 0, 4 * 4096);
	hand.next = 0;
	hand_queue(&hand);
	hand_expose(&hand);
	hand_kick(&hand);
	assert_int_equal(hand_used(&hand), 1);
	assert_int_equal(hand.num, 4);
	assert_int_equal(hand.strict->total, 0);
	hand_stop(&hand);
}

/* ---- what is watched in memory ---- */

/* As hand_expose(), with the descriptor and the place in the page chosen. */
static void expose(struct hand *hand, uint16_t head, uint16_t place)
{
	le64_write(&hand->vr.desc[head].addr, hand->dma + 3 * 4096 + 16 * place);
	le32_write(&hand->vr.desc[head].len, 16);
	le16_write(&hand->vr.desc[head].flags, VRING_DESC_F_WRITE);
	le16_write(&hand->vr.avail->ring[hand->next % hand->num], head);
	le16_write(&hand->vr.avail->idx, ++hand->next);
}

static void a_device_out_of_order_gets_no_driver_into_trouble(void **state)
{
	struct guest_piece pieces[2][4];
	struct VirtQueueElement first = { .pieces = pieces[0], .capacity = 4 };
	struct VirtQueueElement second = { .pieces = pieces[1], .capacity = 4 };
	struct VirtQueue *vq;
	struct hand hand;

	(void)state;
	hand_start(&hand, &slow);
	hand_set_up(&hand);
	expose(&hand, 0, 0);
	expose(&hand, 1, 1);
	hand_kick(&hand);
	vq = virtio_get_queue(hand.vdev, 0);
	assert_true(virtqueue_pop(vq, &first));
	assert_true(virtqueue_pop(vq, &second));
	virtqueue_push(vq, &second, 16);
	/* The second is the driver's again: another buffer, in the same descriptor. */
	expose(&hand, 1, 5);
	hand_kick(&hand);
	assert_int_equal(hand.strict->total, 0);
	virtqueue_push(vq, &first, 16);
	hand_stop(&hand);
}

static void what_is_altered_in_a_later_lap_is_seen_too(void **state)
{
	struct hand hand;

	(void)state;
	hand_start(&hand, &slow);
	hand_set_up(&hand);
	for (uint16_t i = 0; i < 8; i++) {
		expose(&hand, i, i);
		hand_kick(&hand);
		platform_host_run();
	}
	/* The second lap, in another order of descriptors. */
	expose(&hand, 7, 7);
	expose(&hand, 6, 6);
	hand_kick(&hand);
	le32_write(&hand.vr.desc[6].len, 32);
	expose(&hand, 5, 5);
	hand_kick(&hand);
	assert_int_equal(hand.strict->counts[STRICT_ENTRY_ALTERED], 1);
	assert_int_equal(hand.strict->total, 1);
	host_machine_expect_complaints();
	hand_stop(&hand);
}

static void virtual_functions_may_come_once_sr_iov_is_agreed(void **state)
{
	struct hand hand;

	(void)state;
	hand_start(&hand, &virtual_functions);
	hand_set_up(&hand);
	enable_vfs(&hand);
	/* 6.1: once is enough, also over a reset. */
	platform_pci_write(HAND_BDF, hand.proxy->pci.sriov_cap + 0x08, 2, 0);
	hand_reset();
	enable_vfs(&hand);
	assert_int_equal(hand.strict->total, 0);
	hand_stop(&hand);
}

int main(int argc, char **argv)
{
#define TEST(name, check, device) { #name, is_caught, NULL, NULL, (void *)&m_##name },
	const struct CMUnitTest tests[] = {
		MUTANTS(TEST) cmocka_unit_test(every_check_has_a_driver_that_it_catches),
		cmocka_unit_test(a_driver_without_fault_is_not_caught),
		cmocka_unit_test(a_legacy_driver_without_fault_is_not_caught),
		cmocka_unit_test(a_queue_that_is_reset_may_be_set_up_anew),
		cmocka_unit_test(a_device_out_of_order_gets_no_driver_into_trouble),
		cmocka_unit_test(what_is_altered_in_a_later_lap_is_seen_too),
		cmocka_unit_test(virtual_functions_may_come_once_sr_iov_is_agreed),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
