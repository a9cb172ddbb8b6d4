// SPDX-License-Identifier: MIT
/*
 * The split layout (2.7), driver half: a descriptor table and an available ring that we write, a
 * used ring that we read.
 *
 * Mirrors the functions named _split in drivers/virtio/virtio_ring.c of Linux.
 */
#include "vring_private.h"

static bool config_valid_split(const struct vring_config *config)
{
	/* 2.7: a power of two, so that a free-running index finds its slot by a mask. */
	if (config->num & (config->num - 1))
		return false;
	/* 2.7.1 */
	return config->desc && (uintptr_t)config->desc % VRING_DESC_ALIGN == 0 && config->driver &&
	       (uintptr_t)config->driver % VRING_AVAIL_ALIGN == 0 && config->device &&
	       (uintptr_t)config->device % VRING_USED_ALIGN == 0;
}

static void init_split(struct vring_virtqueue *vq, const struct vring_config *config)
{
	struct vring *vr = &vq->split;

	vr->num = config->num;
	vr->desc = config->desc;
	vr->avail = config->driver;
	vr->used = config->device;
	vq->event = vring_used_event(vr);

	/* 2.7.10.1: used.flags starts at 0. This is the only time that we write to the used ring.
	 */
	__builtin_memset(vr->desc, 0, vring_desc_bytes(vr->num));
	__builtin_memset(vr->avail, 0, vring_avail_bytes(vr->num));
	__builtin_memset(vr->used, 0, vring_used_bytes(vr->num));

	vq->avail_idx = config->first;
	vq->last_used = config->first;
	vq->used_seen = config->first;
	le16_write(&vr->avail->idx, config->first);
	le16_write(&vr->used->idx, config->first);
}

static void write_desc_split(struct vring_desc *desc, uint64_t addr, uint32_t len, uint16_t flags,
			     uint16_t next)
{
	le64_write(&desc->addr, addr);
	le32_write(&desc->len, len);
	le16_write(&desc->flags, flags);
	le16_write(&desc->next, next);
}

/*
 * 2.7.13.1: one descriptor per element, from @slot on. In the descriptor table the next one is
 * whichever is free; in order, that is one higher (2.7.5.2). In an indirect table it is always one
 * higher (2.7.5.3.1). Returns the slot of the last.
 */
static inline __attribute__((always_inline)) unsigned int
write_chain_split(struct vring_virtqueue *vq, struct vring_request req, struct vring_desc *table,
		  unsigned int slot, bool indirect)
{
	struct scatterlist *const *in_sgs = req.sgs + req.out_sgs;
	const struct scatterlist *sg = *req.sgs;

	for (;;) {
		/* 2.7.4.2: what the device writes comes after what it reads. */
		uint16_t write = req.sgs < in_sgs ? 0 : VRING_DESC_F_WRITE;
		unsigned int next = indirect ? slot + 1 : vq->bufs[slot].next;

		if (--req.elems == 0) {
			write_desc_split(&table[slot], sg->dma_address, sg->length, write, 0);
			return slot;
		}
		write_desc_split(&table[slot], sg->dma_address, sg->length,
				 write | VRING_DESC_F_NEXT, next);
		slot = next;
		sg = vring_next_elem(&req.sgs, sg);
	}
}

/* 2.7.5.3: one entry of the ring, without NEXT, for a table. */
static void write_table_split(struct vring_virtqueue *vq, struct vring_request req)
{
	size_t offset = vring_indirect_bytes(vq->free_head, vq->indirect_max);

	write_chain_split(vq, req, (struct vring_desc *)((char *)vq->indirect + offset), 0, true);
	write_desc_split(&vq->split.desc[vq->free_head], vq->indirect_dma + offset,
			 req.elems * sizeof(struct vring_desc), VRING_DESC_F_INDIRECT, 0);
}

static void expose_split(struct vring_virtqueue *vq, struct vring_request req, bool indirect)
{
	struct vring *vr = &vq->split;
	unsigned int head = vq->free_head, last = head;

	if (indirect)
		write_table_split(vq, req);
	else
		last = write_chain_split(vq, req, vr->desc, head, false);
	vq->bufs[head].last = last;
	vq->free_head = vq->bufs[last].next;

	/* 2.7.13.2: the head goes where idx says, modulo the size. */
	le16_write(&vr->avail->ring[vq->avail_idx & (vr->num - 1)], head);

	/*
	 * 2.7.13.3.1: descriptors and ring entry are visible before idx moves. Pairs with the load
	 * barrier in the device's virtqueue_pop(), after it has read idx.
	 */
	virtio_wmb();
	vq->avail_idx++;
	vq->num_added++;
	le16_write(&vr->avail->idx, vq->avail_idx);
}

