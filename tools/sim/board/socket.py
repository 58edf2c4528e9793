"""Sockets with the behaviour of lwIP on the ESP32: addresses are tuples, ten sockets at most.

All connections go through the runner: `bind` uses a loopback port that the runner relays to, and
`connect` goes to the runner's relay for the target.

Limitations: `connect` completes immediately, so a refused connection fails at the first read or
write, as it does for TLS on the chip. Error numbers are those of Linux. The limit of ten counts
open sockets, but not those that lwIP keeps in TIME_WAIT. At the limit the runner refuses
connections, so `accept` does not see them.
"""

import io
import os
import select
from errno import EADDRINUSE, EAGAIN, ECONNREFUSED, ECONNRESET, EINVAL, ETIMEDOUT
from time import sleep_ms, ticks_diff, ticks_ms

import idf
import usocket
import world

AF_INET = usocket.AF_INET
AF_INET6 = usocket.AF_INET6
SOCK_STREAM = usocket.SOCK_STREAM
SOCK_DGRAM = usocket.SOCK_DGRAM
SOCK_RAW = usocket.SOCK_RAW
IPPROTO_IP = 0
IPPROTO_TCP = 6
IPPROTO_UDP = 17
IP_ADD_MEMBERSHIP = 35  # Linux value; in MicroPython since 1.27
SOL_SOCKET = usocket.SOL_SOCKET
SO_REUSEADDR = usocket.SO_REUSEADDR
SO_BROADCAST = usocket.SO_BROADCAST
SO_BINDTODEVICE = 25
TCP_NODELAY = 1

_SO_SNDBUF = 7
_SEND_BUFFER = 8_192  # lwIP: 5,760 bytes; the kernel doubles this
_LIMIT = 10
_SLICE_S = 0.05
_LOOKUP_POLL_MS = 5
_POLL_MS = 100  # of the port: a shorter timeout ends with EAGAIN
_GET_FILENO = 10
_ENFILE = 23
_EPIPE = 32
_RESET = {_EPIPE, ECONNREFUSED}  # lwIP reports both as ECONNRESET
_STANDARD = ("0", "1", "2")
_LINKS = 2
_proc = os.VfsPosix("/proc")  # of the PC, independent of the board's file system


def _count_open():
    """Return the number of open sockets, without the two links to the runner."""
    count = -_LINKS
    for entry in _proc.ilistdir("/self/fd"):
        if entry[0] not in _STANDARD:
            try:
                count += _proc.stat("/self/fd/" + entry[0])[0] & 0xF000 == 0xC000
            except OSError:
                pass  # the descriptor of this listing
    return count


def _packed(host, port):
    return usocket.getaddrinfo(host, port)[0][-1]


def _unpacked(address):
    family, packed, port = usocket.sockaddr(address)
    return (usocket.inet_ntop(family, packed), port)


