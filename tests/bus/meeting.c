/* SPDX-License-Identifier: MIT */
/*
 * Devices and drivers find each other, whoever comes first.
 */
#include "fake_device.h"
#include "tests/support/select.h"

/* A driver that counts, and keeps what it was given. */
struct counting_driver {
	struct virtio_driver drv;
	int probes, removes;
	int error; /* what probe answers */
	struct virtio_device *last;
};

static struct counting_driver *to_counting(struct virtio_device *vdev)
{
	return (struct counting_driver *)vdev->driver;
}

static int counting_probe(struct virtio_device *vdev)
{
	struct counting_driver *c = to_counting(vdev);

	c->probes++;
	c->last = vdev;
	vdev->priv = c;
	return c->error;
}

static void counting_remove(struct virtio_device *vdev)
{
	to_counting(vdev)->removes++;
	virtio_reset_device(vdev);
}

static void leave_as_it_is(struct virtio_device *vdev)
{
	(void)vdev;
}

static const struct virtio_device_id block_ids[] = { { VIRTIO_ID_BLOCK, VIRTIO_DEV_ANY_ID },
						     { 0 } };
static const struct virtio_device_id net_ids[] = { { VIRTIO_ID_NET, VIRTIO_DEV_ANY_ID }, { 0 } };

static struct counting_driver driver_for(const char *name, const struct virtio_device_id *ids)
{
	return (struct counting_driver){ .drv = { .name = name,
						  .id_table = ids,
						  .probe = counting_probe,
						  .remove = counting_remove } };
}

