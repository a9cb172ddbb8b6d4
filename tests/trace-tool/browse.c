/* SPDX-License-Identifier: MIT */
/*
 * Keys: what each is for, in each of the three modes, and what can be typed.
 */
#include "tests/support/select.h"

#include <string.h>

#include "trace-tool/moment.h"
#include "trace-tool/screen/browse.h"
#include "trace-tool/screen/terminal.h"

static struct browse in_mode(enum browse_mode mode)
{
	return (struct browse){ .mode = mode, .limit = 256, .across = 64, .page = 4 };
}

/* All of @keys, of which the last one says what is to be done. */
static enum browse_action press(struct browse *b, const char *keys)
{
	enum browse_action action = BROWSE_NOTHING;
	int key;

	while ((key = browse_next_key(&keys)) > 0)
		action = browse_key(b, key);
	assert_int_equal(key, 0);
	return action;
}

static void panels_open_and_close_with_the_same_key(void **state)
{
	static const struct {
		const char *key;
		enum browse_panel panel;
	} panels[] = { { "d", PANEL_TABLE }, { "m", PANEL_MEMORY },  { "W", PANEL_WHY },
		       { "h", PANEL_HIST },  { "\\n", PANEL_CHAIN }, { "?", PANEL_HELP } };

	(void)state;
	for (enum browse_mode mode = BROWSE_LIVE; mode <= BROWSE_REPLAY; mode++) {
		for (size_t i = 0; i < sizeof(panels) / sizeof(*panels); i++) {
			struct browse b = in_mode(mode);

			b.scroll = 5;
			assert_int_equal(press(&b, panels[i].key), BROWSE_NOTHING);
			assert_int_equal(b.panel, panels[i].panel);
			assert_int_equal(b.scroll, 0);
			press(&b, panels[i].key);
			/* Memory has a second page before it closes. */
			assert_int_equal(b.panel, i == 1 ? PANEL_BYTES : PANEL_RING);
			press(&b, "\\e");
			assert_int_equal(b.panel, PANEL_RING);
		}
	}
}

static void escape_leaves_what_is_open_and_then_the_screen(void **state)
{
	struct browse b = in_mode(BROWSE_LIVE);

	(void)state;
	press(&b, "d");
	assert_int_equal(press(&b, "\\e"), BROWSE_NOTHING);
	assert_int_equal(press(&b, "\\e"), BROWSE_LEAVE);
}

static void a_letter_means_what_its_mode_makes_of_it(void **state)
{
	struct browse live = in_mode(BROWSE_LIVE), replay = in_mode(BROWSE_REPLAY),
		      top = in_mode(BROWSE_TOP);

	(void)state;
	assert_int_equal(press(&replay, "k"), BROWSE_NEXT_KICK);
	assert_int_equal(press(&replay, "I"), BROWSE_PREV_IRQ);
	assert_int_equal(press(&replay, "f"), BROWSE_NEXT_FULL);
	assert_int_equal(press(&replay, "w"), BROWSE_NOTHING);
	assert_int_equal(replay.panel, PANEL_WHY);
	assert_int_equal(press(&replay, "r"), BROWSE_NOTHING);
	assert_int_equal(press(&replay, "e"), BROWSE_EXPORT);
	assert_int_equal(press(&live, "w"), BROWSE_WHY);
	assert_int_equal(press(&live, "r"), BROWSE_RECORD);
	assert_int_equal(press(&live, "e"), BROWSE_NOTHING);
	assert_int_equal(press(&live, "g"), BROWSE_NOTHING);
	assert_int_equal(live.typing, 0);
	assert_int_equal(press(&top, "\\n"), BROWSE_OPEN);
	assert_int_equal(press(&top, "s"), BROWSE_SORT);
	assert_int_equal(press(&top, "d"), BROWSE_NOTHING);
	assert_int_equal(top.panel, PANEL_RING);
}

