/* SPDX-License-Identifier: MIT
 *
 * stress_rings.c: threads in a ring, each allocates blocks that the next one frees, so that all memory flows
 * one way through caches and depot. What is mapped stays within a bound that the live blocks, the caches and
 * the depot explain, and in the end all comes back.
 */
/* flavours: fine fine-mcs fine-slow fine-py311 fine-classic */
/* soak: --seconds 60 */
/* timeout: 120 */
#include "stress.h"

#include "arena.h"
#include "central.h"
#include "depot.h"
#include "tcache.h"

enum { THREADS = 4, IN_FLIGHT = 512, LARGEST = 512 };

/* Blocks on their way from a thread to the next. */
struct link {
  _Alignas(GILLOC_CACHE_LINE) stress_mailbox places[IN_FLIGHT];
};

struct worker {
  pthread_t id;
  struct gilloc_prng prng;
  struct link *in, *out;
};

static struct link links[THREADS];
static _Atomic size_t most_mapped;

/* What is live, what the caches may hold, and as much again for the depot and for pools in part used. */
static size_t mapped_bound(void)
{
  size_t live = (size_t)THREADS * IN_FLIGHT * (LARGEST + sizeof(struct stress_block));
  return 2 * (live + (size_t)THREADS * GILLOC_TCACHE_BYTES_MAX) + 2 * ((size_t)1 << GILLOC_ARENA_BITS);
}

static void look_at_memory(void)
{
  size_t mapped = gilloc_arena_counts().mapped_now << GILLOC_ARENA_BITS;
  size_t most = atomic_load_explicit(&most_mapped, memory_order_relaxed);
  while (mapped > most && !atomic_compare_exchange_weak(&most_mapped, &most, mapped))
    ;
}

static void *pass_on(void *argument)
{
  struct worker *worker = argument;
  while (stress_goes_on()) {
    for (unsigned i = 0; i < 5000; i++) {
      stress_mailbox *place = &worker->out->places[gilloc_prng_below(&worker->prng, IN_FLIGHT)];
      struct stress_block block =
          stress_new_block(&worker->prng, 32 + gilloc_prng_below(&worker->prng, LARGEST - 32));
      stress_hand_over(place, &block);
      stress_hand_over(&worker->in->places[gilloc_prng_below(&worker->prng, IN_FLIGHT)], NULL);
    }
    look_at_memory();
    atomic_fetch_add_explicit(&stress.steps, 5000, memory_order_relaxed);
  }
  return NULL;
}

static void clear_links(void)
{
  for (unsigned t = 0; t < THREADS; t++)
    for (unsigned i = 0; i < IN_FLIGHT; i++)
      stress_hand_over(&links[t].places[i], NULL);
}

static void expect_all_back(void)
{
  gilloc_tcache_flush();
  gilloc_depot_drain_all();
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
    STRESS_EXPECT(gilloc_central_counts(c).pools == 0, "class %u has %zu pools in the end", c,
                  gilloc_central_counts(c).pools);
}

int main(int argc, char **argv)
{
  stress_begin(argc, argv);
  struct worker workers[THREADS];
  unsigned thread_count = stress_thread_count(THREADS);
  for (unsigned i = 0; i < thread_count; i++) {
    workers[i] = (struct worker){
        .prng = gilloc_prng_stream(stress.seed, i), .in = &links[i], .out = &links[(i + 1) % thread_count]};
    stress_start(&workers[i].id, pass_on, &workers[i]);
  }
  for (unsigned i = 0; i < thread_count; i++)
    pthread_join(workers[i].id, NULL);
  clear_links();
  expect_all_back();
  STRESS_EXPECT(most_mapped <= mapped_bound(), "%zu bytes were mapped, more than %zu", most_mapped,
                mapped_bound());
  printf("%s: %zu KiB of arenas at most\n", stress.program, most_mapped >> 10);
  return stress_end();
}
