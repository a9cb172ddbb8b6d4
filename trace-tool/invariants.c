/* SPDX-License-Identifier: MIT */
/*
 * The rules of split rings, and those that Linux's driver adds for itself. A ring is judged by what
 * the driver keeps privately as much as by the memory: which buffers are in flight is known there
 * alone.
 *
 * Left out: anything that takes two moments to see, such as an index that went back.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants.h"

static const struct {
	const char *clause, *text;
} rules[RULES] = {
	[RULE_ALIGNED] = { "2.7.1, 2.8.11", "each area begins at a multiple of its alignment" },
	[RULE_BROKEN] = { "Linux", "the driver has not given the queue up as broken" },
	[RULE_DRIVER_FREE] = { "Linux", "free descriptors and those in flight make up the ring" },
	[RULE_DRIVER_LIST] = { "Linux", "the list of free descriptors holds free ones, each once" },
	[RULE_AVAIL_IDX] = { "2.7.6", "avail.idx is what the driver wrote" },
	[RULE_IN_FLIGHT] = { "2.7.8", "the device has used no more than was made available" },
	[RULE_UNREAPED] = { "2.7.8", "no more is used and not reaped than the ring has entries" },
	[RULE_AVAIL_HEAD] = { "2.7.6", "an available entry is a descriptor's number" },
	[RULE_USED_ID] = { "2.7.8", "a used id is the head of a buffer in flight" },
	[RULE_USED_LEN] = { "2.7.8.2", "the device wrote no more than it was given room for" },
	[RULE_AVAIL_FLAGS] = { "2.7.7.1", "avail.flags is 0 or 1, and with EVENT_IDX 0" },
	[RULE_USED_FLAGS] = { "2.7.10.2", "used.flags is 0 or 1, and with EVENT_IDX 0" },
	[RULE_CHAIN_NEXT] = { "2.7.5", "next is a descriptor's number" },
	[RULE_CHAIN_LOOP] = { "2.7.5.2", "a chain has an end" },
	[RULE_CHAIN_SHARED] = { "2.7.5", "a descriptor belongs to one buffer" },
	[RULE_DESC_REWRITTEN] = { "2.7.5.1", "the device does not write to the descriptor table" },
	[RULE_DESC_ORDER] = { "2.7.4.2", "what the device reads comes before what it writes" },
	[RULE_NEXT_INDIRECT] = { "2.7.5.3.1", "NEXT and INDIRECT are not set together" },
	[RULE_INDIRECT_FEATURE] = { "2.7.5.3.1", "INDIRECT is used only when negotiated" },
	[RULE_TABLE_LEN] = { "2.7.5.3", "an indirect table is a number of whole descriptors" },
	[RULE_TABLE_SIZE] = { "2.7.5.3.1", "a chain is no longer than the queue" },
	[RULE_TABLE_NESTED] = { "2.7.5.3.1", "an indirect table has no INDIRECT in it" },
	[RULE_TABLE_NEXT] = { "2.7.5.3", "next in an indirect table stays in the table" },
	[RULE_TABLE_LOOP] = { "2.7.5.2", "the chain in an indirect table has an end" },
	[RULE_TABLE_ORDER] = { "2.7.4.2", "in a table, what the device reads comes first" },
	[RULE_PACKED_POSITION] = { "2.8.1", "a position is a slot of the ring" },
	[RULE_PACKED_WINDOW] = { "2.8.1", "between the two positions lies what is not free" },
	[RULE_PACKED_NEXT_FREE] = { "2.8.1", "the slot the driver fills next is not available" },
	[RULE_PACKED_ID] = { "2.8.5", "a buffer id is smaller than the ring" },
	[RULE_PACKED_USED_ID] = { "2.8.5", "a used id is that of a buffer in flight" },
	[RULE_PACKED_USED_LEN] = { "2.8.5", "the device wrote no more than it was given room for" },
	[RULE_PACKED_INDIRECT_CHAIN] = { "2.8.19", "NEXT and INDIRECT are not set together" },
	[RULE_PACKED_INDIRECT_FEATURE] = { "2.8.19", "INDIRECT is used only when negotiated" },
	[RULE_PACKED_TABLE_FLAGS] = { "2.8.19", "in an indirect table no flag but WRITE is set" },
	[RULE_PACKED_TABLE_LEN] = { "2.8.7", "an indirect table is a number of whole descriptors" },
	[RULE_PACKED_TABLE_ORDER] = { "2.8.17", "in a table, what the device reads comes first" },
	[RULE_PACKED_ORDER] = { "2.8.17", "what the device reads comes before what it writes" },
	[RULE_PACKED_DRIVER_EVENT] = { "2.8.10", "the driver's event area is as the driver wrote" },
	[RULE_PACKED_DEVICE_EVENT] = { "2.8.10",
				       "event flags are 0, 1, or 2 if EVENT_IDX is negotiated" },
	[RULE_PACKED_EVENT_SLOT] = { "2.8.10", "an event is asked for at a slot of the ring" },
};

const char *rule_clause(enum rule rule)
{
	return rules[rule].clause;
}

const char *rule_text(enum rule rule)
{
	return rules[rule].text;
}

void invariants_found(struct findings *findings, enum rule rule, unsigned int slot,
		      const char *detail, ...)
{
	struct finding *finding;
	va_list args;

	if (findings->count == MAX_FINDINGS) {
		findings->left_out++;
		return;
	}
	finding = &findings->list[findings->count++];
	finding->rule = rule;
	finding->slot = slot;
	va_start(args, detail);
	vsnprintf(finding->detail, sizeof(finding->detail), detail, args);
	va_end(args);
}

static bool contains(const struct findings *findings, const struct finding *finding)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->list[i].rule == finding->rule &&
		    findings->list[i].slot == finding->slot)
			return true;
	return false;
}

void findings_keep_common(struct findings *findings, const struct findings *again)
{
	size_t kept = 0;

	for (size_t i = 0; i < findings->count; i++)
		if (contains(again, &findings->list[i]))
			findings->list[kept++] = findings->list[i];
	findings->count = kept;
	if (!again->left_out)
		findings->left_out = 0;
}

/* ---- any ring ---- */

