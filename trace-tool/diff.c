/* SPDX-License-Identifier: MIT */
/*
 * vring-trace diff: two recordings side by side, queue by queue. Did EVENT_IDX help? Is the packed
 * ring faster? Was it the kicks?
 */
#include <argp.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/virtio_features.h"
#include "ring/virtio_ring.h"

#include "recording/digest.h"
#include "json.h"
#include "look.h"
#include "tool.h"

static const char doc[] =
	"Compare two recordings, A and B, queue by queue: how often things happened, how long they "
	"took, what kicks and interrupts were spent on them. B / A above 1 is more in B."
	"\v"
	"events/s, adds/s  a second of the recording, from first event to last\n"
	"adds per kick     buffers for each doorbell, also those forced by a full ring\n"
	"suppressed        of all decisions about a kick, those that were not to\n"
	"forced kicks      by a full ring, with no decision\n"
	"irqs per reap     interrupts for each buffer taken back\n"
	"spurious irqs     with nothing used\n"
	"add to reap       half of all buffers, 99 of 100, were back within that time\n"
	"peak in use       most descriptors in use at once\n"
	"Queues are compared by name; where the devices are numbered otherwise, by the\n"
	"name of disk or card, or by the driver.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace diff off.vrt on.vrt           # EVENT_IDX off and on: a help?\n"
	"  vring-trace diff split.vrt packed.vrt vda # the disk's queues only";

static const struct argp_option options[] = { { 0 } };

struct side {
	const char *path;
	struct vrt_file file;
	struct digest digest;
};

struct diff {
	struct words words; /* A, B, and queues */
	struct side sides[2];
	size_t compared;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct diff *diff = state->input;

	if (key == ARGP_KEY_END && diff->words.count < 2)
		argp_error(state, "which two recordings?");
	return words_parse(&diff->words, key, arg, state);
}

static const struct {
	const char *name, *key;
	enum { COUNT, RATE, SHARE, TIME, PEAK } kind;
} measures[DIGEST_MEASURES] = {
	[DIGEST_EVENT_RATE] = { "events/s", "events_per_s", RATE },
	[DIGEST_ADD_RATE] = { "adds/s", "adds_per_s", RATE },
	[DIGEST_ADDS_PER_KICK] = { "adds per kick", "adds_per_kick", RATE },
	[DIGEST_SUPPRESSED] = { "suppressed", "suppressed", SHARE },
	[DIGEST_FORCED] = { "forced kicks", "forced_kicks", COUNT },
	[DIGEST_IRQS_PER_REAP] = { "irqs per reap", "irqs_per_reap", RATE },
	[DIGEST_SPURIOUS] = { "spurious irqs", "spurious_irqs", COUNT },
	[DIGEST_P50_NS] = { "add to reap, p50", "p50_ns", TIME },
	[DIGEST_P99_NS] = { "add to reap, p99", "p99_ns", TIME },
	[DIGEST_PEAK] = { "peak in use", "peak_descriptors", PEAK },
};

static bool is_packed(const struct digest_queue *q)
{
	return q->record.packed || q->account.packed;
}

/* Behind the last feature that a struct vrt_queue can name. */
#define FEATURES 64

/* "+RING_PACKED -EVENT_IDX": what B has negotiated and A has not, and the other way. */
static void list_features(const struct digest_queue *a, const struct digest_queue *b, char *text,
			  size_t size)
{
	uint64_t in_a = le64_read(&a->record.features), in_b = le64_read(&b->record.features);
	size_t used = 0;

	text[0] = 0;
	for (unsigned int bit = 0; bit < FEATURES && used < size; bit++) {
		const char *name = virtio_feature_name(le32_read(&a->record.device_id), bit);

		if (virtio_feature(in_a, bit) == virtio_feature(in_b, bit))
			continue;
		used += snprintf(text + used, size - used, "%s%s", used ? " " : "",
				 virtio_feature(in_b, bit) ? "+" : "-");
		if (used < size && name)
			used += snprintf(text + used, size - used, "%s", name);
		else if (used < size)
			used += snprintf(text + used, size - used, "%u", bit);
	}
}

