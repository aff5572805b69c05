/* SPDX-License-Identifier: MIT
 *
 * worker.c: the program gilloc-worker-<row>: runs one workload once, on the library that it is linked with,
 * and prints one JSON object. The driver, `gilloc lab`, compares workers; each is a process of its own, so
 * that a flavour that hangs or bloats harms no other. The order of things:
 *
 *   options, input, open | load process, child processes | threads | window | end | verify, print
 */
#include "clock.h"
#include "lanes.h"
#include "load_client.h"
#include "plan.h"
#include "processes.h"
#include "protocol.h"
#include "timeline_rings.h"
#include "worker_json.h"
#include "workload.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct worker {
  struct gilloc_plan plan;
  const struct gilloc_workload *workload;
  struct gilloc_corpus corpus;
  struct gilloc_setup setup;
  struct gilloc_lanes lanes;
  struct gilloc_timeline_rings rings;
  struct gilloc_load_client client;
  struct gilloc_outcome outcome;
};

void *gilloc_need(void *p)
{
  if (p == NULL) {
    fputs("gilloc-worker: out of memory\n", stderr);
    _exit(GILLOC_EXIT_WRONG);
  }
  return p;
}

/* What stands after "gilloc-worker-" in the program's name. */
static const char *row_name(const struct gilloc_plan *plan)
{
  static char path[PATH_MAX];
  static const char prefix[] = "gilloc-worker-";
  if (plan->forks)
    return "processes";
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  path[length < 0 ? 0 : length] = '\0';
  const char *name = strrchr(path, '/');
  name = name == NULL ? path : name + 1;
  return strncmp(name, prefix, sizeof prefix - 1) == 0 ? name + sizeof prefix - 1 : name;
}

static const struct gilloc_workload *find_workload(const char *name)
{
  static const struct gilloc_workload *const all[] = {&gilloc_workload_cpu, &gilloc_workload_io,
                                                      &gilloc_workload_mixed, &gilloc_workload_alloc,
                                                      &gilloc_workload_replay};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i]->name, name) == 0)
      return all[i];
  fprintf(stderr, "gilloc-worker: --workload: '%s' is not cpu, io, mixed, alloc or replay\n", name);
  return NULL;
}

static bool set_gil(const struct gilloc_plan *plan)
{
  if (plan->policy != NULL && !gilloc_gil_set_policy(plan->policy)) {
    fprintf(stderr, "gilloc-worker: --policy: '%s' is not known; try %s\n", plan->policy,
            gilloc_gil_policy_name(0));
    return false;
  }
  if (plan->interval_us != 0 && !gilloc_gil_set_interval(plan->interval_us)) {
    fprintf(stderr, "gilloc-worker: --interval-us: refused by the library\n");
    return false;
  }
  return true;
}

/* Only one thread may use the flavour `none`. */
static bool threads_allowed(const struct gilloc_plan *plan)
{
  if (plan->forks || plan->lanes == 1 || strcmp(gilloc_flavour().strategy, "none") != 0)
    return true;
  fprintf(stderr, "gilloc-worker: --threads %u: flavour none has one thread; or use --processes\n",
          plan->lanes);
  return false;
}

/* Processes share nothing, no GIL either: of those nothing is recorded. */
static bool open_rings(struct worker *worker)
{
  if (worker->plan.timeline == NULL || worker->plan.forks)
    return true;
  worker->lanes.rings = &worker->rings;
  return gilloc_timeline_rings_init(&worker->rings, gilloc_lanes_total(worker->workload, &worker->plan));
}

