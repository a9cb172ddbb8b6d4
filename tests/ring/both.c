// SPDX-License-Identifier: MIT
/*
 * Both halves on one ring, at random, against a model that is a list of buffers in flight. Every
 * layout with every set of features, small sizes and large ones.
 *
 * The device wakes only when it is kicked and the driver only when it is interrupted, so a lost
 * notification ends in a standstill, which is noticed. SEED=n repeats a run, STEPS=n makes it
 * longer.
 */
#include "device/virtqueue.h"
#include "tests/support/ring.h"

#define MAX_ELEMS 6 /* per buffer, 16 bytes each */
#define BUF_BYTES (MAX_ELEMS * 16)
#define BUF_ADDR 0x10000000
#define DESC_ADDR 0x20000000
#define DRIVER_ADDR 0x30000000
#define DEVICE_ADDR 0x40000000

/* A buffer as the model knows it; its token is its number + 1. */
struct buffer {
	enum { FREE, OFFERED, POPPED, DONE } where;
	unsigned int out, in; /* elements */
	unsigned int len;     /* bytes the device wrote */
	struct VirtQueueElement elem;
	struct guest_piece pieces[MAX_ELEMS];
};

struct both {
	struct ring *r;
	struct VirtQueue device;
	struct guest_region regions[5];
	struct guest_memory memory;
	unsigned char *bytes;
	struct buffer *buffers;
	unsigned int num_buffers;
	unsigned int *popped; /* numbers, in the order of pop */
	unsigned int num_popped;
	bool kicked;
	bool interrupted;
	uint32_t random;
};

static uint32_t roll(struct both *b, uint32_t sides)
{
	b->random = b->random * 1664525 + 1013904223;
	return (b->random >> 8) % sides;
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
	fail_msg("device: %s is %llu: %s", field, (unsigned long long)value, why);
}

void virtio_irq(struct VirtQueue *vq)
{
	struct both *b = vq->owner;

	vring_interrupt(0, b->r->vq);
	b->interrupted = true;
}

/* ---- the driver ---- */

static void add(struct both *b)
{
	struct scatterlist out[MAX_ELEMS], in[MAX_ELEMS];
	struct scatterlist *sgs[2] = { out, in };
	unsigned int n = 0;
	struct buffer *buf;
	uint64_t addr;
	int error;

	while (n < b->num_buffers && b->buffers[n].where != FREE)
		n++;
	if (n == b->num_buffers)
		return;
	buf = &b->buffers[n];
	do {
		buf->out = roll(b, 4);
		buf->in = roll(b, 4);
	} while (buf->out + buf->in == 0 || buf->out + buf->in > b->r->config.num);

	sg_init_table(out, buf->out);
	sg_init_table(in, buf->in);
	addr = BUF_ADDR + n * BUF_BYTES;
	for (unsigned int i = 0; i < buf->out; i++, addr += 16)
		sg_set(&out[i], addr, 16);
	for (unsigned int i = 0; i < buf->in; i++, addr += 16)
		sg_set(&in[i], addr, 16);
	memset(b->bytes + n * BUF_BYTES, n, BUF_BYTES);
	error = virtqueue_add_sgs(b->r->vq, buf->out ? sgs : sgs + 1, !!buf->out, !!buf->in,
				  token(n + 1));
	if (error == 0)
		buf->where = OFFERED;
	else
		assert_int_equal(error, -ENOSPC);
}

static bool take(struct both *b)
{
	unsigned int len, n;
	struct buffer *buf;
	uintptr_t data = ring_get(b->r, &len);

	if (!data)
		return false;
	n = data - 1;
	assert_in_range(n, 0, b->num_buffers - 1);
	buf = &b->buffers[n];
	assert_int_equal(buf->where, DONE);
	assert_int_equal(len, buf->len);
	for (unsigned int i = 0; i < len; i++)
		assert_int_equal(b->bytes[n * BUF_BYTES + buf->out * 16 + i], 0x80 | (n & 0x7f));
	buf->where = FREE;
	return true;
}

static void driver_wakes(struct both *b)
{
	b->interrupted = false;
	if (roll(b, 2)) {
		while (take(b))
			;
		return;
	}
	do {
		virtqueue_disable_cb(b->r->vq);
		while (take(b))
			;
	} while (!(roll(b, 4) ? virtqueue_enable_cb(b->r->vq) :
				virtqueue_enable_cb_delayed(b->r->vq)));
}

/* ---- the device ---- */

static void device_wakes(struct both *b)
{
	struct VirtQueueElement elem;
	struct guest_piece pieces[MAX_ELEMS];

	b->kicked = false;
	elem.pieces = pieces;
	elem.capacity = MAX_ELEMS;
	while (virtqueue_pop(&b->device, &elem)) {
		unsigned char *base = elem.out_num ? elem.out_sg[0].base : elem.in_sg[0].base;
		unsigned int n = (base - b->bytes) / BUF_BYTES;
		struct buffer *buf = &b->buffers[n];

		assert_int_equal(buf->where, OFFERED);
		assert_int_equal(elem.out_len, buf->out * 16);
		assert_int_equal(elem.in_len, buf->in * 16);
		if (buf->out)
			assert_int_equal(*base, n & 0xff);
		buf->elem = elem;
		memcpy(buf->pieces, pieces, sizeof(pieces));
		buf->elem.in_sg = buf->pieces + elem.out_num;
		buf->where = POPPED;
		b->popped[b->num_popped++] = n;
	}
}

