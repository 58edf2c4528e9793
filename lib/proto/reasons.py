"""Errors as text for a person: what happened, and what to do next.

A broker that closes a connection gives no reason; the phase of the connection shows it.
"""

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

from micropython import const

_EPIPE = const(32)  # MicroPython's errno does not have it
_NAME_UNKNOWN = const(-202)  # EAI_FAIL
_ALERT = const(-0x7780)  # MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE; its number is not known
_CLOSE_NOTIFY, _EOF = const(-0x7880), const(-0x7280)
_NO_TLS = "the port does not speak TLS: use mqtt://, or the broker's port for TLS"
_OLD_TLS = "the broker offers no TLS 1.2, the version this camera has: allow it on the broker"
_NO_MEMORY = "too little memory for TLS: use smaller pictures, or restart the camera"
_REASONS = {
    ECONNABORTED: "connection lost",
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection refused or reset",
    EHOSTUNREACH: "host unreachable",
    ENOMEM: "out of memory for the network",
    ENOTCONN: "not connected",
    ETIMEDOUT: "no answer in time",
    EAGAIN: "no answer in time",
    _EPIPE: "connection closed by the other side",
    23: "all sockets are in use",  # ENFILE: lwIP has it, `errno` does not
    _NAME_UNKNOWN: "host name not found",
    # Mbed TLS, ssl.h and x509.h
    _ALERT: "the other side ends TLS with an alert",
    _CLOSE_NOTIFY: "connection closed by the other side",
    _EOF: "connection closed by the other side",
    -0x2700: "certificate is not trusted: check mqttca, the name of the host and the time",
    -0x6E00: "no cipher in common: allow ECDHE or RSA with AES-GCM on the broker",
    -0x6E80: _OLD_TLS,
    -0x7100: "TLS cannot be set up: check mqttca, mqttcert and mqttkey",
    -0x7180: "a TLS record is damaged: the network, or something between, changes data",
    -0x7200: _NO_TLS,
    -0x7300: "a TLS message cannot be read: the port may speak another protocol",
    -0x7680: "no CA: set mqttca, or mqttverify to pin or off",
    -0x7700: "a TLS message came at the wrong time: the port may speak another protocol",
    -0x7A00: "certificate is refused",
    -0x7F00: _NO_MEMORY,
    -0x2880: _NO_MEMORY,
    -0x0010: _NO_MEMORY,
}
_CLOSED = (ECONNABORTED, ECONNRESET, ENOTCONN, _EPIPE, -_CLOSE_NOTIFY, -_EOF)
_RETURN_CODES = {  # of CONNACK, section 3.2.2.3
    1: "protocol version; the broker needs to accept MQTT 3.1.1",
    2: "client id; set mqttclientid to one that the broker allows",
    3: "server unavailable; the broker is starting, or has no room for more clients",
    4: "bad user name or password; set mqttuser and mqttpass",
    5: "not authorised; check mqttuser, mqttpass, and the broker's rules for this client",
}


def describe(error):
    """Return the reason for an OSError, mqtt.Refused included, or the text of any other error."""
    code, return_code = _code(error), getattr(error, "return_code", None)
    if return_code in _RETURN_CODES:
        return "refused: {}".format(_RETURN_CODES[return_code])
    if code is not None:
        return _REASONS.get(code) or _REASONS.get(-code) or str(error)
    return str(error) or repr(error)


def not_reached(error, host, port):
    """Return the reason why a connection to the broker was not made."""
    code = abs(_code(error) or 0)
    if code == -_NAME_UNKNOWN:
        return "host name {} not found: check mqtthost and the network's name server".format(host)
    if code in _CLOSED or code == ECONNREFUSED:
        return "connection refused by {}:{}: is the broker running there?".format(host, port)
    return "{} ({}:{})".format(describe(error), host, port)


def no_handshake(error, waits, has_certificate):
    """Return the reason why the TLS handshake ended; `waits` for the broker came before that.

    The first answer of a TLS server follows one wait. Its opinion of the client certificate
    follows the second, unless the network is faster than the camera.
    """
    code = abs(_code(error) or 0)
    is_late = waits > 1 or code == _EPIPE
    if code == -_ALERT or (code in _CLOSED and is_late):
        cause = "requires a client certificate: set mqttcert and mqttkey"
        if has_certificate:
            cause = "refuses the client certificate: check mqttcert, its CA and its dates"
        return "the broker {}{}".format("" if is_late else "offers no TLS 1.2, or it ", cause)
    if code in _CLOSED:
        return "connection closed before TLS begins; perhaps " + _NO_TLS
    return describe(error)


def no_login(error):
    """Return the reason why there was no CONNACK."""
    if abs(_code(error) or 0) in _CLOSED:
        return (
            "refused or closed on the login: is the broker running there? If it is, check"
            " mqttuser, mqttpass and mqttclientid; TLS needs mqtts://"
        )
    return describe(error)


def no_connack(start):
    """Return what a server speaks that answers with `start` (bytes) instead of CONNACK, or ""."""
    if start[:2] == b"\x15\x03":  # a TLS alert
        return "the port expects TLS: use mqtts://"
    if start == b"HTTP":
        return "a web server answers on this port: check mqttport; MQTT over WebSocket is ws://"
    return ""


def link_ended(error, subscriptions, last, is_picture):
    """Return the reason why a link ended.

    subscriptions: topic filters (bytes) that the broker has not answered. last: (topic, size,
    retain) of the message on which it may have closed the link, or None.
    """
    if abs(_code(error) or 0) not in _CLOSED:
        return describe(error)
    if subscriptions:
        names = " or ".join(filter.decode() for filter in subscriptions)
        cure = "allow it on the broker; grouptopic - leaves out the group"
        return "closed on the subscription to {}: {}".format(names, cure)
    if not last:
        return "closed by the broker: it restarts, or another client has the same client id"
    topic, size, retain = last
    if is_picture:
        return "closed on a picture of {} bytes: the broker may allow less".format(size)
    if retain:
        text = "closed on {}: if the broker keeps no retained messages, set retain 0"
    else:
        text = "closed on {}: the broker may not allow this topic"
    return text.format(topic.decode())


def _code(error):
    code = error.args[0] if error.args else None
    return code if isinstance(code, int) else None