/* ---- text ---- */

static const char *time_text(char text[32], double ns)
{
	if (ns < 1e3)
		snprintf(text, 32, "%.0f ns", ns);
	else if (ns < 1e6)
		snprintf(text, 32, "%.1f us", ns / 1e3);
	else if (ns < 1e9)
		snprintf(text, 32, "%.1f ms", ns / 1e6);
	else
		snprintf(text, 32, "%.1f s", ns / 1e9);
	return text;
}

static const char *value_text(char text[32], const struct digest_queue *q,
			      enum digest_measure measure, double value)
{
	if (value < 0)
		return "-";
	switch (measures[measure].kind) {
	case COUNT:
		snprintf(text, 32, "%.0f", value);
		break;
	case RATE:
		snprintf(text, 32, value < 100 ? "%.2f" : "%.0f", value);
		break;
	case SHARE:
		snprintf(text, 32, "%.1f%%", 100 * value);
		break;
	case TIME:
		return time_text(text, value);
	case PEAK:
		snprintf(text, 32, "%.0f of %u", value, q->num);
		break;
	}
	return text;
}

static const char *ratio_text(char text[32], double a, double b)
{
	if (a <= 0 || b < 0)
		return "-";
	snprintf(text, 32, b / a < 100 ? "%.2f" : "%.0f", b / a);
	return text;
}

/* @ratio may be NULL. */
static void print_pair(const char *what, const char *a, const char *b, const char *ratio)
{
	printf("  %-24s %16s %16s", what, a, b);
	if (ratio)
		printf(" %10s", ratio);
	putchar('\n');
}

static const char *layout_text(char text[32], const struct digest_queue *q)
{
	snprintf(text, 32, "%s %u", is_packed(q) ? "packed" : "split", q->num);
	return text;
}

/* A doorbell is what EVENT_IDX is to save; was it? */
static void print_event_idx(const struct diff *diff, const struct digest_queue *const q[2])
{
	double kicks[2], irqs[2];
	bool on[2];

	for (int i = 0; i < 2; i++) {
		const struct digest *d = &diff->sides[i].digest;
		double adds = digest_measure(d, q[i], DIGEST_ADDS_PER_KICK);

		on[i] = virtio_feature(le64_read(&q[i]->record.features), VIRTIO_RING_F_EVENT_IDX);
		kicks[i] = adds > 0 ? 1 / adds : q[i]->account.add ? 0 : -1;
		irqs[i] = digest_measure(d, q[i], DIGEST_IRQS_PER_REAP);
	}
	if (on[0] == on[1] || kicks[0] < 0 || kicks[1] < 0 || irqs[0] < 0 || irqs[1] < 0)
		return;
	printf("  EVENT_IDX: per buffer, %.2f kicks and %.2f interrupts with it, %.2f and %.2f "
	       "without\n",
	       kicks[on[1]], irqs[on[1]], kicks[!on[1]], irqs[!on[1]]);
}

static void print_queue(const struct diff *diff, const struct digest_queue *const q[2])
{
	char a[32], b[32], ratio[32], features[256];

	printf("%s%s%s%s%s\n", q[0]->name, q[0]->record.alias[0] ? "  " : "", q[0]->record.alias,
	       strcmp(q[0]->name, q[1]->name) ? "  in B " : "",
	       strcmp(q[0]->name, q[1]->name) ? q[1]->name : "");
	print_pair("", "A", "B", "B / A");
	print_pair("layout, entries", layout_text(a, q[0]), layout_text(b, q[1]), NULL);
	for (int m = 0; m < DIGEST_MEASURES; m++) {
		double in_a = digest_measure(&diff->sides[0].digest, q[0], m);
		double in_b = digest_measure(&diff->sides[1].digest, q[1], m);

		print_pair(measures[m].name, value_text(a, q[0], m, in_a),
			   value_text(b, q[1], m, in_b), ratio_text(ratio, in_a, in_b));
	}
	list_features(q[0], q[1], features, sizeof(features));
	if (features[0])
		printf("  features of B against A: %s\n", features);
	print_event_idx(diff, q);
}

