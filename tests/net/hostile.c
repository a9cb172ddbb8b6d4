/* SPDX-License-Identifier: MIT */
/*
 * Cards that lie: in their config, in the lengths they report, in the headers they write, on the
 * control queue. The driver refuses to bind, does without, or drops that frame; the frames after it
 * are right.
 */
#include "pci/virtio_pci_common.h"
#include "platform/host/host.h"
#include "ring/vring_errno.h"
#include "one_card.h"

/* What the ring has found wrong since the test last looked. */
static struct {
	unsigned int num;
	char field[32];
} violation;

void vring_violation(const struct virtqueue *vq, const char *field, uint32_t value,
		     const char *rule)
{
	(void)vq;
	(void)value;
	(void)rule;
	violation.num++;
	strncpy(violation.field, field, sizeof(violation.field) - 1);
}

static void assert_length_was_wrong(void)
{
	assert_int_equal(violation.num, 1);
	assert_string_equal(violation.field, "used.len");
	memset(&violation, 0, sizeof(violation));
}

static void send_in(size_t bytes, unsigned int seed)
{
	static uint8_t frame[NET_CARD_FRAME_MAX];

	net_card_frame_in(frame, bytes, seed);
	machine_net_send(0, frame, bytes);
}

/* The card is right again, and so is what it delivers. */
static void all_is_well(size_t bytes)
{
	memset(&card()->fault, 0, sizeof(card()->fault));
	for (unsigned int n = 0; n < 20; n++) {
		send_in(bytes + n, n);
		net_card_expect_in(bytes + n, n);
		net_card_send(bytes + n, n);
		net_card_expect_out(bytes + n, n);
	}
}

/* ---- config ---- */

static bool log_has(const char *words)
{
	return strstr(platform_host_log(), words) != NULL;
}

/* What is expected to be complained of need not be read by who runs this. */
static struct net_card *net_card_start_quietly(const struct machine_device *device)
{
	net_card_try(device);
	net_card_unbind();
	platform_host_capture_log(true);
	return net_card_bind();
}

static void an_mtu_that_cannot_be_is_left_out(void **state)
{
	static const char *const lies[] = { "lie_mtu=0", "lie_mtu=1", "lie_mtu=67" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct machine_device device = { .options = lies[i] };
		struct net_card *c = net_card_start_quietly(&device);

		assert_int_equal(c->dev->mtu, ETH_DATA_LEN);
		assert_false(virtio_has_feature(c->dev->vdev, VIRTIO_NET_F_MTU));
		assert_true(log_has("MTU, is left out"));
		all_is_well(1400);
		net_card_stop(NULL);
	}
}

static void the_smallest_mtu_is_taken(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "host_mtu=68" });

	(void)state;
	assert_int_equal(c->dev->mtu, 68);
	all_is_well(60);
}

static void no_pairs_or_too_many_are_one_pair(void **state)
{
	static const char *const lies[] = { "mq=on,pairs=0", "mq=on,pairs=32768",
					    "mq=on,pairs=65535", "rss=on,pairs=0" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct machine_device device = { .options = lies[i] };
		struct net_card *c = net_card_start_quietly(&device);

		assert_true(log_has("no such number of queues"));
		assert_int_equal(c->dev->max_pairs, 1);
		assert_false(virtio_has_feature(c->dev->vdev, VIRTIO_NET_F_MQ));
		assert_false(virtio_has_feature(c->dev->vdev, VIRTIO_NET_F_RSS));
		all_is_well(100);
		/* And the control queue is where it is with one pair. */
		assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 1), 0);
		net_card_stop(NULL);
	}
}

static int (*validate)(struct virtio_device *vdev);
static uint16_t pairs_later;

static int validate_and_change(struct virtio_device *vdev)
{
	int err = validate(vdev);

	le16_write(&card()->config.max_virtqueue_pairs, pairs_later);
	return err;
}

/* D12: what was looked at once may be something else when it is read again. */
static void pairs_that_change_after_the_look_are_no_card(void **state)
{
	static const char *const options[] = { "mq=on", "rss=on" };

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct net_card *c = net_card_start(
			&(struct machine_device){ .num_queues = 4, .options = options[i / 2] });

		net_card_unbind();
		platform_host_capture_log(true);
		pairs_later = i % 2 ? 0xffff : 0;
		validate = virtio_net_driver.validate;
		virtio_net_driver.validate = validate_and_change;
		virtio_pci_probe_all();
		virtio_net_driver.validate = validate;
		(void)c;
		assert_null(netdev_next(NULL));
		assert_true(log_has("no such number of queues"));
		net_card_stop(NULL);
	}
}

