/* SPDX-License-Identifier: MIT */
/*
 * What several panels say in the same words: times, ages, the arithmetic of a decision.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bpf/kick_verdict.h"

#include "panel.h"

const char *screen_time(const struct screen *screen, uint64_t ns, char buf[TIME_LEN])
{
	const struct screen_status *s = screen->s;
	const uint64_t second = WATCH_SECOND;
	uint64_t since = ns > s->from_ns ? ns - s->from_ns : 0;
	struct tm tm;
	time_t seconds;

	if (s->from_ns) {
		snprintf(buf, TIME_LEN, "%" PRIu64 ".%06" PRIu64, since / second,
			 since % second / 1000);
		return buf;
	}
	ns += s->realtime_offset_ns;
	seconds = ns / second;
	if (!localtime_r(&seconds, &tm))
		tm = (struct tm){};
	snprintf(buf, TIME_LEN, "%02d:%02d:%02d.%06u", tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned int)(ns % second / 1000));
	return buf;
}

bool kick_words(const struct vring_event_kick *k, uint8_t flags, unsigned int num, char *buf,
		size_t size)
{
	struct kick_verdict v = judge_kick(k, flags, num);
	const char *sign = v.kick ? "<" : ">=";

	if (!v.by_index) {
		if (flags & VRING_EVENT_F_PACKED)
			snprintf(buf, size, "device's flags = %s",
				 k->dev_flags == VRING_PACKED_EVENT_FLAG_DISABLE ? "DISABLE" :
										   "ENABLE");
		else
			snprintf(buf, size, "used.flags = %s",
				 k->dev_flags & VRING_USED_F_NO_NOTIFY ? "NO_NOTIFY" : "0");
	} else if (!(flags & VRING_EVENT_F_PACKED)) {
		snprintf(buf, size, "%u-%u-1 = %u %s %u", k->new_idx, k->event, v.ahead, sign,
			 v.batch);
	} else if (packed_wrap(k->new_idx) == packed_wrap(k->event)) {
		snprintf(buf, size, "%u-%u-1 = %u %s %u", packed_slot(k->new_idx),
			 packed_slot(k->event), v.ahead, sign, v.batch);
	} else {
		/* An entry of the lap before lies a whole ring further back (2.8.10). */
		snprintf(buf, size, "%u+%u-%u-1 = %u %s %u", packed_slot(k->new_idx), num,
			 packed_slot(k->event), v.ahead, sign, v.batch);
	}
	return v.kick;
}

const char *buffer_age(const struct screen *screen, const struct snapshot_note *note,
		       char buf[NUMBER_LEN])
{
	char age[NUMBER_LEN];

	if (!note || !note->added_ns || note->added_ns > screen->w->now_ns)
		return "";
	age_text(age, screen->w->now_ns - note->added_ns);
	snprintf(buf, NUMBER_LEN, "%s%.20s", note->seen_only ? ">" : "", age);
	return buf;
}

bool buffer_is_old(const struct screen *screen, const struct snapshot_note *note)
{
	return note && note->added_ns && note->added_ns + OLD_NS < screen->w->now_ns;
}

/* From event to event it is never as much as a lap; from the copy on it may be many. */
static void go_on(const struct watch *w, bool packed, uint16_t *from, uint16_t to,
		  unsigned int *steps)
{
	uint16_t more = index_steps(packed, w->num, *from, to);

	/* An event that was written a moment late has an index that lies behind. */
	if (more >= (packed ? w->num + 1 : 0x8000))
		return;
	*steps += more;
	*from = to;
}

struct since since_snapshot(const struct watch *w)
{
	struct vt_positions at;
	struct since since = {};
	size_t first = w->event_count;

	if (!w->snapshot)
		return since;
	at = w->snapshot->head.before;
	while (first > 0 && w->events[first - 1].time_ns > w->snapshot->head.time_ns)
		first--;
	for (size_t i = first; i < w->event_count; i++) {
		go_on(w, w->packed, &at.avail_idx, w->events[i].avail_idx, &since.added);
		go_on(w, w->packed, &at.last_used, w->events[i].last_used, &since.reaped);
		if (!w->packed)
			go_on(w, false, &at.used_mem, w->events[i].used_idx, &since.used);
	}
	return since;
}

static const char *words_of_snapshot(const struct screen *screen, bool brief, char *buf,
				     size_t size)
{
	const struct watch *w = screen->w;
	const struct since *since = &screen->since;
	char age[NUMBER_LEN];

	buf[0] = '\0';
	if (!w->snapshot)
		return buf;
	if (w->snapshot->moving)
		snprintf(buf, size, brief ? "MOVING" : "MOVING while it was copied");
	else if ((since->added || since->used || since->reaped) &&
		 w->now_ns > w->snapshot->head.time_ns)
		snprintf(buf, size, brief ? "%s old" : "memory as of %s before",
			 age_text(age, w->now_ns - w->snapshot->head.time_ns));
	return buf;
}

const char *snapshot_words(const struct screen *screen, char *buf, size_t size)
{
	return words_of_snapshot(screen, false, buf, size);
}

const char *snapshot_words_brief(const struct screen *screen, char *buf, size_t size)
{
	return words_of_snapshot(screen, true, buf, size);
}

unsigned int screen_scroll(struct browse *b, unsigned int total, unsigned int shown)
{
	b->page = shown;
	if (b->scroll + shown > total)
		b->scroll = total > shown ? total - shown : 0;
	return b->scroll;
}

unsigned int screen_scroll_to_cursor(struct browse *b, unsigned int num, unsigned int shown,
				     unsigned int across)
{
	unsigned int line = b->cursor / across;

	b->limit = num;
	b->across = across;
	if (line < b->scroll)
		b->scroll = line;
	else if (shown && line >= b->scroll + shown)
		b->scroll = line - shown + 1;
	return screen_scroll(b, (num + across - 1) / across, shown);
}

void draw_range(const struct pane *p, int row, unsigned int first, unsigned int shown,
		unsigned int total)
{
	char text[40];

	if (shown >= total || !shown)
		return;
	snprintf(text, sizeof(text), " %u-%u ", first,
		 first + shown < total ? first + shown - 1 : total - 1);
	pane_text(p, row, p->cols - (int)strlen(text), STYLE_TITLE, "%s", text);
}
