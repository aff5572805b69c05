# SPDX-License-Identifier: MIT
# flavours: none gil fine
"""C++'s operators: all forms with and without memory, a program that replaces some, and a C program that opens a
C++ library, whose exceptions the preloaded library must find; the same as without it. The libraries themselves need
no C++ library."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

HERE = pathlib.Path(__file__).resolve().parent / "programs"
LIBRARY = r"""
#include <new>
void *volatile sink;
extern "C" int opened(std::size_t size)
{
  if (operator new(size, std::nothrow))
    return 1;
  try { sink = operator new(size); } catch (const std::bad_alloc &) { return 0; }
  return 2;
}
"""
OPENER = r"""
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stddef.h>
int main(int argc, char **argv)
{
  void *library = dlopen(argv[argc - 1], RTLD_NOW | RTLD_LOCAL);
  int (*opened)(size_t) = library ? (int (*)(size_t))dlsym(library, "opened") : NULL;
  printf("%d\n", opened ? opened(PTRDIFF_MAX - 100) : -1);
  return 0;
}
"""


def build(folder, *arguments):
    subprocess.run([str(a) for a in arguments], cwd=folder, check=True)


def main():
    need("c++", "cc", "ldd")
    flavour = flavour_argument()
    with scratch() as name:
        folder = pathlib.Path(name)
        cxx = ["c++", "-std=c++17", "-O1", "-fno-builtin"]
        build(folder, *cxx, "-o", "operators", HERE / "operators.cc")
        plain = compare(flavour, [str(folder / "operators")])
        expect(plain.returncode == 0 and plain.stdout.endswith(b"done\n"), f"plainly: {plain.stdout}")
        for definition in ("-DPLAIN", "-DARRAYS"):
            build(folder, *cxx, definition, "-o", "replaced", HERE / "replaced.cc")
            counted = compare(flavour, [str(folder / "replaced")])
            expect(b"plain: 3 3\narrays: 6 6\n" in counted.stdout, f"plainly: {counted.stdout}")
        build(folder, *cxx, "-o", "replaced_new", HERE / "replaced_new.cc")
        expect(compare(flavour, [str(folder / "replaced_new")]).stdout == b"done\n", "operator new alone, plainly")
        (folder / "library.cc").write_text(LIBRARY)
        (folder / "opener.c").write_text(OPENER)
        build(folder, *cxx, "-shared", "-fPIC", "-o", "libopened.so", "library.cc")
        build(folder, "cc", "-o", "opener", "opener.c", "-ldl")
        opened = compare(flavour, [str(folder / "opener"), str(folder / "libopened.so")])
        expect(opened.stdout == b"0\n", f"plainly: {opened.stdout}")
    needed = expect_success(run(["ldd", BUILD / "lib" / f"libgilloc-{flavour}.so"])).stdout
    expect(b"stdc++" not in needed, f"a C program would load the C++ library: {needed}")
    done()


main()
