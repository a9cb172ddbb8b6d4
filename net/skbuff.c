/* SPDX-License-Identifier: MIT */
/*
 * Packets and their memory.
 *
 * Mirrors net/core/skbuff.c and, for the pages kept, page_pool.c. The struct of a piece is private
 * to the driver, only the page it leads to is shared: a device cannot bend a pointer or a length.
 */
#include "platform/platform.h"
#include "ring/byteorder.h"
#include "ring/vring_errno.h"

#include "skbuff.h"

#define POOL_MAX 512 /* pieces kept for reuse */

static struct {
	struct platform_lock lock; /* all that follows */
	struct sk_buff *free;	   /* linked by .next */
	unsigned int num;
	unsigned int holders;
} pool;

/* ---- memory ---- */

static struct sk_buff *pool_take(void)
{
	struct sk_buff *skb;

	platform_lock(&pool.lock);
	skb = pool.free;
	if (skb) {
		pool.free = skb->next;
		pool.num--;
	}
	platform_unlock(&pool.lock);
	return skb;
}

/* False: the pool is full, or nobody holds it. */
static bool pool_give(struct sk_buff *skb)
{
	bool taken;

	platform_lock(&pool.lock);
	taken = pool.holders && pool.num < POOL_MAX;
	if (taken) {
		skb->next = pool.free;
		pool.free = skb;
		pool.num++;
	}
	platform_unlock(&pool.lock);
	return taken;
}

static struct sk_buff *new_piece(void)
{
	struct sk_buff *skb = platform_zalloc(sizeof(*skb));

	if (!skb)
		return NULL;
	skb->head = platform_dma_alloc(SKB_BYTES, &skb->dma);
	if (!skb->head) {
		platform_free(skb);
		return NULL;
	}
	return skb;
}

static void free_piece(struct sk_buff *skb)
{
	platform_dma_free(skb->head, SKB_BYTES);
	platform_free(skb);
}

struct sk_buff *alloc_skb(void)
{
	struct sk_buff *skb = pool_take();

	if (!skb)
		skb = new_piece();
	if (skb)
		*skb = (struct sk_buff){
			.head = skb->head,
			.dma = skb->dma,
			.data = skb->head + SKB_HEADROOM,
		};
	return skb;
}

void kfree_skb(struct sk_buff *skb)
{
	while (skb) {
		struct sk_buff *frag = skb->frag;

		if (!pool_give(skb))
			free_piece(skb);
		skb = frag;
	}
}

void skb_pool_hold(void)
{
	platform_lock(&pool.lock);
	pool.holders++;
	platform_unlock(&pool.lock);
}

void skb_pool_release(void)
{
	struct sk_buff *skb;
	bool last;

	platform_lock(&pool.lock);
	last = !--pool.holders;
	platform_unlock(&pool.lock);
	while (last && (skb = pool_take()))
		free_piece(skb);
}

/* ---- length ---- */

/* Bytes of packet in @piece, which is @skb or one of its further pieces. */
static uint32_t piece_len(const struct sk_buff *skb, const struct sk_buff *piece)
{
	return piece == skb ? skb_headlen(skb) : piece->len;
}

/* Bytes behind the last one of @piece. */
static uint32_t piece_room(const struct sk_buff *skb, const struct sk_buff *piece)
{
	return SKB_BYTES - (uint32_t)(piece->data - piece->head) - piece_len(skb, piece);
}

void *skb_put(struct sk_buff *skb, uint32_t len)
{
	uint8_t *end = skb->data + skb->len;

	if (skb->frag || len > piece_room(skb, skb))
		return NULL;
	skb->len += len;
	return end;
}

void *skb_pull(struct sk_buff *skb, uint32_t len)
{
	if (len > skb_headlen(skb))
		return NULL;
	skb->len -= len;
	skb->data += len;
	return skb->data;
}

void skb_trim(struct sk_buff *skb, uint32_t len)
{
	struct sk_buff *last = skb;
	uint32_t head = skb_headlen(skb), left;

	if (len >= skb->len)
		return;
	left = len < head ? 0 : len - head;
	skb->len = len;
	skb->data_len = left;
	for (; left; left -= last->len) {
		last = last->frag;
		if (last->len > left)
			last->len = left;
	}
	kfree_skb(last->frag);
	last->frag = NULL;
}

