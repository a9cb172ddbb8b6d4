/* SPDX-License-Identifier: MIT */
/*
 * The modern transport against a modelled function: features, config, doorbells, queues, reset.
 */
#include "pci_test.h"

static struct echo echo;

/* ---- a device comes up ---- */

static void a_modern_device_works(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	for (int i = 0; i < 20; i++)
		echo_work(0);
	assert_no_offence(&echo);
}

static void pci_id_07_the_virtio_id_is_the_pci_one_less_0x1040(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	assert_int_equal(pci_at(ECHO_BDF)->device, 0x1040 + ECHO_ID);
	assert_int_equal(echo_driver.vdev->id.device, ECHO_ID);
	assert_int_equal(echo_driver.vdev->id.vendor, pci_at(ECHO_BDF)->subsystem_vendor);
}

static void it_says_where_on_the_bus_it_is(void **state)
{
	char name[8];

	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	assert_string_equal(echo_driver.vdev->config->bus_name(echo_driver.vdev),
			    pci_name(pci_at(ECHO_BDF), name));
}

static void pci_id_09_10_any_revision_and_subsystem_will_do(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	echo.proxy.pci.config[0x08] = 0x77;
	pci_set_long(echo.proxy.pci.config + 0x2c, 0x12345678);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	assert_non_null(echo_driver.vdev);
	assert_int_equal(echo_driver.vdev->id.vendor, 0x5678);
}

static void a_function_that_is_no_virtio_device_is_left_alone(void **state)
{
	static struct PCIDevice other;
	static const struct PCIDeviceClass class;
	const struct PCIIdentity identity = { .vendor = 0x1af4, .device = 0x1110 };

	(void)state;
	pci_device_init(&other, &class, &identity);
	platform_host_plug(&other, ECHO_BDF);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), -ENODEV);
	assert_int_equal(virtio_pci_probe_all(), 0);
}

static void a_function_is_probed_once(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), -EBUSY);
	assert_int_equal(virtio_pci_probe_all(), 0);
	echo_work(0);
}

static void one_bad_function_does_not_stop_the_others(void **state)
{
	static struct echo bad;

	(void)state;
	echo_init(&bad, 1, 8);
	echo_plug(&bad, NULL, 2 << 3);
	bad.proxy.faults.reset_reads = VIRTIO_PCI_FOREVER;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe_all(), 1);
	assert_logged("does not come out of reset");
	echo_work(0);
}

static void after_remove_it_can_be_probed_again(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	for (int i = 0; i < 3; i++) {
		virtio_pci_remove(pci_at(ECHO_BDF));
		assert_null(echo_driver.vdev);
		assert_int_equal(echo.vdev.status, VIRTIO_STATUS_ACKNOWLEDGE);
		assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
		echo_work(0);
	}
	assert_no_offence(&echo);
}

/* ---- features ---- */

static void features_above_bit_63_are_agreed_on(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	virtio_add_feature(echo.vdev.host_features, 0);
	virtio_add_feature(echo.vdev.host_features, 100);
	virtio_add_feature(echo.vdev.host_features, 101); /* not in the driver's table */
	echo_start(&echo, NULL);
	assert_true(virtio_has_feature(echo_driver.vdev, 100));
	assert_false(virtio_has_feature(echo_driver.vdev, 101));
	assert_int_equal(echo.vdev.guest_features[1], BIT(36));
	assert_true(echo.vdev.guest_features[0] & 1);
	assert_no_offence(&echo);
}

