"""Certificates out of a file, PEM (RFC 7468) or DER, however many it holds."""

from binascii import a2b_base64

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
