/* SPDX-License-Identifier: MIT */
/*
 * Brings events and key frames into one order of time, says in each frame when its buffers were
 * added, and hands both to the writer.
 *
 * A recording that is kept consists of pieces of a second. A block does not depend on those before
 * it, so that the oldest pieces can go at any time, and what is left is a recording again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "recorder.h"
#include "vrt_snapshot.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int begin_file(struct recorder *r, FILE *file)
{
	return vrt_write_begin(&r->writer, file, "linux-bpf", r->release, clock_ns(CLOCK_REALTIME),
			       clock_ns(CLOCK_MONOTONIC));
}

/* ---- pieces ---- */

static int begin_piece(struct recorder *r)
{
	r->piece = NULL;
	r->file = open_memstream(&r->piece, &r->piece_size);
	return r->file ? begin_file(r, r->file) : -errno;
}

static void drop_oldest(struct recorder *r)
{
	free(r->pieces[0].bytes);
	r->piece_count--;
	memmove(r->pieces, r->pieces + 1, r->piece_count * sizeof(*r->pieces));
}

static size_t kept_bytes(const struct recorder *r)
{
	size_t bytes = 0;

	for (size_t i = 0; i < r->piece_count; i++)
		bytes += r->pieces[i].size;
	return bytes;
}

/* The piece that was being made becomes one of those that are kept. */
static int end_piece(struct recorder *r)
{
	struct recorder_piece *pieces =
		reallocarray(r->pieces, r->piece_count + 1, sizeof(*pieces));
	int error = vrt_write_flush(&r->writer);

	if (fclose(r->file) && !error)
		error = -errno;
	r->file = NULL;
	if (pieces)
		r->pieces = pieces;
	if (!pieces || error) {
		free(r->piece);
		r->piece = NULL;
		return error ? error : -ENOMEM;
	}
	r->pieces[r->piece_count++] =
		(struct recorder_piece){ r->piece, r->piece_size, r->writer.events_written };
	r->piece = NULL;
	/* One more than asked for: the oldest moment wanted may lie in the middle of it. */
	while (r->piece_count > RECORDER_KEPT_SECONDS + 1)
		drop_oldest(r);
	while (r->piece_count > 1 && kept_bytes(r) > RECORDER_KEPT_BYTES) {
		drop_oldest(r);
		r->dropped = true;
	}
	return 0;
}

/* ---- in order of time ---- */

static int write_frame(struct recorder *r, struct snapshot *s)
{
	int error;

	for (unsigned int i = 0; i < s->head.num; i++)
		s->notes[i].added_ns = in_flight_added(&r->added, s->head.device, s->head.index,
						       s->notes[i].token);
	error = vrt_put_snapshot(&r->writer, s);
	r->frames_written++;
	snapshot_free(s);
	return error;
}

/* Those until @until_ns. */
static int write_frames(struct recorder *r, uint64_t until_ns)
{
	size_t done = 0;
	int error = 0;

	while (done < r->frame_count && r->frames[done].head.time_ns <= until_ns)
		error = write_frame(r, &r->frames[done++]);
	r->frame_count -= done;
	if (done)
		memmove(r->frames, r->frames + done, r->frame_count * sizeof(*r->frames));
	return error;
}

static void remember(struct recorder *r, const struct vring_event *event)
{
	if (event->type == VRING_EVENT_ADD && !event->add.error)
		in_flight_add(&r->added, event->device, event->queue, event->add.token,
			      event->time_ns);
	else if (event->type == VRING_EVENT_REAP)
		in_flight_reap(&r->added, event->device, event->queue, event->reap.token);
}

static int settle(struct recorder *r, uint64_t until_ns)
{
	size_t ready = in_order_ready(&r->order, until_ns);
	int error = 0;

	for (size_t i = 0; !error && i < ready; i++) {
		const struct vring_event *event = &r->order.events[i];

		if (r->frame_count && r->frames[0].head.time_ns <= event->time_ns)
			error = write_frames(r, event->time_ns);
		remember(r, event);
		if (!error)
			error = vrt_write_event(&r->writer, event);
	}
	in_order_drop(&r->order, ready);
	return error ? error : write_frames(r, until_ns);
}

/* ---- for the caller ---- */

