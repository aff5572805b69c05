# SPDX-License-Identifier: MIT
# flavours: none gil fine
"""What the start of a program that allocates nothing writes of the preloaded library: the page that the loader
protects once it has relocated it, and one of data; of what is zero at first, no more than lies in that page."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAM = r"""
#include <fcntl.h>
#include <unistd.h>

static char chunk[4096];

int main(void)
{
  int file = open("/proc/self/smaps", O_RDONLY);
  ssize_t bytes;
  while ((bytes = read(file, chunk, sizeof chunk)) > 0)
    if (write(STDOUT_FILENO, chunk, (size_t)bytes) != bytes)
      return 1;
  return bytes == 0 ? 0 : 1;
}
"""
PAGE_KIB = 4


def mappings(smaps):
    """Start, end, path and KiB written of each."""
    found = []
    for line in smaps.splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+\s*(.*)", line)
        written = re.match(r"Anonymous: +(\d+) kB", line)
        if head:
            found.append({"start": head[1], "end": head[2], "path": head[3]})
        elif written:
            found[-1]["written"] = int(written[1])
    return found


def written_of(found, library):
    """KiB written of the library's file, and of the nameless mapping behind it, which holds what is zero at first."""
    ours = [m for m in found if library in m["path"]]
    expect(len(ours) >= 2, f"{library} is not there: {found}")
    behind = [m for m in found if m["start"] == ours[-1]["end"] and m["path"] == ""]
    expect(len(behind) == 1, f"nothing behind {library}: {found}")
    return sum(m["written"] for m in ours), behind[0]["written"]


def main():
    need("cc")
    if "GILLOC_DEBUG_BUILD:BOOL=ON" in (BUILD / "CMakeCache.txt").read_text():
        skip("in debug builds locks know their rank: thousands of them are not zero at first")
    flavour = flavour_argument()
    with scratch() as folder:
        source, program = pathlib.Path(folder) / "smaps.c", pathlib.Path(folder) / "smaps"
        source.write_text(PROGRAM)
        expect_success(run(["cc", "-O1", "-o", program, source]))
        found = mappings(expect_success(run(under(flavour, [program]))).stdout.decode())
    file_kib, zero_kib = written_of(found, f"libgilloc-{flavour}.so")
    expect(file_kib <= 2 * PAGE_KIB, f"{file_kib} KiB of the file were written: {found}")
    expect(zero_kib == 0, f"{zero_kib} KiB of what is zero at first were written: {found}")
    done()


main()
