/* SPDX-License-Identifier: MIT */
/*
 * `vring-trace why` where it is hard: kicks that nobody decided on, and a device that rewrites its
 * word while the driver decides.
 *
 * why DIR: the recording that one boot with tests/guest/why.job leaves behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <json-c/json.h>

#include "tests/support/select.h"

static const char *directory;

static const char *string_of(json_object *object, const char *key)
{
	json_object *value = json_object_object_get(object, key);

	return value ? json_object_get_string(value) : "";
}

static long number_of(json_object *object, const char *key)
{
	return strtol(string_of(object, key), NULL, 10);
}

/* Calls @take for each line of a part of the recording. */
static void each_line(const char *part, void (*take)(json_object *object))
{
	char path[512], line[1024];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, part);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: no such part of the recording", path);
	while (fgets(line, sizeof(line), file)) {
		json_object *object = json_tokener_parse(line);

		if (!object)
			fail_msg("not JSON: %s", line);
		take(object);
		json_object_put(object);
	}
	fclose(file);
}

/* ---- a full ring ---- */

static struct {
	long add, refused, forced, kick, doorbell, reap;
	bool seen;
} disk;

static void take_trace(json_object *object)
{
	if (!json_object_object_get(object, "summary"))
		return;
	disk.seen = true;
	disk.add = number_of(object, "add");
	disk.refused = number_of(object, "refused");
	disk.forced = number_of(object, "forced");
	disk.kick = number_of(object, "kick");
	disk.doorbell = number_of(object, "doorbell");
	disk.reap = number_of(object, "reap");
}

static void a_full_ring_kicks_with_no_decision(void **state)
{
	(void)state;
	each_line("full.trace", take_trace);
	assert_true(disk.seen);
	assert_int_equal(disk.add, 4 * 200);
	assert_int_equal(disk.reap, 4 * 200);
	assert_true(disk.forced > 0);
	assert_int_equal(disk.forced, disk.refused);
	/* The doorbell is hooked where the transport rings it, and knows of no reason. */
	assert_int_equal(disk.doorbell, disk.kick + disk.forced);
}

static unsigned int full_lines, full_counted;

static void take_full(json_object *object)
{
	if (json_object_object_get(object, "summary"))
		full_counted = number_of(object, "forced");
	if (!json_object_object_get(object, "verdict"))
		return;
	full_lines++;
	assert_string_equal(string_of(object, "verdict"), "FORCED");
	assert_string_equal(string_of(object, "reason"), "full");
}

static void only_forced_kicks_are_shown_when_asked(void **state)
{
	(void)state;
	each_line("full.why", take_full);
	assert_true(full_lines > 0);
	assert_int_equal(full_lines, full_counted);
}

/* ---- a word rewritten ---- */

static unsigned int kicks, sure, unsure, unsure_counted;

static void take_rewritten(json_object *object)
{
	unsigned int ahead, batch;
	char than[3];

	if (json_object_object_get(object, "summary"))
		unsure_counted = number_of(object, "unsure");
	if (!json_object_object_get(object, "verdict") ||
	    !strcmp(string_of(object, "verdict"), "irq"))
		return;
	kicks++;
	if (strcmp(string_of(object, "sure"), "true")) {
		unsure++;
		return;
	}
	sure++;
	assert_int_equal(sscanf(string_of(object, "numbers"), "%u %2s %u", &ahead, than, &batch),
			 3);
	assert_int_equal(!strcmp(string_of(object, "verdict"), "KICK"), ahead < batch);
}

static void a_word_rewritten_while_the_driver_decides_is_marked(void **state)
{
	(void)state;
	each_line("rewritten", take_rewritten);
	assert_true(kicks >= 100);
	assert_true(unsure > 0);
	assert_true(sure > 0);
	assert_int_equal(unsure, unsure_counted);
}

/* ---- a number that passes from device to device ---- */

static long swapped_adds, swapped_peak;

static void take_swapped(json_object *object)
{
	if (strcmp(string_of(object, "queue"), "virtio0/req.0"))
		return;
	swapped_adds = number_of(object, "add");
	swapped_peak = number_of(object, "peak");
}

static void a_peak_is_of_the_ring_that_has_the_number(void **state)
{
	(void)state;
	each_line("swapped", take_swapped);
	assert_true(swapped_adds >= 20 + 50);
	/* A request takes three of the second ring's eight. */
	assert_in_range(swapped_peak, 3, 8);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_ring_kicks_with_no_decision),
		cmocka_unit_test(only_forced_kicks_are_shown_when_asked),
		cmocka_unit_test(a_word_rewritten_while_the_driver_decides_is_marked),
		cmocka_unit_test(a_peak_is_of_the_ring_that_has_the_number),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: why DIR [TEST]\n");
		return 2;
	}
	directory = argv[1];
	select_test(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
