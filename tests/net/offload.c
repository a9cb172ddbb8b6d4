/* SPDX-License-Identifier: MIT */
/*
 * Unfinished packets across driver and card, both ways: what the other end can take goes as it is,
 * what it cannot is finished on the way. Every frame's checksum is looked at by the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ring/vring_errno.h"
#include "tests/support/host_machine.h"
#include "tests/support/host_net.h"
#include "tests/support/net_card.h"
#include "tests/support/packets.h"
#include "tests/support/select.h"

#define SECOND 1000000000ull
#define ALL_OFFLOADS                                                                 \
	"csum=on,host_tso4=on,host_tso6=on,host_ecn=on,host_uso=on,guest_hdrlen=on," \
	"guest_csum=on,guest_tso4=on,guest_tso6=on,guest_ecn=on,guest_uso4=on,guest_uso6=on"

static uint8_t bytes[NET_CARD_FRAME_MAX];

static struct VirtIODevice *device(void)
{
	return host_machine_device(0);
}

/* A packet for the driver to send: the spec's, with what the header is to say. */
static struct sk_buff *unfinished(const struct packet_spec *spec, uint8_t gso_type,
				  uint16_t gso_size)
{
	uint32_t len = packet_make(bytes, spec);
	struct sk_buff *skb = net_card_skb(bytes, len);

	skb->gso_type = gso_type;
	skb->gso_size = gso_size;
	skb->hdr_len = (uint16_t)packet_header_bytes(spec);
	if (spec->partial) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		packet_csum_place(bytes, len, &skb->csum_start, &skb->csum_offset);
	}
	return skb;
}

static void send_ok(struct net_card *c, struct sk_buff *skb)
{
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), 0);
}

/* The next frame at the far end, to be freed. */
static struct host_net_frame *taken(void)
{
	struct host_net_frame *frame = host_net_take(device());

	assert_non_null(frame);
	return frame;
}

/* ---- sending ---- */

static void a_checksum_is_finished_by_the_card_for_a_far_end_that_cannot(void **state)
{
	static const char *const options[] = { "csum=on", NULL }; /* by the card, by the driver */

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		struct packet_spec spec = {
			.ipv6 = i & 1, .tcp = i & 2, .payload = 777, .partial = true
		};
		struct net_card *c =
			net_card_start(&(struct machine_device){ .options = options[i / 4] });
		struct host_net_frame *frame;

		send_ok(c, unfinished(&spec, 0, 0));
		frame = taken();
		assert_int_equal(frame->frame.flags, 0);
		assert_true(packet_csum_good(frame->bytes, frame->frame.len));
		free(frame);
		net_card_stop(NULL);
	}
}

static void an_unfinished_checksum_goes_as_it_is_to_a_far_end_that_can(void **state)
{
	struct packet_spec spec = { .tcp = true, .payload = 777, .partial = true };
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "csum=on" });
	struct guest_piece pieces[4];
	struct VirtQueueElement elem = { .pieces = pieces, .capacity = 4 };
	struct host_net_frame *frame;

	(void)state;
	host_net_port(device())->offloads = VIRTIO_NET_BIT(GUEST_CSUM);
	send_ok(c, unfinished(&spec, 0, 0));
	frame = taken();
	assert_int_equal(frame->frame.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(frame->frame.csum_start, 34);
	assert_int_equal(frame->frame.csum_offset, 16);
	assert_memory_equal(frame->bytes, bytes, frame->frame.len);
	free(frame);

	/* As it lies in the ring it has that flag and no other. */
	host_machine_expect_complaints();
	host_net_card(device())->fault.hold_tx = true;
	send_ok(c, unfinished(&spec, 0, 0));
	assert_true(virtqueue_pop(virtio_get_queue(device(), 1), &elem));
	assert_int_equal(*(uint8_t *)elem.out_sg[0].base, VIRTIO_NET_HDR_F_NEEDS_CSUM);
}

