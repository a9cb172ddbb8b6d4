/* SPDX-License-Identifier: MIT */
/*
 * A third party scribbles over the ring while both halves use it. Neither may touch what is not its
 * own, run in circles, or hand out a buffer it does not have; a half that sees a rule broken stops,
 * says so once, and is whole again after a reset.
 *
 * HOSTILE_STEPS and HOSTILE_SEED in the environment choose how far and which way.
 */
#include <unistd.h>

#include "pair.h"

#define TOKENS 32
#define CELLS_EACH 4
#define HANDS 8
#define PIECES 6 /* the longest chain this device allows */
#define LIFE 400 /* steps until the queue is reset, broken or not */

struct token {
	unsigned int slots;
	uint32_t writable;
	bool under_way;
};

struct scene {
	struct pair pair;
	struct rng rng;
	unsigned int areas; /* bit n: the third party reaches area n */
	unsigned int pause; /* steps between two of its scribbles, on average */
	struct token tokens[TOKENS];
	struct VirtQueueElement hands[HANDS];
	unsigned int held;
	unsigned int driver_broke, device_broke;
};

static unsigned int below(struct scene *s, unsigned int n)
{
	return rng_below(&s->rng, n);
}

/* ---- the third party ---- */

/* Nearly right is worse than random. */
static uint16_t evil(struct scene *s, uint16_t old)
{
	const uint16_t values[] = {
		0,
		1,
		0xffff,
		0x8000,
		0x7fff,
		rng_next(&s->rng),
		old + 1,
		old - 1,
		old + s->pair.shape.num,
		old ^ 1,
		old ^ 2,
		old ^ VRING_DESC_F_INDIRECT,
		below(s, 2 * s->pair.shape.num),
		s->pair.shape.num,
		s->pair.shape.num - 1,
		old ^ VRING_PACKED_DESC_F_AVAIL ^ VRING_PACKED_DESC_F_USED,
		old ^ 1u << below(s, 16),
	};

	return values[below(s, sizeof(values) / sizeof(*values))];
}

/* A word where one of the halves will look next, or any. */
static uint16_t *aim(struct scene *s, int area)
{
	const struct pair *p = &s->pair;
	uint16_t *words = p->regions[area].host;
	unsigned int num = p->regions[area].size / sizeof(*words);
	struct vring_snapshot now;
	uint16_t places[4];

	virtqueue_snapshot(p->vq, &now);
	places[0] = now.avail_idx;
	places[1] = now.last_used;
	places[2] = p->device.last_avail_idx;
	places[3] = p->device.used_idx;
	if (below(s, 3) == 0)
		return words + below(s, num);
	/* The first words are the index and flags of a split ring. */
	if (area != DESC)
		return words + below(s, 2);
	return words + (places[below(s, 4)] & 0x7fff) % p->shape.num * 8 + below(s, 8);
}

static void scribble(struct scene *s)
{
	int area = below(s, TABLES + 1);
	uint16_t *word;

	if (!(s->areas & 1u << area) || !s->pair.regions[area].size)
		return;
	word = aim(s, area);
	*word = evil(s, *word);
}

/* ---- the driver ---- */

static void add(struct scene *s)
{
	struct scatterlist sg[CELLS_EACH], *sgs[] = { sg, sg };
	unsigned int i = below(s, TOKENS);
	unsigned int out = below(s, CELLS_EACH);
	unsigned int in = below(s, CELLS_EACH - out + 1);
	struct token *token = &s->tokens[i];

	if (token->under_way || out + in == 0)
		return;
	for (unsigned int k = 0; k < out + in; k++) {
		sg_set(&sg[k], DATA_ADDR + (i * CELLS_EACH + k) * CELL, CELL);
		sg[k].end = k + 1 == out || k + 1 == out + in;
	}
	sgs[1] = out ? sg + out : sg;
	if (virtqueue_add_sgs(s->pair.vq, out ? sgs : sgs + 1, !!out, !!in, token) == 0) {
		assert_false(virtqueue_is_broken(s->pair.vq));
		token->under_way = true;
		token->writable = in * CELL;
		token->slots = out + in > 1 && s->pair.config.indirect_max ? 1 : out + in;
	}
}

