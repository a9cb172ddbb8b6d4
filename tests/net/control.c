/* SPDX-License-Identifier: MIT */
/*
 * The control queue: every command, what the card then does, and what it answers to a driver that
 * asks for nonsense. The same commands are seen to be given again after sleep.
 */
#include "net/virtnet.h"
#include "pci/virtio_pci_common.h"
#include "platform/host/host.h"
#include "ring/vring_errno.h"
#include "tests/support/packets.h"
#include "one_card.h"

static const uint8_t everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t group[ETH_ALEN] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb };
static const uint8_t other[ETH_ALEN] = { 0x52, 0x54, 0x00, 0x99, 0x99, 0x99 };

/* Does a frame for @to come? */
static bool passes(struct net_card *c, const uint8_t *to, uint16_t vlan)
{
	static const uint8_t tag[2] = { 0x81, 0 };
	uint8_t frame[80];
	unsigned int before = c->received;

	net_card_frame_in(frame, sizeof(frame), 1);
	memcpy(frame, to, ETH_ALEN);
	if (vlan) {
		memcpy(frame + 12, tag, 2);
		frame[14] = (uint8_t)(vlan >> 8);
		frame[15] = (uint8_t)vlan;
	}
	machine_net_send(0, frame, sizeof(frame));
	net_card_settle(1000);
	net_card_drain();
	return c->received > before;
}

/* ---- filters ---- */

/* Four kinds of frame, in this order: ours, another's, a group's, everybody's. */
static void expect_filter(struct net_card *c, const struct net_rx_mode *mode, const char *expected)
{
	char came[5] = "----";

	assert_int_equal(virtnet_set_rx_mode(c->dev, mode), 0);
	if (passes(c, c->dev->dev_addr, 0))
		came[0] = 'o';
	if (passes(c, other, 0))
		came[1] = 'a';
	if (passes(c, group, 0))
		came[2] = 'g';
	if (passes(c, everybody, 0))
		came[3] = 'e';
	assert_string_equal(came, expected);
}

static void each_mode_lets_through_what_it_says(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });

	(void)state;
	expect_filter(c, &(struct net_rx_mode){ 0 }, "o--e");
	expect_filter(c, &(struct net_rx_mode){ .promisc = true }, "oage");
	expect_filter(c, &(struct net_rx_mode){ .allmulti = true }, "o-ge");
	expect_filter(c, &(struct net_rx_mode){ .alluni = true }, "oa-e");
	/* 5.1.9.5.1.1: what is suppressed is so even if all of the kind are let through; but a
	 * suppressed group is not everybody; and promiscuous is stronger than all of them. */
	expect_filter(c, &(struct net_rx_mode){ .allmulti = true, .nomulti = true }, "o--e");
	expect_filter(c, &(struct net_rx_mode){ .alluni = true, .nouni = true }, "---e");
	expect_filter(c, &(struct net_rx_mode){ .allmulti = true, .nobcast = true }, "o-g-");
	expect_filter(c,
		      &(struct net_rx_mode){
			      .promisc = true, .nomulti = true, .nouni = true, .nobcast = true },
		      "oage");
	expect_filter(c, &(struct net_rx_mode){ .nomulti = true, .nouni = true, .nobcast = true },
		      "----");
}

static void the_table_has_room_for_64_and_then_all_pass(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct net_rx_mode mode = { .num_uc = NET_MAC_TABLE };

	(void)state;
	for (unsigned int i = 0; i < NET_MAC_TABLE; i++) {
		memcpy(mode.uc[i], other, ETH_ALEN);
		mode.uc[i][5] = (uint8_t)i;
		memcpy(mode.mc[i], group, ETH_ALEN);
		mode.mc[i][4] = (uint8_t)i;
	}
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	for (unsigned int i = 0; i < NET_MAC_TABLE; i++)
		assert_true(passes(c, mode.uc[i], 0));
	assert_false(passes(c, other, 0)); /* ends with 0x99 */
	assert_false(passes(c, group, 0));

	/* Both halves do not fit: of the second all pass. */
	mode.num_mc = NET_MAC_TABLE;
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	assert_false(passes(c, other, 0));
	assert_true(passes(c, group, 0));

	mode.num_mc = NET_MAC_TABLE + 1;
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), -EINVAL);
	mode = (struct net_rx_mode){ 0 };
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	assert_false(passes(c, group, 0));
}

