/* SPDX-License-Identifier: MIT */
/*
 * Many queues: which one a frame comes by, and that no queue is used that should not be.
 */
#include "platform/host/host.h"
#include "ring/vring_errno.h"
#include "tests/support/packets.h"
#include "one_card.h"

#define PAIRS 4

static uint8_t bytes[2048];

static struct net_card *start(const char *options)
{
	return net_card_start(&(struct machine_device){ .num_queues = PAIRS, .options = options });
}

/* A flow by its number: the same addresses, another port. */
static uint32_t flow(struct net_card *c, unsigned int number, bool answer)
{
	struct packet_spec spec = { .src_port = (uint16_t)(2000 + number),
				    .dst_port = 80,
				    .payload = 20 };

	if (answer) {
		spec.src_port = 80;
		spec.dst_port = (uint16_t)(2000 + number);
		spec.src4 = 0x0a00020f;
		spec.dst4 = 0x0a000202;
	}
	memcpy(spec.to, c->dev->dev_addr, ETH_ALEN);
	return packet_make(bytes, &spec);
}

/* The pair that the frame in @bytes comes by. */
static unsigned int comes_by(uint32_t len, uint32_t *hash, uint16_t *report)
{
	struct sk_buff *skb;
	unsigned int pair;

	machine_net_send(0, bytes, len);
	skb = net_card_next();
	assert_non_null(skb);
	pair = skb->queue_mapping;
	if (hash)
		*hash = skb->hash;
	if (report)
		*report = skb->hash_report;
	kfree_skb(skb);
	return pair;
}

static void at_first_there_is_one_pair_for_each_processor(void **state)
{
	struct net_card *c = start("mq=on");

	(void)state;
	assert_int_equal(c->dev->max_pairs, PAIRS);
	assert_int_equal(c->dev->num_pairs, 1);
	assert_int_equal(card()->curr_queue_pairs, 1);
	/* 5.1.9.5.6.2 */
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(comes_by(flow(c, i, false), NULL, NULL), 0);
	/* 5.1.9.5.6.1: nor is any other sent on. */
	for (uint16_t i = 0; i < PAIRS; i++) {
		struct sk_buff *skb = net_card_skb(bytes, flow(c, i, false));

		skb->queue_mapping = i;
		assert_int_equal(dev_queue_xmit(c->dev, skb, false), 0);
	}
	assert_int_equal(card()->queues[0].stats.tx_packets, PAIRS);
	net_card_unbind();
	platform_host_set_cpus(3);
	c = net_card_bind();
	assert_int_equal(c->dev->num_pairs, 3);
	assert_int_equal(card()->curr_queue_pairs, 3);
}

static void numbers_of_pairs_that_cannot_be_are_refused(void **state)
{
	struct net_card *c = start("mq=on");

	(void)state;
	assert_int_equal(virtnet_set_queues(c->dev, 0), -EINVAL);
	assert_int_equal(virtnet_set_queues(c->dev, PAIRS + 1), -EINVAL);
	for (uint16_t pairs = PAIRS; pairs; pairs--) {
		assert_int_equal(virtnet_set_queues(c->dev, pairs), 0);
		assert_int_equal(card()->curr_queue_pairs, pairs);
	}
}

/* 5.1.9.5.6: the answer to what was sent on transmitqN comes on receiveqN. */
static void an_answer_comes_by_the_queue_its_flow_is_sent_on(void **state)
{
	struct net_card *c = start("mq=on");

	(void)state;
	assert_int_equal(virtnet_set_queues(c->dev, PAIRS), 0);
	for (unsigned int i = 0; i < 8; i++) {
		struct sk_buff *skb = net_card_skb(bytes, flow(c, i, false));

		skb->queue_mapping = (uint16_t)(i % PAIRS);
		assert_int_equal(dev_queue_xmit(c->dev, skb, false), 0);
		assert_int_equal(comes_by(flow(c, i, true), NULL, NULL), i % PAIRS);
	}
	/* Fewer queues: none beyond is used any more, either way. */
	assert_int_equal(virtnet_set_queues(c->dev, 2), 0);
	for (unsigned int i = 0; i < 8; i++)
		assert_in_range(comes_by(flow(c, i, true), NULL, NULL), 0, 1);
	for (unsigned int i = 0; i < 8; i++) {
		struct sk_buff *skb = net_card_skb(bytes, flow(c, i, false));

		skb->queue_mapping = (uint16_t)(i % PAIRS);
		assert_int_equal(dev_queue_xmit(c->dev, skb, false), 0);
		assert_in_range(comes_by(flow(c, i, true), NULL, NULL), 0, 1);
	}
	for (unsigned int i = 2; i < PAIRS; i++) {
		assert_int_equal(card()->queues[i].stats.tx_packets, 2);
		assert_int_equal(card()->queues[i].stats.tx_drops, 0);
	}
}

