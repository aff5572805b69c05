/* SPDX-License-Identifier: MIT
 *
 * settings.c: a callback an option.
 */
#include "settings.h"

#include "depot.h"
#include "options.h"
#include "os_memory.h"
#include "page_cache.h"
#include "purge.h"
#include "tcache.h"

static void cache_bytes_is(int64_t bytes)
{
  gilloc_tcache_set_growth((size_t)bytes);
  gilloc_page_cache_set_max(2 * (size_t)bytes);
}

static void cache_total_bytes_is(int64_t bytes)
{
  gilloc_depot_set_max((size_t)bytes);
}

static void decay_is(int64_t milliseconds)
{
  gilloc_purge_set_decay_ms(milliseconds < 0 ? GILLOC_PURGE_NEVER : (uint32_t)milliseconds);
}

static void background_is(int64_t wanted)
{
  gilloc_purge_set_background(wanted != 0);
}

/* Either limit has changed: both are told together. */
static void limit_is(int64_t unused)
{
  (void)unused;
  gilloc_os_set_limits((size_t)gilloc_options_get(GILLOC_OPTION_SOFT_LIMIT),
                       (size_t)gilloc_options_get(GILLOC_OPTION_HARD_LIMIT));
}

static void thp_is(int64_t wanted)
{
  gilloc_os_set_huge(wanted != 0);
}

void gilloc_settings_register(void)
{
  if (GILLOC_HAS_TCACHE)
    gilloc_tcache_on_exit(gilloc_purge_thread_ends);
  gilloc_purge_watch_main();
  gilloc_options_on_change(GILLOC_OPTION_CACHE_BYTES, cache_bytes_is);
  gilloc_options_on_change(GILLOC_OPTION_CACHE_TOTAL_BYTES, cache_total_bytes_is);
  gilloc_options_on_change(GILLOC_OPTION_DECAY_MS, decay_is);
  gilloc_options_on_change(GILLOC_OPTION_BACKGROUND, background_is);
  gilloc_options_on_change(GILLOC_OPTION_SOFT_LIMIT, limit_is);
  gilloc_options_on_change(GILLOC_OPTION_HARD_LIMIT, limit_is);
  gilloc_options_on_change(GILLOC_OPTION_THP, thp_is);
}
