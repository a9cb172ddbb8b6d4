/* SPDX-License-Identifier: MIT */
/*
 * Sleep and waking up, and virtual functions: what the PCI function does under a virtio device.
 */
#include "pci_test.h"

static struct echo echo;

static struct pci_dev *start_as(enum virtio_pci_interface interface, unsigned int vectors,
				bool no_soft_reset)
{
	struct VirtIOPCIConf conf;

	echo_init(&echo, 2, 8);
	conf = echo_conf(&echo);
	conf.interface = interface;
	conf.vectors = vectors;
	conf.no_soft_reset = no_soft_reset;
	echo_driver.nvqs = 2;
	return echo_start(&echo, &conf)->pci_dev;
}

static unsigned int power_state(void)
{
	return echo.proxy.pci.config[echo.proxy.pci.pm_cap + 4] & 3;
}

static void sleeps_and_works_again(enum virtio_pci_interface interface, unsigned int vectors,
				   bool no_soft_reset)
{
	struct pci_dev *dev = start_as(interface, vectors, no_soft_reset);
	uint64_t slept;

	echo_work(0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(virtio_pci_freeze(dev), 0);
		assert_int_equal(power_state(), 3);
		assert_false(pci_can_master(&echo.proxy.pci));
		slept = platform_now();
		assert_int_equal(virtio_pci_restore(dev), 0);
		/* PCI power management, 5.6.1: 10 ms before it is spoken to. */
		assert_true(platform_now() - slept >= 10 * 1000 * 1000);
		assert_int_equal(power_state(), 0);
		assert_true(echo.vdev.status & VIRTIO_STATUS_DRIVER_OK);
		echo_work(0);
		echo_work(1);
		virtio_notify_config(&echo.vdev);
		assert_true(platform_wait(platform_now() + ECHO_PATIENCE));
		assert_int_equal(echo_driver.config_changes, i + 1);
	}
	assert_no_offence(&echo);
}

static void a_modern_device_sleeps_and_works_again(void **state)
{
	(void)state;
	sleeps_and_works_again(VIRTIO_PCI_MODERN, 3, false);
}

static void one_that_keeps_its_state_does_as_well(void **state)
{
	(void)state;
	sleeps_and_works_again(VIRTIO_PCI_MODERN, 3, true);
}

static void one_with_a_shared_vector_does_as_well(void **state)
{
	(void)state;
	sleeps_and_works_again(VIRTIO_PCI_MODERN, 2, false);
}

static void one_with_the_pin_does_as_well(void **state)
{
	(void)state;
	sleeps_and_works_again(VIRTIO_PCI_MODERN, 0, false);
}

static void a_legacy_one_does_as_well(void **state)
{
	(void)state;
	sleeps_and_works_again(VIRTIO_PCI_LEGACY, 3, false);
	assert_int_equal(echo.vdev.legacy, true);
}

static void a_function_without_power_management_stays_up(void **state)
{
	struct VirtIOPCIConf conf;
	struct pci_dev *dev;

	(void)state;
	echo_init(&echo, 1, 8);
	conf = echo_conf(&echo);
	conf.pm = false;
	dev = echo_start(&echo, &conf)->pci_dev;
	assert_int_equal(virtio_pci_freeze(dev), 0);
	assert_int_equal(virtio_pci_restore(dev), 0);
	echo_work(0);
	assert_no_offence(&echo);
}

/* A driver that has no freeze leaves MSI-X on: it is as it was afterwards. */
static void vectors_that_are_on_are_brought_back(void **state)
{
	struct pci_dev *dev = start_as(VIRTIO_PCI_MODERN, 3, false);
	uint8_t table[48];

	(void)state;
	memcpy(table, echo.proxy.pci.msix_memory, sizeof(table));
	pci_disable_device(dev);
	pci_save_state(dev);
	assert_int_equal(pci_set_power_state(dev, PCI_D3hot), 0);
	assert_int_equal(pci_set_power_state(dev, PCI_D0), 0);
	assert_false(msix_enabled(&echo.proxy.pci));
	assert_int_equal(pci_restore_state(dev), 0);
	assert_int_equal(pci_enable_device(dev), 0);
	assert_true(msix_enabled(&echo.proxy.pci));
	assert_memory_equal(table, echo.proxy.pci.msix_memory, sizeof(table));
	/* The pin stays silent. */
	assert_int_equal(pci_get_word(echo.proxy.pci.config + 4) & 0x400, 0x400);
}

