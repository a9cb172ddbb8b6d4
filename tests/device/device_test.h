/* SPDX-License-Identifier: MIT */
/*
 * A device's queue and, instead of a driver, a hand that writes the driver's side of the ring.
 *
 * Each part of the ring is an allocation of its own of exactly its size, so that a sanitizer sees
 * the first byte outside. Included once per test program.
 */
#ifndef TESTS_DEVICE_TEST_H
#define TESTS_DEVICE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "device/virtqueue.h"
#include "tests/support/select.h"

#define BIT(n) ((uint64_t)1 << (n))
#define EVENT_IDX BIT(VIRTIO_RING_F_EVENT_IDX)
#define INDIRECT_DESC BIT(VIRTIO_RING_F_INDIRECT_DESC)
#define IN_ORDER BIT(VIRTIO_F_IN_ORDER)
#define PACKED BIT(VIRTIO_F_RING_PACKED)

#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT
#define AVAIL VRING_PACKED_DESC_F_AVAIL
#define USED VRING_PACKED_DESC_F_USED

/* Where indices start unless a test is about something else. */
#define START 0xfff0

/* Device addresses. BUF and NEIGHBOUR touch; so do TOP's end and ZERO's beginning, modulo 2^64. */
enum { ZERO, DESC, DRIVER, DEVICE, TABLE, BUF, NEIGHBOUR, TOP, AREAS };
#define PAGE 4096u
#define ZERO_ADDR 0x0ull
#define DESC_ADDR 0x100000ull
#define DRIVER_ADDR 0x200000ull
#define DEVICE_ADDR 0x300000ull
#define TABLE_ADDR 0x400000ull
#define BUF_ADDR 0x500000ull
#define NEIGHBOUR_ADDR (BUF_ADDR + PAGE)
#define HOLE_ADDR (NEIGHBOUR_ADDR + PAGE)
#define TOP_ADDR (0ull - PAGE)

#define MAX_PIECES 64

struct device_test {
	struct VirtQueue vq;
	struct VirtQueueElement elem;
	struct guest_piece pieces[MAX_PIECES];
	struct guest_memory memory;
	struct guest_region regions[AREAS];

	/* The hand's view of the ring, and where it will put the next buffer. */
	struct vring vr;
	struct vring_packed_desc *ring;
	struct vring_packed_desc_event *driver_event;
	struct vring_packed_desc_event *device_event;
	uint16_t avail_idx; /* free-running */
	uint16_t slot;
	bool wrap;

	unsigned int errors;
	char field[32];
	char why[96];
	uint64_t value;
};

/* The device's one voice: kept in the test the queue belongs to. */
void virtio_error(const struct VirtQueue *vq, const char *field, uint64_t value, const char *why)
{
	struct device_test *t = vq->owner;

	t->errors++;
	t->value = value;
	snprintf(t->field, sizeof(t->field), "%s", field);
	snprintf(t->why, sizeof(t->why), "%s", why);
}

static void add_region(struct device_test *t, int area, uint64_t addr, size_t size)
{
	t->regions[area] = (struct guest_region){ addr, size, calloc(1, size) };
	assert_non_null(t->regions[area].host);
}

static int setup(void **state)
{
	struct device_test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->memory = (struct guest_memory){ t->regions, AREAS };
	t->elem.pieces = t->pieces;
	t->elem.capacity = MAX_PIECES;
	add_region(t, ZERO, ZERO_ADDR, PAGE);
	add_region(t, TABLE, TABLE_ADDR, PAGE);
	add_region(t, BUF, BUF_ADDR, PAGE);
	add_region(t, NEIGHBOUR, NEIGHBOUR_ADDR, PAGE);
	add_region(t, TOP, TOP_ADDR, PAGE);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct device_test *t = *state;

	for (int i = 0; i < AREAS; i++)
		free(t->regions[i].host);
	free(t);
	return 0;
}

static struct VirtQueueConfig config_of(struct device_test *t, uint32_t num, uint64_t features)
{
	return (struct VirtQueueConfig){
		.memory = &t->memory,
		.features = features | BIT(VIRTIO_F_VERSION_1),
		.desc = DESC_ADDR,
		.driver = DRIVER_ADDR,
		.device = DEVICE_ADDR,
		.num = num,
		.index = 7,
		.owner = t,
	};
}

static void forget_ring(struct device_test *t)
{
	for (int i = DESC; i <= DEVICE; i++) {
		free(t->regions[i].host);
		t->regions[i].host = NULL;
	}
}

/* A split ring of @num entries, both sides at index @first. */
static inline void start_split(struct device_test *t, uint32_t num, uint64_t features,
			       uint16_t first)
{
	struct VirtQueueConfig config = config_of(t, num, features);

	forget_ring(t);
	add_region(t, DESC, DESC_ADDR, vring_desc_bytes(num));
	add_region(t, DRIVER, DRIVER_ADDR, vring_avail_bytes(num));
	add_region(t, DEVICE, DEVICE_ADDR, vring_used_bytes(num));
	t->vr.num = num;
	t->vr.desc = t->regions[DESC].host;
	t->vr.avail = t->regions[DRIVER].host;
	t->vr.used = t->regions[DEVICE].host;
	t->avail_idx = first;
	le16_write(&t->vr.avail->idx, first);
	assert_true(virtio_queue_init(&t->vq, &config));
	virtio_queue_set_last_avail_idx(&t->vq, first);
}

