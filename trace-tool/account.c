/* SPDX-License-Identifier: MIT */
/*
 * Counts events, and follows the indices that they carry.
 */
#include "account.h"
#include "linux/hooks.h"

static void count_steps(const struct vring_event *event, unsigned int num,
			struct queue_account *account)
{
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	/* What the first event did is known by its kind alone; and packed, not how far. */
	uint16_t avail = event->type == VRING_EVENT_ADD && !event->add.error;
	uint16_t reaped = event->type == VRING_EVENT_REAP;

	/* A device that was reset begins its rings anew, with the first add. */
	if (account->locked_seen && !(avail && event->avail_idx == 1 && event->last_used == 0)) {
		avail = index_steps(packed, num, account->locked_avail, event->avail_idx);
		reaped = index_steps(packed, num, account->locked_reaped, event->last_used);
	}
	account->avail_steps += avail;
	account->reap_steps += reaped;
	account->locked_seen = true;
	account->locked_avail = event->avail_idx;
	account->locked_reaped = event->last_used;
}

static void count_decision(const struct vring_event *event, unsigned int num,
			   struct queue_account *account)
{
	struct kick_verdict v = judge_kick(&event->kick, event->flags, num);

	account->kick += event->kick.kick;
	account->suppressed += !event->kick.kick;
	account->unsure += v.unsure;
	account->decided += v.batch;
	if (account->kick_event_seen && account->kick_event != event->kick.event)
		account->kick_event_moved = true;
	account->kick_event_seen = true;
	account->kick_event = event->kick.event;
	count_steps(event, num, account);
}

void account_event(const struct vring_event *event, unsigned int num, struct queue_account *account)
{
	account->events++;
	account->packed = event->flags & VRING_EVENT_F_PACKED;
	switch (event->type) {
	case VRING_EVENT_ADD:
		account->add += !event->add.error;
		account->add_refused += !!event->add.error;
		account->forced += forces_kick(event);
		count_steps(event, num, account);
		break;
	case VRING_EVENT_KICK:
		count_decision(event, num, account);
		break;
	case VRING_EVENT_NOTIFY:
		account->doorbell++;
		break;
	case VRING_EVENT_INTERRUPT:
		account->interrupt++;
		account->spurious += !event->interrupt.handled;
		break;
	case VRING_EVENT_REAP:
		account->reap++;
		count_steps(event, num, account);
		break;
	case VRING_EVENT_CALLBACKS:
		account->callbacks_on += event->callbacks.on;
		account->callbacks_off += !event->callbacks.on;
		break;
	}
	account->avail_idx = event->avail_idx;
	account->used_idx = event->used_idx;
	account->last_used = event->last_used;
}

bool account_agrees(const struct queue_account *account)
{
	unsigned int kinds = account->kinds ? account->kinds : HOOKS_ALL;

	if (account->packed)
		return true;
	return (!(kinds & HOOKS_OF(VRING_EVENT_ADD)) || account->add == account->avail_steps) &&
	       (!(kinds & HOOKS_OF(VRING_EVENT_REAP)) || account->reap == account->reap_steps);
}
