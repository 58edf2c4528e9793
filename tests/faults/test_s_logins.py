"""Security: wrong passwords, guessed passwords and guessed sessions."""

import base64
import re
import time
import urllib.parse

import pytest
from probe import Probe
from routes import paths
from sim import Simulator, wait_until
from telnet_client import TelnetClient
from visitors import address, head, log_in, visitor

WORD = "open, Sesame!"
NO_BROKER = "mqtt://127.0.0.1:1"
PUBLIC = {"/login", "/style.css", "/app.js", "/icon.svg"}
GUARDED = sorted(set(paths()) - PUBLIC)
PER_ADDRESS, PER_MINUTE = 5, 30  # wrong passwords


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    with Simulator(folder, NO_BROKER, {"adminpass": WORD}) as made:
        yield made


def token(text):
    return base64.b64encode(text.encode()).decode()


# Nearly right passwords


class Guesser:
    """Visitor that logs in before its wrong passwords are limited, so that each is checked."""

    def __init__(self, camera):
        self._client = visitor(camera)
        self._wrong = 0

    def refused(self, method, path, **request):
        """Send a request with a wrong login; fail unless the camera refuses it."""
        if self._wrong == PER_ADDRESS - 1:
            log_in(self._client, WORD)
            self._client.cookies.clear()
            self._wrong = 0
        self._wrong += 1
        response = head(self._client, method, path, **request)
        assert response.status_code in (400, 401), response.status_code
        assert "set-cookie" not in response.headers


def nearly(word):
    """Return texts that resemble a password."""
    places = range(len(word))
    near = [word[:n] for n in places] + [word[n:] for n in places[1:]]
    near += [word + chr(code) for code in range(32, 127)]
    near += [word + end for end in ("\0", "\0x", "\n", "\r\n", word, "é", "x" * 400)]
    near += [start + word for start in (" ", "\0", "\t", "\ufeff", word[:1])]
    near += [word[:n] + word[n].swapcase() + word[n + 1 :] for n in places]
    near += [word[:n] + "?" + word[n + 1 :] for n in places]
    near += [word.upper(), word.lower(), word[::-1], urllib.parse.quote(word), token(word)]
    return [each for each in dict.fromkeys(near) if each != word]


def nearly_headers(word):
    """Return lists of Authorization headers that are no login."""
    right, wrong = token("admin:" + word), token("admin:" + word[:-1])
    texts = ["", "Basic", "Basic" + right, "Bearer " + right, "Digest " + right]
    texts += [right, "Basi " + right, "Basic\t" + right, "Basic " + right[:-4]]
    texts += ["Basic " + token(word), "Basic " + wrong]
    pairs = [("Basic " + wrong, "Basic " + right), ("Basic " + right, "Basic " + wrong)]
    return [(text,) for text in texts] + pairs + [("", "Basic " + right)]


def test_s1_nearly_right_passwords(camera, row):
    """No prefix, extension or other spelling is accepted, nor any scheme but HTTP Basic."""
    guesser = Guesser(camera)
    stored = camera.control("nvs")["nvs"]["syscfg"]["ADMIN_PASS"]
    texts = [stored, *nearly(WORD)]
    for text in texts if row.full else row.chance.sample(texts, 12):
        with row.injection(f"password {text!r}"):
            guesser.refused("POST", "/login", data={"password": text})
            guesser.refused("GET", "/jpg", auth=("admin", text))
    for path in GUARDED if row.full else row.chance.sample(GUARDED, 2):
        for texts in nearly_headers(WORD):
            with row.injection(f"{path} {texts}"):
                headers = [("Authorization", text) for text in texts]
                guesser.refused("POST" if path == "/update" else "GET", path, headers=headers)
    with visitor(camera) as owner:
        assert owner.get("/jpg", auth=("admin", WORD)).status_code == 200


# Guesses from many addresses


class Flood:
    """Wrong passwords from several addresses in turn; counts those that the camera checks."""

    def __init__(self, camera, addresses):
        self._clients = [visitor(camera) for _ in range(addresses)]
        self._started = time.monotonic()
        self.sent = self.checked = 0

    def guess(self):
        client = self._clients[self.sent % len(self._clients)]
        self.sent += 1
        response = client.get("/jpg", auth=("admin", f"guess {self.sent}"))
        assert response.status_code in (401, 429)
        self.checked += response.status_code == 401

    def allowed(self):
        """Return how many checks the limit allows in the time since the start."""
        return PER_MINUTE * (1 + int((time.monotonic() - self._started) / 60))


