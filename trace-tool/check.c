/* SPDX-License-Identifier: MIT */
/*
 * vring-trace check: does a ring hold what the specification and the driver promise?
 *
 * The ring lives on while it is read, and the driver may stand in the middle of an operation. So a
 * finding counts only if it is still there after several more looks, with pauses between them.
 */
#include <argp.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants.h"
#include "json.h"
#include "look.h"
#include "tool.h"

static const char doc[] =
	"Hold rings against the rules of the specification, and those of Linux's driver. Exits with "
	"1 if one is broken. A FILE is a recording; all its snapshots are looked at, and "
	"whether all of it is whole."
	"\v"
	"SECTION  of virtio 1.4, or Linux for what the driver promises itself\n"
	"A finding of a live ring has been seen in six looks, over a tenth of a second.\n"
	"In a recording it was so in more than one snapshot of the queue, or to the\n"
	"end: what one shows and the next does not may be a driver in the middle of its\n"
	"work, and is called passing. Snapshots during which the ring moved are left\n"
	"out.\n"
	"--rules lists what is checked.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace check             # every queue\n"
	"  vring-trace check eth0        # those of the network card\n"
	"  vring-trace check day.vrt     # a recording; needs no rights";

static const struct argp_option options[] = {
	{ "rules", 'R', NULL, 0, "list the rules and where each is written", 0 },
	{ 0 },
};

/* A finding in a recording. */
struct lasting {
	struct finding finding; /* as it was first seen */
	uint16_t device, queue;
	char name[64];
	uint64_t first_ns;
	unsigned int frames; /* that show it */
	unsigned int latest; /* the last of them, by its number among the queue's frames */
};

struct recorded_queue {
	uint16_t device, queue;
	unsigned int frames; /* at which the ring stood still */
};

#define MAX_LASTING 1024

struct check {
	struct words words;
	bool list_rules;
	size_t queues, findings;

	/* Of the recordings. */
	struct look_recording recording;
	struct recorded_queue *seen;
	struct lasting *lasting;
	size_t seen_count, lasting_count, left_out;
	size_t frames, moving, passing;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check *check = state->input;

	if (key == 'R') {
		check->list_rules = true;
		return 0;
	}
	return words_parse(&check->words, key, arg, state);
}

/* Return: whether the queue is still there. */
static bool still_so(struct look *look, const struct queue *queue, struct findings *findings)
{
	static const int pauses_ms[] = { 2, 5, 10, 30, 60 };

	for (size_t i = 0; findings->count && i < sizeof(pauses_ms) / sizeof(*pauses_ms); i++) {
		struct snapshot snapshot;
		struct findings again;
		bool taken;

		poll(NULL, 0, pauses_ms[i]);
		taken = look_again(look, queue, &snapshot);
		if (taken) {
			invariants_check(&snapshot, &again);
			findings_keep_common(findings, &again);
		}
		snapshot_free(&snapshot);
		if (!taken)
			return false;
	}
	return true;
}

static json_object *json_finding(const char *queue, const struct finding *finding)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "queue", queue);
	json_add_string(object, "section", rule_clause(finding->rule));
	json_add_string(object, "rule", rule_text(finding->rule));
	json_add_string(object, "detail", finding->detail);
	return object;
}

static void print_finding(const char *queue, const struct finding *finding)
{
	printf("%s%-16s %-12s not so: %s: %s%s\n", tool_colour_on(COLOUR_BAD), queue,
	       rule_clause(finding->rule), rule_text(finding->rule), finding->detail,
	       tool_colour_off(COLOUR_BAD));
}

/* ---- recordings ---- */

static struct recorded_queue *find_seen(struct check *check, const struct snapshot *s)
{
	struct recorded_queue *seen;

	for (size_t i = 0; i < check->seen_count; i++)
		if (check->seen[i].device == s->head.device &&
		    check->seen[i].queue == s->head.index)
			return &check->seen[i];
	seen = realloc(check->seen, (check->seen_count + 1) * sizeof(*seen));
	if (!seen)
		return NULL;
	check->seen = seen;
	seen += check->seen_count++;
	*seen = (struct recorded_queue){ s->head.device, s->head.index, 0 };
	check->queues++;
	return seen;
}

static struct lasting *find_lasting(struct check *check, const struct snapshot *s,
				    const struct finding *finding)
{
	for (size_t i = 0; i < check->lasting_count; i++) {
		struct lasting *l = &check->lasting[i];

		if (l->device == s->head.device && l->queue == s->head.index &&
		    l->finding.rule == finding->rule && l->finding.slot == finding->slot)
			return l;
	}
	return NULL;
}

static void keep_finding(struct check *check, const struct snapshot *s,
			 const struct finding *finding, unsigned int frame)
{
	struct lasting *l = find_lasting(check, s, finding);

	if (!l && check->lasting_count == MAX_LASTING) {
		check->left_out++;
		return;
	}
	if (!l) {
		l = &check->lasting[check->lasting_count++];
		*l = (struct lasting){ .finding = *finding,
				       .device = s->head.device,
				       .queue = s->head.index,
				       .first_ns = s->head.time_ns };
		memcpy(l->name, s->name, sizeof(l->name));
	}
	l->frames++;
	l->latest = frame;
}

