# SPDX-License-Identifier: MIT
# presets: release
# timeout: 120
# labels: lab
"""`gilloc lab --quick --json` is planned to end within half a minute and ends soon after at the worst, with the table on
standard output and, in the file, all four workloads on all five kinds of row, each verified."""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

WORKLOADS = ("cpu", "io", "mixed", "alloc")
ROWS = ("none", "gil", "fine", "system", "processes")
LATENCY = ("io", "mixed")
PLANNED_S, MOST_S = 27, 90  # a busy machine takes longer to start programs and to verify; the plan does not


def expect_rows(result):
    rows = result["rows"]
    for workload in WORKLOADS:
        for row in ROWS:
            mine = [r for r in rows if r["workload"] == workload and r["row"] == row]
            expect(mine, f"no row {row} of {workload}")
            for one in mine:
                expect(one["verified"] is True, f"{row} of {workload} is not verified")
                expect(one["throughput"] > 0 and one["peak_rss_bytes"] > 100000, f"{row} of {workload}: {one}")
                has_latency = one["p50_ns"] is not None and one["max_ns"] is not None
                expect(has_latency == (workload in LATENCY), f"latency of {row} of {workload}: {one['p50_ns']}")
    single = [r["threads"] for r in rows if r["row"] == "none"]
    expect(set(single) == {1}, f"none ran with {single} threads")


def expect_same_checksums(result):
    """One input, one result: on every row and thread count of a workload that has no clock in it."""
    for workload in ("cpu", "mixed"):
        sums = {r["report"]["checksum"] for r in result["runs"] if r["workload"] == workload and r["report"]}
        expect(len(sums) == 1, f"checksums of {workload}: {sums}")


def expect_metadata(result):
    expect(result["schema"]["version"] >= 1, "no version of the schema")
    for key in ("cores_online", "kernel", "compiler", "governor", "pinning", "load_average"):
        expect(key in result["machine"], f"the machine's {key} is missing")
    expect(str(result["parameters"]["seed"]) == "42", f"the seed is {result['parameters']['seed']}")
    for workload in WORKLOADS:
        expect(len(result["verdicts"][workload]) > 20, f"no verdict on {workload}")


def main():
    with scratch() as folder:
        target = pathlib.Path(folder) / "out.json"
        start = time.monotonic()
        finished = run([GILLOC, "lab", "--quick", "--seed", "42", "--json", str(target)])
        took = time.monotonic() - start
        expect(finished.returncode == 0, f"status {finished.returncode}: {finished.stderr.decode()}")
        expect(took < MOST_S, f"it took {took:.1f} s")
        result = json.loads(target.read_text())
        planned = len(result["runs"]) * (result["parameters"]["warmup"] + result["parameters"]["seconds"])
        expect(0 < planned < PLANNED_S, f"it was planned to take {planned:.1f} s")
        expect([p.name for p in pathlib.Path(folder).iterdir()] == ["out.json"], "there are other files")
    table = finished.stdout.decode()
    for word in (*WORKLOADS, *ROWS, "p50", "p99"):
        expect(word in table, f"the table does not speak of {word}")
    expect("\x1b" not in table and "\r" not in table, "terminal control where there is no terminal")
    expect_rows(result)
    expect_same_checksums(result)
    expect_metadata(result)
    done()


main()
