"""TLS contexts: they verify by default and never fall back silently."""

import ssl

from config import limits
from proto.pem import certificates
from proto.values import BadArgument


class TLSConfigError(OSError):
    """There is nothing to verify the peer with; the message says what to do."""


def client_context(verify, ca_path):
    """Return a context for connecting; `verify` checks certificate and name against the CA file.

    The CA is PEM or DER. Raises TLSConfigError without a usable one.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.verify_mode = ssl.CERT_NONE
        return context
    _trust(context, _read_ca(ca_path))
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _read_ca(path):
    if not path:
        raise TLSConfigError("no CA: set mqttca, or mqttverify off")
    try:
        with open(path, "rb") as f:
            size = f.seek(0, 2)
            if size > limits.TLS_CA_BYTES:
                raise TLSConfigError("the CA file is too long: set mqttca")
            f.seek(0)
            return f.read(size)  # without a size it allocates in steps
    except TLSConfigError:
        raise
    except OSError:
        raise TLSConfigError("the CA file is missing: set mqttca") from None


def check_ca(text):
    """Raise BadArgument unless TLS itself can use the certificates in `text`."""
    try:
        _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), text.encode())
    except TLSConfigError as e:
        raise BadArgument(str(e)) from None


def _trust(context, data):
    try:
        for der in certificates(data):
            context.load_verify_locations(cadata=der)
    except (ValueError, OSError) as e:
        raise TLSConfigError("the CA is unusable: {}".format(e)) from None


def describe(error):
    """Return the text of a TLS or socket error, one line for a person."""
    text = str(error.args[-1] if error.args else error).strip()
    if isinstance(error, ValueError):
        if "CN" in text:
            return "certificate is for another host"
        if "start" in text and "future" in text or "expired" in text:
            return "certificate is not valid now ({})".format(text)
        if "not correctly signed" in text or "trusted CA" in text:
            return "certificate is not signed by the CA"
    return text
