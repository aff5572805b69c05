/* SPDX-License-Identifier: MIT
 *
 * stress_rings.c: threads in a ring, each allocates blocks that the next one frees, so that all memory flows
 * one way through caches and depot. At every moment the blocks that are out of their pools are no more than
 * those that live and those that caches and depot may hold; what is mapped stays within a few times that; and
 * in the end all comes back. Who is not running while its neighbours are fills the depot: so that its bound
 * is met on any machine, it is a small one here.
 */
/* flavours: fine fine-mcs fine-slow fine-py311 fine-classic */
/* soak: --seconds 60 */
/* timeout: 120 */
#include "stress.h"

#include "arena.h"
#include "central.h"
#include "depot.h"
#include "size_class.h"
#include "tcache.h"

enum { THREADS = 4, IN_FLIGHT = 512, LARGEST = 512, DEPOT_BYTES = 1 << 21 };

/* What larger blocks' magazines may grow by. */
enum {
  UNUSED = GILLOC_BLOCK_MAX > GILLOC_LINEAR_MAX ? GILLOC_TCACHE_MEDIUM_TIMES *GILLOC_TCACHE_GROWTH_BYTES : 0
};

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
static _Atomic size_t most_mapped, most_out;

/* Bytes of blocks that live, those on the threads' hands among them, are in caches or in the depot: a
 * magazine a thread more where they are put at the same time. */
static size_t out_bound(void)
{
  size_t live = (size_t)THREADS * (IN_FLIGHT + 2) * (LARGEST + 2 * sizeof(struct stress_block));
  size_t caches = (size_t)THREADS * (GILLOC_TCACHE_BYTES_MAX - UNUSED);
  return live + caches + (size_t)DEPOT_BYTES + (size_t)THREADS * GILLOC_TCACHE_MAGAZINE_BYTES;
}

/* Pools in part used: a class has had its most blocks out when others had few, and its pools are where it
 * needs a place again before it opens another; and a pool of every class for every thread. No bound on
 * fragmentation is strict; memory that flows away passes any within the first second. */
static size_t mapped_bound(void)
{
  size_t pools = (size_t)THREADS * GILLOC_CLASS_COUNT * GILLOC_POOL_SIZE;
  return 3 * out_bound() + pools + 2 * (size_t)GILLOC_ARENA_SIZE;
}

static void note_most(_Atomic size_t *most, size_t bytes)
{
  size_t seen = atomic_load_explicit(most, memory_order_relaxed);
  while (bytes > seen && !atomic_compare_exchange_weak(most, &seen, bytes))
    ;
}

static void look_at_memory(void)
{
  struct gilloc_central_counts classes[GILLOC_CLASS_COUNT];
  struct gilloc_arena_counts ground;
  size_t out = 0;
  gilloc_central_count_all(classes, &ground);
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    size_t blocks = classes[c].pools * gilloc_pool_blocks(c) - classes[c].free_blocks;
    out += blocks * gilloc_size_class_bytes(c);
  }
  note_most(&most_out, out);
  note_most(&most_mapped, ground.mapped_now << GILLOC_ARENA_BITS);
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
  gilloc_depot_set_max(DEPOT_BYTES);
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
  STRESS_EXPECT(most_out <= out_bound(), "%zu bytes were out of their pools, more than %zu", most_out,
                out_bound());
  STRESS_EXPECT(most_mapped <= mapped_bound(), "%zu bytes were mapped, more than %zu", most_mapped,
                mapped_bound());
  printf("%s: at most %zu of %zu KiB out of pools, %zu of %zu KiB of arenas\n", stress.program,
         most_out >> 10, out_bound() >> 10, most_mapped >> 10, mapped_bound() >> 10);
  return stress_end();
}
