/* SPDX-License-Identifier: MIT */
/*
 * Events and indices in words. Nothing here needs a kernel to look at.
 */
#include <stdio.h>

#include "bpf/kick_verdict.h"
#include "ring/virtio_ring.h"

#include "event_words.h"

const char *index_text(char buf[INDEX_TEXT_LEN], bool packed, uint16_t index)
{
	const uint16_t wrap = 1u << VRING_PACKED_EVENT_F_WRAP_CTR;

	if (packed)
		snprintf(buf, INDEX_TEXT_LEN, "%uw%u", index & ~wrap, !!(index & wrap));
	else
		snprintf(buf, INDEX_TEXT_LEN, "%u", index);
	return buf;
}

static const char *flag_word(const struct vring_event_kick *k, bool packed)
{
	if (packed)
		return k->dev_flags == VRING_PACKED_EVENT_FLAG_DISABLE ? "DISABLE" : "ENABLE";
	return k->dev_flags & VRING_USED_F_NO_NOTIFY ? "NO_NOTIFY" : "0";
}

void event_reason(const struct vring_event *event, unsigned int num, char *buf, size_t size)
{
	const struct vring_event_kick *k = &event->kick;
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	struct kick_verdict v = judge_kick(k, event->flags, num);
	char text[INDEX_TEXT_LEN];

	if (v.by_index)
		snprintf(buf, size, "ev %s: %u %s %u%s", index_text(text, packed, k->event),
			 v.ahead, v.kick ? "<" : ">=", v.batch, v.unsure ? " ~" : "");
	else
		snprintf(buf, size, "flags %s, %u new%s", flag_word(k, packed), v.batch,
			 v.unsure ? " ~" : "");
}

const char *event_word(const struct vring_event *event)
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
	case VRING_EVENT_CALLBACKS:
		return event->callbacks.on ? "cb-on" : "cb-off";
	}
	return "?";
}
