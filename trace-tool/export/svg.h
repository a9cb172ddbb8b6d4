/* SPDX-License-Identifier: MIT */
/*
 * Drawing with SVG, in the colours of the book's figures. Positions are pixels; one is given to a
 * tenth, whatever the locale, so that the same figure is the same file.
 */
#ifndef TRACE_TOOL_SVG_H
#define TRACE_TOOL_SVG_H

#include <stdio.h>

#define SVG_INK "#22211e"
#define SVG_FAINT "#6d6a62"
#define SVG_LINE "#d8d3c6"
#define SVG_PAPER "#fdfcf9"
#define SVG_SHADE "#f4f1e9"
#define SVG_DRIVER "#1c5d8a" /* what the driver wrote, what the device reads */
#define SVG_DEVICE "#8a4b1c"
#define SVG_DRIVER_LIGHT "#d5e4ee"
#define SVG_DEVICE_LIGHT "#f0dfd1"

/* @desc: what there is to be seen, for those who do not see it. */
void svg_begin(FILE *out, double width, double height, const char *title, const char *desc);
void svg_end(FILE *out);

/*
 * @more: further attributes, such as "fill=\"#fff\"". Text is escaped; what is not printable ASCII
 * becomes '?'.
 */
void svg_text(FILE *out, double x, double y, const char *more, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void svg_rect(FILE *out, double x, double y, double width, double height, const char *more);
void svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *more);
void svg_circle(FILE *out, double x, double y, double radius, const char *more);

/*
 * A path: 'M' and 'L' move and draw to a place, 'Z' closes; 'A' and 'a' draw a circle's arc of
 * radius @r, to the right and to the left.
 */
struct svg_step {
	char what;
	double x, y, r;
};
void svg_path(FILE *out, const struct svg_step *steps, unsigned int count, const char *more);

/* How wide a text is, about, in letters of that many pixels; it is a sans-serif. */
double svg_width(const char *text, double size);

#endif
