/* SPDX-License-Identifier: MIT */
/*
 * The control queue: commands to the card, one at a time, each waited for.
 *
 * Mirrors virtnet_send_command() and its callers in Linux's drivers/net/virtio_net.c. Linux waits
 * for as long as it takes; here a card that does not answer within a second loses its control queue
 * and keeps the rest. Left out on purpose: what belongs to RSS contexts, tunnels and XDP.
 */
#include "platform/platform.h"
#include "ring/vring_errno.h"

#include "virtnet.h"

#define ANSWER_NS 1000000000ull
#define CTRL_DATA 2048 /* bytes; the longest command has two full address tables, 776 */

/* Shared with the device. One command is in flight at a time, so one is enough. */
struct virtnet_ctrl {
	struct virtio_net_ctrl_hdr hdr;
	uint8_t ack;
	uint8_t data[CTRL_DATA];
	_Alignas(8) uint8_t result[CTRL_DATA];
};

int virtnet_ctrl_alloc(struct virtnet_info *vi)
{
	uint64_t dma;

	vi->ctrl = platform_dma_alloc(sizeof(*vi->ctrl), &dma);
	return vi->ctrl ? 0 : -ENOMEM;
}

void virtnet_ctrl_free(struct virtnet_info *vi)
{
	if (vi->ctrl)
		platform_dma_free(vi->ctrl, sizeof(*vi->ctrl));
	vi->ctrl = NULL;
}

/* Spins: an answer takes about as long as an interrupt would. @len: the bytes said to be written.
 */
static int wait_for_answer(struct virtnet_info *vi, unsigned int *len)
{
	uint64_t deadline = platform_now() + ANSWER_NS;

	while (!virtqueue_get_buf(vi->cvq, len)) {
		if (virtqueue_is_broken(vi->cvq))
			return -EIO;
		if (platform_now() >= deadline) {
			platform_log(PLATFORM_ERROR, "%s: command %u.%u got no answer in a second",
				     vi->dev.name, vi->ctrl->hdr.class, vi->ctrl->hdr.command);
			/* The command is still the device's, and so is its memory: no other one
			 * can be sent. */
			virtqueue_break(vi->cvq);
			return -ETIMEDOUT;
		}
		platform_relax();
	}
	return 0;
}

static void sg_add(struct scatterlist *sg, const void *bytes, uint32_t len)
{
	sg_init_one(sg, platform_dma_address(bytes), len);
}

int virtnet_send_command_reply(struct virtnet_info *vi, uint8_t class, uint8_t command,
			       const struct virtnet_part *parts, unsigned int num, void *result,
			       uint32_t result_len)
{
	struct virtnet_ctrl *ctrl = vi->ctrl;
	struct scatterlist sg[5], *sgs[5] = { &sg[0], &sg[1], &sg[2], &sg[3], &sg[4] };
	unsigned int out = 0, in = 0, len;
	uint32_t used = 0;
	int err;

	if (!vi->dev.present)
		return -ENETDOWN;
	if (!vi->cvq)
		return -EOPNOTSUPP;
	/* Before anything is written: the memory may be that of a command still to be answered. */
	if (virtqueue_is_broken(vi->cvq))
		return -EIO;
	ctrl->hdr = (struct virtio_net_ctrl_hdr){ class, command };
	sg_add(&sg[out++], &ctrl->hdr, sizeof(ctrl->hdr));
	for (unsigned int i = 0; i < num; i++) {
		__builtin_memcpy(ctrl->data + used, parts[i].bytes, parts[i].len);
		sg_add(&sg[out++], ctrl->data + used, parts[i].len);
		used += parts[i].len;
	}
	/* Not an answer the device could give: one that it did not write is none. */
	ctrl->ack = 0xff;
	sg_add(&sg[out + in++], &ctrl->ack, sizeof(ctrl->ack));
	if (result_len) {
		__builtin_memset(ctrl->result, 0, result_len);
		sg_add(&sg[out + in++], ctrl->result, result_len);
	}
	err = virtqueue_add_sgs(vi->cvq, sgs, out, in, ctrl);
	if (err)
		return err == -ENOSPC ? -EIO : err;
	if (!virtqueue_kick(vi->cvq))
		return -EIO;
	err = wait_for_answer(vi, &len);
	if (err)
		return err;
	/* 5.1.9.1: a legacy device's length says nothing. */
	if (!virtio_has_feature(vi->vdev, VIRTIO_F_VERSION_1))
		len = sizeof(ctrl->ack) + result_len;
	/* 2.7.8.3: beyond the length nothing is to be trusted. Linux does not look at it. */
	if (len < sizeof(ctrl->ack) || ctrl->ack != VIRTIO_NET_OK)
		return -EREMOTEIO;
	len -= sizeof(ctrl->ack);
	if (result_len) {
		__builtin_memset(result, 0, result_len);
		__builtin_memcpy(result, ctrl->result, len);
	}
	return (int)len;
}

