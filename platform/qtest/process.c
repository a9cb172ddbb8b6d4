/* SPDX-License-Identifier: MIT */
/*
 * What a Linux process has of its own: one CPU, as far as drivers are concerned, a clock, a
 * terminal.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "platform/platform.h"

#include "qtest_internal.h"

static unsigned int locks; /* held */

unsigned int platform_num_cpus(void)
{
	return 1;
}

unsigned int platform_cpu(void)
{
	return 0;
}

/* One CPU, and no interrupts but in platform_wait(): the only thing to see is a lock taken twice.
 */
void platform_lock(struct platform_lock *lock)
{
	assert(!lock->held);
	lock->held = 1;
	locks++;
}

void platform_unlock(struct platform_lock *lock)
{
	assert(lock->held);
	lock->held = 0;
	locks--;
}

void qtest_forget_locks(void)
{
	locks = 0;
}

bool qtest_holds_a_lock(void)
{
	return locks != 0;
}

/* QEMU's devices live in real time, so we do. */
uint64_t platform_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void platform_relax(void)
{
	uint64_t end = platform_now() + 1000;

	do
		sched_yield();
	while (platform_now() < end);
}

void platform_log(enum platform_level level, const char *format, ...)
{
	static const char *const names[] = {
		[PLATFORM_ERROR] = "error: ",
		[PLATFORM_WARNING] = "warning: ",
		[PLATFORM_INFO] = "info: ",
	};
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "%s%s\n", names[level], text);
}

int platform_snprintf(char *buf, size_t bytes, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(buf, bytes, format, args);
	va_end(args);
	return length;
}
