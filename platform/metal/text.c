// SPDX-License-Identifier: MIT
/*
 * printf's formats, as far as platform.h promises them: d i u x X p c s and %, with h hh l ll z,
 * width, precision of strings, zeroes, and "-" for the left side. The counterpart of Linux's
 * lib/vsprintf.c, without its extensions.
 */
#include "metal_internal.h"

struct text {
	char *buf;
	size_t size;
	size_t len; /* of what was put, kept or not */
};

/* One conversion: %[-0][width][.precision][length]type */
struct conversion {
	bool left, zeroes;
	int width, precision; /* precision -1: not given */
	int longs;	      /* l: 1, ll or z: 2 */
};

static void put(struct text *t, char c)
{
	if (t->len + 1 < t->size)
		t->buf[t->len] = c;
	t->len++;
}

static void put_field(struct text *t, const struct conversion *c, const char *s, int len)
{
	int pad = c->width - len;

	while (!c->left && pad-- > 0)
		put(t, ' ');
	while (len--)
		put(t, *s++);
	while (c->left && pad-- > 0)
		put(t, ' ');
}

static void put_number(struct text *t, const struct conversion *c, uint64_t value, bool negative,
		       unsigned int base, const char *digits)
{
	char buf[68];
	char *end = buf + sizeof(buf), *p = end;
	int width = c->zeroes && !c->left ? c->width - negative : 0;

	if (width > 64)
		width = 64;
	do {
		*--p = digits[value % base];
		value /= base;
	} while (value || end - p < width);
	if (negative)
		*--p = '-';
	put_field(t, c, p, end - p);
}

static void put_string(struct text *t, const struct conversion *c, const char *s)
{
	int len = 0;

	if (!s)
		s = "(null)";
	while ((c->precision < 0 || len < c->precision) && s[len])
		len++;
	put_field(t, c, s, len);
}

static int64_t signed_argument(const struct conversion *c, va_list *args)
{
	return c->longs == 0 ? va_arg(*args, int) : va_arg(*args, long);
}

static uint64_t unsigned_argument(const struct conversion *c, va_list *args)
{
	return c->longs == 0 ? va_arg(*args, unsigned int) : va_arg(*args, unsigned long);
}

_Static_assert(sizeof(long) == sizeof(long long) && sizeof(long) == sizeof(size_t), "LP64");

/* A number in the format, or one of the arguments for "*". */
static int read_number(const char **format, va_list *args)
{
	int n = 0;

	if (**format == '*') {
		++*format;
		return va_arg(*args, int);
	}
	while (**format >= '0' && **format <= '9')
		n = n * 10 + *(*format)++ - '0';
	return n;
}

static struct conversion read_conversion(const char **format, va_list *args)
{
	struct conversion c = { .precision = -1 };

	for (;; ++*format) {
		if (**format == '-')
			c.left = true;
		else if (**format == '0')
			c.zeroes = true;
		else
			break;
	}
	c.width = read_number(format, args);
	if (**format == '.') {
		++*format;
		c.precision = read_number(format, args);
	}
	/* h and hh change nothing: their arguments come as int, and hold what they held before. */
	for (; **format == 'l' || **format == 'z' || **format == 'h'; ++*format)
		c.longs += **format != 'h';
	return c;
}

static void put_conversion(struct text *t, const char **format, va_list *args)
{
	struct conversion c = read_conversion(format, args);
	int64_t value;
	char character;

	switch (*(*format)++) {
	case 'd':
	case 'i':
		value = signed_argument(&c, args);
		put_number(t, &c, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10,
			   "0123456789");
		break;
	case 'u':
		put_number(t, &c, unsigned_argument(&c, args), false, 10, "0123456789");
		break;
	case 'x':
		put_number(t, &c, unsigned_argument(&c, args), false, 16, "0123456789abcdef");
		break;
	case 'X':
		put_number(t, &c, unsigned_argument(&c, args), false, 16, "0123456789ABCDEF");
		break;
	case 'p':
		put(t, '0');
		put(t, 'x');
		put_number(t, &c, (uintptr_t)va_arg(*args, void *), false, 16, "0123456789abcdef");
		break;
	case 'c':
		character = va_arg(*args, int);
		put_field(t, &c, &character, 1);
		break;
	case 's':
		put_string(t, &c, va_arg(*args, const char *));
		break;
	case '%':
		put(t, '%');
		break;
	default: /* the compiler has checked the formats; a lone % at the end comes here */
		--*format;
		put(t, '?');
	}
}

int metal_vsnprintf(char *buf, size_t bytes, const char *format, va_list args)
{
	struct text t = { .buf = buf, .size = bytes };
	va_list copy;

	va_copy(copy, args);
	while (*format) {
		if (*format != '%') {
			put(&t, *format++);
			continue;
		}
		format++;
		put_conversion(&t, &format, &copy);
	}
	va_end(copy);
	if (bytes)
		buf[t.len < bytes ? t.len : bytes - 1] = '\0';
	return t.len;
}

int platform_snprintf(char *buf, size_t bytes, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = metal_vsnprintf(buf, bytes, format, args);
	va_end(args);
	return len;
}
