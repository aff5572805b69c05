# SPDX-License-Identifier: MIT
"""A shared library exports the functions and words that include/gilloc/ declares and malloc's family, C++'s operators
included, all of them, and nothing else. law_exports.py ROOT NM LIBRARY [leaves-malloc]"""
import re
import subprocess
import sys

import tree as t

MALLOC = set(
    "malloc calloc realloc reallocarray free posix_memalign aligned_alloc memalign valloc pvalloc "
    "malloc_usable_size malloc_trim mallinfo mallinfo2 malloc_info malloc_stats mallopt "
    "free_sized free_aligned_sized memalignment".split()
)
# operator new and delete of C++17: plain and array; aligned, sized, nothrow, and what goes together.
NEW = {f"_Zn{kind}m{rest}" for kind in "wa" for rest in ("", "RKSt9nothrow_t", "St11align_val_t",
                                                         "St11align_val_tRKSt9nothrow_t")}
DELETE = {f"_Zd{kind}Pv{rest}" for kind in "la" for rest in ("", "RKSt9nothrow_t", "m", "St11align_val_t",
                                                           "St11align_val_tRKSt9nothrow_t", "mSt11align_val_t")}
OPTIONAL = {"cfree"}


def declared(tree):
    """The symbols that the public headers declare, inline ones left out."""
    names = set()
    for header in tree.c_files(("include/gilloc",)):
        text = t.without_literals(header.read_text())
        for match in re.finditer(r"^(?!static|struct gilloc_\w+ \{)[\w *]*?\b(gilloc_\w+)(\(|;)", text, flags=re.M):
            names.add(match.group(1))
    return names


def main(root, nm, library, leaves_malloc=None):
    tree = t.Tree(root)
    command = [nm, "-D", "-P", "--defined-only", library]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    exported = {line.split()[0].split("@")[0] for line in listing.splitlines()}
    wanted = declared(tree) | (set() if leaves_malloc else MALLOC | NEW | DELETE)
    for symbol in sorted(exported - wanted - OPTIONAL):
        tree.breach(tree.root / "include", 1, f"{symbol} is exported, but not declared in include/gilloc")
    for symbol in sorted(wanted - exported):
        tree.breach(tree.root / "include", 1, f"{symbol} is not exported")
    tree.finish(f"{len(exported)} symbols")


main(*sys.argv[1:])