/* Appends to one piece what fits; returns how many bytes that were. */
static uint32_t append_to_piece(struct sk_buff *skb, struct sk_buff *piece, const uint8_t *bytes,
				uint32_t len)
{
	uint32_t room = piece_room(skb, piece);

	if (len > room)
		len = room;
	__builtin_memcpy(piece->data + piece_len(skb, piece), bytes, len);
	if (piece == skb) {
		skb->len += len;
	} else {
		piece->len += len;
		skb->len += len;
		skb->data_len += len;
	}
	return len;
}

int skb_append(struct sk_buff *skb, const void *bytes, uint32_t len)
{
	const uint8_t *from = bytes;
	struct sk_buff *last = skb;
	uint32_t before = skb->len, done;
	unsigned int frags = 0;
	int err;

	for (; last->frag; last = last->frag)
		frags++;
	for (done = 0; done < len;) {
		if (!piece_room(skb, last)) {
			err = -EMSGSIZE;
			if (++frags > MAX_SKB_FRAGS)
				goto out_undo;
			err = -ENOMEM;
			last->frag = alloc_skb();
			if (!last->frag)
				goto out_undo;
			last = last->frag;
			last->data = last->head; /* nothing goes before it */
		}
		done += append_to_piece(skb, last, from + done, len - done);
	}
	return 0;

out_undo:
	skb_trim(skb, before);
	return err;
}

/* ---- bytes ---- */

/*
 * Calls @visit for each run of bytes in the range, with what came before it; false if the packet
 * has not so many.
 */
static bool for_each_run(const struct sk_buff *skb, uint32_t offset, uint32_t len,
			 void (*visit)(uint8_t *run, uint32_t run_len, uint32_t before, void *arg),
			 void *arg)
{
	uint32_t before = 0;

	if (offset > skb->len || len > skb->len - offset)
		return false;
	for (const struct sk_buff *piece = skb; before < len; piece = piece->frag) {
		uint32_t here = piece_len(skb, piece);

		if (offset >= here) {
			offset -= here;
			continue;
		}
		here -= offset;
		if (here > len - before)
			here = len - before;
		visit(piece->data + offset, here, before, arg);
		before += here;
		offset = 0;
	}
	return true;
}

static void copy_out(uint8_t *run, uint32_t len, uint32_t before, void *to)
{
	__builtin_memcpy((uint8_t *)to + before, run, len);
}

bool skb_copy_bits(const struct sk_buff *skb, uint32_t offset, void *to, uint32_t len)
{
	return for_each_run(skb, offset, len, copy_out, to);
}

struct source {
	const uint8_t *bytes;
};

static void copy_in(uint8_t *run, uint32_t len, uint32_t before, void *arg)
{
	const struct source *from = arg;

	__builtin_memcpy(run, from->bytes + before, len);
}

bool skb_store_bits(struct sk_buff *skb, uint32_t offset, const void *bytes, uint32_t len)
{
	struct source from = { bytes };

	return for_each_run(skb, offset, len, copy_in, &from);
}

/* ---- checksums ---- */

/* Bytes at even places of the whole range are the high halves of 16-bit words, pieces or not. */
static void add_run(uint8_t *run, uint32_t len, uint32_t before, void *arg)
{
	uint64_t *sum = arg;

	for (uint32_t i = 0; i < len; i++)
		*sum += (before + i) & 1 ? run[i] : (uint32_t)run[i] << 8;
}

uint32_t skb_checksum(const struct sk_buff *skb, uint32_t offset, uint32_t len, uint32_t sum)
{
	uint64_t total = sum;

	for_each_run(skb, offset, len, add_run, &total);
	while (total >> 32)
		total = (total & 0xffffffff) + (total >> 32);
	return (uint32_t)total;
}

uint16_t csum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

int skb_checksum_help(struct sk_buff *skb)
{
	uint32_t start = skb->csum_start, at = start + skb->csum_offset;
	uint16_t sum;
	uint8_t wire[2];

	if (start >= skb->len || at + 2 > skb->len)
		return -EINVAL;
	/* The field holds the pseudo header's sum, and is summed like the rest. */
	sum = csum_fold(skb_checksum(skb, start, skb->len - start, 0));
	if (!sum)
		sum = 0xffff; /* for UDP 0 is no checksum at all; for TCP both are the same */
	wire[0] = (uint8_t)(sum >> 8);
	wire[1] = (uint8_t)sum;
	skb_store_bits(skb, at, wire, sizeof(wire));
	skb->ip_summed = CHECKSUM_NONE;
	return 0;
}
