/* SPDX-License-Identifier: MIT */
/*
 * Opens what is looked at: files, and the queues of the kernel (look_kernel.c).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "look.h"
#include "tool.h"

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

static int visit_file(const char *path, look_visitor *visit, void *arg)
{
	struct snapshot snapshot;
	int status = TOOL_USAGE;

	if (!snapshot_load(&snapshot, path))
		status = visit(NULL, NULL, &snapshot, arg);
	snapshot_free(&snapshot);
	return status;
}

int look_each(const struct words *words, bool files, look_visitor *visit, void *arg)
{
	struct words live = { calloc(words->count + 1, sizeof(*live.list)), 0 };
	int status = live.list ? 0 : TOOL_FAILED, one;

	for (size_t i = 0; live.list && i < words->count; i++) {
		if (!files || !is_file(words->list[i])) {
			live.list[live.count++] = words->list[i];
			continue;
		}
		one = visit_file(words->list[i], visit, arg);
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
