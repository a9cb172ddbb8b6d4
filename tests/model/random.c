/* SPDX-License-Identifier: MIT */
/*
 * Long random walks of both halves over one ring, each step compared with a model of a queue: lists
 * of buffers, and 64-bit counters that never wrap.
 *
 * MODEL_STEPS and MODEL_SEED in the environment choose how far and which way.
 */
#include "tests/interop/pair.h"

#define REQUESTS 64
#define CELLS_EACH 10
#define LOG 24

enum where {
	IDLE,	 /* with the driver, not offered */
	OFFERED, /* exposed, not popped */
	IN_HAND, /* popped */
	FILLED,	 /* written into the ring, not flushed */
	USED,	 /* shown to the driver, not reaped */
};

/* A buffer and what the model knows of it. */
struct item {
	struct request req; /* first: the driver's token is its address */
	enum where where;
	uint64_t pos; /* where its entries begin, when popped or used */
};

/* Items in the order in which they came here. */
struct list {
	struct item *items[REQUESTS];
	unsigned int num;
};

/* Counters are in entries of the ring: buffers if split, descriptors if packed. */
struct model {
	struct pair pair;
	struct rng rng;
	struct item items[REQUESTS];
	struct list offered, in_hand, filled, used;

	uint64_t avail;	   /* exposed by the driver */
	uint64_t popped;   /* taken by the device */
	uint64_t flushed;  /* shown by the device */
	uint64_t reaped;   /* seen by the driver */
	uint64_t kicked;   /* avail, at the last kick decision */
	uint64_t signaled; /* flushed, at the last interrupt decision */
	int64_t kick_at;   /* the entry at which the device last asked for a kick */
	int64_t irq_at;	   /* the entry at which the driver last asked for an interrupt */
	bool kicks_on, irqs_on;

	unsigned int busy;  /* 0..99: how likely the next step is the driver's */
	unsigned int greed; /* 0..99: how likely a side gives rather than takes back */
	unsigned long step;
	const char *log[LOG];
};

static void append(struct list *list, struct item *item, enum where where)
{
	item->where = where;
	list->items[list->num++] = item;
}

static struct item *take_at(struct list *list, unsigned int i)
{
	struct item *item = list->items[i];

	list->num--;
	memmove(&list->items[i], &list->items[i + 1], (list->num - i) * sizeof(list->items[0]));
	return item;
}

static bool packed(const struct model *m)
{
	return m->pair.shape.features & PACKED;
}

static bool event_idx(const struct model *m)
{
	return m->pair.shape.features & EVENT_IDX;
}

static bool in_order(const struct model *m)
{
	return m->pair.shape.features & IN_ORDER;
}

/* Entries of the ring that a buffer stands for. */
static unsigned int entries(const struct model *m, const struct item *item)
{
	return packed(m) ? slots_of(&m->pair, &item->req) : 1;
}

/* Descriptors of all buffers that the driver has not got back. */
static unsigned int slots_taken(const struct model *m)
{
	unsigned int slots = 0;

	for (unsigned int i = 0; i < REQUESTS; i++)
		if (m->items[i].where != IDLE)
			slots += slots_of(&m->pair, &m->items[i].req);
	return slots;
}

static uint16_t position(const struct model *m, uint64_t entry)
{
	return position_of(&m->pair.shape, m->pair.shape.first + entry);
}

/* ---- notifications ---- */

enum verdict { MUST_NOT, MAY, MUST };

/*
 * The rule of 2.7.7, 2.7.10 and 2.8.10 on numbers that do not wrap: was the entry asked for among
 * @old..@new - 1? The ring's own numbers repeat after two laps (packed) or 65536 entries, and then
 * one notification too many may come.
 */
static enum verdict asked_for(const struct model *m, int64_t at, uint64_t old, uint64_t new_)
{
	int64_t circle = packed(m) ? 2 * m->pair.shape.num : 65536;
	int64_t passed = new_ - old;
	int64_t since = ((at - (int64_t)old) % circle + circle) % circle;

	if (at >= (int64_t)old && at < (int64_t)new_)
		return MUST;
	if (passed > (packed(m) ? m->pair.shape.num : 65535) || since < passed)
		return MAY;
	return MUST_NOT;
}

static void check_verdict(enum verdict verdict, bool decided)
{
	if (verdict == MUST && !decided)
		fail_msg("a notification is lost");
	if (verdict == MUST_NOT && decided)
		fail_msg("nobody asked for this notification");
}

