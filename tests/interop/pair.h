/* SPDX-License-Identifier: MIT */
/*
 * Both halves of one virtqueue, the memory between them, and buffers that a test follows through.
 *
 * Every area of the ring is an allocation of its own of exactly its size, so that a sanitizer sees
 * the first byte outside. Included once per test program.
 */
#ifndef TESTS_INTEROP_PAIR_H
#define TESTS_INTEROP_PAIR_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "device/virtqueue.h"
#include "ring/virtqueue.h"
#include "ring/vring_draw.h"
#include "tests/support/select.h"

#define BIT(n) ((uint64_t)1 << (n))
#define INDIRECT BIT(VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT_IDX BIT(VIRTIO_RING_F_EVENT_IDX)
#define MODERN BIT(VIRTIO_F_VERSION_1)
#define PACKED BIT(VIRTIO_F_RING_PACKED)
#define IN_ORDER BIT(VIRTIO_F_IN_ORDER)

#define COMBINATIONS 16
#define INDIRECT_MAX 4 /* elements a table has room for; longer buffers are chains */
#define QUEUE_INDEX 5

/* What the two halves have agreed on. */
struct shape {
	uint64_t features;
	unsigned int num;
	uint16_t first; /* entries that passed before the test begins */
};

/* Device addresses. The legacy block lies at DESC_ADDR. */
enum { DESC, DRIVER, DEVICE, TABLES, LOW_DATA, HIGH_DATA, REGIONS };
#define DESC_ADDR 0x100000000ull
#define DRIVER_ADDR 0x200000000ull
#define DEVICE_ADDR 0x300000000ull
#define TABLES_ADDR 0x400000000ull
#define DATA_ADDR 0x500000000ull

/*
 * Data is kept in cells of 16 bytes, one for each element of a buffer; an element uses 5 to 15
 * bytes of its cell, the rest shows what was written beyond. For the device the data area is two
 * adjacent regions that meet in the middle of cell 1: an element there is two pieces (D9).
 */
#define CELL 16u
#define SEAM (CELL + 3)
#define UNTOUCHED 0xee

/* A buffer on its way through both halves. The driver's token is its address. */
struct request {
	unsigned int cell; /* its elements are the cells from here on: */
	unsigned int out;  /* so many that the device reads, */
	unsigned int in;   /* then so many that it writes */
	bool many_lists;   /* one scatterlist for each element, not one for each direction */
	void *ctx;	   /* if set, offered by virtqueue_add_inbuf_ctx() */

	uint8_t sent;	  /* bytes count up from here in the readable part, */
	uint8_t answered; /* and from here in the writable one */
	uint32_t len;	  /* bytes the device says it wrote */
	struct VirtQueueElement elem;
};

struct pair {
	struct shape shape;

	struct vring_config config;
	struct virtqueue *vq; /* the driver's half; NULL while there is none */
	void *state;
	unsigned int room; /* entries the private memory is for, at least */
	size_t state_bytes;
	struct scatterlist *sg;
	struct scatterlist **sgs;

	struct VirtQueue device; /* the device's half */
	struct guest_memory memory;
	struct guest_region regions[REGIONS];
	struct guest_piece *scratch; /* for the pop in progress */
	struct guest_piece *pieces;  /* two for each cell, for buffers in the device's hands */

	uint8_t *data;
	struct request **owner; /* of the buffer that begins with a cell */
	unsigned int cells;

	unsigned int kicks, interrupts, callbacks;
	unsigned int violations, errors; /* messages of the driver, of the device */
	char message[2][160];
};

/* ---- what the halves ask of whoever links them ---- */

void vring_violation(const struct virtqueue *vq, const char *field, uint32_t value,
		     const char *rule)
{
	struct pair *p = vq->priv;

	p->violations++;
	snprintf(p->message[0], sizeof(p->message[0]), "%s is %u, not %s", field, value, rule);
}

void virtio_error(const struct VirtQueue *vq, const char *field, uint64_t value, const char *why)
{
	struct pair *p = vq->owner;

	p->errors++;
	snprintf(p->message[1], sizeof(p->message[1]), "%s is %#" PRIx64 ": %s", field, value, why);
}

static bool count_kick(struct virtqueue *vq)
{
	struct pair *p = vq->priv;

	p->kicks++;
	return true;
}

