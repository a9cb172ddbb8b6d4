/* SPDX-License-Identifier: MIT */
/*
 * Devices that do not come out of reset, and drivers that do not tidy up: nothing of theirs may
 * write to memory that has been given back, nor call a handler of somebody who has gone.
 */
#include "net/net.h"
#include "pci_test.h"
#include "tests/support/host_machine.h"

static struct echo echo;

static struct pci_dev *start_as(enum virtio_pci_interface interface, unsigned int vectors)
{
	return echo_start_as(&echo, interface, vectors)->pci_dev;
}

static void get_stuck(struct VirtIOPCIProxy *proxy)
{
	proxy->faults.reset_reads = VIRTIO_PCI_FOREVER;
}

/* What was begun is over at last, and from now on it goes as it should. */
static void come_out_late(struct VirtIOPCIProxy *proxy)
{
	proxy->faults.reset_reads = 0;
	proxy->reset_left = 0;
}

static uint16_t command_of(const struct PCIDevice *dev)
{
	return pci_get_word(dev->config + PCI_COMMAND);
}

/* ---- cut off ---- */

static void reset_02_one_stuck_in_reset_neither_writes_nor_interrupts(void **state)
{
	(void)state;
	start_as(VIRTIO_PCI_MODERN, 0);
	echo_work(0);
	get_stuck(&echo.proxy);
	assert_int_equal(virtio_reset_device(echo_driver.vdev), -ETIMEDOUT);
	assert_false(pci_can_master(&echo.proxy.pci));
	pci_set_irq(&echo.proxy.pci, true);
	assert_false(platform_host_interrupt_pending());
	pci_set_irq(&echo.proxy.pci, false);

	come_out_late(&echo.proxy);
	assert_int_equal(virtio_reset_device(echo_driver.vdev), 0);
	assert_true(pci_can_master(&echo.proxy.pci));
	assert_false(command_of(&echo.proxy.pci) & PCI_COMMAND_INTX_DISABLE);
}

/* ---- queues that a driver leaves ---- */

static void forget_queues(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
	platform_dma_free(echo_driver.page, 4096);
	echo_driver.page = NULL;
	echo_driver.vdev = NULL;
}

static const struct {
	enum virtio_pci_interface interface;
	unsigned int vectors;
} ways[] = {
	{ VIRTIO_PCI_MODERN, 3 }, { VIRTIO_PCI_MODERN, 2 }, { VIRTIO_PCI_MODERN, 0 },
	{ VIRTIO_PCI_LEGACY, 3 }, { VIRTIO_PCI_LEGACY, 0 },
};

static void forgets(bool stuck)
{
	for (unsigned int i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct pci_dev *dev = start_as(ways[i].interface, ways[i].vectors);

		echo_work(0);
		echo_virtio_driver.remove = forget_queues;
		if (stuck)
			get_stuck(&echo.proxy);
		virtio_pci_remove(dev);
		echo_virtio_driver.remove = echo_remove;
		/* Its line goes up when nobody is there to listen. */
		pci_set_irq(&echo.proxy.pci, true);
		platform_wait(platform_now() + 1000);
		pci_set_irq(&echo.proxy.pci, false);
		assert_int_equal(echo_teardown(NULL), 0);
		assert_int_equal(echo_setup(NULL), 0);
	}
}

static void queues_that_a_driver_leaves_go_with_the_transport(void **state)
{
	(void)state;
	forgets(false);
}

static void so_do_those_of_a_device_that_is_stuck(void **state)
{
	(void)state;
	forgets(true);
}

/* ---- drivers that come and go ---- */

static void a_device_is_offered_again_only_once_a_reset_succeeds(void **state)
{
	(void)state;
	start_as(VIRTIO_PCI_MODERN, 3);
	get_stuck(&echo.proxy);
	unregister_virtio_driver(&echo_virtio_driver);
	assert_int_equal(register_virtio_driver(&echo_virtio_driver), 0);
	assert_null(echo_driver.vdev);
	unregister_virtio_driver(&echo_virtio_driver);
	assert_int_equal(echo.strict.total, 0);

	/* Status reads 0 now, but it is still kept from memory. */
	come_out_late(&echo.proxy);
	assert_int_equal(register_virtio_driver(&echo_virtio_driver), 0);
	assert_non_null(echo_driver.vdev);
	assert_true(pci_can_master(&echo.proxy.pci));
	echo_work(0);
	echo_work(1);
	assert_no_offence(&echo);
}

