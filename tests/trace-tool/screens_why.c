/* SPDX-License-Identifier: MIT */
/*
 * The screen's decisions and counts, the screen of all queues, and the lines around them.
 */
#include "tests/trace-tool/picture.h"

/* ---- WHY ---- */

static void a_kick_and_a_suppressed_one_have_their_arithmetic(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, 41236);

	(void)state;
	look(p);
	p->now_ns += 118204000;
	happens(p, kick_event(p, 41236, 41237, 41236, true));
	p->now_ns += 141000;
	happens(p, kick_event(p, 41237, 41238, 41236, false));
	draw(p);
	assert_line(p, " 0.118204", "41236->41237");
	assert_line(p, "KICK       41237-41236-1 = 0 < 1", "need_event   sure");
	assert_line(p, " 0.118345", "41237->41238");
	assert_line(p, "suppressed 41238-41236-1 = 1 >= 1", "not re-armed sure");
	p->cols = 80;
	draw(p);
	assert_line(p, " 0.118204  41236->41237 KICK", "need_event\n");
}

/* 65535, 0: the event was the entry before the first of the batch, and is not passed again. */
static void the_arithmetic_is_right_at_the_wrap(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, 0xffff);

	(void)state;
	happens(p, kick_event(p, 0xffff, 1, 0xffff, true));
	happens(p, kick_event(p, 0xffff, 1, 0xfffe, false));
	draw(p);
	assert_line(p, "65535->1", "KICK       1-65535-1 = 1 < 2");
	assert_line(p, "65535->1", "suppressed 1-65534-1 = 2 >= 2");
}

static void the_arithmetic_of_a_packed_ring_knows_its_laps(void **state)
{
	struct picture *p = disk(16, PACKED | EVENT_IDX, 0);

	(void)state;
	happens(p, kick_event(p, 5 | 0x8000, 8 | 0x8000, 5 | 0x8000, true));
	happens(p, kick_event(p, 14 | 0x8000, 1, 14 | 0x8000, true));
	draw(p);
	assert_line(p, "5w1->8w1", "KICK       8-5-1 = 2 < 3");
	assert_line(p, "14w1->1w0", "KICK       1+16-14-1 = 2 < 3");
}

static void a_decision_by_flags_names_them(void **state)
{
	struct picture *p = disk(16, 0, START);
	struct vring_event event = kick_event(p, START, START + 1, 0, false);

	(void)state;
	event.kick.dev_flags = event.kick.dev_flags_after = VRING_USED_F_NO_NOTIFY;
	happens(p, event);
	draw(p);
	assert_line(p, "suppressed used.flags = NO_NOTIFY", "flags");
}

static void an_event_rewritten_meanwhile_is_unsure(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);
	struct vring_event event = kick_event(p, START, START + 1, START, true);

	(void)state;
	event.kick.event_after = START + 1;
	happens(p, event);
	draw(p);
	assert_line(p, "KICK", "need_event   ~");
	assert_shows(p, "unsure 1");
	p->cols = 80;
	draw(p);
	assert_line(p, "KICK", " ~\n");
}

static void an_interrupt_tells_what_came_of_it(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);
	struct vring_event event;

	(void)state;
	add_request(p, 4096, true, token(1));
	ring_use(p->ring, 0, 4097, 3);
	event = event_of(p, VRING_EVENT_INTERRUPT);
	event.interrupt.irq = 36;
	event.interrupt.handled = 1;
	happens(p, event);
	p->now_ns += 3000;
	ring_get(p->ring, NULL);
	happens(p, event_of(p, VRING_EVENT_REAP));
	event = event_of(p, VRING_EVENT_INTERRUPT);
	event.interrupt.irq = 36;
	happens(p, event);
	draw(p);
	assert_line(p, "used 65520->65521", "irq 36     reaped 1, irq->reap 3us");
	assert_line(p, "used 65521->65521", "nothing to reap              nothing used spurious");
	assert_shows(p, "irq 36 cpu0");
}