static void count_callback(struct virtqueue *vq)
{
	struct pair *p = vq->priv;

	p->callbacks++;
}

/* ---- shapes ---- */

/* Combination @n, 0..COMBINATIONS - 1, of layout and features. */
static inline uint64_t combination(unsigned int n)
{
	return MODERN | (n & 8 ? PACKED : 0) | (n & 4 ? INDIRECT : 0) | (n & 2 ? EVENT_IDX : 0) |
	       (n & 1 ? IN_ORDER : 0);
}

static const char *const combination_names[COMBINATIONS] = {
	"split",
	"split_in_order",
	"split_event_idx",
	"split_event_idx_in_order",
	"split_indirect",
	"split_indirect_in_order",
	"split_indirect_event_idx",
	"split_indirect_event_idx_in_order",
	"packed",
	"packed_in_order",
	"packed_event_idx",
	"packed_event_idx_in_order",
	"packed_indirect",
	"packed_indirect_in_order",
	"packed_indirect_event_idx",
	"packed_indirect_event_idx_in_order",
};

/*
 * Where a ring starts unless the test is about something else: split, just short of 2^16; packed,
 * at the last slot of a lap that ends there.
 */
static inline uint16_t usual_first(uint64_t features, unsigned int num)
{
	return features & PACKED ? 0xfff0 - 0xfff0 % num + num - 1 : 0xfff0;
}

static inline struct shape shape_of(uint64_t features, unsigned int num)
{
	return (struct shape){ features | MODERN, num, usual_first(features, num) };
}

/* Position of entry number @n of the ring, counted from 0, as both halves and 2.8.14 write it. */
static inline uint16_t position_of(const struct shape *shape, uint64_t n)
{
	unsigned int lap = n / shape->num;

	if (!(shape->features & PACKED))
		return n;
	/* 2.8.1: the wrap counter is 1 in the first lap. */
	return n % shape->num | (lap & 1 ? 0 : 0x8000);
}

/* ---- making and unmaking a pair ---- */

static inline void *allocate(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);

	assert_non_null(p);
	return p;
}

static inline void add_region(struct pair *p, int area, uint64_t addr, size_t size)
{
	p->regions[area] = (struct guest_region){ addr, size, allocate(size) };
}

/* The three areas: apart, or for a legacy driver in one block (2.7.2). */
static inline void make_areas(struct pair *p)
{
	uint64_t features = p->shape.features;
	unsigned int num = p->shape.num;
	struct vring vr;

	if (features & MODERN) {
		add_region(p, DESC, DESC_ADDR, vring_desc_bytes(num));
		add_region(p, DRIVER, DRIVER_ADDR, vring_driver_bytes(features, num));
		add_region(p, DEVICE, DEVICE_ADDR, vring_device_bytes(features, num));
		p->config.desc = p->regions[DESC].host;
		p->config.driver = p->regions[DRIVER].host;
		p->config.device = p->regions[DEVICE].host;
	} else {
		add_region(p, DESC, DESC_ADDR, vring_size(num, 4096));
		vring_init(&vr, num, p->regions[DESC].host, 4096);
		p->config.desc = vr.desc;
		p->config.driver = vr.avail;
		p->config.device = vr.used;
	}
}

static inline void make_memory(struct pair *p)
{
	bool indirect = p->shape.features & INDIRECT;
	unsigned int num = p->shape.num;

	if (p->cells < num * INDIRECT_MAX)
		p->cells = num * INDIRECT_MAX;
	make_areas(p);
	add_region(p, TABLES, TABLES_ADDR, vring_indirect_bytes(num, indirect ? INDIRECT_MAX : 0));
	p->data = allocate(p->cells * CELL);
	p->regions[LOW_DATA] = (struct guest_region){ DATA_ADDR, SEAM, p->data };
	p->regions[HIGH_DATA] =
		(struct guest_region){ DATA_ADDR + SEAM, p->cells * CELL - SEAM, p->data + SEAM };
	p->memory = (struct guest_memory){ p->regions, REGIONS };

	p->owner = allocate(p->cells * sizeof(*p->owner));
	p->pieces = allocate(2 * p->cells * sizeof(*p->pieces));
	p->scratch = allocate(2 * (num + 1) * sizeof(*p->scratch));
	p->sg = allocate((num + 1) * sizeof(*p->sg));
	p->sgs = allocate((num + 1) * sizeof(*p->sgs));
}