/* The packets of every gso_type, and how many frames of 1000 bytes of payload each comes to. */
static const struct gso {
	struct packet_spec spec;
	uint8_t type;
	uint64_t offload; /* what the far end has to be able to take */
} gsos[] = {
	{ { .tcp = true, .payload = 30500, .partial = true },
	  VIRTIO_NET_HDR_GSO_TCPV4,
	  VIRTIO_NET_BIT(GUEST_TSO4) },
	{ { .ipv6 = true, .tcp = true, .payload = 30500, .partial = true },
	  VIRTIO_NET_HDR_GSO_TCPV6,
	  VIRTIO_NET_BIT(GUEST_TSO6) },
	{ { .payload = 30500, .partial = true },
	  VIRTIO_NET_HDR_GSO_UDP_L4,
	  VIRTIO_NET_BIT(GUEST_USO4) },
	{ { .ipv6 = true, .payload = 30500, .partial = true },
	  VIRTIO_NET_HDR_GSO_UDP_L4,
	  VIRTIO_NET_BIT(GUEST_USO6) },
	{ { .tcp = true, .payload = 30500, .partial = true },
	  VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
	  VIRTIO_NET_BIT(GUEST_TSO4) | VIRTIO_NET_BIT(GUEST_ECN) },
};
#define GSOS (sizeof(gsos) / sizeof(*gsos))

static void a_large_packet_is_cut_for_a_far_end_that_cannot_take_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < GSOS; i++) {
		struct net_card *c =
			net_card_start(&(struct machine_device){ .options = ALL_OFFLOADS });
		uint32_t header = packet_header_bytes(&gsos[i].spec), done = 0;

		send_ok(c, unfinished(&gsos[i].spec, gsos[i].type, 1000));
		assert_int_equal(host_net_sent(device()), 31);
		while (host_net_sent(device())) {
			struct host_net_frame *frame = taken();

			assert_int_equal(frame->frame.gso_type, VIRTIO_NET_HDR_GSO_NONE);
			assert_int_equal(frame->frame.flags, 0);
			assert_true(packet_csum_good(frame->bytes, frame->frame.len));
			assert_memory_equal(frame->bytes + header, bytes + header + done,
					    frame->frame.len - header);
			done += frame->frame.len - header;
			free(frame);
		}
		assert_int_equal(done, 30500);
		net_card_stop(NULL);
	}
}

static void a_large_packet_goes_whole_to_a_far_end_that_can_take_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < GSOS; i++) {
		struct net_card *c =
			net_card_start(&(struct machine_device){ .options = ALL_OFFLOADS });
		struct host_net_frame *frame;

		host_net_port(device())->offloads = gsos[i].offload | VIRTIO_NET_BIT(GUEST_CSUM);
		send_ok(c, unfinished(&gsos[i].spec, gsos[i].type, 1000));
		frame = taken();
		assert_int_equal(frame->frame.gso_type, gsos[i].type);
		assert_int_equal(frame->frame.gso_size, 1000);
		assert_int_equal(frame->frame.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		/* 5.1.9.2.1: with GUEST_HDRLEN exactly. */
		assert_true(virtio_has_feature(c->dev->vdev, VIRTIO_NET_F_GUEST_HDRLEN));
		assert_int_equal(frame->frame.hdr_len, packet_header_bytes(&gsos[i].spec));
		assert_memory_equal(frame->bytes, bytes, frame->frame.len);
		free(frame);
		net_card_stop(NULL);
	}
}

static void only_what_was_negotiated_can_be_asked_for(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "csum=on" });

	(void)state;
	for (size_t i = 0; i < GSOS; i++) {
		struct sk_buff *skb = unfinished(&gsos[i].spec, gsos[i].type, 1000);

		assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EOPNOTSUPP);
		kfree_skb(skb);
	}
	{
		/* UFO nobody can negotiate with this driver. */
		struct sk_buff *skb = unfinished(&gsos[2].spec, VIRTIO_NET_HDR_GSO_UDP, 1000);

		assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EOPNOTSUPP);
		kfree_skb(skb);
	}
	assert_int_equal(host_net_sent(device()), 0);
	net_card_stop(NULL);

	/* TSO, but not for packets with CWR. */
	c = net_card_start(&(struct machine_device){ .options = "csum=on,host_tso4=on" });
	{
		struct sk_buff *skb = unfinished(&gsos[4].spec, gsos[4].type, 1000);

		assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EOPNOTSUPP);
		skb->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		send_ok(c, skb);
	}
}

static void what_makes_no_sense_is_refused_and_not_sent(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = ALL_OFFLOADS });
	struct packet_spec spec = { .tcp = true, .payload = 3000, .partial = true };
	struct sk_buff *skb = unfinished(&spec, VIRTIO_NET_HDR_GSO_TCPV4, 0);

	(void)state;
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EINVAL); /* no size */
	skb->gso_size = 1000;
	skb->ip_summed = CHECKSUM_NONE;
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EINVAL); /* no checksum to finish */
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->hdr_len = 0;
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EINVAL);
	skb->hdr_len = 54;
	skb->csum_offset = 4000;
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EINVAL);
	skb->csum_offset = 16;
	send_ok(c, skb);
	skb = net_card_skb(bytes, 3000);
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), -EMSGSIZE); /* not one for many */
	kfree_skb(skb);
}

