/* SPDX-License-Identifier: MIT */
/*
 * Starting, asking and ending the QEMU of a test.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qtest_qemu.h"

#define QEMU "qemu-system-x86_64"
#define FIRMWARE_BYTES 65536
#define RESET_VECTOR 0xfff0 /* the firmware's last 16 bytes are the first that run */
#define QMP_SECONDS 30
#define TEXT_BYTES 4096

/* No assert_…() of cmocka here: these may run while a test is being left already. */
static void must(bool worked, const char *what)
{
	if (worked)
		return;
	fprintf(stderr, "qtest: %s: %s\n", what, strerror(errno));
	abort();
}

void qemu_arg(struct qemu *qemu, const char *format, ...)
{
	va_list args;

	assert(qemu->num_args < QEMU_ARGS);
	va_start(args, format);
	must(vasprintf(&qemu->args[qemu->num_args++], format, args) >= 0, "an argument");
	va_end(args);
}

static void inherit(struct qemu *qemu, int fd)
{
	assert(qemu->num_inherited < QEMU_FILES);
	qemu->inherited[qemu->num_inherited++] = fd;
}

int qemu_file(struct qemu *qemu, const char *name, size_t bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	must(fd >= 0 && !ftruncate(fd, bytes), name);
	inherit(qemu, fd);
	return fd;
}

int qemu_socket(struct qemu *qemu, int type, int *theirs)
{
	int pair[2];

	must(!socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), "a pair of sockets");
	inherit(qemu, pair[1]);
	assert(qemu->num_ours < QEMU_FILES);
	qemu->ours[qemu->num_ours++] = pair[0];
	*theirs = pair[1];
	return pair[0];
}

/* cli; hlt; and back again: the guest's processor sleeps, and QEMU's thread for it as well. */
static int firmware(struct qemu *qemu)
{
	static const unsigned char sleep_for_ever[] = { 0xfa, 0xf4, 0xeb, 0xfd };
	int fd = qemu_file(qemu, "firmware", FIRMWARE_BYTES);

	must(pwrite(fd, sleep_for_ever, sizeof(sleep_for_ever), RESET_VECTOR) ==
		     sizeof(sleep_for_ever),
	     "the firmware");
	return fd;
}

void qemu_prepare(struct qemu *qemu, const char *type, size_t ram_bytes)
{
	int theirs;

	memset(qemu, 0, sizeof(*qemu));
	qemu->messages = qemu_file(qemu, "messages", 0);
	qemu->ram = qemu_file(qemu, "ram", ram_bytes);

	qemu_arg(qemu, QEMU);
	qemu_arg(qemu, "-nodefaults");
	qemu_arg(qemu, "-no-user-config");
	qemu_arg(qemu, "-display");
	qemu_arg(qemu, "none");
	qemu_arg(qemu, "-accel");
	qemu_arg(qemu, "tcg,thread=single");
	qemu_arg(qemu, "-machine");
	qemu_arg(qemu, "%s,memory-backend=ram", type);
	qemu_arg(qemu, "-m");
	qemu_arg(qemu, "%zuM", ram_bytes >> 20);
	qemu_arg(qemu, "-object");
	qemu_arg(qemu, "memory-backend-file,id=ram,share=on,size=%zu,mem-path=/proc/self/fd/%d",
		 ram_bytes, qemu->ram);
	qemu_arg(qemu, "-bios");
	qemu_arg(qemu, "/proc/self/fd/%d", firmware(qemu));

	/* The server behind -qtest, which can be had without the option's fixed names. */
	qemu->socket = qemu_socket(qemu, SOCK_STREAM, &theirs);
	qemu_arg(qemu, "-chardev");
	qemu_arg(qemu, "socket,id=qtest-socket,fd=%d", theirs);
	qemu_arg(qemu, "-object");
	qemu_arg(qemu, "qtest,id=qtest-server,chardev=qtest-socket,log=/dev/null");

	qemu->qmp = qemu_socket(qemu, SOCK_STREAM, &theirs);
	qemu_arg(qemu, "-chardev");
	qemu_arg(qemu, "socket,id=qmp,fd=%d", theirs);
	qemu_arg(qemu, "-mon");
	qemu_arg(qemu, "chardev=qmp,mode=control");
}

/* In the child. It gets a session of its own, so that Ctrl-C in gdb stops the test and not QEMU; it
 * dies with the test even where the test is killed. */