static void time_goes_and_is_gone_to_by_the_same_keys_everywhere(void **state)
{
	static const struct {
		const char *key;
		enum browse_action action;
	} keys[] = { { " ", BROWSE_FREEZE },	   { "p", BROWSE_FREEZE },
		     { "<", BROWSE_BACK },	   { ">", BROWSE_FORWARD },
		     { "{", BROWSE_PAGE_BACK },	   { "}", BROWSE_PAGE_FORWARD },
		     { "\\h", BROWSE_FIRST },	   { "\\z", BROWSE_LAST },
		     { "\\t", BROWSE_NEXT_QUEUE }, { "+", BROWSE_FASTER },
		     { "-", BROWSE_SLOWER },	   { "q", BROWSE_QUIT } };

	(void)state;
	for (enum browse_mode mode = BROWSE_LIVE; mode <= BROWSE_REPLAY; mode++)
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			struct browse b = in_mode(mode);

			assert_int_equal(press(&b, keys[i].key), keys[i].action);
		}
}

static void the_cursor_stays_on_the_ring_and_in_its_column(void **state)
{
	struct browse b = in_mode(BROWSE_REPLAY);

	(void)state;
	press(&b, "\\l\\u");
	assert_int_equal(b.cursor, 0);
	press(&b, "\\r\\r\\r\\d");
	assert_int_equal(b.cursor, 67);
	press(&b, "\\]"); /* a page, less the line that stays in sight */
	assert_int_equal(b.cursor, 195);
	press(&b, "\\d\\d\\d");
	assert_int_equal(b.cursor, 195);
	press(&b, "\\[\\[");
	assert_int_equal(b.cursor, 3);
	b.cursor = 255;
	press(&b, "\\r");
	assert_int_equal(b.cursor, 255);
	/* 70 descriptors: the last line is short. */
	b.limit = 70;
	b.cursor = 10;
	press(&b, "\\d");
	assert_int_equal(b.cursor, 10);
	b.cursor = 5;
	press(&b, "\\d");
	assert_int_equal(b.cursor, 69);
}

static void what_has_no_cursor_scrolls(void **state)
{
	struct browse b = in_mode(BROWSE_REPLAY);

	(void)state;
	press(&b, "m\\d\\d\\u\\]");
	assert_int_equal(b.scroll, 4);
	assert_int_equal(b.cursor, 0);
	press(&b, "\\[\\[\\[");
	assert_int_equal(b.scroll, 0);
}

static void a_list_of_queues_has_ends(void **state)
{
	struct browse b = in_mode(BROWSE_TOP);

	(void)state;
	b.limit = 5;
	b.across = 1;
	assert_int_equal(press(&b, "\\z"), BROWSE_NOTHING);
	assert_int_equal(b.cursor, 4);
	press(&b, "k");
	assert_int_equal(b.cursor, 3);
	assert_int_equal(press(&b, "\\h"), BROWSE_NOTHING);
	assert_int_equal(b.cursor, 0);
	b.limit = 0; /* no queue is left */
	press(&b, "\\z\\d\\u");
	assert_int_equal(b.cursor, 0);
}

/* ---- what is typed ---- */

static void a_filter_is_typed_and_can_be_given_up(void **state)
{
	struct browse b = in_mode(BROWSE_LIVE);

	(void)state;
	press(&b, "/KICk\\bK");
	assert_int_equal(b.typing, '/');
	assert_string_equal(b.typed, "KICK");
	assert_string_equal(b.filter, "");
	assert_int_equal(press(&b, "\\n"), BROWSE_NOTHING);
	assert_int_equal(b.typing, 0);
	assert_string_equal(b.filter, "KICK");
	/* The next one begins with this; ESC leaves it as it was. */
	press(&b, "/q\\e");
	assert_string_equal(b.filter, "KICK");
	press(&b, "/\\b\\b\\b\\b\\n");
	assert_string_equal(b.filter, "");
	press(&b, "/irq\\n/");
	browse_key(&b, TERMINAL_KILL);
	press(&b, "kick\\n");
	assert_string_equal(b.filter, "kick");
	press(&b, "/\\b\\b\\b\\b\\n");
	/* One more than there is leads out of it. */
	press(&b, "/\\b");
	assert_int_equal(b.typing, 0);
}

