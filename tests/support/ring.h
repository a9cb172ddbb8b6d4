/* SPDX-License-Identifier: MIT */
/*
 * A driver's queue in memory of its own and, instead of a device, a hand that writes the device's
 * side of the ring.
 *
 * Each area is an allocation of exactly its size, so that a sanitizer sees the first byte outside.
 * When an assertion fails, the ring is drawn.
 */
#ifndef TESTS_SUPPORT_RING_H
#define TESTS_SUPPORT_RING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ring/virtqueue.h"
#include "ring/vring_draw.h"
#include "tests/support/select.h"

#define FEATURE(bit) ((uint64_t)1 << (bit))
#define EVENT_IDX FEATURE(VIRTIO_RING_F_EVENT_IDX)
#define INDIRECT_DESC FEATURE(VIRTIO_RING_F_INDIRECT_DESC)
#define IN_ORDER FEATURE(VIRTIO_F_IN_ORDER)
#define PACKED FEATURE(VIRTIO_F_RING_PACKED)
#define LEGACY ((uint64_t)1 << 63) /* not a feature: leaves VERSION_1 out */

#define AVAIL VRING_PACKED_DESC_F_AVAIL
#define USED VRING_PACKED_DESC_F_USED
#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

/* Where positions start unless a test is about something else. */
#define START 0xfff0
#define TABLE_MAX 4	   /* entries of an indirect table */
#define TABLE_DMA 0x900000 /* device address of the first */

struct ring {
	struct virtqueue *vq;
	struct vring_config config;
	void *state;

	/* The hand's own views and positions. */
	struct vring split;
	struct vring_packed_desc *packed;
	struct vring_packed_desc_event *driver_event;
	struct vring_packed_desc_event *device_event;
	uint16_t used; /* split: free-running; packed: slot | wrap << 15 */

	unsigned int doorbells;
	unsigned int callbacks;
	bool gone; /* the doorbell is out of order */

	unsigned int violations;
	char field[32];
	uint32_t value;
};

/* A queue of @num entries, positions from START, with tables if INDIRECT_DESC is among @features.
 */
struct ring *ring_new(void **state, unsigned int num, uint64_t features);
/* The same from position @first. */
struct ring *ring_new_at(void **state, unsigned int num, uint64_t features, uint16_t first);
/* Allocates areas for @r->config, exactly sized; ring_new() has done it. */
void ring_areas(struct ring *r);
/* Teardown of every test that made one. */
int ring_free(void **state);
void ring_draw(const struct ring *r);

#define ring_test(name) cmocka_unit_test_teardown(name, ring_free)

/* A token: any number but 0. */
static inline void *token(uintptr_t n)
{
	return (void *)n;
}

/* Adds a buffer of @out readable and @in writable elements, 16 bytes each, addresses 0x1000 up. */
int ring_add(struct ring *r, unsigned int out, unsigned int in, void *data);

/* Takes the next buffer back; 0 if there is none. */
uintptr_t ring_get(struct ring *r, unsigned int *len);

/* ---- the hand: what the driver wrote, and what the device writes ---- */

static inline uint16_t avail_idx(const struct ring *r)
{
	return le16_read(&r->split.avail->idx);
}

/* Head that stands at free-running index @idx of the available ring. */
static inline uint16_t avail_head(const struct ring *r, uint16_t idx)
{
	return le16_read(&r->split.avail->ring[idx % r->split.num]);
}

static inline uint16_t desc_flags(const struct ring *r, uint16_t slot)
{
	return le16_read(&r->split.desc[slot].flags);
}

static inline uint16_t desc_next(const struct ring *r, uint16_t slot)
{
	return le16_read(&r->split.desc[slot].next);
}

static inline uint16_t packed_flags(const struct ring *r, uint16_t slot)
{
	return le16_read(&r->packed[slot].flags);
}

static inline uint16_t packed_id(const struct ring *r, uint16_t slot)
{
	return le16_read(&r->packed[slot].id);
}

/* Hands back the buffer @id that took up @slots descriptors. */
void ring_use(struct ring *r, uint32_t id, uint32_t len, unsigned int slots);

/* The queue broke over @field, with one message. */
void assert_broken(struct ring *r, const char *field, uint32_t value);

#endif
