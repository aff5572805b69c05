/* SPDX-License-Identifier: MIT
 *
 * stress_soak.c: random work over all calls: sixteen threads allocate in every way there is, verify what they
 * wrote, hand blocks to one another, free in every way. They end and begin anew in waves; after each wave all
 * is freed and trimmed, and the process must be as small as it was after the first ones. A minute of it
 * in ./check is a quarter in each of four builds; `./check --soak` runs 20 minutes in each.
 */
/* flavours: none gil fine fine-mcs fine-py311 */
/* args fine: --seconds 15 */
/* soak: --seconds 60 */
/* soak fine: --seconds 1200 */
/* timeout: 120 */
/* cost: 15 */
#include "stress.h"

#include <errno.h>
#include <gilloc/stats.h>

enum { THREADS = 16, SLOTS = 256, MAILBOXES = 64, WARM_WAVES = 3, WAVES = 12, GROWTH_MAX_KIB = 24 * 1024 };

struct worker {
  pthread_t id;
  struct gilloc_prng prng;
  struct stress_block slots[SLOTS];
};

/* There when a sanitizer is. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

static stress_mailbox mailboxes[MAILBOXES];
static uint64_t wave_end_ns;

/* ---- ways to get a block ---- */

static void *take_zeroed(struct gilloc_prng *prng, size_t size)
{
  size_t count = 1 + gilloc_prng_below(prng, 8);
  unsigned char *p = gilloc_calloc(count, size / count + 1);
  for (size_t i = 0; p && i < count * (size / count + 1); i++)
    STRESS_EXPECT(p[i] == 0, "calloc(%zu, %zu) at %p: byte %zu is %#x", count, size / count + 1, (void *)p, i,
                  p[i]);
  return p;
}

static void *take_aligned(struct gilloc_prng *prng, size_t size)
{
  size_t alignment = sizeof(void *) << gilloc_prng_below(prng, 12);
  void *p = NULL;
  if (gilloc_prng_below(prng, 2) == 0)
    p = gilloc_aligned_alloc(alignment, size);
  else
    STRESS_EXPECT(gilloc_posix_memalign(&p, alignment, size) == 0, "posix_memalign(%zu, %zu)", alignment,
                  size);
  STRESS_EXPECT((uintptr_t)p % alignment == 0, "%p is not aligned to %zu", p, alignment);
  return p;
}

static struct stress_block take_block(struct gilloc_prng *prng)
{
  struct stress_block block = {.size = stress_size(prng, gilloc_prng_below(prng, 64) == 0 ? 20 : 14)};
  switch (gilloc_prng_below(prng, 6)) {
  case 0:
    block.p = take_zeroed(prng, block.size);
    break;
  case 1:
    block.p = take_aligned(prng, block.size);
    break;
  case 2:
    block.p = gilloc_reallocarray(NULL, block.size, 1);
    break;
  default:
    block.p = gilloc_malloc(block.size);
  }
  STRESS_EXPECT(block.p != NULL, "no memory for %zu bytes", block.size);
  stress_fill(&block, gilloc_prng_next(prng));
  return block;
}

/* ---- what may happen to it ---- */

static void resize_block(struct gilloc_prng *prng, struct stress_block *block)
{
  size_t size = stress_size(prng, 15);
  stress_verify(block);
  struct stress_block resized = {gilloc_realloc(block->p, size), size, block->stamp};
  STRESS_EXPECT(resized.p != NULL, "no memory for %zu bytes", size);
  struct stress_block kept = {resized.p, block->size, block->stamp};
  stress_verify_prefix(&kept, block->size < size ? block->size : size);
  stress_fill(&resized, gilloc_prng_next(prng));
  *block = resized;
}

/* What must be refused, and leaves the block as it is. */
static void refuse_impossible(struct stress_block *block)
{
  int error = errno;
  STRESS_EXPECT(!gilloc_malloc((size_t)PTRDIFF_MAX + 1) && errno == ENOMEM,
                "more than PTRDIFF_MAX was given");
  STRESS_EXPECT(!gilloc_calloc(SIZE_MAX / 4 + 2, 4) && errno == ENOMEM, "a product overflowed");
  STRESS_EXPECT(!gilloc_reallocarray(block->p, SIZE_MAX / 4 + 2, 4) && errno == ENOMEM,
                "a product overflowed");
  errno = error;
  stress_verify(block);
}

