/* SPDX-License-Identifier: MIT
 *
 * stress_gil.c: threads attach, acquire, checkpoint, block, allocate, lock, fork and exit, attached or not,
 * while interval and policy change; some record their timelines, which others read. Whoever holds the GIL
 * signs a plain word and must find its signature there until it lets go; at the end the counters of all
 * threads must add up.
 */
/* flavours: gil gil-py311 */
/* soak: --seconds 60 */
/* timeout: 120 */
#include "stress.h"

#include <errno.h>
#include <gilloc/sync.h>
#include <gilloc/timeline.h>
#include <sys/wait.h>

enum { THREADS = 6, LIFE_MAX = 300, RING_WORDS = 64 };

struct worker {
  pthread_t id;
  struct gilloc_prng prng;
  uint64_t name;
  bool may_fork;
  struct worker *peers; /* all of its generation */
  struct gilloc_timeline timeline;
  uint64_t ring[RING_WORDS];
  _Atomic bool recorded; /* the ring may be read */
};

/* Under the GIL alone; no atomics on purpose. */
static uint64_t signature;
static uint64_t held_steps;
static struct gilloc_gil_counters ended; /* sum over the threads that have ended; under ended_mutex */
static pthread_mutex_t ended_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct gilloc_mutex shared_mutex;
static uint64_t shared_steps; /* under shared_mutex */
static _Atomic uint64_t expected_held_steps, expected_shared_steps;

/* Stays in possession for a moment: nobody else may sign meanwhile. */
static void hold(struct worker *worker)
{
  STRESS_EXPECT(gilloc_gil_is_held(), "thread %llu does not hold the GIL", (unsigned long long)worker->name);
  signature = worker->name;
  held_steps++;
  for (uint32_t n = gilloc_prng_below(&worker->prng, 200); n > 0; n--)
    __asm__ volatile("" ::: "memory");
  STRESS_EXPECT(signature == worker->name, "thread %llu held the GIL while thread %llu did",
                (unsigned long long)signature, (unsigned long long)worker->name);
  atomic_fetch_add_explicit(&expected_held_steps, 1, memory_order_relaxed);
}

static void block(struct worker *worker)
{
  gilloc_blocking_enter();
  if (gilloc_prng_below(&worker->prng, 4) == 0) {
    struct timespec moment = {0, (long)gilloc_prng_below(&worker->prng, 200000)};
    nanosleep(&moment, NULL);
  }
  if (gilloc_prng_below(&worker->prng, 4) == 0) {
    gilloc_gil_acquire();
    hold(worker);
    gilloc_gil_release();
  }
  gilloc_blocking_leave();
}

static void lock_mutex(void)
{
  gilloc_mutex_lock(&shared_mutex);
  shared_steps++;
  if (gilloc_gil_is_held())
    gilloc_checkpoint();
  gilloc_mutex_unlock(&shared_mutex);
  atomic_fetch_add_explicit(&expected_shared_steps, 1, memory_order_relaxed);
}

/* Long enough, at times, that waiters lose their patience and the checkpoints have to switch. */
static void compute(struct worker *worker)
{
  for (uint32_t n = gilloc_prng_below(&worker->prng, 1u << gilloc_prng_below(&worker->prng, 13)); n > 0;
       n--) {
    hold(worker);
    gilloc_checkpoint();
  }
}

static void stay_in_section(struct worker *worker)
{
  static struct gilloc_mutex section_mutex;
  struct gilloc_critical_section section;
  gilloc_critical_section_enter(&section, &section_mutex);
  signature = worker->name;
  for (uint32_t n = gilloc_prng_below(&worker->prng, 50); n > 0; n--)
    gilloc_checkpoint();
  STRESS_EXPECT(signature == worker->name, "a checkpoint inside a critical section switched");
  gilloc_critical_section_leave(&section);
}

static void change_settings(struct worker *worker)
{
  uint64_t interval = 1 + gilloc_prng_below(&worker->prng, 1u << gilloc_prng_below(&worker->prng, 12));
  STRESS_EXPECT(gilloc_gil_set_interval(interval), "interval %llu was refused", (unsigned long long)interval);
  const char *policy = gilloc_gil_policy_name(gilloc_prng_below(&worker->prng, 5));
  STRESS_EXPECT(policy && gilloc_gil_set_policy(policy), "the policy `%s` was refused",
                policy ? policy : "none");
}

