/* SPDX-License-Identifier: MIT */
/*
 * Reset and resize of a single queue through the transport (2.6.1, 4.1.4.3).
 */
#include "pci_test.h"

static struct echo echo;
static unsigned int recycled, recycle_dones;

static void recycle(struct virtqueue *vq, void *buf)
{
	(void)vq;
	assert_ptr_equal(buf, echo_driver.page);
	recycled++;
}

static void recycle_done(struct virtqueue *vq)
{
	(void)vq;
	recycle_dones++;
}

static struct virtio_pci_device *start_with(unsigned int vectors, uint64_t features)
{
	struct VirtIOPCIConf conf;

	recycled = recycle_dones = 0;
	echo_init(&echo, 3, 8);
	echo.vdev.host_features[0] |= BIT(VIRTIO_F_RING_RESET) | features;
	conf = echo_conf(&echo);
	conf.vectors = vectors;
	echo_driver.nvqs = 3;
	return echo_start(&echo, &conf);
}

/* Leaves two buffers unused on queue 1. */
static void leave_two(void)
{
	echo.vdev.deferred = true;
	echo_send(1);
	echo_send(1);
	echo.vdev.deferred = false;
	echo.vdev.queues[1].kicked = false;
}

static void resets(unsigned int vectors, uint64_t features)
{
	start_with(vectors, features);
	for (unsigned int i = 0; i < 12; i++)
		echo_work(i % 3);
	leave_two();
	assert_int_equal(virtqueue_reset(echo_driver.vqs[1], recycle, recycle_done), 0);
	assert_int_equal(recycled, 2);
	assert_int_equal(recycle_dones, 1);
	for (unsigned int i = 0; i < 12; i++)
		echo_work(i % 3);
	assert_no_offence(&echo);
}

static void vqreset_03_04_a_queue_is_made_anew_while_others_go_on(void **state)
{
	(void)state;
	resets(4, 0);
}

static void the_same_with_a_shared_vector(void **state)
{
	(void)state;
	resets(2, 0);
}

static void the_same_with_the_pin(void **state)
{
	(void)state;
	resets(0, 0);
}

static void the_same_with_a_packed_ring(void **state)
{
	(void)state;
	resets(4, BIT(VIRTIO_F_RING_PACKED));
}

static void pci_common_24_25_a_queue_gets_another_size(void **state)
{
	(void)state;
	start_with(4, 0);
	leave_two();
	assert_int_equal(virtqueue_resize(echo_driver.vqs[1], 4, recycle, recycle_done), 0);
	assert_int_equal(recycled, 2);
	assert_int_equal(virtqueue_get_vring_size(echo_driver.vqs[1]), 4);
	assert_int_equal(echo.vdev.queues[1].num, 4);
	for (unsigned int i = 0; i < 20; i++)
		echo_work(1);
	assert_int_equal(virtqueue_resize(echo_driver.vqs[1], 8, recycle, NULL), 0);
	assert_int_equal(echo.vdev.queues[1].num, 8);
	echo_work(1);
	/* The vector came back with it. */
	assert_int_equal(echo.vdev.queues[1].vector, 2);
	assert_no_offence(&echo);
}

static void pci_common_18_19_sizes_that_no_queue_has_change_nothing(void **state)
{
	struct virtqueue *vq;

	(void)state;
	start_with(4, 0);
	vq = echo_driver.vqs[1];
	leave_two();
	assert_int_equal(virtqueue_resize(vq, 16, recycle, NULL), -E2BIG);
	assert_int_equal(virtqueue_resize(vq, 0, recycle, NULL), -EINVAL);
	assert_int_equal(virtqueue_resize(vq, 3, recycle, NULL), -EINVAL);
	assert_int_equal(recycled, 0);
	echo_work(0);
	assert_no_offence(&echo);
}

static void without_the_feature_there_is_no_queue_reset(void **state)
{
	(void)state;
	echo_init(&echo, 1, 8);
	echo_start(&echo, NULL);
	assert_int_equal(virtqueue_reset(echo_driver.vqs[0], recycle, NULL), -ENOENT);
	echo_work(0);
	assert_no_offence(&echo);
}

