/* SPDX-License-Identifier: MIT */
/*
 * Device config that changes: read in one piece, and reported once, when somebody listens.
 */
#include "fake_device.h"
#include "tests/support/select.h"

static struct fake_device disk;
static int changes;

static int probe(struct virtio_device *vdev)
{
	/* Nobody is told of what came before DRIVER_OK until the driver is up. */
	virtio_config_changed(vdev);
	assert_int_equal(changes, 0);
	return 0;
}

static int quiet_probe(struct virtio_device *vdev)
{
	(void)vdev;
	return 0;
}

static void remove_(struct virtio_device *vdev)
{
	/* Nor of what comes while it goes. */
	virtio_config_changed(vdev);
	virtio_reset_device(vdev);
}

static void config_changed(struct virtio_device *vdev)
{
	(void)vdev;
	changes++;
}

static int wants_to_hear_nothing(struct virtio_device *vdev)
{
	virtio_config_driver_disable(vdev);
	virtio_config_changed(vdev);
	return -EIO;
}

static const struct virtio_device_id ids[] = { { VIRTIO_ID_BLOCK, VIRTIO_DEV_ANY_ID }, { 0 } };
static struct virtio_driver driver = { .name = "config",
				       .id_table = ids,
				       .probe = probe,
				       .remove = remove_,
				       .config_changed = config_changed };

static int setup(void **state)
{
	(void)state;
	changes = 0;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	return register_virtio_driver(&driver) || register_virtio_device(&disk.vdev);
}

static int teardown(void **state)
{
	int before = changes;

	(void)state;
	unregister_virtio_device(&disk.vdev);
	assert_int_equal(changes, before);
	unregister_virtio_driver(&driver);
	return 0;
}

static void a_change_during_probe_is_reported_after_it(void **state)
{
	(void)state;
	assert_int_equal(changes, 1);
}

static void a_change_is_reported_at_once(void **state)
{
	(void)state;
	virtio_config_changed(&disk.vdev);
	virtio_config_changed(&disk.vdev);
	assert_int_equal(changes, 3);
}

static void changes_while_disabled_are_reported_once_when_enabled(void **state)
{
	(void)state;
	virtio_config_driver_disable(&disk.vdev);
	virtio_config_changed(&disk.vdev);
	virtio_config_changed(&disk.vdev);
	assert_int_equal(changes, 1);
	virtio_config_driver_enable(&disk.vdev);
	assert_int_equal(changes, 2);
	virtio_config_driver_disable(&disk.vdev);
	virtio_config_driver_enable(&disk.vdev);
	assert_int_equal(changes, 2);
}

static void fields_are_little_endian(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	memcpy(disk.config, bytes, sizeof(bytes));
	assert_int_equal(virtio_cread8(&disk.vdev, 1), 2);
	assert_int_equal(virtio_cread16(&disk.vdev, 2), 0x0403);
	assert_int_equal(virtio_cread32(&disk.vdev, 4), 0x08070605);
	assert_int_equal(virtio_cread64(&disk.vdev, 0), 0x0807060504030201);

	virtio_cwrite8(&disk.vdev, 10, 0xaa);
	virtio_cwrite16(&disk.vdev, 12, 0x1122);
	virtio_cwrite32(&disk.vdev, 16, 0x33445566);
	assert_int_equal(disk.config[10], 0xaa);
	assert_int_equal(disk.config[12], 0x22);
	assert_int_equal(disk.config[16], 0x66);
	assert_int_equal(disk.config[19], 0x33);
}

static void config_01b_what_changes_while_it_is_read_is_read_again(void **state)
{
	(void)state;
	memset(disk.config, 0x10, sizeof(disk.config));
	disk.changes_left = 2;
	assert_int_equal(virtio_cread64(&disk.vdev, 0), 0x1212121212121212);
	disk.changes_left = 1;
	assert_int_equal(virtio_cread16(&disk.vdev, 0), 0x1313);
}

static void a_device_that_never_settles_does_not_hold_us(void **state)
{
	(void)state;
	disk.changes_left = 1000000;
	virtio_cread64(&disk.vdev, 0);
	assert_true(disk.changes_left > 999000);
}

static void config_legacy_01_without_a_generation_two_reads_must_agree(void **state)
{
	struct virtio_config_ops legacy = fake_ops;

	(void)state;
	legacy.generation = NULL;
	disk.vdev.config = &legacy;
	memset(disk.config, 0x10, sizeof(disk.config));
	disk.changes_left = 3;
	assert_int_equal(virtio_cread64(&disk.vdev, 0), 0x1313131313131313);
	disk.changes_left = 1000000;
	virtio_cread32(&disk.vdev, 0);
	assert_true(disk.changes_left > 999000);
	disk.vdev.config = &fake_ops;
}

/* The one before had changes held back, and one was: neither is the next one's business. */
static void a_driver_starts_listening_whatever_the_one_before_wanted(void **state)
{
	struct virtio_driver deaf = {
		.name = "deaf", .id_table = ids, .probe = wants_to_hear_nothing, .remove = remove_
	};

	(void)state;
	unregister_virtio_driver(&driver);
	assert_int_equal(register_virtio_driver(&deaf), 0);
	driver.probe = quiet_probe;
	changes = 0;
	assert_int_equal(register_virtio_driver(&driver), 0);
	driver.probe = probe;
	assert_int_equal(changes, 0);
	virtio_config_changed(&disk.vdev);
	assert_int_equal(changes, 1);
	unregister_virtio_driver(&deaf);
}

static void a_driver_that_goes_while_changes_are_held_back_leaves_none(void **state)
{
	(void)state;
	virtio_config_driver_disable(&disk.vdev);
	virtio_config_changed(&disk.vdev);
	unregister_virtio_driver(&driver);
	driver.probe = quiet_probe;
	changes = 0;
	assert_int_equal(register_virtio_driver(&driver), 0);
	driver.probe = probe;
	assert_int_equal(changes, 0);
	virtio_config_changed(&disk.vdev);
	assert_int_equal(changes, 1);
}

int main(int argc, char **argv)
{
#define config_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		config_test(a_change_during_probe_is_reported_after_it),
		config_test(a_change_is_reported_at_once),
		config_test(changes_while_disabled_are_reported_once_when_enabled),
		config_test(fields_are_little_endian),
		config_test(config_01b_what_changes_while_it_is_read_is_read_again),
		config_test(a_device_that_never_settles_does_not_hold_us),
		config_test(config_legacy_01_without_a_generation_two_reads_must_agree),
		config_test(a_driver_starts_listening_whatever_the_one_before_wanted),
		config_test(a_driver_that_goes_while_changes_are_held_back_leaves_none),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
