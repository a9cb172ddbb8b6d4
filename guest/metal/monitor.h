/* SPDX-License-Identifier: MIT */
/*
 * What the monitor's commands share.
 *
 * A command gets words, prints to the console, and returns a status, worse ones being larger.
 */
#ifndef GUEST_METAL_MONITOR_H
#define GUEST_METAL_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "blk/blk.h"
#include "platform/metal/metal.h"

enum status {
	STATUS_OK,
	STATUS_FAILED, /* it was tried and did not work; the command has said why */
	STATUS_USAGE,  /* not a command, or not its words */
};

enum status command_lspci(int argc, char **argv);
enum status command_lsvirtio(int argc, char **argv);
enum status command_irq(int argc, char **argv);
enum status command_reset(int argc, char **argv);
enum status command_ring(int argc, char **argv);
enum status command_step(int argc, char **argv);
enum status command_trace(int argc, char **argv);
enum status command_blk(int argc, char **argv);
enum status command_net(int argc, char **argv);

/* What `blk` has beside reading and writing; the words are those after it. */
enum status blk_verify(struct gendisk *disk, int argc, char **argv);
enum status blk_bench(struct gendisk *disk, int argc, char **argv);

/* Runs commands with ";" between them, one after the other, whatever becomes of them. */
void monitor_run(const char *commands);
/* Reads commands from the console, and never returns. */
void monitor_loop(void) __attribute__((noreturn));

/* True while a person is typing: commands of the command line wait for no key. */
bool monitor_interactive(void);
/* Ctrl-C was typed since the command began. What else is typed is kept for the next. */
bool monitor_interrupted(void);
/* A key; sleeps until there is one. Works with interrupts off too. */
int monitor_key(void);

#define print metal_printf
/* A line on what went wrong. Returns STATUS_FAILED. */
enum status complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "EIO" for -EIO. */
const char *error_name(int err);

/* Decimal, or hexadecimal after 0x, up to @most. False if it is none. */
bool parse_number(const char *word, uint64_t most, uint64_t *value);

/* Its disk or card: "vda", "eth0", or "". */
const char *device_alias(const struct virtio_device *vdev);
/* @word means that queue of the device, which has it. */
bool names_queue(const char *word, const struct virtio_device *vdev, unsigned int queue);

/* Cards get their addresses and handlers; again after command_reset(). */
void net_start(void);
void net_stop(void);

#endif
