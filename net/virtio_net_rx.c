/* SPDX-License-Identifier: MIT */
/*
 * Receiving: buffers for the device to fill, and the frames it puts in them.
 *
 * Mirrors the receive half of Linux's drivers/net/virtio_net.c, in its three modes. Small: a page
 * for each frame. Big: as many pages as the longest packet needs, for each frame. Mergeable: pages,
 * and a frame takes as many as it needs (VIRTIO_NET_F_MRG_RXBUF). Left out on purpose: XDP, buffers
 * whose size follows the frames seen, copying short frames out of their page.
 *
 * Everything in a buffer is the device's word. The header is copied once, then checked; what makes
 * no sense costs that frame and is counted.
 */
#include "platform/platform.h"
#include "ring/vring_errno.h"

#include "virtnet.h"

/* Linux fills the ring; at 17 pages a buffer that is more than our smallest machine has. */
#define BIG_BUFFERS_MAX 32

/* ---- refill ---- */

/* Where the header of a frame goes: right before its first byte. */
static uint8_t *hdr_of(const struct virtnet_info *vi, const struct sk_buff *skb)
{
	return skb->data - vi->hdr_len;
}

static uint64_t dma_of(const struct sk_buff *skb, const uint8_t *byte)
{
	return skb->dma + (uint64_t)(byte - skb->head);
}

/* Bytes that a buffer of one page has, header included. */
static uint32_t page_buf_len(const struct virtnet_info *vi)
{
	return SKB_HEAD_MAX + vi->hdr_len;
}

/* How many buffers a frame of @len bytes takes. */
static unsigned int buffers_of(const struct virtnet_info *vi, uint32_t len)
{
	uint32_t each = page_buf_len(vi);

	return vi->mergeable_rx_bufs ? (vi->hdr_len + len + each - 1) / each : 1;
}

/*
 * The elements of a buffer: header, room for the frame. 5.1.9.8: a legacy device without ANY_LAYOUT
 * wants an element for the header alone; for mergeable buffers, any of which can begin a frame or
 * go on with one, Linux gives it none, and so do we.
 */
static unsigned int rx_elements(struct receive_queue *rq, struct sk_buff *skb, uint32_t len)
{
	const struct virtnet_info *vi = rq->vi;
	bool apart = !vi->any_header_sg && !vi->mergeable_rx_bufs;
	uint32_t first = len < SKB_HEAD_MAX ? len : SKB_HEAD_MAX;
	unsigned int n = 0;

	sg_init_table(rq->sg, VIRTNET_SG_MAX);
	if (apart) {
		sg_set(&rq->sg[n++], dma_of(skb, hdr_of(vi, skb)), vi->hdr_len);
		sg_set(&rq->sg[n++], dma_of(skb, skb->data), first);
	} else {
		sg_set(&rq->sg[n++], dma_of(skb, hdr_of(vi, skb)), vi->hdr_len + first);
	}
	len -= first;
	for (struct sk_buff *frag = skb->frag; frag; frag = frag->frag) {
		uint32_t here = len < SKB_BYTES ? len : SKB_BYTES;

		sg_set(&rq->sg[n++], frag->dma, here);
		len -= here;
	}
	rq->sg[n - 1].end = true;
	return n;
}

/* Pieces for a frame of up to @len bytes. */
static struct sk_buff *alloc_rx_skb(uint32_t len)
{
	struct sk_buff *skb = alloc_skb(), *last = skb;

	for (uint32_t room = SKB_HEAD_MAX; skb && room < len; room += SKB_BYTES) {
		last->frag = alloc_skb();
		if (!last->frag) {
			kfree_skb(skb);
			return NULL;
		}
		last = last->frag;
		last->data = last->head;
	}
	return skb;
}

static int add_recvbuf(struct receive_queue *rq)
{
	struct virtnet_info *vi = rq->vi;
	/* A mergeable buffer is a whole page, whatever a frame may need of it. */
	uint32_t len = vi->mergeable_rx_bufs ? SKB_HEAD_MAX : vi->rx_max_len;
	struct sk_buff *skb = alloc_rx_skb(len);
	int err;

	if (!skb)
		return -ENOMEM;
	err = virtqueue_add_inbuf(rq->vq, rq->sg, rx_elements(rq, skb, len), skb);
	if (err)
		kfree_skb(skb);
	else
		rq->posted++;
	return err;
}

