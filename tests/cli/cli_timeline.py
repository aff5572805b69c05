# SPDX-License-Identifier: MIT
# cost: 4
# timeout: 300
"""`gilloc lab --timeline FILE.json`, read by Python's json as an independent parser, and `gilloc timeline`: what
it draws of a file whose contents are known, and what it says of one that is damaged."""
import json
import os
import pathlib
import pty
import random
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403
from timeline import expect_convoy, expect_run  # noqa: E402

LAB = ["lab", "--workload", "mixed", "--threads", "1", "--seconds", "0.2", "--rounds", "2", "--rate", "1000"]


def nanoseconds(us):
    return round(us * 1000)


def runs_of(document):
    """[(name, [(thread, slices, instants)])] of a Chrome trace, each track named before it is used."""
    runs, lengths = {}, {}
    for event in document["traceEvents"]:
        pid, tid, phase = event["pid"], event["tid"], event["ph"]
        if phase == "M" and event["name"] == "process_name" and pid:
            runs[pid] = (event["args"]["name"], {})
            lengths[pid] = nanoseconds(event["args"]["length_us"])
        elif phase == "M" and event["name"] == "thread_name":
            runs[pid][1][tid] = (event["args"]["name"], [], [])
        elif phase == "X":
            begin = nanoseconds(event["ts"])
            runs[pid][1][tid][1].append((begin, begin + nanoseconds(event["dur"]), event["name"]))
            expect(begin + nanoseconds(event["dur"]) <= lengths[pid], "a slice after the end of its run")
        elif phase == "i":
            expect(event["s"] == "t", f"scope of {event}")
            runs[pid][1][tid][2].append((nanoseconds(event["ts"]), event["name"]))
        else:
            expect(phase == "M", f"phase {phase}")
    return [(name, list(threads.values())) for name, threads in runs.values()]


def record(folder, *options):
    path = folder / "out.json"
    expect_success(run([GILLOC, *LAB, *options, "--timeline", path], cwd=folder))
    expect(sorted(p.name for p in folder.iterdir()) == ["out.json"], "something beside the file")
    return json.loads(path.read_text())


def check_recordings(folder):
    document = record(folder, "--flavour", "gil,fine,none,processes")
    expect(document["otherData"]["schema"] == "gilloc-timeline", "schema")
    runs = runs_of(document)
    names = [name for name, _ in runs]
    expect(sorted(names) == ["mixed: fine, 1 thread, no GIL", "mixed: gil, 1 thread, interval, 5000 us",
                             "mixed: none, 1 thread, no GIL"], f"runs {names}")
    for name, threads in runs:
        expect_run(name, threads)
        if "mixed: gil" in name:
            expect_convoy(threads)
    for policy in ("ticks", "fair"):
        for name, threads in runs_of(record(folder, "--flavour", "gil", "--policy", policy)):
            expect(policy in name, name)
            expect_run(name, threads)
            marks = {n for _, _, instants in threads for _, n in instants}
            wanted = {"checkpoint obeyed"} if policy == "ticks" else {"checkpoint obeyed", "drop request", "forced drop"}
            expect(marks == wanted, f"{name}: {marks}")


def event(phase, tid, name, **fields):
    return {"ph": phase, "pid": 1, "tid": tid, "name": name, **fields}


def example():
    """31 ms of two threads, so that at a width of 40 a column is a millisecond."""
    def slices(tid, *parts):
        return [event("X", tid, name, ts=begin * 1000, dur=(end - begin) * 1000) for begin, end, name in parts]
    return {"otherData": {"schema": "gilloc-timeline", "version": 1}, "traceEvents": [
        event("M", 0, "process_name", args={"name": "made up", "length_us": 31000}),
        event("M", 1, "thread_name", args={"name": "cpu 1", "dropped_events": 0}),
        *slices(1, (0, 10, "running"), (10, 12, "forced off"), (12, 20, "running"), (20, 31, "waiting for the GIL")),
        event("i", 1, "checkpoint obeyed", ts=10000, s="t"),
        event("i", 1, "forced drop", ts=10000, s="t"),
        event("M", 2, "thread_name", args={"name": "io 1", "dropped_events": 3}),
        *slices(2, (0, 4, "blocking call"), (4, 10, "waiting for the GIL"), (10, 12, "running"),
                (20.4, 20.6, "running"), (20.6, 31, "blocking call"))]}