static int virtnet_send_command(struct virtnet_info *vi, uint8_t class, uint8_t command,
				const void *bytes, uint32_t len)
{
	struct virtnet_part part = { bytes, len };

	return virtnet_send_command_reply(vi, class, command, &part, len ? 1 : 0, NULL, 0);
}

/* ---- which frames pass (5.1.9.5.1 to 5.1.9.5.3) ---- */

static int send_switch(struct virtnet_info *vi, uint8_t command, bool on)
{
	uint8_t byte = on;

	return virtnet_send_command(vi, VIRTIO_NET_CTRL_RX, command, &byte, 1);
}

static int send_mac_table(struct virtnet_info *vi, const struct net_rx_mode *mode)
{
	struct {
		le32 entries;
		uint8_t macs[NET_MAC_TABLE][ETH_ALEN];
	} uc, mc;
	struct virtnet_part parts[2] = {
		{ &uc, sizeof(le32) + mode->num_uc * ETH_ALEN },
		{ &mc, sizeof(le32) + mode->num_mc * ETH_ALEN },
	};

	le32_write(&uc.entries, mode->num_uc);
	__builtin_memcpy(uc.macs, mode->uc, mode->num_uc * ETH_ALEN);
	le32_write(&mc.entries, mode->num_mc);
	__builtin_memcpy(mc.macs, mode->mc, mode->num_mc * ETH_ALEN);
	return virtnet_send_command_reply(vi, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET,
					  parts, 2, NULL, 0);
}

static int send_rx_extra(struct virtnet_info *vi, const struct net_rx_mode *mode)
{
	int err = send_switch(vi, VIRTIO_NET_CTRL_RX_ALLUNI, mode->alluni);

	if (!err)
		err = send_switch(vi, VIRTIO_NET_CTRL_RX_NOMULTI, mode->nomulti);
	if (!err)
		err = send_switch(vi, VIRTIO_NET_CTRL_RX_NOUNI, mode->nouni);
	if (!err)
		err = send_switch(vi, VIRTIO_NET_CTRL_RX_NOBCAST, mode->nobcast);
	return err;
}

static int send_rx_mode(struct virtnet_info *vi, const struct net_rx_mode *mode)
{
	int err = send_switch(vi, VIRTIO_NET_CTRL_RX_ALLMULTI, mode->allmulti);

	if (!err)
		err = send_mac_table(vi, mode);
	if (!err && virtio_has_feature(vi->vdev, VIRTIO_NET_F_CTRL_RX_EXTRA))
		err = send_rx_extra(vi, mode);
	/* Last, so that nothing wanted is lost on the way from one mode to the other. */
	if (!err)
		err = send_switch(vi, VIRTIO_NET_CTRL_RX_PROMISC, mode->promisc);
	return err;
}

int virtnet_set_rx_mode(struct net_device *dev, const struct net_rx_mode *mode)
{
	struct virtnet_info *vi = netdev_priv(dev);
	bool extra = mode->alluni || mode->nomulti || mode->nouni || mode->nobcast;
	int err;

	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_CTRL_RX) ||
	    (extra && !virtio_has_feature(vi->vdev, VIRTIO_NET_F_CTRL_RX_EXTRA)))
		return -EOPNOTSUPP;
	if (mode->num_uc > NET_MAC_TABLE || mode->num_mc > NET_MAC_TABLE)
		return -EINVAL;
	err = send_rx_mode(vi, mode);
	if (!err)
		vi->settings.rx_mode = *mode;
	else if (err == -EREMOTEIO)
		/* Some of it may have been taken. */
		send_rx_mode(vi, &vi->settings.rx_mode);
	return err;
}

