/* SPDX-License-Identifier: MIT */
/*
 * Freeze and restore: the device forgets everything, and is brought back to where it was.
 */
#include "fake_device.h"
#include "tests/support/select.h"

static struct fake_device disk;
static int freeze_error, restore_error, changes;
static bool ready_in_restore, reset_before_freeze;

static int probe(struct virtio_device *vdev)
{
	(void)vdev;
	return 0;
}

static void remove_(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
}

static int freeze(struct virtio_device *vdev)
{
	fake_log(to_fake(vdev), "freeze");
	if (reset_before_freeze) {
		/* As virtio_blk does with a request that does not come back. */
		virtio_reset_device(vdev);
		assert_int_equal(virtio_device_restore(vdev), 0);
	}
	return freeze_error ? freeze_error : virtio_reset_device(vdev);
}

static int restore(struct virtio_device *vdev)
{
	fake_log(to_fake(vdev), "restore");
	if (ready_in_restore)
		virtio_device_ready(vdev);
	return restore_error;
}

static void config_changed(struct virtio_device *vdev)
{
	(void)vdev;
	changes++;
}

static const unsigned int table[] = { 9 };
static const struct virtio_device_id ids[] = { { VIRTIO_ID_BLOCK, VIRTIO_DEV_ANY_ID }, { 0 } };
static struct virtio_driver driver = { .name = "power",
				       .id_table = ids,
				       .feature_table = table,
				       .feature_table_size = 1,
				       .probe = probe,
				       .remove = remove_,
				       .freeze = freeze,
				       .restore = restore,
				       .config_changed = config_changed };

#define ALIVE                                                                                 \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK | \
	 VIRTIO_CONFIG_S_DRIVER_OK)

static int setup(void **state)
{
	(void)state;
	freeze_error = restore_error = changes = 0;
	ready_in_restore = reset_before_freeze = false;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1 | 1 << 9, 0);
	if (register_virtio_driver(&driver) || register_virtio_device(&disk.vdev))
		return -1;
	disk.log[0] = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unregister_virtio_device(&disk.vdev);
	unregister_virtio_driver(&driver);
	return 0;
}

static void it_comes_back_with_the_features_it_had(void **state)
{
	(void)state;
	assert_int_equal(virtio_device_freeze(&disk.vdev), 0);
	disk.offered.word[0] |= 1 << 5; /* something new makes no difference */
	disk.told = (struct virtio_features){ { 0 } };
	assert_int_equal(virtio_device_restore(&disk.vdev), 0);
	assert_string_equal(disk.log, "freeze reset reset ACK DRIVER get_features "
				      "finalize FEATURES_OK restore DRIVER_OK");
	assert_int_equal(disk.status, ALIVE);
	assert_int_equal(disk.told.word[0], VERSION_1 | 1 << 9);
}

static void restore_may_set_driver_ok_itself(void **state)
{
	(void)state;
	ready_in_restore = true;
	virtio_device_freeze(&disk.vdev);
	assert_int_equal(virtio_device_restore(&disk.vdev), 0);
	assert_int_equal(disk.status, ALIVE);
}

static void a_change_while_it_sleeps_is_reported_when_it_is_back(void **state)
{
	(void)state;
	virtio_device_freeze(&disk.vdev);
	virtio_config_changed(&disk.vdev);
	assert_int_equal(changes, 0);
	virtio_device_restore(&disk.vdev);
	assert_int_equal(changes, 1);
}

static void a_reset_on_the_way_to_sleep_wakes_nobody_up(void **state)
{
	(void)state;
	reset_before_freeze = true;
	assert_int_equal(virtio_device_freeze(&disk.vdev), 0);
	virtio_config_changed(&disk.vdev);
	assert_int_equal(changes, 0);
	assert_int_equal(virtio_device_restore(&disk.vdev), 0);
	assert_int_equal(changes, 1);
	virtio_config_changed(&disk.vdev);
	assert_int_equal(changes, 2);
}

static void a_driver_that_cannot_freeze_goes_on(void **state)
{
	(void)state;
	freeze_error = -EBUSY;
	assert_int_equal(virtio_device_freeze(&disk.vdev), -EBUSY);
	assert_int_equal(disk.status, ALIVE);
	virtio_config_changed(&disk.vdev);
	assert_int_equal(changes, 1);
}

