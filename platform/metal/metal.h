/* SPDX-License-Identifier: MIT */
/*
 * The machine itself, for the program that runs on it: what is not in platform.h because no driver
 * has a use for it.
 */
#ifndef PLATFORM_METAL_METAL_H
#define PLATFORM_METAL_METAL_H

#include <stdarg.h>

#include "platform/platform.h"

/**
 * metal_init - bring up the ground: memory, interrupts, clock, processors
 * @start_info: address of PVH's struct hvm_start_info, in %ebx at the entry
 *
 * Interrupts are on when it returns, and platform.h may be used.
 */
void metal_init(uint64_t start_info);

/* From QEMU's -append; "" if there was none. */
const char *metal_command_line(void);

/*
 * Ends QEMU, by way of isa-debug-exit. guest/metal/run ends with @status as its own. Statuses from
 * METAL_STATUS_TRAP on are this floor's; others are the program's.
 */
void metal_exit(unsigned int status) __attribute__((noreturn));

#define METAL_STATUS_TRAP 90   /* an exception */
#define METAL_STATUS_PANIC 91  /* the ground cannot go on; the log says why */
#define METAL_STATUS_LIMIT 110 /* the largest there is */

/* Prints the message and a backtrace, and exits. */
void metal_panic(const char *format, ...) __attribute__((noreturn, cold, format(printf, 1, 2)));

/* ---- serial ports ---- */

enum metal_port { METAL_CONSOLE, METAL_EVENTS };

/* The second port is there if QEMU was given one. */
bool metal_port_present(enum metal_port port);
/* To the console, newlines become "\r\n". */
void metal_write(enum metal_port port, const void *bytes, size_t count);
/* To the console; formats as platform_log()'s, cut after 512 characters. */
void metal_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* platform_snprintf() for those who have their arguments in a list. */
int metal_vsnprintf(char *buf, size_t bytes, const char *format, va_list args);
/* A character that was typed, or -1. */
int metal_getc(void);

/* Nanoseconds since 1970, UTC, to the second. */
uint64_t metal_realtime(void);

/* ---- processors ---- */

/**
 * metal_run_on - have another CPU call @fn
 * @cpu: not the one we are on, and idle: metal_join() was called since the last time
 */
void metal_run_on(unsigned int cpu, void (*fn)(void *arg), void *arg);
/* Waits until it has returned. */
void metal_join(unsigned int cpu);

/* ---- what can be seen ---- */

struct metal_irq {
	const char *name; /* of the handler asked for first; NULL if there is none */
	unsigned int handlers;
	unsigned int vector;
	unsigned int cpu;
	int line; /* input of the I/O APIC; -1: a message */
	unsigned long count;
};

/* False once @irq is beyond the last there can be; .vector is 0 if it is not in use. */
bool metal_irq_show(int irq, struct metal_irq *seen);

struct metal_machine {
	const char *host_bridge;   /* "q35", "pc" or "unknown" */
	bool ecam;		   /* config space is memory, 4096 bytes a function */
	uint64_t memory_bytes;	   /* usable RAM below 4 GiB */
	size_t free_bytes;	   /* whole pages */
	size_t allocated;	   /* allocations of either kind that were not freed */
	uint64_t tsc_hz, timer_hz; /* of the local APIC */
};

void metal_machine_show(struct metal_machine *seen);

#endif