static void pci_common_23_a_slow_queue_reset_is_waited_for(void **state)
{
	uint64_t before;

	(void)state;
	start_with(4, 0);
	echo.proxy.faults.queue_reset_reads = 400;
	before = platform_now();
	assert_int_equal(virtqueue_reset(echo_driver.vqs[1], recycle, NULL), 0);
	assert_true(platform_now() - before > 100 * 1000 * 1000ull);
	echo.proxy.faults.queue_reset_reads = 0;
	echo_work(1);
	assert_no_offence(&echo);
}

static void a_queue_that_never_leaves_reset_is_given_up(void **state)
{
	struct scatterlist sg;

	(void)state;
	start_with(4, 0);
	leave_two();
	echo.proxy.faults.queue_reset_reads = VIRTIO_PCI_FOREVER;
	assert_int_equal(virtqueue_reset(echo_driver.vqs[1], recycle, NULL), -ETIMEDOUT);
	assert_int_equal(recycled, 0);
	assert_logged("echo.1: the queue is not reset");
	/* Whose it is nobody knows: it takes nothing, and rings no bell. */
	assert_true(virtqueue_is_broken(echo_driver.vqs[1]));
	sg_init_one(&sg, echo_driver.page_dma, ECHO_BYTES);
	assert_int_equal(virtqueue_add_inbuf(echo_driver.vqs[1], &sg, 1, echo_driver.page), -EIO);
	assert_false(virtqueue_kick(echo_driver.vqs[1]));
	assert_no_offence(&echo);
	echo_work(0);
	/* The device's own reset ends all that. */
	echo.proxy.faults.queue_reset_reads = 0;
	virtio_pci_remove(pci_at(ECHO_BDF));
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
	echo_work(1);
}

/* It is on its way while the queue is reset, and arrives when the ring may be gone. */
static void an_interrupt_from_before_the_reset_does_not_touch_the_ring(void **state)
{
	static const unsigned int vectors[] = { 4, 2, 0 };

	for (unsigned int i = 0; i < 3; i++) {
		const struct virtio_config_ops *config;

		start_with(vectors[i], 0);
		config = echo_driver.vdev->config;
		echo_send(1);
		assert_true(platform_host_interrupt_pending());
		assert_int_equal(config->disable_vq_and_reset(echo_driver.vqs[1]), 0);
		assert_true(platform_wait(platform_now() + 1000));
		assert_int_equal(echo_driver.callbacks[1], 0);
		/* Twice is once too often. */
		assert_int_equal(config->disable_vq_and_reset(echo_driver.vqs[1]), -EBUSY);
		assert_int_equal(echo_teardown(state), 0);
		assert_int_equal(echo_setup(state), 0);
	}
}

static void a_queue_that_was_not_reset_is_not_enabled_again(void **state)
{
	(void)state;
	start_with(4, 0);
	assert_int_equal(echo_driver.vdev->config->enable_vq_after_reset(echo_driver.vqs[1]),
			 -EBUSY);
	echo_work(1);
	assert_no_offence(&echo);
}

/* The vector is refused when the queue comes back: the queue breaks, the others do not. */
static void a_vector_refused_afterwards_breaks_the_queue(void **state)
{
	(void)state;
	start_with(4, 0);
	echo.proxy.faults.refuse_vectors = 1;
	assert_int_equal(virtqueue_reset(echo_driver.vqs[1], recycle, NULL), -EBUSY);
	assert_true(virtqueue_is_broken(echo_driver.vqs[1]));
	echo_work(0);
	echo_work(2);
	assert_int_equal(echo_driver.vdev->config->enable_vq_after_reset(echo_driver.vqs[1]), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		echo_test(vqreset_03_04_a_queue_is_made_anew_while_others_go_on),
		echo_test(the_same_with_a_shared_vector),
		echo_test(the_same_with_the_pin),
		echo_test(the_same_with_a_packed_ring),
		echo_test(pci_common_24_25_a_queue_gets_another_size),
		echo_test(pci_common_18_19_sizes_that_no_queue_has_change_nothing),
		echo_test(without_the_feature_there_is_no_queue_reset),
		echo_test(pci_common_23_a_slow_queue_reset_is_waited_for),
		echo_test(a_queue_that_never_leaves_reset_is_given_up),
		echo_test(an_interrupt_from_before_the_reset_does_not_touch_the_ring),
		echo_test(a_queue_that_was_not_reset_is_not_enabled_again),
		echo_test(a_vector_refused_afterwards_breaks_the_queue),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
