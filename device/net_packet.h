/* SPDX-License-Identifier: MIT */
/*
 * What a network device has to know of the frames it carries: where their headers are, their
 * checksums, how to cut one large packet into many, and the hash that steers them.
 *
 * QEMU's counterparts are net/checksum.c, net/eth.c and net/toeplitz.h; the cutting is the host
 * kernel's, behind tap. Left out on purpose: UFO, tunnels, the hash types that look into IPv6
 * extension headers.
 */
#ifndef DEVICE_NET_PACKET_H
#define DEVICE_NET_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest IPv6 packet, its Ethernet header and a VLAN tag, rounded up. */
#define NET_FRAME_MAX 65600

/* A frame, and what the header before it said, in our byte order. */
struct NetFrame {
	uint8_t *data;
	uint32_t len;
	uint8_t flags;	  /* VIRTIO_NET_HDR_F_ */
	uint8_t gso_type; /* enum virtio_net_hdr_gso */
	uint16_t hdr_len; /* a hint */
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
};

/* Where things are in a frame; offsets in bytes from its start. */
struct NetHeaders {
	uint16_t ethertype; /* behind VLAN tags */
	uint16_t vlan;	    /* tag's id */
	bool tagged;
	uint8_t ip_version; /* 4, 6; 0: neither, or cut short */
	uint8_t protocol;   /* above IP */
	bool fragment;	    /* of a larger packet: no transport header to rely on */
	uint32_t ip;
	uint32_t transport; /* 0: none */
	uint32_t ip_end;    /* by the header's own length, never beyond the frame */
};

#define NET_TCP 6
#define NET_UDP 17

struct NetHeaders net_parse(const uint8_t *data, uint32_t len);

/* The Internet checksum of what NEEDS_CSUM asks for, stored where it says. False, and nothing
 * changed, if that is outside the frame. */
bool net_complete_csum(struct NetFrame *frame);

/* Whether the checksum of TCP or UDP is right; -1 if there is none to check. */
int net_check_csum(const uint8_t *data, uint32_t len, const struct NetHeaders *headers);

/**
 * net_segment - cut a packet with a gso_type into the frames it stands for
 * @scratch: NET_FRAME_MAX bytes
 * @send: gets each of them, complete with checksums, in @scratch; false stops
 *
 * Return: how many frames were sent; -1 if the packet is not what its gso_type says.
 */
int net_segment(const struct NetFrame *frame, uint8_t *scratch,
		bool (*send)(void *opaque, struct NetFrame *segment), void *opaque);

/**
 * net_hash - the Toeplitz hash of a frame (5.1.9.4.3)
 * @types: VIRTIO_NET_HASH_TYPE_ bits that are enabled; the most specific one that fits is used
 * @key: at least 40 bytes
 * @swapped: source and destination change places: the hash of the answer
 * @report: which was used, of enum virtio_net_hash_report; NONE: the frame has no hash
 */
uint32_t net_hash(const uint8_t *data, uint32_t len, uint32_t types, const uint8_t *key,
		  bool swapped, uint16_t *report);

#endif