static void kick_prepare(struct model *m)
{
	bool kick = virtqueue_kick_prepare(m->pair.vq);
	enum verdict verdict = m->kicks_on ? MUST : MUST_NOT;

	if (event_idx(m) && (m->kicks_on || !packed(m)))
		verdict = asked_for(m, m->kick_at, m->kicked, m->avail);
	check_verdict(verdict, kick);
	m->kicked = m->avail;
}

static void should_notify(struct model *m)
{
	bool notify = virtio_should_notify(&m->pair.device);
	enum verdict verdict = m->irqs_on ? MUST : MUST_NOT;

	if (m->flushed == m->signaled)
		verdict = MUST_NOT;
	else if (event_idx(m) && (m->irqs_on || !packed(m)))
		verdict = asked_for(m, m->irq_at, m->signaled, m->flushed);
	check_verdict(verdict, notify);
	m->signaled = m->flushed;
}

/* ---- the driver's steps ---- */

static void shape_request(struct model *m, struct item *item)
{
	unsigned int most = m->pair.shape.num + 1 < CELLS_EACH ? m->pair.shape.num + 1 : CELLS_EACH;
	unsigned int elems = 1 + rng_below(&m->rng, rng_below(&m->rng, 3) ? 2 : most);
	struct request *req = &item->req;

	if (elems > most)
		elems = most;
	*req = (struct request){ .cell = (item - m->items) * CELLS_EACH, .sent = m->step };
	req->out = rng_below(&m->rng, elems + 1);
	req->in = elems - req->out;
	req->many_lists = rng_below(&m->rng, 2);
	if (!req->out && !req->many_lists && rng_below(&m->rng, 2))
		req->ctx = &req->ctx;
}

static void add(struct model *m)
{
	unsigned int free = m->pair.shape.num - slots_taken(m);
	struct item *item = NULL;
	unsigned int slots, elems;
	int expected = 0;

	for (unsigned int i = 0; i < REQUESTS && !item; i++)
		if (m->items[i].where == IDLE)
			item = &m->items[i];
	if (!item)
		return;
	shape_request(m, item);
	elems = item->req.out + item->req.in;
	slots = slots_of(&m->pair, &item->req);

	if (elems > m->pair.shape.num)
		expected = -EINVAL;
	else if (slots > free)
		expected = -ENOSPC;
	assert_int_equal(offer(&m->pair, &item->req), expected);
	if (expected)
		return;
	item->pos = m->avail;
	m->avail += entries(m, item);
	append(&m->offered, item, OFFERED);
}

static void get_buf(struct model *m)
{
	struct request *req = reap(&m->pair);
	struct item *item;

	if (!m->used.num) {
		assert_null(req);
		return;
	}
	item = take_at(&m->used, 0);
	assert_ptr_equal(req, &item->req);
	item->where = IDLE;
	m->reaped += entries(m, item);
	if (m->irqs_on)
		m->irq_at = m->reaped;
}

static void disable_cb(struct model *m)
{
	virtqueue_disable_cb(m->pair.vq);
	if (m->irqs_on)
		m->irq_at = (int64_t)m->reaped - 1;
	m->irqs_on = false;
}

static void enable_cb(struct model *m)
{
	m->irqs_on = true;
	m->irq_at = m->reaped;
	assert_int_equal(virtqueue_enable_cb(m->pair.vq), !m->used.num);
}

static void enable_cb_delayed(struct model *m)
{
	unsigned int ahead = (m->avail - m->reaped) * 3 / 4;
	bool waits;

	m->irqs_on = true;
	m->irq_at = m->reaped + ahead;
	waits = virtqueue_enable_cb_delayed(m->pair.vq);
	if (!m->used.num)
		assert_true(waits);
	else if (packed(m) || m->flushed - m->reaped > ahead)
		assert_false(waits);
}

static void interrupt(struct model *m)
{
	unsigned int before = m->pair.callbacks;
	irqreturn_t handled = vring_interrupt(0, m->pair.vq);

	assert_int_equal(handled, m->used.num ? IRQ_HANDLED : IRQ_NONE);
	assert_int_equal(m->pair.callbacks, before + (m->used.num ? 1 : 0));
}

