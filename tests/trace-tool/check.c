/* SPDX-License-Identifier: MIT */
/*
 * vring-trace check: for each rule a ring that breaks it, and healthy ones that break none.
 */
#include "tests/support/select.h"
#include "tests/trace-tool/ring.h"

#include "trace-tool/invariants.h"

static struct areas *areas(struct snapshot *s)
{
	return (struct areas *)s->copy;
}

static struct vring_desc *table_of(struct snapshot *s)
{
	return (struct vring_desc *)s->tables[0].desc;
}

static struct vring_packed_desc *packed_table_of(struct snapshot *s)
{
	return (struct vring_packed_desc *)s->tables[0].desc;
}

static bool breaks(const struct snapshot *s, enum rule rule)
{
	struct findings findings;

	invariants_check(s, &findings);
	for (size_t i = 0; i < findings.count; i++)
		if (findings.list[i].rule == rule)
			return true;
	return false;
}

/* ---- a ring spoiled in one place, for each rule ---- */

static void misalign(struct snapshot *s)
{
	s->head.dma[VT_DESC] += 8;
}

static void give_up(struct snapshot *s)
{
	s->head.broken = 1;
}

static void lose_a_free_one(struct snapshot *s)
{
	s->head.before.num_free--;
}

static void link_free_to_used(struct snapshot *s)
{
	s->notes[6].next = 4;
}

static void link_free_to_itself(struct snapshot *s)
{
	s->notes[6].next = 6;
}

static void write_avail_idx(struct snapshot *s)
{
	s->head.before.avail_mem++;
}

static void use_more_than_offered(struct snapshot *s)
{
	s->head.before.used_mem = s->head.before.avail_idx + 1;
}

static void use_more_than_the_ring_holds(struct snapshot *s)
{
	s->head.before.last_used = s->head.before.used_mem - NUM - 1;
}

static void offer_no_descriptor(struct snapshot *s)
{
	struct vring vr = ring_of(s);

	le16_write(&vr.avail->ring[0xffff % NUM], NUM);
}

static void use_what_is_not_in_flight(struct snapshot *s)
{
	struct vring vr = ring_of(s);

	le32_write(&vr.used->ring[0xfffd % NUM].id, 1);
}

static void write_too_much(struct snapshot *s)
{
	struct vring vr = ring_of(s);

	le32_write(&vr.used->ring[0xfffd % NUM].len, 513);
}

static void set_avail_flags(struct snapshot *s)
{
	struct vring vr = ring_of(s);

	le16_write(&vr.avail->flags, 1);
}

static void set_used_flags(struct snapshot *s)
{
	struct vring vr = ring_of(s);

	le16_write(&vr.used->flags, 1);
}

static void lead_out_of_the_table(struct snapshot *s)
{
	le16_write(&areas(s)->desc[0].next, NUM);
}

static void lead_back(struct snapshot *s)
{
	put_desc(s, 2, 1, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 0);
}

static void lead_into_another(struct snapshot *s)
{
	put_desc(s, 4, 512, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 5);
}

static void rewrite_a_descriptor(struct snapshot *s)
{
	le64_write(&areas(s)->desc[4].addr, 0xbad000);
}

