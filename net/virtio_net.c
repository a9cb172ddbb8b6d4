/* SPDX-License-Identifier: MIT */
/*
 * A network card's life: found, set up, asleep, awake, gone.
 *
 * Mirrors virtnet_validate() to virtnet_remove() of Linux's drivers/net/virtio_net.c. The
 * directions and the control queue are in files of their own. Left out on purpose: what the comment
 * of net.h says; UFO, RSC, standby, tunnels, which are not in the feature table either.
 */
#include "platform/platform.h"
#include "ring/vring_errno.h"

#include "virtnet.h"

#define RSS_KEY_MIN 40 /* 5.1.4.1; an IPv6 hash needs no more */
#define HASH_TYPES                                                                             \
	(VIRTIO_NET_HASH_TYPE_IPv4 | VIRTIO_NET_HASH_TYPE_TCPv4 | VIRTIO_NET_HASH_TYPE_UDPv4 | \
	 VIRTIO_NET_HASH_TYPE_IPv6 | VIRTIO_NET_HASH_TYPE_TCPv6 | VIRTIO_NET_HASH_TYPE_UDPv6)

#define CONFIG(field) offsetof(struct virtio_net_config, field)

/* ---- features ---- */

static const unsigned int features[] = {
	VIRTIO_NET_F_CSUM,
	VIRTIO_NET_F_GUEST_CSUM,
	VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
	VIRTIO_NET_F_MTU,
	VIRTIO_NET_F_MAC,
	VIRTIO_NET_F_GUEST_TSO4,
	VIRTIO_NET_F_GUEST_TSO6,
	VIRTIO_NET_F_GUEST_ECN,
	VIRTIO_NET_F_HOST_TSO4,
	VIRTIO_NET_F_HOST_TSO6,
	VIRTIO_NET_F_HOST_ECN,
	VIRTIO_NET_F_MRG_RXBUF,
	VIRTIO_NET_F_STATUS,
	VIRTIO_NET_F_CTRL_VQ,
	VIRTIO_NET_F_CTRL_RX,
	VIRTIO_NET_F_CTRL_VLAN,
	VIRTIO_NET_F_CTRL_RX_EXTRA,
	VIRTIO_NET_F_GUEST_ANNOUNCE,
	VIRTIO_NET_F_MQ,
	VIRTIO_NET_F_CTRL_MAC_ADDR,
	VIRTIO_NET_F_DEVICE_STATS,
	VIRTIO_NET_F_VQ_NOTF_COAL,
	VIRTIO_NET_F_NOTF_COAL,
	VIRTIO_NET_F_GUEST_USO4,
	VIRTIO_NET_F_GUEST_USO6,
	VIRTIO_NET_F_HOST_USO,
	VIRTIO_NET_F_HASH_REPORT,
	VIRTIO_NET_F_GUEST_HDRLEN,
	VIRTIO_NET_F_RSS,
	VIRTIO_NET_F_SPEED_DUPLEX,
	/* A legacy device does without an element for the header alone. */
	VIRTIO_F_ANY_LAYOUT,
};

/* Of bits above 31 a legacy device knows nothing. */
static const unsigned int features_legacy[] = {
	VIRTIO_NET_F_CSUM,	 VIRTIO_NET_F_GUEST_CSUM,    VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
	VIRTIO_NET_F_MTU,	 VIRTIO_NET_F_MAC,	     VIRTIO_NET_F_GUEST_TSO4,
	VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_ECN,     VIRTIO_NET_F_HOST_TSO4,
	VIRTIO_NET_F_HOST_TSO6,	 VIRTIO_NET_F_HOST_ECN,	     VIRTIO_NET_F_MRG_RXBUF,
	VIRTIO_NET_F_STATUS,	 VIRTIO_NET_F_CTRL_VQ,	     VIRTIO_NET_F_CTRL_RX,
	VIRTIO_NET_F_CTRL_VLAN,	 VIRTIO_NET_F_CTRL_RX_EXTRA, VIRTIO_NET_F_GUEST_ANNOUNCE,
	VIRTIO_NET_F_MQ,	 VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_F_ANY_LAYOUT,
};

