/* SPDX-License-Identifier: MIT */
/*
 * Sending: frames into the ring, and out of it once the device has read them.
 *
 * Mirrors the transmit half of Linux's drivers/net/virtio_net.c with napi_tx, its default. Left out
 * on purpose: XDP, byte queue limits.
 *
 * Lifetimes: a packet is the device's from virtqueue_add_outbuf() until it comes back from
 * virtqueue_get_buf(), here or, after a reset, from virtqueue_detach_unused_buf().
 */
#include "platform/platform.h"
#include "ring/vring_errno.h"

#include "virtnet.h"

/* ---- reclaim ---- */

/*
 * Takes back what was sent. To be freed outside the lock, where interrupts are off: so they are put
 * on a list. Returns how many.
 */
static unsigned int free_old_xmit(struct send_queue *sq, struct sk_buff **done)
{
	struct sk_buff *skb;
	unsigned int len, n = 0; /* len is 0: 5.1.9.1 has a legacy driver ignore it */

	while ((skb = virtqueue_get_buf(sq->vq, &len))) {
		skb->next = *done;
		*done = skb;
		n++;
	}
	return n;
}

static void free_list(struct sk_buff *skb)
{
	while (skb) {
		struct sk_buff *next = skb->next;

		kfree_skb(skb);
		skb = next;
	}
}

static void netif_stop_subqueue(struct send_queue *sq)
{
	__atomic_store_n(&sq->stopped, true, __ATOMIC_RELAXED);
	sq->stats.stops++;
}

static void netif_wake_subqueue(struct send_queue *sq)
{
	if (!sq->stopped || sq->vq->num_free < sq->stop_below)
		return;
	__atomic_store_n(&sq->stopped, false, __ATOMIC_RELAXED);
	sq->stats.wakes++;
}

/* Under the lock, which virtqueue_disable_cb() needs here: others may be adding. */
static void virtqueue_napi_schedule(struct send_queue *sq)
{
	if (napi_schedule_prep(&sq->napi)) {
		virtqueue_disable_cb(sq->vq);
		__napi_schedule(&sq->napi);
	}
}

void virtnet_tx_schedule(struct send_queue *sq)
{
	platform_lock(&sq->lock);
	virtqueue_napi_schedule(sq);
	platform_unlock(&sq->lock);
}

void skb_xmit_done(struct virtqueue *vq)
{
	struct virtnet_info *vi = vq->vdev->priv;

	virtnet_tx_schedule(&vi->sq[vq->index / 2]);
}

static int virtnet_poll_tx(struct napi_struct *napi, int budget)
{
	struct send_queue *sq = container_of(napi, struct send_queue, napi);
	struct sk_buff *done = NULL;
	unsigned int opaque, n;

	platform_lock(&sq->lock);
	virtqueue_disable_cb(sq->vq);
	n = free_old_xmit(sq, &done);
	netif_wake_subqueue(sq);
	opaque = virtqueue_enable_cb_prepare(sq->vq);
	if (!napi_complete_done(napi, 0))
		virtqueue_disable_cb(sq->vq);
	else if (virtqueue_poll(sq->vq, opaque))
		virtqueue_napi_schedule(sq);
	platform_unlock(&sq->lock);
	free_list(done);
	/* Reclaiming is cheap and never out of budget. */
	return n < (unsigned int)budget ? (int)n : budget - 1;
}

/* ---- sending ---- */

/* The header (5.1.9.2.1). All of it is written: the memory may have held another packet's bytes. */
static void virtio_net_hdr_from_skb(const struct sk_buff *skb, struct virtio_net_hdr_hash *hash)
{
	struct virtio_net_hdr *hdr = &hash->hdr;

	/* num_buffers is 0 in what is sent, the hash means nothing. */
	*hash = (struct virtio_net_hdr_hash){ 0 };
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		le16_write(&hdr->csum_start, skb->csum_start);
		le16_write(&hdr->csum_offset, skb->csum_offset);
	}
	if (skb->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		hdr->gso_type = skb->gso_type;
		le16_write(&hdr->gso_size, skb->gso_size);
		/* Exact, as GUEST_HDRLEN has it. */
		le16_write(&hdr->hdr_len, skb->hdr_len);
	}
}