EXAMPLE = """made up; a column is 1 ms

  cpu 1  ##########xx########...........
  io 1   ----......##        +----------
         |0.0 ms             |20.0

           runs   waits  blocking  forced off  times  longest wait
  cpu 1  58.1 %  35.5 %     0.0 %       6.5 %      1      11.00 ms
  io 1    7.1 %  19.4 %    46.5 %       0.0 %      0       6.00 ms
  io 1: its 3 oldest events did not fit its ring

# runs, + for less than half of the column   . waits for the GIL   - in a blocking call   x forced off it
"""


def draw(path, *options, **environment):
    return run([GILLOC, "timeline", path, *options], env={**os.environ, "LC_ALL": "C", **environment})


def draw_on_terminal(path, **environment):
    """What appears on a terminal of 60 columns."""
    terminal, inside = pty.openpty()
    subprocess.run(["stty", "cols", "60"], stdin=inside, check=True)
    drawn = subprocess.Popen([GILLOC, "timeline", path], stdin=subprocess.DEVNULL, stdout=inside,
                             env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm", **environment})
    os.close(inside)
    said = b""
    try:
        while part := os.read(terminal, 65536):
            said += part
    except OSError: # how Linux says that the other side has closed
        pass
    os.close(terminal)
    expect(drawn.wait() == 0, f"status {drawn.returncode} on a terminal")
    return said.decode()


def check_drawing(folder):
    path = folder / "example.json"
    path.write_text(json.dumps(example()))
    drawn = expect_success(draw(path, "--width", "40")).stdout.decode()
    expect(drawn == EXAMPLE, f"drawn:\n{drawn}")
    rows = expect_success(draw(path, "--width", "40", LC_ALL="C.UTF-8")).stdout.decode().split("\n")[2:4]
    expect(rows == ["  cpu 1  ██████████╳╳████████░░░░░░░░░░░", "  io 1   ────░░░░░░██        ▄──────────"], f"{rows}")
    part = expect_success(draw(path, "--width", "40", "--from", "8", "--to", "18")).stdout.decode()
    row = part.split("\n")[2]
    expect(row == "  cpu 1  ######xxxxxx###################", f"a window:\n{part}")
    for line in expect_success(draw(path)).stdout.decode().split("\n")[:4]:
        expect(len(line) <= 100, f"{len(line)} characters without a terminal")
    colours = draw_on_terminal(path)
    expect("\033[32m█" in colours and "\033[31m╳" in colours, f"no colours on a terminal: {colours!r}")
    plain = draw_on_terminal(path, NO_COLOR="1")
    expect("\033" not in plain, f"colours against NO_COLOR: {plain!r}")
    expect(max(len(line) for line in plain.split("\r\n")[:4]) == 60, f"not as wide as the terminal: {plain!r}")


def expect_refusal(path, word, *options):
    refused = draw(path, *options)
    said = refused.stderr.decode(errors="replace")
    expect(refused.returncode == 2, f"{path}: status {refused.returncode}, not 2; it said {said!r}")
    expect(said.startswith("gilloc: ") and said.count("\n") == 1 and said.endswith("\n"), f"not one line: {said!r}")
    expect(word in said, f"nothing about {word!r}: {said!r}")
    expect(refused.stdout == b"", f"standard output {refused.stdout[:100]!r}")


def set_field(number, **fields):
    def change(document):
        document["traceEvents"][number].update(fields)
    return change


DAMAGE = (
    (lambda d: d["otherData"].update(schema="other"), "no trace of `gilloc lab"),
    (lambda d: d["otherData"].update(version=2), "version"),
    (lambda d: d.update(traceEvents={}), "no trace of `gilloc lab"),
    (lambda d: d["traceEvents"].insert(0, 7), "event 0"),
    (lambda d: d["traceEvents"].pop(0), "event 0: process 1 has no name yet"),
    (lambda d: d["traceEvents"].pop(1), "event 1: thread 1 has no name yet"),
    (lambda d: d["traceEvents"].append(d["traceEvents"][0]), "process 1 where 2 comes next"),
    (lambda d: d["traceEvents"].append(d["traceEvents"][1]), "thread 1 where 3 comes next"),
    (lambda d: d["traceEvents"].append(d["traceEvents"][2]), "begins before"),
    (set_field(0, args={"name": "n"}), "length_us"),
    (set_field(0, args={"name": 5, "length_us": 1}), "'name'"),
    (set_field(1, args={"name": "n", "dropped_events": -1}), "dropped_events"),
    (set_field(2, ts=-1), "'ts'"),
    (set_field(2, ts=1e300), "'ts'"),
    (set_field(2, ts="0"), "'ts'"),
    (set_field(2, dur=1e9), "ends after its process"),
    (set_field(2, tid=99), "thread 99"),
    (set_field(2, pid=-1), "'pid'"),
    (set_field(2, pid=1.5), "'pid'"),
    (set_field(2, name="dances"), "dances"),
    (set_field(2, name=None), "event 2"),
    (set_field(2, ph="Q"), "'Q'"),
    (set_field(6, name="dances"), "dances"),
    (set_field(7, ts=1), "earlier"),
    (lambda d: d["traceEvents"].clear(), "no run"),
)


def check_damage(folder):
    path = folder / "damaged.json"
    for damage, word in DAMAGE:
        document = example()
        damage(document)
        path.write_text(json.dumps(document))
        expect_refusal(path, word)
    for text, word in (("", "not JSON"), ("{", "not JSON"), ("[]", "no trace"), ("5", "not JSON"), ("\n\x12\b", "not JSON")):
        path.write_text(text)
        expect_refusal(path, word)
    expect_refusal(folder / "none.json", "none.json")
    expect_refusal(folder / "out.pftrace", "ui.perfetto.dev")
    expect_refusal(folder, str(folder))
    path.write_text(json.dumps(example()))
    for options, word in ((["--width", "39"], "39"), (["--width", "x"], "--width"), (["--from", "-1"], "--from"),
                          (["--to", "never"], "never"), (["--from", "5", "--to", "5"], "--to"),
                          (["--from", "31"], "--from"), (["--frobnicate"], "frobnicate"), (["more"], "one file")):
        expect_refusal(path, word, *options)


def check_noise(folder):
    """Bytes changed and ends cut off at random: drawn or refused, never a crash."""
    seed = int(os.environ.get("GILLOC_TEST_SEED", random.randrange(10**9)))
    print(f"GILLOC_TEST_SEED={seed}")
    dice, path, whole = random.Random(seed), folder / "noise.json", json.dumps(example()).encode()
    for _ in range(150):
        text = bytearray(whole[:dice.randrange(len(whole))] if dice.random() < 0.3 else whole)
        for _ in range(dice.randrange(1, 4)):
            if text:
                text[dice.randrange(len(text))] = dice.choice(b'0123456789-.{}[]",:eE \x00\xff')
        path.write_bytes(text)
        said = draw(path)
        expect(said.returncode in (0, 2), f"status {said.returncode} for {bytes(text)!r}")
        expect(said.returncode == 0 or said.stderr.count(b"\n") == 1, f"{said.stderr!r} for {bytes(text)!r}")


def main():
    with scratch() as name:
        check_recordings(pathlib.Path(name))
    with scratch() as name:
        folder = pathlib.Path(name)
        check_drawing(folder)
        check_damage(folder)
        check_noise(folder)
    done()


main()