/* Completes @many of the popped buffers, the oldest first if in order, and flushes once. */
static void complete(struct both *b, unsigned int many)
{
	if (many > b->num_popped)
		many = b->num_popped;
	while (many--) {
		unsigned int which = b->r->config.features & IN_ORDER ? 0 : roll(b, b->num_popped);
		unsigned int n = b->popped[which];
		struct buffer *buf = &b->buffers[n];

		memmove(&b->popped[which], &b->popped[which + 1],
			(--b->num_popped - which) * sizeof(*b->popped));
		/* Mostly all of it: only then can a batch be skipped in order. */
		buf->len = roll(b, 4) ? buf->in * 16 : roll(b, buf->in * 16 + 1);
		memset(b->bytes + n * BUF_BYTES + buf->out * 16, 0x80 | (n & 0x7f), buf->len);
		virtqueue_fill(&b->device, &buf->elem, buf->len);
		buf->where = DONE;
	}
	virtqueue_flush(&b->device);
	virtio_notify(&b->device);
}

/* ---- the runs ---- */

static unsigned int waiting(const struct both *b)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->num_buffers; i++)
		n += b->buffers[i].where != FREE;
	return n;
}

static void step(struct both *b)
{
	switch (roll(b, 6)) {
	case 0:
	case 1:
		for (unsigned int n = roll(b, 5); n; n--)
			add(b);
		break;
	case 2:
		if (virtqueue_kick_prepare(b->r->vq))
			b->kicked = true;
		break;
	case 3:
		if (b->kicked)
			device_wakes(b);
		break;
	case 4:
		complete(b, 1 + roll(b, 6));
		break;
	default:
		if (b->interrupted || !roll(b, 8))
			driver_wakes(b);
	}
}

/* Lets everything in flight come back, by notifications alone. */
static void settle(struct both *b)
{
	if (!virtqueue_enable_cb(b->r->vq))
		b->interrupted = true;
	while (waiting(b)) {
		bool moved = b->num_popped;

		if (virtqueue_kick_prepare(b->r->vq))
			b->kicked = true;
		moved |= b->kicked | b->interrupted;
		assert_true(moved); /* or else a notification was lost */
		if (b->kicked)
			device_wakes(b);
		complete(b, 3);
		if (b->interrupted) {
			b->interrupted = false;
			while (take(b))
				;
			assert_true(virtqueue_enable_cb(b->r->vq));
		}
	}
	assert_int_equal(b->r->vq->num_free, b->r->config.num);
}

static void run(void **state, unsigned int num, uint64_t features, uint32_t seed, long steps)
{
	struct both b = { .r = ring_new(state, num, features), .random = seed };
	struct vring_config *config = &b.r->config;
	unsigned int buffers = num + 1 > 300 ? 300 : num + 1;

	b.num_buffers = buffers;
	b.buffers = calloc(buffers, sizeof(*b.buffers));
	b.popped = calloc(buffers, sizeof(*b.popped));
	b.bytes = aligned_alloc(64, (buffers * BUF_BYTES + 63) & ~63u);
	b.regions[0] = (struct guest_region){ BUF_ADDR, buffers * BUF_BYTES, b.bytes };
	b.regions[1] = (struct guest_region){ DESC_ADDR, vring_desc_bytes(num), config->desc };
	b.regions[2] = (struct guest_region){ DRIVER_ADDR, vring_driver_bytes(features, num),
					      config->driver };
	b.regions[3] = (struct guest_region){ DEVICE_ADDR, vring_device_bytes(features, num),
					      config->device };
	b.regions[4] = (struct guest_region){ TABLE_DMA, vring_indirect_bytes(num, TABLE_MAX),
					      config->indirect };
	b.memory = (struct guest_memory){ b.regions, config->indirect ? 5 : 4 };
	assert_true(virtio_queue_init(&b.device,
				      &(struct VirtQueueConfig){ .memory = &b.memory,
								 .features = config->features,
								 .desc = DESC_ADDR,
								 .driver = DRIVER_ADDR,
								 .device = DEVICE_ADDR,
								 .num = num,
								 .owner = &b }));
	virtio_queue_set_last_avail_idx(&b.device, b.r->used);
	virtio_queue_set_notification(&b.device, true);

	for (long i = 0; i < steps; i++) {
		step(&b);
		if (i % 512 == 511)
			settle(&b);
	}
	settle(&b);
	free(b.bytes);
	free(b.popped);
	free(b.buffers);
	ring_free(state);
}

static long from_environment(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value ? strtol(value, NULL, 0) : otherwise;
}

static void run_all(void **state, uint64_t layout, const unsigned int *sizes)
{
	static const uint64_t options[] = { EVENT_IDX, INDIRECT_DESC, IN_ORDER };
	uint32_t seed = from_environment("SEED", 1);
	long steps = from_environment("STEPS", 10000);

	print_message("SEED=%u STEPS=%ld\n", seed, steps);
	for (int s = 0; s < 4; s++) {
		for (int set = 0; set < 8; set++) {
			uint64_t features = layout;

			for (int i = 0; i < 3; i++)
				features |= set >> i & 1 ? options[i] : 0;
			run(state, sizes[s], features, seed + s * 8 + set, steps);
		}
	}
}

static void split_both_halves_agree_with_the_model(void **state)
{
	run_all(state, 0, (unsigned int[]){ 1, 2, 8, 256 });
}

static void packed_both_halves_agree_with_the_model(void **state)
{
	run_all(state, PACKED, (unsigned int[]){ 1, 3, 8, 256 });
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(split_both_halves_agree_with_the_model),
		ring_test(packed_both_halves_agree_with_the_model),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
