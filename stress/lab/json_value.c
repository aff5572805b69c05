/* SPDX-License-Identifier: MIT
 *
 * json_value.c: see json_value.h.
 */
#include "json_value.h"

#include "message.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

json_t *gilloc_json_number(double value)
{
  return gilloc_message_need(isfinite(value) ? json_real(value) : json_null());
}

json_t *gilloc_json_whole(double value)
{
  return gilloc_message_need(isfinite(value) ? json_integer((json_int_t)llround(value)) : json_null());
}

json_t *gilloc_json_text(const char *value)
{
  json_t *string = value ? json_string(value) : json_null();
  return string ? string : gilloc_message_need(json_string("(not UTF-8)"));
}

void gilloc_json_set(json_t *object, const char *name, json_t *value)
{
  if (json_object_set_new(object, name, value) != 0)
    (void)gilloc_message_need(NULL);
}

void gilloc_json_append(json_t *array, json_t *value)
{
  if (json_array_append_new(array, value) != 0)
    (void)gilloc_message_need(NULL);
}

json_t *gilloc_json_machine(const struct gilloc_machine *machine)
{
  json_t *object = json_object();
  bool pinned = machine->cores_usable < machine->cores_online;
  gilloc_json_set(object, "cpu", gilloc_json_text(machine->cpu));
  gilloc_json_set(object, "cores_online", json_integer(machine->cores_online));
  gilloc_json_set(object, "cores_usable", json_integer(machine->cores_usable));
  gilloc_json_set(object, "pinning", gilloc_json_text(pinned ? "inherited" : "none"));
  gilloc_json_set(object, "governor", gilloc_json_text(machine->governor));
  gilloc_json_set(object, "kernel", gilloc_json_text(machine->kernel));
  gilloc_json_set(object, "libc", gilloc_json_text(machine->libc));
  gilloc_json_set(object, "compiler", gilloc_json_text(machine->compiler));
  gilloc_json_set(object, "page_size", json_integer((json_int_t)machine->page_size));
  gilloc_json_set(object, "memory_bytes", json_integer((json_int_t)machine->memory));
  gilloc_json_set(object, "transparent_huge_pages", gilloc_json_text(machine->huge_pages));
  json_t *load = json_array();
  for (size_t i = 0; i < 3; i++)
    gilloc_json_append(load, gilloc_json_number(machine->load[i]));
  gilloc_json_set(object, "load_average", load);
  return object;
}

char *gilloc_json_print(json_t *document)
{
  char *dump = gilloc_message_need(json_dumps(document, JSON_INDENT(2)));
  char *with_newline = gilloc_message_format("%s\n", dump);
  free(dump);
  json_decref(document);
  return with_newline;
}