static int add_split(struct vring_virtqueue *vq, struct scatterlist *const *sgs,
		     unsigned int out_sgs, unsigned int in_sgs, void *data, void *ctx)
{
	return vring_add(vq, sgs, out_sgs, in_sgs, data, ctx, expose_split);
}

static bool wants_kick_split(const struct vring_virtqueue *vq)
{
	const struct vring *vr = &vq->split;
	uint16_t event = 0, flags = 0;
	bool kick;

	/* 2.7.10.1: one of the two decides, the other is ignored. */
	if (vq->event_idx) {
		event = le16_read(vring_avail_event(vr));
		/* Once round the circle, "between old and new" says nothing any more: kick (G6). */
		kick = vq->num_added > UINT16_MAX ||
		       vring_need_event(event, vq->avail_idx, vq->avail_idx - vq->num_added);
	} else {
		flags = le16_read(&vr->used->flags);
		kick = !(flags & VRING_USED_F_NO_NOTIFY);
	}
	vring_trace_kick(vq, event, flags, kick);
	return kick;
}

static bool next_used_split(struct vring_virtqueue *vq, struct vring_used_copy *used)
{
	const struct vring *vr = &vq->split;
	const struct vring_used_elem *elem = &vr->used->ring[vq->last_used & (vr->num - 1)];

	if (vq->used_seen == vq->last_used) {
		uint16_t idx = le16_read(&vr->used->idx);

		if (idx == vq->last_used)
			return false;
		if ((uint16_t)(idx - vq->last_used) > (uint16_t)(vq->avail_idx - vq->last_used)) {
			vring_bad(vq, "used.idx", idx, "no further than the buffers in flight");
			return false;
		}
		vq->used_seen = idx;
		/*
		 * 2.7.8.2: the elements below idx, and the data, are read after idx. Pairs with
		 * the store barrier in the device's virtqueue_flush().
		 */
		virtio_rmb();
	}
	used->id = le32_read(&elem->id);
	used->len = le32_read(&elem->len);
	used->len_valid = true;
	used->buffers = vq->used_seen - vq->last_used;
	return true;
}

/* One used element per buffer, however long its chain; in order, as if there were (2.7.9). */
static void advance_split(struct vring_virtqueue *vq, uint16_t num)
{
	(void)num;
	vring_set_last_used(vq, vq->last_used + 1);
}

static void *get_buf_split(struct vring_virtqueue *vq, unsigned int *len, void **ctx)
{
	return vring_get_buf(vq, len, ctx, next_used_split, advance_split);
}

static uint16_t in_flight_split(const struct vring_virtqueue *vq)
{
	return vq->avail_idx - vq->last_used;
}

static bool used_past_split(const struct vring_virtqueue *vq, uint16_t position, uint16_t ahead)
{
	return (uint16_t)(le16_read(&vq->split.used->idx) - position) > ahead;
}

static void interrupt_at_split(struct vring_virtqueue *vq, uint16_t ahead)
{
	/* 2.7.7.1: with event indices flags stay 0, without them used_event means nothing. */
	if (vq->event_idx)
		le16_write(vq->event, vq->last_used + ahead);
	else
		le16_write(&vq->split.avail->flags, 0);
}

static void interrupt_off_split(struct vring_virtqueue *vq)
{
	/*
	 * An event index cannot say "never". The entry just behind us is the furthest ahead on the
	 * circle: 65535 buffers may be used before it comes round. (Linux writes 0 here.)
	 */
	if (vq->event_idx)
		le16_write(vq->event, vq->last_used - 1);
	else
		le16_write(&vq->split.avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
}

const struct vring_ops vring_split_ops = {
	.config_valid = config_valid_split,
	.init = init_split,
	.add = add_split,
	.wants_kick = wants_kick_split,
	.get_buf = get_buf_split,
	.in_flight = in_flight_split,
	.used_past = used_past_split,
	.interrupt_at = interrupt_at_split,
	.interrupt_off = interrupt_off_split,
};
