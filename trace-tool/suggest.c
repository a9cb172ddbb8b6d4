/* SPDX-License-Identifier: MIT */
/*
 * The distance of two words: letters to put in, take out or change.
 */
#include <stdio.h>
#include <string.h>

#include "suggest.h"

#define LONGEST 63

static unsigned int smallest(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[LONGEST + 1], rows = strlen(a), columns = strlen(b);

	if (rows > LONGEST || columns > LONGEST)
		return LONGEST;
	for (unsigned int j = 0; j <= columns; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= rows; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= columns; j++) {
			unsigned int above = row[j];

			row[j] = smallest(above + 1, row[j - 1] + 1,
					  diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[columns];
}

void suggest(struct suggestion *suggestion, const char *candidate)
{
	unsigned int near = strlen(suggestion->word) / 3 + 1;
	unsigned int d = distance(suggestion->word, candidate);

	if (d > near || (suggestion->best[0] && d >= suggestion->distance))
		return;
	suggestion->distance = d;
	snprintf(suggestion->best, sizeof(suggestion->best), "%s", candidate);
}