static void use_gil_in_child(struct worker *worker)
{
  bool held = gilloc_gil_is_held();
  gilloc_gil_acquire();
  hold(worker);
  gilloc_checkpoint();
  gilloc_free(gilloc_malloc(1 + gilloc_prng_below(&worker->prng, 1000)));
  gilloc_blocking_enter();
  gilloc_blocking_leave();
  gilloc_gil_release();
  _exit(gilloc_gil_is_held() == held ? 0 : 3);
}

static void fork_child(struct worker *worker)
{
  int status = 0;
  pid_t child = fork();
  STRESS_EXPECT(child >= 0, "fork: %s", strerror(errno));
  if (child == 0) {
    alarm(30);
    use_gil_in_child(worker);
  }
  while (waitpid(child, &status, 0) < 0)
    STRESS_EXPECT(errno == EINTR, "waitpid: %s", strerror(errno));
  STRESS_EXPECT(status == 0, "a forked child ended with status %#x", (unsigned)status);
}

static void step_with_gil(struct worker *worker)
{
  switch (gilloc_prng_below(&worker->prng, 8)) {
  case 0:
    block(worker);
    break;
  case 1:
    lock_mutex();
    break;
  case 2:
    stay_in_section(worker);
    break;
  case 3:
    gilloc_free(gilloc_malloc(stress_size(&worker->prng, 12)));
    break;
  case 4:
    gilloc_gil_acquire();
    hold(worker);
    gilloc_gil_release();
    break;
  default:
    compute(worker);
    break;
  }
}

static void step_without_gil(struct worker *worker)
{
  switch (gilloc_prng_below(&worker->prng, 4)) {
  case 0:
    gilloc_gil_acquire();
    step_with_gil(worker);
    gilloc_gil_release();
    break;
  case 1:
    lock_mutex();
    break;
  case 2:
    change_settings(worker);
    break;
  default:
    gilloc_free(gilloc_malloc(stress_size(&worker->prng, 12)));
    break;
  }
}

static void add_to_ended(struct gilloc_gil_counters mine)
{
  pthread_mutex_lock(&ended_mutex);
  ended.acquisitions += mine.acquisitions;
  ended.holder_changes += mine.holder_changes;
  ended.forced_drops += mine.forced_drops;
  pthread_mutex_unlock(&ended_mutex);
}

/* What may follow each kind of event: gilloc/timeline.h. */
static bool may_follow(enum gilloc_timeline_kind before, enum gilloc_timeline_kind after)
{
  static const unsigned char followers[GILLOC_TIMELINE_KINDS] = {
      [GILLOC_TIMELINE_REQUEST] = 1 << GILLOC_TIMELINE_DROP_REQUEST | 1 << GILLOC_TIMELINE_ACQUIRE,
      [GILLOC_TIMELINE_DROP_REQUEST] = 1 << GILLOC_TIMELINE_DROP_REQUEST | 1 << GILLOC_TIMELINE_ACQUIRE,
      [GILLOC_TIMELINE_ACQUIRE] = 1 << GILLOC_TIMELINE_RELEASE | 1 << GILLOC_TIMELINE_BLOCKING_ENTER |
                                  1 << GILLOC_TIMELINE_CHECKPOINT,
      [GILLOC_TIMELINE_CHECKPOINT] = 1 << GILLOC_TIMELINE_RELEASE | 1 << GILLOC_TIMELINE_FORCED_DROP,
      [GILLOC_TIMELINE_BLOCKING_ENTER] = 1 << GILLOC_TIMELINE_RELEASE,
      [GILLOC_TIMELINE_RELEASE] =
          1 << GILLOC_TIMELINE_REQUEST | 1 << GILLOC_TIMELINE_ACQUIRE | 1 << GILLOC_TIMELINE_BLOCKING_LEAVE,
      [GILLOC_TIMELINE_FORCED_DROP] = 1 << GILLOC_TIMELINE_REQUEST | 1 << GILLOC_TIMELINE_ACQUIRE,
      [GILLOC_TIMELINE_BLOCKING_LEAVE] = 1 << GILLOC_TIMELINE_REQUEST | 1 << GILLOC_TIMELINE_ACQUIRE};
  return (followers[before] >> after & 1) != 0;
}

