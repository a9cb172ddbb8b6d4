/* SPDX-License-Identifier: MIT */
/*
 * A device and a driver for the suites of the PCI transport: as many queues as a test likes, a
 * config with fields of every width, and nothing to do but to answer each buffer with the number of
 * the queue it came by. It is numbered as a balloon, which has a transitional id (4.1.2).
 */
#ifndef TESTS_PCI_PCI_TEST_H
#define TESTS_PCI_PCI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "device/virtio_pci.h"
#include "device/virtio_strict.h"
#include "pci/pci_regs.h"
#include "pci/virtio_pci_common.h"
#include "platform/host/host.h"
#include "tests/support/select.h"

#define ECHO_ID 5
#define ECHO_QUEUES 12
#define ECHO_BYTES 16  /* of each buffer */
#define ECHO_CONFIG 32 /* bytes of device config */
#define ECHO_BDF (3 << 3)
#define ECHO_PATIENCE 1000000000ull /* ns of simulated time */

#define BIT(n) (1ull << (n))

/* ---- the device ---- */

struct echo {
	struct VirtIODevice vdev;
	struct VirtIOPCIProxy proxy;
	struct VirtIOStrict strict;
	uint8_t config[ECHO_CONFIG];
	unsigned int config_moves;	/* so many more times, with each access */
	struct platform_host_work work; /* runs it while somebody waits, if it is deferred */
};

static void echo_output(struct VirtIODevice *vdev, unsigned int index)
{
	struct VirtQueue *vq = virtio_get_queue(vdev, index);
	struct guest_piece pieces[8];
	struct VirtQueueElement elem = { .pieces = pieces, .capacity = 8 };

	while (vq && virtqueue_pop(vq, &elem)) {
		memset(elem.in_sg[0].base, (int)index + 1, elem.in_sg[0].len);
		virtqueue_push(vq, &elem, (uint32_t)elem.in_len);
		virtio_notify(vq);
	}
}

static void echo_get_config(struct VirtIODevice *vdev, uint8_t *config)
{
	struct echo *echo = vdev->model;

	if (!echo->config_moves)
		return;
	echo->config_moves--;
	for (unsigned int i = 0; i < ECHO_CONFIG; i++)
		config[i]++;
	virtio_notify_config(vdev);
}

static void echo_set_config(struct VirtIODevice *vdev, uint8_t *config, uint32_t offset,
			    uint32_t len)
{
	(void)vdev, (void)config, (void)offset, (void)len; /* all of it is writable */
}

static const struct VirtioDeviceClass echo_class = {
	.name = "echo",
	.device_id = ECHO_ID,
	.config_size = ECHO_CONFIG,
	.get_config = echo_get_config,
	.set_config = echo_set_config,
	.handle_output = echo_output,
};

static inline bool echo_run(struct platform_host_work *work)
{
	struct echo *echo = (struct echo *)((char *)work - offsetof(struct echo, work));

	return virtio_device_run(&echo->vdev) > 0;
}

/* A device with @queues queues of @num entries, not yet on PCI. Features are the test's to add. */
static inline void echo_init(struct echo *echo, unsigned int queues, uint16_t num)
{
	memset(echo, 0, sizeof(*echo));
	for (unsigned int i = 0; i < ECHO_CONFIG; i++)
		echo->config[i] = (uint8_t)(0x10 + i);
	echo->vdev.class = &echo_class;
	echo->vdev.model = echo;
	echo->vdev.config = echo->config;
	echo->vdev.memory = platform_host_memory();
	for (unsigned int i = 0; i < queues; i++)
		echo->vdev.queue_num_max[i] = num;
	virtio_init(&echo->vdev);
}

/* Modern, with a vector for everything and a doorbell for each queue. */
static inline struct VirtIOPCIConf echo_conf(const struct echo *echo)
{
	return (struct VirtIOPCIConf){
		.vectors = echo->vdev.num_queues + 1,
		.notify_off_multiplier = 4,
		.pm = true,
	};
}

static inline void echo_plug(struct echo *echo, const struct VirtIOPCIConf *conf, platform_bdf bdf)
{
	struct VirtIOPCIConf standard = echo_conf(echo);

	assert_true(virtio_pci_realize(&echo->proxy, &echo->vdev, conf ? conf : &standard));
	virtio_strict_init(&echo->strict, &echo->proxy);
	echo->work.run = echo_run;
	platform_host_add_work(&echo->work);
	platform_host_plug(&echo->proxy.pci, bdf);
}