static void vlans_count_only_if_they_were_negotiated(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });

	(void)state;
	assert_false(passes(c, c->dev->dev_addr, 100));
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 100), 0);
	assert_true(passes(c, c->dev->dev_addr, 100));
	assert_int_equal(virtnet_vlan_rx_kill_vid(c->dev, 100), 0);
	assert_false(passes(c, c->dev->dev_addr, 100));
	net_card_stop(NULL);
	/* 5.1.9.5.3.1 */
	c = net_card_start(&(struct machine_device){ .options = "ctrl_vlan=off" });
	assert_true(passes(c, c->dev->dev_addr, 100));
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 100), -EOPNOTSUPP);
}

static void without_the_features_the_settings_are_not_supported(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){
		.options = "ctrl_rx=off,ctrl_rx_extra=off,ctrl_vlan=off,ctrl_mac_addr=off" });
	struct net_coalesce coal = { 0 };
	struct net_device_stats stats;
	struct net_rxfh rxfh;

	(void)state;
	virtnet_get_rxfh(c->dev, &rxfh);
	assert_int_equal(virtnet_set_rx_mode(c->dev, &(struct net_rx_mode){ 0 }), -EOPNOTSUPP);
	assert_int_equal(virtnet_set_mac_address(c->dev, other), -EOPNOTSUPP);
	assert_int_equal(virtnet_set_queues(c->dev, 2), -EOPNOTSUPP);
	assert_int_equal(virtnet_set_queues(c->dev, 1), 0);
	assert_int_equal(virtnet_set_rxfh(c->dev, &rxfh), -EOPNOTSUPP);
	assert_int_equal(virtnet_set_coalesce(c->dev, &coal, &coal), -EOPNOTSUPP);
	assert_int_equal(virtnet_set_per_queue_coalesce(c->dev, 0, &coal, &coal), -EOPNOTSUPP);
	assert_int_equal(virtnet_set_guest_offloads(c->dev, 0), -EOPNOTSUPP);
	assert_int_equal(virtnet_get_device_stats(c->dev, 0, &stats), -EOPNOTSUPP);
	/* Without a filter everything comes. */
	assert_true(passes(c, other, 0));
	net_card_stop(NULL);

	c = net_card_start(&(struct machine_device){ .options = "ctrl_rx_extra=off" });
	assert_int_equal(virtnet_set_rx_mode(c->dev, &(struct net_rx_mode){ .nouni = true }),
			 -EOPNOTSUPP);
	expect_filter(c, &(struct net_rx_mode){ .allmulti = true }, "o-ge");
}

/* ---- announcing, link ---- */

static void an_announcement_is_made_then_acknowledged(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });

	(void)state;
	for (unsigned int n = 1; n <= 3; n++) {
		virtio_net_announce(card());
		assert_int_equal(le16_read(&card()->config.status),
				 VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
		net_card_settle(SECOND);
		assert_int_equal(c->announcements, n);
		assert_int_equal(le16_read(&card()->config.status), VIRTIO_NET_S_LINK_UP);
	}
	assert_int_equal(c->link_changes, 0);
}

static void a_link_that_is_down_at_the_start_comes_up_later(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });

	(void)state;
	net_card_unbind();
	virtio_net_set_link(card(), false);
	c = net_card_bind();
	assert_false(netif_carrier_ok(c->dev));
	assert_false(passes(c, c->dev->dev_addr, 0));
	virtio_net_set_link(card(), true);
	net_card_settle(SECOND);
	assert_true(netif_carrier_ok(c->dev));
	assert_int_equal(c->link_changes, 1);
	assert_true(passes(c, c->dev->dev_addr, 0));
}