/* ---- receiving ---- */

static const char *const receive_modes[] = {
	ALL_OFFLOADS,
	ALL_OFFLOADS ",mrg_rxbuf=off",
	ALL_OFFLOADS ",hash=on",
	ALL_OFFLOADS ",hash=on,mrg_rxbuf=off",
};
#define RECEIVE_MODES (sizeof(receive_modes) / sizeof(*receive_modes))

/* The far end sends the packet with that header's word. */
static void far_end_sends(struct net_card *c, const struct gso *gso, uint8_t type, uint16_t size)
{
	struct packet_spec spec = gso->spec;
	struct NetFrame frame = { .data = bytes, .gso_type = type, .gso_size = size };

	memcpy(spec.to, c->dev->dev_addr, ETH_ALEN);
	frame.len = packet_make(bytes, &spec);
	if (spec.partial) {
		frame.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		packet_csum_place(bytes, frame.len, &frame.csum_start, &frame.csum_offset);
	}
	host_net_send_frame(device(), &frame);
}

static void a_large_packet_comes_whole_to_a_driver_that_can_take_it(void **state)
{
	static uint8_t came[NET_CARD_FRAME_MAX];

	(void)state;
	for (size_t mode = 0; mode < RECEIVE_MODES; mode++) {
		struct machine_device wanted = { .options = receive_modes[mode] };
		struct net_card *c = net_card_start(&wanted);

		for (size_t i = 0; i < GSOS; i++) {
			struct sk_buff *skb;

			far_end_sends(c, &gsos[i], gsos[i].type, 1000);
			skb = net_card_next();
			assert_non_null(skb);
			assert_int_equal(skb->gso_type, gsos[i].type);
			assert_int_equal(skb->gso_size, 1000);
			assert_int_equal(skb->ip_summed, CHECKSUM_PARTIAL);
			assert_true(skb_copy_bits(skb, 0, came, skb->len));
			assert_memory_equal(came, bytes, skb->len);
			/* What the header says is enough to finish it. */
			skb->gso_type = 0;
			assert_int_equal(skb_checksum_help(skb), 0);
			assert_true(skb_copy_bits(skb, 0, came, skb->len));
			assert_true(packet_csum_good(came, skb->len));
			kfree_skb(skb);
		}
		net_card_stop(NULL);
	}
}

static void the_longest_packet_there_is_comes_whole(void **state)
{
	struct gso longest = {
		.spec = { .ipv6 = true, .tcp = true, .payload = 65535 - 20, .partial = true },
	};

	(void)state;
	for (size_t mode = 0; mode < RECEIVE_MODES; mode++) {
		struct machine_device wanted = { .options = receive_modes[mode] };
		struct net_card *c = net_card_start(&wanted);
		struct sk_buff *skb;

		far_end_sends(c, &longest, VIRTIO_NET_HDR_GSO_TCPV6, 1440);
		skb = net_card_next();
		assert_non_null(skb);
		assert_int_equal(skb->len, 65535 + 40 + ETH_HLEN);
		kfree_skb(skb);
		net_card_stop(NULL);
	}
}

/* The header as the card has written it, right before the frame; with VERSION_1. */
static const struct virtio_net_hdr *written_header(const struct sk_buff *skb)
{
	return (const struct virtio_net_hdr *)(skb->data - sizeof(struct virtio_net_hdr));
}

static void a_large_packet_is_cut_for_a_driver_that_cannot_take_it(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });

	(void)state;
	for (size_t i = 0; i < GSOS; i++) {
		far_end_sends(c, &gsos[i], gsos[i].type, 1000);
		for (unsigned int n = 0; n < 31; n++) {
			static uint8_t came[2000];
			struct sk_buff *skb = net_card_next();

			assert_non_null(skb);
			assert_int_equal(skb->gso_type, VIRTIO_NET_HDR_GSO_NONE);
			assert_int_equal(skb->ip_summed, CHECKSUM_NONE);
			assert_int_equal(written_header(skb)->flags, 0);
			assert_true(skb_copy_bits(skb, 0, came, skb->len));
			assert_true(packet_csum_good(came, skb->len));
			kfree_skb(skb);
		}
	}
	assert_int_equal(c->received, 31 * GSOS);
	net_card_stop(NULL);

	/* TSO, but not for packets with CWR. */
	c = net_card_start(&(struct machine_device){ .options = "guest_csum=on,guest_tso4=on" });
	far_end_sends(c, &gsos[4], gsos[4].type, 1000);
	net_card_settle(SECOND);
	assert_int_equal(net_card_drain(), 31);
}

