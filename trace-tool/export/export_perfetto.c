/* SPDX-License-Identifier: MIT */
/*
 * A recording in Perfetto's own format: packets with track events, as protos/perfetto/trace
 * describes them. It opens at ui.perfetto.dev and in trace_processor.
 *
 * A track for each device, below it one for each queue with its events as instants, and below that
 * a counter of the buffers in flight and the buffers themselves as slices. Slices of one track must
 * nest, and requests overlap: so each lane is a track, and the viewer folds lanes of one name
 * together. Packets may be out of order: they are sorted by time when they are read.
 */
#include <string.h>

#include "export_args.h"
#include "protobuf.h"
#include "../tool.h"

/* The numbers of fields, by the message that they are of. */
enum { TRACE_PACKET = 1 };

enum {
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED_DATA = 12,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_DEFAULTS = 59,
	PACKET_TRACK_DESCRIPTOR = 60,
	PACKET_FIRST_ON_SEQUENCE = 87,
};

enum { STATE_CLEARED = 1, NEEDS_STATE = 2 }; /* SequenceFlags */
enum { DEFAULTS_CLOCK_ID = 58 };	     /* TracePacketDefaults */
enum { CLOCKS = 1, CLOCKS_PRIMARY = 2, CLOCK_ID = 1, CLOCK_TIMESTAMP = 2 };
enum { REALTIME = 1, MONOTONIC = 3 }; /* BuiltinClock */
enum { INTERNED_CATEGORIES = 1, INTERNED_EVENT_NAMES = 2, INTERNED_ARG_NAMES = 3 };
enum { IID = 1, IID_NAME = 2 }; /* of each that is interned */

enum {
	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PARENT = 5,
	TRACK_COUNTER = 8,
	TRACK_CHILD_ORDERING = 11,
	TRACK_RANK = 12,
	BY_RANK = 3, /* ChildTracksOrdering */
	COUNTER_UNIT_NAME = 6,
};

enum {
	EVENT_CATEGORY_IID = 3,
	EVENT_ARG = 4,
	EVENT_TYPE = 9,
	EVENT_NAME_IID = 10,
	EVENT_TRACK = 11,
	EVENT_COUNTER_VALUE = 30,
	EVENT_FLOW = 47,
	EVENT_LAST_FLOW = 48,
};

enum event_type { SLICE_BEGIN = 1, SLICE_END, INSTANT, COUNTER };

enum {
	ARG_NAME_IID = 1,
	ARG_VALUE_BOOL = 2,
	ARG_VALUE_UINT = 3,
	ARG_VALUE_STRING = 6,
	ARG_VALUE_POINTER = 7,
};

#define SEQUENCE 1

/* What events are called; a name's number is its place, counted from 1. */
static const char *const event_names[] = {
	"add",	   "refused",	   "kick",    "suppress", "doorbell",
	"irq",	   "spurious irq", "reap",    "cb-on",	  "cb-off",
	"request", "send",	   "receive", "buffer",	  "end of the recording",
};

#define EVENT_NAMES (sizeof(event_names) / sizeof(event_names[0]))
#define THE_END "end of the recording"

struct perfetto {
	struct export *x;
	struct protobuf packet;
};

/* ---- packets ---- */

static size_t begin_packet(struct perfetto *p)
{
	size_t at;

	p->packet.size = p->packet.full = 0;
	at = protobuf_begin(&p->packet, TRACE_PACKET);
	protobuf_uint(&p->packet, PACKET_SEQUENCE_ID, SEQUENCE);
	return at;
}

static void end_packet(struct perfetto *p, size_t begin)
{
	protobuf_end(&p->packet, begin);
	fwrite(p->packet.bytes, p->packet.size, 1, p->x->out);
}

static void put_clock(struct protobuf *packet, unsigned int clock, uint64_t now_ns)
{
	size_t at = protobuf_begin(packet, CLOCKS);

	protobuf_uint(packet, CLOCK_ID, clock);
	protobuf_uint(packet, CLOCK_TIMESTAMP, now_ns);
	protobuf_end(packet, at);
}

static void put_interned(struct protobuf *packet, unsigned int field, unsigned int iid,
			 const char *name)
{
	size_t at = protobuf_begin(packet, field);

	protobuf_uint(packet, IID, iid);
	protobuf_text(packet, IID_NAME, name);
	protobuf_end(packet, at);
}

