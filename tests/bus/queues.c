/* SPDX-License-Identifier: MIT */
/*
 * Queues as a transport makes them, and their reset and resizing with buffers in flight.
 */
#include <stdlib.h>

#include "device/virtqueue.h"
#include "fake_device.h"
#include "platform/host/host.h"
#include "tests/support/select.h"

#define QUEUES 2
#define NUM 8

static struct fake_device disk;
static struct vring_memory memory[QUEUES];
static struct virtqueue *vqs[QUEUES];
static int disable_error, enable_error;
static unsigned int kicks;

void virtio_error(const struct VirtQueue *vq, const char *field, uint64_t value, const char *why)
{
	fail_msg("queue %u: %s is %llu: %s", vq->index, field, (unsigned long long)value, why);
}

static bool notify(struct virtqueue *vq)
{
	(void)vq;
	kicks++;
	return true;
}

static int disable_vq_and_reset(struct virtqueue *vq)
{
	fake_log(to_fake(vq->vdev), "disable");
	return disable_error;
}

static int enable_vq_after_reset(struct virtqueue *vq)
{
	fake_log(to_fake(vq->vdev), "enable");
	return enable_error;
}

static struct virtio_config_ops ops;

static void make(uint64_t features, size_t align, unsigned int indirect_max)
{
	static const char *const names[] = { "first", "second" };

	fake_init(&disk, VIRTIO_ID_BLOCK, 0, 0);
	ops = fake_ops;
	ops.disable_vq_and_reset = disable_vq_and_reset;
	ops.enable_vq_after_reset = enable_vq_after_reset;
	disk.vdev.config = &ops;
	disk.vdev.features = virtio_features_from(features);
	for (unsigned int i = 0; i < QUEUES; i++) {
		struct virtqueue_info info = { .name = names[i], .indirect_max = indirect_max };

		assert_int_equal(vring_create_virtqueue(&memory[i], &disk.vdev, i, NUM, align,
							&info, notify),
				 0);
		vqs[i] = memory[i].vq;
	}
	disk.vdev.vqs = vqs;
	disk.vdev.nvqs = QUEUES;
	disable_error = enable_error = 0;
}

static int setup(void **state)
{
	(void)state;
	make(VERSION_1, 0, 0);
	return 0;
}

static int setup_packed(void **state)
{
	(void)state;
	make(VERSION_1 | 1ull << VIRTIO_F_RING_PACKED, 0, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < QUEUES; i++)
		vring_del_virtqueue(&memory[i]);
	return 0;
}

/* The device's half, told what a transport would tell it. */
static void start_device(struct VirtQueue *device, const struct vring_memory *m)
{
	struct VirtQueueConfig config = { .memory = platform_host_memory(),
					  .features = disk.vdev.features.word[0],
					  .desc = m->desc_addr,
					  .driver = m->driver_addr,
					  .device = m->device_addr,
					  .num = m->num };

	assert_true(virtio_queue_init(device, &config));
}

static int tokens[4 * NUM];
static unsigned int recycled;
static bool done;

static void recycle(struct virtqueue *vq, void *buf)
{
	assert_ptr_equal(vq, vqs[0]);
	assert_false(done);
	*(int *)buf += 1;
	recycled++;
}

static void recycle_done(struct virtqueue *vq)
{
	(void)vq;
	done = true;
}

/* Exposes @count buffers of one byte; each token counts how often it came back. */
static void expose(unsigned int count)
{
	struct scatterlist sg;

	memset(tokens, 0, sizeof(tokens));
	recycled = 0;
	done = false;
	for (unsigned int i = 0; i < count; i++) {
		sg_init_one(&sg, memory[1].desc_addr, 1);
		assert_int_equal(virtqueue_add_outbuf(vqs[0], &sg, 1, &tokens[i]), 0);
	}
}

/* One buffer there and back, through the device's half. */
static void assert_works(void)
{
	struct guest_piece piece;
	struct VirtQueueElement elem = { .pieces = &piece, .capacity = 1 };
	struct VirtQueue device;
	unsigned int len;

	start_device(&device, &memory[0]);
	expose(1);
	assert_true(virtqueue_kick(vqs[0]));
	assert_true(virtqueue_pop(&device, &elem));
	virtqueue_push(&device, &elem, 0);
	assert_ptr_equal(virtqueue_get_buf(vqs[0], &len), &tokens[0]);
	assert_int_equal(vqs[0]->num_free, virtqueue_get_vring_size(vqs[0]));
}

