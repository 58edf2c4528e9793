"""Pages and pictures over HTTP, with well-behaved and hostile clients."""

import contextlib
import socket
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest
from pictures import check
from scenarios import scenario_name
from sim import ROOT, Simulator, wait_until

PATHS = ["/", "/capture", "/jpg"]
NO_BROKER = "mqtt://127.0.0.1:1"
SECRET = "canary-word"  # in a file of the board


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    (folder / "ca.pem").write_text(SECRET)
    settings = {"pubinterval": "0", "mqttca": f"@{folder / 'ca.pem'}"}
    with Simulator(folder, NO_BROKER, settings) as made:
        yield made


@contextlib.contextmanager
def connection(camera, data=b""):
    with socket.create_connection(("127.0.0.1", camera.facts["http"]), 15) as sock:
        sock.sendall(data)
        yield sock


def receive(sock):
    """Return the data received until the camera closes or resets the connection."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while data := sock.recv(65_536):
            parts.append(data)
    return b"".join(parts)


def raw(camera, data):
    with connection(camera, data) as sock:
        return receive(sock)


def check_responsive(camera):
    """Fail unless the page arrives within 2 s; retry while the camera has no free socket."""
    with camera.within(2):
        wait_until(lambda: page_served(camera), what="the page")


def page_served(camera):
    with contextlib.suppress(httpx.ReadError, httpx.RemoteProtocolError):
        return camera.get("/").status_code == 200


# Correct requests


def test_page(camera):
    response = camera.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert 'src="/mjpg"' in response.text
    assert 'href="/capture"' in response.text


@pytest.mark.parametrize("path", ["/capture", "/jpg", "/capture?x=1", "/jpg?_=%20"])
def test_picture_is_taken_after_the_request(camera, path):
    camera.get("/jpg")
    for _ in range(2):
        before = camera.control("frames")["last"]
        response = camera.get(path)
        assert response.status_code == 200
        assert response.headers["content-type"] == "image/jpeg"
        assert response.headers["content-disposition"] == "inline; filename=capture.jpg"
        assert int(response.headers["content-length"]) == len(response.content)
        assert abs(float(response.headers["x-timestamp"]) - time.time()) < 5
        assert check(response.content) > before


@pytest.mark.parametrize("path", PATHS)
def test_head(camera, path):
    response = camera.get(path, "HEAD")
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["content-type"] == camera.get(path).headers["content-type"]
    data = raw(camera, f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert data.endswith(b"\r\n\r\n") and data.count(b"\r\n\r\n") == 1


def test_head_request_for_the_stream_ends(camera):
    data = raw(camera, b"HEAD /mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert data.startswith(b"HTTP/1.0 200 ") and data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/nothing", "/jpg/", "/JPG", "//", "/capture/x"])
def test_unknown_path(camera, path):
    response = camera.get(path)
    assert response.status_code == 404
    assert response.text.startswith("404 Not Found")


@pytest.mark.parametrize("path", [*PATHS, "/mjpg", "/stream"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods(camera, path, method):
    response = camera.get(path, method)
    assert response.status_code == 405
    allowed = {each.strip() for each in response.headers["allow"].split(",")}
    assert {"GET", "HEAD"} <= allowed
    assert method not in allowed


def test_absolute_form(camera):
    data = raw(camera, b"GET http://localhost/jpg?x=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    check(data.partition(b"\r\n\r\n")[2])


def test_server_options(camera):
    data = raw(camera, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert data.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"\r\nAllow: GET, HEAD, POST, OPTIONS\r\n" in data


@pytest.mark.parametrize("path", ["/", "/jpg", "/nothing", "/style.css", "/api/status"])
def test_date_once_the_clock_is_set(camera, path):
    wait_until(lambda: "date" in camera.get(path).headers)
    date = parsedate_to_datetime(camera.get(path).headers["date"])
    assert abs(date.timestamp() - time.time()) < 5


def test_http_1_0_client(camera):
    data = raw(camera, b"GET /jpg HTTP/1.0\r\n\r\n")
    head, _, picture = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK")
    check(picture)


def test_request_in_small_segments(camera):
    request = b"GET /jpg HTTP/1.1\r\nHost: localhost\r\nX-Y: " + b"z" * 50 + b"\r\n\r\n"
    with connection(camera) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(request), 3):
            sock.sendall(request[at : at + 3])
            time.sleep(0.002)  # so that each is a segment of its own
        check(receive(sock).partition(b"\r\n\r\n")[2])


# Refused requests


GARBAGE = {
    "empty line only": (b"\r\n\r\n", {400}),
    "noise": (bytes(range(256)) + b"\r\n\r\n", {400}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 60 + b"\r\n\r\n", {400}),
    "no version": (b"GET /\r\n\r\n", {400}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505, 400}),
    "two spaces": (b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "another host's address": (b"GET http://x/ HTTP/1.1\r\nHost: localhost\r\n\r\n", {421}),
    "Host with a space": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", {400}),
    "Host with an invalid port": (b"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", {400}),
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
    if got:  # unread data after the header may have caused an RST
        assert int(got.split(b" ", 2)[1]) in allowed
        assert got.startswith(b"HTTP/1.0 ")
    else:
        assert len(data) > 3_072
    check_responsive(camera)


def test_garbage_leaks_no_memory(camera):
    camera.get("/jpg")
    before = camera.heap_free()
    for _ in range(3):
        for data, _ in GARBAGE.values():
            raw(camera, data)
    assert before - camera.heap_free() < 12_288  # the buffers of pictures may have been freed
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
    got = raw(camera, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert int(got.split(b" ", 2)[1]) in (400, 404)
    secrets = (SECRET.encode(), b"root:", (ROOT / "main.py").read_bytes()[:40])
    assert not any(secret in got for secret in secrets)


def test_clients_that_disconnect_early(camera):
    camera.get("/jpg")
    before = camera.heap_free()
    for number in range(60):
        data = b"GET /jpg HTTP/1.1\r\nHost: localhost\r\n\r\n"[: 10 + number % 31]
        with connection(camera, data):
            pass
    check_responsive(camera)
    check(camera.get("/jpg").content)
    assert before - camera.heap_free() < 12_288  # the buffers of pictures may have been freed


def test_200_idle_connections(camera):
    with contextlib.ExitStack() as stack:
        for number in range(200):
            with contextlib.suppress(ConnectionError):
                stack.enter_context(connection(camera))
            if number % 40 == 39:
                check_responsive(camera)
        check_responsive(camera)


# Slow scenarios


def slow_heads(folder):
    """Disconnect five clients that send a byte every 0.5 s; other clients are not delayed."""
    with Simulator(folder, NO_BROKER) as camera, contextlib.ExitStack() as stack:
        socks = [
            stack.enter_context(connection(camera, b"GET / HTTP/1.1\r\nX-A: ")) for _ in range(5)
        ]
        start = time.monotonic()
        while socks:
            check_responsive(camera)
            for sock in tuple(socks):
                if closed(sock):
                    socks.remove(sock)
            assert time.monotonic() - start < 20, f"{len(socks)} still connected"
            time.sleep(0.5)
        check_responsive(camera)


def closed(sock):
    """Send one more byte; return True once the camera has closed the connection."""
    sock.settimeout(0.01)
    try:
        sock.sendall(b"a")
        return sock.recv(1_000)[:12] in (b"", b"HTTP/1.0 408")
    except TimeoutError:
        return False
    except OSError:
        return True


def silent_connection(folder):
    with Simulator(folder, NO_BROKER) as camera, connection(camera) as sock:
        start = time.monotonic()
        assert receive(sock)[:12] in (b"", b"HTTP/1.0 408")
        assert time.monotonic() - start < 20


SLOW = [slow_heads, silent_connection]


@pytest.mark.parametrize("scenario", SLOW, ids=scenario_name)
def test_slow(scenarios, scenario):
    scenarios.wait_for(scenario)
