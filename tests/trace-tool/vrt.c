/* SPDX-License-Identifier: MIT */
/*
 * Recordings: written, read, sought in, cut, damaged, and made up by a scribbler.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "ring/virtio_ring.h"
#include "tests/support/select.h"
#include "trace-tool/vrt_read.h"
#include "trace-tool/vrt_write.h"

#define EVENTS 10000
#define SNAPSHOT_EVERY 1000
#define NUM 8

static char path[] = "/tmp/vrt-test-XXXXXX";
static unsigned char *whole; /* the recording that most tests start from */
static size_t whole_bytes;
static uint64_t block_ends[64]; /* places where it may be cut without loss of a block */
static unsigned int num_blocks;

static struct vring_event event_at(unsigned int n)
{
	return (struct vring_event){ .time_ns = 1000 + 10ull * n,
				     .device = 1,
				     .queue = n % 2,
				     .type = 1 + n % 5,
				     .avail_idx = n,
				     .add = { .token = 0xffff888100000000 + 64 * n } };
}

static void write_snapshot(struct vrt_writer *w, uint64_t now)
{
	static struct vring_desc desc[NUM];
	static unsigned char avail[6 + 2 * NUM], used[6 + 8 * NUM];
	static le64 tokens[NUM];
	struct vrt_area_data areas[] = { { VRT_AREA_DESC, desc, sizeof(desc) },
					 { VRT_AREA_DRIVER, avail, sizeof(avail) },
					 { VRT_AREA_DEVICE, used, sizeof(used) },
					 { VRT_AREA_TOKENS, tokens, sizeof(tokens) } };
	struct vrt_snapshot snapshot = { .packed = 0 };

	le16_write(&snapshot.device, 1);
	le16_write(&snapshot.queue, 0);
	le32_write(&snapshot.num, NUM);
	le64_write(&desc[0].addr, now);
	assert_int_equal(vrt_write_snapshot(w, &snapshot, now, areas, 4), 0);
}

static void write_whole(FILE *file)
{
	struct vrt_writer *w = malloc(sizeof(*w));
	struct vrt_queue queues[2];

	memset(queues, 0, sizeof(queues));
	for (int i = 0; i < 2; i++) {
		le16_write(&queues[i].device, 1);
		le16_write(&queues[i].queue, i);
		le32_write(&queues[i].num, NUM);
		snprintf(queues[i].name, sizeof(queues[i].name), "req.%d", i);
	}
	assert_int_equal(vrt_write_begin(w, file, "test", "6.1", 5000, 1000), 0);
	assert_int_equal(vrt_write_queues(w, queues, 2, 1000), 0);
	for (unsigned int n = 0; n < EVENTS; n++) {
		struct vring_event event = event_at(n);

		if (n % SNAPSHOT_EVERY == 0)
			write_snapshot(w, event.time_ns);
		assert_int_equal(vrt_write_event(w, &event), 0);
	}
	assert_int_equal(vrt_write_note(w, "dd if=/dev/vda", 200000), 0);
	assert_int_equal(vrt_write_loss(w, 3, 4, 200000), 0);
	assert_int_equal(vrt_write_end(w, 200000), 0);
	assert_int_equal(w->events_written, EVENTS);
	assert_int_equal(w->bytes_written, ftell(file));
	free(w);
}

static int make_whole(void **state)
{
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w+");

	(void)state;
	write_whole(file);
	whole_bytes = ftell(file);
	whole = malloc(whole_bytes);
	rewind(file);
	if (fread(whole, whole_bytes, 1, file) != 1)
		return -1;
	fclose(file);
	for (uint64_t at = sizeof(struct vrt_header); at < whole_bytes;) {
		const struct vrt_block *b = (const void *)(whole + at);

		at += sizeof(*b) + ((le32_read(&b->bytes) + 7u) & ~7u);
		block_ends[num_blocks++] = at;
	}
	return 0;
}

static int forget_whole(void **state)
{
	(void)state;
	free(whole);
	return unlink(path);
}

/* The file holds @bytes of @from now. */
static void put_file(const unsigned char *from, size_t bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	if (bytes)
		assert_int_equal(fwrite(from, bytes, 1, file), 1);
	fclose(file);
}

static void what_was_written_is_read(void **state)
{
	char why[VRT_WHY_BYTES] = "";
	struct vring_event event;
	struct vrt_cursor c;
	struct vrt_file f;

	(void)state;
	put_file(whole, whole_bytes);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_true(f.closed);
	assert_int_equal(f.events, EVENTS);
	assert_int_equal(f.first_ns, 1000);
	assert_int_equal(f.last_ns, 1000 + 10 * (EVENTS - 1));
	assert_int_equal(f.num_queues, 2);
	assert_string_equal(vrt_find_queue(&f, 1, 1)->name, "req.1");
	assert_null(vrt_find_queue(&f, 2, 0));
	assert_int_equal(le64_read(&f.loss.lost), 3);
	assert_string_equal(f.header.source, "test");

	vrt_cursor_begin(&c, &f);
	for (unsigned int n = 0; n < EVENTS; n++) {
		struct vring_event expected = event_at(n);

		assert_int_equal(vrt_next(&c, &event), 1);
		assert_memory_equal(&event, &expected, sizeof(event));
	}
	assert_int_equal(vrt_next(&c, &event), 0);
	vrt_cursor_end(&c);
	assert_int_equal(vrt_verify(&f, why), 0);
	vrt_close(&f);
}

