/* SPDX-License-Identifier: MIT */
/*
 * trace-tool/vrt.5 and the headers say the same: each field's place and size, each number.
 */
#include <string.h>

#include "ring/vring_event.h"
#include "ring/vrt.h"
#include "tests/support/select.h"

static char page[32768];

static int read_page(void **state)
{
	FILE *file = fopen("trace-tool/vrt.5", "r");
	size_t bytes = file ? fread(page, 1, sizeof(page) - 1, file) : 0;

	(void)state;
	if (file)
		fclose(file);
	return bytes && bytes < sizeof(page) - 1 ? 0 : -1;
}

/* The line behind the one that starts with @text. */
static const char *line_after(const char *from, const char *text)
{
	const char *at = strstr(from, text);

	if (!at)
		fail_msg("vrt.5 does not say: %s", text);
	return strchr(at + strlen(text) - 1, '\n') + 1;
}

struct field {
	const char *name;
	size_t at, bytes;
};

#define FIELD(type, field)                                                \
	{                                                                 \
#field, offsetof(type, field), sizeof(((type *)0)->field) \
	}
#define ARRAY(array) (array), sizeof(array) / sizeof((array)[0])

/* Of the list behind @text, the lines that begin with two numbers are @fields, and as many. */
static void check_fields(const char *text, const struct field *fields, size_t count)
{
	const char *line = line_after(line_after(page, text), ".nf\n");
	size_t seen = 0;

	for (; strncmp(line, ".in\n", 4); line = strchr(line, '\n') + 1) {
		unsigned int at, bytes;
		char name[32];

		if (sscanf(line, " %u %u %31[a-z0-9_]", &at, &bytes, name) != 3)
			continue;
		if (seen == count || strcmp(name, fields[seen].name) || at != fields[seen].at ||
		    bytes != fields[seen].bytes)
			fail_msg("vrt.5, %s: %u %u %s", text, at, bytes, name);
		seen++;
	}
	if (seen != count)
		fail_msg("vrt.5, %s: no line for %s", text, fields[seen].name);
}

/* Nothing is between two fields, and nothing behind the last. */
static void check_whole(const struct field *fields, size_t count, size_t bytes)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(fields[i].at, at);
		at += fields[i].bytes;
	}
	assert_int_equal(at, bytes);
}

#define H(field) FIELD(struct vrt_header, field)
#define B(field) FIELD(struct vrt_block, field)
#define Q(field) FIELD(struct vrt_queue, field)
#define S(field) FIELD(struct vrt_snapshot, field)
#define N(field) FIELD(struct vrt_note, field)
#define T(field) FIELD(struct vrt_table, field)
#define A(field) FIELD(struct vrt_area, field)
#define L(field) FIELD(struct vrt_loss, field)

static void each_field_is_where_the_page_says(void **state)
{
	static const struct field
		header[] = { H(magic),	     H(major),	     H(minor),	      H(header_bytes),
			     H(event_bytes), H(realtime_ns), H(monotonic_ns), H(source),
			     H(release),     H(reserved),    H(crc) },
		block[] = { B(type),	B(bytes),  B(raw_bytes), B(crc),     B(first_ns),
			    B(last_ns), B(device), B(queue),	 B(head_crc) },
		queue[] = { Q(device), Q(queue),    Q(num),  Q(features), Q(device_id), Q(packed),
			    Q(self),   Q(reserved), Q(name), Q(driver),	  Q(alias) },
		snapshot[] = { S(device),	   S(queue),	   S(num),
			       S(packed),	   S(broken),	   S(torn),
			       S(event_triggered), S(avail_idx),   S(last_used),
			       S(num_free),	   S(num_added),   S(free_head),
			       S(driver_flags),	   S(tables_left), S(areas),
			       S(flags),	   S(dma),	   S(features) },
		note[] = { N(token), N(added_ns), N(addr), N(len), N(next), N(num) },
		table[] = { T(slot), T(count), T(kept) }, area[] = { A(kind), A(bytes) },
		loss[] = { L(lost), L(missed) };

	(void)state;
	check_whole(ARRAY(header), sizeof(struct vrt_header));
	check_fields(".SS The file's header, 104 bytes", ARRAY(header));
	check_whole(ARRAY(block), sizeof(struct vrt_block));
	check_fields(".SS A block's head, 40 bytes", ARRAY(block));
	check_whole(ARRAY(queue), sizeof(struct vrt_queue));
	check_fields(".SS A queue, 120 bytes", ARRAY(queue));
	check_whole(ARRAY(snapshot), sizeof(struct vrt_snapshot));
	check_fields(".SS A key frame, 72 bytes", ARRAY(snapshot));
	check_whole(ARRAY(note), sizeof(struct vrt_note));
	check_fields("A note is what", ARRAY(note));
	check_whole(ARRAY(table), sizeof(struct vrt_table));
	check_fields("A table begins with", ARRAY(table));
	check_whole(ARRAY(area), sizeof(struct vrt_area));
	check_fields("Each area is", ARRAY(area));
	check_whole(ARRAY(loss), sizeof(struct vrt_loss));
	check_fields(".SS A loss, 16 bytes", ARRAY(loss));
}

