/* SPDX-License-Identifier: MIT */
/*
 * The C library's <string.h>, as far as drivers may use it: a freestanding compiler brings none.
 */
#ifndef PLATFORM_METAL_STRING_H
#define PLATFORM_METAL_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#endif
