/* SPDX-License-Identifier: MIT
 *
 * json_value.h: the values that the command's documents are made of. What is not known is null, never 0.
 * Each function gives a new reference; running out of memory ends the command.
 */
#ifndef GILLOC_LAB_JSON_VALUE_H
#define GILLOC_LAB_JSON_VALUE_H

#include "machine.h"

#include <jansson.h>

/* null where the value is not finite; whole rounds. */
json_t *gilloc_json_number(double value);
json_t *gilloc_json_whole(double value);
/* null for NULL; "(not UTF-8)" for other text than JSON takes, which a path may be. */
json_t *gilloc_json_text(const char *value);
/* Sets a field, appends an element; the value's reference is given away. */
void gilloc_json_set(json_t *object, const char *name, json_t *value);
void gilloc_json_append(json_t *array, json_t *value);
json_t *gilloc_json_machine(const struct gilloc_machine *machine);
/* The document as text with a final newline, a new string; takes the reference. */
char *gilloc_json_print(json_t *document);

#endif
