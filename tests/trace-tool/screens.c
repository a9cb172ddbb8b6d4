/* SPDX-License-Identifier: MIT */
/*
 * The screen of a queue: what was done to the ring stands there, in the right words and with the
 * right numbers.
 */
#include "tests/trace-tool/picture.h"

/* ---- split ---- */

/*
 *   0 header -> 1 data -> 2 status    with the device, 41 us old
 */
static void a_request_with_the_device_has_owner_age_and_parts(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	add_request(p, 4096, true, token(1));
	p->now_ns += 41000;
	show(p);
	assert_line(p, " 0 1025a2000   16 N..   1 DEV      41us", "header");
	assert_line(p, " 1 107d12000 4096 NW.   2 DEV", "data in");
	assert_line(p, " 2 1025a2010    1 .W.   - DEV", "status");
	assert_line(p, " 3         .    . ...   4 free", "|");
	assert_shows(p, "DESCRIPTORS 13/16 free, free_head 3");
	assert_shows(p, "virtio1/req.0  virtio_blk vda  split 16  PAUSED");
}

static void data_the_device_reads_is_data_out(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	add_request(p, 512, false, token(1));
	show(p);
	assert_line(p, "512 N..   2 DEV", "data out");
}

static void what_is_used_and_not_reaped_is_the_drivers(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	add_request(p, 4096, true, token(1));
	ring_use(p->ring, 0, 4097, 3);
	show(p);
	assert_line(p, " 1 107d12000 4096 NW.   2 DRV", "data in");
	/* Entry 0 of the used ring has it; the device goes on at 1, the driver reaps at 0. */
	assert_shows(p, " 0 4097*<-last\n");
	assert_shows(p, " 0    0 <-used\n");
	assert_line(p, "driver: asked 1 back, irq is due", "unreaped 1");
	assert_shows(p, "in flight 1");
}

/* 2.7.9: three buffers, one used element, at the first of their places and with the last's id. */
static void in_order_one_element_stands_for_several_buffers(void **state)
{
	struct picture *p = disk(16, EVENT_IDX | IN_ORDER, START);

	(void)state;
	for (uintptr_t i = 1; i <= 4; i++)
		add(p, 1, 0, token(i));
	le32_write(&p->ring->split.used->ring[0].id, 2);
	le16_write(&p->ring->split.used->idx, START + 3);
	show(p);
	assert_line(p, "> 0     1000 ", "DRV");
	assert_line(p, "  1     1000 ", "DRV");
	assert_line(p, "  2     1000 ", "DRV");
	assert_line(p, "  3     1000 ", "DEV");
	assert_shows(p, "unreaped 3");
}

static void an_empty_ring_is_free_throughout(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	show(p);
	assert_shows_not(p, " DEV     ");
	assert_shows(p, "DESCRIPTORS 16/16 free");
	assert_line(p, "avail.idx 65520", "in flight 0");
	assert_line(p, "used.idx  65520", "unreaped 0");
	assert_shows(p, "<-used,last");
}

static void a_full_ring_has_every_entry_in_flight(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);
	unsigned int marks = 0;

	(void)state;
	for (uintptr_t i = 1; i <= 16; i++)
		add(p, 1, 0, token(i));
	show(p);
	for (const char *at = p->text; (at = strchr(at, '*')); at++)
		marks++;
	assert_int_equal(marks, 16 + 1); /* and once in the line that says what it means */
	assert_shows(p, "0*<-avail");
	assert_shows(p, "DESCRIPTORS 0/16 free");
	assert_shows(p, "in flight 16");
	assert_shows_not(p, " free_head");
}

/* The index of an entry is not its slot: 65535 and then 0. */
static void indices_wrap_at_16_bits(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, 0xffff);

	(void)state;
	le16_write(vring_avail_event(&p->ring->split), 0xffff);
	add(p, 1, 0, token(1));
	add(p, 1, 0, token(2));
	show(p);
	assert_line(p, "avail.idx     1  avail_event 65535", "device: asked 2 back, not again");
	assert_shows(p, "in flight 2");
	assert_line(p, "next add would KICK: 2-65535-1 = 2 < 3", "2 added and not decided upon");
}

