"""Checks of settings that are files: certificates and keys in PEM."""

from proto.pem import certificates
from proto.privatekey import private_key
from proto.signature import public_key
from proto.values import BadArgument


class CertificateText:
    """Certificates in PEM, at most `high` bytes; empty removes them."""

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


class PrivateKeyText:
    """RSA or EC private key in PEM, at most `high` bytes; empty removes it."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high:
            raise BadArgument(str(self))
        if text:
            try:
                private_key(text.encode())
            except ValueError as e:
                raise BadArgument("{}: {}".format(self, e)) from None
        return text

    def __str__(self):
        return "an RSA or EC private key in PEM, at most {} bytes".format(self.high)


class KeyText:
    """RSA public key in PEM, at most `high` bytes."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high:
            raise BadArgument(str(self))
        try:
            public_key(text.encode())
        except ValueError as e:
            raise BadArgument("{}: {}".format(self, e)) from None
        return text

    def __str__(self):
        return "an RSA public key in PEM, 2048 or 3072 bits; only a reset removes it"
