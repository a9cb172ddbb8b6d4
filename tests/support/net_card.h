/* SPDX-License-Identifier: MIT */
/*
 * A machine with one network card, our driver bound to it, and frames to send and to expect. For
 * suites of either ground.
 */
#ifndef TESTS_SUPPORT_NET_CARD_H
#define TESTS_SUPPORT_NET_CARD_H

#include "machine.h"
#include "net/net.h"

#define NET_CARD_FRAME_MAX 65600

struct net_card {
	struct net_device *dev;
	struct sk_buff *first, **last; /* received, not yet taken */
	unsigned int received;	       /* all of them */
	unsigned int link_changes;
	unsigned int announcements;
};

/* The one card. Fails the test if the driver does not bind; @device: type may be left out. */
struct net_card *net_card_start(const struct machine_device *device);
/* The same without a demand: dev is NULL if the driver did not bind. */
struct net_card *net_card_try(const struct machine_device *device);
/* The driver gives the card up, and takes it again. */
void net_card_unbind(void);
struct net_card *net_card_bind(void);
/* Teardown of every test that made one. */
int net_card_stop(void **state);

/* ---- frames ---- */

extern const uint8_t net_card_far[ETH_ALEN]; /* the other end's address */

/* A frame of @bytes from the far end to us; what is in it follows from @seed. */
void net_card_frame_in(uint8_t *frame, size_t bytes, unsigned int seed);
/* And the other way. */
void net_card_frame_out(uint8_t *frame, size_t bytes, unsigned int seed);

/* A packet of these bytes; fails the test if there is no memory. */
struct sk_buff *net_card_skb(const void *frame, size_t bytes);

/* Sends the frame, waiting for room. */
void net_card_send(size_t bytes, unsigned int seed);
/* The frame with that seed comes out at the far end, byte for byte. */
void net_card_expect_out(size_t bytes, unsigned int seed);

/* The next frame that the driver gave to its user; NULL if none comes within a second. */
struct sk_buff *net_card_next(void);
/* Whatever is there is taken and freed; returns how many frames. */
unsigned int net_card_drain(void);
/* The frame that the far end made with that seed is the next that comes, byte for byte. */
void net_card_expect_in(size_t bytes, unsigned int seed);

/* net_wait() until nothing happens for @ns. */
void net_card_settle(uint64_t ns);

#endif