static void the_next_add_is_judged_by_the_state_alone(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, 41236);

	(void)state;
	le16_write(vring_avail_event(&p->ring->split), 41236);
	add(p, 1, 0, token(1));
	add(p, 1, 0, token(2));
	decide(p);
	show(p);
	assert_shows(p, "next add would not kick: 41239-41236-1 = 2 >= 1");
	le16_write(vring_avail_event(&p->ring->split), 41238);
	show(p);
	assert_shows(p, "next add would KICK: 41239-41238-1 = 0 < 1");
	assert_line(p, "avail_event 41238", "device: 'kick me at the next'");
}

static void an_event_index_ahead_and_a_stale_one_are_told_apart(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	le16_write(vring_avail_event(&p->ring->split), START + 3);
	show(p);
	assert_shows(p, "device: 'kick me in 4 more'");
	le16_write(vring_avail_event(&p->ring->split), START - 500);
	show(p);
	assert_shows(p, "stale: the device has long not asked");
	p->cols = 80;
	draw(p);
	assert_line(p, "avail_event 65020", "stale");
}

static void without_event_idx_flags_speak(void **state)
{
	struct picture *p = disk(16, 0, START);

	(void)state;
	show(p);
	assert_shows(p, "EVENT_IDX off");
	assert_shows(p, "used.flags 0: kick each time");
	assert_shows(p, "next add would KICK: used.flags = 0");
	assert_shows(p, "avail.flags 0: irq each time");
	le16_write(&p->ring->split.used->flags, VRING_USED_F_NO_NOTIFY);
	virtqueue_disable_cb(p->ring->vq);
	show(p);
	assert_shows(p, "used.flags NO_NOTIFY");
	assert_shows(p, "next add would not kick: used.flags = NO_NOTIFY");
	assert_line(p, "used.idx", "avail.flags NO_INTERRUPT");
	assert_shows(p, "callbacks OFF");
}

/* Linux says "off" by an index that is none, and notes the flag where only it can see it. */
static void callbacks_off_under_event_idx_are_no_index(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	virtqueue_disable_cb(p->ring->vq);
	show(p);
	assert_line(p, "used_event", "the driver's 'off', no index");
	assert_shows(p, "next used would not irq: callbacks are off");
}

static void a_table_is_told_by_its_length_and_opened_in_its_chain(void **state)
{
	struct picture *p = disk(16, EVENT_IDX | INDIRECT_DESC, START);

	(void)state;
	add_request(p, 4096, true, token(0xabc));
	p->now_ns += 3 * MS + 150000;
	show(p);
	assert_line(p, " 0 ", "48 ..I   - DEV");
	assert_shows(p, "table of 3");
	p->browse.panel = PANEL_CHAIN;
	draw(p);
	assert_shows(p, "CHAIN of descriptor 0: buffer head 0");
	assert_shows(p, "3 descriptors: device reads 16 B, writes 4097 B");
	assert_shows(p, "token 0xabc   added 3.1 ms ago");
	assert_line(p, "1  0x000107d12000       4096 B  NW.", "device writes");
}

static void a_free_descriptor_has_no_chain(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	p->browse.panel = PANEL_CHAIN;
	p->browse.cursor = 5;
	show(p);
	assert_shows(p, "CHAIN of descriptor 5 ");
	assert_shows(p, "free; what stands there is left over");
}

static void a_broken_queue_says_so(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	show(p);
	assert_shows(p, "broken no");
	p->cols = 80;
	virtqueue_break(p->ring->vq);
	show(p);
	assert_shows(p, "broken YES");
}

static void a_torn_copy_says_moving(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);
	struct snapshot s;

	(void)state;
	take_snapshot(p, &s);
	s.moving = true;
	assert_int_equal(watch_snapshot(&p->watch, &s), 0);
	draw(p);
	assert_shows(p, "MOVING while it was copied");
}

