// SPDX-License-Identifier: MIT
/*
 * The functions that compilers call by themselves, and the two that drivers may use beside them.
 *
 * Built with -fno-builtin, or the compiler would make these loops into calls of themselves. Words
 * of eight bytes, no string instructions: TCG runs those byte by byte.
 */
#include <stdint.h>

#include <string.h>

/* May lie at any address, and be seen as any type. */
typedef uint64_t __attribute__((aligned(1), may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
		*(word *)t = *(const word *)f;
		t += sizeof(word);
		f += sizeof(word);
	}
	while (bytes--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	/* Forwards is right whenever the target does not begin inside the source. */
	if ((uintptr_t)t - (uintptr_t)f >= bytes) {
		for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
			*(word *)t = *(const word *)f;
			t += sizeof(word);
			f += sizeof(word);
		}
		while (bytes--)
			*t++ = *f++;
		return to;
	}
	while (bytes--)
		t[bytes] = f[bytes];
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	unsigned char *t = to;
	word pattern = 0x0101010101010101ull * (unsigned char)value;

	for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
		*(word *)t = pattern;
		t += sizeof(word);
	}
	while (bytes--)
		*t++ = value;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < bytes; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	size_t len = 0;

	while (s[len])
		len++;
	return len;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return (unsigned char)*a - (unsigned char)*b;
}
