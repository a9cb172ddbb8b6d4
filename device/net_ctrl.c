/* SPDX-License-Identifier: MIT */
/*
 * The network card's control queue: what the driver tells it (5.1.9.5).
 *
 * Mirrors virtio_net_handle_ctrl_iov() and its helpers in QEMU's hw/net/virtio-net.c. Each command
 * is copied first; one that is too short, too long, unknown or not negotiated is answered with ERR
 * and changes nothing. QEMU breaks the device over some of these.
 */
#include "net.h"

#define ETH_ALEN 6

static bool has(const struct VirtIONet *n, unsigned int bit)
{
	return virtio_vdev_has_feature(n->vdev, bit);
}

/* 5.1.2: behind all pairs there are, if the driver knows of them. */
static unsigned int ctrl_index(const struct VirtIONet *n)
{
	if (has(n, VIRTIO_NET_F_MQ) || has(n, VIRTIO_NET_F_RSS))
		return 2u * le16_read(&n->config.max_virtqueue_pairs);
	return 2;
}

bool virtio_net_ctrl_queue(const struct VirtIONet *n, unsigned int index)
{
	return has(n, VIRTIO_NET_F_CTRL_VQ) && index == ctrl_index(n);
}

/* ---- reset ---- */

void virtio_net_apply_offloads(struct VirtIONet *n)
{
	n->nic.offloads = n->curr_guest_offloads;
}

void virtio_net_reset_settings(struct VirtIONet *n)
{
	n->running = false;
	n->curr_queue_pairs = 1;
	n->curr_guest_offloads = 0;
	virtio_net_apply_offloads(n);
	n->promisc = true;
	n->allmulti = n->alluni = n->nomulti = n->nouni = n->nobcast = false;
	__builtin_memset(&n->mac_table, 0, sizeof(n->mac_table));
	__builtin_memset(n->vlans, 0, sizeof(n->vlans));
	__builtin_memset(&n->rss, 0, sizeof(n->rss));
	__builtin_memset(n->flow_pair, 0, sizeof(n->flow_pair));
	__builtin_memset(&n->rx_coal, 0, sizeof(n->rx_coal));
	__builtin_memset(&n->tx_coal, 0, sizeof(n->tx_coal));
	__builtin_memset(n->queues, 0, sizeof(n->queues));
	n->cvq_commands = n->cvq_ok = 0;
	__builtin_memcpy(n->config.mac, n->conf.mac, sizeof(n->config.mac));
	le16_write(&n->config.status,
		   le16_read(&n->config.status) & (uint16_t)~VIRTIO_NET_S_ANNOUNCE);
}

/* ---- a command, as it was copied ---- */

struct command {
	uint8_t class;
	uint8_t command;
	const uint8_t *data; /* what follows */
	uint32_t len;
	uint8_t *result; /* behind the ack */
	uint32_t room;
	uint32_t result_len;
};

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static bool add_result(struct command *c, const void *bytes, uint32_t len)
{
	if (len > c->room - c->result_len)
		return false;
	__builtin_memcpy(c->result + c->result_len, bytes, len);
	c->result_len += len;
	return true;
}

/* ---- filters ---- */

static bool handle_rx(struct VirtIONet *n, const struct command *c)
{
	bool *modes[] = {
		[VIRTIO_NET_CTRL_RX_PROMISC] = &n->promisc,
		[VIRTIO_NET_CTRL_RX_ALLMULTI] = &n->allmulti,
		[VIRTIO_NET_CTRL_RX_ALLUNI] = &n->alluni,
		[VIRTIO_NET_CTRL_RX_NOMULTI] = &n->nomulti,
		[VIRTIO_NET_CTRL_RX_NOUNI] = &n->nouni,
		[VIRTIO_NET_CTRL_RX_NOBCAST] = &n->nobcast,
	};
	bool extra = c->command > VIRTIO_NET_CTRL_RX_ALLMULTI;

	if (c->len != 1 || c->data[0] > 1 || c->command >= sizeof(modes) / sizeof(*modes) ||
	    !has(n, extra ? VIRTIO_NET_F_CTRL_RX_EXTRA : VIRTIO_NET_F_CTRL_RX))
		return false;
	*modes[c->command] = c->data[0];
	return true;
}

