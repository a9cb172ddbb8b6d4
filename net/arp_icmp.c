/* SPDX-License-Identifier: MIT */
/*
 * Who has this address, and is anybody there: ARP (RFC 826) and ICMP echo (RFC 792), both ways.
 *
 * Mirrors what net/ipv4/arp.c and icmp.c answer by themselves. An echo request is turned into its
 * reply in place, pages and all, and sent from where it was received.
 */
#include "platform/platform.h"
#include "ring/vring_errno.h"

#include "arp_icmp.h"

#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806

#define ARP_BYTES 28
#define ARP_REQUEST 1
#define ARP_REPLY 2

#define IP_BYTES 20
#define IP_PROTO_ICMP 1

#define ICMP_BYTES 8
#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO 8

#define IP_AT ETH_HLEN
#define ICMP_AT (ETH_HLEN + IP_BYTES)
#define DATA_AT (ICMP_AT + ICMP_BYTES)

#define PING_ID 0x7669
#define RETRY_NS 500000000ull /* a request that is not answered is made again */

static const uint8_t broadcast[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)(value >> 16));
	put16(at + 2, (uint16_t)value);
}

/* Sends @skb, which is gone afterwards whatever comes of it. */
static int send_skb(struct arp_icmp *ai, struct sk_buff *skb)
{
	int err = dev_queue_xmit(ai->dev, skb, false);

	if (err)
		kfree_skb(skb);
	return err;
}

/* ---- neighbours ---- */

static uint8_t *find_neighbour(struct arp_icmp *ai, ipv4_addr ip)
{
	for (unsigned int i = 0; i < ARP_NEIGHBOURS; i++)
		if (ip && ai->neighbours[i].ip == ip)
			return ai->neighbours[i].mac;
	return NULL;
}

static void learn_neighbour(struct arp_icmp *ai, ipv4_addr ip, const uint8_t *mac)
{
	uint8_t *known = find_neighbour(ai, ip);

	if (!known) {
		unsigned int slot = ai->next_neighbour++ % ARP_NEIGHBOURS;

		ai->neighbours[slot].ip = ip;
		known = ai->neighbours[slot].mac;
	}
	__builtin_memcpy(known, mac, ETH_ALEN);
}

/* ---- ARP ---- */

static int send_arp(struct arp_icmp *ai, uint16_t operation, const uint8_t *to_mac, ipv4_addr to_ip)
{
	struct sk_buff *skb = alloc_skb();
	const uint8_t *own = ai->dev->dev_addr;
	uint8_t *eth, *arp;

	if (!skb)
		return -ENOMEM;
	eth = skb_put(skb, ETH_HLEN + ARP_BYTES);
	__builtin_memset(eth, 0, ETH_HLEN + ARP_BYTES);
	__builtin_memcpy(eth, to_mac, ETH_ALEN);
	__builtin_memcpy(eth + 6, own, ETH_ALEN);
	put16(eth + 12, ETH_P_ARP);
	arp = eth + ETH_HLEN;
	put16(arp, 1); /* Ethernet */
	put16(arp + 2, ETH_P_IP);
	arp[4] = ETH_ALEN;
	arp[5] = 4;
	put16(arp + 6, operation);
	__builtin_memcpy(arp + 8, own, ETH_ALEN);
	put32(arp + 14, ai->ip);
	if (operation == ARP_REPLY)
		__builtin_memcpy(arp + 18, to_mac, ETH_ALEN);
	put32(arp + 24, to_ip);
	return send_skb(ai, skb);
}

/* Ours: about us, from us, to everybody. */
static void announce(struct arp_icmp *ai)
{
	send_arp(ai, ARP_REQUEST, broadcast, ai->ip);
}

static void receive_arp(struct arp_icmp *ai, const uint8_t *arp)
{
	ipv4_addr from = get32(arp + 14);
	bool ours = get32(arp + 24) == ai->ip;

	if (get16(arp) != 1 || get16(arp + 2) != ETH_P_IP || arp[4] != ETH_ALEN || arp[5] != 4)
		return;
	/* RFC 826: who asks for us will be talked to; of others only what we know is brought up to
	 * date. */
	if (from && (ours || find_neighbour(ai, from)))
		learn_neighbour(ai, from, arp + 8);
	if (ours && get16(arp + 6) == ARP_REQUEST && !send_arp(ai, ARP_REPLY, arp + 8, from))
		ai->arp_answered++;
}