static void more_pairs_than_there_are_queues_for_is_no_card(void **state)
{
	struct net_card *c;

	(void)state;
	/* The card says 1000 and has 16: the driver cannot find its control queue. */
	host_machine_expect_complaints();
	c = net_card_try(&(struct machine_device){ .options = "mq=on,pairs=1000,strict=off" });
	assert_null(c->dev);
}

static void a_card_that_has_no_room_for_a_key_does_not_hash(void **state)
{
	struct net_card *c;

	(void)state;
	c = net_card_try(&(struct machine_device){ .options = "rss=on,hash=on" });
	assert_non_null(c->dev);
	net_card_unbind();
	card()->config.rss_max_key_size = 39;
	c = net_card_bind();
	assert_int_equal(virtnet_supported_hash_types(c->dev), 0);
	assert_false(virtio_has_feature(c->dev->vdev, VIRTIO_NET_F_HASH_REPORT));
}

static void a_card_without_an_address_gets_a_local_one(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "no_mac=on" });

	(void)state;
	/* Local, and not a group's; the card was told, as it filters by it. */
	assert_int_equal(c->dev->dev_addr[0] & 3, 2);
	assert_memory_equal(card()->config.mac, c->dev->dev_addr, ETH_ALEN);
	all_is_well(100);
}

static void speeds_that_cannot_be_are_unknown(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "speed=1000" });

	(void)state;
	assert_int_equal(c->dev->speed, 1000);
	assert_int_equal(c->dev->duplex, VIRTIO_NET_DUPLEX_UNKNOWN);
	virtio_net_set_speed(card(), 0x80000000, 2);
	net_card_settle(SECOND);
	assert_int_equal(c->dev->speed, VIRTIO_NET_SPEED_UNKNOWN);
	assert_int_equal(c->dev->duplex, VIRTIO_NET_DUPLEX_UNKNOWN);
	virtio_net_set_speed(card(), 0x7fffffff, VIRTIO_NET_DUPLEX_HALF);
	net_card_settle(SECOND);
	assert_int_equal(c->dev->speed, 0x7fffffff);
	assert_int_equal(c->dev->duplex, VIRTIO_NET_DUPLEX_HALF);
}

/* ---- num_buffers ---- */

static void lie_about_buffers(uint16_t num_buffers, size_t bytes)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "host_mtu=9000" });

	net_card_settle(SECOND);
	card()->fault.lie_num_buffers = true;
	card()->fault.num_buffers = num_buffers;
	send_in(bytes, 1);
	/* The frames that follow are not to be taken for the rest of this one. */
	card()->fault.lie_num_buffers = false;
	send_in(200, 2);
	send_in(300, 3);
	net_card_expect_in(200, 2);
	net_card_expect_in(300, 3);
	assert_int_equal(c->received, 2);
	assert_int_equal(rx_stats(c).frame_errors + rx_stats(c).length_errors, 1);
	all_is_well(8000);
	net_card_stop(NULL);
}

static void num_buffers_of_0_or_too_many_cost_one_frame(void **state)
{
	static const uint16_t lies[] = { 0, 2, 3, 17, 18, 19, 256, 257, 0x7fff, 0xffff };

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++)
		lie_about_buffers(lies[i], 100);
}

/* Full ones, too: no frame is so long. */
static void many_full_buffers_are_not_one_frame(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "host_mtu=9000" });

	(void)state;
	net_card_settle(SECOND);
	card()->fault.lie_num_buffers = true;
	card()->fault.num_buffers = 40;
	for (unsigned int n = 0; n < 40; n++)
		send_in(SKB_HEAD_MAX, n);
	net_card_settle(SECOND);
	assert_int_equal(c->received, 0);
	assert_int_equal(rx_stats(c).frame_errors, 40);
	all_is_well(8000);
}

/* A full buffer that is said to have a rest, and nothing comes. */
static void a_rest_that_does_not_come_is_not_waited_for(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "host_mtu=9000" });

	(void)state;
	net_card_settle(SECOND);
	card()->fault.lie_num_buffers = true;
	card()->fault.num_buffers = 2;
	send_in(SKB_HEAD_MAX, 1);
	net_card_settle(SECOND);
	assert_int_equal(c->received, 0);
	assert_int_equal(rx_stats(c).length_errors, 1);
	all_is_well(8000);
}

