// SPDX-License-Identifier: MIT
/*
 * Driver and device on two threads, each asleep until the other notifies it: what the barriers are
 * for. Without the one in virtqueue_kick_prepare() both halves sooner or later wait for each other
 * (G5); without the others a reader meets what is not there yet (G18, on machines weaker than x86).
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "device/virtqueue.h"
#include "tests/support/ring.h"

#define NUM 8
#define BUFFERS 100000
#define PATIENCE_S 10
#define BASE 0x10000000ull

struct pair {
	struct ring *r;
	struct VirtQueue device;
	struct guest_region regions[4];
	struct guest_memory memory;
	uint64_t payload[NUM];
	bool doorbell, irq, over;
};

static void set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_SEQ_CST);
}

/* Waits for @flag and lowers it; false after PATIENCE_S without it, or when all is over. */
static bool wait_for(struct pair *p, bool *flag)
{
	time_t start = time(NULL);

	while (!__atomic_exchange_n(flag, false, __ATOMIC_SEQ_CST)) {
		if (__atomic_load_n(&p->over, __ATOMIC_SEQ_CST))
			return false;
		if (time(NULL) - start > PATIENCE_S)
			return false;
		sched_yield();
	}
	return true;
}

void vring_violation(const struct virtqueue *vq, const char *field, uint32_t value,
		     const char *rule)
{
	(void)vq;
	fail_msg("driver: %s is %u, not %s", field, value, rule);
}

void virtio_error(const struct VirtQueue *vq, const char *field, uint64_t value, const char *why)
{
	(void)vq;
	fprintf(stderr, "device: %s is %llu: %s\n", field, (unsigned long long)value, why);
	abort();
}

void virtio_irq(struct VirtQueue *vq)
{
	set(&((struct pair *)vq->owner)->irq);
}

/* Adds one to every number it is given. */
static void *device_thread(void *arg)
{
	struct pair *p = arg;
	struct guest_piece pieces[2];
	struct VirtQueueElement elem = { .pieces = pieces, .capacity = 2 };

	while (wait_for(p, &p->doorbell)) {
		while (virtqueue_pop(&p->device, &elem)) {
			++*(uint64_t *)elem.in_sg[0].base;
			virtqueue_push(&p->device, &elem, sizeof(uint64_t));
			virtio_notify(&p->device);
		}
	}
	return NULL;
}

/*
 * Keeps up to NUM buffers going; gives up if an interrupt does not come. Switches interrupts off
 * while it works, or relies on get_buf to ask for the next one.
 */
static void drive(struct pair *p, bool switches)
{
	struct virtqueue *vq = p->r->vq;
	unsigned int sent = 0, back = 0, len;
	bool idle[NUM];
	uint64_t *slot;

	memset(idle, true, sizeof(idle));
	while (back < BUFFERS) {
		for (int i = 0; i < NUM && sent < BUFFERS; i++) {
			struct scatterlist sg;

			if (!idle[i])
				continue;
			p->payload[i] = sent++;
			sg_init_one(&sg, BASE + i * sizeof(uint64_t), sizeof(uint64_t));
			assert_int_equal(virtqueue_add_inbuf_ctx(vq, &sg, 1, &p->payload[i],
								 token(p->payload[i] + 1)),
					 0);
			idle[i] = false;
			if (virtqueue_kick_prepare(vq))
				set(&p->doorbell);
		}
		if (switches)
			virtqueue_disable_cb(vq);
		do {
			void *ctx;

			while ((slot = virtqueue_get_buf_ctx(vq, &len, &ctx)) != NULL) {
				assert_int_equal(len, sizeof(*slot));
				assert_int_equal(*slot, (uintptr_t)ctx);
				idle[slot - p->payload] = true;
				back++;
			}
		} while (switches && !virtqueue_enable_cb(vq));
		if (back == sent)
			continue;
		if (!wait_for(p, &p->irq))
			fail_msg("%u of %u buffers came back, then a notification was lost", back,
				 sent);
	}
}

static void run(void **state, uint64_t features, bool switches)
{
	static struct pair p;
	pthread_t thread;
	struct vring_config *config;

	p = (struct pair){ .r = ring_new(state, NUM, features) };
	config = &p.r->config;
	p.regions[0] = (struct guest_region){ BASE, sizeof(p.payload), p.payload };
	p.regions[1] = (struct guest_region){ 2 * BASE, vring_desc_bytes(NUM), config->desc };
	p.regions[2] = (struct guest_region){ 3 * BASE, vring_driver_bytes(features, NUM),
					      config->driver };
	p.regions[3] = (struct guest_region){ 4 * BASE, vring_device_bytes(features, NUM),
					      config->device };
	p.memory = (struct guest_memory){ p.regions, 4 };
	assert_true(virtio_queue_init(&p.device,
				      &(struct VirtQueueConfig){ .memory = &p.memory,
								 .features = config->features,
								 .desc = 2 * BASE,
								 .driver = 3 * BASE,
								 .device = 4 * BASE,
								 .num = NUM,
								 .owner = &p }));
	virtio_queue_set_last_avail_idx(&p.device, p.r->used);
	virtio_queue_set_notification(&p.device, true);

	assert_int_equal(pthread_create(&thread, NULL, device_thread, &p), 0);
	drive(&p, switches);
	set(&p.over);
	pthread_join(thread, NULL);
	ring_free(state);
}

static void G5_split_loses_no_notification(void **state)
{
	run(state, EVENT_IDX, true);
	run(state, 0, true);
}

static void G5_packed_loses_no_notification(void **state)
{
	run(state, PACKED | EVENT_IDX, true);
	run(state, PACKED | IN_ORDER, true);
}

static void G8_get_buf_that_finds_nothing_has_asked_for_an_interrupt(void **state)
{
	run(state, EVENT_IDX, false);
	run(state, PACKED | EVENT_IDX, false);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(G5_split_loses_no_notification),
		ring_test(G5_packed_loses_no_notification),
		ring_test(G8_get_buf_that_finds_nothing_has_asked_for_an_interrupt),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
