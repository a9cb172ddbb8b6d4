/* SPDX-License-Identifier: MIT */
/*
 * The network card: its life, its interrupts, and the frames its driver sends.
 *
 * Mirrors QEMU's hw/net/virtio-net.c. Receiving is in net_rx.c, what a card is told through its
 * control queue in net_ctrl.c. A frame sent is copied before it is looked at, once (D12).
 */
#include "net.h"

#define ETH_HLEN 14

static bool has(const struct VirtIONet *n, unsigned int bit)
{
	return virtio_vdev_has_feature(n->vdev, bit);
}

/* ---- interrupts ---- */

/* 5.1.9.5.10: is the interrupt for these packets to wait for more? */
static bool coalesced(struct VirtIONet *n, struct VirtIONetCoalesce *coal, unsigned int packets)
{
	bool first = !coal->waiting;

	/* With either at 0 nothing is held back. */
	if (!coal->max_packets || !coal->max_usecs)
		return false;
	coal->waiting += packets;
	if (coal->waiting >= coal->max_packets)
		return false;
	if (first && n->start_timer)
		n->start_timer(n, coal->max_usecs);
	return true;
}

static void notify(struct VirtIONet *n, struct VirtQueue *vq, struct VirtIONetCoalesce *coal,
		   uint64_t *interrupts)
{
	coal->waiting = 0;
	if (!virtio_should_notify(vq) || n->fault.lose_interrupts)
		return;
	++*interrupts;
	virtio_irq(vq);
}

void virtio_net_notify_rx(struct VirtIONet *n, struct VirtQueue *vq, unsigned int packets)
{
	struct VirtIONetQueue *q = &n->queues[vq->index / 2];

	if (!coalesced(n, &q->rx, packets))
		notify(n, vq, &q->rx, &q->stats.rx_interrupts);
}

static void notify_tx(struct VirtIONet *n, struct VirtQueue *vq, unsigned int packets)
{
	struct VirtIONetQueue *q = &n->queues[vq->index / 2];

	if (packets && !coalesced(n, &q->tx, packets))
		notify(n, vq, &q->tx, &q->stats.tx_interrupts);
}

void virtio_net_timer(struct VirtIONet *n)
{
	for (unsigned int i = 0; i < VIRTIO_NET_PAIRS; i++) {
		struct VirtIONetQueue *q = &n->queues[i];
		struct VirtQueue *rx = virtio_get_queue(n->vdev, 2 * i);
		struct VirtQueue *tx = virtio_get_queue(n->vdev, 2 * i + 1);

		if (rx && q->rx.waiting)
			notify(n, rx, &q->rx, &q->stats.rx_interrupts);
		if (tx && q->tx.waiting)
			notify(n, tx, &q->tx, &q->stats.tx_interrupts);
	}
}

/* ---- sending ---- */

uint32_t virtio_net_hdr_bytes(const struct VirtIONet *n)
{
	if (has(n, VIRTIO_NET_F_HASH_REPORT))
		return sizeof(struct virtio_net_hdr_hash);
	if (has(n, VIRTIO_F_VERSION_1) || has(n, VIRTIO_NET_F_MRG_RXBUF))
		return sizeof(struct virtio_net_hdr);
	return VIRTIO_NET_LEGACY_HDR_BYTES;
}

/* Everything a driver sends, header and frame, into n->frame. False: not what a packet can be. */
static bool copy_tx(struct VirtIONet *n, const struct VirtQueueElement *elem,
		    struct virtio_net_hdr_hash *hash, uint32_t *len)
{
	uint32_t header = virtio_net_hdr_bytes(n), done = 0;

	if (elem->in_num || elem->out_len < header + ETH_HLEN ||
	    elem->out_len > header + NET_FRAME_MAX)
		return false;
	for (unsigned int i = 0; i < elem->out_num; i++) {
		const uint8_t *from = elem->out_sg[i].base;
		uint32_t left = elem->out_sg[i].len, part = 0;

		if (done < header) {
			part = left < header - done ? left : header - done;
			__builtin_memcpy((uint8_t *)hash + done, from, part);
			done += part;
		}
		__builtin_memcpy(n->frame + (done - header), from + part, left - part);
		done += left - part;
	}
	*len = done - header;
	return true;
}

