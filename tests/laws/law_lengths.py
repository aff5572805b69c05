# SPDX-License-Identifier: MIT
"""Functions of at most 60 lines, bodies in headers of at most 25, files of at most 500. The brace that opens a
function stands alone on its line."""
import re
import sys

import tree as t

LONGEST_FILE, LONGEST_FUNCTION, LONGEST_IN_HEADER = 500, 60, 25


def bodies(lines):
    """(first line, length) of each function body, both braces counted."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.startswith("}") and start:
            yield start, number - start + 1
            start = None


def main(root):
    tree = t.Tree(root)
    functions = 0
    files = tree.c_files()
    for path in files:
        lines = t.without_literals(path.read_text()).split("\n")
        if len(lines) - 1 > LONGEST_FILE:
            tree.breach(path, len(lines) - 1, f"the file has {len(lines) - 1} lines, more than {LONGEST_FILE}")
        limit = LONGEST_IN_HEADER if path.suffix == ".h" else LONGEST_FUNCTION
        for start, length in bodies(lines):
            functions += 1
            if length > limit:
                tree.breach(path, start, f"a function of {length} lines, more than {limit}")
        for number, line in enumerate(lines, 1):
            if re.match(r"[A-Za-z].*\)\s*\{\s*$", line):
                tree.breach(path, number, "the brace of a function stands on its own line")
    tree.finish(f"{len(files)} files, {functions} functions")


main(*sys.argv[1:])
