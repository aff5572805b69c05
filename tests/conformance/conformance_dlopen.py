# SPDX-License-Identifier: MIT
# presets: release
# flavours: fine
"""The build for dlopen: opened by a process of 1,000 threads that has no static TLS left, where the ordinary library
is refused, used by all of them, closed while they live, opened again."""
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAM = pathlib.Path(__file__).resolve().parent / "programs" / "dlopen.c"
EATER = '__thread char eaten[16] __attribute__((tls_model("initial-exec")));\nchar *eat(void) { return eaten; }\n'
EATERS = 400


def main():
    need("cc")
    flavour = flavour_argument()
    library, ordinary = (BUILD / "lib" / f"libgilloc-{flavour}{kind}.so" for kind in ("-dlopen", ""))
    if not library.exists():
        skip(f"this build has no {library.name}")
    with scratch() as name:
        folder = pathlib.Path(name)
        (folder / "eater.c").write_text(EATER)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", "eater0.so", "eater.c"], cwd=folder, check=True)
        for i in range(1, EATERS):
            shutil.copy(folder / "eater0.so", folder / f"eater{i}.so")
        subprocess.run(["cc", "-o", "program", PROGRAM, "-pthread", "-ldl"], cwd=folder, check=True)
        eaters = [str(folder / f"eater{i}.so") for i in range(EATERS)]
        done_ = run([folder / "program", library, ordinary, *eaters])
        expect(done_.returncode == 0 and done_.stdout == b"done\n", f"status {done_.returncode}: {done_.stdout}")
    done()


main()