static void an_event_takes_less_than_it_is_long(void **state)
{
	(void)state;
	/* These events are dull; what real ones take is measured where they are recorded. */
	assert_true(whole_bytes < EVENTS * sizeof(struct vring_event) / 2);
}

static void a_moment_is_found_without_reading_what_is_before(void **state)
{
	char why[VRT_WHY_BYTES];
	struct vring_event event;
	struct vrt_cursor c;
	struct vrt_file f;

	(void)state;
	put_file(whole, whole_bytes);
	assert_int_equal(vrt_open(&f, path, why), 0);
	vrt_cursor_begin(&c, &f);
	for (unsigned int n = 0; n < EVENTS; n += 777) {
		vrt_seek(&c, event_at(n).time_ns);
		do
			assert_int_equal(vrt_next(&c, &event), 1);
		while (event.time_ns < event_at(n).time_ns);
		assert_int_equal(event.avail_idx, n);
		assert_true(c.at <= VRT_EVENTS_PER_BLOCK);
	}
	vrt_seek(&c, UINT64_MAX);
	assert_int_equal(vrt_next(&c, &event), 0);
	vrt_cursor_end(&c);
	vrt_close(&f);
}

static void the_last_snapshot_before_a_moment_is_found(void **state)
{
	struct vrt_snapshot_view view;
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	(void)state;
	put_file(whole, whole_bytes);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_int_equal(vrt_snapshot_before(&f, 1, 0, 999, &view, why), 0);
	assert_int_equal(vrt_snapshot_before(&f, 1, 1, UINT64_MAX, &view, why), 0);
	for (unsigned int n = 0; n < EVENTS; n += 333) {
		const struct vring_desc *desc;

		assert_int_equal(vrt_snapshot_before(&f, 1, 0, event_at(n).time_ns, &view, why), 1);
		desc = view.desc;
		assert_int_equal(le64_read(&desc[0].addr),
				 event_at(n - n % SNAPSHOT_EVERY).time_ns);
		assert_non_null(view.driver);
		assert_non_null(view.device);
		assert_non_null(view.tokens);
	}
	vrt_close(&f);
}

static void cut_anywhere_it_is_whole_up_to_the_last_block(void **state)
{
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	(void)state;
	for (size_t bytes = sizeof(struct vrt_header); bytes < whole_bytes; bytes += 101) {
		unsigned int blocks = 0;

		put_file(whole, bytes);
		while (blocks < num_blocks && block_ends[blocks] <= bytes)
			blocks++;
		if (vrt_open(&f, path, why))
			fail_msg("cut at %zu: %s", bytes, why);
		assert_int_equal(f.count, blocks);
		assert_false(f.closed);
		assert_int_equal(f.cut_at, blocks ? block_ends[blocks - 1] : sizeof(f.header));
		assert_int_equal(vrt_verify(&f, why), 0);
		vrt_close(&f);
	}
}

static void what_is_no_recording_is_refused_in_a_line(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *why;
	} files[] = {
		{ "", 0, "not a recording of vring-trace" },
		{ "GIF89a and so on, and so on", 27, "not a recording of vring-trace" },
		{ "VRT\n\032\n\0\0 through a transfer as text", 34,
		  "not a recording of vring-trace" },
		{ VRT_MAGIC, 8, "cut off within its first 104 bytes" },
	};
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	(void)state;
	for (unsigned int i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		put_file((const unsigned char *)files[i].bytes, files[i].size);
		assert_int_equal(vrt_open(&f, path, why), -EPROTO);
		assert_string_equal(why, files[i].why);
	}
	assert_int_equal(vrt_open(&f, "/nonexistent.vrt", why), -ENOENT);
	assert_string_equal(why, "No such file or directory");
	assert_int_equal(vrt_open(&f, "/tmp", why), -EPROTO);
}

static void another_major_version_is_named(void **state)
{
	unsigned char *copy = malloc(whole_bytes);
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	(void)state;
	memcpy(copy, whole, whole_bytes);
	le16_write(&((struct vrt_header *)copy)->major, 2);
	put_file(copy, whole_bytes);
	assert_int_equal(vrt_open(&f, path, why), -EPROTO);
	assert_string_equal(why, "a recording of version 2, and this reads version 1");
	free(copy);
}

