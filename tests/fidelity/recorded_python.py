# SPDX-License-Identifier: MIT
"""A recorded run of a real Python program, of a million events and more, gives the same addresses, arenas and
statistics text in our py311 geometry as in the real pymalloc. recorded_python.py PYMALLOC_REPLAY"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

SCRIPT = """
import collections, json
table = collections.defaultdict(list)
for i in range(60000):
    table[i % 5000].append((str(i), [i], {"i": i}))
    if i % 25000 == 24999:
        table.clear()
class Node:
    def __init__(self, below):
        self.below = below
nodes = None
for i in range(30000):
    nodes = Node(nodes)
while nodes:
    nodes = nodes.below
print(len(json.dumps(table)))
"""


def first_difference(ours, real):
    for number, (a, b) in enumerate(zip(ours, real), 1):
        if a != b:
            return f"line {number}: {a!r}, pymalloc {b!r}"
    return f"{len(ours)} lines, pymalloc {len(real)}"


def main():
    with scratch() as name:
        script, trace = pathlib.Path(name) / "script.py", pathlib.Path(name) / "script.trace"
        script.write_text(SCRIPT)
        expect_success(run([GILLOC, "record", "--text", "-o", trace, "--python", script]))
        events = sum(line[:1] in b"mcrf" for line in trace.read_bytes().splitlines())
        expect(events >= 1000000, f"only {events} events")
        real = expect_success(run([sys.argv[1], trace])).stdout.splitlines()
        arenas = sum(line[:1] in (b"A", b"a") for line in real)
        expect(sum(line[:1] == b"a" for line in real) > 0, "no arena was returned")
        for flavour in ("none", "gil"):
            replay = [GILLOC, "replay", "--flavour", flavour, "--geometry", "py311", "--addresses", "--stats", trace]
            ours = expect_success(run(replay)).stdout.splitlines()
            expect(ours == real, f"{flavour}: {first_difference(ours, real)}")
    print(f"{events} events, {len(real)} lines, {arenas} of them arenas taken or returned")
    done()


main()
