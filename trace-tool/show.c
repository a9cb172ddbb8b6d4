/* SPDX-License-Identifier: MIT */
/*
 * vring-trace show: a ring as it stands, drawn by ring/vring_draw.c, or byte by byte.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "ring/vring_draw.h"

#include "bytes.h"
#include "json.h"
#include "look.h"
#include "snapshot.h"
#include "tool.h"
#include "verdict.h"
#include "recording/vrt_snapshot.h"
#include "recording/vrt_words.h"

static const char doc[] =
	"Draw a ring: what driver and device have written, and what the driver keeps for itself. "
	"Nothing is stopped and nothing is changed. A FILE is a recording, of which the last snapshot of "
	"each queue is drawn."
	"\v"
	"A split ring has one line for each entry: the descriptor of that number; in\n"
	"brackets the free-running index whose entry lies there, and what it says.\n"
	"A packed ring has one line for each slot: A and U are its AVAIL and USED bits,\n"
	"and the arrows are where the driver goes on. Behind them stand the buffers in\n"
	"flight, each by its head, or buffer id, and the caller's token.\n"
	"'moving' says that the ring did not stand still while it was copied.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace show virtio0/req.0          # draw it\n"
	"  vring-trace show --bytes eth0           # its bytes, and what each is\n"
	"  vring-trace show --save q.vrt virtio0/req.0  # keep it, for show and check\n"
	"  vring-trace show --at 1.5s q.vrt        # a recording, after 1.5 s";

enum { OPT_SAVE = 300, OPT_AT };

static const struct argp_option options[] = {
	{ "bytes", 'b', NULL, 0, "the bytes of each area, and what they mean", 0 },
	{ "save", OPT_SAVE, "FILE", 0,
	  "write the snapshot of one queue to FILE as well, as a recording of it alone", 0 },
	{ "at", OPT_AT, "TIME", 0,
	  "of a recording: the last snapshots until TIME after its first event [its end]", 0 },
	{ 0 },
};

struct show {
	struct words words;
	bool bytes;
	const char *save;
	struct look_recording recording;
	size_t shown;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct show *show = state->input;

	switch (key) {
	case 'b':
		show->bytes = true;
		return 0;
	case OPT_SAVE:
		show->save = arg;
		return 0;
	case OPT_AT:
		if (vrt_time(arg, &show->recording.at_ns))
			argp_error(state, "a time is a number with s, ms, us or min behind it: %s",
				   arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which queue? vring-trace ls shows them");
		return 0;
	}
	return words_parse(&show->words, key, arg, state);
}

/* ---- text ---- */

static int draw(const struct snapshot *s)
{
	const struct vring_snapshot ring = {
		.name = s->head.name,
		.index = s->head.index,
		.num = s->head.num,
		.packed = s->head.packed,
		.desc = s->area[VT_DESC],
		.driver = s->area[VT_DRIVER],
		.device = s->area[VT_DEVICE],
		.avail_idx = s->head.before.avail_idx,
		.last_used = s->head.before.last_used,
		.num_free = s->head.before.num_free,
	};
	size_t size = vring_draw(&ring, NULL, 0) + 1;
	char *text = malloc(size);

	if (!text) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	vring_draw(&ring, text, size);
	fputs(text, stdout);
	free(text);
	return 0;
}

static void print_driver(const struct snapshot *s)
{
	printf("%s  interrupts %s  EVENT_IDX %s  INDIRECT %s  not yet decided upon %u%s%s\n",
	       s->name, verdict_interrupts_wanted(s), s->head.event ? "on" : "off",
	       s->head.indirect ? "on" : "off", s->head.before.num_added,
	       s->head.broken ? "  BROKEN" : "", s->moving ? "  moving" : "");
	if (s->callback[0] || s->notify[0])
		printf("callback %s  doorbell %s\n", s->callback[0] ? s->callback : "-",
		       s->notify[0] ? s->notify : "-");
}

static void print_table(const struct snapshot *s, const struct vt_table *table)
{
	printf("  indirect table of slot %u, %u descriptors\n", table->slot, table->count);
	for (unsigned int i = 0; i < table->kept; i++) {
		const struct vring_desc *split = (const struct vring_desc *)table->desc + i;
		const struct vring_packed_desc *packed =
			(const struct vring_packed_desc *)table->desc + i;
		uint16_t flags = le16_read(s->head.packed ? &packed->flags : &split->flags);

		printf("%7u  0x%012" PRIx64 " %10u  %s", i, le64_read(&split->addr),
		       le32_read(&split->len), flags & VRING_DESC_F_WRITE ? "write" : "read");
		if (!s->head.packed && flags & VRING_DESC_F_NEXT)
			printf(" next %u", le16_read(&split->next));
		putchar('\n');
	}
	if (table->kept < table->count)
		printf("         and %u more\n", table->count - table->kept);
}