static void a_queue_works_where_its_memory_says_it_is(void **state)
{
	(void)state;
	assert_int_equal(memory[0].desc_addr % 16, 0);
	assert_works();
}

static void split_legacylayout_01b_a_legacy_queue_is_one_block_from_its_page_on(void **state)
{
	(void)state;
	make(0, 4096, 0);
	assert_int_equal(memory[0].desc_addr % 4096, 0);
	assert_int_equal(memory[0].driver_addr - memory[0].desc_addr, 16 * NUM);
	assert_int_equal(memory[0].device_addr - memory[0].desc_addr, 4096);
	assert_int_equal(memory[0].ring_bytes, vring_size(NUM, 4096));
	assert_works();
}

static void tables_are_made_where_the_device_takes_them(void **state)
{
	(void)state;
	make(VERSION_1, 0, 4);
	assert_null(memory[0].indirect);
	teardown(NULL);
	make(VERSION_1 | 1 << VIRTIO_RING_F_INDIRECT_DESC, 0, 4);
	assert_non_null(memory[0].indirect);
	teardown(NULL);
	/* A table of one saves nothing. */
	make(VERSION_1 | 1 << VIRTIO_RING_F_INDIRECT_DESC, 0, 1);
	assert_null(memory[0].indirect);
}

static void sizes_that_no_queue_has_are_refused(void **state)
{
	const struct virtqueue_info info = { .name = "bad" };
	struct vring_memory bad;

	(void)state;
	assert_int_equal(vring_create_virtqueue(&bad, &disk.vdev, 0, 0, 0, &info, notify), -EINVAL);
	assert_int_equal(vring_create_virtqueue(&bad, &disk.vdev, 0, 65535, 0, &info, notify),
			 -EINVAL);
	assert_int_equal(vring_create_virtqueue(&bad, &disk.vdev, 0, 7, 0, &info, notify), -EINVAL);
}

static void without_memory_there_is_no_queue_and_no_leak(void **state)
{
	const struct virtqueue_info info = { .name = "large" };
	struct vring_memory large[64];
	unsigned int made = 0;

	(void)state;
	while (made < 64 &&
	       !vring_create_virtqueue(&large[made], &disk.vdev, 0, 32768, 0, &info, notify))
		made++;
	assert_in_range(made, 1, 63);
	for (unsigned int i = 0; i < made; i++)
		vring_del_virtqueue(&large[i]);
	/* All of it is back: the same number fits again. */
	for (unsigned int i = 0; i < made; i++)
		assert_int_equal(vring_create_virtqueue(&large[i], &disk.vdev, 0, 32768, 0, &info,
							notify),
				 0);
	for (unsigned int i = 0; i < made; i++)
		vring_del_virtqueue(&large[i]);
}

