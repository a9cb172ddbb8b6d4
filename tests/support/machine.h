/* SPDX-License-Identifier: MIT */
/*
 * A machine with virtio functions on its PCI bus, for suites that run unchanged on two grounds.
 *
 * On host the devices are those of device/, in this process; on qtest they are QEMU's, in a process
 * of its own that machine_start() starts. The suites are in tests/grounds/ and are linked twice:
 * host/NAME and qtest/NAME.
 */
#ifndef TESTS_SUPPORT_MACHINE_H
#define TESTS_SUPPORT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_DEVICES 4

enum machine_switch { MACHINE_DEFAULT, MACHINE_ON, MACHINE_OFF };

/* Which of the two interfaces a function has (4.1). */
enum machine_interface { MACHINE_MODERN, MACHINE_TRANSITIONAL, MACHINE_LEGACY };

/* One virtio function. What is left 0 is as QEMU has it by default. */
struct machine_device {
	const char *type; /* "blk", "net", "rng", "scsi"; NULL ends the list */
	enum machine_interface interface;
	bool behind_root_port;
	enum machine_switch packed, event_idx, indirect;
	/* Interrupt vectors; 0 is the default, MACHINE_NO_VECTORS none: INTx. */
	unsigned int vectors;
	unsigned int num_queues; /* blk; net: pairs */
	unsigned int queue_size; /* entries */
	/* blk: bytes of disk, a multiple of 512; 0: 1 MiB. Byte n of it starts as n / 512. */
	size_t disk_bytes;
	bool read_only;
	const char
		*options; /* QEMU's, "discard=off,serial=abc"; host knows those it says it does */
	const char *backend; /* blk: "null-co", "blkdebug:…" on qtest; NULL: the plain disk */
};

#define MACHINE_NO_VECTORS 0xffff

struct machine {
	const char *type; /* "q35", "pc"; NULL: q35. On host there is one kind. */
	struct machine_device devices[MACHINE_DEVICES + 1];
	bool witness; /* keep count for machine_witness(), one doorbell at a time */
};

/* Which ground this program is linked to. */
extern const char machine_ground[]; /* "host", "qtest" */

/* Fails the test if it cannot be started. One machine at a time; nothing is scanned or bound yet.
 */
void machine_start(const struct machine *machine);

/* Everything is gone; drivers are unregistered and functions forgotten by then. Fails the test if
 * anything of platform.h is still allocated, or a device had to complain. */
void machine_stop(void);

/* The device is gone, as if pulled out: all its registers read as ones. host only. */
void machine_remove_suddenly(unsigned int device);

/* Skips the test, with the reason; the skip has to be in tests/skips.tsv. */
void machine_skip(const char *test, const char *reason) __attribute__((noreturn));

/* The disk's bytes as the device has them, at rest: no request is in flight. Both ways. */
uint8_t *machine_disk(unsigned int device, size_t *bytes);

/* The far end of the network card's cable: whole Ethernet frames without any header. */
void machine_net_send(unsigned int device, const void *frame, size_t bytes);
/* Returns the length of the next frame that the card sent; 0 if none comes within a second. */
size_t machine_net_receive(unsigned int device, void *frame, size_t capacity);
void machine_set_link(unsigned int device, bool up);

/* What the devices' own log has of all queues together, since machine_start(). */
struct machine_witness {
	unsigned long doorbells;  /* handled */
	unsigned long popped;	  /* buffers taken out of the available ring */
	unsigned long filled;	  /* and put into the used one */
	unsigned long interrupts; /* raised */
};

/* False where nobody but the code under test could say: host. */
bool machine_witness(struct machine_witness *seen);

/* A change of the disk's size, announced by the device. */
void machine_resize_disk(unsigned int device, size_t bytes);

#endif
