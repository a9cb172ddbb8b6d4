/* SPDX-License-Identifier: MIT */
/*
 * One vocabulary for everything that happens to a ring.
 *
 * The same 40-byte record comes from the BPF programs that watch Linux's driver in a guest (bpf/),
 * from the tracepoints of our own driver half (ring/) and device half (device/), and it goes to the
 * same consumers. All of it is plain data in the byte order of the machine that made it.
 */
#ifndef RING_VRING_EVENT_H
#define RING_VRING_EVENT_H

#include <stdint.h>

enum vring_event_type {
	VRING_EVENT_ADD = 1,   /* the driver put a buffer into the ring */
	VRING_EVENT_KICK,      /* the driver decided whether to ring the doorbell */
	VRING_EVENT_NOTIFY,    /* the driver is about to ring it */
	VRING_EVENT_INTERRUPT, /* the device's interrupt reached the queue, nothing is reaped yet */
	VRING_EVENT_REAP,      /* the driver took a used buffer back */
	VRING_EVENT_CALLBACKS, /* the driver asked for interrupts, or asked for none */
	VRING_EVENT_TYPES
};

#define VRING_EVENT_F_PACKED 1 /* indices are slot | wrap << 15, not free-running */
#define VRING_EVENT_F_EVENT_IDX                                                                \
	2		       /* VIRTIO_F_EVENT_IDX holds: event indices decide, flags do not \
				*/
#define VRING_EVENT_F_DEVICE 4 /* recorded by the device's half */
/*
 * Recorded by the driver's half here: a buffer that finds no room is its caller's to deal with.
 * Linux's split ring rings the doorbell then, with no decision.
 */
#define VRING_EVENT_F_OURS 8

/* What the driver found when it decided; the verdict is its own, not recomputed. */
struct vring_event_kick {
	uint16_t old_idx;     /* avail index at the decision before */
	uint16_t new_idx;     /* avail index now */
	uint16_t event;	      /* split: avail_event; packed: off_wrap of the device's event area */
	uint16_t event_after; /* the same read again once the driver had decided */
	uint16_t dev_flags;   /* split: used.flags; packed: flags of the device's event area */
	uint16_t dev_flags_after;
	uint8_t kick; /* 1: the driver says kick */
	uint8_t reserved;
	uint16_t seq; /* of every kind: see struct vring_event */
};

struct vring_event_add {
	uint64_t token; /* the caller's cookie: ties an add to its reap */
	uint16_t out;	/* scatterlists the device reads */
	uint16_t in;	/* scatterlists the device writes */
	int16_t error;	/* 0, or the negative errno of a refused add */
	uint16_t seq;
};

struct vring_event_notify {
	uint8_t failed; /* 1: the transport could not ring, the device is gone */
	uint8_t reserved[13];
	uint16_t seq;
};

struct vring_event_interrupt {
	uint32_t irq;
	uint8_t handled; /* 0: nothing was used, a spurious interrupt for this queue */
	uint8_t reserved;
	uint16_t event; /* split: used_event; packed: off_wrap of the driver's event area */
	uint16_t flags; /* the driver's own copy of avail.flags, or of its event area's flags */
	uint16_t reserved2[2];
	uint16_t seq;
};

struct vring_event_reap {
	uint64_t token;
	uint32_t len; /* bytes the device says it wrote */
	uint16_t reserved;
	uint16_t seq;
};

struct vring_event_callbacks {
	uint16_t event; /* where the next interrupt is due, as written for the device */
	uint8_t on;	/* 1: interrupts wanted */
	uint8_t more;	/* 1: on enabling, used buffers were already waiting */
	uint16_t reserved[5];
	uint16_t seq;
};

struct vring_event {
	uint64_t time_ns; /* monotonic clock of the source */
	uint16_t device;  /* N of virtioN */
	uint16_t queue;	  /* index of the virtqueue in its device */
	uint16_t cpu;
	uint8_t type; /* enum vring_event_type */
	uint8_t flags;
	/* The ring as the source saw it then; after an add, a kick decision, a reap. */
	uint16_t avail_idx; /* the driver's: where it will put the next entry */
	uint16_t used_idx;  /* split: read from memory; packed: not to be had, equals last_used */
	uint16_t last_used; /* the driver's: the used entry it will look at next */
	uint16_t num_free;  /* descriptors */
	union {
		struct vring_event_add add;
		struct vring_event_kick kick;
		struct vring_event_notify notify;
		struct vring_event_interrupt interrupt;
		struct vring_event_reap reap;
		struct vring_event_callbacks callbacks;
		/* Counts the records of one CPU, so that a gap shows; 0 where none can be lost. */
		struct {
			uint16_t of_the_kind[7];
			uint16_t seq;
		};
	};
};

_Static_assert(sizeof(struct vring_event) == 40, "the record is what recordings are made of");

#endif
