/* SPDX-License-Identifier: MIT */
/*
 * The verdicts of vring-trace stall, on snapshots made by hand, and the names in /proc/interrupts.
 */
#include "tests/support/select.h"
#include "tests/trace-tool/ring.h"

#include <unistd.h>

#include "trace-tool/interrupts.h"
#include "trace-tool/tool.h"
#include "trace-tool/verdict.h"

#define SECOND 1000000000ull

void tool_error(const char *format, ...)
{
	(void)format;
}

/* A queue that is looked at twice, a second apart. */
struct scene {
	struct snapshot s;
	struct stall_watch watch;
	struct stall stall;
	int64_t irqs;
};

static void look(struct scene *scene)
{
	assert_int_equal(stall_judge(&scene->watch, &scene->s, scene->irqs, SECOND, &scene->stall),
			 0);
	scene->s.head.time_ns += SECOND;
}

static enum verdict look_twice(struct scene *scene)
{
	look(scene);
	assert_int_equal(scene->stall.verdict, VERDICT_NONE);
	look(scene);
	return scene->stall.verdict;
}

static void leave(struct scene *scene)
{
	stall_watch_free(&scene->watch);
	snapshot_free(&scene->s);
}

static void begin(struct scene *scene, bool packed)
{
	memset(scene, 0, sizeof(*scene));
	scene->irqs = 7;
	if (packed)
		healthy_packed(&scene->s);
	else
		healthy_split(&scene->s);
}

/* All that is used is reaped: the driver has done its part. */
static void reap_all(struct scene *scene)
{
	struct areas *a = (struct areas *)scene->s.copy;

	if (scene->s.head.packed) {
		a->state[2].data = 0;
		scene->s.head.before.last_used = 6 | 0x8000;
		scene->s.head.before.num_free++;
	} else {
		a->state[5].data = 0;
		scene->s.head.before.last_used = scene->s.head.before.used_mem;
		scene->s.head.before.num_free++;
	}
	reattach(&scene->s);
}

static void a_device_that_saw_all_did_not_finish(void **state)
{
	struct scene scene;

	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		begin(&scene, packed);
		reap_all(&scene);
		assert_int_equal(look_twice(&scene), VERDICT_NOT_FINISHED);
		assert_int_equal(scene.stall.with_device, 3);
		assert_int_equal(scene.stall.unreaped, 0);
		assert_int_equal(scene.stall.oldest_ns, SECOND);
		assert_true(scene.stall.since_start);
		leave(&scene);
	}
}

static void a_device_that_asks_to_be_told_of_an_older_entry_never_looked(void **state)
{
	struct scene scene;
	struct areas *a;
	struct vring vr;

	(void)state;
	begin(&scene, false);
	reap_all(&scene);
	vr = ring_of(&scene.s);
	le16_write(vring_avail_event(&vr), 0xfffe);
	assert_int_equal(look_twice(&scene), VERDICT_NOT_LOOKED);
	leave(&scene);

	begin(&scene, true);
	reap_all(&scene);
	a = (struct areas *)scene.s.copy;
	le16_write(&a->device.off_wrap, 6 | 0x8000);
	assert_int_equal(look_twice(&scene), VERDICT_NOT_LOOKED);
	leave(&scene);
}

static void a_device_that_saw_only_the_oldest_did_not_finish_it(void **state)
{
	struct scene scene;
	struct vring vr;

	(void)state;
	begin(&scene, false);
	reap_all(&scene);
	vr = ring_of(&scene.s);
	le16_write(vring_avail_event(&vr), 0xffff);
	assert_int_equal(look_twice(&scene), VERDICT_NOT_FINISHED);
	leave(&scene);
}

static void without_event_indices_nobody_knows_whether_it_looked(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, false);
	reap_all(&scene);
	scene.s.head.event = 0;
	assert_int_equal(look_twice(&scene), VERDICT_NOT_FINISHED);
	assert_non_null(strstr(scene.stall.text, "does not tell"));
	leave(&scene);
}