/* ---- the driver ---- */

struct echo_driver {
	unsigned int nvqs;
	struct virtqueue_info infos[ECHO_QUEUES];
	unsigned int fail_probe; /* errno */

	/* Of the last device that was bound. */
	struct virtio_device *vdev;
	struct virtqueue *vqs[ECHO_QUEUES];
	int find_vqs; /* what it returned */
	unsigned int callbacks[ECHO_QUEUES];
	unsigned int cpu; /* that the last callback ran on */
	unsigned int config_changes;
	bool was_broken; /* the first queue, when the driver was removed */
	uint8_t *page;
	uint64_t page_dma;
};

static struct echo_driver echo_driver;

static void echo_done(struct virtqueue *vq)
{
	echo_driver.callbacks[vq->index]++;
	echo_driver.cpu = platform_cpu();
}

static void echo_let_go(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
	for (unsigned int i = 0; i < vdev->nvqs; i++)
		while (vdev->vqs[i] && virtqueue_detach_unused_buf(vdev->vqs[i]))
			;
	vdev->config->del_vqs(vdev);
	if (echo_driver.page)
		platform_dma_free(echo_driver.page, 4096);
	echo_driver.page = NULL;
}

static int echo_restore(struct virtio_device *vdev)
{
	echo_driver.page = platform_dma_alloc(4096, &echo_driver.page_dma);
	if (!echo_driver.page)
		return -ENOMEM;
	echo_driver.find_vqs =
		virtio_find_vqs(vdev, echo_driver.nvqs, echo_driver.vqs, echo_driver.infos);
	if (echo_driver.find_vqs) {
		platform_dma_free(echo_driver.page, 4096);
		echo_driver.page = NULL;
	}
	return echo_driver.find_vqs;
}

static int echo_probe(struct virtio_device *vdev)
{
	int err = echo_restore(vdev);

	echo_driver.vdev = vdev;
	if (!err && echo_driver.fail_probe) {
		echo_let_go(vdev);
		return -(int)echo_driver.fail_probe;
	}
	return err;
}

static void echo_remove(struct virtio_device *vdev)
{
	echo_driver.was_broken = vdev->nvqs && virtqueue_is_broken(vdev->vqs[0]);
	echo_let_go(vdev);
	echo_driver.vdev = NULL;
}

static int echo_freeze(struct virtio_device *vdev)
{
	echo_let_go(vdev);
	return 0;
}

static void echo_config_changed(struct virtio_device *vdev)
{
	(void)vdev;
	echo_driver.config_changes++;
}

static const struct virtio_device_id echo_ids[] = { { ECHO_ID, VIRTIO_DEV_ANY_ID }, { 0 } };
static const unsigned int echo_features[] = { 0, 100 };

static struct virtio_driver echo_virtio_driver = {
	.name = "echo",
	.id_table = echo_ids,
	.feature_table = echo_features,
	.feature_table_size = 2,
	.probe = echo_probe,
	.remove = echo_remove,
	.config_changed = echo_config_changed,
	.freeze = echo_freeze,
	.restore = echo_restore,
};

/* ---- a test from start to end ---- */

static struct platform_host_usage echo_before;

/* The driver is there; it wants one queue, "echo.0", with a callback. */
static inline int echo_setup(void **state)
{
	static const char *const names[ECHO_QUEUES] = {
		"echo.0", "echo.1", "echo.2", "echo.3", "echo.4",  "echo.5",
		"echo.6", "echo.7", "echo.8", "echo.9", "echo.10", "echo.11",
	};

	(void)state;
	echo_driver = (struct echo_driver){ .nvqs = 1 };
	for (unsigned int i = 0; i < ECHO_QUEUES; i++)
		echo_driver.infos[i] = (struct virtqueue_info){ names[i], echo_done, 0 };
	platform_host_reset();
	platform_host_capture_log(true);
	echo_before = platform_host_usage();
	return register_virtio_driver(&echo_virtio_driver);
}

/* Everything that was taken has been given back, whatever the test was about. */
static inline int echo_teardown(void **state)
{
	struct platform_host_usage usage;

	(void)state;
	virtio_pci_remove_all();
	unregister_virtio_driver(&echo_virtio_driver);
	pci_forget();
	usage = platform_host_usage();
	platform_host_unplug_all();
	platform_host_reset();
	if (!memcmp(&usage, &echo_before, sizeof(usage)))
		return 0;
	print_error("still held: %zu pages, %zu allocations, %zu interrupts, %zu handlers\n",
		    usage.dma_pages - echo_before.dma_pages,
		    usage.allocations - echo_before.allocations,
		    usage.interrupts - echo_before.interrupts,
		    usage.handlers - echo_before.handlers);
	return -1;
}

