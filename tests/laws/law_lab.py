# SPDX-License-Identifier: MIT
"""The lab and the bench are written against the public headers: their files include gilloc/, one another's and system
headers."""
import re
import sys

import tree as t


def main(root):
    tree = t.Tree(root)
    folders = ("stress/lab", "stress/bench")
    files = tree.c_files(folders)
    for path in files:
        for line, keyword, rest in t.directives(path.read_text()):
            if keyword != "include":
                continue
            quoted = re.match(r'"([^"]+)"', rest)
            angled = re.match(r"<([^>]+)>", rest)
            own = quoted and "/" not in quoted.group(1) and any((tree.root / f / quoted.group(1)).is_file() for f in folders)
            public = (tree.root / "include" / (quoted or angled).group(1)).is_file() if quoted or angled else False
            inner = angled and any((tree.root / f / angled.group(1)).is_file() for f in ("sync", "src"))
            if not public and (inner or not (angled or own)):
                tree.breach(path, line, f"{rest} is neither public nor of the lab")
    tree.finish(f"{len(files)} files")


main(*sys.argv[1:])
