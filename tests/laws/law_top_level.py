# SPDX-License-Identifier: MIT
"""The top folder holds what the plan of the house says, dot files and the build."""
import sys

import tree as t

ALLOWED = set(
    "CMakeLists.txt CMakePresets.json LICENSE README.md check docs include lab src stress sync tests build".split()
)


def main(root):
    tree = t.Tree(root)
    entries = sorted(tree.root.iterdir())
    for path in entries:
        if path.name not in ALLOWED and not path.name.startswith("."):
            tree.breach(path, 1, "does not belong into the top folder")
    tree.finish(f"{len(entries)} entries")


main(*sys.argv[1:])