int virtnet_set_mac_address(struct net_device *dev, const uint8_t mac[ETH_ALEN])
{
	struct virtnet_info *vi = netdev_priv(dev);
	int err;

	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_CTRL_MAC_ADDR))
		return -EOPNOTSUPP;
	if (mac[0] & 1)
		return -EINVAL; /* a group's address is nobody's own */
	err = virtnet_send_command(vi, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac,
				   ETH_ALEN);
	if (err)
		return err;
	__builtin_memcpy(dev->dev_addr, mac, ETH_ALEN);
	vi->settings.mac_set = true;
	return 0;
}

static int send_vlan(struct virtnet_info *vi, uint8_t command, uint16_t vid)
{
	le16 wire;

	le16_write(&wire, vid);
	return virtnet_send_command(vi, VIRTIO_NET_CTRL_VLAN, command, &wire, sizeof(wire));
}

static int change_vlan(struct net_device *dev, uint8_t command, uint16_t vid)
{
	struct virtnet_info *vi = netdev_priv(dev);
	uint32_t bit = 1u << vid % 32;
	int err;

	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_CTRL_VLAN))
		return -EOPNOTSUPP;
	if (vid >= 4096)
		return -EINVAL;
	err = send_vlan(vi, command, vid);
	if (err)
		return err;
	if (command == VIRTIO_NET_CTRL_VLAN_ADD)
		vi->settings.vlans[vid / 32] |= bit;
	else
		vi->settings.vlans[vid / 32] &= ~bit;
	return 0;
}

int virtnet_vlan_rx_add_vid(struct net_device *dev, uint16_t vid)
{
	return change_vlan(dev, VIRTIO_NET_CTRL_VLAN_ADD, vid);
}

int virtnet_vlan_rx_kill_vid(struct net_device *dev, uint16_t vid)
{
	return change_vlan(dev, VIRTIO_NET_CTRL_VLAN_DEL, vid);
}

int virtnet_ack_link_announce(struct virtnet_info *vi)
{
	return virtnet_send_command(vi, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK,
				    NULL, 0);
}

/* ---- which queue a frame goes to (5.1.9.5.6, 5.1.9.5.7) ---- */

static int send_hash_config(struct virtnet_info *vi, const struct net_rxfh *rxfh)
{
	struct virtio_net_hash_config config = { .hash_key_length = rxfh->key_len };
	struct virtnet_part parts[2] = {
		{ &config, VIRTIO_NET_HASH_CONFIG_BYTES },
		{ rxfh->key, rxfh->key_len },
	};

	le32_write(&config.hash_types, rxfh->hash_types);
	return virtnet_send_command_reply(vi, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_HASH_CONFIG,
					  parts, 2, NULL, 0);
}

static int send_rss_config(struct virtnet_info *vi, const struct net_rxfh *rxfh, uint16_t pairs)
{
	struct {
		struct virtio_net_rss_config config;
		le16 table[NET_RSS_MAX_TABLE];
	} head;
	struct {
		le16 max_tx_vq;
		uint8_t key_len;
		uint8_t key[NET_RSS_MAX_KEY];
	} tail = { .key_len = rxfh->key_len };
	struct virtnet_part parts[2] = {
		{ &head, sizeof(head.config) + rxfh->table_len * sizeof(le16) },
		{ &tail, sizeof(le16) + 1 + (uint32_t)rxfh->key_len },
	};

	le32_write(&head.config.hash_types, rxfh->hash_types);
	le16_write(&head.config.indirection_table_mask, rxfh->table_len - 1);
	le16_write(&head.config.unclassified_queue, rxfh->unclassified);
	for (unsigned int i = 0; i < rxfh->table_len; i++)
		le16_write(&head.table[i], rxfh->table[i]);
	le16_write(&tail.max_tx_vq, pairs);
	__builtin_memcpy(tail.key, rxfh->key, rxfh->key_len);
	return virtnet_send_command_reply(vi, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS_CONFIG,
					  parts, 2, NULL, 0);
}

/* Steering, or only hashes, or neither. */
static int send_rxfh(struct virtnet_info *vi, const struct net_rxfh *rxfh, uint16_t pairs)
{
	if (vi->has_rss)
		return send_rss_config(vi, rxfh, pairs);
	return vi->has_hash ? send_hash_config(vi, rxfh) : 0;
}

