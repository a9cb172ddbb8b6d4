/* SPDX-License-Identifier: MIT */
/*
 * vring-trace doctor: what this kernel and these rights allow, hook by hook, and a test of it all
 * against something known: 23 reads of a disk must be seen as 23 adds and 23 reaps.
 *
 * A kernel that inlines a function gives no error when it is hooked, only silence. Counting is the
 * one way to know.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "vring_trace.skel.h"

#include "hooks.h"
#include "kernel.h"
#include "session.h"
#include "../tool.h"

#define READS 23
#define READ_BYTES 4096

static const char doc[] =
	"Say what of this kernel can be traced here, by which means, and prove it: "
	"23 direct reads of a virtio disk have to show as 23 adds and 23 reaps on its queues."
	"\v"
	"Exit status 3 if something is missing without which nothing can be traced, 1 if the count "
	"is wrong. --dry-run leaves out the reads and sets no hook.\n";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG)
		argp_error(state, "it takes no QUEUE: %s", arg);
	return key == ARGP_KEY_INIT ? 0 : ARGP_ERR_UNKNOWN;
}

static void say(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const char *what, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (tool.json) {
		json_object *object = json_object_new_object();

		json_object_object_add(object, what, json_object_new_string(text));
		puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
	} else {
		printf("%-12s %s\n", what, text);
	}
}

/* ---- what is there ---- */

/* The first line of a file, or @fallback. */
static void read_line(const char *path, char *text, size_t bytes, const char *fallback)
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(text, bytes, file))
		snprintf(text, bytes, "%s", fallback);
	text[strcspn(text, "\n")] = 0;
	if (file)
		fclose(file);
}

static void say_kernel(void)
{
	char lockdown[128];
	struct utsname name;

	uname(&name);
	say("kernel", "Linux %s %s", name.release, name.machine);
	say("types", "%s%s",
	    access("/sys/kernel/btf/vmlinux", R_OK) ? "no /sys/kernel/btf/vmlinux" :
						      "/sys/kernel/btf/vmlinux",
	    access("/sys/kernel/btf/virtio_ring", F_OK) ? ", virtio built in" :
							  ", virtio in modules");
	read_line("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown),
		  "not known (no securityfs)");
	say("lockdown", "%s", lockdown);
	if (strstr(lockdown, "[confidentiality]"))
		say("note", "this lockdown forbids BPF to read kernel memory: nothing will work");
}

static void say_hooks(void)
{
	static const char *const events[] = {
		[VRING_EVENT_ADD] = "add",	   [VRING_EVENT_KICK] = "decision",
		[VRING_EVENT_NOTIFY] = "doorbell", [VRING_EVENT_INTERRUPT] = "interrupt",
		[VRING_EVENT_REAP] = "reap",	   [VRING_EVENT_CALLBACKS] = "callbacks",
	};
	const struct hook *hooks;
	size_t count = hooks_list(&hooks);
	unsigned int kinds = 0;

	for (size_t i = 0; i < count; i++) {
		say("hook", "%-9s %-32s %s", events[hooks[i].event], hooks[i].function,
		    hooks[i].kprobe ? "kprobe" : "fentry");
		kinds |= HOOKS_OF(hooks[i].event);
	}
	for (unsigned int event = VRING_EVENT_ADD; event < VRING_EVENT_TYPES; event++)
		if (!(kinds & HOOKS_OF(event)))
			say("hook", "%-9s none: these events are not seen here", events[event]);
}

/* ---- the test ---- */

struct test {
	struct session session;
	const char *disk;
	unsigned int reads;
	int error;
	bool done;
	uint64_t adds, reaps;
};

static int read_disk(struct test *test)
{
	void *buffer;
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/dev/%s", test->disk);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (posix_memalign(&buffer, READ_BYTES, READ_BYTES)) {
		close(fd);
		return -ENOMEM;
	}
	for (; test->reads < READS && !err; test->reads++)
		if (pread(fd, buffer, READ_BYTES, (off_t)test->reads * READ_BYTES) != READ_BYTES)
			err = errno ? -errno : -EIO;
	free(buffer);
	close(fd);
	return err;
}

/* The reads are made once recording has begun; what they cause is in the buffer when they are done.
 */
static int on_tick(struct session *session)
{
	struct test *test = (struct test *)session;

	if (test->done)
		return 1;
	test->error = read_disk(test);
	test->done = true;
	return test->error != 0;
}

static int on_event(struct session *session, struct session_queue *queue,
		    const struct vring_event *event)
{
	struct test *test = (struct test *)session;

	(void)queue;
	test->adds += event->type == VRING_EVENT_ADD && !event->add.error;
	test->reaps += event->type == VRING_EVENT_REAP;
	return 0;
}

/* Return: an exit status. */
static int run_test(const char *disk)
{
	char *word = (char *)disk, **words = malloc(sizeof(*words));
	struct test test = {
		.session = { .words = words,
			     .word_count = 1,
			     .events = HOOKS_ALL,
			     .send_events = true,
			     .on_event = on_event,
			     .on_tick = on_tick },
		.disk = disk,
	};
	struct session_meter meter;
	int status;

	if (!words)
		return TOOL_NO_TRACE;
	words[0] = word;
	status = session_open(&test.session);
	if (!status)
		status = session_run(&test.session);
	if (!status && test.error) {
		say("test", "/dev/%s cannot be read: %s; nothing was counted", disk,
		    strerror(-test.error));
		return session_close(&test.session, TOOL_FINDING);
	}
	if (!status) {
		meter = session_meter(&test.session);
		say("test",
		    "%u direct reads of /dev/%s: %llu adds, %llu reaps, lost %llu, "
		    "missed %llu",
		    test.reads, disk, (unsigned long long)test.adds, (unsigned long long)test.reaps,
		    (unsigned long long)meter.lost, (unsigned long long)meter.missed);
		if (test.adds < READS || test.reaps < READS) {
			say("verdict", "hooks are silent here: figures of trace, why, stat and lat "
				       "are too low");
			status = TOOL_FINDING;
		} else if (test.adds > READS || test.reaps > READS) {
			say("verdict", "fine; something else used the disk as well");
		} else {
			say("verdict", "fine");
		}
	}
	return session_close(&test.session, status);
}

/* The name of the first virtio disk, or NULL. */
static const char *find_disk(char name[32])
{
	for (char letter = 'a'; letter <= 'z'; letter++) {
		char path[64];

		snprintf(name, 32, "vd%c", letter);
		snprintf(path, sizeof(path), "/sys/class/block/%s", name);
		if (!access(path, F_OK))
			return name;
	}
	return NULL;
}

int doctor_main(int argc, char **argv)
{
	static const struct argp argp = { NULL, parse, NULL, doc, tool_children, NULL, NULL };
	struct vring_trace *skel = NULL;
	bool dry_run;
	char name[32];
	const char *disk;
	int status;

	argv[0] = (char *)"vring-trace doctor";
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	dry_run = tool.dry_run;
	tool.dry_run = false; /* planning is what is asked for here */
	say_kernel();
	status = kernel_open(HOOKS_ALL, NULL, NULL, &skel);
	if (status) {
		say("verdict", "cannot trace here");
		tool_flush();
		return status;
	}
	say_hooks();
	vring_trace__destroy(skel);
	disk = find_disk(name);
	if (dry_run)
		say("test", "left out");
	else if (!disk)
		say("test", "there is no virtio disk to count on");
	else
		status = run_test(disk);
	return tool_flush() ? TOOL_FAILED : status;
}