static void comes_back(struct scene *s, struct token *token)
{
	assert_in_range(token - s->tokens, 0, TOKENS - 1);
	assert_true(token->under_way);
	token->under_way = false;
}

static void get_buf(struct scene *s)
{
	unsigned int len;
	struct token *token = virtqueue_get_buf(s->pair.vq, &len);

	if (token) {
		assert_in_range(len, 0, token->writable);
		comes_back(s, token);
	}
}

static void callbacks(struct scene *s)
{
	struct virtqueue *vq = s->pair.vq;

	switch (below(s, 5)) {
	case 0:
		virtqueue_disable_cb(vq);
		break;
	case 1:
		virtqueue_enable_cb(vq);
		break;
	case 2:
		virtqueue_enable_cb_delayed(vq);
		break;
	case 3:
		virtqueue_poll(vq, virtqueue_enable_cb_prepare(vq));
		break;
	default:
		vring_interrupt(0, vq);
	}
}

static void kick(struct scene *s)
{
	virtqueue_kick(s->pair.vq);
}

/* ---- the device ---- */

/* Wherever a piece leads, it has to be inside the regions: the sanitizer watches. */
static void use_pieces(const struct VirtQueueElement *elem)
{
	static volatile uint8_t seen;

	for (unsigned int i = 0; i < elem->out_num; i++) {
		const uint8_t *byte = elem->out_sg[i].base;

		assert_true(elem->out_sg[i].len > 0);
		seen = byte[0];
		seen = byte[elem->out_sg[i].len - 1];
	}
	for (unsigned int i = 0; i < elem->in_num; i++) {
		assert_true(elem->in_sg[i].len > 0);
		memset(elem->in_sg[i].base, seen, elem->in_sg[i].len);
	}
}

static void pop(struct scene *s)
{
	struct VirtQueueElement *elem = &s->hands[s->held];

	if (s->held == HANDS)
		return;
	elem->capacity = PIECES;
	if (!virtqueue_pop(&s->pair.device, elem))
		return;
	assert_false(s->pair.device.broken);
	assert_in_range(elem->out_num + elem->in_num, 0, PIECES);
	assert_in_range(elem->ndescs, 1, s->pair.shape.num);
	use_pieces(elem);
	s->held++;
	/* Each stands for an entry of its own, so there cannot be more of them. */
	assert_in_range(s->held, 1, s->pair.shape.num);
}

static void unpop(struct scene *s)
{
	if (s->held && below(s, 8) == 0)
		virtqueue_unpop(&s->pair.device, &s->hands[--s->held]);
}

static void fill(struct scene *s)
{
	unsigned int i = s->pair.shape.features & IN_ORDER || !s->held ? 0 : below(s, s->held);
	struct VirtQueueElement elem;
	uint64_t len;

	if (!s->held)
		return;
	elem = s->hands[i];
	len = below(s, 2) ? elem.in_len : below(s, elem.in_len + 1);
	virtqueue_fill(&s->pair.device, &elem, len > UINT32_MAX ? UINT32_MAX : len);
	s->held--;
	for (; i < s->held; i++)
		s->hands[i] = s->hands[i + 1];
	s->hands[s->held].pieces = elem.pieces;
}

static void flush(struct scene *s)
{
	virtqueue_flush(&s->pair.device);
	if (below(s, 2))
		virtio_should_notify(&s->pair.device);
}

static void notification(struct scene *s)
{
	virtio_queue_set_notification(&s->pair.device, below(s, 2));
	virtio_queue_empty(&s->pair.device);
}

/* ---- the scene ---- */

