/* SPDX-License-Identifier: MIT
 *
 * stress_tcache.c: threads come and go. Each allocates and frees, leaves blocks for threads that do not exist
 * yet, and goes on allocating in its thread-exit destructors, after its cache may have been flushed. What
 * ended threads had in their caches must come back: the process, trimmed, may not grow with their number.
 */
/* flavours: gil fine fine-slow fine-mcs fine-py311 */
/* soak: --seconds 60 */
/* timeout: 120 */
#include "stress.h"

enum { MAILBOXES = 256, WAVE = 6, STEPS = 400, SLOTS = 64, GROWTH_MAX_KIB = 32 * 1024, WARM_WAVES = 50 };

struct visitor {
  pthread_t id;
  struct gilloc_prng prng;
};

/* What a thread's destructors work on, allocated from the library. */
struct farewell {
  struct gilloc_prng prng;
  unsigned rounds; /* of destructors still to come */
  struct stress_block block;
};

/* There when a sanitizer is. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

static stress_mailbox mailboxes[MAILBOXES];
static pthread_key_t farewell_key;

static void churn(struct gilloc_prng *prng, struct stress_block *slots, unsigned steps)
{
  for (unsigned i = 0; i < steps; i++) {
    struct stress_block *slot = &slots[gilloc_prng_below(prng, SLOTS)];
    uint32_t choice = gilloc_prng_below(prng, 10);
    if (!slot->p)
      *slot = stress_new_block(prng, stress_size(prng, choice == 0 ? 15 : 10));
    else if (choice < 6)
      stress_free_block(slot);
    else {
      stress_hand_over(&mailboxes[gilloc_prng_below(prng, MAILBOXES)], slot);
      slot->p = NULL;
    }
  }
}

/* Comes again in the next round of destructors, as often as it was told to. */
static void say_farewell(void *argument)
{
  struct farewell *farewell = argument;
  struct stress_block slots[SLOTS] = {0};
  stress_free_block(&farewell->block);
  churn(&farewell->prng, slots, 20);
  for (unsigned i = 0; i < SLOTS; i++)
    if (slots[i].p)
      stress_free_block(&slots[i]);
  if (farewell->rounds-- == 0) {
    gilloc_free(farewell);
    return;
  }
  farewell->block = stress_new_block(&farewell->prng, stress_size(&farewell->prng, 10));
  pthread_setspecific(farewell_key, farewell);
}

/* The C library makes four rounds of destructors. liburcu may need one more than we do for a thread that it
 * has met in a destructor, and in the fourth ThreadSanitizer has left the thread already. */
static void prepare_farewell(struct gilloc_prng *prng)
{
  struct farewell *farewell = gilloc_malloc(sizeof *farewell);
  STRESS_EXPECT(farewell != NULL, "no memory for %zu bytes", sizeof *farewell);
  farewell->prng = gilloc_prng_stream(gilloc_prng_next(prng), 1);
  farewell->rounds = gilloc_prng_below(prng, __tsan_init ? 2 : 3);
  farewell->block = stress_new_block(prng, stress_size(prng, 10));
  pthread_setspecific(farewell_key, farewell);
}

static void *visit(void *argument)
{
  struct visitor *visitor = argument;
  struct stress_block slots[SLOTS] = {0};
  bool attaches = gilloc_prng_below(&visitor->prng, 2) == 0,
       detaches = gilloc_prng_below(&visitor->prng, 4) != 0;
  if (attaches)
    gilloc_thread_attach();
  if (gilloc_prng_below(&visitor->prng, 2) == 0)
    prepare_farewell(&visitor->prng);
  unsigned steps = gilloc_prng_below(&visitor->prng, STEPS);
  churn(&visitor->prng, slots, steps);
  for (unsigned i = 0; i < SLOTS; i++)
    if (slots[i].p)
      stress_hand_over(&mailboxes[gilloc_prng_below(&visitor->prng, MAILBOXES)], &slots[i]);
  atomic_fetch_add_explicit(&stress.steps, steps, memory_order_relaxed);
  if (attaches && detaches)
    gilloc_thread_detach();
  return NULL;
}

static void run_wave(unsigned wave)
{
  struct visitor visitors[WAVE];
  unsigned count = stress_thread_count(WAVE);
  for (unsigned i = 0; i < count; i++) {
    visitors[i].prng = gilloc_prng_stream(stress.seed, (uint64_t)wave * WAVE + i);
    stress_start(&visitors[i].id, visit, &visitors[i]);
  }
  for (unsigned i = 0; i < count; i++)
    pthread_join(visitors[i].id, NULL);
}

/* Without what depot and page heap may keep, which depends on how many threads came to run at once. What the
 * mailboxes hold may be a block in a pool of its own each: half of the growth that is allowed. */
static long settled_kib(void)
{
  long pages = 0;
  gilloc_trim(0);
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file || fscanf(file, "%*s %ld", &pages) != 1)
    STRESS_FAIL("cannot read /proc/self/statm");
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void expect_no_growth(long before_kib)
{
  long after_kib = settled_kib();
  /* The sanitizers keep freed memory and shadows of it, so there the size says nothing. */
  if (__asan_init || __tsan_init)
    return;
  printf("%s: trimmed, %ld KiB after %d waves, %ld KiB in the end\n", stress.program, before_kib, WARM_WAVES,
         after_kib);
  STRESS_EXPECT(after_kib - before_kib < GROWTH_MAX_KIB,
                "grew from %ld to %ld KiB with threads that have ended", before_kib, after_kib);
}

int main(int argc, char **argv)
{
  stress_begin(argc, argv);
  unsigned wave = 0;
  pthread_key_create(&farewell_key, say_farewell);
  for (; wave < WARM_WAVES && stress_goes_on(); wave++)
    run_wave(wave);
  long before_kib = settled_kib();
  for (; stress_goes_on(); wave++)
    run_wave(wave);
  expect_no_growth(before_kib);
  for (unsigned i = 0; i < MAILBOXES; i++)
    stress_hand_over(&mailboxes[i], NULL);
  printf("%s: %u waves of threads\n", stress.program, wave);
  return stress_end();
}