/* What the recorder noted: the command that ran, why it began. Return: 1, or 0 at the end. */
static int next_note(const struct side *side, size_t *block, char text[128])
{
	char why[VRT_WHY_BYTES];

	while (*block < side->file.count) {
		const struct vrt_index_entry *e = &side->file.blocks[(*block)++];

		if (e->type == VRT_NOTE && !vrt_note(&side->file, e, text, 128, why))
			return 1;
	}
	return 0;
}

static void print_side(const struct side *side, char letter)
{
	char note[128];
	size_t block = 0;

	printf("%c %s: %" PRIu64 " events in %.3f s, lost %" PRIu64 ", missed %" PRIu64 "%s\n",
	       letter, side->path, side->file.events, side->digest.seconds, side->digest.lost,
	       side->digest.missed, side->file.closed ? "" : ", cut off");
	while (next_note(side, &block, note))
		printf("  %s\n", note);
}

/* ---- JSON ---- */

static json_object *json_number(double value)
{
	if (value < 0)
		return NULL; /* null */
	return value == (int64_t)value ? json_object_new_int64(value) :
					 json_object_new_double(value);
}

static json_object *json_measures(const struct diff *diff, int side, const struct digest_queue *q)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "queue", q->name);
	json_add_string(object, "layout", is_packed(q) ? "packed" : "split");
	json_add_int(object, "num", q->num);
	for (int m = 0; m < DIGEST_MEASURES; m++)
		json_object_object_add(
			object, measures[m].key,
			json_number(digest_measure(&diff->sides[side].digest, q, m)));
	return object;
}

static void print_json_queue(const struct diff *diff, const struct digest_queue *const q[2])
{
	json_object *object = json_object_new_object(), *ratio = json_object_new_object();
	char features[256];

	for (int m = 0; m < DIGEST_MEASURES; m++) {
		double a = digest_measure(&diff->sides[0].digest, q[0], m);
		double b = digest_measure(&diff->sides[1].digest, q[1], m);

		json_object_object_add(ratio, measures[m].key,
				       json_number(a > 0 && b >= 0 ? b / a : -1));
	}
	json_add_string(object, "queue", q[0]->name);
	json_object_object_add(object, "a", json_measures(diff, 0, q[0]));
	json_object_object_add(object, "b", json_measures(diff, 1, q[1]));
	json_object_object_add(object, "ratio", ratio);
	list_features(q[0], q[1], features, sizeof(features));
	json_add_string(object, "features", features);
	json_line(object);
}

static void print_json_side(const struct side *side, const char *letter)
{
	json_object *object = json_object_new_object(), *notes = json_object_new_array();
	char note[128];
	size_t block = 0;

	json_add_string(object, "recording", letter);
	json_add_string(object, "path", side->path);
	json_add_int(object, "events", side->file.events);
	json_object_object_add(object, "seconds", json_object_new_double(side->digest.seconds));
	json_add_int(object, "lost", side->digest.lost);
	json_add_int(object, "missed", side->digest.missed);
	json_add_bool(object, "closed", side->file.closed);
	while (next_note(side, &block, note))
		json_object_array_add(notes, json_object_new_string(note));
	json_object_object_add(object, "notes", notes);
	json_line(object);
}

/* ---- the run ---- */

static int open_side(struct side *side, const char *path)
{
	char why[VRT_WHY_BYTES];

	side->path = path;
	if (vrt_open(&side->file, path, why) || digest_make(&side->digest, &side->file, why)) {
		tool_error("%s: %s", path, why);
		return TOOL_USAGE;
	}
	if (!side->file.closed)
		tool_error("%s: cut off after %" PRIu64 " bytes; what is before that counts", path,
			   side->file.cut_at);
	return 0;
}

