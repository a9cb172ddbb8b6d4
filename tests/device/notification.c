/* SPDX-License-Identifier: MIT */
/* Interrupts and kicks, asked for and declined, on both layouts (2.7.7, 2.7.10, 2.8.10). */
#include "device_test.h"

/* One buffer goes through the split ring; its entry has the number avail_idx had before. */
static void use_one(struct device_test *t)
{
	set_desc(t, 0, BUF_ADDR, 8, WRITE, 0);
	offer(t, 0);
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 8);
}

static void use_one_packed(struct device_test *t)
{
	offer_packed(t, BUF_ADDR, 8, 0, WRITE);
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 8);
}

/* ---- interrupts, split ---- */

static void split_usednotif_07_no_interrupt_while_the_flag_is_1(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	le16_write(&t->vr.avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
	use_one(t);
	assert_false(virtio_should_notify(&t->vq));
}

static void split_usednotif_08_an_interrupt_if_the_flag_is_0(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	use_one(t);
	assert_true(virtio_should_notify(&t->vq));
}

static void split_usednotif_06_used_event_is_ignored_without_the_feature(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	set_used_event(t, START + 10);
	use_one(t);
	assert_true(virtio_should_notify(&t->vq));
}

static void split_usednotif_09_the_flag_is_ignored_with_the_feature(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, EVENT_IDX, START);
	le16_write(&t->vr.avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
	set_used_event(t, START);
	use_one(t);
	assert_true(virtio_should_notify(&t->vq));
}

static void split_usednotif_10_an_interrupt_when_the_entry_is_used(void **state)
{
	struct device_test *t = *state;

	/* Entry 0 is asked for: sixteen pass without a word, the seventeenth is it. */
	start_split(t, 4, EVENT_IDX, START);
	set_used_event(t, 0);
	for (int i = 0; i < 16; i++) {
		use_one(t);
		assert_false(virtio_should_notify(&t->vq));
	}
	use_one(t);
	assert_true(virtio_should_notify(&t->vq));
}

static void split_usednotif_11_and_not_again_after_it(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, EVENT_IDX, START);
	set_used_event(t, START);
	use_one(t);
	assert_true(virtio_should_notify(&t->vq));
	for (int i = 0; i < 100; i++) {
		use_one(t);
		assert_false(virtio_should_notify(&t->vq));
	}
}

static void split_usednotif_10_the_entry_is_anywhere_in_a_batch(void **state)
{
	struct device_test *t = *state;

	/* A batch of four, entries 0xfffe..1: each asked for in turn, and the two beside it. */
	for (uint32_t event = 0xfffd; event <= 0x10002; event++) {
		start_split(t, 4, EVENT_IDX, 0xfffe);
		set_used_event(t, (uint16_t)event);
		for (int i = 0; i < 4; i++)
			use_one(t);
		assert_int_equal(virtio_should_notify(&t->vq), event >= 0xfffe && event <= 0x10001);
	}
}

static void nothing_used_since_means_no_interrupt(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	assert_false(virtio_should_notify(&t->vq));
	use_one(t);
	assert_true(virtio_should_notify(&t->vq));
	assert_false(virtio_should_notify(&t->vq));
}

static void D19_a_device_that_asks_after_65536_entries_still_hears_yes(void **state)
{
	struct device_test *t = *state;

	/* new equals old there, and 16-bit arithmetic alone would say that nothing happened. */
	start_split(t, 4, EVENT_IDX, START);
	set_used_event(t, START + 5);
	for (int i = 0; i < 65536; i++)
		use_one(t);
	assert_true(virtio_should_notify(&t->vq));
	for (int i = 0; i < 65536 + 3; i++)
		use_one(t);
	assert_true(virtio_should_notify(&t->vq));
}

static void a_legacy_driver_hears_of_an_empty_queue(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement first;
	struct VirtQueueConfig config;

	/* 6.3 NOTIFY_ON_EMPTY, and no VERSION_1 */
	start_split(t, 4, 0, 0);
	config = config_of(t, 4, 0);
	config.features = BIT(VIRTIO_F_NOTIFY_ON_EMPTY);
	assert_true(virtio_queue_init(&t->vq, &config));
	le16_write(&t->vr.avail->flags, VRING_AVAIL_F_NO_INTERRUPT);

	set_desc(t, 1, BUF_ADDR, 8, WRITE, 0);
	set_desc(t, 0, BUF_ADDR, 8, WRITE, 0);
	offer(t, 0);
	offer(t, 1);
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 8);
	assert_false(virtio_should_notify(&t->vq)); /* one is waiting */
	set_desc(t, 2, BUF_ADDR, 8, WRITE, 0);
	offer(t, 2);
	assert_true(pop(t));
	first = t->elem;
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 8);
	assert_false(virtio_should_notify(&t->vq)); /* one is in flight */
	virtqueue_push(&t->vq, &first, 8);
	assert_true(virtio_should_notify(&t->vq));
}

