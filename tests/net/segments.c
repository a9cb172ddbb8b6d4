/* SPDX-License-Identifier: MIT */
/*
 * What the card's model knows of packets: hashes against published vectors, segments against
 * packets put together by hand, checksums against each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "device/net_packet.h"
#include "net/virtio_net.h"
#include "tests/support/packets.h"
#include "tests/support/select.h"

/* ---- hashes ---- */

/* The verification suite that Microsoft publishes for receive side scaling, and its key. */
static const uint8_t rss_key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

#define ALL_TYPES 0x3f

static void hash_of(const struct packet_spec *spec, uint32_t types, uint32_t hash, uint16_t report)
{
	uint8_t frame[2048];
	uint32_t len = packet_make(frame, spec);
	uint16_t which;

	assert_int_equal(net_hash(frame, len, types, rss_key, false, &which), hash);
	assert_int_equal(which, report);
}

static void the_published_vectors_of_ipv4(void **state)
{
	struct packet_spec spec = { .src4 = 0x420995bb,
				    .dst4 = 0xa18e6450,
				    .tcp = true,
				    .src_port = 2794,
				    .dst_port = 1766,
				    .payload = 10 };

	(void)state;
	hash_of(&spec, ALL_TYPES, 0x51ccc178, VIRTIO_NET_HASH_REPORT_TCPv4);
	hash_of(&spec, VIRTIO_NET_HASH_TYPE_IPv4, 0x323e8fc2, VIRTIO_NET_HASH_REPORT_IPv4);
	spec = (struct packet_spec){ .src4 = 0xc75c6f02,
				     .dst4 = 0x41458c53,
				     .tcp = true,
				     .src_port = 14230,
				     .dst_port = 4739 };
	hash_of(&spec, ALL_TYPES, 0xc626b0ea, VIRTIO_NET_HASH_REPORT_TCPv4);
	hash_of(&spec, VIRTIO_NET_HASH_TYPE_IPv4, 0xd718262a, VIRTIO_NET_HASH_REPORT_IPv4);
}

static void the_published_vectors_of_ipv6(void **state)
{
	struct packet_spec spec = {
		.ipv6 = true,
		.src6 = { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, [15] = 0x07 },
		.dst6 = { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03, [15] = 0x01 },
		.tcp = true,
		.src_port = 2794,
		.dst_port = 1766,
	};

	(void)state;
	hash_of(&spec, ALL_TYPES, 0x40207d3d, VIRTIO_NET_HASH_REPORT_TCPv6);
	hash_of(&spec, VIRTIO_NET_HASH_TYPE_IPv6, 0x2cc18cd5, VIRTIO_NET_HASH_REPORT_IPv6);
}

static void udp_and_what_is_not_ip(void **state)
{
	struct packet_spec spec = {
		.src4 = 0x420995bb, .dst4 = 0xa18e6450, .src_port = 2794, .dst_port = 1766
	};
	uint8_t frame[64] = { [12] = 0x88, [13] = 0xb5 };
	uint16_t which;

	(void)state;
	/* The ports lie where TCP's do. */
	hash_of(&spec, ALL_TYPES, 0x51ccc178, VIRTIO_NET_HASH_REPORT_UDPv4);
	hash_of(&spec, VIRTIO_NET_HASH_TYPE_TCPv4, 0, VIRTIO_NET_HASH_REPORT_NONE);
	assert_int_equal(net_hash(frame, sizeof(frame), ALL_TYPES, rss_key, false, &which), 0);
	assert_int_equal(which, VIRTIO_NET_HASH_REPORT_NONE);
}

static void swapped_is_the_hash_of_the_answer(void **state)
{
	struct packet_spec spec = {
		.src4 = 0x420995bb, .dst4 = 0xa18e6450, .src_port = 2794, .dst_port = 1766
	};
	struct packet_spec answer = {
		.src4 = 0xa18e6450, .dst4 = 0x420995bb, .src_port = 1766, .dst_port = 2794
	};
	uint8_t frame[256], back[256];
	uint32_t len = packet_make(frame, &spec), back_len = packet_make(back, &answer);
	uint16_t which;

	(void)state;
	assert_int_equal(net_hash(frame, len, ALL_TYPES, rss_key, true, &which),
			 net_hash(back, back_len, ALL_TYPES, rss_key, false, &which));
}

