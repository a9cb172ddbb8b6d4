/* SPDX-License-Identifier: MIT */
/*
 * Chapter 5, exercise 1: a driver that takes a used element, from a device that lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ring/virtio_ring.h"

#define NUM 4

/* Ours; the device cannot reach it. */
struct buffer {
	bool in_flight;
	uint32_t writable; /* bytes it may write */
};

struct driver {
	struct buffer buffers[NUM]; /* by head */
	bool broken;
};

/* What a device on another processor does between two reads of the same field. */
static void (*between_reads)(struct vring_used_elem *shared);

static uint32_t read_shared(struct vring_used_elem *shared, const le32 *field)
{
	uint32_t value = le32_read(field);

	if (between_reads)
		between_reads(shared);
	return value;
}

#ifdef ANSWER
#include "05-believe.answer.c"
#else
/*
 * The buffer that @shared names, and in *@len how much of it was written; it is no longer in
 * flight. NULL, and the driver broken, if the device lies.
 */
static struct buffer *take(struct driver *driver, struct vring_used_elem *shared, uint32_t *len)
{
	struct buffer *buffer = &driver->buffers[read_shared(shared, &shared->id) % NUM];

	if (read_shared(shared, &shared->len) > buffer->writable)
		driver->broken = true;
	*len = read_shared(shared, &shared->len);
	buffer->in_flight = false;
	return buffer;
}
#endif

static struct driver driver;
static struct vring_used_elem shared;

static int setup(void **state)
{
	(void)state;
	between_reads = NULL;
	driver = (struct driver){ .buffers = { [1] = { true, 512 }, [2] = { true, 0 } } };
	return 0;
}

static void device_says(uint32_t id, uint32_t len)
{
	le32_write(&shared.id, id);
	le32_write(&shared.len, len);
}

static void assert_lie(uint32_t id, uint32_t len)
{
	uint32_t got = 0;

	setup(NULL);
	device_says(id, len);
	assert_null(take(&driver, &shared, &got));
	assert_true(driver.broken);
	assert_true(driver.buffers[1].in_flight);
}

static void an_honest_device_is_believed(void **state)
{
	uint32_t len = 0;

	(void)state;
	device_says(1, 512);
	assert_ptr_equal(take(&driver, &shared, &len), &driver.buffers[1]);
	assert_int_equal(len, 512);
	assert_false(driver.broken);
	assert_false(driver.buffers[1].in_flight);
	device_says(2, 0);
	assert_ptr_equal(take(&driver, &shared, &len), &driver.buffers[2]);
}

static void no_such_buffer(void **state)
{
	(void)state;
	assert_lie(NUM, 0);
	assert_lie(0x10001, 0); /* 1, if only sixteen bits are looked at */
	assert_lie(0, 0);	/* free */
}

static void more_than_it_could_write(void **state)
{
	(void)state;
	assert_lie(1, 513);
	assert_lie(2, 1);
}

static void grow(struct vring_used_elem *elem)
{
	le32_write(&elem->len, 100000);
	le32_write(&elem->id, 3);
}

static void what_changes_after_the_check_is_not_used(void **state)
{
	uint32_t len = 0;
	struct buffer *buffer;

	(void)state;
	device_says(1, 512);
	between_reads = grow;
	buffer = take(&driver, &shared, &len);
	/* A lie found out, or the numbers from before: nothing else. */
	if (!buffer)
		assert_true(driver.broken);
	else
		assert_true(buffer == &driver.buffers[1] && len <= 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_honest_device_is_believed, setup),
		cmocka_unit_test_setup(no_such_buffer, setup),
		cmocka_unit_test_setup(more_than_it_could_write, setup),
		cmocka_unit_test_setup(what_changes_after_the_check_is_not_used, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
