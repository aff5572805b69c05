# SPDX-License-Identifier: MIT
# cost: 45
# presets: release
# timeout: 600
# labels: lab
"""`gilloc fidelity --quick`: every cell is there for CPython and for the policies, in table and JSON, and its figures are
those of the runs; without a python3 it says so and runs ours alone. To the command a policy is a word that it hands to
the worker, so not every policy is run in every experiment, which takes a minute more."""
import json
import math
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

CELLS = {"pingpong": 9, "throughput": 6, "latency": 5, "bandwidth": 3, "countdown": 9, "cpued": 2, "fairness": 4}
POLICIES = ["interval", "ticks", "fifo", "priority", "fair"]
SHARES = ("cpued", "fairness")


def failures_of(document):
    return [(cell["name"], row["row"], run["failure"]) for cell in document["cells"] for row in cell["rows"]
            for run in row["runs"] if run["failure"]]


def fidelity(folder, *arguments, **options):
    """Runs the command with --json; its finished process and the document. Starved to death is a result of `ticks`. Once
    more where a CPython hung, which is not ours to mend: on a machine that stood still it does."""
    target = folder / "out.json"
    for _ in range(2):
        target.unlink(missing_ok=True)
        finished = run([GILLOC, "fidelity", "--json", target, *arguments], timeout=290, **options)
        said = finished.stderr.decode(errors="replace")
        expect(target.exists(), f"status {finished.returncode}, no JSON: {said}")
        document = json.loads(target.read_text())
        failures = failures_of(document)
        if not any(row == "cpython" and "hung" in why for _, row, why in failures):
            break
    expect(document["failures"] == len(failures), f"{document['failures']} failures, {failures}")
    expect(all(row == "ticks" and "hung" in why for _, row, why in failures), f"runs went wrong: {failures}")
    expect(finished.returncode == (1 if failures else 0), f"status {finished.returncode}: {said}")
    return finished.stdout.decode(), document


def check_row(cell, row, rounds):
    name = f"{cell['experiment']}, {cell['name']}, {row['row']}"
    values = [r["value"] for r in row["runs"] if r["failure"] is None]
    expect(len(row["runs"]) == rounds and row["runs_good"] == len(values), f"{name}: {row['runs']}")
    for value in values:
        expect(value is not None and math.isfinite(value) and value >= 0, f"{name}: value {value}")
        expect(cell["experiment"] in SHARES or value > 0 or row["row"] == "ticks", f"{name}: value {value}")
    if values:
        expect(math.isclose(row["median"], statistics.median(values)), f"{name}: median {row['median']} of {values}")
        expect(row["min"] == min(values) and row["max"] == max(values), f"{name}: spread of {values}")


def check_ratios(cell, theirs, row):
    """The ratio is the median over the rounds of the logarithms of the pairs' ratios."""
    name = f"{cell['experiment']}, {cell['name']}, {row['row']}"
    logs = [math.log(a["value"] / b["value"]) for a, b in zip(row["runs"], theirs["runs"]) if a["value"] and b["value"]]
    if logs:
        ratio, wanted = row["to_cpython"], math.exp(statistics.median(logs))
        expect(math.isclose(ratio["median"], wanted, rel_tol=1e-9), f"{name}: {ratio}, not {wanted}")
        expect(ratio["pairs"] == len(logs) and ratio["low"] <= ratio["median"] <= ratio["high"], f"{name}: {ratio}")
    lossy = cell["experiment"] in ("pingpong", "bandwidth") and cell["threads"] > 0
    expect((row["loss"] is not None) <= lossy, f"{name}: loss {row['loss']}")


def check(document, rows, experiments):
    expect(document["schema"] == {"name": "gilloc-fidelity", "version": 1}, document["schema"])
    expect(document["parameters"]["rows"] == rows, document["parameters"])
    names = [(cell["experiment"], cell["name"]) for cell in document["cells"]]
    expect(len(set(names)) == len(names), f"a cell twice: {names}")
    for experiment, count in CELLS.items():
        found = sum(1 for cell in document["cells"] if cell["experiment"] == experiment)
        expect(found == (count if experiment in experiments else 0), f"{experiment}: {found} cells")
    for cell in document["cells"]:
        expect([row["row"] for row in cell["rows"]] == rows, f"{cell['name']}: {cell['rows']}")
        for row in cell["rows"]:
            check_row(cell, row, document["parameters"]["rounds"])
            starving = [r["failure"] for r in row["runs"] if cell["experiment"] == "throughput" and r["failure"]]
            expect(not starving, f"{cell['name']}, {row['row']}: a thread that starves is no failure: {starving}")
        for row in cell["rows"][1:] if rows[0] == "cpython" else ():
            check_ratios(cell, cell["rows"][0], row)


