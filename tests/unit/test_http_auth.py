"""app.http.auth: host names, origins, sessions, HTTP Basic, and limits on guessing."""

import asyncio
import binascii
import unittest

import suite
from fakes import run
from webserver import Settings, Web

import app.http.auth as auth
from app import password
from app.http.auth import PUBLIC, Access

WORD = "open, sesame!"
HASH = run(password.hashed(WORD))


class WiFi:
    ap_address = "192.168.1.1"

    def address(self):
        return "192.0.2.7"


class Request:
    """The attributes of a request that Access reads."""

    def __init__(self, path="/", method="GET", token="", address="192.0.2.9", **headers):
        self.path = path
        self.method = method
        self.headers = {"Host": "cam"}
        self.headers.update({name.replace("_", "-"): headers[name] for name in headers})
        self.cookies = {"session": token} if token else {}
        self.address = address


def basic(text, user="admin"):
    login = "{}:{}".format(user, text)
    return "Basic " + binascii.b2a_base64(login.encode()).decode().strip()


def new_access(stored=HASH, hosts="", **tunables):
    return Access(Settings(adminpass=stored, hosts=hosts), WiFi(), "Cam", **tunables)


def wait_ms(ms):
    async def wait():
        await asyncio.sleep_ms(ms)

    run(wait())


def wait_days(access, days):
    """Let days pass without a request, while HTTPServer.run would call forget_old."""
    for _ in range(days * 29):
        wait_ms(3_000_000)
        access.forget_old()


def status(access, *args, **kwargs):
    return run(access.check(Request(*args, **kwargs)))


def paths():
    """Return the paths of all routes."""
    return [row[1].url_pattern.replace("\\.", ".") for row in Web().app.url_map]


class TestNames(unittest.TestCase):
    def test_only_own_host_names_pass(self):
        access = new_access("")
        own = (
            "cam CAM cam. cam.local cam.local. cam:8080 CAM.LOCAL.:80 192.0.2.7 192.168.1.1:80 "
            "cam.lan cam.Fritz.Box:80 cam.home.arpa. cam.internal cam.localdomain"
        )
        for host in own.split():
            self.assertEqual(status(access, Host=host), 0, host)
        others = (
            "evil.test cam.evil.test cam.local.evil.test:80 192.0.2.70 ca . cam.. cam.local.. "
        )
        others += "evil.lan cam.box x.cam.lan cam.lan.evil.test cam.com"
        for host in others.split():
            self.assertEqual(status(access, Host=host), 421, host)

    def test_names_of_the_setting(self):
        access = new_access("", hosts="door.example.org .home.net")
        for host in ("Door.example.org:443", "a.home.net", "b.c.home.net."):
            self.assertEqual(status(access, Host=host), 0, host)
            for scheme, expected in (("https", 0), ("http", 0), ("ftp", 403)):
                origin = scheme + "://" + host.lower()
                self.assertEqual(status(access, "/", "POST", Host=host, Origin=origin), expected)
        for host in ("example.org", "x.door.example.org", "home.net", "evilhome.net"):
            self.assertEqual(status(access, Host=host), 421, host)

    def test_missing_address_matches_no_name(self):
        access = new_access("")
        access._wifi.address = lambda: ""
        self.assertEqual(status(access, Host="192.0.2.7"), 421)

    def test_changes_are_accepted_from_own_pages_or_programs(self):
        access = new_access("")
        for method in ("POST", "PUT", "DELETE", "PATCH", "WHATEVER"):
            self.assertEqual(status(access, "/", method), 0)
            self.assertEqual(status(access, "/", method, Origin="http://cam"), 0)
            for origin in ("http://evil.test", "null", "https://cam", "http://cam:81", ""):
                self.assertEqual(status(access, "/", method, Origin=origin), 403, origin)
            for site in ("cross-site", "same-site"):
                self.assertEqual(status(access, "/", method, Sec_Fetch_Site=site), 403)
        self.assertEqual(status(access, "/", "GET", Origin="http://evil.test"), 0)