/* Nor is there a rest of no bytes: sent on, it would be an element without any. */
static void a_rest_of_nothing_is_no_rest(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "host_mtu=9000" });

	(void)state;
	net_card_settle(SECOND);
	card()->fault.lie_num_buffers = true;
	card()->fault.num_buffers = 2;
	send_in(SKB_HEAD_MAX, 1);
	card()->fault.rx_len = -60 - (int32_t)sizeof(struct virtio_net_hdr);
	send_in(60, 1);
	net_card_settle(SECOND);
	assert_int_equal(c->received, 0);
	assert_int_equal(rx_stats(c).length_errors, 1);
	all_is_well(8000);
}

static void without_mergeable_buffers_num_buffers_says_nothing(void **state)
{
	static const uint16_t lies[] = { 0, 2, 0xffff };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		net_card_start(&(struct machine_device){ .options = "mrg_rxbuf=off" });
		card()->fault.lie_num_buffers = true;
		card()->fault.num_buffers = lies[i];
		send_in(100, 1);
		net_card_expect_in(100, 1);
		all_is_well(100);
		net_card_stop(NULL);
	}
}

/* ---- used lengths ---- */

static void lengths_too_short_cost_one_frame(void **state)
{
	static const char *const modes[] = { NULL, "mrg_rxbuf=off", "mrg_rxbuf=off,host_mtu=9000",
					     "hash=on" };
	/* 60 bytes and a header; what is left is 0, less than a header, a header, 13 bytes. */
	static const int32_t cuts[] = { -72, -71, -61, -60, -47 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct net_card *c =
			net_card_start(&(struct machine_device){ .options = modes[i] });

		net_card_settle(SECOND);
		for (size_t n = 0; n < sizeof(cuts) / sizeof(*cuts); n++) {
			card()->fault.rx_len = cuts[n];
			send_in(60, 1);
			net_card_settle(1000);
			assert_int_equal(c->received, 0);
			assert_int_equal(rx_stats(c).length_errors, n + 1);
		}
		all_is_well(100);
		net_card_stop(NULL);
	}
}

/* 2.7.8.2: more than the buffer has is a lie about the ring itself; nothing it says counts any
 * more. */
static void a_length_beyond_the_buffer_ends_that_queue(void **state)
{
	static const struct machine_device shapes[] = {
		{ .options = "strict=off" },
		{ .options = "strict=off", .packed = MACHINE_ON },
		{ .options = "strict=off,mrg_rxbuf=off" },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct net_card *c = net_card_start(&shapes[i]);

		net_card_settle(SECOND);
		host_machine_expect_complaints();
		card()->fault.rx_len = 10000;
		send_in(100, 1);
		net_card_settle(SECOND);
		assert_int_equal(c->received, 0);
		assert_length_was_wrong();
		card()->fault.rx_len = 0;
		send_in(100, 2);
		net_card_settle(SECOND);
		assert_int_equal(c->received, 0);
		/* Sending goes on, and it can be set up anew. */
		net_card_send(100, 3);
		net_card_expect_out(100, 3);
		net_card_stop(NULL);
	}
}

/* Nothing can have been written to what is only read. */
static void a_length_for_a_sent_frame_ends_that_queue(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "strict=off" });
	struct sk_buff *skb = net_card_skb((uint8_t[60]){ 0 }, 60);

	(void)state;
	net_card_settle(SECOND);
	host_machine_expect_complaints();
	/* Several are used by the time the driver looks; the first breaks the queue. */
	card()->fault.hold_tx = true;
	for (unsigned int n = 0; n < 5; n++)
		net_card_send(100, n);
	card()->fault.tx_len = 1;
	virtio_net_release(card());
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EIO);
	assert_length_was_wrong();
	assert_int_equal(dev_queue_xmit(c->dev, skb, true), -EIO);
	net_card_settle(SECOND);
	kfree_skb(skb);
	/* Receiving goes on. */
	send_in(100, 2);
	net_card_expect_in(100, 2);
}

/* 5.1.9.1: a legacy card may report anything. */
static void net_legacyop_02_a_legacy_length_says_nothing(void **state)
{
	(void)state;
	net_card_start(&(struct machine_device){ .interface = MACHINE_LEGACY });
	net_card_settle(SECOND);
	card()->fault.tx_len = 1;
	for (unsigned int n = 0; n < 600; n++) {
		net_card_send(100, n);
		net_card_expect_out(100, n);
	}
	all_is_well(100);
}

/* ---- headers ---- */

