/* SPDX-License-Identifier: MIT
 *
 * lanes.c: see lanes.h.
 */
#include "lanes.h"

#include "clock.h"
#include "timeline_rings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct reading {
  uint64_t at_ns;
  struct gilloc_gil_counters gil;
  struct rusage usage;
};

struct start {
  struct gilloc_lanes *lanes;
  struct gilloc_lane *lane;
};

_Noreturn static void fail(const char *what, int error)
{
  fprintf(stderr, "gilloc-worker: %s: %s\n", what, strerror(error));
  exit(1);
}

unsigned gilloc_lanes_total(const struct gilloc_workload *workload, const struct gilloc_plan *plan)
{
  bool service_beside = workload->has_service && workload->role != GILLOC_ROLE_SERVICE;
  return plan->lanes + (service_beside ? 1 : 0);
}

bool gilloc_lanes_init(struct gilloc_lanes *lanes, const struct gilloc_workload *workload,
                       const struct gilloc_setup *setup)
{
  unsigned total = gilloc_lanes_total(workload, setup->plan);
  *lanes = (struct gilloc_lanes){.workload = workload, .plan = setup->plan, .count = total};
  lanes->lanes = aligned_alloc(alignof(struct gilloc_lane), total * sizeof *lanes->lanes);
  lanes->windows = calloc(total, sizeof *lanes->windows);
  lanes->threads = calloc(total, sizeof *lanes->threads);
  if (lanes->lanes == NULL || lanes->windows == NULL || lanes->threads == NULL) {
    gilloc_lanes_fini(lanes);
    return false;
  }
  for (unsigned i = 0; i < total; i++) {
    bool beside = i >= setup->plan->lanes;
    lanes->lanes[i] = (struct gilloc_lane){.stop = &lanes->stop,
                                           .role = beside ? GILLOC_ROLE_SERVICE : workload->role,
                                           .index = beside ? 0 : i,
                                           .guest = beside && setup->one_thread};
  }
  return true;
}

void gilloc_lanes_fini(struct gilloc_lanes *lanes)
{
  free(lanes->lanes);
  free(lanes->windows);
  free(lanes->threads);
}

static void *run_lane(void *argument)
{
  struct start start = *(struct start *)argument;
  free(argument);
  /* Before attaching: nobody may wait at a barrier with the GIL. */
  pthread_barrier_wait(&start.lanes->barrier);
  gilloc_timeline_rings_start(start.lanes->rings, (unsigned)(start.lane - start.lanes->lanes));
  gilloc_thread_attach();
  start.lanes->workload->run(start.lanes->state, start.lane);
  gilloc_thread_detach();
  return NULL;
}

/* The peak so far belongs to the preparation: let the kernel count anew. Where it will not, the peak
 * is merely too high. */
static void reset_peak_rss(void)
{
  int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  if (write(fd, "5", 1) != 1)
    fprintf(stderr, "gilloc-worker: peak memory includes the preparation\n");
  close(fd);
}

/* What /proc/self/status says after "VmRSS:" (resident now) or "VmHWM:" (at most). */
static uint64_t status_bytes(const char *field)
{
  FILE *status = fopen("/proc/self/status", "re");
  char line[128];
  unsigned long long kibibytes = 0;
  while (status != NULL && fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, field, strlen(field)) == 0 && sscanf(line + strlen(field), "%llu kB", &kibibytes) == 1)
      break;
  if (status != NULL)
    fclose(status);
  return kibibytes * 1024;
}

static bool has_thread(const struct gilloc_lanes *lanes, unsigned number)
{
  return !lanes->lanes[number].guest;
}

static void start_lane(struct gilloc_lanes *lanes, unsigned number)
{
  struct start *start = malloc(sizeof *start);
  if (start == NULL)
    fail("thread", ENOMEM);
  *start = (struct start){lanes, &lanes->lanes[number]};
  int error = pthread_create(&lanes->threads[number], NULL, run_lane, start);
  if (error != 0)
    fail("thread", error);
}

void gilloc_lanes_begin(struct gilloc_lanes *lanes)
{
  unsigned parties = 1;
  for (unsigned i = 0; i < lanes->count; i++)
    parties += has_thread(lanes, lanes->first + i);
  pthread_barrier_init(&lanes->barrier, NULL, parties);
  reset_peak_rss();
  if (lanes->workload->has_tables)
    lanes->tables_bytes = status_bytes("VmRSS:");
  for (unsigned i = 0; i < lanes->count; i++)
    if (has_thread(lanes, lanes->first + i))
      start_lane(lanes, lanes->first + i);
  pthread_barrier_wait(&lanes->barrier);
}

