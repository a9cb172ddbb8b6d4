/* SPDX-License-Identifier: MIT */
/*
 * vring-trace why: for each kick the driver made or left out, and for each interrupt, the numbers
 * it was decided by, and how sure it is that these are the numbers the decider saw.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ring/virtio_ring.h"

#include "event_text.h"
#include "../explain.h"
#include "hooks.h"
#include "session.h"
#include "../tool.h"

static const char doc[] =
	"Say of each kick why it was made or not, and of each interrupt why it came."
	"\v"
	"VERDICT KICK      the driver told the device; suppress: it did not\n"
	"        FORCED    the ring was full: it told the device with no decision\n"
	"        irq       the device interrupted the driver\n"
	"OLD NEW the index at the decision before and now: the driver's for kicks, the\n"
	"        device's used index for interrupts, where OLD is how far is reaped\n"
	"EVENT   where the other side asked to be told; '-': flags decide\n"
	"REASON  need_event   the entry asked for is among the new ones: A < B,\n"
	"                     A entries lie behind it and B are new\n"
	"        not re-armed it is not: the device has not asked again yet\n"
	"        flags        the device's flags alone ask for kicks, or for none\n"
	"        full         add returned ENOSPC with something to be read in hand\n"
	"        of interrupts: used (asked for, and something is used), nothing used\n"
	"        (a spurious one), not asked (callbacks were off by now)\n"
	"sure    what was read before the decision still stood after it, and leads to\n"
	"        the same verdict; ~: not so, the other side wrote while the driver\n"
	"        decided. The device decides on interrupts out of sight, from indices\n"
	"        of its own: sure means that the ring as it is calls for one.";

enum reason { NEED_EVENT, NOT_REARMED, FLAGS, FULL, USED, NOTHING_USED, NOT_ASKED, REASONS };
static const char *const reason_words[REASONS] = { "need_event", "not re-armed", "flags",    "full",
						   "used",	 "nothing used", "not asked" };

enum { OPT_REASON = 256 };

static const struct argp_option options[] = {
	{ "reason", OPT_REASON, "WORD", 0,
	  "only those: need_event, not-re-armed, flags, full, used, nothing-used or not-asked", 0 },
	SESSION_OPTIONS,
	{ 0 },
};

struct why {
	struct session session; /* first: the session's callbacks get a pointer to it */
	int only;		/* a reason; -1: all */
	uint64_t counts[REASONS];
	uint64_t irqs_unsure;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct why *why = state->input;
	char word[32];

	if (key != OPT_REASON)
		return session_parse(&why->session, key, arg, state);
	for (int i = 0; i < REASONS; i++) {
		snprintf(word, sizeof(word), "%s", reason_words[i]);
		for (char *c = word; *c; c++)
			if (*c == ' ')
				*c = '-';
		if (!strcmp(arg, word)) {
			why->only = i;
			return 0;
		}
	}
	argp_error(state, "no such reason: %s; --help lists them", arg);
	return 0;
}

/* ---- one decision ---- */

struct answer {
	const char *verdict;
	enum reason reason;
	enum tool_colour colour;
	bool sure;
	bool indices; /* old and new are known */
	bool by_index;
	uint16_t old, new, event;
	char numbers[48];
};

static void answer_kick(const struct vring_event *event, unsigned int num, struct answer *a)
{
	const struct vring_event_kick *k = &event->kick;
	struct kick_verdict v = judge_kick(k, event->flags, num);

	a->verdict = k->kick ? "KICK" : "suppress";
	a->colour = k->kick ? COLOUR_GOOD : COLOUR_QUIET;
	a->sure = !v.unsure;
	a->indices = true;
	a->by_index = v.by_index;
	a->old = k->old_idx;
	a->new = k->new_idx;
	a->event = k->event;
	if (v.by_index) {
		a->reason = k->kick ? NEED_EVENT : NOT_REARMED;
		snprintf(a->numbers, sizeof(a->numbers), ": %u %s %u", v.ahead,
			 v.kick ? "<" : ">=", v.batch);
	} else {
		a->reason = FLAGS;
		snprintf(a->numbers, sizeof(a->numbers), " %u: %s", k->dev_flags,
			 v.kick ? "kicks wanted" : "no kicks wanted");
	}
	if (v.unsure && v.by_index && k->event != k->event_after) {
		char text[INDEX_TEXT_LEN];
		size_t used = strlen(a->numbers);

		snprintf(a->numbers + used, sizeof(a->numbers) - used, ", then event %s",
			 index_text(text, event->flags & VRING_EVENT_F_PACKED, k->event_after));
	}
}

