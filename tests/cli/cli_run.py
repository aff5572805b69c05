# SPDX-License-Identifier: MIT
"""`gilloc run` is the command it runs: its arguments, streams, status and signals; 126 and 127 as env and nohup
have them."""
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403


def expect_failure_to_start(command, status, word):
    finished = run(under("fine", command))
    said = finished.stderr.decode(errors="replace")
    expect(finished.returncode == status, f"{command}: status {finished.returncode}, not {status}")
    expect(said.startswith("gilloc: ") and said.count("\n") == 1 and word in said, f"{command}: said {said!r}")
    expect(finished.stdout == b"", f"{command}: standard output {finished.stdout!r}")


def expect_exit(code):
    expect(run(under("fine", ["sh", "-c", f"exit {code}"])).returncode == code, f"the status {code} got lost")


def main():
    with scratch() as folder:
        plain = pathlib.Path(folder) / "not-executable"
        plain.write_text("#!/bin/sh\n")
        expect_failure_to_start([str(plain)], 126, "not-executable")
        expect_failure_to_start([folder], 126, pathlib.Path(folder).name)
    expect_failure_to_start(["no-such-command-anywhere"], 127, "no-such-command-anywhere")
    expect_failure_to_start(["/no/such/file"], 127, "/no/such/file")
    for code in (0, 1, 2, 7, 126, 127, 255):
        expect_exit(code)
    for number in (signal.SIGTERM, signal.SIGKILL):
        finished = run(under("gil", ["sh", "-c", f"kill -{int(number)} $$"]))
        expect(finished.returncode == -number, f"death by signal {number} became {finished.returncode}")
    echoed = run(under("fine", ["printf", "%s|", "--flavour", "gil", "--", "", "a b", "*"]))
    expect(echoed.stdout == b"--flavour|gil|--||a b|*|", f"arguments arrived as {echoed.stdout!r}")
    without_dashes = run([GILLOC, "run", "--flavour", "fine", "printf", "%s", "--help"])
    expect(without_dashes.stdout == b"--help", f"options of the command were taken for ours: {without_dashes}")
    copied = run(under("fine", ["cat"]), stdin=None, input=b"x" * 100000)
    expect(copied.stdout == b"x" * 100000, "standard input got lost")
    kept = run(under("fine", ["sh", "-c", "echo $KEEP"]), env=dict(os.environ, KEEP="kept"))
    expect(kept.stdout == b"kept\n", "the environment got lost")
    done()


main()
