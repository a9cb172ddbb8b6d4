/* SPDX-License-Identifier: MIT */
/*
 * Packets in pieces: bytes go in and come out the same, wherever the pages meet; memory that runs
 * out leaves a packet as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "net/skbuff.h"
#include "platform/host/host.h"
#include "ring/vring_errno.h"
#include "tests/support/select.h"

#define LONG 65000

static uint8_t bytes[LONG], back[LONG];

static int setup(void **state)
{
	(void)state;
	platform_host_reset();
	skb_pool_hold();
	for (unsigned int i = 0; i < LONG; i++)
		bytes[i] = (uint8_t)(i * 31 + (i >> 8));
	return 0;
}

/* Nothing of any test may be left. */
static int teardown(void **state)
{
	struct platform_host_usage usage;

	(void)state;
	skb_pool_release();
	usage = platform_host_usage();
	assert_int_equal(usage.dma_pages, 0);
	assert_int_equal(usage.allocations, 0);
	return 0;
}

static struct sk_buff *packet_of(uint32_t len)
{
	struct sk_buff *skb = alloc_skb();

	assert_non_null(skb);
	assert_int_equal(skb_append(skb, bytes, len), 0);
	assert_int_equal(skb->len, len);
	return skb;
}

static void a_packet_starts_empty_with_room_for_a_header(void **state)
{
	struct sk_buff *skb = alloc_skb();

	(void)state;
	assert_int_equal(skb->len, 0);
	assert_int_equal(skb->data - skb->head, SKB_HEADROOM);
	assert_int_equal(platform_dma_address(skb->head), skb->dma);
	/* The IP header, 14 bytes further, is where the processor likes it. */
	assert_int_equal((uintptr_t)(skb->data + 14) % 16, 0);
	kfree_skb(skb);
}

static void put_and_pull_stay_inside_the_first_piece(void **state)
{
	struct sk_buff *skb = alloc_skb();

	(void)state;
	assert_null(skb_put(skb, SKB_HEAD_MAX + 1));
	assert_ptr_equal(skb_put(skb, SKB_HEAD_MAX), skb->data);
	assert_null(skb_put(skb, 1));
	assert_null(skb_pull(skb, SKB_HEAD_MAX + 1));
	assert_ptr_equal(skb_pull(skb, SKB_HEAD_MAX), skb->head + SKB_BYTES);
	assert_int_equal(skb->len, 0);
	kfree_skb(skb);
}

static void bytes_come_out_as_they_went_in_across_pages(void **state)
{
	static const uint32_t lengths[] = { 1, SKB_HEAD_MAX, SKB_HEAD_MAX + 1,
					    SKB_HEAD_MAX + SKB_BYTES, LONG };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct sk_buff *skb = packet_of(lengths[i]);

		assert_int_equal(skb->data_len,
				 lengths[i] > SKB_HEAD_MAX ? lengths[i] - SKB_HEAD_MAX : 0);
		memset(back, 0, sizeof(back));
		assert_true(skb_copy_bits(skb, 0, back, lengths[i]));
		assert_memory_equal(back, bytes, lengths[i]);
		assert_false(skb_copy_bits(skb, 1, back, lengths[i]));
		assert_false(skb_copy_bits(skb, UINT32_MAX, back, 2));
		kfree_skb(skb);
	}
}

static void bytes_are_changed_where_pages_meet(void **state)
{
	struct sk_buff *skb = packet_of(3 * SKB_BYTES);
	uint8_t seam[8];

	(void)state;
	assert_true(skb_store_bits(skb, SKB_HEAD_MAX - 4, "overpage", 8));
	assert_true(skb_copy_bits(skb, SKB_HEAD_MAX - 4, seam, 8));
	assert_memory_equal(seam, "overpage", 8);
	/* Neighbours are as they were. */
	assert_true(skb_copy_bits(skb, SKB_HEAD_MAX - 5, seam, 1));
	assert_int_equal(seam[0], bytes[SKB_HEAD_MAX - 5]);
	assert_true(skb_copy_bits(skb, SKB_HEAD_MAX + 4, seam, 1));
	assert_int_equal(seam[0], bytes[SKB_HEAD_MAX + 4]);
	kfree_skb(skb);
}

static void trim_cuts_anywhere_and_frees_what_is_behind(void **state)
{
	static const uint32_t cuts[] = {
		LONG, LONG - 1, SKB_HEAD_MAX + SKB_BYTES, SKB_HEAD_MAX + 1, SKB_HEAD_MAX, 14, 0
	};
	struct sk_buff *skb = packet_of(LONG);

	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		unsigned int pieces = 1;

		skb_trim(skb, cuts[i]);
		assert_int_equal(skb->len, cuts[i]);
		assert_true(skb_copy_bits(skb, 0, back, cuts[i]));
		assert_memory_equal(back, bytes, cuts[i]);
		for (struct sk_buff *frag = skb->frag; frag; frag = frag->frag)
			pieces++;
		assert_int_equal(pieces,
				 cuts[i] <= SKB_HEAD_MAX ?
					 1 :
					 1 + (cuts[i] - SKB_HEAD_MAX + SKB_BYTES - 1) / SKB_BYTES);
	}
	skb_trim(skb, 100); /* longer than it is: nothing */
	assert_int_equal(skb->len, 0);
	kfree_skb(skb);
}

