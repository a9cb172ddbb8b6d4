/* SPDX-License-Identifier: MIT */
/*
 * A network device as it lies on the wire (5.1): feature bits, config, the header before each
 * packet, and the commands of the control queue.
 *
 * Mirrors include/uapi/linux/virtio_net.h. Left out on purpose: tunnels, IPsec, flow filters and
 * RSS contexts of virtio 1.4, which neither our driver nor our device knows.
 */
#ifndef NET_VIRTIO_NET_H
#define NET_VIRTIO_NET_H

#include <stdint.h>

#include "ring/byteorder.h"

/* Feature bits (5.1.3). HOST_: what the driver may leave to the device when it sends; GUEST_: what
 * the device may leave to the driver. */
enum virtio_net_feature {
	VIRTIO_NET_F_CSUM = 0,
	VIRTIO_NET_F_GUEST_CSUM = 1,
	VIRTIO_NET_F_CTRL_GUEST_OFFLOADS = 2,
	VIRTIO_NET_F_MTU = 3,
	VIRTIO_NET_F_MAC = 5,
	VIRTIO_NET_F_GUEST_TSO4 = 7,
	VIRTIO_NET_F_GUEST_TSO6 = 8,
	VIRTIO_NET_F_GUEST_ECN = 9,
	VIRTIO_NET_F_GUEST_UFO = 10,
	VIRTIO_NET_F_HOST_TSO4 = 11,
	VIRTIO_NET_F_HOST_TSO6 = 12,
	VIRTIO_NET_F_HOST_ECN = 13,
	VIRTIO_NET_F_HOST_UFO = 14,
	VIRTIO_NET_F_MRG_RXBUF = 15,
	VIRTIO_NET_F_STATUS = 16,
	VIRTIO_NET_F_CTRL_VQ = 17,
	VIRTIO_NET_F_CTRL_RX = 18,
	VIRTIO_NET_F_CTRL_VLAN = 19,
	VIRTIO_NET_F_CTRL_RX_EXTRA = 20,
	VIRTIO_NET_F_GUEST_ANNOUNCE = 21,
	VIRTIO_NET_F_MQ = 22,
	VIRTIO_NET_F_CTRL_MAC_ADDR = 23,
	VIRTIO_NET_F_DEVICE_STATS = 50,
	VIRTIO_NET_F_VQ_NOTF_COAL = 52,
	VIRTIO_NET_F_NOTF_COAL = 53,
	VIRTIO_NET_F_GUEST_USO4 = 54,
	VIRTIO_NET_F_GUEST_USO6 = 55,
	VIRTIO_NET_F_HOST_USO = 56,
	VIRTIO_NET_F_HASH_REPORT = 57,
	VIRTIO_NET_F_GUEST_HDRLEN = 59,
	VIRTIO_NET_F_RSS = 60,
	VIRTIO_NET_F_SPEED_DUPLEX = 63,
};

/* ---- config (5.1.4) ---- */

#define VIRTIO_NET_S_LINK_UP 1
#define VIRTIO_NET_S_ANNOUNCE 2 /* the driver is to tell the network where it is */

#define VIRTIO_NET_SPEED_UNKNOWN 0xffffffff
/* 5.1.4.1 has full and half the other way round; QEMU, Linux and 5.1.4 agree on this. */
#define VIRTIO_NET_DUPLEX_HALF 0
#define VIRTIO_NET_DUPLEX_FULL 1
#define VIRTIO_NET_DUPLEX_UNKNOWN 0xff

#define VIRTIO_NET_MIN_MTU 68
#define VIRTIO_NET_MQ_PAIRS_MIN 1
#define VIRTIO_NET_MQ_PAIRS_MAX 0x8000

/* A field counts only if its feature does. The driver reads, and writes none of it. */
struct virtio_net_config {
	uint8_t mac[6];
	le16 status;		  /* VIRTIO_NET_S_ */
	le16 max_virtqueue_pairs; /* MQ or RSS */
	le16 mtu;		  /* bytes behind the Ethernet header */
	le32 speed;		  /* Mbit/s */
	uint8_t duplex;
	uint8_t rss_max_key_size;
	le16 rss_max_indirection_table_length; /* entries */
	le32 supported_hash_types;
	le32 supported_tunnel_types;
};

_Static_assert(sizeof(struct virtio_net_config) == 28, "5.1.4");

/* ---- the header before each packet (5.1.9) ---- */

#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1 /* the checksum at csum_start + csum_offset is unfinished */
#define VIRTIO_NET_HDR_F_DATA_VALID 2 /* the checksum was found right, only to the driver */
#define VIRTIO_NET_HDR_F_RSC_INFO 4