/* One buffer was reaped and one added since the memory was copied; events tell of both. */
static void what_moved_since_the_copy_is_not_shown_as_known(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);
	struct vring_event event;

	(void)state;
	add_request(p, 4096, true, token(7));
	show(p);
	assert_shows_not(p, "memory as of");
	ring_use(p->ring, 0, 4097, 3);
	assert_int_equal(ring_get(p->ring, NULL), 7);
	p->now_ns += 12 * MS;
	event = event_of(p, VRING_EVENT_REAP);
	event.reap.token = 7;
	happens(p, event);
	add_request(p, 512, true, token(8));
	event = event_of(p, VRING_EVENT_ADD);
	event.add.token = 8;
	happens(p, event);
	draw(p);
	assert_shows(p, "memory as of 12 ms before");
	assert_line(p, " 0 1025a2000   16 N..   1 gone", "|");
	assert_line(p, " 1 107d12000 4096 NW.   2 gone", " ? "); /* available entry 1 is new */
	assert_line(p, "avail.idx 65522", "in flight 1");
	assert_shows(p, "as of the copy");
}

/* 32 buffers went through a ring of 16 slots: each of them was filled and reaped anew. */
static void laps_since_the_copy_leave_nothing_known(void **state)
{
	struct picture *p = disk(16, PACKED | EVENT_IDX, 0);

	(void)state;
	look(p);
	for (uintptr_t i = 1; i <= 32; i++) {
		uint16_t id = driver_of(p)->free_head;

		p->now_ns += 1000;
		add(p, 1, 0, token(i));
		happens(p, event_of(p, VRING_EVENT_ADD));
		ring_use(p->ring, id, 0, 1);
		ring_get(p->ring, NULL);
		happens(p, event_of(p, VRING_EVENT_REAP));
	}
	draw(p);
	assert_shows(p,
		     "16/16 free, memory as of 32us before"); /* though indices are as they were */
	assert_line(p, " 0 ", "filled since this copy");
	assert_line(p, "15 ", "filled since this copy, and reaped");
	p->now_ns += 1000;
	add(p, 1, 0, token(50));
	happens(p, event_of(p, VRING_EVENT_ADD));
	draw(p);
	assert_line(p, " 0 ", "filled since this copy: in flight <-last_used");
}

static void a_queue_known_from_events_alone_says_so(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	add_request(p, 4096, true, token(7));
	happens(p, event_of(p, VRING_EVENT_ADD));
	happens(p, kick_event(p, START, START + 1, START, true));
	draw(p);
	assert_shows(p, "Known only from its events: no snapshot of its memory until now.");
	assert_line(p, "avail.idx 65521  avail_event 65520", "device: asked 1 back, not again");
	assert_line(p, "used.idx  65520  used_event      -", "not known yet");
	assert_line(p, "65520->65521", "KICK");
	assert_shows(p, "LAST SECOND");
	p->browse.panel = PANEL_BYTES; /* there are none */
	draw(p);
	assert_shows(p, "Known only from its events");
}

static void traffic_of_our_own_is_marked(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	show(p);
	assert_shows_not(p, "self");
	p->watch.self = true;
	draw(p);
	assert_shows(p, " virtio1/req.0  self");
}

static void an_age_that_is_only_seen_is_at_least_that(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	add_request(p, 4096, true, token(1));
	p->added_ns[0] = 0;
	look(p);
	p->now_ns += 1204 * MS;
	draw(p);
	assert_line(p, " 0 1025a2000   16 N..   1 DEV  >1.204 s", "header");
	p->now_ns += 100 * WATCH_SECOND;
	draw(p);
	assert_line(p, "DEV    >101 s", "header");
}

/* ---- packed ---- */

/*
 * 16 slots. Ids 0 to 4, three slots each, are used and reaped: heads at 0, 3, 6, 9, 12. The sixth
 * begins in 15 and goes on in 0 and 1 of the next lap; it is reaped as well. Then slots 2 to 4 are
 * used and not reaped, and 5 to 7 with the device.
 */
static struct picture *worn_disk(void)
{
	struct picture *p = disk(16, PACKED | EVENT_IDX, 0);

	for (uintptr_t i = 1; i <= 6; i++) {
		uint16_t id = driver_of(p)->free_head;

		add_request(p, 4096, true, token(i));
		ring_use(p->ring, id, 4097, 3);
		assert_int_equal(ring_get(p->ring, NULL), i);
	}
	return p;
}

