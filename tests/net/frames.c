/* SPDX-License-Identifier: MIT */
/*
 * Frames across our driver and our card, in every mode, with every ring: nothing lost, nothing
 * changed, nothing twice; and how many doorbells and interrupts that took.
 */
#include "net/virtnet.h"
#include "platform/host/host.h"
#include "ring/vring_errno.h"
#include "one_card.h"

#define ALL_OFFLOADS "csum=on,host_tso4=on,host_tso6=on,host_ecn=on,host_uso=on,guest_hdrlen=on"

/* ---- sizes, in every mode ---- */

/* Every size from @first to @last, @step apart, out and in. */
static void both_ways(size_t first, size_t last, size_t step)
{
	for (size_t bytes = first; bytes <= last; bytes += step) {
		net_card_send(bytes, (unsigned int)bytes);
		net_card_expect_out(bytes, (unsigned int)bytes);
	}
	for (size_t bytes = first; bytes <= last; bytes += step) {
		static uint8_t frame[NET_CARD_FRAME_MAX];

		net_card_frame_in(frame, bytes, (unsigned int)bytes);
		machine_net_send(0, frame, bytes);
		net_card_expect_in(bytes, (unsigned int)bytes);
	}
}

static void in_every_shape(const char *options, size_t last)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct machine_device device = shapes[i];

		device.options = options;
		net_card_start(&device);
		both_ways(ETH_HLEN, ETH_HLEN + 64, 1);
		both_ways(ETH_HLEN + 64, last, 97);
		both_ways(last, last, 1);
		net_card_stop(NULL);
	}
}

static void small_buffers_carry_every_size(void **state)
{
	(void)state;
	in_every_shape("mrg_rxbuf=off", MTU_FRAME);
}

static void mergeable_buffers_carry_every_size(void **state)
{
	(void)state;
	in_every_shape(NULL, MTU_FRAME);
}

static void big_buffers_carry_every_size(void **state)
{
	(void)state;
	in_every_shape("mrg_rxbuf=off,host_mtu=9000", 9000 + ETH_HLEN);
}

static void mergeable_buffers_carry_frames_of_several_pages(void **state)
{
	(void)state;
	in_every_shape("host_mtu=65535", 65535 + ETH_HLEN);
}

static void every_single_size_up_to_the_mtu(void **state)
{
	(void)state;
	net_card_start(&(struct machine_device){ 0 });
	both_ways(ETH_HLEN, MTU_FRAME, 1);
}

/* The sizes around the end of the first page, the second, the third. */
static void the_sizes_at_which_pages_end(void **state)
{
	static const char *const options[] = { "host_mtu=16000", "mrg_rxbuf=off,host_mtu=16000" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		net_card_start(&(struct machine_device){ .options = options[i] });
		for (size_t pages = 0; pages < 3; pages++)
			both_ways(SKB_HEAD_MAX + pages * SKB_BYTES - 14,
				  SKB_HEAD_MAX + pages * SKB_BYTES + 14, 1);
		net_card_stop(NULL);
	}
}

static void a_legacy_header_without_mergeable_buffers_has_10_bytes(void **state)
{
	struct machine_device device = { .interface = MACHINE_LEGACY, .options = "mrg_rxbuf=off" };
	struct net_card *c = net_card_start(&device);
	uint8_t frame[60];

	(void)state;
	assert_int_equal(virtio_net_hdr_bytes(card()), 10);
	net_card_frame_in(frame, sizeof(frame), 1);
	machine_net_send(0, frame, sizeof(frame));
	net_card_expect_in(sizeof(frame), 1);
	assert_int_equal(rx_stats(c).bytes, sizeof(frame));
	assert_true(virtio_has_feature(c->dev->vdev, VIRTIO_F_ANY_LAYOUT));
}

static void net_rx_01_without_mergeable_buffers_num_buffers_is_1(void **state)
{
	const struct virtio_net_hdr *hdr;
	struct sk_buff *skb;
	uint8_t frame[60];

	(void)state;
	net_card_start(&(struct machine_device){ .options = "mrg_rxbuf=off" });
	net_card_frame_in(frame, sizeof(frame), 1);
	machine_net_send(0, frame, sizeof(frame));
	skb = net_card_next();
	assert_non_null(skb);
	hdr = (const struct virtio_net_hdr *)(skb->data - sizeof(*hdr));
	assert_int_equal(le16_read(&hdr->num_buffers), 1);
	kfree_skb(skb);
}

