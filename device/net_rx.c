/* SPDX-License-Identifier: MIT */
/*
 * The network card's receiving side: which frames pass, to which queue, into which buffers.
 *
 * Mirrors virtio_net_receive_rcu() and its helpers in QEMU's hw/net/virtio-net.c. A frame is
 * written straight into the driver's buffers, and nothing is read back from them.
 */
#include "net.h"

#define ETH_HLEN 14
#define VLAN_HLEN 4

static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static bool has(const struct VirtIONet *n, unsigned int bit)
{
	return virtio_vdev_has_feature(n->vdev, bit);
}

static bool in_table(const struct VirtIONet *n, unsigned int from, unsigned int to,
		     const uint8_t *mac)
{
	for (unsigned int i = from; i < to; i++)
		if (!__builtin_memcmp(n->mac_table.macs[i], mac, 6))
			return true;
	return false;
}

/* 5.1.9.5.1, 5.1.9.5.2, 5.1.9.5.3: may the driver see it? QEMU's receive_filter(). */
static bool receive_filter(const struct VirtIONet *n, const struct NetFrame *frame,
			   const struct NetHeaders *h)
{
	const uint8_t *to = frame->data;

	if (n->promisc)
		return true;
	if (h->tagged && !(n->vlans[h->vlan / 32] >> h->vlan % 32 & 1))
		return false;
	if (!__builtin_memcmp(to, broadcast, 6))
		return !n->nobcast;
	if (to[0] & 1) {
		if (n->nomulti)
			return false;
		return n->allmulti || n->mac_table.multi_overflow ||
		       in_table(n, n->mac_table.first_multi, n->mac_table.in_use, to);
	}
	if (n->nouni)
		return false;
	return n->alluni || n->mac_table.uni_overflow || !__builtin_memcmp(to, n->config.mac, 6) ||
	       in_table(n, 0, n->mac_table.first_multi, to);
}

/* Which pair a frame goes to; the hash for its header. */
static unsigned int steer(struct VirtIONet *n, const struct NetFrame *frame, uint32_t *hash,
			  uint16_t *report)
{
	unsigned int pair = 0;

	*hash = net_hash(frame->data, frame->len, n->rss.hash_types, n->rss.key, false, report);
	if (n->rss.enabled) {
		/* 5.1.9.5.7.3 */
		pair = *report ? n->rss.table[*hash & n->rss.table_mask] : n->rss.unclassified;
	} else if (n->curr_queue_pairs > 1) {
		uint16_t any;
		uint32_t flow = net_hash(frame->data, frame->len, VIRTIO_NET_HASH_TYPES, n->rss.key,
					 false, &any);

		/* 5.1.9.5.6: the queue that belongs to the one the flow is sent on. */
		pair = any ? n->flow_pair[flow & 0xff] : 0;
	}
	return pair < n->curr_queue_pairs ? pair : 0;
}

/*
 * 5.1.9.5.6.2: if the queue is being reset, another will do; but not one that RSS has not chosen
 * (5.1.9.5.7.3). Returns NULL, and the frame is lost, if there is none.
 */
static struct VirtQueue *receive_queue(struct VirtIONet *n, unsigned int *pair)
{
	struct VirtQueue *vq = virtio_get_queue(n->vdev, 2 * *pair);

	for (unsigned int i = 0; !vq && !n->rss.enabled && i < n->curr_queue_pairs; i++) {
		*pair = i;
		vq = virtio_get_queue(n->vdev, 2 * i);
	}
	return vq;
}

/* Copies into a buffer's pieces from @offset on; returns how many bytes had room. */
static uint32_t copy_to_elem(const struct VirtQueueElement *elem, uint64_t offset, const void *from,
			     uint32_t len)
{
	const uint8_t *bytes = from;
	uint32_t done = 0;

	for (unsigned int i = 0; i < elem->in_num && done < len; i++) {
		const struct guest_piece *piece = &elem->in_sg[i];
		uint32_t here;

		if (offset >= piece->len) {
			offset -= piece->len;
			continue;
		}
		here = piece->len - (uint32_t)offset;
		if (here > len - done)
			here = len - done;
		__builtin_memcpy((uint8_t *)piece->base + offset, bytes + done, here);
		done += here;
		offset = 0;
	}
	return done;
}

static void unpop_all(struct VirtIONet *n, struct VirtQueue *vq, unsigned int num)
{
	while (num)
		virtqueue_unpop(vq, &n->elems[--num]);
}

/*
 * Buffers for @bytes, in n->elems: one, or with MRG_RXBUF as many as it takes. Returns how many; 0
 * with none taken if there are not enough; -1 if it fits into none, with one dropped packet.
 */
static int pop_rx(struct VirtIONet *n, struct VirtQueue *vq, uint32_t bytes)
{
	unsigned int num = 0, pieces = 0;
	uint64_t room = 0;

	do {
		struct VirtQueueElement *elem = &n->elems[num];

		if (num == VIRTIO_NET_CHAIN || pieces > VIRTIO_NET_CHAIN)
			goto out_too_many;
		elem->pieces = &n->pieces[pieces];
		elem->capacity = VIRTIO_NET_CHAIN;
		if (!virtqueue_pop(vq, elem))
			goto out_none;
		num++;
		pieces += elem->in_num + elem->out_num;
		/* 5.1.9.3.1: room for the header at least, and nothing to read. */
		if (elem->out_num || elem->in_len < virtio_net_hdr_bytes(n)) {
			virtio_device_fail(n->vdev, "a receive buffer that no header fits into");
			return -1;
		}
		room += elem->in_len;
	} while (room < bytes && has(n, VIRTIO_NET_F_MRG_RXBUF));
	if (room >= bytes)
		return (int)num;
out_too_many:
	unpop_all(n, vq, num);
	return -1;
out_none:
	unpop_all(n, vq, num);
	return 0;
}