int recorder_begin(struct recorder *r, FILE *file, const char *release)
{
	memset(r, 0, sizeof(*r));
	strncpy(r->release, release, sizeof(r->release) - 1);
	r->kept = !file;
	r->file = file;
	r->flushed_ns = clock_ns(CLOCK_MONOTONIC);
	return file ? begin_file(r, file) : begin_piece(r);
}

void recorder_free(struct recorder *r)
{
	if (r->kept && r->file)
		fclose(r->file);
	free(r->piece);
	for (size_t i = 0; i < r->piece_count; i++)
		free(r->pieces[i].bytes);
	for (size_t i = 0; i < r->frame_count; i++)
		snapshot_free(&r->frames[i]);
	free(r->pieces);
	free(r->frames);
	free(r->queues);
	in_order_free(&r->order);
	in_flight_free(&r->added);
	memset(r, 0, sizeof(*r));
}

int recorder_queues(struct recorder *r, const struct vrt_queue *queues, size_t count)
{
	struct vrt_queue *copy = calloc(count + 1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, queues, count * sizeof(*copy));
	free(r->queues);
	r->queues = copy;
	r->queue_count = count;
	if (r->kept)
		return 0; /* it goes in front of what will be saved */
	return vrt_write_queues(&r->writer, copy, count, clock_ns(CLOCK_MONOTONIC));
}

int recorder_note(struct recorder *r, const char *text)
{
	return vrt_write_note(&r->writer, text, clock_ns(CLOCK_MONOTONIC));
}

int recorder_event(struct recorder *r, const struct vring_event *event)
{
	return in_order_add(&r->order, event);
}

int recorder_frame(struct recorder *r, struct snapshot *snapshot)
{
	if (r->frame_count == r->frame_room) {
		size_t room = r->frame_room ? 2 * r->frame_room : 64;
		struct snapshot *grown = reallocarray(r->frames, room, sizeof(*grown));

		if (!grown) {
			snapshot_free(snapshot);
			return -ENOMEM;
		}
		r->frames = grown;
		r->frame_room = room;
	}
	r->frames[r->frame_count++] = *snapshot;
	return 0;
}

void recorder_loss(struct recorder *r, uint64_t lost, uint64_t missed)
{
	if (lost == r->lost && missed == r->missed)
		return;
	r->lost = lost;
	r->missed = missed;
	vrt_write_loss(&r->writer, lost, missed, clock_ns(CLOCK_MONOTONIC));
}

int recorder_tick(struct recorder *r)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	int error = settle(r, now - IN_ORDER_HOLD_NS);

	if (error || now - r->flushed_ns < RECORDER_SECOND)
		return error;
	r->flushed_ns = now;
	if (!r->kept)
		return vrt_write_flush(&r->writer);
	error = end_piece(r);
	return error ? error : begin_piece(r);
}

int recorder_end(struct recorder *r)
{
	int error = settle(r, UINT64_MAX);

	if (r->kept)
		return error ? error : end_piece(r);
	return error ? error : vrt_write_end(&r->writer, clock_ns(CLOCK_MONOTONIC));
}

int recorder_save(struct recorder *r, FILE *file, const char *note)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct recorder_piece *piece = r->pieces;
	int error = begin_file(r, file);

	if (!error)
		error = vrt_write_queues(&r->writer, r->queues, r->queue_count, now);
	if (!error)
		error = vrt_write_note(&r->writer, note, now);
	for (; !error && piece < r->pieces + r->piece_count; piece++)
		if (fwrite(piece->bytes + sizeof(struct vrt_header),
			   piece->size - sizeof(struct vrt_header), 1, file) != 1 &&
		    piece->size > sizeof(struct vrt_header))
			error = -errno;
	if (!error && (r->lost || r->missed))
		error = vrt_write_loss(&r->writer, r->lost, r->missed, now);
	return error ? error : vrt_write_end(&r->writer, now);
}

uint64_t recorder_events(const struct recorder *r)
{
	uint64_t events = r->kept ? 0 : r->writer.events_written + r->writer.pending;

	for (size_t i = 0; i < r->piece_count; i++)
		events += r->pieces[i].events;
	return events;
}

uint64_t recorder_bytes(const struct recorder *r)
{
	return r->kept ? kept_bytes(r) : r->writer.bytes_written;
}
