/* SPDX-License-Identifier: MIT
 *
 * pair_pymalloc.c [ROUNDS [PAIRS]]: what malloc + free of 32 bytes cost here and in the real pymalloc of
 * libpython3.11, in one process, in turns of some milliseconds each, both called through a pointer. Three
 * situations: other blocks of the class live; the block alone, so that each pair takes a pool and gives it
 * back; and a walk over many live blocks, freed in any order. Prints the median of each and of the rounds'
 * ratios; exit 1 where a ratio's median is above 1.
 */
#include "fixture.h"
#include "pymalloc.h"

#include <gilloc/gilloc.h>

enum { BLOCK_BYTES = 32, OTHERS = 100, ROUNDS_MAX = 1001, WALK = 4096 };

struct allocator {
  void *(*take)(size_t size);
  void (*put)(void *p);
};

static struct allocator allocators[2]; /* the real one, ours */
static unsigned walk[WALK];
static void *blocks[WALK];

/* Of this thread's own time, so that other processes do not count. */
static double now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static __attribute__((noinline)) void pairs(const struct allocator *allocator, unsigned long count)
{
  void *(*take)(size_t size) = allocator->take;
  void (*put)(void *p) = allocator->put;
  for (unsigned long i = 0; i < count; i++) {
    void *p = take(BLOCK_BYTES);
    __asm__ volatile("" : "+r"(p)::"memory");
    put(p);
  }
}

static __attribute__((noinline)) void walk_blocks(const struct allocator *allocator, unsigned long count)
{
  for (unsigned long done = 0; done < count; done += WALK) {
    for (unsigned i = 0; i < WALK; i++)
      blocks[i] = allocator->take(BLOCK_BYTES);
    for (unsigned i = 0; i < WALK; i++)
      allocator->put(blocks[walk[i]]);
  }
}

static int compare_doubles(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
  qsort(values, count, sizeof values[0], compare_doubles);
  return values[count / 2];
}

/* Times `body` for both in turns; the median of the rounds' ratios ours / real. */
static double compare(const char *name, void (*body)(const struct allocator *, unsigned long),
                      unsigned rounds, unsigned long count)
{
  static double times[2][ROUNDS_MAX], ratios[ROUNDS_MAX];
  for (unsigned round = 0; round < rounds; round++) {
    for (unsigned turn = 0; turn < 2; turn++) {
      unsigned which = (turn + round) % 2;
      double start = now_ns();
      body(&allocators[which], count);
      times[which][round] = (now_ns() - start) / (double)count;
    }
    ratios[round] = times[1][round] / times[0][round];
  }
  double ratio = median(ratios, rounds);
  printf("%-24s pymalloc %6.2f ns   gilloc %6.2f ns   ratio %.3f (%.3f to %.3f in nine of ten rounds)\n",
         name, median(times[0], rounds), median(times[1], rounds), ratio, ratios[rounds / 20],
         ratios[rounds - 1 - rounds / 20]);
  return ratio;
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
  unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 101;
  unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 200000;
  if (rounds < 1 || rounds > ROUNDS_MAX || count < 1) {
    fprintf(stderr, "pair_pymalloc: rounds from 1 to %d, pairs from 1\n", ROUNDS_MAX);
    return 2;
  }
  if (!pymalloc_load(&real))
    return 0;
  gilloc_thread_attach();
  shuffle_walk();
  allocators[0] = (struct allocator){real.malloc, real.free};
  allocators[1] = (struct allocator){gilloc_malloc, gilloc_free};
  double alone = compare("alone", pairs, rounds, count);
  for (unsigned i = 0; i < 2 * OTHERS; i++)
    others[i / OTHERS][i % OTHERS] = allocators[i / OTHERS].take(BLOCK_BYTES);
  double beside = compare("beside 100 blocks", pairs, rounds, count);
  double walking = compare("4096 blocks, any order", walk_blocks, rounds, count);
  for (unsigned i = 0; i < 2 * OTHERS; i++)
    allocators[i / OTHERS].put(others[i / OTHERS][i % OTHERS]);
  gilloc_thread_detach();
  return alone > 1 || beside > 1 || walking > 1;
}
