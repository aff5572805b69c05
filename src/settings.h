/* SPDX-License-Identifier: MIT
 *
 * settings.h: what the options (options.h) do: each is told to the module it concerns, at the start and when
 * it changes.
 */
#ifndef GILLOC_SETTINGS_H
#define GILLOC_SETTINGS_H

#include "base.h"

/* Tells every module its option's value, and all later ones. Once, by the library's constructor. */
void gilloc_settings_register(void);

#endif