static void a_driver_meets_a_device_that_was_there(void **state)
{
	struct counting_driver blk = driver_for("blk", block_ids);
	struct fake_device disk;

	(void)state;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	assert_int_equal(register_virtio_device(&disk.vdev), 0);
	assert_null(disk.vdev.driver);
	assert_int_equal(disk.status, VIRTIO_CONFIG_S_ACKNOWLEDGE);

	assert_int_equal(register_virtio_driver(&blk.drv), 0);
	assert_int_equal(blk.probes, 1);
	assert_ptr_equal(blk.last, &disk.vdev);
	assert_ptr_equal(disk.vdev.driver, &blk.drv);

	unregister_virtio_driver(&blk.drv);
	assert_int_equal(blk.removes, 1);
	assert_null(disk.vdev.driver);
	assert_null(disk.vdev.priv);
	assert_int_equal(disk.status, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	unregister_virtio_device(&disk.vdev);
}

static void a_device_meets_a_driver_that_was_there(void **state)
{
	struct counting_driver blk = driver_for("blk", block_ids);
	struct counting_driver net = driver_for("net", net_ids);
	struct fake_device disk, card;

	(void)state;
	assert_int_equal(register_virtio_driver(&net.drv), 0);
	assert_int_equal(register_virtio_driver(&blk.drv), 0);
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	fake_init(&card, VIRTIO_ID_NET, VERSION_1, 0);
	assert_int_equal(register_virtio_device(&disk.vdev), 0);
	assert_int_equal(register_virtio_device(&card.vdev), 0);

	assert_ptr_equal(disk.vdev.driver, &blk.drv);
	assert_ptr_equal(card.vdev.driver, &net.drv);
	assert_int_equal(blk.probes + net.probes, 2);

	unregister_virtio_device(&disk.vdev);
	unregister_virtio_device(&card.vdev);
	assert_int_equal(blk.removes + net.removes, 2);
	assert_null(virtio_next_device(NULL));
	unregister_virtio_driver(&blk.drv);
	unregister_virtio_driver(&net.drv);
}

static void one_driver_has_every_device_of_its_kind(void **state)
{
	struct counting_driver blk = driver_for("blk", block_ids);
	struct fake_device disks[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		fake_init(&disks[i], VIRTIO_ID_BLOCK, VERSION_1, 0);
		assert_int_equal(register_virtio_device(&disks[i].vdev), 0);
		assert_int_equal(disks[i].vdev.index, i);
	}
	register_virtio_driver(&blk.drv);
	assert_int_equal(blk.probes, 3);

	/* A number that is free is the next one's. */
	unregister_virtio_device(&disks[1].vdev);
	assert_null(virtio_find_device(1));
	fake_init(&disks[1], VIRTIO_ID_BLOCK, VERSION_1, 0);
	register_virtio_device(&disks[1].vdev);
	assert_ptr_equal(virtio_find_device(1), &disks[1].vdev);
	assert_int_equal(blk.probes, 4);

	for (int i = 0; i < 3; i++)
		unregister_virtio_device(&disks[i].vdev);
	unregister_virtio_driver(&blk.drv);
}

static void wildcards_match_any_device_or_any_vendor(void **state)
{
	static const struct virtio_device_id any[] = { { VIRTIO_DEV_ANY_ID, VIRTIO_DEV_ANY_ID },
						       { 0 } };
	static const struct virtio_device_id any_of_vendor[] = { { VIRTIO_DEV_ANY_ID, 0x1af4 },
								 { 0 } };
	static const struct virtio_device_id other_vendor[] = {
		{ VIRTIO_ID_NET, VIRTIO_DEV_ANY_ID }, { VIRTIO_ID_BLOCK, 0x1234 }, { 0 }
	};
	struct fake_device disk;
	struct virtio_driver drv = { .id_table = any };

	(void)state;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	assert_true(virtio_dev_match(&disk.vdev, &drv));
	drv.id_table = any_of_vendor;
	assert_true(virtio_dev_match(&disk.vdev, &drv));
	drv.id_table = other_vendor;
	assert_false(virtio_dev_match(&disk.vdev, &drv));
	disk.vdev.id.vendor = 0x1234;
	assert_true(virtio_dev_match(&disk.vdev, &drv));
}

static void of_two_drivers_for_one_id_the_first_has_it(void **state)
{
	struct counting_driver first = driver_for("first", block_ids);
	struct counting_driver second = driver_for("second", block_ids);
	struct fake_device disk;

	(void)state;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	register_virtio_driver(&first.drv);
	register_virtio_driver(&second.drv);
	register_virtio_device(&disk.vdev);
	assert_int_equal(first.probes, 1);
	assert_int_equal(second.probes, 0);

	unregister_virtio_device(&disk.vdev);
	unregister_virtio_driver(&first.drv);
	unregister_virtio_driver(&second.drv);
}

static void status_03_where_the_first_fails_the_second_starts_from_a_reset(void **state)
{
	struct counting_driver first = driver_for("first", block_ids);
	struct counting_driver second = driver_for("second", block_ids);
	struct fake_device disk;

	(void)state;
	first.error = -EIO;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	register_virtio_driver(&first.drv);
	register_virtio_driver(&second.drv);
	register_virtio_device(&disk.vdev);

	assert_int_equal(first.probes, 1);
	assert_int_equal(second.probes, 1);
	assert_ptr_equal(disk.vdev.driver, &second.drv);
	assert_ptr_equal(disk.vdev.priv, &second);
	assert_string_equal(disk.log, "reset ACK DRIVER get_features finalize FEATURES_OK FAILED "
				      "reset ACK DRIVER get_features finalize FEATURES_OK "
				      "DRIVER_OK");
	unregister_virtio_device(&disk.vdev);
	unregister_virtio_driver(&first.drv);
	unregister_virtio_driver(&second.drv);
}

static void a_driver_that_lacks_something_is_refused(void **state)
{
	struct counting_driver good = driver_for("good", block_ids);
	struct counting_driver bad = driver_for(NULL, block_ids);

	(void)state;
	assert_int_equal(register_virtio_driver(&bad.drv), -EINVAL);
	bad = driver_for("bad", NULL);
	assert_int_equal(register_virtio_driver(&bad.drv), -EINVAL);
	bad = driver_for("bad", block_ids);
	bad.drv.probe = NULL;
	assert_int_equal(register_virtio_driver(&bad.drv), -EINVAL);
	bad = driver_for("bad", block_ids);
	bad.drv.remove = NULL;
	assert_int_equal(register_virtio_driver(&bad.drv), -EINVAL);

	assert_int_equal(register_virtio_driver(&good.drv), 0);
	assert_int_equal(register_virtio_driver(&good.drv), -EEXIST);
	bad = driver_for("good", net_ids);
	assert_int_equal(register_virtio_driver(&bad.drv), -EEXIST);
	unregister_virtio_driver(&good.drv);
}

static void a_device_that_cannot_be_reset_is_not_registered(void **state)
{
	struct fake_device disk;

	(void)state;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	disk.reset_error = -ETIMEDOUT;
	assert_int_equal(register_virtio_device(&disk.vdev), -ETIMEDOUT);
	assert_null(virtio_next_device(NULL));
	assert_int_equal(disk.status, 0x55);
}

/* ---- a reset that fails ---- */

static void a_device_whose_reset_failed_is_offered_to_nobody_until_one_succeeds(void **state)
{
	struct counting_driver first = driver_for("first", block_ids);
	struct counting_driver second = driver_for("second", block_ids);
	struct fake_device disk;

	(void)state;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	assert_int_equal(register_virtio_driver(&first.drv), 0);
	assert_int_equal(register_virtio_device(&disk.vdev), 0);
	disk.reset_error = -ETIMEDOUT;
	disk.log[0] = 0;
	unregister_virtio_driver(&first.drv);
	/* Into a reset that is not over nothing is written (2.4.2). */
	assert_string_equal(disk.log, "reset");

	assert_int_equal(register_virtio_driver(&second.drv), 0);
	assert_int_equal(second.probes, 0);
	assert_null(disk.vdev.driver);
	assert_string_equal(disk.log, "reset reset");
	unregister_virtio_driver(&second.drv);

	/* It comes out late: that alone is not enough, it was kept from memory. */
	disk.status = 0;
	disk.reset_error = 0;
	disk.log[0] = 0;
	assert_int_equal(register_virtio_driver(&second.drv), 0);
	assert_int_equal(second.probes, 1);
	assert_ptr_equal(disk.vdev.driver, &second.drv);
	assert_string_equal(disk.log, "reset ACK DRIVER get_features finalize FEATURES_OK "
				      "DRIVER_OK");
	unregister_virtio_driver(&second.drv);
	unregister_virtio_device(&disk.vdev);
}

/* Late means: after the driver has gone, and before anybody looks at status again. */
static void status_0_after_a_reset_that_failed_is_no_acknowledge(void **state)
{
	struct counting_driver blk = driver_for("blk", block_ids);
	struct fake_device disk;

	(void)state;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	register_virtio_driver(&blk.drv);
	register_virtio_device(&disk.vdev);
	disk.reset_error = -ETIMEDOUT;
	disk.comes_out_late = true;
	disk.log[0] = 0;
	unregister_virtio_driver(&blk.drv);
	assert_int_equal(disk.status, 0);
	assert_string_equal(disk.log, "reset");
	unregister_virtio_device(&disk.vdev);
}

static int stuck_probe(struct virtio_device *vdev)
{
	to_counting(vdev)->probes++;
	to_fake(vdev)->reset_error = -ETIMEDOUT;
	return -EIO;
}

static void where_the_first_leaves_it_stuck_the_second_does_not_begin(void **state)
{
	struct counting_driver first = driver_for("first", block_ids);
	struct counting_driver second = driver_for("second", block_ids);
	struct fake_device disk;

	(void)state;
	first.drv.probe = stuck_probe;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	register_virtio_driver(&first.drv);
	register_virtio_driver(&second.drv);
	assert_int_equal(register_virtio_device(&disk.vdev), 0);
	assert_int_equal(first.probes, 1);
	assert_int_equal(second.probes, 0);
	assert_null(disk.vdev.driver);
	assert_string_equal(disk.log, "reset ACK DRIVER get_features finalize FEATURES_OK FAILED "
				      "reset reset");
	unregister_virtio_device(&disk.vdev);
	unregister_virtio_driver(&first.drv);
	unregister_virtio_driver(&second.drv);
}

/* Whoever leaves it in the middle of the ladder: the next starts at the foot. */
static void a_device_left_without_a_reset_is_reset_for_the_next(void **state)
{
	struct counting_driver first = driver_for("first", block_ids);
	struct counting_driver second = driver_for("second", block_ids);
	struct fake_device disk;

	(void)state;
	first.drv.remove = leave_as_it_is;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1, 0);
	register_virtio_device(&disk.vdev);
	register_virtio_driver(&first.drv);
	unregister_virtio_driver(&first.drv);
	disk.log[0] = 0;
	register_virtio_driver(&second.drv);
	assert_string_equal(disk.log, "reset ACK DRIVER get_features finalize FEATURES_OK "
				      "DRIVER_OK");
	unregister_virtio_device(&disk.vdev);
	unregister_virtio_driver(&second.drv);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_driver_meets_a_device_that_was_there),
		cmocka_unit_test(a_device_meets_a_driver_that_was_there),
		cmocka_unit_test(one_driver_has_every_device_of_its_kind),
		cmocka_unit_test(wildcards_match_any_device_or_any_vendor),
		cmocka_unit_test(of_two_drivers_for_one_id_the_first_has_it),
		cmocka_unit_test(status_03_where_the_first_fails_the_second_starts_from_a_reset),
		cmocka_unit_test(a_driver_that_lacks_something_is_refused),
		cmocka_unit_test(a_device_that_cannot_be_reset_is_not_registered),
		cmocka_unit_test(
			a_device_whose_reset_failed_is_offered_to_nobody_until_one_succeeds),
		cmocka_unit_test(status_0_after_a_reset_that_failed_is_no_acknowledge),
		cmocka_unit_test(where_the_first_leaves_it_stuck_the_second_does_not_begin),
		cmocka_unit_test(a_device_left_without_a_reset_is_reset_for_the_next),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
