/* SPDX-License-Identifier: MIT */
/*
 * The verdicts of stall. A buffer goes from the driver's add to its kick, to the device that looks
 * and finishes, to the interrupt, to the driver's reaping. The first of these steps that has not
 * been seen for the time given is the one to blame.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

#define WRAP_BIT (1u << VRING_PACKED_EVENT_F_WRAP_CTR)

/* ---- what a snapshot says ---- */

bool verdict_interrupts_on(const struct snapshot *s)
{
	if (s->head.packed)
		return s->head.driver_flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	return !(s->head.driver_flags & VRING_AVAIL_F_NO_INTERRUPT);
}

const char *verdict_interrupts_wanted(const struct snapshot *s)
{
	if (!s->head.callback)
		return "never";
	return verdict_interrupts_on(s) ? "on" : "off";
}

/*
 * A packed ring's used buffers, from the position of reaping on, each as long as the driver knows
 * it to be. @id: one to look for, or -1. @slots: how many they take; @found: whether @id is among
 * them.
 */
static unsigned int packed_used(const struct snapshot *s, int id, unsigned int *slots, bool *found)
{
	const uint16_t both = VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED;
	unsigned int in_use = s->head.num - s->head.before.num_free, count = 0;
	unsigned int slot = s->head.before.last_used & ~WRAP_BIT;
	bool wrap = s->head.before.last_used & WRAP_BIT;

	*slots = 0;
	*found = false;
	while (*slots < in_use && slot < s->head.num) {
		const struct vring_packed_desc *desc = &snapshot_packed(s)[slot];
		uint16_t used = le16_read(&desc->id);

		if ((le16_read(&desc->flags) & both) != (wrap ? both : 0) || used >= s->head.num ||
		    !s->notes[used].num)
			break;
		*found |= used == id;
		count++;
		*slots += s->notes[used].num;
		slot += s->notes[used].num;
		if (slot >= s->head.num) {
			slot -= s->head.num;
			wrap = !wrap;
		}
	}
	return count;
}

unsigned int verdict_unreaped(const struct snapshot *s)
{
	unsigned int slots;
	bool found;

	if (s->head.packed)
		return packed_used(s, -1, &slots, &found);
	return (uint16_t)(s->head.before.used_mem - s->head.before.last_used);
}

unsigned int verdict_unreaped_slots(const struct snapshot *s)
{
	unsigned int slots;
	bool found;

	packed_used(s, -1, &slots, &found);
	return slots;
}

/* How far from one packed position to another, going forward. */
static unsigned int slots_between(const struct snapshot *s, uint16_t from, uint16_t to)
{
	unsigned int lap = (from ^ to) & WRAP_BIT ? s->head.num : 0;

	return (to & ~WRAP_BIT) + lap - (from & ~WRAP_BIT);
}

/* 2.7.7, 2.8.10: has the entry been used after which the driver wants an interrupt? */
static bool interrupt_due(const struct snapshot *s)
{
	const struct vring_packed_desc_event *packed = s->area[VT_DRIVER];
	uint16_t last = s->head.before.last_used;

	if (s->head.packed) {
		unsigned int slots;
		bool found;

		packed_used(s, -1, &slots, &found);
		return le16_read(&packed->flags) != VRING_PACKED_EVENT_FLAG_DESC ||
		       slots_between(s, last, le16_read(&packed->off_wrap)) < slots;
	}
	if (s->head.event) {
		const struct vring vr = snapshot_vring(s);
		uint16_t wanted = le16_read(vring_used_event(&vr)) - last;

		return wanted < (uint16_t)(s->head.before.used_mem - last);
	}
	return true;
}

/*
 * How many of the entries at the end of the available ring the device has not seen, as far as it
 * tells: it asks to be told of the first it has not looked at. -1: it does not tell.
 */
static int unseen(const struct snapshot *s)
{
	const struct vring_packed_desc_event *packed = s->area[VT_DEVICE];
	uint16_t avail = s->head.before.avail_idx, event;
	unsigned int behind;

	if (!s->head.event)
		return -1;
	if (s->head.packed) {
		if (le16_read(&packed->flags) != VRING_PACKED_EVENT_FLAG_DESC)
			return -1;
		behind = slots_between(s, le16_read(&packed->off_wrap), avail);
	} else {
		const struct vring vr = snapshot_vring(s);

		event = le16_read(vring_avail_event(&vr));
		behind = (uint16_t)(avail - event);
	}
	/* Further back than the ring is long: it stopped asking long ago, and polls. */
	return behind <= s->head.num ? (int)behind : -1;
}

/*
 * Queues in whose nature it is that buffers lie with the device: by the numbers of 5. An entropy
 * device's is none of them, it answers at once.
 */