static inline void free_memory(struct pair *p)
{
	for (int i = 0; i < LOW_DATA; i++)
		free(p->regions[i].host);
	memset(p->regions, 0, sizeof(p->regions));
	free(p->data);
	free(p->owner);
	free(p->pieces);
	free(p->scratch);
	free(p->sg);
	free(p->sgs);
}

static inline void make_config(struct pair *p)
{
	bool indirect = p->shape.features & INDIRECT;

	p->config = (struct vring_config){
		.name = "pair",
		.index = QUEUE_INDEX,
		.num = p->shape.num,
		.features = p->shape.features,
		.notify = count_kick,
		.callback = count_callback,
		.priv = p,
		.first = p->shape.first,
	};
	make_memory(p);
	if (indirect) {
		p->config.indirect = p->regions[TABLES].host;
		p->config.indirect_dma = TABLES_ADDR;
		p->config.indirect_max = INDIRECT_MAX;
	}
}

/* The device's half anew: also what a reset is to it. */
static inline void start_device(struct pair *p)
{
	struct VirtQueueConfig config = {
		.memory = &p->memory,
		.features = p->shape.features,
		.desc = DESC_ADDR,
		.driver = DRIVER_ADDR,
		.device = DEVICE_ADDR,
		.num = p->shape.num,
		.index = QUEUE_INDEX,
		.owner = p,
	};

	if (!(p->shape.features & MODERN)) {
		config.driver = DESC_ADDR + ((char *)p->config.driver - (char *)p->config.desc);
		config.device = DESC_ADDR + ((char *)p->config.device - (char *)p->config.desc);
	}
	assert_true(virtio_queue_init(&p->device, &config));
	virtio_queue_set_last_avail_idx(&p->device, position_of(&p->shape, p->shape.first));
}

static inline void pair_start(struct pair *p, struct shape shape)
{
	unsigned int room = p->room > shape.num ? p->room : shape.num;

	p->shape = shape;
	p->kicks = p->interrupts = p->callbacks = 0;
	p->violations = p->errors = 0;
	p->state_bytes = vring_state_bytes(room);
	p->state = aligned_alloc(64, (p->state_bytes + 63) & ~(size_t)63);
	assert_non_null(p->state);
	make_config(p);
	assert_int_equal(vring_new_virtqueue(&p->config, p->state, p->state_bytes, &p->vq), 0);
	start_device(p);
}

/* The queue again, as another shape, in the driver's old private memory. It is empty. */
static inline void pair_restart(struct pair *p, struct shape shape)
{
	free_memory(p);
	p->shape = shape;
	make_config(p);
	assert_int_equal(vring_reinit(p->vq, &p->config), 0);
	start_device(p);
}

static inline void pair_free(struct pair *p)
{
	free_memory(p);
	free(p->state);
	p->vq = NULL;
}

/* The story is over, and neither half had anything to complain of. */
static inline void pair_end(struct pair *p)
{
	assert_int_equal(p->violations, 0);
	assert_int_equal(p->errors, 0);
	assert_false(virtqueue_is_broken(p->vq));
	assert_false(p->device.broken);
	pair_free(p);
}

/* ---- printing, for a test that failed ---- */

static inline void print_features(uint64_t features)
{
	fprintf(stderr, "%s%s%s%s%s", features & PACKED ? "packed" : "split",
		features & INDIRECT ? ", indirect" : "", features & EVENT_IDX ? ", event idx" : "",
		features & IN_ORDER ? ", in order" : "", features & MODERN ? "" : ", legacy");
}

static inline void print_pair(const struct pair *p)
{
	struct vring_snapshot snapshot;
	char drawing[8192];

	fprintf(stderr, "The ring: ");
	print_features(p->shape.features);
	fprintf(stderr, ", %u entries, started at entry %u\n", p->shape.num, p->shape.first);
	fprintf(stderr, "  driver: next %#x, %u free%s%s\n", vring_notification_data(p->vq) >> 16,
		p->vq->num_free, p->violations ? "; says: " : "",
		p->violations ? p->message[0] : "");
	fprintf(stderr, "  device: next %#x, used up to %#x, %u in hand%s%s\n",
		virtio_queue_get_last_avail_idx(&p->device), p->device.used_idx, p->device.inuse,
		p->errors ? "; says: " : "", p->errors ? p->message[1] : "");
	virtqueue_snapshot(p->vq, &snapshot);
	vring_draw(&snapshot, drawing, sizeof(drawing));
	fputs(drawing, stderr);
}

