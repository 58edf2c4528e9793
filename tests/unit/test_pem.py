"""proto.pem: certificates with any line wrapping."""

import unittest

import suite

from proto.pem import blocks, certificates

DER = b"\x30\x03\x02\x01\x05"
PEM = b"-----BEGIN CERTIFICATE-----\nMAMC\nAQU=\n-----END CERTIFICATE-----\n"


class TestCertificates(unittest.TestCase):
    def test_one_several_and_der(self):
        self.assertEqual(certificates(PEM), [DER])
        self.assertEqual(certificates(PEM * 3), [DER] * 3)
        self.assertEqual(certificates(DER), [DER])

    def test_label_of_old_tools(self):
        old = PEM.replace(b"CERTIFICATE", b"X509 CERTIFICATE")
        self.assertEqual(certificates(old), [DER])

    def test_private_key_is_refused_even_beside_a_certificate(self):
        for kind in (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY"):
            key = PEM.replace(b"CERTIFICATE", kind)
            for data in (key, PEM + key):
                try:
                    certificates(data)
                    self.fail("accepted")
                except ValueError as e:
                    self.assertTrue("private key" in str(e))

    def test_wrapping_does_not_matter(self):
        for text in (
            PEM.replace(b"\n", b"\r\n"),
            PEM.replace(b"\n", b" "),
            b"subject=CN = a\n" + PEM + b"\n\n# more\n" + PEM,
            PEM.replace(b"\nAQU=", b"AQU="),
        ):
            self.assertEqual(certificates(text)[0], DER)

    def test_anything_else_is_refused(self):
        key = PEM.replace(b"CERTIFICATE", b"PRIVATE KEY")
        for data in (b"", b"x", PEM[:40], PEM[:-20], PEM + PEM[:50], key, b"\n"):
            with self.assertRaises(ValueError):
                certificates(data)


class TestBlocks(unittest.TestCase):
    def test_only_blocks_with_the_label(self):
        key = PEM.replace(b"CERTIFICATE", b"PUBLIC KEY")
        self.assertEqual(blocks(PEM + key + PEM, b"PUBLIC KEY"), [DER])
        self.assertEqual(blocks(PEM, b"PUBLIC KEY"), [])


if __name__ == "__main__":
    suite.main()