/* ---- headers ---- */

static void no_length_makes_the_parser_look_beyond_the_frame(void **state)
{
	struct packet_spec specs[] = {
		{ .tcp = true, .payload = 40 },
		{ .ipv6 = true, .payload = 40 },
		{ .tcp = true, .vlan = 7, .payload = 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		uint8_t frame[256];
		uint32_t len = packet_make(frame, &specs[i]);

		/* Every length, and in each every byte of the headers made as wrong as can be. */
		for (uint32_t cut = 0; cut <= len; cut++) {
			uint8_t *exact = test_malloc(cut + 1);

			for (uint32_t at = 0; at < cut && at < 60; at++) {
				struct NetHeaders h;

				memcpy(exact, frame, cut);
				exact[at] = 0xff;
				h = net_parse(exact, cut);
				assert_true(h.ip_end <= cut);
				assert_true(h.transport <= cut);
				net_check_csum(exact, cut, &h);
			}
			test_free(exact);
		}
	}
}

/* ---- segments ---- */

struct segments {
	uint8_t payload[65536];
	uint32_t len;
	unsigned int num;
	struct packet_spec spec;
};

static bool take_segment(void *opaque, struct NetFrame *segment)
{
	struct segments *all = opaque;
	struct NetHeaders h = net_parse(segment->data, segment->len);
	uint32_t header = all->spec.tcp ? 20 : 8;

	assert_int_not_equal(h.transport, 0);
	assert_int_equal(h.ip_end, segment->len);
	assert_int_equal(net_check_csum(segment->data, segment->len, &h), 1);
	assert_true(packet_ip_csum_good(segment->data + h.ip));
	if (all->spec.tcp)
		assert_int_equal(packet_tcp_sequence(segment->data + h.transport),
				 PACKET_SEQUENCE + all->len);
	memcpy(all->payload + all->len, segment->data + h.transport + header,
	       segment->len - h.transport - header);
	all->len += segment->len - h.transport - header;
	all->num++;
	return true;
}

static void cut(const struct packet_spec *spec, uint8_t gso_type, uint16_t gso_size,
		unsigned int expected)
{
	static uint8_t bytes[NET_FRAME_MAX], scratch[NET_FRAME_MAX];
	static struct segments all;
	struct NetFrame frame = { .data = bytes, .gso_type = gso_type, .gso_size = gso_size };
	uint32_t header;

	all = (struct segments){ .spec = *spec };
	frame.len = packet_make(bytes, spec);
	header = frame.len - spec->payload;
	assert_int_equal(net_segment(&frame, scratch, take_segment, &all), expected);
	assert_int_equal(all.num, expected);
	assert_int_equal(all.len, spec->payload);
	assert_memory_equal(all.payload, bytes + header, spec->payload);
}

static void tcp_over_ipv4_is_cut_and_summed(void **state)
{
	struct packet_spec spec = { .tcp = true, .payload = 14600 };

	(void)state;
	cut(&spec, VIRTIO_NET_HDR_GSO_TCPV4, 1460, 10);
	spec.payload = 14601;
	cut(&spec, VIRTIO_NET_HDR_GSO_TCPV4, 1460, 11);
	spec.payload = 1;
	cut(&spec, VIRTIO_NET_HDR_GSO_TCPV4, 1460, 1);
	spec.payload = 65000;
	spec.vlan = 12;
	cut(&spec, VIRTIO_NET_HDR_GSO_TCPV4, 8960, 8);
}

static void tcp_over_ipv6_is_cut_and_summed(void **state)
{
	struct packet_spec spec = { .ipv6 = true, .tcp = true, .payload = 30001 };

	(void)state;
	cut(&spec, VIRTIO_NET_HDR_GSO_TCPV6, 1440, 21);
}

static void udp_is_cut_into_datagrams(void **state)
{
	struct packet_spec spec = { .payload = 3001 };

	(void)state;
	cut(&spec, VIRTIO_NET_HDR_GSO_UDP_L4, 1000, 4);
	spec.ipv6 = true;
	cut(&spec, VIRTIO_NET_HDR_GSO_UDP_L4, 1000, 4);
}

static bool look_at_flags(void *opaque, struct NetFrame *segment)
{
	uint8_t *flags = opaque;
	struct NetHeaders h = net_parse(segment->data, segment->len);

	flags[++flags[0]] = segment->data[h.transport + 13];
	return true;
}

static void the_first_segment_has_cwr_the_last_fin_and_push(void **state)
{
	const struct packet_spec spec = { .tcp = true, .tcp_flags = 0x99, .payload = 300 };
	uint8_t bytes[512], scratch[512], flags[8] = { 0 };
	struct NetFrame frame = { .data = bytes,
				  .gso_size = 100,
				  .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN };

	(void)state;
	frame.len = packet_make(bytes, &spec);
	assert_int_equal(net_segment(&frame, scratch, look_at_flags, flags), 3);
	/* 0x80 CWR, 0x10 ACK, 0x08 PSH, 0x01 FIN */
	assert_int_equal(flags[1], 0x90);
	assert_int_equal(flags[2], 0x10);
	assert_int_equal(flags[3], 0x19);
}

static void a_packet_that_is_not_of_its_type_is_refused(void **state)
{
	const struct packet_spec udp = { .payload = 3000 };
	uint8_t bytes[4096], scratch[4096], flags[8] = { 0 };
	struct NetFrame frame = { .data = bytes,
				  .gso_size = 100,
				  .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 };

	(void)state;
	frame.len = packet_make(bytes, &udp);
	assert_int_equal(net_segment(&frame, scratch, look_at_flags, flags), -1);
	frame.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	frame.gso_size = 0;
	assert_int_equal(net_segment(&frame, scratch, look_at_flags, flags), -1);
	assert_int_equal(flags[0], 0);
}

/* ---- checksums ---- */

static void a_partial_checksum_is_completed(void **state)
{
	static const uint32_t payloads[] = { 0, 1, 2, 999, 1460 };

	(void)state;
	for (unsigned int i = 0; i < 4 * sizeof(payloads) / sizeof(*payloads); i++) {
		struct packet_spec spec = {
			.ipv6 = i & 1, .tcp = i & 2, .payload = payloads[i / 4], .partial = true
		};
		uint8_t bytes[2048];
		struct NetFrame frame = { .data = bytes };
		struct NetHeaders h;

		frame.len = packet_make(bytes, &spec);
		packet_csum_place(bytes, frame.len, &frame.csum_start, &frame.csum_offset);
		h = net_parse(bytes, frame.len);
		assert_int_equal(net_check_csum(bytes, frame.len, &h), 0);
		assert_true(net_complete_csum(&frame));
		assert_int_equal(net_check_csum(bytes, frame.len, &h), 1);
	}
}

static void a_checksum_beyond_the_frame_is_refused(void **state)
{
	uint8_t bytes[64] = { 0 };
	struct NetFrame frame = { .data = bytes, .len = 64, .csum_start = 60, .csum_offset = 3 };

	(void)state;
	assert_false(net_complete_csum(&frame));
	frame.csum_start = 65535;
	frame.csum_offset = 65535;
	assert_false(net_complete_csum(&frame));
	frame.csum_start = 60;
	frame.csum_offset = 2;
	assert_true(net_complete_csum(&frame));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_of_ipv4),
		cmocka_unit_test(the_published_vectors_of_ipv6),
		cmocka_unit_test(udp_and_what_is_not_ip),
		cmocka_unit_test(swapped_is_the_hash_of_the_answer),
		cmocka_unit_test(no_length_makes_the_parser_look_beyond_the_frame),
		cmocka_unit_test(tcp_over_ipv4_is_cut_and_summed),
		cmocka_unit_test(tcp_over_ipv6_is_cut_and_summed),
		cmocka_unit_test(udp_is_cut_into_datagrams),
		cmocka_unit_test(the_first_segment_has_cwr_the_last_fin_and_push),
		cmocka_unit_test(a_packet_that_is_not_of_its_type_is_refused),
		cmocka_unit_test(a_partial_checksum_is_completed),
		cmocka_unit_test(a_checksum_beyond_the_frame_is_refused),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