static inline int setup(void **state)
{
	*state = allocate(sizeof(struct pair));
	return 0;
}

static inline int teardown(void **state)
{
	struct pair *p = *state;

	/* Still there: the test did not come to its end. */
	if (p->vq) {
		print_pair(p);
		pair_free(p);
	}
	free(p);
	return 0;
}

#define TEST_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/*
 * Tells the story in every combination whose bits of @mask are @value, at every size from @least on
 * that its layout allows.
 */
static inline void in_every_shape(struct pair *p, uint64_t mask, uint64_t value, unsigned int least,
				  void (*story)(struct pair *p))
{
	static const unsigned int sizes[] = { 1, 2, 3, 8, 256, 32768 };

	for (unsigned int n = 0; n < COMBINATIONS; n++) {
		for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			uint64_t features = combination(n);

			if ((features & mask) != value || sizes[i] < least)
				continue;
			/* 2.7: a split ring's size is a power of two. */
			if (!(features & PACKED) && sizes[i] == 3)
				continue;
			pair_start(p, shape_of(features, sizes[i]));
			story(p);
			pair_end(p);
		}
	}
}

/* ---- buffers ---- */

static inline uint32_t element_len(unsigned int cell)
{
	return 5 + cell % 11;
}

static inline uint32_t bytes_of(unsigned int cell, unsigned int count)
{
	uint32_t bytes = 0;

	for (unsigned int i = cell; i < cell + count; i++)
		bytes += element_len(i);
	return bytes;
}

static inline uint32_t out_bytes(const struct request *req)
{
	return bytes_of(req->cell, req->out);
}

static inline uint32_t in_bytes(const struct request *req)
{
	return bytes_of(req->cell + req->out, req->in);
}

/* Descriptors in the ring that a buffer needs. */
static inline unsigned int slots_of(const struct pair *p, const struct request *req)
{
	unsigned int elems = req->out + req->in;

	return elems > 1 && elems <= p->config.indirect_max ? 1 : elems;
}

static inline void prepare_cells(struct pair *p, const struct request *req)
{
	uint8_t byte = req->sent;

	memset(p->data + req->cell * CELL, UNTOUCHED, (req->out + req->in) * CELL);
	for (unsigned int cell = req->cell; cell < req->cell + req->out; cell++)
		for (unsigned int i = 0; i < element_len(cell); i++)
			p->data[cell * CELL + i] = byte++;
}

/* Driver: expose the buffer, filled with what it sends. Returns what virtqueue_add_sgs() does. */
static inline int offer(struct pair *p, struct request *req)
{
	unsigned int elems = req->out + req->in;
	unsigned int lists = 0, out_lists = 0;

	prepare_cells(p, req);
	p->owner[req->cell] = req;
	for (unsigned int i = 0; i < elems; i++) {
		bool first = i == 0 || i == req->out || req->many_lists;
		bool last = i + 1 == req->out || i + 1 == elems || req->many_lists;

		if (first) {
			p->sgs[lists++] = &p->sg[i];
			out_lists += i < req->out;
		}
		sg_set(&p->sg[i], DATA_ADDR + (req->cell + i) * CELL, element_len(req->cell + i));
		p->sg[i].end = last;
	}
	if (req->ctx)
		return virtqueue_add_inbuf_ctx(p->vq, p->sg, elems, req, req->ctx);
	return virtqueue_add_sgs(p->vq, p->sgs, out_lists, lists - out_lists, req);
}

/* The bytes in @pieces count up from @byte. */
static inline void check_bytes(const struct guest_piece *pieces, unsigned int num, uint8_t byte)
{
	for (unsigned int i = 0; i < num; i++)
		for (uint32_t k = 0; k < pieces[i].len; k++)
			assert_int_equal(((uint8_t *)pieces[i].base)[k], byte++);
}

static inline struct request *owner_of(struct pair *p, const struct guest_piece *piece)
{
	size_t offset = (uint8_t *)piece->base - p->data;

	assert_true(offset < p->cells * CELL && offset % CELL == 0);
	assert_non_null(p->owner[offset / CELL]);
	return p->owner[offset / CELL];
}

/*
 * Device: pop a buffer, find it to be what the driver exposed, and keep it in the request it
 * belongs to. NULL if there is none.
 */
