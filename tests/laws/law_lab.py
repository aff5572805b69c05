# SPDX-License-Identifier: MIT
"""The lab is written against the public headers: its files include gilloc/, their own folder and system headers."""
import re
import sys

import tree as t


def main(root):
    tree = t.Tree(root)
    files = tree.c_files(("stress/lab",))
    for path in files:
        for line, keyword, rest in t.directives(path.read_text()):
            if keyword != "include":
                continue
            quoted = re.match(r'"([^"]+)"', rest)
            angled = re.match(r"<([^>]+)>", rest)
            own = quoted and "/" not in quoted.group(1) and (path.parent / quoted.group(1)).is_file()
            public = (tree.root / "include" / (quoted or angled).group(1)).is_file() if quoted or angled else False
            inner = angled and any((tree.root / f / angled.group(1)).is_file() for f in ("sync", "src"))
            if not public and (inner or not (angled or own)):
                tree.breach(path, line, f"{rest} is neither public nor of the lab")
    tree.finish(f"{len(files)} files")


main(*sys.argv[1:])
