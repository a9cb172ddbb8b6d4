/* SPDX-License-Identifier: MIT */
/*
 * The network card (5.1), and the cable it hangs on.
 *
 * Mirrors QEMU's hw/net/virtio-net.c and net/net.c and uses their names. Offers more than QEMU 7.2
 * does: USO, notification coalescing, device statistics. Left out on purpose: back ends outside
 * this process, UFO, RSC, standby, hashes of what is inside tunnels, migration.
 *
 * What a configuration says is what the driver gets to read, sensible or not, so that a test can
 * make a card that lies. Nothing here allocates, locks or sleeps.
 */
#ifndef DEVICE_NET_H
#define DEVICE_NET_H

#include "net/virtio_net.h"
#include "net_packet.h"
#include "virtio.h"

#define VIRTIO_ID_NET_DEVICE 1

/* ---- the cable ---- */

/*
 * One end of a cable: a card's, a test's. The two ends are each other's peer; a card whose peer is
 * its own end has a loopback plug.
 */
struct NetClientState {
	struct NetClientState *peer; /* NULL: nothing is plugged in */
	/* What this end can take of unfinished packets: VIRTIO_NET_F_GUEST_ bits. */
	uint64_t offloads;
	/* A frame for this end; to be copied. False: no room now, .flush will say when. */
	bool (*receive)(struct NetClientState *nc, const struct NetFrame *frame);
	/* The peer had no room and has now; NULL: of no interest. */
	void (*flush)(struct NetClientState *nc);
	void *opaque;
	uint8_t *scratch; /* NET_FRAME_MAX bytes, to cut packets in that this end sends */
	/* Of the last packet sent: frames it was cut into, and their bytes; 0: it went whole. */
	uint32_t segments;
	uint32_t segment_bytes;
};

enum net_sent { NET_SENT, NET_NO_ROOM, NET_BAD };

/**
 * net_send - send a frame to the peer
 * @frame: its bytes are changed where a checksum is completed
 *
 * What the peer cannot take unfinished is finished here: checksums completed, segments cut.
 *
 * Return: NET_NO_ROOM: nothing of it was sent, try again after .flush; NET_BAD: the header before
 * it makes no sense, it is dropped. With no peer it is sent, and lost.
 */
enum net_sent net_send(struct NetClientState *nc, struct NetFrame *frame);

/* ---- the card ---- */

#define VIRTIO_NET_PAIRS 16	  /* queue pairs at most */
#define VIRTIO_NET_MAC_ENTRIES 64 /* of the filter table, unicast and multicast together */
#define VIRTIO_NET_RSS_KEY 40	  /* bytes */
#define VIRTIO_NET_RSS_TABLE 128  /* entries */
#define VIRTIO_NET_CHAIN 1024	  /* pieces of the longest buffer */
#define VIRTIO_NET_HASH_TYPES 0x3f

/* All that this card can do; QEMU 7.2 leaves out USO, coalescing and statistics. */
#define VIRTIO_NET_BIT(feature) (1ull << VIRTIO_NET_F_##feature)
#define VIRTIO_NET_FEATURES                                                                        \
	(VIRTIO_NET_BIT(CSUM) | VIRTIO_NET_BIT(GUEST_CSUM) | VIRTIO_NET_BIT(CTRL_GUEST_OFFLOADS) | \
	 VIRTIO_NET_BIT(MTU) | VIRTIO_NET_BIT(MAC) | VIRTIO_NET_BIT(GUEST_TSO4) |                  \
	 VIRTIO_NET_BIT(GUEST_TSO6) | VIRTIO_NET_BIT(GUEST_ECN) | VIRTIO_NET_BIT(HOST_TSO4) |      \
	 VIRTIO_NET_BIT(HOST_TSO6) | VIRTIO_NET_BIT(HOST_ECN) | VIRTIO_NET_BIT(MRG_RXBUF) |        \
	 VIRTIO_NET_BIT(STATUS) | VIRTIO_NET_BIT(CTRL_VQ) | VIRTIO_NET_BIT(CTRL_RX) |              \
	 VIRTIO_NET_BIT(CTRL_VLAN) | VIRTIO_NET_BIT(CTRL_RX_EXTRA) |                               \
	 VIRTIO_NET_BIT(GUEST_ANNOUNCE) | VIRTIO_NET_BIT(MQ) | VIRTIO_NET_BIT(CTRL_MAC_ADDR) |     \
	 VIRTIO_NET_BIT(DEVICE_STATS) | VIRTIO_NET_BIT(VQ_NOTF_COAL) | VIRTIO_NET_BIT(NOTF_COAL) | \
	 VIRTIO_NET_BIT(GUEST_USO4) | VIRTIO_NET_BIT(GUEST_USO6) | VIRTIO_NET_BIT(HOST_USO) |      \
	 VIRTIO_NET_BIT(HASH_REPORT) | VIRTIO_NET_BIT(GUEST_HDRLEN) | VIRTIO_NET_BIT(RSS) |        \
	 VIRTIO_NET_BIT(SPEED_DUPLEX))

