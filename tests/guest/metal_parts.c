/* SPDX-License-Identifier: MIT */
/*
 * The parts of the bare machine's program that need no machine: formats, memory, line editing. They
 * are compiled into this test, and meet the C library's own printf.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "guest/metal/line.c"
#include "platform/metal/memory.c"
#include "platform/metal/text.c"
#include "tests/support/select.h"

/* ---- what they want of the machine ---- */

#define RAM_BYTES (1024 * 1024)

struct metal_range metal_ram[MAX_RANGES];
unsigned int metal_num_ram;
/* An image nowhere near the memory. */
char __image_start[1], __image_end[1];

void platform_lock(struct platform_lock *l)
{
	assert_false(l->held);
	l->held = 1;
}

void platform_unlock(struct platform_lock *l)
{
	assert_true(l->held);
	l->held = 0;
}

void metal_panic(const char *format, ...)
{
	fail_msg("%s", format);
	abort();
}

/* ---- formats ---- */

#define assert_formats_alike(...)                                                     \
	do {                                                                          \
		char ours[128], libc[128];                                            \
		int our_len = platform_snprintf(ours, sizeof(ours), __VA_ARGS__);     \
                                                                                      \
		assert_int_equal(our_len, snprintf(libc, sizeof(libc), __VA_ARGS__)); \
		assert_string_equal(ours, libc);                                      \
	} while (0)

static void numbers_are_formatted_as_the_c_library_does(void **state)
{
	static const long values[] = { 0, 1, -1, 9, 10, 4096, INT32_MAX, INT32_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int value = values[i];

		assert_formats_alike("%d|%5d|%05d|%-5d|%i", value, value, value, value, value);
		assert_formats_alike("%u|%x|%X|%08x|%2x|%-12x|", value, value, value, value, value,
				     value);
	}
	assert_formats_alike("%ld %lu %lx", INT64_MIN, UINT64_MAX, UINT64_MAX);
	assert_formats_alike("%lld %llu %016llx", INT64_MIN + 0ll, UINT64_MAX + 0ull, 1ull << 40);
	assert_formats_alike("%zu %p %c%% %*d", (size_t)77, (void *)0x1234, 'q', 6, 42);
}

static void strings_are_cut_and_padded_as_the_c_library_does(void **state)
{
	(void)state;
	assert_formats_alike("%s|%10s|%-10s|%.3s|%-6.2s|%.*s", "ring", "ring", "ring", "ring",
			     "ring", 2, "ring");
	assert_formats_alike("virtio:d%08Xv%08X", 2u, 0x1af4u);
}

static void what_does_not_fit_is_cut_and_its_length_told(void **state)
{
	char buf[6] = "xxxxx";

	(void)state;
	assert_int_equal(platform_snprintf(buf, sizeof(buf), "descriptor %u", 7u), 12);
	assert_string_equal(buf, "descr");
	assert_int_equal(platform_snprintf(buf, 1, "%s", "abc"), 3);
	assert_string_equal(buf, "");
	assert_int_equal(platform_snprintf(NULL, 0, "%d", -100), 4);
}

/* ---- memory ---- */

static int make_ram(void **state)
{
	char *ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (ram == MAP_FAILED)
		return -1;
	*state = ram;
	memset(ram, 0xaa, RAM_BYTES);
	/* Neither end is on a page: what is not whole is not used. */
	metal_ram[0] = (struct metal_range){ (uint64_t)ram + 100, RAM_BYTES - 200 };
	metal_num_ram = 1;
	free_pages = allocated = 0;
	memset(free_pieces, 0, sizeof(free_pieces));
	metal_memory_init();
	return 0;
}

static int drop_ram(void **state)
{
	return munmap(*state, RAM_BYTES);
}

static bool is_zero(const char *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (memory[i])
			return false;
	return true;
}

static void dma_memory_is_zeroed_whole_pages_within_the_ram(void **state)
{
	char *ram = *state, *memory;
	size_t before = metal_free_bytes();
	uint64_t dma;

	assert_int_equal(before, RAM_BYTES - 2 * PAGE_BYTES);
	memory = platform_dma_alloc(5000, &dma);
	assert_int_equal(dma % PAGE_BYTES, 0);
	assert_ptr_equal(memory, (char *)dma);
	assert_in_range((uint64_t)memory, (uint64_t)ram + PAGE_BYTES,
			(uint64_t)ram + RAM_BYTES - 3 * PAGE_BYTES);
	assert_true(is_zero(memory, 2 * PAGE_BYTES));
	assert_int_equal(metal_free_bytes(), before - 2 * PAGE_BYTES);
	platform_dma_free(memory, 5000);
	assert_int_equal(metal_free_bytes(), before);
	assert_int_equal(metal_allocated(), 0);
}

