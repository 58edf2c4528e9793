"""PEM (RFC 7468): the blocks of a text as bytes."""

from binascii import a2b_base64

_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE")  # RFC 7468 section 5.1


def blocks(data, label):
    """Return the content of each block with this label (bytes), as DER.

    Text between the blocks is ignored. Raises ValueError for a block that is cut off.
    """
    found = []
    for part in data.split(b"-----BEGIN " + label + b"-----")[1:]:
        text, end, _ = part.partition(b"-----END " + label + b"-----")
        if not end:
            raise ValueError("a {} is cut off".format(label.decode().lower()))
        found.append(a2b_base64(b"".join(text.split())))
    return found


def certificates(data):
    """Return the DER bytes of each certificate in `data`, which is PEM or one in DER.

    Raises ValueError if there is none, one that is cut off, or a private key.
    """
    if data[:1] == b"\x30":  # an ASN.1 SEQUENCE: DER already
        return [data]
    if b" PRIVATE KEY-----" in data:
        raise ValueError("this is a private key, which no other machine should have")
    found = []
    for label in _LABELS:
        found += blocks(data, label)
    if not found:
        raise ValueError("no certificate in PEM or DER")
    return found
