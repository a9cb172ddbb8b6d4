/* SPDX-License-Identifier: MIT */
/*
 * The names of the functions that a snapshot's queue calls.
 */
#include <stdio.h>
#include <stdlib.h>

#include "snapshot.h"

/* In /proc/kallsyms; where that is not for us to see, no address in it is the one. */
void snapshot_find_symbols(struct snapshot *s)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], symbol[256];
	unsigned long long at;

	while (file && !(s->callback[0] && s->notify[0]) && fgets(line, sizeof(line), file)) {
		at = strtoull(line, NULL, 16);
		if (!at || (at != s->head.callback && at != s->head.notify) ||
		    sscanf(line, "%*x %*c %255s", symbol) != 1)
			continue;
		if (at == s->head.callback)
			snprintf(s->callback, sizeof(s->callback), "%.63s", symbol);
		else
			snprintf(s->notify, sizeof(s->notify), "%.63s", symbol);
	}
	if (file)
		fclose(file);
}