static int visit_frame(struct check *check, const struct snapshot *s)
{
	struct recorded_queue *seen = find_seen(check, s);
	struct findings findings;

	if (!check->lasting)
		check->lasting = calloc(MAX_LASTING, sizeof(*check->lasting));
	if (!seen || !check->lasting) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	check->frames++;
	if (s->moving) {
		check->moving++;
		return 0;
	}
	seen->frames++;
	invariants_check(s, &findings);
	for (size_t i = 0; i < findings.count; i++)
		keep_finding(check, s, &findings.list[i], seen->frames);
	check->left_out += findings.left_out;
	return 0;
}

static void print_lasting(const struct check *check, const struct lasting *l, bool passing,
			  unsigned int of)
{
	double first = vrt_seconds(check->recording.file, l->first_ns);
	json_object *object;

	if (!tool.json) {
		print_finding(l->name, &l->finding);
		printf("%-16s first at %.6f s, in %u of %u snapshots%s\n", "", first, l->frames, of,
		       passing ? ", passing" : "");
		return;
	}
	object = json_finding(l->name, &l->finding);
	json_object_object_add(object, "first_s", json_object_new_double(first));
	json_add_int(object, "frames", l->frames);
	json_add_int(object, "of", of);
	json_add_bool(object, "passing", passing);
	json_line(object);
}

/* After the last frame of a file. */
static int end_file(const struct look_recording *recording, void *arg)
{
	struct check *check = arg;
	int status = 0;

	(void)recording;
	for (size_t i = 0; i < check->lasting_count; i++) {
		const struct lasting *l = &check->lasting[i];
		unsigned int of = 0;
		bool passing;

		for (size_t n = 0; n < check->seen_count; n++)
			if (check->seen[n].device == l->device && check->seen[n].queue == l->queue)
				of = check->seen[n].frames;
		passing = l->frames == 1 && l->latest < of;
		print_lasting(check, l, passing, of);
		check->passing += passing;
		check->findings += !passing;
		status = passing ? status : TOOL_FINDING;
	}
	if (check->left_out && !tool.json)
		printf("%-16s and %zu more\n", recording->path, check->left_out);
	if (check->left_out)
		status = TOOL_FINDING;
	check->findings += check->left_out;
	check->lasting_count = check->seen_count = check->left_out = 0;
	return status;
}

/* ---- the run ---- */

static int visit(struct look *look, const struct queue *queue, struct snapshot *s, void *arg)
{
	struct check *check = arg;
	struct findings findings;

	if (!queue)
		return visit_frame(check, s);
	check->queues++;
	invariants_check(s, &findings);
	if (!still_so(look, queue, &findings)) {
		tool_error("%s is gone: its device was removed", s->name);
		return TOOL_FAILED;
	}
	for (size_t i = 0; i < findings.count; i++) {
		if (tool.json)
			json_line(json_finding(s->name, &findings.list[i]));
		else
			print_finding(s->name, &findings.list[i]);
	}
	if (findings.left_out && !tool.json)
		printf("%-16s and %zu more\n", s->name, findings.left_out);
	check->findings += findings.count + findings.left_out;
	return findings.count ? TOOL_FINDING : 0;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_sum(const struct check *check)
{
	printf("%zu queue%s, ", check->queues, plural(check->queues));
	if (check->frames)
		printf("%zu snapshot%s, ", check->frames, plural(check->frames));
	if (check->moving)
		printf("%zu of them moving, ", check->moving);
	printf("%zu finding%s", check->findings, plural(check->findings));
	if (check->passing)
		printf(", %zu passing", check->passing);
	putchar('\n');
}

static void print_rules(void)
{
	if (!tool.json)
		printf("%-14s %s\n", "SECTION", "RULE");
	for (int rule = 0; rule < RULES; rule++) {
		json_object *object;

		if (!tool.json) {
			printf("%-14s %s\n", rule_clause(rule), rule_text(rule));
			continue;
		}
		object = json_object_new_object();
		json_add_string(object, "section", rule_clause(rule));
		json_add_string(object, "rule", rule_text(rule));
		json_line(object);
	}
}

int check_main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "[QUEUE|FILE...]", doc, tool_children,
					  NULL,	   NULL };
	struct check check = { .recording = { .every = true, .end = end_file } };
	int status = 0;

	argv[0] = (char *)"vring-trace check";
	argp_parse(&argp, argc, argv, 0, NULL, &check);
	if (check.list_rules) {
		print_rules();
	} else {
		status = look_each(&check.words, &check.recording, visit, &check);
		if (check.queues && !tool.json)
			print_sum(&check);
	}
	free(check.seen);
	free(check.lasting);
	free(check.words.list);
	return tool_flush() ? TOOL_FAILED : status;
}