static void net_rxbuf_07_a_frame_that_one_buffer_does_not_hold_is_lost(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "mrg_rxbuf=off" });
	static uint8_t frame[4000];

	(void)state;
	net_card_frame_in(frame, sizeof(frame), 1);
	machine_net_send(0, frame, sizeof(frame));
	net_card_frame_in(frame, 100, 2);
	machine_net_send(0, frame, 100);
	net_card_expect_in(100, 2);
	assert_int_equal(c->received, 1);
	assert_int_equal(card()->queues[0].stats.rx_drops, 1);
}

/* What the driver has put on @queue next, seen from the card's side. */
static bool look_at(unsigned int queue, struct VirtQueueElement *elem)
{
	static struct guest_piece pieces[32];

	*elem = (struct VirtQueueElement){ .pieces = pieces, .capacity = 32 };
	return virtqueue_pop(virtio_get_queue(host_machine_device(0), queue), elem);
}

/* A card as old as can be: 5.1.9.8 is about those. */
static struct net_card *start_without_any_layout(const char *options)
{
	net_card_start(&(struct machine_device){ .interface = MACHINE_LEGACY, .options = options });
	net_card_unbind();
	host_machine_device(0)->host_features[0] &= ~(1ull << VIRTIO_F_ANY_LAYOUT);
	return net_card_bind();
}

/* Without ANY_LAYOUT headers are in descriptors of their own. */
static void the_old_framing_has_the_header_alone(void **state)
{
	static const uint8_t uc[4], mc[10] = { 1 }; /* no address, one */
	static const struct virtnet_part tables[] = { { uc, sizeof(uc) }, { mc, sizeof(mc) } };
	struct net_card *c = start_without_any_layout(NULL);
	struct VirtQueueElement elem;

	(void)state;
	platform_host_capture_log(true);
	host_machine_expect_complaints();
	card()->fault.hold_tx = true;
	card()->fault.silent_ctrl = true;
	net_card_send(100, 1);
	assert_true(look_at(1, &elem));
	assert_int_equal(elem.out_num, 2);
	assert_int_equal(elem.out_sg[0].len, sizeof(struct virtio_net_hdr));
	assert_int_equal(elem.out_sg[1].len, 100);
	/* A command: two bytes, then what it is about; of two tables, each on its own. */
	assert_int_equal(virtnet_set_rx_mode(c->dev, &(struct net_rx_mode){ 0 }), -ETIMEDOUT);
	assert_true(look_at(2, &elem));
	assert_int_equal(elem.out_num, 2);
	assert_int_equal(elem.out_sg[0].len, 2);
	assert_int_equal(elem.out_sg[1].len, 1);
	assert_int_equal(elem.in_num, 1);
	net_card_stop(NULL);

	c = start_without_any_layout(NULL);
	platform_host_capture_log(true);
	host_machine_expect_complaints();
	card()->fault.silent_ctrl = true;
	assert_int_equal(virtnet_send_command_reply(netdev_priv(c->dev), VIRTIO_NET_CTRL_MAC,
						    VIRTIO_NET_CTRL_MAC_TABLE_SET, tables, 2, NULL,
						    0),
			 -ETIMEDOUT);
	assert_true(look_at(2, &elem));
	assert_int_equal(elem.out_num, 3);
	assert_int_equal(elem.out_sg[0].len, 2);
	assert_int_equal(elem.out_sg[1].len, 4);
	assert_int_equal(elem.out_sg[2].len, 10);
	assert_int_equal(elem.in_num, 1);
	net_card_stop(NULL);

	start_without_any_layout("mrg_rxbuf=off");
	host_machine_expect_complaints();
	assert_true(look_at(0, &elem));
	assert_int_equal(elem.in_num, 2);
	assert_int_equal(elem.in_sg[0].len, 10);
}

static void the_old_framing_carries_frames(void **state)
{
	(void)state;
	start_without_any_layout("mrg_rxbuf=off");
	both_ways(ETH_HLEN, MTU_FRAME, 50);
	net_card_stop(NULL);
	start_without_any_layout("mrg_rxbuf=off,host_mtu=9000");
	both_ways(ETH_HLEN, 9000, 500);
	net_card_stop(NULL);
	start_without_any_layout(NULL);
	both_ways(ETH_HLEN, MTU_FRAME, 50);
}