static void without_status_the_link_is_taken_to_be_up(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "status=off" });

	(void)state;
	assert_true(netif_carrier_ok(c->dev));
	virtio_net_set_link(card(), false);
	net_card_settle(SECOND);
	assert_true(netif_carrier_ok(c->dev));
}

/* ---- coalescing ---- */

#define COALESCE "notf_coal=on,vq_notf_coal=on"

/* Frames in one at a time; how many interrupts of the card's that makes. */
static uint64_t interrupts_for(unsigned int frames)
{
	uint64_t before = card()->queues[0].stats.rx_interrupts;
	uint8_t frame[60];

	net_card_frame_in(frame, sizeof(frame), 1);
	for (unsigned int i = 0; i < frames; i++) {
		machine_net_send(0, frame, sizeof(frame));
		if (platform_wait(platform_now()))
			while (net_poll())
				;
	}
	return card()->queues[0].stats.rx_interrupts - before;
}

static void an_interrupt_comes_after_so_many_packets(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = COALESCE });
	struct net_coalesce rx = { .max_packets = 8, .max_usecs = 1000 }, none = { 0 };

	(void)state;
	net_card_settle(SECOND);
	assert_int_equal(interrupts_for(32), 32);
	assert_int_equal(virtnet_set_coalesce(c->dev, &rx, &none), 0);
	assert_int_equal(interrupts_for(32), 4);
	assert_int_equal(c->received, 64);
	/* With either at 0 nothing is held back. */
	rx.max_usecs = 0;
	assert_int_equal(virtnet_set_coalesce(c->dev, &rx, &none), 0);
	assert_int_equal(interrupts_for(8), 8);
}

static void or_after_so_much_time(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = COALESCE });
	struct net_coalesce rx = { .max_packets = 100, .max_usecs = 500 }, none = { 0 };
	uint64_t start;

	(void)state;
	net_card_settle(SECOND);
	assert_int_equal(virtnet_set_coalesce(c->dev, &rx, &none), 0);
	start = platform_now();
	assert_int_equal(interrupts_for(5), 0);
	assert_true(net_wait(start + SECOND) > 0);
	assert_int_equal(platform_now(), start + 500 * 1000);
	assert_int_equal(net_card_drain(), 5);
}

static void each_queue_can_have_its_own(void **state)
{
	struct net_card *c =
		net_card_start(&(struct machine_device){ .num_queues = 2, .options = COALESCE });
	struct net_coalesce all = { 16, 100 }, rx = { 4, 50 }, tx = { 9, 90 }, got_rx, got_tx;

	(void)state;
	assert_int_equal(virtnet_set_queues(c->dev, 2), 0);
	assert_int_equal(virtnet_set_coalesce(c->dev, &all, &all), 0);
	assert_int_equal(virtnet_set_per_queue_coalesce(c->dev, 1, &rx, &tx), 0);
	assert_int_equal(virtnet_get_per_queue_coalesce(c->dev, 1, &got_rx, &got_tx), 0);
	assert_memory_equal(&got_rx, &rx, sizeof(rx));
	assert_memory_equal(&got_tx, &tx, sizeof(tx));
	assert_int_equal(virtnet_get_per_queue_coalesce(c->dev, 0, &got_rx, &got_tx), 0);
	assert_memory_equal(&got_rx, &all, sizeof(all));
	assert_memory_equal(&got_tx, &all, sizeof(all));
	/* 5.1.9.5.10.5: only of a queue that is in use. */
	assert_int_equal(virtnet_set_per_queue_coalesce(c->dev, 2, &rx, &tx), -EINVAL);
	assert_int_equal(virtnet_get_per_queue_coalesce(c->dev, 2, &rx, &tx), -EINVAL);
}

