"""TLS as on the ESP32: the interpreter's own, over the PC's socket beneath the board's.

TLS buffers live outside MicroPython's heap on the chip, so that a link can fail for want of memory
while Python has plenty: the runner says when it does.
"""

import io
import time
from errno import ETIMEDOUT

import tls
import world
from tls import (
    CERT_NONE,
    CERT_OPTIONAL,
    CERT_REQUIRED,
    MBEDTLS_VERSION,
    PROTOCOL_TLS_CLIENT,
    PROTOCOL_TLS_SERVER,
)

_ENOMEM = 12
_2010 = 315_532_800  # seconds since 2000: no certificate in use is as old as that
_TOO_EARLY = "\nThe certificate validity starts in the future\n"


class _Failing(io.IOBase):
    """A link over a socket with a time limit, or one whose handshake is bound to fail.

    A time-out has a negative number on the chip, and the link is dead after it.
    """

    def __init__(self, link, sock, error=None):
        self._link = link
        self._sock = sock
        self._error = error

    def _do(self, name, *args):
        if self._error:
            raise self._error
        try:
            return getattr(self._link, name)(*args)
        except OSError as exc:
            if exc.errno == ETIMEDOUT:
                self._error = exc = OSError(-ETIMEDOUT)
            raise exc

    def read(self, *args):
        return self._do("read", *args)

    def readinto(self, *args):
        return self._do("readinto", *args)

    def readline(self, *args):
        return self._do("readline", *args)

    def write(self, *args):
        return self._do("write", *args)

    recv, recv_into, send, sendall = read, readinto, write, write

    def cipher(self):
        return self._do("cipher")

    def getpeercert(self, *args):
        return self._do("getpeercert", *args)

    def setblocking(self, blocking):
        self._link.setblocking(blocking)

    def close(self):
        self._link.close()

    def ioctl(self, request, argument):
        if request == 4:  # close
            self.close()
            return 0
        return self._sock.ioctl(request, argument)


class SSLContext:
    """Settings of a TLS link; starts without verification, as MicroPython's does."""

    def __init__(self, protocol):
        self._context = tls.SSLContext(protocol)
        self._context.verify_mode = CERT_NONE

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._context.verify_mode = mode

    def load_cert_chain(self, certfile, keyfile):
        self._context.load_cert_chain(_contents(certfile), _contents(keyfile))

    def load_verify_locations(self, cafile=None, cadata=None):
        self._context.load_verify_locations(_contents(cafile) if cafile else cadata)

    def wrap_socket(
        self, sock, server_side=False, do_handshake_on_connect=True, server_hostname=None
    ):
        if world.call("tls.refused"):
            raise OSError(_ENOMEM)
        early = self.verify_mode == CERT_REQUIRED and time.time() < _2010
        link = self._context.wrap_socket(
            getattr(sock, "native", sock),
            server_side=server_side,
            do_handshake_on_connect=do_handshake_on_connect and not early,
            server_hostname=server_hostname,
        )
        if early:  # the interpreter looks at the PC's clock, the chip at its own
            if do_handshake_on_connect:
                raise ValueError(_TOO_EARLY)
            return _Failing(link, sock, ValueError(_TOO_EARLY))
        return _Failing(link, sock) if getattr(sock, "timed", False) else link


def wrap_socket(
    sock,
    server_side=False,
    key=None,
    cert=None,
    cert_reqs=CERT_NONE,
    cadata=None,
    server_hostname=None,
    do_handshake=True,
):
    """The old way, without a context."""
    context = SSLContext(PROTOCOL_TLS_SERVER if server_side else PROTOCOL_TLS_CLIENT)
    if cert or key:
        context.load_cert_chain(cert, key)
    if cadata:
        context.load_verify_locations(cadata=cadata)
    context.verify_mode = cert_reqs
    return context.wrap_socket(sock, server_side, do_handshake, server_hostname)


def _contents(value):
    """What a file holds; bytes are the contents themselves."""
    if isinstance(value, str):
        with open(value, "rb") as file:
            return file.read()
    return value
