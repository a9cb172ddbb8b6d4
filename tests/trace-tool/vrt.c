/* SPDX-License-Identifier: MIT */
/*
 * Recordings: written, read, sought in, cut, damaged.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "ring/virtio_ring.h"
#include "tests/support/select.h"
#include "trace-tool/recording/vrt_read.h"
#include "trace-tool/recording/vrt_write.h"

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

/* Its first descriptor lies at an address that says when it was taken. */
static void write_snapshot(struct vrt_writer *w, uint64_t now)
{
	static struct vring_desc desc[NUM];
	static unsigned char avail[6 + 2 * NUM], used[6 + 8 * NUM];
	static struct vrt_note notes[NUM];
	struct vrt_area_data areas[] = { { VRT_AREA_DESC, desc, sizeof(desc) },
					 { VRT_AREA_DRIVER, avail, sizeof(avail) },
					 { VRT_AREA_DEVICE, used, sizeof(used) },
					 { VRT_AREA_NOTES, notes, sizeof(notes) } };
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
	return num_blocks < sizeof(block_ends) / sizeof(block_ends[0]) ? 0 : -1;
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

/* The file is cut at @at, and goes on with @bytes of @from. */
static void append_file(const unsigned char *from, size_t bytes, size_t at)
{
	FILE *file;

	assert_int_equal(truncate(path, at), 0);
	file = fopen(path, "a");
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

static void an_event_is_found_by_its_number(void **state)
{
	static const uint64_t numbers[] = { 0,	  1,	2047, 2048, 2049, 999, 1000,
					    9999, 5000, 4999, 4998, 4997, 0 };
	char why[VRT_WHY_BYTES];
	struct vring_event event;
	struct vrt_cursor c;
	struct vrt_file f;

	(void)state;
	put_file(whole, whole_bytes);
	assert_int_equal(vrt_open(&f, path, why), 0);
	vrt_cursor_begin(&c, &f);
	assert_int_equal(vrt_position(&c), 0);
	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_int_equal(vrt_seek_event(&c, numbers[i]), 0);
		assert_int_equal(vrt_position(&c), numbers[i]);
		assert_int_equal(vrt_next(&c, &event), 1);
		assert_int_equal(event.time_ns, event_at(numbers[i]).time_ns);
		assert_int_equal(vrt_position(&c), numbers[i] + 1);
	}
	assert_int_equal(vrt_seek_event(&c, EVENTS), 0);
	assert_int_equal(vrt_next(&c, &event), 0);
	assert_int_equal(vrt_position(&c), EVENTS);
	assert_int_equal(vrt_seek_event(&c, UINT64_MAX), 0);
	assert_int_equal(vrt_next(&c, &event), 0);
	/* After the end, back into the block that is still there. */
	assert_int_equal(vrt_seek_event(&c, EVENTS - 1), 0);
	assert_int_equal(vrt_next(&c, &event), 1);
	assert_int_equal(event.time_ns, event_at(EVENTS - 1).time_ns);
	vrt_cursor_end(&c);
	vrt_close(&f);
}

static void the_last_snapshot_before_a_moment_is_found(void **state)
{
	char why[VRT_WHY_BYTES];
	struct vrt_file f;
	size_t count;

	(void)state;
	put_file(whole, whole_bytes);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_null(vrt_snapshot_before(&f, 1, 0, 999));
	assert_null(vrt_snapshot_before(&f, 1, 1, UINT64_MAX));
	assert_null(vrt_snapshot_before(&f, 0, 0, UINT64_MAX));
	for (unsigned int n = 0; n < EVENTS; n += 333) {
		const struct vrt_index_entry *e =
			vrt_snapshot_before(&f, 1, 0, event_at(n).time_ns);

		assert_non_null(e);
		assert_int_equal(e->first_ns, event_at(n - n % SNAPSHOT_EVERY).time_ns);
	}
	assert_int_equal(vrt_keys(&f, 1, 0, &count)[0].time_ns, 1000);
	assert_int_equal(count, EVENTS / SNAPSHOT_EVERY);
	vrt_keys(&f, 1, 1, &count);
	assert_int_equal(count, 0);
	vrt_close(&f);
}

static void what_the_recorder_noted_is_read_and_harms_no_terminal(void **state)
{
	struct vrt_writer *w = malloc(sizeof(*w));
	FILE *file = fopen(path, "w");
	char why[VRT_WHY_BYTES], text[64];
	struct vrt_queue queue = { .name = "a\033[2Jb" };
	struct vrt_file f;

	(void)state;
	memset(queue.driver, 'x', sizeof(queue.driver)); /* no NUL */
	vrt_write_begin(w, file, "te\nst", "6.1", 5000, 1000);
	vrt_write_queues(w, &queue, 1, 1000);
	vrt_write_note(w, "dd \033[31m if=/dev/vda", 1000);
	/* An umlaut and a rocket; a control character, one in too many bytes, a lone half. */
	vrt_write_note(w, "\xc3\xa4\xf0\x9f\x9a\x80 \xc2\x9b \xc0\x9b \xc3", 1000);
	vrt_write_end(w, 2000);
	fclose(file);
	free(w);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_string_equal(f.queues[0].name, "a?[2Jb");
	assert_int_equal(strlen(f.queues[0].driver), VRT_NAME - 1);
	assert_string_equal(f.header.source, "te?st");
	assert_int_equal(f.blocks[1].type, VRT_NOTE);
	assert_int_equal(vrt_note(&f, &f.blocks[1], text, sizeof(text), why), 0);
	assert_string_equal(text, "dd ?[31m if=/dev/vda");
	assert_int_equal(vrt_note(&f, &f.blocks[1], text, 3, why), 0);
	assert_string_equal(text, "dd");
	assert_int_equal(vrt_note(&f, &f.blocks[2], text, sizeof(text), why), 0);
	assert_string_equal(text, "\xc3\xa4\xf0\x9f\x9a\x80 ?? ?? ?");
	assert_int_equal(vrt_note(&f, &f.blocks[2], text, 2, why), 0);
	assert_string_equal(text, ""); /* no half of a character */
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

/* A file system may know of a file's length and not yet of its bytes. */
static void what_the_power_took_is_zeroes_and_the_rest_is_read(void **state)
{
	unsigned char *copy = malloc(whole_bytes);
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	(void)state;
	for (size_t from = sizeof(struct vrt_header); from < whole_bytes; from += 101) {
		unsigned int blocks = 0;

		while (blocks < num_blocks && block_ends[blocks] <= from)
			blocks++;
		memcpy(copy, whole, from);
		memset(copy + from, 0, whole_bytes - from);
		put_file(copy, whole_bytes);
		if (vrt_open(&f, path, why))
			fail_msg("zeroes from %zu on: %s", from, why);
		assert_in_range(f.count, blocks, blocks + 1); /* its end may be zeroes anyway */
		assert_int_equal(vrt_verify(&f, why), 0);
		vrt_close(&f);
	}
	free(copy);
}

/* A block's head as it should be, with @raw and @bytes as they should not. */
static void put_block_of(uint32_t type, uint32_t bytes, uint32_t raw, uint64_t first_ns,
			 uint64_t last_ns)
{
	unsigned char file[sizeof(struct vrt_header) + sizeof(struct vrt_block) + 64] = { 0 };
	struct vrt_block block = { 0 };

	memcpy(file, whole, sizeof(struct vrt_header));
	le32_write(&block.type, type);
	le32_write(&block.bytes, bytes);
	le32_write(&block.raw_bytes, raw);
	le64_write(&block.first_ns, first_ns);
	le64_write(&block.last_ns, last_ns);
	le32_write(&block.crc, crc32(0, file + sizeof(file) - 64, bytes < 64 ? bytes : 64));
	le32_write(&block.head_crc, crc32(0, (void *)&block, offsetof(struct vrt_block, head_crc)));
	memcpy(file + sizeof(struct vrt_header), &block, sizeof(block));
	put_file(file, sizeof(file));
}

static void a_block_that_lies_about_itself_is_refused_in_a_line(void **state)
{
	static const struct {
		uint32_t type, bytes, raw;
		uint64_t first_ns, last_ns;
		const char *why;
	} blocks[] = {
		{ VRT_NOTE, UINT32_MAX, UINT32_MAX, 0, 0, "a block of more than 64 MiB" },
		{ VRT_NOTE, 8, UINT32_MAX, 0, 0, "a block of more than 64 MiB" },
		{ 4711, VRT_MAX_PAYLOAD + 1, 0, 0, 0, "a block of more than 64 MiB" },
		{ VRT_NOTE, 8, 16, 0, 0, "a block with two lengths" },
		{ VRT_EVENTS, 41, 41, 0, 0, "a block that holds part of an event" },
		{ VRT_EVENTS, 0, 0, 0, 0, "a block that holds part of an event" },
		{ VRT_EVENTS_DEFLATED, 8, 79, 0, 0, "a block that holds part of an event" },
		{ VRT_SNAPSHOT, 64, 64, 0, 0, "a snapshot that is too short" },
		{ VRT_SNAPSHOT_DEFLATED, 8, 71, 0, 0, "a snapshot that is too short" },
		{ VRT_EVENTS, 40, 40, 9, 8, "a block that ends before it begins" },
	};
	char why[VRT_WHY_BYTES], expected[VRT_WHY_BYTES];
	struct vrt_file f;

	(void)state;
	for (unsigned int i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		put_block_of(blocks[i].type, blocks[i].bytes, blocks[i].raw, blocks[i].first_ns,
			     blocks[i].last_ns);
		assert_int_equal(vrt_open(&f, path, why), -EPROTO);
		snprintf(expected, sizeof(expected), "damaged at byte 144: %s", blocks[i].why);
		assert_string_equal(why, expected);
	}
	/* As long as a block can be, and the file is shorter: cut off, and nothing is allocated. */
	put_block_of(VRT_NOTE, VRT_MAX_PAYLOAD, VRT_MAX_PAYLOAD, 0, 0);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_int_equal(f.count, 0);
	assert_int_equal(f.cut_at, sizeof(struct vrt_header));
	vrt_close(&f);
}

static void a_block_that_does_not_inflate_is_refused_in_a_line(void **state)
{
	struct vring_event event;
	struct vrt_cursor c;
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	(void)state;
	put_block_of(VRT_EVENTS_DEFLATED, 16, 400, 0, 0);
	/* It is the last one, and the file was not closed: it counts as not written. */
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_int_equal(f.count, 0);
	vrt_close(&f);
	/* With another behind it, it is damaged. */
	put_block_of(VRT_EVENTS_DEFLATED, 16, 400, 0, 0);
	append_file(whole + block_ends[num_blocks - 2], whole_bytes - block_ends[num_blocks - 2],
		    sizeof(struct vrt_header) + sizeof(struct vrt_block) + 16);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_true(f.closed);
	assert_int_equal(f.events, 10);
	vrt_cursor_begin(&c, &f);
	assert_int_equal(vrt_next(&c, &event), -EPROTO);
	assert_string_equal(c.why, "damaged at byte 144: a block does not inflate");
	assert_int_equal(vrt_next(&c, &event), -EPROTO); /* and stays so */
	vrt_cursor_end(&c);
	assert_int_equal(vrt_verify(&f, why), -EPROTO);
	vrt_close(&f);
}

static void a_file_that_shrinks_while_it_is_read_is_an_error(void **state)
{
	struct vring_event event;
	struct vrt_cursor c;
	char why[VRT_WHY_BYTES];
	struct vrt_file f;
	int got;

	(void)state;
	put_file(whole, whole_bytes);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_int_equal(truncate(path, whole_bytes / 2), 0);
	vrt_cursor_begin(&c, &f);
	while ((got = vrt_next(&c, &event)) > 0)
		;
	assert_int_equal(got, -EPROTO);
	assert_non_null(strstr(c.why, "the file became shorter"));
	vrt_cursor_end(&c);
	vrt_close(&f);
}

static unsigned int open_files(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void what_opening_took_is_given_back(void **state)
{
	unsigned int before = open_files();
	char why[VRT_WHY_BYTES];
	struct vrt_file f = { 0 };

	(void)state;
	vrt_close(&f); /* nothing, and not the file of number 0 */
	assert_int_equal(open_files(), before);
	put_file(whole, whole_bytes);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_int_equal(open_files(), before + 1);
	vrt_close(&f);
	vrt_close(&f);
	assert_int_equal(open_files(), before);
	put_file(whole, 50);
	assert_int_equal(vrt_open(&f, path, why), -EPROTO);
	assert_int_equal(open_files(), before);
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
	le32_write(&unknown.head_crc,
		   crc32(0, (void *)&unknown, offsetof(struct vrt_block, head_crc)));
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

static bool is_padding(size_t at)
{
	size_t block = sizeof(struct vrt_header);

	for (unsigned int i = 0; i < num_blocks; block = block_ends[i++]) {
		const struct vrt_block *b = (const void *)(whole + block);

		if (at < block_ends[i])
			return at >= block && at >= block + sizeof(*b) + le32_read(&b->bytes);
	}
	return true;
}

/* Every byte but the zeroes between blocks is under a checksum. */
static void a_changed_byte_is_found(void **state)
{
	unsigned char *copy = malloc(whole_bytes);
	char why[VRT_WHY_BYTES];
	struct vrt_file f;
	unsigned int tried = 0;

	(void)state;
	memcpy(copy, whole, whole_bytes);
	for (size_t at = 0; at < whole_bytes; at += at < 400 ? 1 : 61) {
		if (is_padding(at))
			continue;
		copy[at] ^= 0x40;
		put_file(copy, whole_bytes);
		why[0] = 0;
		if (!vrt_open(&f, path, why) && !vrt_verify(&f, why) && f.closed)
			fail_msg("byte %zu was changed, and nobody saw", at);
		assert_true((f.open && !f.closed) || (strlen(why) && !strchr(why, '\n')));
		vrt_close(&f);
		copy[at] ^= 0x40;
		tried++;
	}
	assert_true(tried > 400);
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
		cmocka_unit_test(an_event_is_found_by_its_number),
		cmocka_unit_test(the_last_snapshot_before_a_moment_is_found),
		cmocka_unit_test(what_the_recorder_noted_is_read_and_harms_no_terminal),
		cmocka_unit_test(cut_anywhere_it_is_whole_up_to_the_last_block),
		cmocka_unit_test(what_the_power_took_is_zeroes_and_the_rest_is_read),
		cmocka_unit_test(a_block_that_lies_about_itself_is_refused_in_a_line),
		cmocka_unit_test(a_block_that_does_not_inflate_is_refused_in_a_line),
		cmocka_unit_test(a_file_that_shrinks_while_it_is_read_is_an_error),
		cmocka_unit_test(what_opening_took_is_given_back),
		cmocka_unit_test(what_is_no_recording_is_refused_in_a_line),
		cmocka_unit_test(another_major_version_is_named),
		cmocka_unit_test(blocks_of_a_later_minor_version_are_passed_over),
		cmocka_unit_test(a_changed_byte_is_found),
		cmocka_unit_test(a_full_disk_is_said_once_and_stays_said),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, make_whole, forget_whole);
}
