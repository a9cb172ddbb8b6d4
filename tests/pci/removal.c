/* SPDX-License-Identifier: MIT */
/*
 * A device that is pulled out, and memory that runs out, at every single step of a device's life.
 *
 * The life is led once undisturbed, and its accesses are counted; then it is led again for each of
 * them, and the function is gone from that one on. Each life has to come to its end: an error or
 * none, but no wait without end, nothing kept, and no handler left behind.
 */
#include "pci_test.h"

static struct echo echo;

struct life {
	const char *name;
	enum virtio_pci_interface interface;
	unsigned int vectors;
	uint64_t features;
	bool through_window;
	bool keeps_state; /* in D3hot */
};

static const struct life lives[] = {
	{ "modern", VIRTIO_PCI_MODERN, 4, 0, false, false },
	{ "modern, all features", VIRTIO_PCI_MODERN, 4,
	  BIT(VIRTIO_F_RING_PACKED) | BIT(VIRTIO_F_NOTIFICATION_DATA) |
		  BIT(VIRTIO_F_NOTIF_CONFIG_DATA) | BIT(VIRTIO_RING_F_EVENT_IDX),
	  false, true },
	{ "modern, two vectors", VIRTIO_PCI_MODERN, 2, 0, false, false },
	{ "modern, no vectors", VIRTIO_PCI_MODERN, 0, 0, false, false },
	{ "through the window", VIRTIO_PCI_MODERN, 0, 0, true, false },
	{ "transitional", VIRTIO_PCI_TRANSITIONAL, 4, 0, false, false },
	{ "legacy", VIRTIO_PCI_LEGACY, 4, 0, false, false },
	{ "legacy, no vectors", VIRTIO_PCI_LEGACY, 0, 0, false, false },
};

#define LIVES (sizeof(lives) / sizeof(*lives))
#define LIFE_NS 60000000000ull /* far more than all waits of one life together */

static struct pci_dev *find(platform_bdf bdf)
{
	struct pci_dev *dev = pci_next(NULL);

	while (dev && dev->bdf != bdf)
		dev = dev->next;
	return dev;
}

static void recycle(struct virtqueue *vq, void *buf)
{
	(void)vq, (void)buf;
}

/* A buffer there and perhaps back. */
static void try_work(unsigned int index)
{
	struct virtqueue *vq = echo_driver.vqs[index];
	unsigned int before = echo_driver.callbacks[index], len;
	struct scatterlist sg;

	sg_init_one(&sg, echo_driver.page_dma, ECHO_BYTES);
	if (virtqueue_add_inbuf(vq, &sg, 1, echo_driver.page))
		return;
	virtqueue_kick(vq);
	while (echo_driver.callbacks[index] == before &&
	       platform_wait(platform_now() + 1000 * 1000))
		;
	if (virtqueue_get_buf(vq, &len))
		assert_int_equal(len, ECHO_BYTES);
}

static void work_on(struct virtio_device *vdev)
{
	struct virtio_shm_region region;
	uint64_t config;

	for (unsigned int i = 0; i < 3; i++)
		try_work(i);
	config = virtio_cread64(vdev, 8);
	virtio_cwrite32(vdev, 16, (uint32_t)config);
	if (vdev->config->get_shm_region)
		vdev->config->get_shm_region(vdev, &region, 7);
	vdev->config->set_vq_affinity(echo_driver.vqs[0], 1);
	virtqueue_reset(echo_driver.vqs[1], recycle, NULL);
	virtqueue_resize(echo_driver.vqs[2], 4, recycle, NULL);
	if (!echo.proxy.pci.gone)
		virtio_notify_config(&echo.vdev);
	for (unsigned int i = 0; i < 3; i++)
		try_work(i);
}

static bool bound(void)
{
	return echo_driver.vdev && echo_driver.vdev->driver && !echo_driver.find_vqs;
}

/* From the scan to the end. Returns what the probe returned. */
static int live(const struct life *life)
{
	struct pci_dev *dev;
	int err = pci_scan();

	dev = err ? NULL : find(ECHO_BDF);
	if (!dev)
		return err ? err : -ENODEV;
	if (life->through_window) {
		dev->bars[VIRTIO_PCI_BAR_MODERN].base = 0;
		pci_write_config_dword(dev, 0x10 + 4 * VIRTIO_PCI_BAR_MODERN, 0);
	}
	err = virtio_pci_probe(dev);
	if (err)
		return err;
	if (bound())
		work_on(echo_driver.vdev);
	if (!virtio_pci_freeze(dev) && !virtio_pci_restore(dev) && bound())
		try_work(0);
	virtio_pci_remove(dev);
	assert_null(dev->drvdata);
	return 0;
}

