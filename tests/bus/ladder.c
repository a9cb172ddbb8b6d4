/* SPDX-License-Identifier: MIT */
/*
 * The ladder of 3.1.1, rung by rung, and what happens when one does not hold.
 */
#include "fake_device.h"
#include "tests/support/select.h"

static struct fake_device disk;
static int validate_error, probe_error;
static int drops = -1; /* a bit that validate clears */
static bool ready_in_probe;
static struct virtio_features seen_in_validate, seen_in_probe;
static char status_in_scan;

static int validate(struct virtio_device *vdev)
{
	fake_log(to_fake(vdev), "validate");
	seen_in_validate = vdev->features;
	if (drops >= 0)
		virtio_clear_feature(vdev, drops);
	return validate_error;
}

static int probe(struct virtio_device *vdev)
{
	fake_log(to_fake(vdev), "probe");
	seen_in_probe = vdev->features;
	if (ready_in_probe)
		virtio_device_ready(vdev);
	return probe_error;
}

static void scan(struct virtio_device *vdev)
{
	fake_log(to_fake(vdev), "scan");
	status_in_scan = vdev->config->get_status(vdev);
}

static void remove_(struct virtio_device *vdev)
{
	fake_log(to_fake(vdev), "remove");
	virtio_reset_device(vdev);
}

#define HIGH_BIT 100
static const unsigned int table[] = { 5, 9, 60, HIGH_BIT };
static const unsigned int legacy_table[] = { 7, 27 };
static const struct virtio_device_id ids[] = { { VIRTIO_ID_BLOCK, VIRTIO_DEV_ANY_ID }, { 0 } };

static struct virtio_driver driver;

static int setup(void **state)
{
	(void)state;
	driver = (struct virtio_driver){ .name = "ladder",
					 .id_table = ids,
					 .feature_table = table,
					 .feature_table_size = 4,
					 .probe = probe,
					 .remove = remove_ };
	validate_error = probe_error = 0;
	drops = -1;
	ready_in_probe = false;
	fake_init(&disk, VIRTIO_ID_BLOCK, VERSION_1 | 1 << 9, 0);
	return register_virtio_driver(&driver);
}

static int teardown(void **state)
{
	(void)state;
	if (virtio_next_device(NULL))
		unregister_virtio_device(&disk.vdev);
	unregister_virtio_driver(&driver);
	return 0;
}

static void init_01_the_steps_come_in_the_order_of_3_1_1(void **state)
{
	(void)state;
	driver.validate = validate;
	driver.scan = scan;
	assert_int_equal(register_virtio_device(&disk.vdev), 0);
	assert_string_equal(disk.log, "reset ACK DRIVER get_features finalize validate "
				      "FEATURES_OK probe DRIVER_OK scan");
	assert_int_equal(status_in_scan, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
						 VIRTIO_CONFIG_S_FEATURES_OK |
						 VIRTIO_CONFIG_S_DRIVER_OK);
}

static void a_driver_may_set_driver_ok_in_probe(void **state)
{
	(void)state;
	ready_in_probe = true;
	register_virtio_device(&disk.vdev);
	assert_string_equal(disk.log, "reset ACK DRIVER get_features finalize "
				      "FEATURES_OK probe DRIVER_OK");
}

static void feat_01a_03b_accepted_is_what_both_have(void **state)
{
	(void)state;
	/* Offered and not in the table: 6, 62, 120. In the table and not offered: 5, 60. */
	disk.offered = (struct virtio_features){ { VERSION_1 | 1 << 9 | 1 << 6 | 1ull << 62,
						   1ull << (HIGH_BIT - 64) | 1ull << 56 } };
	register_virtio_device(&disk.vdev);
	assert_ptr_equal(disk.vdev.driver, &driver); /* feat.05: what is unknown is no obstacle */
	assert_int_equal(disk.told.word[0], VERSION_1 | 1 << 9);
	assert_int_equal(disk.told.word[1], 1ull << (HIGH_BIT - 64));
	assert_true(virtio_has_feature(&disk.vdev, HIGH_BIT));
	assert_false(virtio_has_feature(&disk.vdev, 120));
}

static void the_transport_s_features_reach_the_transport(void **state)
{
	uint64_t ring = 1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << VIRTIO_RING_F_EVENT_IDX |
			1ull << VIRTIO_F_RING_PACKED | 1ull << VIRTIO_F_SR_IOV |
			1ull << VIRTIO_F_ADMIN_VQ;

	(void)state;
	disk.offered.word[0] |= ring;
	register_virtio_device(&disk.vdev);
	assert_int_equal(disk.told.word[0], VERSION_1 | 1 << 9 | ring);
}

static void feat_03b_ring_features_that_no_ring_has_are_dropped(void **state)
{
	struct virtio_device vdev = { 0 };

	(void)state;
	vdev.features = (struct virtio_features){ { ~0ull, ~0ull } };
	vring_transport_features(&vdev);
	assert_true(virtio_has_feature(&vdev, VIRTIO_F_RING_PACKED));
	assert_true(virtio_has_feature(&vdev, VIRTIO_F_IN_ORDER));
	assert_false(virtio_has_feature(&vdev, VIRTIO_F_SR_IOV));
	assert_false(virtio_has_feature(&vdev, VIRTIO_F_RING_RESET));
	assert_false(virtio_has_feature(&vdev, 30));
	assert_true(virtio_has_feature(&vdev, 27)); /* the driver's to choose */
	assert_true(virtio_has_feature(&vdev, 43));
	assert_true(virtio_has_feature(&vdev, 127));
}

