/* SPDX-License-Identifier: MIT
 *
 * test_gil_timeline.c: the ring (order, wrapping, losses, a reader beside the writer) and what a thread's way
 * with the GIL leaves in it.
 */
/* flavours: gil fine */
#include "expect.h"
#include "gil_timeline.h"
#include "threads.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>
#include <gilloc/timeline.h>

enum { CAPACITY = 16, READS = GILLOC_TSAN ? 300 : 3000, LARGE = 1 << 12 };

static uint64_t storage[CAPACITY];
static struct gilloc_timeline timeline;
static struct gilloc_timeline_event events[LARGE];
static _Atomic unsigned ready, stop, asking;

static int begin(void **state)
{
  atomic_store(&ready, 0);
  atomic_store(&stop, 0);
  atomic_store(&asking, 0);
  gilloc_gil_set_policy("interval");
  gilloc_gil_set_interval(5000);
  return threads_begin(state);
}

/* Reads the whole ring and expects exactly these kinds, at times that do not fall. */
static void expect_kinds(const struct gilloc_timeline *ring, const enum gilloc_timeline_kind *kinds,
                         size_t count)
{
  struct gilloc_timeline_reading reading = gilloc_timeline_read(ring, events, LARGE);
  EXPECT_EQ(reading.dropped, 0);
  for (size_t i = 0; i < reading.count && i < count; i++)
    EXPECT_EQ(events[i].kind, kinds[i]);
  EXPECT_EQ(reading.count, count);
  for (size_t i = 1; i < count; i++)
    EXPECT_LE(events[i - 1].at_ns, events[i].at_ns);
}

#define EXPECT_KINDS(ring, ...)                                                                              \
  do {                                                                                                       \
    const enum gilloc_timeline_kind wanted[] = {__VA_ARGS__};                                                \
    expect_kinds(ring, wanted, sizeof wanted / sizeof *wanted);                                              \
  } while (0)

static void test_zero_is_a_ring_without_events(void **state)
{
  (void)state;
  static const struct gilloc_timeline zero;
  struct gilloc_timeline_reading reading = gilloc_timeline_read(&zero, events, LARGE);
  EXPECT_EQ(reading.count, 0);
  EXPECT_EQ(reading.dropped, 0);
}

static void test_ring_gives_back_what_was_recorded(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_timeline_init(&timeline, storage, CAPACITY));
  EXPECT_EQ(gilloc_timeline_read(&timeline, events, LARGE).count, 0);
  for (unsigned kind = 0; kind < GILLOC_TIMELINE_KINDS; kind++)
    gilloc_timeline_record(&timeline, (enum gilloc_timeline_kind)kind, 1000000007u * (kind + 1u));
  EXPECT_EQ(gilloc_timeline_read(&timeline, events, LARGE).count, GILLOC_TIMELINE_KINDS);
  for (unsigned kind = 0; kind < GILLOC_TIMELINE_KINDS; kind++) {
    EXPECT_EQ(events[kind].kind, kind);
    EXPECT_EQ(events[kind].at_ns, 1000000007u * (kind + 1u));
  }
}

static void test_full_ring_keeps_the_newest_and_counts_the_lost(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_timeline_init(&timeline, storage, CAPACITY));
  for (uint64_t n = 0; n < 100; n++) {
    gilloc_timeline_record(&timeline, GILLOC_TIMELINE_ACQUIRE, n);
    struct gilloc_timeline_reading reading = gilloc_timeline_read(&timeline, events, LARGE);
    EXPECT_EQ(reading.count, n + 1 < CAPACITY ? n + 1 : CAPACITY - 1);
    EXPECT_EQ(reading.dropped + reading.count, n + 1);
    EXPECT_EQ(events[0].at_ns, reading.dropped);
    EXPECT_EQ(events[reading.count - 1].at_ns, n);
  }
}

static void test_small_array_gets_the_newest(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_timeline_init(&timeline, storage, CAPACITY));
  for (uint64_t n = 0; n < 10; n++)
    gilloc_timeline_record(&timeline, GILLOC_TIMELINE_ACQUIRE, n);
  struct gilloc_timeline_reading reading = gilloc_timeline_read(&timeline, events, 3);
  EXPECT_EQ(reading.count, 3);
  EXPECT_EQ(reading.dropped, 7);
  EXPECT_EQ(events[0].at_ns, 7);
}

static void test_ring_that_cannot_be_is_refused(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_timeline_init(&timeline, storage, CAPACITY));
  gilloc_timeline_record(&timeline, GILLOC_TIMELINE_ACQUIRE, 1);
  EXPECT_FALSE(gilloc_timeline_start(&timeline, storage, 0));
  EXPECT_FALSE(gilloc_timeline_start(&timeline, storage, 1));
  EXPECT_FALSE(gilloc_timeline_start(&timeline, storage, 12));
  EXPECT_FALSE(gilloc_timeline_start(&timeline, NULL, CAPACITY));
  EXPECT_FALSE(gilloc_timeline_start(NULL, storage, CAPACITY));
  EXPECT_EQ(gilloc_timeline_read(&timeline, events, LARGE).count, 1);
}

