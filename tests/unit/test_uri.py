"""proto.uri: broker URIs and update URLs."""

import unittest

import suite

from proto.uri import (
    parse_broker,
    parse_url,
    percent_decoded,
    websocket_path,
    without_password,
)
from proto.values import BadArgument

GOOD_BROKERS = {
    "mqtt://host": ("host", 1883, False),
    "ws://host": ("host", 80, False),
    "WSS://host:8084/mqtt?x=1": ("host", 8084, True),
    "wss://host/": ("host", 443, True),
    "mqtts://host": ("host", 8883, True),
    "MQTTS://Host.example/": ("Host.example", 8883, True),
    "mqtt://10.0.0.1:11883": ("10.0.0.1", 11883, False),
    "host": ("host", 1883, False),
    "host:1884": ("host", 1884, False),
}
BAD_BROKERS = (
    "http://host",
    "mqtt:/host",
    "mqtt://",
    "mqtt://:1883",
    "ws://user@host/path",
    "ws://host/pa th",
    "ws://",
    "mqtt://host:0",
    "mqtt://host:65536",
    "mqtt://host:x",
    "mqtt://host:-1",
    "mqtt://user:secret@host",
    "mqtt://host/path",
    "mqtt://ho st",
    "mqtt://host?x",
    "mqtt://host#x",
    "mqtt://[::1]",
    "mqtts://[fe80::1]:65535",
    "mqtt://[::1",
    "://host",
    "mqtt://ho]st",
    "mqtt://[[::1]]",
)


BAD_URLS = (
    "",
    "host/x",
    "http:/h",
    "ftp://h/x",
    "http://",
    "http:///x",
    "http://h:0/",
    "http://h:x/",
    "http://h:99999/",
    "http://[::1",
    "http://h/ x",
    "http://h/ü",
    "http://h/\r\nX: y",
    'http://h/"',
    "http://a@b@c/",
    "http://%GG@h/",
    "http://u%4@h/",
    "http://u%@h",
)


class TestBroker(unittest.TestCase):
    def test_path_of_websocket(self):
        for text, path in (
            ("ws://host", "/mqtt"),
            ("wss://host:1/", "/mqtt"),
            ("ws://host/a/b?c=d#e", "/a/b?c=d"),
            ("mqtt://host", ""),
            ("host", ""),
        ):
            self.assertEqual(websocket_path(text), path)

    def test_good(self):
        for text, expected in GOOD_BROKERS.items():
            self.assertEqual(parse_broker(text), expected, text)

    def test_bad(self):
        for text in BAD_BROKERS:
            try:
                parsed = parse_broker(text)
            except BadArgument as e:
                self.assertFalse("secret" in str(e))
            else:
                self.fail("{} returned {}".format(text, parsed))

    def test_port_setting_overrides_the_uri(self):
        self.assertEqual(parse_broker("mqtt://host:1884", 99), ("host", 99, False))
        self.assertEqual(parse_broker("mqtts://host", 99), ("host", 99, True))

    def test_tls_setting_applies_without_a_scheme(self):
        self.assertEqual(parse_broker("host", tls=True), ("host", 8883, True))
        self.assertEqual(parse_broker("mqtt://host", tls=True), ("host", 1883, False))


class TestURL(unittest.TestCase):
    def test_parts(self):
        for text, expected in {
            "http://host": (False, "host", 80, "/", ""),
            "HTTPS://host/fw.bin?v=2#top": (True, "host", 443, "/fw.bin?v=2", ""),
            "http://host:8080?x": (False, "host", 8080, "/?x", ""),
            "http://joe:p%40ss@host/a@b": (False, "host", 80, "/a@b", "am9lOnBAc3M="),
        }.items():
            url = parse_url(text)
            found = url.tls, url.host, url.port, url.path, url.login
            self.assertEqual(found, expected, text)

    def test_bad(self):
        for text in BAD_URLS:
            with self.assertRaises(BadArgument):
                parse_url(text)

    def test_authority_contains_only_a_non_standard_port(self):
        for text in ("http://h", "http://h:81", "https://h:80"):
            self.assertEqual(parse_url(text).authority(), text.partition("://")[2])
        self.assertEqual(parse_url("https://h:443").authority(), "h")
        self.assertEqual(parse_url("HTTPS://h:8443/a?b#c").authority(), "h:8443")

    def test_ipv6_address_is_refused_with_the_reason(self):
        for parse, text in ((parse_broker, "mqtt://[::1]:1883"), (parse_url, "http://[::1]/")):
            try:
                parse(text)
                self.fail(text)
            except BadArgument as e:
                self.assertTrue("IPv6" in str(e))


