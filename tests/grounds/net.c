/* SPDX-License-Identifier: MIT */
/*
 * Our network driver on two grounds: host, where the card is device/'s, and qtest, where it is
 * QEMU's virtio-net-pci and frames cross a socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "net/arp_icmp.h"
#include "pci/virtio_pci_common.h"
#include "platform/platform.h"
#include "ring/vring_errno.h"
#include "tests/support/net_card.h"
#include "tests/support/packets.h"
#include "tests/support/select.h"

#define SECOND 1000000000ull
/* QEMU offers HASH_REPORT only where its own header crosses the cable. */
#define NO_HASH "a dgram netdev carries no virtio-net header, so QEMU reports no hashes"
#define MTU_FRAME (ETH_DATA_LEN + ETH_HLEN)

static const uint8_t other[ETH_ALEN] = { 0x52, 0x54, 0x00, 0x99, 0x99, 0x99 };
static const uint8_t group[ETH_ALEN] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb };

static bool on_host(void)
{
	return !strcmp(machine_ground, "host");
}

static void frame_in(size_t bytes, unsigned int seed)
{
	static uint8_t frame[NET_CARD_FRAME_MAX];

	net_card_frame_in(frame, bytes, seed);
	machine_net_send(0, frame, bytes);
	net_card_expect_in(bytes, seed);
}

static void frame_out(size_t bytes, unsigned int seed)
{
	net_card_send(bytes, seed);
	net_card_expect_out(bytes, seed);
}

/* ---- frames ---- */

static void cross(const struct machine_device *device, size_t last)
{
	net_card_start(device);
	for (size_t bytes = ETH_HLEN; bytes <= last; bytes += bytes < 80 ? 1 : last / 23) {
		frame_out(bytes, (unsigned int)bytes);
		frame_in(bytes, (unsigned int)bytes);
	}
	frame_out(last, 1);
	frame_in(last, 2);
	net_card_stop(NULL);
}

static void frames_cross_a_split_ring(void **state)
{
	(void)state;
	cross(&(struct machine_device){ 0 }, MTU_FRAME);
	cross(&(struct machine_device){ .event_idx = MACHINE_OFF }, MTU_FRAME);
	cross(&(struct machine_device){ .indirect = MACHINE_OFF }, MTU_FRAME);
}

static void frames_cross_a_packed_ring(void **state)
{
	(void)state;
	cross(&(struct machine_device){ .packed = MACHINE_ON }, MTU_FRAME);
	cross(&(struct machine_device){ .packed = MACHINE_ON, .event_idx = MACHINE_OFF },
	      MTU_FRAME);
	cross(&(struct machine_device){ .packed = MACHINE_ON, .indirect = MACHINE_OFF }, MTU_FRAME);
}

static void frames_cross_in_small_buffers(void **state)
{
	(void)state;
	cross(&(struct machine_device){ .options = "mrg_rxbuf=off" }, MTU_FRAME);
	cross(&(struct machine_device){ .options = "mrg_rxbuf=off", .packed = MACHINE_ON },
	      MTU_FRAME);
}

static void jumbo_frames_cross_in_mergeable_buffers(void **state)
{
	(void)state;
	cross(&(struct machine_device){ .options = "host_mtu=9000" }, 9000 + ETH_HLEN);
	cross(&(struct machine_device){ .options = "host_mtu=9000", .packed = MACHINE_ON },
	      9000 + ETH_HLEN);
}

static void jumbo_frames_cross_in_big_buffers(void **state)
{
	(void)state;
	cross(&(struct machine_device){ .options = "mrg_rxbuf=off,host_mtu=9000" },
	      9000 + ETH_HLEN);
	cross(&(struct machine_device){ .options = "mrg_rxbuf=off,host_mtu=9000",
					.packed = MACHINE_ON,
					.indirect = MACHINE_OFF },
	      9000 + ETH_HLEN);
}

static void frames_cross_the_old_interfaces(void **state)
{
	(void)state;
	cross(&(struct machine_device){ .interface = MACHINE_TRANSITIONAL }, MTU_FRAME);
	cross(&(struct machine_device){ .interface = MACHINE_LEGACY }, MTU_FRAME);
	cross(&(struct machine_device){ .interface = MACHINE_LEGACY, .options = "mrg_rxbuf=off" },
	      MTU_FRAME);
}

static void frames_cross_with_few_vectors_or_none(void **state)
{
	(void)state;
	cross(&(struct machine_device){ .vectors = 2 }, MTU_FRAME);
	cross(&(struct machine_device){ .vectors = MACHINE_NO_VECTORS }, MTU_FRAME);
}