static void fill_header(struct VirtIONet *n, const struct NetFrame *frame,
			struct virtio_net_hdr_hash *hash, uint16_t num_buffers)
{
	struct virtio_net_hdr *hdr = &hash->hdr;

	hdr->flags = frame->flags | n->fault.rx_flags;
	hdr->gso_type = n->fault.rx_gso_type ? n->fault.rx_gso_type : frame->gso_type;
	le16_write(&hdr->hdr_len, frame->hdr_len);
	le16_write(&hdr->gso_size, frame->gso_size);
	le16_write(&hdr->csum_start, (uint16_t)(frame->csum_start + n->fault.rx_csum_start));
	le16_write(&hdr->csum_offset, frame->csum_offset);
	/* 5.1.9.4.1: 1 without MRG_RXBUF, too. */
	le16_write(&hdr->num_buffers,
		   n->fault.lie_num_buffers ? n->fault.num_buffers : num_buffers);
}

/* Writes header and frame over the buffers; each is full except the last (5.1.9.4.1). */
static void fill_rx(struct VirtIONet *n, struct VirtQueue *vq, const struct NetFrame *frame,
		    const struct virtio_net_hdr_hash *hash, unsigned int num)
{
	uint32_t header = virtio_net_hdr_bytes(n), done = 0;

	for (unsigned int i = 0; i < num; i++) {
		struct VirtQueueElement *elem = &n->elems[i];
		uint32_t used = 0;

		if (!i)
			used = copy_to_elem(elem, 0, hash, header);
		if (done < frame->len) {
			uint32_t here =
				copy_to_elem(elem, used, frame->data + done, frame->len - done);

			used += here;
			done += here;
		}
		if (n->fault.rx_len) {
			/* The ring would stop a length that is a lie; it has to believe it. */
			elem->in_len = UINT32_MAX;
			used += (uint32_t)n->fault.rx_len;
		}
		virtqueue_fill(vq, elem, used);
	}
	/* All of them at once, so that the driver never sees a part of a frame. */
	virtqueue_flush(vq);
}

/* What the header can say of a checksum that is there and complete. */
static uint8_t judge_csum(struct VirtIONet *n, const struct NetFrame *frame,
			  const struct NetHeaders *h, struct VirtIONetStats *stats)
{
	int good;

	if (!(n->curr_guest_offloads & VIRTIO_NET_BIT(GUEST_CSUM))) {
		stats->rx_csum_none++;
		return 0;
	}
	if (frame->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		stats->rx_needs_csum++;
		return VIRTIO_NET_HDR_F_NEEDS_CSUM;
	}
	good = net_check_csum(frame->data, frame->len, h);
	if (good > 0)
		stats->rx_csum_valid++;
	else if (!good)
		stats->rx_csum_bad++;
	else
		stats->rx_csum_none++;
	/* 5.1.9.4.1: DATA_VALID only for what was checked. */
	return good > 0 ? VIRTIO_NET_HDR_F_DATA_VALID : 0;
}

static void count_rx(struct VirtIONetStats *stats, const struct NetFrame *frame)
{
	stats->rx_packets++;
	stats->rx_bytes += frame->len;
	if (frame->gso_type) {
		stats->rx_gso_packets++;
		stats->rx_gso_bytes += frame->len;
	}
}

/* 5.1.4.1: nothing longer than the MTU, unless it is one packet for many. */
static bool too_long(const struct VirtIONet *n, const struct NetFrame *frame,
		     const struct NetHeaders *h)
{
	uint32_t header = ETH_HLEN + (h->tagged ? VLAN_HLEN : 0);

	return has(n, VIRTIO_NET_F_MTU) && frame->gso_type == VIRTIO_NET_HDR_GSO_NONE &&
	       frame->len > le16_read(&n->config.mtu) + header;
}

bool virtio_net_receive(struct NetClientState *nc, const struct NetFrame *sent)
{
	struct VirtIONet *n = nc->opaque;
	struct NetFrame frame = *sent;
	struct NetHeaders h = net_parse(frame.data, frame.len);
	struct virtio_net_hdr_hash hash = { 0 };
	uint32_t hash_value;
	uint16_t report;
	unsigned int pair;
	struct VirtIONetStats *stats;
	struct VirtQueue *vq;
	int num;

	/* With the link down, or no driver, frames are lost and nobody waits for them. */
	if (!(le16_read(&n->config.status) & VIRTIO_NET_S_LINK_UP) || !n->running)
		return true;
	if (frame.len < ETH_HLEN || !receive_filter(n, &frame, &h))
		return true;
	pair = steer(n, &frame, &hash_value, &report);
	vq = receive_queue(n, &pair);
	stats = &n->queues[pair].stats;
	if (!vq || too_long(n, &frame, &h)) {
		stats->rx_drops++;
		return true;
	}
	num = pop_rx(n, vq, virtio_net_hdr_bytes(n) + frame.len);
	if (num <= 0) {
		stats->rx_drops += num < 0;
		stats->rx_drop_overruns += !num;
		return num < 0;
	}
	frame.flags = judge_csum(n, &frame, &h, stats);
	fill_header(n, &frame, &hash, (uint16_t)num);
	if (report) {
		le32_write(&hash.hash_value, hash_value);
		le16_write(&hash.hash_report, report);
	}
	count_rx(stats, &frame);
	fill_rx(n, vq, &frame, &hash, (unsigned int)num);
	virtio_net_notify_rx(n, vq, 1);
	return true;
}