static void a_checksum_that_was_checked_is_valid_a_wrong_one_is_not(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = "guest_csum=on" });
	struct packet_spec spec = { .tcp = true, .payload = 100 };
	struct NetFrame frame = { .data = bytes };
	struct sk_buff *skb;

	(void)state;
	memcpy(spec.to, c->dev->dev_addr, ETH_ALEN);
	frame.len = packet_make(bytes, &spec);
	host_net_send_frame(device(), &frame);
	skb = net_card_next();
	assert_int_equal(skb->ip_summed, CHECKSUM_UNNECESSARY);
	assert_int_equal(written_header(skb)->flags, VIRTIO_NET_HDR_F_DATA_VALID);
	kfree_skb(skb);
	bytes[60] ^= 1;
	host_net_send_frame(device(), &frame);
	skb = net_card_next();
	assert_int_equal(skb->ip_summed, CHECKSUM_NONE);
	assert_int_equal(written_header(skb)->flags, 0);
	kfree_skb(skb);
}

static void offloads_can_be_taken_back_and_given_again(void **state)
{
	struct net_card *c = net_card_start(
		&(struct machine_device){ .options = ALL_OFFLOADS ",ctrl_guest_offloads=on" });
	uint64_t all = virtnet_guest_offloads(c->dev);

	(void)state;
	assert_int_equal(all, VIRTIO_NET_GUEST_OFFLOADS);
	assert_int_equal(virtnet_set_guest_offloads(c->dev, 0), 0);
	far_end_sends(c, &gsos[0], gsos[0].type, 1000);
	net_card_settle(SECOND);
	assert_int_equal(net_card_drain(), 31);

	assert_int_equal(virtnet_set_guest_offloads(c->dev, VIRTIO_NET_BIT(GUEST_CSUM)), 0);
	far_end_sends(c, &gsos[0], gsos[0].type, 1000);
	net_card_settle(SECOND);
	assert_int_equal(net_card_drain(), 31);

	assert_int_equal(virtnet_set_guest_offloads(c->dev, all), 0);
	far_end_sends(c, &gsos[0], gsos[0].type, 1000);
	net_card_settle(SECOND);
	assert_int_equal(net_card_drain(), 1);
	/* 5.1.9.5.9.2: what was not negotiated is not asked for. */
	assert_int_equal(virtnet_set_guest_offloads(c->dev, 1 << VIRTIO_NET_F_GUEST_UFO), -EINVAL);
	assert_int_equal(virtnet_guest_offloads(c->dev), all);
}

/* ---- two cards ---- */

static void two_cards_that_can_pass_packets_on_as_they_are(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ .options = ALL_OFFLOADS });
	struct VirtIONet *card = host_net_card(device());
	struct packet_spec spec = gsos[0].spec;
	struct sk_buff *skb;

	(void)state;
	net_plug(&card->nic, &card->nic);
	memcpy(spec.to, c->dev->dev_addr, ETH_ALEN);
	send_ok(c, unfinished(&spec, VIRTIO_NET_HDR_GSO_TCPV4, 1000));
	skb = net_card_next();
	assert_non_null(skb);
	assert_int_equal(skb->gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(skb->len, packet_header_bytes(&spec) + spec.payload);
	assert_int_equal(card->nic.segments, 0);
	kfree_skb(skb);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, net_card_stop)
	const struct CMUnitTest tests[] = {
		TEST(a_checksum_is_finished_by_the_card_for_a_far_end_that_cannot),
		TEST(an_unfinished_checksum_goes_as_it_is_to_a_far_end_that_can),
		TEST(a_large_packet_is_cut_for_a_far_end_that_cannot_take_it),
		TEST(a_large_packet_goes_whole_to_a_far_end_that_can_take_it),
		TEST(only_what_was_negotiated_can_be_asked_for),
		TEST(what_makes_no_sense_is_refused_and_not_sent),
		TEST(a_large_packet_comes_whole_to_a_driver_that_can_take_it),
		TEST(the_longest_packet_there_is_comes_whole),
		TEST(a_large_packet_is_cut_for_a_driver_that_cannot_take_it),
		TEST(a_checksum_that_was_checked_is_valid_a_wrong_one_is_not),
		TEST(offloads_can_be_taken_back_and_given_again),
		TEST(two_cards_that_can_pass_packets_on_as_they_are),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
