/* SPDX-License-Identifier: MIT */
/*
 * A virtio device between a transport and a model, both played by the test: status, features,
 * config, kicks (2.1 to 2.6). And the entropy device, which is the smallest model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "device/rng.h"
#include "device/virtio.h"
#include "tests/support/select.h"

#define FEATURE(bit) (1ull << (bit))
#define BASE 0x10000ull
#define LIVE                                                                            \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK | \
	 VIRTIO_STATUS_DRIVER_OK)

struct test {
	struct VirtIODevice vdev;
	struct guest_region region;
	struct guest_memory memory;
	_Alignas(4096) uint8_t ram[4 * 4096];
	uint8_t config[16];
	unsigned int resets, outputs, queue_resets, config_writes;
	uint8_t last_status;
	unsigned int interrupts[2]; /* of queues, of config */
	uint16_t vector;
};

static struct test t;

static bool validate(struct VirtIODevice *vdev, const uint64_t *features)
{
	(void)vdev;
	return !(features[0] & 2) || features[0] & 1; /* bit 1 needs bit 0 */
}

static void get_config(struct VirtIODevice *vdev, uint8_t *config)
{
	config[15] = vdev->status;
}

static void set_config(struct VirtIODevice *vdev, uint8_t *config, uint32_t offset, uint32_t len)
{
	(void)vdev;
	(void)config;
	assert_true(offset + len <= 16);
	t.config_writes++;
}

static void reset(struct VirtIODevice *vdev)
{
	(void)vdev;
	t.resets++;
}

static void set_status(struct VirtIODevice *vdev, uint8_t status)
{
	(void)vdev;
	t.last_status = status;
}

static void queue_reset(struct VirtIODevice *vdev, unsigned int index)
{
	(void)index;
	assert_true(vdev->queues[index].enabled); /* it can still look */
	t.queue_resets++;
}

static void handle_output(struct VirtIODevice *vdev, unsigned int index)
{
	assert_non_null(virtio_get_queue(vdev, index));
	t.outputs++;
}

static const struct VirtioDeviceClass class = {
	.name = "test",
	.device_id = 63,
	.config_size = 16,
	.validate_features = validate,
	.get_config = get_config,
	.set_config = set_config,
	.reset = reset,
	.set_status = set_status,
	.queue_reset = queue_reset,
	.handle_output = handle_output,
};

static void notify(void *transport, uint16_t vector, uint8_t isr_bit)
{
	(void)transport;
	t.interrupts[isr_bit]++;
	t.vector = vector;
}

static const struct VirtioBusClass bus = { .notify = notify };

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.region = (struct guest_region){ BASE, sizeof(t.ram), t.ram };
	t.memory = (struct guest_memory){ &t.region, 1 };
	t.vdev.class = &class;
	t.vdev.memory = &t.memory;
	t.vdev.config = t.config;
	t.vdev.host_features[0] = 3 | FEATURE(VIRTIO_F_VERSION_1);
	t.vdev.host_features[1] = 1;
	t.vdev.queue_num_max[0] = 8;
	t.vdev.queue_num_max[1] = 16;
	virtio_init(&t.vdev);
	t.vdev.bus = &bus;
	return 0;
}

