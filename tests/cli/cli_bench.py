# SPDX-License-Identifier: MIT
# cost: 4
# presets: release
# timeout: 300
"""`gilloc bench` runs the chosen rows on a flavour and its peers, verified, and says so in a table and in JSON; an
allocator that loses or damages blocks, crashes or hands out nothing is told in its row and the bench goes on; nonsense is
refused with one line and status 2."""
import json
import os
import pathlib
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAM = BUILD / "libexec" / "gilloc" / "gilloc-bench-program"

# Each is a defect that a workload has to find: a block handed out twice, contents changed, a crash at the n-th call.
BROKEN = {
    "twice": """
static char area[1 << 20];
static unsigned long at;
void *__libc_malloc(unsigned long);
void __libc_free(void *);
void *malloc(unsigned long size)
{
  if (size == 32) {
    at = (at + 32) % 1024;
    return area + at;
  }
  return __libc_malloc(size);
}
void free(void *p)
{
  if ((char *)p < area || (char *)p >= area + sizeof area)
    __libc_free(p);
}
""",
    "scribble": """
void *__libc_malloc(unsigned long);
void __libc_free(void *);
static char *last;
void *malloc(unsigned long size)
{
  if (last)
    last[0] ^= 1;
  char *p = __libc_malloc(size);
  last = size == 64 ? p : 0;
  return p;
}
void free(void *p)
{
  if (p == (void *)last)
    last = 0;
  __libc_free(p);
}
""",
    "crash": """
void *__libc_malloc(unsigned long);
void *malloc(unsigned long size)
{
  static int calls;
  if (size == 32 && ++calls == 1000)
    __builtin_trap();
  return __libc_malloc(size);
}
""",
    "empty": """
void *__libc_malloc(unsigned long);
void *malloc(unsigned long size)
{
  static int calls;
  return size == 32 && ++calls > 1000 ? 0 : __libc_malloc(size);
}
""",
}

REFUSED = (
    (["--only", "dance"], "'dance'; known are the groups single"),
    (["--only", "larson,dance"], "rptest-2"),
    (["--only", ""], "--only"),
    (["--only", "larson,"], "--only"),
    (["--rounds", "0"], "from 1 to 1000"),
    (["--rounds", "1001"], "1001"),
    (["--rounds", "many"], "many"),
    (["--rounds", "-1"], "-1"),
    (["--seed", "0"], "--seed"),
    (["--seed", "x"], "x"),
    (["--quick", "--rounds", "3"], "--quick"),
    (["--peer", "no/such/library.so"], "no/such/library.so"),
    (["--peer", ""], "--peer"),
    (["--peer", "not-a-library.so"], "cannot be preloaded"),
    (["--peer", "with space.so"], "with space.so"),
    (["--flavour", "vanilla"], "vanilla"),
    (["--flavour", ""], "--flavour"),
    (["--json", "no/such/folder/out.json"], "no/such/folder/out.json"),
    (["--frobnicate"], "frobnicate"),
    (["larson"], "--only"),
)


def bench(*arguments, **options):
    return run([GILLOC, "bench", *arguments], **options)


def check_refusals(folder):
    for name in ("not-a-library.so", "with space.so"):
        (folder / name).write_text("no ELF\n")
    before = sorted(folder.iterdir())
    for arguments, word in REFUSED:
        got = bench("--only", "ring-2", *arguments, cwd=folder)
        said = got.stderr.decode()
        what = f"{arguments}: status {got.returncode}, {said!r}"
        expect(got.returncode == 2 and not got.stdout, what)
        expect(said.startswith("gilloc: ") and said.count("\n") == 1 and word in said, what)
    expect(sorted(folder.iterdir()) == before, "a refused bench left files behind")


def check_list():
    lines = bench("--list").stdout.decode().splitlines()
    names = [line.split()[0] for line in lines]
    expect(len(names) == len(set(names)) and len(names) > 45, f"{len(names)} rows")
    for wanted in ("larson-2", "larson-sized-2", "xmalloc-test-8", "sh8-2", "malloc-large", "cfrac", "redis-lpush"):
        expect(wanted in names, f"--list does not name {wanted}")
    only = bench("--list", "--only", "large").stdout.decode().split()
    expect(only == ["malloc-large", "large", "malloc-touch", "large"], f"--list --only large: {only}")


