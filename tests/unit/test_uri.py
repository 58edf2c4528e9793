"""proto.uri: addresses of brokers."""

import unittest

from proto.uri import BrokerURI, parse_broker
from proto.values import BadArgument

GOOD = {
    "mqtt://host": ("host", 1883, False),
    "mqtts://host": ("host", 8883, True),
    "MQTTS://Host.example/": ("Host.example", 8883, True),
    "mqtt://10.0.0.1:11883": ("10.0.0.1", 11883, False),
    "host": ("host", 1883, False),
    "host:1884": ("host", 1884, False),
    "mqtt://[fe80::1]": ("fe80::1", 1883, False),
    "mqtts://[::1]:65535": ("::1", 65535, True),
}
BAD = (
    "http://host",
    "mqtt:/host",
    "mqtt://",
    "mqtt://:1883",
    "mqtt://host:0",
    "mqtt://host:65536",
    "mqtt://host:x",
    "mqtt://host:-1",
    "mqtt://user:secret@host",
    "mqtt://host/path",
    "mqtt://ho st",
    "mqtt://host?x",
    "mqtt://host#x",
    "mqtt://[::1]x",
    "mqtt://[::1",
    "://host",
    "mqtt://ho]st",
    "mqtt://[[::1]]",
)


class TestParse(unittest.TestCase):
    def test_good(self):
        for text, expected in GOOD.items():
            self.assertEqual(parse_broker(text), expected, text)

    def test_bad(self):
        for text in BAD:
            try:
                parsed = parse_broker(text)
            except BadArgument as e:
                self.assertFalse("secret" in str(e))
            else:
                self.fail("{} gave {}".format(text, parsed))

    def test_port_of_its_own_setting_wins(self):
        self.assertEqual(parse_broker("mqtt://host:1884", 99), ("host", 99, False))
        self.assertEqual(parse_broker("mqtts://host", 99), ("host", 99, True))

    def test_tls_stands_in_where_no_scheme_says(self):
        self.assertEqual(parse_broker("host", tls=True), ("host", 8883, True))
        self.assertEqual(parse_broker("mqtt://host", tls=True), ("host", 1883, False))


class TestBrokerURI(unittest.TestCase):
    def test_check(self):
        check = BrokerURI(20)
        for text in ("", "mqtt://host", "a" * 20):
            self.assertEqual(check(text), text)
        for text in ("a" * 21, "mqtt://a b", "a\n", "a\x7f", "ü" * 11) + BAD:
            with self.assertRaises(BadArgument):
                check(text)


unittest.main()
