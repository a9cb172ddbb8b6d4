/* SPDX-License-Identifier: MIT */
/*
 * What a virtio function says of itself in config space (4.1.2, 4.1.4): ids, capabilities, and the
 * window that leads to its registers.
 */
#include "device/pci_regs.h"
#include "one_hand.h"

/* The @nth virtio capability of @type, from 0; 0 if there is none. */
static unsigned int nth_cap(unsigned int type, unsigned int nth)
{
	unsigned int at = config(PCI_CAPABILITY_LIST, 1);

	for (; at; at = config(at + 1, 1))
		if (config(at, 1) == PCI_CAP_ID_VNDR && config(at + 3, 1) == type && !nth--)
			return at;
	return 0;
}

/* ---- who it is ---- */

static void a_modern_function_has_modern_ids(void **state)
{
	(void)state;
	start(&modern);
	assert_int_equal(config(PCI_VENDOR_ID, 2), 0x1af4);
	assert_int_equal(config(PCI_DEVICE_ID, 2), 0x1040 + 4);
	assert_int_equal(config(PCI_REVISION_ID, 1), 1);
	assert_in_range(config(PCI_SUBSYSTEM_ID, 2), 0x40, 0xffff);
	assert_int_equal(config(PCI_BASE_ADDRESS_0, 4), 0); /* no legacy structure */
}

static void a_transitional_function_has_the_old_ids(void **state)
{
	struct machine_device device = { .type = "rng", .interface = MACHINE_TRANSITIONAL };

	(void)state;
	start(&device);
	assert_int_equal(config(PCI_DEVICE_ID, 2), 0x1005);
	assert_int_equal(config(PCI_REVISION_ID, 1), 0);
	assert_int_equal(config(PCI_SUBSYSTEM_ID, 2), 4);
	assert_int_equal(config(PCI_BASE_ADDRESS_0, 4), HAND_LEGACY | 1);
	assert_int_not_equal(nth_cap(VIRTIO_PCI_CAP_COMMON_CFG, 0), 0);
}

static void a_legacy_function_has_no_virtio_capabilities(void **state)
{
	struct machine_device device = { .type = "rng", .interface = MACHINE_LEGACY };

	(void)state;
	start(&device);
	assert_int_equal(config(PCI_DEVICE_ID, 2), 0x1005);
	for (unsigned int type = 1; type < 10; type++)
		assert_int_equal(nth_cap(type, 0), 0);
}

static void capabilities_say_where_the_structures_are(void **state)
{
	unsigned int common, notify;

	(void)state;
	start(&modern);
	common = nth_cap(VIRTIO_PCI_CAP_COMMON_CFG, 0);
	assert_int_equal(config(common + 2, 1), 16); /* cap_len */
	assert_int_equal(config(common + 4, 1), VIRTIO_PCI_BAR_MODERN);
	assert_int_equal(config(common + 8, 4) % 4, 0);
	assert_int_equal(config(common + 12, 4), sizeof(struct virtio_pci_common_cfg));
	notify = nth_cap(VIRTIO_PCI_CAP_NOTIFY_CFG, 0);
	assert_int_equal(config(notify + 2, 1), 20);
	assert_int_equal(config(notify + 12, 4), 4);
	assert_int_equal(config(notify + 16, 4), 4); /* notify_off_multiplier */
	assert_int_not_equal(nth_cap(VIRTIO_PCI_CAP_ISR_CFG, 0), 0);
	assert_int_not_equal(nth_cap(VIRTIO_PCI_CAP_PCI_CFG, 0), 0);
	/* 5.4.4: an entropy device has no config, so there is nothing to point to. */
	assert_int_equal(nth_cap(VIRTIO_PCI_CAP_DEVICE_CFG, 0), 0);
}

static void capabilities_that_mean_nothing_come_first_if_asked_for(void **state)
{
	struct machine_device device = { .type = "rng", .options = "extra_caps=on" };

	(void)state;
	start(&device);
	assert_int_equal(config(nth_cap(VIRTIO_PCI_CAP_COMMON_CFG, 0) + 4, 1), 7);
	assert_int_equal(config(nth_cap(VIRTIO_PCI_CAP_COMMON_CFG, 1) + 4, 1), 4);
	assert_int_equal(config(nth_cap(VIRTIO_PCI_CAP_COMMON_CFG, 1) + 2, 1), 24);
	assert_int_not_equal(nth_cap(0x7f, 0), 0);
}

static void shared_memory_is_found_by_its_id(void **state)
{
	struct machine_device device = { .type = "rng", .options = "shm=on" };
	unsigned int cap;

	(void)state;
	start(&device);
	cap = nth_cap(VIRTIO_PCI_CAP_SHARED_MEMORY_CFG, 1);
	assert_int_equal(config(cap + 5, 1), 9);
	assert_int_equal(config(cap + 8, 4), 4096);
	assert_int_equal(config(cap + 12, 4), 4096);
	assert_int_equal(config(cap + 16, 4), 0);
	assert_int_equal(config(cap + 20, 4), 0);
	platform_mmio_write32(HAND_SHM + 4096 + 8, 0x11223344);
	assert_int_equal(hand.proxy->conf.shm[1].memory[8], 0x44);
	assert_int_equal(platform_mmio_read16(HAND_SHM + 4096 + 10), 0x1122);
}

