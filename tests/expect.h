/* SPDX-License-Identifier: MIT
 *
 * expect.h: expectations over cmocka's. Each prints the expression and both values and ends the test, so
 * they belong into the main thread only; threads and forked children note failures (COUNT_UNLESS in
 * fixture.h) and the test expects that there were none.
 */
#ifndef GILLOC_TESTS_EXPECT_H
#define GILLOC_TESTS_EXPECT_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct expect_site {
  const char *expression;
  const char *file;
  int line;
};

#define EXPECT_HERE(expression) ((struct expect_site){expression, __FILE__, __LINE__})

static inline void expect_equal(uintmax_t got, uintmax_t wanted, struct expect_site site)
{
  if (got == wanted)
    return;
  print_error("%s: %" PRIuMAX " (%#" PRIxMAX "), expected %" PRIuMAX " (%#" PRIxMAX ")\n", site.expression,
              got, got, wanted, wanted);
  _fail(site.file, site.line);
}

static inline void expect_at_most(uintmax_t got, uintmax_t limit, struct expect_site site)
{
  if (got <= limit)
    return;
  print_error("%s: %" PRIuMAX ", expected at most %" PRIuMAX "\n", site.expression, got, limit);
  _fail(site.file, site.line);
}

static inline void expect_pointer(const void *got, const void *wanted, struct expect_site site)
{
  if (got == wanted)
    return;
  print_error("%s: %p, expected %p\n", site.expression, got, wanted);
  _fail(site.file, site.line);
}

static inline void expect_other_pointer(const void *got, const void *unwanted, struct expect_site site)
{
  if (got != unwanted)
    return;
  print_error("%s: %p, expected any other\n", site.expression, got);
  _fail(site.file, site.line);
}

static inline void expect_text(const char *got, const char *wanted, struct expect_site site)
{
  if (got && strcmp(got, wanted) == 0)
    return;
  print_error("%s: \"%s\", expected \"%s\"\n", site.expression, got ? got : "(null)", wanted);
  _fail(site.file, site.line);
}

static inline void expect_true(bool holds, bool wanted, struct expect_site site)
{
  if (holds == wanted)
    return;
  print_error("%s: %s, expected %s\n", site.expression, holds ? "true" : "false", wanted ? "true" : "false");
  _fail(site.file, site.line);
}

#define EXPECT_EQ(got, wanted) expect_equal((uintmax_t)(got), (uintmax_t)(wanted), EXPECT_HERE(#got))
#define EXPECT_LE(got, limit) expect_at_most((uintmax_t)(got), (uintmax_t)(limit), EXPECT_HERE(#got))
#define EXPECT_PTR_EQ(got, wanted) expect_pointer(got, wanted, EXPECT_HERE(#got))
#define EXPECT_PTR_NE(got, unwanted) expect_other_pointer(got, unwanted, EXPECT_HERE(#got))
#define EXPECT_NULL(got) EXPECT_PTR_EQ(got, NULL)
#define EXPECT_NOT_NULL(got) EXPECT_PTR_NE(got, NULL)
#define EXPECT_STREQ(got, wanted) expect_text(got, wanted, EXPECT_HERE(#got))
#define EXPECT_TRUE(condition) expect_true(condition, true, EXPECT_HERE(#condition))
#define EXPECT_FALSE(condition) expect_true(condition, false, EXPECT_HERE(#condition))

/* `address` is a multiple of `alignment`. */
#define EXPECT_ALIGNED(address, alignment)                                                                   \
  expect_equal((uintptr_t)(address) % (alignment), 0, EXPECT_HERE(#address " % " #alignment))

#endif