static void rss_steers_by_hash_and_table(void **state)
{
	struct net_card *c = start("rss=on,hash=on");
	unsigned int seen[PAIRS] = { 0 };
	struct net_rxfh rxfh;

	(void)state;
	assert_int_equal(virtnet_set_queues(c->dev, PAIRS), 0);
	virtnet_get_rxfh(c->dev, &rxfh);
	assert_int_equal(rxfh.table_len, NET_RSS_MAX_TABLE);
	for (unsigned int i = 0; i < 64; i++) {
		uint32_t hash;
		uint16_t report;
		unsigned int pair = comes_by(flow(c, i, false), &hash, &report);

		assert_int_equal(report, VIRTIO_NET_HASH_REPORT_UDPv4);
		assert_int_equal(pair, rxfh.table[hash % rxfh.table_len]);
		seen[pair]++;
	}
	for (unsigned int i = 0; i < PAIRS; i++)
		assert_true(seen[i] > 0);

	/* Everything to the third, except what has no hash. */
	rxfh.table_len = 1;
	rxfh.table[0] = 2;
	rxfh.unclassified = 3;
	assert_int_equal(virtnet_set_rxfh(c->dev, &rxfh), 0);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(comes_by(flow(c, i, false), NULL, NULL), 2);
	net_card_frame_in(bytes, 60, 1);
	assert_int_equal(comes_by(60, NULL, NULL), 3);
	rxfh.hash_types = VIRTIO_NET_HASH_TYPE_TCPv4;
	assert_int_equal(virtnet_set_rxfh(c->dev, &rxfh), 0);
	assert_int_equal(comes_by(flow(c, 1, false), NULL, NULL), 3);
}

static void tables_that_cannot_be_are_refused(void **state)
{
	struct net_card *c = start("rss=on");
	struct net_rxfh good, bad;

	(void)state;
	assert_int_equal(virtnet_set_queues(c->dev, 2), 0);
	virtnet_get_rxfh(c->dev, &good);
	for (unsigned int i = 0; i < 7; i++) {
		bad = good;
		if (i == 0)
			bad.table_len = 3; /* 5.1.9.5.7.2: a power of two */
		if (i == 1)
			bad.table_len = 0;
		if (i == 2)
			bad.table_len = 256;
		if (i == 3)
			bad.table[5] = 2; /* not in use */
		if (i == 4)
			bad.unclassified = 2;
		if (i == 5)
			bad.hash_types = 1 << 6;
		if (i == 6)
			bad.key_len = 41;
		assert_int_equal(virtnet_set_rxfh(c->dev, &bad), -EINVAL);
	}
	assert_int_equal(virtnet_set_rxfh(c->dev, &good), 0);

	/* A card with less room than we have. */
	net_card_unbind();
	le16_write(&card()->config.rss_max_indirection_table_length, 64);
	c = net_card_bind();
	virtnet_get_rxfh(c->dev, &bad);
	assert_int_equal(bad.table_len, 64);
	bad.table_len = 128;
	assert_int_equal(virtnet_set_rxfh(c->dev, &bad), -EINVAL);
}

static void hashes_are_reported_without_steering(void **state)
{
	struct net_card *c = start("hash=on,mq=on");
	uint32_t hash;
	uint16_t report;

	(void)state;
	comes_by(flow(c, 1, false), &hash, &report);
	assert_int_equal(report, VIRTIO_NET_HASH_REPORT_UDPv4);
	assert_int_not_equal(hash, 0);
	net_card_frame_in(bytes, 60, 1);
	comes_by(60, &hash, &report);
	assert_int_equal(report, VIRTIO_NET_HASH_REPORT_NONE);
	assert_int_equal(card()->rss.enabled, false);
}

