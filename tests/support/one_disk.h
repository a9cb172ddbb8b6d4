/* SPDX-License-Identifier: MIT */
/*
 * A machine with one disk, our driver bound to it, memory for data, and requests to be in flight.
 * For suites of either ground.
 */
#ifndef TESTS_SUPPORT_ONE_DISK_H
#define TESTS_SUPPORT_ONE_DISK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "blk/blk.h"
#include "blk/virtio_blk.h"
#include "machine.h"
#include "select.h"

#define SECTOR SECTOR_SIZE

/* The disk. Fails the test if the driver does not bind; @device: type may be left out. */
struct gendisk *disk_start(const struct machine_device *device);
/* The same without a demand: NULL if the driver did not bind. */
struct gendisk *disk_try(const struct machine_device *device);
/* In two steps, for a test that has something to do in between. */
void disk_machine(const struct machine_device *device);
struct gendisk *disk_bind(void);
/* The driver gives it up; the machine goes on. */
void disk_unbind(void);
/* Teardown of every test that made one. */
int disk_stop(void **state);

#define disk_test(name) cmocka_unit_test_teardown(name, disk_stop)

/* Memory for data, zeroed, until the test ends. */
uint8_t *disk_buffer(size_t bytes);

/* The disk's sector @n is as machine.h says that it starts, in @data. */
void assert_sector(const uint8_t *data, uint64_t n);

/* It is none the worse for whatever was done to it: some sectors are read, and are right. */
void disk_assert_works(struct gendisk *disk);

/* ---- requests one by one ---- */

/* A request that notes its end, and then is no more. */
struct flight {
	struct request_queue *queue;
	struct request *rq; /* until it has ended */
	struct bio_vec bvec;
	unsigned int ended; /* how often */
	int error;
	uint64_t append_sector;
};

/* Submits @op for @bytes at @sector; with @op READ or WRITE. The tag is there, or the test fails.
 */
void flight_start(struct flight *flight, struct gendisk *disk, enum req_op op, uint64_t sector,
		  void *buf, uint32_t bytes);
/* The same, without submitting. */
void flight_prepare(struct flight *flight, struct gendisk *disk, enum req_op op, uint64_t sector,
		    void *buf, uint32_t bytes);
/* Waits for the end, and returns the error. */
int flight_end(struct flight *flight);

/* One request of one piece, waited for. */
int disk_do(struct gendisk *disk, enum req_op op, uint64_t sector, void *buf, uint32_t bytes);

#endif
