/* SPDX-License-Identifier: MIT */
/*
 * The part of a device's virtqueue that is the same whatever the ring looks like.
 *
 * Mirrors the common queue functions of QEMU's hw/virtio/virtio.c. A buffer passes through here in
 * the order of the functions: popped, mapped, filled, flushed, signalled. virtqueue_split.c and
 * virtqueue_packed.c hold what depends on the layout.
 */
#include "virtqueue_internal.h"

bool virtqueue_refuse(struct VirtQueue *vq, const char *field, uint64_t value, const char *why)
{
	if (!vq->broken) {
		vq->broken = true;
		virtio_error(vq, field, value, why);
	}
	return false;
}

/* ---- starting ---- */

void *virtqueue_map_part(struct VirtQueue *vq, const char *field, uint64_t addr, size_t bytes,
			 size_t align)
{
	void *host = guest_memory_map_whole(&vq->memory, addr, bytes);

	/* 2.7.1, 2.8.11; the host address is aligned if this one is, see struct guest_region. */
	if (addr & (align - 1)) {
		virtqueue_refuse(vq, field, addr, "part of the ring is misaligned");
		return NULL;
	}
	if (!host)
		virtqueue_refuse(vq, field, addr, "part of the ring is not inside one region");
	return host;
}

bool virtio_queue_init(struct VirtQueue *vq, const struct VirtQueueConfig *config)
{
	*vq = (struct VirtQueue){
		.index = config->index,
		.owner = config->owner,
		.packed = virtio_feature(config->features, VIRTIO_F_RING_PACKED),
		.event_idx = virtio_feature(config->features, VIRTIO_RING_F_EVENT_IDX),
		.indirect = virtio_feature(config->features, VIRTIO_RING_F_INDIRECT_DESC),
		.in_order = virtio_feature(config->features, VIRTIO_F_IN_ORDER),
		/* 6.3: only a legacy driver can mean this by the bit. */
		.notify_on_empty = virtio_feature(config->features, VIRTIO_F_NOTIFY_ON_EMPTY) &&
				   !virtio_feature(config->features, VIRTIO_F_VERSION_1),
		.num = config->num,
		.memory = *config->memory,
	};

	if (vq->num == 0 || vq->num > VRING_MAX_SIZE)
		return virtqueue_refuse(vq, "queue_size", vq->num, "not between 1 and 32768");
	if (vq->packed ? !virtqueue_packed_init(vq, config) : !virtqueue_split_init(vq, config))
		return false;
	/* 2.8.1: wrap counters start at 1. */
	virtio_queue_set_last_avail_idx(vq, vq->packed ? 0x8000u : 0);
	return true;
}

void virtio_queue_set_last_avail_idx(struct VirtQueue *vq, uint16_t position)
{
	if (vq->broken)
		return;
	if (vq->packed && (position & 0x7fffu) >= vq->num) {
		virtqueue_refuse(vq, "last_avail_idx", position, "slot is outside the ring");
		return;
	}
	vq->last_avail_idx = position;
	vq->shadow_avail_idx = position;
	vq->used_idx = position;
	if (!vq->packed)
		virtqueue_split_publish_start(vq);
	virtio_queue_set_notification(vq, true);
}

uint16_t virtio_queue_get_last_avail_idx(const struct VirtQueue *vq)
{
	return vq->last_avail_idx;
}

/* ---- notifications from the driver: kicks ---- */

void virtio_queue_set_notification(struct VirtQueue *vq, bool enable)
{
	if (vq->broken)
		return;
	vq->notification = enable;
	vq->armed = enable;
	if (vq->packed)
		virtqueue_packed_set_notification(vq, enable);
	else
		virtqueue_split_set_notification(vq, enable);
	/*
	 * Our wish is visible before the caller looks at the ring once more. Pairs with the full
	 * barrier of the driver's virtqueue_kick_prepare: of the two stores, its buffer and our
	 * wish, at least one is seen by the other side, so a kick is never lost (D19).
	 */
	if (enable)
		virtio_mb();
}

bool virtio_queue_empty(struct VirtQueue *vq)
{
	if (vq->broken)
		return true;
	return vq->packed ? virtqueue_packed_empty(vq) : virtqueue_split_empty(vq);
}

/* ---- taking a buffer ---- */

bool virtqueue_arm(struct VirtQueue *vq)
{
	/* Without EVENT_IDX the wish for kicks holds until it is withdrawn. */
	if (vq->broken || !vq->event_idx || !vq->notification || vq->armed)
		return false;
	virtio_queue_set_notification(vq, true);
	return !virtio_queue_empty(vq);
}

bool virtqueue_pop(struct VirtQueue *vq, struct VirtQueueElement *elem)
{
	if (vq->broken)
		return false;
	return vq->packed ? virtqueue_packed_pop(vq, elem) : virtqueue_split_pop(vq, elem);
}

