/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: a vector for each queue, one for all of them, the pin, and how the transport comes
 * from one to the next (vp_find_vqs in Linux).
 */
#include "pci_test.h"

static struct echo echo;

/* Queues 0 to @queues - 1 with @vectors in the table. */
static struct virtio_pci_device *start_with(unsigned int queues, unsigned int vectors,
					    enum virtio_pci_interface interface)
{
	struct VirtIOPCIConf conf;

	echo_init(&echo, queues, 8);
	conf = echo_conf(&echo);
	conf.vectors = vectors;
	conf.interface = interface;
	echo_driver.nvqs = queues;
	return echo_start(&echo, &conf);
}

static void all_queues_work(void)
{
	for (unsigned int i = 0; i < 3 * echo_driver.nvqs; i++)
		echo_work(i % echo_driver.nvqs);
	virtio_notify_config(&echo.vdev);
	platform_wait(platform_now() + ECHO_PATIENCE);
	assert_int_equal(echo_driver.config_changes, 1);
	assert_no_offence(&echo);
}

/* ---- which way ---- */

static void each_queue_has_a_vector_if_there_are_enough(void **state)
{
	struct virtio_pci_device *vp_dev = start_with(3, 4, VIRTIO_PCI_MODERN);

	(void)state;
	assert_true(vp_dev->per_vq_vectors);
	assert_int_equal(vp_dev->pci_dev->num_vectors, 4);
	assert_int_equal(echo.vdev.config_vector, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(echo.vdev.queues[i].vector, 1 + i);
	all_queues_work();
	/* Each took its own, and nobody else's. */
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(platform_irq_count(pci_irq_vector(vp_dev->pci_dev, 1 + i)), 3);
}

static void with_one_vector_too_few_queues_share_one(void **state)
{
	struct virtio_pci_device *vp_dev = start_with(3, 3, VIRTIO_PCI_MODERN);

	(void)state;
	assert_true(vp_dev->msix_enabled);
	assert_false(vp_dev->per_vq_vectors);
	assert_int_equal(vp_dev->pci_dev->num_vectors, 2);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(echo.vdev.queues[i].vector, VP_MSIX_VQ_VECTOR);
	all_queues_work();
}

static void pci_msix_11_with_a_single_vector_it_is_the_pin(void **state)
{
	struct virtio_pci_device *vp_dev = start_with(3, 1, VIRTIO_PCI_MODERN);

	(void)state;
	assert_true(vp_dev->intx_enabled);
	assert_false(msix_enabled(&echo.proxy.pci));
	all_queues_work();
}

static void without_any_vector_it_is_the_pin(void **state)
{
	struct virtio_pci_device *vp_dev = start_with(2, 0, VIRTIO_PCI_MODERN);

	(void)state;
	assert_true(vp_dev->intx_enabled);
	all_queues_work();
}

static void a_legacy_device_goes_the_same_three_ways(void **state)
{
	static const unsigned int vectors[] = { 4, 2, 0 };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct virtio_pci_device *vp_dev = start_with(3, vectors[i], VIRTIO_PCI_LEGACY);

		assert_int_equal(vp_dev->per_vq_vectors, i == 0);
		assert_int_equal(vp_dev->msix_enabled, i < 2);
		assert_int_equal(vp_dev->intx_enabled, i == 2);
		all_queues_work();
		echo_teardown(state);
		assert_int_equal(echo_setup(state), 0);
	}
}

static void pci_msix_10_a_table_of_2048_entries_is_taken(void **state)
{
	struct virtio_pci_device *vp_dev = start_with(3, 2048, VIRTIO_PCI_MODERN);

	(void)state;
	assert_int_equal(pci_msix_vec_count(vp_dev->pci_dev), 2048);
	assert_int_equal(vp_dev->pci_dev->num_vectors, 4);
	all_queues_work();
}

static void a_platform_with_few_messages_makes_queues_share(void **state)
{
	struct virtio_pci_device *vp_dev;

	(void)state;
	platform_host_limit_msis(3);
	vp_dev = start_with(4, 5, VIRTIO_PCI_MODERN);
	assert_true(vp_dev->msix_enabled);
	assert_false(vp_dev->per_vq_vectors);
	all_queues_work();
}

