/* SPDX-License-Identifier: MIT
 *
 * What GILLOC_OPTIONS says holds from the start, by what can be seen of it: the program starts itself anew
 * with each option and looks at errno, at the memory it has and at the threads it has. On the C library's
 * malloc, which knows no options, it looks at nothing.
 */
#include "conformance/conformance.h"

enum { MIB = 1 << 20, BURST = 32 * MIB, SMALL_MAX_KIB = 8 * 1024 };

/* Writes and frees so much that the purge takes notice; what of it is resident then, in KiB. */
static long resident_after_a_burst(void)
{
  long before = resident_kib();
  char *burst = malloc(BURST);
  if (!burst)
    return -1;
  memset(burst, 1, BURST);
  free(burst);
  return resident_kib() - before;
}

static unsigned threads_now(void)
{
  unsigned threads = 0;
  char line[100];
  FILE *file = fopen("/proc/self/status", "re");
  while (file && threads == 0 && fgets(line, sizeof line, file))
    sscanf(line, "Threads: %u", &threads);
  if (file)
    fclose(file);
  return threads;
}

static bool is_refused(void)
{
  errno = 0;
  bool is_null = !malloc((size_t)64 * MIB);
  return is_null && errno == ENOMEM && churn_sizes();
}

static bool gives_back_at_once(void)
{
  long resident = resident_after_a_burst();
  return resident >= 0 && resident < SMALL_MAX_KIB;
}

static bool keeps_it(void)
{
  return resident_after_a_burst() > BURST / 1024 / 2;
}

static bool has_one_thread(void)
{
  return resident_after_a_burst() >= 0 && threads_now() == 1;
}

static const struct {
  const char *options;
  bool (*holds)(void);
} cases[] = {
    {"hard_limit=32m", is_refused},     {"soft_limit=4m,decay_ms=-1", gives_back_at_once},
    {"decay_ms=0", gives_back_at_once}, {"decay_ms=-1", keeps_it},
    {"background=0", has_one_thread},
};

enum { CASES = sizeof cases / sizeof *cases };

static void test_options_of_the_environment_hold_from_the_start(void **state)
{
  (void)state;
  if (!is_ours())
    skip();
  for (unsigned i = 0; i < CASES; i++) {
    char number[2] = {(char)('0' + i), 0};
    setenv("GILLOC_OPTIONS", cases[i].options, 1);
    int status = run_self(number);
    unsetenv("GILLOC_OPTIONS");
    if (status != 0)
      print_error("with GILLOC_OPTIONS=%s\n", cases[i].options);
    EXPECT_EQ(status, 0);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_options_of_the_environment_hold_from_the_start)};
  if (argc > 1)
    return cases[(argv[1][0] - '0') % CASES].holds() ? 0 : 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
