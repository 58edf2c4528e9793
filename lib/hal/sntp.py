"""The time of a network, into the chip's clock: MicroPython's `ntptime`, its socket checked.

`ntptime` believes whatever arrives. It touches the network only through its `socket` module, so
it is given one that lets just the answer to its own question through (RFC 4330 section 5).
"""

import os
import socket
import time

import ntptime
from machine import RTC
from micropython import const

_SIZE = const(48)
_TRANSMIT = const(40)  # offset of the transmit timestamp
_ORIGINATE = const(24)
_MOST_STRAYS = const(8)


class BadAnswer(OSError):
    """A server answered, but not so that it can be believed."""


class _Checked:
    """A UDP socket for one question and its answer."""

    def __init__(self, *args):
        self._sock = socket.socket(*args)
        self._server = None
        self._cookie = b""

    def settimeout(self, seconds):
        self._sock.settimeout(seconds)

    def sendto(self, query, address):
        """A random transmit timestamp comes back as the originate timestamp of our answer."""
        self._server = address
        self._cookie = os.urandom(8)
        packet = bytearray(query)
        packet[_TRANSMIT:_SIZE] = self._cookie
        return self._sock.sendto(packet, address)

    def recv(self, size):
        for _ in range(_MOST_STRAYS):
            answer, address = self._sock.recvfrom(size)
            if address == self._server and answer[_ORIGINATE : _ORIGINATE + 8] == self._cookie:
                return _believable(answer)
        raise BadAnswer("answers from elsewhere only")

    def close(self):
        self._sock.close()


def _believable(answer):
    if len(answer) < _SIZE:
        raise BadAnswer("short answer")
    leap, mode, stratum = answer[0] >> 6, answer[0] & 7, answer[1]
    if leap == 3 or mode != 4 or not 1 <= stratum <= 15:
        raise BadAnswer("the server has no time (stratum {})".format(stratum))
    if answer[_TRANSMIT:_SIZE] == bytes(8):
        raise BadAnswer("an answer without a time")
    return answer


class _Socket:
    """What `ntptime` takes for the module `socket`."""

    AF_INET = socket.AF_INET
    SOCK_DGRAM = socket.SOCK_DGRAM
    getaddrinfo = staticmethod(socket.getaddrinfo)
    socket = _Checked


def ask(host):
    """Seconds of UTC since the chip's epoch by one question to `host`; the clock stays.

    Blocks, for DNS and up to a second. Raises OSError when nothing believable answers.
    """
    ntptime.socket = _Socket
    ntptime.host = host
    return ntptime.time()


def set_clock(seconds):
    """Set the chip's clock to `seconds` of UTC."""
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds)[:8]
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