class TestPassword(unittest.TestCase):
    def test_protects_all_but_the_public_pages(self):
        access = new_access()
        odd = "/nothing /LOGIN /login/ /login/../setup //login /style.css? /styleXcss".split()
        for path in paths() + odd:
            for method in ("GET", "POST", "HEAD", "OPTIONS"):
                expected = 0 if path in PUBLIC else 401
                self.assertEqual(status(access, path, method), expected, path)
        self.assertEqual(PUBLIC, ("/login", "/style.css", "/app.js", "/icon.svg"))
        for path in PUBLIC:
            self.assertTrue(path in paths())

    def test_basic_with_the_right_password_and_any_user(self):
        access = new_access()
        for user in ("admin", "", "ü"):
            self.assertEqual(status(access, Authorization=basic(WORD, user)), 0)
        self.assertEqual(status(access, Authorization=basic(WORD).replace("Basic", "bAsIc")), 0)

    def test_anything_else_is_wrong(self):
        for given in (
            [WORD[:n] for n in range(len(WORD))]
            + [WORD + more for more in (" ", "x", "\0", WORD)]
            + [WORD.upper(), " " + WORD, HASH, WORD[:-1] + "?", "x" * 500]
        ):
            self.assertEqual(status(new_access(), Authorization=basic(given)), 401, given)
        for header in ("Basic", "Basic ", "Basic !!!", "Basic " + WORD, "Bearer " + WORD, WORD):
            self.assertEqual(status(new_access(), Authorization=header), 401, header)

    def test_address_pauses_after_five_wrong_passwords(self):
        access = new_access()
        for _ in range(5):
            self.assertEqual(status(access, Authorization=basic("wrong word")), 401)
        self.assertEqual(status(access, Authorization=basic(WORD)), 429)
        self.assertEqual(access.wait_s("192.0.2.9"), 30)
        self.assertEqual(status(access, address="192.0.2.1", Authorization=basic(WORD)), 0)
        wait_ms(29_000)
        self.assertEqual(status(access, Authorization=basic(WORD)), 429)
        wait_ms(1_001)
        self.assertEqual(status(access, Authorization=basic("wrong word")), 401)
        self.assertEqual(access.wait_s("192.0.2.9"), 30)
        wait_ms(30_001)
        self.assertEqual(status(access, Authorization=basic(WORD)), 0)
        self.assertEqual(access.wait_s("192.0.2.9"), 0)

    def test_few_of_a_thousand_guesses_are_checked(self):
        access = new_access()
        checked = 0
        for _ in range(1_000):  # within a minute
            checked += status(access, Authorization=basic("wrong word")) == 401
            wait_ms(60)
        self.assertTrue(checked <= 10, checked)

    def test_table_of_addresses_is_bounded_and_keeps_the_most_failures(self):
        access = new_access()
        for _ in range(5):
            status(access, Authorization=basic("wrong word"))
        for n in range(40):
            status(access, address="192.0.2.{}".format(n + 100), Authorization=basic("wrong one"))
        self.assertTrue(len(access._guesses._failures) <= 8)
        self.assertEqual(status(access, Authorization=basic(WORD)), 429)

    def test_failures_are_forgotten_after_the_ticks_wrap(self):
        access = new_access()
        for _ in range(5):
            status(access, Authorization=basic("wrong word"))
        for _ in range(14):
            wait_days(access, 1)
            self.assertEqual(access.wait_s("192.0.2.9"), 0)
        self.assertEqual(access._guesses._failures, {})
        self.assertEqual(status(access, Authorization=basic(WORD)), 0)

    def test_failures_still_count_after_nine_minutes(self):
        access = new_access()
        for _ in range(5):
            status(access, Authorization=basic("wrong word"))
        wait_ms(9 * 60_000)
        access.forget_old()
        self.assertEqual(status(access, Authorization=basic("wrong word")), 401)
        self.assertEqual(access.wait_s("192.0.2.9"), 30)


class TestManyAddresses(unittest.TestCase):
    """Guesses from many addresses in turn share a budget, because the table forgets them."""

    def guesses(self, access, count, gap_ms=0):
        """Return the number of wrong passwords that are checked, from forty addresses in turn."""
        checked = 0
        for n in range(count):
            address = "192.0.2.{}".format(n % 40 + 100)
            checked += status(access, address=address, Authorization=basic("wrong one")) == 401
            wait_ms(gap_ms)
        return checked

    def test_thirty_guesses_a_minute_are_checked(self):
        access = new_access(WORD)
        self.assertEqual(self.guesses(access, 200, 100), 30)  # in 20 s
        self.assertEqual(status(access, address="192.0.2.1", Authorization=basic(WORD)), 429)
        self.assertTrue(30 <= access.wait_s("192.0.2.1") <= 40)
        wait_ms(41_000)
        self.assertTrue(1 <= self.guesses(access, 200, 5) <= 30)
        checked = self.guesses(access, 3_000, 100)  # in 300 s
        self.assertTrue(120 <= checked <= 180, checked)

    def test_owner_gets_in(self):
        access = new_access(WORD)
        token = access.log_in()
        home, new = "192.0.2.1", "192.0.2.2"
        self.assertEqual(status(access, address=home, Authorization=basic(WORD)), 0)
        self.assertEqual(self.guesses(access, 40), 30)
        self.assertEqual(status(access, address=new, token=token), 0)
        self.assertEqual(status(access, address=new, Authorization=basic(WORD)), 429)
        self.assertEqual(status(access, address=home, Authorization=basic(WORD)), 0)
        access._settings["adminpass"] = "another word"
        self.assertEqual(status(access, address=home, Authorization=basic("another word")), 0)
        wait_ms(60_001)
        self.assertEqual(status(access, address=new, Authorization=basic("another word")), 0)

    def test_known_address_may_not_guess_without_end(self):
        access = new_access(WORD)
        self.assertEqual(status(access, Authorization=basic(WORD)), 0)
        found = [status(access, Authorization=basic("wrong word")) for _ in range(9)]
        self.assertEqual(found, [401] * 5 + [429] * 4)

    def test_right_passwords_use_no_budget(self):
        access = new_access(WORD)
        for n in range(40):
            address = "192.0.2.{}".format(n + 100)
            self.assertTrue(run(access.is_password(WORD, address)))
        self.assertEqual(access.wait_s("192.0.2.1"), 0)
        self.assertTrue(len(access._guesses._known) <= 8)

    def test_guesses_at_the_same_time_are_all_counted(self):
        async def scenario():
            access = new_access()
            requests = [Request(address=str(n), Authorization=basic("x")) for n in range(50)]
            return await asyncio.gather(*[access.check(each) for each in requests])

        found = run(scenario())
        self.assertEqual((found.count(401), found.count(429)), (30, 20))