/* Offloads of received packets, of which the driver chooses with CTRL_GUEST_OFFLOADS. */
#define VIRTIO_NET_GUEST_OFFLOADS                                                               \
	(VIRTIO_NET_BIT(GUEST_CSUM) | VIRTIO_NET_BIT(GUEST_TSO4) | VIRTIO_NET_BIT(GUEST_TSO6) | \
	 VIRTIO_NET_BIT(GUEST_ECN) | VIRTIO_NET_BIT(GUEST_USO4) | VIRTIO_NET_BIT(GUEST_USO6))

struct VirtIONetConf {
	uint64_t features; /* to be offered, of VIRTIO_NET_FEATURES */
	uint8_t mac[6];
	uint16_t mtu;
	uint16_t max_queue_pairs; /* as config says; so many are made, at least 1, at most
				     VIRTIO_NET_PAIRS */
	uint16_t queue_size;	  /* entries of each queue; 0: 256 */
	uint32_t speed;
	uint8_t duplex;
};

/* Notification coalescing of one queue (5.1.9.5.10). */
struct VirtIONetCoalesce {
	uint32_t max_packets;
	uint32_t max_usecs;
	uint32_t waiting; /* packets since the last interrupt, held back */
};

/* Counters of one queue, or of both of a pair: what DEVICE_STATS shows (5.1.9.5.11). */
struct VirtIONetStats {
	uint64_t rx_notifications, rx_packets, rx_bytes, rx_interrupts, rx_drops, rx_drop_overruns;
	uint64_t rx_csum_valid, rx_needs_csum, rx_csum_none, rx_csum_bad;
	uint64_t rx_gso_packets, rx_gso_bytes;
	uint64_t tx_notifications, tx_packets, tx_bytes, tx_interrupts, tx_drops, tx_drop_malformed;
	uint64_t tx_csum_none, tx_needs_csum;
	uint64_t tx_gso_packets, tx_gso_bytes, tx_gso_segments, tx_gso_segments_bytes;
	uint64_t tx_gso_packets_noseg, tx_gso_bytes_noseg;
};

struct VirtIONetQueue {
	struct VirtIONetCoalesce rx, tx;
	struct VirtIONetStats stats;
	bool tx_waiting; /* the peer had no room */
};

struct VirtIONet {
	struct VirtIODevice *vdev;
	struct NetClientState nic; /* the card's end of the cable */
	/*
	 * An interrupt is held back, for @usecs at most: to be followed by virtio_net_timer(),
	 * which may come early. NULL: nobody counts time, and only packets end the wait.
	 */
	void (*start_timer)(struct VirtIONet *n, uint32_t usecs);
	struct VirtIONetConf conf;
	struct virtio_net_config config; /* as the driver reads it */

