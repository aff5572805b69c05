# SPDX-License-Identifier: MIT
"""The call law: an object file leaves undefined only gilloc_ symbols that are defined in modules which
docs/order.txt lists before its own. law_calls.py ROOT NM FILE, where FILE names the object files of a flavour,
one a line."""
import pathlib
import re
import subprocess
import sys

import tree as t


def module_of_object(path):
    return re.search(r"/((?:sync|src)/\w+)\.c\.o$", path).group(1)


def symbols(nm, paths):
    """(module, symbol, is it defined) for each global gilloc_ symbol of the object files."""
    listing = subprocess.run([nm, "-A", "-P", "-g", *paths], check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        path, _, rest = line.partition(".o: ")
        symbol, kind = rest.split()[:2]
        if symbol.startswith("gilloc_"):
            yield module_of_object(path + ".o"), symbol, kind != "U"


def main(root, nm, list_file):
    tree = t.Tree(root)
    order = tree.order()
    found = list(symbols(nm, pathlib.Path(list_file).read_text().splitlines()))
    home = {}
    for module, symbol, defined in found:
        if defined and symbol in home:
            tree.breach(tree.root / f"{module}.c", 1, f"{symbol} is also defined in {home[symbol]}")
        if defined:
            home[symbol] = module
    for module, symbol, defined in found:
        other = home.get(symbol)
        if other is None:
            tree.breach(tree.root / f"{module}.c", 1, f"{symbol} is defined nowhere")
        elif not defined and order.get(other, sys.maxsize) >= order.get(module, -1):
            tree.breach(tree.root / f"{module}.c", 1, f"{module} calls {symbol} of {other}, listed after it")
    tree.finish(f"{len({module for module, _, _ in found})} modules, {len(home)} symbols")


main(*sys.argv[1:])
