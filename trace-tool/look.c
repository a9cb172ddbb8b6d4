/* SPDX-License-Identifier: MIT */
/*
 * Opens what is looked at: recordings, and the queues of the kernel (look_kernel.c).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "look.h"
#include "tool.h"
#include "recording/vrt_snapshot.h"

error_t words_parse(struct words *words, int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		words->list = calloc(state->argc, sizeof(*words->list));
		if (!words->list) {
			tool_error("out of memory");
			exit(TOOL_FAILED);
		}
		return 0;
	case ARGP_KEY_ARG:
		words->list[words->count++] = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static bool is_file(const char *word)
{
	struct stat st;

	return !stat(word, &st) && S_ISREG(st.st_mode);
}

/* ---- recordings ---- */

struct looking {
	struct look_recording *recording;
	struct vrt_file file;
	look_visitor *visit;
	void *arg;
};

static int visit_frame(struct looking *l, const struct vrt_index_entry *entry)
{
	struct snapshot snapshot;
	char why[VRT_WHY_BYTES];
	int status = TOOL_USAGE;

	if (vrt_get_snapshot(&l->file, entry, &snapshot, why))
		tool_error("%s: %s", l->recording->path, why);
	else
		status = l->visit(NULL, NULL, &snapshot, l->arg);
	snapshot_free(&snapshot);
	return status;
}

static bool is_frame(const struct vrt_index_entry *entry)
{
	return entry->type == VRT_SNAPSHOT || entry->type == VRT_SNAPSHOT_DEFLATED;
}

/* What is no frame is not shown, but is to be whole. */
static int read_other(struct looking *l, const struct vrt_index_entry *entry)
{
	char why[VRT_WHY_BYTES];
	void *payload;

	if (vrt_read_block(&l->file, entry, &payload, why)) {
		tool_error("%s: %s", l->recording->path, why);
		return TOOL_USAGE;
	}
	free(payload);
	return 0;
}

static int visit_every(struct looking *l)
{
	int status = 0;

	for (size_t i = 0; i < l->file.count; i++) {
		const struct vrt_index_entry *entry = &l->file.blocks[i];
		int one = is_frame(entry) ? visit_frame(l, entry) : read_other(l, entry);

		status = status ? status : one;
	}
	return status;
}

static int visit_last(struct looking *l)
{
	uint64_t at = l->file.first_event_ns + l->recording->at_ns;
	size_t next, seen = 0;
	int status = 0;

	if (at < l->recording->at_ns)
		at = UINT64_MAX;
	for (size_t i = 0; i < l->file.num_keys; i = next) {
		uint16_t device = l->file.keys[i].queue >> 16, queue = l->file.keys[i].queue;
		const struct vrt_index_entry *entry =
			vrt_snapshot_before(&l->file, device, queue, at);
		int one = entry ? visit_frame(l, entry) : 0;

		status = status ? status : one;
		seen += !!entry;
		for (next = i; next < l->file.num_keys; next++)
			if (l->file.keys[next].queue != l->file.keys[i].queue)
				break;
	}
	if (seen || !l->file.num_keys)
		return status;
	tool_error("%s: no snapshot until then; the first is at %.6f s", l->recording->path,
		   vrt_seconds(&l->file, l->file.keys[0].time_ns));
	return TOOL_USAGE;
}

static int visit_file(struct look_recording *recording, const char *path, look_visitor *visit,
		      void *arg)
{
	struct looking l = { .recording = recording, .visit = visit, .arg = arg };
	char why[VRT_WHY_BYTES];
	int status, one;

	recording->path = path;
	if (vrt_open(&l.file, path, why)) {
		tool_error("%s: %s", path, why);
		return TOOL_USAGE;
	}
	recording->file = &l.file;
	if (!l.file.closed)
		tool_error("%s: cut off after %" PRIu64 " bytes; what is before that counts", path,
			   l.file.cut_at);
	status = recording->every ? visit_every(&l) : visit_last(&l);
	if (!l.file.num_keys) {
		tool_error("%s: no snapshot of a ring is in it", path);
		status = TOOL_USAGE;
	}
	one = recording->end ? recording->end(recording, arg) : 0;
	recording->file = NULL;
	vrt_close(&l.file);
	return status ? status : one;
}

/* ---- files and queues ---- */

int look_each(const struct words *words, struct look_recording *recording, look_visitor *visit,
	      void *arg)
{
	struct words live = { calloc(words->count + 1, sizeof(*live.list)), 0 };
	int status = live.list ? 0 : TOOL_FAILED, one;

	for (size_t i = 0; live.list && i < words->count; i++) {
		if (!recording || !is_file(words->list[i])) {
			live.list[live.count++] = words->list[i];
			continue;
		}
		one = visit_file(recording, words->list[i], visit, arg);
		status = status ? status : one;
	}
	if (!live.list || (words->count && !live.count))
		goto out;
	one = look_queues(&live, visit, arg);
	status = status ? status : one;
out:
	free(live.list);
	return status;
}
