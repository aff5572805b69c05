/* SPDX-License-Identifier: MIT
 *
 * test_panic.c: how the process ends: exactly one line on standard error, then SIGABRT. Each test panics in a
 * forked child whose standard error is a pipe. */
/* flavours: none gil fine */
#include "expect.h"
#include "threads.h"

#include "panic.h"

#include <errno.h>

static char said[4096];

/* What a child that runs `body` says on standard error before it dies of a panic; `said` is a string. */
static void run_panic(void (*body)(void))
{
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(ends[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  close(ends[1]);
  size_t length = 0;
  for (ssize_t got;
       length < sizeof said - 1 && (got = read(ends[0], said + length, sizeof said - 1 - length)) > 0;)
    length += (size_t)got;
  said[length] = 0;
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
}

static void expect_one_line(void)
{
  EXPECT_EQ(strncmp(said, "gilloc: ", 8), 0);
  const char *end = strchr(said, '\n');
  EXPECT_NOT_NULL(end);
  EXPECT_EQ(end[1], 0);
}

static void panic_plainly(void)
{
  gilloc_panic("the sky is falling");
}

static void test_panic_prints_one_line_with_our_name_and_aborts(void **state)
{
  (void)state;
  run_panic(panic_plainly);
  EXPECT_STREQ(said, "gilloc: the sky is falling\n");
}

static void panic_with_every_conversion(void)
{
  gilloc_panic("%s|%p|%zu|%u|%d|%lu|%%|", "text", (void *)(uintptr_t)0x7f00deadbeef,
               (size_t)1234567890123456789, 4294967295u, -2147483647, 18446744073709551615ul);
}

static void test_panic_knows_the_conversions_it_promises(void **state)
{
  (void)state;
  run_panic(panic_with_every_conversion);
  EXPECT_STREQ(said, "gilloc: text|0x7f00deadbeef|1234567890123456789|4294967295|-2147483647|"
                     "18446744073709551615|%|\n");
}

static void panic_with_extremes(void)
{
  gilloc_panic("%d %d %u %zu %lu %s.", -2147483647 - 1, 0, 0u, (size_t)0, 0ul, "");
}

static void test_panic_prints_zeros_and_the_smallest_int(void **state)
{
  (void)state;
  run_panic(panic_with_extremes);
  EXPECT_STREQ(said, "gilloc: -2147483648 0 0 0 0 .\n");
}

static void panic_at_length(void)
{
  char text[2048];
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = 0;
  gilloc_panic("%s %s", text, "end");
}

static void test_panic_with_a_message_too_long_still_prints_one_line(void **state)
{
  (void)state;
  run_panic(panic_at_length);
  expect_one_line();
}

static void panic_without_standard_error(void)
{
  close(STDERR_FILENO);
  gilloc_panic("nobody reads this");
}

static void test_panic_aborts_also_when_nobody_can_read_it(void **state)
{
  (void)state;
  run_panic(panic_without_standard_error);
  EXPECT_STREQ(said, "");
}

static void panic_of_the_system(void)
{
  gilloc_panic_os("mprotect", ENOMEM);
}

static void test_panic_of_an_os_call_names_the_call_and_the_error(void **state)
{
  (void)state;
  run_panic(panic_of_the_system);
  expect_one_line();
  EXPECT_NOT_NULL(strstr(said, "mprotect"));
  EXPECT_TRUE(strstr(said, "12") != NULL || strstr(said, "ENOMEM") != NULL || strstr(said, "memory") != NULL);
}

static void break_an_invariant(void)
{
  volatile int two = 2;
  gilloc_assert(two == 3);
}

static void test_assertion_names_its_expression_and_function_in_debug(void **state)
{
  (void)state;
  if (!GILLOC_DEBUG) {
    break_an_invariant();
    return;
  }
  run_panic(break_an_invariant);
  expect_one_line();
  EXPECT_NOT_NULL(strstr(said, "two == 3"));
  EXPECT_NOT_NULL(strstr(said, "break_an_invariant"));
}

static void break_a_deep_invariant(void)
{
  volatile int two = 2;
  gilloc_assert_deep(two == 4);
}

static void test_deep_assertion_is_checked_only_in_deep_builds(void **state)
{
  (void)state;
  if (!GILLOC_DEEP_CHECKS) {
    break_a_deep_invariant();
    return;
  }
  run_panic(break_a_deep_invariant);
  expect_one_line();
  EXPECT_NOT_NULL(strstr(said, "two == 4"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_panic_prints_one_line_with_our_name_and_aborts, threads_begin),
      cmocka_unit_test_setup(test_panic_knows_the_conversions_it_promises, threads_begin),
      cmocka_unit_test_setup(test_panic_prints_zeros_and_the_smallest_int, threads_begin),
      cmocka_unit_test_setup(test_panic_with_a_message_too_long_still_prints_one_line, threads_begin),
      cmocka_unit_test_setup(test_panic_aborts_also_when_nobody_can_read_it, threads_begin),
      cmocka_unit_test_setup(test_panic_of_an_os_call_names_the_call_and_the_error, threads_begin),
      cmocka_unit_test_setup(test_assertion_names_its_expression_and_function_in_debug, threads_begin),
      cmocka_unit_test_setup(test_deep_assertion_is_checked_only_in_deep_builds, threads_begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
