/* SPDX-License-Identifier: MIT */
/*
 * Whatever is in a recording, those who read it end with a picture or with one clear line. Whole
 * recordings are taken apart, changed where it matters, put together again with checksums that are
 * right (mostly), and given to the reader, to check and show, to the screens and to the exporters.
 *
 * A round depends on the seed and its number alone. A failure says both; FUZZ_ROUND runs that round
 * again, and FUZZ_KEEP names a file for what it reads. FUZZ_SECONDS: how long; otherwise a few
 * hundred rounds.
 */
#define _GNU_SOURCE /* memfd_create() */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/support/select.h"
#include "tests/trace-tool/ring.h"
#include "trace-tool/invariants.h"
#include "trace-tool/tool.h"
#include "trace-tool/verdict.h"
#include "trace-tool/vrt_snapshot.h"

#define ROUNDS 250	    /* without FUZZ_SECONDS */
#define ROUND_SECONDS 60u   /* one that takes longer hangs */
#define MAX_FILE (4u << 20) /* of what is made up */
#define MAX_BLOCKS 256

/* ---- chance ---- */

static uint64_t chance_state;

static uint32_t chance(void)
{
	/* splitmix64 */
	uint64_t z = chance_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z >> 32;
}

static uint32_t below(uint32_t limit)
{
	return limit ? chance() % limit : 0;
}

/* A number that somebody may have forgotten. */
static uint64_t odd_number(void)
{
	static const uint64_t numbers[] = { 0,	    1,	    2,	    7,	   8,	      9,
					    15,	    16,	    255,    256,   257,	      0x7fff,
					    0x8000, 0xfffe, 0xffff, 65536, 1000000000 };

	switch (below(4)) {
	case 0:
		return UINT64_MAX - below(3);
	case 1:
		return 1ull << below(64);
	case 2:
		return chance();
	}
	return numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
}

/* ---- a recording, taken apart ---- */

struct block {
	struct vrt_block head;	/* its lengths and checksums are made when it is put together */
	unsigned char *payload; /* inflated */
	uint32_t bytes;
};

struct recording {
	struct vrt_header head;
	struct block blocks[MAX_BLOCKS];
	unsigned int count;
};

static struct recording corpus[32];
static unsigned int corpus_count;

static bool is_deflated(const struct block *b)
{
	uint32_t type = le32_read(&b->head.type);

	return type == VRT_EVENTS_DEFLATED || type == VRT_SNAPSHOT_DEFLATED;
}

static bool holds_events(const struct block *b)
{
	uint32_t type = le32_read(&b->head.type);

	return type == VRT_EVENTS || type == VRT_EVENTS_DEFLATED;
}

static bool holds_snapshot(const struct block *b)
{
	uint32_t type = le32_read(&b->head.type);

	return type == VRT_SNAPSHOT || type == VRT_SNAPSHOT_DEFLATED;
}

static void forget(struct recording *r)
{
	for (unsigned int i = 0; i < r->count; i++)
		free(r->blocks[i].payload);
	r->count = 0;
}

static struct block copy_of(const struct block *b)
{
	struct block copy = *b;

	copy.payload = malloc(b->bytes + 1);
	memcpy(copy.payload, b->payload, b->bytes);
	return copy;
}

static void copy_recording(struct recording *to, const struct recording *from)
{
	to->head = from->head;
	for (to->count = 0; to->count < from->count; to->count++)
		to->blocks[to->count] = copy_of(&from->blocks[to->count]);
}

/* A good one, through the reader. */
static void take_apart(struct recording *r, const char *path)
{
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	if (vrt_open(&f, path, why))
		fail_msg("%s: %s", path, why);
	r->head = f.header;
	for (size_t i = 0; i < f.count && i < MAX_BLOCKS; i++) {
		struct block *b = &r->blocks[r->count++];
		const struct vrt_index_entry *e = &f.blocks[i];
		void *payload;

		assert_int_equal(vrt_read_block(&f, e, &payload, why), 0);
		b->payload = payload;
		b->bytes = e->raw_bytes;
		le32_write(&b->head.type, e->type);
		le64_write(&b->head.first_ns, e->first_ns);
		le64_write(&b->head.last_ns, e->last_ns);
		le16_write(&b->head.device, e->device);
		le16_write(&b->head.queue, e->queue);
	}
	vrt_close(&f);
}