/* 5.1.3.1: each is of no use without one of the others. 0 is CSUM, so the lists end with NONE. */
#define NONE 0xff
static const struct {
	uint8_t feature;
	uint8_t needs[3];
} requirements[] = {
	{ VIRTIO_NET_F_GUEST_TSO4, { VIRTIO_NET_F_GUEST_CSUM, NONE } },
	{ VIRTIO_NET_F_GUEST_TSO6, { VIRTIO_NET_F_GUEST_CSUM, NONE } },
	{ VIRTIO_NET_F_GUEST_USO4, { VIRTIO_NET_F_GUEST_CSUM, NONE } },
	{ VIRTIO_NET_F_GUEST_USO6, { VIRTIO_NET_F_GUEST_CSUM, NONE } },
	{ VIRTIO_NET_F_GUEST_ECN, { VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_TSO6, NONE } },
	{ VIRTIO_NET_F_HOST_TSO4, { VIRTIO_NET_F_CSUM, NONE } },
	{ VIRTIO_NET_F_HOST_TSO6, { VIRTIO_NET_F_CSUM, NONE } },
	{ VIRTIO_NET_F_HOST_USO, { VIRTIO_NET_F_CSUM, NONE } },
	{ VIRTIO_NET_F_HOST_ECN, { VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_HOST_TSO6, NONE } },
	{ VIRTIO_NET_F_CTRL_RX, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_CTRL_VLAN, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_CTRL_RX_EXTRA, { VIRTIO_NET_F_CTRL_RX, NONE } },
	{ VIRTIO_NET_F_GUEST_ANNOUNCE, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_MQ, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_CTRL_MAC_ADDR, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_NOTF_COAL, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_VQ_NOTF_COAL, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_DEVICE_STATS, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_RSS, { VIRTIO_NET_F_CTRL_VQ, NONE } },
	{ VIRTIO_NET_F_HASH_REPORT, { VIRTIO_NET_F_CTRL_VQ, NONE } },
};

static bool has_any(const struct virtio_device *vdev, const uint8_t *bits)
{
	for (; *bits != NONE; bits++)
		if (virtio_has_feature(vdev, *bits))
			return true;
	return false;
}

/* Does without a feature, and says why. */
static void leave_out(struct virtio_device *vdev, unsigned int bit, const char *why)
{
	const char *name = virtio_feature_name(VIRTIO_ID_NET, bit);

	if (!virtio_has_feature(vdev, bit))
		return;
	platform_log(PLATFORM_WARNING, "virtio%d: feature %u, %s, is left out: %s", vdev->index,
		     bit, name ? name : "without a name", why);
	virtio_clear_feature(vdev, bit);
}

/* The control queue has number 2 * pairs: with too many there is no such number. */
static bool pairs_possible(unsigned int pairs)
{
	return pairs >= VIRTIO_NET_MQ_PAIRS_MIN && pairs < VIRTIO_NET_MQ_PAIRS_MAX;
}

/*
 * What the device offers may not go together, or not with what its config says: then the driver
 * does without. Linux refuses a card that offers a command without a control queue; a card that
 * works without the command is better than none.
 */
static int virtnet_validate(struct virtio_device *vdev)
{
	uint16_t pairs;

	for (size_t i = 0; i < sizeof(requirements) / sizeof(*requirements); i++)
		if (!has_any(vdev, requirements[i].needs))
			leave_out(vdev, requirements[i].feature, "it needs one that is not there");

	/* 5.1.4.1: 68 to 65535. */
	if (virtio_has_feature(vdev, VIRTIO_NET_F_MTU) &&
	    virtio_cread16(vdev, CONFIG(mtu)) < VIRTIO_NET_MIN_MTU)
		leave_out(vdev, VIRTIO_NET_F_MTU, "no such MTU");

	if (virtio_has_feature(vdev, VIRTIO_NET_F_RSS) ||
	    virtio_has_feature(vdev, VIRTIO_NET_F_HASH_REPORT)) {
		if (virtio_cread8(vdev, CONFIG(rss_max_key_size)) < RSS_KEY_MIN) {
			leave_out(vdev, VIRTIO_NET_F_RSS, "no room for a key");
			leave_out(vdev, VIRTIO_NET_F_HASH_REPORT, "no room for a key");
		} else if (!virtio_cread16(vdev, CONFIG(rss_max_indirection_table_length))) {
			leave_out(vdev, VIRTIO_NET_F_RSS, "no room for a table");
		}
	}
	if (virtio_has_feature(vdev, VIRTIO_NET_F_MQ) ||
	    virtio_has_feature(vdev, VIRTIO_NET_F_RSS)) {
		pairs = virtio_cread16(vdev, CONFIG(max_virtqueue_pairs));
		if (!pairs_possible(pairs)) {
			leave_out(vdev, VIRTIO_NET_F_MQ, "no such number of queues");
			leave_out(vdev, VIRTIO_NET_F_RSS, "no such number of queues");
		}
	}
	return 0;
}

