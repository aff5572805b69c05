# SPDX-License-Identifier: MIT
"""Every header compiles alone, in C, and the public ones also as strict C11 and as C++.
law_headers.py ROOT SCRATCH CC CXX [DEFINITIONS], those of a flavour, with blanks between them."""
import concurrent.futures
import pathlib
import subprocess
import sys

import tree as t

STRICT = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]


def compile_alone(command, scratch, header, suffix):
    """None, or what the compiler said about a file that includes the header alone, twice."""
    source = scratch / (header.parent.name + "_" + header.stem + "_h" + suffix)
    source.write_text(f'#include "{header}"\n#include "{header}"\nextern int not_empty;\n')
    done = subprocess.run([*command, *STRICT, str(source)], capture_output=True, text=True)
    return done.stderr if done.returncode else None


def jobs(tree, cc, cxx, options):
    folders = [f"-I{tree.root / f}" for f in ("include", "sync", "src", "stress/lab", "tests")]
    for header in tree.c_files():
        if header.suffix != ".h":
            continue
        yield header, [cc, "-std=gnu17", *options, *folders], ".c"
        if header.parent.name == "gilloc":
            yield header, [cc, "-std=c11", "-pedantic", folders[0]], ".strict.c"
            yield header, [cxx, "-std=c++11", "-pedantic", folders[0]], ".cc"


def main(root, scratch, cc, cxx, definitions=""):
    tree = t.Tree(root)
    scratch = pathlib.Path(scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    todo = list(jobs(tree, cc, cxx, [f"-D{d}" for d in definitions.split()]))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda job: compile_alone(job[1], scratch, job[0], job[2]), todo)
    for (header, command, suffix), error in zip(todo, said):
        if error:
            tree.breach(header, 1, f"does not compile alone ({command[0]} {command[1]}):\n{error}")
    tree.finish(f"{len(todo)} compilations")


main(*sys.argv[1:])
