"""TLS as on the ESP32: the interpreter's TLS over the native socket.

On the chip, TLS buffers are outside MicroPython's heap, so a connection can fail for lack of
memory while the heap has space. The runner decides when that happens.
"""

import io
import time
from errno import ETIMEDOUT

import idf
import tls
from tls import (
    CERT_NONE,
    CERT_OPTIONAL,
    CERT_REQUIRED,
    MBEDTLS_VERSION,
    PROTOCOL_TLS_CLIENT,
    PROTOCOL_TLS_SERVER,
)

_2010 = 315_532_800  # seconds since 2000; certificates in use are newer
_TOO_EARLY = "\nThe certificate validity starts in the future\n"


class _Wrapped(io.IOBase):
    """Connection with a timeout, or one whose handshake fails with `error`.

    On the chip, a timeout makes the connection unusable.
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
                self._error = exc
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
    """Settings of a TLS connection; the default is no verification, as in MicroPython."""

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
        native = getattr(sock, "native", sock)
        idf.take("tls", native.fileno())
        early = self.verify_mode == CERT_REQUIRED and time.time() < _2010
        try:
            link = self._context.wrap_socket(
                native,
                server_side=server_side,
                do_handshake_on_connect=do_handshake_on_connect and not early,
                server_hostname=server_hostname,
            )
        except OSError as exc:
            if exc.errno == ETIMEDOUT:  # as the chip reports it for a handshake
                raise OSError(-ETIMEDOUT)
            raise
        if early:  # the interpreter checks the PC's clock, the chip its own
            if do_handshake_on_connect:
                raise ValueError(_TOO_EARLY)
            return _Wrapped(link, sock, ValueError(_TOO_EARLY))
        return _Wrapped(link, sock) if getattr(sock, "has_timeout", False) else link


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
    """Wrap a socket without a context (legacy API)."""
    context = SSLContext(PROTOCOL_TLS_SERVER if server_side else PROTOCOL_TLS_CLIENT)
    if cert or key:
        context.load_cert_chain(cert, key)
    if cadata:
        context.load_verify_locations(cadata=cadata)
    context.verify_mode = cert_reqs
    return context.wrap_socket(sock, server_side, do_handshake, server_hostname)


def _contents(value):
    """Return the contents of a file, given its path or the contents themselves."""
    if isinstance(value, str):
        with open(value, "rb") as file:
            return file.read()
    return value