/* ---- what the features come to ---- */

#define GUEST_BIT(vdev, bit) ((uint64_t)virtio_has_feature(vdev, bit) << (bit))

static uint64_t guest_offloads(const struct virtio_device *vdev)
{
	return GUEST_BIT(vdev, VIRTIO_NET_F_GUEST_CSUM) | GUEST_BIT(vdev, VIRTIO_NET_F_GUEST_TSO4) |
	       GUEST_BIT(vdev, VIRTIO_NET_F_GUEST_TSO6) | GUEST_BIT(vdev, VIRTIO_NET_F_GUEST_ECN) |
	       GUEST_BIT(vdev, VIRTIO_NET_F_GUEST_USO4) | GUEST_BIT(vdev, VIRTIO_NET_F_GUEST_USO6);
}

/* A frame can be longer than the MTU if the device may put many into one. */
static uint32_t rx_max_len(const struct virtnet_info *vi)
{
	uint32_t data = vi->dev.mtu > ETH_DATA_LEN ? vi->dev.mtu : ETH_DATA_LEN;

	if (vi->offered_offloads & ~(1ull << VIRTIO_NET_F_GUEST_CSUM))
		return 65589; /* 5.1.9.3.1: 65601 with the header of 12 bytes */
	return data + ETH_HLEN + VLAN_HLEN;
}

static void read_rss(struct virtnet_info *vi)
{
	struct virtio_device *vdev = vi->vdev;
	uint16_t table = NET_RSS_MAX_TABLE;

	vi->has_rss = virtio_has_feature(vdev, VIRTIO_NET_F_RSS);
	vi->has_hash = virtio_has_feature(vdev, VIRTIO_NET_F_HASH_REPORT);
	if (vi->has_rss || vi->has_hash)
		vi->hash_types = virtio_cread32(vdev, CONFIG(supported_hash_types)) & HASH_TYPES;
	if (!vi->has_rss)
		return;
	/* The largest power of two that both of us have room for. */
	while (table > virtio_cread16(vdev, CONFIG(rss_max_indirection_table_length)))
		table /= 2;
	vi->rss_table_len = table ? table : 1;
}

static void read_mac(struct virtnet_info *vi)
{
	static uint8_t next;

	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_MAC)) {
		virtio_cread_bytes(vi->vdev, CONFIG(mac), vi->dev.dev_addr, ETH_ALEN);
		return;
	}
	/* 5.1.4.2: a locally administered one. Linux takes a random one. */
	__builtin_memcpy(vi->dev.dev_addr, "\x02\x76\x69\x72\x74\x00", ETH_ALEN);
	vi->dev.dev_addr[5] = next++;
}

static void virtnet_update_settings(struct virtnet_info *vi)
{
	vi->dev.speed = VIRTIO_NET_SPEED_UNKNOWN;
	vi->dev.duplex = VIRTIO_NET_DUPLEX_UNKNOWN;
	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_SPEED_DUPLEX))
		return;
	vi->dev.speed = virtio_cread32(vi->vdev, CONFIG(speed));
	vi->dev.duplex = virtio_cread8(vi->vdev, CONFIG(duplex));
	/* 5.1.4.2 */
	if (vi->dev.speed > 0x7fffffff)
		vi->dev.speed = VIRTIO_NET_SPEED_UNKNOWN;
	if (vi->dev.duplex > VIRTIO_NET_DUPLEX_FULL)
		vi->dev.duplex = VIRTIO_NET_DUPLEX_UNKNOWN;
}

