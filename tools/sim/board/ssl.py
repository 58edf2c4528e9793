"""TLS as on the ESP32: the interpreter's TLS over the native socket.

On the chip, TLS buffers are outside MicroPython's heap, so a connection can fail for lack of
memory while the heap has space. The runner decides when that happens.

The unix port lacks `getpeercert`. A callback that Mbed TLS calls for each certificate stands in
for it, so CERT_NONE becomes CERT_OPTIONAL, which accepts any certificate, too.
"""

import io
import select
import time
from errno import EINVAL, ETIMEDOUT

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
_POLL, _CLOSE = 3, 4  # requests of ioctl
_TOO_EARLY = "\nThe certificate validity starts in the future\n"


class SSLSocket(io.IOBase):
    """Connection, or one whose handshake fails with `error`; a timeout makes it unusable.

    certificates: {depth: DER} of the peer, as the handshake finds them.
    """

    def __init__(self, link, certificates, is_over, error=None):
        self._link = link
        self._certificates = certificates
        self._is_over = is_over  # the handshake; until then the chip has no certificate to show
        self._error = error
        self._poller = select.poll()
        self._poller.register(link, 0)

    def _do(self, name, *args):
        if self._error:
            raise self._error
        # the last message of the handshake is the first that follows the certificate
        ends = not self._is_over and self._certificates and self._poll(select.POLLIN)
        try:
            return getattr(self._link, name)(*args)
        except OSError as exc:
            if exc.errno == ETIMEDOUT:
                self._error = exc
            raise exc
        finally:
            self._is_over = self._is_over or bool(ends)

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

    def getpeercert(self, binary_form):
        if not binary_form:
            raise NotImplementedError
        return self._certificates.get(0) if self._is_over else None

    def setblocking(self, blocking):
        self._link.setblocking(blocking)

    def close(self):
        self._link.close()

    def ioctl(self, request, argument):
        if request == _POLL:
            return self._poll(argument)
        if request == _CLOSE:
            self.close()
            return 0
        return -EINVAL

    def _poll(self, events):
        """Return the events that are there; within a handshake TLS knows which it needs."""
        self._poller.modify(self._link, events)
        found = self._poller.poll(0)
        return found[0][1] if found else 0


class SSLContext:
    """Settings of a TLS connection; the default is no verification, as in MicroPython."""

    def __init__(self, protocol):
        self._context = tls.SSLContext(protocol)
        self.verify_mode = CERT_NONE

    def load_cert_chain(self, certfile, keyfile):
        self._context.load_cert_chain(_contents(certfile), _contents(keyfile))

    def load_verify_locations(self, cafile=None, cadata=None):
        self._context.load_verify_locations(_contents(cafile) if cafile else cadata)

    def wrap_socket(
        self, sock, server_side=False, do_handshake_on_connect=True, server_hostname=None
    ):
        native = getattr(sock, "native", sock)
        idf.take("tls", native.fileno())
        certificates = {}
        self._context.verify_mode = self.verify_mode
        if not server_side:
            self._context.verify_mode = self.verify_mode or CERT_OPTIONAL
            self._context.verify_callback = lambda der, depth: _keep(certificates, depth, der)
        early = self.verify_mode == CERT_REQUIRED and time.time() < _2010
        does_handshake = do_handshake_on_connect and not early
        try:
            link = self._context.wrap_socket(
                native,
                server_side=server_side,
                do_handshake_on_connect=does_handshake,
                server_hostname=server_hostname,
            )
        except OSError as exc:
            if exc.errno == ETIMEDOUT:  # as the chip reports it for a handshake
                raise OSError(-ETIMEDOUT)
            raise
        error = None
        if early:  # the interpreter checks the PC's clock, the chip its own
            error = ValueError(_TOO_EARLY)
            if do_handshake_on_connect:
                raise error
        return SSLSocket(link, certificates, does_handshake, error)


def _keep(certificates, depth, der):
    """Keep a certificate of the peer; 0: TLS itself decides about it."""
    certificates[depth] = bytes(der)
    return 0


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
