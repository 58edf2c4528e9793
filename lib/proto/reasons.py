"""Errors as text for a person."""

from errno import (
    EAGAIN,
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EHOSTUNREACH,
    ENOMEM,
    ENOTCONN,
    ETIMEDOUT,
)

_REASONS = {
    ECONNABORTED: "connection lost",
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection refused or reset",
    EHOSTUNREACH: "host unreachable",
    ENOMEM: "out of memory for the network",
    ENOTCONN: "not connected",
    ETIMEDOUT: "no answer in time",
    EAGAIN: "no answer in time",
    23: "all sockets are in use",  # ENFILE: lwIP has it, `errno` does not
    -202: "host name not found",  # EAI_FAIL
    -0x7A00: "certificate is refused",  # MBEDTLS_ERR_SSL_BAD_CERTIFICATE
}


def describe(error):
    """Return the reason for an OSError, or the text of any other error."""
    code = error.args[0] if error.args else None
    if isinstance(code, int):
        return _REASONS.get(code) or _REASONS.get(-code) or str(error)
    return str(error) or repr(error)
