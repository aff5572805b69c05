# SPDX-License-Identifier: MIT
# flavours: gil fine
# timeout: 300
"""cmake configures a small project: it and all that it starts run on the flavour, and it says and writes the
same. Newer versions print how long they took; that alone is left out."""
import re
import shutil
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROJECT = """
cmake_minimum_required(VERSION 3.10)
project(tiny C)
include(CheckIncludeFile)
include(CheckFunctionExists)
check_include_file(stdint.h HAVE_STDINT_H)
check_function_exists(qsort HAVE_QSORT)
foreach(i RANGE 1 200)
  list(APPEND names "name_${i}")
  string(REPLACE "_" "-" changed "${names}")
endforeach()
list(LENGTH names count)
message(STATUS "${count} ${HAVE_STDINT_H} ${HAVE_QSORT} ${changed}")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/made.c "int main(void) { return 0; }\\n")
add_executable(tiny ${CMAKE_CURRENT_BINARY_DIR}/made.c)
"""


def configure(argv, source, build):
    shutil.rmtree(build, ignore_errors=True)
    finished = run([*argv, "-S", source, "-B", build])
    said = re.sub(rb"\([0-9.]+s\)", b"(a while)", finished.stdout)
    made = sorted(str(p.relative_to(build)) for p in build.rglob("*") if "CMakeTmp" not in str(p) and "cmTC" not in str(p))
    return finished.returncode, said, finished.stderr, made


def main():
    need("cmake", "cc", "make")
    flavour = flavour_argument()
    with scratch() as folder:
        source, build = pathlib.Path(folder) / "source", pathlib.Path(folder) / "build"
        source.mkdir()
        (source / "CMakeLists.txt").write_text(PROJECT)
        plain = configure(["cmake"], source, build)
        other = configure(under(flavour, ["cmake"]), source, build)
        expect(plain[0] == 0 and b"200 1 1 name-1;" in plain[1], f"cmake itself failed: {plain}")
        for what, a, b in zip(("status", "standard output", "standard error", "list of files"), plain, other):
            expect(a == b, f"cmake on {flavour}: the {what} differs:\n{a}\n{b}")
        expect_success(run(under(flavour, ["cmake", "--build", build])))
        expect_success(run([build / "tiny"]))
    done()


main()
