/* SPDX-License-Identifier: MIT */
/*
 * What the files of the host ground share among themselves.
 */
#ifndef PLATFORM_HOST_HOST_INTERNAL_H
#define PLATFORM_HOST_HOST_INTERNAL_H

#include "host.h"

/* The program cannot go on: somebody broke the contract of platform.h. Says so and aborts. */
void host_fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Each file's part of platform_host_reset() and of platform_host_usage(). */
void host_memory_reset(void);
void host_memory_usage(struct platform_host_usage *usage);
void host_irq_reset(void);
void host_irq_usage(struct platform_host_usage *usage);
void host_clock_reset(void);
void host_log_reset(void);

/* What reaches the interrupt controller. */
void host_irq_message(void *host, uint64_t address, uint32_t data);
void host_irq_line(void *host, unsigned int slot, unsigned int pin, bool level);

/* Ends the program unless sleeping is allowed here. */
void host_may_sleep(const char *who);

/* Runs the handlers that are due. Returns whether there were any. */
bool host_irq_deliver(void);

#endif
