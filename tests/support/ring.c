// SPDX-License-Identifier: MIT
/* The queue of tests/support/ring.h, and the drawing of it when an assertion fails. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "platform/platform.h"
#include "tests/support/ring.h"

/* The ring that the running test works on. */
static struct ring *current;

static bool notify(struct virtqueue *vq)
{
	struct ring *r = vq->priv;

	r->doorbells++;
	return !r->gone;
}

static void callback(struct virtqueue *vq)
{
	((struct ring *)vq->priv)->callbacks++;
}

/* Programs that use another harness bring their own, or find it said in the log. */
__attribute__((weak)) void vring_violation(const struct virtqueue *vq, const char *field,
					   uint32_t value, const char *rule)
{
	struct ring *r = current;

	if (!r || r->vq != vq) {
		platform_log(PLATFORM_ERROR, "%s: %s is %u, not %s", vq->name, field, value, rule);
		return;
	}
	r->violations++;
	snprintf(r->field, sizeof(r->field), "%s", field);
	r->value = value;
	assert_true(strlen(rule) > 0);
	assert_true(virtqueue_is_broken(vq));
}

static void *area(size_t bytes)
{
	void *p = NULL;

	assert_int_equal(posix_memalign(&p, VRING_STATE_ALIGN, bytes), 0);
	memset(p, 0xa5, bytes); /* clearing it is the driver's business */
	return p;
}

static void free_areas(struct ring *r)
{
	free(r->config.desc);
	free(r->config.driver);
	free(r->config.device);
	free(r->config.indirect);
}

void ring_areas(struct ring *r)
{
	struct vring_config *config = &r->config;
	uint16_t slot = config->first % config->num;

	free_areas(r);
	config->desc = area(vring_desc_bytes(config->num));
	config->driver = area(vring_driver_bytes(config->features, config->num));
	config->device = area(vring_device_bytes(config->features, config->num));
	config->indirect = NULL;
	config->indirect_max = 0;
	if (config->features & INDIRECT_DESC) {
		config->indirect_max = TABLE_MAX;
		config->indirect = area(vring_indirect_bytes(config->num, TABLE_MAX));
		config->indirect_dma = TABLE_DMA;
	}

	r->split = (struct vring){ config->num, config->desc, config->driver, config->device };
	r->packed = config->desc;
	r->driver_event = config->driver;
	r->device_event = config->device;
	r->used = config->first;
	if (config->features & PACKED)
		r->used = slot | (config->first / config->num % 2 ? 0 : 0x8000);
}

struct ring *ring_new_at(void **state, unsigned int num, uint64_t features, uint16_t first)
{
	struct ring *r = calloc(1, sizeof(*r));
	size_t bytes = vring_state_bytes(num);

	assert_non_null(r);
	if (!(features & LEGACY))
		features |= FEATURE(VIRTIO_F_VERSION_1);
	r->config = (struct vring_config){
		.name = "test",
		.index = 3,
		.num = num,
		.features = features & ~LEGACY,
		.notify = notify,
		.callback = callback,
		.priv = r,
		.first = first,
	};
	ring_areas(r);
	r->state = area(bytes);
	assert_int_equal(vring_new_virtqueue(&r->config, r->state, bytes, &r->vq), 0);
	*state = current = r;
	return r;
}

struct ring *ring_new(void **state, unsigned int num, uint64_t features)
{
	return ring_new_at(state, num, features, START);
}

int ring_free(void **state)
{
	struct ring *r = *state;

	current = NULL;
	if (!r)
		return 0;
	free_areas(r);
	free(r->state);
	free(r);
	*state = NULL;
	return 0;
}

int ring_add(struct ring *r, unsigned int out, unsigned int in, void *data)
{
	struct scatterlist readable[out ? out : 1], writable[in ? in : 1];
	struct scatterlist *sgs[2] = { readable, writable };

	sg_init_table(readable, out);
	sg_init_table(writable, in);
	for (unsigned int i = 0; i < out; i++)
		sg_set(&readable[i], 0x1000 * (i + 1), 16);
	for (unsigned int i = 0; i < in; i++)
		sg_set(&writable[i], 0x1000 * (out + i + 1), 16);
	return virtqueue_add_sgs(r->vq, out ? sgs : sgs + 1, !!out, !!in, data);
}

uintptr_t ring_get(struct ring *r, unsigned int *len)
{
	unsigned int ignored;

	return (uintptr_t)virtqueue_get_buf(r->vq, len ? len : &ignored);
}

static void use_packed(struct ring *r, uint32_t id, uint32_t len, unsigned int slots)
{
	bool wrap = r->used & 0x8000;
	unsigned int slot = r->used & 0x7fff;

	le16_write(&r->packed[slot].id, id);
	le32_write(&r->packed[slot].len, len);
	le16_write(&r->packed[slot].flags, (wrap ? AVAIL | USED : 0) | (len ? WRITE : 0));
	slot += slots;
	if (slot >= r->config.num) {
		slot -= r->config.num;
		wrap = !wrap;
	}
	r->used = slot | (wrap ? 0x8000 : 0);
}

void ring_use(struct ring *r, uint32_t id, uint32_t len, unsigned int slots)
{
	if (r->config.features & PACKED) {
		use_packed(r, id, len, slots);
		return;
	}
	le32_write(&r->split.used->ring[r->used % r->split.num].id, id);
	le32_write(&r->split.used->ring[r->used % r->split.num].len, len);
	le16_write(&r->split.used->idx, ++r->used);
}

void assert_broken(struct ring *r, const char *field, uint32_t value)
{
	unsigned int len;

	assert_null(virtqueue_get_buf(r->vq, &len));
	assert_true(virtqueue_is_broken(r->vq));
	assert_string_equal(r->field, field);
	assert_int_equal(r->value, value);
	/* Nothing more comes of it: no second message, no buffer, no room for new ones. */
	assert_null(virtqueue_get_buf(r->vq, &len));
	assert_int_equal(r->violations, 1);
	assert_int_equal(ring_add(r, 1, 0, token(99)), -EIO);
	assert_false(virtqueue_notify(r->vq));
	assert_int_equal(r->doorbells, 0);
}

void ring_draw(const struct ring *r)
{
	struct vring_snapshot snapshot;
	static char text[16384];

	virtqueue_snapshot(r->vq, &snapshot);
	vring_draw(&snapshot, text, sizeof(text));
	fprintf(stderr, "%s", text);
}

/* Where every assertion of cmocka ends that does not hold. The linker finds ours first. */
void _fail(const char *const file, const int line)
{
	void (*cmocka_fail)(const char *, int) =
		(void (*)(const char *, int))dlsym(RTLD_NEXT, "_fail");

	if (current && current->vq)
		ring_draw(current);
	cmocka_fail(file, line);
	abort();
}