static void feat_01a_another_device_than_before_is_not_brought_back(void **state)
{
	(void)state;
	virtio_device_freeze(&disk.vdev);
	disk.offered.word[0] = VERSION_1;
	assert_int_equal(virtio_device_restore(&disk.vdev), -ENODEV);
	assert_true(disk.status & VIRTIO_CONFIG_S_FAILED);
	assert_false(disk.status & VIRTIO_CONFIG_S_DRIVER_OK);
}

static void a_restore_that_fails_sets_failed(void **state)
{
	(void)state;
	restore_error = -EIO;
	virtio_device_freeze(&disk.vdev);
	assert_int_equal(virtio_device_restore(&disk.vdev), -EIO);
	assert_true(disk.status & VIRTIO_CONFIG_S_FAILED);
	assert_false(disk.status & VIRTIO_CONFIG_S_DRIVER_OK);
}

/* The reset begins everything anew (2.1.1): what failed the last time has not failed yet. */
static void after_a_restore_that_failed_it_sleeps_and_wakes_up_whole(void **state)
{
	(void)state;
	restore_error = -EIO;
	virtio_device_freeze(&disk.vdev);
	assert_int_equal(virtio_device_restore(&disk.vdev), -EIO);
	assert_int_equal(virtio_device_freeze(&disk.vdev), 0);
	restore_error = 0;
	assert_int_equal(virtio_device_restore(&disk.vdev), 0);
	assert_int_equal(disk.status, ALIVE);
}

static void a_device_without_a_driver_sleeps_too(void **state)
{
	(void)state;
	unregister_virtio_driver(&driver);
	assert_int_equal(virtio_device_freeze(&disk.vdev), 0);
	assert_int_equal(virtio_device_restore(&disk.vdev), 0);
	assert_int_equal(disk.status, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	assert_int_equal(register_virtio_driver(&driver), 0);
	assert_int_equal(disk.status, ALIVE);
}

static void init_04_a_failed_device_is_still_failed_when_it_wakes_up(void **state)
{
	(void)state;
	unregister_virtio_driver(&driver);
	disk.status |= VIRTIO_CONFIG_S_FAILED;
	assert_int_equal(virtio_device_freeze(&disk.vdev), 0);
	disk.status = 0;
	disk.log[0] = 0;
	assert_int_equal(virtio_device_restore(&disk.vdev), 0);
	assert_string_equal(disk.log, "reset ACK FAILED");
	assert_int_equal(register_virtio_driver(&driver), 0);
	assert_int_equal(disk.status, ALIVE);
}

static void into_a_reset_that_is_not_over_not_even_failed_is_written(void **state)
{
	(void)state;
	assert_int_equal(virtio_device_freeze(&disk.vdev), 0);
	disk.reset_error = -ETIMEDOUT;
	disk.log[0] = 0;
	assert_int_equal(virtio_device_restore(&disk.vdev), -ETIMEDOUT);
	assert_string_equal(disk.log, "reset");
	disk.reset_error = 0;
	assert_int_equal(virtio_device_restore(&disk.vdev), 0);
	assert_int_equal(disk.status, ALIVE);
}

int main(int argc, char **argv)
{
#define power_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		power_test(it_comes_back_with_the_features_it_had),
		power_test(restore_may_set_driver_ok_itself),
		power_test(a_change_while_it_sleeps_is_reported_when_it_is_back),
		power_test(a_reset_on_the_way_to_sleep_wakes_nobody_up),
		power_test(a_driver_that_cannot_freeze_goes_on),
		power_test(feat_01a_another_device_than_before_is_not_brought_back),
		power_test(a_restore_that_fails_sets_failed),
		power_test(after_a_restore_that_failed_it_sleeps_and_wakes_up_whole),
		power_test(a_device_without_a_driver_sleeps_too),
		power_test(init_04_a_failed_device_is_still_failed_when_it_wakes_up),
		power_test(into_a_reset_that_is_not_over_not_even_failed_is_written),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