static void put_all_interned(struct protobuf *packet)
{
	size_t at = protobuf_begin(packet, PACKET_INTERNED_DATA);

	put_interned(packet, INTERNED_CATEGORIES, 1, "virtio");
	for (unsigned int i = 0; i < EVENT_NAMES; i++)
		put_interned(packet, INTERNED_EVENT_NAMES, i + 1, event_names[i]);
	for (unsigned int i = 0; i < ARG_NAMES; i++)
		put_interned(packet, INTERNED_ARG_NAMES, i + 1, arg_names[i]);
	protobuf_end(packet, at);
}

/* All names, and the clock that all times are of, with the time of day at one of them. */
static void put_first_packet(struct perfetto *p)
{
	const struct vrt_header *h = &p->x->file.header;
	size_t packet = begin_packet(p), at;

	protobuf_uint(&p->packet, PACKET_FIRST_ON_SEQUENCE, 1);
	protobuf_uint(&p->packet, PACKET_SEQUENCE_FLAGS, STATE_CLEARED | NEEDS_STATE);
	at = protobuf_begin(&p->packet, PACKET_DEFAULTS);
	protobuf_uint(&p->packet, DEFAULTS_CLOCK_ID, MONOTONIC);
	protobuf_end(&p->packet, at);
	put_all_interned(&p->packet);
	at = protobuf_begin(&p->packet, PACKET_CLOCK_SNAPSHOT);
	put_clock(&p->packet, MONOTONIC, le64_read(&h->monotonic_ns));
	if (le64_read(&h->realtime_ns))
		put_clock(&p->packet, REALTIME, le64_read(&h->realtime_ns));
	protobuf_uint(&p->packet, CLOCKS_PRIMARY, MONOTONIC);
	protobuf_end(&p->packet, at);
	end_packet(p, packet);
}

/* ---- tracks ---- */

enum track_kind { TRACK_OF_DEVICE = 1, TRACK_OF_QUEUE, TRACK_IN_FLIGHT, TRACK_LANE, TRACK_FILE };

static uint64_t uuid(enum track_kind kind, const struct export_queue *queue, uint32_t lane)
{
	return (uint64_t)kind << 60 | (uint64_t)queue->device << 36 | (uint64_t)queue->index << 20 |
	       lane;
}

/* A device's track is the same whichever of its queues asks. */
static uint64_t device_uuid(const struct export_queue *queue)
{
	struct export_queue device = { .device = queue->device };

	return uuid(TRACK_OF_DEVICE, &device, 0);
}

/* @parent: 0 for none. @rank: among its sisters. @unit: of a counter; NULL for none. */
static void put_track(struct perfetto *p, uint64_t track, uint64_t parent, unsigned int rank,
		      const char *name, const char *unit)
{
	size_t packet = begin_packet(p), at = protobuf_begin(&p->packet, PACKET_TRACK_DESCRIPTOR);

	protobuf_uint(&p->packet, TRACK_UUID, track);
	protobuf_text(&p->packet, TRACK_NAME, name);
	if (parent)
		protobuf_uint(&p->packet, TRACK_PARENT, parent);
	if (unit) {
		size_t counter = protobuf_begin(&p->packet, TRACK_COUNTER);

		protobuf_text(&p->packet, COUNTER_UNIT_NAME, unit);
		protobuf_end(&p->packet, counter);
	} else {
		protobuf_uint(&p->packet, TRACK_CHILD_ORDERING, BY_RANK);
	}
	protobuf_uint(&p->packet, TRACK_RANK, rank);
	protobuf_end(&p->packet, at);
	end_packet(p, packet);
}

static bool is_device_told(const struct perfetto *p, const struct export_queue *queue)
{
	for (unsigned int i = 0; i < p->x->queue_count; i++)
		if (p->x->queues[i]->told && p->x->queues[i]->device == queue->device)
			return true;
	return false;
}

