/* SPDX-License-Identifier: MIT
 *
 * sized.c: looks for the allocator's sized free by name. No C++ library is linked, so an operator delete that
 * is found is the allocator's own.
 */
#include "sized.h"

#include <dlfcn.h>

gilloc_bench_sized_free *gilloc_bench_sized_find(void)
{
  void *found = dlsym(RTLD_DEFAULT, "free_sized");
  if (!found)
    found = dlsym(RTLD_DEFAULT, "_ZdlPvm");
  return (gilloc_bench_sized_free *)found;
}
