/* SPDX-License-Identifier: MIT */
/*
 * What one boot leaves behind, as the programs that judge it read it: the parts of the recording,
 * QEMU's log between two marks, the kernel's messages. Included once per test program.
 */
#ifndef TESTS_GUEST_RESULTS_H
#define TESTS_GUEST_RESULTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/select.h"

static const char *directory;

static FILE *open_part(const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: no such part of the recording", path);
	return file;
}

/* The columns of a line of /proc/interrupts, one for each CPU, together. */
static unsigned long count_columns(char *at)
{
	unsigned long sum = 0;
	char *end;

	for (;; at = end) {
		unsigned long count = strtoul(at, &end, 10);

		if (end == at || *end != ' ')
			return sum;
		sum += count;
	}
}

/* ---- QEMU's log ---- */

/* The job reads these before and after what is counted. */
#define SECTOR_OF(block) ((block)*8) /* of 512 bytes */
#define MARK_BEFORE SECTOR_OF(8000)
#define MARK_AFTER SECTOR_OF(8001)

static bool at_mark(const char *line, unsigned long sector)
{
	const char *at = strstr(line, "virtio_blk_handle_read ");
	unsigned long read;

	at = at ? strstr(at, "sector ") : NULL;
	return at && sscanf(at, "sector %lu", &read) == 1 && read == sector;
}

/* What QEMU says it did with a queue between the two marks. */
struct witness {
	unsigned int pops, fills, notifies;
	unsigned int out, in;  /* of the popped, in pieces of memory */
	unsigned long written; /* bytes, in the filled */
};

/* @named: the queue of QEMU's that has this pointer, as text; NULL: it is of no interest. */
static void count_qemu_line(const char *line, struct witness *(*named)(const char *vq))
{
	struct witness *q;
	char vq[32];
	const char *at;
	unsigned int in, out, len;

	if ((at = strstr(line, "virtqueue_pop ")) &&
	    sscanf(at, "%*s vq %31s elem %*s in_num %u out_num %u", vq, &in, &out) == 3) {
		if ((q = named(vq))) {
			q->pops++;
			q->in += in;
			q->out += out;
		}
	} else if ((at = strstr(line, "virtqueue_fill ")) &&
		   sscanf(at, "%*s vq %31s elem %*s len %u", vq, &len) == 2) {
		if ((q = named(vq))) {
			q->fills++;
			q->written += len;
		}
	} else if ((at = strstr(line, "virtio_queue_notify ")) &&
		   sscanf(at, "%*s vdev %*s n %*u vq %31s", vq) == 1) {
		if ((q = named(vq)))
			q->notifies++;
	}
}

/*
 * The window opens behind the mark @before and closes at @after. A mark is seen when its read is
 * handled: popped and notified before, filled after. So the first leaves a fill inside and the
 * second a pop and a notify, of the queue @marked.
 */
static void read_window(FILE *log, unsigned long before, unsigned long after,
			struct witness *(*named)(const char *vq), struct witness *marked)
{
	bool open = false, closed = false;
	char line[512];

	while (!closed && fgets(line, sizeof(line), log)) {
		if (at_mark(line, before))
			open = true;
		else if (at_mark(line, after))
			closed = true;
		else if (open)
			count_qemu_line(line, named);
	}
	if (!closed)
		fail_msg("the two marks are not in QEMU's log");
	marked->fills--;
	marked->written -= 4096 + 1;
	marked->pops--;
	marked->out -= 1;
	marked->in -= 2;
	marked->notifies--;
}

/* ---- the kernel ---- */

static void the_guest_kernel_stayed_whole(void **state)
{
	static const char *const splats[] = { "BUG:", "WARNING:", "Oops", "general protection",
					      "Call Trace" };
	FILE *file = open_part("dmesg");
	char line[512];

	(void)state;
	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(splats) / sizeof(splats[0]); i++)
			if (strstr(line, splats[i]))
				fail_msg("the guest's dmesg: %s", line);
	fclose(file);
}

#endif
