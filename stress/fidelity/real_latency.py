# SPDX-License-Identifier: MIT
"""How late a thread learns that a datagram has come, by the time of sending in it."""
import struct

import real_common as common
import real_udp as udp


def note(own):
    late = []
    while True:
        message, _ = own.recvfrom(udp.MESSAGE_MAX)
        if message == b"stop":
            return late
        late.append(common.now() * 1e6 - struct.unpack("=Q", message)[0] * 1e-3)


late = note(udp.begin())
common.end_spinners()
if not late:
    raise RuntimeError("no ping arrived")
mean = sum(late) / len(late)
deviation = (max(sum(us * us for us in late) / len(late) - mean * mean, 0)) ** 0.5
common.report(value=mean, sd_us=deviation, max_us=max(late), pings=len(late))
