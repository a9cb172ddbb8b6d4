/* SPDX-License-Identifier: MIT */
/*
 * What the suites about virtio over PCI share: a machine from start to end, the small driver at
 * work on all of its devices, and config space read past pci/, by accesses of the test's own.
 */
#ifndef TESTS_GROUNDS_PCI_TEST_H
#define TESTS_GROUNDS_PCI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "blk/virtio_blk.h"
#include "bus/virtio.h"
#include "net/virtio_net.h"
#include "pci/pci.h"
#include "pci/virtio_pci.h"
#include "pci/virtio_pci_common.h"
#include "tests/support/machine.h"
#include "tests/support/select.h"
#include "tests/support/small_driver.h"

/* ---- a machine from start to end ---- */

static bool running;

static inline void start(const struct machine *machine, int expected)
{
	machine_start(machine);
	running = true;
	small_register();
	assert_true(pci_scan() >= 0);
	assert_int_equal(virtio_pci_probe_all(), expected);
}

static inline void stop(void)
{
	running = false;
	virtio_pci_remove_all();
	small_unregister();
	pci_forget();
	machine_stop();
}

/* After each test, so that one that fails takes no other with it. */
static inline int put_away(void **state)
{
	(void)state;
	if (running)
		stop();
	return 0;
}

/* The three types that both grounds have, all alike; then what they are to be driven by. */
static inline struct machine three(struct machine_device like)
{
	static const char *const types[] = { "rng", "blk", "net" };
	struct machine machine = { 0 };

	for (unsigned int i = 0; i < 3; i++) {
		machine.devices[i] = like;
		machine.devices[i].type = types[i];
	}
	return machine;
}

#define FOR_EACH_DEVICE(vdev)                                             \
	for (struct virtio_device *vdev = virtio_next_device(NULL); vdev; \
	     vdev = virtio_next_device(vdev))

static inline bool driver_ok(struct virtio_device *vdev)
{
	return vdev->config->get_status(vdev) & VIRTIO_CONFIG_S_DRIVER_OK;
}

/* Every device is bound, says so, and works twice over. */
static inline void all_work(void)
{
	FOR_EACH_DEVICE(vdev)
	{
		assert_non_null(vdev->driver);
		assert_true(driver_ok(vdev));
		for (int i = 0; i < 2; i++)
			small_work(vdev);
	}
}

static inline void assert_feature(unsigned int bit, bool agreed)
{
	FOR_EACH_DEVICE(vdev)
	{
		assert_int_equal(virtio_has_feature(vdev, bit), agreed);
	}
}

/* The n-th virtio function in the order of the scan: the one below virtioN. */
static inline struct pci_dev *function(unsigned int n)
{
	struct pci_dev *dev = NULL;

	do
		dev = pci_next(dev);
	while (dev && (dev->vendor != VIRTIO_PCI_VENDOR_ID || n--));
	assert_non_null(dev);
	return dev;
}

/* ---- config space, read past pci/ ---- */

#define PCI_COMMAND 0x04
#define PCI_COMMAND_INTX_DISABLE 0x400
#define PCI_BAR0 0x10
#define PCI_CAPABILITIES 0x34
#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX 0x11

/* Where the next capability of that kind is; 0 if there is none. */
static inline unsigned int next_capability(platform_bdf bdf, unsigned int after, unsigned int kind)
{
	unsigned int at = platform_pci_read(bdf, after ? after + 1 : PCI_CAPABILITIES, 1);

	while (at && platform_pci_read(bdf, at, 1) != kind)
		at = platform_pci_read(bdf, at + 1, 1);
	return at;
}

static inline bool msix_enabled(platform_bdf bdf)
{
	unsigned int at = next_capability(bdf, 0, PCI_CAP_MSIX);

	return at && platform_pci_read(bdf, at + 2, 2) & 0x8000;
}

/* Address of the common configuration structure (4.1.4.3). */
static inline uint64_t common_cfg(platform_bdf bdf)
{
	unsigned int at = next_capability(bdf, 0, PCI_CAP_VENDOR), bar;
	uint64_t base;

	while (at && platform_pci_read(bdf, at + 3, 1) != VIRTIO_PCI_CAP_COMMON_CFG)
		at = next_capability(bdf, at, PCI_CAP_VENDOR);
	assert_int_not_equal(at, 0);
	bar = PCI_BAR0 + 4 * platform_pci_read(bdf, at + 4, 1);
	base = platform_pci_read(bdf, bar, 4);
	if (base & 4)
		base |= (uint64_t)platform_pci_read(bdf, bar + 4, 4) << 32;
	return (base & ~15ull) + platform_pci_read(bdf, at + 8, 4);
}

static inline unsigned int queue_vector(platform_bdf bdf, unsigned int queue)
{
	uint64_t common = common_cfg(bdf);

	platform_mmio_write16(common + offsetof(struct virtio_pci_common_cfg, queue_select), queue);
	return platform_mmio_read16(common +
				    offsetof(struct virtio_pci_common_cfg, queue_msix_vector));
}

#endif
