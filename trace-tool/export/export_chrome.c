/* SPDX-License-Identifier: MIT */
/*
 * A recording in Chrome's trace format, JSON for chrome://tracing, Perfetto and others.
 *
 * A device is a process and a queue a thread. A buffer is an asynchronous slice from its add to its
 * reap; everything else is an instant. Those that arrows tie together, the kick, the interrupt and
 * the reap, are slices of one nanosecond instead: arrows begin and end at slices only.
 */
#include <inttypes.h>

#include "export_args.h"
#include "../tool.h"

struct chrome {
	struct export *x;
	bool comma;
};

/* ---- pieces of an object ---- */

/* Microseconds, to the nanosecond, since the first event. */
static void put_time(FILE *out, const char *key, int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	fprintf(out, ",\"%s\":%s%" PRIu64 ".%03u", key, ns < 0 ? "-" : "", size / 1000,
		(unsigned int)(size % 1000));
}

/* Names are printable already: two characters are left that JSON takes for its own. */
static void put_text(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void put_args(FILE *out, const struct arg *args, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct arg *arg = &args[i];

		fprintf(out, "%s\"%s\":", i ? "," : ",\"args\":{", arg_names[arg->name]);
		if (arg->kind == ARG_NUMBER)
			fprintf(out, "%" PRIu64, arg->number);
		else if (arg->kind == ARG_HEX)
			fprintf(out, "\"0x%" PRIx64 "\"", arg->number);
		else if (arg->kind == ARG_BOOL)
			fputs(arg->number ? "true" : "false", out);
		else
			put_text(out, arg->text);
	}
	if (count)
		putc('}', out);
}

/* All that events have in common; the closing brace is the caller's. */
static FILE *begin(struct chrome *c, const char *phase, const char *name,
		   const struct export_queue *queue)
{
	FILE *out = c->x->out;

	fprintf(out, "%s{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u,\"name\":", c->comma ? ",\n" : "\n",
		phase, queue->device + 1, queue->index + 1);
	put_text(out, name);
	c->comma = true;
	return out;
}

/* ---- names ---- */

static void put_name(struct chrome *c, const struct export_queue *queue, const char *what,
		     const char *name)
{
	FILE *out = begin(c, "M", what, queue);

	fputs(",\"args\":{\"name\":", out);
	put_text(out, name);
	fputs("}}", out);
}

static void put_order(struct chrome *c, const struct export_queue *queue, const char *what,
		      unsigned int order)
{
	fprintf(begin(c, "M", what, queue), ",\"args\":{\"sort_index\":%u}}", order);
}

static void tell_queue(struct chrome *c, struct export_queue *queue)
{
	char device[2 * VRT_NAME], name[2 * VRT_NAME + 16];

	if (queue->told)
		return;
	queue->told = true;
	snprintf(name, sizeof(name), "virtio%u %s", queue->device,
		 export_device_text(device, queue));
	put_name(c, queue, "process_name", name);
	put_order(c, queue, "process_sort_index", queue->device);
	put_name(c, queue, "thread_name", queue->name);
	put_order(c, queue, "thread_sort_index", queue->index);
}

/* ---- requests ---- */

static void put_request(struct chrome *c, const struct export_queue *queue, const char *phase,
			const struct request *request, int64_t ns, const struct arg *args,
			unsigned int count)
{
	FILE *out = begin(c, phase, export_request_word(request), queue);

	fprintf(out, ",\"cat\":\"request\",\"id\":\"%u:%u#%" PRIu64 "\"", queue->device,
		queue->index, request->number);
	put_time(out, "ts", (int64_t)((uint64_t)ns - c->x->start_ns));
	put_args(out, args, count);
	putc('}', out);
}

static void begin_request(struct chrome *c, const struct export_queue *queue,
			  const struct request *request)
{
	struct arg args[MOST_ARGS];
	unsigned int count = export_request_args(request, args);

	put_request(c, queue, "b", request, request->added_ns, args, count);
}

/* @why: an argument that says why it ends, or ARG_NAMES. */
static void end_request(struct chrome *c, const struct export_queue *queue,
			const struct request *request, uint64_t now_ns, enum arg_name why)
{
	struct arg arg = { why, ARG_BOOL, true, "" };

	/* It began before what was asked for: nobody has said so yet. */
	if (request->parts_unknown || request->added_ns < c->x->from_ns)
		begin_request(c, queue, request);
	put_request(c, queue, "e", request, now_ns > request->added_ns ? now_ns : request->added_ns,
		    &arg, why != ARG_NAMES);
}

