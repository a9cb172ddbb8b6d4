/* SPDX-License-Identifier: MIT */
/*
 * What exporters are made of: requests on lanes, the wire format of Protocol Buffers, names and
 * numbers in a figure. That the formats are right is tests/export's to say.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/support/select.h"
#include "trace-tool/export/export_svg.h"
#include "trace-tool/export/protobuf.h"
#include "trace-tool/recording/requests.h"
#include "trace-tool/export/svg.h"
#include "trace-tool/recording/vrt_words.h"

/* ---- requests ---- */

#define NUM 8

static struct request *add(struct requests *r, uint64_t token, uint64_t now_ns)
{
	struct request *request, gone;

	assert_int_equal(requests_add(r, token, now_ns, NUM, &request, &gone), 0);
	return request;
}

static void a_request_takes_the_lowest_lane_that_nobody_is_on(void **state)
{
	struct requests r = {};
	struct request reaped;

	(void)state;
	assert_int_equal(add(&r, 0x10, 100)->lane, 0);
	assert_int_equal(add(&r, 0x20, 110)->lane, 1);
	assert_int_equal(add(&r, 0x30, 120)->lane, 2);
	assert_true(requests_reap(&r, 0x20, 130, &reaped));
	assert_int_equal(reaped.added_ns, 110);
	assert_int_equal(reaped.number, 2);
	assert_int_equal(add(&r, 0x40, 140)->lane, 1);
	assert_int_equal(add(&r, 0x50, 150)->lane, 3);
	requests_free(&r);
}

static void two_on_a_lane_do_not_overlap_even_where_time_goes_back(void **state)
{
	struct requests r = {};
	struct request reaped;

	(void)state;
	add(&r, 0x10, 100);
	assert_true(requests_reap(&r, 0x10, 200, &reaped));
	/* Recorded later, by another processor, of an earlier moment. */
	assert_int_equal(add(&r, 0x20, 190)->lane, 1);
	assert_int_equal(add(&r, 0x30, 200)->lane, 0);
	requests_free(&r);
}

static void an_address_that_is_added_again_has_been_reaped_unseen(void **state)
{
	struct requests r = {};
	struct request *request, gone;

	(void)state;
	add(&r, 0x10, 100);
	assert_int_equal(requests_add(&r, 0x10, 300, NUM, &request, &gone), 1);
	assert_int_equal(gone.added_ns, 100);
	assert_int_equal(request->added_ns, 300);
	assert_int_equal(request->lane, 0);
	assert_int_equal(r.count, 1);
	requests_free(&r);
}

static void there_are_never_more_than_the_ring_holds(void **state)
{
	struct requests r = {};
	struct request *request, gone;

	(void)state;
	for (unsigned int n = 0; n < NUM; n++)
		add(&r, 0x1000 + n, 100 + n);
	for (unsigned int n = 0; n < 3 * NUM; n++) {
		assert_int_equal(requests_add(&r, 0x2000 + n, 200 + n, NUM, &request, &gone), 1);
		assert_int_equal(gone.token, n < NUM ? 0x1000 + n : 0x2000 + n - NUM);
		assert_int_equal(r.count, NUM);
	}
	assert_int_equal(r.lanes, NUM);
	requests_free(&r);
}

/* A table of all that is there, kept beside. */
static void ten_thousand_steps_agree_with_a_plain_table(void **state)
{
	struct {
		uint64_t token, added_ns;
	} table[64] = {};
	struct requests r = {};
	unsigned int seed = 1;

	(void)state;
	for (unsigned int step = 0; step < 10000; step++) {
		unsigned int at = rand_r(&seed) % 64;
		struct request *request, other;

		if (!table[at].token) {
			table[at].token = 0xffff888000000000 + 64 * (64 * step + at);
			table[at].added_ns = 1000 + step;
			assert_int_equal(requests_add(&r, table[at].token, 1000 + step, 64,
						      &request, &other),
					 0);
		} else {
			assert_true(requests_has(&r, table[at].token));
			assert_true(requests_reap(&r, table[at].token, 1000 + step, &other));
			assert_int_equal(other.added_ns, table[at].added_ns);
			assert_false(requests_has(&r, table[at].token));
			table[at].token = 0;
		}
	}
	requests_free(&r);
}

static void what_is_left_comes_out_oldest_first(void **state)
{
	struct requests r = {};
	struct request request;

	(void)state;
	for (unsigned int n = 0; n < 40; n++) {
		struct request *added;

		requests_add(&r, 0x100 - n, n, 64, &added, &request);
	}
	for (unsigned int n = 0; n < 40; n++) {
		assert_true(requests_drain(&r, 100, &request));
		assert_int_equal(request.added_ns, n);
	}
	assert_false(requests_drain(&r, 100, &request));
	requests_free(&r);
}

/* ---- Protocol Buffers ---- */

static struct protobuf message;

static void holds(const void *bytes, size_t size)
{
	assert_int_equal(message.size, size);
	assert_memory_equal(message.bytes, bytes, size);
	memset(&message, 0, sizeof(message));
}