static void blocks_of_a_later_minor_version_are_passed_over(void **state)
{
	struct vrt_block unknown;
	unsigned char *copy = malloc(whole_bytes + sizeof(unknown));
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	(void)state;
	memset(&unknown, 0, sizeof(unknown));
	le32_write(&unknown.type, 4711);
	memcpy(copy, whole, sizeof(struct vrt_header));
	memcpy(copy + sizeof(struct vrt_header), &unknown, sizeof(unknown));
	memcpy(copy + sizeof(struct vrt_header) + sizeof(unknown),
	       whole + sizeof(struct vrt_header), whole_bytes - sizeof(struct vrt_header));
	put_file(copy, whole_bytes + sizeof(unknown));
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_true(f.closed);
	assert_int_equal(f.events, EVENTS);
	vrt_close(&f);
	free(copy);
}

/* Every byte that means anything is under a checksum, or compared with what it must be. */
static void a_changed_byte_is_found(void **state)
{
	unsigned char *copy = malloc(whole_bytes);
	char why[VRT_WHY_BYTES];
	struct vrt_file f;
	unsigned int found = 0, tried = 0;

	(void)state;
	memcpy(copy, whole, whole_bytes);
	for (size_t at = 0; at < whole_bytes; at += 61) {
		copy[at] ^= 0x40;
		put_file(copy, whole_bytes);
		why[0] = 0;
		if (vrt_open(&f, path, why) || vrt_verify(&f, why) || !f.closed ||
		    f.events != EVENTS)
			found++;
		vrt_close(&f);
		copy[at] ^= 0x40;
		tried++;
	}
	/* What is left are times in block headers, and zeroes between blocks. */
	assert_true(tried > 200 && found * 10 > tried * 9);
	free(copy);
}

/* A generator that gives the same numbers everywhere. */
static uint32_t noise(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void noise_is_an_error_or_a_recording_and_nothing_else(void **state)
{
	unsigned int rounds = getenv("VRT_ROUNDS") ? atoi(getenv("VRT_ROUNDS")) : 400;
	uint32_t seed = getenv("VRT_SEED") ? atoi(getenv("VRT_SEED")) : 1;
	unsigned char *copy = malloc(whole_bytes);

	(void)state;
	printf("seed %u, %u rounds\n", seed, rounds);
	for (unsigned int round = 0; round < rounds; round++) {
		size_t bytes = noise(&seed) % 4 ? whole_bytes : noise(&seed) % whole_bytes;
		char why[VRT_WHY_BYTES];
		struct vrt_snapshot_view view;
		struct vrt_file f;

		memcpy(copy, whole, whole_bytes);
		for (unsigned int n = 1 + noise(&seed) % 8; n; n--) {
			/* Headers are where it hurts. */
			size_t at = noise(&seed) % 2 ? noise(&seed) % whole_bytes :
						       block_ends[noise(&seed) % (num_blocks - 1)] +
							       noise(&seed) % 64;

			if (at < whole_bytes)
				copy[at] = noise(&seed);
		}
		/* Half of the time the header is a good one, so that the rest is looked at. */
		if (noise(&seed) % 2)
			memcpy(copy, whole, sizeof(struct vrt_header));
		put_file(copy, bytes);
		if (vrt_open(&f, path, why))
			continue;
		vrt_verify(&f, why);
		vrt_snapshot_before(&f, 1, 0, UINT64_MAX, &view, why);
		vrt_close(&f);
	}
	free(copy);
}

static void a_full_disk_is_said_once_and_stays_said(void **state)
{
	struct vrt_writer *w = malloc(sizeof(*w));
	FILE *full = fopen("/dev/full", "w");
	struct vring_event event = event_at(0);
	int err = 0;

	(void)state;
	assert_non_null(full);
	vrt_write_begin(w, full, "test", "", 0, 0);
	for (unsigned int n = 0; n < 3 * VRT_EVENTS_PER_BLOCK; n++)
		err = vrt_write_event(w, &event);
	err = err ? err : vrt_write_flush(w);
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(vrt_write_end(w, 1), -ENOSPC);
	fclose(full);
	free(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(an_event_takes_less_than_it_is_long),
		cmocka_unit_test(a_moment_is_found_without_reading_what_is_before),
		cmocka_unit_test(the_last_snapshot_before_a_moment_is_found),
		cmocka_unit_test(cut_anywhere_it_is_whole_up_to_the_last_block),
		cmocka_unit_test(what_is_no_recording_is_refused_in_a_line),
		cmocka_unit_test(another_major_version_is_named),
		cmocka_unit_test(blocks_of_a_later_minor_version_are_passed_over),
		cmocka_unit_test(a_changed_byte_is_found),
		cmocka_unit_test(noise_is_an_error_or_a_recording_and_nothing_else),
		cmocka_unit_test(a_full_disk_is_said_once_and_stays_said),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, make_whole, forget_whole);
}
