"""proto.signature on MicroPython, with a key and a signature made by OpenSSL."""

import hashlib
import unittest
from binascii import a2b_base64

import suite

from proto.signature import HEAD, MAGIC, public_key, size_of, verified

KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlwFHY/NR0vgsVKpCfnFy
lcl3Jyte9L+O/Ecn8eIyYQFhZD8zS8L9niK+xKjkDQ0NDg0C4tKt20IKm48JLGGV
H6ufBSo3dZ5AnGezhJWRFYUOWZiacU/tAGgn8/eMymEfCYF8thkH3rO1njFfmNIM
Y20p07PcC2ZufEbw1kvWZCGqUuAWLlJLCN2Rasi6NJWHL2ptSVcJk8gdoOePnVpb
SeJ2KaozAHsPUfVJkBdR4rywLMySYa83V4OAD5Edphh+K/CB3JBRNT+U+Q1lcxu0
5BVKh4qfQI7ttvJsu/USisJaDRb5XnolS7mVTN7ZleAsHQKVL5VmS1Eaa2rhisMS
MwIDAQAB
-----END PUBLIC KEY-----
"""
SIGNATURE = a2b_base64(b"""
KIoTtAMxm13XctyQAaNDWqksOgDUE6L85BGtIFQG2FmDvSPWsWTpVNOUIPHo9NDgWO7eHPe8WcqZ
ELyv2Qi85/TyYgH4fZ4StyFIW83y+48w8iiWoMC4S0egfS4mAcRbr8Bfyiy5B+522e19mMZGCVwY
K2Meh+vcxfm1LkUrW+dr0ozNQX5KDKPY66UpZeGyc4qetQKHewN5TpytLpxhyUH/dGhMYzXpTVvs
4fhOFhCUVGqhc0eLwKRhzOGNSkKdMNHmHeUkGpcZqst+PO5p55yOLlCF0F9T93s6b7lc62qZckgj
zHnP4R7OMjCi0mPjpMbzkjRyUgg645R3DIhnKQ==
""")
DIGEST = hashlib.sha256(b"an update").digest()
BLOCK = MAGIC + b"\x00\x01\x00\x00" + DIGEST + SIGNATURE


class TestSignature(unittest.TestCase):
    def test_signed(self):
        self.assertEqual(size_of(BLOCK[:HEAD]), len(BLOCK))
        self.assertTrue(verified(memoryview(BLOCK), DIGEST, public_key(KEY)))

    def test_another_digest(self):
        other = hashlib.sha256(b"another").digest()
        self.assertFalse(verified(BLOCK, other, public_key(KEY)))

    def test_every_byte_counts(self):
        key = public_key(KEY)
        for at in range(HEAD, len(BLOCK), 17):
            wrong = bytearray(BLOCK)
            wrong[at] ^= 1
            self.assertFalse(verified(wrong, DIGEST, key))

    def test_bad_key_is_refused(self):
        for text in (
            b"",
            b"x",
            KEY[:200],
            KEY.replace(b"MII", b"MIJ"),
            KEY + b"x",
            b"x" + KEY,
            KEY * 2,
        ):
            with self.assertRaises(ValueError):
                public_key(text)


if __name__ == "__main__":
    suite.main()
