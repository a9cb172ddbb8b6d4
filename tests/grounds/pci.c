/* SPDX-License-Identifier: MIT */
/*
 * virtio over PCI, on host against device/ and on qtest against QEMU's own devices.
 *
 * Each test makes a machine, has the functions found and driven by the small driver of
 * tests/support, and sees data come back by way of an interrupt. What is asserted about registers
 * is read past pci/, by config space accesses of the test's own.
 */
#include "pci_test.h"

/* ---- finding them ---- */

static void functions_are_found_with_ids_and_places(void **state)
{
	/* 4.1.2.1; the three of three() */
	static const uint16_t modern[] = { 0x1044, 0x1042, 0x1041 };
	static const uint16_t transitional[] = { 0x1005, 0x1001, 0x1000 };
	static const enum machine_interface interfaces[] = { MACHINE_MODERN, MACHINE_TRANSITIONAL,
							     MACHINE_LEGACY };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct machine machine =
			three((struct machine_device){ .interface = interfaces[i] });

		start(&machine, 3);
		for (unsigned int n = 0; n < 3; n++) {
			struct pci_dev *dev = function(n);
			uint32_t id = platform_pci_read(dev->bdf, 0, 4);

			assert_int_equal(dev->device, i ? transitional[n] : modern[n]);
			assert_int_equal(id, (uint32_t)dev->device << 16 | 0x1af4);
		}
		stop();
	}
}

static void a_machine_without_virtio_has_nothing_to_probe(void **state)
{
	struct machine machine = { 0 };

	(void)state;
	start(&machine, 0);
	assert_null(virtio_next_device(NULL));
}

/* ---- the three interfaces ---- */

static void modern_devices_work(void **state)
{
	struct machine machine = three((struct machine_device){ .interface = MACHINE_MODERN });

	(void)state;
	start(&machine, 3);
	assert_feature(VIRTIO_F_VERSION_1, true);
	assert_feature(VIRTIO_RING_F_EVENT_IDX, true);
	assert_feature(VIRTIO_RING_F_INDIRECT_DESC, true);
	assert_feature(VIRTIO_F_RING_PACKED, false);
	all_work();
}

static void transitional_devices_are_driven_as_modern_ones(void **state)
{
	struct machine machine =
		three((struct machine_device){ .interface = MACHINE_TRANSITIONAL });

	(void)state;
	start(&machine, 3);
	assert_feature(VIRTIO_F_VERSION_1, true);
	all_work();
}

static void legacy_devices_work(void **state)
{
	struct machine machine = three((struct machine_device){ .interface = MACHINE_LEGACY });

	(void)state;
	start(&machine, 3);
	assert_feature(VIRTIO_F_VERSION_1, false);
	all_work();
}

static void modern_devices_work_behind_root_ports(void **state)
{
	struct machine machine = three((struct machine_device){ .behind_root_port = true });

	(void)state;
	start(&machine, 3);
	for (unsigned int n = 0; n < 3; n++)
		assert_int_not_equal(function(n)->bdf >> 8, 0);
	all_work();
}

static void devices_of_every_interface_work_on_pc(void **state)
{
	struct machine machine = { .type = "pc",
				   .devices = {
					   { .type = "blk" },
					   { .type = "net", .interface = MACHINE_TRANSITIONAL },
					   { .type = "rng", .interface = MACHINE_LEGACY } } };

	(void)state;
	start(&machine, 3);
	all_work();
}

/* ---- the ring's features ---- */

static void packed_rings_work(void **state)
{
	struct machine machine = three((struct machine_device){ .packed = MACHINE_ON });

	(void)state;
	start(&machine, 3);
	assert_feature(VIRTIO_F_RING_PACKED, true);
	all_work();
}

static void devices_without_event_idx_work(void **state)
{
	struct machine machine = three((struct machine_device){ .event_idx = MACHINE_OFF });

	(void)state;
	start(&machine, 3);
	assert_feature(VIRTIO_RING_F_EVENT_IDX, false);
	all_work();
}