static void frames_cross_rings_of_other_sizes(void **state)
{
	(void)state;
	cross(&(struct machine_device){ .queue_size = 512 }, MTU_FRAME);
	cross(&(struct machine_device){ .queue_size = 1024, .packed = MACHINE_ON }, MTU_FRAME);
}

static void frames_cross_with_the_longer_header_of_hash_reports(void **state)
{
	(void)state;
	if (!on_host())
		machine_skip(__func__, NO_HASH);
	cross(&(struct machine_device){ .options = "hash=on" }, MTU_FRAME);
	cross(&(struct machine_device){ .options = "hash=on,mrg_rxbuf=off" }, MTU_FRAME);
}

/* ---- bursts ---- */

/*
 * Sends until the ring is full, with nobody at the far end taking anything: on host the doorbells
 * wait, on qtest the socket fills up. Then the far end takes all of it.
 */
static void a_burst_beyond_the_ring_stops_and_wakes_the_queue(void **state)
{
	struct machine_device device = { .options = on_host() ? "deferred=on" : NULL };
	struct net_card *c = net_card_start(&device);
	struct net_queue_stats stats;
	static uint8_t frame[MTU_FRAME];
	unsigned int sent = 0, taken = 0;

	(void)state;
	while (!netif_tx_queue_stopped(c->dev, 0)) {
		struct sk_buff *skb;

		net_card_frame_out(frame, sizeof(frame), sent);
		skb = net_card_skb(frame, sizeof(frame));
		if (dev_queue_xmit(c->dev, skb, false)) {
			kfree_skb(skb);
			break;
		}
		sent++;
		assert_in_range(sent, 1, 5000);
	}
	virtnet_get_tx_stats(c->dev, 0, &stats);
	assert_true(stats.stops > 0);
	for (; taken < sent; taken++)
		net_card_expect_out(sizeof(frame), taken);
	net_card_settle(SECOND / 10);
	assert_false(netif_tx_queue_stopped(c->dev, 0));
	virtnet_get_tx_stats(c->dev, 0, &stats);
	assert_int_equal(stats.wakes, stats.stops);
	assert_int_equal(stats.packets, sent);
	frame_out(MTU_FRAME, 99);
}

static void many_times_the_ring_goes_out_in_order(void **state)
{
	(void)state;
	net_card_start(&(struct machine_device){ 0 });
	/* As many at a time as the far end's socket keeps. */
	for (unsigned int i = 0; i < 2000; i += 8) {
		for (unsigned int n = i; n < i + 8; n++)
			net_card_send(60 + n % 1400, n);
		for (unsigned int n = i; n < i + 8; n++)
			net_card_expect_out(60 + n % 1400, n);
	}
}

static void many_times_the_ring_comes_in_in_order(void **state)
{
	static uint8_t frame[MTU_FRAME];

	(void)state;
	net_card_start(&(struct machine_device){ 0 });
	for (unsigned int i = 0; i < 2000; i += 8) {
		for (unsigned int n = i; n < i + 8; n++) {
			net_card_frame_in(frame, 60 + n % 1400, n);
			machine_net_send(0, frame, 60 + n % 1400);
		}
		for (unsigned int n = i; n < i + 8; n++)
			net_card_expect_in(60 + n % 1400, n);
	}
}

/* ---- what the card is told, and tells ---- */

static void the_link_goes_down_and_up(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	uint64_t deadline;

	(void)state;
	assert_true(netif_carrier_ok(c->dev));
	for (unsigned int change = 1; change <= 4; change++) {
		machine_set_link(0, change % 2 == 0);
		deadline = platform_now() + 5 * SECOND;
		while (c->link_changes < change && platform_now() < deadline)
			net_wait(deadline);
		assert_int_equal(c->link_changes, change);
		assert_int_equal(netif_carrier_ok(c->dev), change % 2 == 0);
	}
	frame_out(100, 1);
	frame_in(100, 2);
}