class TestFollow(unittest.TestCase):
    def test_redirect_target(self):
        base = parse_url("http://joe:x@host:81/a/b?q")
        for location, host, path, keeps_login in (
            ("c", "host", "/a/c", True),
            ("/c?d", "host", "/c?d", True),
            ("//other/c", "other", "/c", False),
            ("http://host:81/c", "host", "/c", True),
            ("http://host/c", "host", "/c", False),
            ("https://host:81/c", "host", "/c", False),
            ("c/d:e", "host", "/a/c/d:e", True),
        ):
            url = base.follow(location)
            self.assertEqual((url.host, url.path), (host, path), location)
            self.assertEqual(bool(url.login), keeps_login, location)

    def test_examples_of_rfc_3986(self):
        """Sections 5.4.1 and 5.4.2, with the base http://a/b/c/d;p?q."""
        base = parse_url("http://a/b/c/d;p?q")
        for reference, path in (
            ("g", "/b/c/g"), ("./g", "/b/c/g"), ("g/", "/b/c/g/"), ("/g", "/g"),
            ("?y", "/b/c/d;p?y"), ("g?y", "/b/c/g?y"), ("#s", "/b/c/d;p?q"), ("g#s", "/b/c/g"),
            ("g?y#s", "/b/c/g?y"), (";x", "/b/c/;x"), ("g;x", "/b/c/g;x"),
            ("g;x?y#s", "/b/c/g;x?y"), ("", "/b/c/d;p?q"), (".", "/b/c/"), ("./", "/b/c/"),
            ("..", "/b/"), ("../", "/b/"), ("../g", "/b/g"), ("../..", "/"), ("../../", "/"),
            ("../../g", "/g"), ("../../../g", "/g"), ("../../../../g", "/g"), ("/./g", "/g"),
            ("/../g", "/g"), ("g.", "/b/c/g."), (".g", "/b/c/.g"), ("g..", "/b/c/g.."),
            ("..g", "/b/c/..g"), ("./../g", "/b/g"), ("./g/.", "/b/c/g/"), ("g/./h", "/b/c/g/h"),
            ("g/../h", "/b/c/h"), ("g;x=1/./y", "/b/c/g;x=1/y"), ("g;x=1/../y", "/b/c/y"),
            ("g?y/./x", "/b/c/g?y/./x"), ("g?y/../x", "/b/c/g?y/../x"), ("g#s/../x", "/b/c/g"),
        ):  # fmt: skip
            url = base.follow(reference)
            self.assertEqual((url.host, url.path), ("a", path), reference)
        self.assertEqual(base.follow("//g").host, "g")
        self.assertEqual(base.follow("http://g/x/../y").path, "/y")
        for refused in ("g:h", "http:g"):
            with self.assertRaises(BadArgument):
                base.follow(refused)

    def test_never_from_https_to_http(self):
        base = parse_url("https://host/a")
        self.assertTrue(base.follow("b").tls and base.follow("//other/b").tls)
        with self.assertRaises(BadArgument):
            base.follow("http://host/a")


class TestText(unittest.TestCase):
    def test_password_is_masked(self):
        for text, shown in (
            ("https://joe:secret@host/a@b", "https://joe:***@host/a@b"),
            ("http://joe@host", "http://joe:***@host"),
            ("http://host/a@b", "http://host/a@b"),
            ("joe:secret@host/a", "joe:***@host/a"),
            ("joe:secret", "joe:secret"),
        ):
            self.assertEqual(without_password(text), shown)

    def test_percent_decoding(self):
        self.assertEqual(percent_decoded("a%20b%C3%bc%"[:-1]), "a bü".encode())
        for text in ("%", "%4", "%zz", "%+1", "% 1", "a%2"):
            with self.assertRaises(ValueError):
                percent_decoded(text)


if __name__ == "__main__":
    suite.main()
