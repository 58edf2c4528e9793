"""proto.texts, proto.uri: what the radio can be given."""

import unittest

from proto.numbers import IPv4
from proto.texts import Passphrase
from proto.values import BadArgument


class TestPassphrase(unittest.TestCase):
    def test_lengths_to_the_byte(self):
        for good in ("", "a" * 8, "a" * 63, "ä" * 4, "with space"):
            self.assertEqual(Passphrase(8, 63)(good), good)
        for bad in ("a", "a" * 7, "ä" * 3, "a" * 64, "ä" * 32, "eight ch\n", "a" * 7 + "\0"):
            with self.assertRaises(BadArgument):
                Passphrase(8, 63)(bad)


class TestIPv4(unittest.TestCase):
    def test_addresses_of_hosts(self):
        for good in ("192.168.1.1", "4.3.2.1", "10.0.0.254", "223.255.255.1"):
            self.assertEqual(IPv4()(good), good)
        self.assertEqual(IPv4()("192.168.001.01"), "192.168.1.1")

    def test_others(self):
        bad = "x 1.2.3 1.2.3.4.5 1.2.3. 256.1.1.1 1.2.3.-4 0.1.1.1 127.0.0.1 224.0.0.1 "
        bad += "255.255.255.255 192.168.1.0 192.168.1.255 1.2.3.4/24 ..."
        for text in bad.split() + ["", " 1.2.3.4", "1.2.3.4\n"]:
            with self.assertRaises(BadArgument):
                IPv4()(text)


unittest.main()