static int xmit_skb(struct send_queue *sq, struct sk_buff *skb)
{
	const struct virtnet_info *vi = sq->vi;
	struct virtio_net_hdr_hash hdr;
	/* Room for it is there: SKB_HEADROOM, of which nobody else has the use. */
	uint8_t *at = vi->any_header_sg ? skb->data - vi->hdr_len : skb->head;
	unsigned int n = 0;

	virtio_net_hdr_from_skb(skb, &hdr);
	__builtin_memcpy(at, &hdr, vi->hdr_len);
	sg_init_table(sq->sg, VIRTNET_SG_MAX);
	if (vi->any_header_sg) {
		sg_set(&sq->sg[n++], skb->dma + (uint64_t)(at - skb->head),
		       vi->hdr_len + skb_headlen(skb));
	} else {
		/* 5.1.9.8: the header in an element of its own. */
		sg_set(&sq->sg[n++], skb->dma, vi->hdr_len);
		sg_set(&sq->sg[n++], skb->dma + (uint64_t)(skb->data - skb->head),
		       skb_headlen(skb));
	}
	for (const struct sk_buff *frag = skb->frag; frag; frag = frag->frag) {
		if (n == VIRTNET_SG_MAX)
			return -EMSGSIZE;
		sg_set(&sq->sg[n++], frag->dma + (uint64_t)(frag->data - frag->head), frag->len);
	}
	sq->sg[n - 1].end = true;
	return virtqueue_add_outbuf(sq->vq, sq->sg, n, skb);
}

/*
 * The ring may have no room for the next packet: stop now, while everything that is in it will
 * still be announced. Linux's check_sq_full_and_disable().
 */
static void check_sq_full_and_disable(struct send_queue *sq)
{
	if (sq->vq->num_free >= sq->stop_below)
		return;
	netif_stop_subqueue(sq);
	/* Used already, what it would wait for: then nothing may come to wake us but this. */
	if (!virtqueue_enable_cb_delayed(sq->vq))
		virtqueue_napi_schedule(sq);
}

/* Under the lock. */
static int xmit_locked(struct send_queue *sq, struct sk_buff *skb, bool more, struct sk_buff **done)
{
	uint32_t len = skb->len; /* once added, it is not ours to look at */
	int err;

	/*
	 * As long as there are packets in flight an interrupt is asked for, but a late one; of a
	 * stopped queue always, which nothing else would wake. Of a broken queue nothing comes
	 * back, whatever its ring says: Linux would spin here.
	 */
	do {
		virtqueue_disable_cb(sq->vq);
		free_old_xmit(sq, done);
		if (virtqueue_is_broken(sq->vq))
			return -EIO;
	} while ((!more || sq->stopped) && !virtqueue_enable_cb_delayed(sq->vq));
	/* What was just reclaimed is announced by nobody else. */
	netif_wake_subqueue(sq);
	if (sq->stopped)
		return -EBUSY;
	err = xmit_skb(sq, skb);
	if (err == -ENOSPC) {
		/* A packet of many pieces; it has to wait like any other. */
		netif_stop_subqueue(sq);
		if (!virtqueue_enable_cb_delayed(sq->vq))
			virtqueue_napi_schedule(sq);
		return -EBUSY;
	}
	if (err)
		return err;
	sq->stats.packets++;
	sq->stats.bytes += len;
	check_sq_full_and_disable(sq);
	return 0;
}

int start_xmit(struct send_queue *sq, struct sk_buff *skb, bool more)
{
	struct sk_buff *done = NULL;
	bool kick = false;
	int err;

	platform_lock(&sq->lock);
	err = xmit_locked(sq, skb, more, &done);
	if (!err && (!more || sq->stopped)) {
		kick = virtqueue_kick_prepare(sq->vq);
		sq->stats.kicks += kick;
	}
	platform_unlock(&sq->lock);
	/* A doorbell is slow, and needs no lock. That the device is gone shows at the next packet.
	 */
	if (kick)
		virtqueue_notify(sq->vq);
	free_list(done);
	return err;
}

void virtnet_xmit_flush(struct send_queue *sq)
{
	bool kick;

	platform_lock(&sq->lock);
	kick = virtqueue_kick_prepare(sq->vq);
	sq->stats.kicks += kick;
	platform_unlock(&sq->lock);
	if (kick)
		virtqueue_notify(sq->vq);
}

void virtnet_enable_tx(struct send_queue *sq)
{
	napi_enable(&sq->napi);
	virtnet_tx_schedule(sq);
}

void virtnet_init_tx(struct send_queue *sq)
{
	netif_napi_add(&sq->napi, virtnet_poll_tx);
}
