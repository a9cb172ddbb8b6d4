/* SPDX-License-Identifier: MIT */
/*
 * A healthy snapshot of each layout, for tests to spoil. Rings of eight entries, indices about to
 * wrap.
 */
#ifndef TESTS_TRACE_TOOL_RING_H
#define TESTS_TRACE_TOOL_RING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "trace-tool/snapshot.h"

#define NUM 8
#define ADDR 0x1000ull /* buffers lie at multiples of this */

struct state {
	uint64_t data, indirect;
	uint16_t num, last;
	uint32_t pad;
};

struct extra {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

/* As large as both layouts need, in the order of their alignment. */
struct areas {
	union {
		struct vring_desc desc[NUM];
		struct vring_packed_desc packed[NUM];
	};
	struct state state[NUM];
	struct extra extra[NUM];
	struct vring_packed_desc_event driver __attribute__((aligned(8)));
	struct vring_packed_desc_event device __attribute__((aligned(8)));
	union {
		le16 avail[2 + NUM + 1 + 1];
		uint64_t align_avail[6];
	};
	union {
		struct vring_used used;
		uint8_t used_bytes[sizeof(struct vring_used) +
				   NUM * sizeof(struct vring_used_elem) + 4];
	};
};

static inline void put_desc(struct snapshot *s, unsigned int slot, uint32_t len, uint16_t flags,
			    uint16_t next)
{
	struct areas *a = (struct areas *)s->copy;

	le64_write(&a->desc[slot].addr, ADDR * (slot + 1));
	le32_write(&a->desc[slot].len, len);
	le16_write(&a->desc[slot].flags, flags);
	le16_write(&a->desc[slot].next, next);
	a->extra[slot] = (struct extra){ ADDR * (slot + 1), len, flags, next };
}

static inline void put_packed(struct snapshot *s, unsigned int slot, uint32_t len, uint16_t id,
			      uint16_t flags)
{
	struct areas *a = (struct areas *)s->copy;

	le64_write(&a->packed[slot].addr, ADDR * (slot + 1));
	le32_write(&a->packed[slot].len, len);
	le16_write(&a->packed[slot].id, id);
	le16_write(&a->packed[slot].flags, flags);
}

static inline struct vring ring_of(struct snapshot *s)
{
	return snapshot_vring(s);
}

/* The notes are read when the snapshot is attached: again, after the areas were changed. */
static inline void reattach(struct snapshot *s)
{
	free(s->notes);
	s->notes = NULL;
	assert_null(snapshot_attach(s));
}

static inline void place(struct snapshot *s, enum vt_area area, size_t at, size_t bytes)
{
	s->head.area_at[area] = at;
	s->head.area_bytes[area] = bytes;
}

static inline void begin_ring(struct snapshot *s, bool packed)
{
	memset(s, 0, sizeof(*s));
	s->copied = sizeof(struct areas);
	s->copy = calloc(1, sizeof(struct areas));
	s->tables = calloc(1, sizeof(*s->tables));
	strcpy(s->name, "virtio0/req.0");
	strcpy(s->head.name, "req.0");
	s->head.num = NUM;
	s->head.packed = packed;
	s->head.event = 1;
	s->head.indirect = 1;
	s->head.has_extra = 1;
	s->head.device_id = 2;
	s->head.callback = 0xffffffff81000000;
	s->head.time_ns = 1000000000;
	s->head.features = 1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << VIRTIO_RING_F_EVENT_IDX |
			   1ull << VIRTIO_F_VERSION_1;
	s->head.dma[VT_DESC] = 0x10000;
	s->head.dma[VT_DRIVER] = 0x10080;
	s->head.dma[VT_DEVICE] = 0x10100;
	s->head.state_size = sizeof(struct state);
	s->head.state_data = offsetof(struct state, data);
	s->head.state_indirect = offsetof(struct state, indirect);
	s->head.state_num = offsetof(struct state, num);
	s->head.extra_size = sizeof(struct extra);
	s->head.extra_addr = offsetof(struct extra, addr);
	s->head.extra_len = offsetof(struct extra, len);
	s->head.extra_flags = offsetof(struct extra, flags);
	s->head.extra_next = offsetof(struct extra, next);
	place(s, VT_DESC, 0, NUM * sizeof(struct vring_desc));
	place(s, VT_STATE, offsetof(struct areas, state), NUM * sizeof(struct state));
	place(s, VT_EXTRA, offsetof(struct areas, extra), NUM * sizeof(struct extra));
}

static inline void set_positions(struct snapshot *s, struct vt_positions positions)
{
	s->head.before = s->head.after = positions;
}

/*
 * In flight: head 0, a chain of 0, 1, 2; head 3, a table of three; head 4. Used and not reaped:
 * head
 * 5. Free: 6, 7.
 */
static inline void healthy_split(struct snapshot *s)
{
	static const uint16_t heads[] = { 5, 0, 3, 4 };
	struct vring_desc *table;
	struct areas *a;
	struct vring vr;

	begin_ring(s, false);
	place(s, VT_DRIVER, offsetof(struct areas, avail), vring_avail_bytes(NUM));
	place(s, VT_DEVICE, offsetof(struct areas, used), vring_used_bytes(NUM));
	a = (struct areas *)s->copy;
	put_desc(s, 0, 16, VRING_DESC_F_NEXT, 1);
	put_desc(s, 1, 512, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 2);
	put_desc(s, 2, 1, VRING_DESC_F_WRITE, 0);
	put_desc(s, 3, 48, VRING_DESC_F_INDIRECT, 0);
	put_desc(s, 4, 512, VRING_DESC_F_WRITE, 0);
	put_desc(s, 5, 512, VRING_DESC_F_WRITE, 0);
	a->extra[6].next = 7;
	for (size_t i = 0; i < 4; i++)
		a->state[heads[i]].data = 0xffff888000000000 + 64 * i;
	s->head.table_count = 1;
	s->tables[0] = (struct vt_table){ .slot = 3, .count = 3, .kept = 3 };
	table = (struct vring_desc *)s->tables[0].desc;
	for (unsigned int i = 0; i < 3; i++) {
		le32_write(&table[i].len, i == 2 ? 1 : 16);
		le16_write(&table[i].flags,
			   (i ? VRING_DESC_F_WRITE : 0) | (i < 2 ? VRING_DESC_F_NEXT : 0));
		le16_write(&table[i].next, i + 1);
	}
	s->head.free_head = 6;
	set_positions(s, (struct vt_positions){ .avail_idx = 1,
						.last_used = 0xfffd,
						.avail_mem = 1,
						.used_mem = 0xfffe,
						.num_free = 2 });
	reattach(s);
	vr = ring_of(s);
	for (unsigned int i = 0; i < 4; i++)
		le16_write(&vr.avail->ring[(0xfffd + i) % NUM], heads[i]);
	le16_write(&vr.avail->idx, 1);
	le16_write(&vr.used->idx, 0xfffe);
	le32_write(&vr.used->ring[0xfffd % NUM].id, 5);
	le32_write(&vr.used->ring[0xfffd % NUM].len, 100);
	le16_write(vring_used_event(&vr), 0xfffd);
	le16_write(vring_avail_event(&vr), 1);
}

/*
 * The driver reaps at slot 5 (wrap 1) and fills at slot 3 (wrap 0). Slot 5: used, id 2, one slot.
 * Slots 6, 7: in flight, id 0, a chain; slot 0: id 1, a table of two; slots 1, 2: id 3, a chain.
 * Free: 3 and 4, where the tails of an old chain stand.
 */
static inline void healthy_packed(struct snapshot *s)
{
	const uint16_t a1 = VRING_PACKED_DESC_F_AVAIL, u1 = VRING_PACKED_DESC_F_USED;
	static const uint16_t nums[] = { 2, 1, 1, 2 };
	struct vring_packed_desc *table;
	struct areas *a;

	begin_ring(s, true);
	place(s, VT_DRIVER, offsetof(struct areas, driver), sizeof(struct vring_packed_desc_event));
	place(s, VT_DEVICE, offsetof(struct areas, device), sizeof(struct vring_packed_desc_event));
	a = (struct areas *)s->copy;
	put_packed(s, 5, 100, 2, a1 | u1);
	put_packed(s, 6, 16, 0, a1 | VRING_DESC_F_NEXT);
	put_packed(s, 7, 512, 0, a1 | VRING_DESC_F_WRITE);
	put_packed(s, 0, 32, 1, u1 | VRING_DESC_F_INDIRECT);
	put_packed(s, 1, 16, 3, u1 | VRING_DESC_F_NEXT);
	put_packed(s, 2, 512, 3, u1 | VRING_DESC_F_WRITE);
	put_packed(s, 3, 512, 4, a1 | VRING_DESC_F_WRITE);
	put_packed(s, 4, 512, 4, a1 | VRING_DESC_F_WRITE);
	for (unsigned int id = 0; id < 4; id++) {
		a->state[id].data = 0xffff888000000000 + 64 * id;
		a->state[id].num = nums[id];
	}
	a->extra[4].next = 5;
	a->extra[2].len = 512;
	s->head.free_head = 4;
	s->head.table_count = 1;
	s->tables[0] = (struct vt_table){ .slot = 0, .count = 2, .kept = 2 };
	table = (struct vring_packed_desc *)s->tables[0].desc;
	le32_write(&table[0].len, 16);
	le32_write(&table[1].len, 512);
	le16_write(&table[1].flags, VRING_DESC_F_WRITE);
	s->head.driver_flags = VRING_PACKED_EVENT_FLAG_DESC;
	le16_write(&a->driver.flags, VRING_PACKED_EVENT_FLAG_DESC);
	le16_write(&a->driver.off_wrap, 5 | 0x8000);
	le16_write(&a->device.flags, VRING_PACKED_EVENT_FLAG_DESC);
	le16_write(&a->device.off_wrap, 3);
	set_positions(
		s, (struct vt_positions){ .avail_idx = 3, .last_used = 5 | 0x8000, .num_free = 2 });
	reattach(s);
}

#endif
