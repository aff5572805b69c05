# SPDX-License-Identifier: MIT
# timeout: 300
"""`gilloc record` writes every allocation of a program, however it ends, and `gilloc replay` carries them out on each
flavour, in threads, verified; with --addresses the same offsets every time."""
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

FLAVOURS = ("none", "gil", "fine")

# Hands blocks from thread to thread, forks, grows, and ends by what its argument says.
PROGRAM = r"""
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
enum { BLOCKS = 2000, THREADS = 4 };
static void *blocks[THREADS][BLOCKS];
static pthread_barrier_t barrier;
static void *work(void *argument)
{
  int me = *(int *)argument;
  for (int i = 0; i < BLOCKS; i++)
    blocks[me][i] = i % 3 ? malloc(i) : calloc(i, 3);
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < BLOCKS; i++)
    blocks[(me + 1) % THREADS][i] = realloc(blocks[(me + 1) % THREADS][i], 2 * i + 1);
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < BLOCKS; i++)
    free(blocks[(me + 2) % THREADS][i]);
  return NULL;
}
static void *be_brief(void *argument)
{
  free(argument);
  return malloc(313131);
}
int main(int argc, char **argv)
{
  pthread_t threads[THREADS];
  int numbers[THREADS];
  void *aligned;
  if (argc > 2)
    execl(argv[0], argv[0], argv[1], (char *)0);
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    numbers[i] = i;
    pthread_create(&threads[i], NULL, work, &numbers[i]);
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  for (int i = 0; i < 300; i++) {
    void *result;
    pthread_create(&threads[0], NULL, be_brief, malloc(313131));
    pthread_join(threads[0], &result);
    free(result);
  }
  if (posix_memalign(&aligned, 4096, 777777) != 0)
    return 1;
  if (fork() == 0) {
    free(malloc(123456));
    _exit(0);
  }
  wait(NULL);
  free(malloc(654321));
  if (argv[1][0] == 'k')
    raise(SIGKILL);
  if (argv[1][0] == 'q')
    _exit(7);
  return 0;
}
"""


def replay(trace, *options):
    return expect_success(run([GILLOC, "replay", *options, trace])).stdout.decode()


def operations(report):
    pattern = r"^operations +(\d+): (\d+) malloc, (\d+) calloc, (\d+) realloc, (\d+) free"
    return [int(n) for n in re.search(pattern, report, re.M).groups()]


def compile_program(folder):
    (folder / "program.c").write_text(PROGRAM)
    expect_success(run(["cc", "-O0", "-fno-builtin", "-pthread", "-o", folder / "program", folder / "program.c"]))
    return folder / "program"


def record_program(folder, program, arguments, status):
    trace = folder / "program.trace"
    recorded = run([GILLOC, "record", "--text", "-o", trace, "--", program, *arguments])
    expect(recorded.returncode == status, f"{arguments}: status {recorded.returncode}: {recorded.stderr.decode()}")
    lines = trace.read_text().split("\n")
    expect(lines[0] == "gilloc-trace 1", f"the first line is {lines[0]!r}")
    sizes = [line.split()[-1] for line in lines if line.startswith("m ")]
    expect("123456" not in sizes, "the forked child was recorded")
    expect(sizes.count("654321") == 1 and sizes.count("777777") == 1, f"{arguments}: an allocation got lost")
    expect(sizes.count("313131") == 600, f"{arguments}: a short thread's allocation got lost")
    threads = {line.split()[1] for line in lines if line.startswith("t ")}
    expect(len(threads) <= 5, f"{arguments}: {len(threads)} thread numbers for at most 5 threads at once")
    expect(sum(line.startswith("r ") for line in lines) == 8000, f"{arguments}: not every realloc is there")
    expect(sum(line.startswith("c ") for line in lines) >= 2668, f"{arguments}: not every calloc is there")
    for flavour in FLAVOURS:
        report = replay(trace, "--flavour", flavour)
        expect(operations(report)[3] == 8000, f"{flavour}: {report}")
        expect("no block overlapped" in report, f"{flavour}: {report}")
        expect(("replayed in one" in report) == (flavour == "none"), f"{flavour}: {report}")
    return trace