static void the_header_of_a_plain_packet_is_all_zeroes(void **state)
{
	static const char *const options[] = { NULL, "hash=on", ALL_OFFLOADS };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct VirtQueueElement elem;

		net_card_start(&(struct machine_device){ .options = options[i] });
		host_machine_expect_complaints();
		card()->fault.hold_tx = true;
		net_card_send(100, 1);
		assert_true(look_at(1, &elem));
		/* 5.1.9.2.1: as long as that of received packets, in one piece with the frame. */
		assert_int_equal(elem.out_num, 1);
		assert_int_equal(elem.out_len, 100 + virtio_net_hdr_bytes(card()));
		assert_memory_equal(elem.out_sg[0].base, (uint8_t[20]){ 0 },
				    virtio_net_hdr_bytes(card()));
		net_card_stop(NULL);
	}
}

/* 5.1.9.3.1, 5.1.4.2 */
static void receive_buffers_are_as_long_as_they_have_to_be(void **state)
{
	static const struct {
		const char *options;
		uint64_t least;
	} modes[] = {
		{ "mrg_rxbuf=off", 1526 },
		{ "mrg_rxbuf=off,hash=on", 1534 },
		{ "mrg_rxbuf=off,host_mtu=9000", 9000 + 14 + 12 },
		{ "mrg_rxbuf=off,guest_csum=on,guest_tso4=on", 65601 },
		{ "mrg_rxbuf=off,hash=on,guest_csum=on,guest_uso6=on", 65609 },
		{ "hash=on", 20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		struct VirtQueueElement elem;

		net_card_start(&(struct machine_device){ .options = modes[i].options });
		host_machine_expect_complaints();
		assert_true(look_at(0, &elem));
		assert_true(elem.in_len >= modes[i].least);
		assert_int_equal(elem.out_len, 0);
		net_card_stop(NULL);
	}
}

static void one_card_talks_to_itself(void **state)
{
	static uint8_t frame[MTU_FRAME];

	(void)state;
	net_card_start(&(struct machine_device){ 0 });
	net_plug(&card()->nic, &card()->nic);
	for (unsigned int i = 0; i < 600; i++) {
		struct sk_buff *skb;

		net_card_frame_in(frame, sizeof(frame), i);
		skb = net_card_skb(frame, sizeof(frame));
		assert_int_equal(dev_queue_xmit(netdev_next(NULL), skb, false), 0);
		/* Now and then only, so that there are times without a free buffer. */
		if (i % 300 == 299)
			for (unsigned int n = i - 299; n <= i; n++)
				net_card_expect_in(sizeof(frame), n);
	}
}

/* ---- doorbells and interrupts ---- */

static void packets_with_more_to_follow_cost_one_doorbell(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	uint64_t before = card()->queues[0].stats.tx_notifications;

	(void)state;
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(
			dev_queue_xmit(c->dev, net_card_skb((uint8_t[60]){ 0 }, 60), i < 9), 0);
	assert_int_equal(card()->queues[0].stats.tx_notifications, before + 1);
	assert_int_equal(host_net_sent(host_machine_device(0)), 10);
}

static void more_that_never_follows_is_sent_all_the_same(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct sk_buff *too_long = net_card_skb((uint8_t[3000]){ 0 }, 3000);

	(void)state;
	assert_int_equal(dev_queue_xmit(c->dev, net_card_skb((uint8_t[60]){ 0 }, 60), true), 0);
	assert_int_equal(host_net_sent(host_machine_device(0)), 0);
	assert_int_equal(dev_queue_xmit(c->dev, too_long, false), -EMSGSIZE);
	assert_int_equal(host_net_sent(host_machine_device(0)), 1);
	kfree_skb(too_long);
}

static void while_frames_are_polled_no_interrupt_comes(void **state)
{
	uint8_t frame[60];
	uint64_t before;

	(void)state;
	for (size_t i = 0; i < 4; i++) { /* split and packed, with and without event index */
		net_card_start(&shapes[i]);
		net_card_settle(SECOND);
		before = card()->queues[0].stats.rx_interrupts;
		net_card_frame_in(frame, sizeof(frame), 0);
		/* The first asks for a poll; until it is done, the others are found by it. */
		for (unsigned int n = 0; n < 50; n++) {
			machine_net_send(0, frame, sizeof(frame));
			platform_wait(platform_now());
		}
		assert_int_equal(card()->queues[0].stats.rx_interrupts, before + 1);
		assert_int_equal(net_poll(), 50);
		/* Now they are wanted again. */
		net_card_settle(SECOND);
		machine_net_send(0, frame, sizeof(frame));
		assert_int_equal(card()->queues[0].stats.rx_interrupts, before + 2);
		net_card_settle(SECOND);
		net_card_stop(NULL);
	}
}

static void a_poll_takes_no_more_than_its_budget(void **state)
{
	uint8_t frame[60];

	(void)state;
	net_card_start(&(struct machine_device){ 0 });
	net_card_settle(SECOND);
	net_card_frame_in(frame, sizeof(frame), 0);
	for (unsigned int n = 0; n < 150; n++)
		machine_net_send(0, frame, sizeof(frame));
	platform_wait(platform_now());
	assert_int_equal(net_poll(), 64);
	assert_int_equal(net_poll(), 64);
	assert_int_equal(net_poll(), 22);
	assert_int_equal(net_poll(), 0);
}

/* Handlers at every unlock: the card's interrupt comes in the middle of everything. */
static void interrupts_may_come_wherever_a_lock_is_let_go(void **state)
{
	static uint8_t frame[MTU_FRAME];

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		net_card_start(&shapes[i]);
		platform_host_deliver_at_unlock(true);
		for (unsigned int n = 0; n < 300; n++) {
			net_card_frame_in(frame, sizeof(frame), n);
			machine_net_send(0, frame, sizeof(frame));
			net_card_send(100 + n, n);
			if (n % 3 == 0)
				net_poll();
		}
		for (unsigned int n = 0; n < 300; n++) {
			net_card_expect_in(sizeof(frame), n);
			net_card_expect_out(100 + n, n);
		}
		platform_host_deliver_at_unlock(false);
		net_card_stop(NULL);
	}
}

