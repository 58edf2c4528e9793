"""proto.pem: certificates in whatever wrapping they come."""

import unittest

from proto.pem import CertificateText, certificates
from proto.values import BadArgument

DER = b"\x30\x03\x02\x01\x05"
PEM = b"-----BEGIN CERTIFICATE-----\nMAMC\nAQU=\n-----END CERTIFICATE-----\n"


class TestCertificates(unittest.TestCase):
    def test_one_several_and_der(self):
        self.assertEqual(certificates(PEM), [DER])
        self.assertEqual(certificates(PEM * 3), [DER] * 3)
        self.assertEqual(certificates(DER), [DER])

    def test_wrapping_does_not_matter(self):
        for text in (
            PEM.replace(b"\n", b"\r\n"),
            PEM.replace(b"\n", b" "),
            b"subject=CN = a\n" + PEM + b"\n\n# more\n" + PEM,
            PEM.replace(b"\nAQU=", b"AQU="),
        ):
            self.assertEqual(certificates(text)[0], DER)

    def test_what_is_none(self):
        key = PEM.replace(b"CERTIFICATE", b"PRIVATE KEY")
        for data in (b"", b"x", PEM[:40], PEM[:-20], PEM + PEM[:50], key, b"\n"):
            with self.assertRaises(ValueError):
                certificates(data)


class TestCertificateText(unittest.TestCase):
    def test_takes_pem_and_nothing(self):
        check = CertificateText(100)
        self.assertEqual(check(PEM.decode()), PEM.decode())
        self.assertEqual(check(""), "")
        self.assertTrue("100" in str(check))

    def test_refuses_the_rest(self):
        check = CertificateText(100)
        for text in (
            "x",
            PEM.decode()[:50],
            PEM.decode() * 2,
            "ü",
            PEM.decode().replace("Q", "!"),
        ):
            with self.assertRaises(BadArgument):
                check(text)


unittest.main()
