# SPDX-License-Identifier: MIT
# flavours: none gil fine
"""The preloaded library really serves malloc and its kin, all of them, and nothing else does."""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct flavour { const char *strategy, *lock, *geometry; };

int main(void)
{
  const char *names[] = {"malloc", "calloc", "realloc", "reallocarray", "free", "posix_memalign", "aligned_alloc",
                         "memalign", "valloc", "pvalloc", "malloc_usable_size", "malloc_trim", "mallinfo", "mallinfo2",
                         "malloc_info", "malloc_stats", "mallopt"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    Dl_info info;
    void *function = dlsym(RTLD_DEFAULT, names[i]);
    if (!function || !dladdr(function, &info))
      return 2;
    const char *slash = strrchr(info.dli_fname, '/');
    printf("%s %s\n", names[i], slash ? slash + 1 : info.dli_fname);
  }
  struct flavour (*flavour)(void) = (struct flavour (*)(void))dlsym(RTLD_DEFAULT, "gilloc_flavour");
  size_t (*usable)(const void *) = (size_t (*)(const void *))dlsym(RTLD_DEFAULT, "gilloc_usable_size");
  printf("strategy %s\n", flavour ? flavour().strategy : "of nobody");
  char *p = malloc(100), *q = strdup("a string of the C library's own making");
  if (usable)
    printf("usable %d %d\n", usable(p) >= 100 && usable(p) == malloc_usable_size(p), usable(q) >= strlen(q) + 1);
  free(p);
  free(q);
  return 0;
}
"""


def main():
    need("cc")
    flavour = flavour_argument()
    with scratch() as folder:
        source, program = pathlib.Path(folder) / "ask.c", pathlib.Path(folder) / "ask"
        source.write_text(PROGRAM)
        expect_success(run(["cc", "-fno-builtin", "-o", program, source, "-ldl"]))
        plain = expect_success(run([program])).stdout.decode().splitlines()
        ours = expect_success(run(under(flavour, [program]))).stdout.decode().splitlines()
    expect("strategy of nobody" in plain, f"the plain run is not plain: {plain}")
    expect(f"strategy {flavour}" in ours, f"not on {flavour}: {ours}")
    names = [line for line in ours if "libgilloc" in line]
    expect(len(names) == 17, f"only {names} are the library's")
    for line in names:
        name, library = line.split()
        expect(library.startswith(f"libgilloc-{flavour}.so"), f"{name} is served by {library}")
    expect("usable 1 1" in ours, f"blocks of malloc and strdup are not the library's: {ours}")
    done()


main()