/* Its control register would be beyond the end, in somebody else's extended capability. */
static void a_power_capability_in_the_last_word_is_none(void **state)
{
	struct VirtIOPCIConf conf;
	uint8_t *config = echo.proxy.pci.config;

	(void)state;
	echo_init(&echo, 1, 8);
	conf = echo_conf(&echo);
	conf.pm = false;
	conf.express = true;
	echo_plug(&echo, &conf, ECHO_BDF);
	config[0xfc] = PCI_CAP_ID_PM;
	config[0xfd] = config[PCI_CAPABILITY_LIST];
	config[PCI_CAPABILITY_LIST] = 0xfc;
	pci_set_long(config + PCI_CFG_SPACE_SIZE, 0x10000003);
	pci_set_word(echo.proxy.pci.wmask + PCI_CFG_SPACE_SIZE, 0xffff);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	assert_int_equal(virtio_pci_freeze(pci_at(ECHO_BDF)), 0);
	assert_int_equal(virtio_pci_restore(pci_at(ECHO_BDF)), 0);
	echo_work(0);
	assert_int_equal(pci_get_long(config + PCI_CFG_SPACE_SIZE), 0x10000003);
}

static int refuse(struct virtio_device *vdev)
{
	(void)vdev;
	return -EBUSY;
}

static void a_driver_that_will_not_sleep_goes_on(void **state)
{
	struct pci_dev *dev = start_as(VIRTIO_PCI_MODERN, 3, false);

	(void)state;
	echo_virtio_driver.freeze = refuse;
	assert_int_equal(virtio_pci_freeze(dev), -EBUSY);
	echo_virtio_driver.freeze = echo_freeze;
	assert_int_equal(power_state(), 0);
	echo_work(0);
	assert_no_offence(&echo);
}

static void another_function_in_its_place_is_not_restored(void **state)
{
	struct pci_dev *dev = start_as(VIRTIO_PCI_MODERN, 3, false);

	(void)state;
	assert_int_equal(virtio_pci_freeze(dev), 0);
	echo.proxy.pci.initial[2] ^= 1;
	assert_int_equal(virtio_pci_restore(dev), -ENODEV);
	assert_logged("does not wake up");
	/* Nor was it told anything. */
	assert_int_equal(pci_get_long(echo.proxy.pci.config + 0x10 + 4 * VIRTIO_PCI_BAR_MODERN),
			 0xc);
}

static void one_pulled_out_in_its_sleep_is_gone(void **state)
{
	struct pci_dev *dev = start_as(VIRTIO_PCI_MODERN, 3, false);

	(void)state;
	assert_int_equal(virtio_pci_freeze(dev), 0);
	pci_device_pull_out(&echo.proxy.pci);
	assert_int_equal(virtio_pci_restore(dev), -ENODEV);
	virtio_pci_remove(dev);
	assert_null(dev->drvdata);
}

static void functions_that_were_not_probed_cannot_sleep(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_freeze(pci_at(ECHO_BDF)), -ENODEV);
	assert_int_equal(virtio_pci_restore(pci_at(ECHO_BDF)), -ENODEV);
}

/* Firmware may leave a function asleep. */
static void a_sleeping_function_is_woken_up_by_the_probe(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	echo.proxy.pci.config[echo.proxy.pci.pm_cap + 4] |= 3;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	echo_work(0);
	assert_no_offence(&echo);
}

/* ---- virtual functions ---- */

#define VFS 3

static struct echo vfs[VFS];

