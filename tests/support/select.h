/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_SELECT_H
#define TESTS_SUPPORT_SELECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Every test program takes one argument, the test to run (* and ? match); without it, all run. */
static inline void select_test(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
}

#endif