/* The device may say another number now than when it was validated. */
static int read_config(struct virtnet_info *vi)
{
	struct virtio_device *vdev = vi->vdev;
	bool modern = virtio_has_feature(vdev, VIRTIO_F_VERSION_1);

	vi->mergeable_rx_bufs = virtio_has_feature(vdev, VIRTIO_NET_F_MRG_RXBUF);
	vi->any_header_sg = modern || virtio_has_feature(vdev, VIRTIO_F_ANY_LAYOUT);
	read_rss(vi);
	if (vi->has_hash)
		vi->hdr_len = sizeof(struct virtio_net_hdr_hash);
	else if (modern || vi->mergeable_rx_bufs)
		vi->hdr_len = sizeof(struct virtio_net_hdr);
	else
		vi->hdr_len = VIRTIO_NET_LEGACY_HDR_BYTES;

	vi->dev.mtu = virtio_has_feature(vdev, VIRTIO_NET_F_MTU) ?
			      virtio_cread16(vdev, CONFIG(mtu)) :
			      ETH_DATA_LEN;
	vi->offered_offloads = guest_offloads(vdev);
	vi->rx_max_len = rx_max_len(vi);
	vi->big_packets = !vi->mergeable_rx_bufs && vi->rx_max_len > SKB_HEAD_MAX;
	if (virtio_has_feature(vdev, VIRTIO_NET_F_HOST_TSO4) ||
	    virtio_has_feature(vdev, VIRTIO_NET_F_HOST_TSO6) ||
	    virtio_has_feature(vdev, VIRTIO_NET_F_HOST_USO))
		vi->dev.max_gso_len = 65535;
	read_mac(vi);
	virtnet_update_settings(vi);

	vi->device_pairs = 1;
	if (vi->has_rss || virtio_has_feature(vdev, VIRTIO_NET_F_MQ))
		vi->device_pairs = virtio_cread16(vdev, CONFIG(max_virtqueue_pairs));
	if (!pairs_possible(vi->device_pairs)) {
		platform_log(PLATFORM_ERROR, "virtio%d: no such number of queues: %u pairs",
			     vdev->index, vi->device_pairs);
		return -EINVAL;
	}
	vi->dev.max_pairs = vi->device_pairs < NET_MAX_PAIRS ? vi->device_pairs : NET_MAX_PAIRS;
	vi->dev.num_pairs = 1;
	return 0;
}

/* ---- queues ---- */

/* What the transport is to make: pairs that we have no use for keep their numbers (5.1.2). */
static void name_queues(struct virtnet_info *vi, struct virtqueue_info *infos)
{
	for (unsigned int i = 0; i < vi->dev.max_pairs; i++) {
		platform_snprintf(vi->rq[i].name, VIRTNET_NAME, "input.%u", i);
		infos[2 * i] = (struct virtqueue_info){
			.name = vi->rq[i].name,
			.callback = skb_recv_done,
			.indirect_max = vi->big_packets || !vi->any_header_sg ? VIRTNET_SG_MAX : 0,
		};
		platform_snprintf(vi->sq[i].name, VIRTNET_NAME, "output.%u", i);
		infos[2 * i + 1] = (struct virtqueue_info){
			.name = vi->sq[i].name,
			.callback = skb_xmit_done,
			.indirect_max = VIRTNET_SG_MAX,
		};
	}
	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_CTRL_VQ))
		infos[2 * vi->device_pairs] = (struct virtqueue_info){ .name = "control" };
}

/* How many descriptors have to be free for the next packet, whatever it is. */
static unsigned int stop_below(const struct virtnet_info *vi, const struct virtqueue *vq)
{
	unsigned int size = virtqueue_get_vring_size(vq);

	if (virtio_has_feature(vi->vdev, VIRTIO_RING_F_INDIRECT_DESC))
		return 1;
	/* Linux stops at MAX_SKB_FRAGS + 2; a small ring would never be used to the half. */
	return size / 2 < VIRTNET_SG_MAX ? size / 2 : VIRTNET_SG_MAX;
}