/* A function that can have three others. */
static void plug_with_vfs(bool behind_bridge)
{
	static struct PCIBridge bridge;
	const struct PCIIdentity port = { .vendor = 0x1b36, .device = 0xc, .express = true };
	struct VirtIOPCIConf conf;

	echo_init(&echo, 1, 8);
	virtio_add_feature(echo.vdev.host_features, VIRTIO_F_SR_IOV);
	conf = echo_conf(&echo);
	conf.express = true;
	assert_true(virtio_pci_realize(&echo.proxy, &echo.vdev, &conf));
	virtio_strict_init(&echo.strict, &echo.proxy);
	assert_true(pci_sriov_init(&echo.proxy.pci, VFS, 8, 8, 0x1040 + ECHO_ID));
	for (unsigned int i = 0; i < VFS; i++) {
		echo_init(&vfs[i], 1, 8);
		assert_true(virtio_pci_realize(&vfs[i].proxy, &vfs[i].vdev, &conf));
		virtio_strict_init(&vfs[i].strict, &vfs[i].proxy);
	}
	virtio_pci_sriov_bars(&echo.proxy, &vfs[0].proxy);
	if (behind_bridge) {
		assert_true(pci_bridge_init(&bridge, &port));
		platform_host_plug(&bridge.dev, 2 << 3);
		assert_true(pci_bus_plug(&bridge.secondary, &echo.proxy.pci, 0));
	} else {
		platform_host_plug(&echo.proxy.pci, ECHO_BDF);
	}
	for (unsigned int i = 0; i < VFS; i++)
		pci_sriov_add_vf(&echo.proxy.pci, &vfs[i].proxy.pci, i + 1);
}

/* It is found, and the driver takes it. */
static struct pci_dev *start_with_vfs(bool behind_bridge)
{
	plug_with_vfs(behind_bridge);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe_all(), 1);
	return to_vp_device(echo_driver.vdev)->pci_dev;
}

/* Only one device at a time is remembered by the driver: let it forget the one before. */
static void forget_page(void)
{
	if (echo_driver.page)
		platform_dma_free(echo_driver.page, 4096);
	echo_driver.page = NULL;
}

static unsigned int found(const struct pci_dev *pf)
{
	unsigned int n = 0;

	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next)
		n += dev->physfn == pf;
	return n;
}

static void virtual_functions_are_virtio_devices(void **state)
{
	struct pci_dev *pf = start_with_vfs(false), *vf;

	(void)state;
	echo_work(0);
	forget_page();
	assert_int_equal(virtio_pci_sriov_configure(pf, 1), 1);
	assert_int_equal(found(pf), 1);
	vf = pf->next;
	assert_int_equal(vf->device, 0x1040 + ECHO_ID);
	assert_int_equal(vf->vendor, 0x1af4);
	assert_ptr_equal(vf->drvdata, to_vp_device(echo_driver.vdev));
	assert_true(vfs[0].vdev.status & VIRTIO_STATUS_DRIVER_OK);
	for (int i = 0; i < 5; i++)
		echo_work(0);
	assert_int_equal(vfs[0].proxy.kicks, 5);
	assert_no_offence(&echo);
	assert_no_offence(&vfs[0]);
	assert_int_equal(virtio_pci_sriov_configure(pf, 0), 0);
	assert_int_equal(found(pf), 0);
	assert_int_equal(vfs[0].vdev.status & VIRTIO_STATUS_DRIVER_OK, 0);
}

static void as_many_as_are_asked_for_and_no_more(void **state)
{
	struct pci_dev *pf = start_with_vfs(false);

	(void)state;
	unregister_virtio_driver(&echo_virtio_driver);
	assert_int_equal(virtio_pci_sriov_configure(pf, 1), -EBUSY); /* no DRIVER_OK */
	assert_int_equal(register_virtio_driver(&echo_virtio_driver), 0);
	assert_int_equal(virtio_pci_sriov_configure(pf, VFS + 1), -EINVAL);
	assert_int_equal(virtio_pci_sriov_configure(pf, -1), -EINVAL);
	assert_int_equal(found(pf), 0);
}

