/* SPDX-License-Identifier: MIT */
/*
 * Snapshots into a recording and out of it, as they were; and snapshots that are none.
 */
#include "tests/support/select.h"
#include "tests/trace-tool/ring.h"

#include <errno.h>
#include <unistd.h>

#include "trace-tool/invariants.h"
#include "trace-tool/recording/vrt_snapshot.h"

static char path[] = "/tmp/vrt-snapshot-test-XXXXXX";

static int make_path(void **state)
{
	(void)state;
	return close(mkstemp(path));
}

static int forget_path(void **state)
{
	(void)state;
	return unlink(path);
}

static struct vrt_writer *begin(FILE **file)
{
	struct vrt_writer *w = malloc(sizeof(*w));
	struct vrt_queue queue = { .name = "req.0", .driver = "virtio_blk" };

	le32_write(&queue.device_id, 2);
	*file = fopen(path, "w");
	assert_int_equal(vrt_write_begin(w, *file, "test", "6.1", 5000, 1000), 0);
	assert_int_equal(vrt_write_queues(w, &queue, 1, 1000), 0);
	return w;
}

static void end(struct vrt_writer *w, FILE *file)
{
	assert_int_equal(vrt_write_end(w, 2000000000), 0);
	fclose(file);
	free(w);
}

/* A recording of @s alone, and @s as it comes back. */
static void there_and_back(const struct snapshot *s, struct snapshot *back)
{
	char why[VRT_WHY_BYTES] = "";
	struct vrt_file f;
	struct vrt_writer *w;
	FILE *file;

	w = begin(&file);
	assert_int_equal(vrt_put_snapshot(w, s), 0);
	end(w, file);
	assert_int_equal(vrt_open(&f, path, why), 0);
	if (vrt_get_snapshot(&f, vrt_snapshot_before(&f, 0, 0, UINT64_MAX), back, why))
		fail_msg("%s", why);
	vrt_close(&f);
}

static void assert_same(const struct snapshot *a, const struct snapshot *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->callback, b->callback);
	assert_string_equal(a->notify, b->notify);
	assert_int_equal(a->moving, b->moving);
	assert_int_equal(a->head.time_ns, b->head.time_ns);
	assert_int_equal(a->head.features, b->head.features);
	assert_memory_equal(a->head.dma, b->head.dma, sizeof(a->head.dma));
	assert_int_equal(!a->head.callback, !b->head.callback);
	assert_memory_equal(&a->head.before, &b->head.before, sizeof(a->head.before));
	assert_int_equal(a->head.num, b->head.num);
	assert_int_equal(a->head.free_head, b->head.free_head);
	assert_int_equal(a->head.device_id, b->head.device_id);
	assert_int_equal(a->head.device, b->head.device);
	assert_int_equal(a->head.index, b->head.index);
	assert_int_equal(a->head.driver_flags, b->head.driver_flags);
	assert_int_equal(a->head.packed, b->head.packed);
	assert_int_equal(a->head.broken, b->head.broken);
	assert_int_equal(a->head.event, b->head.event);
	assert_int_equal(a->head.indirect, b->head.indirect);
	assert_int_equal(a->head.event_triggered, b->head.event_triggered);
	assert_int_equal(a->head.has_extra, b->head.has_extra);
	assert_int_equal(a->head.tables_left, b->head.tables_left);
	for (int area = VT_DESC; area <= VT_DEVICE; area++) {
		assert_int_equal(a->head.area_bytes[area], b->head.area_bytes[area]);
		assert_memory_equal(a->area[area], b->area[area], a->head.area_bytes[area]);
	}
	for (unsigned int i = 0; i < a->head.num; i++) {
		assert_int_equal(a->notes[i].token, b->notes[i].token);
		assert_int_equal(a->notes[i].addr, b->notes[i].addr);
		assert_int_equal(a->notes[i].len, b->notes[i].len);
		assert_int_equal(a->notes[i].next, b->notes[i].next);
		assert_int_equal(a->notes[i].num, b->notes[i].num);
	}
	assert_int_equal(a->head.table_count, b->head.table_count);
	for (unsigned int i = 0; i < a->head.table_count; i++) {
		assert_int_equal(a->tables[i].slot, b->tables[i].slot);
		assert_int_equal(a->tables[i].count, b->tables[i].count);
		assert_int_equal(a->tables[i].kept, b->tables[i].kept);
		assert_memory_equal(a->tables[i].desc, b->tables[i].desc, 16 * a->tables[i].kept);
	}
}

static void a_snapshot_comes_back_as_it_was(void **state)
{
	void (*const healthy[])(struct snapshot * s) = { healthy_split, healthy_packed };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct snapshot s, back, again;
		struct findings findings;

		healthy[i](&s);
		s.head.before.num_added = s.head.after.num_added = 3;
		s.head.tables_left = 7;
		s.moving = i;
		strcpy(s.callback, "virtblk_done");
		there_and_back(&s, &back);
		assert_same(&s, &back);
		invariants_check(&back, &findings);
		assert_int_equal(findings.count, 0);
		/* What was read can be written. */
		there_and_back(&back, &again);
		assert_same(&s, &again);
		snapshot_free(&again);
		snapshot_free(&back);
		snapshot_free(&s);
	}
}