/* One half of the table; returns its bytes, 0 if it is not whole. */
static uint32_t mac_half(struct VirtIONet *n, const uint8_t *data, uint32_t len, bool *overflow)
{
	uint32_t entries;

	if (len < 4)
		return 0;
	entries = get32(data);
	if (entries > (len - 4) / ETH_ALEN)
		return 0;
	/* D14: more than there is room for is not kept: then all of that kind pass. */
	*overflow = entries > VIRTIO_NET_MAC_ENTRIES - n->mac_table.in_use;
	if (!*overflow) {
		__builtin_memcpy(n->mac_table.macs[n->mac_table.in_use], data + 4,
				 entries * ETH_ALEN);
		n->mac_table.in_use += entries;
	}
	return 4 + entries * ETH_ALEN;
}

static bool handle_mac_table(struct VirtIONet *n, const struct command *c)
{
	uint32_t first, second;

	/* Both halves have to be there before anything changes. */
	if (c->len < 4 || get32(c->data) > (c->len - 4) / ETH_ALEN)
		return false;
	first = 4 + get32(c->data) * ETH_ALEN;
	if (c->len - first < 4)
		return false;
	second = get32(c->data + first);
	if (second > (c->len - first - 4) / ETH_ALEN || first + 4 + second * ETH_ALEN != c->len)
		return false;
	__builtin_memset(&n->mac_table, 0, sizeof(n->mac_table));
	mac_half(n, c->data, c->len, &n->mac_table.uni_overflow);
	n->mac_table.first_multi = n->mac_table.in_use;
	mac_half(n, c->data + first, c->len - first, &n->mac_table.multi_overflow);
	return true;
}

static bool handle_mac(struct VirtIONet *n, const struct command *c)
{
	switch (c->command) {
	case VIRTIO_NET_CTRL_MAC_TABLE_SET:
		return has(n, VIRTIO_NET_F_CTRL_RX) && handle_mac_table(n, c);
	case VIRTIO_NET_CTRL_MAC_ADDR_SET:
		if (!has(n, VIRTIO_NET_F_CTRL_MAC_ADDR) || c->len != ETH_ALEN)
			return false;
		__builtin_memcpy(n->config.mac, c->data, ETH_ALEN);
		return true;
	}
	return false;
}

static bool handle_vlan(struct VirtIONet *n, const struct command *c)
{
	uint16_t vid;

	if (!has(n, VIRTIO_NET_F_CTRL_VLAN) || c->len != 2 || c->command > VIRTIO_NET_CTRL_VLAN_DEL)
		return false;
	vid = get16(c->data);
	if (vid >= 4096)
		return false;
	if (c->command == VIRTIO_NET_CTRL_VLAN_ADD)
		n->vlans[vid / 32] |= 1u << vid % 32;
	else
		n->vlans[vid / 32] &= ~(1u << vid % 32);
	return true;
}

static bool handle_announce(struct VirtIONet *n, const struct command *c)
{
	uint16_t status = le16_read(&n->config.status);

	if (!has(n, VIRTIO_NET_F_GUEST_ANNOUNCE) || c->command != VIRTIO_NET_CTRL_ANNOUNCE_ACK ||
	    !(status & VIRTIO_NET_S_ANNOUNCE))
		return false;
	/* 5.1.9.5.4.2: cleared before the command is used. */
	le16_write(&n->config.status, status & (uint16_t)~VIRTIO_NET_S_ANNOUNCE);
	return true;
}

/* ---- queues and hashes ---- */

static bool set_pairs(struct VirtIONet *n, uint16_t pairs)
{
	if (!pairs || pairs > le16_read(&n->config.max_virtqueue_pairs) || pairs > VIRTIO_NET_PAIRS)
		return false;
	n->curr_queue_pairs = pairs;
	return true;
}

/* le32 hash_types, le16 mask, le16 unclassified, table, le16 max_tx_vq, u8 key length, key. */
static bool handle_rss(struct VirtIONet *n, const struct command *c)
{
	uint32_t entries, after;
	uint16_t mask;
	uint8_t key_len;

	if (!has(n, VIRTIO_NET_F_RSS) || c->len < 8)
		return false;
	mask = get16(c->data + 4);
	entries = mask + 1u;
	after = 8 + entries * 2;
	/* D14: lengths before anything is copied. */
	if (entries > VIRTIO_NET_RSS_TABLE || entries & (entries - 1) || c->len < after + 3)
		return false;
	key_len = c->data[after + 2];
	if (key_len > VIRTIO_NET_RSS_KEY || c->len != after + 3 + key_len ||
	    get32(c->data) & ~VIRTIO_NET_HASH_TYPES || get16(c->data + 6) >= VIRTIO_NET_PAIRS)
		return false;
	if (!set_pairs(n, get16(c->data + after)))
		return false;
	n->rss.enabled = true;
	n->rss.hash_types = get32(c->data);
	n->rss.table_mask = mask;
	n->rss.unclassified = get16(c->data + 6);
	__builtin_memset(n->rss.table, 0, sizeof(n->rss.table));
	for (uint32_t i = 0; i < entries; i++)
		n->rss.table[i] = get16(c->data + 8 + 2 * i);
	__builtin_memset(n->rss.key, 0, sizeof(n->rss.key));
	__builtin_memcpy(n->rss.key, c->data + after + 3, key_len);
	return true;
}