/* No BAR of the one is where one of the other is. */
static void assert_apart(const struct pci_dev *a, const struct pci_dev *b)
{
	for (unsigned int i = 0; i < 36; i++) {
		const struct pci_bar *x = &a->bars[i / 6], *y = &b->bars[i % 6];

		if (x != y && x->base && y->base && x->is_io == y->is_io)
			assert_true(x->base + x->bytes <= y->base || y->base + y->bytes <= x->base);
	}
}

static void three_of_them_have_three_places(void **state)
{
	static const struct PCIDeviceClass class;
	static struct PCIDevice wall;
	const struct PCIIdentity identity = { .vendor = 0x1234, .device = 1 };
	struct pci_dev *pf, *vf;
	uint64_t base;

	(void)state;
	/* Somebody stands where the second would come to be. */
	pci_device_init(&wall, &class, &identity);
	pci_register_bar(&wall, 0, PCI_BAR_MEM32, false, 4096);
	pci_set_long(wall.config + 0x10,
		     (uint32_t)platform_pci_window(PLATFORM_MMIO).base + 0x6000);
	platform_host_plug(&wall, 1 << 3);
	pf = start_with_vfs(false);
	echo_driver.fail_probe = EBUSY; /* the driver wants none of them */
	forget_page();
	assert_int_equal(virtio_pci_sriov_configure(pf, VFS), VFS);
	assert_int_equal(found(pf), VFS);
	assert_int_equal(virtio_pci_sriov_configure(pf, 1), -EBUSY);
	vf = pf->next;
	base = vf->bars[VIRTIO_PCI_BAR_MODERN].base;
	assert_true(base);
	for (unsigned int i = 0; i < VFS; i++, vf = vf->next) {
		assert_int_equal(vf->bdf, pf->bdf + 8 * (i + 1));
		assert_int_equal(vf->bars[VIRTIO_PCI_BAR_MODERN].base,
				 base + i * vf->bars[VIRTIO_PCI_BAR_MODERN].bytes);
		assert_non_null(vf->drvdata);
		assert_int_equal(vfs[i].vdev.status, VIRTIO_STATUS_ACKNOWLEDGE);
	}
	for (struct pci_dev *a = pci_next(NULL); a; a = a->next)
		for (struct pci_dev *b = pci_next(NULL); b; b = b->next)
			assert_apart(a, b);
	/* Their physical function does not sleep, nor go, without them. */
	assert_int_equal(virtio_pci_freeze(pf), -EBUSY);
	virtio_pci_remove(pf);
	assert_int_equal(found(pf), 0);
}

static void behind_a_bridge_without_room_for_them_there_are_none(void **state)
{
	struct pci_dev *pf = start_with_vfs(true);
	int got;

	(void)state;
	echo_driver.fail_probe = EBUSY;
	forget_page();
	/* Its window has 1 MiB, most of it free: these fit. */
	got = virtio_pci_sriov_configure(pf, VFS);
	assert_int_equal(got, VFS);
	assert_int_equal(found(pf), VFS);
	virtio_pci_sriov_configure(pf, 0);
	pf->bridge->windows[PCI_BRIDGE_MEM].bytes = 0;
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
		pf->vf_space[i].bytes = 0;
		pf->vf_bars[i].base = 0;
	}
	assert_int_equal(virtio_pci_sriov_configure(pf, VFS), -ENOSPC);
	assert_int_equal(found(pf), 0);
}

/* ---- while the physical function works ---- */

static unsigned int times_deaf; /* memory was switched off while DRIVER_OK was set */

static const struct PCIDeviceClass *real_class;

static void watch_command(struct PCIDevice *dev, unsigned int offset, unsigned int bytes)
{
	if (offset == PCI_COMMAND && !(dev->config[PCI_COMMAND] & PCI_COMMAND_MEMORY) &&
	    echo.vdev.status & VIRTIO_STATUS_DRIVER_OK)
		times_deaf++;
	if (real_class->config_written)
		real_class->config_written(dev, offset, bytes);
}