#define E(field) FIELD(struct vring_event, field)
#define OF(kind, field)                                               \
	{                                                             \
#field, offsetof(struct vring_event, kind.field),     \
			sizeof(((struct vring_event *)0)->kind.field) \
	}

static void each_field_of_an_event_is_where_the_page_says(void **state)
{
	static const struct field event[] = { E(time_ns),   E(device),	 E(queue),     E(cpu),
					      E(type),	    E(flags),	 E(avail_idx), E(used_idx),
					      E(last_used), E(num_free), E(seq) },
				  of_the_type[] = {
					  OF(add, token),	OF(add, out),
					  OF(add, in),		OF(add, error),
					  OF(kick, old_idx),	OF(kick, new_idx),
					  OF(kick, event),	OF(kick, event_after),
					  OF(kick, dev_flags),	OF(kick, dev_flags_after),
					  OF(kick, kick),	OF(notify, failed),
					  OF(interrupt, irq),	OF(interrupt, handled),
					  OF(interrupt, event), OF(interrupt, flags),
					  OF(reap, token),	OF(reap, len),
					  OF(callbacks, event), OF(callbacks, on),
					  OF(callbacks, more),
				  };

	(void)state;
	assert_int_equal(sizeof(struct vring_event), 40);
	check_fields(".SS An event, 40 bytes", ARRAY(event));
	check_fields("depends on the type:", ARRAY(of_the_type));
}

/* Behind @text: a line " 1  NAME" for each of @names, from 1 on, and no other. */
static void check_names(const char *text, const char *const *names, unsigned int count)
{
	const char *line = line_after(page, text);
	unsigned int seen = 0, number;
	char name[32];

	for (; strncmp(line, ".in\n", 4); line = strchr(line, '\n') + 1) {
		if (sscanf(line, " %u %31[A-Z_]", &number, name) != 2)
			continue;
		seen++;
		assert_int_equal(number, seen);
		assert_true(seen < count);
		assert_string_equal(name, names[seen]);
	}
	assert_int_equal(seen + 1, count);
}

static void each_number_means_what_the_page_says(void **state)
{
	static const char *const blocks[] = {
		[VRT_QUEUES] = "QUEUES",
		[VRT_EVENTS] = "EVENTS",
		[VRT_EVENTS_DEFLATED] = "EVENTS_DEFLATED",
		[VRT_SNAPSHOT] = "SNAPSHOT",
		[VRT_LOSS] = "LOSS",
		[VRT_NOTE] = "NOTE",
		[VRT_END] = "END",
		[VRT_SNAPSHOT_DEFLATED] = "SNAPSHOT_DEFLATED",
	};
	static const char *const areas[] = {
		[VRT_AREA_DESC] = "DESC",     [VRT_AREA_DRIVER] = "DRIVER",
		[VRT_AREA_DEVICE] = "DEVICE", [VRT_AREA_NOTES] = "NOTES",
		[VRT_AREA_TABLE] = "TABLE",   [VRT_AREA_SYMBOLS] = "SYMBOLS",
	};
	char line[160];

	(void)state;
	check_names(".SS Types of blocks", ARRAY(blocks));
	check_names("Kinds 1 to 4", ARRAY(areas));
	snprintf(line, sizeof(line), "%u add %u kick %u notify %u interrupt %u reap %u callbacks",
		 VRING_EVENT_ADD, VRING_EVENT_KICK, VRING_EVENT_NOTIFY, VRING_EVENT_INTERRUPT,
		 VRING_EVENT_REAP, VRING_EVENT_CALLBACKS);
	assert_non_null(strstr(page, line));
	assert_int_equal(VRING_EVENT_TYPES, VRING_EVENT_CALLBACKS + 1);
	snprintf(line, sizeof(line), "%u packed ring, %u EVENT_IDX, %u by the device, %u ring/",
		 VRING_EVENT_F_PACKED, VRING_EVENT_F_EVENT_IDX, VRING_EVENT_F_DEVICE,
		 VRING_EVENT_F_OURS);
	assert_non_null(strstr(page, line));
	snprintf(line, sizeof(line), "%u has a callback, %u makes tables, %u chains in notes",
		 VRT_SNAPSHOT_CALLBACK, VRT_SNAPSHOT_INDIRECT, VRT_SNAPSHOT_CHAINS);
	assert_non_null(strstr(page, line));
	snprintf(line, sizeof(line), "Neither length is more than %u.", VRT_MAX_PAYLOAD);
	assert_non_null(strstr(page, line));
	snprintf(line, sizeof(line), "version %u.%u", VRT_MAJOR, VRT_MINOR);
	assert_non_null(strstr(page, line));
	for (unsigned int i = 0; i < sizeof(VRT_MAGIC); i++)
		snprintf(line + 3 * i, 4, "%02x ", VRT_MAGIC[i]);
	assert_int_equal(sizeof(VRT_MAGIC), 8);
	line[23] = 0;
	assert_non_null(strstr(page, line));
	assert_int_equal(VRT_ALIGN, 8);
	assert_int_equal(VRT_SYMBOL, 64);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_where_the_page_says),
		cmocka_unit_test(each_field_of_an_event_is_where_the_page_says),
		cmocka_unit_test(each_number_means_what_the_page_says),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, read_page, NULL);
}