static void a_platform_without_messages_leaves_the_pin(void **state)
{
	struct virtio_pci_device *vp_dev;

	(void)state;
	platform_host_limit_msis(1);
	vp_dev = start_with(4, 5, VIRTIO_PCI_MODERN);
	assert_true(vp_dev->intx_enabled);
	assert_false(msix_enabled(&echo.proxy.pci));
	all_queues_work();
}

static void with_no_way_at_all_there_are_no_queues(void **state)
{
	struct VirtIOPCIConf conf;

	(void)state;
	platform_host_limit_msis(0);
	echo_init(&echo, 1, 8);
	conf = echo_conf(&echo);
	echo_plug(&echo, &conf, ECHO_BDF);
	echo.proxy.pci.config[0x3d] = 0; /* no pin either */
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	assert_int_equal(echo_driver.find_vqs, -ENOSPC);
	assert_logged("no queues: error -28");
}

/* ---- what whoever came before has left ---- */

/* A boot loader, say, or a kernel that started this one. */
static void left_on(enum virtio_pci_interface interface, unsigned int messages)
{
	struct VirtIOPCIConf conf;

	echo_init(&echo, 1, 8);
	conf = echo_conf(&echo);
	conf.interface = interface;
	echo_plug(&echo, &conf, ECHO_BDF);
	echo.proxy.pci.config[echo.proxy.pci.msix_cap + PCI_MSIX_FLAGS + 1] |=
		PCI_MSIX_FLAGS_ENABLE >> 8;
	echo.proxy.pci.config[PCI_COMMAND + 1] |= PCI_COMMAND_INTX_DISABLE >> 8;
	platform_host_limit_msis(messages);
	assert_int_equal(pci_scan(), 0);
	assert_false(msix_enabled(&echo.proxy.pci));
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	assert_int_equal(echo_driver.find_vqs, 0);
	assert_int_equal(virtio_cread8(echo_driver.vdev, 0), 0x10);
	all_queues_work();
}

static void messages_left_on_are_switched_off(void **state)
{
	(void)state;
	left_on(VIRTIO_PCI_MODERN, 0);
	assert_true(to_vp_device(echo_driver.vdev)->intx_enabled);
}

/* 4.1.4.10: the config is 4 bytes further on while messages are on. */
static void a_legacy_config_is_where_it_is_without_messages(void **state)
{
	(void)state;
	left_on(VIRTIO_PCI_LEGACY, 0);
	assert_true(to_vp_device(echo_driver.vdev)->intx_enabled);
}

static void a_pin_left_silent_speaks_again(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, &(struct VirtIOPCIConf){ .notify_off_multiplier = 4 }, ECHO_BDF);
	echo.proxy.pci.config[PCI_COMMAND + 1] |= PCI_COMMAND_INTX_DISABLE >> 8;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	all_queues_work();
}

/* An entry that would send to where nobody listens, with an interrupt to be sent: the message goes
 * out only once it is the right one. */