enum virtio_net_hdr_gso {
	VIRTIO_NET_HDR_GSO_NONE = 0,
	VIRTIO_NET_HDR_GSO_TCPV4 = 1,
	VIRTIO_NET_HDR_GSO_UDP = 3, /* IP fragments of one datagram */
	VIRTIO_NET_HDR_GSO_TCPV6 = 4,
	VIRTIO_NET_HDR_GSO_UDP_L4 = 5, /* datagrams of gso_size bytes */
	VIRTIO_NET_HDR_GSO_ECN = 0x80, /* beside one of TCP: only the first segment has CWR */
};

/* With VERSION_1 it always has num_buffers and is 12 bytes long; a legacy device without MRG_RXBUF
 * leaves that field out and has 10. */
struct virtio_net_hdr {
	uint8_t flags;
	uint8_t gso_type;
	le16 hdr_len;	  /* bytes of headers in front of the payload, a hint */
	le16 gso_size;	  /* bytes of payload in a segment */
	le16 csum_start;  /* bytes into the packet */
	le16 csum_offset; /* bytes past csum_start */
	le16 num_buffers; /* received: buffers the packet lies in; sent: 0 */
};

/* With HASH_REPORT, both ways; what follows the header proper counts for received packets only. */
struct virtio_net_hdr_hash {
	struct virtio_net_hdr hdr;
	le32 hash_value;
	le16 hash_report; /* enum virtio_net_hash_report */
	le16 padding_reserved;
};

#define VIRTIO_NET_LEGACY_HDR_BYTES 10

_Static_assert(sizeof(struct virtio_net_hdr) == 12, "5.1.9");
_Static_assert(sizeof(struct virtio_net_hdr_hash) == 20, "5.1.9");

/* ---- hashes (5.1.9.4.3) ---- */

/* Bits of hash_types; what was hashed is reported as bit number plus one. */
#define VIRTIO_NET_HASH_TYPE_IPv4 (1u << 0)
#define VIRTIO_NET_HASH_TYPE_TCPv4 (1u << 1)
#define VIRTIO_NET_HASH_TYPE_UDPv4 (1u << 2)
#define VIRTIO_NET_HASH_TYPE_IPv6 (1u << 3)
#define VIRTIO_NET_HASH_TYPE_TCPv6 (1u << 4)
#define VIRTIO_NET_HASH_TYPE_UDPv6 (1u << 5)

enum virtio_net_hash_report {
	VIRTIO_NET_HASH_REPORT_NONE = 0,
	VIRTIO_NET_HASH_REPORT_IPv4 = 1,
	VIRTIO_NET_HASH_REPORT_TCPv4 = 2,
	VIRTIO_NET_HASH_REPORT_UDPv4 = 3,
	VIRTIO_NET_HASH_REPORT_IPv6 = 4,
	VIRTIO_NET_HASH_REPORT_TCPv6 = 5,
	VIRTIO_NET_HASH_REPORT_UDPv6 = 6,
};

/* ---- the control queue (5.1.9.5) ---- */

/*
 * A command: this, what belongs to the command, then, written by the device, one byte of ack and
 * for some commands a result.
 */
struct virtio_net_ctrl_hdr {
	uint8_t class;
	uint8_t command;
};

#define VIRTIO_NET_OK 0
#define VIRTIO_NET_ERR 1

/* One byte, 0 or 1. The last four with CTRL_RX_EXTRA. */
#define VIRTIO_NET_CTRL_RX 0
#define VIRTIO_NET_CTRL_RX_PROMISC 0
#define VIRTIO_NET_CTRL_RX_ALLMULTI 1
#define VIRTIO_NET_CTRL_RX_ALLUNI 2
#define VIRTIO_NET_CTRL_RX_NOMULTI 3
#define VIRTIO_NET_CTRL_RX_NOUNI 4
#define VIRTIO_NET_CTRL_RX_NOBCAST 5

/* TABLE_SET: twice, unicast and multicast: le32 number of addresses, then these. ADDR_SET: one. */
#define VIRTIO_NET_CTRL_MAC 1
#define VIRTIO_NET_CTRL_MAC_TABLE_SET 0
#define VIRTIO_NET_CTRL_MAC_ADDR_SET 1

#define VIRTIO_NET_CTRL_VLAN 2 /* le16 */
#define VIRTIO_NET_CTRL_VLAN_ADD 0
#define VIRTIO_NET_CTRL_VLAN_DEL 1

#define VIRTIO_NET_CTRL_ANNOUNCE 3
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK 0

#define VIRTIO_NET_CTRL_MQ 4
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET 0 /* le16 */
#define VIRTIO_NET_CTRL_MQ_RSS_CONFIG 1
#define VIRTIO_NET_CTRL_MQ_HASH_CONFIG 2

#define VIRTIO_NET_CTRL_GUEST_OFFLOADS 5
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET 0 /* le64 of feature bits, all of them */

#define VIRTIO_NET_CTRL_NOTF_COAL 6
#define VIRTIO_NET_CTRL_NOTF_COAL_TX_SET 0
#define VIRTIO_NET_CTRL_NOTF_COAL_RX_SET 1
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET 2
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET 3