static void devices_without_indirect_descriptors_work(void **state)
{
	struct machine machine = three((struct machine_device){ .indirect = MACHINE_OFF });

	(void)state;
	start(&machine, 3);
	assert_feature(VIRTIO_RING_F_INDIRECT_DESC, false);
	all_work();
}

static void packed_rings_with_neither_work(void **state)
{
	struct machine machine = three((struct machine_device){
		.packed = MACHINE_ON, .event_idx = MACHINE_OFF, .indirect = MACHINE_OFF });

	(void)state;
	start(&machine, 3);
	assert_feature(VIRTIO_F_RING_PACKED, true);
	assert_feature(VIRTIO_RING_F_EVENT_IDX, false);
	assert_feature(VIRTIO_RING_F_INDIRECT_DESC, false);
	all_work();
}

/* ---- interrupts ---- */

static void each_queue_has_a_vector_of_its_own(void **state)
{
	struct machine machine = { .devices = { { .type = "blk", .num_queues = 4 } } };

	(void)state;
	start(&machine, 1);
	assert_true(msix_enabled(function(0)->bdf));
	for (unsigned int queue = 0; queue < 4; queue++)
		assert_int_equal(queue_vector(function(0)->bdf, queue), queue + 1);
	all_work();
}

static void with_two_vectors_the_queues_share_one(void **state)
{
	struct machine machine = {
		.devices = { { .type = "blk", .num_queues = 4, .vectors = 2 },
			     { .type = "net", .vectors = 2 },
			     { .type = "net", .vectors = 2, .interface = MACHINE_LEGACY },
			     { .type = "rng", .vectors = 2 } }
	};

	(void)state;
	start(&machine, 4);
	assert_true(msix_enabled(function(0)->bdf));
	for (unsigned int queue = 0; queue < 4; queue++)
		assert_int_equal(queue_vector(function(0)->bdf, queue), 1);
	/* For one queue two are as many as it wants. */
	assert_true(msix_enabled(function(3)->bdf));
	assert_int_equal(queue_vector(function(3)->bdf, 0), 1);
	all_work();
}

/* Every device answers through a line: no vectors are enabled, and INTx is not switched off. */
static void assert_lines_are_used(void)
{
	unsigned int n = 0;

	FOR_EACH_DEVICE(vdev)
	{
		platform_bdf bdf = function(n++)->bdf;

		assert_false(msix_enabled(bdf));
		assert_false(platform_pci_read(bdf, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE);
	}
}

static void without_vectors_devices_pull_their_line(void **state)
{
	struct machine machine = three((struct machine_device){ .vectors = MACHINE_NO_VECTORS });

	(void)state;
	start(&machine, 3);
	assert_lines_are_used();
	all_work();
}

static void legacy_devices_pull_their_line(void **state)
{
	struct machine machine = three((struct machine_device){ .vectors = MACHINE_NO_VECTORS,
								.interface = MACHINE_LEGACY });

	(void)state;
	start(&machine, 3);
	assert_lines_are_used();
	all_work();
}

static void a_line_crosses_the_root_port(void **state)
{
	struct machine machine = three(
		(struct machine_device){ .vectors = MACHINE_NO_VECTORS, .behind_root_port = true });

	(void)state;
	start(&machine, 3);
	assert_lines_are_used();
	all_work();
}

/* Of four devices in a row two share a pin of pc's interrupt controller at least. */
static void devices_on_one_line_do_not_disturb_each_other(void **state)
{
	struct machine machine = { .type = "pc",
				   .devices = {
					   { .type = "rng", .vectors = MACHINE_NO_VECTORS },
					   { .type = "blk", .vectors = MACHINE_NO_VECTORS },
					   { .type = "net", .vectors = MACHINE_NO_VECTORS },
					   { .type = "rng", .vectors = MACHINE_NO_VECTORS } } };

	(void)state;
	start(&machine, 4);
	assert_lines_are_used();
	all_work();
	all_work();
}

static void a_vector_goes_to_a_cpu_that_there_is(void **state)
{
	struct machine machine = { .devices = { { .type = "blk" } } };
	unsigned int cpus = platform_num_cpus();
	struct virtio_device *vdev;
	struct virtqueue *vq;

	(void)state;
	start(&machine, 1);
	vdev = virtio_find_device(0);
	vq = vdev->vqs[0];
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		assert_int_equal(vdev->config->set_vq_affinity(vq, cpu), 0);
		assert_int_equal(vdev->config->get_vq_affinity(vdev, 0), cpu);
		small_work(vdev);
	}
	assert_int_equal(vdev->config->set_vq_affinity(vq, cpus), -EINVAL);
	small_work(vdev);
}

