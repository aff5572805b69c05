# SPDX-License-Identifier: MIT
# flavours: none gil fine
# timeout: 300
"""gcc compiles a file: driver, compiler and assembler all run on the flavour, and the assembly, the object and
the diagnostics are the same."""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

HEAD = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nstruct node { struct node *next; int value[8]; };\n"
FUNCTION = """
int work_%d(struct node *n, int x)
{
  for (struct node *i = n; i; i = i->next)
    for (int j = 0; j < 8; j++)
      x = x * %d + (i->value[j] ^ (x >> %d));
  return x > %d ? work_%d(n->next, x - 1) : x;
}
"""


def source_text(functions):
    parts = [HEAD, "int work_0(struct node *n, int x) { return n ? x + n->value[0] : x; }\n"]
    parts += [FUNCTION % (i, i * 7 + 3, i % 13 + 1, i * 100, i - 1) for i in range(1, functions)]
    parts.append("int main(int argc, char **argv) { struct node n = {0}; printf(\"%%d %%s\\n\", work_%d(&n, argc), "
                 "argv[0]); return 0; }\n" % (functions - 1))
    return "".join(parts)


def main():
    need("gcc")
    flavour = flavour_argument()
    with scratch() as folder:
        source = pathlib.Path(folder) / "file.c"
        source.write_text(source_text(150))
        assembly = compare(flavour, ["gcc", "-O2", "-S", "-o", "-", "file.c"], cwd=folder)
        expect(assembly.returncode == 0 and b"work_149" in assembly.stdout, f"gcc itself failed: {assembly.stderr}")
        objects = []
        for argv in (["gcc"], under(flavour, ["gcc"])):
            expect_success(run([*argv, "-O1", "-c", "-o", "file.o", "file.c"], cwd=folder))
            objects.append((pathlib.Path(folder) / "file.o").read_bytes())
        expect(objects[0] == objects[1], "the objects differ")
        source.write_text("int main(void) { return undeclared + ; }\n")
        expect(compare(flavour, ["gcc", "-c", "file.c"], cwd=folder).returncode == 1, "an error must stay one")
    done()


main()
