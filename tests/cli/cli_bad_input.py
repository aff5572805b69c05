# SPDX-License-Identifier: MIT
# presets: release
# timeout: 300
"""Whatever is wrong with what `gilloc` was asked: one line on standard error that begins with `gilloc: ` and
names the culprit, status 2, nothing on standard output, no file made, and at once, before anything is measured."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

# Arguments, and a word of them or of the remedy that the line must have.
COMMANDS = (
    ([], "lab"),
    (["frobnicate"], "frobnicate"),
    (["--frobnicate"], "frobnicate"),
    (["LAB"], "LAB"),
)

LAB = (
    (["--workload", "dance"], "dance"),
    (["--workload", ""], "--workload"),
    (["--workload", "cpu,"], "--workload"),
    (["--workload", "cpu,,io"], "--workload"),
    (["--workload", "cpu io"], "cpu io"),
    (["--flavour", "vanilla"], "vanilla"),
    (["--flavour", "gil,vanilla"], "vanilla"),
    (["--flavour", ""], "--flavour"),
    (["--flavour", "../../bin/gilloc"], "--flavour"),
    (["--threads", "0"], "--threads"),
    (["--threads", "257"], "--threads"),
    (["--threads", "-1"], "--threads"),
    (["--threads", "two"], "two"),
    (["--threads", "1,2,x"], "x"),
    (["--threads", "1.5"], "1.5"),
    (["--threads", "99999999999999999999"], "--threads"),
    (["--threads", " 1"], "--threads"),
    (["--threads", "0x10"], "0x10"),
    (["--threads", ",".join(str(i) for i in range(1, 100))], "--threads"),
    (["--seconds", "0"], "--seconds"),
    (["--seconds", "-1"], "--seconds"),
    (["--seconds", "3601"], "--seconds"),
    (["--seconds", "nan"], "nan"),
    (["--seconds", "inf"], "inf"),
    (["--seconds", "1e9"], "1e9"),
    (["--seconds", "1s"], "1s"),
    (["--seconds", ""], "--seconds"),
    (["--rounds", "0"], "--rounds"),
    (["--rounds", "1001"], "--rounds"),
    (["--rounds", "3.0"], "3.0"),
    (["--rate", "0"], "--rate"),
    (["--rate", "1000001"], "--rate"),
    (["--rate", "fast"], "fast"),
    (["--interval-us", "0"], "--interval-us"),
    (["--interval-us", "1000000001"], "--interval-us"),
    (["--interval-us", "5ms"], "5ms"),
    (["--policy", "lottery"], "known are interval, ticks, fifo, priority, fair"),
    (["--policy", ""], "--policy"),
    (["--seed", "-1"], "--seed"),
    (["--seed", "18446744073709551616"], "--seed"),
    (["--seed", "dice"], "dice"),
    (["--policy", "chaos"], "policy"),
    (["--frobnicate"], "frobnicate"),
    (["--threads"], "--threads"),
    (["--json"], "--json"),
    (["--quick=yes"], "quick"),
    (["--input", "no/such/file"], "no/such/file"),
    (["no/such/file"], "no/such/file"),
    (["--input", "/dev/null"], "/dev/null"),
    (["--input", "fifo"], "fifo"),
    (["--input", "empty"], "empty"),
    (["--input", "nothing.txt"], "nothing.txt"),
    (["--json", ""], "--json"),
    (["--json", "no/such/folder/out.json"], "no/such/folder/out.json"),
    (["--json", "empty"], "empty"),
    (["--json", "empty/"], "empty/"),
    (["--json", "fifo"], "fifo"),
    (["--json", "/dev/null/out.json"], "/dev/null/out.json"),
    (["--json", "x" * 300], "--json"),
    (["--timeline"], "--timeline"),
    (["--timeline", ""], ".json"),
    (["--json", "out.json", "--timeline", "out.json"], "name two"),
    (["--timeline", "out.txt"], "known are .json (Chrome), .pftrace and .perfetto-trace (Perfetto)"),
    (["--timeline", "json"], ".pftrace"),
    (["--timeline", "folder.json/out"], ".pftrace"),
    (["--timeline", "no/such/folder/out.json"], "--timeline: cannot write 'no/such/folder/out.json'"),
)

RUN = (
    ([], "--flavour"),
    (["--flavour", "gil"], "command"),
    (["--flavour", "gil", "--"], "command"),
    (["--flavour", "vanilla", "--", "true"], "vanilla"),
    (["--flavour", "", "--", "true"], "flavour"),
    (["--flavour", "../lib/libc", "--", "true"], "flavour"),
    (["--flavour", "gil,fine", "--", "true"], "gil,fine"),
    (["--flavour"], "--flavour"),
    (["--", "true"], "--flavour"),
    (["--frobnicate", "--", "true"], "frobnicate"),
)

FORBIDDEN = (
    (["--input", "secret.txt"], "secret.txt"),
    (["--input", "secrets"], "secrets"),
    (["--json", "out.json"], "out.json"),
    (["--json", "secret.json"], "secret.json"),
)


def prepare(folder):
    (folder / "empty").mkdir()
    (folder / "nothing.txt").write_text("")
    os.mkfifo(folder / "fifo")


def contents(folder):
    return sorted((str(p), p.lstat().st_size, p.lstat().st_mtime_ns) for p in folder.rglob("*"))


def expect_refusal(arguments, word, folder, **options):
    before, start = contents(folder), time.monotonic()
    refused = run([GILLOC, *arguments], cwd=folder, timeout=60, **options)
    took = time.monotonic() - start
    said, name = refused.stderr.decode(errors="replace"), f"gilloc {' '.join(arguments)}"[:120]
    expect(refused.returncode == 2, f"{name}: status {refused.returncode}, not 2; it said {said!r}")
    expect(said.startswith("gilloc: ") and said.endswith("\n") and said.count("\n") == 1, f"{name}: not one line: {said!r}")
    expect(word in said, f"{name}: the line does not speak of {word!r}: {said!r}")
    expect(refused.stdout == b"", f"{name}: standard output {refused.stdout[:200]!r}")
    expect(contents(folder) == before, f"{name}: left something behind")
    expect(took < 10, f"{name}: refused only after {took:.1f} s")


def refuse_forbidden(folder):
    """What the user may not read or write; root may do everything, so then as nobody."""
    (folder / "secret.txt").write_text("words")
    (folder / "secret.json").write_text("{}")
    (folder / "secrets").mkdir()
    for path in ("secret.txt", "secret.json", "secrets"):
        (folder / path).chmod(0)
    folder.chmod(0o555)
    options = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        if run([GILLOC, "--version"], cwd="/", **options).returncode != 0:
            raise PermissionError
    except PermissionError:
        print("nobody cannot reach the command; permissions are not looked at")
        folder.chmod(0o755)
        return
    for arguments, word in FORBIDDEN:
        expect_refusal(["lab", *arguments], word, folder, **options)
    folder.chmod(0o755)


def main():
    with scratch() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        prepare(folder)
        for arguments, word in COMMANDS:
            expect_refusal(arguments, word, folder)
        for arguments, word in LAB:
            expect_refusal(["lab", *arguments], word, folder)
        for arguments, word in RUN:
            expect_refusal(["run", *arguments], word, folder)
        refuse_forbidden(folder)
    done()


main()