/* 5.1.9.2: the header as far as what was negotiated gives it a meaning. */
static struct NetFrame frame_of(const struct VirtIONet *n, const struct virtio_net_hdr *hdr,
				uint32_t len)
{
	struct NetFrame frame = { .data = (uint8_t *)n->frame, .len = len };

	if (has(n, VIRTIO_NET_F_CSUM) && hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		frame.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		frame.csum_start = le16_read(&hdr->csum_start);
		frame.csum_offset = le16_read(&hdr->csum_offset);
	}
	frame.gso_type = hdr->gso_type;
	frame.gso_size = le16_read(&hdr->gso_size);
	frame.hdr_len = le16_read(&hdr->hdr_len);
	return frame;
}

/* Did the driver negotiate what it asks for? 5.1.9.2.1 */
static bool gso_negotiated(const struct VirtIONet *n, uint8_t gso_type)
{
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return !gso_type;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return has(n, VIRTIO_NET_F_HOST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return has(n, VIRTIO_NET_F_HOST_TSO6);
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return has(n, VIRTIO_NET_F_HOST_USO);
	}
	return false;
}

/* Remembers which pair the flow is sent on: its answers are to come back there. */
static void learn_flow(struct VirtIONet *n, const struct NetFrame *frame, unsigned int pair)
{
	uint16_t any;
	uint32_t flow;

	if (n->rss.enabled || n->curr_queue_pairs < 2)
		return;
	flow = net_hash(frame->data, frame->len, VIRTIO_NET_HASH_TYPES, n->rss.key, true, &any);
	if (any)
		n->flow_pair[flow & 0xff] = (uint8_t)pair;
}

static void count_tx(const struct VirtIONet *n, struct VirtIONetStats *stats, uint32_t len,
		     const struct virtio_net_hdr *hdr)
{
	stats->tx_packets++;
	stats->tx_bytes += len;
	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		stats->tx_needs_csum++;
	else
		stats->tx_csum_none++;
	if (!hdr->gso_type)
		return;
	stats->tx_gso_packets++;
	stats->tx_gso_bytes += len;
	stats->tx_gso_segments += n->nic.segments;
	stats->tx_gso_segments_bytes += n->nic.segment_bytes;
	if (!n->nic.segments) {
		stats->tx_gso_packets_noseg++;
		stats->tx_gso_bytes_noseg += len;
	}
}

/* One packet. False: the peer has no room for it now. */
static bool send_one(struct VirtIONet *n, const struct VirtQueueElement *elem, unsigned int pair)
{
	struct VirtIONetStats *stats = &n->queues[pair].stats;
	struct virtio_net_hdr_hash hash = { 0 };
	struct NetFrame frame;
	enum net_sent sent = NET_BAD;
	uint32_t len;

	/* 5.1.9.5.6: what is sent on a queue that is not in use goes nowhere. */
	if (pair >= n->curr_queue_pairs) {
		stats->tx_drops++;
		return true;
	}
	if (copy_tx(n, elem, &hash, &len)) {
		frame = frame_of(n, &hash.hdr, len);
		if (gso_negotiated(n, frame.gso_type)) {
			learn_flow(n, &frame, pair);
			sent = le16_read(&n->config.status) & VIRTIO_NET_S_LINK_UP ?
				       net_send(&n->nic, &frame) :
				       NET_SENT;
		}
	}
	if (sent == NET_SENT)
		count_tx(n, stats, len, &hash.hdr);
	else if (sent == NET_BAD)
		stats->tx_drop_malformed++;
	return sent != NET_NO_ROOM;
}

static void virtio_net_handle_tx(struct VirtIONet *n, unsigned int index)
{
	struct VirtIONetQueue *q = &n->queues[index / 2];
	struct VirtQueue *vq = virtio_get_queue(n->vdev, index);
	unsigned int packets = 0;

	if (!vq || n->fault.hold_tx)
		return;
	q->tx_waiting = false;
	for (;;) {
		/* Memory for a chain apart from that of receiving, which may happen meanwhile. */
		struct VirtQueueElement elem = {
			.pieces = n->tx_pieces,
			.capacity = VIRTIO_NET_CHAIN,
		};

		if (!virtqueue_pop(vq, &elem))
			break;
		if (!send_one(n, &elem, index / 2)) {
			virtqueue_unpop(vq, &elem);
			q->tx_waiting = true;
			break;
		}
		/* The ring would stop a length that is a lie; it has to believe it. */
		if (n->fault.tx_len)
			elem.in_len = n->fault.tx_len;
		virtqueue_push(vq, &elem, n->fault.tx_len);
		packets++;
	}
	notify_tx(n, vq, packets);
}