static void feat_03a_03b_of_the_transport_bits_it_takes_those_it_keeps(void **state)
{
	const uint64_t kept = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_EVENT_IDX) |
			      BIT(VIRTIO_RING_F_INDIRECT_DESC) | BIT(VIRTIO_F_RING_RESET) |
			      BIT(VIRTIO_F_NOTIFICATION_DATA) | BIT(VIRTIO_F_NOTIF_CONFIG_DATA) |
			      BIT(VIRTIO_F_IN_ORDER) | BIT(VIRTIO_F_ACCESS_PLATFORM);

	(void)state;
	echo_init(&echo, 1, 8);
	/* SR_IOV without the capability, ADMIN_VQ, bit 30 and bit 42: none of them. */
	echo.vdev.host_features[0] =
		kept | BIT(VIRTIO_F_SR_IOV) | BIT(VIRTIO_F_ADMIN_VQ) | BIT(30) | BIT(42);
	echo_start(&echo, NULL);
	assert_int_equal(echo.vdev.guest_features[0], kept);
	echo_work(0);
	assert_no_offence(&echo);
}

static void order_platform_is_taken_where_barriers_are_good_for_it(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	virtio_add_feature(echo.vdev.host_features, VIRTIO_F_ORDER_PLATFORM);
	echo_start(&echo, NULL);
#ifdef __x86_64__
	assert_true(virtio_has_feature(echo_driver.vdev, VIRTIO_F_ORDER_PLATFORM));
#else
	assert_false(virtio_has_feature(echo_driver.vdev, VIRTIO_F_ORDER_PLATFORM));
#endif
}

static void a_modern_interface_without_version_1_is_refused(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	echo.vdev.host_features[0] &= ~BIT(VIRTIO_F_VERSION_1);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	assert_null(echo_driver.vdev);
	assert_logged("VERSION_1 is not offered");
}

static void a_feature_whose_register_is_not_there_is_refused(void **state)
{
	struct pci_dev *dev;

	(void)state;
	echo_init(&echo, 1, 8);
	virtio_add_feature(echo.vdev.host_features, VIRTIO_F_RING_RESET);
	echo_plug(&echo, NULL, ECHO_BDF);
	assert_int_equal(pci_scan(), 0);
	dev = pci_at(ECHO_BDF);
	/* The common config ends before queue_reset, as in 1.1. */
	for (unsigned int i = 0; i < dev->num_caps; i++)
		if (dev->caps[i].id == 0x09 && echo.proxy.pci.config[dev->caps[i].pos + 3] == 1)
			pci_set_long(echo.proxy.pci.config + dev->caps[i].pos + 12, 56);
	assert_int_equal(virtio_pci_probe(dev), 0);
	assert_null(echo_driver.vdev);
	assert_logged("no room for feature RING_RESET");
}

/* ---- device config ---- */

static void pci_access_01_02_fields_are_accessed_in_their_own_width(void **state)
{
	struct virtio_device *vdev;
	uint64_t value;

	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	vdev = echo_driver.vdev;
	assert_int_equal(virtio_cread8(vdev, 3), 0x13);
	assert_int_equal(virtio_cread16(vdev, 2), 0x1312);
	assert_int_equal(virtio_cread32(vdev, 4), 0x17161514);
	assert_int_equal(virtio_cread64(vdev, 8), 0x1f1e1d1c1b1a1918);
	/* One access for each, two for one of 64 bits. */
	echo.config_moves = 100;
	vdev->config->get(vdev, 3, &value, 1);
	vdev->config->get(vdev, 2, &value, 2);
	vdev->config->get(vdev, 4, &value, 4);
	vdev->config->get(vdev, 8, &value, 8);
	assert_int_equal(echo.config_moves, 100 - 5);
	echo.config_moves = 0;
	echo.config[17] = 0x21;
	virtio_cwrite8(vdev, 16, 0xa1);
	virtio_cwrite16(vdev, 18, 0xb2b1);
	virtio_cwrite32(vdev, 20, 0xc4c3c2c1);
	assert_memory_equal(echo.config + 16, "\xa1\x21\xb1\xb2\xc1\xc2\xc3\xc4", 8);
	/* The strict mode watches the widths of everything else. */
	assert_no_offence(&echo);
}

