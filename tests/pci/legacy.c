/* SPDX-License-Identifier: MIT */
/*
 * The legacy transport: devices that have no other, transitional ones, and which is taken when.
 */
#include "pci_test.h"

static struct echo echo;

static struct virtio_pci_device *start_as(enum virtio_pci_interface interface, unsigned int vectors)
{
	return echo_start_as(&echo, interface, vectors);
}

/* There on the bus, and nobody has looked yet. */
static void plug_as(enum virtio_pci_interface interface, unsigned int queues)
{
	struct VirtIOPCIConf conf;

	echo_init(&echo, queues, 8);
	conf = echo_conf(&echo);
	conf.interface = interface;
	echo_plug(&echo, &conf, ECHO_BDF);
}

static void feat_legacy_01_init_legacy_01_a_legacy_device_works(void **state)
{
	struct virtio_pci_device *vp_dev = start_as(VIRTIO_PCI_LEGACY, 3);

	(void)state;
	assert_true(vp_dev->is_legacy);
	assert_true(echo.vdev.legacy);
	assert_false(virtio_has_feature(echo_driver.vdev, VIRTIO_F_VERSION_1));
	/* No such step (3.1.2). */
	assert_false(echo.vdev.status & VIRTIO_STATUS_FEATURES_OK);
	for (unsigned int i = 0; i < 20; i++)
		echo_work(i % 2);
	assert_no_offence(&echo);
}

static void pci_legacydetect_02_a_transitional_device_is_driven_as_a_modern_one(void **state)
{
	struct virtio_pci_device *vp_dev = start_as(VIRTIO_PCI_TRANSITIONAL, 3);

	(void)state;
	assert_false(vp_dev->is_legacy);
	assert_false(echo.vdev.legacy);
	assert_true(virtio_has_feature(echo_driver.vdev, VIRTIO_F_VERSION_1));
	echo_work(0);
	assert_no_offence(&echo);
}

static void pci_id_08_pci_legacydetect_03_without_capabilities_it_is_a_legacy_one(void **state)
{
	(void)state;
	plug_as(VIRTIO_PCI_TRANSITIONAL, 1);
	echo.proxy.pci.config[0x06] &= ~0x10; /* no capability list at all, so no MSI-X either */
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_at(ECHO_BDF)->device, 0x1002);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	assert_true(to_vp_device(echo_driver.vdev)->is_legacy);
	assert_int_equal(echo.vdev.guest_features[0] >> 32, 0);
	echo_work(0);
	assert_no_offence(&echo);
}

static void pci_legacydetect_05_a_modern_one_without_capabilities_fails_gracefully(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	echo.proxy.pci.config[0x06] &= ~0x10;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), -ENODEV);
	assert_null(pci_at(ECHO_BDF)->drvdata);
}

static void a_transitional_device_of_another_revision_has_no_legacy_interface(void **state)
{
	(void)state;
	plug_as(VIRTIO_PCI_LEGACY, 1);
	echo.proxy.pci.config[0x08] = 1;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), -ENODEV);
}

static int take(struct virtio_device *vdev)
{
	(void)vdev;
	return 0;
}

static void let_go(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
}

/* 5: 0 is reserved. Not even a driver for everything is offered such a one. */
static void a_function_of_kind_0_is_no_virtio_device(void **state)
{
	static const struct virtio_device_id any[] = { { VIRTIO_DEV_ANY_ID, VIRTIO_DEV_ANY_ID },
						       { 0 } };
	static const enum virtio_pci_interface interfaces[] = { VIRTIO_PCI_MODERN,
								VIRTIO_PCI_TRANSITIONAL,
								VIRTIO_PCI_LEGACY };
	struct virtio_driver driver = {
		.name = "any", .id_table = any, .probe = take, .remove = let_go
	};

	for (unsigned int i = 0; i < 3; i++) {
		unregister_virtio_driver(&echo_virtio_driver);
		assert_int_equal(register_virtio_driver(&driver), 0);
		plug_as(interfaces[i], 1);
		if (interfaces[i] == VIRTIO_PCI_MODERN)
			pci_set_word(echo.proxy.pci.config + PCI_DEVICE_ID,
				     VIRTIO_PCI_DEVICE_ID_MODERN);
		else
			pci_set_word(echo.proxy.pci.config + PCI_SUBSYSTEM_ID, 0);
		assert_int_equal(pci_scan(), 0);
		assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), -ENODEV);
		assert_null(virtio_next_device(NULL));
		unregister_virtio_driver(&driver);
		assert_int_equal(echo_teardown(state), 0);
		assert_int_equal(echo_setup(state), 0);
	}
}