/* There is room at the peer again. */
static void virtio_net_flush(struct NetClientState *nc)
{
	struct VirtIONet *n = nc->opaque;

	for (unsigned int i = 0; i < n->curr_queue_pairs; i++)
		if (n->queues[i].tx_waiting)
			virtio_net_handle_tx(n, 2 * i + 1);
}

void virtio_net_release(struct VirtIONet *n)
{
	n->fault.hold_tx = false;
	for (unsigned int i = 0; i < VIRTIO_NET_PAIRS; i++)
		if (!virtio_net_ctrl_queue(n, 2 * i + 1))
			virtio_net_handle_tx(n, 2 * i + 1);
}

/* ---- the device ---- */

static void handle_output(struct VirtIODevice *vdev, unsigned int index)
{
	struct VirtIONet *n = vdev->model;

	if (virtio_net_ctrl_queue(n, index)) {
		virtio_net_handle_ctrl(n, index);
		return;
	}
	if (index / 2 >= VIRTIO_NET_PAIRS)
		return;
	if (index & 1) {
		n->queues[index / 2].stats.tx_notifications++;
		virtio_net_handle_tx(n, index);
		return;
	}
	n->queues[index / 2].stats.rx_notifications++;
	/* New buffers: whoever waited for them can go on. */
	if (n->nic.peer && n->nic.peer->flush)
		n->nic.peer->flush(n->nic.peer);
}

static void get_config(struct VirtIODevice *vdev, uint8_t *config)
{
	struct VirtIONet *n = vdev->model;

	__builtin_memcpy(config, &n->config, sizeof(n->config));
}

/* 5.1.4.2 forbids it; but a legacy driver has no other way to change its address. */
static void set_config(struct VirtIODevice *vdev, uint8_t *config, uint32_t offset, uint32_t len)
{
	struct VirtIONet *n = vdev->model;

	if (has(n, VIRTIO_F_VERSION_1) || has(n, VIRTIO_NET_F_CTRL_MAC_ADDR) || offset + len > 6)
		return;
	__builtin_memcpy(n->config.mac, config, sizeof(n->config.mac));
}

/* 5.1.3.1, 5.1.4.1: what needs another feature, one of two where there are two, is not to be
 * accepted without it. */
static bool validate_features(struct VirtIODevice *vdev, const uint64_t *features)
{
	const uint64_t csum = VIRTIO_NET_BIT(CSUM), guest_csum = VIRTIO_NET_BIT(GUEST_CSUM);
	const uint64_t tso = VIRTIO_NET_BIT(HOST_TSO4) | VIRTIO_NET_BIT(HOST_TSO6);
	const uint64_t guest_tso = VIRTIO_NET_BIT(GUEST_TSO4) | VIRTIO_NET_BIT(GUEST_TSO6);
	const uint64_t ctrl = VIRTIO_NET_BIT(CTRL_VQ);
	const struct {
		unsigned int feature;
		uint64_t needs; /* any of these */
	} rows[] = {
		{ VIRTIO_NET_F_GUEST_TSO4, guest_csum }, { VIRTIO_NET_F_GUEST_TSO6, guest_csum },
		{ VIRTIO_NET_F_GUEST_USO4, guest_csum }, { VIRTIO_NET_F_GUEST_USO6, guest_csum },
		{ VIRTIO_NET_F_GUEST_ECN, guest_tso },	 { VIRTIO_NET_F_HOST_TSO4, csum },
		{ VIRTIO_NET_F_HOST_TSO6, csum },	 { VIRTIO_NET_F_HOST_USO, csum },
		{ VIRTIO_NET_F_HOST_ECN, tso },		 { VIRTIO_NET_F_CTRL_RX, ctrl },
		{ VIRTIO_NET_F_CTRL_RX_EXTRA, ctrl },	 { VIRTIO_NET_F_CTRL_VLAN, ctrl },
		{ VIRTIO_NET_F_GUEST_ANNOUNCE, ctrl },	 { VIRTIO_NET_F_MQ, ctrl },
		{ VIRTIO_NET_F_CTRL_MAC_ADDR, ctrl },	 { VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, ctrl },
		{ VIRTIO_NET_F_NOTF_COAL, ctrl },	 { VIRTIO_NET_F_VQ_NOTF_COAL, ctrl },
		{ VIRTIO_NET_F_DEVICE_STATS, ctrl },	 { VIRTIO_NET_F_RSS, ctrl },
		{ VIRTIO_NET_F_HASH_REPORT, ctrl },
	};

	(void)vdev;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (features[0] >> rows[i].feature & 1 && !(features[0] & rows[i].needs))
			return false;
	return true;
}

