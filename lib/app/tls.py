"""TLS contexts: they verify by default and never fall back silently."""

import ssl

from micropython import const

from config import limits
from proto.pem import certificates
from proto.privatekey import private_key
from proto.values import BadArgument

BY_CA = const(0)  # values of mqttverify
OFF = const(1)
BY_PIN = const(2)
LEARN = "learn"  # as mqttpin: take the key that the next connection presents


class TLSConfigError(OSError):
    """There is nothing to verify the peer with; the message says what to do."""


def client_context(verify, ca_path, cert_path="", key_path=""):
    """Return a context for connecting; `verify` checks certificate and name against the CA file.

    The files are PEM or DER. With a client certificate and its key, the client shows who it is.
    Raises TLSConfigError without usable ones.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_NONE
    if verify:
        if not ca_path:
            raise TLSConfigError("no CA: set mqttca, or mqttverify to pin or off")
        _trust(context, _read(ca_path, "CA", "mqttca"))
        context.verify_mode = ssl.CERT_REQUIRED
    if cert_path:
        _identify(context, cert_path, key_path)
    return context


def _read(path, what, name):
    try:
        with open(path, "rb") as f:
            size = f.seek(0, 2)
            f.seek(0)
            if size <= limits.TLS_CA_BYTES:
                return f.read(size)  # without a size it allocates in steps
    except OSError:
        raise TLSConfigError("the {} file is missing: set {}".format(what, name)) from None
    raise TLSConfigError("the {} file is too long: set {}".format(what, name))


def _identify(context, cert_path, key_path):
    """Load the client certificate. Mbed TLS takes one: those of CAs after it are not sent."""
    if not key_path:
        raise TLSConfigError("the client certificate has no key: set mqttkey")
    data = _read(cert_path, "certificate", "mqttcert"), _read(key_path, "key", "mqttkey")
    try:
        context.load_cert_chain(*_pair(*data))
    except (ValueError, OSError) as e:
        raise TLSConfigError("the client certificate is unusable: {}".format(e)) from None


def _pair(certificate, key):
    """Return certificate and key as DER; raises ValueError if they do not belong together."""
    leaf = certificates(certificate)[0]
    der, public = private_key(key)
    if public not in leaf:
        raise ValueError("mqttkey does not belong to mqttcert; send both together")
    return leaf, der


def check_client(certificate, key):
    """Raise BadArgument unless TLS itself can use the key with the certificate (texts)."""
    try:
        pair = _pair(certificate.encode(), key.encode())
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(*pair)
    except (ValueError, OSError) as e:
        raise BadArgument(str(e)) from None


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
