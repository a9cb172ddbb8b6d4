// SPDX-License-Identifier: MIT
/*
 * The packed layout (2.8), driver half: one ring of descriptors that both sides write, and an event
 * suppression structure from each side to the other.
 *
 * Mirrors the functions named _packed in drivers/virtio/virtio_ring.c of Linux. A position is a
 * slot with the wrap counter of that lap in bit 15; Linux keeps the driver's in two variables.
 */
#include "vring_private.h"

#define WRAP (1u << VRING_PACKED_EVENT_F_WRAP_CTR)

static uint16_t slot_of(uint16_t position)
{
	return position & (WRAP - 1);
}

/* The position @steps on, at most one lap; passing the last slot flips the wrap counter (2.8.1). */
static uint16_t forward(const struct vring_virtqueue *vq, uint16_t position, uint16_t steps)
{
	uint32_t slot = slot_of(position) + steps;

	if (slot < vq->num)
		return position + steps;
	return (slot - vq->num) | (~position & WRAP);
}

/* 2.8.1: AVAIL equals the wrap counter of @position, USED its inverse. */
static uint16_t avail_flags(uint16_t position)
{
	return position & WRAP ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED;
}

/* 2.8.1: used at @position are those that have both equal to the wrap counter. */
static bool flags_used(uint16_t flags, uint16_t position)
{
	uint16_t both = VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED;

	return (flags & both) == (position & WRAP ? both : 0);
}

static bool config_valid_packed(const struct vring_config *config)
{
	/* 2.8.11; packed came with virtio 1.1, there is no legacy form of it. */
	return virtio_feature(config->features, VIRTIO_F_VERSION_1) && config->desc &&
	       (uintptr_t)config->desc % 16 == 0 && config->driver &&
	       (uintptr_t)config->driver % 4 == 0 && config->device &&
	       (uintptr_t)config->device % 4 == 0;
}

static void init_packed(struct vring_virtqueue *vq, const struct vring_config *config)
{
	uint16_t slot = config->first % config->num;
	bool wrap = !(config->first / config->num & 1); /* 2.8.1: starts at 1 */

	vq->packed.desc = config->desc;
	vq->packed.driver = config->driver;
	vq->packed.device = config->device;
	vq->event = &vq->packed.driver->off_wrap;
	vq->avail_idx = slot | (wrap ? WRAP : 0);
	vq->last_used = vq->avail_idx;

	/* 2.8.13 */
	__builtin_memset(vq->packed.desc, 0, sizeof(*vq->packed.desc) * vq->num);
	__builtin_memset(vq->packed.driver, 0, sizeof(*vq->packed.driver));
	__builtin_memset(vq->packed.device, 0, sizeof(*vq->packed.device));

	/* Not at the very beginning: all slots look used, in this lap before @slot, last lap after.
	 */
	for (unsigned int i = 0; i < vq->num; i++) {
		if (wrap == (i < slot))
			le16_write(&vq->packed.desc[i].flags,
				   VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED);
	}
}

/* Everything but the flags, which make a descriptor the device's. */
static void write_desc_packed(struct vring_packed_desc *desc, uint64_t addr, uint32_t len,
			      uint16_t id)
{
	le64_write(&desc->addr, addr);
	le32_write(&desc->len, len);
	le16_write(&desc->id, id);
}

/*
 * 2.8.21.1: one descriptor per element, from avail_idx on, all with their flags but the first,
 * whose flags are left to the caller in @head_flags. Returns the position after the last.
 */
static uint16_t write_list_packed(struct vring_virtqueue *vq, struct vring_request req, uint16_t id,
				  uint16_t *head_flags)
{
	uint16_t slot = slot_of(vq->avail_idx), wrap = vq->avail_idx & WRAP;
	struct scatterlist *const *in_sgs = req.sgs + req.out_sgs;
	const struct scatterlist *sg = *req.sgs;
	bool first = true;

	for (;; first = false) {
		struct vring_packed_desc *desc = &vq->packed.desc[slot];
		uint16_t flags = avail_flags(wrap);

		/* 2.8.17: what the device writes comes after what it reads. */
		if (req.sgs >= in_sgs)
			flags |= VRING_DESC_F_WRITE;
		if (--req.elems)
			flags |= VRING_DESC_F_NEXT;
		/* 2.8.6: the device takes the id from the last; all carry it. */
		write_desc_packed(desc, sg->dma_address, sg->length, id);
		if (first)
			*head_flags = flags;
		else
			le16_write(&desc->flags, flags);
		if (++slot == vq->num) {
			slot = 0;
			wrap ^= WRAP;
		}
		if (!req.elems)
			return slot | wrap;
		sg = vring_next_elem(&req.sgs, sg);
	}
}

/* 2.8.7: the table of buffer @id; elements in order, no flag but WRITE (2.8.19). */
static uint16_t write_table_packed(struct vring_virtqueue *vq, struct vring_request req,
				   uint16_t id, uint16_t *head_flags)
{
	size_t offset = vring_indirect_bytes(id, vq->indirect_max);
	struct vring_packed_desc *desc =
		(struct vring_packed_desc *)((char *)vq->indirect + offset);

	for (unsigned int i = 0; i < req.out_sgs + req.in_sgs; i++) {
		for (const struct scatterlist *sg = req.sgs[i]; sg; sg = sg_next(sg)) {
			write_desc_packed(desc, sg->dma_address, sg->length, 0);
			le16_write(&desc->flags, i < req.out_sgs ? 0 : VRING_DESC_F_WRITE);
			desc++;
		}
	}
	write_desc_packed(&vq->packed.desc[slot_of(vq->avail_idx)], vq->indirect_dma + offset,
			  req.elems * sizeof(*desc), id);
	*head_flags = avail_flags(vq->avail_idx) | VRING_DESC_F_INDIRECT;
	return forward(vq, vq->avail_idx, 1);
}