static void tell_queue(struct perfetto *p, struct export_queue *queue)
{
	char text[2 * VRT_NAME], name[2 * VRT_NAME + 16];

	if (!queue->told) {
		snprintf(name, sizeof(name), "virtio%u %s", queue->device,
			 export_device_text(text, queue));
		if (!is_device_told(p, queue))
			put_track(p, device_uuid(queue), 0, queue->device, name, NULL);
		put_track(p, uuid(TRACK_OF_QUEUE, queue, 0), device_uuid(queue), queue->index,
			  queue->name, NULL);
		put_track(p, uuid(TRACK_IN_FLIGHT, queue, 0), uuid(TRACK_OF_QUEUE, queue, 0), 0,
			  "in flight", "buffers");
	}
	queue->told = true;
	for (; queue->lanes_told < queue->requests.lanes; queue->lanes_told++)
		put_track(p, uuid(TRACK_LANE, queue, queue->lanes_told),
			  uuid(TRACK_OF_QUEUE, queue, 0), 1, "requests", NULL);
}

/* ---- events ---- */

static unsigned int name_iid(const char *name)
{
	for (unsigned int i = 0; i < EVENT_NAMES; i++)
		if (!strcmp(name, event_names[i]))
			return i + 1;
	return 0;
}

struct begun {
	size_t packet, event;
};

/* @name: NULL for none, as at the end of a slice, and for counters. */
static struct begun begin_event(struct perfetto *p, uint64_t now_ns, enum event_type type,
				uint64_t track, const char *name)
{
	struct begun begun = { .packet = begin_packet(p) };

	protobuf_uint(&p->packet, PACKET_TIMESTAMP, now_ns);
	protobuf_uint(&p->packet, PACKET_SEQUENCE_FLAGS, NEEDS_STATE);
	begun.event = protobuf_begin(&p->packet, PACKET_TRACK_EVENT);
	protobuf_uint(&p->packet, EVENT_TYPE, type);
	protobuf_uint(&p->packet, EVENT_TRACK, track);
	if (name) {
		protobuf_uint(&p->packet, EVENT_CATEGORY_IID, 1);
		protobuf_uint(&p->packet, EVENT_NAME_IID, name_iid(name));
	}
	return begun;
}

static void end_event(struct perfetto *p, struct begun begun)
{
	protobuf_end(&p->packet, begun.event);
	end_packet(p, begun.packet);
}

static void put_args(struct protobuf *packet, const struct arg *args, unsigned int count)
{
	static const unsigned int fields[] = { [ARG_NUMBER] = ARG_VALUE_UINT,
					       [ARG_HEX] = ARG_VALUE_POINTER,
					       [ARG_BOOL] = ARG_VALUE_BOOL };

	for (const struct arg *arg = args; arg < args + count; arg++) {
		size_t at = protobuf_begin(packet, EVENT_ARG);

		protobuf_uint(packet, ARG_NAME_IID, arg->name + 1);
		if (arg->kind == ARG_TEXT)
			protobuf_text(packet, ARG_VALUE_STRING, arg->text);
		else
			protobuf_uint(packet, fields[arg->kind], arg->number);
		protobuf_end(packet, at);
	}
}

/* Flows of one decision share this number: its first buffer, the kick, the interrupt, the reap. */
static uint64_t flow(const struct export_queue *queue, uint64_t decision)
{
	return (uint64_t)queue->number << 40 | decision;
}

static void put_in_flight(struct perfetto *p, const struct export_queue *queue, uint64_t now_ns)
{
	struct begun begun = begin_event(p, now_ns, COUNTER, uuid(TRACK_IN_FLIGHT, queue, 0), NULL);

	protobuf_uint(&p->packet, EVENT_COUNTER_VALUE, queue->requests.count);
	end_event(p, begun);
}

/* @step: of the add; NULL if it lies before what was asked for. */
static void begin_request(struct perfetto *p, const struct export_queue *queue,
			  const struct request *request, const struct export_step *step)
{
	struct arg args[MOST_ARGS];
	unsigned int count = step ? export_args(step, args) : export_request_args(request, args);
	struct begun begun =
		begin_event(p, request->added_ns, SLICE_BEGIN,
			    uuid(TRACK_LANE, queue, request->lane), export_request_word(request));

	if (step && step->first)
		protobuf_fixed64(&p->packet, EVENT_FLOW, flow(queue, request->decision));
	put_args(&p->packet, args, count);
	end_event(p, begun);
}

