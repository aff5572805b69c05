# SPDX-License-Identifier: MIT
"""What a finished source does not hold: open ends, dead code, silenced tools. Every file names its licence."""
import re
import sys

import tree as t

FORBIDDEN = (
    (r"\b(TODO|FIXME|XXX)\b", "an open end"),
    (r"#\s*if\s+0\b", "dead code"),
    (r"no_sanitize|suppression|NOLINT|valgrind: ignore", "a silenced tool"),
    (r"#\s*pragma\s+(GCC|clang)\s+diagnostic", "a silenced compiler"),
)


def main(root):
    tree = t.Tree(root)
    scripts = [f for f in (tree.root / "tests").glob("**/*") if f.suffix in (".sh", ".py") and f.parent.name != "laws"]
    scripts += [tree.root / name for name in ("lab", "check") if (tree.root / name).is_file()]
    files = tree.c_files() + sorted(scripts)
    for path in files:
        text = path.read_text()
        if "SPDX-License-Identifier: MIT" not in "\n".join(text.split("\n")[:10]):
            tree.breach(path, 1, "no SPDX-License-Identifier: MIT at the head")
        for number, line in enumerate(text.split("\n"), 1):
            for pattern, what in FORBIDDEN:
                if re.search(pattern, line):
                    tree.breach(path, number, f"{what}: {line.strip()}")
    tree.finish(f"{len(files)} files")


main(*sys.argv[1:])
