# SPDX-License-Identifier: MIT
"""What README.md and the pages in docs/ name is there: files and folders of the tree, functions and constants of
ours, options of the command. docs/architecture.md names every module of docs/order.txt."""
import fnmatch
import re
import sys

import tree as t

SOURCES = (".c", ".h", ".cc", ".cmake", ".txt", ".in", ".json", ".sh", ".py")
PATH = re.compile(r"(?<![\w./<~=-])((?:include|gilloc|sync|src|stress|tests|docs|\.cmake|\.ci)/[\w./*\[\]-]*|"
                  r"[\w*-]+(?:\.\[?[ch]+\]?|\.md|\.py|\.sh|\.pml|\.txt))(?![\w=-])")
NAME = re.compile(r"\b(?:gilloc_\w*\w|GILLOC_\w*\w)\b(?!\*)")
COMMAND = re.compile(r"\bgilloc (?:lab|run|record|replay|timeline|bench|fidelity)\b((?:(?! -- )[^`|\n])*)")


def exists(names, path):
    """A path of the tree, from its top or from any folder of it."""
    pattern = path.rstrip("./").replace("[ch]", "?")
    pattern = "include/" + pattern if pattern.startswith("gilloc/") else pattern
    return any(fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, "*/" + pattern) for name in names)


def files_of(tree):
    paths = [path for path in tree.root.rglob("*") if path.relative_to(tree.root).parts[0] not in ("build", ".git")]
    return {tree.name(path): path for path in paths}


def read_sources(files):
    texts = [path.read_text(errors="replace") for name, path in files.items()
             if name.endswith(SOURCES) and path.is_file()]
    return set(re.findall(r"\w+", "\n".join(texts))), set(re.findall(r'\{"([a-z-]+)", ', "\n".join(texts)))


def judge(line, files, words, options):
    """What this line names and is not there."""
    for path in PATH.findall(line) if not line.startswith("$ ") else ():  # a command's files are the reader's
        if not exists(files, path):
            yield f"there is no {path}"
    for name in NAME.findall(line):
        if name not in words:
            yield f"nothing is called {name}"
    for rest in COMMAND.findall(line):
        for option in re.findall(r" --([a-z][a-z-]*)", rest):
            if option not in options and option != "help":
                yield f"no subcommand has the option --{option}"


def main(root):
    tree = t.Tree(root)
    files = files_of(tree)
    words, options = read_sources(files)
    pages = [tree.root / "README.md", *sorted((tree.root / "docs").glob("**/*.md"))]
    for page in pages:
        for number, line in enumerate(page.read_text().split("\n"), 1):
            for what in judge(line, files, words, options):
                tree.breach(page, number, what)
    architecture = (tree.root / "docs/architecture.md").read_text()
    for module, line in tree.order().items():
        if f"`{module.rsplit('/', 1)[-1]}`" not in architecture:
            tree.breach(tree.root / "docs/order.txt", line, f"{module} is not in docs/architecture.md")
    tree.finish(f"{len(pages)} pages")


main(*sys.argv[1:])