static void print_in_flight(const struct snapshot *s)
{
	const char *what = s->head.packed ? "id" : "head";
	unsigned int count = 0;

	for (unsigned int i = 0; i < s->head.num; i++) {
		if (!s->notes[i].token)
			continue;
		if (!count++)
			printf("in flight\n");
		printf("%5u  %s, token 0x%016" PRIx64, i, what, s->notes[i].token);
		if (s->head.packed)
			printf(", slots %u", s->notes[i].num);
		putchar('\n');
	}
	if (!count)
		printf("nothing in flight\n");
	for (unsigned int i = 0; i < s->head.table_count; i++)
		print_table(s, &s->tables[i]);
	if (s->head.tables_left)
		printf("  %u more indirect tables were not copied\n", s->head.tables_left);
}

/* ---- JSON ---- */

static void add_hex(json_object *object, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	json_object_object_add(object, key, json_object_new_string(text));
}

static json_object *json_slot(const struct snapshot *s, const void *descs, unsigned int i)
{
	const struct vring_packed_desc *packed = (const struct vring_packed_desc *)descs + i;
	const struct vring_desc *split = (const struct vring_desc *)descs + i;
	json_object *slot = json_object_new_object();

	add_hex(slot, "addr", le64_read(&split->addr));
	json_add_int(slot, "len", le32_read(&split->len));
	if (s->head.packed) {
		json_add_int(slot, "id", le16_read(&packed->id));
		json_add_int(slot, "flags", le16_read(&packed->flags));
	} else {
		json_add_int(slot, "flags", le16_read(&split->flags));
		json_add_int(slot, "next", le16_read(&split->next));
	}
	return slot;
}

static void add_split(json_object *object, const struct snapshot *s)
{
	const struct vring vr = snapshot_vring(s);
	json_object *avail = json_object_new_array(), *used = json_object_new_array();

	json_add_int(object, "avail_mem", s->head.before.avail_mem);
	json_add_int(object, "used_idx", s->head.before.used_mem);
	json_add_int(object, "avail_flags", le16_read(&vr.avail->flags));
	json_add_int(object, "used_flags", le16_read(&vr.used->flags));
	json_add_int(object, "used_event", le16_read(vring_used_event(&vr)));
	json_add_int(object, "avail_event", le16_read(vring_avail_event(&vr)));
	for (unsigned int i = 0; i < s->head.num; i++) {
		json_object *elem = json_object_new_object();

		json_object_array_add(avail, json_object_new_int(le16_read(&vr.avail->ring[i])));
		json_add_int(elem, "id", le32_read(&vr.used->ring[i].id));
		json_add_int(elem, "len", le32_read(&vr.used->ring[i].len));
		json_object_array_add(used, elem);
	}
	json_object_object_add(object, "avail", avail);
	json_object_object_add(object, "used", used);
}

static void add_packed(json_object *object, const struct snapshot *s)
{
	const struct vring_packed_desc_event *driver = s->area[VT_DRIVER];
	const struct vring_packed_desc_event *device = s->area[VT_DEVICE];

	json_add_int(object, "driver_event", le16_read(&driver->off_wrap));
	json_add_int(object, "driver_event_flags", le16_read(&driver->flags));
	json_add_int(object, "device_event", le16_read(&device->off_wrap));
	json_add_int(object, "device_event_flags", le16_read(&device->flags));
}

static json_object *json_in_flight(const struct snapshot *s)
{
	json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < s->head.num; i++) {
		json_object *buffer;

		if (!s->notes[i].token)
			continue;
		buffer = json_object_new_object();
		json_add_int(buffer, s->head.packed ? "id" : "head", i);
		add_hex(buffer, "token", s->notes[i].token);
		if (s->head.packed)
			json_add_int(buffer, "slots", s->notes[i].num);
		json_object_array_add(list, buffer);
	}
	return list;
}

static json_object *json_tables(const struct snapshot *s)
{
	json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < s->head.table_count; i++) {
		json_object *table = json_object_new_object(), *desc = json_object_new_array();

		json_add_int(table, "slot", s->tables[i].slot);
		json_add_int(table, "count", s->tables[i].count);
		for (unsigned int n = 0; n < s->tables[i].kept; n++)
			json_object_array_add(desc, json_slot(s, s->tables[i].desc, n));
		json_object_object_add(table, "desc", desc);
		json_object_array_add(list, table);
	}
	return list;
}

