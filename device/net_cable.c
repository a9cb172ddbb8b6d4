/* SPDX-License-Identifier: MIT */
/*
 * The cable between two ends in one process, and what is done to a packet for an end that cannot
 * take it as it is. QEMU's counterpart is net/net.c, and for the latter part the host's kernel.
 */
#include "net.h"

void net_plug(struct NetClientState *a, struct NetClientState *b)
{
	a->peer = b;
	b->peer = a;
}

struct segments {
	struct NetClientState *nc;
	bool no_room; /* for the very first */
};

static bool send_segment(void *opaque, struct NetFrame *segment)
{
	struct segments *segments = opaque;
	struct NetClientState *nc = segments->nc;

	if (nc->peer->receive(nc->peer, segment)) {
		nc->segments++;
		nc->segment_bytes += segment->len;
		return true;
	}
	/* Where some are through, the rest is lost, as on any wire. */
	segments->no_room = !nc->segments;
	return false;
}

/* The offload bit that a peer needs for a packet to reach it whole; 0: it makes no sense. */
static uint64_t gso_needs(const struct NetFrame *frame)
{
	uint64_t ecn = frame->gso_type & VIRTIO_NET_HDR_GSO_ECN ? VIRTIO_NET_BIT(GUEST_ECN) : 0;

	switch (frame->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return VIRTIO_NET_BIT(GUEST_TSO4) | ecn;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return VIRTIO_NET_BIT(GUEST_TSO6) | ecn;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		if (net_parse(frame->data, frame->len).ip_version == 4)
			return VIRTIO_NET_BIT(GUEST_USO4);
		return VIRTIO_NET_BIT(GUEST_USO6);
	}
	return 0;
}

enum net_sent net_send(struct NetClientState *nc, struct NetFrame *frame)
{
	struct segments segments = { .nc = nc };
	uint64_t needs;

	nc->segments = nc->segment_bytes = 0;
	if (!nc->peer)
		return NET_SENT;
	if (frame->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		needs = gso_needs(frame);
		if (!needs || !(frame->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
			return NET_BAD;
		if ((nc->peer->offloads & needs) != needs) {
			if (net_segment(frame, nc->scratch, send_segment, &segments) < 0)
				return NET_BAD;
			return segments.no_room ? NET_NO_ROOM : NET_SENT;
		}
	}
	if (frame->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if ((uint32_t)frame->csum_start + frame->csum_offset + 2 > frame->len)
			return NET_BAD;
		if (!(nc->peer->offloads & VIRTIO_NET_BIT(GUEST_CSUM))) {
			net_complete_csum(frame);
			frame->flags &= (uint8_t)~VIRTIO_NET_HDR_F_NEEDS_CSUM;
		}
	}
	return nc->peer->receive(nc->peer, frame) ? NET_SENT : NET_NO_ROOM;
}