def expect_endings(folder):
    program = compile_program(folder)
    for arguments, status in ((["end"], 0), (["quit"], 7), (["kill"], 128 + signal.SIGKILL), (["end", "exec"], 0)):
        record_program(folder, program, arguments, status)
    left = sorted(p.name for p in folder.iterdir())
    expect(left == ["program", "program.c", "program.trace"], f"files are left: {left}")
    missing = run([GILLOC, "record", "-o", folder / "none.trace", "--", "no-such-command"])
    expect(missing.returncode == 127 and not (folder / "none.trace").exists(), f"no such command: {missing}")


def expect_sort(folder):
    words = folder / "words"
    words.write_text("".join(f"{n * 7919 % 20011}\n" for n in range(20000)))
    traces = []
    for form in ([], ["--text"]):
        traces.append(folder / f"sort{len(form)}.trace")
        recorded = expect_success(run([GILLOC, "record", *form, "-o", traces[-1], "--", "sort", words]))
        expect(recorded.stdout == expect_success(run(["sort", words])).stdout, "sort printed something else")
    expect(traces[0].stat().st_size * 2 < traces[1].stat().st_size, "the binary form is not compact")
    for flavour in FLAVOURS:
        counts = [operations(replay(trace, "--flavour", flavour)) for trace in traces]
        expect(counts[0] == counts[1] and counts[0][0] > 20, f"{flavour}: {counts}")


def expect_python(folder):
    script, trace = folder / "script.py", folder / "script.trace"
    script.write_text("import json, sys\nprint(len(json.dumps(list(range(5000)))), sys.argv[1:])\n")
    recorded = run([GILLOC, "record", "--python", script, "-o", trace, "--", "an", "argument"])
    if recorded.returncode == 2 and b"not built in" in recorded.stderr:
        print("no libpython: the interpreter is not recorded")
        return
    expect_success(recorded)
    expect(recorded.stdout == b"28890 ['an', 'argument']\n", f"the script printed {recorded.stdout!r}")
    for flavour in FLAVOURS:
        counts = operations(replay(trace, "--flavour", flavour))
        expect(counts[0] > 100000 and counts[3] > 1000, f"{flavour}: {counts}")
    expect_same_addresses(trace)


def expect_same_addresses(trace):
    """Where the build has the geometry. The offsets depend on the trace and the core, not on its guard."""
    built = [f for f in ("none", "gil") if (BUILD / f"libexec/gilloc/gilloc-replay-{f}-py311").exists()]
    printed = {replay(trace, "--flavour", f, "--geometry", "py311", "--addresses") for f in built for _ in range(2)}
    expect(len(printed) == (1 if built else 0), "the addresses differ")
    for lines in printed:
        expect(lines.startswith("A +0 1048576\n"), f"the first lines are {lines[:100]!r}")
        wrong = [l for l in lines.splitlines() if not re.fullmatch(r"\d+ (\+\d+|raw)|[Aa] \+\d+ \d+", l)]
        expect(not wrong, f"no address: {wrong[:3]}")


def expect_addresses(folder):
    if not (BUILD / "libexec/gilloc/gilloc-replay-none-py311").exists():
        return
    trace = folder / "small.trace"
    trace.write_text("gilloc-trace 1\nm 1 100\nm 2 600\nm 3 100\nf 1\nt 1\nc 4 10 10\ns\nr 4 200\nf 3\n")
    options = ("--flavour", "none", "--geometry", "py311", "--addresses")
    lines = replay(trace, *options).splitlines()
    expect([l for l in lines if re.match(r"[Aa\d]+ (\+|raw)", l)] ==
           ["A +0 1048576", "1 +48", "2 raw", "3 +160", "4 +48", "4 +16432"], f"addresses {lines}")
    expect(sum("bytes lost to pool headers" in l for l in lines) == 1, "the line s printed no statistics")
    more = replay(trace, *options, "--stats").splitlines()
    expect(sum("bytes lost to pool headers" in l for l in more) == 2, "--stats printed no statistics")
    moved = replay(trace, *options, "--misalign", "4096").splitlines()
    expect(moved[:2] == ["A +4096 1048576", "1 +16432"], f"misaligned addresses {moved[:2]}")


def main():
    need("cc", "sort")
    with scratch() as name:
        expect_endings(pathlib.Path(name))
        expect_sort(pathlib.Path(name))
        expect_python(pathlib.Path(name))
        expect_addresses(pathlib.Path(name))
    done()


main()
