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

#include "invariants.h"
#include "look.h"
#include "tool.h"

static const char doc[] =
	"Hold rings against the rules of the specification, and those of Linux's driver. Exits with "
	"1 if one is broken. A FILE is a snapshot that show --save wrote."
	"\v"
	"SECTION  of virtio 1.4, or Linux for what the driver promises itself\n"
	"A finding of a live ring has been seen in six looks, over a tenth of a second.\n"
	"--rules lists what is checked.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace check             # every queue\n"
	"  vring-trace check eth0        # those of the network card\n"
	"  vring-trace check q.snap      # a snapshot that was saved; needs no rights";

static const struct argp_option options[] = {
	{ "rules", 'R', NULL, 0, "list the rules and where each is written", 0 },
	{ 0 },
};

struct check {
	struct words words;
	bool list_rules;
	size_t queues, findings;
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
static bool look_again(struct look *look, const struct queue *queue, struct findings *findings)
{
	static const int pauses_ms[] = { 2, 5, 10, 30, 60 };

	for (size_t i = 0; findings->count && i < sizeof(pauses_ms) / sizeof(*pauses_ms); i++) {
		struct snapshot snapshot;
		struct findings again;
		bool taken;

		poll(NULL, 0, pauses_ms[i]);
		taken = snapshot_take(look->snapshotter, queue, &snapshot) == SNAPSHOT_OK;
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

static void add_string(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

static void print_finding(const struct snapshot *s, const struct finding *finding)
{
	json_object *object;

	if (!tool.json) {
		printf("%s%-16s %-12s not so: %s: %s%s\n", tool_colour_on(COLOUR_BAD), s->name,
		       rule_clause(finding->rule), rule_text(finding->rule), finding->detail,
		       tool_colour_off(COLOUR_BAD));
		return;
	}
	object = json_object_new_object();
	add_string(object, "queue", s->name);
	add_string(object, "section", rule_clause(finding->rule));
	add_string(object, "rule", rule_text(finding->rule));
	add_string(object, "detail", finding->detail);
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static int visit(struct look *look, const struct queue *queue, struct snapshot *s, void *arg)
{
	struct check *check = arg;
	struct findings findings;

	check->queues++;
	invariants_check(s, &findings);
	if (queue && !look_again(look, queue, &findings)) {
		tool_error("%s is gone: its device was removed", s->name);
		return TOOL_FAILED;
	}
	for (size_t i = 0; i < findings.count; i++)
		print_finding(s, &findings.list[i]);
	if (findings.left_out && !tool.json)
		printf("%-16s and %zu more\n", s->name, findings.left_out);
	check->findings += findings.count + findings.left_out;
	return findings.count ? TOOL_FINDING : 0;
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
		add_string(object, "section", rule_clause(rule));
		add_string(object, "rule", rule_text(rule));
		puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
	}
}

int check_main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "[QUEUE|FILE...]", doc, tool_children,
					  NULL,	   NULL };
	struct check check = {};
	int status = 0;

	argv[0] = (char *)"vring-trace check";
	argp_parse(&argp, argc, argv, 0, NULL, &check);
	if (check.list_rules) {
		print_rules();
	} else {
		status = look_each(&check.words, true, visit, &check);
		if (check.queues && !tool.json)
			printf("%zu queue%s, %zu finding%s\n", check.queues,
			       check.queues == 1 ? "" : "s", check.findings,
			       check.findings == 1 ? "" : "s");
	}
	free(check.words.list);
	return tool_flush() ? TOOL_FAILED : status;
}
