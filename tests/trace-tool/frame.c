/* SPDX-License-Identifier: MIT */
/*
 * A picture made of letters: what gets into it, and what comes out.
 */
#include "tests/support/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace-tool/screen/pane.h"

static struct frame frame;
static char *printed;

static int setup(void **state)
{
	(void)state;
	frame = (struct frame){};
	return frame_resize(&frame, 3, 10);
}

static int teardown(void **state)
{
	(void)state;
	frame_free(&frame);
	free(printed);
	printed = NULL;
	return 0;
}

static const char *print(bool ascii, bool colour)
{
	size_t size;
	FILE *file;

	free(printed);
	printed = NULL;
	file = open_memstream(&printed, &size);
	assert_non_null(file);
	frame_print(&frame, file, ascii, colour);
	fclose(file);
	return printed;
}

static void a_new_frame_is_empty(void **state)
{
	(void)state;
	assert_string_equal(print(true, true), "\n\n\n");
}

static void text_stands_where_it_was_put(void **state)
{
	(void)state;
	assert_int_equal(frame_text(&frame, 1, 2, STYLE_PLAIN, "idx %d", 7), 7);
	assert_string_equal(print(true, false), "\n  idx 7\n\n");
}

static void text_is_cut_at_every_edge(void **state)
{
	(void)state;
	assert_int_equal(frame_text(&frame, 0, 7, STYLE_PLAIN, "abcdef"), 13);
	assert_int_equal(frame_text(&frame, 1, -2, STYLE_PLAIN, "abcdef"), 4);
	frame_text(&frame, -1, 0, STYLE_PLAIN, "above");
	frame_text(&frame, 3, 0, STYLE_PLAIN, "below");
	frame_put(&frame, 0, 10, STYLE_PLAIN, 'x');
	frame_put(&frame, 0, -1, STYLE_PLAIN, 'x');
	assert_string_equal(print(true, false), "       abc\ncdef\n\n");
}

static void a_text_longer_than_any_line_is_cut(void **state)
{
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	frame_text(&frame, 0, 0, STYLE_PLAIN, "%s", text);
	assert_string_equal(print(true, false), "aaaaaaaaaa\n\n\n");
}

/* A name out of a file could move the cursor, or set the terminal's title. */
static void what_is_not_printable_shows_as_a_question_mark(void **state)
{
	(void)state;
	frame_text(&frame, 0, 0, STYLE_PLAIN, "%s", "\033[2J\x7f\xc3\x80\x88\n");
	frame_put(&frame, 1, 0, STYLE_PLAIN, 0x1b);
	frame_put(&frame, 1, 1, STYLE_PLAIN, 0x7f);
	frame_put(&frame, 1, 2, STYLE_PLAIN, SIGN_END);
	assert_string_equal(print(false, false), "?[2J?????\n???\n\n");
}

static void a_fill_is_cut_at_both_ends(void **state)
{
	(void)state;
	frame_fill(&frame, 0, 8, 1000000000, STYLE_PLAIN, '#');
	frame_fill(&frame, 1, -3, 5, STYLE_PLAIN, '#');
	frame_fill(&frame, 2, 4, -1, STYLE_PLAIN, '#');
	assert_string_equal(print(true, false), "        ##\n##\n\n");
}

static void a_rule_goes_all_the_way(void **state)
{
	(void)state;
	frame_rule(&frame, 0, NULL);
	frame_rule(&frame, 1, "%s", "WHY");
	assert_string_equal(print(true, false), "----------\n-- WHY ---\n\n");
}

static void signs_have_a_stand_in(void **state)
{
	(void)state;
	frame_put(&frame, 0, 0, STYLE_PLAIN, SIGN_LINE);
	frame_put(&frame, 0, 1, STYLE_PLAIN, SIGN_BAR);
	frame_put(&frame, 0, 2, STYLE_PLAIN, SIGN_TEE);
	for (int level = 0; level <= 6; level++)
		frame_put(&frame, 1, level, STYLE_PLAIN, SIGN_LEVEL + level);
	frame_put(&frame, 1, 7, STYLE_PLAIN, SIGN_LEVEL + 7);
	frame_put(&frame, 1, 8, STYLE_PLAIN, SIGN_LEVEL + 8);
	assert_string_equal(print(true, false), "-|+\n .:-=+*%#\n\n");
	assert_string_equal(print(false, false), "─│┬\n ▁▂▃▄▅▆▇█\n\n");
}

static void every_sign_is_short_and_its_stand_in_one_letter(void **state)
{
	(void)state;
	for (unsigned int sign = 0; sign < 256; sign++) {
		assert_in_range(strlen(frame_sign_text(sign, false)), 1, 3);
		assert_int_equal(strlen(frame_sign_text(sign, true)), 1);
		assert_in_range(frame_sign_text(sign, true)[0], ' ', '~');
	}
}

