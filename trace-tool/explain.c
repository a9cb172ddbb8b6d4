/* SPDX-License-Identifier: MIT */
/*
 * Words and chapters, from book/explain.tsv. The book's check sees to it that chapters and headings
 * are there.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "tool.h"

static struct {
	const char *word, *place;
	bool said;
} table[] = {
#include "explain.inc"
};

void explain(const char *word)
{
	if (!tool.explain || tool.json)
		return;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].said || strcmp(table[i].word, word))
			continue;
		table[i].said = true;
		printf("%*s %s: book/%s\n", tool.wall_clock ? 15 : 10, "", word, table[i].place);
	}
}
