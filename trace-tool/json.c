/* SPDX-License-Identifier: MIT */
/*
 * JSON by json-c, a line for each object.
 */
#include "json.h"

void json_line_to(FILE *file, json_object *object)
{
	fputs(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE),
	      file);
	putc('\n', file);
	json_object_put(object);
}

void json_line(json_object *object)
{
	json_line_to(stdout, object);
}

void json_add_string(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

void json_add_int(json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

void json_add_bool(json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}
