"""app.http.auth: names, origins, sessions, HTTP Basic, and what guessing costs."""

import asyncio
import binascii
import unittest
from hashlib import sha256

from fakes import run, settings_on

from app.http.auth import PUBLIC, Access
from app.http.routes import find, rows
from app.password import hashed, is_current, matches

WORD = "open, sesame!"
HASH = run(hashed(WORD))


class WiFi:
    ap_address = "192.168.1.1"

    def address(self):
        return "192.0.2.7"


class Request:
    """A request as microdot has it."""

    def __init__(self, path="/", method="GET", token="", address="192.0.2.9", **headers):
        self.path = path
        self.method = method
        self.headers = {"Host": "cam"}
        self.headers.update({name.replace("_", "-"): headers[name] for name in headers})
        self.cookies = {"session": token} if token else {}
        self.client_addr = (address, 50_000)


def basic(password, user="admin"):
    text = "{}:{}".format(user, password)
    return "Basic " + binascii.b2a_base64(text.encode()).decode().strip()


def gate(password=HASH, **tunables):
    return Access({"adminpass": password}, WiFi(), "Cam", **tunables)


def passes(ms):
    """Time goes by."""

    async def wait():
        await asyncio.sleep_ms(ms)

    run(wait())


def status(access, *args, **kwargs):
    request = Request(*args, **kwargs)
    found = run(access.check(request))
    assert not (access.passes(request) and found), "passed and refused"
    return found


class TestNames(unittest.TestCase):
    def test_by_its_own_names_only(self):
        access = gate("")
        for host in ("cam", "CAM", "cam.local", "cam:8080", "192.0.2.7", "192.168.1.1:80"):
            self.assertEqual(status(access, Host=host), 0, host)
        for host in ("evil.test", "cam.evil.test", "cam.local.evil.test:80", "192.0.2.70", "ca"):
            self.assertEqual(status(access, Host=host), 421, host)

    def test_an_unset_address_is_nobodys_name(self):
        access = gate("")
        access._wifi.address = lambda: ""
        self.assertEqual(status(access, Host="192.0.2.7"), 421)

    def test_changes_come_from_own_pages_or_from_programs(self):
        access = gate("")
        for method in ("POST", "PUT", "DELETE", "PATCH", "WHATEVER"):
            self.assertEqual(status(access, "/", method), 0)
            self.assertEqual(status(access, "/", method, Origin="http://cam"), 0)
            for origin in ("http://evil.test", "null", "https://cam", "http://cam:81", ""):
                self.assertEqual(status(access, "/", method, Origin=origin), 403, origin)
            for site in ("cross-site", "same-site"):
                self.assertEqual(status(access, "/", method, Sec_Fetch_Site=site), 403)
        self.assertEqual(status(access, "/", "GET", Origin="http://evil.test"), 0)


def weeks(access, days):
    """So many days pass, and nobody asks for anything."""
    for _ in range(days * 29):
        passes(3_000_000)
        access.forget_old()  # app.http.server sees to it


