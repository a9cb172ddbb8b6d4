/* SPDX-License-Identifier: MIT */
/*
 * Whatever is in the ring, what comes out of it lies inside the regions, or nothing comes out.
 *
 * The values are not uniformly random, or nearly all of them would be refused for the same reason:
 * they are drawn from the edges and from what is valid. VRING_SEED=n repeats a run.
 */
#include "device_test.h"

#define ROUNDS 20000

static uint64_t random_state;

/* xorshift64 */
static uint32_t rnd(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 16) % below);
}

static uint64_t some_addr(void)
{
	static const uint64_t bases[] = {
		BUF_ADDR,	BUF_ADDR, BUF_ADDR,  TABLE_ADDR, TABLE_ADDR,  NEIGHBOUR_ADDR - 64,
		HOLE_ADDR - 64, TOP_ADDR, 0ull - 64, DESC_ADDR,	 DRIVER_ADDR, ZERO_ADDR,
	};

	return bases[rnd(sizeof(bases) / sizeof(*bases))] + (rnd(3) ? rnd(4) * 16 : rnd(128));
}

static uint32_t some_len(void)
{
	static const uint32_t lens[] = { 0, 1, 15, 16, 16, 32, 48, 64, 128, PAGE, 0xffff, ~0u };

	return lens[rnd(sizeof(lens) / sizeof(*lens))];
}

static uint16_t some_flags(void)
{
	static const uint16_t flags[] = { 0, 0, NEXT, NEXT, WRITE, WRITE, WRITE | NEXT, INDIRECT };

	return rnd(32) ? flags[rnd(sizeof(flags) / sizeof(*flags))] : (uint16_t)rnd(0x10000);
}

/* Every piece inside a region, and the sums right. */
static void check_element(const struct device_test *t)
{
	const struct VirtQueueElement *elem = &t->elem;
	uint64_t sum = 0;

	assert_true(elem->out_num + elem->in_num <= elem->capacity);
	assert_ptr_equal(elem->in_sg, elem->pieces + elem->out_num);
	for (unsigned int i = 0; i < elem->out_num + elem->in_num; i++) {
		uintptr_t base = (uintptr_t)elem->pieces[i].base;
		bool inside = false;

		for (int area = 0; area < AREAS; area++) {
			uintptr_t host = (uintptr_t)t->regions[area].host;
			uintptr_t end = host + t->regions[area].size;

			inside |= base >= host && base < end && elem->pieces[i].len <= end - base;
		}
		assert_true(inside);
		assert_int_not_equal(elem->pieces[i].len, 0);
		sum += elem->pieces[i].len;
	}
	assert_true(sum == elem->out_len + elem->in_len);
}

/* Takes what there is, gives half of it back; says how many were taken. */
static unsigned int run_device(struct device_test *t, uint64_t features)
{
	unsigned int taken = 0;

	while (pop(t)) {
		check_element(t);
		taken++;
		assert_true(taken <= t->vq.num);
		if (features & IN_ORDER || rnd(2))
			virtqueue_push(&t->vq, &t->elem, (uint32_t)t->elem.in_len);
		virtio_should_notify(&t->vq);
	}
	assert_true(t->errors <= 1);
	assert_int_equal(t->errors, t->vq.broken);
	return taken;
}

static uint64_t some_features(void)
{
	return (rnd(4) ? INDIRECT_DESC : 0) | (rnd(2) ? EVENT_IDX : 0) | (rnd(4) ? 0 : IN_ORDER);
}

static void garbage_in_a_split_ring(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 8, 16 };
	struct device_test *t = *state;
	unsigned int taken = 0, refused = 0;

	for (int round = 0; round < ROUNDS; round++) {
		uint32_t num = sizes[rnd(4)];
		uint64_t features = some_features();

		t->errors = 0;
		start_split(t, num, features, (uint16_t)(START + rnd(32)));
		for (unsigned int i = 0; i < 16; i++)
			set_table(t, i, some_addr(), some_len(), some_flags(), (uint16_t)rnd(5));
		for (unsigned int i = 0; i < num; i++) {
			set_desc(t, i, some_addr(), some_len(), some_flags(),
				 (uint16_t)rnd(num + !rnd(16)));
			le16_write(&t->vr.avail->ring[i], (uint16_t)rnd(num + !rnd(16)));
		}
		set_used_event(t, (uint16_t)rnd(0x10000));
		le16_write(&t->vr.avail->idx, (uint16_t)(t->avail_idx + rnd(num + 1 + !rnd(16))));
		taken += run_device(t, features);
		refused += t->errors;
	}
	/* Both happen, or the garbage was of the wrong kind. */
	assert_true(taken > ROUNDS / 8);
	assert_true(refused > ROUNDS / 8);
}

static void garbage_in_a_packed_ring(void **state)
{
	static const uint32_t sizes[] = { 1, 3, 8, 13 };
	struct device_test *t = *state;
	unsigned int taken = 0, refused = 0;

	for (int round = 0; round < ROUNDS; round++) {
		uint32_t num = sizes[rnd(4)];
		uint64_t features = some_features();

		t->errors = 0;
		start_packed(t, num, features, (uint16_t)rnd(num), rnd(2));
		for (unsigned int i = 0; i < 16; i++)
			set_packed_table(t, i, some_addr(), some_len(), some_flags());
		for (unsigned int i = rnd(num + 1) + !rnd(16); i > 0; i--)
			offer_packed(t, some_addr(), some_len(), (uint16_t)rnd(num), some_flags());
		le16_write(&t->driver_event->flags, (uint16_t)rnd(4));
		le16_write(&t->driver_event->off_wrap, (uint16_t)rnd(0x10000));
		taken += run_device(t, features);
		refused += t->errors;
	}
	assert_true(taken > ROUNDS / 8);
	assert_true(refused > ROUNDS / 8);
}

int main(int argc, char **argv)
{
	const char *seed = getenv("VRING_SEED");
	const struct CMUnitTest tests[] = {
		TEST_CASE(garbage_in_a_split_ring),
		TEST_CASE(garbage_in_a_packed_ring),
	};

	random_state = seed ? strtoull(seed, NULL, 0) : 0x9e3779b97f4a7c15;
	random_state += !random_state; /* 0 stays 0 for ever */
	print_message("VRING_SEED=%#llx\n", (unsigned long long)random_state);
	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