static void resv_legacy_02_also_where_used_event_says_no(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueConfig config;

	start_split(t, 4, 0, 0);
	config = config_of(t, 4, 0);
	config.features = BIT(VIRTIO_F_NOTIFY_ON_EMPTY) | EVENT_IDX;
	assert_true(virtio_queue_init(&t->vq, &config));
	set_used_event(t, 100);

	use_one(t);
	assert_true(virtio_should_notify(&t->vq));
}

static void feat_legacy_02_with_VERSION_1_the_driver_is_no_legacy_one(void **state)
{
	struct device_test *t = *state;

	/* Bit 24 is not NOTIFY_ON_EMPTY to it, so the flag alone decides. */
	start_split(t, 4, BIT(VIRTIO_F_NOTIFY_ON_EMPTY), 0);
	le16_write(&t->vr.avail->flags, VRING_AVAIL_F_NO_INTERRUPT);

	use_one(t);
	assert_false(virtio_should_notify(&t->vq));
}

/* ---- kicks, split ---- */

static void split_availnotif_09_kicks_are_declined_by_the_flag(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	virtio_queue_set_notification(&t->vq, false);
	assert_int_equal(le16_read(&t->vr.used->flags), VRING_USED_F_NO_NOTIFY);
	virtio_queue_set_notification(&t->vq, true);
	assert_int_equal(le16_read(&t->vr.used->flags), 0);
}

static void split_availnotif_08_without_the_feature_no_event_is_written(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	le16_write(vring_avail_event(&t->vr), 0x5555);
	virtio_queue_set_notification(&t->vq, true);
	use_one(t);
	assert_false(pop(t));
	assert_int_equal(avail_event(t), 0x5555);
}

static void split_availnotif_10_with_the_feature_flags_stay_0(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, EVENT_IDX, START);
	virtio_queue_set_notification(&t->vq, false);
	assert_int_equal(le16_read(&t->vr.used->flags), 0);
	virtio_queue_set_notification(&t->vq, true);
	assert_int_equal(le16_read(&t->vr.used->flags), 0);
}

static void split_availnotif_11_the_first_buffer_is_asked_for_at_the_start(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, EVENT_IDX, START);
	assert_int_equal(avail_event(t), START);
}

static void split_availnotif_11_a_drained_queue_asks_for_the_next_buffer(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, EVENT_IDX, 0xfffe);
	for (uint16_t i = 0; i < 8; i++) {
		use_one(t);
		assert_false(pop(t));
		assert_int_equal(avail_event(t), (uint16_t)(0xfffe + i + 1));
	}
}

static void split_availnotif_11_declined_the_event_stays_behind(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, EVENT_IDX, START);
	use_one(t);
	virtio_queue_set_notification(&t->vq, false);
	for (int i = 0; i < 7; i++) {
		use_one(t);
		assert_false(pop(t));
	}
	assert_int_equal(avail_event(t), START);

	virtio_queue_set_notification(&t->vq, true);
	assert_int_equal(avail_event(t), START + 8);
}

static void a_drained_queue_that_is_looked_at_again_writes_nothing(void **state)
{
	struct device_test *t = *state;

	/* It polls its own cache: the driver's would lose the line at every look. */
	for (int event_idx = 0; event_idx < 2; event_idx++) {
		start_split(t, 4, event_idx ? EVENT_IDX : 0, START);
		use_one(t);
		le16_write(&t->vr.used->flags, 0x5555);
		assert_false(pop(t));
		le16_write(vring_avail_event(&t->vr), 0x5555);
		assert_false(pop(t));
		assert_int_equal(avail_event(t), 0x5555);
		assert_int_equal(le16_read(&t->vr.used->flags), 0x5555);
	}
}

static void split_availnotif_12_a_spurious_kick_finds_nothing(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, EVENT_IDX, START);
	for (int i = 0; i < 3; i++) {
		assert_false(pop(t));
		assert_true(virtio_queue_empty(&t->vq));
	}
	use_one(t);
	assert_int_equal(t->errors, 0);
}

static void D19_a_buffer_put_back_does_not_spoil_the_event(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, EVENT_IDX, START);
	set_desc(t, 0, BUF_ADDR, 8, WRITE, 0);
	offer(t, 0);
	assert_true(pop(t));
	assert_false(pop(t));
	assert_int_equal(avail_event(t), START + 1);

	virtqueue_unpop(&t->vq, &t->elem);
	assert_true(pop(t));
	assert_false(pop(t));
	assert_int_equal(avail_event(t), START + 1);
}

/* ---- interrupts, packed ---- */