#define VIRTIO_NET_CTRL_STATS 8
#define VIRTIO_NET_CTRL_STATS_QUERY 0
#define VIRTIO_NET_CTRL_STATS_GET 1

/*
 * MQ_RSS_CONFIG: this, le16 indirection_table[mask + 1], le16 max_tx_vq, u8 hash_key_length and the
 * key. Queues are numbered as the k of receiveq(k + 1).
 */
struct virtio_net_rss_config {
	le32 hash_types;
	le16 indirection_table_mask; /* entries, a power of two, less one */
	le16 unclassified_queue;     /* where packets without a hash go */
};

/* MQ_HASH_CONFIG: this and the key, for HASH_REPORT without RSS. */
struct virtio_net_hash_config {
	le32 hash_types;
	le16 reserved[4];
	uint8_t hash_key_length;
};
#define VIRTIO_NET_HASH_CONFIG_BYTES 13 /* without the struct's own padding */

/* TX_SET, RX_SET; an interrupt after so many packets or so much time, whichever is first. */
struct virtio_net_ctrl_coal {
	le32 max_packets;
	le32 max_usecs;
};

/* VQ_SET; VQ_GET sends the first two fields and gets the last. */
struct virtio_net_ctrl_coal_vq {
	le16 vq_index;
	le16 reserved;
	struct virtio_net_ctrl_coal coal;
};

_Static_assert(sizeof(struct virtio_net_rss_config) == 8, "5.1.9.5.7");
_Static_assert(sizeof(struct virtio_net_ctrl_coal_vq) == 12, "5.1.9.5.10");

/* ---- statistics of the device (5.1.9.5.11) ---- */

/* Types by bit number; the number is also what a reply's header says. */
enum virtio_net_stats_type {
	VIRTIO_NET_STATS_TYPE_RX_BASIC = 0,
	VIRTIO_NET_STATS_TYPE_RX_CSUM = 1,
	VIRTIO_NET_STATS_TYPE_RX_GSO = 2,
	VIRTIO_NET_STATS_TYPE_RX_SPEED = 3,
	VIRTIO_NET_STATS_TYPE_TX_BASIC = 16,
	VIRTIO_NET_STATS_TYPE_TX_CSUM = 17,
	VIRTIO_NET_STATS_TYPE_TX_GSO = 18,
	VIRTIO_NET_STATS_TYPE_TX_SPEED = 19,
	VIRTIO_NET_STATS_TYPE_CVQ = 32,
};

/* STATS_QUERY's result is a le64 of supported types; STATS_GET sends these, one or more. */
struct virtio_net_ctrl_queue_stats {
	le16 vq_index;
	le16 reserved[3];
	le64 types_bitmap;
};

/* STATS_GET's result: for each queue and each type, lowest first, this and le64 counters. */
struct virtio_net_stats_reply_hdr {
	uint8_t type;
	uint8_t reserved;
	le16 vq_index;
	le16 reserved1;
	le16 size; /* bytes, this header included */
};

struct virtio_net_stats_cvq {
	struct virtio_net_stats_reply_hdr hdr;
	le64 command_num;
	le64 ok_num;
};

struct virtio_net_stats_rx_basic {
	struct virtio_net_stats_reply_hdr hdr;
	le64 rx_notifications; /* doorbells */
	le64 rx_packets;
	le64 rx_bytes;
	le64 rx_interrupts;
	le64 rx_drops;
	le64 rx_drop_overruns;
};

struct virtio_net_stats_tx_basic {
	struct virtio_net_stats_reply_hdr hdr;
	le64 tx_notifications;
	le64 tx_packets;
	le64 tx_bytes;
	le64 tx_interrupts;
	le64 tx_drops;
	le64 tx_drop_malformed;
};

struct virtio_net_stats_rx_csum {
	struct virtio_net_stats_reply_hdr hdr;
	le64 rx_csum_valid;
	le64 rx_needs_csum;
	le64 rx_csum_none;
	le64 rx_csum_bad;
};

struct virtio_net_stats_tx_csum {
	struct virtio_net_stats_reply_hdr hdr;
	le64 tx_csum_none;
	le64 tx_needs_csum;
};

struct virtio_net_stats_rx_gso {
	struct virtio_net_stats_reply_hdr hdr;
	le64 rx_gso_packets;
	le64 rx_gso_bytes;
	le64 rx_gso_packets_coalesced;
	le64 rx_gso_bytes_coalesced;
};

struct virtio_net_stats_tx_gso {
	struct virtio_net_stats_reply_hdr hdr;
	le64 tx_gso_packets;
	le64 tx_gso_bytes;
	le64 tx_gso_segments;
	le64 tx_gso_segments_bytes;
	le64 tx_gso_packets_noseg; /* passed on whole */
	le64 tx_gso_bytes_noseg;
};

#endif