/* Sends a frame for @to in, then one that is for us for certain. Did the first come? */
static bool passes(const uint8_t *to, uint16_t vlan)
{
	static uint8_t frame[100];
	struct sk_buff *skb;
	bool came;

	net_card_frame_in(frame, sizeof(frame), 5);
	memcpy(frame, to, ETH_ALEN);
	if (vlan) {
		frame[12] = 0x81;
		frame[13] = 0;
		frame[14] = (uint8_t)(vlan >> 8);
		frame[15] = (uint8_t)vlan;
	}
	machine_net_send(0, frame, sizeof(frame));
	net_card_frame_in(frame, 60, 6);
	machine_net_send(0, frame, 60);
	skb = net_card_next();
	assert_non_null(skb);
	came = skb->len == 100;
	kfree_skb(skb);
	if (came) {
		skb = net_card_next();
		assert_non_null(skb);
		assert_int_equal(skb->len, 60);
		kfree_skb(skb);
	}
	return came;
}

static void only_what_the_filter_lets_through_comes(void **state)
{
	static const uint8_t everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct net_rx_mode mode = { 0 };

	(void)state;
	assert_true(passes(c->dev->dev_addr, 0));
	assert_true(passes(everybody, 0));
	assert_false(passes(other, 0));
	assert_false(passes(group, 0));

	mode.allmulti = true;
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	assert_true(passes(group, 0));
	assert_false(passes(other, 0));

	mode = (struct net_rx_mode){ .num_uc = 1, .num_mc = 1 };
	memcpy(mode.uc[0], other, ETH_ALEN);
	memcpy(mode.mc[0], group, ETH_ALEN);
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	assert_true(passes(group, 0));
	assert_true(passes(other, 0));
	assert_false(passes((const uint8_t[]){ 0x01, 0, 0x5e, 0, 0, 1 }, 0));

	mode = (struct net_rx_mode){ .promisc = true };
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	assert_true(passes(other, 0));
	assert_true(passes(group, 0));

	mode = (struct net_rx_mode){ .nobcast = true };
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	assert_false(passes(everybody, 0));
	assert_false(passes(other, 0));
}

static void tagged_frames_come_for_vlans_that_were_added(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });

	(void)state;
	assert_false(passes(c->dev->dev_addr, 7));
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 7), 0);
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 4095), 0);
	assert_true(passes(c->dev->dev_addr, 7));
	assert_true(passes(c->dev->dev_addr, 4095));
	assert_false(passes(c->dev->dev_addr, 8));
	assert_int_equal(virtnet_vlan_rx_kill_vid(c->dev, 7), 0);
	assert_false(passes(c->dev->dev_addr, 7));
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 4096), -EINVAL);
}

static void the_address_can_be_another(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	uint8_t before[ETH_ALEN];

	(void)state;
	assert_true(virtio_has_feature(c->dev->vdev, VIRTIO_NET_F_MAC));
	memcpy(before, c->dev->dev_addr, ETH_ALEN);
	assert_int_equal(virtnet_set_mac_address(c->dev, group), -EINVAL);
	assert_int_equal(virtnet_set_mac_address(c->dev, other), 0);
	assert_memory_equal(c->dev->dev_addr, other, ETH_ALEN);
	assert_true(passes(other, 0));
	assert_false(passes(before, 0));
}

static void mtu_speed_and_duplex_are_as_the_card_says(void **state)
{
	struct machine_device device = { .options = "host_mtu=1400,speed=10000,duplex=full" };
	struct net_card *c = net_card_start(&device);

	(void)state;
	assert_int_equal(c->dev->mtu, 1400);
	assert_int_equal(c->dev->speed, 10000);
	assert_int_equal(c->dev->duplex, VIRTIO_NET_DUPLEX_FULL);
	frame_out(1400 + ETH_HLEN, 1);
	frame_in(1400 + ETH_HLEN, 2);
}

static void received_frames_have_the_published_hashes(void **state)
{
	struct machine_device device = { .options = "hash=on" };
	struct net_card *c;
	struct packet_spec spec = { .src4 = 0x420995bb,
				    .dst4 = 0xa18e6450,
				    .tcp = true,
				    .src_port = 2794,
				    .dst_port = 1766 };
	struct net_rxfh rxfh;
	uint8_t frame[256];
	struct sk_buff *skb;

	(void)state;
	if (!on_host())
		machine_skip(__func__, NO_HASH);
	c = net_card_start(&device);
	assert_int_equal(virtnet_supported_hash_types(c->dev) & 0x3f, 0x3f);
	memcpy(spec.to, c->dev->dev_addr, ETH_ALEN);
	machine_net_send(0, frame, packet_make(frame, &spec));
	skb = net_card_next();
	assert_non_null(skb);
	assert_int_equal(skb->hash_report, VIRTIO_NET_HASH_REPORT_TCPv4);
	assert_int_equal(skb->hash, 0x51ccc178);
	kfree_skb(skb);

	virtnet_get_rxfh(c->dev, &rxfh);
	rxfh.hash_types = VIRTIO_NET_HASH_TYPE_IPv4;
	assert_int_equal(virtnet_set_rxfh(c->dev, &rxfh), 0);
	machine_net_send(0, frame, packet_make(frame, &spec));
	skb = net_card_next();
	assert_non_null(skb);
	assert_int_equal(skb->hash_report, VIRTIO_NET_HASH_REPORT_IPv4);
	assert_int_equal(skb->hash, 0x323e8fc2);
	kfree_skb(skb);
}

