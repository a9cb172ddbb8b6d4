/* SPDX-License-Identifier: MIT */
/*
 * The two halves in two threads: nothing but the ring between them, and a line each way for kicks
 * and interrupts. A notification lost is a side that waits for ever, so waiting has a limit.
 *
 * Each combination sends THREADS_BUFFERS buffers, or as many as go in THREADS_MS milliseconds;
 * THREADS_SEED chooses batches, lengths and moments to sleep.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "pair.h"

#define LETTERS 64
#define CELLS_EACH 4
#define WORDS (CELL / sizeof(uint32_t)) /* in a cell */
#define PATIENCE_MS 20000

/* A buffer as its driver thread sees it. All of its elements are whole cells. */
struct letter {
	unsigned int cell, out, in;
	uint32_t number; /* first word of the readable part; the words count up from it */
	bool under_way;
};

/* A doorbell or an interrupt line: a counter that one side moves and the other watches. */
struct line {
	atomic_uint rung;
	unsigned int heard;   /* the watcher's */
	unsigned long waited; /* times */
};

struct conversation {
	struct pair pair;
	struct line kick, irq;
	struct letter letters[LETTERS];
	unsigned long quota, sent, back;
	uint64_t deadline_ns;
	struct rng driver_rng, device_rng;
	bool irqs_on;	  /* the driver has not declined interrupts since it last asked for them */
	atomic_bool over; /* the driver has all its buffers back */
	atomic_bool failed; /* either side gave up */
	const char *why;    /* set by whoever was first to fail */
};

