/* SPDX-License-Identifier: MIT */
/*
 * Messages on the host ground: to stderr, or kept for a test to read. And the two functions that
 * speak for the whole ground.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_internal.h"

static bool capturing;
static char captured[65536];
static size_t captured_bytes;

void host_log_reset(void)
{
	platform_host_capture_log(false);
}

void platform_host_capture_log(bool on)
{
	capturing = on;
	captured_bytes = 0;
	captured[0] = 0;
}

const char *platform_host_log(void)
{
	return captured;
}

void platform_log(enum platform_level level, const char *format, ...)
{
	static const char *const names[] = { "error", "warning", "info" };
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (!capturing) {
		fprintf(stderr, "%s: %s\n", names[level], line);
		return;
	}
	if (captured_bytes + strlen(line) + 2 > sizeof(captured))
		return;
	captured_bytes += (size_t)sprintf(captured + captured_bytes, "%s\n", line);
}

int platform_snprintf(char *buf, size_t bytes, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(buf, bytes, format, args);
	va_end(args);
	return len;
}

void host_fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("host ground: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

void platform_host_reset(void)
{
	host_memory_reset();
	host_irq_reset();
	host_clock_reset();
	host_log_reset();
}

struct platform_host_usage platform_host_usage(void)
{
	struct platform_host_usage usage = { 0 };

	host_memory_usage(&usage);
	host_irq_usage(&usage);
	return usage;
}