static void a_card_with_rss_and_one_pair_receives(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "rss=on" });
	struct net_rxfh rxfh;

	(void)state;
	assert_int_equal(virtnet_supported_hash_types(c->dev), 0x3f);
	virtnet_get_rxfh(c->dev, &rxfh);
	rxfh.table_len = 64;
	assert_int_equal(virtnet_set_rxfh(c->dev, &rxfh), 0);
	frame_out(300, 1);
	frame_in(300, 2);
}

/* ---- life ---- */

static void settings_survive_sleep(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct net_rx_mode mode = { .num_mc = 1 };
	struct pci_dev *pci = pci_next(NULL);

	(void)state;
	while (pci->vendor != 0x1af4)
		pci = pci_next(pci);
	memcpy(mode.mc[0], group, ETH_ALEN);
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 12), 0);
	assert_int_equal(virtnet_set_mac_address(c->dev, other), 0);
	for (unsigned int night = 0; night < 3; night++) {
		struct sk_buff *skb = net_card_skb((uint8_t[60]){ 0 }, 60);

		assert_int_equal(virtio_pci_freeze(pci), 0);
		assert_int_equal(dev_queue_xmit(c->dev, skb, false), -ENETDOWN);
		kfree_skb(skb);
		assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 1), -ENETDOWN);
		assert_int_equal(virtio_pci_restore(pci), 0);
		assert_true(passes(other, 0));
		assert_true(passes(group, 0));
		assert_true(passes(other, 12));
		assert_false(passes(other, 13));
		frame_out(700, night);
		frame_in(700, night);
	}
}

static void the_driver_comes_and_goes(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		const struct net_handler handler = c->dev->handler;

		frame_out(100 + round, round);
		frame_in(100 + round, round);
		unregister_virtio_driver(&virtio_net_driver);
		assert_null(netdev_next(NULL));
		assert_int_equal(register_virtio_driver(&virtio_net_driver), 0);
		c->dev = netdev_next(NULL);
		assert_non_null(c->dev);
		netif_set_handler(c->dev, &handler);
	}
}

/* ---- ARP and ICMP ---- */

#define OUR_IP IPV4(10, 0, 2, 15)
#define THEIR_IP IPV4(10, 0, 2, 2)

