# SPDX-License-Identifier: MIT
"""What this interpreter needs for each piece of work, so that the other side's pieces can be made alike: the least
of many short trials, what the machine can do when nobody disturbs it. Nanoseconds."""
import time
import zlib

import real_common as common
import real_udp as udp

TRIALS, SELF_TIMES, COUNTDOWN, ITEMS, BYTES = 40, 200, 20000, 20000, 65536
COLD_CALLS, COLD_PIECES = 4, 200000


def least(body, argument, pieces, trials=TRIALS):
    best = None
    for _ in range(trials):
        begin = common.now()
        body(argument)
        took = common.now() - begin
        best = took if best is None else min(best, took)
    return best * 1e9 / pieces


def send_to_self(own):
    name = own.getsockname()
    for _ in range(SELF_TIMES):
        own.sendto(b"0123456789abcdef", name)
        own.recvfrom(udp.MESSAGE_MAX)


def hold(items):
    sum(common.RANGE(items))


def spin_window():
    """One iteration of a spinner that nobody wants anything of, but for this thread at the ends of the window."""
    begin, first = common.now(), common.counts[0]
    time.sleep(0.01)
    end, last = common.now(), common.counts[0]
    return (end - begin) * 1e9 / max(last - first, 1)


# A function's first calls: CPython 3.11 and later run it faster when it has been called some times more, and each thread
# of the experiment calls it once.
cold = least(common.count_down, COLD_PIECES, COLD_PIECES, COLD_CALLS)
common.options.threads, common.counts = 1, [0]
common.begin_spinners(False)
common.pin(0)
common.go.set()
spin = min(spin_window() for _ in range(TRIALS))
common.end_spinners()
data = common.compressible(BYTES)
common.report(spin_ns=spin, udp_ns=least(send_to_self, udp.open_socket(), SELF_TIMES),
              countdown_ns=least(common.count_down, COUNTDOWN, COUNTDOWN), countdown_once_ns=cold, hold_item_ns=least(hold, ITEMS, ITEMS),
              release_byte_ns=least(zlib.compress, data, BYTES))