static void reset(struct VirtIODevice *vdev)
{
	virtio_net_reset_settings(vdev->model);
}

static void set_status(struct VirtIODevice *vdev, uint8_t status)
{
	struct VirtIONet *n = vdev->model;

	if (!(status & VIRTIO_STATUS_DRIVER_OK) || n->running)
		return;
	/* From here on the features count. */
	n->running = true;
	n->curr_guest_offloads = vdev->guest_features[0] & VIRTIO_NET_GUEST_OFFLOADS;
	virtio_net_apply_offloads(n);
	/* 5.1.9.5.3.1 */
	if (!has(n, VIRTIO_NET_F_CTRL_VLAN))
		__builtin_memset(n->vlans, 0xff, sizeof(n->vlans));
}

/* 5.1.9.5.10.6: a queue that comes back has the parameters of all its kind. */
static void queue_reset(struct VirtIODevice *vdev, unsigned int index)
{
	struct VirtIONet *n = vdev->model;

	if (index / 2 >= VIRTIO_NET_PAIRS || virtio_net_ctrl_queue(n, index))
		return;
	if (index & 1)
		n->queues[index / 2].tx = n->tx_coal;
	else
		n->queues[index / 2].rx = n->rx_coal;
}

static const struct VirtioDeviceClass virtio_net_class = {
	.name = "virtio-net",
	.device_id = VIRTIO_ID_NET_DEVICE,
	.config_size = sizeof(struct virtio_net_config),
	.validate_features = validate_features,
	.get_config = get_config,
	.set_config = set_config,
	.reset = reset,
	.set_status = set_status,
	.queue_reset = queue_reset,
	.handle_output = handle_output,
};

static void init_config(struct VirtIONet *n, const struct VirtIONetConf *conf)
{
	struct virtio_net_config *config = &n->config;

	__builtin_memcpy(config->mac, conf->mac, sizeof(config->mac));
	le16_write(&config->status, VIRTIO_NET_S_LINK_UP);
	le16_write(&config->max_virtqueue_pairs, conf->max_queue_pairs);
	le16_write(&config->mtu, conf->mtu);
	le32_write(&config->speed, conf->speed);
	config->duplex = conf->duplex;
	config->rss_max_key_size = VIRTIO_NET_RSS_KEY;
	le16_write(&config->rss_max_indirection_table_length, VIRTIO_NET_RSS_TABLE);
	le32_write(&config->supported_hash_types, VIRTIO_NET_HASH_TYPES);
}

void virtio_net_init(struct VirtIONet *n, struct VirtIODevice *vdev,
		     const struct VirtIONetConf *conf)
{
	unsigned int pairs = conf->max_queue_pairs;

	if (!pairs || pairs > VIRTIO_NET_PAIRS)
		pairs = pairs ? VIRTIO_NET_PAIRS : 1;
	__builtin_memset(n, 0, sizeof(*n));
	n->vdev = vdev;
	n->conf = *conf;
	n->nic = (struct NetClientState){
		.receive = virtio_net_receive,
		.flush = virtio_net_flush,
		.opaque = n,
		.scratch = n->scratch,
	};
	init_config(n, conf);
	virtio_net_reset_settings(n);

	vdev->class = &virtio_net_class;
	vdev->model = n;
	vdev->config = n->config_bytes;
	vdev->host_features[0] |= conf->features;
	/* Receive and send for each pair, then the control queue, where the driver asks for it. */
	for (unsigned int i = 0; i < 2 * pairs + 1; i++)
		vdev->queue_num_max[i] = conf->queue_size ? conf->queue_size : 256;
	virtio_init(vdev);
}

/* ---- things that happen ---- */

void virtio_net_set_link(struct VirtIONet *n, bool up)
{
	uint16_t status = le16_read(&n->config.status), bit = VIRTIO_NET_S_LINK_UP;

	le16_write(&n->config.status, up ? status | bit : status & (uint16_t)~bit);
	virtio_notify_config(n->vdev);
}

void virtio_net_set_speed(struct VirtIONet *n, uint32_t speed, uint8_t duplex)
{
	le32_write(&n->config.speed, speed);
	n->config.duplex = duplex;
	virtio_notify_config(n->vdev);
}

void virtio_net_announce(struct VirtIONet *n)
{
	if (!has(n, VIRTIO_NET_F_GUEST_ANNOUNCE))
		return;
	le16_write(&n->config.status, le16_read(&n->config.status) | VIRTIO_NET_S_ANNOUNCE);
	virtio_notify_config(n->vdev);
}
