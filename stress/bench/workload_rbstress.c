/* SPDX-License-Identifier: MIT
 *
 * workload_rbstress.c: after the Ruby program rbstress of mimalloc-bench; written anew, as what such a
 * program asks of malloc: objects live in slabs of 64 KiB; strings and arrays have buffers of their own,
 * arrays grow by realloc; a collection marks what the roots reach and frees the other objects' buffers in the
 * order of their addresses.
 */
#include "workloads.h"

enum { ROOTS = 6000, SLAB = 65536, BIRTHS = 2600000, SLABS_MAX = 64, ARRAY_FIRST = 4, STRING_KINDS = 6 };

struct object {
  void *buffer; /* NULL: the slot is free */
  uint32_t size, filled;
  bool is_array, is_marked;
};

enum { PER_SLAB = SLAB / sizeof(struct object) };

struct heap {
  struct gilloc_bench_ledger ledger;
  struct gilloc_prng prng;
  struct object *slabs[SLABS_MAX];
  size_t slab_count;
  size_t slab, slot; /* where the search for a free slot goes on */
  struct object *roots[ROOTS];
};

static void add_slab(struct heap *heap)
{
  if (heap->slab_count == SLABS_MAX ||
      posix_memalign((void **)&heap->slabs[heap->slab_count], SLAB, SLAB) != 0)
    gilloc_bench_die("out of memory");
  struct object *slab = heap->slabs[heap->slab_count++];
  for (size_t i = 0; i < PER_SLAB; i++)
    slab[i] = (struct object){NULL, 0, 0, false, false};
}

static void release(struct heap *heap, struct object *object)
{
  gilloc_bench_give(&heap->ledger, object->buffer, object->size);
  object->buffer = NULL;
}

static void collect(struct heap *heap)
{
  for (size_t i = 0; i < ROOTS; i++) {
    if (heap->roots[i])
      heap->roots[i]->is_marked = true;
  }
  size_t alive = 0;
  for (size_t i = 0; i < heap->slab_count; i++) {
    for (size_t j = 0; j < PER_SLAB; j++) {
      struct object *object = &heap->slabs[i][j];
      if (object->buffer && !object->is_marked)
        release(heap, object);
      alive += object->is_marked;
      object->is_marked = false;
    }
  }
  /* Half of the slots shall be free after a collection, or the next one comes too soon. */
  while (alive * 2 > heap->slab_count * PER_SLAB)
    add_slab(heap);
  heap->slab = 0;
  heap->slot = 0;
}

static struct object *find_slot(struct heap *heap)
{
  for (;;) {
    for (; heap->slab < heap->slab_count; heap->slab++, heap->slot = 0) {
      while (heap->slot < PER_SLAB) {
        struct object *object = &heap->slabs[heap->slab][heap->slot++];
        if (!object->buffer)
          return object;
      }
    }
    collect(heap);
  }
}

/* Strings of 24 to 2,000 bytes, the longer the rarer; arrays begin with room for a few words. */
static struct object *bear(struct heap *heap)
{
  struct object *object = find_slot(heap);
  uint64_t dice = gilloc_prng_next(&heap->prng);
  object->is_array = dice % 4 == 0;
  unsigned power = (unsigned)__builtin_ctzll(dice >> 8 | 1U << STRING_KINDS);
  object->size =
      object->is_array ? ARRAY_FIRST * sizeof(uint64_t) : 24 + (uint32_t)((dice >> 32) % (31U << power));
  object->filled = 1;
  object->buffer = gilloc_bench_take(&heap->ledger, object->size);
  return object;
}

static void append(struct heap *heap, struct object *array)
{
  if (++array->filled * sizeof(uint64_t) <= array->size || array->size >= 4096)
    return;
  uint64_t stamp = *(uint64_t *)array->buffer;
  gilloc_bench_check(&heap->ledger, array->buffer, array->size);
  array->size *= 2;
  array->buffer = realloc(array->buffer, array->size);
  heap->ledger.damaged += array->buffer && *(uint64_t *)array->buffer != stamp;
  gilloc_bench_stamp(&heap->ledger, array->buffer, array->size);
}

void gilloc_bench_rbstress(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  static struct heap heap;
  heap.ledger = gilloc_bench_ledger_make(task, 0);
  heap.prng = gilloc_prng_stream(task->seed, ~UINT64_C(0));
  add_slab(&heap);
  for (uint64_t left = gilloc_bench_scaled(task, BIRTHS); left > 0; left--) {
    struct object *object = bear(&heap);
    uint32_t place = gilloc_prng_below(&heap.prng, ROOTS * 4);
    if (place < ROOTS)
      heap.roots[place] = object;
    else if (heap.roots[place % ROOTS] && heap.roots[place % ROOTS]->is_array)
      append(&heap, heap.roots[place % ROOTS]);
  }
  for (size_t i = 0; i < ROOTS; i++)
    heap.roots[i] = NULL;
  collect(&heap);
  for (size_t i = 0; i < heap.slab_count; i++)
    free(heap.slabs[i]);
  gilloc_bench_ledger_add(total, &heap.ledger);
}