static void a_rule_that_was_broken_still_is(void **state)
{
	struct findings before, after;
	struct snapshot s, back;

	(void)state;
	healthy_split(&s);
	le64_write(&((struct areas *)s.copy)->desc[1].addr, 0xdead000);
	s.head.before.avail_idx = s.head.after.avail_idx = 77;
	there_and_back(&s, &back);
	invariants_check(&s, &before);
	invariants_check(&back, &after);
	assert_true(before.count > 1);
	assert_int_equal(before.count, after.count);
	for (size_t i = 0; i < before.count; i++)
		assert_string_equal(before.list[i].detail, after.list[i].detail);
	snapshot_free(&back);
	snapshot_free(&s);
}

static void when_a_buffer_was_added_is_kept_and_when_it_was_seen_is_not(void **state)
{
	struct snapshot s, back;

	(void)state;
	healthy_split(&s);
	s.notes[0].added_ns = 123456789012;
	s.notes[3].added_ns = 123;
	s.notes[3].seen_only = true;
	there_and_back(&s, &back);
	assert_int_equal(back.notes[0].added_ns, 123456789012);
	assert_int_equal(back.notes[3].added_ns, 0);
	assert_false(back.notes[3].seen_only);
	snapshot_free(&back);
	snapshot_free(&s);
}

static void without_a_name_in_the_file_it_is_called_by_its_number(void **state)
{
	struct snapshot s, back;

	(void)state;
	healthy_split(&s);
	s.head.device = 3;
	s.head.index = 7;
	{
		char why[VRT_WHY_BYTES];
		struct vrt_file f;
		FILE *file;
		struct vrt_writer *w = begin(&file);

		assert_int_equal(vrt_put_snapshot(w, &s), 0);
		end(w, file);
		assert_int_equal(vrt_open(&f, path, why), 0);
		assert_int_equal(vrt_get_snapshot(&f, vrt_snapshot_before(&f, 3, 7, UINT64_MAX),
						  &back, why),
				 0);
		vrt_close(&f);
	}
	assert_string_equal(back.name, "virtio3:7");
	assert_int_equal(back.head.device_id, 0);
	snapshot_free(&back);
	snapshot_free(&s);
}

/* ---- what is refused ---- */

/* A payload as it could be; each test spoils it. */
struct made {
	struct vrt_snapshot head;
	struct vrt_area_data areas[8];
	unsigned int count;
	uint32_t block_queue; /* what the block's head says */
};

static unsigned char room[4096];

static void make(struct made *m)
{
	*m = (struct made){ .count = 4 };
	le32_write(&m->head.num, NUM);
	m->areas[0] = (struct vrt_area_data){ VRT_AREA_DESC, room, 16 * NUM };
	m->areas[1] = (struct vrt_area_data){ VRT_AREA_DRIVER, room, 6 + 2 * NUM };
	m->areas[2] = (struct vrt_area_data){ VRT_AREA_DEVICE, room, 6 + 8 * NUM };
	m->areas[3] = (struct vrt_area_data){ VRT_AREA_NOTES, room, 32 * NUM };
}

static void num_of_none(struct made *m)
{
	le32_write(&m->head.num, 0);
}

static void num_of_seven(struct made *m)
{
	le32_write(&m->head.num, 7);
}

static void num_too_large(struct made *m)
{
	m->head.packed = 1;
	le32_write(&m->head.num, VRING_MAX_SIZE + 1);
}

static void free_too_many(struct made *m)
{
	le32_write(&m->head.num_free, NUM + 1);
}

static void no_notes(struct made *m)
{
	m->count = 3;
}

static void no_desc(struct made *m)
{
	m->areas[0].kind = VRT_AREA_TABLE + 100; /* of a later version */
}

static void two_descs(struct made *m)
{
	m->areas[m->count++] = m->areas[0];
}

static void short_desc(struct made *m)
{
	m->areas[0].size -= 16;
}

static void packed_areas(struct made *m)
{
	m->head.packed = 1;
}

static const struct vrt_table *table(uint16_t slot, uint16_t count, uint32_t kept)
{
	static struct vrt_table table;

	le16_write(&table.slot, slot);
	le16_write(&table.count, count);
	le32_write(&table.kept, kept);
	return &table;
}

static void half_a_table(struct made *m)
{
	m->areas[m->count++] = (struct vrt_area_data){ VRT_AREA_TABLE, table(0, 0, 0), 4 };
}

static void table_longer_than_it_is(struct made *m)
{
	m->areas[m->count++] = (struct vrt_area_data){ VRT_AREA_TABLE, table(0, 3, 3), 8 };
}

