/* SPDX-License-Identifier: MIT */
/*
 * vring-trace doctor: what of vring-trace works on this kernel and with these rights, and a test
 * that it sees everything. A compiler that has inlined a hooked function leaves no other trace than
 * events that do not come, so a known number of reads is made and each has to be seen.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "event_text.h"
#include "hooks.h"
#include "kernel.h"
#include "look.h"
#include "session.h"
#include "tool.h"

#define READS 23 /* a prime: no grouping of events makes it by chance */
#define BLOCK 4096

static const char doc[] =
	"Say what works here: rights, types, hooks and by which mechanism, rings that can be "
	"copied. Then read 23 blocks from the first virtio disk, past the cache, and insist on "
	"seeing each of them go in and come back. Nothing is written."
	"\v"
	"The first word of a line is ok, FAIL, or note where something is missing that can\n"
	"be done without. Exits with 3 if anything failed.";

enum { OPT_READ = 300 };

static const struct argp_option options[] = {
	{ "read", OPT_READ, "FILE", OPTION_HIDDEN, NULL, 0 }, /* what the self-test starts */
	{ 0 },
};

struct doctor {
	struct session session; /* first: its callbacks get a pointer to it */
	const char *read;
	bool failed;
	char disk[40]; /* vda; "" without one */
	uint64_t seen[VRING_EVENT_TYPES];
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct doctor *doctor = state->input;

