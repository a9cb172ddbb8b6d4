/* SPDX-License-Identifier: MIT */
/*
 * See net_card.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "net_card.h"
#include "pci/virtio_pci_common.h"
#include "platform/platform.h"

#define SECOND 1000000000ull

const uint8_t net_card_far[ETH_ALEN] = { 0x52, 0x55, 0x0a, 0x00, 0x02, 0x02 };

static struct net_card card;
static bool running;

/* ---- starting and stopping ---- */

static void receive(struct net_device *dev, struct sk_buff *skb, void *arg)
{
	(void)dev;
	(void)arg;
	skb->next = NULL;
	*card.last = skb;
	card.last = &skb->next;
	card.received++;
}

static void link_changed(struct net_device *dev, void *arg)
{
	(void)dev;
	(void)arg;
	card.link_changes++;
}

static void notify_peers(struct net_device *dev, void *arg)
{
	(void)dev;
	(void)arg;
	card.announcements++;
}

static void bind(void)
{
	const struct net_handler handler = {
		.receive = receive,
		.link = link_changed,
		.notify_peers = notify_peers,
	};

	virtio_pci_probe_all();
	card.dev = netdev_next(NULL);
	if (card.dev)
		netif_set_handler(card.dev, &handler);
}

struct net_card *net_card_try(const struct machine_device *device)
{
	struct machine machine = { .devices = { *device } };

	machine.devices[0].type = "net";
	machine_start(&machine);
	running = true;
	card = (struct net_card){ .last = &card.first };
	assert_int_equal(register_virtio_driver(&virtio_net_driver), 0);
	assert_int_equal(pci_scan(), 0);
	bind();
	return &card;
}

struct net_card *net_card_bind(void)
{
	if (!card.dev || netdev_next(NULL) != card.dev)
		bind();
	assert_non_null(card.dev);
	/* The link's state is read by the first net_poll(). */
	net_poll();
	card.link_changes = 0;
	return &card;
}

void net_card_unbind(void)
{
	net_card_drain();
	virtio_pci_remove_all();
	card.dev = NULL;
}

struct net_card *net_card_start(const struct machine_device *device)
{
	net_card_try(device);
	return net_card_bind();
}

int net_card_stop(void **state)
{
	(void)state;
	if (!running)
		return 0;
	running = false;
	net_card_drain();
	virtio_pci_remove_all();
	unregister_virtio_driver(&virtio_net_driver);
	pci_forget();
	machine_stop();
	return 0;
}

/* ---- frames ---- */

/* Two addresses, a type that nobody has, and bytes that differ with place and seed. */
static void make_frame(uint8_t *frame, size_t bytes, unsigned int seed, const uint8_t *to,
		       const uint8_t *from)
{
	uint32_t state = seed * 2654435761u + (uint32_t)bytes;

	memcpy(frame, to, ETH_ALEN);
	memcpy(frame + ETH_ALEN, from, ETH_ALEN);
	frame[12] = 0x88; /* an experimental type of IEEE 802 */
	frame[13] = 0xb5;
	for (size_t i = ETH_HLEN; i < bytes; i++) {
		state = state * 1664525 + 1013904223;
		frame[i] = (uint8_t)(state >> 24);
	}
}

void net_card_frame_in(uint8_t *frame, size_t bytes, unsigned int seed)
{
	make_frame(frame, bytes, seed, card.dev->dev_addr, net_card_far);
}

void net_card_frame_out(uint8_t *frame, size_t bytes, unsigned int seed)
{
	make_frame(frame, bytes, seed, net_card_far, card.dev->dev_addr);
}

struct sk_buff *net_card_skb(const void *frame, size_t bytes)
{
	struct sk_buff *skb = alloc_skb();

	assert_non_null(skb);
	assert_int_equal(skb_append(skb, frame, (uint32_t)bytes), 0);
	return skb;
}

void net_card_send(size_t bytes, unsigned int seed)
{
	static uint8_t frame[NET_CARD_FRAME_MAX];
	struct sk_buff *skb;
	int err;

	net_card_frame_out(frame, bytes, seed);
	skb = net_card_skb(frame, bytes);
	while ((err = dev_queue_xmit(card.dev, skb, false)) == -EBUSY)
		assert_true(net_wait(platform_now() + SECOND) > 0);
	assert_int_equal(err, 0);
}

void net_card_expect_out(size_t bytes, unsigned int seed)
{
	static uint8_t frame[NET_CARD_FRAME_MAX], came[NET_CARD_FRAME_MAX];

	net_card_frame_out(frame, bytes, seed);
	assert_int_equal(machine_net_receive(0, came, sizeof(came)), bytes);
	assert_memory_equal(came, frame, bytes);
}

struct sk_buff *net_card_next(void)
{
	uint64_t deadline = platform_now() + SECOND;
	struct sk_buff *skb;

	while (!card.first && platform_now() < deadline)
		net_wait(deadline);
	skb = card.first;
	if (skb) {
		card.first = skb->next;
		if (!card.first)
			card.last = &card.first;
	}
	return skb;
}

unsigned int net_card_drain(void)
{
	unsigned int n = 0;

	while (card.first) {
		struct sk_buff *skb = card.first;

		card.first = skb->next;
		kfree_skb(skb);
		n++;
	}
	card.last = &card.first;
	return n;
}

void net_card_expect_in(size_t bytes, unsigned int seed)
{
	static uint8_t frame[NET_CARD_FRAME_MAX], came[NET_CARD_FRAME_MAX];
	struct sk_buff *skb = net_card_next();

	net_card_frame_in(frame, bytes, seed);
	assert_non_null(skb);
	assert_int_equal(skb->len, bytes);
	assert_true(skb_copy_bits(skb, 0, came, skb->len));
	assert_memory_equal(came, frame, bytes);
	kfree_skb(skb);
}

void net_card_settle(uint64_t ns)
{
	while (net_wait(platform_now() + ns))
		;
}