/*
 * With EVENT_IDX the driver wrote at which used entry it wants to be told. If that one is used and
 * not reaped, whoever used it had to interrupt. On a packed ring only the next entry to be reaped
 * can be looked at.
 */
static void answer_interrupt(const struct vring_event *event, unsigned int num, struct answer *a)
{
	const struct vring_event_interrupt *irq = &event->interrupt;
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	uint16_t used = event->used_idx - event->last_used;
	uint16_t ahead = event->used_idx - irq->event - 1;
	bool off;

	a->verdict = "irq";
	a->colour = irq->handled ? COLOUR_NONE : COLOUR_WARN;
	a->indices = !packed;
	a->old = event->last_used;
	a->new = event->used_idx;
	a->event = irq->event;
	if (packed) {
		off = irq->flags == VRING_PACKED_EVENT_FLAG_DISABLE;
		a->by_index = irq->flags == VRING_PACKED_EVENT_FLAG_DESC;
		ahead = index_steps(true, num, event->last_used, irq->event);
		a->sure = irq->handled && !off && (!a->by_index || ahead == 0);
	} else {
		off = irq->flags & VRING_AVAIL_F_NO_INTERRUPT;
		a->by_index = event->flags & VRING_EVENT_F_EVENT_IDX && !off;
		a->sure = irq->handled && !off && (!a->by_index || ahead < used);
	}
	a->reason = !irq->handled ? NOTHING_USED : off ? NOT_ASKED : USED;
	if (a->reason == NOTHING_USED)
		a->sure = true; /* the ring says so by itself */
	if (a->by_index && !packed && irq->handled)
		snprintf(a->numbers, sizeof(a->numbers), ": %u %s %u, irq %u", ahead,
			 ahead < used ? "<" : ">=", used, irq->irq);
	else
		snprintf(a->numbers, sizeof(a->numbers), ", irq %u", irq->irq);
}

static bool answer(const struct vring_event *event, unsigned int num, struct answer *a)
{
	*a = (struct answer){};
	switch (event->type) {
	case VRING_EVENT_KICK:
		answer_kick(event, num, a);
		return true;
	case VRING_EVENT_INTERRUPT:
		answer_interrupt(event, num, a);
		return true;
	case VRING_EVENT_ADD:
		if (!forces_kick(event))
			return false; /* refused, and nobody told: no decision */
		a->verdict = "FORCED";
		a->colour = COLOUR_BAD;
		a->reason = FULL;
		a->sure = true;
		snprintf(a->numbers, sizeof(a->numbers), ": add returned ENOSPC");
		return true;
	}
	return false;
}

/* ---- the line ---- */

static void print_text(const struct session *session, const struct session_queue *queue,
		       const struct vring_event *event, const struct answer *a)
{
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	char time[24], old[INDEX_TEXT_LEN], new[INDEX_TEXT_LEN], at[INDEX_TEXT_LEN];

	printf("%s %-16s %s%-8s%s %6s %6s %6s %s%s %s\n",
	       session_time(session, event->time_ns, time), queue->name, tool_colour_on(a->colour),
	       a->verdict, tool_colour_off(a->colour),
	       a->indices ? index_text(old, packed, a->old) : "-",
	       a->indices ? index_text(new, packed, a->new) : "-",
	       a->by_index ? index_text(at, packed, a->event) : "-", reason_words[a->reason],
	       a->numbers, a->sure ? "sure" : "~");
	explain(a->verdict);
}

static void print_json(const struct session *session, const struct session_queue *queue,
		       const struct vring_event *event, const struct answer *a)
{
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	json_object *object = json_object_new_object();
	char text[INDEX_TEXT_LEN], time[24];

	if (tool.wall_clock)
		json_add_string(object, "time", session_time(session, event->time_ns, time));
	json_add_int(object, "time_ns", event->time_ns);
	json_add_string(object, "queue", queue->name);
	json_add_string(object, "verdict", a->verdict);
	json_add_string(object, "reason", reason_words[a->reason]);
	if (a->indices) {
		json_add_string(object, "old", index_text(text, packed, a->old));
		json_add_string(object, "new", index_text(text, packed, a->new));
	}
	if (a->by_index)
		json_add_string(object, "event", index_text(text, packed, a->event));
	json_add_string(object, "numbers", a->numbers + strspn(a->numbers, ":, "));
	json_add_bool(object, "sure", a->sure);
	json_line(object);
}

