"""Errors of the world as a few words for a person; borrow it (aio.late)."""

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

_WORDS = {
    ECONNABORTED: "connection lost",
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection refused or reset",
    EHOSTUNREACH: "host unreachable",
    ENOMEM: "out of memory for the network",
    ENOTCONN: "not connected",
    ETIMEDOUT: "no answer in time",
    EAGAIN: "no answer in time",
    23: "all sockets are in use",  # ENFILE, which lwIP has and errno does not name
    -202: "host name not found",  # EAI_FAIL
    -0x7A00: "certificate is refused",  # MBEDTLS_ERR_SSL_BAD_CERTIFICATE: not for servers, say
}


def why(error):
    """An error of the world as a few words for a person."""
    code = error.args[0] if error.args else None
    if isinstance(code, int):
        return _WORDS.get(code) or _WORDS.get(-code) or str(error)
    return str(error) or repr(error)