/* The same table over another number of pairs. */
static void spread(struct net_rxfh *rxfh, uint16_t pairs)
{
	for (unsigned int i = 0; i < rxfh->table_len; i++)
		rxfh->table[i] = i % pairs;
	rxfh->unclassified = 0;
}

/* With RSS its command says how many pairs there are, and what goes where, in one (5.1.9.5.7). */
static int send_pairs(struct virtnet_info *vi, uint16_t pairs)
{
	struct net_rxfh rxfh = vi->settings.rxfh;
	le16 wire;
	int err;

	if (vi->has_rss) {
		spread(&rxfh, pairs);
		err = send_rss_config(vi, &rxfh, pairs);
		if (!err)
			vi->settings.rxfh = rxfh;
		return err;
	}
	le16_write(&wire, pairs);
	return virtnet_send_command(vi, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &wire,
				    sizeof(wire));
}

/* As queue numbers do, CPUs go round: pair n is served by CPU n. */
static void virtnet_set_affinity(struct virtnet_info *vi, uint16_t pairs)
{
	unsigned int cpus = platform_num_cpus();

	if (!vi->vdev->config->set_vq_affinity || cpus == 1)
		return;
	for (unsigned int i = 0; i < pairs; i++) {
		vi->vdev->config->set_vq_affinity(vi->rq[i].vq, i % cpus);
		vi->vdev->config->set_vq_affinity(vi->sq[i].vq, i % cpus);
	}
}

int virtnet_set_queues(struct net_device *dev, uint16_t pairs)
{
	struct virtnet_info *vi = netdev_priv(dev);
	uint16_t before = dev->num_pairs;
	int err;

	if (!vi->has_rss && !virtio_has_feature(vi->vdev, VIRTIO_NET_F_MQ))
		return pairs == 1 ? 0 : -EOPNOTSUPP;
	if (!dev->present)
		return -ENETDOWN;
	/* 5.1.9.5.6.1 */
	if (!pairs || pairs > dev->max_pairs)
		return -EINVAL;
	/* 5.1.9.5.6.1: from when the command is on its way, nothing is sent beyond them. */
	if (pairs < before)
		dev->num_pairs = pairs;
	/* 5.1.9.3.1: and there are buffers in those that are new. */
	for (unsigned int i = before; i < pairs; i++)
		virtnet_enable_rx(&vi->rq[i]);
	err = send_pairs(vi, pairs);
	if (err) {
		dev->num_pairs = before;
		return err;
	}
	dev->num_pairs = pairs;
	virtnet_set_affinity(vi, pairs);
	return 0;
}

static bool power_of_two(unsigned int n)
{
	return n && !(n & (n - 1));
}

/* 5.1.9.5.7.2: a table the device takes, of queues that are in use. */
static bool rxfh_valid(const struct virtnet_info *vi, const struct net_rxfh *rxfh)
{
	if (rxfh->hash_types & ~vi->hash_types || rxfh->key_len != vi->settings.rxfh.key_len)
		return false;
	if (!vi->has_rss)
		return true;
	if (!power_of_two(rxfh->table_len) || rxfh->table_len > vi->rss_table_len)
		return false;
	for (unsigned int i = 0; i < rxfh->table_len; i++)
		if (rxfh->table[i] >= vi->dev.num_pairs)
			return false;
	return rxfh->unclassified < vi->dev.num_pairs;
}

int virtnet_set_rxfh(struct net_device *dev, const struct net_rxfh *rxfh)
{
	struct virtnet_info *vi = netdev_priv(dev);
	int err;

	if (!vi->has_rss && !vi->has_hash)
		return -EOPNOTSUPP;
	if (!rxfh_valid(vi, rxfh))
		return -EINVAL;
	err = send_rxfh(vi, rxfh, dev->num_pairs);
	if (!err)
		vi->settings.rxfh = *rxfh;
	return err;
}

void virtnet_get_rxfh(const struct net_device *dev, struct net_rxfh *rxfh)
{
	const struct virtnet_info *vi = netdev_priv(dev);

	*rxfh = vi->settings.rxfh;
}

uint32_t virtnet_supported_hash_types(const struct net_device *dev)
{
	const struct virtnet_info *vi = netdev_priv(dev);

	return vi->hash_types;
}

/* ---- interrupts and offloads (5.1.9.5.9, 5.1.9.5.10) ---- */