static void begin(const struct life *life)
{
	static uint8_t memory[4096];
	struct VirtIOPCIConf conf;

	assert_int_equal(echo_setup(NULL), 0);
	platform_host_set_cpus(2);
	echo_init(&echo, 3, 8);
	echo.vdev.host_features[0] = BIT(VIRTIO_F_RING_RESET) | life->features;
	conf = echo_conf(&echo);
	conf.interface = life->interface;
	conf.vectors = life->vectors;
	conf.no_soft_reset = life->keeps_state;
	conf.shm[0] = (struct VirtIOPCISharedMemory){ .id = 7, .bytes = 4096, .memory = memory };
	echo_plug(&echo, &conf, ECHO_BDF);
	echo_driver.nvqs = 3;
}

static void end(const struct life *life, unsigned long at)
{
	uint64_t took = platform_now();

	if (echo_teardown(NULL))
		fail_msg("%s: something is kept after the end at %lu", life->name, at);
	if (took > LIFE_NS)
		fail_msg("%s: took %llu ns after the end at %lu", life->name,
			 (unsigned long long)took, at);
}

/* ---- pulled out ---- */

static void pulled_out_at(const struct life *life, unsigned long at)
{
	int err;

	begin(life);
	echo.proxy.pci.gone_at = at;
	err = live(life);
	assert_true(echo.proxy.pci.gone);
	if (err && err != -ENODEV)
		fail_msg("%s: pulled out at access %lu: error %d", life->name, at, err);
	if (virtio_next_device(NULL))
		fail_msg("%s: pulled out at access %lu: still registered", life->name, at);
	end(life, at);
}

static void pulled_out_at_any_access_it_comes_to_an_end(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LIVES; i++) {
		unsigned long accesses;

		begin(&lives[i]);
		assert_int_equal(live(&lives[i]), 0);
		accesses = echo.proxy.pci.accesses;
		assert_no_offence(&echo);
		end(&lives[i], 0);
		/* A life that saw nothing would show nothing. */
		if (accesses < 150)
			fail_msg("%s: only %lu accesses", lives[i].name, accesses);
		for (unsigned long at = 1; at <= accesses; at++)
			pulled_out_at(&lives[i], at);
	}
}

static void nobody_waits_for_a_device_that_is_gone(void **state)
{
	struct virtqueue *vq;
	struct scatterlist sg;

	(void)state;
	begin(&lives[0]);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(find(ECHO_BDF)), 0);
	vq = echo_driver.vqs[0];
	pci_device_pull_out(&echo.proxy.pci);
	sg_init_one(&sg, echo_driver.page_dma, ECHO_BYTES);
	assert_int_equal(virtqueue_add_inbuf(vq, &sg, 1, echo_driver.page), 0);
	virtqueue_kick(vq);
	assert_int_equal(virtio_reset_device(echo_driver.vdev), -ENODEV);
	assert_logged("virtio0: the device is gone");
	assert_int_equal(virtqueue_reset(echo_driver.vqs[1], recycle, NULL), -ENODEV);
	/* Whoever waits for a buffer must hear of it before the driver waits for them. */
	assert_false(virtqueue_is_broken(vq));
	virtio_pci_remove(find(ECHO_BDF));
	assert_true(echo_driver.was_broken);
	end(&lives[0], 0);
}

/* ---- no memory ---- */

static void with_no_memory_at_any_step_nothing_is_kept(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LIVES; i++) {
		unsigned int n = 0;
		int err;

		do {
			begin(&lives[i]);
			platform_host_fail_allocation(++n);
			err = live(&lives[i]);
			assert_true(!err || err == -ENOMEM);
			end(&lives[i], n);
			assert_true(n < 1000);
		} while (err || n < 40);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pulled_out_at_any_access_it_comes_to_an_end),
		cmocka_unit_test(nobody_waits_for_a_device_that_is_gone),
		cmocka_unit_test(with_no_memory_at_any_step_nothing_is_kept),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
