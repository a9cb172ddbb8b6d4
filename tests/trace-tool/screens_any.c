/* SPDX-License-Identifier: MIT */
/*
 * Screens of any size, of any ring, whatever stands in its memory: nothing is drawn outside, and
 * nothing is drawn that a terminal would take for a command.
 */
#include "tests/trace-tool/picture.h"

#define PANELS (PANEL_HELP + 1)

static const unsigned int some_rows[] = { 1, 2, 3, 4, 7, 23, 24, 25, 30, 41, 60, 100 };
static const unsigned int some_cols[] = { 1,  2,   3,	10,  79,  80,  81,  97,	 98,
					  99, 100, 101, 110, 120, 189, 190, 200, 250 };
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A frame's cells are an allocation of their own: a sanitizer sees a write outside. */
static void assert_clean(const struct picture *p)
{
	for (size_t i = 0; i < p->text_bytes; i++)
		if (p->text[i] != '\n' && (p->text[i] < ' ' || p->text[i] > '~'))
			fail_msg("byte %zu of the frame is 0x%02x", i, (uint8_t)p->text[i]);
}

static void draw_at_every_size(struct picture *p)
{
	for (size_t r = 0; r < COUNT(some_rows); r++) {
		for (size_t c = 0; c < COUNT(some_cols); c++) {
			p->rows = some_rows[r];
			p->cols = some_cols[c];
			draw(p);
			assert_clean(p);
		}
	}
}

static void fill(struct picture *p, unsigned int buffers)
{
	for (uintptr_t i = 1; i <= buffers; i++) {
		add(p, 1, 1, token(i));
		happens(p, event_of(p, VRING_EVENT_ADD));
		happens(p, kick_event(p, i, i + 1, i, i % 2));
	}
	look(p);
}

static void every_panel_keeps_inside_at_every_size(void **state)
{
	static const struct {
		unsigned int num;
		uint64_t features;
	} rings[] = {
		{ 16, EVENT_IDX }, { 16, PACKED | EVENT_IDX },	{ 256, 0 },
		{ 7, PACKED },	   { 512, PACKED | EVENT_IDX }, { 4096, EVENT_IDX | INDIRECT_DESC },
		{ 1, EVENT_IDX }
	};

	for (size_t i = 0; i < COUNT(rings); i++) {
		struct picture *p = disk(rings[i].num, rings[i].features,
					 rings[i].features & PACKED ? 0 : START);

		fill(p, rings[i].num / 4);
		for (int panel = 0; panel < PANELS; panel++) {
			p->browse.panel = panel;
			draw_at_every_size(p);
		}
		picture_free(state);
	}
}

static void a_queue_without_memory_is_drawn_at_every_size(void **state)
{
	for (int packed = 0; packed < 2; packed++) {
		struct picture *p = disk(16, packed ? PACKED | EVENT_IDX : EVENT_IDX, 0);

		for (int panel = 0; panel < PANELS; panel++) {
			p->browse.panel = panel;
			draw_at_every_size(p);
		}
		happens(p, event_of(p, VRING_EVENT_ADD));
		draw_at_every_size(p);
		picture_free(state);
	}
}

static void too_small_says_how_large_it_must_be(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	p->rows = 20;
	p->cols = 60;
	show(p);
	assert_shows(p, "Terminal too small: 60x20, needed 80x24");
	assert_shows_not(p, "WHY");
	assert_true(screen_too_small(&p->frame));
	p->rows = 24;
	p->cols = 80;
	draw(p);
	assert_shows_not(p, "too small");
	assert_false(screen_too_small(&p->frame));
}

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t chance(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 33;
}

/* Mostly small numbers, so that indices are now and then right. */
static void scribble(void *to, size_t bytes, unsigned int num)
{
	uint16_t *words = to;

	for (size_t i = 0; i < bytes / 2; i++) {
		switch (chance() % 4) {
		case 0:
			words[i] = chance();
			break;
		case 1:
			words[i] = chance() % (num + 2);
			break;
		case 2:
			words[i] = chance() % 8 | (chance() % 4 == 0 ? 0x8080 : 0);
			break;
		}
	}
}

