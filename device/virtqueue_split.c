/* SPDX-License-Identifier: MIT */
/*
 * The split ring as its device sees it (2.7): descriptor table and available ring are read, the
 * used ring is written.
 *
 * Mirrors the virtqueue_split_* functions of QEMU's hw/virtio/virtio.c. One function walks direct
 * chains and indirect tables, where QEMU has two loops.
 */
#include "chain.h"

bool virtqueue_split_init(struct VirtQueue *vq, const struct VirtQueueConfig *config)
{
	struct vring *vr = &vq->split;

	if (vq->num & (vq->num - 1))
		return virtqueue_refuse(vq, "queue_size", vq->num, "not a power of two");
	vr->num = vq->num;
	vr->desc = virtqueue_map_part(vq, "queue_desc", config->desc, vring_desc_bytes(vr->num),
				      VRING_DESC_ALIGN);
	vr->avail = virtqueue_map_part(vq, "queue_driver", config->driver,
				       vring_avail_bytes(vr->num), VRING_AVAIL_ALIGN);
	vr->used = virtqueue_map_part(vq, "queue_device", config->device, vring_used_bytes(vr->num),
				      VRING_USED_ALIGN);
	return !vq->broken;
}

/* What the driver finds in our part before anything was used. */
void virtqueue_split_publish_start(struct VirtQueue *vq)
{
	le16_write(&vq->split.used->idx, vq->used_idx);
}

bool virtqueue_split_empty(struct VirtQueue *vq)
{
	uint16_t idx;

	/* Known to be there from an earlier look: the shared cache line is left alone. */
	if (vq->shadow_avail_idx != vq->last_avail_idx)
		return false;
	idx = le16_read(&vq->split.avail->idx); /* shared; free-running */
	if (idx == vq->last_avail_idx)
		return true;
	/*
	 * D4, D2: every buffer occupies a descriptor at least, and those of buffers in flight are
	 * not the driver's to offer. QEMU checks the jump and the number in flight apart.
	 */
	if ((uint16_t)(idx - vq->last_avail_idx) > vq->num - vq->inuse) {
		virtqueue_refuse(vq, "avail.idx", idx, "more buffers than the ring holds");
		return true;
	}
	vq->shadow_avail_idx = idx;
	/*
	 * idx is read before the entries and descriptors it covers. Pairs with the store barrier in
	 * the driver's virtqueue_add, before it moves idx (2.7.13.3.1).
	 */
	virtio_rmb();
	return false;
}

/* The one read of a descriptor: whatever is checked afterwards is this copy (D12). */
static struct desc_copy read_desc(const struct vring_desc *desc)
{
	struct vring_desc aligned;

	desc = chain_align(desc, &aligned);
	return (struct desc_copy){
		.addr = le64_read(&desc->addr),
		.len = le32_read(&desc->len),
		.flags = le16_read(&desc->flags),
		.next = le16_read(&desc->next),
	};
}

/* 2.7.5: from the head along next, and on into an indirect table if the chain ends with one. */
static bool walk(struct chain *chain, uint16_t head)
{
	struct VirtQueue *vq = chain->vq;
	const struct vring_desc *table = vq->split.desc;
	uint32_t entries = vq->num;
	uint32_t slot = head;
	uint32_t length = 0; /* descriptors that name buffers, in both tables */
	bool in_table = false;

	for (;;) {
		struct desc_copy desc;

		if (slot >= entries)
			return virtqueue_refuse(vq, "desc.next", slot, "outside its table");
		desc = read_desc(&table[slot]);

		if (desc.flags & VRING_DESC_F_INDIRECT) {
			/* 2.7.5.3.1; the address proves nothing, the ring could name itself. */
			if (in_table)
				return virtqueue_refuse(vq, "desc.flags", desc.flags,
							"INDIRECT within an indirect table");
			table = virtqueue_map_table(vq, desc);
			if (!table)
				return false;
			entries = desc.len / sizeof(struct vring_desc);
			slot = 0;
			in_table = true;
			continue;
		}
		/* D1, D2: a loop is a chain that does not end in time (2.7.5.3.1). */
		if (length++ == vq->num)
			return virtqueue_refuse(vq, "desc.next", slot,
						"chain is longer than the queue");
		if (!chain_add(chain, desc))
			return false;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return true;
		slot = desc.next;
	}
}

bool virtqueue_split_pop(struct VirtQueue *vq, struct VirtQueueElement *elem)
{
	const struct vring *vr = &vq->split;
	struct chain chain = chain_begin(vq, elem);
	uint16_t head;

	if (virtqueue_split_empty(vq) && !virtqueue_arm(vq))
		return false;
	head = le16_read(&vr->avail->ring[vq->last_avail_idx & (vr->num - 1)]);
	if (head >= vr->num)
		return virtqueue_refuse(vq, "avail.ring", head, "head is outside the table");
	return walk(&chain, head) && chain_end(&chain, head, 1, (uint16_t)(vq->last_avail_idx + 1));
}

/* Not visible yet: the driver looks no further than used.idx. */
void virtqueue_split_fill(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len)
{
	const struct vring *vr = &vq->split;
	struct vring_used_elem *used = &vr->used->ring[(vq->used_idx + vq->run) & (vr->num - 1)];

	le32_write(&used->id, elem->index);
	le32_write(&used->len, len);
}

void virtqueue_split_flush(struct VirtQueue *vq)
{
	/*
	 * 2.7.8.2: data, id and len are visible before idx moves. Pairs with the load barrier of
	 * the driver's virtqueue_get_buf, after it has read idx.
	 */
	virtio_wmb();
	le16_write(&vq->split.used->idx, (uint16_t)(vq->used_idx + vq->filled));
}

bool virtqueue_split_should_notify(const struct VirtQueue *vq)
{
	uint16_t event;

	/* 2.7.7.2: the flag counts without EVENT_IDX, the index with it, never both. */
	if (!vq->event_idx)
		return !(le16_read(&vq->split.avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
	if (vq->unsignalled > UINT16_MAX)
		return true;
	event = le16_read(vring_used_event(&vq->split));
	return vring_need_event(event, vq->used_idx, (uint16_t)(vq->used_idx - vq->unsignalled));
}

void virtqueue_split_set_notification(struct VirtQueue *vq, bool enable)
{
	/*
	 * 2.7.10.2: with EVENT_IDX flags stay 0. To decline, the event is left where it is: the
	 * driver has passed it or is about to, and will not meet it again for 65536 entries.
	 */
	if (!vq->event_idx)
		le16_write(&vq->split.used->flags, enable ? 0 : VRING_USED_F_NO_NOTIFY);
	else if (enable)
		le16_write(vring_avail_event(&vq->split), vq->last_avail_idx);
}