bool verdict_device_keeps(uint32_t device_id, unsigned int index, const char *name)
{
	switch (device_id) {
	case 1: /* network: receiveq1, transmitq1, receiveq2, ..., controlq */
		return !strncmp(name, "input", 5);
	case 3: /* console: receiveq, transmitq, control receiveq, ... */
		return index % 2 == 0;
	case 5: /* balloon: statistics lie with the device until it wants newer ones */
		return index == 2;
	case 8:	 /* SCSI: events */
	case 23: /* IOMMU: events */
	case 25: /* sound: events */
	case 41: /* GPIO: events */
		return index == 1;
	case 18: /* input: events */
		return index == 0;
	case 19: /* socket: receiveq, transmitq, events */
		return index != 1;
	}
	return false;
}

/* Is any of what is used and not reaped something the device has written, for someone who waits? */
static bool device_wrote(const struct snapshot *s)
{
	const struct vring vr = snapshot_vring(s);

	/* 2.8.5: WRITE says that the length holds. QEMU gives the length and leaves the flag out.
	 */
	if (s->head.packed)
		return le32_read(&snapshot_packed(s)[s->head.before.last_used & ~WRAP_BIT].len);
	for (uint16_t i = s->head.before.last_used; i != s->head.before.used_mem; i++)
		if (le32_read(&vr.used->ring[i & (s->head.num - 1)].len))
			return true;
	return false;
}

/* ---- over time ---- */

/*
 * Tells a buffer from a later one with the same head and token, which is common: requests are
 * recycled. Split: where in the available ring it was last offered; it is overwritten a lap later,
 * so 0x10000 and more stands for "longer ago than that". Packed rings do not keep this.
 */
void watched_buffers_find(const struct snapshot *s, struct watched_buffer *now)
{
	const struct vring vr = snapshot_vring(s);
	unsigned int num = s->head.num;

	for (unsigned int i = 0; i < num; i++) {
		now[i].token = s->notes[i].token;
		now[i].place = s->head.packed ? s->notes[i].addr : 0x10000;
	}
	if (s->head.packed)
		return;
	for (unsigned int back = num; back > 0; back--) {
		uint16_t idx = s->head.before.avail_idx - back;
		uint16_t head = le16_read(&vr.avail->ring[idx & (num - 1)]);

		if (head < num)
			now[head].place = idx;
	}
}

bool watched_buffer_same(const struct watched_buffer *then, const struct watched_buffer *now)
{
	if (!now->token || then->token != now->token)
		return false;
	return then->place == now->place || now->place == 0x10000;
}

static int watch_buffers(struct stall_watch *watch, const struct snapshot *s)
{
	struct watched_buffer *now = calloc(s->head.num, sizeof(*now));

	if (!now)
		return -ENOMEM;
	watched_buffers_find(s, now);
	for (unsigned int i = 0; i < s->head.num; i++) {
		bool same = watch->buffers && i < watch->num &&
			    watched_buffer_same(&watch->buffers[i], &now[i]);

		now[i].since_ns = same ? watch->buffers[i].since_ns : s->head.time_ns;
	}
	free(watch->buffers);
	watch->buffers = now;
	watch->num = s->head.num;
	return 0;
}

static void watch_positions(struct stall_watch *watch, const struct snapshot *s, int64_t irqs)
{
	bool unreaped = verdict_unreaped(s);
	bool began = unreaped && (!watch->unreaped_since_ns || !watch->first_ns ||
				  watch->last_used != s->head.before.last_used);

	/* Interrupts are counted from the look before, when these buffers were not used yet. */
	if (began) {
		watch->unreaped_since_ns = s->head.time_ns;
		watch->irqs_then = watch->first_ns ? watch->irqs : (uint64_t)irqs;
	}
	if (!unreaped)
		watch->unreaped_since_ns = 0;
	if (!s->head.before.num_added)
		watch->unkicked_since_ns = 0;
	else if (!watch->unkicked_since_ns)
		watch->unkicked_since_ns = s->head.time_ns;
	watch->irqs_known = irqs >= 0;
	watch->irqs = irqs;
	watch->last_used = s->head.before.last_used;
	watch->now_ns = s->head.time_ns;
	if (!watch->first_ns)
		watch->first_ns = s->head.time_ns;
}

/* ---- the verdict ---- */

static void say(struct stall *stall, const struct stall_watch *watch, enum verdict verdict,
		uint64_t since_ns, const char *text)
{
	stall->verdict = verdict;
	stall->oldest_ns = watch->now_ns - since_ns;
	stall->since_start = since_ns == watch->first_ns;
	snprintf(stall->text, sizeof(stall->text), "%s", text);
}

static void judge_unreaped(const struct stall_watch *watch, const struct snapshot *s,
			   struct stall *stall)
{
	uint64_t since = watch->unreaped_since_ns;

