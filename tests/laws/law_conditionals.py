# SPDX-License-Identifier: MIT
"""#if and its kin stand where the machine and the strategy are known, and nowhere else. Elsewhere only include
guards, each name once, and in public headers `#ifdef __cplusplus`."""
import fnmatch
import sys

import tree as t

ALLOWED = ("sync/base.h", "sync/platform.[ch]", "sync/lock*.h", "sync/guard.h")
CONDITIONAL = {"if", "ifdef", "ifndef", "elif", "else", "endif"}


def strip_include_guard(found):
    """The directives within an include guard, and the guard's name; None where there is no guard."""
    if len(found) < 3 or found[0][1] != "ifndef" or found[-1][1] != "endif":
        return found, None
    if found[1][1] != "define" or found[1][2] != found[0][2]:
        return found, None
    return found[2:-1], found[0][2]


def strip_cplusplus(found):
    conditional = [d for d in found if d[1] in CONDITIONAL]
    while len(conditional) >= 2 and conditional[0][1:] == ("ifdef", "__cplusplus") and conditional[1][1] == "endif":
        conditional = conditional[2:]
    return conditional


def main(root):
    tree = t.Tree(root)
    guards = {}
    files = tree.c_files()
    for path in files:
        found = list(t.directives(path.read_text()))
        if path.suffix == ".h":
            found, guard = strip_include_guard(found)
            if guard is None:
                tree.breach(path, 1, "no include guard around all of the header")
            elif guard in guards:
                tree.breach(path, 1, f"the include guard {guard} is that of {guards[guard]}")
            guards[guard] = tree.name(path)
        if path.parent.name == "gilloc":
            found = strip_cplusplus(found)
        if not any(fnmatch.fnmatch(tree.name(path), pattern) for pattern in ALLOWED):
            for line, keyword, rest in found:
                if keyword in CONDITIONAL:
                    tree.breach(path, line, f"#{keyword} {rest}".rstrip() + " does not belong here")
    tree.finish(f"{len(files)} files")


main(*sys.argv[1:])
