# SPDX-License-Identifier: MIT
"""What must hold of any timeline of the GIL, whichever form it was read from. A run is a name and a list of
threads; a thread is a name, its slices (from, to, name) and its instants (time, name), all in nanoseconds."""
from harness import expect

STATES = {"running", "waiting for the GIL", "blocking call", "forced off"}
INSTANTS = {"drop request", "checkpoint obeyed", "forced drop"}


def expect_thread(where, slices, instants):
    end = 0
    for begin, until, name in slices:
        expect(name in STATES, f"{where}: slice {name!r}")
        expect(end <= begin < until, f"{where}: slice {begin} to {until} after one that ends at {end}")
        end = until
    times = [at for at, _ in instants]
    expect(times == sorted(times), f"{where}: instants out of order")
    expect({name for _, name in instants} <= INSTANTS, f"{where}: {instants[:5]}")
    forced = [at for at, name in instants if name == "forced drop"]
    obeyed = {at for at, name in instants if name == "checkpoint obeyed"}
    expect(set(forced) <= obeyed, f"{where}: a forced drop that is at no checkpoint")
    ends = {until for _, until, name in slices if name == "running"}
    expect(set(forced) <= ends, f"{where}: a forced drop that ends no hold")
    for begin, _, name in slices:
        expect(name != "forced off" or begin == 0 or begin in forced, f"{where}: forced off at {begin}, by nothing")


def expect_exclusion(where, threads):
    """One holder at a time."""
    holds = sorted((begin, until) for _, slices, _ in threads for begin, until, name in slices if name == "running")
    for (_, end), (begin, _) in zip(holds, holds[1:]):
        expect(end <= begin, f"{where}: two hold the GIL, one until {end}, one from {begin}")
    return len(holds)


def expect_run(name, threads):
    for thread, slices, instants in threads:
        expect_thread(f"{name}: {thread}", slices, instants)
    names = [s[2] for _, slices, _ in threads for s in slices]
    marks = [i[1] for _, _, instants in threads for i in instants]
    if "no GIL" in name:
        expect(set(names) <= {"running", "blocking call"}, f"{name}: {set(names)}")
        expect(not marks, f"{name}: instants {marks[:3]}")
        return
    expect(expect_exclusion(name, threads) > 0, f"{name}: nobody ever held the GIL")


def expect_convoy(threads):
    """`mixed` under `interval`: the service waits, asks, and drives the computing thread off."""
    by_name = {name: (slices, instants) for name, slices, instants in threads}
    expect(set(by_name) == {"cpu 1", "service 1"}, f"threads {sorted(by_name)}")
    expect("forced drop" in {n for _, n in by_name["cpu 1"][1]}, "cpu 1 was never forced off")
    expect("drop request" in {n for _, n in by_name["service 1"][1]}, "service 1 never asked")
    expect({"running", "waiting for the GIL", "blocking call"} <= {s[2] for s in by_name["service 1"][0]},
           "service 1 did not run, wait and block")
