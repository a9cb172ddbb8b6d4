/* SPDX-License-Identifier: MIT */
/*
 * Copies one queue: the driver's private fields, the ring, the indirect tables. The program is
 * attached to nothing; vring-trace runs it through bpf(BPF_PROG_TEST_RUN) whenever it wants a look.
 *
 * The ring goes on moving meanwhile. Positions are read before and after, and whoever asked
 * compares them; retrying is left to user space.
 */
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "ring/virtio_ring.h"
#include "bpf/linux_virtio.h"
#include "bpf/ring_view.h"
#include "bpf/vring_snapshot.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, uint8_t[VT_PAGE]);
} pages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct vt_table);
} tables SEC(".maps");

const volatile uint32_t page_count = 1;
const volatile uint32_t table_room = 1;

/* Asked for. */
uint64_t wanted_vq = 0;
uint32_t wanted_device = 0, wanted_index = 0;

/* Answered. */
struct vt_snapshot taken;

/* ---- positions ---- */

static __always_inline void read_positions(const struct virtqueue *vq, struct ring_view *view,
					   struct vt_positions *p)
{
	view_ring(vq, view);
	p->avail_idx = view->avail_idx;
	p->last_used = view->last_used;
	p->num_free = view->num_free;
	p->num_added = view->num_added;
	if (view->packed)
		return;
	p->avail_mem = shared16(view->driver, offsetof(struct vring_avail, idx));
	p->used_mem = shared16(view->used, offsetof(struct vring_used, idx));
}

/* ---- areas ---- */

struct copying {
	const void *from;
	uint32_t bytes;
	uint32_t page; /* the first of the copy */
};

static long copy_page(uint32_t i, struct copying *c)
{
	uint32_t at = i * VT_PAGE, page = c->page + i, len;
	void *to;

	if (at >= c->bytes)
		return 1;
	len = c->bytes - at;
	if (len > VT_PAGE)
		len = VT_PAGE;
	to = bpf_map_lookup_elem(&pages, &page);
	if (!to) {
		taken.status = VT_SNAPSHOT_LARGE;
		return 1;
	}
	if (bpf_probe_read_kernel(to, len, c->from + at))
		taken.status = VT_SNAPSHOT_UNREAD;
	return 0;
}

/* Return: the page behind the copy. */
static __always_inline uint32_t copy_area(enum vt_area area, const void *from, uint32_t bytes,
					  uint32_t page)
{
	struct copying c = { .from = from, .bytes = bytes, .page = page };
	uint32_t count = (bytes + VT_PAGE - 1) / VT_PAGE;

	taken.area_at[area] = page * VT_PAGE;
	taken.area_bytes[area] = bytes;
	if (page + count > page_count) {
		taken.status = VT_SNAPSHOT_LARGE;
		return page;
	}
	bpf_loop(count, copy_page, &c, 0);
	return page + count;
}

/* The device's area first: what it used was available before. Return: the page behind. */
static __always_inline uint32_t copy_ring(const struct ring_view *view)
{
	uint32_t num = taken.num, page = 0;
	uint32_t used = sizeof(struct vring_packed_desc_event), avail = used;

	if (!taken.packed) {
		used = sizeof(struct vring_used) + num * sizeof(struct vring_used_elem) + 2;
		avail = sizeof(struct vring_avail) + num * 2 + 2;
	}
	page = copy_area(VT_DEVICE, view->used, used, page);
	page = copy_area(VT_DRIVER, view->driver, avail, page);
	return copy_area(VT_DESC, view->desc, num * sizeof(struct vring_desc), page);
}

/* The driver's own notes of what is in flight and what is free. */
static __always_inline void copy_notes(const struct vring_virtqueue *vvq, uint32_t page)
{
	const void *state, *extra = NULL;

	if (taken.packed) {
		state = BPF_CORE_READ(vvq, packed.desc_state);
		if (taken.has_extra)
			extra = BPF_CORE_READ(vvq, packed.desc_extra);
		taken.state_size = bpf_core_type_size(struct vring_desc_state_packed);
		taken.state_data = bpf_core_field_offset(struct vring_desc_state_packed, data);
		taken.state_indirect =
			bpf_core_field_offset(struct vring_desc_state_packed, indir_desc);
		taken.state_num = bpf_core_field_offset(struct vring_desc_state_packed, num);
	} else {
		state = BPF_CORE_READ(vvq, split.desc_state);
		if (taken.has_extra)
			extra = BPF_CORE_READ(vvq, split.desc_extra);
		taken.state_size = bpf_core_type_size(struct vring_desc_state_split);
		taken.state_data = bpf_core_field_offset(struct vring_desc_state_split, data);
		taken.state_indirect =
			bpf_core_field_offset(struct vring_desc_state_split, indir_desc);
	}
	page = copy_area(VT_STATE, state, taken.num * taken.state_size, page);
	if (taken.has_extra)
		copy_area(VT_EXTRA, extra, taken.num * taken.extra_size, page);
}

/* ---- indirect tables ---- */

struct looking {
	const void *desc, *state;
	uint32_t num;
};

/* The driver's pointer to the table that slot @i refers to, or NULL. */
static __always_inline const void *table_of(const struct looking *l, uint32_t i, uint32_t *len)
{
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t third, fourth; /* split: flags, next; packed: id, flags */
	} desc;
	uint16_t flags, id;
	void *data = NULL, *table = NULL;

	if (bpf_probe_read_kernel(&desc, sizeof(desc), l->desc + i * sizeof(desc)))
		return NULL;
	flags = taken.packed ? desc.fourth : desc.third;
	id = taken.packed ? desc.third : i;
	if (!(flags & VRING_DESC_F_INDIRECT) || id >= l->num)
		return NULL;
	bpf_probe_read_kernel(&data, sizeof(data),
			      l->state + id * taken.state_size + taken.state_data);
	bpf_probe_read_kernel(&table, sizeof(table),
			      l->state + id * taken.state_size + taken.state_indirect);
	*len = desc.len;
	return data ? table : NULL; /* no token: a descriptor left over */
}

