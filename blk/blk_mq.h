/* SPDX-License-Identifier: MIT */
/*
 * The piece of Linux's blk-mq that explains a block driver: requests and their tags, hardware
 * queues and the CPUs that use them, dispatch, what happens when a ring is full, time-outs.
 *
 * Mirrors include/linux/blk-mq.h and block/blk-mq.c. Left out on purpose: bios, merging,
 * schedulers, the queues per CPU that feed them, partitions, and plugs that nobody sees.
 *
 * A request belongs to whoever allocated it, except between submitting it and its end_io. Contexts:
 * end_io may run in an interrupt handler, with no lock held; it may submit, allocate with
 * REQ_NOWAIT and free, not wait. Everything else here is for outside of handlers, or says so.
 *
 * There is no timer on our grounds. A request that takes too long is noticed by whoever waits in
 * blk_mq_wait(), as all that wait in here do.
 */
#ifndef BLK_BLK_MQ_H
#define BLK_BLK_MQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/platform.h"
#include "ring/vring_errno.h"

#define SECTOR_SHIFT 9
#define SECTOR_SIZE 512 /* bytes: the unit of all that is called sector here */

struct request;
struct request_queue;
struct blk_mq_hw_ctx;
struct blk_mq_tag_set;
struct gendisk;

enum req_op {
	REQ_OP_READ,
	REQ_OP_WRITE,
	REQ_OP_FLUSH,
	REQ_OP_DISCARD,
	REQ_OP_SECURE_ERASE,
	REQ_OP_WRITE_ZEROES,
	REQ_OP_ZONE_APPEND,
	REQ_OP_ZONE_OPEN,
	REQ_OP_ZONE_CLOSE,
	REQ_OP_ZONE_FINISH,
	REQ_OP_ZONE_RESET,
	REQ_OP_ZONE_RESET_ALL,
	/* What Linux's driver passes to itself as REQ_OP_DRV_IN, with the header made beforehand.
	 */
	REQ_OP_ZONE_REPORT,
	REQ_OP_GET_ID,
	REQ_OP_GET_LIFETIME,
	REQ_OPS
};

/* Flags for blk_mq_alloc_request(). */
#define REQ_NOWAIT 1u  /* NULL rather than waiting for a tag */
#define REQ_POLLED 2u  /* completed by blk_mq_poll() only, on a queue without interrupts */
#define REQ_NOUNMAP 4u /* WRITE_ZEROES: the space stays allocated */

/* A piece of a request's data, in memory from platform_dma_alloc(). */
struct bio_vec {
	void *bv_base;
	uint32_t bv_len; /* bytes */
};

/* One range of DISCARD, SECURE_ERASE or WRITE_ZEROES. */
struct blk_range {
	uint64_t sector;
	uint32_t nr_sectors;
};

enum mq_rq_state { MQ_RQ_IDLE, MQ_RQ_IN_FLIGHT };

struct request {
	/* What is wanted: filled in by the owner, kept until end_io. */
	enum req_op op;
	unsigned int flags;
	uint64_t sector;	     /* READ, WRITE, ZONE_…; 0 for all others */
	const struct bio_vec *bvecs; /* the data, if the operation has any */
	unsigned int nr_bvecs;
	const struct blk_range *ranges; /* DISCARD, SECURE_ERASE, WRITE_ZEROES */
	unsigned int nr_ranges;
	void (*end_io)(struct request *rq); /* it is over; the request may be freed or used again */
	void *end_io_data;
	uint64_t timeout; /* ns; 0: the queue's */

	/* How it went: valid from end_io on. */
	int error;		/* 0 or negative errno, see blk.h */
	uint64_t append_sector; /* ZONE_APPEND: where the data went */

	/* Private to blk-mq and the driver. */
	struct blk_mq_hw_ctx *mq_hctx;
	unsigned int tag;	/* below the set's queue_depth, unique in the hardware queue */
	enum mq_rq_state state; /* IN_FLIGHT: the driver has it, or had it */
	uint64_t deadline;	/* platform_now() at which it has taken too long */
	unsigned int retries;	/* how often it was put back after a reset */
	struct request *rq_next;
	void *pdu; /* the driver's, cmd_size bytes */
};

/* Requests in a row, first in, first out. */
struct rq_list {
	struct request *head, *tail;
};

static inline bool rq_list_empty(const struct rq_list *list)
{
	return !list->head;
}

void rq_list_add_tail(struct rq_list *list, struct request *rq);
void rq_list_add_head(struct rq_list *list, struct request *rq);
struct request *rq_list_pop(struct rq_list *list); /* NULL if empty */

/* ---- for users ---- */

/**
 * blk_mq_alloc_request - take a tag, and the request that goes with it
 * @flags: REQ_…
 *
 * The tag is one of the hardware queue that this CPU is mapped to. Waits for one unless REQ_NOWAIT.
 * With REQ_NOWAIT from any context.
 *
 * Return: the request, cleared; NULL if no tag is free now, the disk is going away, or REQ_POLLED
 * and there is no queue for that.
 */
