/* SPDX-License-Identifier: MIT */
/*
 * ring/ in the benchmark.
 */
#include <stdlib.h>

#include "ring/virtqueue.h"

static int add(struct virtqueue *vq, struct scatterlist *sgs[], unsigned int out, unsigned int in,
	       void *token)
{
	return virtqueue_add_sgs(vq, sgs, out, in, token);
}

static void set_sg(struct scatterlist *sg, void *address, unsigned int length)
{
	sg_init_one(sg, (uintptr_t)address, length);
}

#include "tests/bench/driver_loop.h"

#define INDIRECT_MAX 4

void vring_violation(const struct virtqueue *vq, const char *field, uint32_t value,
		     const char *rule)
{
	bench_fail("%s: ring/ found %s %u: %s", vq->name, field, value, rule);
}

static bool notify(struct virtqueue *vq)
{
	(void)vq;
	return true;
}

static void callback(struct virtqueue *vq)
{
	(void)vq;
}

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + 63) & ~UINT64_C(63);
}

/* One block holds it all: private state, three areas that share no cache line, tables. */
static struct bench_queue *make(const struct bench_shape *shape, uint64_t features,
				struct bench_areas *areas)
{
	struct driver_queue *q = new_queue(shape);
	uint64_t state = round_up(vring_state_bytes(shape->num));
	uint64_t desc = round_up(vring_desc_bytes(shape->num));
	uint64_t driver = round_up(vring_driver_bytes(features, shape->num));
	uint64_t device = round_up(vring_device_bytes(features, shape->num));
	uint64_t tables = shape->indirect ? vring_indirect_bytes(shape->num, INDIRECT_MAX) : 0;
	char *block = bench_alloc(state + desc + driver + device + tables);
	char *shared = block + state;
	struct vring_config config = {
		.name = "bench",
		.num = shape->num,
		.features = features,
		.desc = shared,
		.driver = shared + desc,
		.device = shared + desc + driver,
		.indirect = shape->indirect ? shared + desc + driver + device : NULL,
		.indirect_dma = (uintptr_t)(shared + desc + driver + device),
		.indirect_max = shape->indirect ? INDIRECT_MAX : 0,
		.notify = notify,
		.callback = callback,
		.priv = block,
	};

	if (vring_new_virtqueue(&config, block, state, &q->vq))
		bench_fail("ring/ makes no queue of %u entries", shape->num);
	ask_for_interrupts(q->vq);
	*areas = (struct bench_areas){
		.desc = (uintptr_t)config.desc,
		.driver = (uintptr_t)config.driver,
		.device = (uintptr_t)config.device,
	};
	return &q->bench;
}

static void destroy(struct bench_queue *queue)
{
	struct driver_queue *q = (struct driver_queue *)queue;

	free(q->vq->priv);
	free(q);
}

const struct bench_driver our_driver = {
	.name = "ours",
	.make = make,
	.destroy = destroy,
	.submit = submit,
	.reap = reap,
	.cycle = cycle,
	.stream = stream,
};
