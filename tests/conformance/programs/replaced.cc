// SPDX-License-Identifier: MIT
//
// A program that replaces some operators counts what comes through them: the others are defined by these.
// Which ones it replaces says -DARRAYS.
#include <cstdio>
#include <cstdlib>
#include <new>

static int news, deletes;

void *operator new(std::size_t size)
{
  news++;
  if (void *p = std::malloc(size + 32))
    return static_cast<char *>(p) + 32; // no other delete can free this
  throw std::bad_alloc();
}

void operator delete(void *p) noexcept
{
  deletes++;
  if (p)
    std::free(static_cast<char *>(p) - 32);
}

#ifdef ARRAYS
static int array_news, array_deletes;

void *operator new[](std::size_t size)
{
  array_news++;
  return operator new(size);
}

void operator delete[](void *p) noexcept
{
  array_deletes++;
  operator delete(p);
}
#endif

int main()
{
  using std::nothrow;
  operator delete(operator new(10));
  operator delete(operator new(10), std::size_t(10));
  operator delete(operator new(10, nothrow), nothrow);
  std::printf("plain: %d %d\n", news, deletes);
  operator delete[](operator new[](10));
  operator delete[](operator new[](10), std::size_t(10));
  operator delete[](operator new[](10, nothrow), nothrow);
  std::printf("arrays: %d %d\n", news, deletes);
#ifdef ARRAYS
  std::printf("of them by the array's operators: %d %d\n", array_news, array_deletes);
#endif
  operator delete[](operator new[](10, std::align_val_t(64)), std::align_val_t(64));
  std::printf("aligned: %d %d\n", news, deletes);
}