static void all_memory_can_be_had_and_no_more(void **state)
{
	size_t all = metal_free_bytes();
	uint64_t dma;
	void *memory;

	(void)state;
	assert_null(platform_dma_alloc(all + 1, &dma));
	memory = platform_dma_alloc(all, &dma);
	assert_non_null(memory);
	assert_null(platform_dma_alloc(1, &dma));
	assert_null(platform_zalloc(1));
	platform_dma_free(memory, all);
	assert_int_equal(metal_free_bytes(), all);
}

static void a_hole_is_filled_by_what_fits(void **state)
{
	char *pieces[100];
	uint64_t dma;

	(void)state;
	for (int i = 0; i < 100; i++)
		pieces[i] = platform_dma_alloc(PAGE_BYTES, &dma);
	for (int i = 60; i < 70; i++)
		platform_dma_free(pieces[i], PAGE_BYTES);
	assert_ptr_not_equal(platform_dma_alloc(11 * PAGE_BYTES, &dma), pieces[60]);
	assert_ptr_equal(platform_dma_alloc(10 * PAGE_BYTES, &dma), pieces[60]);
}

static void private_pieces_are_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 1, 63, 64, 65, 500, 960, 961, 2000, 4032, 4033, 70000 };
	unsigned char *pieces[11];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 11; i++) {
			pieces[i] = platform_zalloc(sizes[i]);
			assert_int_equal((uintptr_t)pieces[i] % 64, 0);
			assert_true(is_zero((char *)pieces[i], sizes[i]));
			memset(pieces[i], i + 1, sizes[i]);
		}
		assert_int_equal(metal_allocated(), 11);
		for (size_t i = 0; i < 11; i++) {
			for (size_t byte = 0; byte < sizes[i]; byte++)
				assert_int_equal(pieces[i][byte], i + 1);
			platform_free(pieces[i]);
		}
		assert_int_equal(metal_allocated(), 0);
	}
	platform_free(NULL);
	assert_null(platform_zalloc(SIZE_MAX));
}

/* ---- lines ---- */

#define SCREEN_COLUMNS 80

/* A terminal of one line: what it shows, and where its cursor is. */
static char screen[SCREEN_COLUMNS + 1];
static unsigned int column;
static struct line line;

static void terminal_character(char c)
{
	if (c == '\r')
		column = 0;
	else if (c == '\n')
		memset(screen, 0, sizeof(screen));
	else if (column < SCREEN_COLUMNS)
		screen[column++] = c;
	else
		fail_msg("the line is wider than the terminal");
}

static void terminal(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char *end = NULL;
		unsigned long number;

		if (text[i] != '\x1b') {
			terminal_character(text[i]);
			continue;
		}
		assert_int_equal(text[i + 1], '[');
		number = strtoul(text + i + 2, &end, 10);
		if (*end == 'K')
			memset(screen + column, 0, sizeof(screen) - column);
		else if (*end == 'C')
			column += number;
		else
			assert_non_null(strchr("HJ", *end));
		i = end - text;
	}
}

static int begin_line(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	memset(screen, 0, sizeof(screen));
	column = 0;
	line.prompt = "> ";
	line.out = terminal;
	line_begin(&line);
	return 0;
}

static enum line_result type(const char *keys)
{
	enum line_result result = LINE_MORE;

	for (; *keys; keys++) {
		result = line_key(&line, *keys);
		if (result != LINE_MORE && keys[1])
			line_begin(&line);
	}
	return result;
}

static void assert_screen(const char *expected, unsigned int cursor)
{
	assert_string_equal(screen, expected);
	assert_int_equal(column, cursor);
}

static void what_is_typed_is_shown_and_comes_back(void **state)
{
	(void)state;
	assert_int_equal(type("ring 0"), LINE_MORE);
	assert_screen("> ring 0", 8);
	assert_int_equal(type("\r"), LINE_DONE);
	assert_string_equal(line.text, "ring 0");
}