static void a_packet_has_at_most_so_many_pieces(void **state)
{
	struct sk_buff *skb = alloc_skb();
	uint32_t most = SKB_HEAD_MAX + MAX_SKB_FRAGS * SKB_BYTES;

	(void)state;
	while (skb->len < most)
		assert_int_equal(
			skb_append(skb, bytes, most - skb->len < LONG ? most - skb->len : LONG), 0);
	assert_int_equal(skb_append(skb, bytes, 1), -EMSGSIZE);
	assert_int_equal(skb->len, most);
	kfree_skb(skb);
}

static void without_memory_a_packet_is_as_it_was(void **state)
{
	struct sk_buff *skb;

	(void)state;
	for (unsigned int n = 1; n <= 2; n++) {
		platform_host_fail_allocation(n);
		assert_null(alloc_skb());
	}
	skb = packet_of(100);
	/* Pages two and three are had, the struct of the fourth is not. */
	platform_host_fail_allocation(5);
	assert_int_equal(skb_append(skb, bytes, 4 * SKB_BYTES), -ENOMEM);
	assert_int_equal(skb->len, 100);
	assert_null(skb->frag);
	assert_int_equal(skb_append(skb, bytes + 100, 200), 0);
	assert_true(skb_copy_bits(skb, 0, back, 300));
	assert_memory_equal(back, bytes, 300);
	kfree_skb(skb);
}

static void pages_are_kept_while_somebody_holds_the_pool(void **state)
{
	struct sk_buff *skb = alloc_skb(), *again;

	(void)state;
	kfree_skb(skb);
	assert_int_equal(platform_host_usage().dma_pages, 1);
	again = alloc_skb();
	assert_ptr_equal(again, skb);
	skb_pool_release();
	/* Now freed is freed. */
	kfree_skb(again);
	assert_int_equal(platform_host_usage().dma_pages, 0);
	skb_pool_hold();
}

static uint16_t sum_the_slow_way(uint32_t offset, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++) {
		sum += i & 1 ? bytes[offset + i] : (uint32_t)bytes[offset + i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static void a_sum_goes_over_pages_at_odd_places(void **state)
{
	struct sk_buff *skb = packet_of(LONG);

	(void)state;
	/* The first page ends at an even number of bytes; from offset 1 it is an odd one. */
	for (uint32_t offset = 0; offset < 5; offset++)
		assert_int_equal(csum_fold(skb_checksum(skb, offset, LONG - 7, 0)),
				 sum_the_slow_way(offset, LONG - 7));
	kfree_skb(skb);
}

static void a_partial_checksum_is_completed_or_refused(void **state)
{
	struct sk_buff *skb = packet_of(9000);
	uint8_t field[2] = { 0x12, 0x34 };

	(void)state;
	/* A field that lies over the seam of two pages, holding the pseudo header's sum. */
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = 33;
	skb->csum_offset = SKB_HEAD_MAX - 33 - 1;
	assert_true(skb_store_bits(skb, SKB_HEAD_MAX - 1, field, 2));
	assert_int_equal(skb_checksum_help(skb), 0);
	assert_int_equal(skb->ip_summed, CHECKSUM_NONE);
	/* With the pseudo header's sum, all of it comes to nothing, as a receiver wants it. */
	assert_int_equal(csum_fold(skb_checksum(skb, 33, 9000 - 33, 0x1234)), 0);

	skb->csum_start = 8999;
	skb->csum_offset = 0;
	assert_int_equal(skb_checksum_help(skb), -EINVAL);
	skb->csum_start = 65535;
	assert_int_equal(skb_checksum_help(skb), -EINVAL);
	kfree_skb(skb);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_packet_starts_empty_with_room_for_a_header),
		TEST(put_and_pull_stay_inside_the_first_piece),
		TEST(bytes_come_out_as_they_went_in_across_pages),
		TEST(bytes_are_changed_where_pages_meet),
		TEST(trim_cuts_anywhere_and_frees_what_is_behind),
		TEST(a_packet_has_at_most_so_many_pieces),
		TEST(without_memory_a_packet_is_as_it_was),
		TEST(pages_are_kept_while_somebody_holds_the_pool),
		TEST(a_sum_goes_over_pages_at_odd_places),
		TEST(a_partial_checksum_is_completed_or_refused),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