int arp_resolve(struct arp_icmp *ai, ipv4_addr ip, uint8_t mac[ETH_ALEN], uint64_t deadline)
{
	uint64_t again = 0, until;
	const uint8_t *known;
	int err;

	while (!(known = find_neighbour(ai, ip))) {
		if (platform_now() >= deadline)
			return -ETIMEDOUT;
		if (platform_now() >= again) {
			err = send_arp(ai, ARP_REQUEST, broadcast, ip);
			if (err && err != -EBUSY)
				return err;
			again = platform_now() + RETRY_NS;
		}
		until = again < deadline ? again : deadline;
		net_wait(until);
	}
	__builtin_memcpy(mac, known, ETH_ALEN);
	return 0;
}

/* ---- IP ---- */

static void write_ip(struct arp_icmp *ai, uint8_t *ip, ipv4_addr to, uint32_t len)
{
	uint32_t sum = 0;

	__builtin_memset(ip, 0, IP_BYTES);
	ip[0] = 0x45; /* version 4, five words of header */
	put16(ip + 2, (uint16_t)len);
	ip[8] = 64; /* hops it may live for */
	ip[9] = IP_PROTO_ICMP;
	put32(ip + 12, ai->ip);
	put32(ip + 16, to);
	for (unsigned int i = 0; i < IP_BYTES; i += 2)
		sum += get16(ip + i);
	put16(ip + 10, csum_fold(sum));
}

/* An ICMP message for us, whole and without options? Returns its length, 0 if not. */
static uint32_t icmp_for_us(struct arp_icmp *ai, const struct sk_buff *skb)
{
	const uint8_t *ip = skb->data + IP_AT;
	uint32_t total;

	if (skb_headlen(skb) < DATA_AT || ip[0] != 0x45 || ip[9] != IP_PROTO_ICMP ||
	    get32(ip + 16) != ai->ip)
		return 0;
	total = get16(ip + 2);
	/* Short frames are padded: what is behind the packet is none of it. */
	if (get16(ip + 6) & 0x3fff || total < IP_BYTES + ICMP_BYTES || total > skb->len - IP_AT)
		return 0;
	return total - IP_BYTES;
}

/* What byte @i of a payload of ours is. */
static uint8_t pattern(uint32_t i)
{
	return (uint8_t)(i ^ i >> 8);
}

static void receive_reply(struct arp_icmp *ai, const struct sk_buff *skb, uint32_t bytes)
{
	const uint8_t *icmp = skb->data + ICMP_AT;

	if (!ai->awaiting || bytes != ai->awaited || get16(icmp + 4) != PING_ID ||
	    get16(icmp + 6) != ai->sequence || get32(skb->data + IP_AT + 12) != ai->awaited_from)
		return;
	for (uint32_t i = 0; i < bytes; i++) {
		uint8_t byte;

		skb_copy_bits(skb, DATA_AT + i, &byte, 1);
		if (byte != pattern(i)) {
			ai->bad++;
			return;
		}
	}
	ai->awaiting = false;
}

/* Turns the request into its answer, where it is. */
static void answer_echo(struct arp_icmp *ai, struct sk_buff *skb)
{
	uint8_t *eth = skb->data, *ip = eth + IP_AT, *icmp = eth + ICMP_AT;
	ipv4_addr from = get32(ip + 12);

	__builtin_memcpy(eth, eth + 6, ETH_ALEN);
	__builtin_memcpy(eth + 6, ai->dev->dev_addr, ETH_ALEN);
	write_ip(ai, ip, from, skb->len - IP_AT);
	icmp[0] = ICMP_ECHO_REPLY;
	put16(icmp + 2, 0);
	put16(icmp + 2, csum_fold(skb_checksum(skb, ICMP_AT, skb->len - ICMP_AT, 0)));
	/* What the device said of it was about the request. */
	skb->ip_summed = CHECKSUM_NONE;
	skb->gso_type = VIRTIO_NET_HDR_GSO_NONE;
	if (!send_skb(ai, skb))
		ai->echo_answered++;
}

/* Takes @skb if it is one of ours. */
static bool receive_icmp(struct arp_icmp *ai, struct sk_buff *skb)
{
	uint32_t len = icmp_for_us(ai, skb);
	uint8_t type;

	if (!len)
		return false;
	type = skb->data[ICMP_AT];
	if (type != ICMP_ECHO && type != ICMP_ECHO_REPLY)
		return false;
	skb_trim(skb, ICMP_AT + len);
	if (csum_fold(skb_checksum(skb, ICMP_AT, len, 0))) {
		ai->bad++;
		kfree_skb(skb);
	} else if (type == ICMP_ECHO) {
		answer_echo(ai, skb);
	} else {
		receive_reply(ai, skb, len - ICMP_BYTES);
		kfree_skb(skb);
	}
	return true;
}