static void put32(uint8_t *at, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Sixty bytes, as Ethernet has them at least. */
static void who_has(uint8_t *frame, ipv4_addr ip)
{
	static const uint8_t head[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0,
					0,    0x08, 0x06, 0,	1,    0x08, 0, 6, 4, 0, 1 };

	memset(frame, 0, 60);
	memcpy(frame, head, sizeof(head));
	memcpy(frame + 6, net_card_far, ETH_ALEN);
	memcpy(frame + 22, net_card_far, ETH_ALEN);
	put32(frame + 28, THEIR_IP);
	put32(frame + 38, ip);
}

static uint16_t sum(const uint8_t *bytes, size_t len)
{
	uint32_t total = 0;

	for (size_t i = 0; i < len; i++)
		total += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

static size_t echo_request(uint8_t *frame, const uint8_t *to, size_t payload)
{
	size_t len = 42 + payload;
	uint8_t *ip = frame + 14, *icmp = frame + 34;

	memset(frame, 0, 42);
	memcpy(frame, to, ETH_ALEN);
	memcpy(frame + 6, net_card_far, ETH_ALEN);
	frame[12] = 0x08;
	ip[0] = 0x45;
	ip[2] = (uint8_t)((len - 14) >> 8);
	ip[3] = (uint8_t)(len - 14);
	ip[8] = 64;
	ip[9] = 1;
	put32(ip + 12, THEIR_IP);
	put32(ip + 16, OUR_IP);
	ip[10] = (uint8_t)(sum(ip, 20) >> 8);
	ip[11] = (uint8_t)sum(ip, 20);
	icmp[0] = 8;
	put32(icmp + 4, 0x12340007);
	for (size_t i = 0; i < payload; i++)
		frame[42 + i] = (uint8_t)(i * 3);
	ip = icmp + 2;
	put32(frame + 38, 0x12340007);
	{
		uint16_t csum = sum(icmp, 8 + payload);

		ip[0] = (uint8_t)(csum >> 8);
		ip[1] = (uint8_t)csum;
	}
	return len;
}

/* The next frame of the card that is not an announcement of its own. */
static size_t answer(uint8_t *frame, size_t capacity)
{
	size_t len;

	do {
		net_card_settle(SECOND / 100);
		len = machine_net_receive(0, frame, capacity);
	} while (len && !memcmp(frame, (uint8_t[6]){ 255, 255, 255, 255, 255, 255 }, 6));
	return len;
}

static void who_has_our_address_is_told(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct arp_icmp ai;
	uint8_t frame[2048];

	(void)state;
	arp_icmp_attach(&ai, c->dev, OUR_IP);
	who_has(frame, OUR_IP + 1);
	machine_net_send(0, frame, 60);
	who_has(frame, OUR_IP);
	machine_net_send(0, frame, 60);
	assert_int_equal(answer(frame, sizeof(frame)), 42);
	assert_memory_equal(frame, net_card_far, ETH_ALEN);
	assert_memory_equal(frame + 6, c->dev->dev_addr, ETH_ALEN);
	assert_int_equal(frame[21], 2); /* a reply */
	assert_memory_equal(frame + 22, c->dev->dev_addr, ETH_ALEN);
	assert_int_equal(ai.arp_answered, 1);
	arp_icmp_detach(&ai);
}

static void an_echo_request_comes_back_as_its_reply(void **state)
{
	static const size_t payloads[] = { 0, 1, 56, 1472, 8972 };
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "host_mtu=9000" });
	struct arp_icmp ai;

	(void)state;
	arp_icmp_attach(&ai, c->dev, OUR_IP);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++) {
		static uint8_t sent[9100], came[9100];
		size_t len = echo_request(sent, c->dev->dev_addr, payloads[i]);

		/* Ethernet pads to 60 bytes; the padding does not come back. */
		memset(sent + len, 0xee, 60);
		machine_net_send(0, sent, len < 60 ? 60 : len);
		assert_int_equal(answer(came, sizeof(came)), len);
		assert_memory_equal(came, net_card_far, ETH_ALEN);
		assert_int_equal(sum(came + 14, 20), 0);
		assert_int_equal(came[34], 0);
		assert_int_equal(sum(came + 34, len - 34), 0);
		assert_memory_equal(came + 38, sent + 38, len - 38);
	}
	assert_int_equal(ai.echo_answered, 5);
	/* One wrong byte, and it is not answered. */
	{
		uint8_t frame[200];
		size_t len = echo_request(frame, c->dev->dev_addr, 56);

		frame[60] ^= 1;
		machine_net_send(0, frame, len);
		net_card_settle(SECOND / 10);
		assert_int_equal(ai.bad, 1);
		assert_int_equal(ai.echo_answered, 5);
	}
	arp_icmp_detach(&ai);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, net_card_stop)
	const struct CMUnitTest tests[] = {
		TEST(frames_cross_a_split_ring),
		TEST(frames_cross_a_packed_ring),
		TEST(frames_cross_in_small_buffers),
		TEST(jumbo_frames_cross_in_mergeable_buffers),
		TEST(jumbo_frames_cross_in_big_buffers),
		TEST(frames_cross_the_old_interfaces),
		TEST(frames_cross_with_few_vectors_or_none),
		TEST(frames_cross_rings_of_other_sizes),
		TEST(frames_cross_with_the_longer_header_of_hash_reports),
		TEST(a_burst_beyond_the_ring_stops_and_wakes_the_queue),
		TEST(many_times_the_ring_goes_out_in_order),
		TEST(many_times_the_ring_comes_in_in_order),
		TEST(the_link_goes_down_and_up),
		TEST(only_what_the_filter_lets_through_comes),
		TEST(tagged_frames_come_for_vlans_that_were_added),
		TEST(the_address_can_be_another),
		TEST(mtu_speed_and_duplex_are_as_the_card_says),
		TEST(received_frames_have_the_published_hashes),
		TEST(a_card_with_rss_and_one_pair_receives),
		TEST(settings_survive_sleep),
		TEST(the_driver_comes_and_goes),
		TEST(who_has_our_address_is_told),
		TEST(an_echo_request_comes_back_as_its_reply),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