static inline struct request *take(struct pair *p)
{
	struct VirtQueueElement elem = { .pieces = p->scratch, .capacity = 2 * p->shape.num };
	struct guest_piece *pieces;
	struct request *req;

	if (!virtqueue_pop(&p->device, &elem))
		return NULL;
	req = owner_of(p, &elem.pieces[0]);
	assert_int_equal(elem.out_len, out_bytes(req));
	assert_int_equal(elem.in_len, in_bytes(req));
	check_bytes(elem.out_sg, elem.out_num, req->sent);

	/* The next pop reuses the scratch pieces. */
	pieces = &p->pieces[2 * req->cell];
	memcpy(pieces, elem.pieces, (elem.out_num + elem.in_num) * sizeof(*pieces));
	elem.pieces = pieces;
	elem.out_sg = pieces;
	elem.in_sg = pieces + elem.out_num;
	req->elem = elem;
	return req;
}

/* Device: write @len bytes that count up from @byte, and fill. */
static inline void answer(struct pair *p, struct request *req, uint32_t len, uint8_t byte)
{
	uint32_t left = len;

	req->len = len;
	req->answered = byte;
	for (unsigned int i = 0; i < req->elem.in_num; i++) {
		const struct guest_piece *piece = &req->elem.in_sg[i];

		for (uint32_t k = 0; k < piece->len && left; k++, left--)
			((uint8_t *)piece->base)[k] = byte++;
	}
	assert_int_equal(left, 0);
	virtqueue_fill(&p->device, &req->elem, len);
}

/* Device: the whole writable part, and show it to the driver at once. */
static inline void serve(struct pair *p, struct request *req)
{
	answer(p, req, in_bytes(req), (uint8_t)(req->sent + 0x80));
	virtqueue_flush(&p->device);
}

/* What the driver's cells hold: what it sent, what was answered, and nothing else. */
static inline void check_cells(struct pair *p, const struct request *req)
{
	uint8_t sent = req->sent, answered = req->answered;
	uint32_t left = req->len;

	for (unsigned int n = 0; n < req->out + req->in; n++) {
		const uint8_t *cell = p->data + (req->cell + n) * CELL;
		uint32_t len = element_len(req->cell + n);

		for (unsigned int i = 0; i < CELL; i++) {
			if (i < len && n < req->out)
				assert_int_equal(cell[i], sent++);
			else if (i < len && left && left--)
				assert_int_equal(cell[i], answered++);
			else
				assert_int_equal(cell[i], UNTOUCHED);
		}
	}
}

/* Driver: take back the next used buffer and find in it what the device wrote. NULL: there is none.
 */
static inline struct request *reap(struct pair *p)
{
	struct request *req;
	unsigned int len;
	void *ctx = NULL;

	req = virtqueue_get_buf_ctx(p->vq, &len, &ctx);
	if (!req)
		return NULL;
	assert_int_equal(len, req->len);
	assert_ptr_equal(ctx, req->ctx);
	check_cells(p, req);
	return req;
}

/* Driver: expose the buffer; it must fit. */
static inline struct request *offered(struct pair *p, struct request *req)
{
	assert_int_equal(offer(p, req), 0);
	return req;
}

/* One buffer there and back, without a word. */
static inline void exchange(struct pair *p)
{
	struct request req = { .in = 1 };

	offered(p, &req);
	assert_ptr_equal(take(p), &req);
	serve(p, &req);
	assert_ptr_equal(reap(p), &req);
}

/* ---- one seed, one run ---- */

struct rng {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0..@n - 1 */
static inline unsigned int rng_below(struct rng *rng, unsigned int n)
{
	return (rng_next(rng) >> 33) % n;
}

/* A number from the environment. */
static inline unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

/*
 * A test for each combination; the initial state that @begin finds is a pointer to its features, a
 * uint64_t.
 */
static inline int run_every_combination(int argc, char **argv, CMUnitTestFunction test,
					CMFixtureFunction begin, CMFixtureFunction end)
{
	static uint64_t features[COMBINATIONS];
	struct CMUnitTest tests[COMBINATIONS];

	for (unsigned int n = 0; n < COMBINATIONS; n++) {
		features[n] = combination(n);
		tests[n] =
			(struct CMUnitTest){ combination_names[n], test, begin, end, &features[n] };
	}
	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
