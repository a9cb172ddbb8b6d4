/* SPDX-License-Identifier: MIT */
/*
 * The driver's part of the workload, the same text for every rival: it is included where struct
 * virtqueue and struct scatterlist are the rival's own. Before it, the file that includes it gives
 *
 *	static int add(struct virtqueue *vq, struct scatterlist *sgs[], unsigned int out,
 *		       unsigned int in, void *token);
 *	static void set_sg(struct scatterlist *sg, void *address, unsigned int length);
 *
 * and after it make() and destroy().
 */
#ifndef TESTS_BENCH_DRIVER_LOOP_H
#define TESTS_BENCH_DRIVER_LOOP_H

#include "tests/bench/bench.h"

/* A buffer as the drivers of block devices have it: one list for each element. */
struct token {
	struct scatterlist *sgs[3];
	struct scatterlist sg[3];
	uint32_t len; /* bytes the device is going to write */
};

struct driver_queue {
	struct bench_queue bench; /* first */
	struct virtqueue *vq;
	unsigned int out, in; /* lists of a buffer */
	unsigned int batch;
	unsigned int num_tokens;
	struct token tokens[];
};

static char memory[4096]; /* behind all the buffers; nobody touches it */

static struct driver_queue *new_queue(const struct bench_shape *shape)
{
	struct driver_queue *q = bench_alloc(sizeof(*q) + sizeof(struct token) * shape->tokens);

	q->out = shape->elems == 3;
	q->in = shape->elems - q->out;
	q->batch = shape->batch;
	q->num_tokens = shape->tokens;
	for (unsigned int i = 0; i < shape->tokens; i++) {
		struct token *token = &q->tokens[i];
		unsigned int data = shape->elems == 3;

		for (unsigned int j = 0; j < shape->elems; j++) {
			token->sgs[j] = &token->sg[j];
			set_sg(&token->sg[j], memory + j * 16, 16); /* header, or status */
		}
		set_sg(&token->sg[data], memory + 64, 512 + i);
		token->len = 512 + i + (shape->elems == 3 ? 16 : 0);
	}
	return q;
}

/* As after the first round of any driver: Linux's packed ring uses no event index before it. */
static void ask_for_interrupts(struct virtqueue *vq)
{
	virtqueue_disable_cb(vq);
	if (!virtqueue_enable_cb(vq))
		bench_fail("a new queue is not empty");
}

static inline struct token *token_at(struct driver_queue *q, uint64_t n)
{
	return &q->tokens[n & (q->num_tokens - 1)];
}

static inline void submit_one(struct driver_queue *q)
{
	for (unsigned int i = 0; i < q->batch; i++) {
		struct token *token = token_at(q, q->bench.added++);

		if (add(q->vq, token->sgs, q->out, q->in, token))
			q->bench.wrong = true;
	}
	if (virtqueue_kick_prepare(q->vq))
		q->bench.kicks++;
}

/* Until nothing is left, as every driver does before it rests. */
static inline void reap_one(struct driver_queue *q)
{
	struct token *token;
	unsigned int len;

	while ((token = virtqueue_get_buf(q->vq, &len))) {
		if (token != token_at(q, q->bench.reaped++) || len != token->len)
			q->bench.wrong = true;
	}
}

static void submit(struct bench_queue *const queues[], unsigned int num)
{
	for (unsigned int i = 0; i < num; i++)
		submit_one((struct driver_queue *)queues[i]);
}

static void reap(struct bench_queue *const queues[], unsigned int num)
{
	for (unsigned int i = 0; i < num; i++)
		reap_one((struct driver_queue *)queues[i]);
}

static void cycle(struct bench_queue *queue, struct bench_device *device, unsigned int batches)
{
	struct driver_queue *q = (struct driver_queue *)queue;

	for (unsigned int i = 0; i < batches; i++) {
		submit_one(q);
		bench_device_pass(device);
		reap_one(q);
	}
}

static void stream(struct bench_queue *queue, uint64_t buffers)
{
	struct driver_queue *q = (struct driver_queue *)queue;
	uint64_t end = queue->added + buffers;

	while (queue->reaped < end) {
		while (queue->added < end &&
		       queue->added + q->batch - queue->reaped <= q->num_tokens)
			submit_one(q);
		reap_one(q);
	}
}

#endif