static bool prepare(struct worker *worker, int argc, char **argv)
{
  struct gilloc_plan *plan = &worker->plan;
  if (!gilloc_plan_parse(plan, argc, argv))
    return false;
  worker->workload = find_workload(plan->workload);
  if (worker->workload == NULL || !threads_allowed(plan) || !set_gil(plan))
    return false;
  if (plan->rate == 0)
    plan->rate = worker->workload->role == GILLOC_ROLE_SERVICE ? GILLOC_RATE_IO : GILLOC_RATE_MIXED;
  if (worker->workload->reads_text && !gilloc_corpus_read(&worker->corpus, plan->inputs))
    return false;
  bool one_thread = !plan->forks && strcmp(gilloc_flavour().strategy, "none") == 0;
  worker->setup = (struct gilloc_setup){plan, &worker->corpus, one_thread};
  if (!gilloc_lanes_init(&worker->lanes, worker->workload, &worker->setup) || !open_rings(worker))
    return false;
  worker->lanes.state = worker->workload->open(&worker->setup);
  return worker->lanes.state != NULL;
}

static bool start_load(struct worker *worker)
{
  unsigned count = 0;
  if (!worker->workload->has_service)
    return true;
  const uint16_t *ports = worker->workload->ports(worker->lanes.state, &count);
  worker->outcome.has_load = true;
  return gilloc_load_client_start(&worker->client, &worker->plan, ports, count);
}

static bool finish_load(struct worker *worker)
{
  return !worker->outcome.has_load || gilloc_load_client_finish(&worker->client, &worker->outcome.load);
}

static bool begin_load(const struct worker *worker, uint64_t start_ns)
{
  return !worker->outcome.has_load || gilloc_load_client_begin(&worker->client, start_ns);
}

static bool run_threads(struct worker *worker)
{
  gilloc_lanes_begin(&worker->lanes);
  uint64_t start_ns = gilloc_lab_clock_ns();
  bool good = begin_load(worker, start_ns);
  if (good)
    gilloc_lanes_measure(&worker->lanes, start_ns, &worker->outcome.window);
  good = good && finish_load(worker);
  gilloc_lanes_end(&worker->lanes, &worker->outcome.window);
  return good;
}

static bool run_processes(struct worker *worker)
{
  struct gilloc_processes processes;
  if (!gilloc_processes_begin(&processes, &worker->lanes))
    return false;
  uint64_t start_ns = gilloc_lab_clock_ns();
  bool good =
      gilloc_processes_start(&processes, start_ns) && begin_load(worker, start_ns) && finish_load(worker);
  return gilloc_processes_end(&processes, &worker->outcome.window) && good;
}

static bool write_timeline(const struct worker *worker)
{
  return worker->plan.timeline == NULL ||
         gilloc_timeline_rings_write(&worker->rings, &worker->lanes, &worker->outcome.window,
                                     worker->plan.timeline);
}

static bool report(struct worker *worker)
{
  struct gilloc_outcome *outcome = &worker->outcome;
  outcome->row = row_name(&worker->plan);
  outcome->lanes = &worker->lanes;
  outcome->checksum = worker->workload->checksum(worker->lanes.state);
  outcome->verified = !outcome->window.wrong && outcome->load.wrong == 0;
  return gilloc_worker_json_print(outcome) && outcome->verified;
}

static void clean_up(struct worker *worker)
{
  worker->workload->close(worker->lanes.state);
  gilloc_lanes_fini(&worker->lanes);
  gilloc_timeline_rings_fini(&worker->rings);
  gilloc_corpus_free(&worker->corpus);
  gilloc_plan_free(&worker->plan);
}

int main(int argc, char **argv)
{
  static struct worker worker;
  /* A load or child process that died shows as a failed write. */
  signal(SIGPIPE, SIG_IGN);
  if (!prepare(&worker, argc, argv))
    return GILLOC_EXIT_USAGE;
  if (!start_load(&worker))
    return GILLOC_EXIT_WRONG;
  if (!(worker.plan.forks ? run_processes(&worker) : run_threads(&worker)))
    return GILLOC_EXIT_WRONG;
  bool good = write_timeline(&worker) && report(&worker);
  clean_up(&worker);
  return good ? GILLOC_EXIT_GOOD : GILLOC_EXIT_WRONG;
}