static void check_alignment(const struct snapshot *s, struct findings *f)
{
	static const unsigned int split[] = { VRING_DESC_ALIGN, VRING_AVAIL_ALIGN,
					      VRING_USED_ALIGN };
	static const unsigned int packed[] = { 16, 4, 4 };
	static const char *const names[2][3] = {
		{ "descriptor table", "available ring", "used ring" },
		{ "ring", "driver's event area", "device's event area" },
	};

	for (int area = VT_DESC; area <= VT_DEVICE; area++) {
		unsigned int align = s->head.packed ? packed[area] : split[area];

		if (s->head.dma[area] % align)
			invariants_found(f, RULE_ALIGNED, area,
					 "%s at 0x%llx, not a multiple of %u",
					 names[s->head.packed][area],
					 (unsigned long long)s->head.dma[area], align);
	}
}

/* Linux links the free descriptors (packed: ids and slots alike) through desc_extra. */
static void check_free_list(const struct snapshot *s, struct findings *f)
{
	unsigned int at = s->head.free_head;
	bool *seen = calloc(s->head.num, sizeof(*seen));

	for (unsigned int i = 0; seen && i < s->head.before.num_free; i++) {
		if (at >= s->head.num) {
			invariants_found(f, RULE_DRIVER_LIST, 0, "after %u entries it leads to %u",
					 i, at);
			break;
		}
		if (seen[at] || s->notes[at].token) {
			invariants_found(f, RULE_DRIVER_LIST, 0, "%u is %s, entry %u of %u", at,
					 seen[at] ? "in it twice" : "in flight", i,
					 s->head.before.num_free);
			break;
		}
		seen[at] = true;
		at = s->notes[at].next;
	}
	free(seen);
}

/* ---- split ---- */

/* What a walk along descriptors found out. */
struct chain {
	unsigned int count;
	uint64_t writable; /* bytes */
	bool write_seen, order_broken;
};

static void take(struct chain *chain, const struct vring_desc *desc)
{
	bool write = le16_read(&desc->flags) & VRING_DESC_F_WRITE;

	chain->count++;
	chain->order_broken |= chain->write_seen && !write;
	chain->write_seen |= write;
	if (write)
		chain->writable += le32_read(&desc->len);
}

static void walk_table(const struct vt_table *table, struct chain *chain, struct findings *f)
{
	const struct vring_desc *desc = (const void *)table->desc;
	unsigned int at = 0;

	for (unsigned int n = 0; at < table->kept; n++) {
		uint16_t flags = le16_read(&desc[at].flags);

		if (n == table->kept) {
			invariants_found(f, RULE_TABLE_LOOP, table->slot, "table of slot %u",
					 table->slot);
			return;
		}
		take(chain, &desc[at]);
		if (flags & VRING_DESC_F_INDIRECT)
			invariants_found(f, RULE_TABLE_NESTED, table->slot,
					 "entry %u of the table of slot %u", at, table->slot);
		if (!(flags & VRING_DESC_F_NEXT))
			return;
		if (le16_read(&desc[at].next) >= table->count) {
			invariants_found(f, RULE_TABLE_NEXT, table->slot,
					 "table of slot %u: entry %u leads to %u of %u",
					 table->slot, at, le16_read(&desc[at].next), table->count);
			return;
		}
		at = le16_read(&desc[at].next);
	}
}