static void a_working_function_hears_while_others_appear(void **state)
{
	struct pci_dev *pf = start_with_vfs(false);
	struct PCIDeviceClass watched = *echo.proxy.pci.class;

	(void)state;
	real_class = echo.proxy.pci.class;
	watched.config_written = watch_command;
	echo.proxy.pci.class = &watched;
	times_deaf = 0;
	echo_driver.fail_probe = EBUSY;
	forget_page();
	assert_int_equal(virtio_pci_sriov_configure(pf, VFS), VFS);
	assert_int_equal(virtio_pci_sriov_configure(pf, 0), 0);
	echo.proxy.pci.class = real_class;
	assert_int_equal(times_deaf, 0);
}

static uint8_t *sriov(unsigned int reg)
{
	return echo.proxy.pci.config + echo.proxy.pci.sriov_cap + reg;
}

/* Firmware has given them a place, and even switched them on. */
static void room_that_firmware_took_for_them_is_theirs(void **state)
{
	unsigned int reg = PCI_SRIOV_BAR + 4 * VIRTIO_PCI_BAR_MODERN;
	uint64_t base = platform_pci_window(PLATFORM_MMIO).base;
	struct pci_dev *pf;

	(void)state;
	plug_with_vfs(false);
	pci_set_long(sriov(reg), (uint32_t)base | (pci_get_long(sriov(reg)) & 15));
	pci_set_word(sriov(PCI_SRIOV_NUM_VF), VFS);
	pci_set_word(sriov(PCI_SRIOV_CTRL), PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_get_word(sriov(PCI_SRIOV_CTRL)), 0);
	pf = pci_at(ECHO_BDF);
	assert_int_equal(pf->vf_bars[VIRTIO_PCI_BAR_MODERN].base, base);
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
		if (pf->bars[i].bytes && !pf->bars[i].is_io)
			assert_true(pf->bars[i].base >=
				    base + VFS * pf->vf_bars[VIRTIO_PCI_BAR_MODERN].bytes);
	assert_int_equal(virtio_pci_probe(pf), 0);
	echo_driver.fail_probe = EBUSY;
	forget_page();
	assert_int_equal(virtio_pci_sriov_configure(pf, VFS), VFS);
	assert_int_equal(pf->next->bars[VIRTIO_PCI_BAR_MODERN].base, base);
	virtio_pci_sriov_configure(pf, 0);
}

static void a_place_that_no_bridge_passes_on_is_none_for_them_either(void **state)
{
	unsigned int reg = PCI_SRIOV_BAR + 4 * VIRTIO_PCI_BAR_MODERN;
	struct pci_dev *pf;

	(void)state;
	plug_with_vfs(true);
	pci_set_long(sriov(reg), 0xe8000000 | (pci_get_long(sriov(reg)) & 15));
	assert_int_equal(pci_scan(), 0);
	pf = pci_at(1 << 8);
	assert_int_equal(virtio_pci_probe(pf), 0);
	echo_driver.fail_probe = EBUSY;
	forget_page();
	assert_int_equal(virtio_pci_sriov_configure(pf, VFS), VFS);
	assert_in_range(pf->next->bars[VIRTIO_PCI_BAR_MODERN].base,
			pf->bridge->windows[PCI_BRIDGE_MEM].base,
			pf->bridge->windows[PCI_BRIDGE_MEM].base +
				pf->bridge->windows[PCI_BRIDGE_MEM].bytes);
	virtio_pci_sriov_configure(pf, 0);
}

