/* SPDX-License-Identifier: MIT */
/*
 * The packed ring as its device sees it (2.8): one ring of descriptors that the driver writes to
 * offer and the device overwrites to hand back.
 *
 * Mirrors the virtqueue_packed_* functions of QEMU's hw/virtio/virtio.c. A position is a slot with
 * the wrap counter in bit 15, so that neither is ever moved without the other.
 */
#include "chain.h"

#define AVAIL_USED (VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED)

static struct vring_packed_desc *slot_at(const struct VirtQueue *vq, uint16_t position)
{
	return &vq->ring.desc[position & 0x7fffu];
}

bool virtqueue_packed_init(struct VirtQueue *vq, const struct VirtQueueConfig *config)
{
	/* 2.8.10.1: any size, no power of two needed. */
	vq->ring.desc = virtqueue_map_part(vq, "queue_desc", config->desc,
					   sizeof(struct vring_packed_desc) * vq->num, 16);
	vq->ring.driver_event = virtqueue_map_part(vq, "queue_driver", config->driver,
						   sizeof(struct vring_packed_desc_event), 4);
	vq->ring.device_event = virtqueue_map_part(vq, "queue_device", config->device,
						   sizeof(struct vring_packed_desc_event), 4);
	return !vq->broken;
}

/* 2.8.1: available if AVAIL equals the wrap counter of the driver's lap and USED does not. */
static bool is_available(uint16_t flags, uint16_t position)
{
	uint16_t want = position & 0x8000u ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED;

	return (flags & AVAIL_USED) == want;
}

bool virtqueue_packed_empty(struct VirtQueue *vq)
{
	uint16_t flags = le16_read(&slot_at(vq, vq->last_avail_idx)->flags);

	if (!is_available(flags, vq->last_avail_idx))
		return true;
	/* D2: a whole lap is in flight, this slot's own buffer included. */
	if (vq->inuse == vq->num) {
		virtqueue_refuse(vq, "desc.flags", flags, "more buffers than the ring holds");
		return true;
	}
	/*
	 * Flags are read before the rest of the list. Pairs with the store barrier in the driver's
	 * virtqueue_add, before it writes the first descriptor's flags (2.8.21.1.1).
	 */
	virtio_rmb();
	return false;
}

/* The one read of a descriptor: whatever is checked afterwards is this copy (D12). */
static struct desc_copy read_desc(const struct vring_packed_desc *desc)
{
	struct vring_desc aligned;

	desc = chain_align(desc, &aligned);
	return (struct desc_copy){
		.addr = le64_read(&desc->addr),
		.len = le32_read(&desc->len),
		.next = le16_read(&desc->id),
		.flags = le16_read(&desc->flags),
	};
}

/* 2.8.7: entries follow one another; of their flags only WRITE means anything. */
static bool walk_table(struct chain *chain, struct desc_copy head)
{
	const struct vring_packed_desc *table = virtqueue_map_table(chain->vq, head);
	uint32_t entries = head.len / sizeof(*table);

	if (!table)
		return false;
	/* D3, D7: the length of the walk is decided here, whatever the entries say (2.8.19). */
	if (entries > chain->elem->capacity)
		return virtqueue_refuse(chain->vq, "desc.len", head.len,
					"indirect table is longer than the device allows");
	for (uint32_t i = 0; i < entries; i++) {
		struct desc_copy desc = read_desc(&table[i]);

		if (!chain_add(chain, desc))
			return false;
	}
	return true;
}

/* One descriptor of a list: available, and a buffer, or a table if it is the only one. */
static inline bool add_desc(struct chain *chain, uint16_t position, struct desc_copy desc)
{
	struct VirtQueue *vq = chain->vq;

	/* 2.8.15, 2.8.17: all of a list is available before its first descriptor is. */
	if (!is_available(desc.flags, position))
		return virtqueue_refuse(vq, "desc.flags", desc.flags,
					"list runs into a descriptor not available");
	if (!(desc.flags & VRING_DESC_F_INDIRECT))
		return chain_add(chain, desc);
	/* 2.8.19: nothing comes before a table; that nothing follows is checked with the table. */
	if (position != vq->last_avail_idx)
		return virtqueue_refuse(vq, "desc.flags", desc.flags, "INDIRECT within a list");
	return walk_table(chain, desc);
}

