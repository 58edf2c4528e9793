"""app.settings.checks: text that users enter for settings, and the resulting values."""

import unittest

import suite
from test_pem import PEM
from test_signature import KEY
from test_uri import BAD_BROKERS

from app.settings.checks import (
    Between,
    BrokerURI,
    CellMask,
    Chars,
    IPv4,
    KeyPin,
    MQTTText,
    OneOf,
    Passphrase,
    TopicFilter,
    TopicLayout,
    TopicName,
    ZoneRule,
)
from app.settings.filechecks import CertificateText, KeyText
from proto.values import BadArgument


class ChecksTestCase(unittest.TestCase):
    def accepts(self, check, *texts):
        for text in texts:
            self.assertEqual(check(text), text)

    def refuses(self, check, *texts):
        for text in texts:
            try:
                value = check(text)
            except BadArgument as e:
                self.assertTrue(str(e))
            else:
                self.fail("{!r} returned {!r}".format(text, value))


class TestNumbers(ChecksTestCase):
    def test_topic_layout(self):
        check = TopicLayout(16, 64)
        self.accepts(
            check, "%prefix%/%topic%", "home/garden/%topic%/%prefix%", "%topic%/x/%prefix%/y"
        )
        for text in (
            "home/garden/camera",
            "%prefix%/aaaaaaaaaaa",
            "%prefix%/%topic%/%topic%",
            "%prefix%/%topic%/",
            "/%prefix%/%topic%",
            "%prefix%//%topic%",
            "%prefix%/+/%topic%",
            "%prefix%/#/%topic%",
            "x%prefix%/%topic%",
            "$SYS/%prefix%/%topic%",
            "%prefix%/%topic%/" + "x" * 64,
        ):
            self.refuses(check, text)

    def test_between(self):
        check = Between(-2, 2)
        self.assertEqual([check("-2"), check("2"), check("-1.0"), check(" 1.")], [-2, 2, -1, 1])
        self.assertEqual(str(check), "-2..2")
        self.refuses(check, "-3", "3", "", "-", "--1", "+1", "1.5", "1e0", "0x1", "1.0.0", "٣")

    def test_off_and_on_are_0_and_1(self):
        check = Between(0, 1)
        for value, texts in enumerate((("off", "FALSE", "0", "0.0"), ("ON", "true", "1"))):
            self.assertEqual({check(text) for text in texts}, {value})
        self.refuses(Between(0, 2), "off", "on", "true")

    def test_one_of(self):
        check = OneOf("off", "on", "last_state")
        for text, value in (("off", 0), ("ON", 1), ("Last_State", 2), ("2", 2), ("1.0", 1)):
            self.assertEqual(check(text), value)
        self.refuses(check, "", "3", "-1", "last", "true")
        self.assertEqual([OneOf("off", "on")(text) for text in ("false", "True")], [0, 1])


class TestText(ChecksTestCase):
    def test_chars_counts_bytes(self):
        check = Chars(1, 4)
        self.accepts(check, "a", "abcd", "üü", "€a", " ~ ")
        self.refuses(check, "", "abcde", "üüü", "a\n", "\0", "\x1b", "\x7f")

    def test_topic_name(self):
        check = TopicName(1, 8)
        self.assertEqual(check("a/b+c#d"), "a_b_c_d")
        self.refuses(check, "", "a" * 9, "a\0")

    def test_text_for_a_broker(self):
        for check in (MQTTText(1, 8), TopicName(1, 8), TopicFilter(1, 8)):
            self.accepts(check, "a", "küche", "€", "a b", "\U0001f4f7")
            self.refuses(check, "", "a" * 9, "a\0", "a\x1f", "\x7f", "a\x80", "\x9f", "\ufffe")
            for raw in (b"a\xc0\xaf", b"\xed\xa0\x80"):  # commands are decoded leniently
                self.refuses(check, raw.decode())

    def test_topic_filter(self):
        check = TopicFilter(1, 31)
        self.accepts(check, "#", "+", "power", "+/a/#", "+/b", "a//b")
        self.refuses(check, "+/+/#/x", "a#", "#/", "a+", "++", "##", "power/#x")

    def test_passphrase_limits(self):
        check = Passphrase(8, 63)
        self.accepts(check, "", "a" * 8, "a" * 63, "ä" * 4, "with space", "2000$5a$c3c3")
        self.refuses(
            check, "a", "a" * 7, "ä" * 3, "a" * 64, "ä" * 32, "eight ch\n", "a" * 7 + "\0"
        )

    def test_stored_hash_is_too_long_for_a_passphrase(self):
        hash_ = "pbkdf2-sha256$1000${}${}".format("5a" * 16, "c3" * 32)
        self.refuses(Passphrase(8, 63), hash_, hash_[14:])


