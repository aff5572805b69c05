/* SPDX-License-Identifier: MIT
 *
 * stress_arena_map.c: some threads fill and empty arenas, so that these are mapped and released all the time;
 * others ask the map about their own addresses, about addresses of nobody, and about stale ones, which may
 * belong to an arena that is just being released. What the map says of an address, the arena's record must
 * bear out.
 */
/* flavours: gil fine fine-slow fine-mcs gil-py311 fine-py311 */
/* soak: --seconds 60 */
/* timeout: 120 */
#include "stress.h"

#include "arena.h"
#include "arena_map.h"
#include "arena_purge.h"
#include "arena_release.h"
#include "depot.h"
#include "guard.h"
#include "size_class.h"
#include "tcache.h"

enum {
  THREADS = 4, /* every other one churns or surveys */
  OWN = 200,
  STALE = 512,
  BLOCK_BYTES = GILLOC_BLOCK_MAX < 16384 ? GILLOC_BLOCK_MAX : 16384,
  BLOCKS_AN_ARENA = (1 << GILLOC_ARENA_BITS) / BLOCK_BYTES,
  BLOCKS_A_TURN = 3 * BLOCKS_AN_ARENA
};

struct worker {
  pthread_t id;
  struct gilloc_prng prng;
  void *(*body)(void *);
};

static _Atomic(char *) stale[STALE];
static char nobodys[1 << 16];

static size_t released_arenas(void)
{
  struct gilloc_entry entry = gilloc_entry_enter();
  struct gilloc_arena_counts counts = gilloc_arena_counts();
  gilloc_entry_leave(entry);
  return counts.mapped_total - counts.mapped_now;
}

static void publish_stale(struct gilloc_prng *prng, char *address)
{
  atomic_store_explicit(&stale[gilloc_prng_below(prng, STALE)], address, memory_order_relaxed);
}

/* One turn: more blocks than fit into an arena, freed from one end or the other. */
static void fill_and_empty(struct gilloc_prng *prng, char **blocks)
{
  unsigned count = 1 + gilloc_prng_below(prng, BLOCKS_A_TURN);
  bool backwards = gilloc_prng_below(prng, 2) == 0;
  for (unsigned i = 0; i < count; i++) {
    blocks[i] = gilloc_malloc(BLOCK_BYTES);
    STRESS_EXPECT(blocks[i] != NULL, "no memory for %d bytes", BLOCK_BYTES);
    blocks[i][0] = (char)i;
    if (i % 16 == 0)
      publish_stale(prng, blocks[i]);
    gilloc_checkpoint();
  }
  for (unsigned i = 0; i < count; i++) {
    char *block = blocks[backwards ? count - 1 - i : i];
    STRESS_EXPECT(block[0] == (char)(backwards ? count - 1 - i : i), "block %p has lost its contents",
                  (void *)block);
    gilloc_free(block);
    gilloc_checkpoint();
  }
  atomic_fetch_add_explicit(&stress.steps, 2 * (uint64_t)count, memory_order_relaxed);
}

/* What would keep the arenas: the cache, the depot, and the decay time. */
static void let_arenas_go(void)
{
  if (GILLOC_HAS_TCACHE) {
    gilloc_tcache_flush();
    gilloc_depot_drain_all();
  }
  struct gilloc_arena *emptied = NULL;
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_arena_purge_all(&emptied);
  gilloc_arena_release(emptied);
  gilloc_entry_leave(entry);
  gilloc_arena_reclaim();
}

static void *churn(void *argument)
{
  struct worker *worker = argument;
  char **blocks = calloc(BLOCKS_A_TURN, sizeof *blocks);
  STRESS_EXPECT(blocks != NULL, "no memory");
  gilloc_thread_attach();
  do {
    fill_and_empty(&worker->prng, blocks);
    let_arenas_go();
  } while (stress_goes_on());
  gilloc_thread_detach();
  free(blocks);
  return NULL;
}