static void an_array_of_bytes_is_read_byte_by_byte(void **state)
{
	uint8_t mac[6], odd[5];

	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	echo_driver.vdev->config->get(echo_driver.vdev, 0, mac, 6);
	assert_memory_equal(mac, echo.config, 6);
	echo_driver.vdev->config->get(echo_driver.vdev, 7, odd, 5);
	assert_memory_equal(odd, echo.config + 7, 5);
	echo_driver.vdev->config->get(echo_driver.vdev, 1, odd, 2);
	assert_memory_equal(odd, echo.config + 1, 2);
	echo_driver.vdev->config->set(echo_driver.vdev, 9, "abcde", 5);
	assert_memory_equal(echo.config + 9, "abcde", 5);
	assert_no_offence(&echo);
}

static void config_beyond_what_the_device_has_is_an_error_and_reads_zero(void **state)
{
	uint32_t value = 0x55555555;

	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	echo_driver.vdev->config->get(echo_driver.vdev, ECHO_CONFIG - 2, &value, 4);
	assert_int_equal(value, 0);
	assert_logged("4 bytes of device config at 30: it has 32");
	echo_driver.vdev->config->get(echo_driver.vdev, 0xfffffffe, &value, 4);
	echo_driver.vdev->config->set(echo_driver.vdev, ECHO_CONFIG, &value, 4);
	assert_int_equal(echo.config[ECHO_CONFIG - 1], 0x10 + ECHO_CONFIG - 1);
}

static void config_01a_01b_reads_of_two_generations_are_thrown_away(void **state)
{
	uint64_t value;

	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	/* Each half of a field is from another generation, five times over. */
	echo.config_moves = 10;
	value = virtio_cread64(echo_driver.vdev, 8);
	assert_int_equal(echo.config_moves, 0);
	assert_memory_equal(&value, echo.config + 8, 8);
	/* One that never stands still is given up. */
	echo.config_moves = 1000000;
	virtio_cread64(echo_driver.vdev, 8);
	assert_true(echo.config_moves);
	assert_no_offence(&echo);
}

static void a_change_of_config_reaches_the_driver(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	virtio_notify_config(&echo.vdev);
	assert_true(platform_wait(platform_now() + ECHO_PATIENCE));
	assert_int_equal(echo_driver.config_changes, 1);
	assert_int_equal(echo_driver.callbacks[0], 0);
}

/* ---- doorbells ---- */

static void rings_with(uint32_t multiplier, uint64_t features)
{
	struct VirtIOPCIConf conf;

	echo_init(&echo, 4, 8);
	echo.vdev.host_features[0] |= features;
	conf = echo_conf(&echo);
	conf.notify_off_multiplier = multiplier;
	echo_driver.nvqs = 4;
	echo_start(&echo, &conf);
	for (unsigned int i = 0; i < 40; i++)
		echo_work(i % 4);
	/* Width, place and value of each are the strict mode's to judge. */
	assert_int_equal(echo.proxy.kicks, 40);
	assert_no_offence(&echo);
}

#define DATA BIT(VIRTIO_F_NOTIFICATION_DATA)
#define CONFIG_DATA BIT(VIRTIO_F_NOTIF_CONFIG_DATA)
#define PACKED BIT(VIRTIO_F_RING_PACKED)

static void G13_pci_kick_01_03_one_doorbell_for_all(void **state)
{
	(void)state;
	rings_with(0, 0);
}

static void G13_doorbells_two_bytes_apart(void **state)
{
	(void)state;
	rings_with(2, 0);
}

static void G13_doorbells_four_bytes_apart(void **state)
{
	(void)state;
	rings_with(4, 0);
}

static void G13_doorbells_a_page_apart(void **state)
{
	(void)state;
	rings_with(4096, 0);
}

static void pci_kick_02_04_with_notification_data(void **state)
{
	(void)state;
	rings_with(4, DATA);
}

static void notification_data_with_one_doorbell_for_all(void **state)
{
	(void)state;
	rings_with(0, DATA);
}

static void notification_data_of_a_packed_ring(void **state)
{
	(void)state;
	rings_with(4, DATA | PACKED);
}

