/* SPDX-License-Identifier: MIT
 *
 * Each function of the surface as the very first call of a process into malloc: the program starts itself
 * anew for each, calls it before anything else and then allocates.
 */
#include "conformance/conformance.h"

static void call_malloc(void)
{
  free(malloc(100));
}
static void call_calloc(void)
{
  free(calloc(10, 10));
}
static void call_realloc(void)
{
  free(realloc(NULL, 100));
}
static void call_reallocarray(void)
{
  free(reallocarray(NULL, 10, 10));
}
static void call_free(void)
{
  free(NULL);
}
static void call_aligned_alloc(void)
{
  free(aligned_alloc(64, 128));
}
static void call_memalign(void)
{
  free(memalign(4096, 100));
}
static void call_valloc(void)
{
  free(valloc(100));
}
static void call_pvalloc(void)
{
  free(pvalloc(100));
}
static void call_large(void)
{
  free(malloc(10 << 20));
}
static void call_usable_size(void)
{
  (void)malloc_usable_size(NULL);
}
static void call_trim(void)
{
  (void)malloc_trim(0);
}
static void call_mallinfo2(void)
{
  (void)mallinfo2();
}
static void call_malloc_info(void)
{
  (void)malloc_info(0, stderr);
}
static void call_malloc_stats(void)
{
  malloc_stats();
}
static void call_mallopt(void)
{
  (void)mallopt(M_ARENA_MAX, 1);
}

static void call_posix_memalign(void)
{
  void *p;
  if (posix_memalign(&p, 64, 100) == 0)
    free(p);
}

/* Functions that not every malloc has. */
static void call_free_sized(void)
{
  void (*sized)(void *, size_t) = (void (*)(void *, size_t))function_named("free_sized");
  if (sized)
    sized(NULL, 5);
}

static void call_operator_new(void)
{
  void *(*new)(size_t) = (void *(*)(size_t))function_named("_Znwm");
  void (*delete)(void *) = (void (*)(void *))function_named("_ZdlPv");
  if (new &&delete)
    delete (new (100));
}

static void call_options_get(void)
{
  int64_t (*get)(int) = (int64_t(*)(int))function_named("gilloc_options_get");
  if (get)
    (void)get(0);
}

static const struct {
  const char *name;
  void (*call)(void);
} calls[] = {
    {"malloc", call_malloc},
    {"calloc", call_calloc},
    {"realloc", call_realloc},
    {"reallocarray", call_reallocarray},
    {"free", call_free},
    {"posix_memalign", call_posix_memalign},
    {"aligned_alloc", call_aligned_alloc},
    {"memalign", call_memalign},
    {"valloc", call_valloc},
    {"pvalloc", call_pvalloc},
    {"large", call_large},
    {"malloc_usable_size", call_usable_size},
    {"malloc_trim", call_trim},
    {"mallinfo2", call_mallinfo2},
    {"malloc_info", call_malloc_info},
    {"malloc_stats", call_malloc_stats},
    {"mallopt", call_mallopt},
    {"free_sized", call_free_sized},
    {"operator new", call_operator_new},
    {"gilloc_options_get", call_options_get},
};

enum { CALLS = sizeof calls / sizeof *calls };

static int run_call(const char *name)
{
  int file = open("/dev/null", O_WRONLY);
  dup2(file, STDERR_FILENO);
  for (unsigned i = 0; i < CALLS; i++)
    if (strcmp(calls[i].name, name) == 0) {
      calls[i].call();
      return churn_sizes() ? 0 : 1;
    }
  return 2;
}

static void test_each_call_may_be_the_first(void **state)
{
  (void)state;
  for (unsigned i = 0; i < CALLS; i++) {
    int status = run_self(calls[i].name);
    if (status != 0)
      print_error("%s as the first call\n", calls[i].name);
    EXPECT_EQ(status, 0);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_call_may_be_the_first)};
  if (argc > 1)
    return run_call(argv[1]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