static void driver_asks(struct device_test *t, uint16_t flags, unsigned int slot, bool wrap)
{
	le16_write(&t->driver_event->flags, flags);
	le16_write(&t->driver_event->off_wrap, (uint16_t)(slot | wrap << 15));
}

static void packed_flags_decide_as_a_whole(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, EVENT_IDX, 2, true);
	driver_asks(t, VRING_PACKED_EVENT_FLAG_DISABLE, 2, true);
	use_one_packed(t);
	assert_false(virtio_should_notify(&t->vq));

	driver_asks(t, VRING_PACKED_EVENT_FLAG_ENABLE, 1, true);
	use_one_packed(t);
	assert_true(virtio_should_notify(&t->vq));
}

static void packed_DESC_without_the_feature_is_taken_for_ENABLE(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	driver_asks(t, VRING_PACKED_EVENT_FLAG_DESC, 1, false);
	use_one_packed(t);
	assert_true(virtio_should_notify(&t->vq));
}

static void packed_a_reserved_wish_is_taken_for_ENABLE(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, EVENT_IDX, 2, true);
	driver_asks(t, 3, 1, false);
	use_one_packed(t);
	assert_true(virtio_should_notify(&t->vq));
}

static void packed_an_interrupt_at_the_named_descriptor_only(void **state)
{
	struct device_test *t = *state;

	/* Asked for 1/0. Used one by one: 2/1, 0/0, 1/0, 2/0. */
	start_packed(t, 3, EVENT_IDX, 2, true);
	driver_asks(t, VRING_PACKED_EVENT_FLAG_DESC, 1, false);
	use_one_packed(t);
	assert_false(virtio_should_notify(&t->vq));
	use_one_packed(t);
	assert_false(virtio_should_notify(&t->vq));
	use_one_packed(t);
	assert_true(virtio_should_notify(&t->vq));
	use_one_packed(t);
	assert_false(virtio_should_notify(&t->vq));
}

static void packed_the_descriptor_is_anywhere_in_a_batch(void **state)
{
	/* Positions of a ring of five from 2/1 on; the batch is 3/1, 4/1, 0/0. */
	static const struct {
		unsigned int slot;
		bool wrap, notify;
	} cases[] = {
		{ 2, true, false },  { 3, true, true },	  { 4, true, true },   { 0, false, true },
		{ 1, false, false }, { 2, false, false }, { 4, false, false },
	};
	struct device_test *t = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start_packed(t, 5, EVENT_IDX, 3, true);
		driver_asks(t, VRING_PACKED_EVENT_FLAG_DESC, cases[i].slot, cases[i].wrap);
		for (int n = 0; n < 3; n++)
			use_one_packed(t);
		assert_int_equal(virtio_should_notify(&t->vq), cases[i].notify);
	}
}

static void D18_a_batch_of_a_whole_lap_passes_every_descriptor(void **state)
{
	struct device_test *t = *state;

	for (unsigned int slot = 0; slot < 3; slot++) {
		start_packed(t, 3, EVENT_IDX, 2, true);
		driver_asks(t, VRING_PACKED_EVENT_FLAG_DESC, slot, slot == 2);
		for (int n = 0; n < 3; n++)
			use_one_packed(t);
		assert_true(virtio_should_notify(&t->vq));
	}
}

static void D18_an_event_more_than_a_lap_back_is_still_heard_of(void **state)
{
	struct device_test *t = *state;

	/* The driver waits for the next slot to be used, and the device asks only after n of them.
	 */
	for (unsigned int n = 1; n <= 20; n++) {
		start_packed(t, 3, EVENT_IDX, 2, true);
		driver_asks(t, VRING_PACKED_EVENT_FLAG_DESC, 2, true);
		for (unsigned int i = 0; i < n; i++)
			use_one_packed(t);
		assert_true(virtio_should_notify(&t->vq));
	}
}

static void D18_an_offset_outside_the_ring_is_harmless(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, EVENT_IDX, 2, true);
	for (int wrap = 0; wrap < 2; wrap++) {
		driver_asks(t, VRING_PACKED_EVENT_FLAG_DESC, 0x7fff, wrap);
		use_one_packed(t);
		assert_false(virtio_should_notify(&t->vq));
	}
	assert_false(t->vq.broken);
}

/* ---- kicks, packed ---- */

static void packed_kicks_are_asked_for_and_declined_by_flags(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	assert_int_equal(le16_read(&t->device_event->flags), VRING_PACKED_EVENT_FLAG_ENABLE);
	virtio_queue_set_notification(&t->vq, false);
	assert_int_equal(le16_read(&t->device_event->flags), VRING_PACKED_EVENT_FLAG_DISABLE);
	virtio_queue_set_notification(&t->vq, true);
	assert_int_equal(le16_read(&t->device_event->flags), VRING_PACKED_EVENT_FLAG_ENABLE);
}