@pytest.mark.slow
def test_s22_passwords_guessed_from_many_addresses(tmp_path, row):
    """Few of the guesses from nine addresses are checked; meanwhile the owner can log in."""
    with Simulator(tmp_path, NO_BROKER, {"adminpass": WORD}) as camera:
        home = address()
        with visitor(camera, home) as owner, visitor(camera) as phone:
            assert owner.get("/api/status", auth=("", WORD)).status_code == 200
            log_in(phone, WORD)
            flood = Flood(camera, 9)
            for number in range(row.times(1_000, 60)):
                with row.injection(f"guess {number}"):
                    flood.guess()
                    assert flood.checked <= flood.allowed()
                    if number % 50 == 40:
                        assert owner.get("/api/status", auth=("", WORD)).status_code == 200
                        assert phone.get("/api/status").status_code == 200
            with visitor(camera, home) as again:
                log_in(again, WORD)
        assert flood.checked >= PER_MINUTE
        row.figure("checked", flood.checked, f"of {flood.sent}, {PER_MINUTE} a minute allowed")


# Telnet


def test_s11_telnet_without_the_password(camera, row):
    """Nothing runs before the login, whatever is sent; a wrong password costs one of three."""
    commands = ["status", "config", "log", "power on", "restart 1", "", "\0", "admin", WORD[:-1]]
    for command in commands:
        with row.injection(command), TelnetClient(camera.facts["telnet"]) as telnet:
            telnet.wait("password: ")
            telnet.send(command.encode() + b"\r\n")
            end = telnet.wait("wrong password\npassword: ")
            telnet.send(WORD.encode() + b"\r\n")
            telnet.wait("esp32-mqtt-cam", end)
            assert "wifi" not in telnet.text[:end] and WORD not in telnet.text
            telnet.run("power", "power = off")
    with row.injection("three wrong passwords"), TelnetClient(camera.facts["telnet"]) as telnet:
        for _ in range(3):
            telnet.send(b"guess\r\n")
        assert telnet.closed.wait(10)
        assert "esp32" not in telnet.text
    assert camera.facts["boots"] == 1


# Sessions

TOKENS = """
import gc
from app.http.auth import Access
gc.collect()
access, tokens = Access({"adminpass": "x"}, None, "cam"), []
for _ in range(%d):
    tokens.append(access.log_in())
result = "".join(tokens).encode()
"""


def tokens(board, count):
    """Return the tokens of new sessions, made by the firmware on the board."""
    text = board.run(TOKENS % count).decode()
    return [text[at : at + 32] for at in range(0, len(text), 32)]


@pytest.mark.slow
def test_s29_guessed_sessions(tmp_path, camera, row):
    """Tokens are random and unique; logout, restart and a new password end their sessions."""
    count, seen = row.times(10_000, 500), set()
    with Probe(tmp_path) as board:
        while len(seen) < count:
            made = tokens(board, 500)
            assert not [each for each in made if not re.fullmatch("[0-9a-f]{32}", each)]
            assert not seen.intersection(made) and len(set(made)) == len(made)
            seen.update(made)
            row.count(len(made))
    check_random(seen, row)
    with visitor(camera) as owner:
        for end in (end_by_logout, end_by_restart, end_by_new_password):
            with row.injection(end.__name__):
                log_in(owner, WORD)
                assert owner.get("/jpg").status_code == 200
                cookie = {"Cookie": "session=" + owner.cookies["session"]}
                end(camera, owner)
                owner.cookies.clear()
                assert owner.get("/jpg", headers=cookie).status_code == 401


def check_random(seen, row):
    """Fail if one of the 128 bits of the tokens is not set in about half of them."""
    numbers = [int(each, 16) for each in seen]
    shares = [sum(number >> bit & 1 for number in numbers) / len(numbers) for bit in range(128)]
    off = max(abs(share - 0.5) for share in shares)
    row.figure("bits", 128)
    row.figure("bit farthest from one half", round(off, 4))
    assert off < 6 * 0.5 / len(numbers) ** 0.5  # six standard deviations


def end_by_logout(camera, owner):
    assert owner.post("/logout").status_code == 303


def end_by_restart(camera, owner):
    boots = camera.facts["boots"]
    camera.control("reset")
    camera.wait_boot(boots + 1)
    owner.base_url = camera.url


def end_by_new_password(camera, owner):
    camera.command("adminpass another word")
    camera.command(f"adminpass {WORD}")
    wait_until(lambda: owner.get("/jpg", auth=("", WORD)).status_code == 200)
