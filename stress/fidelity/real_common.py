# SPDX-License-Identifier: MIT
"""What CPython's side of the experiments has in common; emulate_threads.c is the other side, step by step. Called as
real_EXPERIMENT.py key=value..., prints lines "NAME NUMBER". Runs on CPython 2.7 too, the home of the policy `ticks`."""
from __future__ import print_function

import sys
import threading
import time
import zlib

try:
    from os import sched_getaffinity, sched_setaffinity
    from time import monotonic as now

    RANGE = range
except ImportError:
    import ctypes

    LIBC = ctypes.CDLL(None, use_errno=True)

    class Timespec(ctypes.Structure):
        _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]

    def now():
        time_now = Timespec()
        LIBC.clock_gettime(1, ctypes.byref(time_now))
        return time_now.seconds + time_now.nanoseconds * 1e-9

    def sched_getaffinity(thread):
        mask = (ctypes.c_ubyte * 128)()
        LIBC.sched_getaffinity(thread, 128, mask)
        return {cpu for cpu in range(1024) if mask[cpu // 8] >> cpu % 8 & 1}

    def sched_setaffinity(thread, cpus):
        mask = (ctypes.c_ubyte * 128)()
        for cpu in cpus:
            mask[cpu // 8] |= 1 << cpu % 8
        LIBC.sched_setaffinity(thread, 128, mask)

    RANGE = xrange  # noqa: F821


def tell_in_one_line(kind, value, _):
    sys.stderr.write("%s: %s\n" % (kind.__name__, value))


sys.excepthook = tell_in_one_line


class Options(object):
    """The key=value arguments as attributes; all are whole numbers except the kind of the spinners."""

    kind = "pure"
    threads = ms = warm_ms = give_up_ms = port = 0
    interval_us, hold_items, release_bytes = 5000, 1000, 100000

    def __init__(self, arguments):
        for argument in arguments:
            key, _, value = argument.partition("=")
            setattr(self, key, value if key in ("kind", "policy") else int(value))


options = Options(sys.argv[1:])
usable = sorted(sched_getaffinity(0))
counts = [0] * options.threads
threads = []
stop, began = False, 0
go = threading.Event()


def pin(n):
    """The calling thread, onto the n-th processor that was usable at the start."""
    if len(usable) > 1:
        sched_setaffinity(0, {usable[n]})


def start(body, *arguments):
    thread = threading.Thread(target=body, args=arguments)
    threads.append(thread)
    thread.start()


def join():
    for thread in threads:
        thread.join()


def spin_pure(i):
    while not stop:
        counts[i] += 1


def spin_holding(i):
    items = options.hold_items
    limit = options.give_up_ms * 1e-3 or float("inf")
    while not stop and now() - began <= limit:
        sum(RANGE(items))
        counts[i] += 1


def spin_releasing(i):
    data = compressible(options.release_bytes)
    while not stop:
        zlib.compress(data)
        counts[i] += 1


def compressible(size):
    """As many bytes, which zlib has some work with."""
    words = bytearray((i * i * 7 + i // 3) & 63 for i in range(min(size, 65536)))
    return bytes((words * (size // len(words) + 1))[:size])


def spin(i, processor):
    pin(processor)
    go.wait()
    {"pure": spin_pure, "hold": spin_holding, "release": spin_releasing}[options.kind](i)


def begin_spinners(spread):
    """All on the second processor, or every other one on the first; they spin from go.set() on."""
    global began
    for i in range(options.threads):
        start(spin, i, i % 2 if spread else 1)
    began = now()


def end_spinners():
    global stop
    stop = True
    join()


def run_spinners():
    """The spinners' progress over the measured time: seconds, iterations of each, and whether this thread got the GIL
    only when they had given up: then all that they did until then."""
    begin_spinners(True)
    go.set()
    time.sleep(options.warm_ms * 1e-3)
    begin, first = now(), list(counts)
    time.sleep(options.ms * 1e-3)
    end, last = now(), list(counts)
    end_spinners()
    done = [b - a for a, b in zip(first, last)]
    if options.give_up_ms and not any(done):
        return options.give_up_ms * 1e-3, last, True
    return end - begin, done, False


def count_down(n):
    while n > 0:
        n -= 1


def report(**values):
    for name, value in sorted(values.items()):
        print("%s %.6f" % (name, value))


if hasattr(sys, "setswitchinterval"):
    sys.setswitchinterval(options.interval_us * 1e-6)
