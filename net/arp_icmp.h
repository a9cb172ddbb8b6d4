/* SPDX-License-Identifier: MIT */
/*
 * The smallest user of a network card: it answers who-has and echo requests, and makes both.
 *
 * Not a protocol stack. IPv4 without options or fragments, one address per card, a handful of
 * neighbours that are forgotten when others come. Everything else goes on to the handler below.
 */
#ifndef NET_ARP_ICMP_H
#define NET_ARP_ICMP_H

#include "net.h"

#define ARP_NEIGHBOURS 8

/* An IPv4 address as a number: 10.0.2.15 is 0x0a00020f. */
typedef uint32_t ipv4_addr;

#define IPV4(a, b, c, d) ((ipv4_addr)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* The caller's memory, to be left alone between attach and detach. */
struct arp_icmp {
	struct net_device *dev;
	ipv4_addr ip;
	struct net_handler below; /* who had the card before; gets what is not for us */

	struct {
		ipv4_addr ip;
		uint8_t mac[ETH_ALEN];
	} neighbours[ARP_NEIGHBOURS];
	unsigned int next_neighbour; /* the slot to be taken next */

	uint16_t sequence; /* of our last echo request */
	bool awaiting;	   /* its answer has not come */
	uint32_t awaited;  /* bytes of payload it has to have */
	ipv4_addr awaited_from;

	uint64_t arp_answered; /* requests of others */
	uint64_t echo_answered;
	uint64_t bad; /* checksums or lengths that were wrong */
};

/* Takes @dev's handler, and announces @ip on the network. */
void arp_icmp_attach(struct arp_icmp *ai, struct net_device *dev, ipv4_addr ip);
/* Gives the card back to whoever had it. */
void arp_icmp_detach(struct arp_icmp *ai);

/**
 * arp_resolve - the neighbour's address on the link
 * @deadline: platform_now() at which to give up
 *
 * Runs net_wait() until the answer is there.
 *
 * Return: 0; -ETIMEDOUT; or dev_queue_xmit()'s error.
 */
int arp_resolve(struct arp_icmp *ai, ipv4_addr ip, uint8_t mac[ETH_ALEN], uint64_t deadline);

/**
 * ping - send an echo request and wait for its answer
 * @bytes: of payload; the answer has to bring the same back
 * @rtt_ns: how long it took; may be NULL
 *
 * Return: 0; -ETIMEDOUT; -EMSGSIZE if the MTU has no room for it; or dev_queue_xmit()'s error.
 */
int ping(struct arp_icmp *ai, ipv4_addr ip, uint32_t bytes, uint64_t deadline, uint64_t *rtt_ns);

#endif