const void *virtqueue_map_table(struct VirtQueue *vq, struct desc_copy desc)
{
	const void *table = NULL;

	/* 2.7.5.3.1, 2.8.19 */
	if (!vq->indirect)
		virtqueue_refuse(vq, "desc.flags", desc.flags, "INDIRECT was not negotiated");
	else if (desc.flags & VRING_DESC_F_NEXT)
		virtqueue_refuse(vq, "desc.flags", desc.flags, "INDIRECT and NEXT together");
	/* WRITE is not looked at (2.7.5.3.2): the table says which buffers are writable. */
	else if (desc.len == 0 || desc.len % sizeof(struct vring_desc))
		virtqueue_refuse(vq, "desc.len", desc.len,
				 "indirect table is not a multiple of 16 bytes");
	else if (!(table = guest_memory_map_whole(&vq->memory, desc.addr, desc.len)))
		virtqueue_refuse(vq, "desc.addr", desc.addr,
				 "indirect table is not inside one region");
	return table;
}

void virtqueue_copy_desc(void *copy, const void *shared)
{
	const volatile uint8_t *from = shared;
	uint8_t *to = copy;

	for (size_t i = 0; i < sizeof(struct vring_desc); i++)
		to[i] = from[i];
}

void virtqueue_unpop(struct VirtQueue *vq, const struct VirtQueueElement *elem)
{
	if (vq->broken)
		return;
	if (virtqueue_advance(vq, elem->position, elem->ndescs) != vq->last_avail_idx ||
	    elem->ndescs > vq->inuse - vq->filled) {
		virtqueue_refuse(vq, "unpop", elem->index, "not the last buffer popped");
		return;
	}
	vq->last_avail_idx = elem->position;
	vq->inuse -= elem->ndescs;
	vq->armed = false;
}

/* ---- handing it back ---- */

/* The rules a device itself has to keep: its slips are stopped here, not in the driver. */
static bool check_used(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len)
{
	if (elem->ndescs > vq->inuse - vq->filled)
		return virtqueue_refuse(vq, "used.id", elem->index, "more used than popped");
	/* 2.7.8.2: a driver may read len bytes, so they must have been written. */
	if (len > elem->in_len)
		return virtqueue_refuse(vq, "used.len", len, "longer than the writable part");
	/* 2.7.9, 2.8.8 */
	if (vq->in_order && elem->position != virtqueue_advance(vq, vq->used_idx, vq->filled))
		return virtqueue_refuse(vq, "used.id", elem->index, "used out of order");
	return true;
}

void virtqueue_fill(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len)
{
	/*
	 * 2.7.9, 2.8.8: in order, one entry with the last buffer's id stands for a whole run, in
	 * the place of the run's first. So the next fill may overwrite this entry, provided this
	 * buffer was written to its end, for that is what the driver assumes of a skipped one.
	 */
	bool run_goes_on = vq->in_order && len == elem->in_len;

	if (vq->broken || !check_used(vq, elem, len))
		return;
	if (vq->packed)
		virtqueue_packed_fill(vq, elem, len, run_goes_on);
	else
		virtqueue_split_fill(vq, elem, len);
	vq->filled += elem->ndescs;
	if (!run_goes_on)
		vq->run = vq->filled;
}

void virtqueue_flush(struct VirtQueue *vq)
{
	if (vq->broken || !vq->filled)
		return;

	if (vq->packed)
		virtqueue_packed_flush(vq);
	else
		virtqueue_split_flush(vq);
	vq->used_idx = virtqueue_advance(vq, vq->used_idx, vq->filled);
	vq->inuse -= vq->filled;
	vq->unsignalled += vq->filled;
	/* Two laps of the largest ring: any event index has been passed, so stop counting. */
	if (vq->unsignalled > 2 * VRING_MAX_SIZE)
		vq->unsignalled = 2 * VRING_MAX_SIZE;
	vq->filled = 0;
	vq->run = 0;
}

void virtqueue_push(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len)
{
	virtqueue_fill(vq, elem, len);
	virtqueue_flush(vq);
}

/* ---- notifications to the driver: interrupts ---- */

bool virtio_should_notify(struct VirtQueue *vq)
{
	bool notify;

	if (vq->broken || !vq->unsignalled)
		return false;
	/*
	 * Used entries are visible before the driver's wish is read. Pairs with the full barrier of
	 * its virtqueue_enable_cb: either it finds our entry, or we find its wish (2.7.7, D19).
	 */
	virtio_mb();
	if (vq->packed)
		notify = virtqueue_packed_should_notify(vq);
	else
		notify = virtqueue_split_should_notify(vq);
	vq->unsignalled = 0;
	/* 6.3: a legacy driver may want to hear of a drained queue whatever its flags say. */
	if (vq->notify_on_empty && !vq->inuse && virtio_queue_empty(vq))
		return true;
	return notify;
}