static void write_before_read(struct snapshot *s)
{
	put_desc(s, 0, 16, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	put_desc(s, 1, 512, VRING_DESC_F_NEXT, 2);
}

static void go_on_behind_a_table(struct snapshot *s)
{
	le16_write(&areas(s)->desc[3].flags, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT);
	le16_write(&areas(s)->desc[3].next, 6);
}

static void use_tables_not_negotiated(struct snapshot *s)
{
	s->head.features &= ~(1ull << VIRTIO_RING_F_INDIRECT_DESC);
}

static void give_half_a_descriptor(struct snapshot *s)
{
	put_desc(s, 3, 40, VRING_DESC_F_INDIRECT, 0);
}

static void make_a_long_table(struct snapshot *s)
{
	s->tables[0].count = s->tables[0].kept = NUM + 1;
	for (unsigned int i = 0; i <= NUM; i++) {
		le16_write(&table_of(s)[i].flags, i < NUM ? VRING_DESC_F_NEXT : 0);
		le16_write(&table_of(s)[i].next, i + 1);
	}
}

static void nest_tables(struct snapshot *s)
{
	le16_write(&table_of(s)[0].flags, VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT);
}

static void lead_out_of_the_indirect_table(struct snapshot *s)
{
	le16_write(&table_of(s)[0].next, 3);
}

static void lead_back_in_the_table(struct snapshot *s)
{
	le16_write(&table_of(s)[1].next, 0);
}

static void write_before_read_in_the_table(struct snapshot *s)
{
	le16_write(&table_of(s)[0].flags, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE);
	le16_write(&table_of(s)[1].flags, VRING_DESC_F_NEXT);
}

static void leave_the_ring(struct snapshot *s)
{
	s->head.before.avail_idx = NUM;
}

static void disagree_about_free_slots(struct snapshot *s)
{
	s->head.before.avail_idx = 4;
}

static void offer_the_next_slot(struct snapshot *s)
{
	put_packed(s, 3, 512, 4, VRING_PACKED_DESC_F_USED); /* available with wrap counter 0 */
}

static void offer_a_large_id(struct snapshot *s)
{
	le16_write(&areas(s)->packed[1].id, NUM);
}

static void use_a_free_id(struct snapshot *s)
{
	le16_write(&areas(s)->packed[5].id, 4);
}

static void write_too_much_packed(struct snapshot *s)
{
	s->head.indirect = 0;
	put_packed(s, 5, 513, 2,
		   VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED | VRING_DESC_F_WRITE);
}

static void chain_a_table(struct snapshot *s)
{
	put_packed(s, 0, 32, 1,
		   VRING_PACKED_DESC_F_USED | VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT);
}

static void nest_packed_tables(struct snapshot *s)
{
	le16_write(&packed_table_of(s)[0].flags, VRING_DESC_F_INDIRECT);
}

static void give_half_a_packed_descriptor(struct snapshot *s)
{
	put_packed(s, 0, 40, 1, VRING_PACKED_DESC_F_USED | VRING_DESC_F_INDIRECT);
}

static void write_before_read_in_the_packed_table(struct snapshot *s)
{
	le16_write(&packed_table_of(s)[0].flags, VRING_DESC_F_WRITE);
	le16_write(&packed_table_of(s)[1].flags, 0);
}

static void write_before_read_packed(struct snapshot *s)
{
	put_packed(s, 1, 16, 3, VRING_PACKED_DESC_F_USED | VRING_DESC_F_NEXT | VRING_DESC_F_WRITE);
	put_packed(s, 2, 512, 3, VRING_PACKED_DESC_F_USED);
}

static void write_the_drivers_events(struct snapshot *s)
{
	le16_write(&areas(s)->driver.flags, VRING_PACKED_EVENT_FLAG_DISABLE);
}

static void set_reserved_event_flags(struct snapshot *s)
{
	le16_write(&areas(s)->device.flags, 3);
}

static void ask_beyond_the_ring(struct snapshot *s)
{
	le16_write(&areas(s)->device.off_wrap, NUM);
}

static const struct corruption {
	enum rule rule;
	bool packed;
	void (*corrupt)(struct snapshot *s);
} corruptions[] = {
	{ RULE_ALIGNED, false, misalign },
	{ RULE_ALIGNED, true, misalign },
	{ RULE_BROKEN, false, give_up },
	{ RULE_DRIVER_FREE, false, lose_a_free_one },
	{ RULE_DRIVER_FREE, true, lose_a_free_one },
	{ RULE_DRIVER_LIST, false, link_free_to_used },
	{ RULE_DRIVER_LIST, false, link_free_to_itself },
	{ RULE_AVAIL_IDX, false, write_avail_idx },
	{ RULE_IN_FLIGHT, false, use_more_than_offered },
	{ RULE_UNREAPED, false, use_more_than_the_ring_holds },
	{ RULE_AVAIL_HEAD, false, offer_no_descriptor },
	{ RULE_USED_ID, false, use_what_is_not_in_flight },
	{ RULE_USED_LEN, false, write_too_much },
	{ RULE_AVAIL_FLAGS, false, set_avail_flags },
	{ RULE_USED_FLAGS, false, set_used_flags },
	{ RULE_CHAIN_NEXT, false, lead_out_of_the_table },
	{ RULE_CHAIN_LOOP, false, lead_back },
	{ RULE_CHAIN_SHARED, false, lead_into_another },
	{ RULE_DESC_REWRITTEN, false, rewrite_a_descriptor },
	{ RULE_DESC_ORDER, false, write_before_read },
	{ RULE_NEXT_INDIRECT, false, go_on_behind_a_table },
	{ RULE_INDIRECT_FEATURE, false, use_tables_not_negotiated },
	{ RULE_TABLE_LEN, false, give_half_a_descriptor },
	{ RULE_TABLE_SIZE, false, make_a_long_table },
	{ RULE_TABLE_NESTED, false, nest_tables },
	{ RULE_TABLE_NEXT, false, lead_out_of_the_indirect_table },
	{ RULE_TABLE_LOOP, false, lead_back_in_the_table },
	{ RULE_TABLE_ORDER, false, write_before_read_in_the_table },
	{ RULE_PACKED_POSITION, true, leave_the_ring },
	{ RULE_PACKED_WINDOW, true, disagree_about_free_slots },
	{ RULE_PACKED_NEXT_FREE, true, offer_the_next_slot },
	{ RULE_PACKED_ID, true, offer_a_large_id },
	{ RULE_PACKED_USED_ID, true, use_a_free_id },
	{ RULE_PACKED_USED_LEN, true, write_too_much_packed },
	{ RULE_PACKED_INDIRECT_CHAIN, true, chain_a_table },
	{ RULE_PACKED_INDIRECT_FEATURE, true, use_tables_not_negotiated },
	{ RULE_PACKED_TABLE_FLAGS, true, nest_packed_tables },
	{ RULE_PACKED_TABLE_LEN, true, give_half_a_packed_descriptor },
	{ RULE_PACKED_TABLE_ORDER, true, write_before_read_in_the_packed_table },
	{ RULE_PACKED_ORDER, true, write_before_read_packed },
	{ RULE_PACKED_DRIVER_EVENT, true, write_the_drivers_events },
	{ RULE_PACKED_DEVICE_EVENT, true, set_reserved_event_flags },
	{ RULE_PACKED_EVENT_SLOT, true, ask_beyond_the_ring },
};
#define CORRUPTIONS (sizeof(corruptions) / sizeof(*corruptions))

static void healthy(struct snapshot *s, bool packed)
{
	if (packed)
		healthy_packed(s);
	else
		healthy_split(s);
}

static void a_healthy_ring_breaks_no_rule(void **state)
{
	struct findings findings;
	struct snapshot s;

	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		healthy(&s, packed);
		invariants_check(&s, &findings);
		if (findings.count)
			fail_msg("%s: %s: %s", packed ? "packed" : "split",
				 rule_text(findings.list[0].rule), findings.list[0].detail);
		snapshot_free(&s);
	}
}

