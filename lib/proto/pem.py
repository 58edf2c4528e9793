"""Certificates out of a file, PEM (RFC 7468) or DER, however many it holds."""

from binascii import a2b_base64

from proto.values import BadArgument

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_END = b"-----END CERTIFICATE-----"


def certificates(data):
    """The DER bytes of each certificate in `data`; ValueError when there is none whole one."""
    if data[:1] == b"\x30":  # an ASN.1 SEQUENCE: DER already
        return [data]
    found = []
    for part in data.split(_BEGIN)[1:]:
        text, end, _ = part.partition(_END)
        if not end:
            raise ValueError("a certificate is cut off")
        found.append(a2b_base64(b"".join(text.split())))
    if not found:
        raise ValueError("no certificate in PEM or DER")
    return found


class CertificateText:
    """Check of a setting: PEM, at most `high` bytes; empty takes the certificate away."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high:
            raise BadArgument(str(self))
        if text:
            try:
                certificates(text.encode())
            except ValueError as e:
                raise BadArgument("{}: {}".format(self, e)) from None
        return text

    def __str__(self):
        return "a certificate in PEM, at most {} bytes".format(self.high)


class KeyText:
    """The form of a public key in PEM, at most `high` bytes."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high or not text.startswith("-----BEGIN PUBLIC KEY-----"):
            raise BadArgument(str(self))
        return text

    def __str__(self):
        return "an RSA public key in PEM, 2048 or 3072 bits; only a reset takes it away"