static long copy_table(uint32_t i, struct looking *l)
{
	uint32_t slot = taken.table_count, len = 0;
	const void *from = table_of(l, i, &len);
	struct vt_table *to;

	if (!from)
		return 0;
	to = bpf_map_lookup_elem(&tables, &slot);
	if (!to || slot >= table_room) {
		taken.tables_left++;
		return 0;
	}
	to->slot = i;
	to->count = len / sizeof(struct vring_desc);
	if (len > sizeof(to->desc))
		len = sizeof(to->desc);
	to->kept = len / sizeof(struct vring_desc);
	if (bpf_probe_read_kernel(to->desc, len, from))
		to->kept = 0;
	taken.table_count = slot + 1;
	return 0;
}

static __always_inline void copy_tables(const struct vring_virtqueue *vvq,
					const struct ring_view *view)
{
	struct looking l = { .desc = view->desc, .num = taken.num };

	l.state = taken.packed ? (const void *)BPF_CORE_READ(vvq, packed.desc_state) :
				 (const void *)BPF_CORE_READ(vvq, split.desc_state);
	bpf_loop(taken.num, copy_table, &l, 0);
}

/* ---- the snapshot ---- */

/* The address was good at the walk. Since then the device may have gone and the memory with it. */
static __always_inline bool still_there(const struct virtqueue *vq)
{
	const struct list_head *next = BPF_CORE_READ(vq, list.next);

	return BPF_CORE_READ(next, prev) == &vq->list && BPF_CORE_READ(vq, index) == wanted_index &&
	       (uint32_t)BPF_CORE_READ(vq, vdev, index) == wanted_device;
}

/* Device addresses; those of a split ring are one block's unless the transport split it. */
static __always_inline void describe_addresses(const struct vring_virtqueue *vvq,
					       const struct ring_view *view)
{
	if (taken.packed) {
		taken.dma[VT_DESC] = BPF_CORE_READ(vvq, packed.ring_dma_addr);
		taken.dma[VT_DRIVER] = BPF_CORE_READ(vvq, packed.driver_event_dma_addr);
		taken.dma[VT_DEVICE] = BPF_CORE_READ(vvq, packed.device_event_dma_addr);
	} else {
		taken.dma[VT_DESC] = BPF_CORE_READ(vvq, split.queue_dma_addr);
		taken.dma[VT_DRIVER] = taken.dma[VT_DESC] + (view->driver - view->desc);
		taken.dma[VT_DEVICE] = taken.dma[VT_DESC] + (view->used - view->desc);
	}
}

static __always_inline void describe(const struct vring_virtqueue *vvq,
				     const struct ring_view *view)
{
	const struct virtqueue *vq = &vvq->vq;

	taken.time_ns = bpf_ktime_get_ns();
	taken.device = wanted_device;
	taken.index = wanted_index;
	taken.device_id = BPF_CORE_READ(vq, vdev, id.device);
	taken.features = BPF_CORE_READ(vq, vdev, features);
	taken.callback = (uintptr_t)BPF_CORE_READ(vq, callback);
	taken.notify = (uintptr_t)BPF_CORE_READ(vvq, notify);
	taken.packed = view->packed;
	taken.num = view->num;
	taken.event = view->event;
	taken.driver_flags = view->driver_flags;
	taken.broken = BPF_CORE_READ(vvq, broken);
	taken.indirect = BPF_CORE_READ(vvq, indirect);
	taken.free_head = BPF_CORE_READ(vvq, free_head);
	if (bpf_core_field_exists(vvq->event_triggered))
		taken.event_triggered = BPF_CORE_READ(vvq, event_triggered);
	describe_addresses(vvq, view);
	taken.has_extra = bpf_core_type_exists(struct vring_desc_extra) &&
			  bpf_core_field_exists(struct vring_desc_extra, next);
	if (taken.has_extra) {
		taken.extra_size = bpf_core_type_size(struct vring_desc_extra);
		taken.extra_addr = bpf_core_field_offset(struct vring_desc_extra, addr);
		taken.extra_len = bpf_core_field_offset(struct vring_desc_extra, len);
		taken.extra_flags = bpf_core_field_offset(struct vring_desc_extra, flags);
		taken.extra_next = bpf_core_field_offset(struct vring_desc_extra, next);
	}
	bpf_probe_read_kernel_str(taken.name, sizeof(taken.name), BPF_CORE_READ(vq, name));
}

SEC("raw_tp/vring_trace_snapshot")
int take_snapshot(void *ctx)
{
	const struct virtqueue *vq = (const void *)wanted_vq;
	const struct vring_virtqueue *vvq = (const void *)wanted_vq;
	struct ring_view view = {};
	uint32_t page;

	__builtin_memset(&taken, 0, sizeof(taken));
	taken.status = VT_SNAPSHOT_GONE;
	if (!vq || !still_there(vq))
		return 0;
	read_positions(vq, &view, &taken.before);
	if (view.unread || !view.num || view.num > VRING_MAX_SIZE)
		return 0;
	taken.status = VT_SNAPSHOT_TAKEN;
	describe(vvq, &view);
	page = copy_ring(&view);
	copy_notes(vvq, page);
	copy_tables(vvq, &view);
	read_positions(vq, &view, &taken.after);
	if (!still_there(vq))
		taken.status = VT_SNAPSHOT_GONE;
	return 0;
}
