# SPDX-License-Identifier: MIT
# flavours: none gil fine
"""awk, each one that is installed: arrays and string building over a text of its own making."""
import shutil
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAM = r"""
{ for (i = 1; i <= NF; i++) { count[$i]++; chain[$i] = substr(chain[$i] NR ",", 1, 200) } total += length($0) }
END { for (w in count) if (count[w] > 3) { lines++; sum += count[w] * length(chain[w]) }
      print NR, total, lines, sum; exit 5 }
"""


def main():
    installed = [awk for awk in ("gawk", "mawk", "awk") if shutil.which(awk)]
    if not installed:
        skip("there is no awk")
    with scratch() as folder:
        text = pathlib.Path(folder) / "text"
        text.write_text("".join(" ".join(f"w{(i * j) % 997}" for j in range(1, 12)) + "\n" for i in range(20000)))
        for awk in installed:
            plain = compare(flavour_argument(), [awk, PROGRAM, str(text)])
            expect(plain.returncode == 5 and plain.stdout.startswith(b"20000 "), f"{awk} itself failed: {plain.stderr}")
    done()


main()
