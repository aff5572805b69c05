/* SPDX-License-Identifier: MIT
 *
 * parking.c: the table. A bucket's queue may hold waiters for several addresses; each keeps its place among
 * those of its own address.
 */
#include "parking.h"

#include "lock_futex.h"
#include "platform.h"

#include <string.h>

enum { BUCKET_BITS = 8, BUCKETS = 1 << BUCKET_BITS };

struct bucket {
  struct gilloc_lock_futex lock;
  struct gilloc_parking_waiter *first; /* under lock */
} __attribute__((aligned(GILLOC_CACHE_LINE)));

static struct bucket table[BUCKETS];

static struct bucket *bucket_of(const uint8_t *address)
{
  /* 2^64 divided by the golden ratio: neighbours fall far apart. */
  return &table[((uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - BUCKET_BITS)];
}

static void bucket_acquire(struct bucket *bucket)
{
  struct gilloc_lock_futex_node node;
  gilloc_lock_futex_acquire(&bucket->lock, &node);
}

static void bucket_release(struct bucket *bucket)
{
  struct gilloc_lock_futex_node node;
  gilloc_lock_futex_release(&bucket->lock, &node);
}

static void bucket_append(struct bucket *bucket, struct gilloc_parking_waiter *waiter)
{
  struct gilloc_parking_waiter **end = &bucket->first;
  while (*end != NULL)
    end = &(*end)->next;
  waiter->next = NULL;
  *end = waiter;
}

/* The link that points to the first waiter for `address` at or behind `link`, or to the queue's end. */
static struct gilloc_parking_waiter **find_waiter(struct gilloc_parking_waiter **link, const uint8_t *address)
{
  while (*link != NULL && (*link)->address != address)
    link = &(*link)->next;
  return link;
}

enum gilloc_parking_outcome gilloc_parking_park(struct gilloc_parking_waiter *waiter, const uint8_t *address,
                                                uint8_t expected)
{
  struct bucket *bucket = bucket_of(address);
  uint32_t outcome = GILLOC_PARKING_WAITING;
  bucket_acquire(bucket);
  if (__atomic_load_n(address, __ATOMIC_RELAXED) != expected) {
    bucket_release(bucket);
    return GILLOC_PARKING_CHANGED;
  }
  waiter->address = address;
  atomic_store_explicit(&waiter->outcome, GILLOC_PARKING_WAITING, memory_order_relaxed);
  bucket_append(bucket, waiter);
  bucket_release(bucket);
  while ((outcome = atomic_load_explicit(&waiter->outcome,
                                         memory_order_acquire)) /* pairs with unpark_one's store of outcome */
         == GILLOC_PARKING_WAITING)
    gilloc_futex_wait(&waiter->outcome, GILLOC_PARKING_WAITING, -1);
  return (enum gilloc_parking_outcome)outcome;
}

void gilloc_parking_unpark_one(uint8_t *address, gilloc_parking_decide *decide)
{
  struct bucket *bucket = bucket_of(address);
  struct gilloc_parking_found found = {0, 0};
  bucket_acquire(bucket);
  struct gilloc_parking_waiter **link = find_waiter(&bucket->first, address);
  struct gilloc_parking_waiter *waiter = *link;
  if (waiter != NULL) {
    *link = waiter->next;
    found.waiters = *find_waiter(link, address) == NULL ? 1 : 2;
    found.waited_ns = gilloc_clock_ns() - waiter->since_ns;
  }
  bool handed = decide(address, found);
  bucket_release(bucket);
  if (waiter == NULL)
    return;
  /* From this store on the waiter may be gone; only its address is used after it. */
  atomic_store_explicit(&waiter->outcome, handed ? GILLOC_PARKING_HANDED : GILLOC_PARKING_WOKEN,
                        memory_order_release); /* pairs with park's load of outcome */
  gilloc_futex_wake(&waiter->outcome, 1);
}

void gilloc_parking_after_fork_child(void)
{
  memset(table, 0, sizeof table);
}