static bool has_begun(const struct perfetto *p, const struct request *request)
{
	return !request->parts_unknown && request->added_ns >= p->x->from_ns;
}

/* @why: an argument that says why it ends, or ARG_NAMES. */
static void end_request(struct perfetto *p, const struct export_queue *queue,
			const struct request *request, uint64_t now_ns, enum arg_name why)
{
	struct arg arg = { why, ARG_BOOL, true, "" };
	struct begun begun;

	if (!has_begun(p, request))
		begin_request(p, queue, request, NULL);
	begun = begin_event(p, now_ns > request->added_ns ? now_ns : request->added_ns, SLICE_END,
			    uuid(TRACK_LANE, queue, request->lane), NULL);
	put_args(&p->packet, &arg, why != ARG_NAMES);
	end_event(p, begun);
}

static void put_event(struct perfetto *p, const struct export_step *step)
{
	const struct vring_event *event = &step->event;
	struct arg args[MOST_ARGS];
	unsigned int count = export_args(step, args);
	struct begun begun =
		begin_event(p, event->time_ns, INSTANT, uuid(TRACK_OF_QUEUE, step->queue, 0),
			    export_event_word(event));
	bool kick = event->type == VRING_EVENT_KICK && event->kick.kick;

	if (kick || step->linked)
		protobuf_fixed64(&p->packet,
				 event->type == VRING_EVENT_REAP ? EVENT_LAST_FLOW : EVENT_FLOW,
				 flow(step->queue, step->request.decision));
	put_args(&p->packet, args, count);
	end_event(p, begun);
}

static void put_step(struct perfetto *p, const struct export_step *step)
{
	const struct vring_event *event = &step->event;
	bool is_add = event->type == VRING_EVENT_ADD && !event->add.error;

	tell_queue(p, step->queue);
	if (is_add && step->lost_reap)
		end_request(p, step->queue, &step->gone, event->time_ns, ARG_NO_REAP);
	if (is_add)
		begin_request(p, step->queue, &step->request, step);
	else
		put_event(p, step);
	if (event->type == VRING_EVENT_REAP && step->known)
		end_request(p, step->queue, &step->request, event->time_ns, ARG_NAMES);
	if (is_add || event->type == VRING_EVENT_REAP)
		put_in_flight(p, step->queue, event->time_ns);
}

/* ---- the whole ---- */

/* What is in flight stays open; of what began earlier it must still be said that it did. */
static void put_rest(struct perfetto *p, struct export_queue *queue, uint64_t last_ns)
{
	struct request request;

	while (requests_drain(&queue->requests, last_ns, &request)) {
		tell_queue(p, queue);
		if (!has_begun(p, &request))
			begin_request(p, queue, &request, NULL);
	}
}

static void put_end(struct perfetto *p, uint64_t last_ns)
{
	const struct vrt_file *file = &p->x->file;
	const struct export_queue none = {};
	struct arg args[] = { { ARG_LOST, ARG_NUMBER, le64_read(&file->loss.lost), "" },
			      { ARG_MISSED, ARG_NUMBER, le64_read(&file->loss.missed), "" },
			      { ARG_CUT, ARG_BOOL, !file->closed, "" } };
	struct begun begun;

	put_track(p, uuid(TRACK_FILE, &none, 0), 0, UINT16_MAX + 1, "recording", NULL);
	begun = begin_event(p, last_ns, INSTANT, uuid(TRACK_FILE, &none, 0), THE_END);
	put_args(&p->packet, args, sizeof(args) / sizeof(args[0]));
	end_event(p, begun);
}

int export_perfetto(struct export *x)
{
	static struct perfetto perfetto;
	const struct export_step *step;
	uint64_t last_ns = x->from_ns;
	int got;

	perfetto.x = x;
	x->links = true;
	put_first_packet(&perfetto);
	while ((got = export_next(x, &step)) > 0 && !ferror(x->out)) {
		if (step->shown)
			put_step(&perfetto, step);
		if (step->event.time_ns > last_ns)
			last_ns = step->event.time_ns;
	}
	for (unsigned int i = 0; i < x->queue_count; i++)
		put_rest(&perfetto, x->queues[i], last_ns);
	put_end(&perfetto, last_ns);
	return got < 0 ? TOOL_FAILED : 0;
}