/* cmocka's assertions belong to the main thread; the others fail like this. */
static void give_up(struct conversation *c, const char *why)
{
	if (!atomic_exchange(&c->failed, true))
		c->why = why;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static void ring_line(struct line *line)
{
	atomic_fetch_add_explicit(&line->rung, 1, memory_order_release);
}

/* Until the line has rung since the last time. What rang before the wait began counts as well. */
static void wait_for(struct conversation *c, struct line *line, const char *why)
{
	uint64_t limit = now_ns() + PATIENCE_MS * UINT64_C(1000000);
	unsigned int rung;

	line->waited++;
	for (unsigned int n = 1;; n++) {
		rung = atomic_load_explicit(&line->rung, memory_order_acquire);
		if (rung != line->heard || atomic_load(&c->failed))
			break;
		if (n % 256 == 0)
			sched_yield();
		if (n % 65536 == 0 && now_ns() > limit)
			give_up(c, why);
	}
	line->heard = rung;
}

static bool doorbell(struct virtqueue *vq)
{
	struct conversation *c = vq->priv;

	ring_line(&c->kick);
	return true;
}

/* Runs in the device's thread, as an interrupt runs wherever it likes. */
static void used_buffers(struct virtqueue *vq)
{
	struct conversation *c = vq->priv;

	ring_line(&c->irq);
}

/* ---- the driver's thread ---- */

static bool send_one(struct conversation *c)
{
	struct scatterlist sg[CELLS_EACH], *sgs[] = { sg, NULL };
	struct letter *letter = &c->letters[rng_below(&c->driver_rng, LETTERS)];
	unsigned int num = c->pair.shape.num;
	unsigned int most = num < CELLS_EACH ? num : CELLS_EACH;
	uint32_t *words;
	int err;

	for (unsigned int i = 0; letter->under_way; i++) {
		if (i == LETTERS)
			return false;
		letter = &c->letters[i];
	}
	letter->cell = (letter - c->letters) * CELLS_EACH;
	letter->out = 1 + rng_below(&c->driver_rng, most);
	letter->in = rng_below(&c->driver_rng, most - letter->out + 1);
	letter->number = rng_next(&c->driver_rng);
	words = (uint32_t *)(c->pair.data + letter->cell * CELL);
	for (unsigned int i = 0; i < letter->out * WORDS; i++)
		words[i] = letter->number + i;
	memset(words + letter->out * WORDS, 0, letter->in * CELL);

	for (unsigned int i = 0; i < letter->out + letter->in; i++) {
		sg_set(&sg[i], DATA_ADDR + (letter->cell + i) * CELL, CELL);
		sg[i].end = i + 1 == letter->out || i + 1 == letter->out + letter->in;
	}
	sgs[1] = sg + letter->out;
	err = virtqueue_add_sgs(c->pair.vq, sgs, 1, letter->in ? 1 : 0, letter);
	if (err && err != -ENOSPC)
		give_up(c, "virtqueue_add_sgs() failed");
	if (err)
		return false;
	letter->under_way = true;
	c->sent++;
	return true;
}

/* The device answers a letter with the words its own would go on with, as many as it likes. */
static bool receive_one(struct conversation *c)
{
	unsigned int len;
	struct letter *letter = virtqueue_get_buf(c->pair.vq, &len);
	uint32_t *words;

	if (!letter)
		return false;
	if (!letter->under_way || len > letter->in * CELL || len % sizeof(*words)) {
		give_up(c, "a buffer came back twice, or too long");
		return false;
	}
	letter->under_way = false;
	c->back++;
	words = (uint32_t *)(c->pair.data + letter->cell * CELL);
	for (unsigned int i = 0; i < letter->out * WORDS + len / sizeof(*words); i++)
		if (words[i] != letter->number + i)
			give_up(c, "the driver read other words than the device wrote");
	return true;
}

/* A moment of no fixed length, so that the two sides meet in ever other places. */
static void linger(struct rng *rng)
{
	for (volatile unsigned int n = rng_below(rng, 128); n; n--)
		;
}

/* Asks for an interrupt in one way or another; false if something came in between. */
static bool ask_for_interrupt(struct conversation *c)
{
	struct virtqueue *vq = c->pair.vq;

	linger(&c->driver_rng);
	/* While callbacks are on, virtqueue_get_buf() asks by itself, until there is nothing. */
	if (c->irqs_on && rng_below(&c->driver_rng, 4)) {
		while (receive_one(c))
			;
		return c->back < c->sent;
	}
	c->irqs_on = true;
	switch (rng_below(&c->driver_rng, 4)) {
	case 0:
		return virtqueue_enable_cb_delayed(vq);
	case 1:
		return !virtqueue_poll(vq, virtqueue_enable_cb_prepare(vq));
	default:
		return virtqueue_enable_cb(vq);
	}
}

static void wait_for_used(struct conversation *c)
{
	if (ask_for_interrupt(c))
		wait_for(c, &c->irq, "the driver waits for an interrupt that does not come");
	if (rng_below(&c->driver_rng, 4) == 0) {
		virtqueue_disable_cb(c->pair.vq);
		c->irqs_on = false;
	}
}

static bool more_to_send(struct conversation *c)
{
	return c->sent < c->quota && (c->sent % 64 || now_ns() < c->deadline_ns);
}

static void *drive(void *arg)
{
	struct conversation *c = arg;
	bool sending = true;

	while (!atomic_load(&c->failed) && (sending || c->back < c->sent)) {
		unsigned int burst = rng_below(&c->driver_rng, 16);
		bool full = false;

		while (sending && burst-- && !full) {
			full = !send_one(c);
			sending = more_to_send(c);
		}
		if (!virtqueue_kick(c->pair.vq))
			give_up(c, "the driver's half is broken");
		burst = rng_below(&c->driver_rng, 16);
		while (burst-- && receive_one(c))
			;
		if (c->back < c->sent && (full || !sending || rng_below(&c->driver_rng, 8) == 0))
			wait_for_used(c);
	}
	atomic_store(&c->over, true);
	ring_line(&c->kick);
	return NULL;
}

/* ---- the device's thread ---- */

#define HANDS 4

struct device_side {
	struct conversation *c;
	struct VirtQueueElement elems[HANDS];
	struct guest_piece pieces[HANDS][2 * CELLS_EACH];
	unsigned int held;
};

/* Word @n of a buffer whose pieces may be cut anywhere. */
static uint32_t *word_at(const struct guest_piece *pieces, unsigned int n)
{
	size_t offset = n * sizeof(uint32_t);

	while (offset >= pieces->len)
		offset -= pieces++->len;
	return (uint32_t *)((char *)pieces->base + offset);
}

static void read_and_answer(struct device_side *d, struct VirtQueueElement *elem)
{
	struct conversation *c = d->c;
	unsigned int out = elem->out_len / sizeof(uint32_t);
	unsigned int in = elem->in_len / sizeof(uint32_t);
	uint32_t number = *word_at(elem->out_sg, 0);

	for (unsigned int i = 0; i < out; i++)
		if (*word_at(elem->out_sg, i) != number + i)
			give_up(c, "the device read other words than the driver wrote");
	if (in && rng_below(&c->device_rng, 4) == 0)
		in = rng_below(&c->device_rng, in + 1);
	for (unsigned int i = 0; i < in; i++)
		*word_at(elem->in_sg, i) = number + out + i;
	virtqueue_fill(&c->pair.device, elem, in * sizeof(uint32_t));
}

/* Hands back one of those held: any, or in order the oldest. */
static void let_go(struct device_side *d)
{
	bool in_order = d->c->pair.shape.features & IN_ORDER;
	unsigned int i = in_order ? 0 : rng_below(&d->c->device_rng, d->held);
	struct VirtQueueElement elem = d->elems[i];

	read_and_answer(d, &elem);
	d->held--;
	for (; i < d->held; i++) {
		struct guest_piece *free = d->elems[i].pieces;

		d->elems[i] = d->elems[i + 1];
		d->elems[i + 1].pieces = free;
	}
	d->elems[d->held].pieces = elem.pieces;
}

static bool take_one(struct device_side *d)
{
	struct VirtQueueElement *elem = &d->elems[d->held];

	elem->capacity = 2 * CELLS_EACH;
	if (!virtqueue_pop(&d->c->pair.device, elem))
		return false;
	d->held++;
	return true;
}

static void show(struct device_side *d)
{
	virtqueue_flush(&d->c->pair.device);
	virtio_notify(&d->c->pair.device);
}

void virtio_irq(struct VirtQueue *vq)
{
	struct conversation *c = vq->owner;

	vring_interrupt(0, c->pair.vq);
}

/* Everything there is, a few at a time; true if the ring is empty and the driver will kick. */
static bool work(struct device_side *d)
{
	struct conversation *c = d->c;
	bool declined = rng_below(&c->device_rng, 2);

	if (declined)
		virtio_queue_set_notification(&c->pair.device, false);
	linger(&c->device_rng);
	while (!atomic_load(&c->failed) && take_one(d)) {
		if (d->held == HANDS || rng_below(&c->device_rng, 2))
			let_go(d);
		if (rng_below(&c->device_rng, 4) == 0)
			show(d);
	}
	while (d->held)
		let_go(d);
	show(d);
	if (!declined)
		return true;
	linger(&c->device_rng);
	virtio_queue_set_notification(&c->pair.device, true);
	return virtio_queue_empty(&c->pair.device);
}

static void *serve_all(void *arg)
{
	struct device_side d = { .c = arg };
	struct conversation *c = arg;

	for (unsigned int i = 0; i < HANDS; i++)
		d.elems[i].pieces = d.pieces[i];
	while (!atomic_load(&c->over) && !atomic_load(&c->failed)) {
		if (!work(&d))
			continue;
		if (c->pair.device.broken)
			give_up(c, "the device's half is broken");
		wait_for(c, &c->kick, "the device waits for a kick that does not come");
	}
	return NULL;
}

/* ---- the conversation ---- */

static void begin(struct conversation *c, struct shape shape)
{
	pair_start(&c->pair, shape);
	c->pair.config.notify = doorbell;
	c->pair.config.callback = used_buffers;
	c->pair.config.priv = c;
	assert_int_equal(vring_reinit(c->pair.vq, &c->pair.config), 0);
	start_device(&c->pair);
	c->pair.device.owner = c;
	memset(&c->kick, 0, sizeof(c->kick));
	memset(&c->irq, 0, sizeof(c->irq));
	memset(c->letters, 0, sizeof(c->letters));
	c->sent = c->back = 0;
	c->irqs_on = true;
	atomic_store(&c->over, false);
}

static void talk(struct conversation *c)
{
	pthread_t driver, device;

	assert_int_equal(pthread_create(&device, NULL, serve_all, c), 0);
	assert_int_equal(pthread_create(&driver, NULL, drive, c), 0);
	pthread_join(driver, NULL);
	pthread_join(device, NULL);
	if (c->failed)
		fail_msg("%s, after %lu sent and %lu back", c->why, c->sent, c->back);
	assert_int_equal(c->back, c->sent);
	assert_int_equal(c->pair.vq->num_free, c->pair.shape.num);
}

static void converse(void **state)
{
	static const unsigned int sizes[] = { 4, 16, 2, 256 };
	struct conversation *c = *state;
	uint64_t features = c->pair.shape.features;
	unsigned long ms = setting("THREADS_MS", 240);

	c->pair.cells = LETTERS * CELLS_EACH;
	c->quota = setting("THREADS_BUFFERS", 100000) / 4;
	for (unsigned int i = 0; i < 4; i++) {
		/* A packed ring need not be a power of two. */
		begin(c, shape_of(features, sizes[i] - (features & PACKED && sizes[i] == 4)));
		c->deadline_ns = now_ns() + ms * 1000000 / 4;
		talk(c);
		pair_end(&c->pair);
	}
}

static int setup_conversation(void **state)
{
	uint64_t features = *(const uint64_t *)*state;
	struct conversation *c = allocate(sizeof(*c));

	c->driver_rng.state = setting("THREADS_SEED", 1) ^ features;
	c->device_rng.state = c->driver_rng.state + 1;
	c->pair.shape.features = features;
	*state = c;
	return 0;
}

static int teardown_conversation(void **state)
{
	struct conversation *c = *state;

	if (c->pair.vq) {
		fprintf(stderr,
			"THREADS_SEED=%lu; kicks %u, device waited %lu; "
			"interrupts %u, driver waited %lu\n",
			setting("THREADS_SEED", 1), c->kick.rung, c->kick.waited, c->irq.rung,
			c->irq.waited);
		print_pair(&c->pair);
		pair_free(&c->pair);
	}
	free(c);
	return 0;
}

int main(int argc, char **argv)
{
	/* One side that runs in circles is not found by waiting. */
	alarm(300);
	return run_every_combination(argc, argv, converse, setup_conversation,
				     teardown_conversation);
}