static int send_coalesce(struct virtnet_info *vi, uint8_t command, const struct net_coalesce *coal)
{
	struct virtio_net_ctrl_coal wire;

	le32_write(&wire.max_packets, coal->max_packets);
	le32_write(&wire.max_usecs, coal->max_usecs);
	return virtnet_send_command(vi, VIRTIO_NET_CTRL_NOTF_COAL, command, &wire, sizeof(wire));
}

int virtnet_set_coalesce(struct net_device *dev, const struct net_coalesce *rx,
			 const struct net_coalesce *tx)
{
	struct virtnet_info *vi = netdev_priv(dev);
	int err;

	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_NOTF_COAL))
		return -EOPNOTSUPP;
	err = send_coalesce(vi, VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, tx);
	if (err)
		return err;
	err = send_coalesce(vi, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, rx);
	if (err) {
		send_coalesce(vi, VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, &vi->settings.tx_coalesce[0]);
		return err;
	}
	vi->settings.coalesce_set = true;
	for (unsigned int i = 0; i < dev->max_pairs; i++) {
		vi->settings.rx_coalesce[i] = *rx;
		vi->settings.tx_coalesce[i] = *tx;
	}
	return 0;
}

static int send_vq_coalesce(struct virtnet_info *vi, unsigned int index,
			    const struct net_coalesce *coal)
{
	struct virtio_net_ctrl_coal_vq wire = { 0 };

	le16_write(&wire.vq_index, (uint16_t)index);
	le32_write(&wire.coal.max_packets, coal->max_packets);
	le32_write(&wire.coal.max_usecs, coal->max_usecs);
	return virtnet_send_command(vi, VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET,
				    &wire, sizeof(wire));
}

/* Commands of one queue need the feature, and a queue that is in use (5.1.9.5.10.5). */
static int check_vq_coalesce(const struct virtnet_info *vi, uint16_t pair)
{
	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_VQ_NOTF_COAL))
		return -EOPNOTSUPP;
	return pair < vi->dev.num_pairs ? 0 : -EINVAL;
}

int virtnet_set_per_queue_coalesce(struct net_device *dev, uint16_t pair,
				   const struct net_coalesce *rx, const struct net_coalesce *tx)
{
	struct virtnet_info *vi = netdev_priv(dev);
	int err = check_vq_coalesce(vi, pair);

	if (!err)
		err = send_vq_coalesce(vi, 2u * pair, rx);
	if (err)
		return err;
	err = send_vq_coalesce(vi, 2u * pair + 1, tx);
	if (err) {
		send_vq_coalesce(vi, 2u * pair, &vi->settings.rx_coalesce[pair]);
		return err;
	}
	vi->settings.coalesce_set = true;
	vi->settings.rx_coalesce[pair] = *rx;
	vi->settings.tx_coalesce[pair] = *tx;
	return 0;
}

static int get_vq_coalesce(struct virtnet_info *vi, unsigned int index, struct net_coalesce *coal)
{
	struct {
		le16 vq_index;
		le16 reserved;
	} ask = { 0 };
	struct virtnet_part part = { &ask, sizeof(ask) };
	struct virtio_net_ctrl_coal answer;
	int len;

	le16_write(&ask.vq_index, (uint16_t)index);
	len = virtnet_send_command_reply(vi, VIRTIO_NET_CTRL_NOTF_COAL,
					 VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, &part, 1, &answer,
					 sizeof(answer));
	if (len < 0)
		return len; /* 5.1.9.5.10.5: what it may have written means nothing */
	if (len < (int)sizeof(answer))
		return -EREMOTEIO;
	coal->max_packets = le32_read(&answer.max_packets);
	coal->max_usecs = le32_read(&answer.max_usecs);
	return 0;
}

int virtnet_get_per_queue_coalesce(struct net_device *dev, uint16_t pair, struct net_coalesce *rx,
				   struct net_coalesce *tx)
{
	struct virtnet_info *vi = netdev_priv(dev);
	int err = check_vq_coalesce(vi, pair);

	if (!err)
		err = get_vq_coalesce(vi, 2u * pair, rx);
	if (!err)
		err = get_vq_coalesce(vi, 2u * pair + 1, tx);
	return err;
}

static int send_guest_offloads(struct virtnet_info *vi, uint64_t offloads)
{
	le64 wire;

	le64_write(&wire, offloads);
	return virtnet_send_command(vi, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
				    VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &wire, sizeof(wire));
}

