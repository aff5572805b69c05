/* SPDX-License-Identifier: MIT
 *
 * magazine.c: what walks or moves a magazine's blocks.
 */
#include "magazine.h"

#include <string.h>

bool gilloc_magazine_has(struct gilloc_magazine *magazine, const struct gilloc_block *block)
{
  for (struct gilloc_block **slot = gilloc_magazine_bottom(magazine); slot < magazine->top; slot++)
    if (*slot == block)
      return true;
  return false;
}

bool gilloc_magazine_widen(struct gilloc_magazine *magazine, uint32_t capacity)
{
  if (capacity <= magazine->capacity)
    return false;
  struct gilloc_block **old_bottom = gilloc_magazine_bottom(magazine);
  uint32_t count = gilloc_magazine_count(magazine);
  magazine->capacity = capacity;
  memmove(gilloc_magazine_bottom(magazine), old_bottom, count * sizeof(*old_bottom));
  magazine->top = gilloc_magazine_bottom(magazine) + count;
  return true;
}