/* What the capability held is lost in D3hot. */
static void after_sleep_they_are_where_they_were(void **state)
{
	struct pci_dev *pf = start_with_vfs(false);
	uint64_t base;

	(void)state;
	echo_driver.fail_probe = EBUSY;
	forget_page();
	assert_int_equal(virtio_pci_sriov_configure(pf, 1), 1);
	base = pf->next->bars[VIRTIO_PCI_BAR_MODERN].base;
	virtio_pci_sriov_configure(pf, 0);
	pci_disable_device(pf);
	pci_save_state(pf);
	assert_int_equal(pci_set_power_state(pf, PCI_D3hot), 0);
	assert_int_equal(pci_set_power_state(pf, PCI_D0), 0);
	assert_int_equal(pci_restore_state(pf), 0);
	assert_int_equal(pci_enable_sriov(pf, 1), 0);
	assert_int_equal(pf->next->bars[VIRTIO_PCI_BAR_MODERN].base, base);
	assert_int_equal(pci_get_long(sriov(PCI_SRIOV_BAR + 4 * VIRTIO_PCI_BAR_MODERN)) & ~15u,
			 base);
	pci_disable_sriov(pf);
}

static void a_function_that_says_two_things_about_them_has_none(void **state)
{
	struct pci_dev *pf = start_with_vfs(false);

	(void)state;
	pci_set_word(sriov(PCI_SRIOV_INITIAL_VF), VFS - 1);
	assert_int_equal(virtio_pci_sriov_configure(pf, 1), -EIO);
	pci_set_word(sriov(PCI_SRIOV_INITIAL_VF), VFS + 1);
	assert_int_equal(virtio_pci_sriov_configure(pf, 1), -EIO);
	assert_int_equal(found(pf), 0);
	/* Some may come later: those there are can be had. */
	pci_set_word(sriov(PCI_SRIOV_INITIAL_VF), VFS - 1);
	sriov(PCI_SRIOV_CAP)[0] |= PCI_SRIOV_CAP_VFM;
	assert_int_equal(virtio_pci_sriov_configure(pf, VFS), -EINVAL);
	echo_driver.fail_probe = EBUSY;
	forget_page();
	assert_int_equal(virtio_pci_sriov_configure(pf, VFS - 1), VFS - 1);
	virtio_pci_sriov_configure(pf, 0);
}

static void without_the_feature_or_the_capability_there_are_none(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	virtio_add_feature(echo.vdev.host_features, VIRTIO_F_SR_IOV);
	echo_start(&echo, NULL);
	assert_false(virtio_has_feature(echo_driver.vdev, VIRTIO_F_SR_IOV));
	assert_int_equal(virtio_pci_sriov_configure(pci_at(ECHO_BDF), 1), -EINVAL);
	assert_int_equal(pci_enable_sriov(pci_at(ECHO_BDF), 1), -ENODEV);
	echo_work(0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		echo_test(a_modern_device_sleeps_and_works_again),
		echo_test(one_that_keeps_its_state_does_as_well),
		echo_test(one_with_a_shared_vector_does_as_well),
		echo_test(one_with_the_pin_does_as_well),
		echo_test(a_legacy_one_does_as_well),
		echo_test(a_function_without_power_management_stays_up),
		echo_test(vectors_that_are_on_are_brought_back),
		echo_test(a_power_capability_in_the_last_word_is_none),
		echo_test(a_driver_that_will_not_sleep_goes_on),
		echo_test(another_function_in_its_place_is_not_restored),
		echo_test(one_pulled_out_in_its_sleep_is_gone),
		echo_test(functions_that_were_not_probed_cannot_sleep),
		echo_test(a_sleeping_function_is_woken_up_by_the_probe),
		echo_test(virtual_functions_are_virtio_devices),
		echo_test(as_many_as_are_asked_for_and_no_more),
		echo_test(three_of_them_have_three_places),
		echo_test(behind_a_bridge_without_room_for_them_there_are_none),
		echo_test(a_working_function_hears_while_others_appear),
		echo_test(room_that_firmware_took_for_them_is_theirs),
		echo_test(a_place_that_no_bridge_passes_on_is_none_for_them_either),
		echo_test(after_sleep_they_are_where_they_were),
		echo_test(a_function_that_says_two_things_about_them_has_none),
		echo_test(without_the_feature_or_the_capability_there_are_none),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
