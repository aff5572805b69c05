# SPDX-License-Identifier: MIT
"""The I/O thread of the UDP experiments; emulate_udp.c and peer.h say what is said."""
import socket

import real_common as common

MESSAGE_MAX = 2048


def open_socket():
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    return own


def begin():
    own = open_socket()
    common.begin_spinners(False)
    common.pin(0)
    common.go.set()
    own.sendto(b"hello", ("127.0.0.1", common.options.port))
    return own