static void the_tail_of_a_reaped_chain_is_dead_whatever_its_bits_say(void **state)
{
	struct picture *p = worn_disk();

	(void)state;
	show(p);
	assert_shows(p, "last_used 2 wrap 0 | next_avail 2 wrap 0 | 16/16 free");
	/* In the lap with wrap counter 0, AVAIL 0 and USED 1 is what available looks like. */
	assert_line(p, " 0 107d12000 4096   0  0 1  NW.",
		    "dead tail: id 0 began in slot 15, lap wrap 1");
	assert_line(p, " 1 1025a2010    1   0  0 1  .W.", "dead tail");
	assert_line(p, " 2 ", "free (old tail, lap wrap 1) <-last_used <-next_avail");
	assert_line(p, " 3 ", "free (id 0, reaped, lap wrap 1)");
	assert_shows_not(p, "AVAILABLE");
	p->cols = 80;
	draw(p);
	assert_line(p, " 0 107d12000 4096   0  0 1  NW.", "dead tail: id 0 began in slot 15");
}

static void used_slots_of_a_chain_but_the_first_are_skipped(void **state)
{
	struct picture *p = worn_disk();

	(void)state;
	add_request(p, 4096, true, token(7));
	ring_use(p->ring, 0, 4097, 3);
	add_request(p, 512, false, token(8));
	p->now_ns += 180000;
	show(p);
	assert_line(p, " 2 ", "USED, not reaped <-last_used");
	assert_line(p, " 3 ", "tail of id 0, device skips it");
	assert_line(p, " 4 ", "tail of id 0, device skips it");
	assert_line(p, " 5 1025a2000   16   1  0 1  N..  AVAILABLE  header", "180us");
	assert_line(p, " 6 ", "data out");
	assert_line(p, " 7 ", "status");
	assert_line(p, " 8 ", "<-next_avail");
	assert_shows(p, "unreaped 1");
	assert_shows(p, "in flight 2");
}

/* Slots 15 and 0 and 1 are one chain, each with the bits of its own lap. */
static void a_chain_across_the_wrap_is_one(void **state)
{
	struct picture *p = disk(16, PACKED | EVENT_IDX, 15);

	(void)state;
	add_request(p, 4096, true, token(1));
	show(p);
	assert_line(p, "15 1025a2000   16   0  1 0  N..", "AVAILABLE  header");
	assert_line(p, " 0 107d12000 4096   0  0 1  NW.", "data in");
	assert_line(p, " 1 1025a2010    1   0  0 1  .W.", "status");
	assert_shows(p, "last_used 15 wrap 1 | next_avail 2 wrap 0");
	p->browse.panel = PANEL_CHAIN;
	p->browse.cursor = 0;
	draw(p);
	assert_shows(p, "CHAIN of descriptor 0: buffer id 0");
	assert_line(p, "15  0x0001025a2000", "header");
	assert_line(p, "1  0x0001025a2010", "status");
}

/*
 * Ids 0 and 1 take slots 0 to 2 and 3 to 5. The device uses id 1 first, and writes so into slot 0:
 * what stands in 3 to 5 is of a buffer that it is done with.
 */
static void a_buffer_used_before_its_turn_leaves_its_slots_behind(void **state)
{
	struct picture *p = disk(16, PACKED | EVENT_IDX, 0);

	(void)state;
	add_request(p, 4096, true, token(7));
	p->now_ns += MS;
	add_request(p, 4096, true, token(8));
	ring_use(p->ring, 1, 4097, 3);
	p->rows = 60;
	show(p);
	assert_line(p, " 0 1025a2000 4097   1  1 1", "USED, not reaped");
	assert_line(p, " 1 107d12000 4096   0  1 0", "tail of id 1, device skips it");
	assert_line(p, " 3 1025a2000   16   1  1 0", "left of id 1, used before its turn");
	assert_shows(p, "id 0  added 1.0 ms ago  token 0x7"); /* and that one is with the device */
	ring_get(p->ring, NULL);
	show(p);
	assert_line(p, " 3 ", "left of id 1, used before its turn <-last_used");
	p->browse.panel = PANEL_CHAIN;
	p->browse.cursor = 4;
	draw(p);
	assert_shows(p, "CHAIN of descriptor 4: buffer id 1, used before its turn");
}