static void put_in_flight(struct chrome *c, const struct export_queue *queue, uint64_t now_ns)
{
	char name[VRT_QUEUE_NAME + 16];
	FILE *out;

	snprintf(name, sizeof(name), "in flight %s", queue->name);
	out = begin(c, "C", name, queue);
	put_time(out, "ts", now_ns - c->x->start_ns);
	fprintf(out, ",\"args\":{\"buffers\":%u}}", queue->requests.count);
}

/* ---- events ---- */

static bool has_arrow(const struct export_step *step)
{
	return step->event.type == VRING_EVENT_KICK ? step->event.kick.kick : step->linked;
}

/* The arrow begins at the kick; at the interrupt, if the device needed no kick. */
static void put_arrow(struct chrome *c, const struct export_step *step)
{
	uint8_t type = step->event.type;
	const char *phase = type == VRING_EVENT_REAP			      ? "f" :
			    type == VRING_EVENT_KICK || !step->request.kicked ? "s" :
										"t";
	FILE *out = begin(c, phase, "kick, irq, reap", step->queue);

	fprintf(out, ",\"cat\":\"arrow\",\"id\":%" PRIu64,
		(uint64_t)step->queue->number << 32 | step->request.decision);
	put_time(out, "ts", step->event.time_ns - c->x->start_ns);
	fputs(type == VRING_EVENT_REAP ? ",\"bp\":\"e\"}" : "}", out);
}

static void put_event(struct chrome *c, const struct export_step *step)
{
	bool arrow = has_arrow(step);
	struct arg args[MOST_ARGS];
	unsigned int count = export_args(step, args);
	FILE *out = begin(c, arrow ? "X" : "i", export_event_word(&step->event), step->queue);

	fputs(",\"cat\":\"event\"", out);
	put_time(out, "ts", step->event.time_ns - c->x->start_ns);
	fputs(arrow ? ",\"dur\":0.001" : ",\"s\":\"t\"", out);
	put_args(out, args, count);
	putc('}', out);
	if (arrow)
		put_arrow(c, step);
}

static void put_step(struct chrome *c, const struct export_step *step)
{
	const struct vring_event *event = &step->event;
	bool is_add = event->type == VRING_EVENT_ADD && !event->add.error;

	tell_queue(c, step->queue);
	if (is_add && step->lost_reap)
		end_request(c, step->queue, &step->gone, event->time_ns, ARG_NO_REAP);
	if (is_add)
		begin_request(c, step->queue, &step->request);
	else
		put_event(c, step);
	if (event->type == VRING_EVENT_REAP && step->known)
		end_request(c, step->queue, &step->request, event->time_ns, ARG_NAMES);
	if (is_add || event->type == VRING_EVENT_REAP)
		put_in_flight(c, step->queue, event->time_ns);
}

/* ---- the whole ---- */

static void put_header(struct export *x)
{
	char source[VRT_NAME], release[VRT_NAME];

	vrt_name(source, x->file.header.source);
	vrt_name(release, x->file.header.release);
	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"recorder\":", x->out);
	put_text(x->out, source);
	fputs(",\"kernel\":", x->out);
	put_text(x->out, release);
	fprintf(x->out,
		",\"first_event_ns\":\"%" PRIu64 "\",\"lost\":%" PRIu64 ",\"missed\":%" PRIu64
		",\"cut_off\":%s},\n\"traceEvents\":[",
		x->start_ns, le64_read(&x->file.loss.lost), le64_read(&x->file.loss.missed),
		x->file.closed ? "false" : "true");
}

int export_chrome(struct export *x)
{
	struct chrome chrome = { .x = x };
	const struct export_step *step;
	struct request request;
	uint64_t last_ns = x->from_ns;
	int got;

	x->links = true;
	put_header(x);
	while ((got = export_next(x, &step)) > 0 && !ferror(x->out)) {
		if (step->shown)
			put_step(&chrome, step);
		if (step->event.time_ns > last_ns)
			last_ns = step->event.time_ns;
	}
	for (unsigned int i = 0; i < x->queue_count; i++)
		while (requests_drain(&x->queues[i]->requests, last_ns, &request)) {
			tell_queue(&chrome, x->queues[i]);
			end_request(&chrome, x->queues[i], &request, last_ns, ARG_IN_FLIGHT);
		}
	fputs("\n]}\n", x->out);
	return got < 0 ? TOOL_FAILED : 0;
}