static void expose_packed(struct vring_virtqueue *vq, struct vring_request req, bool indirect)
{
	struct vring_packed_desc *head = &vq->packed.desc[slot_of(vq->avail_idx)];
	uint16_t id = vq->free_head; /* one per buffer, so there are always enough */
	uint16_t position, head_flags = 0;

	if (indirect)
		position = write_table_packed(vq, req, id, &head_flags);
	else
		position = write_list_packed(vq, req, id, &head_flags);
	vq->free_head = vq->bufs[id].next;
	vq->bufs[id].last = id;

	/*
	 * 2.8.21.1.1: the whole list is visible before its first descriptor becomes available.
	 * Pairs with the load barrier in the device's virtqueue_pop(), after it has read the flags.
	 */
	virtio_wmb();
	le16_write(&head->flags, head_flags);
	vq->avail_idx = position;
	vq->num_added += vq->bufs[id].num;
}

static int add_packed(struct vring_virtqueue *vq, struct scatterlist *const *sgs,
		      unsigned int out_sgs, unsigned int in_sgs, void *data, void *ctx)
{
	return vring_add(vq, sgs, out_sgs, in_sgs, data, ctx, expose_packed);
}

/*
 * Has the slot that the device asked to hear of been passed since the last kick decision? (2.8.10)
 * Slot and wrap counter together are a place on a circle of two laps. So an event that is not
 * behind us in this one or the other lies up to two laps back, which counts if that many slots are
 * new.
 */
static bool event_passed_packed(const struct vring_virtqueue *vq, uint16_t off_wrap)
{
	int32_t ago = (int32_t)slot_of(vq->avail_idx) - (int32_t)slot_of(off_wrap);

	if ((off_wrap ^ vq->avail_idx) & WRAP)
		ago += vq->num;
	if (ago <= 0)
		ago += 2 * vq->num;
	return ago <= (int64_t)vq->num_added;
}

static bool wants_kick_packed(const struct vring_virtqueue *vq)
{
	uint16_t flags = le16_read(&vq->packed.device->flags);
	uint16_t off_wrap = 0;
	bool kick;

	/* 2.8.10; without EVENT_IDX a DESC would be a breach, and kicking is the safe answer. */
	if (vq->event_idx && flags == VRING_PACKED_EVENT_FLAG_DESC) {
		/* Pairs with the store barrier in the device, which writes off_wrap before flags.
		 */
		virtio_rmb();
		off_wrap = le16_read(&vq->packed.device->off_wrap);
		kick = event_passed_packed(vq, off_wrap);
	} else {
		kick = flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	}
	vring_trace_kick(vq, off_wrap, flags, kick);
	return kick;
}

static bool next_used_packed(struct vring_virtqueue *vq, struct vring_used_copy *used)
{
	const struct vring_packed_desc *desc = &vq->packed.desc[slot_of(vq->last_used)];
	uint16_t flags = le16_read(&desc->flags);

	if (!flags_used(flags, vq->last_used))
		return false;
	/*
	 * 2.8.22: id, length and data are read after the flags. Pairs with the store barrier in
	 * the device's virtqueue_flush().
	 */
	virtio_rmb();
	used->id = le16_read(&desc->id);
	used->len = le32_read(&desc->len);
	used->len_valid = flags & VRING_DESC_F_WRITE;
	used->buffers = vq->num; /* nothing says how far it went but the id */
	return true;
}

/* 2.8.6: the device goes on behind the slots that the buffer took up, whatever it used of them. */
static void advance_packed(struct vring_virtqueue *vq, uint16_t num)
{
	vring_set_last_used(vq, forward(vq, vq->last_used, num));
}

static void *get_buf_packed(struct vring_virtqueue *vq, unsigned int *len, void **ctx)
{
	return vring_get_buf(vq, len, ctx, next_used_packed, advance_packed);
}

static uint16_t in_flight_packed(const struct vring_virtqueue *vq)
{
	return vq->num - vq->vq.num_free;
}

static bool used_past_packed(const struct vring_virtqueue *vq, uint16_t position, uint16_t ahead)
{
	/* The slot @ahead may be the middle of a list, where nothing is ever marked used. */
	(void)ahead;
	return flags_used(le16_read(&vq->packed.desc[slot_of(position)].flags), position);
}

static void interrupt_at_packed(struct vring_virtqueue *vq, uint16_t ahead)
{
	struct vring_packed_desc_event *driver = vq->packed.driver;

	if (!vq->event_idx) {
		le16_write(&driver->flags, VRING_PACKED_EVENT_FLAG_ENABLE);
		return;
	}
	le16_write(&driver->off_wrap, forward(vq, vq->last_used, ahead));
	/* Pairs with the load barrier in the device, which reads flags before off_wrap. */
	virtio_wmb();
	le16_write(&driver->flags, VRING_PACKED_EVENT_FLAG_DESC);
}

static void interrupt_off_packed(struct vring_virtqueue *vq)
{
	le16_write(&vq->packed.driver->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
}

const struct vring_ops vring_packed_ops = {
	.config_valid = config_valid_packed,
	.init = init_packed,
	.add = add_packed,
	.wants_kick = wants_kick_packed,
	.get_buf = get_buf_packed,
	.in_flight = in_flight_packed,
	.used_past = used_past_packed,
	.interrupt_at = interrupt_at_packed,
	.interrupt_off = interrupt_off_packed,
};
