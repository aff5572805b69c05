# SPDX-License-Identifier: MIT
# flavours: none gil fine
# timeout: 300
"""The archive that replaces malloc: linked into programs of C and C++, dynamic, static and static at any address, which
work; the linker takes all of the surface from it and nothing of it from the C library, also where the program itself
names no function of it. Fork handlers of the program's libraries, which allocate, do not hang."""
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
SURFACE = """malloc calloc realloc reallocarray free posix_memalign aligned_alloc memalign valloc pvalloc
malloc_usable_size malloc_trim mallinfo mallinfo2 malloc_info malloc_stats mallopt free_sized free_aligned_sized
memalignment""".split()
# What needs no catch: the nothrow forms are the C++ library's, and call these.
OPERATORS = """_Znwm _Znam _ZnwmSt11align_val_t _ZnamSt11align_val_t _ZdlPv _ZdaPv _ZdlPvm _ZdaPvm
_ZdlPvSt11align_val_t _ZdaPvSt11align_val_t _ZdlPvmSt11align_val_t _ZdaPvmSt11align_val_t""".split()
CC, CXX = os.environ.get("CC", "cc"), "c++"
KINDS = (("-pie", "-fPIE"), ("-no-pie", "-fno-pie"), ("-static", "-fno-pie"), ("-static-pie", "-fPIE"))
# A program that names no function of the surface, and a library that it links and that names them all.
IDLE = "int work(void);\nint main(void) { return work(); }\n"
LIBRARY = r"""
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void allocate(void)
{
  for (size_t size = 1; size < 20000; size += 97) {
    void *volatile block = malloc(size);
    free(block);
  }
}
__attribute__((constructor)) static void start(void)
{
  allocate();
  pthread_atfork(allocate, allocate, allocate);
}
static int has_room(void *p, size_t size)
{
  int has = p && malloc_usable_size(p) >= size && malloc_usable_size(p) < size + 4096 + size / 4;
  p = realloc(p, 5 * size);
  has = has && p && malloc_usable_size(p) >= 5 * size;
  free(p);
  return has;
}
int work(void)
{
  int status = -1;
  void *p;
  if (posix_memalign(&p, 64, 700) != 0 || !has_room(p, 700))
    return 1;
  if (!has_room(aligned_alloc(512, 1024), 1024) || !has_room(memalign(512, 1000), 1000))
    return 2;
  if (!has_room(valloc(5000), 5000) || !has_room(pvalloc(5000), 8192) || !has_room(calloc(3, 100), 300))
    return 3;
  if (!has_room(reallocarray(NULL, 3, 100), 300) || mallopt(M_ARENA_MAX, 1) != 1 || malloc_trim(0) > 1)
    return 4;
  pid_t child = fork();
  if (child == 0)
    _exit(7);
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : 5;
}
"""


class Linker:
    def __init__(self, folder, flavour):
        self.folder = folder
        archive = BUILD / "lib" / f"libgilloc-{flavour}-malloc.a"
        urcu = ["-lurcu-bp", "-lurcu-common"] if flavour == "fine" else []
        self.archive = archive
        self.libraries = ["-Wl,-u,malloc", archive, *urcu, "-pthread"]

    def link(self, compiler, source, kind, *more):
        """Builds folder/program, and expects the linker's own account of it to be right."""
        include = ["-I", SOURCE / "include"]
        account = "-Wl,--no-demangle,--cref,-Map=map"
        built = run([*compiler, "-O1", "-fno-builtin", "-D_GNU_SOURCE", *kind, *include, "-o", "program", source, *self.libraries, *more,
                     account], cwd=self.folder)
        expect(built.returncode == 0 and built.stderr == b"", f"{source.name} {kind}: {built.stderr.decode()}")
        return self.definers((self.folder / "map").read_text(), f"{source.name} {kind[0]}")

    def definers(self, text, what):
        """Symbol -> the file that defines it, from the linker's cross reference table, where that file stands first."""
        expect("(malloc.o)" not in text.split("Discarded input sections")[0], f"{what}: glibc's malloc is linked too")
        table = text.split("Cross Reference Table")[1]
        found = dict(re.findall(r"^(\S+)\s+(\S.*)$", table, flags=re.M))
        for name in SURFACE:
            expect(str(self.archive) in found.get(name, "nowhere"), f"{what}: {name} is from {found.get(name)}")
        return found

    def run(self, what, output):
        finished = run([self.folder / "program"], timeout=100)
        said = f"{what}: status {finished.returncode}, {finished.stdout} {finished.stderr}"
        expect(finished.returncode == 0 and finished.stdout == output and finished.stderr == b"", said)


def plainly(folder, cxx, source, *options):
    subprocess.run([str(a) for a in (*cxx, *options, "-O1", "-fno-builtin", "-o", "plain", source)], cwd=folder, check=True)
    return expect_success(run([folder / "plain"])).stdout


def main():
    need(CC, CXX)
    flavour = flavour_argument()
    with scratch() as name:
        folder = pathlib.Path(name)
        linker = Linker(folder, flavour)
        for kind in KINDS:
            linker.link([CC], PROGRAMS / "archive.c", kind)
            linker.run(f"archive.c {kind[0]}", f"done {flavour}\n".encode() + b"over\n")
        (folder / "library.c").write_text(LIBRARY)
        (folder / "idle.c").write_text(IDLE)
        subprocess.run([CC, "-shared", "-fPIC", "-fno-builtin", "-o", "libwork.so", "library.c"], cwd=folder, check=True)
        linker.link([CC], folder / "idle.c", KINDS[0], "-L.", "-lwork", f"-Wl,-rpath,{folder}")
        linker.run("a library's calls", b"")
        cxx = [CXX, "-std=c++17"]
        for source, options in (("operators.cc", ()), ("replaced.cc", ("-DPLAIN",)), ("replaced.cc", ("-DARRAYS",)),
                                ("replaced_new.cc", ())):
            output = plainly(folder, cxx, PROGRAMS / source, *options)
            for kind in KINDS:
                found = linker.link([*cxx, *options], PROGRAMS / source, kind)
                linker.run(f"{source} {options} {kind[0]}", output)
                for operator in OPERATORS if source == "operators.cc" else ():
                    expect(str(linker.archive) in found.get(operator, "nowhere"),
                           f"{source} {kind[0]}: {operator} is from {found.get(operator)}")
    done()


main()