static void vendor_data_may_be_read(void **state)
{
	struct machine_device device = { .type = "rng", .options = "vendor_cap=on" };
	unsigned int cap;

	(void)state;
	start(&device);
	cap = nth_cap(VIRTIO_PCI_CAP_VENDOR_CFG, 0);
	assert_int_equal(config(cap + 2, 1) % 4, 0);
	assert_int_not_equal(config(cap + 4, 2), VIRTIO_PCI_VENDOR_ID);
	assert_int_equal(config(cap + 8, 4), 0x12345678);
	assert_int_equal(config(cap + 8, 4), 0x12345678); /* without side effects */
}

static void a_function_that_makes_no_sense_is_not_made(void **state)
{
	struct VirtIOPCIProxy *proxy = calloc(1, sizeof(*proxy));
	struct VirtIODevice *vdev = host_rng_new(&modern);
	struct VirtIOPCIConf conf = { .notify_off_multiplier = 6 };

	(void)state;
	assert_false(virtio_pci_realize(proxy, vdev, &conf));
	conf.notify_off_multiplier = 4;
	conf.vectors = PCI_MSIX_MAX + 1;
	assert_false(virtio_pci_realize(proxy, vdev, &conf));
	conf.vectors = PCI_MSIX_MAX;
	assert_true(virtio_pci_realize(proxy, vdev, &conf));
	/* 4.1.4.4.1: doorbells of 32 bits are 4 bytes apart. */
	virtio_add_feature(vdev->host_features, VIRTIO_F_NOTIFICATION_DATA);
	conf.notify_off_multiplier = 2;
	assert_false(virtio_pci_realize(proxy, vdev, &conf));
	host_rng_free(vdev);
	free(proxy);
	start(&modern); /* for stop() */
}

/* ---- the window in config space ---- */

static void set_window(unsigned int bar, uint32_t offset, uint32_t length)
{
	unsigned int cap = nth_cap(VIRTIO_PCI_CAP_PCI_CFG, 0);

	platform_pci_write(HAND_BDF, cap + 4, 1, bar);
	platform_pci_write(HAND_BDF, cap + 8, 4, offset);
	platform_pci_write(HAND_BDF, cap + 12, 4, length);
}

static void registers_can_be_reached_through_the_window(void **state)
{
	unsigned int data;

	(void)state;
	start(&modern);
	data = nth_cap(VIRTIO_PCI_CAP_PCI_CFG, 0) + 16;
	/* It needs no BAR that answers. */
	platform_pci_write(HAND_BDF, PCI_COMMAND, 2, 0);
	set_window(VIRTIO_PCI_BAR_MODERN, FIELD(num_queues), 2);
	assert_int_equal(config(data, 2), 1);
	set_window(VIRTIO_PCI_BAR_MODERN, FIELD(device_status), 1);
	platform_pci_write(HAND_BDF, data, 1, 0);
	assert_int_equal(config(data, 1), 0);
	platform_pci_write(HAND_BDF, data, 1, ACKNOWLEDGE);
	assert_int_equal(config(data, 1), ACKNOWLEDGE);
	platform_pci_write(HAND_BDF, PCI_COMMAND, 2, 7);
	assert_int_equal(hand_read(FIELD(device_status), 1), ACKNOWLEDGE);
}

/* What is not a register of ours leaves pci_cfg_data as it was. */
static void the_window_shows_nothing_else(void **state)
{
	static const uint32_t wrong[][3] = {
		{ VIRTIO_PCI_BAR_MODERN, FIELD(num_queues), 3 },
		{ VIRTIO_PCI_BAR_MODERN, FIELD(num_queues) - 1, 2 },
		{ VIRTIO_PCI_BAR_MSIX, 12, 4 },
		{ 9, 0, 4 },
	};
	unsigned int data;

	(void)state;
	start(&modern);
	without_manners();
	data = nth_cap(VIRTIO_PCI_CAP_PCI_CFG, 0) + 16;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		set_window(wrong[i][0], wrong[i][1], wrong[i][2]);
		platform_pci_write(HAND_BDF, data, 4, 0x5a5a5a5a);
		assert_int_equal(config(data, 4), 0x5a5a5a5a);
	}
	/* Beyond the BAR there are ones, as on a bus. */
	set_window(VIRTIO_PCI_BAR_MODERN, 0xfffffffc, 4);
	assert_int_equal(config(data, 4), 0xffffffff);
}

#define CONFIG_TEST(name) cmocka_unit_test_teardown(name, stop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CONFIG_TEST(a_modern_function_has_modern_ids),
		CONFIG_TEST(a_transitional_function_has_the_old_ids),
		CONFIG_TEST(a_legacy_function_has_no_virtio_capabilities),
		CONFIG_TEST(capabilities_say_where_the_structures_are),
		CONFIG_TEST(capabilities_that_mean_nothing_come_first_if_asked_for),
		CONFIG_TEST(shared_memory_is_found_by_its_id),
		CONFIG_TEST(vendor_data_may_be_read),
		CONFIG_TEST(a_function_that_makes_no_sense_is_not_made),
		CONFIG_TEST(registers_can_be_reached_through_the_window),
		CONFIG_TEST(the_window_shows_nothing_else),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
