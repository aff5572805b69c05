# SPDX-License-Identifier: MIT
"""counts.py PROGRAM GOLDEN SCRATCH [--write]: what a warm call costs in `fine`, for each operation and size class, in
instructions, loads and stores, the call itself and the PLT included. Fails where a count is above that in GOLDEN;
with --write writes GOLDEN anew (ninja golden-counts)."""
import collections
import os
import pathlib
import re
import subprocess
import sys

Cost = collections.namedtuple("Cost", "instructions loads stores")
OPERATIONS = ("malloc", "free", "free_sized", "calloc", "realloc", "usable_size")
HEAD = """# SPDX-License-Identifier: MIT
#
# What a warm call costs in `fine`: instructions, loads and stores as callgrind counts them, the call and the PLT
# included; calloc with the C library's plain memset. Sizes are the classes' blocks, from and to. tests/golden/counts.py
# holds a build to these numbers. `ninja golden-counts` writes them anew: lower them when a path gets shorter; raise
# them only with a reason in the commit.
#
# operation     from      to  instructions  loads  stores
"""


def run(program, scratch):
    """The program's output and callgrind's dumps, as text. The C library's memset must be the same on all machines."""
    scratch.mkdir(parents=True, exist_ok=True)
    out = scratch / "callgrind.out"
    for old in scratch.glob("callgrind.out*"):
        old.unlink()
    command = ["valgrind", "-q", "--tool=callgrind", "--cache-sim=yes", "--collect-atstart=no", "--combine-dumps=yes",
               "--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={out}", str(program)]
    tunables = "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM,-Prefer_No_VZEROUPPER"
    done = subprocess.run(command, check=True, capture_output=True, text=True,
                          env={**os.environ, "GLIBC_TUNABLES": tunables})
    return done.stdout, out.read_text()


def self_costs(part, events):
    """What the functions cost that are not the program's own, summed over a dump."""
    columns = [events.index(e) for e in ("Ir", "Dr", "Dw")]
    total, function, is_call = [0, 0, 0], "", False
    for line in part.splitlines():
        if line.startswith("fn="):
            function = line[3:]
        elif line.startswith("calls="):
            is_call = True
        elif re.match(r"\d", line):
            if not is_call and not function.startswith("hits_"):
                costs = [int(c) for c in line.split()[1:]]
                for i, column in enumerate(columns):
                    total[i] += costs[column] if column < len(costs) else 0
            is_call = False
    return total


def measure(program, scratch):
    """(operation, bytes) -> Cost of one call."""
    said, dumps = run(program, scratch)
    calls = int(said.split()[1])
    events = re.search(r"^events: (.*)$", dumps, flags=re.M).group(1).split()
    counts = {}
    for part in re.split(r"^part: ", dumps, flags=re.M)[1:]:
        name = re.search(r"^desc: Trigger: Client Request: (\w+) (\d+)$", part, flags=re.M)
        if name:
            total = self_costs(part, events)
            total[0] += calls  # the call instruction, and what it pushes
            total[2] += calls
            counts[name[1], int(name[2])] = Cost(*(round(t / calls) for t in total))
    return counts


def rows(counts):
    """Neighbours of one cost in one row: (operation, from, to, Cost)."""
    found = []
    for operation in OPERATIONS:
        for size in sorted(size for name, size in counts if name == operation):
            cost = counts[operation, size]
            if found and found[-1][0] == operation and found[-1][3] == cost:
                found[-1] = (operation, found[-1][1], size, cost)
            else:
                found.append((operation, size, size, cost))
    return found


def read(golden):
    for line in golden.read_text().splitlines():
        if line and not line.startswith("#"):
            operation, *numbers = line.split()
            low, high, *costs = map(int, numbers)
            yield operation, low, high, Cost(*costs)


def write(golden, counts):
    lines = (f"{o:<11} {low:>8} {high:>7} {c.instructions:>13} {c.loads:>6} {c.stores:>7}\n" for o, low, high, c in rows(counts))
    golden.write_text(HEAD + "".join(lines))


def compare(golden, counts):
    held = list(read(golden))
    more = fewer = 0
    for (operation, size), cost in counts.items():
        row = next((r for r in held if r[0] == operation and r[1] <= size <= r[2]), None)
        if row is None or any(c > h for c, h in zip(cost, row[3])):
            more += 1
            print(f"{operation} of {size}: {cost}, held: {row and row[3]}")
        elif cost != row[3]:
            fewer += 1
    if fewer:
        print(f"{fewer} counts are below {golden.name}: `ninja golden-counts` writes it anew")
    print(f"{len(counts)} counts, {more} above {golden.name}")
    return 1 if more or not counts else 0


def main(program, golden, scratch, option=None):
    counts = measure(pathlib.Path(program), pathlib.Path(scratch))
    if option == "--write":
        return write(pathlib.Path(golden), counts)
    return compare(pathlib.Path(golden), counts)


sys.exit(main(*sys.argv[1:]))