/* A queue that is reset and enabled again has what all of its kind were given. */
static void a_queue_that_comes_back_has_the_parameters_of_all(void **state)
{
	struct net_card *c =
		net_card_start(&(struct machine_device){ .options = COALESCE ",strict=off" });
	struct net_coalesce all_rx = { 16, 100 }, all_tx = { 17, 110 }, own = { 4, 50 };

	(void)state;
	host_machine_expect_complaints();
	/* None were given: then 0, and only in the queue that was away. */
	assert_int_equal(virtnet_set_per_queue_coalesce(c->dev, 0, &own, &own), 0);
	virtio_queue_reset(host_machine_device(0), 0);
	assert_int_equal(card()->queues[0].rx.max_packets, 0);
	assert_int_equal(card()->queues[0].tx.max_packets, 4);
	virtio_queue_reset(host_machine_device(0), 1);
	assert_int_equal(card()->queues[0].tx.max_packets, 0);
	net_card_stop(NULL);

	c = net_card_start(&(struct machine_device){ .options = COALESCE ",strict=off" });
	host_machine_expect_complaints();
	assert_int_equal(virtnet_set_coalesce(c->dev, &all_rx, &all_tx), 0);
	assert_int_equal(virtnet_set_per_queue_coalesce(c->dev, 0, &own, &own), 0);
	virtio_queue_reset(host_machine_device(0), 0);
	virtio_queue_reset(host_machine_device(0), 1);
	assert_int_equal(card()->queues[0].rx.max_packets, 16);
	assert_int_equal(card()->queues[0].tx.max_usecs, 110);
}

static void sent_packets_are_coalesced_too(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){
		.queue_size = 16, .indirect = MACHINE_OFF, .options = COALESCE });
	struct net_coalesce tx = { 6, 100 }, none = { 0 };
	uint64_t before;

	(void)state;
	net_card_settle(SECOND);
	assert_int_equal(virtnet_set_coalesce(c->dev, &none, &tx), 0);
	before = card()->queues[0].stats.tx_interrupts;
	for (unsigned int n = 0; n < 12; n++)
		net_card_send(60, n);
	assert_int_equal(card()->queues[0].stats.tx_interrupts - before, 2);
}

/* ---- statistics ---- */

static void the_cards_counters_agree_with_ours(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){
		.options = "stats=on,csum=on,host_tso4=on,guest_csum=on" });
	struct packet_spec spec = { .tcp = true, .payload = 3000, .partial = true };
	struct net_device_stats stats;
	struct net_queue_stats rx, tx;
	static uint8_t frame[4000];
	struct sk_buff *skb;
	uint32_t len;

	(void)state;
	for (unsigned int n = 0; n < 10; n++) {
		net_card_send(100, n);
		net_card_expect_out(100, n);
		net_card_frame_in(frame, 200, n);
		machine_net_send(0, frame, 200);
		net_card_expect_in(200, n);
	}
	len = packet_make(frame, &spec);
	skb = net_card_skb(frame, len);
	skb->ip_summed = CHECKSUM_PARTIAL;
	packet_csum_place(frame, len, &skb->csum_start, &skb->csum_offset);
	skb->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	skb->gso_size = 1000;
	skb->hdr_len = 54;
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), 0);

	virtnet_get_rx_stats(c->dev, 0, &rx);
	virtnet_get_tx_stats(c->dev, 0, &tx);
	assert_int_equal(virtnet_get_device_stats(c->dev, 0, &stats), 0);
	assert_int_equal(stats.types, 0x100070007);
	assert_int_equal(stats.rx_packets, rx.packets);
	assert_int_equal(stats.rx_bytes, rx.bytes);
	assert_int_equal(stats.rx_csum_none, 10);
	assert_int_equal(stats.tx_packets, tx.packets);
	assert_int_equal(stats.tx_bytes, tx.bytes);
	assert_int_equal(stats.tx_notifications, tx.kicks);
	assert_int_equal(stats.tx_needs_csum, 1);
	assert_int_equal(stats.tx_csum_none, 10);
	assert_int_equal(stats.tx_gso_packets, 1);
	assert_int_equal(stats.tx_gso_segments, 3);
	assert_int_equal(stats.tx_gso_segments_bytes, 3000 + 3 * 54);
	/* The last question is counted, its answer is not yet. */
	assert_int_equal(stats.cvq_commands, stats.cvq_ok + 1);
	assert_int_equal(stats.cvq_commands, card()->cvq_commands);
	assert_int_equal(virtnet_get_device_stats(c->dev, 1, &stats), -EINVAL);
}