/* A packed ring of @num slots, both sides at slot @first of the lap whose counter is @wrap. */
static inline void start_packed(struct device_test *t, uint32_t num, uint64_t features,
				uint16_t first, bool wrap)
{
	struct VirtQueueConfig config = config_of(t, num, features | PACKED);

	forget_ring(t);
	add_region(t, DESC, DESC_ADDR, sizeof(struct vring_packed_desc) * num);
	add_region(t, DRIVER, DRIVER_ADDR, sizeof(struct vring_packed_desc_event));
	add_region(t, DEVICE, DEVICE_ADDR, sizeof(struct vring_packed_desc_event));
	t->ring = t->regions[DESC].host;
	t->driver_event = t->regions[DRIVER].host;
	t->device_event = t->regions[DEVICE].host;
	t->slot = first;
	t->wrap = wrap;
	/* What a whole lap before has left: used slots, the ones before @first by this lap. */
	for (uint32_t i = 0; i < num; i++)
		le16_write(&t->ring[i].flags, (i < first) == wrap ? AVAIL | USED : 0);
	assert_true(virtio_queue_init(&t->vq, &config));
	virtio_queue_set_last_avail_idx(&t->vq, (uint16_t)(first | wrap << 15));
}

/* ---- the hand, split ---- */

static inline void write_desc(struct vring_desc *desc, uint64_t addr, uint32_t len, uint16_t flags,
			      uint16_t next)
{
	le64_write(&desc->addr, addr);
	le32_write(&desc->len, len);
	le16_write(&desc->flags, flags);
	le16_write(&desc->next, next);
}

static inline void set_desc(struct device_test *t, unsigned int slot, uint64_t addr, uint32_t len,
			    uint16_t flags, uint16_t next)
{
	write_desc(&t->vr.desc[slot], addr, len, flags, next);
}

/* Entry @i of the table at TABLE_ADDR. */
static inline void set_table(struct device_test *t, unsigned int i, uint64_t addr, uint32_t len,
			     uint16_t flags, uint16_t next)
{
	write_desc((struct vring_desc *)t->regions[TABLE].host + i, addr, len, flags, next);
}

static inline void offer(struct device_test *t, uint16_t head)
{
	le16_write(&t->vr.avail->ring[t->avail_idx % t->vr.num], head);
	le16_write(&t->vr.avail->idx, ++t->avail_idx);
}

/* The used entry that free-running index @idx names. */
static inline uint32_t used_id(struct device_test *t, uint16_t idx)
{
	return le32_read(&t->vr.used->ring[idx % t->vr.num].id);
}

static inline uint32_t used_len(struct device_test *t, uint16_t idx)
{
	return le32_read(&t->vr.used->ring[idx % t->vr.num].len);
}

static inline uint16_t used_idx(struct device_test *t)
{
	return le16_read(&t->vr.used->idx);
}

static inline uint16_t avail_event(struct device_test *t)
{
	return le16_read(vring_avail_event(&t->vr));
}

static inline void set_used_event(struct device_test *t, uint16_t event)
{
	le16_write(vring_used_event(&t->vr), event);
}

/* ---- the hand, packed ---- */

static inline uint16_t offered(bool wrap)
{
	return wrap ? AVAIL : USED;
}

static inline void write_packed(struct vring_packed_desc *desc, uint64_t addr, uint32_t len,
				uint16_t id, uint16_t flags)
{
	le64_write(&desc->addr, addr);
	le32_write(&desc->len, len);
	le16_write(&desc->id, id);
	le16_write(&desc->flags, flags);
}

/* The next slot, made available. */
static inline void offer_packed(struct device_test *t, uint64_t addr, uint32_t len, uint16_t id,
				uint16_t flags)
{
	write_packed(&t->ring[t->slot], addr, len, id, flags | offered(t->wrap));
	if (++t->slot == t->vq.num) {
		t->slot = 0;
		t->wrap = !t->wrap;
	}
}

static inline void set_packed_table(struct device_test *t, unsigned int i, uint64_t addr,
				    uint32_t len, uint16_t flags)
{
	write_packed((struct vring_packed_desc *)t->regions[TABLE].host + i, addr, len, 0xdead,
		     flags);
}

static inline bool is_used(struct device_test *t, unsigned int slot, bool wrap)
{
	uint16_t flags = le16_read(&t->ring[slot].flags) & (AVAIL | USED);

	return flags == (wrap ? AVAIL | USED : 0);
}

/* ---- what both need ---- */

static inline void *host(struct device_test *t, int area, size_t offset)
{
	return (char *)t->regions[area].host + offset;
}

static inline bool pop(struct device_test *t)
{
	return virtqueue_pop(&t->vq, &t->elem);
}

static inline void assert_piece(const struct guest_piece *piece, const void *base, uint32_t len)
{
	assert_ptr_equal(piece->base, base);
	assert_int_equal(piece->len, len);
}

/* The buffer is refused: broken, one message that names @field and @value, and quiet from then on.
 */
static inline void assert_refused(struct device_test *t, const char *field, uint64_t value)
{
	assert_false(pop(t));
	assert_true(t->vq.broken);
	assert_int_equal(t->errors, 1);
	assert_string_equal(t->field, field);
	assert_int_equal(t->value, value);
	assert_false(pop(t));
	assert_true(virtio_queue_empty(&t->vq));
	assert_false(virtio_should_notify(&t->vq));
	assert_int_equal(t->errors, 1);
}

/* The same, where the words matter too. */
static inline void assert_refused_because(struct device_test *t, const char *field, const char *why)
{
	assert_false(pop(t));
	assert_true(t->vq.broken);
	assert_int_equal(t->errors, 1);
	assert_string_equal(t->field, field);
	assert_non_null(strstr(t->why, why));
}

#define TEST_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
