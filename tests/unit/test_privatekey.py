"""proto.privatekey: which keys are read, which are refused, and why."""

import unittest
from binascii import b2a_base64

import suite
from fakes import CA

from proto.pem import certificates
from proto.privatekey import private_key

POINT = b"\x04" + bytes(range(64))
MODULUS = b"\x81" + bytes(255)
CURVE = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"


def der(tag, *parts):
    """Return a DER element."""
    body = b"".join(parts)
    size = len(body)
    if size > 255:
        head = bytes((tag, 0x82, size >> 8, size & 255))
    else:
        head = bytes((tag, 0x81, size)) if size > 127 else bytes((tag, size))
    return head + body


def sec1(public=True):
    parts = [der(2, b"\1"), der(4, bytes(32)), der(0xA0, CURVE)]
    return der(0x30, *parts, *([der(0xA1, der(3, b"\0" + POINT))] if public else []))


def pkcs1():
    numbers = [der(2, b"\0"), der(2, b"\0" + MODULUS), der(2, b"\1\0\1"), der(2, bytes(256))]
    return der(0x30, *numbers)


def pkcs8(inner):
    return der(0x30, der(2, b"\0"), der(0x30, CURVE), der(4, inner))


def pem(data, label="PRIVATE KEY"):
    text = b2a_base64(data).decode()
    return "-----BEGIN {0}-----\n{1}-----END {0}-----\n".format(label, text).encode()


class TestPrivateKey(unittest.TestCase):
    def test_all_forms(self):
        for data, public in (
            (sec1(), POINT),
            (pkcs8(sec1()), POINT),
            (pkcs1(), MODULUS),
            (pkcs8(pkcs1()), MODULUS),
        ):
            self.assertEqual(private_key(data), (data, public))
            for label in ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"):
                self.assertEqual(private_key(pem(data, label)), (data, public))

    def test_other_blocks_are_ignored(self):
        text = pem(CURVE, "EC PARAMETERS") + pem(sec1(), "EC PRIVATE KEY") + CA.encode()
        self.assertEqual(private_key(text), (sec1(), POINT))

    def test_refused_with_a_reason(self):
        for data, reason in (
            (b"", "no private keys"),
            (CA.encode(), "no private keys"),
            (pem(sec1()) * 2, "2 private keys"),
            (pem(sec1(), "ENCRYPTED PRIVATE KEY"), "encrypted"),
            (
                pem(pkcs1(), "RSA PRIVATE KEY").replace(b"\n", b"\nProc-Type: 4,ENCRYPTED\n", 1),
                "encry",
            ),
            (pem(sec1(False)), "lacks its public part"),
            (pem(sec1())[:-9], "cut off"),
            (certificates(CA.encode())[0], "cannot be read"),
        ):
            try:
                private_key(data)
                self.fail(reason)
            except ValueError as e:
                self.assertIn(reason, str(e))

    def test_any_cut_is_refused(self):
        for whole in (sec1(), pkcs8(pkcs1())):
            for end in range(1, len(whole)):
                with self.assertRaises(ValueError):
                    private_key(whole[:end])


if __name__ == "__main__":
    suite.main()