class TestPassword(unittest.TestCase):
    def test_guards_everything_but_the_list_of_public_pages(self):
        access = gate()
        paths = [row[0] for row in rows()] + ["/jpg", "/mjpg", "/capture", "/stream", "/nothing"]
        for path in paths + ["/LOGIN", "/login/", "/login/../setup", "//login", "/style.css?"]:
            for method in ("GET", "POST", "HEAD", "OPTIONS"):
                expected = 0 if path in PUBLIC else 401
                self.assertEqual(status(access, path, method), expected, path)
        self.assertEqual(PUBLIC, ("/login", "/style.css", "/app.js", "/icon.svg"))
        for path in PUBLIC:
            self.assertTrue(find("GET", path, False)[0], path)

    def test_basic_with_the_right_password_whatever_the_user(self):
        access = gate()
        for user in ("admin", "", "ü"):
            self.assertEqual(status(access, Authorization=basic(WORD, user)), 0)
        self.assertEqual(status(access, Authorization=basic(WORD).replace("Basic", "bAsIc")), 0)

    def test_anything_else_is_wrong(self):
        for given in (
            [WORD[:n] for n in range(len(WORD))]
            + [WORD + more for more in (" ", "x", "\0", WORD)]
            + [WORD.upper(), " " + WORD, HASH, WORD[:-1] + "?", "x" * 500]
        ):
            self.assertEqual(status(gate(), Authorization=basic(given)), 401, given)
        for header in ("Basic", "Basic ", "Basic !!!", "Basic " + WORD, "Bearer " + WORD, WORD):
            self.assertEqual(status(gate(), Authorization=header), 401, header)

    def test_five_wrong_ones_then_a_pause_for_that_address(self):
        access = gate()
        for _ in range(5):
            self.assertEqual(status(access, Authorization=basic("wrong word")), 401)
        self.assertEqual(status(access, Authorization=basic(WORD)), 429)
        self.assertEqual(access.guard().wait_s(access, "192.0.2.9"), 30)
        self.assertEqual(status(access, address="192.0.2.1", Authorization=basic(WORD)), 0)
        passes(29_000)
        self.assertEqual(status(access, Authorization=basic(WORD)), 429)
        passes(1_001)
        self.assertEqual(status(access, Authorization=basic("wrong word")), 401)
        self.assertEqual(access.guard().wait_s(access, "192.0.2.9"), 30)
        passes(30_001)
        self.assertEqual(status(access, Authorization=basic(WORD)), 0)
        self.assertEqual(access.guard().wait_s(access, "192.0.2.9"), 0)

    def test_a_thousand_guesses_are_hardly_looked_at(self):
        access = gate()
        looked_at = 0
        for _ in range(1_000):  # within a minute
            looked_at += status(access, Authorization=basic("wrong word")) == 401
            passes(60)
        self.assertTrue(looked_at <= 10, looked_at)

    def test_the_table_of_addresses_is_bounded_and_keeps_the_worst(self):
        access = gate()
        for _ in range(5):
            status(access, Authorization=basic("wrong word"))
        for n in range(40):
            status(access, address="192.0.2.{}".format(n + 100), Authorization=basic("wrong one"))
        self.assertTrue(len(access.failures) <= 8)
        self.assertEqual(status(access, Authorization=basic(WORD)), 429)

    def test_weeks_later_nothing_is_held_against_anybody(self):
        access = gate()
        for _ in range(5):
            status(access, Authorization=basic("wrong word"))
        for _ in range(14):
            weeks(access, 1)
            self.assertEqual(access.guard().wait_s(access, "192.0.2.9"), 0)
        self.assertEqual(access.failures, {})
        self.assertEqual(status(access, Authorization=basic(WORD)), 0)

    def test_ten_minutes_are_not_enough_for_a_second_start(self):
        access = gate()
        for n in range(5):
            status(access, Authorization=basic("wrong word"))
        passes(9 * 60_000)
        access.forget_old()
        self.assertEqual(status(access, Authorization=basic("wrong word")), 401)
        self.assertEqual(access.guard().wait_s(access, "192.0.2.9"), 30)


class TestSessions(unittest.TestCase):
    def test_is_not_there_again_when_the_ticks_have_wrapped(self):
        access = gate()
        token = access.guard().enter(access)
        for _ in range(14):
            weeks(access, 1)
            self.assertEqual(status(access, token=token), 401)

    def test_a_token_opens_until_it_is_left_alone_for_half_an_hour(self):
        access = gate()
        token = access.guard().enter(access)
        self.assertEqual(len(token), 32)
        for _ in range(3):
            passes(29 * 60_000)
            self.assertEqual(status(access, token=token), 0)
        passes(30 * 60_000)
        self.assertEqual(status(access, token=token), 401)

    def test_parts_of_a_token_open_nothing(self):
        access = gate()
        token = access.guard().enter(access)
        for wrong in (token[:-1], token + "0", token[:-1] + "x", token.upper() + "!", "0" * 32):
            self.assertEqual(status(access, token=wrong), 401, wrong)

    def test_a_handful_at_once_the_least_used_goes_first(self):
        access = gate()
        tokens = [access.guard().enter(access) for _ in range(4)]
        self.assertEqual(status(access, token=tokens[0]), 0)
        access.guard().enter(access)
        self.assertEqual([status(access, token=each) for each in tokens], [0, 401, 0, 0])

    def test_leaving(self):
        access = gate()
        token, other = access.guard().enter(access), access.guard().enter(access)
        access.guard().leave(access, token)
        self.assertEqual(status(access, token=token), 401)
        self.assertEqual(status(access, token=other), 0)

    def test_a_new_password_ends_all(self):
        access = gate()
        token = access.guard().enter(access)
        self.assertEqual(status(access, Authorization=basic(WORD)), 0)
        access.settings["adminpass"] = run(hashed("another word"))
        self.assertEqual(status(access, token=token), 401)
        self.assertEqual(status(access, Authorization=basic(WORD)), 401)
        self.assertEqual(status(access, Authorization=basic("another word")), 0)

    def test_old_hash_is_renewed_without_ending_sessions(self):
        settings = settings_on()
        old = "1${}${}".format("5a" * 16, sha256(b"Z" * 32 + WORD.encode()).digest().hex())
        settings.keep("adminpass", old)
        access = Access(settings, WiFi(), "Cam")
        access.forget_old()
        token = access.guard().enter(access)
        self.assertEqual(status(access, Authorization=basic("wrong word")), 401)
        self.assertEqual(settings["adminpass"], old)
        self.assertEqual(status(access, Authorization=basic(WORD)), 0)
        self.assertTrue(is_current(settings["adminpass"]))
        self.assertTrue(run(matches(WORD, settings["adminpass"])))
        self.assertEqual(status(access, token=token), 0)

    def test_tokens_do_not_repeat(self):
        access = gate()
        self.assertEqual(len({access.guard().enter(access) for _ in range(500)}), 500)


unittest.main()
