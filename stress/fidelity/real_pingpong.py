# SPDX-License-Identifier: MIT
"""Strict UDP ping-pong: every message goes back as it came."""
import real_common as common
import real_udp as udp


def answer(own):
    while True:
        message, sender = own.recvfrom(udp.MESSAGE_MAX)
        if message == b"stop":
            return
        own.sendto(message, sender)


answer(udp.begin())
common.end_spinners()
