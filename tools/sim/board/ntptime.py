"""Set the clock from an SNTP server, with the API of MicroPython's `ntptime` 0.2."""

import socket
import struct
import time as _time

import machine

host = "pool.ntp.org"
timeout = 1
_EPOCH_2000 = 3_155_673_600  # seconds from 1900 to 2000
_CLIENT_V4 = 0x23


def time():
    """Return the server's time in seconds since 2000; raise OSError without a response."""
    query = bytearray(48)
    query[0] = _CLIENT_V4
    address = socket.getaddrinfo(host, 123)[0][-1]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.settimeout(timeout)
        sock.sendto(query, address)
        response = sock.recv(48)
    finally:
        sock.close()
    seconds = struct.unpack("!I", response[40:44])[0]
    if seconds < _EPOCH_2000:  # the 32-bit counter wraps in 2036
        seconds += 1 << 32
    return seconds - _EPOCH_2000


def settime():
    year, month, day, hour, minute, second, weekday, _ = _time.gmtime(time())
    machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