static void headers_that_make_no_sense_cost_one_frame(void **state)
{
	static const struct {
		uint8_t flags, gso_type;
		uint16_t gso_size;
	} nonsense[] = {
		{ 0, VIRTIO_NET_HDR_GSO_TCPV4, 1460 },			      /* no checksum */
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4, 0 }, /* no size */
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV6, 9 }, /* not negotiated */
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_UDP, 1000 },
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, 0x7f, 1000 },
		/* ECN was not negotiated. */
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
		  1460 },
	};
	struct net_card *c;

	(void)state;
	c = net_card_start(
		&(struct machine_device){ .options = "csum=on,guest_csum=on,guest_tso4=on" });
	net_card_settle(SECOND);
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		uint8_t frame[100];
		struct NetFrame sent = { .data = frame,
					 .len = sizeof(frame),
					 .gso_size = nonsense[i].gso_size,
					 .flags = nonsense[i].flags };

		net_card_frame_in(frame, sizeof(frame), 1);
		card()->fault.rx_gso_type = nonsense[i].gso_type;
		host_net_send_frame(host_machine_device(0), &sent);
		net_card_settle(1000);
		assert_int_equal(c->received, 0);
		assert_int_equal(rx_stats(c).frame_errors, i + 1);
	}
	all_is_well(100);
}

static void a_checksum_place_beyond_the_frame_costs_it(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "guest_csum=on" });

	(void)state;
	net_card_settle(SECOND);
	/* The card's own checks are past by then: start and offset are 0xffff behind the frame. */
	card()->fault.rx_flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	card()->fault.rx_csum_start = 0xfff0;
	send_in(100, 1);
	net_card_settle(1000);
	assert_int_equal(c->received, 0);
	assert_int_equal(rx_stats(c).frame_errors, 1);
	all_is_well(100);
}

static void flags_that_were_not_negotiated_say_nothing(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct sk_buff *skb;

	(void)state;
	card()->fault.rx_flags = 0xff;
	send_in(100, 1);
	skb = net_card_next();
	assert_non_null(skb);
	assert_int_equal(skb->ip_summed, CHECKSUM_NONE);
	kfree_skb(skb);
	assert_int_equal(rx_stats(c).frame_errors, 0);
}

/* ---- the control queue ---- */

static void a_card_that_refuses_everything_still_carries_frames(void **state)
{
	struct net_card *c = net_card_try(&(struct machine_device){
		.num_queues = 4,
		.options = "rss=on,hash=on,notf_coal=on,vq_notf_coal=on,stats=on" });
	struct net_coalesce coal = { 4, 100 };
	struct net_device_stats stats;
	struct net_rxfh rxfh;

	(void)state;
	card()->fault.refuse_ctrl = true;
	virtnet_get_rxfh(c->dev, &rxfh);
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 1), -EREMOTEIO);
	assert_int_equal(virtnet_set_rx_mode(c->dev, &(struct net_rx_mode){ 0 }), -EREMOTEIO);
	assert_int_equal(virtnet_set_mac_address(c->dev, net_card_far), -EREMOTEIO);
	assert_int_equal(virtnet_set_queues(c->dev, 2), -EREMOTEIO);
	assert_int_equal(c->dev->num_pairs, 1);
	assert_int_equal(virtnet_set_rxfh(c->dev, &rxfh), -EREMOTEIO);
	assert_int_equal(virtnet_set_coalesce(c->dev, &coal, &coal), -EREMOTEIO);
	assert_int_equal(virtnet_set_per_queue_coalesce(c->dev, 0, &coal, &coal), -EREMOTEIO);
	assert_int_equal(virtnet_get_per_queue_coalesce(c->dev, 0, &coal, &coal), -EREMOTEIO);
	assert_int_equal(virtnet_get_device_stats(c->dev, 0, &stats), -EREMOTEIO);
	all_is_well(100);
}

static void a_command_handed_back_without_an_answer_failed(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });

	(void)state;
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 1), 0);
	card()->fault.mute_ctrl = true;
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 2), -EREMOTEIO);
	card()->fault.mute_ctrl = false;
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 2), 0);
}

static void a_card_that_refuses_from_the_start_is_bound(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "rss=on,mq=on" });

	(void)state;
	net_card_unbind();
	platform_host_capture_log(true);
	card()->fault.refuse_ctrl = true;
	c = net_card_bind();
	assert_true(log_has("did not take"));
	assert_int_equal(c->dev->num_pairs, 1);
}

static void a_card_that_never_answers_is_waited_for_a_second(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "stats=on" });
	uint64_t start = platform_now();

	(void)state;
	platform_host_capture_log(true);
	card()->fault.silent_ctrl = true;
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 1), -ETIMEDOUT);
	assert_in_range(platform_now() - start, SECOND, SECOND + SECOND / 100);
	/* From then on at once: the first command is still the card's. */
	start = platform_now();
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 2), -EIO);
	assert_int_equal(virtnet_set_mac_address(c->dev, net_card_far), -EIO);
	assert_true(platform_now() - start < SECOND / 100);
	assert_true(log_has("no answer"));
	all_is_well(100);
}