static void characters_go_in_and_out_where_the_cursor_is(void **state)
{
	(void)state;
	type("rig\x1b[Dn"); /* left, n */
	assert_screen("> ring", 5);
	type("\x01x\x05y"); /* Ctrl-A, Ctrl-E */
	assert_screen("> xringy", 8);
	type("\x7f\x01\x04"); /* backspace, to the start, Ctrl-D */
	assert_screen("> ring", 2);
	type("\x1b[C\x1b[3~\x1b[4~!\x1b[1~?"); /* right, Delete, End, Home */
	assert_screen("> ?rng!", 3);
	assert_string_equal(line.text, "?rng!");
	type("\x0b"); /* Ctrl-K */
	assert_screen("> ?", 3);
}

static void words_and_lines_can_be_cut(void **state)
{
	(void)state;
	type("blk read 8\x17"); /* Ctrl-W */
	assert_screen("> blk read ", 11);
	type("\x17\x17\x17");
	assert_screen("> ", 2);
	type("net ping\x1b[D\x1b[D\x1b[D\x1b[D\x15"); /* left, Ctrl-U */
	assert_screen("> ping", 2);
}

static void earlier_lines_come_back_the_last_first(void **state)
{
	(void)state;
	type("irq\rring 0\rring 0\r\x1b[A");
	assert_screen("> ring 0", 8);
	type("\x1b[A"); /* the same twice is kept once */
	assert_screen("> irq", 5);
	type("\x1b[A\x1b[B");
	assert_screen("> ring 0", 8);
	type("\x1b[B");
	assert_screen("> ", 2);
	assert_int_equal(type("\x10\r"), LINE_DONE); /* Ctrl-P */
	assert_string_equal(line.text, "ring 0");
}

static void only_so_many_earlier_lines_are_kept(void **state)
{
	char text[16];

	(void)state;
	for (int i = 0; i < LINE_HISTORY + 3; i++) {
		snprintf(text, sizeof(text), "l%d\r", i);
		type(text);
		line_begin(&line);
	}
	for (int i = 0; i < LINE_HISTORY + 3; i++)
		type("\x1b[A");
	assert_string_equal(line.text, "l3");
}

static void a_line_wider_than_the_screen_shows_where_the_cursor_is(void **state)
{
	(void)state;
	for (int i = 0; i < 120; i++)
		line_key(&line, 'a' + i % 26);
	assert_int_equal(strlen(screen), 79);
	assert_int_equal(column, 79);
	assert_int_equal(screen[78], 'a' + 119 % 26);
	type("\x01");
	assert_int_equal(column, 2);
	assert_memory_equal(screen, "> abc", 5);
}

static void a_line_too_long_stops_and_is_not_cut_elsewhere(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		line_key(&line, 'x');
	assert_int_equal(line.len, LINE_BYTES - 1);
	assert_int_equal(type("\r"), LINE_DONE);
	assert_int_equal(strlen(line.text), LINE_BYTES - 1);
}

static void unknown_keys_do_nothing(void **state)
{
	(void)state;
	type("a\x1b[15~\x1bOP\x1b[5~\x02\x06\x0e" /* F5, F1, Page Up, Ctrl-B, F, N */ "b");
	assert_screen("> ab", 4);
	assert_int_equal(type("\x03"), LINE_CANCEL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_formatted_as_the_c_library_does),
		cmocka_unit_test(strings_are_cut_and_padded_as_the_c_library_does),
		cmocka_unit_test(what_does_not_fit_is_cut_and_its_length_told),
		cmocka_unit_test_setup_teardown(dma_memory_is_zeroed_whole_pages_within_the_ram,
						make_ram, drop_ram),
		cmocka_unit_test_setup_teardown(all_memory_can_be_had_and_no_more, make_ram,
						drop_ram),
		cmocka_unit_test_setup_teardown(a_hole_is_filled_by_what_fits, make_ram, drop_ram),
		cmocka_unit_test_setup_teardown(private_pieces_are_zeroed_aligned_and_apart,
						make_ram, drop_ram),
		cmocka_unit_test_setup(what_is_typed_is_shown_and_comes_back, begin_line),
		cmocka_unit_test_setup(characters_go_in_and_out_where_the_cursor_is, begin_line),
		cmocka_unit_test_setup(words_and_lines_can_be_cut, begin_line),
		cmocka_unit_test_setup(earlier_lines_come_back_the_last_first, begin_line),
		cmocka_unit_test_setup(only_so_many_earlier_lines_are_kept, begin_line),
		cmocka_unit_test_setup(a_line_wider_than_the_screen_shows_where_the_cursor_is,
				       begin_line),
		cmocka_unit_test_setup(a_line_too_long_stops_and_is_not_cut_elsewhere, begin_line),
		cmocka_unit_test_setup(unknown_keys_do_nothing, begin_line),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