def row_of(document, name):
    return next(row for row in document["rows"] if row["name"] == name)


def check_run(folder):
    scratch_folder = folder / "tmp"
    scratch_folder.mkdir()
    got = bench("--quick", "--only", "ring-2,trees-1", "--only", "sqlite", "--flavour", "fine,gil", "--seed", "7",
                "--json", "out.json", cwd=folder, env={**os.environ, "TMPDIR": str(scratch_folder)})
    expect(got.returncode == 0, f"status {got.returncode}: {got.stdout.decode()}{got.stderr.decode()}")
    text = got.stdout.decode()
    for word in ("seed 7", "ring-2", "trees-1", "by libc", "by gil", "time, all", "settled memory"):
        expect(word in text, f"no {word!r} in the report:\n{text}")
    document = json.loads((folder / "out.json").read_text())
    expect(document["schema"] == {"name": "gilloc-bench", "version": 1}, f"schema {document['schema']}")
    expect(document["parameters"]["seed"] == 7 and document["verified"], "seed or verified")
    expect([a["name"] for a in document["allocators"]] == ["fine", "gil", "libc"], f"{document['allocators']}")
    sums = set()
    for allocator in row_of(document, "ring-2")["allocators"]:
        runs = allocator["runs"]
        expect(len(runs) == 2 and all(r["outcome"] == "ok" and r["seconds"] > 0 for r in runs), f"runs {runs}")
        expect(all(r["peak_bytes"] >= r["settled_bytes"] * 0.9 > 0 for r in runs), f"memory {runs}")
        sums.update(r["checksum"] for r in runs)
    expect(len(sums) == 1, f"checksums {sums}")
    ratio = row_of(document, "ring-2")["allocators"][2]["ratios"]["time"]
    expect(ratio["pairs"] == 2 and 0 < ratio["low"] <= ratio["median"] <= ratio["high"], f"ratio {ratio}")
    expect(not list(scratch_folder.iterdir()), "the scratch folder is still there")


def build_broken(folder, name):
    source = folder / f"{name}.c"
    source.write_text(BROKEN[name])
    library = folder / f"lib{name}.so"
    built = run(["cc", "-O1", "-fPIC", "-shared", "-fno-builtin", "-o", library, source])
    expect(built.returncode == 0, built.stderr.decode())
    return library


def check_broken(folder):
    need("cc")
    libraries = [build_broken(folder, name) for name in BROKEN]
    arguments = [a for library in libraries for a in ("--peer", library)]
    got = bench("--quick", "--only", "glibc-simple", *arguments, "--json", folder / "broken.json")
    expect(got.returncode == 1, f"status {got.returncode} with broken allocators")
    document = json.loads((folder / "broken.json").read_text())
    row = row_of(document, "glibc-simple")
    outcomes = {a["allocator"]: a["runs"][0]["outcome"] for a in row["allocators"]}
    wanted = {"fine": "ok", "libc": "ok", "twice": "failed", "scribble": "failed", "crash": "crashed", "empty": "failed"}
    expect(outcomes == wanted, f"{outcomes}, wanted {wanted}")
    expect(row["best_other"] == "libc", f"best is {row['best_other']}")
    expect("out of memory" in got.stdout.decode() and "lost or damaged" in got.stdout.decode(), got.stdout.decode())


def check_missing_packages(folder):
    """An ordinary user is told the packages; nothing is run."""
    if os.geteuid() != 0:
        return
    if all(list(pathlib.Path("/usr/lib").glob(f"*/{f}")) for f in ("libmimalloc.so.2", "libjemalloc.so.2", "libtcmalloc_minimal.so.4")):
        return
    # A user who cannot get at the build tree could not start the command either.
    if not os.stat(GILLOC).st_mode & stat.S_IXOTH or run(["setpriv", f"--reuid={NOBODY}", "test", "-x", GILLOC]).returncode:
        return
    got = run(["setpriv", f"--reuid={NOBODY}", "--clear-groups", GILLOC, "bench", "--peer", "debian", "--only", "ring-2"])
    expect(got.returncode == 2 and b"apt-get install lib" in got.stderr, f"{got.returncode} {got.stderr}")


def main():
    with scratch() as name:
        folder = pathlib.Path(name)
        check_refusals(folder)
        check_list()
        check_run(folder)
        check_broken(folder)
        check_missing_packages(folder)
    done()


main()