static void numbers_are_seven_bits_a_byte(void **state)
{
	(void)state;
	/* The example of the format's own description: field 1 is 150. */
	protobuf_uint(&message, 1, 150);
	holds("\x08\x96\x01", 3);
	protobuf_uint(&message, 1, 0);
	holds("\x08\x00", 2);
	protobuf_uint(&message, 16, 127);
	holds("\x80\x01\x7f", 3);
	protobuf_uint(&message, 2, UINT64_MAX);
	holds("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
	protobuf_fixed64(&message, 47, 0x0102030405060708);
	holds("\xf9\x02\x08\x07\x06\x05\x04\x03\x02\x01", 10);
	protobuf_text(&message, 2, "testing");
	holds("\x12\x07testing", 9);
}

static void a_message_inside_has_its_length_in_front(void **state)
{
	size_t outer, inner;

	(void)state;
	outer = protobuf_begin(&message, 3);
	protobuf_uint(&message, 1, 150);
	inner = protobuf_begin(&message, 2);
	protobuf_end(&message, inner);
	protobuf_end(&message, outer);
	/* Lengths of two bytes: 6 and 0, with more bytes than they need. */
	holds("\x1a\x86\x00\x08\x96\x01\x12\x80\x00", 9);
}

static void a_message_that_is_too_long_says_so_and_writes_nothing_beyond(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	for (int i = 0; i < 40; i++)
		protobuf_text(&message, 1, text);
	assert_true(message.full);
	assert_in_range(message.size, PROTOBUF_ROOM - 1100, PROTOBUF_ROOM);
	memset(&message, 0, sizeof(message));
}

/* ---- figures ---- */

static void a_figure_is_the_same_in_every_locale(void **state)
{
	static const struct svg_step steps[] = { { 'M', 0.25, -3, 0 },
						 { 'A', 10.04, 5.5, 7 },
						 { .what = 'Z' } };
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	setlocale(LC_ALL, "de_DE.UTF-8");
	svg_text(file, 1.5, 2, "fill=\"red\"", "a<b & \"%s\"", "c\td\xc3");
	svg_path(file, steps, 3, "");
	setlocale(LC_ALL, "C");
	fclose(file);
	assert_string_equal(
		text, "<text x=\"1.5\" y=\"2\" fill=\"red\">a&lt;b &amp; &quot;c?d?&quot;</text>\n"
		      "<path d=\"M0.3 -3A7 7 0 0 1 10 5.5Z\" />\n");
	free(text);
}

static void a_screen_is_a_figure(void **state)
{
	char path[] = "/tmp/export-test-XXXXXX", *text = NULL;
	struct frame frame = {};
	size_t size = 0;
	FILE *file;

	(void)state;
	assert_int_equal(frame_resize(&frame, 24, 80), 0);
	frame_text(&frame, 0, 1, STYLE_TITLE, "a <ring> & more");
	frame_text(&frame, 23, 70, STYLE_BAD, "last  word");
	close(mkstemp(path));
	assert_int_equal(export_svg_frame(&frame, path), 0);
	file = fopen(path, "r");
	assert_true(getdelim(&text, &size, 0, file) > 0);
	fclose(file);
	assert_non_null(strstr(text, "<title>a &lt;ring&gt; &amp; more"));
	assert_non_null(strstr(text, ">a &lt;ring&gt; &amp; more</text>"));
	assert_non_null(strstr(text, ">last</text>"));
	assert_non_null(strstr(text, ">word</text>"));
	assert_non_null(strstr(text, "</svg>\n"));
	free(text);
	unlink(path);
	frame_free(&frame);
}

static void a_screen_that_cannot_be_written_leaves_no_file(void **state)
{
	struct frame frame = {};

	(void)state;
	assert_int_equal(frame_resize(&frame, 24, 80), 0);
	frame_text(&frame, 0, 0, STYLE_PLAIN, "x");
	assert_true(export_svg_frame(&frame, "/nowhere/at.all") < 0);
	frame_free(&frame);
}

/* ---- names ---- */

static void a_queue_goes_by_four_names_and_patterns_over_them(void **state)
{
	static const char *const its[] = { "virtio3", "virtio3/req.1", "virtio3:1",
					   "vda",     "v*a",	       "virtio3/*" };
	static const char *const others[] = { "virtio", "virtio3/req", "virtio3:2", "vdb", "" };
	struct vrt_queue queue = { .name = "req.1", .alias = "vda" };
	char name[VRT_QUEUE_NAME];

	(void)state;
	for (size_t i = 0; i < sizeof(its) / sizeof(its[0]); i++)
		assert_true(vrt_queue_is(&queue, 3, 1, its[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(vrt_queue_is(&queue, 3, 1, others[i]));
	vrt_queue_name(name, &queue, 3, 1);
	assert_string_equal(name, "virtio3/req.1");
	vrt_queue_name(name, NULL, 3, 1);
	assert_string_equal(name, "virtio3:1");
}

static void a_name_without_an_end_is_read_to_its_room(void **state)
{
	struct vrt_queue queue = {};
	char name[VRT_QUEUE_NAME];

	(void)state;
	memset(queue.name, '\033', sizeof(queue.name));
	vrt_queue_name(name, &queue, 65535, 0);
	assert_int_equal(strlen(name), strlen("virtio65535/") + VRT_NAME - 1);
	assert_null(strchr(name, '\033'));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_takes_the_lowest_lane_that_nobody_is_on),
		cmocka_unit_test(two_on_a_lane_do_not_overlap_even_where_time_goes_back),
		cmocka_unit_test(an_address_that_is_added_again_has_been_reaped_unseen),
		cmocka_unit_test(there_are_never_more_than_the_ring_holds),
		cmocka_unit_test(ten_thousand_steps_agree_with_a_plain_table),
		cmocka_unit_test(what_is_left_comes_out_oldest_first),
		cmocka_unit_test(numbers_are_seven_bits_a_byte),
		cmocka_unit_test(a_message_inside_has_its_length_in_front),
		cmocka_unit_test(a_message_that_is_too_long_says_so_and_writes_nothing_beyond),
		cmocka_unit_test(a_figure_is_the_same_in_every_locale),
		cmocka_unit_test(a_screen_is_a_figure),
		cmocka_unit_test(a_screen_that_cannot_be_written_leaves_no_file),
		cmocka_unit_test(a_queue_goes_by_four_names_and_patterns_over_them),
		cmocka_unit_test(a_name_without_an_end_is_read_to_its_room),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
