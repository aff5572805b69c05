# SPDX-License-Identifier: MIT
"""`gilloc run` adds its library to what LD_PRELOAD already says, and children of the command inherit it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403


def main():
    need("cc", "grep")
    with scratch() as folder:
        source, other = pathlib.Path(folder) / "other.c", pathlib.Path(folder) / "other.so"
        source.write_text("int other;\n")
        expect_success(run(["cc", "-shared", "-fPIC", "-o", other, source]))
        environment = dict(os.environ, LD_PRELOAD=str(other))
        maps = run(under("fine", ["sh", "-c", "cat /proc/self/maps; true"]), env=environment).stdout.decode()
        expect("libgilloc-fine.so" in maps, "a child of the command does not have the library")
        expect("other.so" in maps, "what LD_PRELOAD said before is gone")
        nested = run(under("gil", under("fine", ["grep", "-c", "libgilloc-fine", "/proc/self/maps"])))
        expect(nested.returncode == 0, "the inner of two flavours is not there")
        chosen = run(under("gil", under("fine", ["env"]))).stdout.decode()
        preload = next(line for line in chosen.splitlines() if line.startswith("LD_PRELOAD="))
        libraries = preload.removeprefix("LD_PRELOAD=").replace(":", " ").split()
        expect("libgilloc-fine" in libraries[0], f"the inner of two flavours does not come first: {preload}")
    done()


main()