static void check_table(const struct snapshot *s, unsigned int slot, struct chain *chain,
			struct findings *f)
{
	const struct vt_table *table = snapshot_table(s, slot);
	uint32_t len = le32_read(&snapshot_desc(s)[slot].len);
	struct chain inside = { .write_seen = chain->write_seen };

	if (!len || len % sizeof(struct vring_desc))
		invariants_found(f, RULE_TABLE_LEN, slot, "slot %u: %u bytes", slot, len);
	if (!table || !table->kept)
		return;
	walk_table(table, &inside, f);
	if (inside.count > s->head.num)
		invariants_found(f, RULE_TABLE_SIZE, slot, "table of slot %u: %u in a queue of %u",
				 slot, inside.count, s->head.num);
	if (inside.order_broken)
		invariants_found(f, RULE_TABLE_ORDER, slot, "table of slot %u", slot);
	chain->writable += inside.writable;
	chain->write_seen = inside.write_seen;
}

/* Addresses of 2^64-1 stand for buffers that the driver's caller had mapped already. */
static void check_rewritten(const struct snapshot *s, unsigned int slot, struct findings *f)
{
	const struct vring_desc *desc = &snapshot_desc(s)[slot];
	const struct snapshot_note *note = &s->notes[slot];

	if (!s->head.has_extra || note->addr == UINT64_MAX)
		return;
	if (le64_read(&desc->addr) != note->addr || le32_read(&desc->len) != note->len)
		invariants_found(f, RULE_DESC_REWRITTEN, slot,
				 "slot %u: 0x%llx+%u, the driver wrote 0x%llx+%u", slot,
				 (unsigned long long)le64_read(&desc->addr), le32_read(&desc->len),
				 (unsigned long long)note->addr, note->len);
}

/* One descriptor on its own. */
static void check_descriptor(const struct snapshot *s, unsigned int slot, struct findings *f)
{
	uint16_t flags = le16_read(&snapshot_desc(s)[slot].flags);

	if (flags & VRING_DESC_F_INDIRECT && flags & VRING_DESC_F_NEXT)
		invariants_found(f, RULE_NEXT_INDIRECT, slot, "slot %u: flags 0x%x", slot, flags);
	if (flags & VRING_DESC_F_INDIRECT &&
	    !virtio_feature(s->head.features, VIRTIO_RING_F_INDIRECT_DESC))
		invariants_found(f, RULE_INDIRECT_FEATURE, slot, "slot %u: flags 0x%x", slot,
				 flags);
	check_rewritten(s, slot, f);
}

/* Follows the buffer headed at @head. @owner: of each slot, 1 + the head of its buffer, or 0. */
static struct chain check_chain(const struct snapshot *s, unsigned int head, uint32_t *owner,
				struct findings *f)
{
	const struct vring_desc *desc = snapshot_desc(s);
	struct chain chain = {};
	unsigned int at = head;

	for (;;) {
		uint16_t flags = le16_read(&desc[at].flags), next = le16_read(&desc[at].next);

		if (owner[at] == head + 1) {
			invariants_found(f, RULE_CHAIN_LOOP, head, "head %u comes back to %u", head,
					 at);
			break;
		}
		if (owner[at]) {
			invariants_found(f, RULE_CHAIN_SHARED, at, "slot %u: of heads %u and %u",
					 at, owner[at] - 1, head);
			break;
		}
		owner[at] = head + 1;
		check_descriptor(s, at, f);
		if (flags & VRING_DESC_F_INDIRECT) {
			chain.count++;
			check_table(s, at, &chain, f);
		} else {
			take(&chain, &desc[at]);
		}
		if (!(flags & VRING_DESC_F_NEXT))
			break;
		if (next >= s->head.num) {
			invariants_found(f, RULE_CHAIN_NEXT, at, "slot %u leads to %u of %u", at,
					 next, s->head.num);
			break;
		}
		at = next;
	}
	if (chain.order_broken)
		invariants_found(f, RULE_DESC_ORDER, head, "head %u", head);
	return chain;
}

