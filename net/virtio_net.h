/* SPDX-License-Identifier: MIT */
/*
 * The header before each packet, both ways (5.1.6).
 *
 * Mirrors struct virtio_net_hdr_v1 of include/uapi/linux/virtio_net.h: with VERSION_1 it always has
 * num_buffers and is 12 bytes long.
 */
#ifndef NET_VIRTIO_NET_H
#define NET_VIRTIO_NET_H

#include <stdint.h>

#include "ring/byteorder.h"

#define VIRTIO_ID_NET 1

#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1
#define VIRTIO_NET_HDR_F_DATA_VALID 2

#define VIRTIO_NET_HDR_GSO_NONE 0

struct virtio_net_hdr {
	uint8_t flags;
	uint8_t gso_type;
	le16 hdr_len;	  /* bytes of headers in front of the payload, a hint */
	le16 gso_size;	  /* bytes of payload in a segment */
	le16 csum_start;  /* bytes into the packet */
	le16 csum_offset; /* bytes past csum_start */
	le16 num_buffers; /* received: buffers the packet lies in; sent: 0 */
};

_Static_assert(sizeof(struct virtio_net_hdr) == 12, "5.1.6");

#endif
