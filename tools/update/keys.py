"""RSA keys in PEM files: the private key signs updates, the public key is for the cameras."""

import hashlib
import os

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from update.errors import UpdateError

from proto.signature import public_key


def generate(name, bits):
    """Generate a pair of keys; return the paths of the private and the public key.

    Raises UpdateError if one of the files exists.
    """
    private, public = (
        name.with_name(name.name + ".key.pem"),
        name.with_name(name.name + ".pub.pem"),
    )
    for path in (private, public):
        if path.exists():
            raise UpdateError(f"{path} already exists")
    key = rsa.generate_private_key(65_537, bits)
    pem = serialization.Encoding.PEM
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(pem, kind))
    return private, public


def read_private(path):
    """Return the private key in a file, decrypted with OTA_PASSPHRASE; raise UpdateError."""
    phrase = os.environ.get("OTA_PASSPHRASE")
    try:
        with open(path, "rb") as file:
            key = serialization.load_pem_private_key(file.read(), phrase and phrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UpdateError(f"{path}: {error}") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size not in (2048, 3072):
        raise UpdateError(f"{path}: expected an RSA key of 2048 or 3072 bits")
    return key


def read_public(path):
    """Return (modulus, exponent) of a file, as the camera parses it; raise UpdateError."""
    try:
        with open(path, "rb") as file:
            return public_key(file.read())
    except ValueError as error:
        raise UpdateError(f"{path}: {error}") from None


def fingerprint(private):
    """Return the SHA-256 of the public key's DER (SubjectPublicKeyInfo) in hex."""
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    der = private.public_key().public_bytes(serialization.Encoding.DER, kind)
    return hashlib.sha256(der).hexdigest()
