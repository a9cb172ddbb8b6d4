/* SPDX-License-Identifier: MIT */
/*
 * The seam of the ring benchmark: ring.c measures, and holds the device's half; a driver's half
 * (our_ring.c, linux_ring.c) says here what can be done with it. Calls across the seam are made
 * once for many buffers, so that they cost nothing that shows.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

/* What is to be measured with one queue. */
struct bench_shape {
	bool packed;
	bool event_idx;
	bool indirect;
	unsigned int elems;  /* of a buffer: 1, or 3 */
	unsigned int batch;  /* buffers added before one kick decision */
	unsigned int num;    /* entries of the ring */
	unsigned int tokens; /* buffers there are, a power of two, all of a different length */
};

/* Where the driver put the ring: what a transport would tell the device. Addresses are pointers. */
struct bench_areas {
	uint64_t desc;
	uint64_t driver;
	uint64_t device;
};

/* The first member of what a driver's make() returns. */
struct bench_queue {
	uint64_t added;	 /* buffers */
	uint64_t reaped; /* buffers */
	uint64_t kicks;	 /* decisions that said yes */
	bool wrong;	 /* an add failed, or what came back was not what went in */
};

struct bench_device;

/* Takes and gives back everything there is, then decides on the interrupt once. */
void bench_device_pass(struct bench_device *device);

struct bench_driver {
	const char *name;

	/* Features the device has to be told of; interrupts are asked for as drivers do. */
	struct bench_queue *(*make)(const struct bench_shape *shape, uint64_t features,
				    struct bench_areas *areas);
	void (*destroy)(struct bench_queue *queue);

	/* One batch into each queue; all that came back out of each queue. */
	void (*submit)(struct bench_queue *const queues[], unsigned int num);
	void (*reap)(struct bench_queue *const queues[], unsigned int num);

	/* Batch after batch through one queue: submit, the device's pass, reap. */
	void (*cycle)(struct bench_queue *queue, struct bench_device *device, unsigned int batches);

	/* As many batches at a time as fit, while another thread runs the device's passes. */
	void (*stream)(struct bench_queue *queue, uint64_t buffers);
};

extern const struct bench_driver our_driver;

/* Linked in if there is a rival. */
extern const struct bench_driver linux_driver __attribute__((weak));

_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed, aligned to 64 bytes, freed with free(). */
void *bench_alloc(uint64_t bytes);

#endif
