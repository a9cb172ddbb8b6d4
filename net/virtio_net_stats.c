/* SPDX-License-Identifier: MIT */
/*
 * Counters: ours, and those of the device (VIRTIO_NET_F_DEVICE_STATS, 5.1.9.5.11).
 *
 * Mirrors virtnet_get_hw_stats() of Linux's drivers/net/virtio_net.c, which asks for all queues at
 * once and lists names for ethtool. Left out on purpose: the two SPEED types, whose limits no
 * device here has.
 */
#include "ring/vring_errno.h"

#include "virtnet.h"

void virtnet_get_rx_stats(const struct net_device *dev, unsigned int pair,
			  struct net_queue_stats *stats)
{
	const struct virtnet_info *vi = netdev_priv(dev);

	*stats = pair < dev->max_pairs ? vi->rq[pair].stats : (struct net_queue_stats){ 0 };
}

void virtnet_get_tx_stats(const struct net_device *dev, unsigned int pair,
			  struct net_queue_stats *stats)
{
	const struct virtnet_info *vi = netdev_priv(dev);

	*stats = pair < dev->max_pairs ? vi->sq[pair].stats : (struct net_queue_stats){ 0 };
}

/* A counter of a reply, and where it goes. */
struct counter {
	uint8_t type;	  /* enum virtio_net_stats_type */
	uint8_t wire;	  /* offset in the reply's struct */
	uint16_t counter; /* offset in struct net_device_stats */
};

#define COUNTER(type_, struct_, field)                                      \
	{                                                                   \
		.type = VIRTIO_NET_STATS_TYPE_##type_,                      \
		.wire = offsetof(struct virtio_net_stats_##struct_, field), \
		.counter = offsetof(struct net_device_stats, field),        \
	}

static const struct counter counters[] = {
	COUNTER(RX_BASIC, rx_basic, rx_notifications),
	COUNTER(RX_BASIC, rx_basic, rx_packets),
	COUNTER(RX_BASIC, rx_basic, rx_bytes),
	COUNTER(RX_BASIC, rx_basic, rx_interrupts),
	COUNTER(RX_BASIC, rx_basic, rx_drops),
	COUNTER(RX_BASIC, rx_basic, rx_drop_overruns),
	COUNTER(RX_CSUM, rx_csum, rx_csum_valid),
	COUNTER(RX_CSUM, rx_csum, rx_needs_csum),
	COUNTER(RX_CSUM, rx_csum, rx_csum_none),
	COUNTER(RX_CSUM, rx_csum, rx_csum_bad),
	COUNTER(RX_GSO, rx_gso, rx_gso_packets),
	COUNTER(RX_GSO, rx_gso, rx_gso_bytes),
	COUNTER(TX_BASIC, tx_basic, tx_notifications),
	COUNTER(TX_BASIC, tx_basic, tx_packets),
	COUNTER(TX_BASIC, tx_basic, tx_bytes),
	COUNTER(TX_BASIC, tx_basic, tx_interrupts),
	COUNTER(TX_BASIC, tx_basic, tx_drops),
	COUNTER(TX_BASIC, tx_basic, tx_drop_malformed),
	COUNTER(TX_CSUM, tx_csum, tx_csum_none),
	COUNTER(TX_CSUM, tx_csum, tx_needs_csum),
	COUNTER(TX_GSO, tx_gso, tx_gso_packets),
	COUNTER(TX_GSO, tx_gso, tx_gso_bytes),
	COUNTER(TX_GSO, tx_gso, tx_gso_segments),
	COUNTER(TX_GSO, tx_gso, tx_gso_segments_bytes),
	{ VIRTIO_NET_STATS_TYPE_CVQ, offsetof(struct virtio_net_stats_cvq, command_num),
	  offsetof(struct net_device_stats, cvq_commands) },
	{ VIRTIO_NET_STATS_TYPE_CVQ, offsetof(struct virtio_net_stats_cvq, ok_num),
	  offsetof(struct net_device_stats, cvq_ok) },
};

#define BIT(n) (1ull << (n))
#define RX_TYPES                                                                    \
	(BIT(VIRTIO_NET_STATS_TYPE_RX_BASIC) | BIT(VIRTIO_NET_STATS_TYPE_RX_CSUM) | \
	 BIT(VIRTIO_NET_STATS_TYPE_RX_GSO))
#define TX_TYPES                                                                    \
	(BIT(VIRTIO_NET_STATS_TYPE_TX_BASIC) | BIT(VIRTIO_NET_STATS_TYPE_TX_CSUM) | \
	 BIT(VIRTIO_NET_STATS_TYPE_TX_GSO))
#define CVQ_TYPES BIT(VIRTIO_NET_STATS_TYPE_CVQ)

/* All replies that a single queue can give: each type's struct, rounded up. */
#define REPLY_MAX 256

/* Adds one reply, of @size bytes, to the counters. */
static void take_reply(const uint8_t *reply, uint32_t size, uint8_t type,
		       struct net_device_stats *stats)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		const struct counter *c = &counters[i];
		le64 wire;
		uint64_t value;

		/* 5.1.9.5.11.12: the device may know fewer counters of a type than we do. */
		if (c->type != type || c->wire + sizeof(wire) > size)
			continue;
		__builtin_memcpy(&wire, reply + c->wire, sizeof(wire));
		value = le64_read(&wire);
		__builtin_memcpy((char *)stats + c->counter, &value, sizeof(value));
	}
}

