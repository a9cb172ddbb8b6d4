/* SPDX-License-Identifier: MIT */
/*
 * Plays one queue of a recording. Going on from one moment to the next reads what lies between;
 * going back, or to where the reading had to begin elsewhere, begins anew there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/kick_verdict.h"

#include "playback.h"
#include "vrt_snapshot.h"

/* The beginnings move by steps, so that playing seldom begins anew. */
#define WHOLE_STEP WATCH_SECOND
#define HISTORY_STEP (8 * WATCH_SECOND)
#define HISTORY ((WATCH_HISTORY + 1) * WATCH_SECOND)
#define HISTORY_BYTES (8u << 20) /* of key frames, inflated, for history alone */
#define MOST_EVENTS (1u << 19)	 /* read for one moment; key frames may lie far apart */
#define MOST_BLOCKS 16		 /* gone back for WATCH_KEPT events of a quiet queue */

int playback_begin(struct playback *p, const struct vrt_file *file, const struct vrt_queue *queue)
{
	int error;

	memset(p, 0, sizeof(*p));
	p->file = file;
	p->kept_for = UINT64_MAX;
	vrt_cursor_begin(&p->cursor, file);
	vrt_cursor_begin(&p->finder, file);
	error = watch_begin(&p->watch, queue, file->events > 0);
	p->keys = vrt_keys(file, p->watch.device, p->watch.index, &p->key_count);
	return error;
}

void playback_end(struct playback *p)
{
	vrt_cursor_end(&p->cursor);
	vrt_cursor_end(&p->finder);
	watch_end(&p->watch);
	memset(p, 0, sizeof(*p));
}

uint64_t playback_first(const struct vrt_file *file)
{
	return file->first_event_ns;
}

uint64_t playback_last(const struct vrt_file *file)
{
	return file->last_ns > file->first_event_ns ? file->last_ns : file->first_event_ns;
}

/* Kinds of a later version are passed over. */
static bool is_ours(const struct playback *p, const struct vring_event *event)
{
	return event->device == p->watch.device && event->queue == p->watch.index && event->type &&
	       event->type < VRING_EVENT_TYPES;
}

/* ---- where to begin ---- */