	switch (key) {
	case OPT_READ:
		doctor->read = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "it takes no QUEUE: %s", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

enum diagnosis { GOOD, NOTE, BAD };

static void say(struct doctor *doctor, enum diagnosis diagnosis, const char *what,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(struct doctor *doctor, enum diagnosis diagnosis, const char *what,
		const char *format, ...)
{
	static const char *const words[] = { "ok", "note", "FAIL" };
	static const enum tool_colour colours[] = { COLOUR_GOOD, COLOUR_WARN, COLOUR_BAD };
	json_object *object;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	doctor->failed |= diagnosis == BAD;
	if (!tool.json) {
		printf("%s%-4s%s  %-10s %s\n", tool_colour_on(colours[diagnosis]), words[diagnosis],
		       tool_colour_off(colours[diagnosis]), what, text);
		return;
	}
	object = json_object_new_object();
	json_add_string(object, "check", what);
	json_add_string(object, "result", words[diagnosis]);
	json_add_string(object, "text", text);
	json_line(object);
}

/* ---- the kernel ---- */

/* The chosen word of "none [integrity] confidentiality"; "" if there is no such file. */
static void read_lockdown(char *word, size_t size)
{
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char line[128], *from, *to;

	word[0] = 0;
	if (!file)
		return;
	if (fgets(line, sizeof(line), file) && (from = strchr(line, '[')) &&
	    (to = strchr(from, ']')))
		snprintf(word, size, "%.*s", (int)(to - from - 1), from + 1);
	fclose(file);
}

static void look_at_kernel(struct doctor *doctor)
{
	char lockdown[32];
	struct utsname un;

	uname(&un);
	say(doctor, GOOD, "kernel", "%s %s", un.release, un.machine);
	read_lockdown(lockdown, sizeof(lockdown));
	if (!strcmp(lockdown, "confidentiality"))
		say(doctor, BAD, "lockdown", "confidentiality: BPF may not read the kernel");
	else if (lockdown[0])
		say(doctor, GOOD, "lockdown", "%s", lockdown);
}

/* ---- queues and rings ---- */

static void remember_disk(struct doctor *doctor, const struct queues *queues)
{
	for (size_t i = 0; i < queues->count && !doctor->disk[0]; i++)
		if (!strcmp(queues->list[i].driver, "virtio_blk") && queues->list[i].alias[0])
			snprintf(doctor->disk, sizeof(doctor->disk), "%s", queues->list[i].alias);
}

static void copy_rings(struct doctor *doctor, struct look *look)
{
	unsigned int copied = 0, packed = 0, moving = 0;

	for (size_t i = 0; i < look->queues.count; i++) {
		struct snapshot s;

		if (snapshot_take(look->snapshotter, &look->queues.list[i], &s) == SNAPSHOT_OK) {
			copied++;
			packed += s.head.packed;
			moving += s.moving;
		}
		snapshot_free(&s);
	}
	say(doctor, copied == look->queues.count ? GOOD : BAD, "rings",
	    "%u of %zu copied, %u packed, %u moving all the while", copied, look->queues.count,
	    packed, moving);
}

/* Return: 0, or the exit status after a message: there is no going on then. */
static int look_at_queues(struct doctor *doctor)
{
	const struct words all = {};
	struct look look;
	int status = look_open(&look, &all, true);

	if (!status) {
		say(doctor, GOOD, "rights", "BPF programs may be loaded");
		say(doctor, GOOD, "types", "%s describes the ring",
		    tool.btf ? tool.btf : "the kernel's BTF");
		say(doctor, look.queues.count ? GOOD : NOTE, "queues", "%zu of %zu devices",
		    look.queues.count, look.queues.devices);
		copy_rings(doctor, &look);
		remember_disk(doctor, &look.queues);
	}
	look_close(&look);
	return status;
}

/* ---- hooks ---- */

static const char *const event_words[] = {
	[VRING_EVENT_ADD] = "add",	   [VRING_EVENT_KICK] = "kick",
	[VRING_EVENT_NOTIFY] = "doorbell", [VRING_EVENT_INTERRUPT] = "interrupt",
	[VRING_EVENT_REAP] = "reap",	   [VRING_EVENT_CALLBACKS] = "callbacks",
};

static void look_at_hooks(struct doctor *doctor)
{
	const struct hook *hooks;
	size_t count = hooks_list(&hooks);

	say(doctor, GOOD, "hooks", "%zu functions, by %s", count, kernel_backend());
	for (int event = 1; event < VRING_EVENT_TYPES; event++) {
		char names[1024] = "";

		for (size_t i = 0; i < count; i++)
			if ((int)hooks[i].event == event)
				snprintf(names + strlen(names), sizeof(names) - strlen(names),
					 "%s%s", names[0] ? " " : "", hooks[i].function);
		if (names[0])
			say(doctor, GOOD, event_words[event], "%s", names);
		else
			say(doctor, NOTE, event_words[event],
			    "no function to hook: why and trace do not show them");
	}
}

/* ---- the test of itself ---- */

/* The child: reads the blocks and ends. */
static int read_blocks(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *block = NULL;
	int status = TOOL_OK;

	if (fd < 0 || posix_memalign(&block, BLOCK, BLOCK)) {
		tool_error("cannot read %s past the cache: %s", path, strerror(errno));
		return TOOL_FAILED;
	}
	for (int i = 0; !status && i < READS; i++)
		if (pread(fd, block, BLOCK, (off_t)i * BLOCK) != BLOCK) {
			tool_error("cannot read block %d of %s: %s", i, path, strerror(errno));
			status = TOOL_FAILED;
		}
	free(block);
	close(fd);
	return status;
}

static int on_event(struct session *session, struct session_queue *queue,
		    const struct vring_event *event)
{
	struct doctor *doctor = (struct doctor *)session;

	(void)queue;
	if (event->type == VRING_EVENT_ADD && event->add.error)
		return 0;
	if (event->type < VRING_EVENT_TYPES)
		doctor->seen[event->type]++;
	return 0;
}

static bool agree(const struct session *session)
{
	for (size_t i = 0; i < session->queue_count; i++)
		if (!account_agrees(&session->queues[i].account))
			return false;
	return true;
}

static void judge(struct doctor *doctor)
{
	struct session_meter meter = session_meter(&doctor->session);
	const uint64_t *seen = doctor->seen;
	enum diagnosis diagnosis = GOOD;
	const char *verdict = "";

	if (seen[VRING_EVENT_ADD] < READS || seen[VRING_EVENT_REAP] < READS ||
	    !seen[VRING_EVENT_KICK] || !seen[VRING_EVENT_NOTIFY] || !seen[VRING_EVENT_INTERRUPT]) {
		diagnosis = BAD;
		verdict = "; a hooked function is inlined somewhere, or never called";
	} else if (meter.lost || meter.missed || !agree(&doctor->session)) {
		diagnosis = BAD;
		verdict = "; events are missing";
	} else if (seen[VRING_EVENT_ADD] > READS) {
		verdict = "; others read or wrote as well";
	}
	say(doctor, diagnosis, "self-test",
	    "%s: %d reads: %llu adds, %llu kick decisions, %llu doorbells, %llu interrupts, %llu "
	    "reaps, lost %llu, missed %llu%s",
	    doctor->disk, READS, (unsigned long long)seen[VRING_EVENT_ADD],
	    (unsigned long long)seen[VRING_EVENT_KICK],
	    (unsigned long long)seen[VRING_EVENT_NOTIFY],
	    (unsigned long long)seen[VRING_EVENT_INTERRUPT],
	    (unsigned long long)seen[VRING_EVENT_REAP], (unsigned long long)meter.lost,
	    (unsigned long long)meter.missed, verdict);
}

static int test_itself(struct doctor *doctor)
{
	struct session *session = &doctor->session;
	char path[64], *queue = doctor->disk;
	char *command[] = { (char *)"/proc/self/exe", (char *)"doctor", (char *)"--read", path,
			    NULL };
	int status;

	snprintf(path, sizeof(path), "/dev/%s", doctor->disk);
	if (doctor->disk[0] && !access(path, R_OK)) {
		session->words = &queue;
		session->word_count = 1;
		session->command = command;
	}
	session->events = HOOKS_ALL;
	session->send_events = true;
	session->on_event = on_event;
	status = session_open(session);
	if (!status) {
		look_at_hooks(doctor);
		if (!session->command)
			say(doctor, NOTE, "self-test", "no virtio disk in /dev to read from");
		else
			status = session_run(session);
		if (!status && session->command)
			judge(doctor);
		else if (status)
			say(doctor, BAD, "self-test", "%s could not be read while it was traced",
			    path);
	}
	session->words = NULL;
	return session_close(session, status);
}

int doctor_main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "", doc, tool_children, NULL, NULL };
	struct doctor doctor = {};
	int status;

	argv[0] = (char *)"vring-trace doctor";
	argp_parse(&argp, argc, argv, 0, NULL, &doctor);
	if (doctor.read)
		return read_blocks(doctor.read);
	look_at_kernel(&doctor);
	status = look_at_queues(&doctor);
	if (!status)
		status = test_itself(&doctor);
	if (tool_flush())
		return TOOL_FAILED;
	return status || doctor.failed ? TOOL_NO_TRACE : TOOL_OK;
}