/* ---- a driver that asks for nonsense ---- */

/* Past our driver's own checks. */
static int command(struct net_card *c, uint8_t class, uint8_t cmd, const void *data, uint32_t len)
{
	struct virtnet_part part = { data, len };

	return virtnet_send_command_reply(netdev_priv(c->dev), class, cmd, &part, len ? 1 : 0, NULL,
					  0);
}

static void nonsense_is_answered_with_err_and_changes_nothing(void **state)
{
	static const struct {
		uint8_t class, command, len;
		uint8_t data[24];
	} nonsense[] = {
		{ 99, 0, 0, { 0 } },			/* no such class */
		{ VIRTIO_NET_CTRL_RX, 6, 1, { 1 } },	/* no such command */
		{ VIRTIO_NET_CTRL_RX, 0, 0, { 0 } },	/* nothing */
		{ VIRTIO_NET_CTRL_RX, 0, 2, { 1, 0 } }, /* too much */
		{ VIRTIO_NET_CTRL_RX, 0, 1, { 2 } },	/* neither on nor off */
		{ VIRTIO_NET_CTRL_MAC, 1, 5, { 0 } },
		{ VIRTIO_NET_CTRL_MAC, 1, 7, { 0 } },
		{ VIRTIO_NET_CTRL_MAC, 2, 6, { 0 } },
		{ VIRTIO_NET_CTRL_MAC, 0, 4, { 0 } },			   /* no second half */
		{ VIRTIO_NET_CTRL_MAC, 0, 8, { 1 } },			   /* an address short */
		{ VIRTIO_NET_CTRL_MAC, 0, 8, { 0xff, 0xff, 0xff, 0xff } }, /* D14 */
		{ VIRTIO_NET_CTRL_MAC, 0, 8, { 0xab, 0xaa, 0xaa, 0x2a } }, /* wraps at * 6 */
		{ VIRTIO_NET_CTRL_MAC, 0, 9, { 0 } },			   /* and a byte */
		{ VIRTIO_NET_CTRL_VLAN, 0, 2, { 0, 0x10 } },		   /* 4096 */
		{ VIRTIO_NET_CTRL_VLAN, 2, 2, { 1 } },
		{ VIRTIO_NET_CTRL_ANNOUNCE, 0, 0, { 0 } }, /* nobody asked */
		{ VIRTIO_NET_CTRL_MQ, 0, 2, { 0 } },
		{ VIRTIO_NET_CTRL_MQ, 0, 2, { 5 } },
		{ VIRTIO_NET_CTRL_MQ, 1, 8, { 0 } },			  /* no table */
		{ VIRTIO_NET_CTRL_MQ, 1, 13, { [4] = 0xff, 0xff } },	  /* D14 */
		{ VIRTIO_NET_CTRL_MQ, 1, 15, { [4] = 2, [14] = 1 } },	  /* three entries */
		{ VIRTIO_NET_CTRL_MQ, 1, 13, { [10] = 1, [12] = 41 } },	  /* a long key */
		{ VIRTIO_NET_CTRL_MQ, 2, 13, { [12] = 40 } },		  /* no key */
		{ VIRTIO_NET_CTRL_MQ, 2, 13, { [1] = 0x80 } },		  /* no such type */
		{ VIRTIO_NET_CTRL_GUEST_OFFLOADS, 0, 8, { 0x00, 0x04 } }, /* UFO */
		{ VIRTIO_NET_CTRL_NOTF_COAL, 0, 4, { 0 } },
		{ VIRTIO_NET_CTRL_NOTF_COAL, 2, 12, { 99 } },		/* no such queue */
		{ VIRTIO_NET_CTRL_NOTF_COAL, 2, 12, { 8 } },		/* the control queue */
		{ VIRTIO_NET_CTRL_NOTF_COAL, 3, 4, { 0 } },		/* no room */
		{ VIRTIO_NET_CTRL_STATS, 1, 16, { 0 } },		/* no types */
		{ VIRTIO_NET_CTRL_STATS, 1, 16, { [8] = 1 } },		/* no room */
		{ VIRTIO_NET_CTRL_STATS, 1, 16, { [0] = 1, [8] = 1 } }, /* rx of a tx queue */
		{ VIRTIO_NET_CTRL_STATS, 1, 15, { [8] = 1 } },
	};
	struct net_card *c = net_card_start(&(struct machine_device){
		.num_queues = 4,
		.options = "rss=on,hash=on,stats=on,ctrl_guest_offloads=on," COALESCE });
	static struct VirtIONet before;

	(void)state;
	net_card_settle(SECOND);
	before = *card();
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		if (command(c, nonsense[i].class, nonsense[i].command, nonsense[i].data,
			    nonsense[i].len) != -EREMOTEIO)
			fail_msg("nonsense %zu was not refused", i);
		/* Everything from the pairs in use to the coalescing of queues to come. */
		assert_memory_equal(&card()->curr_queue_pairs, &before.curr_queue_pairs,
				    offsetof(struct VirtIONet, queues) -
					    offsetof(struct VirtIONet, curr_queue_pairs));
		assert_memory_equal(&card()->config, &before.config, sizeof(before.config));
	}
	assert_true(passes(c, c->dev->dev_addr, 0));
}

