# SPDX-License-Identifier: MIT
# cost: 11
# presets: release
# timeout: 300
# labels: lab
"""`gilloc lab --workload replay`: every row plays the same trace to its end and verifies it, with as many threads as
the trace has, with fewer and with more; and what is wrong with the input is said before anything runs."""
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

HEAD = "gilloc-trace 1\n"
ROWS = "none,gil,fine,system,processes"
SHORT = ["--seconds", "0.2", "--rounds", "2"]


def make_trace(threads, operations):
    """Blocks that any thread takes, resizes and frees, so that most change hands; some live at the end."""
    dice, live, lines, next_id = random.Random(threads), [], [HEAD], 0
    for _ in range(operations):
        lines.append(f"t {dice.randrange(threads) * 3}\n")
        if len(live) < 50 or dice.random() < 0.45:
            size = dice.choice((0, 1, 24, 100, 600, 5000, 70000))
            lines.append(f"m {next_id} {size}\n" if dice.random() < 0.8 else f"c {next_id} 3 {size}\n")
            live.append(next_id)
            next_id += 1
        elif dice.random() < 0.3:
            lines.append(f"r {dice.choice(live)} {dice.choice((0, 10, 500, 3000))}\n")
        else:
            lines.append(f"f {live.pop(dice.randrange(len(live)))}\n")
    return "".join(lines + ["s\n"])


def play(folder, *arguments):
    ran = run([GILLOC, "lab", *SHORT, *arguments, "--json", "out.json"], cwd=folder, timeout=200)
    expect(ran.returncode == 0, f"{arguments}: status {ran.returncode}: {ran.stderr.decode(errors='replace')!r}")
    return json.loads((folder / "out.json").read_text())


def expect_rows(lab, threads):
    """`threads`: for each row the numbers of threads that it must have been run with."""
    expect(lab["verified"], "something was not verified")
    rows = [r for r in lab["rows"] if r["workload"] == "replay"]
    for row, wanted in threads.items():
        found = sorted(r["threads"] for r in rows if r["row"] == row)
        expect(found == wanted, f"row {row}: ran with {found} threads, not {wanted}")
    for row in rows:
        expect(row["unit"] == "operations", f"{row['row']}: counts {row['unit']}")
        expect(row["evenness"] is None, f"{row['row']}: the trace says who does what, so evenness says nothing: {row}")
    reports = [r["report"] for r in lab["runs"] if r["workload"] == "replay"]
    expect(len({r["checksum"] for r in reports}) == 1, "rows played different traces")
    # A busy machine may leave a run, or a process of it, without its turn; not all of them.
    for row in threads:
        done = sum(r["units"] for r in reports if r["row"] == row)
        expect(done > 0, f"{row}: did nothing")


def play_well(folder):
    (folder / "four").write_text(make_trace(4, 3000))
    (folder / "one").write_text(make_trace(1, 2000))
    (folder / "many").write_text(make_trace(300, 4000))
    (folder / "text").write_text("words of a text\n" * 100)
    lab = play(folder, "--workload", "replay", "--input", "four", "--flavour", ROWS)
    expect_rows(lab, {"none": [1], "gil": [4], "fine": [4], "system": [4], "processes": [4]})
    expect(lab["parameters"]["trace"] == "four" and lab["parameters"]["inputs"] == [], "the trace is not among the parameters")
    lab = play(folder, "--workload", "replay", "four", "--flavour", "gil,fine", "--threads", "1,3,6,8")
    expect_rows(lab, {"gil": [1, 3, 6, 8], "fine": [1, 3, 6, 8]})
    lab = play(folder, "--workload", "replay", "--input", "one", "--flavour", "none,fine,processes", "--policy", "fair")
    expect_rows(lab, {"none": [1], "fine": [1], "processes": [1]})
    lab = play(folder, "--workload", "replay", "--input", "many", "--flavour", "fine,gil", "--threads", "2")
    expect_rows(lab, {"fine": [2], "gil": [2]})
    lab = play(folder, "--workload", "cpu,replay", "--input", "text", "--input", "one", "--flavour", "fine")
    expect_rows(lab, {"fine": [1]})
    expect(lab["parameters"]["inputs"] == ["text"] and lab["parameters"]["trace"] == "one", "text and trace were mixed up")


def refuse(folder):
    (folder / "empty").write_text(HEAD)
    (folder / "cut").write_text(HEAD + "m 1 5\nf 1")
    (folder / "unknown").write_text(HEAD + "m 1 5\nf 2\n")
    (folder / "future").write_text("gilloc-trace 2\n")
    (folder / "binary").write_bytes(b"\x8eglt\r\n\x1a\n\1\0\0\0")
    before = sorted(p.name for p in folder.iterdir())
    for arguments, words in (
        (["--workload", "replay"], ["replay", "--input is missing"]),
        (["--workload", "replay,alloc"], ["--input is missing"]),
        (["--workload", "cpu,replay", "--input", "text"], ["--input is missing"]),
        (["--workload", "replay", "--input", "nowhere"], ["nowhere", "No such file"]),
        (["--workload", "replay", "--input", "text"], ["text", "offset 0", "gilloc-trace 1"]),
        (["--workload", "replay", "--input", "empty"], ["empty", "no operation"]),
        (["--workload", "replay", "--input", "cut"], ["cut", "line 3", "cut off"]),
        (["--workload", "replay", "--input", "unknown"], ["unknown", "line 3", "f of block 2"]),
        (["--workload", "cpu,replay", "--input", "future"], ["future", "line 1", "gilloc-trace 1"]),
        (["--workload", "replay", "--input", "binary"], ["binary", "offset", "the end"]),
        (["--workload", "replay", "--input", "four", "--input", "one"], ["one", "one trace too many"]),
        (["--workload", "replay", "--input", "."], ["'.'"]),
        (["--input", "four"], ["four", "only --workload replay"]),
        (["--workload", "cpu", "--input", "four"], ["four", "only --workload replay"]),
        (["--workload", "alloc", "--input", "four"], ["four", "only --workload replay"]),
        (["--workload", "io,alloc", "--input", "text"], ["text", "none of the workloads"]),
    ):
        refused = run([GILLOC, "lab", *SHORT, *arguments, "--json", "new.json"], cwd=folder, timeout=60)
        said = refused.stderr.decode(errors="replace")
        expect(refused.returncode == 2, f"{arguments}: status {refused.returncode}, not 2; it said {said!r}")
        expect(said.startswith("gilloc: ") and said.count("\n") == 1 and said.endswith("\n"), f"{arguments}: not one line: {said!r}")
        expect(all(w in said for w in words), f"{arguments}: the line has not all of {words}: {said!r}")
        expect(refused.stdout == b"", f"{arguments}: standard output {refused.stdout[:100]!r}")
        expect(sorted(p.name for p in folder.iterdir()) == before, f"{arguments}: left something behind")


def main():
    with scratch() as name:
        folder = pathlib.Path(name)
        play_well(folder)
        refuse(folder)
    done()


main()
