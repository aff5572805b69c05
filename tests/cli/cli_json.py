# SPDX-License-Identifier: MIT
# cost: 4
# presets: release
# timeout: 300
# labels: lab
"""`gilloc lab --json FILE` writes all of it or nothing: a lab that is stopped midway leaves the old file as it
was, no other file, and no process."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

OLD = '{"old": true}\n'
SHORT = ["lab", "--workload", "cpu", "--flavour", "gil,fine", "--threads", "1", "--seconds", "0.1", "--rounds", "2"]
LONG = ["lab", "--workload", "cpu,io", "--flavour", "gil,fine", "--threads", "2", "--seconds", "2", "--rounds", "20"]


def processes_of_session(session):
    """Living processes of a session; zombies are as good as gone."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            state, _, _, sid = (entry / "stat").read_text().rpartition(") ")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and int(sid) == session and state not in "ZX":
            found.append((entry.name, (entry / "cmdline").read_text().split("\0")[0]))
    return found


def expect_nothing_left(session, how):
    deadline = time.monotonic() + 10
    while (left := processes_of_session(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    expect(not left, f"after {how}: processes are left: {left}")


def stop_midway(folder, number, after):
    how = f"{signal.Signals(number).name} after {after} s"
    target = folder / "out.json"
    target.write_text(OLD)
    lab = subprocess.Popen([GILLOC, *LONG, "--json", str(target)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(after)
    expect(lab.poll() is None, f"{how}: the lab had ended already with {lab.returncode}")
    lab.send_signal(number)
    status = lab.wait(timeout=30)
    expect(status != 0, f"after {how}: status 0, as if all had been well")
    expect(target.read_text() == OLD, f"after {how}: the old file is not as it was")
    expect([p.name for p in folder.iterdir()] == ["out.json"], f"after {how}: files {list(folder.iterdir())}")
    expect_nothing_left(lab.pid, how)


def main():
    with scratch() as name:
        folder = pathlib.Path(name)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            stop_midway(folder, number, 0.7)
        stop_midway(folder, signal.SIGTERM, 0.05)
        target = folder / "out.json"
        target.chmod(0o640)
        link = folder / "link.json"
        link.symlink_to("out.json")
        expect_success(run([GILLOC, *SHORT, "--json", str(link)]))
        expect(link.is_symlink() and "rows" in json.loads(target.read_text()), "the link was not followed")
        expect(target.stat().st_mode & 0o777 == 0o640, "the file's permissions were changed")
        expect(sorted(p.name for p in folder.iterdir()) == ["link.json", "out.json"], f"files {list(folder.iterdir())}")
        fresh = folder / "fresh.json"
        expect_success(run([GILLOC, *SHORT, "--json", str(fresh)], umask=0o022))
        expect(fresh.stat().st_mode & 0o777 == 0o644, f"a new file has mode {fresh.stat().st_mode:o}")
        full = run([GILLOC, *SHORT, "--json", "/dev/full"])
        expect(full.returncode == 2 and full.stderr.startswith(b"gilloc: "), f"/dev/full: {full}")
    done()


main()