/* ---- the card's handler ---- */

static void receive(struct net_device *dev, struct sk_buff *skb, void *arg)
{
	struct arp_icmp *ai = arg;
	uint16_t type = get16(skb->data + 12);

	if (type == ETH_P_ARP && skb_headlen(skb) >= ETH_HLEN + ARP_BYTES) {
		receive_arp(ai, skb->data + ETH_HLEN);
		kfree_skb(skb);
		return;
	}
	if (type == ETH_P_IP && receive_icmp(ai, skb))
		return;
	if (ai->below.receive)
		ai->below.receive(dev, skb, ai->below.arg);
	else
		kfree_skb(skb);
}

static void link_changed(struct net_device *dev, void *arg)
{
	struct arp_icmp *ai = arg;

	if (netif_carrier_ok(dev))
		announce(ai);
	if (ai->below.link)
		ai->below.link(dev, ai->below.arg);
}

static void notify_peers(struct net_device *dev, void *arg)
{
	struct arp_icmp *ai = arg;

	announce(ai);
	if (ai->below.notify_peers)
		ai->below.notify_peers(dev, ai->below.arg);
}

void arp_icmp_attach(struct arp_icmp *ai, struct net_device *dev, ipv4_addr ip)
{
	const struct net_handler handler = {
		.receive = receive,
		.link = link_changed,
		.notify_peers = notify_peers,
		.arg = ai,
	};

	*ai = (struct arp_icmp){ .dev = dev, .ip = ip, .below = dev->handler };
	netif_set_handler(dev, &handler);
	if (netif_carrier_ok(dev))
		announce(ai);
}

void arp_icmp_detach(struct arp_icmp *ai)
{
	netif_set_handler(ai->dev, &ai->below);
}

/* ---- ping ---- */

static struct sk_buff *echo_request(struct arp_icmp *ai, ipv4_addr ip, const uint8_t *mac,
				    uint32_t bytes)
{
	struct sk_buff *skb = alloc_skb();
	uint8_t *eth, *icmp, chunk[64];

	if (!skb)
		return NULL;
	eth = skb_put(skb, DATA_AT);
	__builtin_memcpy(eth, mac, ETH_ALEN);
	__builtin_memcpy(eth + 6, ai->dev->dev_addr, ETH_ALEN);
	put16(eth + 12, ETH_P_IP);
	write_ip(ai, eth + IP_AT, ip, IP_BYTES + ICMP_BYTES + bytes);
	icmp = eth + ICMP_AT;
	__builtin_memset(icmp, 0, ICMP_BYTES);
	icmp[0] = ICMP_ECHO;
	put16(icmp + 4, PING_ID);
	put16(icmp + 6, ai->sequence);
	for (uint32_t at = 0; at < bytes; at += sizeof(chunk)) {
		uint32_t here = bytes - at < sizeof(chunk) ? bytes - at : sizeof(chunk);

		for (uint32_t i = 0; i < here; i++)
			chunk[i] = pattern(at + i);
		if (skb_append(skb, chunk, here)) {
			kfree_skb(skb);
			return NULL;
		}
	}
	put16(icmp + 2, csum_fold(skb_checksum(skb, ICMP_AT, skb->len - ICMP_AT, 0)));
	return skb;
}

int ping(struct arp_icmp *ai, ipv4_addr ip, uint32_t bytes, uint64_t deadline, uint64_t *rtt_ns)
{
	uint8_t mac[ETH_ALEN];
	struct sk_buff *skb;
	uint64_t sent;
	int err;

	if (bytes > ai->dev->mtu || IP_BYTES + ICMP_BYTES + bytes > ai->dev->mtu)
		return -EMSGSIZE;
	err = arp_resolve(ai, ip, mac, deadline);
	if (err)
		return err;
	ai->sequence++;
	ai->awaited = bytes;
	ai->awaited_from = ip;
	ai->awaiting = true;
	skb = echo_request(ai, ip, mac, bytes);
	if (!skb)
		return -ENOMEM;
	sent = platform_now();
	while ((err = dev_queue_xmit(ai->dev, skb, false)) == -EBUSY && platform_now() < deadline)
		net_wait(deadline);
	if (err) {
		kfree_skb(skb);
		return err == -EBUSY ? -ETIMEDOUT : err;
	}
	while (ai->awaiting && platform_now() < deadline)
		net_wait(deadline);
	if (ai->awaiting)
		return -ETIMEDOUT;
	if (rtt_ns)
		*rtt_ns = platform_now() - sent;
	return 0;
}