static bool handle_hash(struct VirtIONet *n, const struct command *c)
{
	uint8_t key_len;

	if (!has(n, VIRTIO_NET_F_HASH_REPORT) || c->len < VIRTIO_NET_HASH_CONFIG_BYTES)
		return false;
	key_len = c->data[12];
	if (key_len > VIRTIO_NET_RSS_KEY ||
	    c->len != VIRTIO_NET_HASH_CONFIG_BYTES + (uint32_t)key_len ||
	    get32(c->data) & ~VIRTIO_NET_HASH_TYPES)
		return false;
	n->rss.enabled = false;
	n->rss.hash_types = get32(c->data);
	__builtin_memset(n->rss.key, 0, sizeof(n->rss.key));
	__builtin_memcpy(n->rss.key, c->data + VIRTIO_NET_HASH_CONFIG_BYTES, key_len);
	return true;
}

static bool handle_mq(struct VirtIONet *n, const struct command *c)
{
	switch (c->command) {
	case VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET:
		if (!has(n, VIRTIO_NET_F_MQ) || c->len != 2 || !set_pairs(n, get16(c->data)))
			return false;
		n->rss.enabled = false;
		return true;
	case VIRTIO_NET_CTRL_MQ_RSS_CONFIG:
		return handle_rss(n, c);
	case VIRTIO_NET_CTRL_MQ_HASH_CONFIG:
		return handle_hash(n, c);
	}
	return false;
}

static bool handle_offloads(struct VirtIONet *n, const struct command *c)
{
	uint64_t offloads;

	if (!has(n, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) ||
	    c->command != VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET || c->len != 8)
		return false;
	offloads = get32(c->data) | (uint64_t)get32(c->data + 4) << 32;
	if (offloads & ~(n->vdev->guest_features[0] & VIRTIO_NET_GUEST_OFFLOADS))
		return false;
	n->curr_guest_offloads = offloads;
	virtio_net_apply_offloads(n);
	return true;
}

/* ---- coalescing ---- */

/* The parameters of a queue by its number; NULL if it is not one of packets, or not in use. */
static struct VirtIONetCoalesce *coal_of(struct VirtIONet *n, uint16_t index)
{
	if (index / 2 >= n->curr_queue_pairs || !virtio_get_queue(n->vdev, index))
		return NULL;
	return index & 1 ? &n->queues[index / 2].tx : &n->queues[index / 2].rx;
}

static void set_coal(struct VirtIONetCoalesce *coal, const uint8_t *data)
{
	coal->max_packets = get32(data);
	coal->max_usecs = get32(data + 4);
}

static bool handle_all_coal(struct VirtIONet *n, const struct command *c)
{
	bool tx = c->command == VIRTIO_NET_CTRL_NOTF_COAL_TX_SET;

	if (!has(n, VIRTIO_NET_F_NOTF_COAL) || c->len != sizeof(struct virtio_net_ctrl_coal))
		return false;
	set_coal(tx ? &n->tx_coal : &n->rx_coal, c->data);
	for (unsigned int i = 0; i < VIRTIO_NET_PAIRS; i++)
		set_coal(tx ? &n->queues[i].tx : &n->queues[i].rx, c->data);
	return true;
}

static bool handle_coal(struct VirtIONet *n, struct command *c)
{
	struct VirtIONetCoalesce *coal;
	struct virtio_net_ctrl_coal answer;

	if (c->command <= VIRTIO_NET_CTRL_NOTF_COAL_RX_SET)
		return handle_all_coal(n, c);
	if (!has(n, VIRTIO_NET_F_VQ_NOTF_COAL) || c->len < 4)
		return false;
	coal = coal_of(n, get16(c->data));
	if (!coal)
		return false;
	switch (c->command) {
	case VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET:
		if (c->len != sizeof(struct virtio_net_ctrl_coal_vq))
			return false;
		set_coal(coal, c->data + 4);
		return true;
	case VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET:
		le32_write(&answer.max_packets, coal->max_packets);
		le32_write(&answer.max_usecs, coal->max_usecs);
		return add_result(c, &answer, sizeof(answer));
	}
	return false;
}