static void a_full_ring_forces_a_kick(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);
	struct vring_event event = event_of(p, VRING_EVENT_ADD);

	(void)state;
	event.add.error = -ENOSPC;
	event.add.out = 2;
	event.add.in = 1;
	event.num_free = 2;
	happens(p, event);
	draw(p);
	assert_line(p, "add at 65520", "FORCED     2 free, 3 wanted: kicked");
	assert_shows(p, "forced(full) 1");
}

static void only_lines_that_contain_the_filter_are_shown(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	happens(p, kick_event(p, 1, 2, 1, true));
	happens(p, kick_event(p, 3, 4, 1, false));
	strcpy(p->browse.filter, "kick");
	draw(p);
	assert_shows(p, "WHY  newest first, only with kick");
	assert_shows(p, "1->2");
	assert_shows_not(p, "3->4");
	strcpy(p->browse.filter, "irq 77");
	draw(p);
	assert_shows(p, "No decision that contains irq 77");
}

static void decisions_scroll_and_stop_at_the_last(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	for (uint16_t i = 0; i < 60; i++)
		happens(p, kick_event(p, i, i + 1, i, true));
	p->browse.panel = PANEL_WHY;
	draw(p);
	assert_shows(p, "59->60");
	assert_shows_not(p, " 9->10");
	p->browse.scroll = 50;
	draw(p);
	assert_shows(p, " 9->10");
	assert_shows(p, " 0->1");
	p->browse.scroll = 1000;
	draw(p);
	assert_int_equal(p->browse.scroll, 60 - 25); /* the last page is a full one */
	assert_shows(p, " 0->1");
}

static void without_events_the_screen_says_how_to_get_them(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	p->watch.events_known = false;
	p->browse.mode = BROWSE_LIVE;
	p->status.from_ns = 0;
	p->rows = 40;
	add_request(p, 4096, true, token(1));
	show(p);
	assert_shows(p, "next add would not kick: 65522-0-1 = 65521 >= 2");
	assert_shows(p, "No events: w sets the hooks that tell why each time.");
	assert_shows(p, "add -");
	assert_shows(p, "irq -");
	assert_shows(p, "LAST SECOND  by snapshots");
	assert_shows(p, "with device: min 1  p50 1  max 1");
	assert_shows_not(p, "hooks off");
}

static void decisions_from_before_the_hooks_went_are_called_so(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	p->rows = 40;
	look(p);
	happens(p, kick_event(p, 0, 1, 0, true));
	watch_at(&p->watch, p->now_ns);
	draw(p);
	assert_shows_not(p, "hooks off");
	p->watch.events_known = false;
	draw(p);
	assert_shows(p, "WHY  newest first, hooks off");
}

/* ---- the last second ---- */

static void the_last_second_counts_shares_and_units(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	p->rows = 40;
	look(p);
	p->watch.events_known = true;
	for (int i = 0; i < 3; i++)
		happens(p, kick_event(p, i, i + 1, i, i == 0));
	watch_at(&p->watch, p->now_ns);
	draw(p);
	assert_shows(p, "add 0 in 3 batches   kick 1   suppressed 2 (67%)   forced(full) 0");
	assert_shows(p, "add to reap: -");
}

/* Four buffers took 5, 6, 100 and 4000 us. */
static void the_histogram_has_a_bucket_for_each_power_of_two(void **state)
{
	static const unsigned int us[] = { 5, 6, 100, 4000 };
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	for (uintptr_t i = 0; i < 4; i++) {
		struct vring_event event = event_of(p, VRING_EVENT_ADD);

		event.add.token = i + 1;
		happens(p, event);
		p->now_ns += us[i] * 1000;
		event = event_of(p, VRING_EVENT_REAP);
		event.reap.token = i + 1;
		happens(p, event);
	}
	p->browse.panel = PANEL_HIST;
	draw(p);
	assert_shows(p, "FROM ADD TO REAP, LAST SECOND   4 buffers");
	assert_shows(
		p,
		"         4 -> 7          : 2        |****************************************|");
	assert_shows(
		p,
		"        64 -> 127        : 1        |********************                    |");
	assert_shows(p, "      2048 -> 4095       : 1 ");
	assert_shows(p, "         2 -> 3          : 0 ");
	p->browse.panel = PANEL_RING;
	p->rows = 40;
	draw(p);
	assert_shows(p, "add to reap p50 6us  p99 4.0 ms  max 4.0 ms");
}

