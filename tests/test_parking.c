/* SPDX-License-Identifier: MIT
 *
 * test_parking.c: threads parked by address: nobody is lost, nobody is mixed up, first come is first served.
 * A parked thread is recognised by its state in the kernel (threads_await_asleep). */
/* flavours: none gil fine */
#include "expect.h"
#include "threads.h"

#include "parking.h"
#include "platform.h"

#include <errno.h>

enum { WAITERS = 4, PARKED_VALUE = 3 };

struct seat {
  uint8_t *address;
  pthread_t id;
  _Atomic unsigned tid;
  enum gilloc_parking_outcome outcome;
  unsigned place; /* when it was woken, from 1 */
};

static uint8_t bytes[2 * WAITERS];
static struct seat seats[WAITERS];
static _Atomic unsigned woken;
static struct gilloc_parking_found found; /* as the last decision saw it */
static unsigned decisions;
static bool hand_over;

static int begin(void **state)
{
  memset(bytes, PARKED_VALUE, sizeof bytes);
  memset(seats, 0, sizeof seats);
  memset(&found, 0, sizeof found);
  atomic_store(&woken, 0);
  decisions = 0;
  hand_over = false;
  return threads_begin(state);
}

static bool decide(uint8_t *address, struct gilloc_parking_found seen)
{
  (void)address;
  found = seen;
  decisions++;
  return hand_over;
}

static void *sit(void *argument)
{
  struct seat *seat = argument;
  struct gilloc_parking_waiter waiter = {.since_ns = gilloc_clock_ns()};
  atomic_store(&seat->tid, gilloc_thread_id());
  errno = EDOM;
  seat->outcome = gilloc_parking_park(&waiter, seat->address, PARKED_VALUE);
  COUNT_UNLESS(errno == EDOM);
  seat->place = atomic_fetch_add(&woken, 1) + 1;
  return NULL;
}

/* Parks threads in the order of their seats. */
static void seat_threads(unsigned count, uint8_t *address)
{
  for (unsigned i = 0; i < count; i++) {
    seats[i].address = address;
    threads_start(&seats[i].id, sit, &seats[i]);
    threads_await_asleep(&seats[i].tid);
  }
}

static void test_park_does_not_sleep_when_the_byte_has_changed(void **state)
{
  (void)state;
  struct gilloc_parking_waiter waiter = {.since_ns = gilloc_clock_ns()};
  errno = EDOM;
  EXPECT_EQ(gilloc_parking_park(&waiter, &bytes[0], PARKED_VALUE + 1), GILLOC_PARKING_CHANGED);
  EXPECT_EQ(errno, EDOM);
  gilloc_parking_unpark_one(&bytes[0], decide);
  EXPECT_EQ(found.waiters, 0);
}

static void test_unpark_decides_once_when_nobody_waits(void **state)
{
  (void)state;
  hand_over = true;
  gilloc_parking_unpark_one(&bytes[0], decide);
  EXPECT_EQ(decisions, 1);
  EXPECT_EQ(found.waiters, 0);
}

static void test_unparked_waiter_is_woken_to_try_again(void **state)
{
  (void)state;
  seat_threads(1, &bytes[0]);
  gilloc_parking_unpark_one(&bytes[0], decide);
  threads_join(seats[0].id);
  EXPECT_EQ(seats[0].outcome, GILLOC_PARKING_WOKEN);
  EXPECT_EQ(decisions, 1);
  EXPECT_EQ(found.waiters, 1);
  EXPECT_EQ(test_failures, 0);
}

static void test_unparked_waiter_is_handed_what_it_waits_for_if_so_decided(void **state)
{
  (void)state;
  seat_threads(1, &bytes[0]);
  hand_over = true;
  gilloc_parking_unpark_one(&bytes[0], decide);
  threads_join(seats[0].id);
  EXPECT_EQ(seats[0].outcome, GILLOC_PARKING_HANDED);
}

static void test_decision_sees_how_long_the_first_waiter_has_wanted(void **state)
{
  (void)state;
  uint64_t start = threads_now();
  seat_threads(1, &bytes[0]);
  threads_work(threads_ms(3));
  gilloc_parking_unpark_one(&bytes[0], decide);
  threads_join(seats[0].id);
  EXPECT_LE(threads_ms(3), found.waited_ns);
  EXPECT_LE(found.waited_ns, threads_now() - start);
}

static void test_decision_sees_one_waiter_or_more_than_one(void **state)
{
  (void)state;
  const unsigned expected[WAITERS] = {2, 2, 2, 1};
  seat_threads(WAITERS, &bytes[0]);
  for (unsigned i = 0; i < WAITERS; i++) {
    gilloc_parking_unpark_one(&bytes[0], decide);
    EXPECT_EQ(found.waiters, expected[i]);
  }
  for (unsigned i = 0; i < WAITERS; i++)
    threads_join(seats[i].id);
}