static void feat_01b_without_version_1_no_bit_above_31_is_a_ring_s(void **state)
{
	struct virtio_device vdev = { .features = { { 0xffffffff | 1ull << VIRTIO_F_RING_PACKED |
						      1ull << VIRTIO_F_IN_ORDER } } };

	(void)state;
	vring_transport_features(&vdev);
	assert_true(virtio_has_feature(&vdev, VIRTIO_RING_F_EVENT_IDX));
	assert_false(virtio_has_feature(&vdev, VIRTIO_F_RING_PACKED));
	assert_false(virtio_has_feature(&vdev, VIRTIO_F_IN_ORDER));
}

static void feat_legacy_01_without_version_1_the_legacy_table_counts(void **state)
{
	(void)state;
	driver.feature_table_legacy = legacy_table;
	driver.feature_table_size_legacy = 2;
	disk.offered.word[0] = 1 << 7 | 1 << 9 | 1 << 27;
	register_virtio_device(&disk.vdev);
	assert_int_equal(disk.told.word[0], 1 << 7 | 1 << 27);
	/* init.legacy.01: and there is no FEATURES_OK. */
	assert_string_equal(disk.log, "reset ACK DRIVER get_features finalize probe DRIVER_OK");
}

static void validate_may_drop_a_feature_and_the_device_hears_of_it(void **state)
{
	(void)state;
	driver.validate = validate;
	drops = 9;
	register_virtio_device(&disk.vdev);
	assert_true(virtio_features_test(&seen_in_validate, 9));
	assert_false(virtio_features_test(&seen_in_probe, 9));
	assert_false(virtio_features_test(&disk.told, 9));
	assert_string_equal(disk.log, "reset ACK DRIVER get_features finalize validate "
				      "finalize FEATURES_OK probe DRIVER_OK");
}

/* After any failure: no driver, no trace of one, FAILED was set, and the device is as new. */
static void assert_failed_and_reset(const char *log)
{
	assert_null(disk.vdev.driver);
	assert_null(disk.vdev.priv);
	assert_string_equal(disk.log, log);
	assert_int_equal(disk.status, VIRTIO_CONFIG_S_ACKNOWLEDGE);
}

static void init_05_features_that_are_refused_end_it(void **state)
{
	(void)state;
	disk.refuses = VIRTIO_CONFIG_S_FEATURES_OK;
	assert_int_equal(register_virtio_device(&disk.vdev), 0);
	assert_failed_and_reset("reset ACK DRIVER get_features finalize FEATURES_OK FAILED "
				"reset ACK");
}

static void feat_04b_a_set_that_validate_cannot_use_ends_it(void **state)
{
	(void)state;
	driver.validate = validate;
	validate_error = -EINVAL;
	register_virtio_device(&disk.vdev);
	assert_failed_and_reset("reset ACK DRIVER get_features finalize validate FAILED "
				"reset ACK");
}

static void init_04_a_probe_that_fails_sets_failed(void **state)
{
	(void)state;
	probe_error = -ENOMEM;
	register_virtio_device(&disk.vdev);
	assert_failed_and_reset("reset ACK DRIVER get_features finalize FEATURES_OK probe "
				"FAILED reset ACK");
}

static void a_device_that_is_gone_has_no_features_ok(void **state)
{
	(void)state;
	disk.gone = true;
	register_virtio_device(&disk.vdev);
	assert_null(disk.vdev.driver);
	assert_null(strstr(disk.log, "probe"));
}

static void status_02_no_bit_is_cleared_on_the_way(void **state)
{
	(void)state;
	register_virtio_device(&disk.vdev);
	unregister_virtio_device(&disk.vdev);
	assert_null(strstr(disk.log, "CLEARED"));
}

static void cleanup_02_remove_resets_before_anything_else(void **state)
{
	(void)state;
	register_virtio_device(&disk.vdev);
	disk.log[0] = 0;
	unregister_virtio_driver(&driver);
	assert_string_equal(disk.log, "remove reset ACK");
	assert_int_equal(register_virtio_driver(&driver), 0); /* for teardown, and once more */
	assert_ptr_equal(disk.vdev.driver, &driver);
}

int main(int argc, char **argv)
{
#define ladder_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ladder_test(init_01_the_steps_come_in_the_order_of_3_1_1),
		ladder_test(a_driver_may_set_driver_ok_in_probe),
		ladder_test(feat_01a_03b_accepted_is_what_both_have),
		ladder_test(the_transport_s_features_reach_the_transport),
		cmocka_unit_test(feat_03b_ring_features_that_no_ring_has_are_dropped),
		cmocka_unit_test(feat_01b_without_version_1_no_bit_above_31_is_a_ring_s),
		ladder_test(feat_legacy_01_without_version_1_the_legacy_table_counts),
		ladder_test(validate_may_drop_a_feature_and_the_device_hears_of_it),
		ladder_test(init_05_features_that_are_refused_end_it),
		ladder_test(feat_04b_a_set_that_validate_cannot_use_ends_it),
		ladder_test(init_04_a_probe_that_fails_sets_failed),
		ladder_test(a_device_that_is_gone_has_no_features_ok),
		ladder_test(status_02_no_bit_is_cleared_on_the_way),
		ladder_test(cleanup_02_remove_resets_before_anything_else),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