static void pci_legacylayout_02_without_an_io_bar_it_is_refused(void **state)
{
	(void)state;
	plug_as(VIRTIO_PCI_LEGACY, 1);
	pci_set_long(echo.proxy.pci.config + 0x10, 0); /* it says that it is memory */
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), -EINVAL);
	assert_logged("BAR 0 is not 24 bytes of I/O");
}

static void only_32_feature_bits_are_seen(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo.vdev.host_features[0] = BIT(0) | BIT(VIRTIO_RING_F_EVENT_IDX);
	echo_try(&echo, &(struct VirtIOPCIConf){ .interface = VIRTIO_PCI_LEGACY, .vectors = 2 });
	assert_int_equal(echo.vdev.guest_features[0], BIT(0) | BIT(VIRTIO_RING_F_EVENT_IDX));
	assert_int_equal(echo.vdev.guest_features[1], 0);
	echo_work(0);
	assert_no_offence(&echo);
}

static void pci_legacylayout_04_device_config_follows_the_header(void **state)
{
	static const unsigned int vectors[] = { 3, 0 };

	(void)state;
	/* With MSI-X on there are two fields more in front of it. */
	for (unsigned int i = 0; i < 2; i++) {
		struct virtio_pci_device *vp_dev = start_as(VIRTIO_PCI_LEGACY, vectors[i]);

		assert_int_equal(vp_dev->pci_dev->msix_enabled, i == 0);
		assert_int_equal(virtio_cread8(&vp_dev->vdev, 1), 0x11);
		assert_int_equal(virtio_cread16(&vp_dev->vdev, 2), 0x1312);
		assert_int_equal(virtio_cread32(&vp_dev->vdev, 4), 0x17161514);
		assert_int_equal(virtio_cread64(&vp_dev->vdev, 8), 0x1f1e1d1c1b1a1918);
		virtio_cwrite32(&vp_dev->vdev, 16, 0xc4c3c2c1);
		assert_memory_equal(echo.config + 16, "\xc1\xc2\xc3\xc4", 4);
		assert_no_offence(&echo);
		echo_teardown(state);
		assert_int_equal(echo_setup(state), 0);
	}
}

static void config_legacy_01_without_a_generation_it_is_read_until_it_stands_still(void **state)
{
	struct virtio_pci_device *vp_dev = start_as(VIRTIO_PCI_LEGACY, 3);
	uint64_t value;

	(void)state;
	assert_null(vp_dev->vdev.config->generation);
	echo.config_moves = 10;
	value = virtio_cread64(&vp_dev->vdev, 8);
	assert_memory_equal(&value, echo.config + 8, 8);
	echo.config_moves = 1000000;
	virtio_cread64(&vp_dev->vdev, 8);
	assert_true(echo.config_moves);
}