struct request *blk_mq_alloc_request(struct request_queue *q, enum req_op op, unsigned int flags);

/* Gives the tag back. The request is not submitted. From any context. */
void blk_mq_free_request(struct request *rq);

/**
 * blk_execute_rq_nowait - submit a request
 *
 * What is wrong with it shows in end_io, like everything else; end_io may have run by the time this
 * returns. From any context.
 */
void blk_execute_rq_nowait(struct request *rq);

/**
 * blk_execute_rq - submit a request and wait for it
 *
 * Uses rq->end_io itself. Not with a lock held.
 *
 * Return: rq->error.
 */
int blk_execute_rq(struct request *rq);

/*
 * Requests to be submitted together, so that one kick does for all: add them, then flush. Linux
 * keeps such a list for each task, and flushes it before the task sleeps. Here it is the caller's.
 */
struct blk_plug {
	struct rq_list mq_list;
};

static inline void blk_start_plug(struct blk_plug *plug)
{
	*plug = (struct blk_plug){ { 0 } };
}

static inline void blk_plug_add(struct blk_plug *plug, struct request *rq)
{
	rq_list_add_tail(&plug->mq_list, rq);
}

void blk_finish_plug(struct blk_plug *plug);

/**
 * blk_mq_wait - sleep until an interrupt has been handled, and see to requests that take too long
 * @deadline: as platform_wait()'s
 *
 * Like platform_wait(), it may return for no reason: look again. If the disk may go away on another
 * CPU, a tag of it is what keeps @q: the caller's, taken and not given back.
 *
 * Return: false if @deadline has come.
 */
bool blk_mq_wait(struct request_queue *q, uint64_t deadline);

/**
 * blk_mq_poll - complete what is done on the polled queue of this CPU
 *
 * Return: how many requests were completed.
 */
int blk_mq_poll(struct request_queue *q);

/* Ends requests that have taken too long, if there are any. Returns whether there were. */
bool blk_mq_timeout_work(struct request_queue *q);

/* ---- for drivers ---- */

struct blk_mq_queue_data {
	struct request *rq;
	bool last; /* no other follows at once: tell the device */
};

struct blk_mq_ops {
	/*
	 * Give one request to the device. 0; -ENOSPC if there is no room, and then the driver has
	 * called blk_mq_stop_hw_queue(); any other error ends the request.
	 */
	int (*queue_rq)(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd);
	/* Give a list of them, all of one hardware queue. What stays in it goes to queue_rq(). */
	void (*queue_rqs)(struct rq_list *rqlist);
	/* After queue_rq() without .last: there are no more after all. */
	void (*commit_rqs)(struct blk_mq_hw_ctx *hctx);
	/* The device is done with @rq: blk_mq_end_request() it. */
	void (*complete)(struct request *rq);
	/* Fill in set->map. */
	void (*map_queues)(struct blk_mq_tag_set *set);
	/* Complete what is done; how many. */
	int (*poll)(struct blk_mq_hw_ctx *hctx);
	/*
	 * A request of @hctx has taken too long, or blk_mq_expire_hctx() was called. Afterwards
	 * none that blk_mq_rq_expired() is in flight there. One caller at a time; may block.
	 */
	void (*timeout)(struct blk_mq_hw_ctx *hctx);
};

enum hctx_type { HCTX_TYPE_DEFAULT, HCTX_TYPE_POLL, HCTX_MAX_TYPES };

#define BLK_MQ_MAX_CPUS 64

/* Which hardware queue a CPU uses. */
struct blk_mq_queue_map {
	unsigned int nr_queues;
	unsigned int queue_offset; /* number of the first */
	unsigned int mq_map[BLK_MQ_MAX_CPUS];
};

/* Spreads the CPUs over the map's queues, a run of neighbours for each. */
void blk_mq_map_queues(struct blk_mq_queue_map *map);

/* What the driver says about its queues. */
struct blk_mq_tag_set {
	const struct blk_mq_ops *ops;
	unsigned int nr_hw_queues;
	unsigned int queue_depth; /* tags of each */
	size_t cmd_size;	  /* bytes of rq->pdu */
	struct blk_mq_queue_map map[HCTX_MAX_TYPES];
	void *driver_data;
};

/* The tags of one hardware queue: a bit for each, set if it is taken. */
struct blk_mq_tags {
	struct platform_lock lock; /* the next three */
	uint64_t *bitmap;
	unsigned int hint; /* where to look first */
	unsigned int nr_taken;
	unsigned int nr_tags;
	struct request *rqs;
	void *pdus;
};

/* A hardware queue. */
struct blk_mq_hw_ctx {
	struct request_queue *queue;
	unsigned int queue_num;
	enum hctx_type type;
	struct blk_mq_tags tags;

	struct platform_lock lock; /* all that follows */
	struct rq_list dispatch;   /* submitted, and not with the driver */
	bool running;		   /* somebody is dispatching; what is added meanwhile is theirs */
	bool stopped;		   /* the ring is full: wait for a completion */
	unsigned int quiesced;	   /* the driver wants no requests */
	unsigned long requeues;	   /* how often a request had to wait for room in the ring */