static void test_first_to_park_is_first_to_wake(void **state)
{
  (void)state;
  seat_threads(WAITERS, &bytes[0]);
  for (unsigned i = 0; i < WAITERS; i++) {
    gilloc_parking_unpark_one(&bytes[0], decide);
    threads_await(&woken, i + 1);
  }
  for (unsigned i = 0; i < WAITERS; i++) {
    threads_join(seats[i].id);
    EXPECT_EQ(seats[i].place, i + 1);
  }
}

static void test_unpark_wakes_nobody_at_another_address(void **state)
{
  (void)state;
  seat_threads(1, &bytes[0]);
  for (unsigned i = 1; i < sizeof bytes; i++) {
    gilloc_parking_unpark_one(&bytes[i], decide);
    EXPECT_EQ(found.waiters, 0);
  }
  EXPECT_EQ(atomic_load(&woken), 0);
  gilloc_parking_unpark_one(&bytes[0], decide);
  EXPECT_EQ(found.waiters, 1);
  threads_join(seats[0].id);
}

static void test_waiters_of_different_addresses_are_woken_apart(void **state)
{
  (void)state;
  for (unsigned i = 0; i < WAITERS; i++) {
    seats[i].address = &bytes[i];
    threads_start(&seats[i].id, sit, &seats[i]);
    threads_await_asleep(&seats[i].tid);
  }
  for (unsigned i = WAITERS; i-- > 0;) {
    gilloc_parking_unpark_one(&bytes[i], decide);
    EXPECT_EQ(found.waiters, 1);
    threads_join(seats[i].id);
    EXPECT_EQ(seats[i].place, WAITERS - i);
  }
}

static bool clear_byte(uint8_t *address, struct gilloc_parking_found seen)
{
  (void)seen;
  __atomic_store_n(address, 0, __ATOMIC_RELAXED);
  return false;
}

static void *park_once(void *argument)
{
  struct gilloc_parking_waiter waiter = {.since_ns = gilloc_clock_ns()};
  atomic_fetch_add(&woken, 1);
  gilloc_parking_park(&waiter, argument, PARKED_VALUE);
  return NULL;
}

/* The change of the byte and the look at it exclude each other: whoever parks is seen by the unpark. */
static void test_no_wake_up_falls_between_the_look_and_the_sleep(void **state)
{
  (void)state;
  for (unsigned i = 0; i < (GILLOC_TSAN ? 300 : 2000); i++) {
    pthread_t id;
    atomic_store(&woken, 0);
    __atomic_store_n(&bytes[0], PARKED_VALUE, __ATOMIC_RELAXED);
    threads_start(&id, park_once, &bytes[0]);
    threads_await(&woken, i % 2);
    gilloc_parking_unpark_one(&bytes[0], clear_byte);
    threads_join(id);
  }
}

static void forget_waiters(void)
{
  gilloc_parking_after_fork_child();
  hand_over = true;
  gilloc_parking_unpark_one(&bytes[0], decide);
  COUNT_UNLESS(found.waiters == 0);
}

static void test_child_of_a_fork_forgets_the_waiters(void **state)
{
  (void)state;
  seat_threads(1, &bytes[0]);
  int status = threads_fork(forget_waiters);
  gilloc_parking_unpark_one(&bytes[0], decide);
  threads_join(seats[0].id);
  EXPECT_EQ(status, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_park_does_not_sleep_when_the_byte_has_changed, begin),
      cmocka_unit_test_setup(test_unpark_decides_once_when_nobody_waits, begin),
      cmocka_unit_test_setup(test_unparked_waiter_is_woken_to_try_again, begin),
      cmocka_unit_test_setup(test_unparked_waiter_is_handed_what_it_waits_for_if_so_decided, begin),
      cmocka_unit_test_setup(test_decision_sees_how_long_the_first_waiter_has_wanted, begin),
      cmocka_unit_test_setup(test_decision_sees_one_waiter_or_more_than_one, begin),
      cmocka_unit_test_setup(test_first_to_park_is_first_to_wake, begin),
      cmocka_unit_test_setup(test_unpark_wakes_nobody_at_another_address, begin),
      cmocka_unit_test_setup(test_waiters_of_different_addresses_are_woken_apart, begin),
      cmocka_unit_test_setup(test_no_wake_up_falls_between_the_look_and_the_sleep, begin),
      cmocka_unit_test_setup(test_child_of_a_fork_forgets_the_waiters, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