static __attribute__((noreturn)) void become_qemu(const struct qemu *qemu, int parent)
{
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || dup2(null, 0) < 0 || dup2(qemu->messages, 1) < 0 ||
	    dup2(qemu->messages, 2) < 0)
		_exit(126);
	for (unsigned int i = 0; i < qemu->num_inherited; i++)
		fcntl(qemu->inherited[i], F_SETFD, 0);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	execvp(QEMU, qemu->args);
	dprintf(2, "%s: %s\n", QEMU, strerror(errno));
	_exit(127);
}

void qemu_start(struct qemu *qemu)
{
	int parent = getpid();

	fflush(NULL);
	qemu->pid = fork();
	must(qemu->pid >= 0, "fork");
	if (!qemu->pid)
		become_qemu(qemu, parent);

	/* Its ends of the sockets are its alone, so that we see when it closes them by ending. */
	for (unsigned int i = 0; i < qemu->num_inherited; i++) {
		int type;
		socklen_t bytes = sizeof(type);

		if (getsockopt(qemu->inherited[i], SOL_SOCKET, SO_TYPE, &type, &bytes))
			continue;
		close(qemu->inherited[i]);
		qemu->inherited[i] = -1;
	}
}

void qemu_kill(struct qemu *qemu)
{
	if (qemu->pid) {
		kill(qemu->pid, SIGKILL);
		while (waitpid(qemu->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	for (unsigned int i = 0; i < qemu->num_args; i++)
		free(qemu->args[i]);
	for (unsigned int i = 0; i < qemu->num_inherited; i++)
		if (qemu->inherited[i] >= 0)
			close(qemu->inherited[i]);
	for (unsigned int i = 0; i < qemu->num_ours; i++)
		close(qemu->ours[i]);
	memset(qemu, 0, sizeof(*qemu));
}

/* ---- what it says ---- */

bool qemu_said_something(const struct qemu *qemu)
{
	return lseek(qemu->messages, 0, SEEK_END) > 0;
}

const char *qemu_said(const struct qemu *qemu)
{
	static char text[TEXT_BYTES];
	ssize_t bytes = pread(qemu->messages, text, sizeof(text) - 1, 0);

	while (bytes > 0 && text[bytes - 1] == '\n')
		bytes--;
	if (bytes <= 0)
		return "it said nothing";
	text[bytes] = 0;
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ';';
	return text;
}

unsigned long qemu_count_lines(int file, const char *word)
{
	char *line = NULL, spaced[64];
	size_t capacity = 0;
	unsigned long count = 0;
	FILE *log = fdopen(dup(file), "r");

	must(log, "QEMU's log");
	snprintf(spaced, sizeof(spaced), " %s ", word);
	rewind(log);
	while (getline(&line, &capacity, log) >= 0)
		count += !strncmp(line, spaced + 1, strlen(spaced) - 1) || strstr(line, spaced);
	free(line);
	fclose(log);
	return count;
}

/* ---- its monitor ---- */

/* The next line that is an answer and no event; "" if the monitor is gone. */
static void monitor_answer(const struct qemu *qemu, char line[TEXT_BYTES])
{
	size_t bytes;

	do {
		for (bytes = 0; bytes < TEXT_BYTES - 1; bytes++) {
			struct pollfd fd = { .fd = qemu->qmp, .events = POLLIN };

			if (poll(&fd, 1, QMP_SECONDS * 1000) <= 0 ||
			    read(qemu->qmp, &line[bytes], 1) <= 0) {
				line[0] = 0;
				return;
			}
			if (line[bytes] == '\n')
				break;
		}
		line[bytes] = 0;
	} while (strncmp(line, "{\"return\"", 9) && strncmp(line, "{\"error\"", 8));
}

const char *qemu_monitor(struct qemu *qemu, const char *command, const char *arguments)
{
	static char line[TEXT_BYTES];
	int bytes;

	if (!qemu->qmp_ready) {
		qemu->qmp_ready = true;
		if (qemu_monitor(qemu, "qmp_capabilities", ""))
			return line;
	}
	bytes = snprintf(line, sizeof(line), "{'execute':'%s','arguments':{%s}}\n", command,
			 arguments);
	assert(bytes < TEXT_BYTES);
	for (char *c = line; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (send(qemu->qmp, line, bytes, MSG_NOSIGNAL) != bytes)
		return "the monitor is gone";
	monitor_answer(qemu, line);
	return strncmp(line, "{\"return\"", 9) ? line : NULL;
}
