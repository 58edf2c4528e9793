"""Security: requests without the password."""

import contextlib
import socket

import pytest
from images import KB
from invariants import invariants
from routes import paths, routes
from sim import Simulator
from usersettings import is_secret, visible
from visitors import address, exchange, head, log_in, status_of, visitor

WORD = "open, Sesame!"
NO_BROKER = "mqtt://127.0.0.1:1"
PUBLIC = {"/login", "/style.css", "/app.js", "/icon.svg"}
PICTURES = (
    "/capture", "/jpg", "/mjpg", "/stream",
    "/snapshot.jpg", "/cam.jpg", "/cam.mjpeg", "/stream.mjpg",
)  # fmt: skip
ROUTES = {  # all of them; a new one has to be added here, after a decision about its access
    "GET": "/ /camera /setup /login /style.css /app.js /icon.svg /zones.txt /capture /jpg /mjpg "
    "/stream /snapshot.jpg /cam.jpg /cam.mjpeg /stream.mjpg /metrics "
    "/api/status /api/settings /api/camera /api/log /api/networks "
    "/api/motion",
    "POST": "/setup /login /logout /update /api/settings /api/camera /api/command /api/backup "
    "/api/time",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
FACTORY = ["admin", "password", "12345678", "esp32cam", "micropython", "simulated", "DVES_A1B2C3"]
PRE_LOGIN_BYTES = 8 * KB  # that a stranger may make the camera hold


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    settings = {"adminpass": WORD, "mqttpass": "canary-word", "metrics": "on"}
    with Simulator(folder, NO_BROKER, settings) as made:
        yield made


def spellings(path):
    """Return addresses that another program could take for a path."""
    found = [path, path + "?x=1", path + "/", "/" + path, path.upper(), path + "%00", path + ";x"]
    found += [f"/x/..{path}", f"/.{path}", f"/login/..{path}", f"/style.css/..{path}"]
    return [*found, path[:2] + f"%{ord(path[2]):02x}" + path[3:], "http://localhost" + path]


def test_s8_pictures_without_the_password(camera, row):
    """No spelling, method or wrong login gets a picture; the right login does."""
    for path in PICTURES if row.full else PICTURES[1:3]:
        for target in spellings(path):
            for method in METHODS if row.full else ("GET",):
                with row.injection(f"{method} {target}"):
                    request = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                    response = exchange(camera, request.encode())
                    assert status_of(response) in (400, 401), response[:60]
                    assert b"\xff\xd8" not in response and b"image/jpeg" not in response
        with visitor(camera) as client:
            for login in (("admin", WORD[:-1]), (WORD, ""), ("", "")):
                with row.injection(f"{path} as {login}"):
                    assert head(client, "GET", path, auth=login).status_code == 401
            assert head(client, "GET", path, auth=("any user", WORD)).status_code == 200


def test_s9_paths_without_the_password(camera, row):
    """Only the public paths are served; paths that do not exist are refused in the same way."""
    named = {(path, method) for method in ROUTES for path in ROUTES[method].split()}
    assert routes() == named
    guarded = sorted(set(paths()) - PUBLIC)
    guarded += ["/nothing", "/login/", "/LOGIN", "/styleXcss"]
    with visitor(camera) as client:
        for path in guarded:
            for method in METHODS if row.full else ("GET", "POST"):
                with row.injection(f"{method} {path}"):
                    check_refusal(client, method, path)
        for path in sorted(PUBLIC):
            with row.injection(path):
                response = client.get(path)
                assert response.status_code == 200
                assert "canary" not in response.text and "DVES" not in response.text
        for path in guarded if row.full else row.chance.sample(guarded, 6):
            if path != "/update":
                expected = (200, 405) if path in paths() else (404,)
                response = head(client, "GET", path, auth=("any user", WORD))
                assert response.status_code in expected, path


def check_refusal(client, method, path):
    """Send a request as a program, as the script of a page and as a browser."""
    response = head(client, method, path)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic realm=")
    if method == "GET":
        script = head(client, method, path, headers={"X-Requested-With": "page"})
        assert script.status_code == 401 and "www-authenticate" not in script.headers
        browser = head(client, method, path, headers={"Accept": "text/html"})
        if not path.startswith("/api/"):
            assert browser.headers["location"].startswith("/login?next=")


@pytest.mark.slow
def test_s10_passwords_of_the_factory(camera, row, tmp_path):
    """No secret has a default; two cameras store different hashes of the same password."""
    for default in [each[3] for each in visible() if is_secret(each)]:
        with row.injection("default of a secret"):
            assert default == ""
    with visitor(camera) as client:
        for number, word in enumerate(FACTORY):
            with row.injection(word):
                assert client.post("/login", data={"password": word}).status_code == 401
            if number % 4 == 3:
                log_in(client, WORD)
    with row.injection("another camera with the same password"):
        options = ("--device-id", "DVES_A1B2C4")
        with Simulator(tmp_path, NO_BROKER, {"adminpass": WORD}, options) as other:
            hashes = [
                each.control("nvs")["nvs"]["syscfg"]["ADMIN_PASS"] for each in (camera, other)
            ]
            assert hashes[0] != hashes[1]


def stored_hash(camera):
    return camera.control("nvs")["nvs"]["syscfg"]["ADMIN_PASS"]


def test_s19_large_input_before_the_login(camera, row):
    """Strangers make the camera hold a few KB each, whatever they send without the password."""
    chosen = sorted(routes()) if row.full else [("/login", "POST"), ("/update", "POST")]
    sent = {f"{method} {path}": request(method, path) for path, method in chosen}
    sent["head"] = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 3_000
    with visitor(camera) as owner:
        assert owner.get("/api/status", auth=("", WORD)).status_code == 200
        with invariants(camera, row):
            before = lowest_heap(camera)
            for what, data in sent.items():
                with row.injection(what), strangers(camera.facts["http"], data, 4):
                    held = (before - lowest_heap(camera)) // 4
                    row.figure("held for a stranger", held, "bytes")
                    assert held < PRE_LOGIN_BYTES
                    assert owner.get("/api/status", auth=("", WORD)).status_code == 200
            with row.injection("telnet"), strangers(camera.facts["telnet"], b"x" * 10**6, 2):
                assert before - lowest_heap(camera) < 2 * PRE_LOGIN_BYTES


def request(method, path):
    """Return a request without a login, and most of a body as large as the camera takes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16384\r\n\r\n"
    return head.encode() + b"password=" + b"x" * 16_000


@contextlib.contextmanager
def strangers(port, data, count):
    """Connect from new addresses and send the data, which the camera may refuse."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            source = (address(), 0)
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10, source))
            with contextlib.suppress(OSError):
                sock.settimeout(1)
                sock.sendall(data)
        yield


def lowest_heap(camera):
    """Return the free heap in bytes; the status page of the owner may take some meanwhile."""
    return max(camera.heap_free() for _ in range(2))