static void pci_kick_05_with_notif_config_data(void **state)
{
	(void)state;
	rings_with(4, CONFIG_DATA);
}

static void pci_kick_06_with_both(void **state)
{
	(void)state;
	rings_with(0, DATA | CONFIG_DATA);
}

static void with_both_and_a_packed_ring(void **state)
{
	(void)state;
	rings_with(4, DATA | CONFIG_DATA | PACKED);
}

/* queue_notify_off is the device's number, and the multiplier is: the product is checked. */
static void a_doorbell_outside_its_structure_is_refused(void **state)
{
	struct pci_dev *dev;

	(void)state;
	echo_init(&echo, 4, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	assert_int_equal(pci_scan(), 0);
	dev = pci_at(ECHO_BDF);
	for (unsigned int i = 0; i < dev->num_caps; i++)
		if (dev->caps[i].id == 0x09 && echo.proxy.pci.config[dev->caps[i].pos + 3] == 2)
			pci_set_long(echo.proxy.pci.config + dev->caps[i].pos + 16, 4096);
	echo_driver.nvqs = 2;
	assert_int_equal(virtio_pci_probe(dev), 0);
	assert_null(echo_driver.vdev->driver);
	assert_int_equal(echo_driver.find_vqs, -EINVAL);
	assert_logged("queue 1: doorbell at 1 times 4096 is not within 16 bytes");
}

/* ---- queues ---- */

static void G16_a_queue_the_device_has_not_got_is_enoent(void **state)
{
	(void)state;
	echo_init(&echo, 2, 8);
	echo_driver.nvqs = 3;
	echo_try(&echo, NULL);
	assert_int_equal(echo_driver.find_vqs, -ENOENT);
	assert_no_offence(&echo);
}

static void a_queue_without_a_name_keeps_the_others_numbers(void **state)
{
	(void)state;
	echo_init(&echo, 4, 8);
	echo_driver.nvqs = 4;
	echo_driver.infos[1].name = NULL;
	echo_start(&echo, NULL);
	assert_null(echo_driver.vqs[1]);
	assert_int_equal(echo_driver.vqs[3]->index, 3);
	assert_false(echo.vdev.queues[1].enabled);
	echo_work(0);
	echo_work(2);
	echo_work(3);
	assert_no_offence(&echo);
}

static void a_packed_queue_of_a_size_that_is_no_power_of_two(void **state)
{
	(void)state;
	echo_init(&echo, 1, 7);
	echo.vdev.host_features[0] |= PACKED;
	echo_start(&echo, NULL);
	assert_int_equal(virtqueue_get_vring_size(echo_driver.vqs[0]), 7);
	for (int i = 0; i < 30; i++)
		echo_work(0);
	assert_no_offence(&echo);
}

static void queues_are_set_up_in_full_before_any_is_enabled(void **state)
{
	(void)state;
	echo_init(&echo, 3, 8);
	echo_driver.nvqs = 4; /* the last is not there */
	echo_try(&echo, NULL);
	for (unsigned int i = 0; i < 3; i++)
		assert_false(echo.vdev.queues[i].enabled);
}

static void queues_found_twice_are_ebusy_and_the_first_stay(void **state)
{
	struct virtqueue *vqs[1];

	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	assert_int_equal(virtio_find_vqs(echo_driver.vdev, 1, vqs, echo_driver.infos), -EBUSY);
	echo_work(0);
}

/* ---- reset ---- */

static void reset_03_pci_common_21_a_slow_reset_is_waited_for(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	echo.proxy.faults.reset_reads = 500;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	echo_work(0);
	/* Some 100 quick looks, the others a millisecond apart. */
	assert_true(platform_now() > 300 * 1000 * 1000ull);
	assert_no_offence(&echo);
}

static void a_device_that_never_leaves_reset_is_given_up(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	echo.proxy.faults.reset_reads = VIRTIO_PCI_FOREVER;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), -ETIMEDOUT);
	assert_null(pci_at(ECHO_BDF)->drvdata);
	assert_logged("does not come out of reset, status 01");
	assert_in_range(platform_now(), 5 * 1000 * 1000 * 1000ull, 6 * 1000 * 1000 * 1000ull);
	/* Once it does, it can be had. */
	echo.proxy.faults.reset_reads = 0;
	echo.proxy.reset_left = 0;
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	echo_work(0);
}