static void free_sized(struct gilloc_prng *prng)
{
  struct stress_block block = stress_new_block(prng, stress_size(prng, 16));
  stress_verify(&block);
  gilloc_free_sized(block.p, block.size);
  size_t alignment = (size_t)16 << gilloc_prng_below(prng, 9);
  block.p = gilloc_aligned_alloc(alignment, block.size);
  STRESS_EXPECT(block.p != NULL, "no memory for %zu bytes", block.size);
  stress_fill(&block, gilloc_prng_next(prng));
  stress_verify(&block);
  gilloc_free_aligned_sized(block.p, alignment, block.size);
}

static void look_around(struct gilloc_prng *prng)
{
  struct gilloc_heap_stats stats;
  if (gilloc_prng_below(prng, 4) == 0)
    gilloc_trim(gilloc_prng_below(prng, 2) << 20);
  gilloc_heap_stats_read(&stats);
  STRESS_EXPECT(stats.in_use_bytes <= stats.arenas_current * stats.arena_bytes, "%zu bytes in use of %zu",
                stats.in_use_bytes, stats.arenas_current * stats.arena_bytes);
}

static void step(struct worker *worker)
{
  struct gilloc_prng *prng = &worker->prng;
  struct stress_block *slot = &worker->slots[gilloc_prng_below(prng, SLOTS)];
  uint32_t choice = gilloc_prng_below(prng, 1000);
  if (choice == 0) {
    look_around(prng);
  } else if (choice < 100) {
    free_sized(prng);
  } else if (!slot->p) {
    *slot = take_block(prng);
  } else if (choice < 110) {
    refuse_impossible(slot);
  } else if (choice < 300) {
    resize_block(prng, slot);
  } else if (choice < 450) {
    stress_hand_over(&mailboxes[gilloc_prng_below(prng, MAILBOXES)], slot);
    slot->p = NULL;
  } else {
    stress_free_block(slot);
  }
}

/* ---- waves ---- */

static void *work(void *argument)
{
  struct worker *worker = argument;
  unsigned steps = 0;
  while (stress_now() < wave_end_ns)
    for (unsigned i = 0; i < 200; i++, steps++)
      step(worker);
  for (unsigned i = 0; i < SLOTS; i++)
    if (worker->slots[i].p)
      stress_free_block(&worker->slots[i]);
  atomic_fetch_add_explicit(&stress.steps, steps, memory_order_relaxed);
  return NULL;
}

static void run_wave(unsigned wave)
{
  static struct worker workers[THREADS];
  unsigned count = stress_thread_count(THREADS);
  wave_end_ns = stress_now() + (uint64_t)(stress.seconds * 1e9 / WAVES);
  for (unsigned i = 0; i < count; i++) {
    workers[i].prng = gilloc_prng_stream(stress.seed, (uint64_t)wave * THREADS + i);
    if (stress_is_single_threaded())
      work(&workers[i]);
    else
      stress_start(&workers[i].id, work, &workers[i]);
  }
  for (unsigned i = 0; i < count && !stress_is_single_threaded(); i++)
    pthread_join(workers[i].id, NULL);
  for (unsigned i = 0; i < MAILBOXES; i++)
    stress_hand_over(&mailboxes[i], NULL);
  gilloc_trim(0);
}

static long resident_kib(void)
{
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file || fscanf(file, "%*s %ld", &pages) != 1)
    STRESS_FAIL("cannot read /proc/self/statm");
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv)
{
  long settled_kib = 0, last_kib = 0;
  stress_begin(argc, argv);
  for (unsigned wave = 0; wave < WAVES; wave++) {
    run_wave(wave);
    last_kib = resident_kib();
    if (wave < WARM_WAVES && last_kib > settled_kib)
      settled_kib = last_kib;
    /* The sanitizers keep freed memory and shadows of it, so there the size says nothing. */
    STRESS_EXPECT(__asan_init || __tsan_init || last_kib <= settled_kib + GROWTH_MAX_KIB,
                  "empty, the process has %ld KiB after wave %u, and had %ld after the first", last_kib, wave,
                  settled_kib);
  }
  printf("%s: empty, %ld KiB after the first waves, %ld KiB after the last\n", stress.program, settled_kib,
         last_kib);
  return stress_end();
}
