/* SPDX-License-Identifier: MIT */
/*
 * Events in words: what moved, and for each kick decision the arithmetic behind it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ring/virtio_ring.h"

#include "event_text.h"
#include "queues.h"

#define WRAP_BIT (1u << VRING_PACKED_EVENT_F_WRAP_CTR)

/* How far an index has moved from @old to @now. */
static uint16_t steps(bool packed, unsigned int num, uint16_t old, uint16_t now)
{
	unsigned int old_slot = old & ~WRAP_BIT, slot = now & ~WRAP_BIT;

	if (!packed)
		return now - old;
	return (old ^ now) & WRAP_BIT ? slot + num - old_slot : slot - old_slot;
}

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

/* ---- why a kick was made, or not ---- */

/*
 * With EVENT_IDX the device names the entry at which it wants to be told (2.7.10). @ahead is how
 * far that entry lies behind the newest one, @batch how many are new: told if it is among the new.
 */
struct verdict {
	bool kick;
	bool by_index; /* ahead < batch decided; otherwise a flag did */
	uint16_t ahead, batch;
};

static struct verdict judge(const struct vring_event_kick *k, uint8_t flags, unsigned int num)
{
	bool packed = flags & VRING_EVENT_F_PACKED;
	bool event_idx = flags & VRING_EVENT_F_EVENT_IDX;
	struct verdict v = {};
	uint16_t newest = k->new_idx, event = k->event;

	v.batch = steps(packed, num, k->old_idx, k->new_idx);
	v.by_index = packed ? k->dev_flags == VRING_PACKED_EVENT_FLAG_DESC : event_idx;
	if (!v.by_index) {
		v.kick = packed ? k->dev_flags != VRING_PACKED_EVENT_FLAG_DISABLE :
				  !(k->dev_flags & VRING_USED_F_NO_NOTIFY);
		return v;
	}
	if (packed) {
		/* An entry of the lap before lies a whole ring further back (2.8.10). */
		newest &= ~WRAP_BIT;
		event &= ~WRAP_BIT;
		if ((k->event ^ k->new_idx) & WRAP_BIT)
			event -= num;
	}
	v.ahead = newest - event - 1;
	v.kick = v.ahead < v.batch;
	return v;
}

/* The device rewrote what the driver was reading, or the driver's answer is not what we get. */
static bool unsure(const struct vring_event_kick *k, const struct verdict *v)
{
	bool rewritten =
		v->by_index ? k->event != k->event_after : k->dev_flags != k->dev_flags_after;

	return rewritten || v->kick != k->kick;
}

static const char *flag_word(const struct vring_event_kick *k, bool packed)
{
	if (packed)
		return k->dev_flags == VRING_PACKED_EVENT_FLAG_DISABLE ? "DISABLE" : "ENABLE";
	return k->dev_flags & VRING_USED_F_NO_NOTIFY ? "NO_NOTIFY" : "0";
}

static void print_reason(const struct vring_event *event, unsigned int num)
{
	const struct vring_event_kick *k = &event->kick;
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	struct verdict v = judge(k, event->flags, num);
	char text[INDEX_TEXT_LEN];

	if (v.by_index)
		printf(" ev %s: %u %s %u", index_text(text, packed, k->event), v.ahead,
		       v.kick ? "<" : ">=", v.batch);
	else
		printf(" flags %s, %u new", flag_word(k, packed), v.batch);
	if (unsure(k, &v))
		printf(" ~");
}

/* ---- the line ---- */

void event_text_header(void)
{
	printf("%10s %-16s %-8s %8s %8s %8s %s\n", "TIME(s)", "QUEUE", "EVENT", "AVAIL", "USED",
	       "REAPED", "DETAIL");
}

static const char *event_word(const struct vring_event *event)
{
	switch (event->type) {
	case VRING_EVENT_ADD:
		return event->add.error ? "refused" : "add";
	case VRING_EVENT_KICK:
		return event->kick.kick ? "kick" : "suppress";
	case VRING_EVENT_NOTIFY:
		return "doorbell";
	case VRING_EVENT_INTERRUPT:
		return "irq";
	case VRING_EVENT_REAP:
		return "reap";
	}
	return "?";
}