/* What it was given is freed all the same, so it must not be able to write there. */
static void a_device_that_cannot_be_stopped_is_cut_off_from_memory(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	echo.proxy.faults.reset_reads = VIRTIO_PCI_FOREVER;
	assert_true(pci_can_master(&echo.proxy.pci));
	assert_int_equal(virtio_reset_device(echo_driver.vdev), -ETIMEDOUT);
	assert_false(pci_can_master(&echo.proxy.pci));
	/* A reset that succeeds lets it in again. */
	echo.proxy.faults.reset_reads = 0;
	echo.proxy.reset_left = 0;
	assert_int_equal(virtio_reset_device(echo_driver.vdev), 0);
	assert_true(pci_can_master(&echo.proxy.pci));
}

static void features_that_the_device_refuses_end_the_probe(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	echo.proxy.faults.refuse_features = true;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	assert_null(echo_driver.vdev);
	assert_logged("refuses these features");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		echo_test(a_modern_device_works),
		echo_test(pci_id_07_the_virtio_id_is_the_pci_one_less_0x1040),
		echo_test(it_says_where_on_the_bus_it_is),
		echo_test(pci_id_09_10_any_revision_and_subsystem_will_do),
		echo_test(a_function_that_is_no_virtio_device_is_left_alone),
		echo_test(a_function_is_probed_once),
		echo_test(one_bad_function_does_not_stop_the_others),
		echo_test(after_remove_it_can_be_probed_again),
		echo_test(features_above_bit_63_are_agreed_on),
		echo_test(feat_03a_03b_of_the_transport_bits_it_takes_those_it_keeps),
		echo_test(order_platform_is_taken_where_barriers_are_good_for_it),
		echo_test(a_modern_interface_without_version_1_is_refused),
		echo_test(a_feature_whose_register_is_not_there_is_refused),
		echo_test(pci_access_01_02_fields_are_accessed_in_their_own_width),
		echo_test(an_array_of_bytes_is_read_byte_by_byte),
		echo_test(config_beyond_what_the_device_has_is_an_error_and_reads_zero),
		echo_test(config_01a_01b_reads_of_two_generations_are_thrown_away),
		echo_test(a_change_of_config_reaches_the_driver),
		echo_test(G13_pci_kick_01_03_one_doorbell_for_all),
		echo_test(G13_doorbells_two_bytes_apart),
		echo_test(G13_doorbells_four_bytes_apart),
		echo_test(G13_doorbells_a_page_apart),
		echo_test(pci_kick_02_04_with_notification_data),
		echo_test(notification_data_with_one_doorbell_for_all),
		echo_test(notification_data_of_a_packed_ring),
		echo_test(pci_kick_05_with_notif_config_data),
		echo_test(pci_kick_06_with_both),
		echo_test(with_both_and_a_packed_ring),
		echo_test(a_doorbell_outside_its_structure_is_refused),
		echo_test(G16_a_queue_the_device_has_not_got_is_enoent),
		echo_test(a_queue_without_a_name_keeps_the_others_numbers),
		echo_test(a_packed_queue_of_a_size_that_is_no_power_of_two),
		echo_test(queues_are_set_up_in_full_before_any_is_enabled),
		echo_test(queues_found_twice_are_ebusy_and_the_first_stay),
		echo_test(reset_03_pci_common_21_a_slow_reset_is_waited_for),
		echo_test(a_device_that_never_leaves_reset_is_given_up),
		echo_test(a_device_that_cannot_be_stopped_is_cut_off_from_memory),
		echo_test(features_that_the_device_refuses_end_the_probe),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