def check_with_python(folder):
    policies = ["interval", "ticks"]
    table, document = fidelity(folder, "--quick", "--policy", ",".join(policies), "--python", sys.executable)
    check(document, ["cpython", *policies], CELLS)
    python = document["python"]
    expect(python["found"] and python["policy"] == "interval", python)
    expect(python["version"] == sys.version.split()[0], python)
    expect(document["calibration"]["measured"], document["calibration"])
    bar = document["bar"]
    ratios = [next(r for r in cell["rows"] if r["row"] == "interval")["to_cpython"]["median"]
              for cell in document["cells"] if cell["experiment"] == "pingpong"]
    expect(bar["pingpong_cells"] == 9, bar)
    expect(bar["pingpong_within_half_and_twice"] == sum(0.5 <= r <= 2 for r in ratios), f"{bar}, {ratios}")
    for cell in document["cells"]:
        expect(f"\n  {cell['name']} " in table, f"the table has no line {cell['name']!r}:\n{table}")
    for word in ("CPython " + python["version"], "interval/CPython", "losses", *policies):
        expect(word in table, f"{word!r} is not in the table:\n{table}")


def check_all_policies(folder):
    """Which are what runs where none are named."""
    table, document = fidelity(folder, "--quick", "--only", "latency", "--python", sys.executable)
    check(document, ["cpython", *POLICIES], ("latency",))
    for word in POLICIES:
        expect(word in table, f"{word!r} is not in the table:\n{table}")


def check_without_python(folder):
    environment = dict(os.environ, PATH=str(folder / "nothing"))
    table, document = fidelity(folder, "--quick", "--only", "pingpong,countdown", "--policy", "fair,interval",
                               env=environment)
    check(document, ["interval", "fair"], ("pingpong", "countdown"))
    expect("no python3 in PATH" in table and "run alone" in table, f"it does not say that there is no python3:\n{table}")
    expect(not document["python"]["found"] and "python3" in document["python"]["missing"], document["python"])
    expect(document["bar"] is None and not document["calibration"]["measured"], "figures of a CPython that is not there")
    expect("CPython" not in table.split("\n\n", 1)[1], f"a column of nothing:\n{table}")


def check_rounds(folder):
    """The same seed runs the same; what is not asked for is not run."""
    _, document = fidelity(folder, "--rounds", "2", "--only", "countdown", "--policy", "interval", "--seed", "7",
                           "--python", sys.executable)
    check(document, ["cpython", "interval"], ("countdown",))
    expect(document["parameters"]["seed"] == "7" and document["bar"] is None, document["parameters"])


STUCK = """#!/bin/sh
case "$*" in
*-c*) printf '%s\\n3.11.0\\nCPython\\n1\\n' "$0" ;;
*calibrate*) printf 'spin_ns 40\\ncountdown_ns 15\\ncountdown_once_ns 24\\nhold_item_ns 7\\nrelease_byte_ns 2\\nudp_ns 5000\\n' ;;
*) exec sleep 1000 ;;
esac
"""


def check_hanging(folder):
    """A worker that hangs is killed and said to have hung; the others' figures are there."""
    (folder / "stuck").write_text(STUCK)
    (folder / "stuck").chmod(0o755)
    target = folder / "stuck.json"
    finished = run([GILLOC, "fidelity", "--quick", "--only", "cpued", "--policy", "interval", "--python", folder / "stuck",
                    "--json", target])
    said = finished.stderr.decode(errors="replace")
    expect(finished.returncode == 1 and said.count("\n") == 1, f"status {finished.returncode}: {said!r}")
    expect("2 runs went wrong" in said and "cpython: hung, killed" in said, said)
    for cell in json.loads(target.read_text())["cells"]:
        theirs, ours = cell["rows"]
        expect(theirs["median"] is None and "hung" in theirs["runs"][0]["failure"], theirs)
        expect(ours["median"] is not None and ours["to_cpython"] is None, ours)


def check_starving():
    """Who has to stop the spinners and never gets in, since nobody is to drop for a thousand seconds, is let in by them in
    the end, says so, and has a figure all the same. On both sides."""
    libexec = pathlib.Path(GILLOC).parent / "../libexec/gilloc"
    asked = ["kind=hold", "interval_us=1000000000", "threads=2", "ms=50", "warm_ms=10", "give_up_ms=400",
             "hold_steps=100000", "hold_items=20000"]
    for name, worker in (("ours", [libexec / "gilloc-fidelity-gil", "throughput"]),
                         ("CPython's", [sys.executable, "-ESB", libexec / "fidelity/real_throughput.py"])):
        text = expect_success(run([*worker, *asked], timeout=60)).stdout.decode()
        figures = {line.split()[0]: float(line.split()[1]) for line in text.splitlines()}
        expect(figures.get("starved") == 1 and figures["value"] > 0, f"{name}: {text!r}")


def main():
    if not os.path.exists(os.path.join(os.path.dirname(GILLOC), "../libexec/gilloc/gilloc-fidelity-gil")):
        skip("this build has no flavour gil")
    need(sys.executable)
    with scratch() as name:
        folder = pathlib.Path(name)
        check_without_python(folder)
        check_rounds(folder)
        check_starving()
        check_hanging(folder)
        check_all_policies(folder)
        check_with_python(folder)
    done()


main()