static void print_detail(const struct vring_event *event, unsigned int num)
{
	switch (event->type) {
	case VRING_EVENT_ADD:
		if (event->add.error)
			printf(" error %d", event->add.error);
		else
			printf(" out %u in %u", event->add.out, event->add.in);
		break;
	case VRING_EVENT_KICK:
		print_reason(event, num);
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
		break;
	}
}

static void count_steps(const struct vring_event *event, unsigned int num,
			struct queue_account *account)
{
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	/* What the first event did is known by its kind alone; and packed, not how far. */
	uint16_t avail = event->type == VRING_EVENT_ADD && !event->add.error;
	uint16_t reaped = event->type == VRING_EVENT_REAP;

	if (account->locked_seen) {
		uint16_t a = steps(packed, num, account->locked_avail, event->avail_idx);
		uint16_t r = steps(packed, num, account->locked_reaped, event->last_used);

		/* Further than the ring is long: the device was reset, its rings began anew. */
		if (a <= num && r <= num) {
			avail = a;
			reaped = r;
		}
	}
	account->avail_steps += avail;
	account->reap_steps += reaped;
	account->locked_seen = true;
	account->locked_avail = event->avail_idx;
	account->locked_reaped = event->last_used;
}

void event_account(const struct vring_event *event, unsigned int num, struct queue_account *account)
{
	struct verdict v;

	account->events++;
	account->packed = event->flags & VRING_EVENT_F_PACKED;
	switch (event->type) {
	case VRING_EVENT_ADD:
		account->add += !event->add.error;
		account->add_refused += !!event->add.error;
		count_steps(event, num, account);
		break;
	case VRING_EVENT_KICK:
		v = judge(&event->kick, event->flags, num);
		account->kick += event->kick.kick;
		account->suppressed += !event->kick.kick;
		account->unsure += unsure(&event->kick, &v);
		count_steps(event, num, account);
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
	}
	account->avail_idx = event->avail_idx;
	account->used_idx = event->used_idx;
	account->last_used = event->last_used;
}

void event_text(const struct vring_event *event, const char *name, unsigned int num,
		uint64_t start_ns, const struct queue_account *account)
{
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	uint16_t avail = 0, used = 0, last = 0;

	/* Of the first event only what it did itself is known to be movement. */
	if (account->events == 0) {
		avail = event->type == VRING_EVENT_ADD && !event->add.error && !packed;
		last = event->type == VRING_EVENT_REAP && !packed;
	} else {
		avail = steps(packed, num, account->avail_idx, event->avail_idx);
		used = steps(packed, num, account->used_idx, event->used_idx);
		last = steps(packed, num, account->last_used, event->last_used);
	}
	printf("%10.6f %-16s %-8s", (event->time_ns - start_ns) / 1e9, name, event_word(event));
	print_index(packed, event->avail_idx, avail);
	print_index(packed, event->used_idx, used);
	print_index(packed, event->last_used, last);
	print_detail(event, num);
	putchar('\n');
}

/* Packed rings move by descriptors, of which an event does not say how many. */
static bool agrees(const struct queue_account *account)
{
	return account->packed ||
	       (account->add == account->avail_steps && account->reap == account->reap_steps);
}

void event_text_account_header(void)
{
	printf("%-16s %8s %8s %8s %8s %8s %8s %8s %8s\n", "QUEUE", "ADD", "AVAIL+", "KICK",
	       "SUPPRESS", "DOORBELL", "IRQ", "REAP", "REAPED+");
}

void event_text_account(const struct queue_account *account, const char *name)
{
	printf("%-16s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64
	       " %8" PRIu64 " %8" PRIu64,
	       name, account->add, account->avail_steps, account->kick, account->suppressed,
	       account->doorbell, account->interrupt, account->reap, account->reap_steps);
	if (account->add_refused)
		printf("  refused %" PRIu64, account->add_refused);
	if (account->spurious)
		printf("  spurious %" PRIu64, account->spurious);
	if (account->unsure)
		printf("  unsure %" PRIu64, account->unsure);
	if (!agrees(account))
		printf("  EVENTS MISSING");
	putchar('\n');
}
