/* SPDX-License-Identifier: MIT */
/*
 * vring-trace show: a ring as it stands, drawn by ring/vring_draw.c, or byte by byte.
 */
#include <argp.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring/vring_draw.h"

#include "bytes.h"
#include "look.h"
#include "snapshot.h"
#include "tool.h"
#include "verdict.h"

static const char doc[] =
	"Draw a ring: what driver and device have written, and what the driver keeps for itself. "
	"Nothing is stopped and nothing is changed. A FILE is a snapshot that --save wrote."
	"\v"
	"A split ring has one line for each entry: the descriptor of that number; in\n"
	"brackets the free-running index whose entry lies there, and what it says.\n"
	"A packed ring has one line for each slot: A and U are its AVAIL and USED bits,\n"
	"and the arrows are where the driver goes on. Behind them stand the buffers in\n"
	"flight, each by its head, or buffer id, and the caller's token.\n"
	"'moving' says that the ring did not stand still for the microseconds of a copy.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace show virtio0/req.0          # draw it\n"
	"  vring-trace show --bytes eth0           # its bytes, and what each is\n"
	"  vring-trace show --save q.snap vda      # keep it, for show and check";

enum { OPT_SAVE = 300 };

static const struct argp_option options[] = {
	{ "bytes", 'b', NULL, 0, "the bytes of each area, and what they mean", 0 },
	{ "save", OPT_SAVE, "FILE", 0, "write the snapshot of one queue to FILE as well", 0 },
	{ 0 },
};

struct show {
	struct words words;
	bool bytes;
	const char *save;
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

static void add_int(json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

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
	add_int(slot, "len", le32_read(&split->len));
	if (s->head.packed) {
		add_int(slot, "id", le16_read(&packed->id));
		add_int(slot, "flags", le16_read(&packed->flags));
	} else {
		add_int(slot, "flags", le16_read(&split->flags));
		add_int(slot, "next", le16_read(&split->next));
	}
	return slot;
}

static void add_split(json_object *object, const struct snapshot *s)
{
	const struct vring vr = snapshot_vring(s);
	json_object *avail = json_object_new_array(), *used = json_object_new_array();

	add_int(object, "avail_mem", s->head.before.avail_mem);
	add_int(object, "used_idx", s->head.before.used_mem);
	add_int(object, "avail_flags", le16_read(&vr.avail->flags));
	add_int(object, "used_flags", le16_read(&vr.used->flags));
	add_int(object, "used_event", le16_read(vring_used_event(&vr)));
	add_int(object, "avail_event", le16_read(vring_avail_event(&vr)));
	for (unsigned int i = 0; i < s->head.num; i++) {
		json_object *elem = json_object_new_object();

		json_object_array_add(avail, json_object_new_int(le16_read(&vr.avail->ring[i])));
		add_int(elem, "id", le32_read(&vr.used->ring[i].id));
		add_int(elem, "len", le32_read(&vr.used->ring[i].len));
		json_object_array_add(used, elem);
	}
	json_object_object_add(object, "avail", avail);
	json_object_object_add(object, "used", used);
}

static void add_packed(json_object *object, const struct snapshot *s)
{
	const struct vring_packed_desc_event *driver = s->area[VT_DRIVER];
	const struct vring_packed_desc_event *device = s->area[VT_DEVICE];

	add_int(object, "driver_event", le16_read(&driver->off_wrap));
	add_int(object, "driver_event_flags", le16_read(&driver->flags));
	add_int(object, "device_event", le16_read(&device->off_wrap));
	add_int(object, "device_event_flags", le16_read(&device->flags));
}

static json_object *json_in_flight(const struct snapshot *s)
{
	json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < s->head.num; i++) {
		json_object *buffer;

		if (!s->notes[i].token)
			continue;
		buffer = json_object_new_object();
		add_int(buffer, s->head.packed ? "id" : "head", i);
		add_hex(buffer, "token", s->notes[i].token);
		if (s->head.packed)
			add_int(buffer, "slots", s->notes[i].num);
		json_object_array_add(list, buffer);
	}
	return list;
}

static json_object *json_tables(const struct snapshot *s)
{
	json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < s->head.table_count; i++) {
		json_object *table = json_object_new_object(), *desc = json_object_new_array();

		add_int(table, "slot", s->tables[i].slot);
		add_int(table, "count", s->tables[i].count);
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

	json_object_object_add(object, "queue", json_object_new_string(s->name));
	json_object_object_add(object, "layout",
			       json_object_new_string(s->head.packed ? "packed" : "split"));
	add_int(object, "time_ns", s->head.time_ns);
	add_int(object, "num", s->head.num);
	add_int(object, "num_free", s->head.before.num_free);
	add_int(object, "num_added", s->head.before.num_added);
	add_int(object, "avail_idx", s->head.before.avail_idx);
	add_int(object, "last_used", s->head.before.last_used);
	add_hex(object, "features", s->head.features);
	json_object_object_add(object, "interrupts",
			       json_object_new_string(verdict_interrupts_wanted(s)));
	json_object_object_add(object, "broken", json_object_new_boolean(s->head.broken));
	json_object_object_add(object, "moving", json_object_new_boolean(s->moving));
	if (s->head.packed)
		add_packed(object, s);
	else
		add_split(object, s);
	for (unsigned int i = 0; i < s->head.num; i++)
		json_object_array_add(desc, json_slot(s, s->area[VT_DESC], i));
	json_object_object_add(object, "desc", desc);
	json_object_object_add(object, "in_flight", json_in_flight(s));
	json_object_object_add(object, "tables", json_tables(s));
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

/* ---- the run ---- */

static int visit(struct look *look, const struct queue *queue, struct snapshot *s, void *arg)
{
	struct show *show = arg;
	int status = 0;

	(void)look;
	if (queue)
		snapshot_find_symbols(s);
	if (show->save && show->shown) {
		tool_error("--save takes one queue, and %s is another; name it alone", s->name);
		return TOOL_USAGE;
	}
	if (show->save && snapshot_save(s, show->save))
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
	struct show show = {};
	int status;

	argv[0] = (char *)"vring-trace show";
	argp_parse(&argp, argc, argv, 0, NULL, &show);
	status = look_each(&show.words, true, visit, &show);
	free(show.words.list);
	return tool_flush() ? TOOL_FAILED : status;
}
