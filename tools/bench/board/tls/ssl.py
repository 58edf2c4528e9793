"""The module `ssl`, which Debian's 32-bit MicroPython does not have, from its module `tls`."""

from tls import CERT_NONE, CERT_REQUIRED, PROTOCOL_TLS_CLIENT, SSLContext  # noqa: F401