static void a_receiving_queue_that_ran_empty_is_starved(void **state)
{
	struct picture *p = picture_new(16, EVENT_IDX, START, VIRTIO_ID_NET, "input.0");

	(void)state;
	p->rows = 40;
	add(p, 0, 1, token(1));
	look(p);
	p->now_ns += 3 * WATCH_SECOND;
	ring_use(p->ring, 0, 16, 1);
	look(p);
	p->now_ns += 250 * MS;
	draw(p);
	assert_shows(p, "starved 1 (last 250 ms ago)");
	assert_line(p, "      ", "0"); /* in the strip */
	p->now_ns += 20 * WATCH_SECOND;
	draw(p);
	assert_shows(p, "starved 0 (last 20.2 s ago)");
}

static void the_stalest_is_the_oldest_with_the_device(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	p->rows = 60;
	add_request(p, 4096, true, token(0xa));
	p->now_ns += 1000;
	add_request(p, 4096, true, token(0xb));
	p->now_ns += 1204 * MS;
	show(p);
	assert_shows(p, "head 0  added 1.204 s ago  token 0xa");
	ring_use(p->ring, 0, 4097, 3); /* then it is the driver's turn */
	show(p);
	assert_shows(p, "head 3  added 1.204 s ago  token 0xb");
}

/* ---- the lines around ---- */

static void what_was_lost_is_never_left_out(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	p->cols = 80;
	p->status.lost = 12;
	p->status.missed = 3;
	p->status.cut = true;
	p->status.cost = 0.0034;
	strcpy(p->status.mode, "PLAY x0.001");
	strcpy(p->watch.name, "virtio1/a-queue-with-a-long-name");
	show(p);
	assert_shows(p, "lost 12");
	assert_shows(p, "missed 3");
	p->cols = 100;
	draw(p);
	assert_shows(p, "CUT OFF");
	assert_shows(p, "cost 0.3%");
}

static void what_is_typed_stands_in_the_last_line(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	show(p);
	assert_shows(p, " q quit");
	p->browse.typing = 'g';
	strcpy(p->browse.typed, "1.5");
	draw(p);
	assert_shows(p, " go to: 1.5_\n");
	p->browse.typing = 0;
	strcpy(p->browse.message, "not a time: x");
	draw(p);
	assert_shows(p, " not a time: x\n");
	assert_shows_not(p, "q quit");
}

static void names_from_a_file_do_no_harm(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	memset(p->watch.driver, 0x1b, sizeof(p->watch.driver) - 1);
	memset(p->watch.alias, '%', sizeof(p->watch.alias) - 1);
	p->cols = 200;
	show(p);
	assert_shows_not(p, "\033");
	assert_shows(p, "????????");
}

/* ---- top ---- */

static struct watch watches[40];
static struct top_row rows[40];
static struct top_view top = { .rows = rows, .devices = 3, .hooks = 9, .release = "6.1.0" };

static void draw_top(struct picture *p, size_t count)
{
	FILE *file;

	top.count = count;
	for (size_t i = 0; i < count; i++) {
		rows[i].watch = &watches[i];
		snprintf(watches[i].name, sizeof(watches[i].name), "virtio%zu/input.0", i);
		strcpy(watches[i].driver, "virtio_net");
		watches[i].num = 256;
	}
	assert_int_equal(frame_resize(&p->frame, p->rows, p->cols), 0);
	screen_top(&p->frame, &top, &p->status, &p->browse);
	free(p->text);
	file = open_memstream(&p->text, &p->text_bytes);
	assert_non_null(file);
	frame_print(&p->frame, file, true, false);
	fclose(file);
}

