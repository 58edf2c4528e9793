"""Sockets with a send buffer as small as the chip's: a slow link is felt at once."""

import usocket
from usocket import *  # noqa: F403

_SO_SNDBUF = 7
SEND_BUFFER = 8_192  # lwIP has 5,760 bytes; the kernel doubles this


def socket(*args):
    """A socket, for listening and connecting alike: what is accepted inherits the size."""
    sock = usocket.socket(*args)
    sock.setsockopt(usocket.SOL_SOCKET, _SO_SNDBUF, SEND_BUFFER)
    return sock
