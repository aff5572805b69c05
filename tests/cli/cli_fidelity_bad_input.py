# SPDX-License-Identifier: MIT
# presets: release
# timeout: 120
"""Whatever is wrong with what `gilloc fidelity` was asked: one line on standard error that names the culprit, status 2,
nothing on standard output, no file made, and nothing measured. A Python that does not work is refused where it was
asked for by name."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

# Arguments, and a word that the line must have.
BAD = (
    (["--rounds", "0"], "1 to 1000"),
    (["--rounds", "1001"], "1001"),
    (["--rounds", "-1"], "-1"),
    (["--rounds", "seven"], "seven"),
    (["--rounds", "2.5"], "2.5"),
    (["--rounds"], "--rounds"),
    (["--quick", "--rounds", "3"], "--quick"),
    (["--quick=yes"], "quick"),
    (["--only", "dance"], "known are pingpong, throughput, latency, bandwidth, countdown, cpued, fairness"),
    (["--only", ""], "--only"),
    (["--only", "pingpong,"], "--only"),
    (["--policy", "lottery"], "known are interval, ticks, fifo, priority, fair"),
    (["--policy", "fair,,ticks"], "--policy"),
    (["--policy", ""], "--policy"),
    (["--python", "/nonexistent"], "/nonexistent"),
    (["--python", "no-such-python"], "no-such-python"),
    (["--python", "/bin/true"], "/bin/true"),
    (["--python", "/bin/false"], "/bin/false"),
    (["--python", "/"], "'/'"),
    (["--python", "./broken"], "broken"),
    (["--python", "./pypy"], "PyPy"),
    (["--python", "./old"], "3.1.5"),
    (["--seed", "dice"], "dice"),
    (["--seed", "-1"], "--seed"),
    (["--json", ""], "--json"),
    (["--json", "no/such/folder/out.json"], "no/such/folder"),
    (["--json", "/dev/null"], "/dev/null"),
    (["--json"], "--json"),
    (["--frobnicate"], "frobnicate"),
    (["frobnicate"], "frobnicate"),
)

FAKES = {
    "broken": "echo 'no interpreter today' >&2; exit 3",
    "pypy": "printf '/bin/true\\n3.9.1\\nPyPy\\n1\\n'",
    "old": "printf '/bin/true\\n3.1.5\\nCPython\\n0\\n'",
}


def expect_refusal(folder, arguments, word):
    before, start = sorted(folder.iterdir()), time.monotonic()
    refused = run([GILLOC, "fidelity", *arguments], cwd=folder, timeout=60)
    said, name = refused.stderr.decode(errors="replace"), f"gilloc fidelity {' '.join(arguments)}"
    expect(refused.returncode == 2, f"{name}: status {refused.returncode}, not 2; it said {said!r}")
    expect(said.startswith("gilloc: ") and said.count("\n") == 1 and said.endswith("\n"), f"{name}: not one line: {said!r}")
    expect(word in said, f"{name}: the line does not speak of {word!r}: {said!r}")
    expect(refused.stdout == b"", f"{name}: standard output {refused.stdout[:200]!r}")
    expect(sorted(folder.iterdir()) == before, f"{name}: left something behind")
    expect(time.monotonic() - start < 30, f"{name}: something was measured first")


def main():
    if not os.path.exists(os.path.join(os.path.dirname(GILLOC), "../libexec/gilloc/gilloc-fidelity-gil")):
        skip("this build has no flavour gil")
    with scratch() as name:
        folder = pathlib.Path(name)
        for fake, body in FAKES.items():
            (folder / fake).write_text(f"#!/bin/sh\n{body}\n")
            (folder / fake).chmod(0o755)
        for arguments, word in BAD:
            expect_refusal(folder, arguments, word)
        said = expect_success(run([GILLOC, "fidelity", "--help"])).stdout.decode()
        for option in ("rounds", "quick", "only", "policy", "python", "seed", "json"):
            expect(f"--{option}" in said, f"--help does not speak of --{option}")
    done()


main()