static void bad_add(struct model *m)
{
	struct scatterlist empty = { .dma_address = DATA_ADDR, .length = 0, .end = true };
	struct scatterlist good = { .dma_address = DATA_ADDR, .length = 1, .end = true };
	struct scatterlist *lists[] = { &good, &empty };

	assert_int_equal(virtqueue_add_sgs(m->pair.vq, lists, 1, 1, m), -EINVAL);
	assert_int_equal(virtqueue_add_sgs(m->pair.vq, lists, 1, 0, NULL), -EINVAL);
	assert_int_equal(virtqueue_add_sgs(m->pair.vq, lists, 0, 0, m), -EINVAL);
}

/* ---- the device's steps ---- */

static void pop(struct model *m)
{
	for (unsigned int n = 1 + rng_below(&m->rng, 4); n; n--) {
		struct request *req = take(&m->pair);
		struct item *item;

		if (!m->offered.num) {
			assert_null(req);
			if (m->kicks_on)
				m->kick_at = m->popped;
			return;
		}
		item = take_at(&m->offered, 0);
		assert_ptr_equal(req, &item->req);
		assert_int_equal(req->elem.position, position(m, m->popped));
		assert_int_equal(req->elem.ndescs, entries(m, item));
		m->popped += entries(m, item);
		append(&m->in_hand, item, IN_HAND);
	}
}

/* Last popped, first put back; not if it has been filled meanwhile. */
static void unpop(struct model *m)
{
	struct item *item;

	if (!m->in_hand.num)
		return;
	item = m->in_hand.items[m->in_hand.num - 1];
	if (item->pos + entries(m, item) != m->popped)
		return;
	virtqueue_unpop(&m->pair.device, &item->req.elem);
	m->in_hand.num--;
	m->popped -= entries(m, item);
	memmove(&m->offered.items[1], &m->offered.items[0],
		m->offered.num++ * sizeof(m->offered.items[0]));
	m->offered.items[0] = item;
	item->where = OFFERED;
}

static void fill(struct model *m)
{
	struct item *item;
	uint32_t len;

	if (!m->in_hand.num)
		return;
	item = take_at(&m->in_hand, in_order(m) ? 0 : rng_below(&m->rng, m->in_hand.num));
	len = in_bytes(&item->req);
	if (rng_below(&m->rng, 3) == 0)
		len = rng_below(&m->rng, len + 1);
	answer(&m->pair, &item->req, len, rng_next(&m->rng));
	append(&m->filled, item, FILLED);
}

static void flush(struct model *m)
{
	virtqueue_flush(&m->pair.device);
	while (m->filled.num) {
		struct item *item = take_at(&m->filled, 0);

		m->flushed += entries(m, item);
		append(&m->used, item, USED);
	}
}

static void set_notification(struct model *m)
{
	m->kicks_on = rng_below(&m->rng, 2);
	virtio_queue_set_notification(&m->pair.device, m->kicks_on);
	if (m->kicks_on)
		m->kick_at = m->popped;
}

static void look(struct model *m)
{
	assert_int_equal(virtio_queue_empty(&m->pair.device), m->offered.num == 0);
}

/* ---- beginning again ---- */

static struct shape random_shape(struct model *m, uint64_t features)
{
	static const unsigned int sizes[] = { 1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 32 };
	unsigned int num;

	do
		num = sizes[rng_below(&m->rng, sizeof(sizes) / sizeof(*sizes))];
	while (!(features & PACKED) && num & (num - 1));
	return (struct shape){ features, num, 0xfff0 + rng_below(&m->rng, 16) };
}

static void forget(struct model *m)
{
	for (unsigned int i = 0; i < REQUESTS; i++)
		m->items[i].where = IDLE;
	m->offered.num = m->in_hand.num = m->filled.num = m->used.num = 0;
	m->avail = m->popped = m->flushed = m->reaped = 0;
	m->kicked = m->signaled = 0;
	m->kick_at = m->irq_at = 0;
	m->kicks_on = m->irqs_on = true;
}

/* The queue is reset: all that is under way comes back, each once, and the queue begins anew. */
static void restart(struct model *m)
{
	struct item *item;

	assert_int_equal(vring_reinit(m->pair.vq, &m->pair.config), slots_taken(m) ? -EBUSY : 0);
	start_device(&m->pair);
	while ((item = virtqueue_detach_unused_buf(m->pair.vq))) {
		assert_int_not_equal(item->where, IDLE);
		item->where = IDLE;
	}
	assert_int_equal(slots_taken(m), 0);
	forget(m);
	pair_restart(&m->pair, random_shape(m, m->pair.shape.features));
}