static void a_ring_that_breaks_a_rule_is_found(void **state)
{
	struct snapshot s;

	(void)state;
	for (size_t i = 0; i < CORRUPTIONS; i++) {
		const struct corruption *c = &corruptions[i];

		healthy(&s, c->packed);
		assert_false(breaks(&s, c->rule));
		c->corrupt(&s);
		if (!breaks(&s, c->rule))
			fail_msg("not found: %s", rule_text(c->rule));
		snapshot_free(&s);
	}
}

static void each_rule_has_a_ring_that_breaks_it_and_a_place_where_it_is_written(void **state)
{
	bool broken[RULES] = {};

	(void)state;
	for (size_t i = 0; i < CORRUPTIONS; i++)
		broken[corruptions[i].rule] = true;
	for (int rule = 0; rule < RULES; rule++) {
		assert_non_null(rule_text(rule));
		assert_non_null(rule_clause(rule));
		if (!broken[rule])
			fail_msg("no ring breaks: %s", rule_text(rule));
	}
}

/* A callback's on and off with an interrupt in between leaves the area as it was. */
static void the_drivers_event_area_may_lag_once_an_interrupt_has_come(void **state)
{
	struct snapshot s;

	(void)state;
	healthy_packed(&s);
	s.head.driver_flags = VRING_PACKED_EVENT_FLAG_DISABLE;
	assert_true(breaks(&s, RULE_PACKED_DRIVER_EVENT));
	s.head.event_triggered = 1;
	assert_false(breaks(&s, RULE_PACKED_DRIVER_EVENT));
	snapshot_free(&s);
}

static void a_finding_that_does_not_last_is_dropped(void **state)
{
	struct findings then, now;
	struct snapshot s;

	(void)state;
	healthy_split(&s);
	give_up(&s);
	write_avail_idx(&s);
	invariants_check(&s, &then);
	assert_int_equal(then.count, 2);
	s.head.before.avail_mem--;
	invariants_check(&s, &now);
	findings_keep_common(&then, &now);
	assert_int_equal(then.count, 1);
	assert_int_equal(then.list[0].rule, RULE_BROKEN);
	snapshot_free(&s);
}

/* Whatever stands in the areas, a check ends and stays inside them: the sanitizers watch. */
static void garbage_is_survived(void **state)
{
	uint32_t seed = 1;
	struct snapshot s;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct findings findings;

		healthy(&s, round & 1);
		for (int hits = 0; hits < 1 + round % 20; hits++) {
			seed = seed * 1664525 + 1013904223;
			s.copy[(seed >> 8) % s.copied] = seed >> 24;
		}
		reattach(&s);
		s.head.before.avail_idx ^= round % 7 ? 0 : seed >> 16;
		invariants_check(&s, &findings);
		assert_true(findings.count <= MAX_FINDINGS);
		snapshot_free(&s);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_ring_breaks_no_rule),
		cmocka_unit_test(a_ring_that_breaks_a_rule_is_found),
		cmocka_unit_test(
			each_rule_has_a_ring_that_breaks_it_and_a_place_where_it_is_written),
		cmocka_unit_test(the_drivers_event_area_may_lag_once_an_interrupt_has_come),
		cmocka_unit_test(a_finding_that_does_not_last_is_dropped),
		cmocka_unit_test(garbage_is_survived),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