/* ---- more than one of a kind ---- */

static void two_of_each_work_side_by_side(void **state)
{
	static const char *const types[] = { "rng", "blk", "net" };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct machine machine = { .devices = { { .type = types[i] },
							{ .type = types[i] } } };

		start(&machine, 2);
		all_work();
		all_work();
		stop();
	}
}

/* ---- device config ---- */

/* The cards count on in the last byte of QEMU's usual address, if at all. */
static void device_config_is_read(void **state)
{
	struct machine machine = {
		.devices = { { .type = "blk", .disk_bytes = 3 << 20 },
			     { .type = "blk", .disk_bytes = 5 << 20, .interface = MACHINE_LEGACY },
			     { .type = "net" },
			     { .type = "net", .interface = MACHINE_LEGACY } }
	};
	uint8_t mac[6];

	(void)state;
	start(&machine, 4);
	assert_int_equal(virtio_cread64(virtio_find_device(0), 0), (3 << 20) / 512);
	assert_int_equal(virtio_cread64(virtio_find_device(1), 0), (5 << 20) / 512);
	for (int n = 2; n < 4; n++) {
		virtio_cread_bytes(virtio_find_device(n), 0, mac, sizeof(mac));
		assert_memory_equal(mac, "\x52\x54\x00\x12\x34", 5);
		assert_in_range(mac[5], 0x56, 0x57);
	}
}

/* By a vector of its own, by the one line there is, and from a legacy device's ISR. */
static void a_change_of_config_is_announced(void **state)
{
	struct machine machine = { .devices = { { .type = "blk" },
						{ .type = "blk", .vectors = MACHINE_NO_VECTORS },
						{ .type = "blk",
						  .vectors = MACHINE_NO_VECTORS,
						  .interface = MACHINE_LEGACY } } };

	(void)state;
	start(&machine, 3);
	for (int n = 0; n < 3; n++) {
		struct virtio_device *vdev = virtio_find_device(n);
		uint64_t deadline = platform_now() + 2000000000;

		machine_resize_disk(n, 7 << 20);
		while (!small_of(vdev)->config_changes)
			assert_true(platform_wait(deadline));
		assert_int_equal(small_of(vdev)->config_changes, 1);
		assert_int_equal(virtio_cread64(vdev, 0), (7 << 20) / 512);
		small_work(vdev);
	}
}

/* ---- queues one at a time ---- */

static unsigned int recycled;

static void recycle(struct virtqueue *vq, void *buf)
{
	assert_ptr_equal(buf, small_of(vq->vdev));
	recycled++;
}

/* A receive queue is reset with a buffer in it; the buffer comes back, and the queue works on. */
static void a_queue_is_reset_alone(void **state)
{
	struct machine machine = { .devices = { { .type = "net" },
						{ .type = "net", .packed = MACHINE_ON } } };

	(void)state;
	start(&machine, 2);
	assert_feature(VIRTIO_F_RING_RESET, true);
	FOR_EACH_DEVICE(vdev)
	{
		small_work(vdev);
		recycled = 0;
		small_leave_a_buffer(vdev);
		assert_int_equal(virtqueue_reset(vdev->vqs[0], recycle, NULL), 0);
		assert_int_equal(recycled, 1);
		assert_true(driver_ok(vdev));
	}
	all_work();
}