static void packed_a_drained_queue_asks_for_the_next_slot(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, EVENT_IDX, 2, true);
	assert_int_equal(le16_read(&t->device_event->flags), VRING_PACKED_EVENT_FLAG_DESC);
	assert_int_equal(le16_read(&t->device_event->off_wrap), 2 | 1 << 15);

	use_one_packed(t);
	assert_false(pop(t));
	assert_int_equal(le16_read(&t->device_event->off_wrap), 0);
}

static void packed_declined_nothing_is_asked_for(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, EVENT_IDX, 2, true);
	virtio_queue_set_notification(&t->vq, false);
	use_one_packed(t);
	assert_false(pop(t));
	assert_int_equal(le16_read(&t->device_event->flags), VRING_PACKED_EVENT_FLAG_DISABLE);
	assert_int_equal(le16_read(&t->device_event->off_wrap), 2 | 1 << 15);
}

static void packed_desc_07_a_kick_for_nothing_new_finds_nothing(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, EVENT_IDX, 2, true);
	use_one_packed(t);
	for (int i = 0; i < 3; i++) {
		assert_false(pop(t));
		assert_true(virtio_queue_empty(&t->vq));
	}
	use_one_packed(t);
	assert_true(is_used(t, 0, false));
	assert_int_equal(t->errors, 0);
}

/* ---- virtio_notify ---- */

static unsigned int interrupts;

void virtio_irq(struct VirtQueue *vq)
{
	(void)vq;
	interrupts++;
}

static void virtio_notify_interrupts_if_wanted(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	interrupts = 0;
	use_one(t);
	virtio_notify(&t->vq);
	assert_int_equal(interrupts, 1);

	le16_write(&t->vr.avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
	use_one(t);
	virtio_notify(&t->vq);
	assert_int_equal(interrupts, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(split_usednotif_07_no_interrupt_while_the_flag_is_1),
		TEST_CASE(split_usednotif_08_an_interrupt_if_the_flag_is_0),
		TEST_CASE(split_usednotif_06_used_event_is_ignored_without_the_feature),
		TEST_CASE(split_usednotif_09_the_flag_is_ignored_with_the_feature),
		TEST_CASE(split_usednotif_10_an_interrupt_when_the_entry_is_used),
		TEST_CASE(split_usednotif_11_and_not_again_after_it),
		TEST_CASE(split_usednotif_10_the_entry_is_anywhere_in_a_batch),
		TEST_CASE(nothing_used_since_means_no_interrupt),
		TEST_CASE(D19_a_device_that_asks_after_65536_entries_still_hears_yes),
		TEST_CASE(a_legacy_driver_hears_of_an_empty_queue),
		TEST_CASE(resv_legacy_02_also_where_used_event_says_no),
		TEST_CASE(feat_legacy_02_with_VERSION_1_the_driver_is_no_legacy_one),
		TEST_CASE(split_availnotif_09_kicks_are_declined_by_the_flag),
		TEST_CASE(split_availnotif_08_without_the_feature_no_event_is_written),
		TEST_CASE(split_availnotif_10_with_the_feature_flags_stay_0),
		TEST_CASE(split_availnotif_11_the_first_buffer_is_asked_for_at_the_start),
		TEST_CASE(split_availnotif_11_a_drained_queue_asks_for_the_next_buffer),
		TEST_CASE(split_availnotif_11_declined_the_event_stays_behind),
		TEST_CASE(a_drained_queue_that_is_looked_at_again_writes_nothing),
		TEST_CASE(split_availnotif_12_a_spurious_kick_finds_nothing),
		TEST_CASE(D19_a_buffer_put_back_does_not_spoil_the_event),
		TEST_CASE(packed_flags_decide_as_a_whole),
		TEST_CASE(packed_DESC_without_the_feature_is_taken_for_ENABLE),
		TEST_CASE(packed_a_reserved_wish_is_taken_for_ENABLE),
		TEST_CASE(packed_an_interrupt_at_the_named_descriptor_only),
		TEST_CASE(packed_the_descriptor_is_anywhere_in_a_batch),
		TEST_CASE(D18_a_batch_of_a_whole_lap_passes_every_descriptor),
		TEST_CASE(D18_an_event_more_than_a_lap_back_is_still_heard_of),
		TEST_CASE(D18_an_offset_outside_the_ring_is_harmless),
		TEST_CASE(packed_kicks_are_asked_for_and_declined_by_flags),
		TEST_CASE(packed_a_drained_queue_asks_for_the_next_slot),
		TEST_CASE(packed_declined_nothing_is_asked_for),
		TEST_CASE(packed_desc_07_a_kick_for_nothing_new_finds_nothing),
		TEST_CASE(virtio_notify_interrupts_if_wanted),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