	/* Faults on command; all off after init, a reset leaves them. */
	struct {
		bool lose_interrupts;
		bool hold_tx; /* sent buffers are not looked at before virtio_net_release() */
		bool lie_num_buffers;
		uint16_t num_buffers; /* said in place of the truth */
		int32_t rx_len;	      /* added to the used length of each received buffer */
		uint32_t tx_len;      /* said to have been written to each sent buffer */
		bool silent_ctrl;     /* commands are never answered */
		bool mute_ctrl;	      /* and these handed back without a byte written */
		bool short_ctrl;      /* these with all of it, but a length of so many: */
		uint32_t ctrl_len;
		bool refuse_ctrl;	/* all of them with ERR */
		uint8_t rx_flags;	/* set in each received header */
		uint8_t rx_gso_type;	/* likewise */
		uint16_t rx_csum_start; /* added to it there */
	} fault;

	/* The rest is set by the driver, and as here after a reset. */
	uint16_t curr_queue_pairs; /* 1 */
	uint64_t curr_guest_offloads;
	bool promisc; /* true, as in QEMU, until the driver says otherwise */
	bool allmulti, alluni, nomulti, nouni, nobcast;
	struct {
		unsigned int in_use, first_multi;
		bool uni_overflow, multi_overflow; /* too many: all of that kind pass */
		uint8_t macs[VIRTIO_NET_MAC_ENTRIES][6];
	} mac_table;
	uint32_t vlans[4096 / 32]; /* bit n: VLAN n passes */
	struct {
		bool enabled; /* steers; false: hashes are only reported */
		uint32_t hash_types;
		uint8_t key[VIRTIO_NET_RSS_KEY];
		uint16_t table[VIRTIO_NET_RSS_TABLE];
		uint16_t table_mask;
		uint16_t unclassified;
	} rss;
	uint8_t flow_pair[256]; /* without RSS: which pair a flow last sent on, by its hash */
	struct VirtIONetCoalesce rx_coal, tx_coal; /* of queues enabled from now on */
	struct VirtIONetQueue queues[VIRTIO_NET_PAIRS];
	uint64_t cvq_commands, cvq_ok;

	bool running; /* DRIVER_OK was set */

	/* Memory to work in. */
	uint8_t config_bytes[sizeof(struct virtio_net_config)];
	struct guest_piece tx_pieces[VIRTIO_NET_CHAIN];
	struct guest_piece pieces[2 * VIRTIO_NET_CHAIN];
	struct VirtQueueElement elems[VIRTIO_NET_CHAIN];
	uint8_t frame[NET_FRAME_MAX];	/* being sent; or a command */
	uint8_t scratch[NET_FRAME_MAX]; /* nic.scratch */
};

/* @vdev: memory and host_features of rings and transport are set by the caller; class, model,
 * config, queues and the card's features by this, and virtio_init() is called. */
void virtio_net_init(struct VirtIONet *n, struct VirtIODevice *vdev,
		     const struct VirtIONetConf *conf);

/* Plugs two ends together. A card's own end twice: a loopback. */
void net_plug(struct NetClientState *a, struct NetClientState *b);

/* ---- things that happen to a card ---- */

void virtio_net_set_link(struct VirtIONet *n, bool up);
void virtio_net_set_speed(struct VirtIONet *n, uint32_t speed, uint8_t duplex);
/* The machine has moved: the driver is asked to say so to the network. */
void virtio_net_announce(struct VirtIONet *n);

/* Buffers held back by fault.hold_tx go out. */
void virtio_net_release(struct VirtIONet *n);

/* The time that start_timer() was asked for has passed: interrupts held back are sent. */
void virtio_net_timer(struct VirtIONet *n);

/* ---- shared by the files of the card ---- */

uint32_t virtio_net_hdr_bytes(const struct VirtIONet *n);
bool virtio_net_receive(struct NetClientState *nc, const struct NetFrame *sent);
void virtio_net_notify_rx(struct VirtIONet *n, struct VirtQueue *vq, unsigned int packets);

bool virtio_net_ctrl_queue(const struct VirtIONet *n, unsigned int index);
void virtio_net_handle_ctrl(struct VirtIONet *n, unsigned int index);
void virtio_net_reset_settings(struct VirtIONet *n);
void virtio_net_apply_offloads(struct VirtIONet *n);

#endif
