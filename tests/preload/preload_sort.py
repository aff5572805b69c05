# SPDX-License-Identifier: MIT
# flavours: gil fine
# timeout: 300
"""sort --parallel=2 over more lines than one of its threads takes alone (131072)."""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403


def main():
    need("sort")
    environment = dict(os.environ, LC_ALL="C")
    with scratch() as folder:
        lines = pathlib.Path(folder) / "lines"
        lines.write_text("".join(f"{(i * 2654435761) % 1000003:x} {'y' * (i % 23)}\n" for i in range(500000)))
        for options in (["-S", "80M"], ["-S", "1M", "-u"], ["-S", "80M", "-k2,2", "-s", "-r"]):
            command = ["sort", "--parallel=2", "-T", folder, *options, str(lines)]
            plain = compare(flavour_argument(), command, env=environment)
            expect(plain.returncode == 0 and plain.stdout, f"sort itself failed: {plain.stderr}")
    done()


main()
