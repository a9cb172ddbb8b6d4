/* SPDX-License-Identifier: MIT */
/*
 * The fields of an event by name, those of every kind first.
 */
#include <string.h>

#include "bpf/kick_verdict.h"

#include "../event_words.h"
#include "export_args.h"

const char *const arg_names[ARG_NAMES] = {
	[ARG_AVAIL] = "avail",
	[ARG_USED] = "used",
	[ARG_REAPED] = "reaped",
	[ARG_FREE] = "free",
	[ARG_CPU] = "cpu",
	[ARG_SEQ] = "seq",
	[ARG_TOKEN] = "token",
	[ARG_OUT] = "out",
	[ARG_IN] = "in",
	[ARG_ERRNO] = "errno",
	[ARG_FORCED] = "forced",
	[ARG_OLD] = "old",
	[ARG_NEW] = "new",
	[ARG_BATCH] = "batch",
	[ARG_WHY] = "why",
	[ARG_SURE] = "sure",
	[ARG_FAILED] = "failed",
	[ARG_IRQ] = "irq",
	[ARG_ASKED_AT] = "asked_at",
	[ARG_FLAGS] = "flags",
	[ARG_LEN] = "len",
	[ARG_AGE] = "age_ns",
	[ARG_MORE] = "more",
	[ARG_SEEN_ONLY] = "added_before_the_recording",
	[ARG_NO_REAP] = "reap_not_recorded",
	[ARG_IN_FLIGHT] = "still_in_flight",
	[ARG_LOST] = "lost",
	[ARG_MISSED] = "missed",
	[ARG_CUT] = "cut_off",
};

struct list {
	struct arg *args;
	unsigned int count;
};

static void number(struct list *list, enum arg_name name, uint64_t value)
{
	list->args[list->count++] = (struct arg){ .name = name, .number = value };
}

static void token(struct list *list, uint64_t value)
{
	list->args[list->count++] = (struct arg){ ARG_TOKEN, ARG_HEX, value, "" };
}

static void yes_or_no(struct list *list, enum arg_name name, bool value)
{
	list->args[list->count++] = (struct arg){ name, ARG_BOOL, value, "" };
}

static void place(struct list *list, enum arg_name name, const struct vring_event *event,
		  uint16_t index)
{
	struct arg *arg = &list->args[list->count++];

	*arg = (struct arg){ .name = name, .number = index };
	if (!(event->flags & VRING_EVENT_F_PACKED))
		return;
	arg->kind = ARG_TEXT;
	index_text(arg->text, true, index);
}

static void kick(struct list *list, const struct vring_event *event, unsigned int num)
{
	struct kick_verdict v = judge_kick(&event->kick, event->flags, num);
	struct arg *why;

	place(list, ARG_OLD, event, event->kick.old_idx);
	place(list, ARG_NEW, event, event->kick.new_idx);
	number(list, ARG_BATCH, v.batch);
	why = &list->args[list->count++];
	*why = (struct arg){ .name = ARG_WHY, .kind = ARG_TEXT };
	event_reason(event, num, why->text, sizeof(why->text));
	yes_or_no(list, ARG_SURE, !v.unsure);
}

unsigned int export_args(const struct export_step *step, struct arg args[MOST_ARGS])
{
	const struct vring_event *event = &step->event;
	struct list list = { args, 0 };

	place(&list, ARG_AVAIL, event, event->avail_idx);
	place(&list, ARG_USED, event, event->used_idx);
	place(&list, ARG_REAPED, event, event->last_used);
	number(&list, ARG_FREE, event->num_free);
	number(&list, ARG_CPU, event->cpu);
	number(&list, ARG_SEQ, event->seq);
	switch (event->type) {
	case VRING_EVENT_ADD:
		token(&list, event->add.token);
		number(&list, ARG_OUT, event->add.out);
		number(&list, ARG_IN, event->add.in);
		if (!event->add.error)
			break;
		number(&list, ARG_ERRNO, -event->add.error);
		yes_or_no(&list, ARG_FORCED, forces_kick(event));
		break;
	case VRING_EVENT_KICK:
		kick(&list, event, step->queue->num);
		break;
	case VRING_EVENT_NOTIFY:
		yes_or_no(&list, ARG_FAILED, event->notify.failed);
		break;
	case VRING_EVENT_INTERRUPT:
		number(&list, ARG_IRQ, event->interrupt.irq);
		place(&list, ARG_ASKED_AT, event, event->interrupt.event);
		number(&list, ARG_FLAGS, event->interrupt.flags);
		break;
	case VRING_EVENT_REAP:
		token(&list, event->reap.token);
		number(&list, ARG_LEN, event->reap.len);
		if (step->known && !step->request.seen_only)
			number(&list, ARG_AGE, event->time_ns - step->request.added_ns);
		break;
	case VRING_EVENT_CALLBACKS:
		place(&list, ARG_ASKED_AT, event, event->callbacks.event);
		yes_or_no(&list, ARG_MORE, event->callbacks.more);
		break;
	}
	return list.count;
}

unsigned int export_request_args(const struct request *request, struct arg args[MOST_ARGS])
{
	struct list list = { args, 0 };

	token(&list, request->token);
	if (!request->parts_unknown) {
		number(&list, ARG_OUT, request->out);
		number(&list, ARG_IN, request->in);
	}
	if (request->seen_only)
		yes_or_no(&list, ARG_SEEN_ONLY, true);
	return list.count;
}

const char *export_event_word(const struct vring_event *event)
{
	if (event->type == VRING_EVENT_INTERRUPT && !event->interrupt.handled)
		return "spurious irq";
	return event_word(event);
}