/* Key frames until @time_ns. */
static size_t keys_until(const struct playback *p, uint64_t time_ns)
{
	size_t low = 0, high = p->key_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->keys[middle].time_ns <= time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The last step before @time_ns, and @back before that; steps are counted from the beginning of the
 * recording.
 */
static uint64_t step_before(const struct playback *p, uint64_t time_ns, uint64_t step,
			    uint64_t back)
{
	uint64_t first = p->file->first_ns, since = time_ns > first ? time_ns - first : 0;

	since -= since % step;
	return since > back ? first + since - back : 0;
}

static uint64_t events_before(const struct playback *p, size_t block)
{
	return block < p->file->count ? p->file->blocks[block].events_before : p->file->events;
}

/*
 * The screen shows the last WATCH_KEPT events of the queue, however long ago they were: back from
 * @start block by block until there are so many. A block that cannot be read ends it.
 */
static uint64_t enough_before(struct playback *p, uint64_t start)
{
	unsigned int found = 0, blocks = 0;
	struct vrt_cursor *c = &p->finder;
	uint64_t from = start;

	if (p->kept_for == start)
		return p->kept_from;
	while (from && found < WATCH_KEPT && blocks++ < MOST_BLOCKS &&
	       !vrt_seek_event(c, from - 1)) {
		for (unsigned int i = 0; i <= c->at; i++)
			found += is_ours(p, &c->events[i]);
		from -= c->at + 1;
	}
	p->kept_for = start;
	p->kept_from = from;
	return from;
}

static void make_plan(struct playback *p, uint64_t number, uint64_t time_ns,
		      struct playback_plan *plan)
{
	uint64_t history = step_before(p, time_ns, HISTORY_STEP, HISTORY), from = history;
	uint64_t whole = step_before(p, time_ns, WHOLE_STEP, WATCH_SECOND);
	size_t whole_keys = whole ? keys_until(p, whole) : 0;

	plan->first_key = history ? keys_until(p, history) : 0;
	plan->whole_key = whole_keys ? whole_keys - 1 : 0;
	plan->stride = 1;
	if (whole_keys) {
		const struct vrt_key *key = &p->keys[plan->whole_key];
		uint64_t bytes = p->file->blocks[key->block].raw_bytes;

		from = key->time_ns;
		if (plan->first_key > plan->whole_key)
			plan->first_key = plan->whole_key;
		plan->stride += (plan->whole_key - plan->first_key) * bytes / HISTORY_BYTES;
	}
	plan->start = events_before(p, vrt_block_at(p->file, from));
	if (number > MOST_EVENTS && plan->start < number - MOST_EVENTS)
		plan->start = (number - MOST_EVENTS) / (MOST_EVENTS / 2) * (MOST_EVENTS / 2);
	if (plan->start > number)
		plan->start = number;
	plan->start = enough_before(p, plan->start);
}

static bool same_plan(const struct playback_plan *a, const struct playback_plan *b)
{
	return a->first_key == b->first_key && a->whole_key == b->whole_key &&
	       a->stride == b->stride && a->start == b->start;
}

/* ---- going there ---- */

static int take_key(struct playback *p, size_t n)
{
	struct snapshot snapshot;
	int error;

	if (n < p->plan.whole_key && n % p->plan.stride)
		return 0;
	error = vrt_get_snapshot(p->file, &p->file->blocks[p->keys[n].block], &snapshot, p->why);
	if (!error)
		return watch_snapshot(&p->watch, &snapshot);
	snapshot_free(&snapshot);
	if (error != -EPROTO)
		return error;
	memcpy(p->damage, p->why, sizeof(p->damage));
	return 0;
}

static int take_keys(struct playback *p, uint64_t until_ns)
{
	int error = 0;

	while (!error && p->next_key < p->key_count && p->keys[p->next_key].time_ns <= until_ns)
		error = take_key(p, p->next_key++);
	return error;
}

/* What lies between where it is and the moment. */
static int advance(struct playback *p, uint64_t number, uint64_t time_ns)
{
	struct vring_event event;
	int error = 0, got;

	while (!error && p->taken < number) {
		got = vrt_next(&p->cursor, &event);
		if (got <= 0) {
			memcpy(p->why, p->cursor.why, sizeof(p->why));
			return got < 0 ? got : -EPROTO;
		}
		p->taken++;
		if (!is_ours(p, &event))
			continue;
		/* A frame of the same moment was recorded first. */
		error = take_keys(p, event.time_ns);
		p->watch.event_number = p->taken - 1;
		if (!error)
			error = watch_event(&p->watch, &event);
	}
	if (!error)
		error = take_keys(p, time_ns);
	if (error)
		return error;
	watch_at(&p->watch, time_ns);
	p->number = number;
	p->time_ns = time_ns;
	return 0;
}

static int go(struct playback *p, uint64_t number, uint64_t time_ns)
{
	struct playback_plan plan;
	int error = 0;

	make_plan(p, number, time_ns, &plan);
	if (!p->ready || number < p->number || time_ns < p->time_ns ||
	    !same_plan(&plan, &p->plan)) {
		watch_forget(&p->watch);
		p->damage[0] = 0;
		p->plan = plan;
		p->taken = plan.start;
		p->next_key = plan.first_key;
		error = vrt_seek_event(&p->cursor, plan.start);
		if (error)
			memcpy(p->why, p->cursor.why, sizeof(p->why));
	}
	if (!error)
		error = advance(p, number, time_ns);
	p->ready = !error;
	if (error == -ENOMEM)
		strcpy(p->why, "out of memory");
	return error;
}

int playback_go(struct playback *p, uint64_t number, uint64_t time_ns)
{
	bool was_somewhere = p->ready;
	char why[VRT_WHY_BYTES];
	int error = go(p, number, time_ns);

	if (!error || !was_somewhere)
		return error;
	memcpy(why, p->why, sizeof(why));
	go(p, p->number, p->time_ns);
	memcpy(p->why, why, sizeof(why));
	return error;
}

int playback_seek(struct playback *p, uint64_t time_ns)
{
	struct vring_event event;
	int got;

	vrt_seek(&p->finder, time_ns + 1);
	do
		got = vrt_next(&p->finder, &event);
	while (got > 0 && event.time_ns <= time_ns);
	if (got < 0) {
		memcpy(p->why, p->finder.why, sizeof(p->why));
		return got;
	}
	return playback_go(p, got ? vrt_position(&p->finder) - 1 : p->file->events, time_ns);
}

/*
 * When the event was that @number counts up to, 1 being the first. Processors may have changed
 * places by a moment: time does not go back.
 */
static int time_of_event(struct playback *p, uint64_t number, uint64_t *time_ns)
{
	struct vrt_cursor *c = &p->finder;
	const struct vrt_file *f = p->file;
	int error;

	*time_ns = playback_first(f);
	if (!number)
		return 0;
	error = vrt_seek_event(c, number - 1);
	if (error) {
		memcpy(p->why, c->why, sizeof(p->why));
		return error;
	}
	if (c->loaded && f->blocks[c->loaded - 1].reach_ns > *time_ns)
		*time_ns = f->blocks[c->loaded - 1].reach_ns;
	for (unsigned int i = 0; i <= c->at; i++)
		if (c->events[i].time_ns > *time_ns)
			*time_ns = c->events[i].time_ns;
	return 0;
}

int playback_seek_event(struct playback *p, uint64_t number)
{
	uint64_t time_ns;
	int error;

	if (number > p->file->events)
		number = p->file->events;
	error = time_of_event(p, number, &time_ns);
	return error ? error : playback_go(p, number, time_ns);
}

bool playback_frame(const struct playback *p, bool back, uint64_t *time_ns)
{
	size_t key = keys_until(p, p->time_ns);

	if (back)
		while (key && p->keys[key - 1].time_ns >= p->time_ns)
			key--;
	if (back ? !key : key == p->key_count)
		return false;
	*time_ns = p->keys[back ? key - 1 : key].time_ns;
	return true;
}

/* ---- looking for something ---- */

static bool is_full(const struct vring_event *event)
{
	return !event->num_free || (event->type == VRING_EVENT_ADD && event->add.error == -ENOSPC);
}

static bool is_what(const struct vring_event *event, enum playback_event what)
{
	switch (what) {
	case PLAYBACK_KICK:
		return (event->type == VRING_EVENT_KICK && event->kick.kick) || forces_kick(event);
	case PLAYBACK_IRQ:
		return event->type == VRING_EVENT_INTERRUPT;
	case PLAYBACK_FULL:
		return is_full(event);
	default:
		return true;
	}
}

static unsigned int percent_at(const struct playback *p)
{
	return 100 * p->file->blocks[p->finder.loaded].events_before / p->file->events;
}

static int find_forward(struct playback *p, enum playback_event what, playback_stop *stop,
			void *arg, uint64_t *number)
{
	const struct watch *w = &p->watch;
	bool full = w->event_count && is_full(&w->events[w->event_count - 1]);
	struct vring_event event;
	size_t block = SIZE_MAX;
	int got = vrt_seek_event(&p->finder, p->number);

	if (got < 0)
		return got;
	while ((got = vrt_next(&p->finder, &event)) > 0) {
		if (stop && block != p->finder.loaded && stop(arg, percent_at(p)))
			return 0;
		block = p->finder.loaded;
		if (!is_ours(p, &event))
			continue;
		if (is_what(&event, what) && !(what == PLAYBACK_FULL && full)) {
			*number = vrt_position(&p->finder);
			return 1;
		}
		full = is_full(&event);
	}
	return got;
}

/*
 * From the events of one block, from @before back. Of a ring that is full the first such event is
 * meant: @candidate is the earliest known so far, 0 if there is none, and stands until an event
 * before it is found that left room.
 */
static bool find_in_block(struct playback *p, enum playback_event what, unsigned int before,
			  uint64_t *candidate)
{
	const struct vrt_cursor *c = &p->finder;
	uint64_t first = p->file->blocks[c->loaded].events_before;

	for (unsigned int i = before; i-- > 0;) {
		if (!is_ours(p, &c->events[i]))
			continue;
		if (*candidate && !is_what(&c->events[i], what))
			return true;
		if (!is_what(&c->events[i], what))
			continue;
		*candidate = first + i + 1;
		if (what != PLAYBACK_FULL)
			return true;
	}
	return false;
}

static int find_back(struct playback *p, enum playback_event what, playback_stop *stop, void *arg,
		     uint64_t *number)
{
	uint64_t before = p->number, candidate = 0, time_ns;
	int error = time_of_event(p, p->watch.event_number, &time_ns);

	if (error)
		return error;
	/* The event that it is at is none before it. */
	if (p->watch.event_number && time_ns == p->time_ns)
		before = p->watch.event_number - 1;
	while (before) {
		error = vrt_seek_event(&p->finder, before - 1);
		if (error)
			return error;
		if (stop && stop(arg, percent_at(p)))
			return 0;
		if (find_in_block(p, what, p->finder.at + 1, &candidate))
			break;
		before = p->file->blocks[p->finder.loaded].events_before;
	}
	*number = candidate;
	return candidate != 0;
}

int playback_find(struct playback *p, enum playback_event what, bool back, playback_stop *stop,
		  void *arg, uint64_t *number)
{
	int got = back ? find_back(p, what, stop, arg, number) :
			 find_forward(p, what, stop, arg, number);

	if (got < 0)
		memcpy(p->why, p->finder.why, sizeof(p->why));
	return got;
}