class Passwords:
    """Stands in for app.password; `old:x` is an old hash of x, `new:x` a current one."""

    def __init__(self):
        self.same = password.same
        self.while_hashing = self.while_matching = None

    async def matches(self, text, stored):
        if self.while_matching:
            self.while_matching()
        return text == stored[4:]

    def is_current(self, stored):
        return stored[:4] == "new:"

    async def hashed(self, text):
        if self.while_hashing:
            self.while_hashing()
        return "new:" + text


class TestRenewal(unittest.TestCase):
    """A hash of older firmware is replaced after a login with its password."""

    def setUp(self):
        self.passwords = auth.password = Passwords()
        self.access = new_access("old:" + WORD)

    def tearDown(self):
        auth.password = password

    def stored(self):
        return self.access._settings["adminpass"]

    def test_login_renews_the_hash_and_ends_no_session(self):
        token = self.access.log_in()
        self.assertEqual(status(self.access, Authorization=basic(WORD)), 0)
        self.assertEqual(self.stored(), "new:" + WORD)
        self.assertEqual(status(self.access, token=token), 0)
        self.assertEqual(len(self.access._logins), 1)

    def test_wrong_password_renews_nothing(self):
        self.assertEqual(status(self.access, Authorization=basic("wrong word")), 401)
        self.assertEqual(self.stored(), "old:" + WORD)

    def test_current_hash_is_kept(self):
        self.access._settings["adminpass"] = "new:" + WORD
        self.access._settings.keep = None
        self.assertEqual(status(self.access, Authorization=basic(WORD)), 0)

    def test_old_password_is_refused_if_a_new_one_is_set_during_the_check(self):
        def change():
            self.access._settings["adminpass"] = "new:another word"
            self.access.forget_old()

        self.passwords.while_matching = change
        self.assertFalse(run(self.access.is_password(WORD, "192.0.2.9")))
        self.access._settings["adminpass"] = "new:" + WORD
        self.assertEqual(status(self.access, Authorization=basic(WORD)), 401)
        self.assertEqual(self.access._logins, [])

    def test_password_set_during_renewal_is_kept_and_ends_the_sessions(self):
        token = self.access.log_in()

        def change():
            self.access._settings["adminpass"] = "new:another word"

        self.passwords.while_hashing = change
        self.assertFalse(run(self.access.is_password(WORD, "192.0.2.9")))
        self.assertEqual(self.stored(), "new:another word")
        self.assertEqual(status(self.access, token=token), 401)


class TestSessions(unittest.TestCase):
    def test_expired_session_stays_expired_after_the_ticks_wrap(self):
        access = new_access()
        token = access.log_in()
        for _ in range(14):
            wait_days(access, 1)
            self.assertEqual(status(access, token=token), 401)

    def test_ends_after_half_an_hour_of_inactivity(self):
        access = new_access()
        token = access.log_in()
        self.assertEqual(len(token), 32)
        for _ in range(3):
            wait_ms(29 * 60_000)
            self.assertEqual(status(access, token=token), 0)
        wait_ms(30 * 60_000)
        self.assertEqual(status(access, token=token), 401)

    def test_part_of_a_token_is_refused(self):
        access = new_access()
        token = access.log_in()
        for wrong in (token[:-1], token + "0", token[:-1] + "x", token.upper() + "!", "0" * 32):
            self.assertEqual(status(access, token=wrong), 401, wrong)

    def test_least_recently_used_session_ends_at_the_limit(self):
        access = new_access()
        tokens = [access.log_in() for _ in range(4)]
        self.assertEqual(status(access, token=tokens[0]), 0)
        access.log_in()
        self.assertEqual([status(access, token=each) for each in tokens], [0, 401, 0, 0])

    def test_logout_ends_one_session(self):
        access = new_access()
        token, other = access.log_in(), access.log_in()
        access.log_out(token)
        self.assertEqual(status(access, token=token), 401)
        self.assertEqual(status(access, token=other), 0)

    def test_new_password_ends_all_sessions(self):
        access = new_access()
        token = access.log_in()
        self.assertEqual(status(access, Authorization=basic(WORD)), 0)
        access._settings["adminpass"] = run(password.hashed("another word"))
        self.assertEqual(status(access, token=token), 401)
        self.assertEqual(status(access, Authorization=basic(WORD)), 401)
        self.assertEqual(status(access, Authorization=basic("another word")), 0)

    def test_tokens_do_not_repeat(self):
        access = new_access()
        self.assertEqual(len({access.log_in() for _ in range(500)}), 500)


suite.main()
