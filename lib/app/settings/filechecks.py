"""Checks of settings that are files: certificates and keys in PEM."""

from proto.pem import certificates
from proto.privatekey import private_key
from proto.signature import public_key
from proto.values import BadArgument


class _PEM:
    """PEM of at most `high` bytes, which `_parse` accepts; empty removes it."""

    text = ""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high:
            raise BadArgument(str(self))
        if text:
            try:
                self._parse(text.encode())
            except ValueError as e:
                raise BadArgument("{}: {}".format(self, e)) from None
        return text

    def __str__(self):
        return "{}, at most {} bytes".format(self.text, self.high)


class CertificateText(_PEM):
    """Certificates in PEM."""

    text = "a certificate in PEM"

    def _parse(self, data):
        certificates(data)


class PrivateKeyText(_PEM):
    """RSA or EC private key in PEM."""

    text = "an RSA or EC private key in PEM"

    def _parse(self, data):
        private_key(data)


class KeyText(_PEM):
    """RSA public key in PEM, which stays until a reset."""

    def __call__(self, text):
        if not text:
            raise BadArgument(str(self))
        return super().__call__(text)

    def __str__(self):
        return "an RSA public key in PEM, 2048 or 3072 bits; only a reset removes it"

    def _parse(self, data):
        public_key(data)
