# SPDX-License-Identifier: MIT
# flavours: none gil fine
"""GILLOC_OPTIONS on real programs: what is right is silent and works, even before the C library has an environment;
what is wrong is one line on stderr, and the program goes on. stats_at_exit prints though the program closes stderr."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"


def run_with(library, options, command, **environment):
    return run(command, env={**os.environ, **environment, "LD_PRELOAD": str(library), "GILLOC_OPTIONS": options})


def main():
    need("cc", "sort", "env")
    flavour = flavour_argument()
    library = BUILD / "lib" / f"libgilloc-{flavour}.so"
    printed = run_with(library, "stats_at_exit=1", ["sort", "--version"])  # closes stderr before it ends
    expect(printed.returncode == 0, f"status {printed.returncode}")
    expect(b"# bytes in allocated blocks" in printed.stderr, f"no statistics: {printed.stderr}")
    silent = run_with(library, "stats_at_exit=0,", ["sort", "--version"])
    expect(silent.stderr == b"" and silent.stdout == printed.stdout, f"said {silent.stderr}")
    wrong = run_with(library, "decay=5,stats_at_exit=yes", ["sort", "--version"])
    lines = wrong.stderr.decode().splitlines()
    expect(wrong.returncode == 0 and wrong.stdout == printed.stdout, "a wrong option stopped the program")
    expect(len(lines) == 2, f"not a line for each: {lines}")
    expect(lines[0].startswith("gilloc: GILLOC_OPTIONS: there is no option 'decay'; there are "), lines[0])
    expect(lines[1] == "gilloc: GILLOC_OPTIONS: 'yes' is no value of stats_at_exit, which takes 0 or 1; its default stays",
           lines[1])
    for option in lines[0].split("there are ")[1].split(", "):
        for page in ("docs/options.md", "docs/man/gilloc.7"):
            expect(option in (SOURCE / page).read_text(), f"{page} does not tell of {option}")
    with scratch() as name:
        program = pathlib.Path(name) / "early"
        subprocess.run(["cc", "-o", program, PROGRAMS / "early.c", library, f"-Wl,-rpath,{library.parent}"], check=True)
        padding = {f"PADDING_{i}": "GILLOC_OPTIONS=stats_at_exit=7" * 20 for i in range(40)}
        early = run_with("", "stats_at_exit=1", [program], **padding)
        expect(early.stdout == b"1 1\n", f"the resolver was told {early.stdout} {early.stderr}")
        early = run(["env", "-i", program])
        expect(early.stdout == b"0 0\n" and early.stderr == b"", f"without an environment: {early.stdout}")
    done()


main()