static void a_lost_interrupt_costs_time_and_no_frame(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .queue_size = 16 });
	uint8_t frame[60];
	uint64_t start;

	(void)state;
	net_card_settle(SECOND);
	card()->fault.lose_interrupts = true;
	net_card_frame_in(frame, sizeof(frame), 7);
	machine_net_send(0, frame, sizeof(frame));
	start = platform_now();
	assert_true(net_wait(start + SECOND) > 0);
	assert_true(platform_now() >= start + SECOND);
	net_card_expect_in(sizeof(frame), 7);

	/* The same for a queue that stopped, and has nobody to wake it. */
	card()->fault.hold_tx = true;
	while (!netif_tx_queue_stopped(c->dev, 0))
		net_card_send(60, 1);
	virtio_net_release(card());
	net_wait(platform_now() + SECOND);
	assert_false(netif_tx_queue_stopped(c->dev, 0));
}

/* ---- nobody there, no memory ---- */

static void frames_that_nobody_wants_are_dropped_and_counted(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	uint8_t frame[60];

	(void)state;
	netif_set_handler(c->dev, &(struct net_handler){ 0 });
	net_card_frame_in(frame, sizeof(frame), 0);
	for (unsigned int n = 0; n < 300; n++) {
		machine_net_send(0, frame, sizeof(frame));
		net_card_settle(1000);
	}
	assert_int_equal(rx_stats(c).packets, 300);
	assert_int_equal(rx_stats(c).drops, 300);
}

static void short_of_memory_the_ring_is_filled_later(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .queue_size = 16 });
	static uint8_t frame[100];

	(void)state;
	net_card_settle(SECOND);
	/* The user keeps what it gets; then there is none for a while. */
	for (unsigned int n = 0; n < 64; n++) {
		if (n % 5 == 0)
			platform_host_fail_allocation(1);
		net_card_frame_in(frame, sizeof(frame), n);
		machine_net_send(0, frame, sizeof(frame));
		net_card_settle(1000);
	}
	platform_host_fail_allocation(0);
	net_card_settle(SECOND);
	assert_int_equal(c->received, 64);
	for (unsigned int n = 0; n < 64; n++)
		net_card_expect_in(sizeof(frame), n);
}

