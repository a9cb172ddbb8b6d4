/* SPDX-License-Identifier: MIT */
/*
 * The few shapes that the figures are made of.
 */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "svg.h"

static void put_number(FILE *out, const char *before, double value)
{
	long tenths = lround(10 * value);
	long size = tenths < 0 ? -tenths : tenths;

	fprintf(out, "%s%s%ld", before, tenths < 0 ? "-" : "", size / 10);
	if (size % 10)
		fprintf(out, ".%ld", size % 10);
}

static void put_attribute(FILE *out, const char *name, double value)
{
	fprintf(out, " %s=", name);
	put_number(out, "\"", value);
	putc('"', out);
}

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else
			putc(*text < ' ' || *text > '~' ? '?' : *text, out);
	}
}

void svg_begin(FILE *out, double width, double height, const char *title, const char *desc)
{
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ");
	put_number(out, "", width);
	put_number(out, " ", height);
	putc('"', out);
	put_attribute(out, "width", width);
	put_attribute(out, "height", height);
	fputs(" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n<title>", out);
	put_escaped(out, title);
	fputs("</title>\n<desc>", out);
	put_escaped(out, desc);
	fputs("</desc>\n", out);
	svg_rect(out, 0, 0, width, height, "fill=\"" SVG_PAPER "\"");
}

void svg_end(FILE *out)
{
	fputs("</svg>\n", out);
}

void svg_text(FILE *out, double x, double y, const char *more, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs("<text", out);
	put_attribute(out, "x", x);
	put_attribute(out, "y", y);
	fprintf(out, " %s>", more);
	put_escaped(out, text);
	fputs("</text>\n", out);
}

void svg_rect(FILE *out, double x, double y, double width, double height, const char *more)
{
	fputs("<rect", out);
	put_attribute(out, "x", x);
	put_attribute(out, "y", y);
	put_attribute(out, "width", width);
	put_attribute(out, "height", height);
	fprintf(out, " %s/>\n", more);
}

void svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *more)
{
	fputs("<line", out);
	put_attribute(out, "x1", x1);
	put_attribute(out, "y1", y1);
	put_attribute(out, "x2", x2);
	put_attribute(out, "y2", y2);
	fprintf(out, " %s/>\n", more);
}

void svg_circle(FILE *out, double x, double y, double radius, const char *more)
{
	fputs("<circle", out);
	put_attribute(out, "cx", x);
	put_attribute(out, "cy", y);
	put_attribute(out, "r", radius);
	fprintf(out, " %s/>\n", more);
}

void svg_path(FILE *out, const struct svg_step *steps, unsigned int count, const char *more)
{
	fputs("<path d=\"", out);
	for (const struct svg_step *step = steps; step < steps + count; step++) {
		bool arc = step->what == 'A' || step->what == 'a';

		putc(arc ? 'A' : step->what, out);
		if (step->what == 'Z')
			continue;
		if (arc) {
			put_number(out, "", step->r);
			put_number(out, " ", step->r);
			fprintf(out, " 0 0 %d ", step->what == 'A');
		}
		put_number(out, "", step->x);
		put_number(out, " ", step->y);
	}
	fprintf(out, "\" %s/>\n", more);
}

double svg_width(const char *text, double size)
{
	return strlen(text) * size * 0.56;
}
