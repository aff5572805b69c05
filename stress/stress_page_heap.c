/* SPDX-License-Identifier: MIT
 *
 * stress_page_heap.c: large blocks of all sizes, taken, resized, handed from thread to thread and freed, with
 * their contents looked at; what calloc gives must be zero although pages come and go dirty; now and then a
 * fork's child does the same for a while. Bursts of small blocks between make pools dirty, so that the purge
 * has arenas to work on.
 */
/* flavours: none gil fine fine-mcs fine-slow */
/* soak: --seconds 60 */
/* timeout: 150 */
#include "stress.h"

#include <sys/wait.h>

enum { THREADS = 8, SLOTS = 10, MAILBOXES = 16, SMALL = 4000, LARGE_MIN = 33000, LARGE_BITS = 22 };

static stress_mailbox mailboxes[MAILBOXES];

static size_t large_size(struct gilloc_prng *prng)
{
  return LARGE_MIN + stress_size(prng, LARGE_BITS);
}

static struct stress_block zeroed_block(struct gilloc_prng *prng)
{
  struct stress_block block = {.size = large_size(prng)};
  block.p = gilloc_calloc(1, block.size);
  STRESS_EXPECT(block.p != NULL, "no memory for %zu bytes", block.size);
  for (size_t i = 0; i < block.size; i += 512)
    STRESS_EXPECT(block.p[i] == 0, "calloc: byte %zu of %zu at %p is %#x", i, block.size, (void *)block.p,
                  block.p[i]);
  stress_fill(&block, gilloc_prng_next(prng));
  return block;
}

static struct stress_block aligned_block(struct gilloc_prng *prng)
{
  struct stress_block block = {.size = large_size(prng)};
  size_t alignment = (size_t)4096 << gilloc_prng_below(prng, 10);
  block.p = gilloc_aligned_alloc(alignment, block.size);
  STRESS_EXPECT(block.p && (uintptr_t)block.p % alignment == 0, "aligned_alloc(%zu, %zu) is %p", alignment,
                block.size, (void *)block.p);
  stress_fill(&block, gilloc_prng_next(prng));
  return block;
}

static void resize(struct stress_block *block, struct gilloc_prng *prng)
{
  size_t size = gilloc_prng_below(prng, 8) == 0 ? stress_size(prng, 15) + 1 : large_size(prng);
  stress_verify(block);
  size_t kept = block->size < size ? block->size : size;
  unsigned char *p = gilloc_realloc(block->p, size);
  STRESS_EXPECT(p != NULL, "no memory for %zu bytes", size);
  block->p = p;
  if (kept == size) { /* what is left of the old pattern, whose places depend on the size */
    block->size = size;
    for (size_t i = 0; i < 64 && i < size; i++)
      STRESS_EXPECT(p[i] == stress_byte(block->stamp, i), "realloc: byte %zu of %zu at %p is %#x", i, size,
                    (void *)p, p[i]);
  } else {
    stress_verify_prefix(block, kept);
    block->size = size;
  }
  stress_fill(block, gilloc_prng_next(prng));
}

static void burst(struct gilloc_prng *prng)
{
  static _Thread_local void *blocks[SMALL];
  size_t size = 16 + stress_size(prng, 11);
  for (unsigned i = 0; i < SMALL; i++)
    blocks[i] = gilloc_malloc(size);
  for (unsigned i = 0; i < SMALL; i++)
    gilloc_free(blocks[i]);
}

static void step(struct stress_block *slot, struct gilloc_prng *prng)
{
  uint32_t choice = gilloc_prng_below(prng, 40);
  if (choice == 0)
    burst(prng);
  if (!slot->p && choice < 10)
    *slot = zeroed_block(prng);
  else if (!slot->p && choice < 15)
    *slot = aligned_block(prng);
  else if (!slot->p)
    *slot = stress_new_block(prng, large_size(prng));
  else if (choice < 16)
    resize(slot, prng);
  else if (choice < 30)
    stress_free_block(slot);
  else {
    stress_hand_over(&mailboxes[gilloc_prng_below(prng, MAILBOXES)], slot);
    slot->p = NULL;
  }
}

static void free_all(struct stress_block *slots)
{
  for (unsigned i = 0; i < SLOTS; i++)
    if (slots[i].p)
      stress_free_block(&slots[i]);
}

/* There when a sanitizer is: its child may not go on as the parent does. */
extern void __tsan_init(void) __attribute__((weak));

static void visit_in_a_child(struct gilloc_prng *prng)
{
  pid_t child = fork();
  if (child == 0) {
    struct stress_block slots[SLOTS] = {0};
    for (unsigned i = 0; i < 100; i++)
      step(&slots[gilloc_prng_below(prng, SLOTS)], prng);
    free_all(slots);
    _exit(0);
  }
  int status = -1;
  STRESS_EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child ended with %d",
                status);
}

static void *work(void *number)
{
  struct stress_block slots[SLOTS] = {0};
  struct gilloc_prng prng = gilloc_prng_stream(stress.seed, (uintptr_t)number + 1);
  uint64_t steps = 0;
  while (stress_goes_on()) {
    step(&slots[gilloc_prng_below(&prng, SLOTS)], &prng);
    steps++;
    if (number == 0 && steps % 500 == 0 && !__tsan_init)
      visit_in_a_child(&prng);
  }
  free_all(slots);
  atomic_fetch_add_explicit(&stress.steps, steps, memory_order_relaxed);
  return NULL;
}

int main(int argc, char **argv)
{
  pthread_t threads[THREADS];
  stress_begin(argc, argv);
  unsigned count = stress_thread_count(THREADS);
  if (count == 1)
    work(NULL);
  for (uintptr_t i = 0; count > 1 && i < count; i++)
    stress_start(&threads[i], work, (void *)i);
  for (unsigned i = 0; count > 1 && i < count; i++)
    pthread_join(threads[i], NULL);
  for (unsigned i = 0; i < MAILBOXES; i++)
    stress_hand_over(&mailboxes[i], NULL);
  return stress_end();
}
