"""Network time by MicroPython's `ntptime`, with checked responses; sets the chip's clock.

`ntptime` accepts any packet. It uses the network only through its module `socket`, which is
replaced by one that passes nothing but a valid response to its request (RFC 4330 section 5).
"""

import os
import socket
import time

import ntptime
from machine import RTC
from micropython import const

from config import limits

_SIZE = const(48)
_TRANSMIT = const(40)  # offset of the transmit timestamp
_ORIGINATE = const(24)


class BadResponse(OSError):
    """The response must not set a clock; the message says why."""


class _CheckedSocket:
    """A UDP socket for one request and its response."""

    sender = ""  # IP address of the last response

    def __init__(self, *args):
        self._sock = socket.socket(*args)
        self._server = None
        self._cookie = b""

    def settimeout(self, seconds):
        self._sock.settimeout(seconds)

    def sendto(self, query, address):
        """Send a random transmit timestamp, which the response returns as originate timestamp."""
        self._server = address
        self._cookie = os.urandom(8)
        packet = bytearray(query)
        packet[_TRANSMIT:_SIZE] = self._cookie
        return self._sock.sendto(packet, address)

    def recv(self, size):
        for _ in range(limits.SNTP_STRAYS):
            response, address = self._sock.recvfrom(size)
            if address == self._server and response[_ORIGINATE : _ORIGINATE + 8] == self._cookie:
                _CheckedSocket.sender = address[0]
                return _checked(response)
        raise BadResponse("only packets from other senders")

    def close(self):
        self._sock.close()


def _checked(response):
    if len(response) < _SIZE:
        raise BadResponse("short response")
    leap, mode, stratum = response[0] >> 6, response[0] & 7, response[1]
    if leap == 3 or mode != 4 or not 1 <= stratum <= 15:
        raise BadResponse("the server has no time (stratum {})".format(stratum))
    if response[_TRANSMIT:_SIZE] == bytes(8):
        raise BadResponse("a response without a time")
    return response


class _SocketModule:
    """Replaces the module `socket` in `ntptime`."""

    AF_INET = socket.AF_INET
    SOCK_DGRAM = socket.SOCK_DGRAM
    getaddrinfo = staticmethod(socket.getaddrinfo)
    socket = _CheckedSocket


def query(host):
    """Return (UTC in seconds since the chip's epoch, IP address of the server).

    Does not set the clock. Blocks for DNS and up to a second more. Raises OSError if no valid
    response arrives.
    """
    ntptime.socket = _SocketModule
    ntptime.host = host
    return ntptime.time(), _CheckedSocket.sender


def set_clock(seconds):
    """Set the chip's clock to UTC, in seconds since its epoch."""
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds)[:8]
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
