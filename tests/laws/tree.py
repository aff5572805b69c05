# SPDX-License-Identifier: MIT
"""The source tree as the laws see it. Each law is a script `law_*.py ROOT ...` that prints one line a breach,
`file:line: what`, and exits 1 if there was any."""
import pathlib
import re
import sys

ORDERED = ("include/gilloc", "sync", "src")
C_FOLDERS = ("include/gilloc", "sync", "src", "stress", "stress/lab", "stress/bench", "stress/fidelity", "tests",
             "tests/death")


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.breaches = []

    def c_files(self, folders=C_FOLDERS):
        return [f for folder in folders for f in sorted((self.root / folder).glob("*.[ch]"))]

    def name(self, path):
        return str(path.relative_to(self.root))

    def breach(self, path, line, what):
        self.breaches.append(f"{self.name(path)}:{line}: {what}")

    def order(self):
        """Module -> its line in docs/order.txt."""
        lines = enumerate((self.root / "docs/order.txt").read_text().split("\n"), 1)
        return {text.strip(): line for line, text in lines if text.strip() and not text.startswith("#")}

    def finish(self, looked_at):
        for breach in self.breaches:
            print(breach)
        print(f"{looked_at}; {len(self.breaches)} breaches")
        sys.exit(1 if self.breaches else 0)


def module_of(name):
    """include/gilloc/gil.h -> include/gilloc/gil"""
    return name.rsplit(".", 1)[0]


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


COMMENT = r"/\*.*?\*/|//[^\n]*"
LITERAL = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''


def without_comments(text):
    """The text with comments blanked; line numbers and columns stay."""
    return re.sub(f"({LITERAL})|{COMMENT}", lambda m: m.group(0) if m.group(1) else blank(m), text, flags=re.S)


def without_literals(text):
    """The text with comments and the contents of literals blanked."""
    return re.sub(LITERAL, blank, without_comments(text))


def directives(text):
    """(line number, keyword, rest of the line) of each preprocessor directive."""
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        match = re.match(r"\s*#\s*(\w+)\s*(.*?)\s*$", line)
        if match:
            yield number, match.group(1), match.group(2)
