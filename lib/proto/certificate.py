"""Public keys of X.509 certificates (RFC 5280 section 4.1), by which a server can be recognised.

Only the outline is parsed. In the handshake, TLS makes the server prove that it has the key.
"""

from binascii import hexlify
from hashlib import sha256

from proto.signature import element

_INTEGER, _SEQUENCE, _VERSION = 0x02, 0x30, 0xA0  # tags of ASN.1
# serial number, signature's algorithm, issuer, validity, subject
_BEFORE_KEY = (_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE)


def pin(der):
    """Return SHA-256 of the public key in a certificate, as hex digits (RFC 7469 section 2.4).

    der: bytes of less than 64 KB. Raises ValueError.
    """
    return hexlify(sha256(public_key_info(der)).digest()).decode()


def public_key_info(der):
    """Return the SubjectPublicKeyInfo of a certificate, both in DER; raises ValueError."""
    try:
        certificate, end = element(der, 0, _SEQUENCE)
        body, _ = element(certificate, 0, _SEQUENCE)
        at = element(body, 0, _VERSION)[1] if body[0] == _VERSION else 0  # version 1 has none
        for tag in _BEFORE_KEY:
            _, at = element(body, at, tag)
        _, key_end = element(body, at, _SEQUENCE)
    except (ValueError, IndexError):
        raise ValueError("the certificate cannot be read") from None
    if end != len(der):
        raise ValueError("the certificate has data after its end")
    return body[at:key_end]
