/* SPDX-License-Identifier: MIT */
/*
 * Events in words: what moved, and for each kick decision the arithmetic behind it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ring/virtio_ring.h"

#include "event_text.h"
#include "../explain.h"
#include "queues.h"
#include "../tool.h"

/* "+2=41238": moved by 2, and now there. */
static void print_index(bool packed, uint16_t index, uint16_t moved)
{
	char now[INDEX_TEXT_LEN], text[2 * INDEX_TEXT_LEN];

	index_text(now, packed, index);
	if (moved && moved < 0x8000)
		snprintf(text, sizeof(text), "+%u=%s", moved, now);
	else
		snprintf(text, sizeof(text), "%s", now);
	printf(" %8s", text);
}

/* ---- the line ---- */

void event_text_header(void)
{
	printf("%*s %-16s %-8s %8s %8s %8s %s\n", tool.wall_clock ? 15 : 10,
	       tool.wall_clock ? "TIME" : "TIME(s)", "QUEUE", "EVENT", "AVAIL", "USED", "REAPED",
	       "DETAIL");
}

static enum tool_colour colour_of(const struct vring_event *event)
{
	switch (event->type) {
	case VRING_EVENT_ADD:
		return event->add.error ? COLOUR_BAD : COLOUR_NONE;
	case VRING_EVENT_KICK:
		return event->kick.kick ? COLOUR_GOOD : COLOUR_QUIET;
	case VRING_EVENT_NOTIFY:
		return COLOUR_GOOD;
	case VRING_EVENT_INTERRUPT:
		return event->interrupt.handled ? COLOUR_NONE : COLOUR_WARN;
	case VRING_EVENT_CALLBACKS:
		return COLOUR_QUIET;
	}
	return COLOUR_NONE;
}

static void print_detail(const struct vring_event *event, unsigned int num, uint64_t age_ns)
{
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	char text[64];

	switch (event->type) {
	case VRING_EVENT_ADD:
		if (event->add.error)
			printf(" %s%s", strerror(-event->add.error),
			       forces_kick(event) ? ": kicked at once, with no decision" : "");
		else
			printf(" out %u in %u", event->add.out, event->add.in);
		break;
	case VRING_EVENT_KICK:
		event_reason(event, num, text, sizeof(text));
		printf(" %s", text);
		break;
	case VRING_EVENT_NOTIFY:
		if (event->notify.failed)
			printf(" failed");
		break;
	case VRING_EVENT_INTERRUPT:
		printf(" irq %u%s", event->interrupt.irq,
		       event->interrupt.handled ? "" : " spurious");
		break;
	case VRING_EVENT_REAP:
		printf(" len %u", event->reap.len);
		if (age_ns)
			printf(" after %" PRIu64 " us", age_ns / 1000);
		break;
	case VRING_EVENT_CALLBACKS:
		if (event->callbacks.on)
			printf(" at %s%s", index_text(text, packed, event->callbacks.event),
			       event->callbacks.more ? ", more is used already" : "");
		break;
	}
}

void event_text(const struct session *session, const struct session_queue *queue,
		const struct vring_event *event, uint64_t age_ns)
{
	const struct queue_account *account = &queue->account;
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	enum tool_colour colour = colour_of(event);
	uint16_t avail = 0, used = 0, last = 0;
	char time[24];

	/* Of the first event only what it did itself is known to be movement. */
	if (account->events == 0) {
		avail = event->type == VRING_EVENT_ADD && !event->add.error && !packed;
		last = event->type == VRING_EVENT_REAP && !packed;
	} else {
		avail = index_steps(packed, queue->num, account->avail_idx, event->avail_idx);
		used = index_steps(packed, queue->num, account->used_idx, event->used_idx);
		last = index_steps(packed, queue->num, account->last_used, event->last_used);
	}
	printf("%s %-16s %s%-8s%s", session_time(session, event->time_ns, time), queue->name,
	       tool_colour_on(colour), event_word(event), tool_colour_off(colour));
	print_index(packed, event->avail_idx, avail);
	print_index(packed, event->used_idx, used);
	print_index(packed, event->last_used, last);
	print_detail(event, queue->num, age_ns);
	putchar('\n');
	explain(event_word(event));
}

/* ---- the account at the end ---- */

static void text_account(const struct queue_account *account, const char *name)
{
	printf("%-16s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64
	       " %8" PRIu64 " %8" PRIu64,
	       name, account->add, account->avail_steps, account->kick, account->suppressed,
	       account->doorbell, account->interrupt, account->reap, account->reap_steps);
	if (account->add_refused)
		printf("  refused %" PRIu64, account->add_refused);
	if (account->forced)
		printf("  forced %" PRIu64, account->forced);
	if (account->spurious)
		printf("  spurious %" PRIu64, account->spurious);
	if (account->unsure)
		printf("  unsure %" PRIu64, account->unsure);
	if (!account_agrees(account))
		printf("  %sEVENTS MISSING%s", tool_colour_on(COLOUR_BAD),
		       tool_colour_off(COLOUR_BAD));
	putchar('\n');
}

static void json_account(const struct queue_account *account, const char *name)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "summary", name);
	json_add_int(object, "events", account->events);
	json_add_int(object, "add", account->add);
	json_add_int(object, "refused", account->add_refused);
	json_add_int(object, "forced", account->forced);
	json_add_int(object, "avail_steps", account->avail_steps);
	json_add_int(object, "kick", account->kick);
	json_add_int(object, "suppressed", account->suppressed);
	json_add_int(object, "unsure", account->unsure);
	json_add_int(object, "doorbell", account->doorbell);
	json_add_int(object, "irq", account->interrupt);
	json_add_int(object, "spurious", account->spurious);
	json_add_int(object, "reap", account->reap);
	json_add_int(object, "reap_steps", account->reap_steps);
	json_add_int(object, "callbacks_on", account->callbacks_on);
	json_add_int(object, "callbacks_off", account->callbacks_off);
	json_add_bool(object, "complete", account_agrees(account));
	json_line(object);
}

void event_summary(const struct session *session, uint64_t unprinted)
{
	if (!tool.json)
		printf("\n%-16s %8s %8s %8s %8s %8s %8s %8s %8s\n", "QUEUE", "ADD", "AVAIL+",
		       "KICK", "SUPPRESS", "DOORBELL", "IRQ", "REAP", "REAPED+");
	for (size_t i = 0; i < session->queue_count; i++) {
		const struct session_queue *queue = &session->queues[i];

		if (tool.json)
			json_account(&queue->account, queue->name);
		else
			text_account(&queue->account, queue->name);
	}
	if (!tool.json) {
		printf("events %" PRIu64 "  ", session->event_count);
		if (unprinted)
			printf("not printed %" PRIu64 "  ", unprinted);
	}
	session_print_meter(session);
}
