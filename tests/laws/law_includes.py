# SPDX-License-Identifier: MIT
"""The include law: a file includes only modules that docs/order.txt lists before its own, its own header first.
Every module is listed, and what is listed exists. liburcu and Concurrency Kit are included in sync/ alone."""
import re
import sys

import tree as t

SEARCHED = ("include", "sync", "src")


def resolve(tree, path, target):
    """The file that `#include "target"` in `path` means, None for a system header."""
    for folder in [path.parent] + [tree.root / s for s in SEARCHED]:
        if (folder / target).is_file():
            return (folder / target).resolve()
    return None


def check_file(tree, order, path):
    own = t.module_of(tree.name(path))
    first = True
    for line, keyword, rest in t.directives(path.read_text()):
        match = re.match(r'[<"]([^>"]+)[>"]', rest) if keyword == "include" else None
        if not match:
            continue
        target = resolve(tree, path, match.group(1)) if rest.startswith('"') or "gilloc/" in rest else None
        if rest.startswith('"') and target is None:
            tree.breach(path, line, f"there is no {rest}")
        if re.match(r"(urcu|ck_)", match.group(1)) and path.parent.name != "sync":
            tree.breach(path, line, f"{rest} is for sync/ alone")
        other = t.module_of(tree.name(target)) if target else None
        if path.suffix == ".c" and first and path.with_suffix(".h").exists() and other != own:
            tree.breach(path, line, f"the first include is not {path.stem}.h")
        first = False
        if other and other != own and order.get(other, sys.maxsize) >= order.get(own, -1):
            tree.breach(path, line, f"{own} includes {other}, which order.txt does not list before it")


def main(root):
    tree = t.Tree(root)
    order = tree.order()
    files = tree.c_files(t.ORDERED)
    modules = {t.module_of(tree.name(f)) for f in files}
    listing = tree.root / "docs/order.txt"
    for module in sorted(modules - order.keys()):
        tree.breach(listing, 1, f"{module} is not listed")
    for module in sorted(order.keys() - modules):
        tree.breach(listing, order[module], f"{module} does not exist")
    for path in files:
        check_file(tree, order, path)
    tree.finish(f"{len(files)} files, {len(modules)} modules")


main(*sys.argv[1:])