static void print_json(const struct snapshot *s)
{
	json_object *object = json_object_new_object(), *desc = json_object_new_array();

	json_add_string(object, "queue", s->name);
	json_add_string(object, "layout", s->head.packed ? "packed" : "split");
	json_add_int(object, "time_ns", s->head.time_ns);
	json_add_int(object, "num", s->head.num);
	json_add_int(object, "num_free", s->head.before.num_free);
	json_add_int(object, "num_added", s->head.before.num_added);
	json_add_int(object, "avail_idx", s->head.before.avail_idx);
	json_add_int(object, "last_used", s->head.before.last_used);
	add_hex(object, "features", s->head.features);
	json_add_string(object, "interrupts", verdict_interrupts_wanted(s));
	json_add_bool(object, "broken", s->head.broken);
	json_add_bool(object, "moving", s->moving);
	if (s->head.packed)
		add_packed(object, s);
	else
		add_split(object, s);
	for (unsigned int i = 0; i < s->head.num; i++)
		json_object_array_add(desc, json_slot(s, s->area[VT_DESC], i));
	json_object_object_add(object, "desc", desc);
	json_object_object_add(object, "in_flight", json_in_flight(s));
	json_object_object_add(object, "tables", json_tables(s));
	json_line(object);
}

/* ---- a file of it ---- */

/* The queue as the recording that it comes from has it, or as the kernel. */
static struct vrt_queue queue_of(const struct vrt_file *from, const struct queue *queue,
				 const struct snapshot *s)
{
	const struct vrt_queue *old =
		from ? vrt_find_queue(from, s->head.device, s->head.index) : NULL;
	struct vrt_queue new = { .packed = s->head.packed };

	if (old)
		return *old;
	le16_write(&new.device, s->head.device);
	le16_write(&new.queue, s->head.index);
	le32_write(&new.num, s->head.num);
	le64_write(&new.features, s->head.features);
	le32_write(&new.device_id, s->head.device_id);
	snprintf(new.name, sizeof(new.name), "%s", s->head.name);
	if (queue) {
		if (strcmp(queue->driver, "-"))
			snprintf(new.driver, sizeof(new.driver), "%.31s", queue->driver);
		snprintf(new.alias, sizeof(new.alias), "%.31s", queue->alias);
	}
	return new;
}

static uint64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static int write_recording(FILE *file, const struct vrt_file *from, const struct vrt_queue *queue,
			   const struct snapshot *s)
{
	struct vrt_writer *w = malloc(sizeof(*w));
	struct utsname system;
	int error;

	if (!w)
		return -ENOMEM;
	uname(&system);
	if (from)
		vrt_write_begin(w, file, from->header.source, from->header.release,
				le64_read(&from->header.realtime_ns),
				le64_read(&from->header.monotonic_ns));
	else
		vrt_write_begin(w, file, "linux-bpf", system.release, now(CLOCK_REALTIME),
				now(CLOCK_MONOTONIC));
	vrt_write_queues(w, queue, 1, s->head.time_ns);
	vrt_put_snapshot(w, s);
	error = vrt_write_end(w, s->head.time_ns);
	free(w);
	return error;
}

static int save(const struct show *show, const struct queue *queue, const struct snapshot *s)
{
	const struct vrt_file *from = show->recording.file;
	const struct vrt_queue what = queue_of(from, queue, s);
	FILE *file = fopen(show->save, "we");
	struct stat st;
	int error;

	if (!file) {
		tool_error("cannot write %s: %s", show->save, strerror(errno));
		return TOOL_FAILED;
	}
	error = write_recording(file, from, &what, s);
	if (fclose(file) && !error)
		error = -errno;
	if (!error)
		return 0;
	tool_error("cannot write %s: %s", show->save, strerror(-error));
	if (!stat(show->save, &st) && S_ISREG(st.st_mode))
		remove(show->save); /* half a snapshot is none */
	return TOOL_FAILED;
}

/* ---- the run ---- */

static int visit(struct look *look, const struct queue *queue, struct snapshot *s, void *arg)
{
	struct show *show = arg;
	int status = 0;

	(void)look;
	if (queue && show->recording.at_ns != UINT64_MAX) {
		tool_error("--at is for recordings, and %s is a queue", s->name);
		return TOOL_USAGE;
	}
	if (queue)
		snapshot_find_symbols(s);
	if (show->save && show->shown) {
		tool_error("--save takes one queue, and %s is another; name it alone", s->name);
		return TOOL_USAGE;
	}
	if (show->save && save(show, queue, s))
		return TOOL_FAILED;
	if (tool.json) {
		print_json(s);
	} else {
		if (show->shown)
			putchar('\n');
		print_driver(s);
		if (show->bytes)
			bytes_print(s);
		else
			status = draw(s);
		print_in_flight(s);
	}
	show->shown++;
	return status;
}

int show_main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "QUEUE|FILE...", doc, tool_children,
					  NULL,	   NULL };
	struct show show = { .recording.at_ns = UINT64_MAX };
	int status;

	argv[0] = (char *)"vring-trace show";
	argp_parse(&argp, argc, argv, 0, NULL, &show);
	status = look_each(&show.words, &show.recording, visit, &show);
	free(show.words.list);
	return tool_flush() ? TOOL_FAILED : status;
}