/* ---- statistics ---- */

#define BIT(type) (1ull << VIRTIO_NET_STATS_TYPE_##type)
#define RX_TYPES (BIT(RX_BASIC) | BIT(RX_CSUM) | BIT(RX_GSO))
#define TX_TYPES (BIT(TX_BASIC) | BIT(TX_CSUM) | BIT(TX_GSO))

/* The counters of one type, in the order of the wire; returns how many. */
static unsigned int counters_of(const struct VirtIONet *n, unsigned int pair, unsigned int type,
				uint64_t counters[6])
{
	const struct VirtIONetStats *s = &n->queues[pair].stats;

#define COUNTERS(...)                                           \
	do {                                                    \
		const uint64_t list[] = { __VA_ARGS__ };        \
		__builtin_memcpy(counters, list, sizeof(list)); \
		return sizeof(list) / sizeof(*list);            \
	} while (0)

	switch (type) {
	case VIRTIO_NET_STATS_TYPE_RX_BASIC:
		COUNTERS(s->rx_notifications, s->rx_packets, s->rx_bytes, s->rx_interrupts,
			 s->rx_drops, s->rx_drop_overruns);
	case VIRTIO_NET_STATS_TYPE_RX_CSUM:
		COUNTERS(s->rx_csum_valid, s->rx_needs_csum, s->rx_csum_none, s->rx_csum_bad);
	case VIRTIO_NET_STATS_TYPE_RX_GSO:
		/* Nothing is coalesced here: the last two stay 0. */
		COUNTERS(s->rx_gso_packets, s->rx_gso_bytes, 0, 0);
	case VIRTIO_NET_STATS_TYPE_TX_BASIC:
		COUNTERS(s->tx_notifications, s->tx_packets, s->tx_bytes, s->tx_interrupts,
			 s->tx_drops, s->tx_drop_malformed);
	case VIRTIO_NET_STATS_TYPE_TX_CSUM:
		COUNTERS(s->tx_csum_none, s->tx_needs_csum);
	case VIRTIO_NET_STATS_TYPE_TX_GSO:
		COUNTERS(s->tx_gso_packets, s->tx_gso_bytes, s->tx_gso_segments,
			 s->tx_gso_segments_bytes, s->tx_gso_packets_noseg, s->tx_gso_bytes_noseg);
	case VIRTIO_NET_STATS_TYPE_CVQ:
		COUNTERS(n->cvq_commands, n->cvq_ok);
	}
	return 0;
#undef COUNTERS
}

static bool add_stats(struct VirtIONet *n, struct command *c, uint16_t index, unsigned int type)
{
	uint64_t counters[6];
	struct virtio_net_stats_reply_hdr hdr = { .type = (uint8_t)type };
	unsigned int num, pair = index / 2 < VIRTIO_NET_PAIRS ? index / 2 : 0;

	num = counters_of(n, pair, type, counters);
	le16_write(&hdr.vq_index, index);
	le16_write(&hdr.size, (uint16_t)(sizeof(hdr) + num * sizeof(le64)));
	if (!add_result(c, &hdr, sizeof(hdr)))
		return false;
	for (unsigned int i = 0; i < num; i++) {
		le64 wire;

		le64_write(&wire, counters[i]);
		if (!add_result(c, &wire, sizeof(wire)))
			return false;
	}
	return true;
}

/* Types that a queue has; 0: no such queue, or it is not in use. */
static uint64_t types_of(const struct VirtIONet *n, uint16_t index)
{
	if (virtio_net_ctrl_queue(n, index))
		return BIT(CVQ);
	if (index / 2 >= n->curr_queue_pairs)
		return 0;
	return index & 1 ? TX_TYPES : RX_TYPES;
}

/* 5.1.9.5.11.12: one mistake, and the whole command fails. */
static bool handle_stats_get(struct VirtIONet *n, struct command *c)
{
	if (!c->len || c->len % sizeof(struct virtio_net_ctrl_queue_stats))
		return false;
	for (uint32_t at = 0; at < c->len; at += sizeof(struct virtio_net_ctrl_queue_stats)) {
		uint16_t index = get16(c->data + at);
		uint64_t types = get32(c->data + at + 8) | (uint64_t)get32(c->data + at + 12) << 32;

		if (!types || types & ~types_of(n, index))
			return false;
		for (unsigned int type = 0; type < 64; type++)
			if (types >> type & 1 && !add_stats(n, c, index, type))
				return false;
	}
	return true;
}

