/* SPDX-License-Identifier: MIT
 *
 * pair_pymalloc.c [ROUNDS [PAIRS]]: what malloc + free of 32 bytes cost here and in the real pymalloc of
 * libpython3.11, in one process, in turns of some milliseconds each, both called through a pointer. Four
 * situations: the block alone, so that each pair takes a pool and gives it back; the same with two sizes by
 * turns; other blocks of the class live; and a walk over many live blocks, freed in any order. Prints the
 * median of each and of the rounds' ratios; exit 1 where a ratio's median is above 1.
 */
#include "fixture.h"
#include "pair.h"
#include "pymalloc.h"

#include <gilloc/gilloc.h>

enum { BLOCK_BYTES = 32, OTHERS = 100, WALK = 4096 };

struct allocator {
  void *(*take)(size_t size);
  void (*put)(void *p);
};

static struct allocator allocators[2]; /* the real one, ours */
static unsigned walk[WALK];
static void *blocks[WALK];

static __attribute__((noinline)) void pairs(const void *context, unsigned long count)
{
  const struct allocator *allocator = context;
  void *(*take)(size_t size) = allocator->take;
  void (*put)(void *p) = allocator->put;
  for (unsigned long i = 0; i < count; i++) {
    void *p = take(BLOCK_BYTES);
    __asm__ volatile("" : "+r"(p)::"memory");
    put(p);
  }
}

/* Two sizes by turns, each block alone: the pool changes its class with every pair. */
static __attribute__((noinline)) void pairs_by_turns(const void *context, unsigned long count)
{
  const struct allocator *allocator = context;
  void *(*take)(size_t size) = allocator->take;
  void (*put)(void *p) = allocator->put;
  for (unsigned long i = 0; i < count; i++) {
    void *p = take(BLOCK_BYTES + i % 2 * BLOCK_BYTES);
    __asm__ volatile("" : "+r"(p)::"memory");
    put(p);
  }
}

static __attribute__((noinline)) void walk_blocks(const void *context, unsigned long count)
{
  const struct allocator *allocator = context;
  for (unsigned long done = 0; done < count; done += WALK) {
    for (unsigned i = 0; i < WALK; i++)
      blocks[i] = allocator->take(BLOCK_BYTES);
    for (unsigned i = 0; i < WALK; i++)
      allocator->put(blocks[walk[i]]);
  }
}

static double compare(const char *situation, void (*body)(const void *, unsigned long), struct pair_size size)
{
  const struct pair_side sides[2] = {{"pymalloc", body, &allocators[0]}, {"gilloc", body, &allocators[1]}};
  return pair_compare(situation, sides, size);
}

static void shuffle_walk(void)
{
  struct test_random random = {1};
  for (unsigned i = 0; i < WALK; i++) {
    unsigned j = random_below(&random, i + 1);
    walk[i] = walk[j];
    walk[j] = i;
  }
}

int main(int argc, char **argv)
{
  struct pymalloc real;
  void *others[2][OTHERS];
  struct pair_size size = pair_size_of(argc, argv, (struct pair_size){101, 200000});
  if (!pymalloc_load(&real))
    return 0;
  gilloc_thread_attach();
  shuffle_walk();
  allocators[0] = (struct allocator){real.malloc, real.free};
  allocators[1] = (struct allocator){gilloc_malloc, gilloc_free};
  double alone = compare("alone", pairs, size);
  double turns = compare("alone, two sizes by turns", pairs_by_turns, size);
  for (unsigned i = 0; i < 2 * OTHERS; i++)
    others[i / OTHERS][i % OTHERS] = allocators[i / OTHERS].take(BLOCK_BYTES);
  double beside = compare("beside 100 blocks", pairs, size);
  double walking = compare("4096 blocks, any order", walk_blocks, size);
  for (unsigned i = 0; i < 2 * OTHERS; i++)
    allocators[i / OTHERS].put(others[i / OTHERS][i % OTHERS]);
  gilloc_thread_detach();
  return alone > 1 || turns > 1 || beside > 1 || walking > 1;
}