/* Asks for the statistics of one queue; @types are not empty and the device has them. */
static int get_queue_stats(struct virtnet_info *vi, unsigned int index, uint64_t types,
			   struct net_device_stats *stats)
{
	struct virtio_net_ctrl_queue_stats ask = { 0 };
	struct virtnet_part part = { &ask, sizeof(ask) };
	uint8_t replies[REPLY_MAX];
	uint32_t at = 0, size;
	int len;

	le16_write(&ask.vq_index, (uint16_t)index);
	le64_write(&ask.types_bitmap, types);
	len = virtnet_send_command_reply(vi, VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_GET,
					 &part, 1, replies, sizeof(replies));
	if (len < 0)
		return len;
	/* The device's word again: a size that leads nowhere ends it. */
	for (; at + sizeof(struct virtio_net_stats_reply_hdr) <= (uint32_t)len; at += size) {
		struct virtio_net_stats_reply_hdr hdr;

		__builtin_memcpy(&hdr, replies + at, sizeof(hdr));
		size = le16_read(&hdr.size);
		if (size < sizeof(hdr) || size > (uint32_t)len - at)
			break;
		take_reply(replies + at, size, hdr.type, stats);
	}
	return 0;
}

int virtnet_get_device_stats(struct net_device *dev, uint16_t pair, struct net_device_stats *stats)
{
	struct virtnet_info *vi = netdev_priv(dev);
	le64 wire;
	int err;

	*stats = (struct net_device_stats){ 0 };
	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_DEVICE_STATS))
		return -EOPNOTSUPP;
	if (pair >= dev->num_pairs)
		return -EINVAL;
	/* 5.1.9.5.11.13: only what it says it has is asked for. */
	err = virtnet_send_command_reply(vi, VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_QUERY,
					 NULL, 0, &wire, sizeof(wire));
	if (err < 0)
		return err;
	if (err < (int)sizeof(wire))
		return -EREMOTEIO;
	err = 0;
	stats->types = le64_read(&wire) & (RX_TYPES | TX_TYPES | CVQ_TYPES);
	if (stats->types & RX_TYPES)
		err = get_queue_stats(vi, 2u * pair, stats->types & RX_TYPES, stats);
	if (!err && stats->types & TX_TYPES)
		err = get_queue_stats(vi, 2u * pair + 1, stats->types & TX_TYPES, stats);
	if (!err && stats->types & CVQ_TYPES)
		err = get_queue_stats(vi, 2 * vi->device_pairs, stats->types & CVQ_TYPES, stats);
	return err;
}