int virtnet_set_guest_offloads(struct net_device *dev, uint64_t offloads)
{
	struct virtnet_info *vi = netdev_priv(dev);
	int err;

	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
		return -EOPNOTSUPP;
	if (offloads & ~vi->offered_offloads)
		return -EINVAL;
	err = send_guest_offloads(vi, offloads);
	if (!err)
		vi->settings.guest_offloads = offloads;
	return err;
}

uint64_t virtnet_guest_offloads(const struct net_device *dev)
{
	const struct virtnet_info *vi = netdev_priv(dev);

	return vi->settings.guest_offloads;
}

/* ---- all of it again ---- */

/* The key of Microsoft's RSS test vectors, so that hashes can be checked against the book. */
static const uint8_t rss_key[NET_RSS_MAX_KEY] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

void virtnet_default_settings(struct virtnet_info *vi)
{
	struct virtnet_settings *s = &vi->settings;

	s->guest_offloads = vi->offered_offloads;
	s->rxfh.hash_types = vi->hash_types;
	s->rxfh.key_len = 40;
	__builtin_memcpy(s->rxfh.key, rss_key, sizeof(rss_key));
	s->rxfh.table_len = vi->rss_table_len;
	spread(&s->rxfh, 1);
}

/* A card that refuses a setting goes on without it. */
static void told(const struct virtnet_info *vi, const char *what, int err)
{
	if (err)
		platform_log(PLATFORM_WARNING, "%s: the device did not take %s: error %d",
			     vi->dev.name, what, -err);
}

static void apply_filters(struct virtnet_info *vi)
{
	const struct virtnet_settings *s = &vi->settings;
	struct virtio_device *vdev = vi->vdev;

	/* 5.1.9.5.2.2: the device has to hear of an address that is not the one in its config. */
	if (virtio_has_feature(vdev, VIRTIO_NET_F_CTRL_MAC_ADDR) &&
	    (s->mac_set || !virtio_has_feature(vdev, VIRTIO_NET_F_MAC)))
		told(vi, "the address",
		     virtnet_send_command(vi, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET,
					  vi->dev.dev_addr, ETH_ALEN));
	if (virtio_has_feature(vdev, VIRTIO_NET_F_CTRL_RX))
		told(vi, "the filter", send_rx_mode(vi, &s->rx_mode));
	for (unsigned int vid = 0; vid < 4096; vid++)
		if (s->vlans[vid / 32] >> vid % 32 & 1)
			told(vi, "a VLAN", send_vlan(vi, VIRTIO_NET_CTRL_VLAN_ADD, (uint16_t)vid));
}

static void apply_queues(struct virtnet_info *vi)
{
	uint16_t pairs = vi->dev.num_pairs;
	int err = 0;

	if (vi->has_rss)
		err = send_rss_config(vi, &vi->settings.rxfh, pairs);
	else if (pairs > 1)
		err = send_pairs(vi, pairs);
	told(vi, "the number of queues", err);
	if (err)
		vi->dev.num_pairs = 1;
	if (!vi->has_rss && vi->has_hash)
		told(vi, "the hash", send_hash_config(vi, &vi->settings.rxfh));
	virtnet_set_affinity(vi, vi->dev.num_pairs);
}

static void apply_coalesce(struct virtnet_info *vi)
{
	const struct virtnet_settings *s = &vi->settings;

	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_VQ_NOTF_COAL)) {
		for (unsigned int i = 0; i < vi->dev.num_pairs; i++) {
			told(vi, "coalescing", send_vq_coalesce(vi, 2 * i, &s->rx_coalesce[i]));
			told(vi, "coalescing", send_vq_coalesce(vi, 2 * i + 1, &s->tx_coalesce[i]));
		}
		return;
	}
	told(vi, "coalescing",
	     send_coalesce(vi, VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, &s->tx_coalesce[0]));
	told(vi, "coalescing",
	     send_coalesce(vi, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, &s->rx_coalesce[0]));
}

void virtnet_apply_settings(struct virtnet_info *vi)
{
	if (!vi->cvq)
		return;
	apply_filters(vi);
	apply_queues(vi);
	if (vi->settings.coalesce_set)
		apply_coalesce(vi);
	if (vi->settings.guest_offloads != vi->offered_offloads)
		told(vi, "the offloads", send_guest_offloads(vi, vi->settings.guest_offloads));
}