static void spoil(struct snapshot *s)
{
	unsigned int num = s->head.num;

	for (int area = VT_DESC; area <= VT_DEVICE; area++)
		scribble((void *)s->area[area], s->head.area_bytes[area], num);
	for (unsigned int i = 0; i < num; i++) {
		s->notes[i].token = chance() % 3 ? chance() : 0;
		s->notes[i].next = chance() % 5 ? chance() % num : chance();
		s->notes[i].num = chance() % 5 ? chance() % 4 : chance();
		s->notes[i].added_ns = chance() % 3 ? PICTURE_BEGINS - chance() : ~0ull;
	}
	scribble(&s->head.before, sizeof(s->head.before), num);
	s->head.before.num_free = chance();
	s->head.before.num_added = chance();
	s->head.free_head = chance();
	s->head.driver_flags = chance();
	s->head.dma[chance() % 3] = chance() % 2 ? 0 : (uint64_t)chance() << 33;
	s->moving = chance() % 2;
	s->head.table_count = num < 4 ? num : 4;
	for (unsigned int i = 0; i < s->head.table_count; i++) {
		s->tables[i].slot = chance() % 2 ? chance() : chance() % num;
		s->tables[i].count = chance();
		s->tables[i].kept = chance() % (VT_TABLE_ENTRIES + 1);
		scribble(s->tables[i].desc, sizeof(s->tables[i].desc), num);
	}
}

static void spoil_event(struct picture *p)
{
	struct vring_event event = {};

	scribble(&event, sizeof(event), p->watch.num);
	event.time_ns = p->now_ns;
	event.type = 1 + chance() % (VRING_EVENT_TYPES - 1);
	event.flags = chance() % 4;
	happens(p, event);
}

/* Whatever driver and device wrote, or a recording says that they did. */
static void hostile_contents_are_drawn_and_nothing_more(void **state)
{
	static const unsigned int nums[] = { 1, 2, 16, 64, 256 };

	for (unsigned int round = 0; round < 300; round++) {
		bool packed = chance() % 2;
		unsigned int num = nums[chance() % COUNT(nums)];
		struct picture *p = disk(num, (packed ? PACKED : 0) | EVENT_IDX, 0);
		struct snapshot s;

		take_snapshot(p, &s);
		spoil(&s);
		assert_int_equal(watch_snapshot(&p->watch, &s), 0);
		for (unsigned int i = chance() % 20; i > 0; i--) {
			p->now_ns += chance() % 1000;
			spoil_event(p);
		}
		for (int panel = 0; panel < PANELS; panel++) {
			p->browse.panel = panel;
			p->browse.cursor = chance() % 300;
			p->browse.scroll = chance() % 2 ? chance() : 0;
			p->rows = 24 + chance() % 40;
			p->cols = 80 + chance() % 130;
			draw(p);
			assert_clean(p);
		}
		picture_free(state);
	}
}

/* What colours say, letters say as well. */
static void colours_add_nothing_but_colours(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);
	char *text, *to;
	size_t bytes;
	FILE *file;

	(void)state;
	fill(p, 5);
	draw(p);
	file = open_memstream(&text, &bytes);
	frame_print(&p->frame, file, true, true);
	fclose(file);
	assert_non_null(strstr(text, "\033["));
	to = text;
	for (const char *from = text; *from; from++) {
		if (*from == '\033')
			from = strchr(from, 'm');
		else
			*to++ = *from;
	}
	*to = 0;
	assert_string_equal(text, p->text);
	free(text);
}

static void the_same_moment_gives_the_same_frame(void **state)
{
	struct picture *p = disk(256, EVENT_IDX, START);
	char *before;

	(void)state;
	fill(p, 60);
	p->browse.cursor = 77;
	draw(p);
	before = strdup(p->text);
	draw(p);
	assert_string_equal(before, p->text);
	free(before);
}

int main(int argc, char **argv)
{
#define screen_test(name) cmocka_unit_test_teardown(name, picture_free)
	const struct CMUnitTest tests[] = {
		screen_test(every_panel_keeps_inside_at_every_size),
		screen_test(a_queue_without_memory_is_drawn_at_every_size),
		screen_test(too_small_says_how_large_it_must_be),
		screen_test(hostile_contents_are_drawn_and_nothing_more),
		screen_test(colours_add_nothing_but_colours),
		screen_test(the_same_moment_gives_the_same_frame),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
