/* SPDX-License-Identifier: MIT
 *
 * bench_peers.c: finds and installs libraries.
 */
#include "bench_peers.h"

#include "message.h"
#include "paths.h"
#include "program.h"
#include "runner.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double install_timeout_s = 1200;
static const double probe_timeout_s = 30;

struct packed {
  const char *name;
  const char *package;
  const char *file;
};

static const struct packed debian[] = {{"mimalloc", "libmimalloc2.0", "libmimalloc.so.2"},
                                       {"jemalloc", "libjemalloc2", "libjemalloc.so.2"},
                                       {"tcmalloc", "libtcmalloc-minimal4", "libtcmalloc_minimal.so.4"}};

enum { PACKED = sizeof debian / sizeof *debian };

static const char *const folders[] = {"/usr/lib/" GILLOC_LIBRARY_ARCHITECTURE, "/usr/lib", "/usr/lib64",
                                      NULL};

static char *find_packed(const struct packed *packed)
{
  for (const char *const *folder = folders; *folder; folder++) {
    char *path = gilloc_message_format("%s/%s", *folder, packed->file);
    if (access(path, R_OK) == 0)
      return path;
    free(path);
  }
  return NULL;
}

static bool is_taken(const struct gilloc_bench_peers *peers, const char *name)
{
  for (size_t i = 0; i < peers->count; i++) {
    if (strcmp(peers->items[i].name, name) == 0)
      return true;
  }
  return false;
}

/* A library that is there already is not added again. */
static void add(struct gilloc_bench_peers *peers, struct gilloc_bench_allocator allocator)
{
  for (size_t i = 0; i < peers->count && allocator.library; i++) {
    if (peers->items[i].library && strcmp(peers->items[i].library, allocator.library) == 0)
      return;
  }
  char *base = allocator.name;
  for (unsigned number = 2; is_taken(peers, allocator.name); number++)
    allocator.name = gilloc_message_format("%s-%u", base, number);
  peers->items = gilloc_message_need(realloc(peers->items, (peers->count + 1) * sizeof *peers->items));
  peers->items[peers->count++] = allocator;
}

/* ld.so says on standard error when it cannot preload, and then runs the program without. */
static void check_library(const char *option, const char *path)
{
  if (strpbrk(path, ": \t\n"))
    gilloc_message_refuse("%s: LD_PRELOAD cannot name '%s' because of the space or colon in it", option,
                          path);
  char *launcher = gilloc_paths_program("gilloc-bench-launch");
  char *program = gilloc_paths_program("gilloc-bench-program");
  if (!launcher || !program)
    gilloc_message_fail(GILLOC_STATUS_FAILED,
                        "gilloc-bench-program and gilloc-bench-launch are not installed beside this command");
  char *argv[] = {launcher, (char *)path, program, (char *)"glibc-simple", (char *)"1", (char *)"1", NULL};
  struct gilloc_runner_end end = gilloc_runner_run(argv, probe_timeout_s, UINT64_MAX);
  gilloc_runner_die_by_signal();
  if (strstr(end.complaint, "cannot be preloaded"))
    gilloc_message_refuse(
        "%s: '%s' cannot be preloaded; name a shared library of an allocator for this machine", option, path);
  gilloc_runner_end_fini(&end);
  free(launcher);
  free(program);
}

/* /usr/lib/libsnmalloc.so.1 -> snmalloc */
static char *name_of(const char *path)
{
  const char *slash = strrchr(path, '/');
  const char *base = slash ? slash + 1 : path;
  base += strncmp(base, "lib", 3) == 0 ? 3 : 0;
  const char *suffix = strstr(base, ".so");
  return gilloc_message_format("%.*s", (int)(suffix ? (size_t)(suffix - base) : strlen(base)), base);
}

void gilloc_bench_peers_add_flavour(struct gilloc_bench_peers *peers, const char *flavour)
{
  char *library = gilloc_paths_library(flavour);
  if (!library)
    gilloc_message_refuse("--flavour: unknown flavour '%s'; there are %s", flavour,
                          gilloc_paths_known_flavours());
  check_library("--flavour", library);
  add(peers, (struct gilloc_bench_allocator){gilloc_message_format("%s", flavour), library, true});
}

void gilloc_bench_peers_add_libc(struct gilloc_bench_peers *peers)
{
  add(peers, (struct gilloc_bench_allocator){gilloc_message_format("libc"), NULL, false});
}

static void add_path(struct gilloc_bench_peers *peers, const char *peer)
{
  char *path = realpath(peer, NULL);
  if (!path || access(path, R_OK) != 0)
    gilloc_message_refuse("--peer: cannot read '%s': %s; name the shared library of an allocator, or debian",
                          peer, strerror(errno));
  check_library("--peer", path);
  add(peers, (struct gilloc_bench_allocator){name_of(peer), path, false});
}

static void install_missing(void)
{
  const char *missing[PACKED];
  size_t count = 0;
  for (size_t i = 0; i < PACKED; i++) {
    char *path = find_packed(&debian[i]);
    if (!path)
      missing[count++] = debian[i].package;
    free(path);
  }
  if (count > 0)
    gilloc_bench_peers_install(missing, count);
}

void gilloc_bench_peers_add(struct gilloc_bench_peers *peers, const char *peer)
{
  if (strcmp(peer, "debian") != 0) {
    add_path(peers, peer);
    return;
  }
  install_missing();
  for (size_t i = 0; i < PACKED; i++) {
    char *path = find_packed(&debian[i]);
    if (!path)
      gilloc_message_refuse("--peer debian: %s of the package %s is not in %s", debian[i].file,
                            debian[i].package, folders[0]);
    check_library("--peer debian", path);
    add(peers, (struct gilloc_bench_allocator){gilloc_message_format("%s", debian[i].name), path, false});
  }
}

static char *join(const char *const *words, size_t count)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = gilloc_message_need(open_memstream(&text, &size));
  for (size_t i = 0; i < count; i++)
    (void)fprintf(out, "%s%s", i ? " " : "", words[i]);
  (void)fclose(out);
  return gilloc_message_need(text);
}

void gilloc_bench_peers_install(const char *const *packages, size_t count)
{
  char *list = join(packages, count);
  char *apt = gilloc_program_find("apt-get");
  if (geteuid() != 0 || !apt)
    gilloc_message_refuse("missing packages; ask the administrator for: apt-get install %s", list);
  gilloc_message_warn("installing %s", list);
  char *script = gilloc_message_format("export DEBIAN_FRONTEND=noninteractive; exec >&2; "
                                       "apt-get -q update; apt-get -y -q -o DPkg::Lock::Timeout=300 "
                                       "--no-install-recommends install %s",
                                       list);
  char *argv[] = {(char *)"/bin/sh", (char *)"-c", script, NULL};
  struct gilloc_runner_end end = gilloc_runner_run(argv, install_timeout_s, UINT64_MAX);
  gilloc_runner_die_by_signal();
  if (end.fate != GILLOC_RUNNER_EXITED || end.value != 0)
    gilloc_message_refuse("apt-get could not install; ask the administrator for: apt-get install %s", list);
  gilloc_runner_end_fini(&end);
  free(script);
  free(apt);
  free(list);
}

void gilloc_bench_peers_fini(struct gilloc_bench_peers *peers)
{
  for (size_t i = 0; i < peers->count; i++) {
    free(peers->items[i].name);
    free(peers->items[i].library);
  }
  free(peers->items);
}