/* Adds buffers until the ring is full, or memory is short: then net_poll() tries again. */
static void try_fill_recv(struct receive_queue *rq)
{
	unsigned int most = rq->vi->big_packets ? BIG_BUFFERS_MAX : UINT32_MAX;
	int err = 0;

	/* A big buffer may not fit though something is free: then it is -ENOSPC that ends this. */
	while (!err && rq->vq->num_free && rq->posted < most)
		err = add_recvbuf(rq);
	if (virtqueue_kick_prepare(rq->vq) && virtqueue_notify(rq->vq))
		rq->stats.kicks++;
	__atomic_store_n(&rq->starved, err == -ENOMEM, __ATOMIC_RELAXED);
}

/* ---- frames ---- */

static void drop(uint64_t *counter, struct sk_buff *skb)
{
	++*counter;
	kfree_skb(skb);
}

/* Lays @len bytes of frame over the pieces of the buffer; the pieces it did not need are freed. */
static void set_length(struct sk_buff *skb, uint32_t len)
{
	struct sk_buff *last = skb;

	skb->len = len;
	skb->data_len = len > SKB_HEAD_MAX ? len - SKB_HEAD_MAX : 0;
	for (uint32_t left = skb->data_len; left; left -= last->len) {
		last = last->frag;
		last->len = left < SKB_BYTES ? left : SKB_BYTES;
	}
	kfree_skb(last->frag);
	last->frag = NULL;
}

/*
 * 5.1.9.4.1: the frame goes on in the next @more buffers, which were used together with the first.
 * Returns false if the frame is lost; @skb is freed then.
 *
 * Linux takes as many buffers as it was told to. But all of them except the last are full: a buffer
 * that is not, and is said not to be the last, gives the lie to num_buffers before the frames that
 * follow are mistaken for this one's rest; and so does one without a byte.
 */
static bool receive_mergeable(struct receive_queue *rq, struct sk_buff *skb, unsigned int more)
{
	uint32_t full = page_buf_len(rq->vi);
	struct sk_buff *last = skb;
	unsigned int len = skb->len + rq->vi->hdr_len;

	if (more > MAX_SKB_FRAGS) {
		drop(&rq->stats.frame_errors, skb);
		return false;
	}
	for (; more; more--) {
		struct sk_buff *frag = NULL;

		if (len == full)
			frag = virtqueue_get_buf(rq->vq, &len);
		if (!frag) {
			drop(&rq->stats.length_errors, skb);
			return false;
		}
		rq->posted--;
		if (!len) {
			kfree_skb(frag);
			drop(&rq->stats.length_errors, skb);
			return false;
		}
		frag->data = hdr_of(rq->vi, frag);
		frag->len = len;
		skb->len += len;
		skb->data_len += len;
		last->frag = frag;
		last = frag;
	}
	return true;
}

/* Was that kind of packet negotiated? 5.1.9.4.1 */
static bool gso_expected(const struct virtio_device *vdev, uint8_t gso_type)
{
	if (gso_type & VIRTIO_NET_HDR_GSO_ECN && !virtio_has_feature(vdev, VIRTIO_NET_F_GUEST_ECN))
		return false;
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return virtio_has_feature(vdev, VIRTIO_NET_F_GUEST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return virtio_has_feature(vdev, VIRTIO_NET_F_GUEST_TSO6);
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return virtio_has_feature(vdev, VIRTIO_NET_F_GUEST_USO4) ||
		       virtio_has_feature(vdev, VIRTIO_NET_F_GUEST_USO6);
	}
	return false;
}