static void stale_entries_are_not_sent(void **state)
{
	uint8_t *entry = echo.proxy.msix;

	(void)state;
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	pci_set_long(entry + PCI_MSIX_ENTRY_LOWER_ADDR, 0xdead0000);
	pci_set_long(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	entry[2 * PCI_MSIX_ENTRY_SIZE] = 1; /* the first of the pending bits */
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	assert_int_equal(entry[2 * PCI_MSIX_ENTRY_SIZE], 0);
	all_queues_work();
}

/* ---- what the device says to it ---- */

/* The n-th mapping is refused; then fewer are tried. */
static void refused(unsigned int mappings, bool msix, bool per_vq)
{
	struct virtio_pci_device *vp_dev;

	echo_init(&echo, 2, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	echo_driver.nvqs = 2;
	echo.proxy.faults.refuse_vectors = mappings;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	vp_dev = to_vp_device(echo_driver.vdev);
	assert_int_equal(vp_dev->msix_enabled, msix);
	assert_int_equal(vp_dev->per_vq_vectors, per_vq);
	all_queues_work();
}

static void pci_msix_14_15_a_refused_vector_makes_queues_share(void **state)
{
	(void)state;
	refused(1, true, false);
}

static void pci_msix_15_refused_twice_it_is_the_pin(void **state)
{
	(void)state;
	refused(2, false, false);
}

/* The last one of the table cannot be mapped: by then the other queue has been set up. */
static void a_vector_refused_for_one_queue_takes_the_others_back(void **state)
{
	static const enum virtio_pci_interface interfaces[] = { VIRTIO_PCI_MODERN,
								VIRTIO_PCI_LEGACY };
	struct VirtIOPCIConf conf;

	for (unsigned int i = 0; i < 2; i++) {
		echo_init(&echo, 2, 8);
		conf = echo_conf(&echo);
		conf.interface = interfaces[i];
		echo_plug(&echo, &conf, ECHO_BDF);
		echo.proxy.pci.msix_entries = 2; /* the capability says 3 */
		echo_driver.nvqs = 2;
		assert_int_equal(pci_scan(), 0);
		assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
		assert_int_equal(echo_driver.find_vqs, 0);
		assert_true(to_vp_device(echo_driver.vdev)->msix_enabled);
		assert_false(to_vp_device(echo_driver.vdev)->per_vq_vectors);
		echo_work(0);
		echo_work(1);
		assert_int_equal(echo_teardown(state), 0);
		assert_int_equal(echo_setup(state), 0);
	}
}

static uint16_t config_vector_left, queue_vector_left;

static int probe_and_look(struct virtio_device *vdev)
{
	int err = echo_probe(vdev);

	config_vector_left = echo.vdev.config_vector;
	queue_vector_left = echo.vdev.queues[0].vector;
	return err;
}

/* The driver wants two queues of a device that has one. */
static void queues_that_cannot_be_had_leave_no_vector_behind(void **state)
{
	static const enum virtio_pci_interface interfaces[] = { VIRTIO_PCI_MODERN,
								VIRTIO_PCI_LEGACY };

	for (unsigned int i = 0; i < 2; i++) {
		struct VirtIOPCIConf conf;

		echo_init(&echo, 1, 8);
		conf = echo_conf(&echo);
		conf.vectors = 3;
		conf.interface = interfaces[i];
		echo_driver.nvqs = 2;
		echo_virtio_driver.probe = probe_and_look;
		assert_int_equal(echo_try(&echo, &conf), 0);
		echo_virtio_driver.probe = echo_probe;
		assert_int_equal(echo_driver.find_vqs, -ENOENT);
		assert_int_equal(config_vector_left, VIRTIO_NO_VECTOR);
		assert_int_equal(queue_vector_left, VIRTIO_NO_VECTOR);
		assert_no_offence(&echo);
		assert_int_equal(echo_teardown(state), 0);
		assert_int_equal(echo_setup(state), 0);
	}
}

static void a_vector_that_is_another_than_written_was_refused(void **state)
{
	(void)state;
	echo_init(&echo, 2, 8);
	assert_int_equal(echo_try(&echo, NULL), 0);
	/* NO_VECTOR is what is read of a vector outside the table. */
	assert_int_equal(vp_modern_config_vector(&to_vp_device(echo_driver.vdev)->mdev, 77),
			 VIRTIO_MSI_NO_VECTOR);
}

static void a_queue_without_callback_takes_no_vector(void **state)
{
	struct virtio_pci_device *vp_dev;

	(void)state;
	echo_init(&echo, 3, 8);
	echo_driver.nvqs = 3;
	echo_driver.infos[1].callback = NULL;
	vp_dev = echo_start(&echo, NULL);
	assert_int_equal(vp_dev->pci_dev->num_vectors, 3);
	assert_int_equal(echo.vdev.queues[1].vector, VIRTIO_NO_VECTOR);
	assert_int_equal(echo.vdev.queues[2].vector, 2);
	echo_send(1);
	assert_false(platform_host_interrupt_pending());
	echo_take(1);
	echo_work(0);
	echo_work(2);
	assert_no_offence(&echo);
}

/* ---- handlers ---- */

static void pci_isr_06_isr_is_not_read_while_messages_come(void **state)
{
	struct virtio_pci_device *vp_dev = start_with(2, 3, VIRTIO_PCI_MODERN);

	(void)state;
	all_queues_work();
	/* The config's bit was set all the same, and nobody took it (4.1.4.5.1). */
	assert_int_equal(vp_ioread8(&vp_dev->isr, 0), 2);
}

static void pci_cfgirq_02_one_interrupt_for_config_and_queue(void **state)
{
	(void)state;
	start_with(2, 0, VIRTIO_PCI_MODERN);
	echo_send(0);
	echo_send(1);
	virtio_notify_config(&echo.vdev);
	assert_int_equal(echo.proxy.isr, 3);
	assert_true(platform_wait(platform_now() + ECHO_PATIENCE));
	assert_int_equal(echo_driver.callbacks[0], 1);
	assert_int_equal(echo_driver.callbacks[1], 1);
	assert_int_equal(echo_driver.config_changes, 1);
	echo_take(0);
	echo_take(1);
	assert_false(platform_host_interrupt_pending());
}

static void on_a_shared_line_each_looks_for_its_own(void **state)
{
	static struct echo other;
	struct VirtIOPCIConf conf;
	struct virtqueue *vq;

	(void)state;
	/* Slots 3 and 7 are wired to the same line. The driver remembers the last one bound. */
	echo_init(&other, 1, 8);
	conf = echo_conf(&other);
	conf.vectors = 0;
	echo_plug(&other, &conf, 7 << 3);
	echo_init(&echo, 1, 8);
	echo_plug(&echo, &conf, ECHO_BDF);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	vq = echo_driver.vqs[0];
	assert_non_null(vq);
	platform_dma_free(echo_driver.page, 4096);
	assert_int_equal(virtio_pci_probe(pci_at(7 << 3)), 0);
	assert_int_equal(pci_irq_vector(pci_at(7 << 3), 0), pci_irq_vector(pci_at(ECHO_BDF), 0));
	for (int i = 0; i < 5; i++)
		echo_work(0);
	assert_int_equal(echo.proxy.isr, 0);
	assert_int_equal(echo_driver.callbacks[0], 5);
	assert_true(virtqueue_enable_cb(vq));
	/* One that is gone reads as all ones, which is no interrupt of its own. */
	pci_device_pull_out(&echo.proxy.pci);
	echo_work(0);
	assert_int_equal(echo_driver.config_changes, 0);
	virtio_pci_remove(pci_at(7 << 3));
}

static void a_line_behind_a_bridge_is_turned_by_the_slot(void **state)
{
	static struct PCIBridge outer, inner;
	const struct PCIIdentity identity = { .vendor = 0x1b36, .device = 1 };
	struct VirtIOPCIConf conf;

	(void)state;
	assert_true(pci_bridge_init(&outer, &identity));
	assert_true(pci_bridge_init(&inner, &identity));
	platform_host_plug(&outer.dev, 2 << 3);
	assert_true(pci_bus_plug(&outer.secondary, &inner.dev, 5 << 3));
	echo_init(&echo, 2, 8);
	conf = echo_conf(&echo);
	conf.vectors = 0;
	assert_true(virtio_pci_realize(&echo.proxy, &echo.vdev, &conf));
	assert_true(pci_bus_plug(&inner.secondary, &echo.proxy.pci, 6 << 3));
	virtio_strict_init(&echo.strict, &echo.proxy);
	echo_driver.nvqs = 2;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe_all(), 1);
	/* INTA# of slot 6 is INTC# of slot 5, is INTD# of slot 2. */
	assert_int_equal(pci_irq_vector(to_vp_device(echo_driver.vdev)->pci_dev, 0),
			 platform_intx(2, 4));
	all_queues_work();
}

static void forget(struct virtqueue *vq, void *buf)
{
	(void)vq, (void)buf;
}

static unsigned long interrupts_of(const struct virtio_pci_device *vp_dev, unsigned int vector)
{
	return platform_irq_count(pci_irq_vector(vp_dev->pci_dev, vector));
}

/* The ring of queue 1 is made anew while an interrupt of its is on the way. */
static void reset_under_an_interrupt(struct virtio_pci_device *vp_dev, unsigned int vector)
{
	unsigned long before = interrupts_of(vp_dev, vector);

	echo_send(1);
	assert_true(platform_host_interrupt_pending());
	assert_int_equal(virtqueue_reset(echo_driver.vqs[1], forget, NULL), 0);
	assert_false(platform_host_interrupt_pending());
	assert_int_equal(interrupts_of(vp_dev, vector), before + 1);
	/* By then it was no queue of the handler's to look at. */
	assert_int_equal(echo_driver.callbacks[1], 0);
}

static void enable_under_an_interrupt(void)
{
	virtio_config_driver_disable(echo_driver.vdev);
	virtio_notify_config(&echo.vdev);
	assert_int_equal(echo_driver.config_changes, 0);
	virtio_config_driver_enable(echo_driver.vdev);
	assert_int_equal(echo_driver.config_changes, 1);
}

static void remove_under_an_interrupt(void)
{
	unsigned int before = echo_driver.callbacks[0];

	echo_send(0);
	assert_true(platform_host_interrupt_pending());
	virtio_pci_remove(pci_at(ECHO_BDF));
	assert_int_equal(echo_driver.callbacks[0], before + 1);
}

static void handlers_may_come_at_any_unlock(void **state)
{
	static const unsigned int vectors[] = { 5, 2, 0 }, of_queue_1[] = { 2, 1, 0 };

	for (unsigned int i = 0; i < 3; i++) {
		struct virtio_pci_device *vp_dev;
		struct VirtIOPCIConf conf;

		echo_init(&echo, 4, 8);
		echo.vdev.host_features[0] |= BIT(VIRTIO_F_RING_RESET);
		conf = echo_conf(&echo);
		conf.vectors = vectors[i];
		echo_driver.nvqs = 4;
		vp_dev = echo_start(&echo, &conf);
		platform_host_deliver_at_unlock(true);
		reset_under_an_interrupt(vp_dev, of_queue_1[i]);
		enable_under_an_interrupt();
		echo_work(0);
		echo_work(1);
		remove_under_an_interrupt();
		assert_no_offence(&echo);
		assert_int_equal(echo_teardown(state), 0);
		assert_int_equal(echo_setup(state), 0);
	}
}

static void an_interrupt_after_the_reset_finds_nobody(void **state)
{
	struct virtio_pci_device *vp_dev = start_with(1, 0, VIRTIO_PCI_MODERN);
	unsigned int before;

	(void)state;
	echo_send(0);
	before = echo_driver.callbacks[0];
	virtio_reset_device(&vp_dev->vdev);
	assert_false(platform_wait(platform_now() + 1000));
	assert_int_equal(echo_driver.callbacks[0], before);
}

/* ---- affinity ---- */

static void a_queue_goes_to_the_cpu_it_is_sent_to(void **state)
{
	struct virtio_pci_device *vp_dev;

	(void)state;
	platform_host_set_cpus(4);
	vp_dev = start_with(3, 4, VIRTIO_PCI_MODERN);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(vp_get_vq_affinity(&vp_dev->vdev, i), 0);
		assert_int_equal(vp_set_vq_affinity(echo_driver.vqs[i], 3 - i), 0);
		assert_int_equal(vp_get_vq_affinity(&vp_dev->vdev, i), 3 - i);
	}
	for (unsigned int i = 0; i < 3; i++) {
		echo_work(i);
		assert_int_equal(echo_driver.cpu, 3 - i);
	}
	assert_int_equal(vp_set_vq_affinity(echo_driver.vqs[0], 4), -EINVAL);
	assert_int_equal(vp_get_vq_affinity(&vp_dev->vdev, 0), 3);
	assert_int_equal(vp_get_vq_affinity(&vp_dev->vdev, 3), -EINVAL);
	assert_no_offence(&echo);
}