static void vqreset_04_a_reset_gives_every_buffer_back_once(void **state)
{
	(void)state;
	expose(5);
	assert_int_equal(virtqueue_reset(vqs[0], recycle, recycle_done), 0);
	assert_int_equal(recycled, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(tokens[i], 1);
	assert_true(done);
	assert_string_equal(disk.log, "disable enable");
	assert_works();
}

static void a_reset_makes_a_broken_queue_whole(void **state)
{
	(void)state;
	expose(1);
	virtqueue_break(vqs[0]);
	assert_int_equal(virtqueue_reset(vqs[0], recycle, NULL), 0);
	assert_false(virtqueue_is_broken(vqs[0]));
	assert_works();
}

static void vqenable_02_resized_a_queue_has_its_new_size_and_its_old_address(void **state)
{
	struct virtqueue *vq = vqs[0];

	(void)state;
	expose(3);
	assert_int_equal(virtqueue_resize(vq, 4, recycle, recycle_done), 0);
	assert_int_equal(recycled, 3);
	assert_ptr_equal(memory[0].vq, vq);
	assert_int_equal(virtqueue_get_vring_size(vq), 4);
	assert_int_equal(vq->num_free, 4);
	assert_works();
	assert_int_equal(virtqueue_resize(vq, NUM, recycle, NULL), 0);
	assert_int_equal(vq->num_free, NUM);
	assert_works();
}

/* ---- without memory for another size ---- */

static const uint64_t with_tables = VERSION_1 | 1 << VIRTIO_RING_F_INDIRECT_DESC;

/* One buffer of two elements, by way of a table. */
static void assert_tables_work(void)
{
	struct scatterlist sg[2];
	unsigned int free = vqs[0]->num_free;

	sg_init_table(sg, 2);
	sg_set(&sg[0], memory[1].desc_addr, 1);
	sg_set(&sg[1], memory[1].desc_addr + 1, 1);
	assert_int_equal(virtqueue_add_outbuf(vqs[0], sg, 2, &tokens[0]), 0);
	assert_int_equal(vqs[0]->num_free, free - 1);
	assert_ptr_equal(virtqueue_detach_unused_buf(vqs[0]), &tokens[0]);
}

/* 1: for the ring, 2: for its tables, which a queue can do without. */
static void a_resize_without_memory_leaves_the_queue_its_old_size_and_tables(void **state)
{
	struct platform_host_usage before, after;
	void *tables;

	(void)state;
	make(with_tables, 0, 4);
	tables = memory[0].indirect;
	before = platform_host_usage();
	expose(3);
	platform_host_fail_allocation(1);
	assert_int_equal(virtqueue_resize(vqs[0], 4, recycle, recycle_done), -ENOMEM);
	assert_int_equal(recycled, 3);
	assert_int_equal(virtqueue_get_vring_size(vqs[0]), NUM);
	assert_int_equal(vqs[0]->num_free, NUM);
	assert_false(virtqueue_is_broken(vqs[0]));
	assert_string_equal(disk.log, "disable enable");
	assert_ptr_equal(memory[0].indirect, tables);
	after = platform_host_usage();
	assert_memory_equal(&before, &after, sizeof(before));
	assert_tables_work();
	assert_int_equal(virtqueue_resize(vqs[0], 4, recycle, NULL), 0);
	assert_tables_work();
}

static void a_resize_without_memory_for_tables_goes_without_them(void **state)
{
	(void)state;
	make(with_tables, 0, 4);
	platform_host_fail_allocation(2);
	assert_int_equal(virtqueue_resize(vqs[0], 4, recycle, NULL), 0);
	assert_null(memory[0].indirect);
	assert_works();
	/* The next time there is memory again. */
	assert_int_equal(virtqueue_resize(vqs[0], NUM, recycle, NULL), 0);
	assert_tables_work();
}

static void a_packed_queue_takes_any_size(void **state)
{
	(void)state;
	expose(2);
	assert_int_equal(virtqueue_resize(vqs[0], 5, recycle, NULL), 0);
	assert_int_equal(recycled, 2);
	assert_int_equal(virtqueue_get_vring_size(vqs[0]), 5);
	assert_works();
}

static void sizes_it_cannot_have_change_nothing(void **state)
{
	(void)state;
	expose(2);
	assert_int_equal(virtqueue_resize(vqs[0], 2 * NUM, recycle, NULL), -E2BIG);
	assert_int_equal(virtqueue_resize(vqs[0], 0, recycle, NULL), -EINVAL);
	assert_int_equal(virtqueue_resize(vqs[0], 3, recycle, NULL), -EINVAL);
	assert_int_equal(virtqueue_resize(vqs[0], NUM, recycle, NULL), 0);
	assert_int_equal(recycled, 0);
	assert_string_equal(disk.log, "");
	assert_int_equal(vqs[0]->num_free, NUM - 2);
}

static void a_device_that_does_not_reset_keeps_its_buffers(void **state)
{
	(void)state;
	expose(2);
	disable_error = -ETIMEDOUT;
	assert_int_equal(virtqueue_reset(vqs[0], recycle, recycle_done), -ETIMEDOUT);
	assert_int_equal(virtqueue_resize(vqs[0], 4, recycle, recycle_done), -ETIMEDOUT);
	assert_int_equal(recycled, 0);
	assert_false(done);
	assert_int_equal(vqs[0]->num_free, NUM - 2);
}

static void a_queue_that_cannot_be_enabled_again_is_broken(void **state)
{
	(void)state;
	expose(2);
	enable_error = -EBUSY;
	assert_int_equal(virtqueue_reset(vqs[0], recycle, NULL), -EBUSY);
	assert_int_equal(recycled, 2);
	assert_true(virtqueue_is_broken(vqs[0]));
}

static void without_the_transport_s_help_there_is_no_reset(void **state)
{
	(void)state;
	ops.disable_vq_and_reset = NULL;
	assert_int_equal(virtqueue_reset(vqs[0], recycle, NULL), -ENOENT);
	assert_int_equal(virtqueue_resize(vqs[0], 4, recycle, NULL), -ENOENT);
}

static void a_broken_device_has_only_broken_queues(void **state)
{
	struct scatterlist sg;

	(void)state;
	disk.vdev.vqs = (struct virtqueue *[]){ vqs[0], NULL, vqs[1] };
	disk.vdev.nvqs = 3;
	virtio_break_device(&disk.vdev);
	sg_init_one(&sg, memory[1].desc_addr, 1);
	assert_int_equal(virtqueue_add_outbuf(vqs[0], &sg, 1, tokens), -EIO);
	assert_int_equal(virtqueue_add_outbuf(vqs[1], &sg, 1, tokens), -EIO);
}

/* ---- a driver that is taken away while the device has its buffers ---- */

static unsigned int freed;

static int probe(struct virtio_device *vdev)
{
	(void)vdev;
	return 0;
}

static void remove_with_buffers_in_flight(struct virtio_device *vdev)
{
	void *buf;

	virtio_reset_device(vdev);
	assert_int_equal(vdev->config->get_status(vdev), 0);
	while ((buf = virtqueue_detach_unused_buf(vqs[0])))
		freed++;
}

static void cleanup_02_remove_takes_back_what_was_exposed_after_the_reset(void **state)
{
	static const struct virtio_device_id ids[] = { { VIRTIO_ID_BLOCK, VIRTIO_DEV_ANY_ID },
						       { 0 } };
	struct virtio_driver driver = { .name = "inflight",
					.id_table = ids,
					.probe = probe,
					.remove = remove_with_buffers_in_flight };

	(void)state;
	assert_int_equal(register_virtio_driver(&driver), 0);
	assert_int_equal(register_virtio_device(&disk.vdev), 0);
	assert_ptr_equal(disk.vdev.driver, &driver);
	expose(3);
	freed = 0;
	unregister_virtio_device(&disk.vdev);
	assert_int_equal(freed, 3);
	unregister_virtio_driver(&driver);
}

int main(int argc, char **argv)
{
#define queue_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define packed_test(name) cmocka_unit_test_setup_teardown(name, setup_packed, teardown)
#define own_setup_test(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		queue_test(a_queue_works_where_its_memory_says_it_is),
		own_setup_test(split_legacylayout_01b_a_legacy_queue_is_one_block_from_its_page_on),
		own_setup_test(tables_are_made_where_the_device_takes_them),
		queue_test(sizes_that_no_queue_has_are_refused),
		queue_test(without_memory_there_is_no_queue_and_no_leak),
		queue_test(vqreset_04_a_reset_gives_every_buffer_back_once),
		queue_test(a_reset_makes_a_broken_queue_whole),
		queue_test(vqenable_02_resized_a_queue_has_its_new_size_and_its_old_address),
		own_setup_test(a_resize_without_memory_leaves_the_queue_its_old_size_and_tables),
		own_setup_test(a_resize_without_memory_for_tables_goes_without_them),
		packed_test(a_packed_queue_takes_any_size),
		queue_test(sizes_it_cannot_have_change_nothing),
		queue_test(a_device_that_does_not_reset_keeps_its_buffers),
		queue_test(a_queue_that_cannot_be_enabled_again_is_broken),
		queue_test(without_the_transport_s_help_there_is_no_reset),
		queue_test(a_broken_device_has_only_broken_queues),
		queue_test(cleanup_02_remove_takes_back_what_was_exposed_after_the_reset),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