static void read_timeline(struct worker *of)
{
  struct gilloc_timeline_event events[RING_WORDS];
  if (!atomic_load_explicit(&of->recorded, memory_order_acquire))
    return;
  struct gilloc_timeline_reading reading = gilloc_timeline_read(&of->timeline, events, RING_WORDS);
  for (size_t i = 1; i < reading.count; i++) {
    STRESS_EXPECT(events[i - 1].at_ns <= events[i].at_ns,
                  "thread %llu: event %zu is older than the one before", (unsigned long long)of->name, i);
    STRESS_EXPECT(may_follow(events[i - 1].kind, events[i].kind), "thread %llu: event %d after event %d",
                  (unsigned long long)of->name, (int)events[i].kind, (int)events[i - 1].kind);
  }
}

/* At some moment of their lives half of the threads begin to record; now and then they look at others. */
static void use_timeline(struct worker *worker)
{
  uint32_t choice = gilloc_prng_below(&worker->prng, 200);
  if (choice < 4)
    read_timeline(&worker->peers[gilloc_prng_below(&worker->prng, THREADS)]);
  if (choice != 4 || atomic_load_explicit(&worker->recorded, memory_order_relaxed))
    return;
  STRESS_EXPECT(gilloc_timeline_start(&worker->timeline, worker->ring, RING_WORDS), "a ring was refused");
  atomic_store_explicit(&worker->recorded, true, memory_order_release);
}

/* One life; it may end attached, and then its exit detaches it. */
static void *live(void *argument)
{
  struct worker *worker = argument;
  bool attached = false;
  for (uint32_t n = gilloc_prng_below(&worker->prng, LIFE_MAX); n > 0; n--) {
    uint32_t choice = gilloc_prng_below(&worker->prng, 100);
    if (choice < 10 && attached)
      gilloc_thread_detach();
    else if (choice < 10)
      gilloc_thread_attach();
    attached = choice < 10 ? !attached : attached;
    use_timeline(worker);
    if (attached)
      step_with_gil(worker);
    else
      step_without_gil(worker);
    atomic_fetch_add_explicit(&stress.steps, 1, memory_order_relaxed);
  }
  if (worker->may_fork)
    fork_child(worker);
  if (attached && gilloc_prng_below(&worker->prng, 2) == 0)
    gilloc_thread_detach();
  add_to_ended(gilloc_gil_thread_counters());
  return NULL;
}

static void run_generation(unsigned generation)
{
  struct worker workers[THREADS];
  for (unsigned i = 0; i < THREADS; i++) {
    uint64_t name = (uint64_t)generation * THREADS + i + 1;
    workers[i] =
        (struct worker){.prng = gilloc_prng_stream(stress.seed, name), .name = name, .peers = workers};
    workers[i].may_fork = gilloc_prng_below(&workers[i].prng, 20) == 0;
  }
  for (unsigned i = 0; i < THREADS; i++)
    stress_start(&workers[i].id, live, &workers[i]);
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(workers[i].id, NULL);
  for (unsigned i = 0; i < THREADS; i++)
    read_timeline(&workers[i]);
}

static void expect_sums(void)
{
  struct gilloc_gil_counters all = gilloc_gil_total_counters();
  STRESS_EXPECT(held_steps == atomic_load(&expected_held_steps), "%llu steps under the GIL, counted %llu",
                (unsigned long long)atomic_load(&expected_held_steps), (unsigned long long)held_steps);
  STRESS_EXPECT(shared_steps == atomic_load(&expected_shared_steps),
                "%llu steps under the mutex, counted %llu",
                (unsigned long long)atomic_load(&expected_shared_steps), (unsigned long long)shared_steps);
  STRESS_EXPECT(all.acquisitions == ended.acquisitions && all.holder_changes == ended.holder_changes &&
                    all.forced_drops == ended.forced_drops,
                "totals %llu/%llu/%llu, but the threads had %llu/%llu/%llu",
                (unsigned long long)all.acquisitions, (unsigned long long)all.holder_changes,
                (unsigned long long)all.forced_drops, (unsigned long long)ended.acquisitions,
                (unsigned long long)ended.holder_changes, (unsigned long long)ended.forced_drops);
}

int main(int argc, char **argv)
{
  stress_begin(argc, argv);
  unsigned generation = 0;
  do
    run_generation(generation++);
  while (stress_goes_on());
  expect_sums();
  printf("%s: %u generations, %llu forced drops\n", stress.program, generation,
         (unsigned long long)ended.forced_drops);
  return stress_end();
}