static void what_is_reserved_is_not_looked_at(void **state)
{
	static const uint8_t set[12] = { 0, 0, 0xff, 0xff, 7, 0, 0, 0, 9 };
	struct net_card *c = net_card_start(&(struct machine_device){ .options = COALESCE });

	(void)state;
	assert_int_equal(command(c, VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET,
				 set, sizeof(set)),
			 0);
	assert_int_equal(card()->queues[0].rx.max_packets, 7);
	assert_int_equal(card()->queues[0].rx.max_usecs, 9);
}

/* ---- sleep ---- */

static void everything_is_said_again_after_sleep(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){
		.num_queues = 4,
		.options = "rss=on,hash=on,guest_csum=on,ctrl_guest_offloads=on," COALESCE });
	struct net_rx_mode mode = { .allmulti = true, .nobcast = true, .num_uc = 1 };
	struct net_coalesce all = { 16, 100 }, rx = { 4, 50 }, tx = { 9, 90 };
	struct pci_dev *pci = to_vp_device(c->dev->vdev)->pci_dev;
	static struct VirtIONet before;
	struct net_rxfh rxfh;

	(void)state;
	memcpy(mode.uc[0], group, ETH_ALEN);
	mode.uc[0][0] = 2;
	assert_int_equal(virtnet_set_queues(c->dev, 3), 0);
	virtnet_get_rxfh(c->dev, &rxfh);
	rxfh.table_len = 4;
	rxfh.table[0] = 2;
	rxfh.unclassified = 1;
	rxfh.key[7] = 0x77;
	assert_int_equal(virtnet_set_rxfh(c->dev, &rxfh), 0);
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	assert_int_equal(virtnet_set_mac_address(c->dev, other), 0);
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 7), 0);
	assert_int_equal(virtnet_set_coalesce(c->dev, &all, &all), 0);
	assert_int_equal(virtnet_set_per_queue_coalesce(c->dev, 1, &rx, &tx), 0);
	assert_int_equal(virtnet_set_guest_offloads(c->dev, 0), 0);

	before = *card();
	assert_int_equal(virtio_pci_freeze(pci), 0);
	/* The reset left nothing of it. */
	assert_int_equal(card()->curr_queue_pairs, 1);
	assert_int_equal(card()->mac_table.in_use, 0);
	assert_int_equal(card()->queues[1].rx.max_packets, 0);
	assert_int_equal(card()->rx_coal.max_usecs, 0);
	assert_false(card()->rss.enabled);
	assert_int_equal(virtio_pci_restore(pci), 0);
	assert_memory_equal(&card()->curr_queue_pairs, &before.curr_queue_pairs,
			    offsetof(struct VirtIONet, flow_pair) -
				    offsetof(struct VirtIONet, curr_queue_pairs));
	assert_memory_equal(&card()->config, &before.config, sizeof(before.config));
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(card()->queues[i].rx.max_packets, i == 1 ? 4 : 16);
		assert_int_equal(card()->queues[i].tx.max_usecs, i == 1 ? 90 : 100);
	}
}

