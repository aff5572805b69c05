/* SPDX-License-Identifier: MIT
 *
 * options.h (internal): the public contract is gilloc/options.h. Whoever has a setting reads it with
 * gilloc_options_get where it needs it, which is no hot path; the first call reads the environment. A module
 * that must act at once when a value changes registers a callback.
 */
#ifndef GILLOC_INTERNAL_OPTIONS_H
#define GILLOC_INTERNAL_OPTIONS_H

#include <gilloc/options.h>

#include "base.h"

typedef void gilloc_options_callback(int64_t value);

/* Calls `callback` with the present value and after each change of it, in the thread that changes it. One
 * callback an option; registered by a constructor, before there are threads. */
void gilloc_options_on_change(enum gilloc_option option, gilloc_options_callback *callback);

#endif
