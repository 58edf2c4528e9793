"""Pages and pictures over HTTP, for good clients and for bad ones."""

import contextlib
import socket
import time

import httpx
import pytest
from pictures import check
from sim import ROOT, Simulator, wait_until
from stories import name_of

PATHS = ["/", "/capture", "/jpg"]
NOBODY = "mqtt://127.0.0.1:1"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NOBODY, {"pubinterval": "0"}) as made:
        yield made


@contextlib.contextmanager
def connection(camera, data=b""):
    with socket.create_connection(("127.0.0.1", camera.facts["http"]), 15) as sock:
        sock.sendall(data)
        yield sock


def answer(sock):
    """All that comes until the camera closes; b"" also when it does so by RST."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while data := sock.recv(65_536):
            parts.append(data)
    return b"".join(parts)


def raw(camera, data):
    with connection(camera, data) as sock:
        return answer(sock)


def answers_soon(camera):
    """The page comes within 2 s; whoever is turned away for want of a socket asks again."""
    with camera.within(2):
        wait_until(lambda: tried(camera), what="the page")


def tried(camera):
    with contextlib.suppress(httpx.ReadError):
        return camera.get("/").status_code == 200


# What is there


def test_page(camera):
    page = camera.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert 'src="/mjpg"' in page.text
    assert 'href="/capture"' in page.text


@pytest.mark.parametrize("path", ["/capture", "/jpg", "/capture?x=1", "/jpg?_=%20"])
def test_picture_is_taken_after_the_request(camera, path):
    camera.get("/jpg")
    for _ in range(2):
        before = camera.control("frames")["last"]
        page = camera.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"] == "image/jpeg"
        assert page.headers["content-disposition"] == "inline; filename=capture.jpg"
        assert int(page.headers["content-length"]) == len(page.content)
        assert abs(float(page.headers["x-timestamp"]) - time.time()) < 5
        assert check(page.content) > before


@pytest.mark.parametrize("path", PATHS)
def test_head(camera, path):
    page = camera.get(path, "HEAD")
    assert page.status_code == 200
    assert page.content == b""
    assert page.headers["content-type"] == camera.get(path).headers["content-type"]
    data = raw(camera, f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert data.endswith(b"\r\n\r\n") and data.count(b"\r\n\r\n") == 1


def test_head_of_the_stream_ends(camera):
    data = raw(camera, b"HEAD /mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert data.startswith(b"HTTP/1.0 200 ") and data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/nothing", "/jpg/", "/JPG", "//", "/capture/x"])
def test_unknown_path(camera, path):
    page = camera.get(path)
    assert page.status_code == 404
    assert page.text.startswith("404 Not Found")


@pytest.mark.parametrize("path", [*PATHS, "/mjpg", "/stream"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods(camera, path, method):
    page = camera.get(path, method)
    assert page.status_code == 405
    allowed = {each.strip() for each in page.headers["allow"].split(",")}
    assert {"GET", "HEAD"} <= allowed
    assert method not in allowed


def test_old_client(camera):
    data = raw(camera, b"GET /jpg HTTP/1.0\r\n\r\n")
    head, _, picture = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK")
    check(picture)


def test_slices(camera):
    request = b"GET /jpg HTTP/1.1\r\nHost: localhost\r\nX-Y: " + b"z" * 50 + b"\r\n\r\n"
    with connection(camera) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(request), 3):
            sock.sendall(request[at : at + 3])
            time.sleep(0.002)  # so that they travel apart
        check(answer(sock).partition(b"\r\n\r\n")[2])


# What nobody should send


GARBAGE = {
    "nothing but an end": (b"\r\n\r\n", {400}),
    "noise": (bytes(range(256)) + b"\r\n\r\n", {400}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 60 + b"\r\n\r\n", {400}),
    "no version": (b"GET /\r\n\r\n", {400}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505, 400}),
    "two spaces": (b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "whole address": (b"GET http://x/ HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 200}),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", {400}),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n", {400}),
    "space before colon": (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", {400}),
    "folded header": (b"GET / HTTP/1.1\r\nHost: localhost\r\n y\r\n\r\n", {400}),
    "NUL in header": (b"GET / HTTP/1.1\r\nHost: x\0\r\n\r\n", {400}),
    "bare CR": (b"GET / HTTP/1.1\r\nHost: x\rY: z\r\n\r\n", {400}),
    "bare LF": (b"GET / HTTP/1.1\nHost: x\n\n\r\n\r\n", {400}),
    "half an escape": (b"GET /%4 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "long address": (b"GET /" + b"a" * 2_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {414}),
    "64 KB address": (
        b"GET /" + b"a" * 65_536 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        {414, 431},
    ),
    "1000 headers": (
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 1_000 + b"\r\n",
        {431},
    ),
    "64 KB header": (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * 65_536 + b"\r\n\r\n", {431}),
    "negative length": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", {400}),
    "two lengths": (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        {400},
    ),
    "length of 10^20": (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"1" + b"0" * 20 + b"\r\n\r\n",
        {413},
    ),
    "10 MB body": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n", {421}),
    "chunked": (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        {501, 411, 400},
    ),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage(camera, kind):
    data, allowed = GARBAGE[kind]
    got = raw(camera, data)
    if got:  # what was sent beyond the head may have made it an RST
        assert int(got.split(b" ", 2)[1]) in allowed
        assert got.startswith(b"HTTP/1.0 ")
    else:
        assert len(data) > 3_072
    answers_soon(camera)


def test_garbage_leaves_nothing_behind(camera):
    camera.get("/jpg")
    before = camera.heap_free()
    for _ in range(3):
        for data, _ in GARBAGE.values():
            raw(camera, data)
    assert abs(camera.heap_free() - before) < 12_288
    assert "restarts 0," in camera.status("3")
    assert "Traceback" not in camera.output


@pytest.mark.parametrize(
    "path",
    [
        "/../main.py",
        "/..%2fmain.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/..\\main.py",
        "/%00",
        "/jpg%00.html",
        "/files/mqttca.pem",
        "/mqttca.pem",
        "/./main.py",
        "/" + "../" * 200 + "etc/passwd",
    ],
)
def test_traversal(camera, path):
    (camera.state / "files" / "mqttca.pem").write_text("canary-word")
    got = raw(camera, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert int(got.split(b" ", 2)[1]) in (400, 404)
    secrets = (b"canary-word", b"root:", (ROOT / "main.py").read_bytes()[:40])
    assert not any(secret in got for secret in secrets)


def test_clients_that_go_away(camera):
    camera.get("/jpg")
    before = camera.heap_free()
    for number in range(60):
        data = b"GET /jpg HTTP/1.1\r\nHost: localhost\r\n\r\n"[: 10 + number % 31]
        with connection(camera, data):
            pass
    answers_soon(camera)
    check(camera.get("/jpg").content)
    assert abs(camera.heap_free() - before) < 12_288


def test_200_idle_connections(camera):
    with contextlib.ExitStack() as held:
        for number in range(200):
            with contextlib.suppress(ConnectionError):
                held.enter_context(connection(camera))
            if number % 40 == 39:
                answers_soon(camera)
        answers_soon(camera)


# Slow ones


def slow_heads(folder):
    """Five clients that send a byte now and then are gone in time, and nobody waits for them."""
    with Simulator(folder, NOBODY) as camera, contextlib.ExitStack() as held:
        socks = [
            held.enter_context(connection(camera, b"GET / HTTP/1.1\r\nX-A: ")) for _ in range(5)
        ]
        start = time.monotonic()
        while socks:
            answers_soon(camera)
            for sock in tuple(socks):
                if ended(sock):
                    socks.remove(sock)
            assert time.monotonic() - start < 20, f"{len(socks)} still there"
            time.sleep(0.5)
        answers_soon(camera)


def ended(sock):
    """Send one more byte; True once the camera has closed."""
    sock.settimeout(0.01)
    try:
        sock.sendall(b"a")
        return sock.recv(1_000)[:12] in (b"", b"HTTP/1.0 408")
    except TimeoutError:
        return False
    except OSError:
        return True


def silent_connection(folder):
    with Simulator(folder, NOBODY) as camera, connection(camera) as sock:
        start = time.monotonic()
        assert answer(sock)[:12] in (b"", b"HTTP/1.0 408")
        assert time.monotonic() - start < 20


SLOW = [slow_heads, silent_connection]


@pytest.mark.parametrize("story", SLOW, ids=name_of)
def test_slow(stories, story):
    stories.end_of(story)
