/* SPDX-License-Identifier: MIT */
/*
 * The events of a recording in the order they were recorded, each with the request it belongs to.
 *
 * What belongs together: a buffer is added; the next decision about a kick is about it; an
 * interrupt comes; the buffer is reaped. The first reap behind an interrupt ties that interrupt to
 * the decision, once for each decision.
 */
#include <stdlib.h>

#include "bpf/kick_verdict.h"

#include "export.h"
#include "../tool.h"
#include "../recording/vrt_snapshot.h"

#define MOST_QUEUES 8192u
#define QUEUE_SLOTS (2 * MOST_QUEUES)
#define MOST_REQUESTS 32768u /* the entries of the largest queue there is (2.6) */

/* Events of other processors may have been recorded that much later than they happened. */
#define LATE_NS 1000000000ull

/* ---- queues ---- */

static bool is_wanted(const struct export *x, const struct vrt_queue *record, uint16_t device,
		      uint16_t index)
{
	for (size_t i = 0; i < x->words.count; i++)
		if (vrt_queue_is(record, device, index, x->words.list[i]))
			return true;
	return !x->words.count;
}

static struct export_queue *new_queue(struct export *x, uint16_t device, uint16_t index)
{
	const struct vrt_queue *record = vrt_find_queue(&x->file, device, index);
	struct export_queue **queues = reallocarray(x->queues, x->queue_count + 1, sizeof(*queues));
	struct export_queue *queue = calloc(1, sizeof(*queue));

	if (queues)
		x->queues = queues;
	if (!queues || !queue) {
		free(queue);
		tool_error("out of memory");
		return NULL;
	}
	queue->device = device;
	queue->index = index;
	queue->wanted = is_wanted(x, record, device, index);
	vrt_queue_name(queue->name, record, device, index);
	if (record) {
		queue->num = le32_read(&record->num);
		vrt_name(queue->driver, record->driver);
		vrt_name(queue->alias, record->alias);
	}
	x->queues[x->queue_count++] = queue;
	queue->number = x->queue_count;
	return queue;
}

struct export_queue *export_find(struct export *x, uint16_t device, uint16_t index)
{
	uint32_t key = (uint32_t)device << 16 | index, at = key * 0x9e3779b1u >> 18;
	struct export_queue *queue;

	if (!x->queue_slots)
		x->queue_slots = calloc(QUEUE_SLOTS, sizeof(*x->queue_slots));
	if (!x->queue_slots) {
		tool_error("out of memory");
		return NULL;
	}
	for (; x->queue_slots[at]; at = (at + 1) % QUEUE_SLOTS) {
		queue = x->queues[x->queue_slots[at] - 1];
		if (queue->device == device && queue->index == index)
			return queue;
	}
	if (x->queue_count == MOST_QUEUES) {
		tool_error("%s: events of more than %u queues: this cannot be", x->path,
			   MOST_QUEUES);
		return NULL;
	}
	queue = new_queue(x, device, index);
	if (queue)
		x->queue_slots[at] = queue->number;
	return queue;
}

/* Of those that are wanted, that of the first event, or else the first that the file names. */
struct export_queue *export_one_queue(struct export *x)
{
	struct export_queue *queue;
	struct vring_event event;
	struct vrt_cursor c;
	int got;

	vrt_cursor_begin(&c, &x->file);
	got = x->words.count ? 0 : vrt_next(&c, &event);
	vrt_cursor_end(&c);
	if (got > 0 && vrt_find_queue(&x->file, event.device, event.queue))
		return export_find(x, event.device, event.queue);
	for (size_t i = 0; i < x->file.num_queues; i++) {
		const struct vrt_queue *record = &x->file.queues[i];

		queue = export_find(x, le16_read(&record->device), le16_read(&record->queue));
		if (!queue || queue->wanted)
			return queue;
	}
	tool_error("%s: it names no queue", x->path);
	return NULL;
}

const char *export_device_text(char buf[2 * VRT_NAME], const struct export_queue *queue)
{
	snprintf(buf, 2 * VRT_NAME, "%s%s%s", queue->driver,
		 queue->driver[0] && queue->alias[0] ? " " : "", queue->alias);
	return buf;
}

const char *export_request_word(const struct request *request)
{
	if (request->parts_unknown)
		return "buffer";
	return !request->in ? "send" : request->out ? "request" : "receive";
}

/* ---- steps ---- */

static int add_seen(struct export_queue *queue, const struct snapshot_note *note, uint64_t seen_ns,
		    uint32_t most)
{
	struct request *request, gone;

	if (!note->token || requests_has(&queue->requests, note->token))
		return 0;
	if (requests_add(&queue->requests, note->token, note->added_ns ? note->added_ns : seen_ns,
			 most, &request, &gone) < 0) {
		tool_error("out of memory");
		return -1;
	}
	request->parts_unknown = true;
	request->seen_only = !note->added_ns;
	return 0;
}

/* The buffers that were in flight when the recording began, as its first key frame has them. */
static int seed(struct export *x, struct export_queue *queue, uint64_t now_ns)
{
	size_t count;
	const struct vrt_key *key = vrt_keys(&x->file, queue->device, queue->index, &count);
	char why[VRT_WHY_BYTES];
	struct snapshot s;
	int err;

	if (queue->seeded || !count || key->time_ns > now_ns)
		return 0;
	queue->seeded = true;
	err = vrt_get_snapshot(&x->file, &x->file.blocks[key->block], &s, why);
	if (err)
		tool_error("%s: %s", x->path, why);
	for (uint32_t i = 0; !err && i < s.head.num; i++)
		err = add_seen(queue, &s.notes[i], key->time_ns, s.head.num);
	snapshot_free(&s);
	return err;
}

