/* SPDX-License-Identifier: MIT */
/*
 * Other ways to a device's memory: the window in config space (4.1.4.9), by which a function works
 * whose BARs could not be placed, and shared memory regions (4.1.4.7).
 */
#include "pci_test.h"

static struct echo echo;

/* ---- the window as such ---- */

static void the_window_shows_what_the_bar_shows(void **state)
{
	struct virtio_pci_modern_device *mdev;
	struct vp_region common, device;

	(void)state;
	echo_init(&echo, 1, 8);
	mdev = &echo_start(&echo, NULL)->mdev;
	common = vp_through_window(&mdev->common, &mdev->window);
	device = vp_through_window(&mdev->device, &mdev->window);
	assert_int_equal(common.space, VP_WINDOW);
	for (uint32_t at = 0; at < ECHO_CONFIG; at += 4) {
		assert_int_equal(vp_ioread32(&device, at), vp_ioread32(&mdev->device, at));
		assert_int_equal(vp_ioread16(&device, at + 2), vp_ioread16(&mdev->device, at + 2));
		assert_int_equal(vp_ioread8(&device, at + 3), vp_ioread8(&mdev->device, at + 3));
	}
	/* num_queues and device_status */
	assert_int_equal(vp_ioread16(&common, 18), 1);
	assert_int_equal(vp_ioread8(&common, 20), echo.vdev.status);
	assert_no_offence(&echo);
}

static void what_is_written_through_it_arrives(void **state)
{
	struct virtio_pci_modern_device *mdev;
	struct vp_region device;

	(void)state;
	echo_init(&echo, 1, 8);
	mdev = &echo_start(&echo, NULL)->mdev;
	device = vp_through_window(&mdev->device, &mdev->window);
	vp_iowrite8(0xa1, &device, 1);
	vp_iowrite16(0xb2b1, &device, 2);
	vp_iowrite32(0xc4c3c2c1, &device, 4);
	vp_iowrite64_twopart(0xd8d7d6d5d4d3d2d1, &device, 8, 12);
	assert_memory_equal(echo.config,
			    "\x10\xa1\xb1\xb2\xc1\xc2\xc3\xc4\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8", 16);
	assert_no_offence(&echo);
}

static void accesses_outside_a_structure_are_not_made(void **state)
{
	struct virtio_pci_modern_device *mdev;
	struct vp_region device;
	uint8_t before[ECHO_CONFIG];

	(void)state;
	echo_init(&echo, 1, 8);
	mdev = &echo_start(&echo, NULL)->mdev;
	memcpy(before, echo.config, ECHO_CONFIG);
	for (int way = 0; way < 2; way++) {
		device = way ? vp_through_window(&mdev->device, &mdev->window) : mdev->device;
		assert_int_equal(vp_ioread8(&device, ECHO_CONFIG), 0xff);
		assert_int_equal(vp_ioread16(&device, ECHO_CONFIG - 1), 0xffff);
		assert_int_equal(vp_ioread32(&device, 0xfffffffe), 0xffffffff);
		vp_iowrite8(0, &device, ECHO_CONFIG);
		vp_iowrite16(0, &device, ECHO_CONFIG - 1);
		vp_iowrite32(0, &device, ECHO_CONFIG - 3);
	}
	assert_memory_equal(before, echo.config, ECHO_CONFIG);
	/* 4.1.4.9.2: the window was never aimed there. */
	assert_no_offence(&echo);
}

/* ---- a function without addresses ---- */

/* As if there had been no room: BAR @bar of the function keeps 0. */
static void take_address(struct pci_dev *dev, unsigned int bar)
{
	dev->bars[bar].base = 0;
	pci_write_config_dword(dev, 0x10 + 4 * bar, 0);
	pci_write_config_dword(dev, 0x14 + 4 * bar, 0);
}

static void pci_cfgcap_04a_04b_05_without_a_place_it_works_by_the_window(void **state)
{
	struct virtio_pci_device *vp_dev;
	struct pci_dev *dev;

	(void)state;
	echo_init(&echo, 3, 8);
	virtio_add_feature(echo.vdev.host_features, 100);
	virtio_add_feature(echo.vdev.host_features, VIRTIO_F_RING_RESET);
	echo_plug(&echo, NULL, ECHO_BDF);
	assert_int_equal(pci_scan(), 0);
	dev = pci_at(ECHO_BDF);
	take_address(dev, VIRTIO_PCI_BAR_MODERN);
	echo_driver.nvqs = 3;
	assert_int_equal(virtio_pci_probe(dev), 0);
	assert_non_null(echo_driver.vdev->driver);
	vp_dev = to_vp_device(echo_driver.vdev);
	assert_int_equal(vp_dev->mdev.common.space, VP_WINDOW);
	assert_int_equal(vp_dev->isr.space, VP_WINDOW);
	/* Memory space is off as a whole, and so the MSI-X table is out of reach. */
	assert_true(vp_dev->intx_enabled);
	assert_true(virtio_has_feature(echo_driver.vdev, 100));
	for (unsigned int i = 0; i < 30; i++)
		echo_work(i % 3);
	assert_int_equal(virtio_cread64(echo_driver.vdev, 8), 0x1f1e1d1c1b1a1918);
	virtio_notify_config(&echo.vdev);
	assert_true(platform_wait(platform_now() + ECHO_PATIENCE));
	assert_int_equal(echo_driver.config_changes, 1);
	assert_int_equal(virtqueue_reset(echo_driver.vqs[1], NULL, NULL), 0);
	echo_work(1);
	assert_no_offence(&echo);
}

