"""Private keys of client certificates: PEM or DER in, what Mbed TLS needs out.

Mbed TLS loads a key that does not belong to the certificate, and the handshake then fails without
a reason. So the public part of the key is compared: it is in the certificate as well.
"""

from proto.pem import blocks
from proto.signature import element

_LABELS = (b"PRIVATE KEY", b"EC PRIVATE KEY", b"RSA PRIVATE KEY")  # RFC 5208, 5915, 8017
_INTEGER, _BITS, _OCTETS, _SEQUENCE = 0x02, 0x03, 0x04, 0x30  # tags of ASN.1


def private_key(data):
    """Return (DER, public part) of the key in `data` (bytes), which is PEM or DER.

    The public part is the modulus of an RSA key, the point of an EC key. Raises ValueError.
    """
    der = _der(data)
    try:
        public = _public(der)
    except (ValueError, IndexError):
        raise ValueError("the private key cannot be read; it must be RSA or EC") from None
    if not public:
        raise ValueError("the EC key lacks its public part: openssl pkey -in key.pem -out new.pem")
    return der, public


def _der(data):
    if data[:1] == b"\x30":  # an ASN.1 SEQUENCE: DER already
        return data
    if b"ENCRYPTED" in data:
        raise ValueError("the key is encrypted: openssl pkey -in key.pem -out plain.pem")
    found = []
    for label in _LABELS:
        found += blocks(data, label)
    if len(found) != 1:
        raise ValueError("{} private keys in PEM, 1 is needed".format(len(found) or "no"))
    return found[0]


def _public(der):
    """Return the public part of PKCS #8, or of what is in it: PKCS #1, or SEC 1 for EC keys."""
    body, _ = element(der, 0, _SEQUENCE)
    version, at = element(body, 0, _INTEGER)
    if body[at] == _SEQUENCE:  # PKCS #8: the algorithm, then the key
        _, at = element(body, at, _SEQUENCE)
        return _public(element(body, at, _OCTETS)[0])
    if body[at] == _INTEGER:
        return element(body, at, _INTEGER)[0].lstrip(b"\0")
    _, at = element(body, at, _OCTETS)  # the secret number
    while at < len(body):
        content, at = element(body, at, body[at])
        if content[0] == _BITS:  # the public key; the name of the curve is another one
            return element(content, 0, _BITS)[0][1:]
    return b""
