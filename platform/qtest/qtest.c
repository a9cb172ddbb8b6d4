/* SPDX-License-Identifier: MIT */
/*
 * QEMU's qtest protocol: one line of text for each access, one for its answer.
 *
 * The other end is softmmu/qtest.c of QEMU; its own clients use tests/qtest/libqtest.c. Left out on
 * purpose: the clock commands, which only QEMU's qtest accelerator has, and memory, which we share.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "qtest.h"
#include "qtest_internal.h"

#define LINE_BYTES 256
#define ANSWER_SECONDS 30 /* QEMU answers in microseconds; this long only if it never will */

static struct {
	struct platform_qtest machine;
	bool open;
	bool gone; /* lost; every register reads as ones */
	unsigned long commands;
	char in[LINE_BYTES]; /* received, and not yet a whole line */
	size_t in_bytes;
} qtest;

static __attribute__((noreturn)) void lost(const char *why)
{
	qtest.gone = true;
	qtest.machine.lost(why);
	abort();
}

bool qtest_is_open(void)
{
	return qtest.open;
}

bool qtest_is_gone(void)
{
	return qtest.gone;
}

unsigned long platform_qtest_commands(void)
{
	return qtest.commands;
}

/* False if nothing came in time; true may be about a signal. */
static bool wait_readable(uint64_t ns)
{
	struct pollfd fd = { .fd = qtest.machine.socket, .events = POLLIN };
	struct timespec time = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	return ppoll(&fd, 1, &time, NULL) != 0;
}

/* More text behind qtest.in; false if there is none at the moment. */
static bool receive(void)
{
	ssize_t bytes = recv(qtest.machine.socket, qtest.in + qtest.in_bytes,
			     sizeof(qtest.in) - qtest.in_bytes, MSG_DONTWAIT);

	if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (bytes <= 0)
		lost("QEMU has ended");
	qtest.in_bytes += bytes;
	return true;
}

/* Moves the first whole line out of qtest.in, without its newline; false if there is none. */
static bool take_line(char line[LINE_BYTES])
{
	char *end = memchr(qtest.in, '\n', qtest.in_bytes);
	size_t bytes;

	if (!end) {
		if (qtest.in_bytes == sizeof(qtest.in))
			lost("QEMU sent a line that does not end");
		return false;
	}
	bytes = end - qtest.in;
	memcpy(line, qtest.in, bytes);
	line[bytes] = 0;
	qtest.in_bytes -= bytes + 1;
	memmove(qtest.in, end + 1, qtest.in_bytes);
	return true;
}

/* Lines that QEMU sends unasked say that an interrupt line has moved. */
static bool is_about_an_interrupt(const char *line)
{
	unsigned int number;
	char verb[8];

	if (sscanf(line, "IRQ %7s %u", verb, &number) != 2)
		return false;
	if (number < QTEST_LINES)
		qtest_irq_line(number, !strcmp(verb, "raise"));
	return true;
}

void qtest_listen(uint64_t ns)
{
	char line[LINE_BYTES];

	if (qtest.gone || (ns && !wait_readable(ns)))
		return;
	while (receive())
		while (take_line(line))
			if (!is_about_an_interrupt(line))
				lost("QEMU sent an answer to no question");
}

static void send_line(const char *line, size_t bytes)
{
	while (bytes) {
		ssize_t sent = send(qtest.machine.socket, line, bytes, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			lost("QEMU has ended");
		line += sent;
		bytes -= sent;
	}
}

/* A debugger may stop us between question and answer: only time spent in poll is counted. */
static void receive_answer(char line[LINE_BYTES])
{
	for (;;) {
		while (take_line(line))
			if (!is_about_an_interrupt(line))
				return;
		if (!receive() && !wait_readable(ANSWER_SECONDS * 1000000000ull))
			lost("QEMU does not answer");
	}
}

uint64_t qtest_command(const char *format, ...)
{
	char line[LINE_BYTES], answer[LINE_BYTES], text[2 * LINE_BYTES + 32];
	va_list args;
	int bytes;

	assert(qtest.open);
	if (qtest.gone)
		return UINT64_MAX;
	va_start(args, format);
	bytes = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	assert(bytes > 0 && bytes < LINE_BYTES);

	send_line(line, bytes);
	qtest.commands++;
	receive_answer(answer);
	if (strncmp(answer, "OK", 2)) {
		line[bytes - 1] = 0; /* the newline */
		snprintf(text, sizeof(text), "QEMU answered \"%s\" to \"%s\"", answer, line);
		lost(text);
	}
	return answer[2] ? strtoull(answer + 3, NULL, 16) : 0;
}

struct platform_qtest_taken platform_qtest_taken(void)
{
	return (struct platform_qtest_taken){
		.dma_pages = qtest_dma_pages_taken(),
		.private_blocks = qtest_private_blocks_taken(),
		.msis = qtest_msis_taken(),
		.handlers = qtest_handlers_taken(),
	};
}

int platform_qtest_open(const struct platform_qtest *machine)
{
	int err;

	assert(!qtest.open);
	memset(&qtest, 0, sizeof(qtest));
	qtest.machine = *machine;
	qtest_forget_locks();
	err = qtest_dma_open(machine->ram, machine->ram_bytes);
	if (err)
		return err;
	qtest.open = true;
	err = qtest_pci_open();
	if (err) {
		platform_qtest_close();
		return err;
	}
	qtest_irq_open();
	return 0;
}

void platform_qtest_close(void)
{
	if (!qtest.open)
		return;
	qtest_irq_close();
	qtest_dma_close();
	qtest.open = false;
}