/* As if the driver had reset receiveq2 alone. */
static void a_queue_in_reset_is_passed_over_but_not_with_rss(void **state)
{
	struct net_card *c = start("mq=on,strict=off");

	(void)state;
	assert_int_equal(virtnet_set_queues(c->dev, PAIRS), 0);
	for (unsigned int i = 0; i < 256; i++)
		card()->flow_pair[i] = 1;
	assert_int_equal(comes_by(flow(c, 1, false), NULL, NULL), 1);
	virtio_queue_reset(host_machine_device(0), 2);
	assert_int_equal(comes_by(flow(c, 1, false), NULL, NULL), 0);
	/* All of them: then it is lost. */
	for (unsigned int i = 0; i < PAIRS; i++)
		virtio_queue_reset(host_machine_device(0), 2 * i);
	machine_net_send(0, bytes, flow(c, 1, false));
	assert_int_equal(host_net_waiting(host_machine_device(0)), 0);
	host_machine_expect_complaints();
	net_card_stop(NULL);

	c = start("rss=on,strict=off");
	host_machine_expect_complaints();
	assert_int_equal(virtnet_set_queues(c->dev, PAIRS), 0);
	for (unsigned int i = 0; i < VIRTIO_NET_RSS_TABLE; i++)
		card()->rss.table[i] = 1;
	virtio_queue_reset(host_machine_device(0), 2);
	machine_net_send(0, bytes, flow(c, 1, false));
	net_card_settle(SECOND);
	assert_int_equal(c->received, 0);
	assert_int_equal(card()->queues[1].stats.rx_drops, 1);
}

static void each_pair_stops_and_wakes_on_its_own(void **state)
{
	struct net_card *c = net_card_start(
		&(struct machine_device){ .num_queues = 2, .queue_size = 16, .options = "mq=on" });

	(void)state;
	assert_int_equal(virtnet_set_queues(c->dev, 2), 0);
	card()->fault.hold_tx = true;
	while (!netif_tx_queue_stopped(c->dev, 0))
		net_card_send(60, 0);
	assert_false(netif_tx_queue_stopped(c->dev, 1));
	card()->fault.hold_tx = false;
	for (unsigned int i = 0; i < 40; i++) {
		struct sk_buff *skb = net_card_skb((uint8_t[60]){ 0 }, 60);

		skb->queue_mapping = 1;
		assert_int_equal(dev_queue_xmit(c->dev, skb, false), 0);
	}
	assert_true(netif_tx_queue_stopped(c->dev, 0));
	virtio_net_release(card());
	net_card_settle(SECOND);
	assert_false(netif_tx_queue_stopped(c->dev, 0));
}

static void bursts_over_all_queues_arrive_whole(void **state)
{
	struct net_card *c = start("rss=on");
	unsigned int came = 0;

	(void)state;
	assert_int_equal(virtnet_set_queues(c->dev, PAIRS), 0);
	for (unsigned int i = 0; i < 3000; i++)
		machine_net_send(0, bytes, flow(c, i, false));
	while (net_wait(platform_now() + SECOND))
		came += net_card_drain();
	assert_int_equal(came, 3000);
	for (unsigned int pair = 0; pair < PAIRS; pair++) {
		struct net_queue_stats stats;

		virtnet_get_rx_stats(c->dev, pair, &stats);
		assert_true(stats.packets > 500);
	}
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, net_card_stop)
	const struct CMUnitTest tests[] = {
		TEST(at_first_there_is_one_pair_for_each_processor),
		TEST(numbers_of_pairs_that_cannot_be_are_refused),
		TEST(an_answer_comes_by_the_queue_its_flow_is_sent_on),
		TEST(rss_steers_by_hash_and_table),
		TEST(tables_that_cannot_be_are_refused),
		TEST(hashes_are_reported_without_steering),
		TEST(a_queue_in_reset_is_passed_over_but_not_with_rss),
		TEST(each_pair_stops_and_wakes_on_its_own),
		TEST(bursts_over_all_queues_arrive_whole),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
