"""Access control of a camera with an admin password."""

import base64
import contextlib
import re
import socket

import httpx
import pytest
from images import KB, image
from sim import Simulator, wait_until
from telnet_client import TelnetClient
from viewer import Viewer
from visitors import log_in, visitor

WORD = "open, sesame!"
NO_BROKER = "mqtt://127.0.0.1:1"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    settings = {"adminpass": WORD, "mqttpass": "canary-word", "metrics": "on"}
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, settings) as made:
        yield made


@pytest.fixture
def stranger(camera):
    """Client without failed logins."""
    with visitor(camera) as made:
        yield made


@pytest.fixture
def owner(stranger):
    """The client of `stranger`, logged in."""
    return log_in(stranger, WORD)


def test_password_is_stored_as_a_hash(camera):
    assert camera.command("adminpass") == "***"
    assert "guarded by a password" in camera.status()
    wait_until(lambda: WORD not in str(camera.control("nvs")))
    assert "pbkdf2-sha256$" in str(camera.control("nvs")) and WORD not in camera.output


def test_login_page_and_session(owner):
    cookie = owner.cookies["session"]
    assert re.fullmatch("[0-9a-f]{32}", cookie)
    assert owner.get("/jpg").status_code == 200
    assert owner.get("/").status_code == 200
    page = owner.get("/setup").text
    assert WORD not in page and "canary" not in page
    owner.cookies.clear()
    for wrong in (cookie[:-1], cookie + "0", "0" * 32, ""):
        assert owner.get("/jpg", headers={"Cookie": f"session={wrong}"}).status_code == 401
    old = {"Cookie": f"a=b; session={cookie}"}
    assert owner.get("/jpg", headers=old).status_code == 200
    response = owner.post("/logout", headers=old)
    assert response.status_code == 303 and "Max-Age=0" in response.headers["set-cookie"]
    assert owner.get("/jpg", headers=old).status_code == 401


def test_session_cookie_flags(stranger):
    response = stranger.post("/login", data={"password": WORD})
    for flag in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert flag in response.headers["set-cookie"]


@pytest.mark.parametrize(
    "wanted", ["//evil.test/", "http://evil.test", "/\\evil.test", "", "/a\r\nX: y"]
)
def test_login_redirects_only_within_the_camera(stranger, wanted):
    response = stranger.post("/login", data={"password": WORD, "next": wanted})
    assert response.headers["location"] == "/" and "x" not in response.headers


def test_repeated_failures_delay_only_their_address(stranger, camera, owner):
    with visitor(camera) as guesser:
        for n in range(5):
            assert guesser.get("/jpg", auth=("admin", f"guess {n}")).status_code == 401
        for response in (
            guesser.get("/jpg", auth=("admin", WORD)),
            guesser.post("/login", data={"password": WORD}),
        ):
            assert response.status_code == 429 and 1 <= int(response.headers["retry-after"]) <= 30
            assert "set-cookie" not in response.headers
        page = guesser.post("/login", data={"password": WORD}).text
        assert "wait" in page
    assert owner.get("/jpg").status_code == 200


@pytest.mark.parametrize("way", ["telnet", "api"])
def test_first_password_closes_open_connections(tmp_path, way):
    with Simulator(tmp_path / way, NO_BROKER) as camera, Viewer(camera.url) as viewer:
        with TelnetClient(camera.facts["telnet"]) as telnet:
            telnet.run("power", "power = off")
            if way == "telnet":
                telnet.run(f"adminpass {WORD}", "adminpass = ***")
            else:
                wanted = {"adminpass": WORD}
                assert httpx.post(
                    camera.url + "/api/settings", json=wanted, trust_env=False
                ).json()["saved"]
            assert telnet.closed.wait(10)
        viewer.join(10)
        assert not viewer.is_alive()
        assert httpx.get(camera.url + "/jpg", trust_env=False).status_code == 401
        with TelnetClient(camera.facts["telnet"]) as telnet:
            telnet.wait("password: ")


def test_new_password_ends_an_upload(camera):
    data = image("v9.0.1", size=256 * KB)
    login = base64.b64encode(f"admin:{WORD}".encode()).decode()
    head = "POST /update HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {}\r\n{}\r\n"
    head = head.format(login, f"Content-Length: {len(data)}\r\n")
    with socket.create_connection(("127.0.0.1", camera.facts["http"]), 10) as sock:
        sock.sendall(head.encode() + data[: 64 * KB])
        camera.wait_output("writing micropython v9.0.1")
        camera.command("adminpass another word")
        assert b"HTTP/1.0 401" in sock.recv(12)
        sock.sendall(data[64 * KB :])
        assert b"the admin password has changed" in sock.makefile("rb").read()
    camera.command(f"adminpass {WORD}")
    status = httpx.get(camera.url + "/api/status", auth=("", WORD), trust_env=False).json()
    assert status["update"] == "idle" and camera.facts["boots"] == 1


def test_unfinished_bodies_lock_nobody_out(camera, stranger):
    """Eight clients that send a body byte by byte, and six that have been refused with 401."""
    heads = [("/login", 20)] * 8 + [("/update", 1_000_000)] * 6
    with contextlib.ExitStack() as stack:
        for path, length in heads:
            address = "127.0.0.1", camera.facts["http"]
            sock = stack.enter_context(socket.create_connection(address, 10))
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\np"
            sock.sendall(head.encode())
            if path == "/update":
                assert sock.recv(12) == b"HTTP/1.0 401"
            else:
                assert stranger.get("/login").status_code == 200
        assert stranger.get("/jpg", auth=("admin", WORD)).status_code == 200
        with TelnetClient(camera.facts["telnet"]) as telnet:
            telnet.wait("password: ")


def test_backup_has_secrets_only_for_the_password(owner, stranger):
    def backup(**body):
        return owner.post("/api/backup", json=body)

    plain = backup()
    assert plain.headers["content-disposition"].startswith("attachment")
    assert plain.json()["settings"]["pulse"] == "0" and "canary" not in plain.text
    full = backup(password=WORD).json()["settings"]
    assert full["mqttpass"] == "canary-word" and "adminpass" not in full
    assert owner.get("/api/backup").status_code == 405
    foreign = {"Origin": "http://evil.example"}
    assert owner.post("/api/backup", json={"password": WORD}, headers=foreign).status_code == 403
    assert owner.post("/api/backup", json={"words": WORD}).status_code == 400
    for _ in range(5):  # guesses count, also within a session
        wrong = backup(password="not the one")
        assert wrong.status_code == 403 and "canary" not in wrong.text
    late = backup(password=WORD)
    assert late.status_code == 429 and 0 < int(late.headers["retry-after"]) <= 30
    stranger.cookies.clear()
    assert stranger.post("/api/backup", json={"password": WORD}).status_code == 401


def test_own_host_names_are_accepted(owner):
    for host in (
        "127.0.0.1:1",
        "localhost",
        "192.168.4.15",
        "ESP32-A1B2C3-esp32-mqtt-cam.local",
        "esp32-a1b2c3-esp32-mqtt-cam.local.",
    ):
        assert owner.get("/api/status", headers={"Host": host}).status_code == 200


def test_new_password_ends_all_sessions(owner, camera):
    assert owner.post("/setup", data={"adminpass": "another word", "save": "1"}).status_code == 200
    assert owner.get("/jpg").status_code == 401
    assert owner.get("/jpg", auth=("", WORD)).status_code == 401
    assert owner.get("/jpg", auth=("", "another word")).status_code == 200
    camera.command(f"adminpass {WORD}")
    wait_until(lambda: owner.get("/jpg", auth=("", WORD)).status_code == 200)
