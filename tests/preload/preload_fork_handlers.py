# SPDX-License-Identifier: MIT
# flavours: none gil fine
"""A library that the program links registers fork handlers from its constructor, which allocate and free. The
preloaded library's own handlers must stand inside them, as the C library's do: otherwise fork hangs."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

LIBRARY = r"""
#include <pthread.h>
#include <stdlib.h>
static void work(void)
{
  for (size_t size = 1; size < 20000; size += 97) {
    void *volatile block = malloc(size);
    free(block);
  }
}
__attribute__((constructor)) static void start(void) { pthread_atfork(work, work, work); }
int library_linked = 1;
"""
PROGRAM = r"""
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
extern int library_linked;
int main(void)
{
  int status = library_linked;
  pid_t child = fork();
  if (child == 0)
    _exit(7);
  waitpid(child, &status, 0);
  printf("%d\n", WEXITSTATUS(status));
  return 0;
}
"""


def main():
    need("cc")
    with scratch() as name:
        folder = pathlib.Path(name)
        (folder / "library.c").write_text(LIBRARY)
        (folder / "program.c").write_text(PROGRAM)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", "libwork.so", "library.c"], cwd=folder, check=True)
        rpath = "-Wl,-rpath," + str(folder)
        subprocess.run(["cc", "-o", "program", "program.c", "-L.", "-lwork", rpath], cwd=folder, check=True)
        plain = compare(flavour_argument(), [str(folder / "program")])
        expect(plain.returncode == 0 and plain.stdout == b"7\n", f"the program itself failed: {plain.stdout}")
    done()


main()