class socket(io.IOBase):
    """Socket of the board; the event loop polls the descriptor of the native socket."""

    def __init__(self, family=AF_INET, kind=SOCK_STREAM, proto=0, _native=None):
        if _count_open() >= _LIMIT + bool(_native):
            if _native:
                _native.close()
            raise OSError(_ENFILE)
        self._family = family
        self._kind = kind
        self._native = _native or usocket.socket(family, kind)
        self._senders = None
        self._linked = bool(_native)  # accepted, or `connect` was called
        self._has_timeout = False
        self._timeout_ms = 0
        if kind == SOCK_STREAM:
            self._native.setsockopt(SOL_SOCKET, _SO_SNDBUF, _SEND_BUFFER)
        self._id = self._native.fileno()

    def ioctl(self, request, argument):
        if request == _GET_FILENO:
            return self._native.fileno()
        if request == 4:  # close
            self.close()
            return 0
        return -22

    def close(self):
        if self._id >= 0:
            self._id = -1
            self._native.close()

    def fileno(self):
        return self._id

    @property
    def native(self):
        """Native socket, for TLS."""
        return self._native

    @property
    def has_timeout(self):
        """True if reads and writes have a timeout."""
        return self._has_timeout

    def bind(self, address):
        host, port = address
        taken = None
        while True:
            inside, is_new = world.side.call("net.bind", port, host, taken)
            try:
                return self._do(self._native.bind, _packed("127.0.0.1", inside))
            except OSError as exc:
                if not is_new or exc.errno != EADDRINUSE:
                    raise
            taken = inside  # another program has bound it in the meantime

    def listen(self, backlog=2):
        self._do(self._native.listen, backlog)

    def accept(self):
        native, address = self._do(self._native.accept)
        return socket(self._family, self._kind, 0, native), _unpacked(address)

    def connect(self, address):
        self._linked = True
        host, port = address
        if self._kind == SOCK_STREAM:
            host, port = "127.0.0.1", world.side.call("net.connect", host, port)
        else:
            host, port = world.side.call("net.datagram", host, port)
        self._do(self._native.connect, _packed(host, port))

    def sendto(self, data, address):
        host, port = world.side.call("net.datagram", address[0], address[1])
        if (host, port) != tuple(address):
            if self._senders is None:
                self._senders = {}
            self._senders[(host, port)] = address
        return self._do(self._native.sendto, data, _packed(host, port))

    def recvfrom(self, size):
        data, address = self._wait(lambda: self._do(self._native.recvfrom, size))
        address = _unpacked(address)
        return data, (self._senders or {}).get(address, address)

    def setsockopt(self, level, option, value):
        if self._linked and self._is_freed():
            raise OSError(EINVAL)
        self._do(self._native.setsockopt, level, option, value)

    def _is_freed(self):
        """Return True for a connection that was refused or reset: lwIP has freed it."""
        poller = select.poll()
        poller.register(self._native, 0)
        return self._kind == SOCK_STREAM and bool(poller.poll(0))  # POLLERR or POLLHUP

    def settimeout(self, seconds):
        self._has_timeout = bool(seconds)
        self._timeout_ms = int(1_000 * (seconds or 0))
        if self._kind == SOCK_DGRAM and seconds:
            seconds = min(seconds, _SLICE_S)
        self._native.settimeout(seconds)

    def setblocking(self, blocking):
        self._has_timeout = False
        self._native.setblocking(blocking)

    def makefile(self, mode="rb", buffering=0):
        return self

    def read(self, size=-1):
        try:
            return self._native.read(size)
        except OSError as exc:
            raise self._lwip_error(exc)

    def readinto(self, buffer, size=-1):
        try:
            if size < 0:
                return self._native.readinto(buffer)
            return self._native.readinto(buffer, size)
        except OSError as exc:
            raise self._lwip_error(exc)

    def readline(self, size=-1):
        try:
            return self._native.readline(size)
        except OSError as exc:
            raise self._lwip_error(exc)

    def write(self, buffer, size=-1, start=None):
        try:
            if start is not None:
                return self._native.write(buffer, size, start)
            if size >= 0:
                return self._native.write(buffer, size)
            return self._native.write(buffer)
        except OSError as exc:
            raise self._lwip_error(exc)

    def send(self, data):
        return self._do(self._native.send, data)

    def sendall(self, data):
        self._do(self._native.write, data)

    def recv(self, size):
        return self._wait(lambda: self._do(self._native.recv, size))

    def _wait(self, receive):
        """Receive a datagram in short waits, because a garbage collection restarts a wait."""
        started = ticks_ms()
        while True:
            try:
                return receive()
            except OSError as exc:
                waited = ticks_diff(ticks_ms(), started)
                late = self._kind == SOCK_STREAM or waited >= self._timeout_ms
                if exc.errno not in (ETIMEDOUT, EAGAIN) or late or not self._has_timeout:
                    raise

    def _do(self, function, *args):
        try:
            return function(*args)
        except OSError as exc:
            raise self._lwip_error(exc)

    def _lwip_error(self, exc):
        """Return the error that lwIP raises in this case."""
        number = exc.errno
        if number in (EAGAIN, ETIMEDOUT) and self._has_timeout:
            return OSError(ETIMEDOUT if self._timeout_ms >= _POLL_MS else EAGAIN)
        return OSError(ECONNRESET) if number in _RESET else exc


def getaddrinfo(host, port, family=0, kind=0, proto=0, flags=0):
    """Resolve a name; return [(family, kind, proto, name, (address, port))]."""
    idf.take("lookup", link=world.side)
    while (address := world.side.call("net.resolve", host, port)) is None:
        sleep_ms(_LOOKUP_POLL_MS)
    return [(AF_INET, kind or SOCK_STREAM, proto, host, (address, port))]