static void a_driver_that_added_and_did_not_decide_has_not_kicked(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, false);
	reap_all(&scene);
	scene.s.head.before.num_added = 3;
	assert_int_equal(look_twice(&scene), VERDICT_NOT_KICKED);
	leave(&scene);
}

static void an_interrupt_that_is_due_and_did_not_come_is_lost(void **state)
{
	struct scene scene;

	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		begin(&scene, packed);
		assert_int_equal(look_twice(&scene), VERDICT_INTERRUPT_LOST);
		assert_int_equal(scene.stall.unreaped, 1);
		leave(&scene);
	}
}

static void one_that_came_makes_it_the_drivers_turn(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, false);
	scene.s.head.event_triggered = 1;
	assert_int_equal(look_twice(&scene), VERDICT_NOT_REAPED);
	leave(&scene);

	/* Without event indices the kernel keeps no such note; then the count tells. */
	begin(&scene, false);
	scene.s.head.event = 0;
	look(&scene);
	scene.irqs++;
	look(&scene);
	assert_int_equal(scene.stall.verdict, VERDICT_NOT_REAPED);
	leave(&scene);
}

static void a_driver_that_wants_no_interrupt_has_to_come_by_itself(void **state)
{
	struct scene scene;
	struct vring vr;

	(void)state;
	begin(&scene, false);
	scene.s.head.driver_flags = VRING_AVAIL_F_NO_INTERRUPT;
	assert_int_equal(look_twice(&scene), VERDICT_NOT_REAPED);
	leave(&scene);

	begin(&scene, true);
	scene.s.head.driver_flags = VRING_PACKED_EVENT_FLAG_DISABLE;
	assert_int_equal(look_twice(&scene), VERDICT_NOT_REAPED);
	leave(&scene);

	/* Nothing was written for anyone: it reaps with the next packet it sends. */
	begin(&scene, false);
	vr = ring_of(&scene.s);
	scene.s.head.driver_flags = VRING_AVAIL_F_NO_INTERRUPT;
	le32_write(&vr.used->ring[0xfffd % NUM].len, 0);
	look(&scene);
	look(&scene);
	assert_int_not_equal(scene.stall.verdict, VERDICT_NOT_REAPED);
	leave(&scene);
}

static void what_the_driver_asked_to_be_told_of_later_is_no_finding(void **state)
{
	struct scene scene;
	struct vring vr;

	(void)state;
	begin(&scene, false);
	vr = ring_of(&scene.s);
	le16_write(vring_used_event(&vr), 0xfffe);
	/* ... and the device has nothing else to do. */
	memset(((struct areas *)scene.s.copy)->state, 0, 5 * sizeof(struct state));
	reattach(&scene.s);
	assert_int_equal(look_twice(&scene), VERDICT_LAZY);
	assert_false(verdict_is_finding(scene.stall.verdict));
	leave(&scene);
}

static void buffers_for_receiving_may_lie_with_the_device(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, false);
	reap_all(&scene);
	scene.s.head.device_id = 1;
	strcpy(scene.s.head.name, "input.0");
	assert_int_equal(look_twice(&scene), VERDICT_WAITING);
	leave(&scene);

	/* Packets to be sent may not. */
	begin(&scene, false);
	reap_all(&scene);
	scene.s.head.device_id = 1;
	strcpy(scene.s.head.name, "output.0");
	scene.s.head.index = 1;
	assert_int_equal(look_twice(&scene), VERDICT_NOT_FINISHED);
	leave(&scene);
}