static int on_event(struct session *session, struct session_queue *queue,
		    const struct vring_event *event)
{
	struct why *why = (struct why *)session;
	struct answer a;

	if (!answer(event, queue->num, &a))
		return 0;
	why->counts[a.reason]++;
	why->irqs_unsure += event->type == VRING_EVENT_INTERRUPT && !a.sure;
	if (session->ending || (why->only >= 0 && why->only != (int)a.reason))
		return 0;
	if (tool.json)
		print_json(session, queue, event, &a);
	else
		print_text(session, queue, event, &a);
	return 0;
}

/* ---- the summary ---- */

static double percent(uint64_t part, uint64_t all)
{
	return all ? 100.0 * part / all : 0;
}

static void summary_json(const struct session_queue *queue)
{
	const struct queue_account *a = &queue->account;
	json_object *object = json_object_new_object();

	json_add_string(object, "summary", queue->name);
	json_add_int(object, "kick", a->kick);
	json_add_int(object, "suppressed", a->suppressed);
	json_add_int(object, "forced", a->forced);
	json_add_int(object, "unsure", a->unsure);
	json_add_int(object, "entries", a->decided);
	json_add_int(object, "irq", a->interrupt);
	json_add_int(object, "spurious", a->spurious);
	json_line(object);
}

/* A device that never asks again although the driver goes on: nothing will wake it up. */
static bool deaf(const struct queue_account *a)
{
	return a->kick == 0 && a->suppressed >= 16 && !a->kick_event_moved;
}

static void summary_text(const struct session_queue *queue)
{
	const struct queue_account *a = &queue->account;
	uint64_t all = a->kick + a->suppressed + a->forced;

	if (!all && !a->interrupt)
		return;
	printf("%-16s KICK %" PRIu64 " (%.1f%%)  suppressed %" PRIu64 " (%.1f%%)  forced %" PRIu64
	       " (%.1f%%)",
	       queue->name, a->kick, percent(a->kick, all), a->suppressed,
	       percent(a->suppressed, all), a->forced, percent(a->forced, all));
	if (a->kick)
		printf("  %s/kick %.2f", a->packed ? "descriptors" : "adds",
		       (double)a->decided / a->kick);
	printf("\n%-16s irq %" PRIu64 "  spurious %" PRIu64 "  unsure kicks %" PRIu64 "\n", "",
	       a->interrupt, a->spurious, a->unsure);
	if (deaf(a))
		printf("%-16s the device's word did not change in all that time: is it asleep?\n",
		       "");
}

static void print_summary(const struct why *why)
{
	const struct session *session = &why->session;

	if (!tool.json)
		putchar('\n');
	for (size_t i = 0; i < session->queue_count; i++) {
		if (tool.json)
			summary_json(&session->queues[i]);
		else
			summary_text(&session->queues[i]);
	}
	if (!tool.json) {
		printf("by reason:");
		for (int i = 0; i < REASONS; i++)
			if (why->counts[i])
				printf("  %s %" PRIu64, reason_words[i], why->counts[i]);
		printf("%s\n", session->event_count ? "" : " nothing happened");
	}
	session_print_meter(session);
}

int why_main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "[QUEUE...] [-- COMMAND [ARGUMENT...]]", doc, tool_children,
		NULL,	 NULL
	};
	struct why why = { .only = -1 };
	struct session *session = &why.session;
	int status;

	argv[0] = (char *)"vring-trace why";
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &why);
	session->send_events = true;
	session->only_refused = true;
	session->on_event = on_event;
	session->events = HOOKS_OF(VRING_EVENT_ADD) | HOOKS_OF(VRING_EVENT_KICK) |
			  HOOKS_OF(VRING_EVENT_INTERRUPT);
	status = session_open(session);
	if (status)
		goto out;
	/* Of adds only the refused ones come: the indices have nothing to be compared with. */
	for (size_t i = 0; i < session->queue_count; i++)
		session->queues[i].account.kinds = HOOKS_OF(VRING_EVENT_KICK);
	if (!tool.json)
		printf("%*s %-16s %-8s %6s %6s %6s %s\n", tool.wall_clock ? 15 : 10,
		       tool.wall_clock ? "TIME" : "TIME(s)", "QUEUE", "VERDICT", "OLD", "NEW",
		       "EVENT", "REASON");
	status = session_run(session);
	if (session->start_ns && !session->output_failed) {
		print_summary(&why);
		session->output_failed = tool_flush() != TOOL_OK;
	}
out:
	return session_close(session, status);
}