/* 3.1.2: what a driver from before the order of 3.1.1 may do, the device has to bear. */
static void init_legacy_02_03_an_old_driver_does_both_before_its_time(void **state)
{
	struct virtio_device *vdev = &start_as(VIRTIO_PCI_LEGACY, 3)->vdev;

	(void)state;
	assert_int_equal(echo_freeze(vdev), 0);
	assert_int_equal(echo.vdev.status, 0);
	/* Config is written before a bit of the status is set. */
	virtio_cwrite32(vdev, 16, 0xc4c3c2c1);
	assert_memory_equal(echo.config + 16, "\xc1\xc2\xc3\xc4", 4);
	/* And a queue is used without DRIVER_OK. */
	vdev->config->set_status(vdev, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	assert_int_equal(vdev->config->finalize_features(vdev), 0);
	assert_int_equal(echo_restore(vdev), 0);
	for (unsigned int i = 0; i < 20; i++)
		echo_work(i % 2);
	assert_false(echo.vdev.status & VIRTIO_STATUS_DRIVER_OK);
	assert_no_offence(&echo);
}

static void config_beyond_the_bar_is_an_error_and_reads_zero(void **state)
{
	struct virtio_pci_device *vp_dev = start_as(VIRTIO_PCI_LEGACY, 3);
	uint32_t value = 0x55555555;

	(void)state;
	vp_dev->vdev.config->get(&vp_dev->vdev, 4096, &value, 4);
	assert_int_equal(value, 0);
	assert_logged("4 bytes of device config at 4096");
}

static void the_size_of_a_queue_is_the_device_s(void **state)
{
	(void)state;
	echo_init(&echo, 1, 64);
	echo_try(&echo, &(struct VirtIOPCIConf){ .interface = VIRTIO_PCI_LEGACY });
	assert_int_equal(virtqueue_get_vring_size(echo_driver.vqs[0]), 64);
	for (int i = 0; i < 100; i++)
		echo_work(0);
	/* One block, the used ring in the next page (2.7.2). */
	assert_int_equal(echo.vdev.queues[0].desc % 4096, 0);
	assert_int_equal(echo.vdev.queues[0].device % 4096, 0);
	assert_no_offence(&echo);
}

static void feat_legacy_04_an_old_device_knows_no_queue_reset(void **state)
{
	struct virtio_pci_device *vp_dev = start_as(VIRTIO_PCI_LEGACY, 3);

	(void)state;
	assert_null(vp_dev->vdev.config->disable_vq_and_reset);
	assert_null(vp_dev->vdev.config->get_shm_region);
	assert_int_equal(virtqueue_reset(echo_driver.vqs[0], NULL, NULL), -ENOENT);
	echo_work(0);
}

static void queues_are_taken_away_when_the_driver_goes(void **state)
{
	(void)state;
	start_as(VIRTIO_PCI_LEGACY, 3);
	echo_work(0);
	virtio_pci_remove(pci_at(ECHO_BDF));
	for (unsigned int i = 0; i < 2; i++) {
		assert_false(echo.vdev.queues[i].enabled);
		assert_int_equal(echo.vdev.queues[i].vector, VIRTIO_NO_VECTOR);
	}
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	echo_work(0);
	assert_no_offence(&echo);
}

static void a_refused_vector_takes_the_queue_back(void **state)
{
	(void)state;
	plug_as(VIRTIO_PCI_LEGACY, 2);
	echo_driver.nvqs = 2;
	echo.proxy.faults.refuse_vectors = 2;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	assert_true(to_vp_device(echo_driver.vdev)->intx_enabled);
	echo_work(0);
	echo_work(1);
	assert_no_offence(&echo);
}

static void a_legacy_device_that_never_leaves_reset_is_given_up(void **state)
{
	(void)state;
	plug_as(VIRTIO_PCI_LEGACY, 2);
	echo.proxy.faults.reset_reads = VIRTIO_PCI_FOREVER;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), -ETIMEDOUT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		echo_test(feat_legacy_01_init_legacy_01_a_legacy_device_works),
		echo_test(pci_legacydetect_02_a_transitional_device_is_driven_as_a_modern_one),
		echo_test(pci_id_08_pci_legacydetect_03_without_capabilities_it_is_a_legacy_one),
		echo_test(pci_legacydetect_05_a_modern_one_without_capabilities_fails_gracefully),
		echo_test(a_transitional_device_of_another_revision_has_no_legacy_interface),
		echo_test(a_function_of_kind_0_is_no_virtio_device),
		echo_test(pci_legacylayout_02_without_an_io_bar_it_is_refused),
		echo_test(only_32_feature_bits_are_seen),
		echo_test(pci_legacylayout_04_device_config_follows_the_header),
		echo_test(config_legacy_01_without_a_generation_it_is_read_until_it_stands_still),
		echo_test(init_legacy_02_03_an_old_driver_does_both_before_its_time),
		echo_test(config_beyond_the_bar_is_an_error_and_reads_zero),
		echo_test(the_size_of_a_queue_is_the_device_s),
		echo_test(feat_legacy_04_an_old_device_knows_no_queue_reset),
		echo_test(queues_are_taken_away_when_the_driver_goes),
		echo_test(a_refused_vector_takes_the_queue_back),
		echo_test(a_legacy_device_that_never_leaves_reset_is_given_up),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
