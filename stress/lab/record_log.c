/* SPDX-License-Identifier: MIT
 *
 * record_log.c: the writing side of record_log.h. The file is opened anew by its path for each chunk,
 * because a program may close descriptors that it does not know, and reuse their numbers.
 */
#include "record_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* On a page of its own that the kernel clears in a forked child. */
struct state {
  atomic_bool recording;
};

/* Written once, by start, before any other thread can be there. */
static struct state *state;
static struct gilloc_record_head *head;
static char path[GILLOC_RECORD_PATH_MAX];

/* Where a thread writes. */
struct cursor {
  struct gilloc_record_chunk *chunk; /* NULL: the thread has no lane */
  uint64_t lane;                     /* number + 1 */
  unsigned used;                     /* events */
};

static _Thread_local struct cursor cursor __attribute__((tls_model("initial-exec")));

/* The lanes that ended threads have left, linked through their last chunks. */
static pthread_mutex_t idle_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct gilloc_record_chunk *idle;
static pthread_key_t thread_end;

enum { EVENTS_PER_CHUNK = GILLOC_RECORD_CHUNK / sizeof(struct gilloc_record_event) - 1 };

static bool is_recording(void)
{
  return state && atomic_load_explicit(&state->recording, memory_order_acquire);
}

static void *map_part(off_t offset, size_t size)
{
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0)
    return NULL;
  /* Room on the disk is taken now: a full disk shall be an error here and not a SIGBUS later. */
  int error = posix_fallocate(file, offset, (off_t)size);
  void *mapped = MAP_FAILED;
  if (error == 0) {
    mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
    error = errno;
  }
  (void)close(file);
  errno = error;
  return mapped == MAP_FAILED ? NULL : mapped;
}

static bool is_wanted(void)
{
  const char *file = getenv(GILLOC_RECORD_FILE_VARIABLE);
  const char *pid = getenv(GILLOC_RECORD_PID_VARIABLE);
  if (!file || !pid || strlen(file) >= sizeof path || strtol(pid, NULL, 10) != (long)getpid())
    return false;
  strcpy(path, file);
  return true;
}

/* A thread ends. What it still allocates gets it a lane again. */
static void leave_lane(void *unused)
{
  (void)unused;
  if (!is_recording() || !cursor.chunk)
    return;
  (void)pthread_mutex_lock(&idle_mutex);
  cursor.chunk->idle_used = cursor.used;
  cursor.chunk->idle_next = (uintptr_t)idle;
  idle = cursor.chunk;
  (void)pthread_mutex_unlock(&idle_mutex);
  cursor = (struct cursor){NULL, 0, 0};
}

void gilloc_record_log_start(void)
{
  int error = errno;
  if (!state && is_wanted()) {
    struct state *page =
        mmap(NULL, GILLOC_RECORD_HEAD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    head = map_part(0, GILLOC_RECORD_HEAD);
    if (head && pthread_key_create(&thread_end, leave_lane) == 0 && page != MAP_FAILED &&
        madvise(page, GILLOC_RECORD_HEAD, MADV_WIPEONFORK) == 0) {
      state = page;
      atomic_store_explicit(&state->recording, true, memory_order_release);
      gilloc_record_log_put(GILLOC_RECORD_IMAGE, (struct gilloc_record_event){0});
    }
  }
  errno = error;
}

static void give_up(int error)
{
  __atomic_store_n(&head->lost, (uint64_t)(error ? error : EIO), __ATOMIC_RELAXED);
  atomic_store_explicit(&state->recording, false, memory_order_relaxed);
}

/* A new chunk for the thread's lane, behind what it has. */
static bool add_chunk(void)
{
  uint64_t number = __atomic_fetch_add(&head->chunks, 1, __ATOMIC_RELAXED);
  struct gilloc_record_chunk *chunk =
      map_part((off_t)(GILLOC_RECORD_HEAD + number * GILLOC_RECORD_CHUNK), GILLOC_RECORD_CHUNK);
  if (!chunk)
    return false;
  if (cursor.chunk)
    (void)munmap(cursor.chunk, GILLOC_RECORD_CHUNK);
  chunk->lane = cursor.lane;
  cursor.chunk = chunk;
  cursor.used = 0;
  return true;
}

/* A lane for a thread that has none: one without a thread, or a new one. */
static bool enter_lane(void)
{
  (void)pthread_mutex_lock(&idle_mutex);
  struct gilloc_record_chunk *chunk = idle;
  if (chunk)
    idle = (struct gilloc_record_chunk *)(uintptr_t)chunk->idle_next;
  (void)pthread_mutex_unlock(&idle_mutex);
  if (chunk)
    cursor = (struct cursor){chunk, chunk->lane, (unsigned)chunk->idle_used};
  else
    cursor.lane = __atomic_add_fetch(&head->lanes, 1, __ATOMIC_RELAXED);
  return cursor.chunk || add_chunk();
}

/* Room for one event. Setting the key may allocate, and by then the lane is there. */
static bool make_room(void)
{
  if (!cursor.chunk) {
    if (!enter_lane())
      return false;
    (void)pthread_setspecific(thread_end, &cursor);
  }
  return cursor.used < EVENTS_PER_CHUNK || add_chunk();
}

void gilloc_record_log_put(enum gilloc_record_kind kind, struct gilloc_record_event event)
{
  if (!is_recording())
    return;
  if (!cursor.chunk || cursor.used == EVENTS_PER_CHUNK) {
    int error = errno;
    bool has_room = make_room();
    if (!has_room)
      give_up(errno);
    errno = error;
    if (!has_room)
      return;
  }
  struct gilloc_record_event *slot = &cursor.chunk->events[cursor.used++];
  event.tag =
      __atomic_add_fetch(&head->events, 1, __ATOMIC_SEQ_CST) << GILLOC_RECORD_KIND_BITS | (uint64_t)kind;
  slot->address = event.address;
  slot->first = event.first;
  slot->second = event.second;
  /* The tag last: a process killed in the midst leaves an event that the reader does not see. */
  __atomic_store_n(&slot->tag, event.tag, __ATOMIC_RELEASE);
}