static void a_shared_vector_has_no_cpu_of_a_queue(void **state)
{
	struct virtio_pci_device *vp_dev;

	(void)state;
	platform_host_set_cpus(2);
	vp_dev = start_with(3, 2, VIRTIO_PCI_MODERN);
	assert_int_equal(vp_set_vq_affinity(echo_driver.vqs[2], 1), 0);
	assert_int_equal(vp_get_vq_affinity(&vp_dev->vdev, 2), -EINVAL);
	echo_work(0);
	assert_int_equal(echo_driver.cpu, 1);
}

static void the_pin_stays_where_it_is(void **state)
{
	struct virtio_pci_device *vp_dev;

	(void)state;
	platform_host_set_cpus(2);
	vp_dev = start_with(1, 0, VIRTIO_PCI_MODERN);
	assert_int_equal(vp_set_vq_affinity(echo_driver.vqs[0], 1), 0);
	assert_int_equal(vp_get_vq_affinity(&vp_dev->vdev, 0), -EINVAL);
	echo_work(0);
	assert_int_equal(echo_driver.cpu, 0);
}

static void a_queue_without_callback_has_no_affinity(void **state)
{
	static const unsigned int vectors[] = { 3, 0 };
	struct VirtIOPCIConf conf;

	for (unsigned int i = 0; i < 2; i++) {
		echo_init(&echo, 2, 8);
		conf = echo_conf(&echo);
		conf.vectors = vectors[i];
		echo_driver.nvqs = 2;
		echo_driver.infos[1].callback = NULL;
		echo_start(&echo, &conf);
		assert_int_equal(vp_set_vq_affinity(echo_driver.vqs[1], 0), -EINVAL);
		assert_int_equal(vp_get_vq_affinity(echo_driver.vdev, 1), -EINVAL);
		assert_int_equal(echo_teardown(state), 0);
		assert_int_equal(echo_setup(state), 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		echo_test(each_queue_has_a_vector_if_there_are_enough),
		echo_test(with_one_vector_too_few_queues_share_one),
		echo_test(pci_msix_11_with_a_single_vector_it_is_the_pin),
		echo_test(without_any_vector_it_is_the_pin),
		echo_test(a_legacy_device_goes_the_same_three_ways),
		echo_test(pci_msix_10_a_table_of_2048_entries_is_taken),
		echo_test(a_platform_with_few_messages_makes_queues_share),
		echo_test(a_platform_without_messages_leaves_the_pin),
		echo_test(with_no_way_at_all_there_are_no_queues),
		echo_test(messages_left_on_are_switched_off),
		echo_test(a_legacy_config_is_where_it_is_without_messages),
		echo_test(a_pin_left_silent_speaks_again),
		echo_test(stale_entries_are_not_sent),
		echo_test(pci_msix_14_15_a_refused_vector_makes_queues_share),
		echo_test(pci_msix_15_refused_twice_it_is_the_pin),
		echo_test(a_vector_refused_for_one_queue_takes_the_others_back),
		echo_test(queues_that_cannot_be_had_leave_no_vector_behind),
		echo_test(a_vector_that_is_another_than_written_was_refused),
		echo_test(a_queue_without_callback_takes_no_vector),
		echo_test(pci_isr_06_isr_is_not_read_while_messages_come),
		echo_test(pci_cfgirq_02_one_interrupt_for_config_and_queue),
		echo_test(on_a_shared_line_each_looks_for_its_own),
		echo_test(a_line_behind_a_bridge_is_turned_by_the_slot),
		echo_test(handlers_may_come_at_any_unlock),
		echo_test(an_interrupt_after_the_reset_finds_nobody),
		echo_test(a_queue_goes_to_the_cpu_it_is_sent_to),
		echo_test(a_shared_vector_has_no_cpu_of_a_queue),
		echo_test(the_pin_stays_where_it_is),
		echo_test(a_queue_without_callback_has_no_affinity),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
