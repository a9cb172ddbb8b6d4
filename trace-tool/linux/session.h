/* SPDX-License-Identifier: MIT */
/*
 * One watching of some queues, from the words on the command line to the account at its end. What
 * trace, why, stat and lat have in common.
 */
#ifndef TRACE_TOOL_SESSION_H
#define TRACE_TOOL_SESSION_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../account.h"
#include "queues.h"

struct ring_buffer;
struct vring_trace;

struct session_queue {
	uint16_t device, index;
	unsigned int num; /* entries, 0 if not known */
	bool packed, event_idx;
	char name[VT_NAME_LEN + 16];
	struct queue_account account;
};

struct session {
	/* Set by session_parse. */
	char **words; /* of @word_count queues; the caller frees the array */
	size_t word_count;
	char **command;	 /* NULL: until Ctrl-C */
	double duration; /* seconds; 0: none set */

	/* Set by the command, before session_open. */
	unsigned int events; /* HOOKS_OF(event) of what is to be recorded */
	bool send_events;    /* to @on_event; otherwise they are added up in the kernel */
	bool only_refused;   /* of adds, those that failed */
	bool times;	     /* what is added up: times, otherwise counts */
	bool times_as_well;  /* ... or both */
	/* Return: 0, or anything else to end. @queue: its account is without @event yet. */
	int (*on_event)(struct session *session, struct session_queue *queue,
			const struct vring_event *event);
	/* Called every so often, at least once a tenth of a second. Return: 0, or not, to end. */
	int (*on_tick)(struct session *session);

	struct vring_trace *skel;
	struct session_queue *queues;
	size_t queue_count;
	size_t devices;
	int hooks;
	uint64_t event_count;
	uint64_t start_ns; /* monotonic: when recording began */
	uint64_t end_ns;   /* ... and ended; 0 while it runs */
	bool ending;	   /* Ctrl-C came: the rest of the buffer is counted, not shown */
	bool output_failed;

	/* The session's own. */
	struct ring_buffer *buffer;  /* NULL: nothing is sent */
	uint64_t time_at, forget_at; /* monotonic: when BPF is timed next, and its table emptied */
	uint64_t look_until_ns;	     /* 0: not in a look */
	double own_at_start, own_at_end; /* CPU time of vring-trace itself */
	uint64_t gaps;			 /* records that did not come, by their numbers */
	uint16_t *next_seq;
	bool *seq_seen;
	unsigned int cpus;
};

/*
 * For the parser of a command: takes queues, a COMMAND behind "--", and the options of
 * SESSION_OPTIONS, which belong into the command's own.
 */
error_t session_parse(struct session *session, int key, char *arg, struct argp_state *state);

#define SESSION_OPT_DURATION 1000
#define SESSION_OPTIONS                                           \
	{                                                         \
		"duration", SESSION_OPT_DURATION, "TIME", 0,      \
			"end after TIME, such as 10s or 500ms", 0 \
	}

/* "10s", "1.5", "200ms", "50us": seconds, or a usage error through @state. */
double session_duration(struct argp_state *state, const char *arg);

/* Loads, finds the queues, leaves the hooks unset. Return: 0, or an exit status after a message. */
int session_open(struct session *session);

/* Sets the hooks, runs to the end, takes them off. Return: the exit status so far. */
int session_run(struct session *session);

/*
 * The same in parts, for who has other things to do meanwhile: session_look empties the buffer and
 * calls on_tick, and says whether one of the callbacks wants to end. session_end also undoes a
 * session_begin that failed.
 */
int session_begin(struct session *session);
bool session_look(struct session *session);
void session_end(struct session *session);

/* Of a session with @words: takes a queue in, or leaves it out, from now on. */
int session_watch(struct session *session, uint16_t device, uint16_t index, bool on);

/* Frees what the session holds. @status: so far. Return: the one to exit with. */
int session_close(struct session *session, int status);

/*
 * The queue of that device and index. One that is not known yet, of a device that came after the
 * trace began, is looked for. Return: NULL after one message, if memory is short.
 */
struct session_queue *session_find(struct session *session, uint16_t device, uint16_t index);

/* Seconds since recording began, or its end. */
double session_seconds(const struct session *session);

/* The time of an event as a column of ten characters: seconds, or the time of day (-T). */
const char *session_time(const struct session *session, uint64_t time_ns, char buf[24]);

struct session_meter {
	uint64_t lost;	 /* no room in the buffer, or a map */
	uint64_t missed; /* a hook was busy already on that CPU */
	double cost;	 /* of all CPUs' time, in hooks and in vring-trace; negative: not known */
};
struct session_meter session_meter(const struct session *session);

/* Of that the hooks alone, as a share of one CPU; negative: not known. */
double session_hook_cost(const struct session *session);

/* "lost 0  missed 0  cost 0.6%" and a newline on stdout; or, with --json, an object. */
void session_print_meter(const struct session *session);

#endif
