"""Signature of an update: the block that `tools/ota.py sign` appends, verified with an RSA key.

The block is `CAMSIGN1`, the length of the signature (2 bytes, little-endian), 2 bytes 0, SHA-256
of the update (32 bytes), and the signature: PKCS#1 v1.5 (RFC 8017 section 8.2) of that SHA-256.
"""

from micropython import const

from proto.pem import blocks

MAGIC = b"CAMSIGN1"
HEAD = const(44)
BLOCK_BYTES = const(428)  # the longest block, with a signature of 3072 bits

_RSA = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"  # rsaEncryption, RFC 3279
_SHA256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


def size_of(head):
    """Return the size of the block that begins with these HEAD bytes; 0 if it is not a block."""
    if bytes(head[:8]) != MAGIC or head[10] or head[11]:
        return 0
    length = head[8] | head[9] << 8
    return HEAD + length if length in (0, 256, 384) else 0


def belongs(block, digest):
    """Return True for a whole block of the update that has this SHA-256, signed or not."""
    return len(block) >= HEAD and size_of(block) == len(block) and block[12:HEAD] == digest


def verified(block, digest, key):
    """Return True if a block signs this SHA-256; `key` is (modulus, exponent)."""
    size = size_of(block)
    modulus, exponent = key
    signature = int.from_bytes(bytes(block[HEAD:size]), "big")
    length = 256 if modulus >> 2048 == 0 else 384
    if size != HEAD + length or len(block) != size or signature >= modulus:
        return False
    expected = b"\x00\x01" + b"\xff" * (length - 54) + b"\x00" + _SHA256 + digest
    # every byte is compared: a forger must not choose any of the padding
    return pow(signature, exponent, modulus).to_bytes(length, "big") == expected


def public_key(text):
    """Return (modulus, exponent) of a PEM SubjectPublicKeyInfo (bytes); raises ValueError."""
    text = text.strip()
    found = blocks(text, b"PUBLIC KEY")
    alone = text.startswith(b"-----BEGIN PUBLIC KEY") and text.endswith(b"END PUBLIC KEY-----")
    if not alone or len(found) != 1:
        raise ValueError("no public key in PEM")
    (der,) = found
    info, at = element(der, 0, 0x30)
    if at != len(der) or not info.startswith(_RSA):
        raise ValueError("not an RSA key")
    bits, at = element(info, len(_RSA), 0x03)
    if at != len(info) or bits[:1] != b"\0":
        raise ValueError("not an RSA key")
    pair, at = element(bits, 1, 0x30)
    if at != len(bits):
        raise ValueError("not an RSA key")
    modulus, at = element(pair, 0, 0x02)
    exponent, at = element(pair, at, 0x02)
    modulus = modulus.lstrip(b"\0")
    if at != len(pair) or len(modulus) not in (256, 384) or modulus[0] < 128:
        raise ValueError("the key must have 2048 or 3072 bits")
    if exponent != b"\x01\x00\x01":
        raise ValueError("the exponent must be 65537")
    return int.from_bytes(modulus, "big"), 65_537


def element(der, at, tag):
    """Return (content, end) of the DER element at `at`; raises ValueError."""
    head = der[at : at + 4]
    if len(head) < 2 or head[0] != tag:
        raise ValueError("not an RSA key")
    length, start = head[1], at + 2
    if length == 0x81:
        length, start = head[2] if len(head) > 2 else 0, at + 3
    elif length == 0x82 and len(head) == 4:
        length, start = head[2] << 8 | head[3], at + 4
    elif length > 127:
        raise ValueError("not an RSA key")
    if start + length > len(der):
        raise ValueError("the key is cut off")
    return der[start : start + length], start + length
