/* SPDX-License-Identifier: MIT */
/*
 * A QEMU of the tests' own: its process, and everything that reaches it through file descriptors.
 *
 * Memory, disks, firmware and logs are anonymous files, sockets are pairs made beforehand: QEMU
 * finds them as /proc/self/fd/N. Nothing has a name that could be left behind, nothing has to be
 * waited for, and two test programs cannot meet.
 */
#ifndef TESTS_SUPPORT_QTEST_QEMU_H
#define TESTS_SUPPORT_QTEST_QEMU_H

#include <stdbool.h>
#include <stddef.h>

#define QEMU_ARGS 96
#define QEMU_FILES 16

struct qemu {
	int pid;    /* 0: not running */
	int socket; /* of the qtest protocol */
	int ram;
	int qmp;
	bool qmp_ready;
	int messages; /* what QEMU said on stderr and stdout */

	/* Private: the command line, and the descriptors that the child is to keep. */
	char *args[QEMU_ARGS + 1];
	unsigned int num_args;
	int inherited[QEMU_FILES];
	unsigned int num_inherited;
	int ours[QEMU_FILES];
	unsigned int num_ours;
};

/* One more argument, in the words of printf. */
void qemu_arg(struct qemu *qemu, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An empty anonymous file of @bytes that QEMU finds as /proc/self/fd/N; closed by qemu_kill(). */
int qemu_file(struct qemu *qemu, const char *name, size_t bytes);

/* A connected pair of unix sockets; @theirs is the number of QEMU's end. Returns ours. */
int qemu_socket(struct qemu *qemu, int type, int *theirs);

/* The arguments that every machine needs, begun before any other. @type: "q35", "pc" */
void qemu_prepare(struct qemu *qemu, const char *type, size_t ram_bytes);

/* Runs it. What goes wrong from here on shows when its socket ends. */
void qemu_start(struct qemu *qemu);

/* Ends it, by its process id alone, and forgets everything. May be called at any time. */
void qemu_kill(struct qemu *qemu);

/* Everything QEMU said so far on one line, or "it said nothing"; valid until the next call. */
const char *qemu_said(const struct qemu *qemu);
bool qemu_said_something(const struct qemu *qemu);

/* Lines in which @word stands between blanks, in a file that QEMU writes. */
unsigned long qemu_count_lines(int file, const char *word);

/* Runs one command of QMP: "set_link", "'name':'dev0','up':false" (' stands for "). NULL if it
 * worked, else QEMU's answer; valid until the next call. */
const char *qemu_monitor(struct qemu *qemu, const char *command, const char *arguments);

#endif
