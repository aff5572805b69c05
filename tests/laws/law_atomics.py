# SPDX-License-Identifier: MIT
"""docs/memory-order.md and the code agree: a function with an atomic operation that is not relaxed is named in a row
of its file, and a row of the tables with an order names a file that has such an operation. A name may be short:
`_release` is gilloc_mutex_release's."""
import re
import sys

import tree as t

PAGE = "docs/memory-order.md"
STRONG = re.compile(r"\b(?:memory_order_|__ATOMIC_)(?i:acquire|release|acq_rel|seq_cst|consume)\b|"
                    r"\batomic_(?:load|store|exchange|fetch_\w+|compare_exchange_\w+)(?<!_explicit)\s*\(")
FUNCTION = re.compile(r"^(?!static_assert)[A-Za-z_][^;={]*?\b(\w+)\([^;]*$")


def strong_functions(path):
    """(line, function) of each operation that is not relaxed. A function's head stands in column 0."""
    function = None
    for number, line in enumerate(t.without_literals(path.read_text()).split("\n"), 1):
        head = FUNCTION.match(line)
        function = head.group(1) if head else function
        if STRONG.search(line):
            yield number, function


def rows(tree):
    """(line, file, the whole row) of each row whose file has an order to keep."""
    for number, line in enumerate((tree.root / PAGE).read_text().split("\n"), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 5 and re.fullmatch(r"[\w/]+\.[ch]", cells[0]):
            yield number, cells[0], cells[2]


def names(row, function):
    return any(function == word or word.startswith("_") and function.endswith(word)
               for word in re.findall(r"`(\w+)`", row))


def main(root):
    tree = t.Tree(root)
    files = tree.c_files(t.ORDERED)
    found = list(rows(tree))
    strong = {}
    for path in files:
        for line, function in strong_functions(path):
            strong.setdefault(tree.name(path), set()).add(function)
            if not any(file == tree.name(path) and names(row, function) for _, file, row in found):
                tree.breach(path, line, f"{function} is in no row of {PAGE}")
    for line, file, row in found:
        if not any(names(row, function) for function in strong.get(file, ())):
            tree.breach(tree.root / PAGE, line, f"{file} has no such operation: {row}")
    tree.finish(f"{len(files)} files, {len(found)} rows")


main(*sys.argv[1:])