/* No buffer is left in the ring: no frame and no interrupt will come to try again. */
static void an_empty_ring_is_filled_without_an_interrupt(void **state)
{
	static uint8_t frame[100];
	uint64_t start;

	(void)state;
	net_card_start(&(struct machine_device){ .queue_size = 16 });
	net_card_settle(SECOND);
	for (unsigned int n = 0; n < 17; n++) {
		net_card_frame_in(frame, sizeof(frame), n);
		machine_net_send(0, frame, sizeof(frame));
	}
	platform_host_fail_allocation(1);
	platform_wait(platform_now());
	assert_int_equal(net_poll(), 16);
	start = platform_now();
	for (unsigned int n = 0; n < 17; n++)
		net_card_expect_in(sizeof(frame), n);
	assert_int_equal(platform_now(), start);
}

/* A ring full of the longest buffers would be 4352 pages. */
static void big_buffers_are_not_more_than_memory_can_bear(void **state)
{
	(void)state;
	net_card_start(&(struct machine_device){ .options = "mrg_rxbuf=off,host_mtu=65535" });
	assert_true(platform_host_usage().dma_pages < 700);
}

static void what_no_frame_is_is_refused(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	static uint8_t bytes[3000];
	struct sk_buff *skb;

	(void)state;
	for (unsigned int len = 0; len < ETH_HLEN; len++) {
		skb = net_card_skb(bytes, len);
		assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EINVAL);
		kfree_skb(skb);
	}
	/* 5.1.4.2: one byte beyond the MTU; with a VLAN tag four more are allowed. */
	net_card_send(MTU_FRAME, 0);
	skb = net_card_skb(bytes, MTU_FRAME + 1);
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EMSGSIZE);
	kfree_skb(skb);
	bytes[12] = 0x81;
	assert_int_equal(dev_queue_xmit(c->dev, net_card_skb(bytes, MTU_FRAME + 4), false), 0);
	skb = net_card_skb(bytes, MTU_FRAME + 5);
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EMSGSIZE);
	kfree_skb(skb);
}

static void frames_beyond_the_mtu_are_not_received(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "host_mtu=1280" });
	static uint8_t frame[2000];

	(void)state;
	net_card_frame_in(frame, 1280 + ETH_HLEN + 1, 1);
	machine_net_send(0, frame, 1280 + ETH_HLEN + 1);
	net_card_frame_in(frame, 1280 + ETH_HLEN, 2);
	machine_net_send(0, frame, 1280 + ETH_HLEN);
	net_card_expect_in(1280 + ETH_HLEN, 2);
	assert_int_equal(c->received, 1);
	assert_int_equal(card()->queues[0].stats.rx_drops, 1);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, net_card_stop)
	const struct CMUnitTest tests[] = {
		TEST(small_buffers_carry_every_size),
		TEST(mergeable_buffers_carry_every_size),
		TEST(big_buffers_carry_every_size),
		TEST(mergeable_buffers_carry_frames_of_several_pages),
		TEST(every_single_size_up_to_the_mtu),
		TEST(the_sizes_at_which_pages_end),
		TEST(a_legacy_header_without_mergeable_buffers_has_10_bytes),
		TEST(net_rx_01_without_mergeable_buffers_num_buffers_is_1),
		TEST(net_rxbuf_07_a_frame_that_one_buffer_does_not_hold_is_lost),
		TEST(the_old_framing_has_the_header_alone),
		TEST(the_old_framing_carries_frames),
		TEST(the_header_of_a_plain_packet_is_all_zeroes),
		TEST(receive_buffers_are_as_long_as_they_have_to_be),
		TEST(one_card_talks_to_itself),
		TEST(packets_with_more_to_follow_cost_one_doorbell),
		TEST(more_that_never_follows_is_sent_all_the_same),
		TEST(while_frames_are_polled_no_interrupt_comes),
		TEST(a_poll_takes_no_more_than_its_budget),
		TEST(interrupts_may_come_wherever_a_lock_is_let_go),
		TEST(a_lost_interrupt_costs_time_and_no_frame),
		TEST(frames_that_nobody_wants_are_dropped_and_counted),
		TEST(short_of_memory_the_ring_is_filled_later),
		TEST(an_empty_ring_is_filled_without_an_interrupt),
		TEST(big_buffers_are_not_more_than_memory_can_bear),
		TEST(what_no_frame_is_is_refused),
		TEST(frames_beyond_the_mtu_are_not_received),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