static void a_queue_is_resized(void **state)
{
	struct machine machine = { .devices = { { .type = "blk" },
						{ .type = "blk", .packed = MACHINE_ON },
						{ .type = "net" } } };

	(void)state;
	start(&machine, 3);
	FOR_EACH_DEVICE(vdev)
	{
		struct virtqueue *vq = vdev->vqs[0];
		unsigned int most = virtqueue_get_vring_size(vq);

		assert_int_equal(virtqueue_resize(vq, 16, recycle, NULL), 0);
		assert_int_equal(virtqueue_get_vring_size(vq), 16);
		small_work(vdev);
		assert_int_equal(virtqueue_resize(vq, most, recycle, NULL), 0);
		small_work(vdev);
		assert_int_equal(virtqueue_resize(vq, 2 * most, recycle, NULL), -E2BIG);
	}
	all_work();
}

static void a_legacy_device_resets_no_single_queue(void **state)
{
	struct machine machine = { .devices = { { .type = "blk", .interface = MACHINE_LEGACY } } };
	struct virtio_device *vdev;

	(void)state;
	start(&machine, 1);
	vdev = virtio_find_device(0);
	assert_int_equal(virtqueue_reset(vdev->vqs[0], recycle, NULL), -ENOENT);
	small_work(vdev);
}

/* ---- coming and going ---- */

static void a_device_is_driven_again_after_remove(void **state)
{
	static const enum machine_interface interfaces[] = { MACHINE_MODERN, MACHINE_LEGACY };

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct machine machine =
			three((struct machine_device){ .interface = interfaces[i] });

		start(&machine, 3);
		for (int n = 0; n < 3; n++) {
			all_work();
			small_leave_a_buffer(virtio_find_device(2));
			virtio_pci_remove_all();
			assert_null(virtio_next_device(NULL));
			assert_int_equal(virtio_pci_probe_all(), 3);
		}
		stop();
	}
}

static void a_driver_comes_after_its_device(void **state)
{
	struct machine machine = three((struct machine_device){ 0 });

	(void)state;
	start(&machine, 3);
	small_unregister();
	FOR_EACH_DEVICE(vdev)
	{
		assert_null(vdev->driver);
		assert_int_equal(vdev->config->get_status(vdev), VIRTIO_CONFIG_S_ACKNOWLEDGE);
	}
	small_register();
	all_work();
}

static void reset_makes_a_device_quiet(void **state)
{
	struct machine machine = three((struct machine_device){ 0 });

	(void)state;
	start(&machine, 3);
	all_work();
	FOR_EACH_DEVICE(vdev)
	{
		assert_int_equal(virtio_reset_device(vdev), 0);
		assert_int_equal(vdev->config->get_status(vdev), 0);
	}
	/* A frame that comes now finds no buffer, and nobody to interrupt. */
	machine_net_send(2, "a frame of sixty bytes that nobody receives, as all are asleep", 60);
	assert_false(platform_wait(platform_now() + 20000000));
}

static void devices_sleep_and_wake_up(void **state)
{
	struct machine machine = three((struct machine_device){ 0 });

	(void)state;
	machine.devices[1].interface = MACHINE_LEGACY;
	machine.devices[2].packed = MACHINE_ON;
	start(&machine, 3);
	all_work();
	for (unsigned int n = 0; n < 3; n++)
		assert_int_equal(virtio_pci_freeze(function(n)), 0);
	FOR_EACH_DEVICE(vdev)
	{
		assert_false(driver_ok(vdev));
	}
	for (unsigned int n = 0; n < 3; n++)
		assert_int_equal(virtio_pci_restore(function(n)), 0);
	all_work();
}

/* ---- what only one of the grounds has ---- */