static int init_vqs(struct virtnet_info *vi)
{
	unsigned int total = 2 * vi->device_pairs + 1;
	struct virtqueue_info *infos = platform_zalloc(total * sizeof(*infos));
	struct virtqueue **vqs = platform_zalloc(total * sizeof(struct virtqueue *));
	int err = -ENOMEM;

	if (!infos || !vqs)
		goto out;
	name_queues(vi, infos);
	err = virtio_find_vqs(vi->vdev, total, vqs, infos);
	if (err)
		goto out;
	for (unsigned int i = 0; i < vi->dev.max_pairs; i++) {
		vi->rq[i].vq = vqs[2 * i];
		vi->sq[i].vq = vqs[2 * i + 1];
		vi->rq[i].posted = 0;
		vi->sq[i].stopped = false;
		vi->sq[i].stop_below = stop_below(vi, vi->sq[i].vq);
	}
	vi->cvq = vqs[2 * vi->device_pairs];
out:
	platform_free(infos);
	platform_free(vqs);
	return err;
}

/* Everything that was given to the device and did not come back. */
static void free_unused_bufs(struct virtnet_info *vi)
{
	struct sk_buff *skb;

	for (unsigned int i = 0; i < vi->dev.max_pairs; i++) {
		while ((skb = virtqueue_detach_unused_buf(vi->rq[i].vq)))
			kfree_skb(skb);
		while ((skb = virtqueue_detach_unused_buf(vi->sq[i].vq)))
			kfree_skb(skb);
	}
	/* The control queue's buffer is vi->ctrl. */
}

/* ---- up and down ---- */

/* Buffers for the queues in use, interrupts for all; the device is ready. */
static void virtnet_open(struct virtnet_info *vi)
{
	for (unsigned int i = 0; i < vi->dev.max_pairs; i++) {
		if (i < vi->dev.num_pairs)
			virtnet_enable_rx(&vi->rq[i]);
		virtnet_enable_tx(&vi->sq[i]);
	}
}

static void virtnet_close(struct virtnet_info *vi)
{
	for (unsigned int i = 0; i < vi->dev.max_pairs; i++) {
		napi_disable(&vi->rq[i].napi);
		napi_disable(&vi->sq[i].napi);
	}
}

/*
 * Reset or not, the device can write to none of the buffers any more. Asleep there are no queues;
 * but it may have failed to wake up, and is reset.
 */
static void remove_vq_common(struct virtnet_info *vi)
{
	bool asleep = !vi->dev.present;

	vi->dev.present = false;
	virtio_reset_device(vi->vdev);
	if (asleep)
		return;
	virtnet_close(vi);
	free_unused_bufs(vi);
	vi->vdev->config->del_vqs(vi->vdev);
}

static void update_carrier(struct virtnet_info *vi, uint16_t status)
{
	bool up = status & VIRTIO_NET_S_LINK_UP;

	if (vi->dev.carrier == up)
		return;
	vi->dev.carrier = up;
	if (up)
		virtnet_update_settings(vi);
	if (vi->dev.handler.link)
		vi->dev.handler.link(&vi->dev, vi->dev.handler.arg);
}

void virtnet_config_changed_work(struct virtnet_info *vi)
{
	struct net_handler *handler = &vi->dev.handler;
	uint16_t status;

	/* 5.1.4.2: speed and duplex may be what has changed. */
	virtnet_update_settings(vi);
	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_STATUS))
		return;
	status = virtio_cread16(vi->vdev, CONFIG(status));
	if (status & VIRTIO_NET_S_ANNOUNCE &&
	    virtio_has_feature(vi->vdev, VIRTIO_NET_F_GUEST_ANNOUNCE)) {
		/* 5.1.9.5.4.1: tell the others, then the device that it is done. */
		if (handler->notify_peers)
			handler->notify_peers(&vi->dev, handler->arg);
		virtnet_ack_link_announce(vi);
	}
	update_carrier(vi, status);
}

