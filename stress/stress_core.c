/* SPDX-License-Identifier: MIT
 *
 * stress_core.c: threads allocate, reallocate, hand over and free blocks of every size class and larger, and
 * look at the contents of each before they let it go. Every other thread attaches to the GIL, where there is
 * one.
 */
/* flavours: none gil fine fine-slow fine-pthread fine-mcs gil-py311 fine-py311 */
/* soak: --seconds 60 */
/* timeout: 120 */
#include "stress.h"

#include <errno.h>

enum { SLOTS = 400, MAILBOXES = 64, THREADS = 4, STEPS_A_LOOK = 64 };

struct worker {
  pthread_t id;
  unsigned index;
  struct gilloc_prng prng;
  struct stress_block slots[SLOTS];
};

static struct worker workers[THREADS];
static stress_mailbox mailboxes[MAILBOXES];

/* Mostly of the size classes; now and then above all of them, up to some megabytes. */
static size_t draw_size(struct gilloc_prng *prng)
{
  uint32_t kind = gilloc_prng_below(prng, 1000);
  return stress_size(prng, kind < 900 ? 10 : kind < 990 ? 16 : kind < 999 ? 19 : 22);
}

static void expect_zeros(const struct stress_block *block)
{
  for (size_t i = 0; i < block->size; i = stress_next_byte(i, block->size))
    STRESS_EXPECT(block->p[i] == 0, "calloc of %zu bytes at %p: byte %zu is %#x", block->size,
                  (void *)block->p, i, block->p[i]);
}

static void allocate_zeroed(struct worker *worker, struct stress_block *block)
{
  size_t size = draw_size(&worker->prng);
  *block = (struct stress_block){.p = gilloc_calloc(1, size), .size = size};
  STRESS_EXPECT(block->p != NULL, "no memory for %zu bytes", size);
  expect_zeros(block);
  stress_fill(block, gilloc_prng_next(&worker->prng));
}

static void allocate_aligned(struct worker *worker, struct stress_block *block)
{
  size_t alignment = (size_t)1 << gilloc_prng_below(&worker->prng, 14), size = stress_size(&worker->prng, 14);
  *block = (struct stress_block){.p = gilloc_aligned_alloc(alignment, size), .size = size};
  STRESS_EXPECT(block->p != NULL, "no memory for %zu bytes", size);
  STRESS_EXPECT((uintptr_t)block->p % alignment == 0, "block %p is not aligned to %zu", (void *)block->p,
                alignment);
  stress_fill(block, gilloc_prng_next(&worker->prng));
}

static void reallocate(struct worker *worker, struct stress_block *block)
{
  size_t size = draw_size(&worker->prng);
  stress_verify(block);
  unsigned char *moved = gilloc_realloc(block->p, size);
  STRESS_EXPECT(moved != NULL, "no memory for %zu bytes", size);
  block->p = moved;
  stress_verify_prefix(block, size);
  block->size = size;
  stress_fill(block, gilloc_prng_next(&worker->prng));
}

static void use_slot(struct worker *worker, struct stress_block *slot)
{
  uint32_t choice = gilloc_prng_below(&worker->prng, 100);
  if (!slot->p && choice < 70)
    *slot = stress_new_block(&worker->prng, draw_size(&worker->prng));
  else if (!slot->p && choice < 85)
    allocate_zeroed(worker, slot);
  else if (!slot->p)
    allocate_aligned(worker, slot);
  else if (choice < 50)
    stress_free_block(slot);
  else if (choice < 75)
    reallocate(worker, slot);
  else {
    stress_hand_over(&mailboxes[gilloc_prng_below(&worker->prng, MAILBOXES)], slot);
    slot->p = NULL;
  }
}

static void *work(void *argument)
{
  struct worker *worker = argument;
  bool attaches = worker->index % 2 == 0;
  if (attaches)
    gilloc_thread_attach();
  do {
    for (unsigned i = 0; i < STEPS_A_LOOK; i++) {
      use_slot(worker, &worker->slots[gilloc_prng_below(&worker->prng, SLOTS)]);
      if (attaches)
        gilloc_checkpoint();
    }
    atomic_fetch_add_explicit(&stress.steps, STEPS_A_LOOK, memory_order_relaxed);
  } while (stress_goes_on());
  for (unsigned i = 0; i < SLOTS; i++)
    if (worker->slots[i].p)
      stress_free_block(&worker->slots[i]);
  if (attaches)
    gilloc_thread_detach();
  return NULL;
}

static void expect_refusals(void)
{
  errno = 0;
  void *p = gilloc_calloc(SIZE_MAX / 2, 3);
  STRESS_EXPECT(p == NULL && errno == ENOMEM, "calloc of an overflowing product gave %p, errno %d", p, errno);
  errno = 0;
  p = gilloc_malloc((size_t)PTRDIFF_MAX + 1);
  STRESS_EXPECT(p == NULL && errno == ENOMEM, "malloc of over PTRDIFF_MAX gave %p, errno %d", p, errno);
}

int main(int argc, char **argv)
{
  stress_begin(argc, argv);
  unsigned count = stress_thread_count(THREADS);
  expect_refusals();
  for (unsigned i = 0; i < count; i++) {
    workers[i].index = i;
    workers[i].prng = gilloc_prng_stream(stress.seed, i);
  }
  for (unsigned i = 1; i < count; i++)
    stress_start(&workers[i].id, work, &workers[i]);
  work(&workers[0]);
  for (unsigned i = 1; i < count; i++)
    pthread_join(workers[i].id, NULL);
  for (unsigned i = 0; i < MAILBOXES; i++)
    stress_hand_over(&mailboxes[i], NULL);
  return stress_end();
}