/* Event n has time n, so a reader knows at once what it should see. */
static void *record_until_stopped(void *argument)
{
  (void)argument;
  for (uint64_t n = 0; !atomic_load(&stop); n++) {
    gilloc_timeline_record(&timeline, (enum gilloc_timeline_kind)(n % GILLOC_TIMELINE_KINDS), n);
    if (n == CAPACITY)
      atomic_store(&ready, 1);
  }
  return NULL;
}

static void test_reader_beside_the_writer_sees_whole_events_in_order(void **state)
{
  (void)state;
  pthread_t writer;
  EXPECT_TRUE(gilloc_timeline_init(&timeline, storage, CAPACITY));
  threads_start(&writer, record_until_stopped, NULL);
  threads_await(&ready, 1);
  for (unsigned i = 0; i < READS; i++) {
    struct gilloc_timeline_reading reading = gilloc_timeline_read(&timeline, events, LARGE);
    EXPECT_LE(reading.count, CAPACITY - 1);
    for (size_t n = 0; n < reading.count; n++) {
      EXPECT_EQ(events[n].at_ns, reading.dropped + n);
      EXPECT_EQ(events[n].kind, (reading.dropped + n) % GILLOC_TIMELINE_KINDS);
    }
  }
  atomic_store(&stop, 1);
  threads_join(writer);
  EXPECT_EQ(gilloc_timeline_read(&timeline, events, LARGE).count, CAPACITY - 1);
}

static void test_thread_alone_records_what_it_does(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_timeline_start(&timeline, storage, CAPACITY));
  gilloc_thread_attach();
  gilloc_checkpoint();
  gilloc_blocking_enter();
  gilloc_blocking_leave();
  gilloc_thread_detach();
  gilloc_timeline_stop();
  EXPECT_KINDS(&timeline, GILLOC_TIMELINE_ACQUIRE, GILLOC_TIMELINE_BLOCKING_ENTER, GILLOC_TIMELINE_RELEASE,
               GILLOC_TIMELINE_BLOCKING_LEAVE, GILLOC_TIMELINE_ACQUIRE, GILLOC_TIMELINE_RELEASE);
}

static void test_nothing_is_recorded_after_stop(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_timeline_start(&timeline, storage, CAPACITY));
  gilloc_timeline_stop();
  gilloc_timeline_stop();
  gilloc_thread_attach();
  gilloc_blocking_enter();
  gilloc_blocking_leave();
  gilloc_thread_detach();
  EXPECT_EQ(gilloc_timeline_read(&timeline, events, LARGE).count, 0);
}

static void test_times_are_those_of_the_monotonic_clock(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_timeline_start(&timeline, storage, CAPACITY));
  uint64_t before = threads_now();
  gilloc_thread_attach();
  uint64_t after = threads_now();
  gilloc_thread_detach();
  gilloc_timeline_stop();
  EXPECT_EQ(gilloc_timeline_read(&timeline, events, LARGE).count, 2);
  EXPECT_LE(before, events[0].at_ns + THREADS_CLOCK_SLACK);
  EXPECT_LE(events[0].at_ns, after + THREADS_CLOCK_SLACK);
}

static void test_holder_that_begins_to_record_begins_with_acquire(void **state)
{
  (void)state;
  if (!GILLOC_HAS_GIL)
    return;
  gilloc_thread_attach();
  EXPECT_TRUE(gilloc_timeline_start(&timeline, storage, CAPACITY));
  gilloc_timeline_stop();
  gilloc_thread_detach();
  EXPECT_KINDS(&timeline, GILLOC_TIMELINE_ACQUIRE);
}

static void test_call_of_a_thread_without_the_gil_is_recorded(void **state)
{
  (void)state;
  if (!GILLOC_HAS_GIL)
    return;
  EXPECT_TRUE(gilloc_timeline_start(&timeline, storage, CAPACITY));
  gilloc_gil_acquire();
  gilloc_gil_acquire();
  gilloc_gil_release();
  gilloc_gil_release();
  gilloc_timeline_stop();
  EXPECT_KINDS(&timeline, GILLOC_TIMELINE_ACQUIRE, GILLOC_TIMELINE_RELEASE);
}

static void test_drops_at_checkpoints_of_the_policy_are_recorded(void **state)
{
  (void)state;
  if (!GILLOC_HAS_GIL)
    return;
  gilloc_gil_set_policy("ticks");
  gilloc_thread_attach();
  for (unsigned i = 0; i < 200; i++) /* the count goes on over all threads: begin where a hundred does */
    gilloc_checkpoint();
  uint64_t taken = gilloc_gil_thread_counters().acquisitions;
  while (gilloc_gil_thread_counters().acquisitions == taken)
    gilloc_checkpoint();
  EXPECT_TRUE(gilloc_timeline_start(&timeline, storage, CAPACITY));
  for (unsigned i = 0; i < 100; i++)
    gilloc_checkpoint();
  gilloc_timeline_stop();
  gilloc_thread_detach();
  EXPECT_KINDS(&timeline, GILLOC_TIMELINE_ACQUIRE, GILLOC_TIMELINE_CHECKPOINT, GILLOC_TIMELINE_RELEASE,
               GILLOC_TIMELINE_ACQUIRE);
}

