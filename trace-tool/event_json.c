/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON: every field of the record by its name, indices as numbers, with the wrap counter
 * of a packed one beside it.
 */
#include <stdio.h>

#include "bpf/kick_verdict.h"
#include "ring/virtio_ring.h"

#include "event_json.h"
#include "event_words.h"

static void add_index(json_object *object, const char *key, bool packed, uint16_t index)
{
	const uint16_t wrap = 1u << VRING_PACKED_EVENT_F_WRAP_CTR;
	json_object *pair;

	if (!packed) {
		json_add_int(object, key, index);
		return;
	}
	pair = json_object_new_object();
	json_add_int(pair, "slot", index & ~wrap);
	json_add_int(pair, "wrap", !!(index & wrap));
	json_object_object_add(object, key, pair);
}

static void add_token(json_object *object, uint64_t token)
{
	char text[24];

	/* More than the 53 bits that many readers of JSON keep of a number. */
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)token);
	json_add_string(object, "token", text);
}

static void add_kick(json_object *object, const struct vring_event *event, unsigned int num)
{
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	struct kick_verdict v = judge_kick(&event->kick, event->flags, num);

	add_index(object, "old", packed, event->kick.old_idx);
	add_index(object, "new", packed, event->kick.new_idx);
	json_add_int(object, "batch", v.batch);
	json_add_string(object, "by", v.by_index ? "index" : "flags");
	if (v.by_index) {
		add_index(object, "asked_at", packed, event->kick.event);
		json_add_int(object, "ahead", v.ahead);
	}
	json_add_int(object, "device_flags", event->kick.dev_flags);
	json_add_bool(object, "sure", !v.unsure);
}

static void add_detail(json_object *object, const struct vring_event *event, unsigned int num,
		       uint64_t age_ns)
{
	bool packed = event->flags & VRING_EVENT_F_PACKED;

	switch (event->type) {
	case VRING_EVENT_ADD:
		add_token(object, event->add.token);
		json_add_int(object, "out", event->add.out);
		json_add_int(object, "in", event->add.in);
		if (event->add.error) {
			json_add_int(object, "errno", -event->add.error);
			json_add_bool(object, "forced", forces_kick(event));
		}
		break;
	case VRING_EVENT_KICK:
		add_kick(object, event, num);
		break;
	case VRING_EVENT_INTERRUPT:
		json_add_int(object, "irq", event->interrupt.irq);
		json_add_bool(object, "spurious", !event->interrupt.handled);
		add_index(object, "asked_at", packed, event->interrupt.event);
		json_add_int(object, "driver_flags", event->interrupt.flags);
		break;
	case VRING_EVENT_REAP:
		add_token(object, event->reap.token);
		json_add_int(object, "len", event->reap.len);
		if (age_ns)
			json_add_int(object, "age_ns", age_ns);
		break;
	case VRING_EVENT_CALLBACKS:
		add_index(object, "asked_at", packed, event->callbacks.event);
		json_add_bool(object, "more", event->callbacks.more);
		break;
	default:
		break;
	}
}

json_object *event_json(const char *queue, unsigned int num, const struct vring_event *event,
			uint64_t age_ns, const char *time)
{
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	json_object *object = json_object_new_object();

	if (time)
		json_add_string(object, "time", time);
	json_add_int(object, "time_ns", event->time_ns);
	json_add_string(object, "queue", queue);
	json_add_int(object, "device", event->device);
	json_add_int(object, "index", event->queue);
	json_add_string(object, "event", event_word(event));
	json_add_string(object, "layout", packed ? "packed" : "split");
	add_index(object, "avail", packed, event->avail_idx);
	add_index(object, "used", packed, event->used_idx);
	add_index(object, "reaped", packed, event->last_used);
	json_add_int(object, "free", event->num_free);
	json_add_int(object, "cpu", event->cpu);
	json_add_int(object, "seq", event->seq);
	add_detail(object, event, num, age_ns);
	return object;
}