static void table_with_more_than_all(struct made *m)
{
	m->areas[m->count++] = (struct vrt_area_data){ VRT_AREA_TABLE, table(0, 0, 0x10000000), 8 };
}

static void table_of_slot_eight(struct made *m)
{
	m->areas[m->count++] = (struct vrt_area_data){ VRT_AREA_TABLE, table(NUM, 0, 0), 8 };
}

static void what_is_no_snapshot_is_refused_in_a_line(void **state)
{
	static const struct {
		void (*spoil)(struct made *m);
		const char *why;
	} cases[] = {
		{ num_of_none, "of a size a ring cannot have" },
		{ num_of_seven, "of a size a ring cannot have" },
		{ num_too_large, "of a size a ring cannot have" },
		{ free_too_many, "with more free than there is" },
		{ no_notes, "without one of its areas" },
		{ no_desc, "without one of its areas" },
		{ two_descs, "with an area twice" },
		{ short_desc, "with an area of another length than its queue's" },
		{ packed_areas, "with an area of another length than its queue's" },
		{ half_a_table, "with less than an indirect table" },
		{ table_longer_than_it_is, "with an indirect table of another length" },
		{ table_with_more_than_all, "with an indirect table of another length" },
		{ table_of_slot_eight, "with an indirect table of no slot" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char why[VRT_WHY_BYTES], expected[VRT_WHY_BYTES];
		struct snapshot back;
		struct vrt_file f;
		struct made m;
		FILE *file;
		struct vrt_writer *w = begin(&file);

		make(&m);
		cases[i].spoil(&m);
		vrt_write_snapshot(w, &m.head, 1000, m.areas, m.count);
		end(w, file);
		assert_int_equal(vrt_open(&f, path, why), 0);
		assert_int_equal(vrt_get_snapshot(&f, &f.blocks[f.keys[0].block], &back, why),
				 -EPROTO);
		snprintf(expected, sizeof(expected), "damaged at byte %llu: a snapshot %s",
			 (unsigned long long)f.blocks[f.keys[0].block].offset, cases[i].why);
		assert_string_equal(why, expected);
		snapshot_free(&back);
		vrt_close(&f);
	}
}

/* An area that a later version has is passed over. */
static void an_unknown_area_is_passed_over(void **state)
{
	char why[VRT_WHY_BYTES];
	struct snapshot back;
	struct vrt_file f;
	struct made m;
	FILE *file;
	struct vrt_writer *w = begin(&file);

	(void)state;
	make(&m);
	m.areas[4] = m.areas[0];
	m.areas[0] = (struct vrt_area_data){ VRT_AREA_SYMBOLS + 100, room, 3 };
	m.count = 5;
	vrt_write_snapshot(w, &m.head, 1000, m.areas, m.count);
	end(w, file);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_int_equal(vrt_get_snapshot(&f, &f.blocks[f.keys[0].block], &back, why), 0);
	snapshot_free(&back);
	vrt_close(&f);
}

static void a_key_frame_is_deflated(void **state)
{
	char why[VRT_WHY_BYTES];
	struct snapshot back;
	struct vrt_file f;
	struct made m;
	FILE *file;
	struct vrt_writer *w = begin(&file);
	unsigned char hard[16 * NUM + 32 * NUM + 6 + 8 * NUM];

	(void)state;
	make(&m);
	vrt_write_snapshot(w, &m.head, 1000, m.areas, m.count);
	for (uint32_t i = 0, seed = 1; i < sizeof(hard); i++, seed = seed * 1664525 + 1013904223)
		hard[i] = seed >> 24;
	m.areas[0].bytes = hard;
	m.areas[3].bytes = hard + 16 * NUM;
	m.areas[2].bytes = hard + 16 * NUM + 32 * NUM;
	for (int i = 0; i < 8; i++)
		((unsigned char *)m.head.dma)[i] = hard[i];
	vrt_write_snapshot(w, &m.head, 1500, m.areas, m.count);
	end(w, file);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_int_equal(f.num_keys, 2);
	assert_int_equal(f.blocks[f.keys[0].block].type, VRT_SNAPSHOT_DEFLATED);
	assert_true(f.blocks[f.keys[0].block].bytes * 4 < f.blocks[f.keys[0].block].raw_bytes);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(vrt_get_snapshot(&f, &f.blocks[f.keys[i].block], &back, why), 0);
		assert_memory_equal(back.area[VT_DESC], i ? hard : room, 16 * NUM);
		snapshot_free(&back);
	}
	vrt_close(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_comes_back_as_it_was),
		cmocka_unit_test(a_rule_that_was_broken_still_is),
		cmocka_unit_test(when_a_buffer_was_added_is_kept_and_when_it_was_seen_is_not),
		cmocka_unit_test(without_a_name_in_the_file_it_is_called_by_its_number),
		cmocka_unit_test(what_is_no_snapshot_is_refused_in_a_line),
		cmocka_unit_test(an_unknown_area_is_passed_over),
		cmocka_unit_test(a_key_frame_is_deflated),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, make_path, forget_path);
}
