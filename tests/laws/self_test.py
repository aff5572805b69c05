# SPDX-License-Identifier: MIT
"""The laws' own test: on a small lawful tree every law is content, and each breach planted in it is found.
self_test.py SCRATCH CC NM CXX"""
import pathlib
import shutil
import subprocess
import sys

LAWS = pathlib.Path(__file__).resolve().parent
SPDX = "/* SPDX-License-Identifier: MIT */\n"


def header(guard, body):
    return f"{SPDX}#ifndef {guard}\n#define {guard}\n{body}#endif\n"


LAWFUL = {
    "docs/order.txt": "# from ground to roof\ninclude/gilloc/gilloc\nsync/base\nsync/lock\nsrc/pool\nsrc/heap\n",
    "include/gilloc/gilloc.h": header(
        "GILLOC_H", '#ifdef __cplusplus\nextern "C" {\n#endif\nvoid gilloc_heap(void);\n#ifdef __cplusplus\n}\n#endif\n'
    ),
    "sync/base.h": header("BASE_H", "#if defined(__linux__)\n#define LINUX 1\n#endif\n"),
    "sync/lock.h": header("LOCK_H", '#include "base.h"\nvoid gilloc_lock(void);\n'),
    "sync/lock.c": SPDX + '#include "lock.h"\n\nstatic int word;\n\nvoid gilloc_lock(void)\n{\n'
    "  __atomic_store_n(&word, 1, __ATOMIC_RELEASE); /* memory_order_acquire */\n}\n",
    "docs/memory-order.md": "| file | object | operation | order | pairs with |\n|---|---|---|---|---|\n"
    "| sync/lock.c | `word` | store in `gilloc_lock` | release | nothing |\n",
    "src/pool.h": header("POOL_H", "void gilloc_pool(void);\n"),
    "src/pool.c": SPDX + '#include "pool.h"\n#include "lock.h"\n\nvoid gilloc_pool(void)\n{\n  gilloc_lock();\n}\n',
    "src/heap.c": SPDX + '#include "pool.h"\n\n#include <gilloc/gilloc.h>\n\n'
    "void gilloc_heap(void)\n{\n  gilloc_pool(); /* #if \"{ */\n}\n",
    "stress/lab/main.c": SPDX + '#include "main.h"\n\n#include <gilloc/gilloc.h>\n#include <stdio.h>\n'
    'struct { const char *name; int letter; } table[] = {{"quick", 0}};\n',
    "stress/lab/main.h": header("MAIN_H", "int lab;\n".replace("int", "extern int")),
    "README.md": "`gilloc_heap` of `src/heap.c`; `gilloc lab --quick -- --any`; see docs/*.md\n",
    "docs/architecture.md": "`gilloc`, `base`, `lock`, `pool`, `heap`\n",
    "lab": "#!/bin/sh\n# SPDX-License-Identifier: MIT\n",
}

LONG_FUNCTION = "\nvoid gilloc_long(void)\n{\n" + "  ;\n" * 59 + "}\n"