static void a_fresh_packed_ring_was_never_filled(void **state)
{
	struct picture *p = disk(16, PACKED | EVENT_IDX, 0);

	(void)state;
	show(p);
	assert_line(p, " 0 ", "free (never filled) <-last_used <-next_avail");
	assert_line(p, "15 ", "free (never filled)");
}

static void event_areas_are_in_words(void **state)
{
	struct picture *p = disk(16, PACKED | EVENT_IDX, 5);
	struct vring_packed_desc_event *device = p->ring->device_event;

	(void)state;
	le16_write(&device->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
	show(p);
	assert_line(p, "device area flags DISABLE", "no kicks wanted");
	assert_line(p, "driver area flags DESC off  5 wrap 1", "driver: 'irq me at the next'");
	assert_shows(p, "next add would not kick: device's flags = DISABLE");
	le16_write(&device->flags, VRING_PACKED_EVENT_FLAG_ENABLE);
	show(p);
	assert_line(p, "device area flags ENABLE", "kick each time");
	le16_write(&device->flags, VRING_PACKED_EVENT_FLAG_DESC);
	le16_write(&device->off_wrap, 7 | 0x8000);
	show(p);
	assert_line(p, "device area flags DESC off  7 wrap 1", "device: 'kick me in 3 more slots'");
	/* Slot 14 of the lap before: 6 slots back. */
	le16_write(&device->off_wrap, 14);
	show(p);
	assert_line(p, "device area flags DESC off 14 wrap 0", "asked 7 slots back");
	assert_shows(p, "next add would not kick: 6+16-14-1 = 7 >= 1");
	le16_write(&device->off_wrap, 99);
	show(p);
	assert_line(p, "device area flags DESC off 99", "no slot of this ring");
	le16_write(&device->flags, 3);
	show(p);
	assert_line(p, "device area flags reserved", "flags that mean nothing");
}

static void positions_that_are_none_leave_the_ring_unexplained(void **state)
{
	struct picture *p = disk(16, PACKED | EVENT_IDX, 0);
	struct snapshot s;

	(void)state;
	take_snapshot(p, &s);
	s.head.before.avail_idx = 40;
	assert_int_equal(watch_snapshot(&p->watch, &s), 0);
	draw(p);
	assert_line(p, " 1 ", "  ?");
	assert_shows_not(p, "AVAILABLE");
}

/* ---- large rings ---- */

static void a_large_ring_has_a_cell_for_each_descriptor(void **state)
{
	struct picture *p = disk(256, EVENT_IDX | INDIRECT_DESC, START);

	(void)state;
	for (uintptr_t i = 1; i <= 253; i++)
		add(p, i == 2, i != 2, token(i));
	add(p, 1, 1, token(254));
	ring_use(p->ring, 5, 16, 1);
	p->now_ns += 1; /* nobody is older than a second */
	show(p);
	assert_shows(p, "DESCRIPTORS a cell each, 64 per row  2/256 free");
	assert_shows(p, "     0 ioiiiuiiiiiiiiiiii");
	assert_shows(p, "iiiiiiiiiiiiiiiiiI.. 255");
	assert_shows(p, "253 with the device");
	assert_shows(p, "1 waiting for driver");
	p->now_ns += WATCH_SECOND;
	draw(p);
	assert_shows(p, "     0 !!!!!u!!!!!!!!!!!!");
}

/* An idle card's buffers are all old, and nothing is wrong with that. */
static void what_waits_for_packets_is_not_old(void **state)
{
	struct picture *p = picture_new(64, EVENT_IDX, START, VIRTIO_ID_NET, "input.0");

	(void)state;
	for (uintptr_t i = 1; i <= 64; i++)
		add(p, 0, 1, token(i));
	p->now_ns += 20 * WATCH_SECOND;
	show(p);
	assert_shows(p, "     0 iiiiiiiii");
	assert_shows(p, "buffer residency");
	assert_shows(p, "starved 0 (never seen)");
	assert_shows_not(p, "!");
}

static void the_largest_ring_scrolls_with_the_cursor(void **state)
{
	struct picture *p = disk(VRING_MAX_SIZE, EVENT_IDX, START);

	(void)state;
	p->rows = 24;
	p->cols = 80;
	p->browse.cursor = VRING_MAX_SIZE - 1;
	show(p);
	assert_int_equal(p->browse.limit, VRING_MAX_SIZE);
	assert_int_equal(p->browse.across, 64);
	assert_shows(p, " 32704 ......");
	assert_shows(p, "cursor 32767");
	p->browse.panel = PANEL_TABLE;
	draw(p);
	assert_shows(p, ">32767 ");
	assert_int_equal(p->browse.across, 1);
	p->browse.cursor = 70000; /* of a larger queue, before */
	draw(p);
	assert_int_equal(p->browse.cursor, VRING_MAX_SIZE - 1);
}

static void pages_that_areas_share_count_once(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	show(p);
	assert_shows(p, "desc @0 +256 | avail @256 +38 | used @320 +134 | 428 B, 1 page, dma "
			"0x10259e000");
	p->browse.panel = PANEL_MEMORY;
	draw(p);
	assert_shows(p, "MEMORY  428 B in 1 page");
	assert_line(p, "avail.idx                0x10259e102", "65520  driver");
	assert_line(p, "avail_event              0x10259e1c4", "0  device");
}

static void bytes_stand_with_what_they_are(void **state)
{
	struct picture *p = disk(16, EVENT_IDX, START);

	(void)state;
	add_request(p, 4096, true, token(1));
	p->browse.panel = PANEL_BYTES;
	p->rows = 24;
	show(p);
	assert_shows(p, "descriptor table, 256 bytes, written by the driver");
	assert_shows(
		p, "00010259e000  00205a02 01000000 10000000 01000100  desc 0: len 16 NEXT next 1");
	p->browse.scroll = 1000; /* not beyond the last */
	draw(p);
	assert_shows(p, "avail_event 0");
	assert_shows(p, "lines 1 to 13 of 13");
}

int main(int argc, char **argv)
{
#define screen_test(name) cmocka_unit_test_teardown(name, picture_free)
	const struct CMUnitTest tests[] = {
		screen_test(a_request_with_the_device_has_owner_age_and_parts),
		screen_test(data_the_device_reads_is_data_out),
		screen_test(what_is_used_and_not_reaped_is_the_drivers),
		screen_test(in_order_one_element_stands_for_several_buffers),
		screen_test(an_empty_ring_is_free_throughout),
		screen_test(a_full_ring_has_every_entry_in_flight),
		screen_test(indices_wrap_at_16_bits),
		screen_test(the_next_add_is_judged_by_the_state_alone),
		screen_test(an_event_index_ahead_and_a_stale_one_are_told_apart),
		screen_test(without_event_idx_flags_speak),
		screen_test(callbacks_off_under_event_idx_are_no_index),
		screen_test(a_table_is_told_by_its_length_and_opened_in_its_chain),
		screen_test(a_free_descriptor_has_no_chain),
		screen_test(a_broken_queue_says_so),
		screen_test(a_torn_copy_says_moving),
		screen_test(what_moved_since_the_copy_is_not_shown_as_known),
		screen_test(laps_since_the_copy_leave_nothing_known),
		screen_test(a_queue_known_from_events_alone_says_so),
		screen_test(traffic_of_our_own_is_marked),
		screen_test(an_age_that_is_only_seen_is_at_least_that),
		screen_test(the_tail_of_a_reaped_chain_is_dead_whatever_its_bits_say),
		screen_test(used_slots_of_a_chain_but_the_first_are_skipped),
		screen_test(a_chain_across_the_wrap_is_one),
		screen_test(a_buffer_used_before_its_turn_leaves_its_slots_behind),
		screen_test(a_fresh_packed_ring_was_never_filled),
		screen_test(event_areas_are_in_words),
		screen_test(positions_that_are_none_leave_the_ring_unexplained),
		screen_test(a_large_ring_has_a_cell_for_each_descriptor),
		screen_test(what_waits_for_packets_is_not_old),
		screen_test(the_largest_ring_scrolls_with_the_cursor),
		screen_test(pages_that_areas_share_count_once),
		screen_test(bytes_stand_with_what_they_are),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
