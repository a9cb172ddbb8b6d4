/* SPDX-License-Identifier: MIT */
/*
 * The list of cards, and the loop that serves them.
 *
 * Mirrors the parts of net/core/dev.c that a card without a protocol stack needs. Cards come, go
 * and sleep while nobody is in another function of this floor.
 */
#include "platform/platform.h"
#include "ring/vring_errno.h"

#include "virtnet.h"

static struct net_device *devices;

void register_netdev(struct net_device *dev)
{
	struct net_device **link = &devices;

	/* The lowest number that is free, as Linux names them. */
	for (unsigned int n = 0;; n++) {
		platform_snprintf(dev->name, sizeof(dev->name), "eth%u", n);
		if (!netdev_by_name(dev->name))
			break;
	}
	while (*link)
		link = &(*link)->next;
	dev->next = NULL;
	*link = dev;
}

void unregister_netdev(struct net_device *dev)
{
	for (struct net_device **link = &devices; *link; link = &(*link)->next) {
		if (*link == dev) {
			*link = dev->next;
			return;
		}
	}
}

struct net_device *netdev_next(struct net_device *after)
{
	return after ? after->next : devices;
}

struct net_device *netdev_by_name(const char *name)
{
	for (struct net_device *dev = devices; dev; dev = dev->next)
		if (!__builtin_strcmp(dev->name, name))
			return dev;
	return NULL;
}

void netif_set_handler(struct net_device *dev, const struct net_handler *handler)
{
	dev->handler = *handler;
}

/* ---- sending ---- */

static bool is_vlan(const struct sk_buff *skb)
{
	return skb_headlen(skb) >= ETH_HLEN && skb->data[12] == 0x81 && skb->data[13] == 0;
}

/* Does the device cut packets of that type? (5.1.9.2.1) */
static bool gso_negotiated(const struct virtio_device *vdev, uint8_t gso_type)
{
	/* Without HOST_ECN a packet with CWR is not for the device to cut. */
	if (gso_type & VIRTIO_NET_HDR_GSO_ECN && !virtio_has_feature(vdev, VIRTIO_NET_F_HOST_ECN))
		return false;
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return virtio_has_feature(vdev, VIRTIO_NET_F_HOST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return virtio_has_feature(vdev, VIRTIO_NET_F_HOST_TSO6);
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return virtio_has_feature(vdev, VIRTIO_NET_F_HOST_USO);
	}
	return false;
}

/* Linux's function of that name also does in software what the device cannot; of that we do
 * checksums. */
static int validate_xmit_skb(struct net_device *dev, struct sk_buff *skb)
{
	uint32_t max = dev->mtu + ETH_HLEN + (is_vlan(skb) ? VLAN_HLEN : 0);

	if (skb_headlen(skb) < ETH_HLEN)
		return -EINVAL;
	if (skb->gso_type) {
		if (!gso_negotiated(dev->vdev, skb->gso_type))
			return -EOPNOTSUPP;
		/* 5.1.9.2.1: with a gso_type there is a checksum to complete, and a size. */
		if (skb->ip_summed != CHECKSUM_PARTIAL || !skb->gso_size || !skb->hdr_len)
			return -EINVAL;
		max = dev->max_gso_len;
	}
	/* 5.1.4.2 */
	if (skb->len > max)
		return -EMSGSIZE;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;
	if ((uint32_t)skb->csum_start + skb->csum_offset + 2 > skb->len)
		return -EINVAL;
	return virtio_has_feature(dev->vdev, VIRTIO_NET_F_CSUM) ? 0 : skb_checksum_help(skb);
}

int dev_queue_xmit(struct net_device *dev, struct sk_buff *skb, bool more)
{
	struct virtnet_info *vi = netdev_priv(dev);
	struct send_queue *sq;
	int err;

	if (!dev->present)
		return -ENETDOWN;
	sq = &vi->sq[skb->queue_mapping % dev->num_pairs];
	err = validate_xmit_skb(dev, skb);
	if (!err)
		err = start_xmit(sq, skb, more);
	if (err)
		virtnet_xmit_flush(sq);
	return err;
}

bool netif_tx_queue_stopped(const struct net_device *dev, unsigned int pair)
{
	const struct virtnet_info *vi = netdev_priv(dev);

	return pair < dev->max_pairs && __atomic_load_n(&vi->sq[pair].stopped, __ATOMIC_RELAXED);
}

/* ---- the loop ---- */

/* What is neither a frame received nor one sent: changes of config, and buffers that were short. */
static unsigned int other_work(struct virtnet_info *vi)
{
	unsigned int work = 0;

	if (!vi->dev.present)
		return 0;
	if (__atomic_exchange_n(&vi->config_changed, false, __ATOMIC_ACQUIRE)) {
		virtnet_config_changed_work(vi);
		work++;
	}
	for (unsigned int i = 0; i < vi->dev.num_pairs; i++)
		if (__atomic_load_n(&vi->rq[i].starved, __ATOMIC_RELAXED))
			virtnet_rx_schedule(&vi->rq[i]);
	return work;
}

unsigned int net_poll(void)
{
	unsigned int work = 0;

	for (struct net_device *dev = devices; dev; dev = dev->next)
		work += other_work(netdev_priv(dev));
	return work + net_rx_action();
}

static void schedule_all(void)
{
	for (struct net_device *dev = devices; dev; dev = dev->next) {
		struct virtnet_info *vi = netdev_priv(dev);

		for (unsigned int i = 0; dev->present && i < dev->num_pairs; i++) {
			virtnet_rx_schedule(&vi->rq[i]);
			virtnet_tx_schedule(&vi->sq[i]);
		}
	}
}

unsigned int net_wait(uint64_t deadline)
{
	for (;;) {
		unsigned int work = net_poll();

		if (work)
			return work;
		/* A queue that found nothing, and then something after all: no interrupt comes. */
		if (napi_num_waiting())
			continue;
		/* A handler that ran after the look ends the wait at once. */
		if (!platform_wait(deadline)) {
			schedule_all();
			return net_poll();
		}
	}
}