class TestKeyPin(ChecksTestCase):
    def test_hex_digits_learn_or_none(self):
        pin = "0123456789abcdef" * 4
        self.accepts(KeyPin(), "", "learn", pin)
        for text in (pin.upper(), ":".join(pin[i : i + 2] for i in range(0, 64, 2))):
            self.assertEqual(KeyPin()(text), pin)
        self.assertEqual(KeyPin()("LEARN"), "learn")
        self.refuses(KeyPin(), "x" * 64, pin[:-2], pin[:-1], pin + "00", "learned", "0x" + pin)


class TestCellMask(ChecksTestCase):
    def test_a_bit_for_each_cell_or_none(self):
        self.accepts(CellMask(), "", "8" + "0" * 47, "0123456789ab" * 4)
        self.assertEqual(CellMask()("AB" * 24), "ab" * 24)
        self.assertEqual(CellMask()("0" * 48), "")
        self.refuses(CellMask(), "0", "ab" * 23, "ab" * 25, "x" * 48, "1")


class TestIPv4(ChecksTestCase):
    def test_addresses_of_hosts(self):
        self.accepts(IPv4(), "192.168.1.1", "4.3.2.1", "10.0.0.254", "223.255.255.1")
        self.assertEqual(IPv4()("192.168.001.01"), "192.168.1.1")

    def test_other_addresses_are_refused(self):
        bad = "x 1.2.3 1.2.3.4.5 1.2.3. 256.1.1.1 1.2.3.-4 0.1.1.1 127.0.0.1 224.0.0.1 "
        bad += "255.255.255.255 192.168.1.0 192.168.1.255 1.2.3.4/24 ..."
        self.refuses(IPv4(), "", " 1.2.3.4", "1.2.3.4\n", *bad.split())


class TestBrokerURI(ChecksTestCase):
    def test_check(self):
        check = BrokerURI(20)
        self.accepts(check, "", "mqtt://host", "a" * 20)
        self.refuses(check, "a" * 21, "mqtt://a b", "a\n", "a\x7f", "ü" * 11, *BAD_BROKERS)


class TestZoneRule(ChecksTestCase):
    def test_check(self):
        check = ZoneRule(20)
        self.accepts(check, "UTC0", "EST5EDT", "<+03>-3")
        self.refuses(check, "", "CET", "A" * 19 + "-1", "CET-1CEST,M3.5.0")


class TestCertificateText(ChecksTestCase):
    def test_accepts_pem_and_empty_text(self):
        check = CertificateText(100)
        self.accepts(check, PEM.decode(), "")
        self.assertTrue("100" in str(check))

    def test_refuses_other_text(self):
        text = PEM.decode()
        self.refuses(CertificateText(100), "x", text[:50], text * 2, "ü", text.replace("Q", "!"))


class TestKeyText(ChecksTestCase):
    def test_accepts_only_a_public_key(self):
        text = KEY.decode()
        self.accepts(KeyText(1_000), text)
        self.refuses(KeyText(1_000), "", "x", text[:200], text * 2, text + " " * 1_000)
        self.refuses(KeyText(1_000), text.replace("MII", "MIJ"), text.replace("PUBLIC", "PRIVATE"))


if __name__ == "__main__":
    suite.main()