static int take_add(struct export_step *step)
{
	struct export_queue *queue = step->queue;
	const struct vring_event *event = &step->event;
	uint32_t most = queue->num && queue->num < MOST_REQUESTS ? queue->num : MOST_REQUESTS;
	struct request *request;
	int pushed = requests_add(&queue->requests, event->add.token, event->time_ns, most,
				  &request, &step->gone);

	if (pushed < 0) {
		tool_error("out of memory");
		return -1;
	}
	request->out = event->add.out;
	request->in = event->add.in;
	request->decision = queue->decisions + 1;
	step->first = !request->older ||
		      queue->requests.pool[request->older].decision != request->decision;
	step->lost_reap = pushed;
	step->request = *request;
	return 0;
}

static void take_decision(struct export_step *step)
{
	struct export_queue *queue = step->queue;
	struct requests *r = &queue->requests;

	step->request.decision = ++queue->decisions;
	for (uint32_t at = r->newest; at && r->pool[at].decision == queue->decisions;
	     at = r->pool[at].older)
		r->pool[at].kicked = step->event.kick.kick && step->shown;
}

static void take_reap(struct export_step *step)
{
	struct export_queue *queue = step->queue;

	step->known = requests_reap(&queue->requests, step->event.reap.token, step->event.time_ns,
				    &step->request);
	if (!queue->irq || !queue->irq->shown)
		return;
	step->linked = step->known && !step->request.parts_unknown &&
		       step->request.decision > queue->linked &&
		       step->request.decision <= queue->decisions_at_irq;
	if (step->linked) {
		queue->linked = step->request.decision;
		queue->irq->linked = true;
		queue->irq->request = step->request;
	}
}

static int take(struct export_step *step)
{
	const struct vring_event *event = &step->event;

	if (event->type == VRING_EVENT_ADD && !event->add.error)
		return take_add(step);
	if (event->type == VRING_EVENT_KICK)
		take_decision(step);
	if (event->type == VRING_EVENT_REAP)
		take_reap(step);
	return 0;
}

/* ---- interrupts that wait for their reaps ---- */

static bool is_handled_irq(const struct vring_event *event)
{
	return event->type == VRING_EVENT_INTERRUPT && event->interrupt.handled;
}

static bool answers_irq(const struct vring_event *event)
{
	return event->type == VRING_EVENT_REAP || is_handled_irq(event);
}

static void push(struct export *x, const struct export_step *step)
{
	x->held[x->held_count++] = *step;
}

/* What is to come out now goes into .held, the last first. */
static int hold(struct export *x)
{
	struct export_queue *queue = x->step.queue;
	const struct vring_event *event = &x->step.event;
	bool is_irq = is_handled_irq(event);

	if (!is_irq)
		push(x, &x->step);
	if (queue->irq && answers_irq(event)) {
		push(x, queue->irq);
		free(queue->irq);
		queue->irq = NULL;
	}
	if (!is_irq)
		return 0;
	queue->irq = malloc(sizeof(*queue->irq));
	if (!queue->irq) {
		tool_error("out of memory");
		return -1;
	}
	*queue->irq = x->step;
	queue->decisions_at_irq = queue->decisions;
	return 0;
}

/* At the end: one that nothing was reaped after. */
static bool hold_rest(struct export *x)
{
	for (unsigned int i = 0; i < x->queue_count; i++) {
		struct export_queue *queue = x->queues[i];

		if (!queue->irq)
			continue;
		push(x, queue->irq);
		free(queue->irq);
		queue->irq = NULL;
		return true;
	}
	return false;
}

/* ---- the stream ---- */

/* Return: 1 with .step; 0 at the end; -1 after one message. */
static int read_step(struct export *x)
{
	struct export_step *step = &x->step;

	for (;;) {
		int got;

		*step = (struct export_step){};
		got = vrt_next(&x->cursor, &step->event);
		if (got < 0) {
			export_progress(x, 1, 1);
			tool_error("%s: %s", x->path, x->cursor.why);
		}
		if (got <= 0)
			return got < 0 ? -1 : 0;
		if (x->cursor.at == x->cursor.count)
			export_progress(x, vrt_position(&x->cursor), x->file.events);
		if (export_interrupted() || (step->event.time_ns > x->until_ns &&
					     step->event.time_ns - x->until_ns > LATE_NS))
			return 0;
		if (!step->event.type || step->event.type >= VRING_EVENT_TYPES)
			continue; /* of a later version */
		step->queue = export_find(x, step->event.device, step->event.queue);
		if (!step->queue)
			return -1;
		if (!step->queue->wanted || step->event.time_ns > x->until_ns)
			continue;
		step->shown = step->event.time_ns >= x->from_ns;
		x->events += step->shown;
		if (seed(x, step->queue, step->event.time_ns))
			return -1;
		return take(step) ? -1 : 1;
	}
}

int export_next(struct export *x, const struct export_step **step)
{
	int got;

	if (!x->cursor.file)
		vrt_cursor_begin(&x->cursor, &x->file);
	while (!x->held_count) {
		got = read_step(x);
		if (got > 0 && !x->links) {
			*step = &x->step;
			return 1;
		}
		if (got > 0 && hold(x))
			return -1;
		if (got < 0 || (!got && !hold_rest(x)))
			return got;
	}
	*step = &x->held[--x->held_count];
	return 1;
}