# Law, file, what is added to its end (or, with a third part, what is replaced by what).
BREACHES = [
    ("includes", "src/pool.c", '#include "nowhere.h"\n'),
    ("includes", "sync/lock.h", '#include "lock.h"', '#include "base.h"', '#include "pool.h"'),
    ("includes", "src/pool.c", "", '#include "pool.h"\n', ""),
    ("includes", "src/pool.c", "#include <urcu/urcu-bp.h>\n"),
    ("includes", "src/stray.c", SPDX),
    ("includes", "docs/order.txt", "src/gone\n"),
    ("calls", "src/pool.c", "void gilloc_heap(void);\nvoid gilloc_up(void);\nvoid gilloc_up(void)\n{\n  gilloc_heap();\n}\n"),
    ("calls", "src/pool.c", "void gilloc_gone(void);\nvoid gilloc_up(void);\nvoid gilloc_up(void)\n{\n  gilloc_gone();\n}\n"),
    ("calls", "src/pool.c", "extern int gilloc_word;\nint gilloc_up;\nvoid *p = &gilloc_word;\n"),
    ("conditionals", "src/heap.c", "#if 1\n#endif\n"),
    ("conditionals", "src/heap.c", "#  ifdef __cplusplus\n#endif\n"),
    ("conditionals", "src/pool.h", "#ifdef X\n#endif\n"),
    ("conditionals", "src/pool.h", "", "POOL_H", "LOCK_H"),
    ("conditionals", "include/gilloc/gilloc.h", "", "#ifdef __cplusplus", "#if __cplusplus"),
    ("conditionals", "stress/lab/main.c", "#ifndef X\n#endif\n"),
    ("lengths", "src/heap.c", LONG_FUNCTION),
    ("lengths", "src/heap.c", "/* */\n" * 500),
    ("lengths", "src/pool.h", LONG_FUNCTION.replace("  ;\n" * 59, "  ;\n" * 24)),
    ("lengths", "src/heap.c", "static void late(int a) {\n}\n"),
    ("lab", "stress/lab/main.c", '#include "pool.h"\n'),
    ("lab", "stress/lab/main.c", '#include "../../src/pool.h"\n'),
    ("lab", "stress/lab/main.c", "#include <base.h>\n"),
    ("atomics", "src/heap.c", "void gilloc_up(void)\n{\n  __atomic_thread_fence(__ATOMIC_SEQ_CST);\n}\n"),
    ("atomics", "src/heap.c", "int gilloc_up(\n  _Atomic int *p)\n{\n  return atomic_load(p);\n}\n"),
    ("atomics", "sync/lock.c", "", "__ATOMIC_RELEASE", "__ATOMIC_RELAXED"),
    ("atomics", "docs/memory-order.md", "", "gilloc_lock", "gilloc_unlock"),
    ("pages", "README.md", "", "src/heap.c", "src/heep.c"),
    ("pages", "README.md", "", "docs/*.md", "docs/*.mud"),
    ("pages", "README.md", "", "gilloc_heap", "gilloc_heep"),
    ("pages", "README.md", "", "--quick", "--quickly"),
    ("pages", "docs/architecture.md", "", "`pool`, ", ""),
    ("words", "src/heap.c", "/* TO" "DO: later */\n"),
    ("words", "src/heap.c", "#if " "0\n#endif\n"),
    ("words", "sync/lock.c", "__attribute__((no_" 'sanitize("thread"))) int f(void);\n'),
    ("words", "sync/lock.c", "", "SPDX", "ABCD"),
    ("top_level", "notes.txt", "notes\n"),
    ("headers", "src/pool.h", "", "void gilloc_pool(void);", "size_t gilloc_pool(void);"),
    ("headers", "include/gilloc/gilloc.h", "", "void gilloc_heap(void);", "void gilloc_heap(int new);"),
    ("headers", "sync/lock.h", "", "#ifndef LOCK_H\n#define LOCK_H\n", "#if 1\nenum { TWICE };\n"),
]


def plant(root, name, added, old=None, new=None):
    path = root / name
    text = path.read_text() if path.exists() else ""
    if old is not None:
        assert old in text, (name, old)
        text = text.replace(old, new)
        added = ""
    path.write_text(text + added)


def run_law(law, root, cc, nm, cxx):
    arguments = []
    if law == "calls":
        objects = []
        for source in sorted(root.glob("s*/*.c")):
            objects.append(f"{root}/o/{source.parent.name}/{source.name}.o")
            pathlib.Path(objects[-1]).parent.mkdir(parents=True, exist_ok=True)
            folders = [f"-I{root / f}" for f in ("include", "sync", "src")]
            subprocess.run([cc, "-c", *folders, str(source), "-o", objects[-1]], check=True)
        (root / "o/list").write_text("\n".join(objects))
        arguments = [nm, str(root / "o/list")]
    if law == "headers":
        arguments = [str(root / "o"), cc, cxx]
    command = [sys.executable, "-B", str(LAWS / f"law_{law}.py"), str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def main(scratch, *tools):
    root = pathlib.Path(scratch)
    wrong = 0
    laws = sorted({breach[0] for breach in BREACHES})
    for law, *planted in [(law,) for law in laws] + BREACHES:
        shutil.rmtree(root, ignore_errors=True)
        for name, text in LAWFUL.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        if planted:
            plant(root, *planted)
        done = run_law(law, root, *tools)
        if done.returncode != (1 if planted else 0) or done.stderr:
            wrong += 1
            print(f"law {law}, planted {planted}: status {done.returncode}\n{done.stdout}{done.stderr}")
    print(f"{len(laws)} laws, {len(BREACHES)} breaches, {wrong} judged wrongly")
    sys.exit(1 if wrong else 0)


main(*sys.argv[1:])