static bool is_mapped_at(const char *address)
{
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_read_enter();
  bool ours = gilloc_arena_map_find(address) != 0;
  gilloc_read_leave();
  gilloc_entry_leave(entry);
  return ours;
}

/* The word's arena is a record that may be read within the section, and the address lies in its pools. */
static void survey_stale(const char *address)
{
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_read_enter();
  const struct gilloc_arena *arena = gilloc_arena_map_arena(gilloc_arena_map_find(address));
  if (arena) {
    size_t offset = (size_t)(address - arena->first_pool), pools = offset >> GILLOC_POOL_BITS;
    STRESS_EXPECT(address >= arena->first_pool && pools < arena->total_pools,
                  "%p is mapped to the arena of %p with %u pools", (const void *)address,
                  (void *)arena->first_pool, arena->total_pools);
  }
  gilloc_read_leave();
  gilloc_entry_leave(entry);
}

/* Of the stack, of static data, of the C library, of nobody, of the kernel. */
static void survey_foreign(struct gilloc_prng *prng, const char *from_libc)
{
  char here = 0;
  const char *addresses[] = {
      &here,
      &nobodys[gilloc_prng_below(prng, sizeof nobodys)],
      from_libc,
      NULL,
      (const char *)(uintptr_t)gilloc_prng_below(prng, 4096),
      (const char *)(uintptr_t)(gilloc_prng_next(prng) | UINT64_C(0xffff800000000000))};
  for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++)
    STRESS_EXPECT(!is_mapped_at(addresses[i]), "the foreign address %p is said to be ours",
                  (const void *)addresses[i]);
  survey_stale((const char *)(uintptr_t)(gilloc_prng_next(prng) >> 17));
}

static void survey_own(struct gilloc_prng *prng, struct stress_block *own)
{
  struct stress_block *block = &own[gilloc_prng_below(prng, OWN)];
  if (!block->p)
    *block = stress_new_block(prng, stress_size(prng, 9));
  if (!gilloc_size_class_covers(block->size))
    return; /* in no pool */
  STRESS_EXPECT(is_mapped_at((char *)block->p), "the live block %p is said not to be ours", (void *)block->p);
  STRESS_EXPECT(is_mapped_at((char *)block->p + block->size / 2), "the inside of %p is said not to be ours",
                (void *)block->p);
  if (gilloc_prng_below(prng, 4) == 0)
    stress_free_block(block);
  else
    stress_verify(block);
}

static void *survey(void *argument)
{
  struct worker *worker = argument;
  struct stress_block own[OWN] = {0};
  char *from_libc = malloc(1);
  gilloc_thread_attach();
  while (stress_goes_on()) {
    for (unsigned i = 0; i < 100; i++) {
      survey_foreign(&worker->prng, from_libc);
      survey_own(&worker->prng, own);
      survey_stale(
          atomic_load_explicit(&stale[gilloc_prng_below(&worker->prng, STALE)], memory_order_relaxed));
      gilloc_checkpoint();
    }
    atomic_fetch_add_explicit(&stress.steps, 100, memory_order_relaxed);
  }
  for (unsigned i = 0; i < OWN; i++)
    if (own[i].p)
      stress_free_block(&own[i]);
  gilloc_thread_detach();
  free(from_libc);
  return NULL;
}

int main(int argc, char **argv)
{
  stress_begin(argc, argv);
  struct worker workers[THREADS];
  unsigned count = stress_thread_count(THREADS);
  for (unsigned i = 0; i < count; i++) {
    workers[i] = (struct worker){.prng = gilloc_prng_stream(stress.seed, i), .body = i % 2 ? survey : churn};
    stress_start(&workers[i].id, workers[i].body, &workers[i]);
  }
  for (unsigned i = 0; i < count; i++)
    pthread_join(workers[i].id, NULL);
  size_t released = released_arenas();
  STRESS_EXPECT(released > 0, "no arena was ever released, so nothing was tried");
  printf("%s: %zu arenas came and went\n", stress.program, released);
  return stress_end();
}