/* ---- the walk ---- */

struct choice {
	const char *name;
	void (*act)(struct model *m);
	unsigned int weight;
};

static const struct choice driver_gives[] = {
	{ "add", add, 20 },
	{ "kick_prepare", kick_prepare, 8 },
	{ "refused add", bad_add, 1 },
};
static const struct choice driver_takes[] = {
	{ "get_buf", get_buf, 40 },
	{ "enable_cb", enable_cb, 6 },
	{ "enable_cb_delayed", enable_cb_delayed, 4 },
	{ "disable_cb", disable_cb, 4 },
	{ "vring_interrupt", interrupt, 4 },
	{ "kick_prepare", kick_prepare, 4 },
	{ "reset", restart, 1 },
};
static const struct choice device_takes[] = {
	{ "pop", pop, 20 },
	{ "unpop", unpop, 2 },
	{ "set_notification", set_notification, 3 },
	{ "empty", look, 2 },
};
static const struct choice device_gives[] = {
	{ "fill", fill, 20 },
	{ "flush", flush, 12 },
	{ "should_notify", should_notify, 8 },
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static const struct choice *choose(struct model *m, const struct choice *table, size_t count)
{
	unsigned int total = 0, n;

	for (size_t i = 0; i < count; i++)
		total += table[i].weight;
	n = rng_below(&m->rng, total);
	while (n >= table->weight)
		n -= table++->weight;
	return table;
}

static const struct choice *choose_step(struct model *m)
{
	bool driver = rng_below(&m->rng, 100) < m->busy;
	bool forward = rng_below(&m->rng, 100) < m->greed;

	if (driver && forward)
		return choose(m, driver_gives, COUNT(driver_gives));
	if (driver)
		return choose(m, driver_takes, COUNT(driver_takes));
	if (forward)
		return choose(m, device_takes, COUNT(device_takes));
	return choose(m, device_gives, COUNT(device_gives));
}

/* What holds whatever the last step was. */
static void check_standing(struct model *m)
{
	struct pair *p = &m->pair;
	uint32_t data = vring_notification_data(p->vq);

	assert_int_equal(p->vq->num_free, p->shape.num - slots_taken(m));
	assert_int_equal(data, (uint32_t)position(m, m->avail) << 16 | QUEUE_INDEX);
	assert_int_equal(virtio_queue_get_last_avail_idx(&p->device), position(m, m->popped));
	assert_int_equal(p->violations, 0);
	assert_int_equal(p->errors, 0);
}

static void walk(void **state)
{
	struct model *m = *state;
	unsigned long steps = setting("MODEL_STEPS", 10000);

	pair_start(&m->pair, random_shape(m, m->pair.shape.features));
	forget(m);
	for (m->step = 0; m->step < steps; m->step++) {
		const struct choice *next = choose_step(m);

		/* Now one side is ahead, now the other: rings run full, and empty. */
		if (m->step % 64 == 0) {
			m->busy = 20 + rng_below(&m->rng, 61);
			m->greed = 20 + rng_below(&m->rng, 61);
		}
		m->log[m->step % LOG] = next->name;
		next->act(m);
		check_standing(m);
	}
	pair_end(&m->pair);
}

static int setup_model(void **state)
{
	uint64_t features = *(const uint64_t *)*state;
	struct model *m = allocate(sizeof(*m));

	m->rng.state = setting("MODEL_SEED", 1) ^ features;
	m->pair.room = 32;
	m->pair.cells = REQUESTS * CELLS_EACH;
	m->pair.shape.features = features;
	*state = m;
	return 0;
}

static int teardown_model(void **state)
{
	struct model *m = *state;

	if (m->pair.vq) {
		fprintf(stderr, "MODEL_SEED=%lu, step %lu, after:\n ", setting("MODEL_SEED", 1),
			m->step);
		for (unsigned long n = m->step < LOG ? 0 : m->step - LOG + 1; n <= m->step; n++)
			fprintf(stderr, " %s;", m->log[n % LOG]);
		fprintf(stderr, "\n");
		print_pair(&m->pair);
		pair_free(&m->pair);
	}
	free(m);
	return 0;
}

int main(int argc, char **argv)
{
	return run_every_combination(argc, argv, walk, setup_model, teardown_model);
}
