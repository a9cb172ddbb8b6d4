/* SPDX-License-Identifier: MIT */
/*
 * A recording as a table, by RFC 4180: a line of names, then a row for each event with all that its
 * record holds. What an event of that kind does not have stays empty. Indices of a packed ring are
 * slot and wrap counter, 5w1.
 */
#include <inttypes.h>
#include <string.h>

#include "bpf/kick_verdict.h"

#include "../event_words.h"
#include "export.h"
#include "../tool.h"

static const char *const columns[] = {
	"time_ns",
	"time_s",
	"queue",
	"device",
	"index",
	"event",
	"layout",
	"event_idx",
	"avail",
	"used",
	"reaped",
	"free",
	"cpu",
	"seq",
	"token",
	"out",
	"in",
	"errno",
	"forced",
	"old",
	"new",
	"batch",
	"by",
	"asked_at",
	"ahead",
	"sure",
	"asked_at_after",
	"device_flags",
	"device_flags_after",
	"irq",
	"spurious",
	"driver_flags",
	"failed",
	"len",
	"age_ns",
	"more",
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define CELL 24

/* The cells behind "seq", by name. */
struct row {
	char token[CELL], out[CELL], in[CELL], error[CELL], forced[CELL], old_idx[CELL],
		new_idx[CELL], batch[CELL], by[CELL], asked_at[CELL], ahead[CELL], sure[CELL],
		asked_at_after[CELL], device_flags[CELL], device_flags_after[CELL], irq[CELL],
		spurious[CELL], driver_flags[CELL], failed[CELL], len[CELL], age[CELL], more[CELL];
};

/* Quoted if it needs to be; names come from a file. */
static void put_text(FILE *out, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void number(char cell[CELL], uint64_t n)
{
	snprintf(cell, CELL, "%" PRIu64, n);
}

static void fill_kick(struct row *row, const struct vring_event *event, unsigned int num)
{
	const struct vring_event_kick *k = &event->kick;
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	struct kick_verdict v = judge_kick(k, event->flags, num);

	index_text(row->old_idx, packed, k->old_idx);
	index_text(row->new_idx, packed, k->new_idx);
	number(row->batch, v.batch);
	snprintf(row->by, CELL, "%s", v.by_index ? "index" : "flags");
	index_text(row->asked_at, packed, k->event);
	index_text(row->asked_at_after, packed, k->event_after);
	if (v.by_index)
		number(row->ahead, v.ahead);
	number(row->sure, !v.unsure);
	number(row->device_flags, k->dev_flags);
	number(row->device_flags_after, k->dev_flags_after);
}

static void fill(struct row *row, const struct export_step *step)
{
	const struct vring_event *event = &step->event;
	bool packed = event->flags & VRING_EVENT_F_PACKED;

	switch (event->type) {
	case VRING_EVENT_ADD:
		snprintf(row->token, CELL, "0x%" PRIx64, event->add.token);
		number(row->out, event->add.out);
		number(row->in, event->add.in);
		number(row->error, -event->add.error);
		number(row->forced, forces_kick(event));
		break;
	case VRING_EVENT_KICK:
		fill_kick(row, event, step->queue->num);
		break;
	case VRING_EVENT_NOTIFY:
		number(row->failed, event->notify.failed);
		break;
	case VRING_EVENT_INTERRUPT:
		number(row->irq, event->interrupt.irq);
		number(row->spurious, !event->interrupt.handled);
		index_text(row->asked_at, packed, event->interrupt.event);
		number(row->driver_flags, event->interrupt.flags);
		break;
	case VRING_EVENT_REAP:
		snprintf(row->token, CELL, "0x%" PRIx64, event->reap.token);
		number(row->len, event->reap.len);
		if (step->known && !step->request.seen_only)
			number(row->age, event->time_ns - step->request.added_ns);
		break;
	case VRING_EVENT_CALLBACKS:
		index_text(row->asked_at, packed, event->callbacks.event);
		number(row->more, event->callbacks.more);
		break;
	}
}

static void put_row(const struct export *x, const struct export_step *step)
{
	const struct vring_event *event = &step->event;
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	char avail[INDEX_TEXT_LEN], used[INDEX_TEXT_LEN], reaped[INDEX_TEXT_LEN];
	uint64_t ns = event->time_ns - x->start_ns;
	bool before = (int64_t)ns < 0;
	struct row row = {};

	ns = before ? -ns : ns;
	fprintf(x->out, "%" PRIu64 ",%s%" PRIu64 ".%09" PRIu64 ",", event->time_ns,
		before ? "-" : "", ns / 1000000000, ns % 1000000000);
	put_text(x->out, step->queue->name);
	fprintf(x->out, ",%u,%u,%s,%s,%u,%s,%s,%s,%u,%u,%u", event->device, event->queue,
		event_word(event), packed ? "packed" : "split",
		!!(event->flags & VRING_EVENT_F_EVENT_IDX),
		index_text(avail, packed, event->avail_idx),
		index_text(used, packed, event->used_idx),
		index_text(reaped, packed, event->last_used), event->num_free, event->cpu,
		event->seq);
	fill(&row, step);
	for (const char *cell = (const char *)&row; cell < (const char *)(&row + 1); cell += CELL)
		fprintf(x->out, ",%s", cell);
	fputs("\r\n", x->out);
}

int export_csv(struct export *x)
{
	const struct export_step *step;
	int got;

	_Static_assert(sizeof(struct row) == (COLUMNS - 14) * CELL, "a cell for each column");
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(x->out, "%s%s", i ? "," : "", columns[i]);
	fputs("\r\n", x->out);
	while ((got = export_next(x, &step)) > 0) {
		if (step->shown)
			put_row(x, step);
		if (ferror(x->out))
			break;
	}
	return got < 0 ? TOOL_FAILED : 0;
}