static void top_has_a_line_for_each_queue(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	rows[0] = (struct top_row){ .busy = 0.98,
				    .add = 81200,
				    .kick = 0,
				    .suppressed = 5900,
				    .irq = 3900,
				    .spurious = 12,
				    .p50_us = 3.14,
				    .p99_us = 9400,
				    .flag = "rx,self" };
	rows[1] = (struct top_row){ .busy = 0.004,
				    .add = -1,
				    .kick = -1,
				    .suppressed = -1,
				    .irq = 0,
				    .spurious = -1,
				    .p50_us = -1,
				    .p99_us = -1,
				    .flag = "STALL?",
				    .stall = "1 buffer with the device" };
	p->cols = 80;
	p->browse.mode = BROWSE_TOP;
	draw_top(p, 2);
	assert_shows(p, ">virtio0/input.0    256   98%  81.2k      0   100  3900   12   3.1 "
			" 9400 rx,self\n");
	assert_shows(p, " virtio1/input.0    256    0%      -      -     -     0    -     - "
			"    - STALL?\n");
	assert_int_equal(p->browse.limit, 2);
	p->browse.cursor = 1;
	draw_top(p, 2);
	assert_shows(p, " virtio1/input.0  STALL?  1 buffer with the device");
	p->cols = 100;
	draw_top(p, 2);
	assert_shows(p, "virtio_net");
	assert_shows(p, "kernel 6.1.0  3 devices 2 queues");
	assert_line(p, "virtio0/input.0  virtio_net  split", "rx,self\n");
	p->browse.panel = PANEL_HELP;
	draw_top(p, 2);
	assert_line(p, " s         sort by another column", "IRQ/s     interrupts");
	assert_shows_not(p, "virtio0/input.0");
}

static void top_scrolls_and_filters(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	p->rows = 24;
	p->cols = 80;
	p->browse.cursor = 39;
	draw_top(p, 40);
	assert_shows(p, ">virtio39/input.0");
	assert_shows_not(p, "virtio21/input.0");
	assert_shows(p, "23 to 40 of 40");
	strcpy(p->browse.filter, "virtio2");
	draw_top(p, 40);
	assert_int_equal(p->browse.limit, 11); /* 2, 20 to 29 */
	assert_shows(p, "only with virtio2");
	assert_shows(p, ">virtio29/input.0");
	strcpy(p->browse.filter, "nobody");
	draw_top(p, 40);
	assert_shows(p, "No queue that contains nobody.");
	assert_int_equal(p->browse.limit, 0);
}

int main(int argc, char **argv)
{
#define screen_test(name) cmocka_unit_test_teardown(name, picture_free)
	const struct CMUnitTest tests[] = {
		screen_test(a_kick_and_a_suppressed_one_have_their_arithmetic),
		screen_test(the_arithmetic_is_right_at_the_wrap),
		screen_test(the_arithmetic_of_a_packed_ring_knows_its_laps),
		screen_test(a_decision_by_flags_names_them),
		screen_test(an_event_rewritten_meanwhile_is_unsure),
		screen_test(an_interrupt_tells_what_came_of_it),
		screen_test(a_full_ring_forces_a_kick),
		screen_test(only_lines_that_contain_the_filter_are_shown),
		screen_test(decisions_scroll_and_stop_at_the_last),
		screen_test(without_events_the_screen_says_how_to_get_them),
		screen_test(decisions_from_before_the_hooks_went_are_called_so),
		screen_test(the_last_second_counts_shares_and_units),
		screen_test(the_histogram_has_a_bucket_for_each_power_of_two),
		screen_test(a_receiving_queue_that_ran_empty_is_starved),
		screen_test(the_stalest_is_the_oldest_with_the_device),
		screen_test(what_was_lost_is_never_left_out),
		screen_test(what_is_typed_stands_in_the_last_line),
		screen_test(names_from_a_file_do_no_harm),
		screen_test(top_has_a_line_for_each_queue),
		screen_test(top_scrolls_and_filters),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