static void a_command_that_is_late_is_the_one_that_was_sent(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	uint8_t mac[ETH_ALEN];

	(void)state;
	memcpy(mac, card()->config.mac, ETH_ALEN);
	platform_host_capture_log(true);
	card()->fault.silent_ctrl = true;
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 77), -ETIMEDOUT);
	assert_int_equal(virtnet_set_mac_address(c->dev, net_card_far), -EIO);
	/* 2.7.13: the first one's memory is the card's still, and says what it said. */
	card()->fault.silent_ctrl = false;
	virtio_net_handle_ctrl(card(), 2);
	assert_memory_equal(card()->config.mac, mac, ETH_ALEN);
	assert_true(card()->vlans[77 / 32] >> 77 % 32 & 1);
	all_is_well(100);
}

static void a_card_that_is_silent_from_the_start_is_bound_in_time(void **state)
{
	struct net_card *c = net_card_try(&(struct machine_device){
		.num_queues = 4, .options = "rss=on,hash=on,notf_coal=on" });
	uint64_t start;

	(void)state;
	net_card_unbind();
	platform_host_capture_log(true);
	card()->fault.silent_ctrl = true;
	start = platform_now();
	c = net_card_bind();
	assert_true(platform_now() - start < 2 * SECOND);
	assert_int_equal(c->dev->num_pairs, 1);
	all_is_well(100);
}

/* ---- gone ---- */

static void pulled_out_at_any_time_it_ends_without_a_hang(void **state)
{
	(void)state;
	for (unsigned int when = 0; when < 4; when++) {
		struct machine_device device = { .options = "strict=off", .queue_size = 16 };
		struct net_card *c = net_card_start(&device);
		struct sk_buff *skb;

		host_machine_expect_complaints();
		platform_host_capture_log(true);
		if (when == 1)
			send_in(100, 1);
		if (when == 2) {
			card()->fault.hold_tx = true;
			for (unsigned int n = 0; n < 5; n++)
				net_card_send(100, n);
		}
		machine_remove_suddenly(0);
		if (when == 3)
			assert_true(virtnet_vlan_rx_add_vid(c->dev, 1) < 0);
		skb = net_card_skb((uint8_t[60]){ 0 }, 60);
		if (dev_queue_xmit(c->dev, skb, false))
			kfree_skb(skb);
		net_card_settle(SECOND);
		net_card_stop(NULL);
	}
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, net_card_stop)
	const struct CMUnitTest tests[] = {
		TEST(an_mtu_that_cannot_be_is_left_out),
		TEST(the_smallest_mtu_is_taken),
		TEST(no_pairs_or_too_many_are_one_pair),
		TEST(pairs_that_change_after_the_look_are_no_card),
		TEST(more_pairs_than_there_are_queues_for_is_no_card),
		TEST(a_card_that_has_no_room_for_a_key_does_not_hash),
		TEST(a_card_without_an_address_gets_a_local_one),
		TEST(speeds_that_cannot_be_are_unknown),
		TEST(num_buffers_of_0_or_too_many_cost_one_frame),
		TEST(many_full_buffers_are_not_one_frame),
		TEST(a_rest_that_does_not_come_is_not_waited_for),
		TEST(a_rest_of_nothing_is_no_rest),
		TEST(without_mergeable_buffers_num_buffers_says_nothing),
		TEST(lengths_too_short_cost_one_frame),
		TEST(a_length_beyond_the_buffer_ends_that_queue),
		TEST(a_length_for_a_sent_frame_ends_that_queue),
		TEST(net_legacyop_02_a_legacy_length_says_nothing),
		TEST(headers_that_make_no_sense_cost_one_frame),
		TEST(a_checksum_place_beyond_the_frame_costs_it),
		TEST(flags_that_were_not_negotiated_say_nothing),
		TEST(a_card_that_refuses_everything_still_carries_frames),
		TEST(a_command_handed_back_without_an_answer_failed),
		TEST(a_card_that_refuses_from_the_start_is_bound),
		TEST(a_card_that_never_answers_is_waited_for_a_second),
		TEST(a_command_that_is_late_is_the_one_that_was_sent),
		TEST(a_card_that_is_silent_from_the_start_is_bound_in_time),
		TEST(pulled_out_at_any_time_it_ends_without_a_hang),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