static void accept(uint64_t features)
{
	virtio_set_status(&t.vdev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	virtio_set_guest_features(&t.vdev, 0, (uint32_t)features);
	virtio_set_guest_features(&t.vdev, 1, (uint32_t)(features >> 32));
	virtio_set_status(&t.vdev, LIVE & ~VIRTIO_STATUS_DRIVER_OK);
}

static void place_queue(unsigned int index)
{
	t.vdev.queues[index].desc = BASE;
	t.vdev.queues[index].driver = BASE + 4096;
	t.vdev.queues[index].device = BASE + 2 * 4096;
}

static void go_live(void)
{
	accept(FEATURE(VIRTIO_F_VERSION_1));
	place_queue(0);
	assert_true(virtio_queue_enable(&t.vdev, 0));
	virtio_set_status(&t.vdev, LIVE);
}

/* ---- status and features ---- */

static void any_consistent_subset_is_accepted(void **state)
{
	static const uint64_t good[] = { 0, 1, 3 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		accept(good[i] | FEATURE(VIRTIO_F_VERSION_1));
		assert_true(t.vdev.status & VIRTIO_STATUS_FEATURES_OK);
		virtio_set_status(&t.vdev, 0);
	}
}

static void an_inconsistent_set_is_refused(void **state)
{
	static const uint64_t bad[] = {
		2 | FEATURE(VIRTIO_F_VERSION_1), /* without its base */
		1,				 /* without VERSION_1 */
		4 | FEATURE(VIRTIO_F_VERSION_1), /* not offered */
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		accept(bad[i]);
		assert_false(t.vdev.status & VIRTIO_STATUS_FEATURES_OK);
		virtio_set_status(&t.vdev, 0);
	}
}

static void a_set_that_was_refused_can_be_mended(void **state)
{
	(void)state;
	accept(4 | FEATURE(VIRTIO_F_VERSION_1));
	assert_false(t.vdev.status & VIRTIO_STATUS_FEATURES_OK);
	accept(FEATURE(VIRTIO_F_VERSION_1));
	assert_true(t.vdev.status & VIRTIO_STATUS_FEATURES_OK);
}

static void asking_for_a_word_that_there_is_not_is_refused(void **state)
{
	(void)state;
	virtio_set_guest_features(&t.vdev, 4, 1);
	accept(FEATURE(VIRTIO_F_VERSION_1));
	assert_false(t.vdev.status & VIRTIO_STATUS_FEATURES_OK);
	virtio_set_guest_features(&t.vdev, 4, 0);
	accept(FEATURE(VIRTIO_F_VERSION_1));
	assert_true(t.vdev.status & VIRTIO_STATUS_FEATURES_OK);
}

static void features_stay_after_FEATURES_OK(void **state)
{
	(void)state;
	accept(FEATURE(VIRTIO_F_VERSION_1));
	virtio_set_guest_features(&t.vdev, 0, 3);
	assert_int_equal(t.vdev.guest_features[0], FEATURE(VIRTIO_F_VERSION_1));
	/* Taking FEATURES_OK back is no way round it. */
	virtio_set_status(&t.vdev, VIRTIO_STATUS_DRIVER);
	virtio_set_guest_features(&t.vdev, 0, 3);
	assert_int_equal(t.vdev.guest_features[0], FEATURE(VIRTIO_F_VERSION_1));
}

static void legacy_bits_are_shown_to_legacy_drivers(void **state)
{
	uint32_t legacy_bits = 1u << 24 | 1u << 27 | 1u << 30;

	(void)state;
	t.vdev.host_features[0] |= legacy_bits;
	assert_int_equal(virtio_get_host_features(&t.vdev, 0), 3);
	assert_int_equal(virtio_get_host_features(&t.vdev, 1), 1);
	assert_int_equal(virtio_get_host_features(&t.vdev, 2), 1);
	t.vdev.legacy = true;
	assert_int_equal(virtio_get_host_features(&t.vdev, 0), 3 | legacy_bits);
	assert_int_equal(virtio_get_host_features(&t.vdev, 1), 0); /* no VERSION_1 for them */
}

static void live_without_FEATURES_OK_it_wants_a_reset(void **state)
{
	(void)state;
	virtio_set_status(&t.vdev, LIVE & ~VIRTIO_STATUS_FEATURES_OK);
	assert_true(t.vdev.status & VIRTIO_STATUS_NEEDS_RESET);
	assert_string_equal(t.vdev.complaint, "DRIVER_OK without FEATURES_OK");
	assert_int_equal(t.interrupts[1], 1);
}

static void a_reset_is_complete_at_once(void **state)
{
	(void)state;
	go_live();
	virtio_device_fail(&t.vdev, "for the test");
	virtio_set_status(&t.vdev, 0);
	assert_int_equal(t.vdev.status, 0);
	assert_false(t.vdev.broken);
	assert_int_equal(t.resets, 1);
	assert_null(virtio_get_queue(&t.vdev, 0));
	assert_int_equal(t.vdev.queues[0].num, 8);
	assert_int_equal(t.vdev.queues[0].vector, VIRTIO_NO_VECTOR);
	/* The set that was good is good again. */
	go_live();
	assert_int_equal(t.vdev.status, LIVE);
}

static void the_model_hears_of_the_status(void **state)
{
	(void)state;
	go_live();
	assert_int_equal(t.last_status, LIVE);
}

/* ---- failure ---- */

static void failing_is_announced_once_the_driver_listens(void **state)
{
	(void)state;
	virtio_device_fail(&t.vdev, "early");
	assert_true(t.vdev.status & VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(t.interrupts[1], 0);
	virtio_set_status(&t.vdev, 0);
	go_live();
	t.vdev.config_vector = 5;
	virtio_device_fail(&t.vdev, "late");
	assert_int_equal(t.interrupts[1], 1);
	assert_int_equal(t.vector, 5);
	assert_null(virtio_get_queue(&t.vdev, 0));
}

static void a_complaint_is_cut_to_what_fits(void **state)
{
	char why[200];

	(void)state;
	memset(why, 'x', sizeof(why) - 1);
	why[sizeof(why) - 1] = 0;
	virtio_device_fail(&t.vdev, why);
	assert_int_equal(strlen(t.vdev.complaint), sizeof(t.vdev.complaint) - 1);
}

/* ---- config ---- */

static void config_may_be_read_before_FEATURES_OK(void **state)
{
	uint8_t buf[8];

	(void)state;
	t.config[0] = 0x11;
	virtio_config_read(&t.vdev, 0, buf, 1);
	assert_int_equal(buf[0], 0x11);
	virtio_set_status(&t.vdev, VIRTIO_STATUS_ACKNOWLEDGE);
	virtio_config_read(&t.vdev, 15, buf, 1); /* the model fills it in */
	assert_int_equal(buf[0], VIRTIO_STATUS_ACKNOWLEDGE);
}

static void beyond_the_config_there_is_0_and_nothing_to_write(void **state)
{
	uint8_t buf[8];

	(void)state;
	memset(t.config, 0xff, sizeof(t.config));
	memset(buf, 0xaa, sizeof(buf));
	virtio_config_read(&t.vdev, 12, buf, 8);
	assert_int_equal(buf[2], 0xff);
	assert_int_equal(buf[4], 0);
	virtio_config_read(&t.vdev, 0xffffffff, buf, 8);
	assert_int_equal(buf[0], 0);
	virtio_config_write(&t.vdev, 14, buf, 4);
	virtio_config_write(&t.vdev, 16, buf, 1);
	virtio_config_write(&t.vdev, 0xfffffffe, buf, 4);
	assert_int_equal(t.config_writes, 0);
	virtio_config_write(&t.vdev, 8, buf, 4);
	assert_int_equal(t.config_writes, 1);
	assert_int_equal(t.config[8], 0);
}

static void a_change_moves_the_generation_and_is_announced_when_live(void **state)
{
	(void)state;
	virtio_notify_config(&t.vdev);
	assert_int_equal(t.vdev.generation, 1);
	assert_int_equal(t.interrupts[1], 0);
	go_live();
	virtio_notify_config(&t.vdev);
	assert_int_equal(t.vdev.generation, 2);
	assert_int_equal(t.interrupts[1], 1);
}

/* ---- queues ---- */

static void nothing_is_taken_before_DRIVER_OK(void **state)
{
	(void)state;
	accept(FEATURE(VIRTIO_F_VERSION_1));
	place_queue(0);
	assert_true(virtio_queue_enable(&t.vdev, 0));
	virtio_queue_notify(&t.vdev, 0);
	assert_int_equal(t.outputs, 0);
	virtio_set_status(&t.vdev, LIVE);
	virtio_queue_notify(&t.vdev, 0);
	assert_int_equal(t.outputs, 1);
}

static void a_legacy_driver_may_use_a_queue_before_DRIVER_OK(void **state)
{
	(void)state;
	t.vdev.legacy = true;
	place_queue(0);
	assert_true(virtio_queue_enable(&t.vdev, 0));
	virtio_queue_notify(&t.vdev, 0);
	assert_int_equal(t.outputs, 1);
}

static void doorbells_of_queues_that_are_not_there_are_ignored(void **state)
{
	(void)state;
	go_live();
	virtio_queue_notify(&t.vdev, 1); /* not enabled */
	virtio_queue_notify(&t.vdev, 2); /* not there */
	virtio_queue_notify(&t.vdev, 0xffff);
	virtio_queue_notify(&t.vdev, 0xffffffff);
	assert_int_equal(t.outputs, 0);
	assert_false(virtio_queue_enable(&t.vdev, 2));
	virtio_queue_reset(&t.vdev, 0xffff);
}

static void deferred_doorbells_wait_and_merge(void **state)
{
	(void)state;
	go_live();
	t.vdev.deferred = true;
	virtio_queue_notify(&t.vdev, 0);
	virtio_queue_notify(&t.vdev, 0);
	assert_int_equal(t.outputs, 0);
	assert_int_equal(virtio_device_run(&t.vdev), 1);
	assert_int_equal(t.outputs, 1);
	assert_int_equal(virtio_device_run(&t.vdev), 0);
	/* A reset takes them back. */
	virtio_queue_notify(&t.vdev, 0);
	virtio_set_status(&t.vdev, 0);
	assert_int_equal(virtio_device_run(&t.vdev), 0);
}

static void a_queues_reset_leaves_the_others_alone(void **state)
{
	(void)state;
	go_live();
	place_queue(1);
	assert_true(virtio_queue_enable(&t.vdev, 1));
	t.vdev.queues[0].vector = 3;
	virtio_queue_reset(&t.vdev, 0);
	assert_int_equal(t.queue_resets, 1);
	assert_null(virtio_get_queue(&t.vdev, 0));
	assert_non_null(virtio_get_queue(&t.vdev, 1));
	assert_int_equal(t.vdev.queues[0].vector, VIRTIO_NO_VECTOR);
	assert_int_equal(t.vdev.queues[0].desc, 0);
	/* Enabled again, with another size. */
	t.vdev.queues[0].num = 4;
	place_queue(0);
	assert_true(virtio_queue_enable(&t.vdev, 0));
	assert_int_equal(virtio_get_queue(&t.vdev, 0)->num, 4);
}

static void a_queue_that_cannot_be_breaks_the_device(void **state)
{
	(void)state;
	accept(FEATURE(VIRTIO_F_VERSION_1));
	place_queue(0);
	t.vdev.queues[0].device = BASE + sizeof(t.ram) - 4;
	assert_false(virtio_queue_enable(&t.vdev, 0));
	assert_false(t.vdev.queues[0].enabled);
	assert_true(t.vdev.status & VIRTIO_STATUS_NEEDS_RESET);
	assert_non_null(strstr(t.vdev.complaint, "queue_device is 0x13ffc"));
}

static void a_stopped_device_neither_takes_nor_tells(void **state)
{
	(void)state;
	go_live();
	t.vdev.stopped = true;
	virtio_queue_notify(&t.vdev, 0);
	virtio_notify_config(&t.vdev);
	virtio_irq(&t.vdev.queues[0].vq);
	assert_int_equal(t.outputs + t.interrupts[0] + t.interrupts[1], 0);
	t.vdev.stopped = false;
	t.vdev.queues[0].vector = 9;
	virtio_irq(&t.vdev.queues[0].vq);
	assert_int_equal(t.interrupts[0], 1);
	assert_int_equal(t.vector, 9);
}

/* ---- the entropy device ---- */

static struct VirtIORNG rng;

static void start_rng(uint64_t features)
{
	t.vdev.host_features[0] = FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_F_RING_PACKED);
	virtio_rng_init(&rng, &t.vdev);
	t.vdev.bus = &bus;
	accept(FEATURE(VIRTIO_F_VERSION_1) | features);
	place_queue(0);
	assert_true(virtio_queue_enable(&t.vdev, 0));
	virtio_set_status(&t.vdev, LIVE);
}

/* A split chain of one descriptor in slot 0, at buffer index @idx. */
static void offer(uint16_t idx, uint32_t len, uint16_t flags)
{
	struct vring_desc *desc = (void *)t.ram;
	struct vring_avail *avail = (void *)(t.ram + 4096);

	le64_write(&desc->addr, BASE + 3 * 4096);
	le32_write(&desc->len, len);
	le16_write(&desc->flags, flags);
	le16_write(&avail->ring[idx % 8], 0);
	le16_write(&avail->idx, (uint16_t)(idx + 1));
	virtio_queue_notify(&t.vdev, 0);
}

static uint32_t used_len(uint16_t idx)
{
	const struct vring_used *used = (void *)(t.ram + 2 * 4096);

	assert_int_equal(le16_read(&used->idx), idx + 1);
	return le32_read(&used->ring[idx % 8].len);
}

static void a_buffer_is_filled_with_what_the_seed_gives(void **state)
{
	uint64_t seed = 42;

	(void)state;
	start_rng(0);
	rng.state = 42;
	offer(0, 100, VRING_DESC_F_WRITE);
	assert_int_equal(used_len(0), 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(t.ram[3 * 4096 + i], virtio_rng_next(&seed));
	assert_int_equal(t.ram[3 * 4096 + 100], 0);
	assert_int_equal(t.interrupts[0], 1);
}

static void a_buffer_may_be_filled_in_part(void **state)
{
	(void)state;
	start_rng(0);
	rng.most = 7;
	offer(0, 100, VRING_DESC_F_WRITE);
	assert_int_equal(used_len(0), 7);
}

static void a_buffer_that_cannot_be_written_is_refused(void **state)
{
	(void)state;
	start_rng(0);
	offer(0, 100, 0);
	assert_true(t.vdev.status & VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(t.interrupts[1], 1);
}

static void a_length_can_be_a_lie(void **state)
{
	struct vring_packed_desc *packed = (void *)t.ram;

	(void)state;
	start_rng(0);
	rng.overstate = 1000;
	offer(0, 100, VRING_DESC_F_WRITE);
	assert_int_equal(used_len(0), 1100);

	setup(NULL);
	start_rng(FEATURE(VIRTIO_F_RING_PACKED));
	rng.overstate = 1000;
	le64_write(&packed->addr, BASE + 3 * 4096);
	le32_write(&packed->len, 100);
	le16_write(&packed->flags, VRING_DESC_F_WRITE | VRING_PACKED_DESC_F_AVAIL);
	virtio_queue_notify(&t.vdev, 0);
	assert_int_equal(le32_read(&packed->len), 1100);
}

static void a_silent_device_keeps_quiet(void **state)
{
	const struct vring_used *used = (void *)(t.ram + 2 * 4096);

	(void)state;
	start_rng(0);
	rng.silent = true;
	offer(0, 100, VRING_DESC_F_WRITE);
	assert_int_equal(le16_read(&used->idx), 0);
}

#define TEST_CASE(name) cmocka_unit_test_setup(name, setup)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(any_consistent_subset_is_accepted),
		TEST_CASE(an_inconsistent_set_is_refused),
		TEST_CASE(a_set_that_was_refused_can_be_mended),
		TEST_CASE(asking_for_a_word_that_there_is_not_is_refused),
		TEST_CASE(features_stay_after_FEATURES_OK),
		TEST_CASE(legacy_bits_are_shown_to_legacy_drivers),
		TEST_CASE(live_without_FEATURES_OK_it_wants_a_reset),
		TEST_CASE(a_reset_is_complete_at_once),
		TEST_CASE(the_model_hears_of_the_status),
		TEST_CASE(failing_is_announced_once_the_driver_listens),
		TEST_CASE(a_complaint_is_cut_to_what_fits),
		TEST_CASE(config_may_be_read_before_FEATURES_OK),
		TEST_CASE(beyond_the_config_there_is_0_and_nothing_to_write),
		TEST_CASE(a_change_moves_the_generation_and_is_announced_when_live),
		TEST_CASE(nothing_is_taken_before_DRIVER_OK),
		TEST_CASE(a_legacy_driver_may_use_a_queue_before_DRIVER_OK),
		TEST_CASE(doorbells_of_queues_that_are_not_there_are_ignored),
		TEST_CASE(deferred_doorbells_wait_and_merge),
		TEST_CASE(a_queues_reset_leaves_the_others_alone),
		TEST_CASE(a_queue_that_cannot_be_breaks_the_device),
		TEST_CASE(a_stopped_device_neither_takes_nor_tells),
		TEST_CASE(a_buffer_is_filled_with_what_the_seed_gives),
		TEST_CASE(a_buffer_may_be_filled_in_part),
		TEST_CASE(a_buffer_that_cannot_be_written_is_refused),
		TEST_CASE(a_length_can_be_a_lie),
		TEST_CASE(a_silent_device_keeps_quiet),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