#define echo_test(f) cmocka_unit_test_setup_teardown(f, echo_setup, echo_teardown)

/* What was said since the test began. */
static inline void assert_logged(const char *words)
{
	if (!strstr(platform_host_log(), words))
		fail_msg("nothing was said of '%s' but: %s", words, platform_host_log());
}

/* The function at @bdf as the scan found it. */
static inline struct pci_dev *pci_at(platform_bdf bdf)
{
	struct pci_dev *dev = pci_next(NULL);

	while (dev && dev->bdf != bdf)
		dev = dev->next;
	if (!dev)
		fail_msg("nothing was found at %02x:%02x.%x", bdf >> 8, bdf >> 3 & 31, bdf & 7);
	return dev;
}

/* Plugs it in at the usual place, scans, probes. Returns what the probe returned. */
static inline int echo_try(struct echo *echo, const struct VirtIOPCIConf *conf)
{
	echo_plug(echo, conf, ECHO_BDF);
	assert_int_equal(pci_scan(), 0);
	return virtio_pci_probe(pci_at(ECHO_BDF));
}

/* The same, and the driver has it. */
static inline struct virtio_pci_device *echo_start(struct echo *echo,
						   const struct VirtIOPCIConf *conf)
{
	if (echo_try(echo, conf) || !echo_driver.vdev)
		fail_msg("the device did not come up: %s", platform_host_log());
	assert_int_equal(echo->vdev.status,
			 VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
				 VIRTIO_STATUS_DRIVER_OK |
				 (echo->vdev.legacy ? 0 : VIRTIO_STATUS_FEATURES_OK));
	return to_vp_device(echo_driver.vdev);
}

/* With two queues, as a device of that kind. */
static inline struct virtio_pci_device *
echo_start_as(struct echo *echo, enum virtio_pci_interface interface, unsigned int vectors)
{
	struct VirtIOPCIConf conf;

	echo_init(echo, 2, 8);
	conf = echo_conf(echo);
	conf.interface = interface;
	conf.vectors = vectors;
	echo_driver.nvqs = 2;
	return echo_start(echo, &conf);
}

/* Nobody broke a rule: neither the driver, as the strict mode saw it, nor the device. */
static inline void assert_no_offence(const struct echo *echo)
{
	for (unsigned int i = 0; i < STRICT_CHECKS; i++)
		if (echo->strict.counts[i])
			fail_msg("%s: %s", virtio_strict_rules[i].name,
				 virtio_strict_rules[i].sentence);
	assert_string_equal(echo->vdev.complaint, "");
	assert_int_equal(echo->proxy.pci.msix_torn, 0);
}

/* Gives queue @index a buffer and kicks. */
static inline void echo_send(unsigned int index)
{
	struct virtqueue *vq = echo_driver.vqs[index];
	struct scatterlist sg;

	memset(echo_driver.page + index * ECHO_BYTES, 0, ECHO_BYTES);
	sg_init_one(&sg, echo_driver.page_dma + index * ECHO_BYTES, ECHO_BYTES);
	assert_int_equal(virtqueue_add_inbuf(vq, &sg, 1, echo_driver.page), 0);
	assert_true(virtqueue_kick(vq));
}

/* The answer is there, and it is the right one. */
static inline void echo_take(unsigned int index)
{
	unsigned int len = 0;

	assert_ptr_equal(virtqueue_get_buf(echo_driver.vqs[index], &len), echo_driver.page);
	assert_int_equal(len, ECHO_BYTES);
	for (unsigned int i = 0; i < ECHO_BYTES; i++)
		assert_int_equal(echo_driver.page[index * ECHO_BYTES + i], index + 1);
}

/* A buffer there and back, announced by an interrupt. */
static inline void echo_work(unsigned int index)
{
	uint64_t until = platform_now() + ECHO_PATIENCE;
	unsigned int before = echo_driver.callbacks[index];

	echo_send(index);
	while (echo_driver.callbacks[index] == before)
		if (!platform_wait(until))
			fail_msg("queue %u: no interrupt", index);
	echo_take(index);
}

#endif
