/* SPDX-License-Identifier: MIT */
/*
 * Reads moments digit by digit: a double does not hold nanoseconds of a long recording.
 */
#include <string.h>

#include "moment.h"

#define MOST (1ull << 60) /* ns, 36 years: no overflow until there */

/* Digits in front of *@text, added to 10 times @value for each. */
static bool read_digits(const char **text, uint64_t *value, unsigned int *count)
{
	for (*count = 0; **text >= '0' && **text <= '9'; ++*text, ++*count) {
		if (*value > MOST)
			return false;
		*value = 10 * *value + (**text - '0');
	}
	return true;
}

static bool read_unit(const char *text, uint64_t *unit_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "", 1000000000 }, { "s", 1000000000 }, { "ms", 1000000 },
		      { "us", 1000 },	  { "ns", 1 },	       { "min", 60000000000 } };

	for (unsigned int i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(text, units[i].name)) {
			*unit_ns = units[i].ns;
			return true;
		}
	return false;
}

/* ".5": what is beyond nanoseconds is cut off. @text moves behind the last digit. */
static uint64_t read_fraction(const char **text, uint64_t unit_ns)
{
	uint64_t fraction = 0;

	for (; **text >= '0' && **text <= '9'; ++*text) {
		unit_ns /= 10;
		fraction += (**text - '0') * unit_ns;
	}
	return fraction;
}

bool moment_parse(const char *text, uint64_t *ns)
{
	uint64_t minutes = 0, whole = 0, unit_ns;
	unsigned int digits, more = 0;
	const char *fraction = NULL;

	if (!read_digits(&text, &whole, &digits))
		return false;
	if (*text == ':' && digits) {
		minutes = whole;
		whole = 0;
		text++;
		if (!read_digits(&text, &whole, &digits) || !digits || whole >= 60)
			return false;
	}
	if (*text == '.') {
		fraction = ++text;
		more = strspn(text, "0123456789");
		text += more;
	}
	if (!(digits + more) || !read_unit(text, &unit_ns))
		return false;
	if ((minutes && unit_ns != 1000000000) || whole > MOST / unit_ns ||
	    minutes > MOST / 60000000000ull)
		return false;
	*ns = minutes * 60000000000ull + whole * unit_ns;
	if (fraction)
		*ns += read_fraction(&fraction, unit_ns);
	return true;
}