static void begin_again(struct scene *s)
{
	static const unsigned int sizes[] = { 1, 2, 3, 4, 8, 16 };
	uint64_t features = s->pair.shape.features;
	unsigned int num;

	do
		num = sizes[below(s, sizeof(sizes) / sizeof(*sizes))];
	while (!(features & PACKED) && num & (num - 1));
	pair_restart(&s->pair, (struct shape){ features, num, 0xfff0 + below(s, 16) });
	s->held = 0;
	s->pair.violations = s->pair.errors = 0;
	s->pause = 2u << below(s, 6);
	/* All of it, or what one side writes, so that it is the other half that has to notice. */
	switch (below(s, 3)) {
	case 0:
		s->areas = 1u << DESC | 1u << DRIVER | 1u << TABLES;
		break;
	case 1:
		s->areas = 1u << DEVICE | (features & PACKED ? 1u << DESC : 0);
		break;
	default:
		s->areas = (1u << (TABLES + 1)) - 1;
	}
}

/* Each buffer still under way comes back from the reset queue, once. */
static void reset(struct scene *s)
{
	struct token *token;

	s->driver_broke += virtqueue_is_broken(s->pair.vq);
	s->device_broke += s->pair.device.broken;
	while ((token = virtqueue_detach_unused_buf(s->pair.vq)))
		comes_back(s, token);
	for (unsigned int i = 0; i < TOKENS; i++)
		assert_false(s->tokens[i].under_way);
	begin_again(s);
}

static void check_standing(struct scene *s)
{
	unsigned int slots = 0;

	for (unsigned int i = 0; i < TOKENS; i++)
		slots += s->tokens[i].under_way ? s->tokens[i].slots : 0;
	assert_int_equal(s->pair.vq->num_free + slots, s->pair.shape.num);
	assert_int_equal(s->pair.violations, virtqueue_is_broken(s->pair.vq));
	assert_int_equal(s->pair.errors, s->pair.device.broken);
}

static void scribble_and_see(void **state)
{
	static void (*const acts[])(struct scene *) = {
		add, add, add,	 kick, get_buf, get_buf, callbacks, pop,
		pop, pop, unpop, fill, fill,	flush,	 flush,	    notification,
	};
	struct scene *s = *state;
	unsigned long steps = setting("HOSTILE_STEPS", 300000);

	pair_start(&s->pair, shape_of(s->pair.shape.features, 16));
	begin_again(s);
	for (unsigned long n = 0; n < steps; n++) {
		acts[below(s, sizeof(acts) / sizeof(*acts))](s);
		check_standing(s);
		if (below(s, s->pause) == 0)
			scribble(s);
		if (n % LIFE == LIFE - 1)
			reset(s);
	}
	/* Otherwise nothing has been tried. */
	assert_true(s->driver_broke > 0 && s->device_broke > 0);
	pair_free(&s->pair);
}

static int setup_scene(void **state)
{
	uint64_t features = *(const uint64_t *)*state;
	struct scene *s = allocate(sizeof(*s));

	s->rng.state = setting("HOSTILE_SEED", 1) ^ features;
	s->pair.cells = TOKENS * CELLS_EACH;
	s->pair.shape.features = features;
	for (unsigned int i = 0; i < HANDS; i++)
		s->hands[i].pieces = allocate(PIECES * sizeof(struct guest_piece));
	*state = s;
	return 0;
}

static int teardown_scene(void **state)
{
	struct scene *s = *state;

	if (s->pair.vq) {
		fprintf(stderr, "HOSTILE_SEED=%lu\n", setting("HOSTILE_SEED", 1));
		print_pair(&s->pair);
		pair_free(&s->pair);
	}
	for (unsigned int i = 0; i < HANDS; i++)
		free(s->hands[i].pieces);
	free(s);
	return 0;
}

int main(int argc, char **argv)
{
	/* A loop without end is a failure too. */
	alarm(300);
	return run_every_combination(argc, argv, scribble_and_see, setup_scene, teardown_scene);
}
