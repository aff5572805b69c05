// SPDX-License-Identifier: MIT
//
// A program that replaces operator new alone: its blocks come from malloc and are larger than what was asked for, and
// the library's own delete, which gets the size that was asked for, takes them.
#include <cstdio>
#include <cstdlib>
#include <new>

void *operator new(std::size_t size)
{
  if (void *p = std::malloc(size + 64))
    return p;
  throw std::bad_alloc();
}

int main()
{
  enum { BLOCKS = 100000, SIZE = 100 };
  static void *blocks[BLOCKS];
  std::free(std::malloc(SIZE)); // there is a place for blocks of this size
  for (int round = 0; round < 2; round++) {
    for (void *&p : blocks)
      p = round ? operator new(SIZE) : operator new[](SIZE);
    for (void *p : blocks)
      round ? operator delete(p, std::size_t(SIZE)) : operator delete[](p, std::size_t(SIZE));
  }
  std::puts("done");
}