static void more_is_typed_than_there_is_room_for(void **state)
{
	struct browse b = in_mode(BROWSE_LIVE);

	(void)state;
	press(&b, "/");
	for (unsigned int i = 0; i < 100; i++)
		press(&b, "x");
	press(&b, "\\n");
	assert_int_equal(strlen(b.filter), sizeof(b.filter) - 1);
}

static void a_time_is_typed_and_gone_to(void **state)
{
	struct browse b = in_mode(BROWSE_REPLAY);

	(void)state;
	assert_int_equal(press(&b, "g1.5\\n"), BROWSE_SEEK);
	assert_int_equal(b.seek_ns, 1500000000);
	assert_int_equal(press(&b, "g\\n"), BROWSE_NOTHING);
	assert_int_equal(press(&b, "gsoon\\n"), BROWSE_NOTHING);
	assert_non_null(strstr(b.message, "not a time: soon"));
	press(&b, "j"); /* said once */
	assert_string_equal(b.message, "");
}

static void nobody_pressed_a_key(void **state)
{
	struct browse b = in_mode(BROWSE_REPLAY);

	(void)state;
	strcpy(b.message, "written");
	assert_int_equal(browse_key(&b, TERMINAL_TIMEOUT), BROWSE_NOTHING);
	assert_int_equal(browse_key(&b, TERMINAL_RESIZED), BROWSE_NOTHING);
	assert_string_equal(b.message, "written");
	press(&b, "/abc");
	assert_int_equal(browse_key(&b, TERMINAL_GONE), BROWSE_QUIT);
}

static void keys_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = { "\\x", "\\", "\t", "\x80", "d\\q" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *keys = bad[i];
		int key;

		while ((key = browse_next_key(&keys)) > 0)
			;
		assert_int_equal(key, -1);
	}
}

static void moments_are_read_to_the_nanosecond(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = { { "0", 0 },
		     { "1.5", 1500000000 },
		     { ".25s", 250000000 },
		     { "12.345678901", 12345678901 },
		     { "250ms", 250000000 },
		     { "1.5us", 1500 },
		     { "7ns", 7 },
		     { "1.9ns", 1 },
		     { "2min", 120000000000 },
		     { "1:02.5", 62500000000 },
		     { "1:02s", 62000000000 } };
	static const char *const bad[] = { "",
					   ".",
					   "s",
					   "-1",
					   "1h",
					   "1:60",
					   "1:",
					   ":5",
					   "1 s",
					   "1e3",
					   "1:5ms",
					   "1.5.2",
					   "99999999999999999999",
					   "2000000000min" };
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(moment_parse(good[i].text, &ns));
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(moment_parse(bad[i], &ns));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(panels_open_and_close_with_the_same_key),
		cmocka_unit_test(escape_leaves_what_is_open_and_then_the_screen),
		cmocka_unit_test(a_letter_means_what_its_mode_makes_of_it),
		cmocka_unit_test(time_goes_and_is_gone_to_by_the_same_keys_everywhere),
		cmocka_unit_test(the_cursor_stays_on_the_ring_and_in_its_column),
		cmocka_unit_test(what_has_no_cursor_scrolls),
		cmocka_unit_test(a_list_of_queues_has_ends),
		cmocka_unit_test(a_filter_is_typed_and_can_be_given_up),
		cmocka_unit_test(more_is_typed_than_there_is_room_for),
		cmocka_unit_test(a_time_is_typed_and_gone_to),
		cmocka_unit_test(nobody_pressed_a_key),
		cmocka_unit_test(keys_that_are_none_are_refused),
		cmocka_unit_test(moments_are_read_to_the_nanosecond),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
