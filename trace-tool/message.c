/* SPDX-License-Identifier: MIT */
/*
 * Messages. By itself, so that a test can put its own in its place.
 */
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>

#include "tool.h"

static char *line; /* NULL: stderr */
static size_t line_size;

void tool_error_into(char *text, size_t size)
{
	line = text;
	line_size = size;
}

void tool_error(const char *format, ...)
{
	char text[1024];
	va_list args;

	fflush(stdout);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (line) {
		snprintf(line, line_size, "%s", text);
	} else if (tool.json) {
		json_object *object = json_object_new_object();

		json_object_object_add(object, "error", json_object_new_string(text));
		fprintf(stderr, "%s\n",
			json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
	} else {
		fprintf(stderr, "vring-trace: %s\n", text);
	}
}
