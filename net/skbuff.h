/* SPDX-License-Identifier: MIT */
/*
 * A packet in memory: one piece or several, each a page that the device reaches.
 *
 * Mirrors include/linux/skbuff.h as far as a driver without a protocol stack needs it. Linux keeps
 * fragments in an array of pages beside the struct; here each further piece is a sk_buff of its
 * own, linked by .frag, so that there is one kind of memory to allocate. Left out on purpose:
 * clones, reference counts, destructors.
 *
 * None of it is for interrupt handlers.
 */
#ifndef NET_SKBUFF_H
#define NET_SKBUFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKB_BYTES 4096 /* of memory in each piece */
/*
 * In front of the first byte of a packet, for the virtio-net header. The Ethernet header that
 * follows is 14 bytes long: so the IP header comes at a multiple of 16.
 */
#define SKB_HEADROOM 66
#define SKB_HEAD_MAX (SKB_BYTES - SKB_HEADROOM) /* bytes of packet in a first piece */
#define MAX_SKB_FRAGS 17			/* pieces after the first */

/* What is known of a packet's checksum, or wanted. */
enum ip_summed {
	CHECKSUM_NONE,	      /* received: nothing is known; to send: it is complete */
	CHECKSUM_UNNECESSARY, /* received: the device has found it right */
	CHECKSUM_PARTIAL,     /* holds the pseudo header's sum; the rest is yet to be added */
};

struct net_device;

struct sk_buff {
	/* Whoever has the packet may use it for a list. */
	struct sk_buff *next;
	struct sk_buff *frag; /* the packet's next piece; NULL in its last */

	uint8_t *head; /* SKB_BYTES shared with the device */
	uint64_t dma;  /* device address of head */
	uint8_t *data; /* the piece's first byte of packet */

	/* The rest counts in the first piece only; but .len is any further piece's own. */
	uint32_t len;	   /* bytes of packet, all pieces */
	uint32_t data_len; /* of these, bytes in further pieces */

	struct net_device *dev; /* which it came from, or is to leave by */
	uint16_t queue_mapping; /* which pair of queues it came by; to send: see dev_queue_xmit() */

	/* Offloads (5.1.9): what the header before the packet says, in our byte order. */
	uint8_t ip_summed;    /* enum ip_summed */
	uint8_t gso_type;     /* enum virtio_net_hdr_gso */
	uint16_t gso_size;    /* bytes of payload in a segment */
	uint16_t hdr_len;     /* with gso_type: bytes of headers, the transport's included */
	uint16_t csum_start;  /* CHECKSUM_PARTIAL: sum from here to the end of the packet */
	uint16_t csum_offset; /* and store it so many bytes further */
	uint16_t hash_report; /* enum virtio_net_hash_report; 0: no hash */
	uint32_t hash;
};

/* Bytes of packet in the first piece. */
static inline uint32_t skb_headlen(const struct sk_buff *skb)
{
	return skb->len - skb->data_len;
}

/**
 * alloc_skb - an empty packet with SKB_HEADROOM before its data
 *
 * May block. Nothing but the fields set here is initialised in the memory at .head.
 *
 * Return: the packet, the caller's; NULL if there is no room.
 */
struct sk_buff *alloc_skb(void);

/* Frees all pieces. NULL is allowed. */
void kfree_skb(struct sk_buff *skb);

/* Makes room for @len bytes at the end of the first piece and returns their address; NULL if they
 * do not fit, or there are further pieces. */
void *skb_put(struct sk_buff *skb, uint32_t len);

/* Takes @len bytes off the front of the first piece; NULL if it has not so many. */
void *skb_pull(struct sk_buff *skb, uint32_t len);

/* Cuts the packet down to @len bytes; pieces without any left are freed. */
void skb_trim(struct sk_buff *skb, uint32_t len);

/**
 * skb_append - add bytes at the end, in further pieces if need be
 *
 * Return: 0; -ENOMEM, or -EMSGSIZE beyond MAX_SKB_FRAGS pieces, and the packet is as it was.
 */
int skb_append(struct sk_buff *skb, const void *bytes, uint32_t len);

/* Copies bytes out of a packet, from @offset on, over pieces. False if it has not so many. */
bool skb_copy_bits(const struct sk_buff *skb, uint32_t offset, void *to, uint32_t len);
/* And in. */
bool skb_store_bits(struct sk_buff *skb, uint32_t offset, const void *from, uint32_t len);

/* The Internet checksum's sum over bytes of a packet, not folded, added to @sum. */
uint32_t skb_checksum(const struct sk_buff *skb, uint32_t offset, uint32_t len, uint32_t sum);
/* Folds it to 16 bits and complements: in the order the wire wants, most significant first. */
uint16_t csum_fold(uint32_t sum);

/**
 * skb_checksum_help - complete a CHECKSUM_PARTIAL packet in software
 *
 * Return: 0, and it is CHECKSUM_NONE; -EINVAL if csum_start and csum_offset lie outside.
 */
int skb_checksum_help(struct sk_buff *skb);

/*
 * Pages of freed packets are kept for the next ones as long as somebody holds the pool: a driver
 * does for each device. After the last release every page goes back to the platform as it is freed.
 */
void skb_pool_hold(void);
void skb_pool_release(void);

#endif