/* Return: whether it is one of those asked for. */
static bool is_wanted(const struct diff *diff, const struct digest_queue *q)
{
	for (size_t i = 2; i < diff->words.count; i++)
		if (vrt_queue_is(&q->record, q->device, q->index, diff->words.list[i]))
			return true;
	return diff->words.count == 2;
}

static int check_words(const struct diff *diff)
{
	for (size_t i = 2; i < diff->words.count; i++) {
		const char *word = diff->words.list[i];
		char meant[VRT_QUEUE_NAME];
		bool found = false;

		for (int side = 0; side < 2; side++)
			for (size_t n = 0; n < diff->sides[side].digest.count; n++) {
				const struct digest_queue *q = &diff->sides[side].digest.queues[n];

				found |= vrt_queue_is(&q->record, q->device, q->index, word);
			}
		if (found)
			continue;
		vrt_queue_meant(&diff->sides[0].file, word, meant);
		tool_error("neither recording has a queue %s%s%s%s", word,
			   meant[0] ? "; is it " : "", meant, meant[0] ? "?" : "");
		return TOOL_USAGE;
	}
	return 0;
}

static void print_alone(const struct digest_queue *q, const char *letter)
{
	json_object *object;

	if (!tool.json) {
		printf("%s  only in %s\n", q->name, letter);
		return;
	}
	object = json_object_new_object();
	json_add_string(object, "queue", q->name);
	json_add_string(object, "only_in", letter);
	json_line(object);
}

static void compare(struct diff *diff)
{
	const struct digest *a = &diff->sides[0].digest, *b = &diff->sides[1].digest;

	for (size_t i = 0; i < a->count; i++) {
		const struct digest_queue *q[2] = { &a->queues[i], digest_match(b, &a->queues[i]) };

		if (!q[1] || !is_wanted(diff, q[0]))
			continue;
		if (!tool.json)
			putchar('\n');
		(tool.json ? print_json_queue : print_queue)(diff, q);
		diff->compared++;
	}
	if (!tool.json)
		putchar('\n');
	for (size_t i = 0; i < a->count; i++)
		if (is_wanted(diff, &a->queues[i]) && !digest_match(b, &a->queues[i]))
			print_alone(&a->queues[i], "A");
	for (size_t i = 0; i < b->count; i++)
		if (is_wanted(diff, &b->queues[i]) && !digest_match(a, &b->queues[i]))
			print_alone(&b->queues[i], "B");
}

static int run(struct diff *diff)
{
	int status = 0;

	for (int i = 0; i < 2 && !status; i++)
		status = open_side(&diff->sides[i], diff->words.list[i]);
	if (!status)
		status = check_words(diff);
	if (status)
		return status;
	for (int i = 0; i < 2; i++) {
		if (tool.json)
			print_json_side(&diff->sides[i], i ? "b" : "a");
		else
			print_side(&diff->sides[i], i ? 'B' : 'A');
		if (tool.strict && (diff->sides[i].digest.lost || diff->sides[i].digest.missed))
			status = TOOL_INCOMPLETE;
	}
	compare(diff);
	if (!diff->compared) {
		tool_error("%s and %s have no queue in common", diff->sides[0].path,
			   diff->sides[1].path);
		return TOOL_USAGE;
	}
	return status;
}

int diff_main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "A B [QUEUE...]", doc, tool_children,
					  NULL,	   NULL };
	struct diff diff = { 0 };
	int status;

	argv[0] = (char *)"vring-trace diff";
	argp_parse(&argp, argc, argv, 0, NULL, &diff);
	status = run(&diff);
	for (int i = 0; i < 2; i++) {
		digest_free(&diff.sides[i].digest);
		vrt_close(&diff.sides[i].file);
	}
	free(diff.words.list);
	return tool_flush() ? TOOL_FAILED : status;
}
