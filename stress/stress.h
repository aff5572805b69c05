/* SPDX-License-Identifier: MIT
 *
 * stress.h: what the stress programs share: options, the seed that is printed and can be given back, the end
 * of a run by time or by failure, and blocks whose contents tell whose they are. Written against the public
 * headers; random numbers are the lab's.
 *
 *   stress_core [--seed N] [--seconds S]      default 2 s, or GILLOC_STRESS_SECONDS of the environment
 */
#ifndef GILLOC_STRESS_H
#define GILLOC_STRESS_H

#include "lab/prng.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct stress_run {
  const char *program;
  uint64_t seed;
  double seconds;
  uint64_t end_ns;        /* of the monotonic clock */
  _Atomic uint64_t steps; /* done by all threads */
};

static struct stress_run stress;

static inline uint64_t stress_now(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline bool stress_goes_on(void)
{
  return stress_now() < stress.end_ns;
}

/* Ends the process with one line that says what was found and how to see it again. */
#define STRESS_FAIL(...) (stress_fail_prefix(), fprintf(stderr, __VA_ARGS__), stress_fail_suffix())
#define STRESS_EXPECT(condition, ...) ((condition) ? (void)0 : STRESS_FAIL(__VA_ARGS__))

static inline void stress_fail_prefix(void)
{
  flockfile(stderr);
  fprintf(stderr, "%s: ", stress.program);
}

_Noreturn static inline void stress_fail_suffix(void)
{
  fprintf(stderr, " (--seed %llu)\n", (unsigned long long)stress.seed);
  _exit(1);
}

/* Reads the value after option `name` at argv[*i]; false if argv[*i] is another option. */
static inline bool stress_option(char **argv, int *i, const char *name)
{
  if (strcmp(argv[*i], name) != 0)
    return false;
  if (!argv[++*i]) {
    fprintf(stderr, "%s: %s wants a number\n", stress.program, name);
    exit(2);
  }
  return true;
}

static inline void stress_parse(int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    char *end = NULL;
    if (stress_option(argv, &i, "--seed"))
      stress.seed = strtoull(argv[i], &end, 0);
    else if (stress_option(argv, &i, "--seconds"))
      stress.seconds = strtod(argv[i], &end);
    if (!end || *end || !*argv[i] || !(stress.seconds > 0 && stress.seconds <= 86400)) {
      fprintf(stderr, "%s: '%s' is wrong; options are --seed NUMBER and --seconds NUMBER (to 86400)\n",
              stress.program, argv[i]);
      exit(2);
    }
  }
}

/* Starts the clock of the run. A run that hangs is killed by SIGALRM. */
static inline void stress_begin(int argc, char **argv)
{
  const char *slash = strrchr(argv[0], '/'), *given = getenv("GILLOC_STRESS_SECONDS");
  uint64_t start = stress_now();
  stress.program = slash ? slash + 1 : argv[0];
  stress.seed = gilloc_prng_mix(start ^ ((uint64_t)getpid() << 32)) % 1000000000;
  stress.seconds = given && atof(given) > 0 ? atof(given) : 2;
  stress_parse(argc, argv);
  stress.end_ns = start + (uint64_t)(stress.seconds * 1e9);
  alarm((unsigned)stress.seconds + 90);
  printf("%s: --seed %llu --seconds %g\n", stress.program, (unsigned long long)stress.seed, stress.seconds);
  fflush(stdout);
}

static inline int stress_end(void)
{
  printf("%s: %llu steps, nothing wrong\n", stress.program, (unsigned long long)atomic_load(&stress.steps));
  return 0;
}

static inline void stress_start(pthread_t *id, void *(*body)(void *), void *argument)
{
  int error = pthread_create(id, NULL, body, argument);
  STRESS_EXPECT(error == 0, "pthread_create: %s", strerror(error));
}

static inline bool stress_is_single_threaded(void)
{
  return strcmp(gilloc_flavour().strategy, "none") == 0;
}

/* Locks that never sleep crawl when threads outnumber cores. */
static inline unsigned stress_thread_count(unsigned wanted)
{
  const char *lock = gilloc_flavour().lock;
  if (stress_is_single_threaded())
    return 1;
  bool spins = strcmp(lock, "fas") == 0 || strcmp(lock, "ticket") == 0 || strcmp(lock, "mcs") == 0;
  return spins && wanted > 2 ? 2 : wanted;
}

/* A block and what was written into it. */
struct stress_block {
  unsigned char *p;
  size_t size;
  uint64_t stamp;
};

/* The bytes that are written and looked at: the first and the last 64, and some between. */
static inline size_t stress_next_byte(size_t i, size_t size)
{
  if (i < 64 || i + 64 >= size)
    return i + 1;
  return i + 509 + 64 < size ? i + 509 : size - 64;
}

static inline unsigned char stress_byte(uint64_t stamp, size_t i)
{
  return (unsigned char)((stamp >> (8 * (i % 8))) + i / 8);
}

static inline void stress_fill(struct stress_block *block, uint64_t stamp)
{
  block->stamp = stamp;
  for (size_t i = 0; i < block->size; i = stress_next_byte(i, block->size))
    block->p[i] = stress_byte(stamp, i);
}

/* The first `length` bytes are as they were filled. */
static inline void stress_verify_prefix(const struct stress_block *block, size_t length)
{
  for (size_t i = 0; i < block->size && i < length; i = stress_next_byte(i, block->size))
    STRESS_EXPECT(block->p[i] == stress_byte(block->stamp, i),
                  "block %p of %zu bytes: byte %zu is %#x, not %#x", (void *)block->p, block->size, i,
                  block->p[i], stress_byte(block->stamp, i));
}

static inline void stress_verify(const struct stress_block *block)
{
  STRESS_EXPECT(gilloc_usable_size(block->p) >= block->size, "block %p of %zu bytes: usable size %zu",
                (void *)block->p, block->size, gilloc_usable_size(block->p));
  stress_verify_prefix(block, block->size);
}

/* Up to `bits` bits, small ones as often as large ones. */
static inline size_t stress_size(struct gilloc_prng *prng, unsigned bits)
{
  return gilloc_prng_below(prng, UINT32_C(1) << gilloc_prng_below(prng, bits + 1));
}

static inline struct stress_block stress_new_block(struct gilloc_prng *prng, size_t size)
{
  struct stress_block block = {.p = gilloc_malloc(size), .size = size};
  STRESS_EXPECT(block.p != NULL, "no memory for %zu bytes", size);
  stress_fill(&block, gilloc_prng_next(prng));
  return block;
}

static inline void stress_free_block(struct stress_block *block)
{
  stress_verify(block);
  gilloc_free(block->p);
  block->p = NULL;
}

/* A place where threads leave blocks for one another. */
typedef _Atomic(struct stress_block *) stress_mailbox;

/* Leaves `block` there and frees what somebody else had left. */
static inline void stress_hand_over(stress_mailbox *box, const struct stress_block *block)
{
  struct stress_block *parcel = NULL;
  if (block) {
    parcel = gilloc_malloc(sizeof *parcel);
    STRESS_EXPECT(parcel != NULL, "no memory for %zu bytes", sizeof *parcel);
    *parcel = *block;
  }
  /* Releases the parcel's contents to, and acquires them from, the other threads that call this. */
  struct stress_block *other = atomic_exchange_explicit(box, parcel, memory_order_acq_rel);
  if (other) {
    stress_free_block(other);
    gilloc_free(other);
  }
}

#endif
