"""HTTP on plain sockets, for requests that no client library sends."""

import contextlib
import socket

import httpx
from sim import wait_until

ANSWER_S = 2


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
    """Send the parts of a request and return the response; b"" if the connection is reset."""
    with connection(camera) as sock:
        with contextlib.suppress(ConnectionError):  # the camera refuses it before its end
            for part in parts:
                sock.sendall(part)
        return receive(sock)


def status(response):
    """Return the status of a response as a number."""
    return int(response.split(b" ", 2)[1])


def check_responsive(camera):
    """Fail unless the page arrives within 2 s; retry while the camera has no free socket.

    Returns the seconds that it takes.
    """
    with camera.stopwatch() as took:
        wait_until(lambda: is_served(camera), what="the page")
    assert took.s < ANSWER_S, f"the page took {took.s:.2f} s"
    return took.s


def is_served(camera):
    with contextlib.suppress(httpx.ReadError, httpx.RemoteProtocolError):
        return camera.get("/").status_code == 200