static void colours_end_with_their_line(void **state)
{
	(void)state;
	frame_text(&frame, 0, 0, STYLE_BAD, "ab");
	frame_text(&frame, 0, 2, STYLE_PLAIN, "c");
	frame_text(&frame, 1, 0, STYLE_GOOD, "d");
	assert_string_equal(print(true, true), "\033[1;31mab\033[0mc\n\033[32md\033[0m\n\n");
	assert_string_equal(print(true, false), "abc\nd\n\n");
}

static void a_frame_of_another_size_begins_anew(void **state)
{
	(void)state;
	frame_text(&frame, 0, 0, STYLE_BAD, "old");
	assert_int_equal(frame_resize(&frame, 1, 4), 0);
	frame_text(&frame, 0, 0, STYLE_PLAIN, "new and cut");
	assert_string_equal(print(true, false), "new\n");
	assert_int_equal(frame_resize(&frame, 0, 0), 0);
	frame_text(&frame, 0, 0, STYLE_PLAIN, "nowhere");
	assert_string_equal(print(true, false), "");
}

/* A panel's part: row 1 and 2, columns 3 to 7. */
static void a_pane_draws_inside_itself_alone(void **state)
{
	const struct pane pane = { &frame, 1, 3, 2, 5 };
	struct pane part = pane_part(&pane, 1, 100);

	(void)state;
	pane_text(&pane, 0, 3, STYLE_PLAIN, "%s",
		  "ab\x88"
		  "d");
	pane_text(&part, 0, -1, STYLE_PLAIN, "abcdefgh");
	pane_text(&part, 1, 0, STYLE_PLAIN, "below");
	pane_text(&pane, -1, 0, STYLE_PLAIN, "above");
	pane_put(&pane, 0, 5, STYLE_PLAIN, 'x');
	assert_string_equal(print(true, false), "\n      ab\n   bcdef\n");
	frame_clear(&frame);
	pane_text(&pane, 0, 0, STYLE_PLAIN, "%s", "\x1b\x88");
	pane_fill(&pane, 1, 1, 1000000000, STYLE_PLAIN, '#');
	assert_string_equal(print(true, false), "\n   ??\n    ####\n");
	frame_clear(&frame);
	pane_rule(&pane, 0, "%s", "A");
	assert_string_equal(print(true, false), "\n   -- A\n\n");
	assert_int_equal(pane_part(&pane, 7, 1).rows, 0);
}

static void a_flow_goes_on_in_the_next_row(void **state)
{
	const struct pane pane = { &frame, 0, 0, 3, 10 };
	struct flow flow = { .p = &pane, .col = 1, .indent = 1, .gap = 2 };

	(void)state;
	flow_add(&flow, STYLE_PLAIN, "add 1");
	flow_add(&flow, STYLE_PLAIN, "k2");
	flow_add(&flow, STYLE_PLAIN, "irq");
	flow_break(&flow);
	flow_break(&flow); /* one is enough */
	flow_add(&flow, STYLE_PLAIN, "end");
	assert_int_equal(flow_rows(&flow), 3);
	assert_string_equal(print(true, false), " add 1  k2\n irq\n end\n");
}

static void ages_are_cut_and_never_wider_than_seven(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} ages[] = {
		{ 0, "0ns" },
		{ 999, "999ns" },
		{ 1000, "1us" },
		{ 999999, "999us" },
		{ 1000000, "1.0 ms" },
		{ 3199999, "3.1 ms" },
		{ 10000000, "10 ms" },
		{ 999999999, "999 ms" },
		{ 1204999999, "1.204 s" },
		{ 99990000000, "99.9 s" },
		{ 100000000000, "100 s" },
		{ 9999ull * 1000000000, "9999 s" },
		{ 36000ull * 1000000000, "10 h" },
	};
	char text[NUMBER_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++)
		assert_string_equal(age_text(text, ages[i].ns), ages[i].text);
}

static void counts_have_four_digits_at_most(void **state)
{
	static const struct {
		double count;
		const char *text;
	} counts[] = { { -1, "-" },	   { 0, "0" },	       { 9999, "9999" },
		       { 10000, "10.0k" }, { 81249, "81.2k" }, { 999940, "999.9k" },
		       { 999950, "1.0M" }, { 5.94e6, "5.9M" } };
	char text[NUMBER_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		assert_string_equal(count_text(text, counts[i].count), counts[i].text);
}

#define frame_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		frame_test(a_new_frame_is_empty),
		frame_test(text_stands_where_it_was_put),
		frame_test(text_is_cut_at_every_edge),
		frame_test(a_text_longer_than_any_line_is_cut),
		frame_test(what_is_not_printable_shows_as_a_question_mark),
		frame_test(a_fill_is_cut_at_both_ends),
		frame_test(a_rule_goes_all_the_way),
		frame_test(signs_have_a_stand_in),
		frame_test(every_sign_is_short_and_its_stand_in_one_letter),
		frame_test(colours_end_with_their_line),
		frame_test(a_frame_of_another_size_begins_anew),
		frame_test(a_pane_draws_inside_itself_alone),
		frame_test(a_flow_goes_on_in_the_next_row),
		frame_test(ages_are_cut_and_never_wider_than_seven),
		frame_test(counts_have_four_digits_at_most),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