static bool handle_stats(struct VirtIONet *n, struct command *c)
{
	le64 types;

	if (!has(n, VIRTIO_NET_F_DEVICE_STATS))
		return false;
	switch (c->command) {
	case VIRTIO_NET_CTRL_STATS_QUERY:
		le64_write(&types, RX_TYPES | TX_TYPES | BIT(CVQ));
		return add_result(c, &types, sizeof(types));
	case VIRTIO_NET_CTRL_STATS_GET:
		return handle_stats_get(n, c);
	}
	return false;
}

/* ---- the queue ---- */

static bool run_command(struct VirtIONet *n, struct command *c)
{
	switch (c->class) {
	case VIRTIO_NET_CTRL_RX:
		return handle_rx(n, c);
	case VIRTIO_NET_CTRL_MAC:
		return handle_mac(n, c);
	case VIRTIO_NET_CTRL_VLAN:
		return handle_vlan(n, c);
	case VIRTIO_NET_CTRL_ANNOUNCE:
		return handle_announce(n, c);
	case VIRTIO_NET_CTRL_MQ:
		return handle_mq(n, c);
	case VIRTIO_NET_CTRL_GUEST_OFFLOADS:
		return handle_offloads(n, c);
	case VIRTIO_NET_CTRL_NOTF_COAL:
		return handle_coal(n, c);
	case VIRTIO_NET_CTRL_STATS:
		return handle_stats(n, c);
	}
	return false;
}

static uint32_t copy_out(const struct VirtQueueElement *elem, uint8_t *to)
{
	uint32_t done = 0;

	for (unsigned int i = 0; i < elem->out_num; i++) {
		__builtin_memcpy(to + done, elem->out_sg[i].base, elem->out_sg[i].len);
		done += elem->out_sg[i].len;
	}
	return done;
}

/* The ack and what follows it; returns the bytes written. */
static uint32_t copy_in(const struct VirtQueueElement *elem, const uint8_t *from, uint32_t len)
{
	uint32_t done = 0;

	for (unsigned int i = 0; i < elem->in_num && done < len; i++) {
		uint32_t here = elem->in_sg[i].len < len - done ? elem->in_sg[i].len : len - done;

		__builtin_memcpy(elem->in_sg[i].base, from + done, here);
		done += here;
	}
	return done;
}

/* The scratch memory is the sending side's, which sends nothing while a command is looked at. */
static uint32_t answer(struct VirtIONet *n, const struct VirtQueueElement *elem)
{
	uint8_t *reply = n->scratch;
	uint64_t room = elem->in_len - 1 < NET_FRAME_MAX - 1 ? elem->in_len - 1 : NET_FRAME_MAX - 1;
	struct command c = { .result = reply + 1, .room = (uint32_t)room };
	bool ok = false;

	n->cvq_commands++;
	if (elem->out_len >= sizeof(struct virtio_net_ctrl_hdr) && elem->out_len <= NET_FRAME_MAX) {
		uint32_t len = copy_out(elem, n->frame);

		c.class = n->frame[0];
		c.command = n->frame[1];
		c.data = n->frame + sizeof(struct virtio_net_ctrl_hdr);
		c.len = len - (uint32_t)sizeof(struct virtio_net_ctrl_hdr);
		ok = !n->fault.refuse_ctrl && run_command(n, &c);
	}
	n->cvq_ok += ok;
	reply[0] = ok ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
	return copy_in(elem, reply, ok ? 1 + c.result_len : 1);
}

void virtio_net_handle_ctrl(struct VirtIONet *n, unsigned int index)
{
	struct VirtQueue *vq = virtio_get_queue(n->vdev, index);
	struct VirtQueueElement elem = { .pieces = n->tx_pieces, .capacity = VIRTIO_NET_CHAIN };
	uint32_t len;

	if (!vq || n->fault.silent_ctrl)
		return;
	while (virtqueue_pop(vq, &elem)) {
		if (!elem.in_len) {
			virtio_device_fail(n->vdev, "a command without room for an answer");
			return;
		}
		len = n->fault.mute_ctrl ? 0 : answer(n, &elem);
		virtqueue_push(vq, &elem, n->fault.short_ctrl ? n->fault.ctrl_len : len);
		if (!n->fault.lose_interrupts)
			virtio_notify(vq);
	}
}
