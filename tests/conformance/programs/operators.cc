// SPDX-License-Identifier: MIT
//
// Every replaceable operator new and delete of C++17, with and without memory. Prints what happened; the same
// on any malloc. Ends with 1 where the standard says otherwise.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/resource.h>

namespace {

const std::size_t impossible = PTRDIFF_MAX - 100;
volatile std::size_t hidden_impossible = impossible;
const std::align_val_t wide{4096};
int calls_of_handler;
void *volatile sink; // or the compiler may leave the call out

void expect(bool holds, const char *what)
{
  if (!holds) {
    std::printf("FAILED: %s\n", what);
    std::exit(1);
  }
}

void *touched(void *p, std::size_t size, std::size_t alignment)
{
  expect(p && reinterpret_cast<std::uintptr_t>(p) % alignment == 0, "an aligned block");
  std::memset(p, 1, size);
  return p;
}

void all_forms(std::size_t size)
{
  using namespace std;
  const std::size_t usual = 16, aligned = static_cast<std::size_t>(wide);
  operator delete(touched(operator new(size), size, usual));
  operator delete(touched(operator new(size), size, usual), size);
  operator delete(touched(operator new(size, nothrow), size, usual), nothrow);
  operator delete[](touched(operator new[](size), size, usual));
  operator delete[](touched(operator new[](size), size, usual), size);
  operator delete[](touched(operator new[](size, nothrow), size, usual), nothrow);
  operator delete(touched(operator new(size, wide), size, aligned), wide);
  operator delete(touched(operator new(size, wide), size, aligned), size, wide);
  operator delete(touched(operator new(size, wide, nothrow), size, aligned), wide, nothrow);
  operator delete[](touched(operator new[](size, wide), size, aligned), wide);
  operator delete[](touched(operator new[](size, wide), size, aligned), size, wide);
  operator delete[](touched(operator new[](size, wide, nothrow), size, aligned), wide, nothrow);
  operator delete(nullptr);
  operator delete(nullptr, size);
  operator delete[](nullptr, size, wide);
}

template <class Call> bool throws_bad_alloc(Call call)
{
  try {
    call();
  } catch (const std::bad_alloc &) {
    return true;
  }
  return false;
}

void without_memory(const char *when)
{
  using namespace std;
  std::size_t size = hidden_impossible;
  expect(throws_bad_alloc([=] { sink = operator new(size); }), "new throws");
  expect(throws_bad_alloc([=] { sink = operator new[](size); }), "new[] throws");
  expect(throws_bad_alloc([=] { sink = operator new(size, wide); }), "aligned new throws");
  expect(throws_bad_alloc([=] { sink = operator new[](size, wide); }), "aligned new[] throws");
  expect(!operator new(size, nothrow), "nothrow new gives nullptr");
  expect(!operator new[](size, nothrow), "nothrow new[] gives nullptr");
  expect(!operator new(size, wide, nothrow), "aligned nothrow new gives nullptr");
  expect(!operator new[](size, wide, nothrow), "aligned nothrow new[] gives nullptr");
  std::printf("%s: %d calls of the handler\n", when, calls_of_handler);
}

void give_up(void)
{
  calls_of_handler++;
  throw std::bad_alloc();
}

void uninstall(void)
{
  if (++calls_of_handler % 3 == 0)
    std::set_new_handler(nullptr);
}

// Makes room: lets the process have as many addresses as before.
rlimit before;

void make_room(void)
{
  if (++calls_of_handler == 3)
    setrlimit(RLIMIT_AS, &before);
}

void handler_makes_room(void)
{
  const std::size_t size = std::size_t(3) << 30;
  getrlimit(RLIMIT_AS, &before);
  rlimit little = before;
  little.rlim_cur = 1 << 30;
  calls_of_handler = 0;
  std::set_new_handler(make_room);
  setrlimit(RLIMIT_AS, &little);
  void *p = operator new(size);
  expect(p != nullptr, "the handler made room");
  operator delete(p, size);
  std::printf("made room: %d calls of the handler\n", calls_of_handler);
  std::set_new_handler(nullptr);
}

} // namespace

int main()
{
  for (std::size_t size = 0; size < 100000; size += size < 600 ? 13 : 4999)
    all_forms(size);
  without_memory("no handler");
  std::set_new_handler(give_up);
  without_memory("a handler that throws");
  calls_of_handler = 0;
  std::set_new_handler(uninstall);
  without_memory("a handler that goes away");
  handler_makes_room();
  std::puts("done");
}