/* ---- ... and put together ---- */

/* Columns of bytes from rows, or the other way. */
static void turn(unsigned char *to, const unsigned char *from, size_t count, bool into_columns)
{
	for (size_t i = 0; i < count; i++)
		for (size_t byte = 0; byte < sizeof(struct vring_event); byte++) {
			size_t row = i * sizeof(struct vring_event) + byte;
			size_t column = byte * count + i;

			if (into_columns)
				to[column] = from[row];
			else
				to[row] = from[column];
		}
}

static size_t put_together(struct recording *r, unsigned char *file)
{
	size_t at = sizeof(r->head);

	le32_write(&r->head.crc, crc32(0, (void *)&r->head, offsetof(struct vrt_header, crc)));
	memcpy(file, &r->head, sizeof(r->head));
	for (unsigned int i = 0; i < r->count; i++) {
		struct block *b = &r->blocks[i];
		unsigned char *payload = file + at + sizeof(b->head);
		uLongf bytes = MAX_FILE - at - sizeof(b->head) - VRT_ALIGN;

		if (MAX_FILE - at < compressBound(b->bytes) + sizeof(b->head) + VRT_ALIGN)
			break;
		if (is_deflated(b)) {
			compress2(payload, &bytes, b->payload, b->bytes, 1);
		} else {
			bytes = b->bytes;
			memcpy(payload, b->payload, bytes);
		}
		memset(payload + bytes, 0, VRT_ALIGN);
		le32_write(&b->head.bytes, bytes);
		le32_write(&b->head.raw_bytes, below(200) ? b->bytes : below(2 * b->bytes + 2));
		le32_write(&b->head.crc, crc32(0, payload, bytes));
		le32_write(&b->head.head_crc,
			   crc32(0, (void *)&b->head, offsetof(struct vrt_block, head_crc)));
		memcpy(file + at, &b->head, sizeof(b->head));
		at += sizeof(b->head) + bytes + -bytes % VRT_ALIGN;
	}
	return at;
}

/* ---- changes ---- */

static void set_number(unsigned char *at, size_t bytes)
{
	uint64_t number = odd_number();

	switch (below(4)) {
	case 0:
		at[below(bytes)] ^= 1 << below(8);
		return;
	case 1: /* a little more, a little less */
		memcpy(&number, at, bytes);
		number += (int)below(5) - 2;
	}
	memcpy(at, &number, bytes);
}

struct place {
	uint16_t at, bytes;
};

static void change_field(unsigned char *from, const struct place *places, size_t count)
{
	const struct place *place = &places[below(count)];

	set_number(from + place->at, place->bytes);
}

