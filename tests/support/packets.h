/* SPDX-License-Identifier: MIT */
/*
 * TCP and UDP packets as a test wants them, written with no help from the code that is tested.
 */
#ifndef TESTS_SUPPORT_PACKETS_H
#define TESTS_SUPPORT_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

#define PACKET_SEQUENCE 0xfffffff0u /* of TCP's first byte; wraps soon */

struct packet_spec {
	uint8_t to[6], from[6]; /* 0: far end to nobody */
	uint16_t vlan;		/* 0: no tag */
	bool ipv6;
	uint32_t src4, dst4; /* 0: 10.0.2.2 and 10.0.2.15 */
	uint8_t src6[16], dst6[16];
	bool tcp; /* or UDP */
	uint16_t src_port, dst_port;
	uint8_t tcp_flags; /* 0: ACK */
	uint32_t payload;  /* bytes, which follow from their place */
	bool partial;	   /* the checksum is that of the pseudo header */
};

/* Writes the frame, checksums and all; returns its length. */
uint32_t packet_make(uint8_t *frame, const struct packet_spec *spec);

/* Where the checksum of such a frame is, as a virtio-net header says it. */
void packet_csum_place(const uint8_t *frame, uint32_t len, uint16_t *start, uint16_t *offset);
/* Headers up to the payload. */
uint32_t packet_header_bytes(const struct packet_spec *spec);

/* Is the transport's checksum right? And IPv4's? */
bool packet_csum_good(const uint8_t *frame, uint32_t len);
bool packet_ip_csum_good(const uint8_t *ip);
uint32_t packet_tcp_sequence(const uint8_t *tcp);

#endif
