# SPDX-License-Identifier: MIT
"""Spinners beside a thread that computes for a burst and then sleeps for no time at all, again and again."""
import time

import real_common as common

options = common.options
bursts = 0
common.begin_spinners(False)
common.pin(0)
common.go.set()
time.sleep(options.warm_ms * 1e-3)
begin, first = common.now(), list(common.counts)
end = begin + options.ms * 1e-3
while common.now() < end:
    common.count_down(options.burst_iterations)
    bursts += 1
    time.sleep(0)
end, last = common.now(), list(common.counts)
common.end_spinners()
ns, parts = (end - begin) * 1e9, options.threads + 1
least = min(b - a for a, b in zip(first, last)) * options.spin_ps * 1e-3
common.report(spinner_share=least / ns * parts, pretender_share=bursts * options.burst_ns / ns * parts)
