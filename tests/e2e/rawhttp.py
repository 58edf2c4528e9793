"""HTTP on plain sockets, for requests that no client library sends."""

import contextlib
import socket

import httpx
from sim import wait_until

ANSWER_S = 2
_PIECES = (  # of requests, for `mutated`
    b"\r\n", b"\r", b"\n", b"\0", b":", b" ", b"%", b"HTTP/1.1", b"Host: localhost\r\n",
    b"Content-Length: 4294967297\r\n", b"Content-Length: 65536\r\n", b"Expect: 100-continue\r\n",
    b"Transfer-Encoding: chunked\r\n", b"ffffffff\r\n", b"\xff\xfe", b"Cookie: session=\r\n",
)  # fmt: skip


@contextlib.contextmanager
def connection(camera, data=b"", receive_buffer=None):
    """Connect, send `data` and yield the socket."""
    with socket.socket() as sock:
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(15)
        sock.connect(("127.0.0.1", camera.facts["http"]))
        sock.sendall(data)
        yield sock


def receive(sock):
    """Return the data received until the camera closes or resets the connection."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while data := sock.recv(65_536):
            parts.append(data)
    return b"".join(parts)


def exchange(camera, *parts):
    """Send the parts of a request; return the response, b"" if the connection is reset."""
    with connection(camera) as sock:
        with contextlib.suppress(OSError):  # the camera refuses it before its end
            for part in parts:
                sock.sendall(part)
            sock.shutdown(socket.SHUT_WR)
        return receive(sock)


def status(response):
    """Return the status of a response; 0 if there is none."""
    return int(response.split(b" ", 2)[1]) if response else 0


def check_responsive(camera):
    """Fail unless the page arrives within 2 s; retry while the camera has no free socket.

    Returns the seconds that it takes.
    """
    with camera.stopwatch() as took:
        wait_until(lambda: is_served(camera), what="the page")
    assert took.s < ANSWER_S, f"the page took {took.s:.2f} s"
    return max(0, took.s)


def is_served(camera):
    with contextlib.suppress(httpx.ReadError, httpx.RemoteProtocolError):
        return camera.get("/").status_code == 200


def mutated(data, chance):
    """Return a request with one to four random changes, as fuzzers make them."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 2, 5, 40)))
        part = bytes(data[at:end])
        data[at:end] = chance.choice(
            (
                b"",
                chance.randbytes(chance.choice((1, 3, 20))),
                2 * part,
                chance.choice((10, 300)) * part,
                part[::-1],
                chance.choice(_PIECES),
            )
        )
    return bytes(data)


def use_pages(camera):
    """Make the camera allocate what it keeps (a picture, pages), before memory is compared."""
    for path in (b"/jpg", b"/", b"/setup", b"/login", b"/nothing", b"/api/status"):
        exchange(camera, b"GET " + path + b" HTTP/1.0\r\nAccept: text/html\r\n\r\n")