#define AT(type, field)                                           \
	{                                                         \
		offsetof(type, field), sizeof(((type *)0)->field) \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void change_events(struct block *b)
{
	static const struct place fields[] = {
		{ 0, 8 },  { 8, 2 },  { 10, 2 }, { 14, 1 }, { 15, 1 }, { 16, 2 }, { 18, 2 },
		{ 20, 2 }, { 22, 2 }, { 24, 8 }, { 24, 2 }, { 26, 2 }, { 28, 2 }, { 30, 2 },
		{ 32, 2 }, { 34, 2 }, { 36, 2 }, { 28, 1 }, { 36, 1 }, { 38, 2 },
	};
	size_t count = b->bytes / sizeof(struct vring_event), i = below(count), n = below(count);
	unsigned char *rows = b->payload;
	struct vring_event *events = (void *)b->payload, event;

	if (!count)
		return;
	if (le32_read(&b->head.type) == VRT_EVENTS_DEFLATED) {
		rows = malloc(b->bytes);
		turn(rows, b->payload, count, false);
		events = (void *)rows;
	}
	switch (below(6)) {
	case 0:
		event = events[i];
		events[i] = events[n];
		events[n] = event;
		break;
	case 1: /* the same thing again */
		events[i] = events[n];
		break;
	case 2:
		events[i].type = below(9);
		break;
	case 3: /* another queue's, from now on */
		for (; i < count && i < n; i++)
			events[i].queue = events[n].queue;
		break;
	default:
		change_field((void *)&events[i], fields, COUNT(fields));
	}
	if (rows != b->payload) {
		turn(b->payload, rows, count, true);
		free(rows);
	}
}

/* The head of the area with that number, or NULL. */
static struct vrt_area *find_area(struct block *b, unsigned int number)
{
	size_t at = sizeof(struct vrt_snapshot);

	while (b->bytes >= sizeof(struct vrt_area) && at <= b->bytes - sizeof(struct vrt_area)) {
		struct vrt_area *area = (void *)(b->payload + at);

		if (!number--)
			return area;
		at += sizeof(*area) + ((uint64_t)le32_read(&area->bytes) + 7) / 8 * 8;
	}
	return NULL;
}

#define S(field) AT(struct vrt_snapshot, field)

static void change_snapshot(struct block *b)
{
	static const struct place head[] = {
		S(device),	S(queue),     S(num),
		S(packed),	S(broken),    S(torn),
		S(avail_idx),	S(last_used), S(num_free),
		S(num_added),	S(free_head), S(driver_flags),
		S(tables_left), S(areas),     S(flags),
		S(features),	{ 40, 8 },    S(event_triggered),
	};
	static const struct place area_head[] = { { 0, 4 }, { 4, 4 } };
	struct vrt_area *area = find_area(b, below(6));
	size_t start, bytes;

	if (b->bytes < sizeof(struct vrt_snapshot))
		return;
	if (!area || !below(4)) {
		change_field(b->payload, head, COUNT(head));
		return;
	}
	bytes = le32_read(&area->bytes);
	start = (unsigned char *)(area + 1) - b->payload;
	if (!below(16) || bytes < 8 || start + bytes > b->bytes) {
		change_field((void *)area, area_head, COUNT(area_head));
		return;
	}
	/* Rings: the fields are aligned to their sizes. */
	switch (below(4)) {
	case 0:
		set_number((unsigned char *)(area + 1) + below(bytes / 8) * 8, 8);
		break;
	case 1:
		set_number((unsigned char *)(area + 1) + below(bytes / 4) * 4, 4);
		break;
	default:
		set_number((unsigned char *)(area + 1) + below(bytes / 2) * 2, 2);
	}
}

static void change_queues(struct block *b)
{
	static const struct place fields[] = {
		AT(struct vrt_queue, device),	 AT(struct vrt_queue, queue),
		AT(struct vrt_queue, num),	 AT(struct vrt_queue, features),
		AT(struct vrt_queue, device_id), AT(struct vrt_queue, packed),
		AT(struct vrt_queue, self),
	};
	struct vrt_queue *queue = (void *)b->payload;

	if (b->bytes < sizeof(*queue))
		return;
	queue += below(b->bytes / sizeof(*queue));
	if (below(4))
		change_field((void *)queue, fields, COUNT(fields));
	else
		((char *)queue)[offsetof(struct vrt_queue, name) + below(3 * VRT_NAME)] = chance();
}

static void resize(struct block *b, uint32_t bytes)
{
	b->payload = realloc(b->payload, bytes + 1);
	if (bytes > b->bytes)
		memset(b->payload + b->bytes, chance(), bytes - b->bytes);
	b->bytes = bytes;
}

static void change_payload(struct block *b)
{
	if (!below(24))
		resize(b, below(b->bytes + 48));
	else if (holds_events(b))
		change_events(b);
	else if (holds_snapshot(b))
		change_snapshot(b);
	else if (le32_read(&b->head.type) == VRT_QUEUES)
		change_queues(b);
	else if (b->bytes)
		b->payload[below(b->bytes)] = chance();
}

/* Blocks come and go, change places, and lie about what they are. */
static void change_blocks(struct recording *r)
{
	static const struct place head[] = {
		AT(struct vrt_block, type),    AT(struct vrt_block, first_ns),
		AT(struct vrt_block, last_ns), AT(struct vrt_block, device),
		AT(struct vrt_block, queue),
	};
	const struct recording *other = &corpus[below(corpus_count)];
	unsigned int i = below(r->count), n = below(r->count);
	struct block b;

	if (!r->count)
		return;
	switch (below(6)) {
	case 0:
		b = r->blocks[i];
		r->blocks[i] = r->blocks[n];
		r->blocks[n] = b;
		break;
	case 1:
		free(r->blocks[i].payload);
		r->blocks[i] = r->blocks[--r->count];
		break;
	case 2:
	case 3: /* again, or one of another recording */
		if (r->count == MAX_BLOCKS)
			break;
		b = copy_of(below(2) ? &r->blocks[n] : &other->blocks[below(other->count)]);
		memmove(&r->blocks[i + 1], &r->blocks[i], (r->count - i) * sizeof(b));
		r->blocks[i] = b;
		r->count++;
		break;
	case 4:
		le32_write(&r->blocks[i].head.type, below(10));
		break;
	default:
		change_field((void *)&r->blocks[i].head, head, COUNT(head));
	}
}

static void change_header(struct recording *r)
{
	static const struct place fields[] = {
		AT(struct vrt_header, major),	     AT(struct vrt_header, minor),
		AT(struct vrt_header, header_bytes), AT(struct vrt_header, event_bytes),
		AT(struct vrt_header, realtime_ns),  AT(struct vrt_header, monotonic_ns),
		AT(struct vrt_header, source[3]),
	};

	change_field((void *)&r->head, fields, COUNT(fields));
}

/* Return: the file's bytes. */
static size_t make_up(unsigned char *file)
{
	static struct recording r;
	size_t bytes;

	/* The first are small. */
	copy_recording(&r, &corpus[below(below(2) ? 2 : corpus_count)]);
	for (unsigned int changes = 1 + below(below(4) ? 6 : 60); changes; changes--) {
		if (!below(32))
			change_header(&r);
		else if (!below(4) || !r.count)
			change_blocks(&r);
		else
			change_payload(&r.blocks[below(r.count)]);
	}
	bytes = put_together(&r, file);
	forget(&r);
	/* What a disk does. */
	if (!below(10))
		bytes = below(bytes);
	if (!below(10) && bytes)
		memset(file + below(bytes), 0, bytes - below(bytes) > 512 ? 512 : 1);
	for (unsigned int flips = below(10) ? 0 : 1 + below(4); flips && bytes; flips--)
		file[below(bytes)] ^= 1 << below(8);
	return bytes;
}

/* ---- those who read it ---- */

static struct {
	unsigned long rounds, opened, events, snapshots, findings, pictures, exports;
} done;

static char said[1024]; /* the last message */

static void eat_snapshots(const struct vrt_file *f)
{
	struct stall_watch watch = { 0 };
	char why[VRT_WHY_BYTES];

	for (size_t i = 0; i < f->num_keys; i++) {
		struct findings findings;
		struct snapshot s;
		struct stall stall;

		if (!vrt_get_snapshot(f, &f->blocks[f->keys[i].block], &s, why)) {
			invariants_check(&s, &findings);
			verdict_unreaped(&s);
			stall_judge(&watch, &s, below(2) ? (int)below(4) : -1, 1000000, &stall);
			done.snapshots++;
			done.findings += findings.count;
		} else {
			assert_true(why[0] && !strchr(why, '\n'));
		}
		snapshot_free(&s);
	}
	stall_watch_free(&watch);
}

static void eat_events(const struct vrt_file *f)
{
	char text[40], why[VRT_WHY_BYTES];
	uint64_t seen = 0, half = f->events / 2;
	struct vring_event event;
	struct vrt_cursor c;

	vrt_cursor_begin(&c, f);
	while (vrt_next(&c, &event) > 0) {
		assert_int_equal(vrt_position(&c), ++seen);
		vrt_find_queue(f, event.device, event.queue);
		vrt_snapshot_before(f, event.device, event.queue, event.time_ns);
	}
	done.events += seen;
	vrt_seek(&c, event.time_ns);
	vrt_next(&c, &event);
	if (!vrt_seek_event(&c, half) && half)
		assert_int_equal(vrt_position(&c), half);
	vrt_cursor_end(&c);
	for (size_t i = 0; i < f->count; i++)
		if (f->blocks[i].type == VRT_NOTE)
			vrt_note(f, &f->blocks[i], text, sizeof(text), why);
}

static void eat_file(const char *path)
{
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	if (vrt_open(&f, path, why)) {
		assert_true(why[0] && !strchr(why, '\n'));
		return;
	}
	done.opened++;
	eat_events(&f);
	eat_snapshots(&f);
	vrt_verify(&f, why);
	vrt_close(&f);
}

/* A command ends well, or with one line that says why not. */
static int run(int (*command)(int argc, char **argv), char **argv)
{
	int argc = 0, status;

	while (argv[argc])
		argc++;
	said[0] = 0;
	status = command(argc, argv);
	fflush(stdout);
	if (status == TOOL_USAGE && (!said[0] || strchr(said, '\n')))
		fail_msg("%s: status %d, said: %s", argv[0], status, said);
	assert_in_range(status, 0, TOOL_INCOMPLETE);
	return status;
}

static void eat_by_show(char *path)
{
	static char *const ways[] = { "--bytes", "--json", "--at=3ms", "--at=1s",
				      "--save=/dev/null" };
	char *argv[] = { "show", path, below(2) ? ways[below(COUNT(ways))] : NULL, NULL };

	tool.json = false;
	run(show_main, argv);
	tool.json = false;
}

static void eat_by_check(char *path)
{
	char *argv[] = { "check", path, below(4) ? NULL : "--json", NULL };

	run(check_main, argv);
	tool.json = false;
}

/* Without 'e', which writes a file where it stands. */
static void eat_by_replay(char *path)
{
	static const char *const keys[] = { "k",   "i",	  "f",	 "K",	"I",	     "F",
					    "<",   ">",	  "{",	 "}",	"d",	     "m",
					    "w",   "h",	  "?",	 " ",	"j",	     "\\t",
					    "\\n", "\\e", "\\u", "\\d", "\\l",	     "\\r",
					    "\\h", "\\z", "\\[", "\\]", "g0.001\\n", "/kick\\n",
					    "mm",  "+",	  "-" };
	static char *const sizes[] = { "80x24", "100x30", "200x60", "79x23", "1x1", "81x25" };
	char pressed[128] = "";
	char *argv[] = { "replay",
			 path,
			 "--once",
			 "--size",
			 sizes[below(COUNT(sizes))],
			 "--keys",
			 pressed,
			 below(2) ? "--ascii" : NULL,
			 NULL };

	for (unsigned int count = below(10); count; count--)
		strcat(pressed, keys[below(COUNT(keys))]);
	done.pictures += run(replay_main, argv) == 0;
	tool.ascii = false;
}

static void eat_by_diff(char *path)
{
	static char *const other[] = { "trace-tool/samples/linux-net-split.vrt",
				       "trace-tool/samples/linux-blk-packed.vrt" };
	bool first = below(2);
	char *with = below(4) ? other[below(COUNT(other))] : path;
	char *argv[] = { "diff", first ? path : with, first ? with : path,
			 below(2) ? "--json" : NULL, NULL };

	run(diff_main, argv);
	tool.json = false;
}

static void eat_by_export(char *path)
{
	static char *const formats[] = { "perfetto", "chrome", "json", "csv", "cast", "svg" };
	char *format = formats[below(COUNT(formats))];
	char *argv[] = { "export", path, "-o", "/dev/null", "--to", format, NULL, NULL, NULL };

	/* A picture is of a time, or of the ring at a moment. */
	if (!strcmp(format, "svg") && below(2)) {
		argv[6] = below(2) ? "--at=2ms" : "--at=0";
	} else if (!below(3)) {
		argv[6] = "--from=1ms";
		argv[7] = "--until=500ms";
	} else if (!below(4)) {
		argv[6] = "virtio0";
	}
	done.exports += run(export_main, argv) == 0;
}

/* ---- what there is to begin with ---- */

static void add_event(struct vrt_writer *w, uint64_t time_ns, enum vring_event_type type,
		      unsigned int n, bool packed)
{
	struct vring_event event = { .time_ns = time_ns,
				     .type = type,
				     .cpu = n % 2,
				     .flags = VRING_EVENT_F_EVENT_IDX |
					      (packed ? VRING_EVENT_F_PACKED : 0),
				     .avail_idx = packed ? n % NUM : 0xfffd + n,
				     .used_idx = packed ? n % NUM : 0xfffc + n,
				     .last_used = packed ? n % NUM : 0xfffc + n,
				     .num_free = NUM - 1 };

	if (type == VRING_EVENT_ADD)
		event.add = (struct vring_event_add){ .token = 64 * n, .out = 1, .in = 2 };
	else if (type == VRING_EVENT_REAP)
		event.reap = (struct vring_event_reap){ .token = 64 * n, .len = 512 };
	else if (type == VRING_EVENT_KICK)
		event.kick = (struct vring_event_kick){ .old_idx = event.avail_idx - 1,
							.new_idx = event.avail_idx,
							.event = event.avail_idx - 1,
							.event_after = event.avail_idx,
							.kick = n % 2 };
	else if (type == VRING_EVENT_INTERRUPT)
		event.interrupt = (struct vring_event_interrupt){ .irq = 36, .handled = n % 3 };
	vrt_write_event(w, &event);
}

/* Small, so that most changes hit what matters. */
static void write_small(FILE *file, bool packed)
{
	static const enum vring_event_type life[] = { VRING_EVENT_ADD,	     VRING_EVENT_KICK,
						      VRING_EVENT_NOTIFY,    VRING_EVENT_INTERRUPT,
						      VRING_EVENT_CALLBACKS, VRING_EVENT_REAP };
	struct vrt_writer *w = malloc(sizeof(*w));
	struct vrt_queue queue = {
		.packed = packed, .name = "req.0", .driver = "virtio_blk", .alias = "vda"
	};
	struct snapshot s;

	le32_write(&queue.num, NUM);
	le32_write(&queue.device_id, 2);
	(packed ? healthy_packed : healthy_split)(&s);
	vrt_write_begin(w, file, "test", "6.1", 1700000000000000000, 1000);
	vrt_write_queues(w, &queue, 1, 1000);
	for (unsigned int n = 0; n < 24; n++) {
		s.head.time_ns = 2000 + 40000000ull * n;
		if (n % 8 == 0)
			vrt_put_snapshot(w, &s);
		for (unsigned int i = 0; i < COUNT(life); i++)
			add_event(w, s.head.time_ns + 1000 * i, life[i], n, packed);
	}
	vrt_write_note(w, "dd if=/dev/vda", 1000000000);
	vrt_write_loss(w, 1, 2, 1000000000);
	vrt_write_end(w, 1000000000);
	free(w);
	snapshot_free(&s);
}

static char path[64];
static int memory_file;

static int gather_corpus(void **state)
{
	glob_t samples;

	(void)state;
	memory_file = memfd_create("recording", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_file);
	for (int packed = 0; packed < 2; packed++) {
		FILE *file = fopen(path, "w");

		write_small(file, packed);
		fclose(file);
		take_apart(&corpus[corpus_count++], path);
	}
	if (glob("trace-tool/samples/*.vrt", 0, NULL, &samples))
		return -1;
	for (size_t i = 0; i < samples.gl_pathc && corpus_count < COUNT(corpus); i++)
		take_apart(&corpus[corpus_count++], samples.gl_pathv[i]);
	globfree(&samples);
	return 0;
}

static int forget_corpus(void **state)
{
	(void)state;
	while (corpus_count)
		forget(&corpus[--corpus_count]);
	return close(memory_file);
}

/* ---- the run ---- */

static unsigned long number_of(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

static void one_round(unsigned long seed, unsigned long round, unsigned char *file)
{
	const char *keep = getenv("FUZZ_KEEP");
	size_t bytes;

	chance_state = seed * 0x100000001b3 + round;
	bytes = make_up(file);
	if (ftruncate(memory_file, 0) || pwrite(memory_file, file, bytes, 0) != (ssize_t)bytes)
		fail_msg("no memory for a file");
	if (keep && getenv("FUZZ_ROUND")) {
		FILE *copy = fopen(keep, "w");

		assert_non_null(copy);
		fwrite(file, 1, bytes, copy);
		fclose(copy);
	}
	eat_file(path);
	eat_by_check(path);
	switch (below(8)) {
	case 0:
		eat_by_show(path);
		break;
	case 1:
		eat_by_diff(path);
		break;
	case 2:
	case 3:
		eat_by_export(path);
		break;
	default:
		eat_by_replay(path);
	}
	done.rounds++;
}

static unsigned long seed, current;
static bool running;
static int out = -1; /* the real stdout */

static void say_where(void)
{
	if (running)
		dprintf(STDERR_FILENO, "fuzz: in FUZZ_SEED=%lu FUZZ_ROUND=%lu\n", seed, current);
}

static void on_signal(int number)
{
	if (number == SIGALRM)
		dprintf(STDERR_FILENO, "fuzz: no end after %u seconds\n", ROUND_SECONDS);
	say_where();
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* The sanitizers, where there are any, end with SIGABRT. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

const char *__asan_default_options(void)
{
	return "abort_on_error=1";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

static int begin_run(void **state)
{
	int nowhere = open("/dev/null", O_WRONLY);

	(void)state;
	signal(SIGALRM, on_signal);
	signal(SIGABRT, on_signal);
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	dup2(nowhere, STDOUT_FILENO);
	close(nowhere);
	tool_error_into(said, sizeof(said));
	running = true;
	return 0;
}

/* Also after a failure. */
static int end_run(void **state)
{
	(void)state;
	alarm(0);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	tool_error_into(NULL, 0);
	say_where();
	return 0;
}

static void whatever_is_in_a_recording_its_readers_end_well(void **state)
{
	unsigned long seconds = number_of("FUZZ_SECONDS", 0), first = number_of("FUZZ_ROUND", 0);
	unsigned long rounds = getenv("FUZZ_ROUND") ? 1 : ROUNDS;
	unsigned char *file = malloc(MAX_FILE);
	time_t end = time(NULL) + seconds;

	(void)state;
	seed = number_of("FUZZ_SEED", 1);
	for (current = first; seconds ? time(NULL) < end : current < first + rounds; current++) {
		alarm(ROUND_SECONDS);
		one_round(seed, current, file);
		if (current % 256 == 255 && __lsan_do_recoverable_leak_check &&
		    __lsan_do_recoverable_leak_check())
			fail_msg("memory was not given back, in the last 256 rounds");
	}
	free(file);
	running = false;
	dprintf(out,
		"seed %lu: %lu rounds, %lu opened, %lu events, %lu snapshots, %lu findings, "
		"%lu pictures, %lu exports\n",
		seed, done.rounds, done.opened, done.events, done.snapshots, done.findings,
		done.pictures, done.exports);
	/* Otherwise it tests how files are refused, and nothing else. */
	if (rounds == ROUNDS || seconds) {
		assert_true(done.opened * 2 > done.rounds);
		assert_true(done.snapshots > done.rounds && done.events > 10 * done.rounds);
		assert_true(done.pictures * 8 > done.rounds && done.exports * 16 > done.rounds);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whatever_is_in_a_recording_its_readers_end_well,
						begin_run, end_run),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, gather_corpus, forget_corpus);
}
