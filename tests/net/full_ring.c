/* SPDX-License-Identifier: MIT */
/*
 * More than a ring holds: sending stops and goes on, without an interrupt lost on the way, and what
 * the card has no buffer for waits.
 */
#include "ring/vring_errno.h"
#include "one_card.h"

static void sending_stops_when_the_ring_is_full_and_goes_on(void **state)
{
	static uint8_t frame[MTU_FRAME];

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct net_card *c = net_card_start(&shapes[i]);
		unsigned int sent = 0, n;
		uint64_t start;
		int err;

		card()->fault.hold_tx = true;
		for (;; sent++) {
			struct sk_buff *skb;

			net_card_frame_out(frame, sizeof(frame), sent);
			skb = net_card_skb(frame, sizeof(frame));
			err = dev_queue_xmit(c->dev, skb, false);
			if (!err)
				continue;
			/* The packet is still ours. */
			kfree_skb(skb);
			break;
		}
		assert_int_equal(err, -EBUSY);
		assert_true(netif_tx_queue_stopped(c->dev, 0));
		assert_int_equal(tx_stats(c).stops, 1);
		assert_in_range(sent, 10, 256);
		assert_int_equal(net_wait(platform_now() + SECOND), 0);
		assert_true(netif_tx_queue_stopped(c->dev, 0));

		/* The card goes on: its interrupt wakes the queue, and everything arrives once. */
		start = platform_now();
		virtio_net_release(card());
		assert_true(net_wait(start + SECOND) > 0);
		assert_int_equal(platform_now(), start);
		assert_false(netif_tx_queue_stopped(c->dev, 0));
		assert_int_equal(tx_stats(c).wakes, 1);
		for (n = 0; n < sent; n++)
			net_card_expect_out(sizeof(frame), n);
		assert_int_equal(host_net_sent(host_machine_device(0)), 0);
		net_card_stop(NULL);
	}
}

/* With more to follow no interrupt is asked for and no doorbell rung, until there is no more. */
static void a_ring_filled_in_one_go_is_sent_and_wakes_its_queue(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct net_card *c = net_card_start(&shapes[i]);
		unsigned int sent = 0;
		uint64_t start;

		net_card_settle(SECOND);
		start = platform_now();
		for (; !netif_tx_queue_stopped(c->dev, 0); sent++)
			assert_int_equal(dev_queue_xmit(c->dev,
							net_card_skb((uint8_t[60]){ 0 }, 60), true),
					 0);
		assert_int_equal(host_net_sent(host_machine_device(0)), sent);
		while (netif_tx_queue_stopped(c->dev, 0))
			net_wait(start + SECOND);
		assert_int_equal(platform_now(), start);
		net_card_stop(NULL);
	}
}

/* Whoever tries a full queue again, with more to follow, turns off nothing that is to wake it. */
static void trying_again_with_more_to_follow_loses_no_wake_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct net_card *c = net_card_start(&shapes[i]);
		struct sk_buff *next = net_card_skb((uint8_t[60]){ 0 }, 60);
		unsigned int sent = 0;
		uint64_t start;

		card()->fault.hold_tx = true;
		for (; !netif_tx_queue_stopped(c->dev, 0); sent++)
			assert_int_equal(dev_queue_xmit(c->dev,
							net_card_skb((uint8_t[60]){ 0 }, 60), true),
					 0);
		assert_int_equal(dev_queue_xmit(c->dev, next, true), -EBUSY);
		net_card_settle(SECOND);
		assert_int_equal(dev_queue_xmit(c->dev, next, true), -EBUSY);
		kfree_skb(next);

		start = platform_now();
		virtio_net_release(card());
		assert_true(net_wait(start + SECOND) > 0);
		assert_int_equal(platform_now(), start);
		assert_false(netif_tx_queue_stopped(c->dev, 0));
		net_card_stop(NULL);
	}
}

static void a_packet_of_many_pieces_waits_for_room_for_all(void **state)
{
	struct machine_device device = { .indirect = MACHINE_OFF,
					 .queue_size = 32,
					 .options = "host_mtu=65535" };
	struct net_card *c = net_card_start(&device);
	struct sk_buff *next = net_card_skb((uint8_t[14]){ 0 }, 14);
	unsigned int n;

	(void)state;
	card()->fault.hold_tx = true;
	/* Ten of one piece, then one of 16; after that there is no room for any other. */
	for (n = 0; n < 10; n++)
		net_card_send(100, n);
	net_card_send(60000, 10);
	assert_int_equal(dev_queue_xmit(c->dev, next, false), -EBUSY);
	kfree_skb(next);
	virtio_net_release(card());
	net_card_send(60000, 11);
	for (n = 0; n < 10; n++)
		net_card_expect_out(100, n);
	net_card_expect_out(60000, 10);
	net_card_expect_out(60000, 11);
}

static void a_burst_beyond_the_ring_comes_in_whole_and_in_order(void **state)
{
	static uint8_t frame[MTU_FRAME];

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct net_card *c = net_card_start(&shapes[i]);
		uint64_t start = platform_now();

		for (unsigned int n = 0; n < 1000; n++) {
			net_card_frame_in(frame, 100 + n, n);
			machine_net_send(0, frame, 100 + n);
		}
		/* The card has filled all buffers, the rest waits at the far end. */
		assert_in_range(host_net_waiting(host_machine_device(0)), 1000 - 256, 1000 - 10);
		for (unsigned int n = 0; n < 1000; n++)
			net_card_expect_in(100 + n, n);
		assert_int_equal(rx_stats(c).packets, 1000);
		/* Each was announced; none was found only because a wait had an end. */
		assert_int_equal(platform_now(), start);
		net_card_stop(NULL);
	}
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, net_card_stop)
	const struct CMUnitTest tests[] = {
		TEST(sending_stops_when_the_ring_is_full_and_goes_on),
		TEST(a_ring_filled_in_one_go_is_sent_and_wakes_its_queue),
		TEST(trying_again_with_more_to_follow_loses_no_wake_up),
		TEST(a_packet_of_many_pieces_waits_for_room_for_all),
		TEST(a_burst_beyond_the_ring_comes_in_whole_and_in_order),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
