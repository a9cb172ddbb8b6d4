/* SPDX-License-Identifier: MIT */
/*
 * A recording as lines of JSON: what trace -j would have printed, then how much was lost.
 */
#include <time.h>

#include "../event_json.h"
#include "export.h"
#include "../tool.h"

/* By the clock of whoever recorded, in the time zone of whoever reads. */
static const char *time_of_day(const struct export *x, uint64_t time_ns, char buf[24])
{
	const struct vrt_header *h = &x->file.header;
	uint64_t ns = time_ns - le64_read(&h->monotonic_ns) + le64_read(&h->realtime_ns);
	time_t seconds = ns / 1000000000;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(buf, 24, "%H:%M:%S", &tm);
	snprintf(buf + 8, 16, ".%06d", (int)(ns % 1000000000 / 1000));
	return buf;
}

int export_json(struct export *x)
{
	const struct export_step *step;
	json_object *loss;
	int got;

	while ((got = export_next(x, &step)) > 0) {
		const struct vring_event *event = &step->event;
		uint64_t age = 0;
		char text[24];

		if (!step->shown)
			continue;
		if (step->known && !step->request.seen_only)
			age = event->time_ns - step->request.added_ns;
		json_line_to(x->out,
			     event_json(step->queue->name, step->queue->num, event, age,
					tool.wall_clock ? time_of_day(x, event->time_ns, text) :
							  NULL));
		if (ferror(x->out))
			return 0;
	}
	loss = json_object_new_object();
	json_add_int(loss, "lost", le64_read(&x->file.loss.lost));
	json_add_int(loss, "missed", le64_read(&x->file.loss.missed));
	json_line_to(x->out, loss);
	return got ? TOOL_FAILED : 0;
}
