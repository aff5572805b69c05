/* SPDX-License-Identifier: MIT
 *
 * base.h: the words every other file uses: attributes, assertions' switch, and what this library is
 * built as. Strategy and lock kind arrive from CMake as GILLOC_STRATEGY and GILLOC_LOCK and become
 * constants here, read by plain `if` everywhere else.
 */
#ifndef GILLOC_BASE_H
#define GILLOC_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gilloc_strategy { GILLOC_STRATEGY_NONE = 0, GILLOC_STRATEGY_GIL = 1, GILLOC_STRATEGY_FINE = 2 };

enum gilloc_lock_kind {
  GILLOC_LOCK_NONE = 0,
  GILLOC_LOCK_PTHREAD = 1,
  GILLOC_LOCK_FUTEX = 2,
  GILLOC_LOCK_FAS = 3,
  GILLOC_LOCK_TICKET = 4,
  GILLOC_LOCK_MCS = 5
};

#ifndef GILLOC_STRATEGY
#define GILLOC_STRATEGY 2
#endif
#ifndef GILLOC_LOCK
#define GILLOC_LOCK 2
#endif

enum {
  GILLOC_HAS_GIL = GILLOC_STRATEGY == GILLOC_STRATEGY_GIL,
  /* Per-thread caches stand in front of the centre only where there is a lock to save. */
  GILLOC_HAS_TCACHE = GILLOC_STRATEGY == GILLOC_STRATEGY_FINE
};

/* GILLOC_DEBUG: assertions on. CMake sets it in the presets debug, asan and tsan. */
#ifdef GILLOC_DEBUG_BUILD
enum { GILLOC_DEBUG = 1 };
#else
enum { GILLOC_DEBUG = 0 };
#endif

/* GILLOC_DEEP_CHECKS: assertions that walk structures. */
#ifdef GILLOC_DEEP_BUILD
enum { GILLOC_DEEP_CHECKS = 1 };
#else
enum { GILLOC_DEEP_CHECKS = 0 };
#endif

/* GILLOC_SLOW_PATHS: every operation takes its slow path (no block is served from a thread's cache). */
#ifdef GILLOC_SLOW_PATHS_BUILD
enum { GILLOC_SLOW_PATHS = 1 };
#else
enum { GILLOC_SLOW_PATHS = 0 };
#endif

/* GILLOC_CLOSABLE: dlclose unloads the library: it leaves nothing behind that would call it. */
#ifdef GILLOC_CLOSABLE_BUILD
enum { GILLOC_CLOSABLE = 1 };
#else
enum { GILLOC_CLOSABLE = 0 };
#endif

#if defined(__SANITIZE_THREAD__)
#define GILLOC_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GILLOC_TSAN 1
#endif
#endif
#ifndef GILLOC_TSAN
#define GILLOC_TSAN 0
#endif

#define GILLOC_LIKELY(x) __builtin_expect(!!(x), 1)
#define GILLOC_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define GILLOC_HOT __attribute__((hot))
#define GILLOC_COLD __attribute__((cold, noinline))
#define GILLOC_ALWAYS_INLINE inline __attribute__((always_inline))
#define GILLOC_CACHE_LINE 64
/* Keeps a value where a function's result goes, from here on: saves the hottest return a move. */
#ifdef __x86_64__
#define GILLOC_KEEP_AS_RESULT(value) __asm__("" : "+a"(value))
#else
#define GILLOC_KEEP_AS_RESULT(value) (void)(value)
#endif
/* A thread-local: of the cheapest kind where the library is loaded at start-up (linked or preloaded), of one
 * that takes no room in the threads' static block where dlopen loads it. */
#ifdef GILLOC_DLOPEN_BUILD
#define GILLOC_THREAD_LOCAL _Thread_local __attribute__((tls_model("local-dynamic")))
#else
#define GILLOC_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))
#endif
/* On a variable's declaration: it is ours, so position-independent code need not ask where it is. */
#define GILLOC_HIDDEN __attribute__((visibility("hidden")))
/* On a variable that start-up writes: zero at first, it lies all the same with those that are not, and
 * start-up touches one page of them all. */
#define GILLOC_WRITTEN_AT_START __attribute__((section(".data")))
/* The public functions; everything else is hidden in the shared libraries. */
#define GILLOC_PUBLIC __attribute__((visibility("default")))

/* Clang's capability analysis (-Wthread-safety); nothing under gcc. */
#ifdef __clang__
#define GILLOC_CAPABILITY(name) __attribute__((capability(name)))
#define GILLOC_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define GILLOC_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define GILLOC_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define GILLOC_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define GILLOC_NOT_ANALYSED __attribute__((no_thread_safety_analysis))
#else
#define GILLOC_CAPABILITY(name)
#define GILLOC_ACQUIRE(...)
#define GILLOC_RELEASE(...)
#define GILLOC_REQUIRES(...)
#define GILLOC_EXCLUDES(...)
#define GILLOC_NOT_ANALYSED
#endif

#endif