/* Everything in flight. @writable: bytes, of each head. */
static void check_chains(const struct snapshot *s, uint64_t *writable, struct findings *f)
{
	uint32_t *owner = calloc(s->head.num, sizeof(*owner));
	unsigned int taken = 0;

	for (unsigned int head = 0; owner && head < s->head.num; head++) {
		struct chain chain;

		if (!s->notes[head].token)
			continue;
		chain = check_chain(s, head, owner, f);
		writable[head] = chain.writable;
		taken += chain.count;
	}
	free(owner);
	if (!virtio_feature(s->head.features, VIRTIO_F_IN_ORDER) &&
	    taken + s->head.before.num_free != s->head.num)
		invariants_found(f, RULE_DRIVER_FREE, 0, "%u free and %u in flight of %u",
				 s->head.before.num_free, taken, s->head.num);
}

static void check_used(const struct snapshot *s, const uint64_t *writable, struct findings *f)
{
	const struct vring vr = snapshot_vring(s);
	uint16_t waiting = s->head.before.used_mem - s->head.before.last_used;

	if (waiting > s->head.num) {
		invariants_found(f, RULE_UNREAPED, 0, "used.idx %u, reaped %u",
				 s->head.before.used_mem, s->head.before.last_used);
		return;
	}
	for (uint16_t i = 0; i < waiting; i++) {
		unsigned int slot = (uint16_t)(s->head.before.last_used + i) & (s->head.num - 1);
		uint32_t id = le32_read(&vr.used->ring[slot].id);
		uint32_t len = le32_read(&vr.used->ring[slot].len);

		if (id >= s->head.num || !s->notes[id].token)
			invariants_found(f, RULE_USED_ID, slot, "used entry %u: id %u of %u", slot,
					 id, s->head.num);
		else if (len > writable[id])
			invariants_found(f, RULE_USED_LEN, slot,
					 "used entry %u: id %u, %u bytes into %llu", slot, id, len,
					 (unsigned long long)writable[id]);
	}
}

static void check_avail(const struct snapshot *s, struct findings *f)
{
	const struct vring vr = snapshot_vring(s);
	uint16_t in_flight = s->head.before.avail_idx - s->head.before.used_mem;

	if (s->head.before.avail_mem != s->head.before.avail_idx)
		invariants_found(f, RULE_AVAIL_IDX, 0, "it is %u, the driver's own is %u",
				 s->head.before.avail_mem, s->head.before.avail_idx);
	if (in_flight > s->head.num) {
		invariants_found(f, RULE_IN_FLIGHT, 0, "avail.idx %u, used.idx %u, ring of %u",
				 s->head.before.avail_idx, s->head.before.used_mem, s->head.num);
		return;
	}
	for (uint16_t i = 0; i < in_flight; i++) {
		unsigned int slot = (uint16_t)(s->head.before.used_mem + i) & (s->head.num - 1);
		uint16_t head = le16_read(&vr.avail->ring[slot]);

		if (head >= s->head.num)
			invariants_found(f, RULE_AVAIL_HEAD, slot, "available entry %u: %u of %u",
					 slot, head, s->head.num);
	}
}

static void check_flags(const struct snapshot *s, struct findings *f)
{
	const struct vring vr = snapshot_vring(s);
	uint16_t avail = le16_read(&vr.avail->flags), used = le16_read(&vr.used->flags);
	uint16_t most = s->head.event ? 0 : 1;

	if (avail > most)
		invariants_found(f, RULE_AVAIL_FLAGS, 0, "they are 0x%x, EVENT_IDX is %s", avail,
				 s->head.event ? "on" : "off");
	if (used > most)
		invariants_found(f, RULE_USED_FLAGS, 0, "they are 0x%x, EVENT_IDX is %s", used,
				 s->head.event ? "on" : "off");
}

static void check_split(const struct snapshot *s, struct findings *f)
{
	uint64_t *writable = calloc(s->head.num, sizeof(*writable));

	if (!writable)
		return;
	check_avail(s, f);
	check_flags(s, f);
	check_chains(s, writable, f);
	check_used(s, writable, f);
	free(writable);
}

void invariants_check(const struct snapshot *s, struct findings *findings)
{
	memset(findings, 0, sizeof(*findings));
	if (s->head.broken)
		invariants_found(findings, RULE_BROKEN, 0, "vq->broken is set");
	check_alignment(s, findings);
	/* In order, Linux takes buffers back in batches and by other rules. */
	if (s->head.has_extra && !virtio_feature(s->head.features, VIRTIO_F_IN_ORDER))
		check_free_list(s, findings);
	if (s->head.packed)
		invariants_check_packed(s, findings);
	else
		check_split(s, findings);
}