/* 2.7.8.3: what lies beyond the used length was not written, whatever is there. */
static void an_answer_beyond_the_used_length_is_none(void **state)
{
	struct machine_device device = {
		.options = "notf_coal=on,vq_notf_coal=on,stats=on,ctrl_rx_extra=on"
	};
	struct net_card *c = net_card_start(&device);
	const struct net_rx_mode mode = { .allmulti = true };
	struct net_coalesce rx = { .max_packets = 7 }, tx = { .max_packets = 8 };
	struct net_device_stats stats;

	(void)state;
	card()->fault.short_ctrl = true;
	card()->fault.ctrl_len = 0;
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), -EREMOTEIO);
	assert_int_equal(virtnet_get_device_stats(c->dev, 0, &stats), -EREMOTEIO);

	card()->fault.ctrl_len = 1;
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
	/* The ack is there, and half of what was asked. */
	card()->fault.ctrl_len = 5;
	assert_int_equal(virtnet_get_per_queue_coalesce(c->dev, 0, &rx, &tx), -EREMOTEIO);
	assert_int_equal(rx.max_packets, 7);
	assert_int_equal(virtnet_get_device_stats(c->dev, 0, &stats), -EREMOTEIO);
	card()->fault.short_ctrl = false;
	assert_int_equal(virtnet_get_device_stats(c->dev, 0, &stats), 0);
	assert_true(stats.cvq_commands > 5);
}

/* 5.1.9.1 */
static void net_legacyop_02_a_legacy_answer_has_any_length(void **state)
{
	struct net_card *c =
		net_card_start(&(struct machine_device){ .interface = MACHINE_LEGACY });
	const struct net_rx_mode mode = { .allmulti = true };

	(void)state;
	card()->fault.short_ctrl = true;
	assert_int_equal(virtnet_set_rx_mode(c->dev, &mode), 0);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, net_card_stop)
	const struct CMUnitTest tests[] = {
		TEST(each_mode_lets_through_what_it_says),
		TEST(the_table_has_room_for_64_and_then_all_pass),
		TEST(vlans_count_only_if_they_were_negotiated),
		TEST(without_the_features_the_settings_are_not_supported),
		TEST(an_announcement_is_made_then_acknowledged),
		TEST(a_link_that_is_down_at_the_start_comes_up_later),
		TEST(without_status_the_link_is_taken_to_be_up),
		TEST(an_interrupt_comes_after_so_many_packets),
		TEST(or_after_so_much_time),
		TEST(each_queue_can_have_its_own),
		TEST(a_queue_that_comes_back_has_the_parameters_of_all),
		TEST(what_is_reserved_is_not_looked_at),
		TEST(sent_packets_are_coalesced_too),
		TEST(the_cards_counters_agree_with_ours),
		TEST(nonsense_is_answered_with_err_and_changes_nothing),
		TEST(everything_is_said_again_after_sleep),
		TEST(an_answer_beyond_the_used_length_is_none),
		TEST(net_legacyop_02_a_legacy_answer_has_any_length),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
