# SPDX-License-Identifier: MIT
"""What the script tests share: where the built command is, running it, comparing a program with itself under
`gilloc run`, and how a test ends: 0 passed, 1 failed, 77 skipped."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("GILLOC_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("GILLOC_BUILD_DIR", SOURCE / "build" / "release"))
GILLOC = os.environ.get("GILLOC_BIN", str(BUILD / "bin" / "gilloc"))
NOBODY = 65534

checks = 0


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            skip(f"there is no {program}")


def fail(what):
    print(f"FAILED: {what}")
    sys.exit(1)


def expect(holds, what):
    global checks
    checks += 1
    if not holds:
        fail(what)


def done():
    print(f"{checks} checks")


def flavour_argument():
    return sys.argv[1] if len(sys.argv) > 1 else "fine"


def scratch():
    """A folder of this test's own, gone when the test has ended."""
    return tempfile.TemporaryDirectory(prefix="gilloc-test-")


def run(command, **options):
    options.setdefault("timeout", 300)
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def under(flavour, command):
    return [GILLOC, "run", "--flavour", flavour, "--", *command]


def difference(plain, other):
    if plain == other:
        return None
    at = next((i for i, (a, b) in enumerate(zip(plain, other)) if a != b), min(len(plain), len(other)))
    return f"{len(plain)} and {len(other)} bytes, first difference at {at}: {plain[at:at + 60]!r} and {other[at:at + 60]!r}"


def compare(flavour, command, before=None, **options):
    """Runs the command plainly and on the flavour; both must say the same and end alike. `before` makes the
    folder what it was before each of the two. Gives back the plain run."""
    runs = []
    for argv in (command, under(flavour, command)):
        if before:
            before()
        runs.append(run(argv, **options))
    plain, other = runs
    name = f"{command[0]} on {flavour}"
    expect(plain.returncode == other.returncode,
           f"{name}: status {other.returncode}, plainly {plain.returncode}\n{other.stderr.decode(errors='replace')}")
    for stream in ("stdout", "stderr"):
        said = difference(getattr(plain, stream), getattr(other, stream))
        expect(said is None, f"{name}: {stream} differs: {said}")
    return plain


def expect_success(finished):
    expect(finished.returncode == 0, f"{finished.args[0]}: status {finished.returncode}\n{finished.stderr.decode()}")
    return finished