static void a_function_with_neither_place_nor_window_is_refused(void **state)
{
	struct pci_dev *dev;

	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	echo.proxy.pci.config[echo.proxy.cfg_cap + 3] = 0x66; /* of no type */
	assert_int_equal(pci_scan(), 0);
	dev = pci_at(ECHO_BDF);
	take_address(dev, VIRTIO_PCI_BAR_MODERN);
	assert_int_equal(virtio_pci_probe(dev), -ENODEV);
	assert_logged("its BAR has no address");
}

static void a_transitional_function_has_its_io_bar_left(void **state)
{
	struct VirtIOPCIConf conf;
	struct pci_dev *dev;

	(void)state;
	echo_init(&echo, 1, 8);
	conf = echo_conf(&echo);
	conf.interface = VIRTIO_PCI_TRANSITIONAL;
	echo_plug(&echo, &conf, ECHO_BDF);
	echo.proxy.pci.config[echo.proxy.cfg_cap + 3] = 0x66;
	assert_int_equal(pci_scan(), 0);
	dev = pci_at(ECHO_BDF);
	take_address(dev, VIRTIO_PCI_BAR_MODERN);
	assert_int_equal(virtio_pci_probe(dev), 0);
	assert_true(to_vp_device(echo_driver.vdev)->is_legacy);
	echo_work(0);
	assert_no_offence(&echo);
}

/* ---- shared memory ---- */

static uint8_t memory[2][8192];

static struct virtio_device *start_with_memory(void)
{
	struct VirtIOPCIConf conf;

	echo_init(&echo, 1, 8);
	conf = echo_conf(&echo);
	conf.shm[0] = (struct VirtIOPCISharedMemory){ .id = 7, .bytes = 8192, .memory = memory[0] };
	conf.shm[1] = (struct VirtIOPCISharedMemory){ .id = 9, .bytes = 4096, .memory = memory[1] };
	return &echo_start(&echo, &conf)->vdev;
}

/* Where the capability of region @id is in the device's config space. */
static uint8_t *region_cap(uint8_t id)
{
	uint8_t *config = echo.proxy.pci.config;

	for (unsigned int pos = config[0x34]; pos; pos = config[pos + 1])
		if (config[pos] == 0x09 && config[pos + 3] == 8 && config[pos + 5] == id)
			return config + pos;
	fail_msg("no such capability");
	return NULL;
}

static void regions_are_found_by_their_id(void **state)
{
	struct virtio_shm_region region;
	struct virtio_device *vdev = start_with_memory();

	(void)state;
	assert_true(vdev->config->get_shm_region(vdev, &region, 7));
	assert_int_equal(region.len, 8192);
	platform_mmio_write32(region.addr + 8188, 0x44332211);
	assert_memory_equal(memory[0] + 8188, "\x11\x22\x33\x44", 4);
	assert_true(vdev->config->get_shm_region(vdev, &region, 9));
	assert_int_equal(region.len, 4096);
	memory[1][0] = 0x99;
	assert_int_equal(platform_mmio_read8(region.addr), 0x99);
	assert_false(vdev->config->get_shm_region(vdev, &region, 8));
}

/* Both numbers have 64 bits, and both are the device's. */
static void regions_beyond_their_bar_are_refused(void **state)
{
	static const struct {
		uint32_t offset, offset_hi, length, length_hi;
	} bad[] = {
		{ 0, 0, 0, 0 },
		{ 0, 0, 16385, 0 },
		{ 0, 0, 4096, 1 },
		{ 0x4000, 0, 1, 0 },
		{ 0, 1, 4096, 0 },
		{ 4096, 0, 0xfffff001, 0xffffffff },
		{ 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
	};
	struct virtio_shm_region region;
	struct virtio_device *vdev = start_with_memory();
	uint8_t *cap = region_cap(7);

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		pci_set_long(cap + 8, bad[i].offset);
		pci_set_long(cap + 12, bad[i].length);
		pci_set_long(cap + 16, bad[i].offset_hi);
		pci_set_long(cap + 20, bad[i].length_hi);
		assert_false(vdev->config->get_shm_region(vdev, &region, 7));
		assert_true(vdev->config->get_shm_region(vdev, &region, 9));
	}
	assert_logged("the shared memory is outside its BAR");
}

static void a_region_in_a_capability_too_short_is_none(void **state)
{
	struct virtio_shm_region region;
	struct virtio_device *vdev = start_with_memory();

	(void)state;
	region_cap(7)[2] = 16; /* the upper halves are missing */
	assert_false(vdev->config->get_shm_region(vdev, &region, 7));
	region_cap(9)[4] = 6; /* no such BAR */
	assert_false(vdev->config->get_shm_region(vdev, &region, 9));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		echo_test(the_window_shows_what_the_bar_shows),
		echo_test(what_is_written_through_it_arrives),
		echo_test(accesses_outside_a_structure_are_not_made),
		echo_test(pci_cfgcap_04a_04b_05_without_a_place_it_works_by_the_window),
		echo_test(a_function_with_neither_place_nor_window_is_refused),
		echo_test(a_transitional_function_has_its_io_bar_left),
		echo_test(regions_are_found_by_their_id),
		echo_test(regions_beyond_their_bar_are_refused),
		echo_test(a_region_in_a_capability_too_short_is_none),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