/* The waiter of the next test: its ring is read while it lives on. */
static uint64_t waiter_storage[CAPACITY];
static struct gilloc_timeline waiter;

static void *wait_and_ask(void *argument)
{
  (void)argument;
  COUNT_UNLESS(gilloc_timeline_start(&waiter, waiter_storage, CAPACITY));
  atomic_store(&asking, gilloc_thread_id());
  gilloc_thread_attach();
  gilloc_thread_detach();
  gilloc_timeline_stop();
  atomic_store(&ready, 1);
  threads_await(&stop, 1);
  gilloc_thread_attach();
  gilloc_thread_detach();
  return NULL;
}

static void test_forced_switch_is_recorded_by_both_sides(void **state)
{
  (void)state;
  if (!GILLOC_HAS_GIL)
    return;
  pthread_t id;
  EXPECT_TRUE(gilloc_timeline_start(&timeline, storage, CAPACITY));
  gilloc_thread_attach();
  threads_start(&id, wait_and_ask, NULL);
  struct gilloc_gil_counters before = gilloc_gil_thread_counters();
  while (gilloc_gil_thread_counters().forced_drops == before.forced_drops)
    gilloc_checkpoint();
  gilloc_timeline_stop();
  gilloc_thread_detach();
  threads_await(&ready, 1);
  EXPECT_EQ(test_failures, 0);
  struct gilloc_timeline_reading mine = gilloc_timeline_read(&timeline, events, LARGE);
  EXPECT_LE(4, mine.count);
  EXPECT_EQ(events[0].kind, GILLOC_TIMELINE_ACQUIRE);
  EXPECT_EQ(events[1].kind, GILLOC_TIMELINE_CHECKPOINT);
  EXPECT_EQ(events[2].kind, GILLOC_TIMELINE_FORCED_DROP);
  EXPECT_EQ(events[mine.count - 1].kind, GILLOC_TIMELINE_ACQUIRE);
  uint64_t dropped_ns = events[2].at_ns;
  size_t count = gilloc_timeline_read(&waiter, events, LARGE).count;
  EXPECT_LE(4, count);
  EXPECT_EQ(events[0].kind, GILLOC_TIMELINE_REQUEST);
  for (size_t i = 1; i < count - 2; i++) /* once an interval until it was heard */
    EXPECT_EQ(events[i].kind, GILLOC_TIMELINE_DROP_REQUEST);
  EXPECT_EQ(events[count - 2].kind, GILLOC_TIMELINE_ACQUIRE);
  EXPECT_EQ(events[count - 1].kind, GILLOC_TIMELINE_RELEASE);
  EXPECT_LE(events[1].at_ns, dropped_ns);
  EXPECT_LE(dropped_ns, events[count - 2].at_ns);
  atomic_store(&stop, 1);
  threads_join(id);
}

static void expect_child_silent(void)
{
  uint64_t written = timeline.written;
  gilloc_thread_detach();
  gilloc_thread_attach();
  COUNT_UNLESS(timeline.written == written);
}

static void test_child_of_fork_does_not_record(void **state)
{
  (void)state;
  gilloc_thread_attach();
  EXPECT_TRUE(gilloc_timeline_start(&timeline, storage, CAPACITY));
  EXPECT_EQ(threads_fork(expect_child_silent), 0);
  gilloc_timeline_stop();
  gilloc_thread_detach();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_zero_is_a_ring_without_events, begin),
      cmocka_unit_test_setup(test_ring_gives_back_what_was_recorded, begin),
      cmocka_unit_test_setup(test_full_ring_keeps_the_newest_and_counts_the_lost, begin),
      cmocka_unit_test_setup(test_small_array_gets_the_newest, begin),
      cmocka_unit_test_setup(test_ring_that_cannot_be_is_refused, begin),
      cmocka_unit_test_setup(test_reader_beside_the_writer_sees_whole_events_in_order, begin),
      cmocka_unit_test_setup(test_thread_alone_records_what_it_does, begin),
      cmocka_unit_test_setup(test_nothing_is_recorded_after_stop, begin),
      cmocka_unit_test_setup(test_times_are_those_of_the_monotonic_clock, begin),
      cmocka_unit_test_setup(test_holder_that_begins_to_record_begins_with_acquire, begin),
      cmocka_unit_test_setup(test_call_of_a_thread_without_the_gil_is_recorded, begin),
      cmocka_unit_test_setup(test_drops_at_checkpoints_of_the_policy_are_recorded, begin),
      cmocka_unit_test_setup(test_forced_switch_is_recorded_by_both_sides, begin),
      cmocka_unit_test_setup(test_child_of_fork_does_not_record, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