	if (!s->head.callback) {
		say(stall, watch, VERDICT_LAZY, since, "used; the driver polls this queue");
	} else if (!verdict_interrupts_on(s)) {
		if (device_wrote(s))
			say(stall, watch, VERDICT_NOT_REAPED, since,
			    "the driver did not reap: it turned interrupts off and did not come");
		else
			say(stall, watch, VERDICT_LAZY, since,
			    "used; the driver reaps with its next add");
	} else if (!interrupt_due(s)) {
		say(stall, watch, VERDICT_LAZY, since, "used; the driver asked to be told later");
	} else if (s->head.event_triggered) {
		say(stall, watch, VERDICT_NOT_REAPED, since,
		    "the driver did not reap: the interrupt has come");
	} else if (watch->irqs_known && watch->irqs != watch->irqs_then && !s->head.event) {
		say(stall, watch, VERDICT_NOT_REAPED, since,
		    "the driver did not reap: interrupts have come since");
	} else {
		say(stall, watch, VERDICT_INTERRUPT_LOST, since,
		    "interrupt lost or masked: used and due, and none has come");
	}
}

static void judge_device(const struct stall_watch *watch, const struct snapshot *s, uint64_t oldest,
			 bool oldest_unseen, struct stall *stall)
{
	char text[sizeof(stall->text)];
	int behind = unseen(s);

	if (verdict_device_keeps(s->head.device_id, s->head.index, s->head.name)) {
		say(stall, watch, VERDICT_WAITING, oldest, "buffers for what may come");
	} else if (watch->unkicked_since_ns && watch->unkicked_since_ns <= oldest) {
		snprintf(text, sizeof(text), "the driver has not kicked: %u not decided upon",
			 s->head.before.num_added);
		say(stall, watch, VERDICT_NOT_KICKED, oldest, text);
	} else if (oldest_unseen) {
		snprintf(text, sizeof(text),
			 "the device never looked: it asks to be told of the %s %d back",
			 s->head.packed ? "slot" : "entry", behind);
		say(stall, watch, VERDICT_NOT_LOOKED, oldest, text);
	} else if (behind < 0) {
		say(stall, watch, VERDICT_NOT_FINISHED, oldest,
		    "the device did not finish (whether it looked, it does not tell)");
	} else {
		say(stall, watch, VERDICT_NOT_FINISHED, oldest,
		    "the device did not finish: it has seen it and not used it");
	}
}

/* Is the buffer among the entries that the device has not seen? Packed: only if all are. */
static bool is_unseen(const struct snapshot *s, const struct watched_buffer *buffer, int behind)
{
	if (behind <= 0)
		return false;
	if (s->head.packed)
		return (unsigned int)behind >= s->head.num - s->head.before.num_free;
	return buffer->place < 0x10000 &&
	       (uint16_t)(s->head.before.avail_idx - buffer->place) <= behind;
}

/* Used already, though not reaped: the device is done with it. */
static bool is_used(const struct snapshot *s, unsigned int head)
{
	const struct vring vr = snapshot_vring(s);

	if (s->head.packed) {
		unsigned int slots;
		bool found;

		packed_used(s, head, &slots, &found);
		return found;
	}
	for (uint16_t i = s->head.before.last_used; i != s->head.before.used_mem; i++)
		if (le32_read(&vr.used->ring[i & (s->head.num - 1)].id) == head)
			return true;
	return false;
}

int stall_judge(struct stall_watch *watch, const struct snapshot *s, int64_t irqs,
		uint64_t limit_ns, struct stall *stall)
{
	uint64_t oldest = UINT64_MAX;
	bool oldest_unseen = false;
	int behind = unseen(s);

	memset(stall, 0, sizeof(*stall));
	if (watch_buffers(watch, s))
		return -ENOMEM;
	watch_positions(watch, s, irqs);
	stall->unreaped = verdict_unreaped(s);
	for (unsigned int i = 0; i < s->head.num; i++) {
		if (!watch->buffers[i].token || is_used(s, i))
			continue;
		stall->with_device++;
		if (watch->buffers[i].since_ns < oldest) {
			oldest = watch->buffers[i].since_ns;
			oldest_unseen = is_unseen(s, &watch->buffers[i], behind);
		}
	}
	if (stall->with_device && watch->now_ns - oldest >= limit_ns)
		judge_device(watch, s, oldest, oldest_unseen, stall);
	/* Nearer to the driver, and so the first to blame. */
	if (watch->unreaped_since_ns && watch->now_ns - watch->unreaped_since_ns >= limit_ns) {
		struct stall other = *stall;

		judge_unreaped(watch, s, &other);
		if (other.verdict > stall->verdict || verdict_is_finding(other.verdict))
			*stall = other;
	}
	return 0;
}

void stall_watch_free(struct stall_watch *watch)
{
	free(watch->buffers);
	memset(watch, 0, sizeof(*watch));
}