	bool expired; /* atomic: what is in flight here will not come back */
};

/* Sizes and counts that requests have to keep to. */
struct queue_limits {
	uint32_t logical_block_size;  /* bytes: the unit of reads and writes */
	uint32_t physical_block_size; /* bytes */
	uint32_t alignment_offset;    /* bytes */
	uint32_t io_min, io_opt;      /* bytes: best are multiples of these; 0: not said */
	uint32_t max_segments;
	uint32_t max_segment_size; /* bytes; a longer bio_vec counts as several segments */

	/* 0 sectors: the operation is not to be had. */
	uint32_t max_discard_sectors, max_discard_segments;
	uint32_t discard_granularity; /* bytes */
	uint32_t max_write_zeroes_sectors, max_write_zeroes_segments;
	bool write_zeroes_may_unmap;
	uint32_t max_secure_erase_sectors, max_secure_erase_segments;
	uint32_t secure_erase_granularity; /* bytes */

	bool write_cache; /* what was written is safe only after a flush */
	bool lifetime;	  /* GET_LIFETIME is to be had */

	/* Zoned disks; otherwise zone_sectors is 0. */
	uint32_t zone_sectors;
	uint32_t max_open_zones, max_active_zones; /* 0: as many as there are */
	uint32_t max_append_sectors;		   /* 0: no ZONE_APPEND */
	uint32_t zone_write_granularity;	   /* bytes */
};

struct request_queue {
	struct blk_mq_tag_set *tag_set;
	const struct blk_mq_ops *ops;
	struct blk_mq_hw_ctx *hctxs;
	struct queue_limits limits;
	struct gendisk *disk;
	void *queuedata;
	uint64_t rq_timeout; /* ns, for requests that have none of their own */

	/* Atomic. */
	bool dying;		      /* no new requests */
	unsigned int q_usage_counter; /* tags taken, and callers in here that wait or submit */
	unsigned int active;	      /* submitted, and not ended */
	unsigned int in_flight;	      /* with the driver */
	uint64_t timeout_at;	      /* when to look for requests that take too long */
	bool in_timeout;	      /* somebody is looking, or keeps everybody from it */
	unsigned long timeouts;
};

#define BLK_DEFAULT_TIMEOUT 30000000000ull /* ns */

/**
 * blk_mq_init_queue - allocate tags, requests and hardware queues
 * @set: stays the queue's
 *
 * The queue comes up quiesced once: blk_mq_unquiesce_queue() opens it.
 *
 * Return: 0 or -ENOMEM.
 */
int blk_mq_init_queue(struct request_queue *q, struct blk_mq_tag_set *set,
		      const struct queue_limits *limits, void *queuedata);
/* All requests have been given back. A queue that was not initialised is allowed, if zeroed. */
void blk_mq_destroy_queue(struct request_queue *q);

/* @rq goes to the device now: its time runs. */
void blk_mq_start_request(struct request *rq);
/* The device is done with it. */
void blk_mq_complete_request(struct request *rq);
/* It is over: from .complete, or when the driver gives up on it. */
void blk_mq_end_request(struct request *rq, int error);
/* It comes back from the driver undone, and is to be given to it again. */
void blk_mq_requeue_request(struct request *rq);

/* With the driver's lock held: there is no room. And, after something came back: there is. */
void blk_mq_stop_hw_queue(struct blk_mq_hw_ctx *hctx);
void blk_mq_start_stopped_hw_queue(struct blk_mq_hw_ctx *hctx);
void blk_mq_run_hw_queue(struct blk_mq_hw_ctx *hctx);

/* Nothing is given to the driver any more once the first has returned. They nest. */
void blk_mq_quiesce_hctx(struct blk_mq_hw_ctx *hctx);
void blk_mq_unquiesce_hctx(struct blk_mq_hw_ctx *hctx);
void blk_mq_quiesce_queue(struct request_queue *q);
void blk_mq_unquiesce_queue(struct request_queue *q);

/*
 * Between the two .timeout is not called, and none is under way: the first waits for one on another
 * CPU. Not from .timeout.
 */
void blk_mq_hold_timeouts(struct request_queue *q);
void blk_mq_release_timeouts(struct request_queue *q);

/* What is in flight in @hctx will not come back: .timeout is due at once. Any context. */
void blk_mq_expire_hctx(struct blk_mq_hw_ctx *hctx);
/* Has @rq taken too long? */
bool blk_mq_rq_expired(const struct request *rq);

/*
 * Wait for what the driver has; and, once the queue is dying, until everybody has given back the
 * tags and is out of here. Time-outs see to it that requests end.
 */
void blk_mq_drain_in_flight(struct request_queue *q);
void blk_mq_drain_queue(struct request_queue *q);
/* Ends what waits in the queue. It is quiesced. */
void blk_mq_fail_queued(struct request_queue *q, int error);

/* Requests in flight of a hardware queue, one after the other; @rq NULL begins. */
struct request *blk_mq_next_in_flight(struct blk_mq_hw_ctx *hctx, struct request *rq);

#endif
