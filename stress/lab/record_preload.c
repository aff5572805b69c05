/* SPDX-License-Identifier: MIT
 *
 * record_preload.c: the library that `gilloc record` preloads: the malloc family, each function forwarded
 * to the next library that has it, with an event beside it. Failures leave no event. The alignment that
 * memalign and its kin ask for is not part of a trace.
 *
 * dlsym may allocate before it has told us where to: such requests are served from a small buffer, whose
 * blocks are never recorded and never given back.
 */
#include "record_log.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum { BOOTSTRAP_BYTES = 65536, BOOTSTRAP_ALIGNMENT = 64 };

struct next {
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  void (*free)(void *);
  void *(*memalign)(size_t, size_t);
  void *(*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void **, size_t, size_t);
  void *(*valloc)(size_t);
  void *(*pvalloc)(size_t);
};

static struct next next;
static atomic_bool resolved; /* next is complete */
static _Thread_local bool resolving __attribute__((tls_model("initial-exec")));

static _Alignas(BOOTSTRAP_ALIGNMENT) char bootstrap[BOOTSTRAP_BYTES];
static atomic_size_t bootstrap_used;

static void *bootstrap_take(size_t size)
{
  size_t rounded = (size + BOOTSTRAP_ALIGNMENT - 1) & ~(size_t)(BOOTSTRAP_ALIGNMENT - 1);
  if (size > BOOTSTRAP_BYTES)
    return NULL;
  size_t at = atomic_fetch_add_explicit(&bootstrap_used, rounded, memory_order_relaxed);
  return at + rounded <= BOOTSTRAP_BYTES ? bootstrap + at : NULL;
}

static bool is_bootstrap(const void *p)
{
  return (const char *)p >= bootstrap && (const char *)p < bootstrap + BOOTSTRAP_BYTES;
}

/* Moves a block out of the buffer; its own size is not known, but all of the buffer may be read. */
static void *bootstrap_move(const char *p, size_t size)
{
  void *moved = malloc(size);
  size_t left = (size_t)(bootstrap + BOOTSTRAP_BYTES - p);
  if (moved)
    memcpy(moved, p, size < left ? size : left);
  return moved;
}

_Noreturn static void refuse(void)
{
  static const char text[] = "gilloc: record: there is no next malloc to forward to\n";
  (void)!write(STDERR_FILENO, text, sizeof text - 1);
  _exit(127);
}

static void *look_up(const char *name)
{
  void *found = dlsym(RTLD_NEXT, name);
  if (!found)
    refuse();
  return found;
}

/* Two threads may come here at once and store the same addresses. */
static void resolve(void)
{
  int error = errno;
  resolving = true;
  struct next all;
  *(void **)&all.malloc = look_up("malloc");
  *(void **)&all.calloc = look_up("calloc");
  *(void **)&all.realloc = look_up("realloc");
  *(void **)&all.free = look_up("free");
  *(void **)&all.memalign = look_up("memalign");
  *(void **)&all.aligned_alloc = look_up("aligned_alloc");
  *(void **)&all.posix_memalign = look_up("posix_memalign");
  *(void **)&all.valloc = look_up("valloc");
  *(void **)&all.pvalloc = look_up("pvalloc");
  next = all;
  gilloc_record_log_start();
  atomic_store_explicit(&resolved, true, memory_order_release);
  resolving = false;
  errno = error;
}

/* False while the calling thread is being told where to forward to. */
static bool is_ready(void)
{
  if (__builtin_expect(atomic_load_explicit(&resolved, memory_order_acquire), 1))
    return true;
  if (resolving)
    return false;
  resolve();
  return true;
}

__attribute__((constructor)) static void start(void)
{
  /* Whoever allocated first may have come before the environment did. */
  if (is_ready())
    gilloc_record_log_start();
}

static void *note(void *p, size_t size)
{
  if (p)
    gilloc_record_log_put(GILLOC_RECORD_MALLOC,
                          (struct gilloc_record_event){.address = (uintptr_t)p, .first = size});
  return p;
}

EXPORTED void *malloc(size_t size)
{
  return is_ready() ? note(next.malloc(size), size) : bootstrap_take(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
  size_t bytes;
  if (!is_ready())
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : bootstrap_take(bytes);
  void *p = next.calloc(count, size);
  if (p)
    gilloc_record_log_put(GILLOC_RECORD_CALLOC, (struct gilloc_record_event){
                                                    .address = (uintptr_t)p, .first = count, .second = size});
  return p;
}

EXPORTED void free(void *p)
{
  if (!p || is_bootstrap(p) || !is_ready())
    return;
  gilloc_record_log_put(GILLOC_RECORD_FREE, (struct gilloc_record_event){.address = (uintptr_t)p});
  next.free(p);
}

EXPORTED void *realloc(void *p, size_t size)
{
  if (!p)
    return malloc(size);
  if (is_bootstrap(p))
    return bootstrap_move(p, size);
  if (!is_ready())
    return NULL;
  gilloc_record_log_put(GILLOC_RECORD_RESIZE_BEGIN, (struct gilloc_record_event){.address = (uintptr_t)p});
  void *moved = next.realloc(p, size);
  /* Where size is 0 the C library frees and gives NULL: that is no failure. */
  gilloc_record_log_put(GILLOC_RECORD_RESIZE_END,
                        (struct gilloc_record_event){
                            .address = (uintptr_t)moved, .first = size, .second = !moved && size == 0});
  return moved;
}

EXPORTED void *reallocarray(void *p, size_t count, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(p, bytes);
}

EXPORTED void *memalign(size_t alignment, size_t size)
{
  return is_ready() ? note(next.memalign(alignment, size), size) : NULL;
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
  return is_ready() ? note(next.aligned_alloc(alignment, size), size) : NULL;
}

EXPORTED int posix_memalign(void **out, size_t alignment, size_t size)
{
  int error = is_ready() ? next.posix_memalign(out, alignment, size) : ENOMEM;
  if (error == 0)
    (void)note(*out, size);
  return error;
}

EXPORTED void *valloc(size_t size)
{
  return is_ready() ? note(next.valloc(size), size) : NULL;
}

EXPORTED void *pvalloc(size_t size)
{
  return is_ready() ? note(next.pvalloc(size), size) : NULL;
}
