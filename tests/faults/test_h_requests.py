"""HTTP requests that are oversized, malformed, against the standard, or for the board's files."""

import contextlib
import threading

import pytest
from invariants import invariants
from rawhttp import check_responsive, exchange, mutated, status, use_pages
from rules9112 import END, GET, HOST, RULES, get, post
from sim import ROOT, Simulator, wait_until

from proto.http import REASONS

NO_BROKER = "mqtt://127.0.0.1:1"
SECRET = "canary-word"  # in a file of the board
KB = 1 << 10
HELD_BYTES = 32 * KB  # with 64-bit words; the chip needs half of it
PIECE = bytes(64 * KB)
_SAMPLE_S = 0.05


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    (folder / "ca.pem").write_text(SECRET)
    settings = {"pubinterval": "0", "mqttca": f"@{folder / 'ca.pem'}"}
    with Simulator(folder, NO_BROKER, settings) as made:
        use_pages(made)
        yield made


@contextlib.contextmanager
def memory_watched(camera, row):
    """Measure the free heap again and again; fail if too much is ever in use."""
    before, seen, done = camera.heap_free(), [], threading.Event()

    def watch():
        while not done.wait(_SAMPLE_S):
            seen.append(camera.heap_free())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    row.figure("heap in use", before - min(seen), "bytes")
    assert before - min(seen) <= HELD_BYTES


# Each is refused with one of these statuses, or (0) the connection is closed
OVERSIZED = {
    "address of 2 KB": ([b"GET /" + b"a" * 2 * KB + b" HTTP/1.1\r\n" + HOST + END], {414}),
    "request line of 64 KB": ([b"GET /" + PIECE + b" HTTP/1.1\r\n" + HOST + END], {414, 431, 0}),
    "method of 64 KB": ([PIECE + b" / HTTP/1.1\r\n" + HOST + END], {431, 0}),
    "100 headers": ([get(*[b"A: b"] * 100)], {431}),
    "1,000 headers": ([get(*[b"A: b"] * 1_000)], {431, 0}),
    "header of 64 KB": ([GET, HOST, b"A: ", PIECE, END, END], {431, 0}),
    "name of 64 KB": ([GET, HOST, PIECE, b": a", END, END], {431, 0}),
    "megabyte without a line end": ([PIECE] * 16, {431, 0}),
    "megabyte of line ends": ([END * 32 * KB] * 16, {400, 0}),
    "body of 10 MB": ([post(b"Content-Length: 10485760")] + [PIECE] * 160, {413, 0}),
    "body of 20 KB": ([post(b"Content-Length: 20480"), PIECE[: 20 * KB]], {413}),
    "announced body of 999 MB": ([post(b"Content-Length: 999999999")], {413}),
    "negative length": ([post(b"Content-Length: -1")], {400}),
    "length of 10^20": ([post(b"Content-Length: 1" + b"0" * 20)], {413}),
    "length of 1,000 digits": ([post(b"Content-Length: " + b"9" * 1_000)], {413}),
    "chunk of 4 GB": ([post(b"Transfer-Encoding: chunked", body=b"ffffffff\r\n")], {411}),
    "broken chunks": ([post(b"Transfer-Encoding: chunked", body=b"x\r\n" + PIECE)], {411, 0}),
    "noise": ([bytes(range(256)), END, END], {400}),
    "TLS": ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60), END, END], {400}),
    "nothing": ([], {0}),
    "empty line only": ([END + END], {400}),
    "cut off": ([GET, HOST], {400}),
    "body that is cut off": ([post(b"Content-Length: 100", body=b"password=")], {0}),
}


def test_h3_oversized_and_malformed_requests(camera, row):
    """Each is refused within the memory limit, and so are thousands of random variations."""
    bases = [get(), get(b"Cookie: session=1", b"Accept: text/html"), post(b"Content-Length: 3")]
    assert camera.get("/nothing").status_code == 404  # what pages need is imported
    with invariants(camera, row), memory_watched(camera, row):
        for what, (parts, allowed) in OVERSIZED.items():
            with row.injection(what):
                assert status(exchange(camera, *parts)) in allowed
        for n in range(row.times(10_000, 100)):
            request = mutated(bases[n % len(bases)], row.chance)
            with row.injection(request):
                found = status(exchange(camera, request))
                assert not found or found in REASONS and found != 500
    check_responsive(camera)
    assert "restarts 0," in camera.status("3")


def test_h4_rules_of_rfc_9112(camera, row):
    """A request that the standard forbids is refused, and one that it allows is not."""
    with invariants(camera, row):
        for rule, (request, allowed) in RULES.items():
            with row.injection(rule):
                response = exchange(camera, request)
                assert status(response) in allowed, response[:80]
                assert response.count(b"HTTP/1.0 ") == bool(response)  # one response
        for what, check in (("HEAD", headers_only), ("Expect", continues), ("405", allows)):
            with row.injection(what):
                check(camera)


def headers_only(camera):
    """A response to HEAD has no body (RFC 9110 section 9.3.2)."""
    for path in (b"/", b"/nothing", b"/style.css"):
        response = exchange(camera, b"HEAD " + path + b" HTTP/1.1\r\n" + HOST + END)
        assert response.endswith(b"\r\n\r\n") and response.count(b"\r\n\r\n") == 1


def continues(camera):
    """100 Continue goes only to a client that waits for it (RFC 9110 section 10.1.1)."""
    body = (b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n", b"password=x")
    response = exchange(camera, b"POST /login HTTP/1.1\r\n" + HOST, *body)
    assert response.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 ")
    assert exchange(camera, b"POST /login HTTP/1.0\r\n", *body).startswith(b"HTTP/1.0 ")


def allows(camera):
    """A response 405 lists the methods (RFC 9110 section 15.5.6)."""
    response = exchange(camera, b"DELETE /jpg HTTP/1.1\r\n" + HOST + END)
    assert status(response) == 405 and b"\r\nAllow: GET, HEAD\r\n" in response


PATHS = (
    "/../main.py", "/..%2fmain.py", "/%2e%2e/%2e%2e/etc/passwd", "/%252e%252e/main.py",
    "//etc/passwd", "///etc/passwd", "/..\\main.py", "/..%5cmain.py", "/%00", "/jpg%00.html",
    "/files/mqttca.pem", "/mqttca.pem", "/./main.py", "/main.py", "/boot.py", "/www/setup.html",
    "/style.css/../setup.html", "/style.css%00.py", "/.frozen/main.py", "/app_a.zip",
    "/" + "../" * 200 + "etc/passwd", "/" + "%2e%2e%2f" * 100 + "main.py", "/" + "a" * 1_000,
    "/%c0%ae%c0%ae/main.py", "/..;/main.py", "/~root/", "/proc/self/environ", "/%2fetc%2fpasswd",
    "/lib/../main.py?x=/jpg", "/api/../main.py", "/api/%2e%2e/main.py", "http://localhost/../main.py",
)  # fmt: skip


def test_h5_path_traversal(camera, row):
    secrets = (SECRET.encode(), b"root:", (ROOT / "main.py").read_bytes()[:40], b"{{")
    for path in PATHS:
        with row.injection(path):
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            response = exchange(camera, request)
            assert status(response) in (400, 404), response[:80]
            assert not any(secret in response for secret in secrets)
    wait_until(lambda: camera.get("/").status_code == 200)