/* One form after the other; none of them may be seen to differ. */
static void scsi_works_in_every_form(void **state)
{
	static const struct machine forms[] = {
		{ .devices = { { 0 } } },
		{ .devices = { { .interface = MACHINE_TRANSITIONAL } } },
		{ .devices = { { .interface = MACHINE_LEGACY } } },
		{ .devices = { { .behind_root_port = true } } },
		{ .devices = { { .packed = MACHINE_ON } } },
		{ .devices = { { .event_idx = MACHINE_OFF } } },
		{ .devices = { { .indirect = MACHINE_OFF } } },
		{ .devices = { { .vectors = 2, .num_queues = 4 } } },
		{ .devices = { { .vectors = MACHINE_NO_VECTORS, .num_queues = 2 } } },
		{ .devices = { { 0 }, { .packed = MACHINE_ON } } },
		{ .type = "pc", .devices = { { .vectors = MACHINE_NO_VECTORS } } },
	};

	(void)state;
	if (!strcmp(machine_ground, "host"))
		machine_skip(__func__, "device/ has no SCSI host adapter");
	for (unsigned int i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct machine machine = forms[i];
		bool two = machine.devices[1].packed == MACHINE_ON;

		machine.devices[0].type = "scsi";
		if (two)
			machine.devices[1].type = "scsi";
		start(&machine, two ? 2 : 1);
		all_work();
		stop();
	}
}

static void the_device_counts_as_the_driver_does(void **state)
{
	static const enum machine_switch layouts[] = { MACHINE_OFF, MACHINE_ON };

	(void)state;
	if (!strcmp(machine_ground, "host"))
		machine_skip(__func__, "the device is of the driver's hand: no witness");
	for (unsigned int i = 0; i < 2; i++) {
		struct machine machine = three((struct machine_device){ .packed = layouts[i] });
		struct machine_witness seen, ours = { 0 };

		machine.witness = true;
		start(&machine, 3);
		for (int n = 0; n < 50; n++)
			all_work();
		FOR_EACH_DEVICE(vdev)
		{
			ours.doorbells += small_of(vdev)->doorbells;
			ours.popped += small_of(vdev)->added;
			ours.filled += small_of(vdev)->reaped;
			ours.interrupts += small_of(vdev)->interrupts;
		}
		assert_int_equal(ours.popped, 50 * 2 * 4);
		assert_true(machine_witness(&seen));
		assert_int_equal(seen.doorbells, ours.doorbells);
		assert_int_equal(seen.popped, ours.popped);
		assert_int_equal(seen.filled, ours.filled);
		assert_int_equal(seen.interrupts, ours.interrupts);
		stop();
	}
}

#define GROUND_TEST(name) cmocka_unit_test_teardown(name, put_away)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		GROUND_TEST(functions_are_found_with_ids_and_places),
		GROUND_TEST(a_machine_without_virtio_has_nothing_to_probe),
		GROUND_TEST(modern_devices_work),
		GROUND_TEST(transitional_devices_are_driven_as_modern_ones),
		GROUND_TEST(legacy_devices_work),
		GROUND_TEST(modern_devices_work_behind_root_ports),
		GROUND_TEST(devices_of_every_interface_work_on_pc),
		GROUND_TEST(packed_rings_work),
		GROUND_TEST(devices_without_event_idx_work),
		GROUND_TEST(devices_without_indirect_descriptors_work),
		GROUND_TEST(packed_rings_with_neither_work),
		GROUND_TEST(each_queue_has_a_vector_of_its_own),
		GROUND_TEST(with_two_vectors_the_queues_share_one),
		GROUND_TEST(without_vectors_devices_pull_their_line),
		GROUND_TEST(legacy_devices_pull_their_line),
		GROUND_TEST(a_line_crosses_the_root_port),
		GROUND_TEST(devices_on_one_line_do_not_disturb_each_other),
		GROUND_TEST(a_vector_goes_to_a_cpu_that_there_is),
		GROUND_TEST(two_of_each_work_side_by_side),
		GROUND_TEST(device_config_is_read),
		GROUND_TEST(a_change_of_config_is_announced),
		GROUND_TEST(a_queue_is_reset_alone),
		GROUND_TEST(a_queue_is_resized),
		GROUND_TEST(a_legacy_device_resets_no_single_queue),
		GROUND_TEST(a_device_is_driven_again_after_remove),
		GROUND_TEST(a_driver_comes_after_its_device),
		GROUND_TEST(reset_makes_a_device_quiet),
		GROUND_TEST(devices_sleep_and_wake_up),
		GROUND_TEST(scsi_works_in_every_form),
		GROUND_TEST(the_device_counts_as_the_driver_does),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
