"""Sockets with a send buffer as small as the chip's, so that a slow link blocks soon."""

import usocket
from usocket import *  # noqa: F403

_SO_SNDBUF = 7
SEND_BUFFER = 8_192  # lwIP has 5,760 bytes; the kernel doubles this


def socket(*args):
    """Return a socket; accepted connections inherit the size of a listening one."""
    sock = usocket.socket(*args)
    sock.setsockopt(usocket.SOL_SOCKET, _SO_SNDBUF, SEND_BUFFER)
    return sock
