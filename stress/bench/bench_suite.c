/* SPDX-License-Identifier: MIT
 *
 * bench_suite.c: the list of rows, and choosing among them.
 */
#include "bench_suite.h"

#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTS = 5 };

/* A workload with its numbers of threads; without any it is a program. */
struct entry {
  const char *workload;
  enum gilloc_bench_group group;
  unsigned threads[COUNTS]; /* up to the first 0 */
};

static const struct entry entries[] = {
    {"cfrac", GILLOC_BENCH_SINGLE, {1}},
    {"espresso", GILLOC_BENCH_SINGLE, {1}},
    {"rbstress", GILLOC_BENCH_SINGLE, {1}},
    {"trees", GILLOC_BENCH_SINGLE, {1}},
    {"glibc-simple", GILLOC_BENCH_SINGLE, {1}},
    {"alloc-test", GILLOC_BENCH_SINGLE, {1}},
    {"sh6", GILLOC_BENCH_SINGLE, {1}},
    {"startup", GILLOC_BENCH_SINGLE, {1}},
    {"trees", GILLOC_BENCH_PARALLEL, {2}},
    {"glibc-thread", GILLOC_BENCH_PARALLEL, {2, 4, 8}},
    {"alloc-test", GILLOC_BENCH_PARALLEL, {2, 4}},
    {"sh6", GILLOC_BENCH_PARALLEL, {2, 8}},
    {"cache-scratch", GILLOC_BENCH_PARALLEL, {1, 2}},
    {"cache-thrash", GILLOC_BENCH_PARALLEL, {1, 2}},
    {"larson", GILLOC_BENCH_CROSSING, {1, 2, 4, 8}},
    {"larson-sized", GILLOC_BENCH_CROSSING, {2}},
    {"mstress", GILLOC_BENCH_CROSSING, {2, 8}},
    {"rptest", GILLOC_BENCH_CROSSING, {2, 4, 8}},
    {"xmalloc-test", GILLOC_BENCH_CROSSING, {2, 4, 8}},
    {"sh8", GILLOC_BENCH_CROSSING, {2, 8}},
    {"pc-1n", GILLOC_BENCH_CROSSING, {4}},
    {"pc-n1", GILLOC_BENCH_CROSSING, {4}},
    {"ring", GILLOC_BENCH_CROSSING, {2, 8}},
    {"mleak", GILLOC_BENCH_CROSSING, {1}},
    {"malloc-large", GILLOC_BENCH_LARGE, {1}},
    {"malloc-touch", GILLOC_BENCH_LARGE, {1}},
    {"redis-lpush", GILLOC_BENCH_PROGRAMS, {0}},
    {"redis-setget", GILLOC_BENCH_PROGRAMS, {0}},
    {"python", GILLOC_BENCH_PROGRAMS, {0}},
    {"sqlite", GILLOC_BENCH_PROGRAMS, {0}},
    {"lua", GILLOC_BENCH_PROGRAMS, {0}},
    {"perl", GILLOC_BENCH_PROGRAMS, {0}},
    {"ruby", GILLOC_BENCH_PROGRAMS, {0}},
    {"gcc", GILLOC_BENCH_PROGRAMS, {0}},
    {"postgres", GILLOC_BENCH_PROGRAMS, {0}},
    {"nginx", GILLOC_BENCH_PROGRAMS, {0}},
    {"memcached", GILLOC_BENCH_PROGRAMS, {0}},
};

enum { ENTRIES = sizeof entries / sizeof *entries };

static const char *const group_names[GILLOC_BENCH_GROUPS] = {"single", "parallel", "crossing", "large",
                                                             "programs"};

const char *gilloc_bench_group_name(enum gilloc_bench_group group)
{
  return group_names[group];
}

/* True if the workload is listed with one number of threads alone, so that its row needs no number. */
static bool stands_alone(const char *workload)
{
  unsigned count = 0;
  for (size_t i = 0; i < ENTRIES; i++) {
    for (size_t j = 0; strcmp(entries[i].workload, workload) == 0 && entries[i].threads[j]; j++)
      count += entries[i].threads[j] == 1 ? 1 : 2;
  }
  return count <= 1;
}

static void add(struct gilloc_bench_suite *suite, const struct entry *entry, unsigned threads)
{
  suite->rows = gilloc_message_need(realloc(suite->rows, (suite->count + 1) * sizeof *suite->rows));
  char *name = stands_alone(entry->workload) ? gilloc_message_format("%s", entry->workload)
                                             : gilloc_message_format("%s-%u", entry->workload, threads);
  suite->rows[suite->count++] = (struct gilloc_bench_row){name, entry->workload, entry->group, threads, NULL};
}

struct gilloc_bench_suite gilloc_bench_suite_make(void)
{
  struct gilloc_bench_suite suite = {NULL, 0};
  for (size_t i = 0; i < ENTRIES; i++) {
    if (!entries[i].threads[0])
      add(&suite, &entries[i], 0);
    for (size_t j = 0; j < COUNTS && entries[i].threads[j]; j++)
      add(&suite, &entries[i], entries[i].threads[j]);
  }
  return suite;
}

static bool is_meant(const struct gilloc_bench_row *row, const char *name)
{
  return strcmp(name, row->name) == 0 || strcmp(name, row->workload) == 0 ||
         strcmp(name, group_names[row->group]) == 0;
}

static bool is_chosen(const struct gilloc_bench_row *row, char *const *names, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (is_meant(row, names[i]))
      return true;
  }
  return false;
}

char *gilloc_bench_suite_names(const struct gilloc_bench_suite *suite)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = gilloc_message_need(open_memstream(&text, &size));
  for (size_t i = 0; i < suite->count; i++)
    (void)fprintf(out, "%s%s", i ? ", " : "", suite->rows[i].name);
  (void)fclose(out);
  return gilloc_message_need(text);
}

static void check_name(const struct gilloc_bench_suite *suite, const char *name)
{
  for (size_t i = 0; i < suite->count; i++) {
    if (is_meant(&suite->rows[i], name))
      return;
  }
  gilloc_message_refuse(
      "--only: unknown row '%s'; known are the groups single, parallel, crossing, large, programs "
      "and the rows %s",
      name, gilloc_bench_suite_names(suite));
}

void gilloc_bench_suite_choose(struct gilloc_bench_suite *suite, char *const *names, size_t count)
{
  for (size_t i = 0; i < count; i++)
    check_name(suite, names[i]);
  size_t kept = 0;
  for (size_t i = 0; i < suite->count; i++) {
    if (count == 0 || is_chosen(&suite->rows[i], names, count))
      suite->rows[kept++] = suite->rows[i];
    else
      free(suite->rows[i].name);
  }
  suite->count = kept;
}

void gilloc_bench_suite_fini(struct gilloc_bench_suite *suite)
{
  for (size_t i = 0; i < suite->count; i++) {
    free(suite->rows[i].name);
    free(suite->rows[i].skipped);
  }
  free(suite->rows);
}
