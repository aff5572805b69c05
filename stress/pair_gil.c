/* SPDX-License-Identifier: MIT
 *
 * pair_gil.c [ROUNDS [PAIRS]]: what it costs a thread to give the GIL up and take it again when nobody else
 * wants it: ours (gilloc_blocking_enter + gilloc_blocking_leave), policy by policy, and the real one's
 * (PyEval_SaveThread + PyEval_RestoreThread) of a libpython3.11 that was initialised in this process, in
 * turns. Prints the median of each and of the rounds' ratios; exit 1 where a ratio's median is above 1.
 */
#include "pair.h"

#include <gilloc/gil.h>

#include <dlfcn.h>
#include <string.h>

struct real_gil {
  void (*initialise)(int signal_handlers);
  int (*finalise)(void);
  void *(*release)(void);
  void (*acquire)(void *thread);
};

/* Loads libpython and starts the interpreter; where that cannot be, says so and returns false. */
static bool real_gil_load(struct real_gil *self)
{
  static const char *const names[] = {"Py_InitializeEx", "Py_FinalizeEx", "PyEval_SaveThread",
                                      "PyEval_RestoreThread"};
  void *library = dlopen("libpython3.11.so.1.0", RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    printf("the real GIL is not here (%s): install Debian's package libpython3.11\n", dlerror());
    return false;
  }
  _Static_assert(sizeof *self == sizeof names / sizeof names[0] * sizeof(void *),
                 "a member a name, in order");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    void *symbol = dlsym(library, names[i]);
    if (!symbol) {
      printf("libpython3.11.so.1.0 has no %s\n", names[i]);
      return false;
    }
    memcpy((char *)self + i * sizeof symbol, &symbol, sizeof symbol);
  }
  self->initialise(0);
  return true;
}

static __attribute__((noinline)) void real_pairs(const void *context, unsigned long count)
{
  const struct real_gil *real = context;
  for (unsigned long i = 0; i < count; i++)
    real->acquire(real->release());
}

static __attribute__((noinline)) void our_pairs(const void *context, unsigned long count)
{
  (void)context;
  void (*enter)(void) = gilloc_blocking_enter;
  void (*leave)(void) = gilloc_blocking_leave;
  __asm__ volatile("" : "+r"(enter), "+r"(leave)); /* called through pointers, as the real ones are */
  for (unsigned long i = 0; i < count; i++) {
    enter();
    leave();
  }
}

int main(int argc, char **argv)
{
  static const char *const policies[] = {"interval", "ticks", "fifo", "priority", "fair"};
  struct real_gil real;
  struct pair_size size = pair_size_of(argc, argv, (struct pair_size){101, 20000});
  if (!real_gil_load(&real))
    return 0;
  bool slower = false;
  const struct pair_side sides[2] = {{"CPython", real_pairs, &real}, {"gilloc", our_pairs, NULL}};
  for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
    if (!gilloc_gil_set_policy(policies[i])) {
      printf("policy %s: refused\n", policies[i]);
      return 2;
    }
    gilloc_thread_attach();
    slower = pair_compare(policies[i], sides, size) > 1 || slower;
    gilloc_thread_detach();
  }
  return real.finalise() != 0 || slower;
}