/* 2.8.5, 2.8.6: the list goes on in the next slot while NEXT is set; its last one has the id. */
bool virtqueue_packed_pop(struct VirtQueue *vq, struct VirtQueueElement *elem)
{
	struct chain chain = chain_begin(vq, elem);
	uint16_t position = vq->last_avail_idx;

	if (virtqueue_packed_empty(vq) && !virtqueue_arm(vq))
		return false;
	for (uint32_t length = 1;; length++) {
		struct desc_copy desc = read_desc(slot_at(vq, position));

		if (!add_desc(&chain, position, desc))
			return false;
		position = virtqueue_packed_advance(vq, position, 1);
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return chain_end(&chain, desc.next, length, position);
		/* D1, D2: a list may fill the ring, less what is in flight, and no more. */
		if (length == vq->num - vq->inuse)
			return virtqueue_refuse(vq, "desc.flags", desc.flags,
						"list is longer than the ring");
	}
}

/*
 * The entry at vq->run stays as it is, so it gets its flags. Only the first of a batch keeps its
 * old ones until flush: the driver stops there and cannot see the others.
 */
static void end_run(struct VirtQueue *vq)
{
	uint16_t position = virtqueue_packed_advance(vq, vq->used_idx, vq->run);

	if (vq->run == 0)
		vq->first_flags = vq->run_flags;
	else
		le16_write(&slot_at(vq, position)->flags, vq->run_flags);
}

/*
 * 2.8.2: the used descriptor goes to the next slot in the order of use, not to the buffer's own.
 * What it overwrites has been popped. Its flags wait until the run ends (2.8.15: nothing of a
 * descriptor changes once they are written).
 */
void virtqueue_packed_fill(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len,
			   bool run_goes_on)
{
	uint16_t position = virtqueue_packed_advance(vq, vq->used_idx, vq->run);
	struct vring_packed_desc *desc = slot_at(vq, position);

	le16_write(&desc->id, elem->index);
	le32_write(&desc->len, len);
	/* 2.8.4: WRITE says that len is meant. 2.8.1: used if AVAIL and USED equal the counter. */
	vq->run_flags = (len ? VRING_DESC_F_WRITE : 0) | (position & 0x8000u ? AVAIL_USED : 0);
	if (!run_goes_on)
		end_run(vq);
}

void virtqueue_packed_flush(struct VirtQueue *vq)
{
	if (vq->run != vq->filled)
		end_run(vq);
	/*
	 * 2.8.6: data and all used descriptors are visible before the first one's flags. Pairs with
	 * the load barrier of the driver's virtqueue_get_buf, after it has read those flags.
	 */
	virtio_wmb();
	le16_write(&slot_at(vq, vq->used_idx)->flags, vq->first_flags);
}

/*
 * Has the entry at slot and wrap counter @event been used since we last decided? (2.8.10) The two
 * together are a place on a circle of two laps: an entry that is not behind us in this lap or the
 * one before lies up to two laps back, which counts if so many are new.
 */
static bool passed(const struct VirtQueue *vq, uint16_t event)
{
	int32_t ago = (int32_t)(vq->used_idx & 0x7fffu) - (int32_t)(event & 0x7fffu);

	if ((vq->used_idx ^ event) & 0x8000u)
		ago += (int32_t)vq->num;
	if (ago <= 0)
		ago += 2 * (int32_t)vq->num;
	return ago > 0 && (uint32_t)ago <= vq->unsignalled; /* a slot beyond the ring: never */
}

bool virtqueue_packed_should_notify(const struct VirtQueue *vq)
{
	uint16_t flags = le16_read(&vq->ring.driver_event->flags) & 3;

	if (flags == VRING_PACKED_EVENT_FLAG_DISABLE)
		return false;
	/* ENABLE; or a value that is no answer: one interrupt too many does no harm. */
	if (flags != VRING_PACKED_EVENT_FLAG_DESC || !vq->event_idx)
		return true;
	/*
	 * Flags before off_wrap. Pairs with the store barrier in the driver's virtqueue_enable_cb,
	 * which writes off_wrap first: DESC is never combined with an offset older than it.
	 */
	virtio_rmb();
	return passed(vq, le16_read(&vq->ring.driver_event->off_wrap));
}

void virtqueue_packed_set_notification(struct VirtQueue *vq, bool enable)
{
	struct vring_packed_desc_event *event = vq->ring.device_event;
	uint16_t flags = VRING_PACKED_EVENT_FLAG_DISABLE;

	if (enable && vq->event_idx) {
		le16_write(&event->off_wrap, vq->last_avail_idx);
		/* Pairs with the load barrier of virtqueue_kick_prepare, between its two reads. */
		virtio_wmb();
		flags = VRING_PACKED_EVENT_FLAG_DESC;
	} else if (enable) {
		flags = VRING_PACKED_EVENT_FLAG_ENABLE;
	}
	le16_write(&event->flags, flags);
}
