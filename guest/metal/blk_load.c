// SPDX-License-Identifier: MIT
/*
 * Keeps so many reads in flight: what has come back is looked at and sent off again, all of it with
 * one kick.
 *
 * Requests come back in interrupt handlers, and maybe on another CPU; there they only go on a list,
 * without a lock.
 */
#include "blk_load.h"
#include "monitor.h"

#define KEYS_EVERY 1024	      /* requests between two looks at the console */
#define TIMEOUT 5000000000ull /* ns for each request */
#define TAG_NAP 1000000ull    /* ns */

struct run;

struct slot {
	struct run *run;
	struct request *rq;
	struct bio_vec bvec;
	uint64_t block;
	struct slot *next; /* on one of the two lists */
};

struct run {
	struct blk_load *load;
	struct slot *slots;
	char *buffers;	   /* shared: a block for each slot */
	struct slot *done; /* pushed by handlers, taken as a whole */
	struct slot *idle;
	unsigned int in_flight;
	uint64_t started, total; /* requests */
	uint64_t random;	 /* state of the generator */
};

static void end_io(struct request *rq)
{
	struct slot *slot = rq->end_io_data;
	struct run *run = slot->run;

	slot->next = __atomic_load_n(&run->done, __ATOMIC_RELAXED);
	/* What the device wrote is there before the slot is. Pairs with take_done(). */
	while (!__atomic_compare_exchange_n(&run->done, &slot->next, slot, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

static struct slot *take_done(struct run *run)
{
	if (!__atomic_load_n(&run->done, __ATOMIC_RELAXED))
		return NULL;
	return __atomic_exchange_n(&run->done, NULL, __ATOMIC_ACQUIRE);
}

/* Below @limit; Marsaglia's xorshift, and Lemire's way to do without a division. */
static uint64_t next_random(struct run *run, uint64_t limit)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return (unsigned __int128)run->random * limit >> 64;
}

static bool more_to_start(const struct run *run)
{
	const struct blk_load *load = run->load;

	return run->started < run->total && !load->failed && !load->interrupted;
}

/* A slot gets its tag with its first request, and keeps it. */
static bool get_request(struct run *run, struct slot *slot)
{
	if (slot->rq)
		return true;
	slot->rq = blk_mq_alloc_request(run->load->disk->queue, REQ_OP_READ, REQ_NOWAIT);
	if (!slot->rq)
		return false;
	slot->rq->bvecs = &slot->bvec;
	slot->rq->nr_bvecs = 1;
	slot->rq->end_io = end_io;
	slot->rq->end_io_data = slot;
	slot->rq->timeout = TIMEOUT;
	return true;
}

static void start_requests(struct run *run)
{
	struct blk_load *load = run->load;
	struct blk_plug plug;

	blk_start_plug(&plug);
	while (run->idle && more_to_start(run)) {
		struct slot *slot = run->idle;

		if (!get_request(run, slot))
			break;
		run->idle = slot->next;
		slot->block = load->first +
			      (load->random ? next_random(run, load->blocks) : run->started);
		slot->rq->sector = slot->block * LOAD_SECTORS;
		run->started++;
		run->in_flight++;
		blk_plug_add(&plug, slot->rq);
	}
	blk_finish_plug(&plug);
}

static void finish_request(struct run *run, struct slot *slot)
{
	struct blk_load *load = run->load;

	run->in_flight--;
	if (slot->rq->error) {
		if (!load->failed++) {
			load->error = slot->rq->error;
			load->at = slot->block;
		}
	} else if (load->check && !load->check(slot->bvec.bv_base, slot->block)) {
		if (!load->wrong++ && !load->failed)
			load->at = slot->block;
	} else {
		load->done++;
	}
	slot->next = run->idle;
	run->idle = slot;
}

/*
 * Nothing is in flight and there is more to do: another CPU has all the tags. That it gives them
 * back is no interrupt that could wake us, so we look again and again.
 */
static bool wait_for_tag(struct run *run)
{
	struct request_queue *q = run->load->disk->queue;

	if (__atomic_load_n(&q->dying, __ATOMIC_RELAXED))
		return false;
	blk_mq_wait(q, platform_now() + TAG_NAP);
	return true;
}

static void loop(struct run *run)
{
	struct blk_load *load = run->load;
	uint64_t look_at = KEYS_EVERY;
	struct slot *slot, *next;

	for (;;) {
		start_requests(run);
		if (!run->in_flight) {
			if (more_to_start(run) && wait_for_tag(run))
				continue;
			break;
		}
		slot = take_done(run);
		if (!slot) {
			blk_mq_wait(load->disk->queue, PLATFORM_FOREVER);
			if (load->watch_keys && monitor_interrupted())
				load->interrupted = true;
			continue;
		}
		for (; slot; slot = next) {
			next = slot->next;
			finish_request(run, slot);
		}
		if (load->watch_keys && run->started >= look_at) {
			look_at += KEYS_EVERY;
			load->interrupted |= monitor_interrupted();
		}
	}
	/* The disk is going away. */
	if (more_to_start(run)) {
		load->failed++;
		load->error = -ENODEV;
	}
}

int blk_load_run(struct blk_load *load)
{
	struct run run = { .load = load };
	uint64_t dma, start;

	run.total = load->random ? load->requests : load->blocks;
	run.random = 0x9e3779b97f4a7c15ull + platform_cpu();
	run.slots = platform_zalloc(load->depth * sizeof(*run.slots));
	run.buffers = platform_dma_alloc((size_t)load->depth * LOAD_BLOCK, &dma);
	if (run.slots && run.buffers) {
		for (unsigned int i = 0; i < load->depth; i++) {
			struct slot *slot = &run.slots[i];

			slot->run = &run;
			slot->bvec.bv_base = run.buffers + (size_t)i * LOAD_BLOCK;
			slot->bvec.bv_len = LOAD_BLOCK;
			slot->next = run.idle;
			run.idle = slot;
		}
		start = platform_now();
		loop(&run);
		load->ns = platform_now() - start;
		for (unsigned int i = 0; i < load->depth; i++)
			if (run.slots[i].rq)
				blk_mq_free_request(run.slots[i].rq);
	}
	if (run.buffers)
		platform_dma_free(run.buffers, (size_t)load->depth * LOAD_BLOCK);
	platform_free(run.slots);
	return run.slots && run.buffers ? 0 : -ENOMEM;
}
