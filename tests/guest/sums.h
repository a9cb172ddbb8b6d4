/* SPDX-License-Identifier: MIT */
/*
 * Reading what `vring-trace stat` printed, for tests/guest/counts.c.
 */
#ifndef TESTS_GUEST_SUMS_H
#define TESTS_GUEST_SUMS_H

#include <json-c/json.h>

#include "results.h"

/* A line of stat, as text or as JSON. */
struct sums {
	bool found;
	long add, full, kick, irq, reap, peak, emptied;
	long doorbell, written, out, in; /* JSON only */
};

static long sum_named(json_object *object, const char *key)
{
	json_object *value = json_object_object_get(object, key);

	if (!value)
		fail_msg("sums without %s: %s", key, json_object_to_json_string(object));
	return json_object_get_int64(value);
}

/* Return: whether the line is of that queue. @missed: set by the line behind them all. */
static bool read_json_sums(const char *line, const char *queue_name, struct sums *s, long *missed)
{
	json_object *object = json_tokener_parse(line), *queue;
	bool ours;

	if (!object)
		fail_msg("not JSON: %s", line);
	queue = json_object_object_get(object, "queue");
	ours = queue && !strcmp(json_object_get_string(queue), queue_name);
	if (ours)
		*s = (struct sums){
			true,
			sum_named(object, "add"),
			sum_named(object, "forced"),
			sum_named(object, "kick"),
			sum_named(object, "irq"),
			sum_named(object, "reap"),
			sum_named(object, "peak"),
			sum_named(object, "emptied"),
			sum_named(object, "doorbell"),
			sum_named(object, "written"),
			sum_named(object, "out"),
			sum_named(object, "in"),
		};
	if (!queue)
		*missed = sum_named(object, "missed") + sum_named(object, "lost");
	json_object_put(object);
	return ours;
}

static bool read_text_sums(const char *line, const char *queue_name, struct sums *s, long *missed)
{
	char queue[48];
	long lost, not_seen;

	if (sscanf(line, "lost %ld missed %ld", &lost, &not_seen) == 2)
		*missed = lost + not_seen;
	return sscanf(line, "%47s %ld %ld %*s %ld %ld %*d %ld %ld %ld", queue, &s->add, &s->kick,
		      &s->full, &s->irq, &s->reap, &s->peak, &s->emptied) == 8 &&
	       !strcmp(queue, queue_name);
}

static struct sums read_sums(const char *how, bool json, const char *queue_name, long *missed)
{
	bool (*read)(const char *, const char *, struct sums *, long *) =
		json ? read_json_sums : read_text_sums;
	struct sums sums = {}, line_sums = {};
	char part[64], line[1024];
	FILE *file;

	snprintf(part, sizeof(part), "stat.%s", how);
	file = open_part(part);
	*missed = -1;
	while (fgets(line, sizeof(line), file))
		if (read(line, queue_name, &line_sums, missed)) {
			sums = line_sums;
			sums.found = true;
		}
	fclose(file);
	return sums;
}

#endif