static void one_stuck_on_waking_up_is_told_nothing_but_another_reset(void **state)
{
	struct pci_dev *dev;

	(void)state;
	dev = start_as(VIRTIO_PCI_MODERN, 3);
	assert_int_equal(virtio_pci_freeze(dev), 0);
	get_stuck(&echo.proxy);
	assert_int_equal(virtio_pci_restore(dev), -ETIMEDOUT);
	assert_int_equal(echo.strict.total, 0);
	come_out_late(&echo.proxy);
	assert_int_equal(virtio_pci_restore(dev), 0);
	echo_work(0);
	echo_work(1);
	assert_no_offence(&echo);
}

/* ---- a real driver ---- */

static struct pci_dev *start_card(unsigned int vectors)
{
	struct machine machine = { .devices = { { .type = "net", .vectors = vectors } } };
	struct pci_dev *dev;

	machine_start(&machine);
	host_machine_expect_complaints();
	assert_int_equal(register_virtio_driver(&virtio_net_driver), 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe_all(), 1);
	for (dev = pci_next(NULL); dev && !dev->drvdata; dev = dev->next)
		;
	assert_non_null(dev);
	return dev;
}

/* machine_stop() looks whether everything has been given back. */
static void stop_card(void)
{
	virtio_pci_remove_all();
	unregister_virtio_driver(&virtio_net_driver);
	pci_forget();
	machine_stop();
}

static void a_card_stuck_at_its_removal_gives_everything_back(void **state)
{
	static const unsigned int vectors[] = { MACHINE_NO_VECTORS, 2, 0 };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct VirtIOPCIProxy *proxy;

		start_card(vectors[i]);
		proxy = host_machine_proxy(0);
		get_stuck(proxy);
		virtio_pci_remove_all();
		assert_int_equal(platform_host_usage().handlers, 0);
		pci_set_irq(&proxy->pci, true);
		platform_wait(platform_now() + 1000);
		pci_set_irq(&proxy->pci, false);
		/* Once it has come out of it, it can be had again. */
		come_out_late(proxy);
		assert_int_equal(virtio_pci_probe_all(), 1);
		assert_true(proxy->vdev->status & VIRTIO_STATUS_DRIVER_OK);
		stop_card();
	}
}

static void a_card_stuck_at_falling_asleep_sleeps_and_wakes_up_later(void **state)
{
	struct pci_dev *dev = start_card(0);
	struct VirtIOPCIProxy *proxy = host_machine_proxy(0);

	(void)state;
	get_stuck(proxy);
	assert_int_equal(virtio_pci_freeze(dev), 0);
	assert_int_equal(platform_host_usage().handlers, 0);
	assert_false(pci_can_master(&proxy->pci));
	assert_int_equal(virtio_pci_restore(dev), -ETIMEDOUT);
	come_out_late(proxy);
	assert_int_equal(virtio_pci_restore(dev), 0);
	assert_true(proxy->vdev->status & VIRTIO_STATUS_DRIVER_OK);
	assert_true(pci_can_master(&proxy->pci));
	stop_card();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		echo_test(reset_02_one_stuck_in_reset_neither_writes_nor_interrupts),
		echo_test(queues_that_a_driver_leaves_go_with_the_transport),
		echo_test(so_do_those_of_a_device_that_is_stuck),
		echo_test(a_device_is_offered_again_only_once_a_reset_succeeds),
		echo_test(one_stuck_on_waking_up_is_told_nothing_but_another_reset),
		cmocka_unit_test(a_card_stuck_at_its_removal_gives_everything_back),
		cmocka_unit_test(a_card_stuck_at_falling_asleep_sleeps_and_wakes_up_later),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