/* From an interrupt handler. */
static void virtnet_config_changed(struct virtio_device *vdev)
{
	struct virtnet_info *vi = vdev->priv;

	__atomic_store_n(&vi->config_changed, true, __ATOMIC_RELEASE);
}

/* The link as it is, and everything the device is to be told. */
static void virtnet_start(struct virtnet_info *vi)
{
	vi->dev.present = true;
	virtio_device_ready(vi->vdev);
	virtnet_open(vi);
	virtnet_apply_settings(vi);
	/* 5.1.4.2: without STATUS the link is assumed to be up. */
	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_STATUS))
		__atomic_store_n(&vi->config_changed, true, __ATOMIC_RELEASE);
	else
		update_carrier(vi, VIRTIO_NET_S_LINK_UP);
}

/* ---- the driver ---- */

static int alloc_queues(struct virtnet_info *vi)
{
	vi->rq = platform_zalloc(vi->dev.max_pairs * sizeof(*vi->rq));
	vi->sq = platform_zalloc(vi->dev.max_pairs * sizeof(*vi->sq));
	if (!vi->rq || !vi->sq)
		return -ENOMEM;
	for (unsigned int i = 0; i < vi->dev.max_pairs; i++) {
		vi->rq[i].vi = vi;
		vi->rq[i].index = i;
		virtnet_init_rx(&vi->rq[i]);
		vi->sq[i].vi = vi;
		vi->sq[i].index = i;
		virtnet_init_tx(&vi->sq[i]);
	}
	return virtnet_ctrl_alloc(vi);
}

static void free_netdev(struct virtnet_info *vi)
{
	virtnet_ctrl_free(vi);
	platform_free(vi->rq);
	platform_free(vi->sq);
	platform_free(vi);
}

static int virtnet_probe(struct virtio_device *vdev)
{
	struct virtnet_info *vi = platform_zalloc(sizeof(*vi));
	unsigned int cpus = platform_num_cpus();
	int err;

	if (!vi)
		return -ENOMEM;
	vdev->priv = vi;
	vi->vdev = vi->dev.vdev = vdev;
	err = read_config(vi);
	if (err)
		goto out_free;
	virtnet_default_settings(vi);
	err = alloc_queues(vi);
	if (err)
		goto out_free;
	err = init_vqs(vi);
	if (err)
		goto out_free;
	skb_pool_hold();
	register_netdev(&vi->dev);
	/* As many pairs as there are CPUs to use them. */
	vi->dev.num_pairs = vi->dev.max_pairs < cpus ? vi->dev.max_pairs : (uint16_t)cpus;
	for (unsigned int i = 0; i < vi->settings.rxfh.table_len; i++)
		vi->settings.rxfh.table[i] = i % vi->dev.num_pairs;
	virtnet_start(vi);
	return 0;

out_free:
	vdev->priv = NULL;
	free_netdev(vi);
	return err;
}

static void virtnet_remove(struct virtio_device *vdev)
{
	struct virtnet_info *vi = vdev->priv;

	remove_vq_common(vi);
	unregister_netdev(&vi->dev);
	skb_pool_release();
	vdev->priv = NULL;
	free_netdev(vi);
}

static int virtnet_freeze(struct virtio_device *vdev)
{
	remove_vq_common(vdev->priv);
	return 0;
}

static int virtnet_restore(struct virtio_device *vdev)
{
	struct virtnet_info *vi = vdev->priv;
	int err = init_vqs(vi);

	if (!err)
		virtnet_start(vi);
	return err;
}

static const struct virtio_device_id id_table[] = {
	{ VIRTIO_ID_NET, VIRTIO_DEV_ANY_ID },
	{ 0 },
};

struct virtio_driver virtio_net_driver = {
	.name = "virtio_net",
	.id_table = id_table,
	.feature_table = features,
	.feature_table_size = sizeof(features) / sizeof(*features),
	.feature_table_legacy = features_legacy,
	.feature_table_size_legacy = sizeof(features_legacy) / sizeof(*features_legacy),
	.validate = virtnet_validate,
	.probe = virtnet_probe,
	.remove = virtnet_remove,
	.config_changed = virtnet_config_changed,
	.freeze = virtnet_freeze,
	.restore = virtnet_restore,
};
