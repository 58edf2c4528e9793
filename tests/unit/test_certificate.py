"""proto.certificate: the public key of a certificate, and its pin."""

import unittest

import suite
from fakes import CA
from test_privatekey import der

from proto.certificate import pin, public_key_info
from proto.pem import certificates

# openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256
CA_PIN = "5e303e695126118d1979ff91eeacb1635105830ded6cc251c19ac89ce6557916"
KEY = der(0x30, der(0x30, b"\6\1\1"), der(3, b"\0" + bytes(64)))
NAME, DATES = der(0x30, b"name"), der(0x30, b"dates")


def certificate(*before, key=KEY, rest=b""):
    body = der(0x30, *before, key, rest)
    return der(0x30, body, der(0x30, b"algorithm"), der(3, b"\0signature"))


SERIAL, ALGORITHM = der(2, b"\7"), der(0x30, b"algorithm")
PLAIN = (SERIAL, ALGORITHM, NAME, DATES, NAME)
VERSION = der(0xA0, der(2, b"\2"))


class TestCertificate(unittest.TestCase):
    def test_pin_is_that_of_openssl(self):
        self.assertEqual(pin(certificates(CA.encode())[0]), CA_PIN)

    def test_key_of_every_version(self):
        for whole in (
            certificate(*PLAIN),
            certificate(VERSION, *PLAIN),
            certificate(VERSION, *PLAIN, rest=der(0xA3, b"extensions")),
            certificate(VERSION, SERIAL, ALGORITHM, NAME, DATES, der(0x30)),  # no subject
        ):
            self.assertEqual(public_key_info(whole), KEY)

    def test_anything_else_is_refused(self):
        whole = certificate(VERSION, *PLAIN)
        for bad in (
            b"",
            b"\x30",
            b"\x30\x80\0\0",
            whole + b"\0",
            certificate(),
            certificate(VERSION),
            certificate(*PLAIN[:4]),
            certificate(*PLAIN, key=b""),
            certificate(*PLAIN, key=der(3, b"\0")),
            certificate(SERIAL, *PLAIN),
        ):
            with self.assertRaises(ValueError):
                public_key_info(bad)
        for size in range(len(whole)):
            with self.assertRaises(ValueError):
                public_key_info(whole[:size])


if __name__ == "__main__":
    suite.main()