/* The same head and the same token, offered anew: Linux recycles requests. */
static void a_request_that_was_offered_anew_has_not_waited(void **state)
{
	struct scene scene;
	struct vring vr;

	(void)state;
	begin(&scene, false);
	reap_all(&scene);
	look(&scene);
	vr = ring_of(&scene.s);
	for (unsigned int i = 0; i < 3; i++)
		le16_write(&vr.avail->ring[(1 + i) % NUM],
			   le16_read(&vr.avail->ring[(0xfffe + i) % NUM]));
	scene.s.head.before.avail_idx += 3;
	scene.s.head.before.used_mem += 3;
	scene.s.head.before.last_used += 3;
	le16_write(vring_avail_event(&vr), scene.s.head.before.avail_idx);
	look(&scene);
	assert_int_equal(scene.stall.verdict, VERDICT_NONE);
	assert_int_equal(scene.stall.with_device, 3);
	look(&scene);
	assert_int_equal(scene.stall.verdict, VERDICT_NOT_FINISHED);
	assert_false(scene.stall.since_start);
	leave(&scene);
}

/* ---- /proc/interrupts ---- */

static void read_table(const char *text, struct interrupts *interrupts)
{
	char path[] = "/tmp/vring-interrupts-test.XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(interrupts_read(interrupts, path), 0);
	unlink(path);
}

static void a_queue_is_found_by_its_vectors_name(void **state)
{
	const struct interrupt *found;
	struct interrupts table;
	enum interrupt_kind kind;

	(void)state;
	/* Of Linux 6.1 and of 6.12; shared vectors; a line that several devices share. */
	read_table(
		"           CPU0       CPU1\n"
		"  4:        120          0   IO-APIC   4-edge      ttyS0\n"
		" 11:          5          6   IO-APIC  11-fasteoi   virtio3, virtio12\n"
		" 24:          0          0   PCI-MSI 49152-edge      virtio0-config\n"
		" 25:          3          4   PCI-MSI 49153-edge      virtio0-req.0\n"
		" 26:          9          0  PCI-MSIX-0000:00:03.0   2-edge      virtio1-input.0\n"
		" 27:          8          0  PCI-MSIX-0000:00:03.0   1-edge      virtio2-virtqueues\n"
		"NMI:          0          0   Non-maskable interrupts\n"
		"ERR:          0\n",
		&table);
	found = interrupts_find(&table, 0, "req.0", &kind);
	assert_int_equal(found->irq, 25);
	assert_int_equal(found->count, 7);
	assert_int_equal(found->vector, 1);
	assert_int_equal(kind, INTERRUPT_OWN);
	found = interrupts_find(&table, 1, "input.0", &kind);
	assert_int_equal(found->irq, 26);
	assert_int_equal(found->vector, 2);
	found = interrupts_find(&table, 2, "requests", &kind);
	assert_int_equal(found->irq, 27);
	assert_int_equal(kind, INTERRUPT_SHARED);
	found = interrupts_find(&table, 12, "input", &kind);
	assert_int_equal(found->irq, 11);
	assert_int_equal(found->vector, -1);
	assert_int_equal(kind, INTERRUPT_LINE);
	assert_int_equal(interrupts_find(&table, 3, "input", NULL)->irq, 11);
	assert_null(interrupts_find(&table, 1, "output.0", &kind));
	assert_null(interrupts_find(&table, 21, "input", &kind));
	interrupts_free(&table);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_that_saw_all_did_not_finish),
		cmocka_unit_test(a_device_that_asks_to_be_told_of_an_older_entry_never_looked),
		cmocka_unit_test(a_device_that_saw_only_the_oldest_did_not_finish_it),
		cmocka_unit_test(without_event_indices_nobody_knows_whether_it_looked),
		cmocka_unit_test(a_driver_that_added_and_did_not_decide_has_not_kicked),
		cmocka_unit_test(an_interrupt_that_is_due_and_did_not_come_is_lost),
		cmocka_unit_test(one_that_came_makes_it_the_drivers_turn),
		cmocka_unit_test(a_driver_that_wants_no_interrupt_has_to_come_by_itself),
		cmocka_unit_test(what_the_driver_asked_to_be_told_of_later_is_no_finding),
		cmocka_unit_test(buffers_for_receiving_may_lie_with_the_device),
		cmocka_unit_test(a_request_that_was_offered_anew_has_not_waited),
		cmocka_unit_test(a_queue_is_found_by_its_vectors_name),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