static uint64_t thread_cpu_ns(pthread_t thread)
{
  clockid_t clock;
  struct timespec time = {0};
  if (pthread_getcpuclockid(thread, &clock) == 0)
    clock_gettime(clock, &time);
  return gilloc_lab_timespec_ns(time);
}

static struct gilloc_lane_window lane_so_far(const struct gilloc_lanes *lanes, unsigned number)
{
  struct gilloc_lane_window so_far = {
      .units = atomic_load_explicit(&lanes->lanes[number].units, memory_order_relaxed)};
  if (has_thread(lanes, number))
    so_far.cpu_ns = thread_cpu_ns(lanes->threads[number]);
  return so_far;
}

static struct reading read_process(void)
{
  struct reading reading = {.at_ns = gilloc_lab_clock_ns(), .gil = gilloc_gil_total_counters()};
  getrusage(RUSAGE_SELF, &reading.usage);
  return reading;
}

static uint64_t microseconds_between(struct timeval before, struct timeval after)
{
  return (uint64_t)((after.tv_sec - before.tv_sec) * 1000000 + (after.tv_usec - before.tv_usec));
}

static struct gilloc_window window_between(const struct reading *before, const struct reading *after)
{
  const struct rusage *old = &before->usage;
  const struct rusage *new = &after->usage;
  return (struct gilloc_window){
      .start_ns = before->at_ns,
      .seconds = (double)(after->at_ns - before->at_ns) / 1e9,
      .gil = {.acquisitions = after->gil.acquisitions - before->gil.acquisitions,
              .holder_changes = after->gil.holder_changes - before->gil.holder_changes,
              .forced_drops = after->gil.forced_drops - before->gil.forced_drops,
              .waited_ns = after->gil.waited_ns - before->gil.waited_ns,
              .held_ns = after->gil.held_ns - before->gil.held_ns},
      .user_ns = 1000 * microseconds_between(old->ru_utime, new->ru_utime),
      .system_ns = 1000 * microseconds_between(old->ru_stime, new->ru_stime),
      .voluntary_switches = (uint64_t)(new->ru_nvcsw - old->ru_nvcsw),
      .involuntary_switches = (uint64_t)(new->ru_nivcsw - old->ru_nivcsw),
  };
}

void gilloc_lanes_measure(struct gilloc_lanes *lanes, uint64_t start_ns, struct gilloc_window *window)
{
  uint64_t window_ns = start_ns + (uint64_t)(lanes->plan->warmup * 1e9);
  gilloc_lab_sleep_until(window_ns);
  struct reading before = read_process();
  for (unsigned i = lanes->first; i < lanes->first + lanes->count; i++)
    lanes->windows[i] = lane_so_far(lanes, i);

  gilloc_lab_sleep_until(window_ns + (uint64_t)(lanes->plan->seconds * 1e9));
  struct reading after = read_process();
  for (unsigned i = lanes->first; i < lanes->first + lanes->count; i++) {
    struct gilloc_lane_window so_far = lane_so_far(lanes, i);
    lanes->windows[i].units = so_far.units - lanes->windows[i].units;
    lanes->windows[i].cpu_ns = so_far.cpu_ns - lanes->windows[i].cpu_ns;
  }
  *window = window_between(&before, &after);
}

void gilloc_lanes_end(struct gilloc_lanes *lanes, struct gilloc_window *window)
{
  atomic_store_explicit(&lanes->stop, true, memory_order_relaxed);
  if (lanes->workload->wake != NULL)
    lanes->workload->wake(lanes->state);
  for (unsigned i = lanes->first; i < lanes->first + lanes->count; i++) {
    if (has_thread(lanes, i))
      pthread_join(lanes->threads[i], NULL);
    if (lanes->lanes[i].wrong)
      window->wrong = true;
  }
  pthread_barrier_destroy(&lanes->barrier);
  uint64_t peak = status_bytes("VmHWM:");
  window->peak_rss_bytes = peak > lanes->tables_bytes ? peak - lanes->tables_bytes : 0;
}
