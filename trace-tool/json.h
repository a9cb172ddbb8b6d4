/* SPDX-License-Identifier: MIT */
/*
 * Short words for what json-c says in long ones.
 */
#ifndef TRACE_TOOL_JSON_H
#define TRACE_TOOL_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One line of JSON out of @object, which is given up. */
void json_line(json_object *object);
void json_line_to(FILE *file, json_object *object);

void json_add_string(json_object *object, const char *key, const char *value);
void json_add_int(json_object *object, const char *key, int64_t value);
void json_add_bool(json_object *object, const char *key, bool value);

#endif