/* Takes the header's word for what it may say; false if it makes no sense. */
static bool virtio_net_hdr_to_skb(const struct virtnet_info *vi, struct sk_buff *skb,
				  const struct virtio_net_hdr *hdr)
{
	uint16_t start = le16_read(&hdr->csum_start), offset = le16_read(&hdr->csum_offset);
	/* 5.1.9.4.2: bits that were not negotiated, or that we do not know, say nothing. */
	bool csum = virtio_has_feature(vi->vdev, VIRTIO_NET_F_GUEST_CSUM);

	if (csum && hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if ((uint32_t)start + offset + 2 > skb->len)
			return false;
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = start;
		skb->csum_offset = offset;
	} else if (csum && hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	if (hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return true;
	skb->gso_type = hdr->gso_type;
	skb->gso_size = le16_read(&hdr->gso_size);
	skb->hdr_len = le16_read(&hdr->hdr_len); /* a hint: may be anything */
	return gso_expected(vi->vdev, hdr->gso_type) && skb->gso_size &&
	       skb->ip_summed == CHECKSUM_PARTIAL;
}

static void deliver(struct receive_queue *rq, struct sk_buff *skb)
{
	struct net_device *dev = &rq->vi->dev;

	rq->stats.packets++;
	rq->stats.bytes += skb->len;
	skb->dev = dev;
	skb->queue_mapping = (uint16_t)rq->index;
	if (dev->handler.receive)
		dev->handler.receive(dev, skb, dev->handler.arg);
	else
		drop(&rq->stats.drops, skb);
}

/* One frame. @len: bytes the device says it wrote; ring/ has seen that the buffer has so many. */
static void receive_buf(struct receive_queue *rq, struct sk_buff *skb, unsigned int len)
{
	struct virtnet_info *vi = rq->vi;
	struct virtio_net_hdr_hash hdr = { 0 };
	unsigned int num_buffers = 1;

	if (len < vi->hdr_len + ETH_HLEN) {
		drop(&rq->stats.length_errors, skb);
		return;
	}
	/* A copy of ours: the device can write to the buffer for as long as it likes (D12). */
	__builtin_memcpy(&hdr, hdr_of(vi, skb), vi->hdr_len);
	set_length(skb, len - vi->hdr_len);
	if (vi->mergeable_rx_bufs) {
		num_buffers = le16_read(&hdr.hdr.num_buffers);
		if (!num_buffers) {
			drop(&rq->stats.frame_errors, skb);
			return;
		}
		if (!receive_mergeable(rq, skb, num_buffers - 1))
			return;
	}
	if (skb->len > vi->rx_max_len || !virtio_net_hdr_to_skb(vi, skb, &hdr.hdr)) {
		drop(&rq->stats.frame_errors, skb);
		return;
	}
	if (vi->has_hash) {
		skb->hash = le32_read(&hdr.hash_value);
		skb->hash_report = le16_read(&hdr.hash_report);
	}
	deliver(rq, skb);
}

/* ---- polling ---- */

static int virtnet_receive(struct receive_queue *rq, int budget)
{
	unsigned int size = virtqueue_get_vring_size(rq->vq), len;
	unsigned int low = (unsigned int)budget < size ? (unsigned int)budget : size;
	struct sk_buff *skb;
	int received = 0;

	while (received < budget && (skb = virtqueue_get_buf(rq->vq, &len))) {
		rq->posted--;
		receive_buf(rq, skb, len);
		received++;
	}
	/*
	 * As Linux, half a budget's worth at a time, one doorbell for all of it. But 5.1.4.2: there
	 * is always room for the longest frame; on a small ring Linux might wait for a frame that
	 * the device has no room for.
	 */
	if (rq->vq->num_free > low / 2 || rq->posted < buffers_of(rq->vi, rq->vi->rx_max_len) ||
	    __atomic_load_n(&rq->starved, __ATOMIC_RELAXED))
		try_fill_recv(rq);
	return received;
}

/* Takes the queue for polling: no interrupt is wanted until it is given back. */
static void virtqueue_napi_schedule(struct receive_queue *rq)
{
	if (napi_schedule_prep(&rq->napi)) {
		virtqueue_disable_cb(rq->vq);
		__napi_schedule(&rq->napi);
	}
}

void skb_recv_done(struct virtqueue *vq)
{
	struct virtnet_info *vi = vq->vdev->priv;

	virtqueue_napi_schedule(&vi->rq[vq->index / 2]);
}

void virtnet_rx_schedule(struct receive_queue *rq)
{
	virtqueue_napi_schedule(rq);
}

/*
 * Interrupts on again, then one more look: what came between the last look and that is not
 * announced by any interrupt.
 */
static void virtqueue_napi_complete(struct receive_queue *rq, int received)
{
	unsigned int opaque = virtqueue_enable_cb_prepare(rq->vq);

	if (!napi_complete_done(&rq->napi, received))
		virtqueue_disable_cb(rq->vq); /* polled again, and still ours */
	else if (virtqueue_poll(rq->vq, opaque))
		virtqueue_napi_schedule(rq);
}

/* Linux's reclaims sent packets as well; ours are reclaimed by their own instance. */
static int virtnet_poll(struct napi_struct *napi, int budget)
{
	struct receive_queue *rq = container_of(napi, struct receive_queue, napi);
	int received = virtnet_receive(rq, budget);

	if (received < budget)
		virtqueue_napi_complete(rq, received);
	return received;
}

void virtnet_enable_rx(struct receive_queue *rq)
{
	napi_disable(&rq->napi);
	try_fill_recv(rq);
	napi_enable(&rq->napi);
	/* A frame may have come, and its interrupt found nobody to poll. */
	virtqueue_napi_schedule(rq);
}

void virtnet_init_rx(struct receive_queue *rq)
{
	netif_napi_add(&rq->napi, virtnet_poll);
}
