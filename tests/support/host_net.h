/* SPDX-License-Identifier: MIT */
/*
 * The network card of the host ground's machine, for tests that look into it, and the test's end of
 * its cable.
 */
#ifndef TESTS_SUPPORT_HOST_NET_H
#define TESTS_SUPPORT_HOST_NET_H

#include "device/net.h"
#include "machine.h"

/* A frame that came out of the card, and what the header before it said. */
struct host_net_frame {
	struct NetFrame frame; /* .data is what follows */
	uint8_t bytes[NET_FRAME_MAX];
};

/*
 * Options by QEMU's names, each with "=on" or "=off": csum, guest_csum, host_tso4, host_tso6,
 * host_ecn, guest_tso4, guest_tso6, guest_ecn, mrg_rxbuf, status, ctrl_vq, ctrl_rx, ctrl_vlan,
 * ctrl_rx_extra, ctrl_mac_addr, ctrl_guest_offloads, guest_announce, mq, rss, hash; ours, as
 * QEMU 7.2 has none: host_uso, guest_uso4, guest_uso6, guest_hdrlen, notf_coal, vq_notf_coal,
 * stats. As with QEMU and a cable that carries no virtio-net header, offloads are off unless asked
 * for. Numbers: host_mtu (offers MTU), speed (offers SPEED_DUPLEX), duplex=half|full, pairs: what
 * config says of max_virtqueue_pairs. "lie_mtu=N" is offered whatever it is. "no_mac=on" offers
 * none.
 */
struct VirtIONet *host_net_card(struct VirtIODevice *vdev);

/* The test's end: .offloads says what it can take. */
struct NetClientState *host_net_port(struct VirtIODevice *vdev);

/* Sends a frame with a header's word to the card; it waits if the card has no room. */
void host_net_send_frame(struct VirtIODevice *vdev, const struct NetFrame *frame);

/* The next frame that the card sent, to be freed with free(); NULL if there is none. */
struct host_net_frame *host_net_take(struct VirtIODevice *vdev);

/* How many frames wait on either side. */
unsigned int host_net_waiting(struct VirtIODevice *vdev); /* for the card */
unsigned int host_net_sent(struct VirtIODevice *vdev);	  /* from the card */

#endif
