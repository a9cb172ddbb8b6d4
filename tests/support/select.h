/* SPDX-License-Identifier: MIT */
/*
 * Every test program takes one argument, the test to run; without it, all run.
 */
#ifndef TESTS_SUPPORT_SELECT_H
#define TESTS_SUPPORT_SELECT_H

#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* For main(), whose array of tests is called tests. A name (* and ? match) of no test ends it. */
#define select_test(argc, argv) select_test_of(tests, sizeof(tests) / sizeof(*tests), argc, argv)

static inline void select_test_of(const struct CMUnitTest *tests, size_t count, int argc,
				  char **argv)
{
	if (argc < 2)
		return;
	for (size_t i = 0; i < count; i++) {
		if (!fnmatch(argv[1], tests[i].name, 0)) {
			cmocka_set_test_filter(argv[1]);
			return;
		}
	}
	fprintf(stderr, "%s: no such test: %s; there are\n", argv[0], argv[1]);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "  %s\n", tests[i].name);
	exit(2);
}

#endif
