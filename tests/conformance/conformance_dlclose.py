# SPDX-License-Identifier: MIT
# flavours: fine
# timeout: 300
"""The build for dlclose: opened, used, closed 1,100 times and more, which leaves neither library nor memory, thread nor key;
closed with a block in use, which stays, and with threads that outlive it; closed when the process ends."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAM = pathlib.Path(__file__).resolve().parent / "programs" / "dlclose.c"
ROUNDS = 1100  # a process has 1,024 keys
CC = os.environ.get("CC", "cc")


def main():
    need(CC)
    library = BUILD / "lib" / f"libgilloc-{flavour_argument()}-dlclose.so"
    if not library.exists():
        skip(f"this build has no {library.name}")
    with scratch() as name:
        program = pathlib.Path(name) / "program"
        expect_success(run([CC, "-D_GNU_SOURCE", "-O1", "-fno-builtin", "-o", program, PROGRAM, "-pthread", "-ldl"]))
        closed = run([program, library, ROUNDS], timeout=200)
        said = f"status {closed.returncode}: {closed.stdout} {closed.stderr}"
        expect(closed.returncode == 0 and closed.stdout.endswith(b"done\n") and closed.stderr == b"", said)
        print(closed.stdout.decode().splitlines()[0])
    done()


main()
